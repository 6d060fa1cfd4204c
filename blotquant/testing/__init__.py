"""Contract tests for third parties: subclass one, give it your implementation, run pytest."""

from .loaders import LoaderContract

__all__ = ["LoaderContract"]

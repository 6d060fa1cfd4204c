"""Look at this: joined pieces, repeated regions, one picture under two names."""

from .examining import Subject, examine

__all__ = ["Subject", "examine"]

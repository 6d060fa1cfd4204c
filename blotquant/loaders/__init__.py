"""Image files to blots: one loader a format, found by content; what pixels mean is decided once."""

from .raw import Limits, Loader, RawImage
from .reading import is_image, load, supported_suffixes

__all__ = ["Limits", "Loader", "RawImage", "is_image", "load", "supported_suffixes"]

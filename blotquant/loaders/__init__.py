"""Image files to blots: one loader a format, found by content; what pixels mean is decided once."""

from .raw import Limits, Loader, LoaderOfSeveralFiles, RawImage
from .reading import is_image, load, owner, supported_suffixes

__all__ = [
    "Limits",
    "Loader",
    "LoaderOfSeveralFiles",
    "RawImage",
    "is_image",
    "load",
    "owner",
    "supported_suffixes",
]

"""A page of a TIFF, looked at before it is decoded."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UnreadableImage
from .raw import Limits
from .tiff_tags import code_name

if TYPE_CHECKING:
    from tifffile import TiffPage

__all__ = ["check_page"]

# Photometric interpretations that are no grey levels and no RGB.
_REFUSED = {"CFA", "CIELAB", "ICCLAB", "ITULAB", "LOGL", "LOGLUV", "LINEAR_RAW", "DEPTH_MAP"}


def check_page(page: TiffPage, path: Path, size: int, limits: Limits) -> None:
    """Refuse, before decoding, what is too large or of no grey levels."""
    limits.check(path, page.imagelength, page.imagewidth)
    if page.dtype is not None:  # a tile may be declared larger than its picture
        limits.check_unpacked(path, math.prod(page.chunks) * page.dtype.itemsize, size)
    if code_name(page.photometric) in _REFUSED:
        raise UnreadableImage(
            f"{path.name}: stores {code_name(page.photometric)} colours, not grey levels; "
            "export it as greyscale TIFF"
        )

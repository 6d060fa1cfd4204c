"""Molecular Dynamics and Amersham .gel: TIFF whose levels may be square roots of counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableImage
from .codec_sizes import check_streams
from .raw import Limits, RawImage
from .tiff_page import check_page
from .tiff_tags import exposure_of, is_lossy, pixel_size, tags_worth_keeping

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

# Private tags of Molecular Dynamics (33445 to 33452; 33447 is a colour table for display).
_FILE_TAG, _SCALE = 33445, 33446
_TEXTS = {
    33448: "laboratory",
    33449: "sample",
    33450: "prepared on",
    33451: "prepared at",
    33452: "unit",
}
_SQUARE_ROOT, _LINEAR = 2, 128

__all__ = ["GelPage", "gel_pages", "read_gel"]


@dataclass(frozen=True)
class GelPage:
    """One picture of a .gel and the tags that say what its levels are.

    Parameters
    ----------
    page : TiffPage
    tags : dict
        Values of the tags 33445 to 33452 by their codes; empty where there is none for the page.
    """

    page: TiffPage
    tags: dict[int, Any]


def gel_pages(tif: TiffFile) -> list[GelPage]:
    """Pictures of a .gel; none if the file is no such file.

    The tags are on the page of the picture, or on the page behind it, which then holds no picture.
    """
    from tifffile import TiffPage

    tif.pages.useframes = False
    pages = [page for page in tif.pages if isinstance(page, TiffPage)]
    said = [_tags(page) for page in pages]
    if not any(said):
        return []
    found = []
    for number, page in enumerate(pages):
        if _is_picture(page):
            behind = said[number + 1] if number + 1 < len(pages) else {}
            found.append(GelPage(page, said[number] or behind))
    return found


def read_gel(
    pages: list[GelPage], stream: BinaryIO, path: Path, size: int, limits: Limits
) -> list[RawImage]:
    """Every picture as linear counts: ``stored ** 2 * scale``, or ``stored * scale``.

    Parameters
    ----------
    pages : list of GelPage
    stream : binary file
    path : Path
        For messages.
    size : int
        Bytes of the file.
    limits : Limits

    Raises
    ------
    UnreadableImage
        If levels are coded in another way, too many, or cut off.
    """
    pixels = [(one.page.imagelength, one.page.imagewidth) for one in pages]
    limits.check(path, sum(rows * cols for rows, cols in pixels))
    for one in pages:
        check_page(one.page, path, size, limits)
        _check_levels(one.page, path, size)
        check_streams(one.page, stream, path)
    limits.check_unpacked(path, sum(4 * rows * cols for rows, cols in pixels), size)
    return [_picture(one, path) for one in pages]


def _tags(page: TiffPage) -> dict[int, Any]:
    if _FILE_TAG not in page.tags:
        return {}
    codes = (_FILE_TAG, _SCALE, *_TEXTS)
    return {code: page.tags.valueof(code) for code in codes if code in page.tags}


def _is_picture(page: TiffPage) -> bool:
    has_pixels = page.imagewidth > 0 and page.imagelength > 0 and bool(page.dataoffsets)
    return has_pixels and not (page.is_reduced or page.is_mask)


def _check_levels(page: TiffPage, path: Path, size: int) -> None:
    if page.dtype not in (np.uint8, np.uint16, np.uint32) or page.samplesperpixel != 1:
        raise UnreadableImage(
            f"{path.name}: a .gel of {page.samplesperpixel} x {page.dtype} a pixel is not known; "
            "export it as 16-bit TIFF"
        )
    ends = [a + b for a, b in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if max(ends) > size:
        raise UnreadableImage(
            f"{path.name}: is truncated, part of its pixels is missing; copy it again"
        )


def _picture(one: GelPage, path: Path) -> RawImage:
    page, code = one.page, one.tags.get(_FILE_TAG, _LINEAR)
    if code not in (_SQUARE_ROOT, _LINEAR):
        raise UnreadableImage(
            f"{path.name}: its levels are coded in an unknown way (code {code}; 2 is square "
            "root, 128 linear); export it as 16-bit TIFF"
        )
    scale, warnings = _scale(one.tags)
    if not one.tags:
        warnings += ("this page does not say how it is coded: its levels were read as linear",)
    coding = "square root" if code == _SQUARE_ROOT else "linear"
    stored = page.asarray().reshape(page.imagelength, page.imagewidth)
    texts = [(name, _text(one.tags.get(code))) for code, name in _TEXTS.items()]
    assert page.dtype is not None  # by _check_levels
    largest = np.array(np.iinfo(page.dtype).max, dtype=page.dtype)
    return RawImage(
        _linear(stored, code, scale),
        format=f"TIFF, {page.dtype}, mdgel",
        metadata=(
            ("coding", f"{coding}, scale {scale:g}"),
            *tags_worth_keeping(page),
            *((name, text) for name, text in texts if text),
        ),
        polarity="light_on_dark",
        ceiling=float(_linear(largest, code, scale)),
        lossy=is_lossy(page),
        exposure_s=exposure_of(page),
        pixel_size_um=pixel_size(page),
        warnings=warnings,
    )


def _linear(stored: NDArray[Any], code: int, scale: float) -> NDArray[Any]:
    """Counts of stored levels: float32, or as stored where nothing is to be done."""
    if code == _LINEAR and scale == 1.0:
        return stored
    counts = stored.astype(np.float64)
    if code == _SQUARE_ROOT:
        counts *= counts
    return np.asarray(counts * scale).astype(np.float32)


def _scale(tags: dict[int, Any]) -> tuple[float, tuple[str, ...]]:
    """Counts for a stored level, and what to warn of."""
    value = tags.get(_SCALE, (1, 1))
    try:
        scale = float(value[0]) / float(value[1])
    except (TypeError, IndexError, ValueError, ZeroDivisionError):
        scale = 0.0
    if scale > 0 and math.isfinite(scale):
        return scale, ()
    return 1.0, ("the file's scale cannot be read: counts are as stored, fit to compare within it",)


def _text(value: Any) -> str:
    return " ".join(value.split())[:200] if isinstance(value, str) else ""

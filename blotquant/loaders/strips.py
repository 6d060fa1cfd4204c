"""Deflated TIFF strips, the usual coding of a scan, unpacked straight into their place.

tifffile unpacks each strip into memory of its own and copies it, which takes twice as long.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage, TiffPageSeries

_DEFLATE = (8, 32946)
_NONE, _HORIZONTAL = 1, 2  # predictors: a level, or its difference from the one before
# From this size on, px, it is worth starting threads.
_LARGE = 2**25

__all__ = ["unpacked"]


def unpacked(tif: TiffFile, series: TiffPageSeries) -> NDArray[Any] | None:
    """Levels of one page of deflated strips of 8 or 16 bits a pixel.

    Parameters
    ----------
    tif : TiffFile
    series : TiffPageSeries

    Returns
    -------
    ndarray, shape (rows, cols), or None
        None where the page is of another kind, or a strip is not as it should be: tifffile then
        does what can be done.
    """
    page = series.keyframe
    if len(series.pages) != 1 or not _is_plain(tif, page, series):
        return None
    from imagecodecs import DeflateError, deflate_decode, delta_decode

    rows, cols = series.shape
    tall = min(page.rowsperstrip, rows)
    levels = np.empty((rows, cols), page.dtype)

    def unpack(number: int, packed: bytes) -> bool:
        place = levels[number * tall : (number + 1) * tall]
        room = place.data.cast("B")
        complete = len(deflate_decode(packed, out=room)) == len(room)
        if page.predictor == _HORIZONTAL:
            delta_decode(place, axis=-1, out=place)
        return complete

    numbers = range(len(page.dataoffsets))
    workers = _workers() if levels.size >= _LARGE else 1
    try:
        if workers == 1:
            complete = all(unpack(number, _packed(tif, page, number)) for number in numbers)
        else:
            with ThreadPoolExecutor(workers) as pool:
                # a few strips at a time: the packed picture is never in memory as a whole
                complete = all(
                    all(pool.map(unpack, some, [_packed(tif, page, number) for number in some]))
                    for some in (numbers[k : k + 4 * workers] for k in numbers[:: 4 * workers])
                )
    except DeflateError:
        return None
    return levels if complete else None


def _is_plain(tif: TiffFile, page: TiffPage, series: TiffPageSeries) -> bool:
    """Whether a page holds one grey level a pixel, in deflated strips and this machine's order."""
    if page.dtype not in (np.uint8, np.uint16) or page.samplesperpixel != 1 or page.is_tiled:
        return False
    shape = (page.imagelength, page.imagewidth)
    native = page.dtype == np.uint8 or (tif.byteorder == "<") == (sys.byteorder == "little")
    strips = -(-page.imagelength // max(page.rowsperstrip, 1))
    return bool(
        native
        and page.compression in _DEFLATE
        and page.predictor in (_NONE, _HORIZONTAL)
        and page.bitspersample == 8 * page.dtype.itemsize
        and page.fillorder == 1
        and shape == tuple(series.shape) == tuple(page.shape)
        and len(page.dataoffsets) == len(page.databytecounts) == strips
        and min(page.databytecounts) > 0
    )


def _packed(tif: TiffFile, page: TiffPage, number: int) -> bytes:
    tif.filehandle.seek(page.dataoffsets[number])
    return bytes(tif.filehandle.read(page.databytecounts[number]))


def _workers() -> int:
    from tifffile import TIFF

    return max(1, int(TIFF.MAXWORKERS))

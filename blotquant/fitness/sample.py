"""What the checks look at: some rows, some columns and the histogram of a picture, taken once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..model import Blot
from ..order import median

__all__ = ["Sample", "mean_third_difference"]

Floats = NDArray[np.float32]

# Enough lines to see a trace that runs through all of them, few enough for 10 ms.
_LINES = 200
_THIRD = np.array([[-1.0, 3.0, -3.0, 1.0]], dtype=np.float32)
_PIXELS = 1_500_000
_SHORTEST = 8
# So many differences say what is usual.
_ENOUGH = 20_000


@dataclass(frozen=True, eq=False)
class Sample:
    """Parts of a picture in stored grey levels.

    Parameters
    ----------
    blot : Blot
    """

    blot: Blot

    @cached_property
    def rows(self) -> Floats:
        """Every so many rows, whole: shape (lines, cols)."""
        pixels = self.blot.pixels
        step = max(1, -(-pixels.shape[0] // _LINES))
        return np.ascontiguousarray(pixels[step // 2 :: step], dtype=np.float32)

    @cached_property
    def columns(self) -> Floats:
        """Every so many columns, whole, lying down: shape (lines, rows)."""
        pixels = self.blot.pixels
        step = max(1, -(-pixels.shape[1] // _LINES))
        # thinned out before it is turned: far fewer px are fetched from memory one by one
        some = np.ascontiguousarray(pixels[:, step // 2 :: step])
        return np.ascontiguousarray(some.T, dtype=np.float32)

    @cached_property
    def roughness(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean absolute third difference at each place along rows, and along columns."""
        return mean_third_difference(self.rows), mean_third_difference(self.columns)

    @cached_property
    def histogram(self) -> NDArray[np.int64] | None:
        """Pixels at each grey level from 0, of a part of a large picture; None beyond 16 bits."""
        pixels: NDArray[Any] = self.blot.pixels
        if pixels.dtype not in (np.uint8, np.uint16):
            return None
        step = max(1, pixels.size // _PIXELS)
        part = pixels[::step]
        if part.strides[0] < 0 or part.strides[1] != part.itemsize:  # turned
            part = np.ascontiguousarray(part)
        size = int(np.iinfo(pixels.dtype).max) + 1
        return cv2.calcHist([part], [0], None, [size], [0, size]).ravel().astype(np.int64)

    @cached_property
    def levels(self) -> NDArray[np.intp]:
        """Grey levels that some pixels of the histogram have, from the lowest; none without one."""
        return np.flatnonzero(() if self.histogram is None else self.histogram)

    @property
    def dark(self) -> bool:
        """Whether bands are dark on a light ground in the stored file."""
        return self.blot.polarity == "dark_on_light"


def mean_third_difference(lines: Floats) -> NDArray[np.float64]:
    """Mean absolute third difference at each place along lines, shape (length - 3,).

    Large ones count no more than four median ones, and no more than one grey level where most
    are zero.
    """
    if lines.shape[1] < _SHORTEST:
        return np.zeros(0)
    third = cv2.filter2D(lines, cv2.CV_32F, _THIRD)
    third = np.abs(third)[:, 1:-2]
    some = third[:: max(1, third.shape[0] // 64)].ravel()
    some = some[:: max(1, some.size // _ENOUGH) | 1]  # odd: blocks and enlargements are even
    usual = 4 * median(some)
    limit = usual if usual > 0 else float(some.min(where=some > 0, initial=np.inf))
    if np.isfinite(limit):
        third = cv2.threshold(third, limit, 0, cv2.THRESH_TRUNC)[1]
    return np.asarray(cv2.reduce(third, 0, cv2.REDUCE_AVG, dtype=cv2.CV_64F).ravel())

"""Which grey levels a picture uses: its range, its information in bits, spikes at either end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

# A ceiling that electronics have: 10, 12 and 14 bits, and 12 bits shifted into 16.
_KNOWN_CEILINGS = (1023, 4095, 16383, 65520)
# Pixels at exactly one level that make a spike, at a known ceiling and at any other.
_FEW, _MANY = 3, 6
# Levels too few for weak bands, told from a picture of this many pixels or more.
_COARSE, _ENOUGH = 256, 4096
# How far a spike stands above the levels beside it.
_STANDS_OUT = 4.0

__all__ = ["Levels"]


@dataclass(frozen=True, eq=False)
class Levels:
    """Grey levels in use and how many pixels each has.

    Parameters
    ----------
    dtype : numpy.dtype
        Type of the picture.
    values : ndarray, shape (N,)
        Levels in use, ascending; of types beyond 16 bits only the two lowest and two highest.
    counts : ndarray, shape (N,), int64
        Pixels at each.
    complete : bool
        Whether `values` holds every level in use.
    """

    dtype: np.dtype[Any]
    values: NDArray[Any]
    counts: NDArray[np.int64]
    complete: bool

    @classmethod
    def of(cls, pixels: NDArray[Any]) -> Levels:
        """Levels of a picture, shape (rows, cols)."""
        dtype = pixels.dtype
        if dtype not in (np.uint8, np.uint16):
            return cls._ends(pixels)
        size = int(np.iinfo(dtype).max) + 1
        # a tenth of the time and memory of numpy.bincount; its float counts are exact to 2**24
        histogram = cv2.calcHist([pixels], [0], None, [size], [0, size]).ravel().astype(np.int64)
        values = np.flatnonzero(histogram)
        return cls(dtype, values, histogram[values], True)

    @classmethod
    def _ends(cls, pixels: NDArray[Any]) -> Levels:
        """The outermost levels of a picture of a wide type."""
        low, high = pixels.min(), pixels.max()
        inner = (pixels > low) & (pixels < high)
        between = [pixels.min(where=inner, initial=high), pixels.max(where=inner, initial=low)]
        values = np.unique(np.array([low, *between, high], dtype=pixels.dtype))
        counts = [np.count_nonzero(pixels == value) for value in values]
        return cls(pixels.dtype, values, np.array(counts, dtype=np.int64), False)

    @property
    def low(self) -> float:
        """Lowest level in use."""
        return float(self.values[0])

    @property
    def high(self) -> float:
        """Highest level in use."""
        return float(self.values[-1])

    @cached_property
    def bit_depth(self) -> int:
        """Bits that carry information: 12 for 12-in-16, also where they are shifted up or inverted.

        32 or 64 for floats; for 32-bit integers as many as the highest level needs.
        """
        if self.dtype.kind == "f":
            return 8 * self.dtype.itemsize
        high = int(self.values[-1])
        if self.complete and len(self.values) > 2:
            step = int(np.gcd.reduce(np.diff(self.values)))
            high = max(high // step, int(self.values[-1] - self.values[0]) // step)
        needed = max(high, 1).bit_length()
        return next((bits for bits in (8, 10, 12, 14, 16) if needed <= bits), max(needed, 32))

    @property
    def is_coarse(self) -> bool:
        """Whether there are 256 grey levels or fewer, also where 8 bits were stretched into 16."""
        few = self.complete and len(self.values) <= _COARSE and self.counts.sum() >= _ENOUGH
        return self.dtype.itemsize == 1 or bool(few)

    @property
    def white(self) -> float:
        """Level of white: the type's largest, or that of the bits in use (4095 for 12-in-16)."""
        if self.dtype.kind == "f" or self.dtype.itemsize > 2:
            return self.high
        for level in _KNOWN_CEILINGS[1:3]:
            if _KNOWN_CEILINGS[0] < self.high <= level and self.dtype.itemsize == 2:
                return float(level)
        return float(np.iinfo(self.dtype).max)

    def spike(self, end: Literal["low", "high"]) -> float | None:
        """Level at the end of the histogram where unexplained many pixels sit; None without one."""
        order = slice(None) if end == "low" else slice(None, None, -1)
        values, counts = self.values[order], self.counts[order]
        level, count = float(values[0]), int(counts[0])
        if end == "high" and level in _KNOWN_CEILINGS and count >= _FEW:
            return level
        beside = float(counts[1:9].max(initial=0)) if len(counts) > 2 else 0.0
        return level if count >= max(_MANY, _STANDS_OUT * beside) else None

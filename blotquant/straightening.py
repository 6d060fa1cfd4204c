"""Lanes made straight: the lean, bow and fan of a membrane's lanes taken out of a pattern."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .model import Lane

__all__ = ["LaneBend", "comb_share", "lane_comb"]


@dataclass(frozen=True, eq=False)
class LaneBend:
    """By how much lanes stand beside their place at mid-height, px of the picture.

    ``col = u + shift(row) + (u - middle) * fan(row)``, u being the lane's column at mid-height.

    Parameters
    ----------
    rows : ndarray, shape (N,)
        Counted from mid-height.
    shift, fan : ndarray, shape (N,)
    middle : float
        Column of the lanes' middle at mid-height.
    """

    rows: NDArray[np.float64]
    shift: NDArray[np.float64]
    fan: NDArray[np.float64]
    middle: float

    @classmethod
    def of(cls, lanes: Sequence[Lane], mid_row: float) -> LaneBend:
        """Least squares over the lanes at each of 25 heights."""
        top, bottom = min(lane.top for lane in lanes), max(lane.bottom for lane in lanes)
        rows = np.linspace(top, bottom, 25)
        columns = np.array([lane.center(rows) for lane in lanes])
        home = np.array([float(lane.center(mid_row)) for lane in lanes])
        middle = float(home.mean())
        away = home - middle
        departure = columns - home[:, None]
        shift = departure.mean(axis=0)
        energy = float(away @ away)
        fan = away @ departure / energy if energy > 0 else np.zeros(rows.size)
        return cls(rows - mid_row, shift, fan, middle)

    def column(
        self, u: NDArray[np.float64] | float, row: NDArray[np.float64] | float
    ) -> NDArray[np.float64]:
        """Column of a lane coordinate at a row counted from mid-height."""
        shift = _line_on(row, self.rows, self.shift)
        fan = _line_on(row, self.rows, self.fan)
        return np.asarray(u + shift + (np.asarray(u) - self.middle) * fan, np.float64)

    def straightened(
        self,
        pattern: NDArray[np.float32],
        mid_row: float,
        factor: float,
        angle: float = 0.0,
    ) -> NDArray[np.float32]:
        """Pattern in which these lanes stand upright, after a rotation about its middle is undone.

        Parameters
        ----------
        pattern : ndarray, shape (rows, cols)
        mid_row : float
            Row of the pattern at which the lanes' mid-height lies.
        factor : float
            Px of the picture per px of the pattern.
        angle : float
            Degrees, clockwise on the screen.
        """
        rows, cols = pattern.shape
        down = np.arange(rows, dtype=np.float64)[:, None]
        u = np.arange(cols, dtype=np.float64)[None, :]
        right = (self.column(u * factor, (down - mid_row) * factor)) / factor
        center = ((rows - 1) / 2, (cols - 1) / 2)
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        y, x = down - center[0], right - center[1]
        at_col = (center[1] + x * cos - y * sin).astype(np.float32)
        at_row = (center[0] + y * cos + x * sin).astype(np.float32)
        return np.asarray(cv2.remap(pattern, at_col, at_row, cv2.INTER_LINEAR), np.float32)


def _line_on(
    at: NDArray[np.float64] | float, rows: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolated values; beyond the ends straight on with the slope of the outer third."""
    at = np.asarray(at, np.float64)
    inside = np.interp(at, rows, values)
    third = max(1, rows.size // 3)
    for end, other, beyond in ((0, third, at < rows[0]), (-1, -1 - third, at > rows[-1])):
        slope = (values[end] - values[other]) / (rows[end] - rows[other])
        inside = np.where(beyond, values[end] + slope * (at - rows[end]), inside)
    return np.asarray(inside, np.float64)


# A lane's width reaches to the feet of its edges; half its height is at this share of it.
_HALF_HEIGHT = 0.85


def lane_comb(
    centers: NDArray[np.float64], widths: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """1 inside lanes, -1 beside them, in between at their edges; shape (size,)."""
    columns = np.arange(size, dtype=np.float64)[:, None]
    inside = 0.5 * _HALF_HEIGHT * widths - np.abs(columns - centers)
    soft = np.clip(inside / np.maximum(0.1 * widths, 0.5), -1.0, 1.0)
    return np.asarray(soft.max(axis=1), np.float64)


# A column counts at most this many times the usual one: a ladder or a row of pen strokes is one
# lane among the others.
_MOST = 1.5


def comb_share(
    pattern: NDArray[np.float32], comb: NDArray[np.float64], dcols: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How much more of a straightened pattern lies on lanes than beside, for each shift.

    Parameters
    ----------
    pattern : ndarray, shape (rows, cols)
        Above 0 in bands.
    comb : ndarray, shape (size,)
        From `lane_comb`.
    dcols : ndarray of whole numbers, shape (C,)
        Shifts of the pattern against the comb, px.

    Returns
    -------
    ndarray, shape (C,)
        -1 to 1.
    """
    mass = np.clip(pattern, 0, None).sum(axis=0, dtype=np.float64)
    if not mass.any():
        return np.zeros(dcols.size)
    usual = float(np.median(mass[mass > 0.1 * mass.max()]))
    mass = np.minimum(mass, _MOST * usual)
    total = float(mass.sum())
    columns = np.arange(mass.size)[None, :] - dcols[:, None].astype(np.intp)
    outside = (columns < 0) | (columns >= comb.size)
    value = np.where(outside, -1.0, comb[np.clip(columns, 0, comb.size - 1)])
    return np.asarray(value @ mass / total, np.float64)

"""Specks and scratches in a lane: px that stand out of what is to their left and right."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .noise import NoiseModel

__all__ = ["CLEAR", "REACH", "marked_places", "may_be_marked", "standing_out", "threshold_of"]

# A mark stands out of what is this many px to either side of it, in the picture and at half size.
REACH = 4
# ... by so many times the noise.
CLEAR = 6.0
# ... and by this share of the band that it lies in.
_ROUND = 0.1
# Bands' ends are soft and droop within this share of the lane's width.
_EDGE = 0.3
# A closer look takes squares of four px, the first one pairs of one row, and other pairs: what
# stands out of squares does so by this share of it.
_OTHER_PAIRS = 0.75

# Rows, columns, and 1 or -1: above or below what is beside.
Places = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]


def threshold_of(brightest: NDArray[np.float64], noise: NoiseModel) -> NDArray[np.float64]:
    """What stands out of each row of lanes whose brightest part is given, a.u., shape (..., N).

    Six times the noise, and a share of the band: bands are rounded and uneven across.
    """
    tenth = brightest.shape[-1] // 10
    ground = np.partition(brightest, tenth)[..., [tenth]]
    clear = CLEAR * np.sqrt(noise.variance(brightest))
    return np.asarray(clear + _ROUND * np.maximum(brightest - ground, 0.0), np.float64)


def marked_places(
    values: NDArray[Any],
    threshold: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
) -> Places:
    """Pixels that stand out of what is some px to their left and right; 1 or -1: above, below.

    A band is as good as level across a few px, and falls to one side at a lane's edge; only what
    is narrow stands out on both sides. Looked for in every other row and at half the size.

    Parameters
    ----------
    values : ndarray, shape (N, M)
        Stored pixels or signal.
    threshold : ndarray, shape (N,)
        What stands out at each row.
    left, right : ndarray, shape (N,)
        The lane's edges, px of the strip.

    Returns
    -------
    rows, cols, sign : ndarray of int, shape (marks,)
        `sign` is 1 where the pixel stands above both, -1 where below.
    """
    if values.shape[1] <= 2 * REACH or values.shape[0] < 2:
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.intp)
    if values.dtype not in (np.uint8, np.uint16, np.float32):
        values = values.astype(np.float32)
    rows, cols, sign = _that_stand_out(values[::2], threshold[::2])
    fine = _within(values, threshold, (2 * rows, cols, sign), REACH, (left, right))
    half = (values.shape[1] // 2, values.shape[0] // 2)
    if min(half) <= 2 * REACH:
        return fine
    even = values[: 2 * half[1], : 2 * half[0]]
    small = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA))
    pairs = np.maximum(threshold[: 2 * half[1] : 2], threshold[1 : 2 * half[1] : 2])
    rows, cols, sign = _that_stand_out(small, pairs)
    found = (2 * rows, 2 * cols, sign)
    coarse = _within(values, threshold, found, 3 * REACH, (left, right))
    if coarse[0].size == 0:
        return fine
    both = [np.append(one, other) for one, other in zip(fine, coarse, strict=True)]
    return both[0], both[1], both[2]


def _that_stand_out(values: NDArray[Any], threshold: NDArray[np.float64]) -> Places:
    left, here, right = (
        values[:, : -2 * REACH],
        values[:, REACH:-REACH],
        values[:, 2 * REACH :],
    )
    above = cv2.subtract(here, cv2.max(left, right))  # integers: never below 0
    below = cv2.subtract(cv2.min(left, right), here)
    if values.dtype.kind == "u":
        most = np.iinfo(values.dtype).max
        limit = np.minimum(np.ceil(threshold), most).astype(values.dtype)
    else:
        limit = threshold.astype(values.dtype)
    out = np.asarray(cv2.max(above, below)) > limit[:, None]
    some = np.flatnonzero(out)  # a flat array is soon looked through
    if some.size == 0:
        return some, some, some
    rows, cols = np.divmod(some, out.shape[1])
    sign = np.where(above[rows, cols] > below[rows, cols], 1, -1)
    return rows, cols + REACH, sign


def _within(
    values: NDArray[Any],
    threshold: NDArray[np.float64],
    places: Places,
    reach: int,
    edges: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Places:
    """Places inside a lane; broad ones, and those near its edges, only where they stand alone.

    That is, where they stand out along the lane as well: bands' ends droop, and a gap to the next
    lane is less than both lanes. Neither is a mark.
    """
    rows, cols, sign = places
    if rows.size == 0:
        return places
    left, right = (edge[rows] for edge in edges)
    inset = np.maximum(_EDGE * (right - left), 2 * REACH) if reach == REACH else np.inf
    inner = (cols > left + inset) & (cols < right - inset)
    up, down = np.maximum(rows - reach, 0), np.minimum(rows + reach, len(values) - 1)
    here, over, under = (values[at, cols].astype(np.float64) for at in (rows, up, down))
    alone = np.minimum(sign * (here - over), sign * (here - under)) > threshold[rows]
    kept = (cols > left) & (cols < right) & (inner | alone)
    return rows[kept], cols[kept], sign[kept]


def standing_out(strip: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """How far any px of a lane stands out of what is to its left and right, row by row.

    Parameters
    ----------
    strip : ndarray, shape (N, M)
        Of a lane, with REACH px more to either side.

    Returns
    -------
    fine, coarse : ndarray, shape (N,)
        Px by px, and two by two.
    """
    if len(strip) == 0:
        return np.zeros(0), np.zeros(0)
    columns = np.asarray(cv2.transpose(strip))
    fine, half = _most_standing_out(columns), len(columns) // 2
    if half <= 2 * REACH:
        return fine, np.zeros(fine.size)
    pairs = cv2.addWeighted(columns[: 2 * half : 2], 0.5, columns[1 : 2 * half : 2], 0.5, 0)
    return fine, _most_standing_out(np.asarray(pairs))


def _most_standing_out(columns: NDArray[Any]) -> NDArray[Any]:
    left, here, right = columns[: -2 * REACH], columns[REACH:-REACH], columns[2 * REACH :]
    above = cv2.subtract(here, cv2.max(left, right))  # integers: never below 0
    below = cv2.subtract(cv2.min(left, right), here)
    most: NDArray[Any] = cv2.reduce(cv2.max(above, below), 0, cv2.REDUCE_MAX)[0]
    return most


def may_be_marked(
    fine: NDArray[Any], coarse: NDArray[Any], threshold: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Where anything stands out of L lanes so that a closer look is worth it, shape (L, N // 2).

    Parameters
    ----------
    fine, coarse : ndarray, shape (L, N // 2)
        Of every other row, as from `standing_out`.
    threshold : ndarray, shape (L, N)
        What stands out at each row, in the same unit.
    """
    rows = 2 * fine.shape[1]
    one, other = threshold[:, :rows:2], threshold[:, 1:rows:2]
    pairs = _OTHER_PAIRS * np.maximum(one, other)
    return np.asarray((fine > one) | (coarse > pairs))

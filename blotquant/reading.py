"""Reading a lane: row by row along its path, edge pixels in proportion to their area."""

from __future__ import annotations

import math
import weakref
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dirt import Dirt, dirt_of
from .flags import Flag
from .marks import NO_MARKS, REACH, Marks, marked_places, threshold_of, without_marks
from .model import Blot, Lane, Profile
from .noise import NoiseModel

__all__ = [
    "SECTIONS",
    "Sections",
    "lane_weights",
    "read_lane",
    "read_sections",
    "row_weights",
    "rows_between",
    "saturated_rows",
    "sum_mask",
    "sums_between",
]

# A lane is read in this many sections side by side: a band shows in most, a speck in one or two.
SECTIONS = 6


def read_lane(blot: Blot, lane: Lane, noise: NoiseModel) -> Profile:
    """Sum the signal across a lane at every row of the picture it runs through.

    Each row is summed between ``path - width/2`` and ``path + width/2``; a pixel that the edge
    cuts counts by the share inside. Nothing is resampled: following a bent lane shears the
    picture, and a shear keeps areas, so two half lanes add up to the whole.

    Parameters
    ----------
    blot : Blot
    lane : Lane
    noise : NoiseModel

    Returns
    -------
    Profile
        Rows from the lane's top to its bottom that lie in the picture.
    """
    return read_sections(blot, lane, noise).whole


@dataclass(frozen=True, eq=False)
class Sections:
    """A lane read in parts of equal width side by side.

    Parameters
    ----------
    whole : Profile
        Of the lane that the parts make up, N rows; specks and scratches filled in.
    intensity : ndarray, shape (SECTIONS, N)
        As in `Profile`, of each part, left to right.
    marks : Marks
        What the specks and scratches were worth.
    outermost : ndarray, shape (2, N)
        Signal of the lane's outermost px on its left and right side, a.u., as the picture has it.
    sides : ndarray, shape (2, N)
        The same as the mean of the outermost px and of those next to it: one alone is noisy.
    """

    whole: Profile
    intensity: NDArray[np.float64]
    marks: Marks = NO_MARKS
    outermost: NDArray[np.float64] = field(default_factory=lambda: np.empty((2, 0)))
    sides: NDArray[np.float64] = field(default_factory=lambda: np.empty((2, 0)))


# Finding looks at a lane's sections and measuring at their sum: read once, kept for a while.
_KEPT_LANES = 64
_KEPT: weakref.WeakKeyDictionary[Blot, OrderedDict[object, Sections]] = weakref.WeakKeyDictionary()


def read_sections(blot: Blot, lane: Lane, noise: NoiseModel) -> Sections:
    """Read a lane in `SECTIONS` parts of equal width side by side, all in one pass.

    Parameters
    ----------
    blot : Blot
    lane : Lane
    noise : NoiseModel

    Returns
    -------
    Sections
        Their sum is what `read_lane` gives.
    """
    kept = _KEPT.setdefault(blot, OrderedDict())
    key = (lane.path, lane.width, noise)
    if key not in kept:
        kept[key] = _read(blot, lane, noise, SECTIONS)
        if len(kept) > _KEPT_LANES:
            kept.popitem(last=False)
    return kept[key]


def _read(blot: Blot, lane: Lane, noise: NoiseModel, count: int) -> Sections:
    rows = _rows(blot.shape[0], lane)
    position = rows.astype(np.float64)
    if rows.size == 0:
        empty = np.empty(0)
        return Sections(Profile(position, empty, empty, empty), np.empty((count, 0)))
    n_cols = blot.shape[1]
    center = lane.center(position)
    edges = center + lane.width * (np.arange(count + 1) / count - 0.5)[:, None]
    left, right = float(edges[0].min()), float(edges[-1].max())
    if left < -0.5 or right > n_cols - 0.5:
        edges = np.minimum(np.maximum(edges, -0.5), n_cols - 0.5)
        left, right = float(edges[0].min()), float(edges[-1].max())
    # marks are told by what is beside them
    first = max(min(math.floor(left + 0.5), n_cols - 1) - REACH, 0)
    last = min(math.floor(right + 0.5) + REACH, n_cols - 1)
    stored = blot.pixels[rows[0] : rows[-1] + 1, first : last + 1]
    at = edges + (0.5 - first)
    linear = blot.signal_map.clear_level is None and stored.dtype.kind in "ui"
    # copied: what follows goes through it several times, and a lane is narrow in its picture's rows
    values = np.ascontiguousarray(stored if linear else blot.signal_map(stored))
    intensity, width = sums_between(values, at), edges[1:] - edges[:-1]
    if linear:  # the affine map of the sum, in place of the sum of all the pixels' maps
        intensity *= blot.signal_map.scale
        intensity += blot.signal_map.offset * width
    marks = _fill_marks(blot, noise, (rows[0], first), values, linear, at, intensity)
    variance = noise.variance(intensity / np.maximum(width, 1e-9))
    variance *= width
    whole = Profile(position, intensity.sum(axis=0), variance.sum(axis=0), at[-1] - at[0])
    # read here, where they are at hand: px by px from the whole picture takes longer
    half = lane.width / 2 - 0.5
    beside = np.array([-half - 1, -half, 1 - half, half - 1, half, half + 1])
    columns = np.minimum(np.maximum(np.rint(center + beside[:, None]), 0), n_cols - 1)
    at_edges = values[np.arange(rows.size), columns.astype(np.intp) - first]
    if linear:
        at_edges = blot.signal_map(at_edges)
    sides = at_edges.astype(np.float64).reshape(2, 3, rows.size)
    return Sections(whole, intensity, marks, sides[:, 1].copy(), sides.mean(axis=1))


def _fill_marks(
    blot: Blot,
    noise: NoiseModel,
    corner: tuple[int, int],
    values: NDArray[Any],
    linear: bool,
    at: NDArray[np.float64],
    intensity: NDArray[np.float64],
) -> Marks:
    """Sum the marked rows once more, without their specks and scratches; changes `intensity`."""
    if Flag.LOSSY in blot.flags:
        return NO_MARKS  # lossy compression makes specks of its own
    step = abs(blot.signal_map.scale) if linear else 1.0
    narrowest = (at[1:] - at[:-1]).min(axis=0)
    brightest = intensity.max(axis=0) / np.maximum(narrowest, 1.0)
    left, right = at[0] - 0.5, at[-1] - 0.5
    places = marked_places(values, threshold_of(brightest, noise) / step, left, right)
    rows, cols, _ = places
    dirt = dirt_of(blot, noise)
    if dirt.tells_of(float((right - left).max())):
        more, beside = _doubtful(dirt, corner, values.shape)
        inside = (beside > left[more] - 0.5) & (beside < right[more] + 0.5)
        rows, cols = np.append(rows, more[inside]), np.append(cols, beside[inside])
    if rows.size == 0:
        return NO_MARKS
    signal = blot.signal_map(values) if linear else values.copy()
    changed, marks = without_marks(signal, left, right, (rows, cols), noise)
    for part in changed:
        intensity[:, part] = sums_between(signal[part], at[:, part])
    return marks if changed else NO_MARKS


def _doubtful(
    dirt: Dirt, corner: tuple[int, int], shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Px of a strip of the picture where a mark was seen or a scratch may run."""
    factor = dirt.factor
    first = tuple(at // factor for at in corner)
    last = tuple((at + size - 1) // factor + 1 for at, size in zip(corner, shape, strict=True))
    doubtful = dirt.doubtful[first[0] : last[0], first[1] : last[1]]
    if not doubtful.any():
        return np.empty(0, np.intp), np.empty(0, np.intp)
    found = np.nonzero(doubtful)
    fine = np.divmod(np.arange(factor**2), factor)
    rows, cols = (
        (factor * (coarse[:, None] + start) + offset - at).ravel()
        for coarse, start, offset, at in zip(found, first, fine, corner, strict=True)
    )
    kept = (rows >= 0) & (cols >= 0) & (rows < shape[0]) & (cols < shape[1])
    return rows[kept], cols[kept]


def sums_between(values: NDArray[Any], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of each row from each place to the next; a pixel that is cut counts in part.

    `at`, shape (places, rows), rises from place to place. The result has one place less.
    """
    n_rows, n_cols = values.shape
    if n_cols == 0:
        return np.zeros((len(at) - 1, n_rows))
    exact: type[np.number[Any]] = np.int64 if values.dtype.kind in "ui" else np.float64
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2 and n_cols <= 2**16:
        exact = np.uint32  # no row's sum is larger; half the memory to go through
    whole = at.astype(np.intp)
    if whole.max() >= n_cols:
        whole = np.minimum(whole, n_cols - 1)
    # all the rows end to end: summed from place to place in one go, and from the last of a row to
    # the first of the next, which is not used. Nothing is gone through twice
    flat, begins = values.ravel(), whole + n_cols * np.arange(n_rows)
    in_turn = np.add.reduceat(flat, begins.T.ravel(), dtype=exact).reshape(n_rows, -1)
    sums = np.ascontiguousarray(in_turn.T)[:-1]
    cut = (at - whole) * flat[begins]
    between = cut[1:] - cut[:-1]
    between += sums
    none = whole[1:] == whole[:-1]
    if none.any():  # of no px `reduceat` gives the first
        between -= np.where(none, sums, 0)
    return np.asarray(between, np.float64)


def _rows(n_rows: int, lane: Lane) -> NDArray[np.intp]:
    """Rows of the picture that a lane runs through."""
    first = max(0, int(np.ceil(lane.top - 0.5)))
    last = min(n_rows - 1, int(np.floor(lane.bottom + 0.5)))
    return np.arange(first, last + 1)


def lane_weights(
    shape: tuple[int, int], lane: Lane, part: slice = slice(None)
) -> tuple[NDArray[np.intp], int, NDArray[np.float64]]:
    """Share of each pixel that lies in a lane.

    Parameters
    ----------
    shape : (rows, cols)
        Of the picture.
    lane : Lane
    part : slice, optional
        Which of the lane's rows, in the order in which it is read.

    Returns
    -------
    rows : ndarray, shape (N,)
        Rows of the picture that the lane runs through.
    first_col : int
        Column of the first weight.
    weights : ndarray, shape (N, M)
        0 to 1.
    """
    n_rows, n_cols = shape
    rows = _rows(n_rows, lane)[part]
    if rows.size == 0:
        return rows, 0, np.empty((0, 0))
    center = lane.center(rows)
    left = np.clip(center - lane.width / 2, -0.5, n_cols - 0.5)
    right = np.clip(center + lane.width / 2, -0.5, n_cols - 0.5)
    first = min(int(np.floor(left.min() + 0.5)), n_cols - 1)
    last = min(int(np.floor(right.max() + 0.5)), n_cols - 1)
    columns = np.arange(first, last + 1)
    weights = np.minimum(columns + 0.5, right[:, None]) - np.maximum(columns - 0.5, left[:, None])
    return rows, first, np.clip(weights, 0.0, 1.0, out=weights)


def row_weights(position: NDArray[np.float64], start: float, stop: float) -> NDArray[np.float64]:
    """Share of each row of a profile that lies between two places along the lane."""
    overlap = np.minimum(position + 0.5, stop) - np.maximum(position - 0.5, start)
    return np.asarray(np.minimum(np.maximum(overlap, 0.0), 1.0))


def rows_between(position: NDArray[np.float64], start: float, stop: float) -> slice:
    """Rows of a profile that lie between two places along the lane, if only in part."""
    if position.size == 0:
        return slice(0, 0)
    first = math.floor(start - 0.5 - float(position[0])) + 1
    end = math.ceil(stop + 0.5 - float(position[0]))
    return slice(min(max(first, 0), position.size), min(max(end, 0), position.size))


def saturated_rows(blot: Blot, lane: Lane) -> NDArray[np.float64]:
    """Px of a lane at the ceiling in each of its rows, shape (N,) as in `read_lane`."""
    rows = _rows(blot.shape[0], lane)
    clipped = np.zeros(rows.size)
    if blot.saturated is None or rows.size == 0:
        return clipped
    # few rows hold such px at all: only between the first and the last of them is anything summed
    half = lane.width / 2
    columns = [col for _, col in lane.path]
    first = max(int(min(columns) - half), 0)
    beside = blot.saturated[rows[0] : rows[-1] + 1, first : int(max(columns) + half) + 2]
    some = np.flatnonzero(beside.any(axis=1))
    if some.size == 0:
        return clipped
    held = slice(int(some[0]), int(some[-1]) + 1)
    own, first, weights = lane_weights(blot.shape, lane, held)
    part = blot.saturated[own[0] : own[-1] + 1, first : first + weights.shape[1]]
    clipped[held] = (part * weights).sum(axis=1)
    return clipped


def sum_mask(
    mask: NDArray[np.bool_], shape: tuple[int, int], lane: Lane, start: float, stop: float
) -> float:
    """Area, px, of a mask inside the part of a lane between two places along it."""
    position = _rows(shape[0], lane).astype(np.float64)
    rows, first, weights = lane_weights(shape, lane, rows_between(position, start, stop))
    if rows.size == 0:
        return 0.0
    along = row_weights(rows.astype(np.float64), start, stop)
    part = mask[rows[0] : rows[-1] + 1, first : first + weights.shape[1]]
    return float((part * (weights * along[:, None])).sum())

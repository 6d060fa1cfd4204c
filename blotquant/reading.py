"""Reading a lane: row by row along its path, edge pixels in proportion to their area."""

from __future__ import annotations

import math
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dirt import Dirt, dirt_of
from .flags import Flag
from .marks import NO_MARKS, Marks, without_marks
from .model import Blot, Lane, Profile
from .noise import NoiseModel
from .side_by_side import SideBySide, is_linear, read_side_by_side
from .standing_out import REACH, marked_places, may_be_marked, threshold_of

__all__ = [
    "SECTIONS",
    "Sections",
    "lane_weights",
    "read_lane",
    "read_lanes",
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
    return read_lanes(blot, [lane], noise)[0]


def read_lanes(blot: Blot, lanes: Sequence[Lane], noise: NoiseModel) -> list[Sections]:
    """Read several lanes as `read_sections` does: a panel's in one pass, which is faster."""
    kept = _KEPT.setdefault(blot, OrderedDict())
    keys = [(lane.path, lane.width, noise) for lane in lanes]
    known = {key: kept[key] for key in keys if key in kept}
    missing = {key: lane for key, lane in zip(keys, lanes, strict=True) if key not in known}
    for panel in {lane.panel_id for lane in missing.values()}:
        own = {key: lane for key, lane in missing.items() if lane.panel_id == panel}
        known.update(zip(own, _read(blot, list(own.values()), noise), strict=True))
    kept.update((key, known[key]) for key in missing)
    while len(kept) > max(_KEPT_LANES, len(lanes)):
        kept.popitem(last=False)
    return [known[key] for key in keys]


def _read(blot: Blot, lanes: Sequence[Lane], noise: NoiseModel) -> list[Sections]:
    rows = [_rows(blot.shape[0], lane) for lane in lanes]
    empty = np.empty(0)
    nothing = Sections(Profile(empty, empty, empty, empty), np.empty((SECTIONS, 0)))
    shown = [k for k, own in enumerate(rows) if own.size]
    if not shown:
        return [nothing] * len(lanes)
    first = min(int(rows[k][0]) for k in shown)
    every = np.arange(first, max(int(rows[k][-1]) for k in shown) + 1)
    read = read_side_by_side(blot, [lanes[k] for k in shown], every, SECTIONS)
    parts = [slice(int(rows[k][0]) - first, int(rows[k][-1]) - first + 1) for k in shown]
    marks = [NO_MARKS] * len(shown)
    if Flag.LOSSY not in blot.flags:  # lossy compression makes specks of its own
        dirt, pairs = dirt_of(blot, noise), _pairs_to_look_at(blot, read, noise)
        some = pairs.any(axis=1) | dirt.doubtful.any()
        for n in np.flatnonzero(some).tolist():
            part = parts[n]
            near = 2 * np.flatnonzero(pairs[n]) - part.start
            own = read.intensity[n][:, part]
            marks[n] = _fill_marks(blot, noise, lanes[shown[n]], own, dirt, near)
    found = {
        k: _sections(read, n, part, rows[k], noise, marks[n])
        for n, (k, part) in enumerate(zip(shown, parts, strict=True))
    }
    return [found.get(k, nothing) for k in range(len(lanes))]


def _sections(
    read: SideBySide,
    lane: int,
    part: slice,
    rows: NDArray[np.intp],
    noise: NoiseModel,
    marks: Marks,
) -> Sections:
    """One of the lanes that were read, in those of the rows that it runs through."""
    intensity, edges = read.intensity[lane][:, part], read.edges[lane][..., part]
    width = read.width[lane]
    width = width if width.shape[1] == 1 else width[:, part]
    profile = Profile(
        rows.astype(np.float64),
        intensity.sum(axis=0),
        noise.variance_of_sums(intensity, width),
        np.broadcast_to(width.sum(axis=0), rows.shape),
    )
    return Sections(profile, intensity, marks, edges[:, 1], edges.sum(axis=1) / 3)


def _pairs_to_look_at(blot: Blot, read: SideBySide, noise: NoiseModel) -> NDArray[np.bool_]:
    """In which pairs of rows specks and scratches are looked for closely, shape (L, pairs)."""
    threshold = _threshold(blot, read.intensity, read.width.min(axis=1), noise)
    return may_be_marked(read.fine, read.coarse, threshold)


def _threshold(
    blot: Blot, intensity: NDArray[np.float64], width: NDArray[np.float64], noise: NoiseModel
) -> NDArray[np.float64]:
    """What stands out of each row of lanes, in the unit of what is looked at, shape (..., N).

    Of their sections' sums, shape (..., sections, N), and least width, shape (..., N).
    """
    brightest = intensity.max(axis=-2) / np.maximum(width, 1.0)
    step = abs(blot.signal_map.scale) if is_linear(blot) else 1.0
    return threshold_of(brightest, noise) / step


def _fill_marks(
    blot: Blot,
    noise: NoiseModel,
    lane: Lane,
    intensity: NDArray[np.float64],
    dirt: Dirt,
    near: NDArray[np.intp],
) -> Marks:
    """Sum the marked rows once more, without their specks and scratches; changes `intensity`.

    They are where the picture is dirty, and about the rows `near`.
    """
    window, at = _window(blot.shape, lane)
    doubtful = _doubtful(dirt, window, at[0] - 0.5, at[-1] - 0.5)
    seen = np.append(near[(near >= 0) & (near < at.shape[1])], doubtful[0])
    if seen.size == 0:
        return NO_MARKS
    part = slice(max(int(seen.min()) - _AROUND, 0) // 2 * 2, int(seen.max()) + _AROUND)
    rows, columns = window
    stored = blot.pixels[rows, columns][part]
    # copied: what follows goes through it several times, and a lane is narrow in its picture's rows
    values = np.ascontiguousarray(stored if is_linear(blot) else blot.signal_map(stored))
    threshold = _threshold(blot, intensity, (at[1:] - at[:-1]).min(axis=0), noise)[part]
    left, right = at[0, part] - 0.5, at[-1, part] - 0.5
    found = marked_places(values, threshold, left, right)
    marked = np.append(found[0], doubtful[0] - part.start), np.append(found[1], doubtful[1])
    if marked[0].size == 0:
        return NO_MARKS
    signal = blot.signal_map(values) if is_linear(blot) else values.copy()
    changed, marks = without_marks(signal, left, right, marked, noise)
    if not changed:
        return NO_MARKS
    for some in changed:
        own = slice(part.start + some.start, part.start + some.stop)
        intensity[:, own] = sums_between(signal[some], at[:, own])
    whole = np.zeros((2, at.shape[1]))
    whole[:, part] = marks.taken, marks.doubt
    return Marks(*whole)


# Marks are told, and filled in, by no more rows than this to either side.
_AROUND = 64


def _window(shape: tuple[int, int], lane: Lane) -> tuple[tuple[slice, slice], NDArray[np.float64]]:
    """Part of the picture that holds a lane, and where in it the sections' edges are.

    The edges have shape (places, rows); a px of the part reaches from its column to the next.
    """
    rows = _rows(shape[0], lane)
    share = np.arange(SECTIONS + 1) / SECTIONS - 0.5
    edges = lane.center(rows) + lane.width * share[:, None]
    edges = np.minimum(np.maximum(edges, -0.5), shape[1] - 0.5)
    left, right = float(edges[0].min()), float(edges[-1].max())
    # marks are told by what is beside them
    first = max(min(math.floor(left + 0.5), shape[1] - 1) - REACH, 0)
    last = min(math.floor(right + 0.5) + REACH, shape[1] - 1)
    window = slice(int(rows[0]), int(rows[-1]) + 1), slice(first, last + 1)
    return window, edges + (0.5 - first)


def _doubtful(
    dirt: Dirt,
    window: tuple[slice, slice],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Px of a window of the picture, in a lane, where a mark was seen or a scratch may run."""
    factor = dirt.factor
    reduced = tuple(slice(of.start // factor, (of.stop - 1) // factor + 1) for of in window)
    doubtful = dirt.doubtful[reduced]
    if not doubtful.any() or not dirt.tells_of(float((right - left).max())):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    fine = np.divmod(np.arange(factor**2), factor)
    rows, cols = (
        (factor * (coarse[:, None] + of.start) + offset - at.start).ravel()
        for coarse, of, offset, at in zip(np.nonzero(doubtful), reduced, fine, window, strict=True)
    )
    inside = (rows >= 0) & (rows < left.size)
    rows, cols = rows[inside], cols[inside]
    inside = (cols > left[rows] - 0.5) & (cols < right[rows] + 0.5)
    return rows[inside], cols[inside]


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

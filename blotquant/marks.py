"""Specks, scratches and hot pixels in a lane: filled in with the lane's shape across it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from .noise import NoiseModel
from .standing_out import CLEAR, REACH

__all__ = ["NO_MARKS", "Marks", "without_marks"]

# What touches a mark is part of it down to so many times the residual's own spread.
_SKIRT = 3.0
# Rows on either side of a mark from which the lane's shape across it is learnt.
_MARGIN = 12
# A stretch longer than this is worked on in parts, rows.
_LONGEST = 96
# Bands may be bright at their ends, within this share of the lane's width.
_END = 0.4
# A stretch of which marks would take more than this share is left as it is.
_MOST = 0.35
# Of what was taken out this share may be wrong: a mark's faint skirt, a fill that is a little off.
_DOUBT = 0.05
# A band's signal is this uneven across by itself, share of its height.
_UNEVEN = 0.04
_LEAST = 1e-12  # where a noise model knows of no noise
_STAR, _COLUMN = np.ones((3, 3), np.uint8), np.ones((5, 1), np.uint8)


@dataclass(frozen=True, eq=False)
class Marks:
    """What specks and scratches were worth at each row of a lane.

    Parameters
    ----------
    taken : ndarray, shape (N,)
        Absolute signal that was taken out or put back, a.u. x px.
    doubt : ndarray, shape (N,)
        How far the fill may be off, all rows to the same side, a.u. x px.
    """

    taken: NDArray[np.float64]
    doubt: NDArray[np.float64]


NO_MARKS = Marks(np.empty(0), np.empty(0))


def without_marks(
    signal: NDArray[np.float32],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    places: tuple[NDArray[np.intp], NDArray[np.intp]],
    noise: NoiseModel,
) -> tuple[list[slice], Marks]:
    r"""Fill marks in with what the lane's shape across it has there; `signal` is changed.

    Parameters
    ----------
    signal : ndarray, shape (N, M)
        A strip of the picture that holds a lane.
    left, right : ndarray, shape (N,)
        The lane's edges, px of the strip.
    places : rows, cols
        Where marks stand out, from `blotquant.standing_out.marked_places`,
        or may.
    noise : NoiseModel

    Returns
    -------
    changed : list of slice
        Rows in which pixels were changed.
    marks : Marks

    Notes
    -----
    A lane's signal has one shape across it: at row r and column c,
    :math:`x_{rc} = a_c + g_c\,p_r + h_c\,p'_r`, with the profile p along the lane, and a, g, h the
    column's background, share and, to first order, shift along the lane (a band that tilts or
    smiles). It is fitted by least squares to the pixels that are not marked, in turn with the
    marks: what stands out of it, and all that touches it. What is filled in is the model, plus
    what the pixels around a mark depart from it.
    """
    size = signal.shape[0]
    marks = Marks(np.zeros(size), np.zeros(size))
    rows, cols = places
    changed = []
    seeds = np.zeros(signal.shape, np.uint8)
    seeds[rows, cols] = 1
    for first, last in _stretches(np.unique(rows), size):
        part = slice(first, last)
        level = _Box.of(signal, left, right, part)
        own = level.of_pixels(seeds)
        mask = np.asarray(cv2.dilate(own, _STAR), np.uint8)
        fitted = _fitted(level.values, mask, noise)
        if fitted is not None and not _may_stand_out(level.values, own, mask, fitted):
            continue
        free = (1 - mask).astype(np.float32)
        drop, box = np.rint(_drop(level.values, free, noise)).astype(np.intp), level
        if drop.any():
            box = _Box.of(signal, left, right, part, drop)
            own, fitted = box.of_pixels(seeds), None
        filled = _filled(box, own, noise, fitted)
        if filled is None:
            continue
        fill, mask, off = filled
        counted = mask * box.inside
        marks.taken[:] += _by_row(box, np.abs(box.values - fill) * counted, size)
        marks.doubt[:] += _by_row(box, off * counted, size)
        box.put_back(signal, fill, mask)
        changed.append(slice(int(box.rows.min()), int(box.rows.max()) + 1))
    return changed, marks


def _by_row(box: _Box, worth: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """Sum over the px of each row of the strip."""
    return np.asarray(np.bincount(box.rows.ravel(), worth.ravel(), size), np.float64)


def _stretches(rows: NDArray[np.intp], size: int) -> list[tuple[int, int]]:
    """Rows around the marked ones, each in one stretch only."""
    if rows.size == 0:
        return []
    found: list[tuple[int, int]] = []
    for group in np.split(rows, np.flatnonzero(np.diff(rows) > _MARGIN) + 1):
        first, last = max(int(group[0]) - _MARGIN, 0), min(int(group[-1]) + _MARGIN + 1, size)
        parts = -(-(last - first) // _LONGEST)
        edges = np.linspace(first, last, parts + 1).astype(int).tolist()
        found += pairwise(edges)
    return found


@dataclass(frozen=True, eq=False)
class _Box:
    """A piece of a lane, straightened: its edges upright, its bands level to half a row."""

    values: NDArray[np.float32]
    inside: NDArray[np.float32]  # share of each px in the lane
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]  # of the pixel to the left, which counts by 1 - beyond
    beyond: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        signal: NDArray[np.float32],
        left: NDArray[np.float64],
        right: NDArray[np.float64],
        part: slice,
        drop: NDArray[np.intp] | int = 0,
    ) -> _Box:
        """Piece of some rows, each column `drop` rows further down."""
        down = np.arange(part.start, part.stop)[:, None] + drop
        across = np.arange(max(int(np.ceil((right[part] - left[part]).max())), 4))
        whole = np.broadcast_to(down, (len(down), across.size))
        rows = np.minimum(np.maximum(whole, 0), len(signal) - 1)
        place = left[rows] + 0.5 + across
        columns = np.minimum(np.maximum(np.floor(place), 0), signal.shape[1] - 2).astype(np.intp)
        beyond = np.minimum(np.maximum(place - columns, 0), 1).astype(np.float32)
        flat, here = signal.reshape(-1), rows * signal.shape[1] + columns
        values = flat.take(here) * (1 - beyond) + flat.take(here + 1) * beyond
        inside = np.minimum(np.maximum(right[rows] - place + 0.5, 0), 1).astype(np.float32)
        return cls(values, inside, rows, columns, beyond)

    def of_pixels(self, seeds: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Px of the box that marked pixels of the strip have a part in."""
        return np.maximum(seeds[self.rows, self.columns], seeds[self.rows, self.columns + 1])

    def put_back(
        self, signal: NDArray[np.float32], fill: NDArray[np.float32], mask: NDArray[np.uint8]
    ) -> None:
        """Write what fills the marked px into the strip."""
        change = (fill - self.values) * (mask > 0)
        own = signal[self.rows.min() : self.rows.max() + 1]
        rows, upright = self.rows - self.rows.min(), np.zeros_like(own)
        np.add.at(upright, (rows, self.columns), change * (1 - self.beyond))
        np.add.at(upright, (rows, self.columns + 1), change * self.beyond)
        own += upright


def _drop(
    values: NDArray[np.float32], free: NDArray[np.float32], noise: NoiseModel
) -> NDArray[np.float64]:
    """How much further down the bands lie in each column: a line with a bend, px."""
    size, width = values.shape
    across = np.linspace(-1, 1, width)
    bend = np.stack([across, across**2 - (across**2).mean()], axis=1)
    drop = np.zeros(width)
    rows, along = np.arange(width), np.arange(size)[:, None]
    chance = float(noise.variance(np.array(values.mean()))) / width
    for _ in range(_TURNS):
        places = np.clip(along + np.rint(drop).astype(np.intp), 0, size - 1)
        fitted = _columns(values[places, rows], free[places, rows], turns=1)
        if fitted is None or float((fitted[0][:, 2] ** 2).mean()) < 4 * chance:
            return np.zeros_like(drop)  # no band here
        share, moved = fitted[1][:, 1], fitted[1][:, 2]
        weight = np.maximum(share, 0.05) ** 2
        terms = bend * weight[:, None]
        own = np.clip(-moved / np.maximum(share, 0.3), -3, 3)
        step = bend @ np.linalg.solve(terms.T @ bend, terms.T @ own)
        before = drop
        drop = np.clip(np.rint(drop) + step, -_STEEPEST, _STEEPEST)
        if (np.rint(drop) == np.rint(before)).all():
            break
    return drop


# A band's drop within its lane is found in so many turns, and held to so many rows.
_TURNS, _STEEPEST = 5, 20


# Bands that are not yet level leave more of a mark than it comes to at last, as good as
# always: what stands out by less than this share of what it must is none.
_FIRST_LOOK = 0.75


def _may_stand_out(
    values: NDArray[np.float32], seeds: NDArray[np.uint8], mask: NDArray[np.uint8], fitted: _Fitted
) -> bool:
    """Whether there may be a mark, bands not levelled yet: most of what is looked at is none."""
    model, spread = fitted
    left_over = values - model
    size = np.abs(left_over - _around(left_over, mask)) / spread
    return bool(size[seeds > 0].max(initial=0) > _FIRST_LOOK * CLEAR)


# Model of a piece of a lane, and how far off it px are thought to be.
_Fitted = tuple[NDArray[np.float32], NDArray[np.float32]]


def _fitted(
    values: NDArray[np.float32], mask: NDArray[np.uint8], noise: NoiseModel
) -> _Fitted | None:
    """What is fitted to a piece of a lane, its marks left out."""
    fitted = _columns(values, (1 - mask).astype(np.float32))
    if fitted is None:
        return None
    model = np.asarray(fitted[0] @ fitted[1].T, np.float32)
    return model, _spread_of(model, noise)


def _spread_of(model: NDArray[np.float32], noise: NoiseModel) -> NDArray[np.float32]:
    """How far pixels may depart from the model: noise, and what a band is uneven by itself."""
    spread = np.sqrt(noise.variance(model)).astype(np.float32)
    spread = np.hypot(spread, np.float32(_UNEVEN) * (model - model.min()))
    return np.asarray(np.maximum(spread, np.float32(_LEAST)), np.float32)


def _unlike_a_band(
    values: NDArray[np.float32], seeds: NDArray[np.uint8], noise: NoiseModel
) -> NDArray[np.uint8]:
    """Seeds without what is a band's own: brighter at its ends, but along the lane as beside.

    Marks (seeds that touch) of which most departs count as a whole, of others only what departs.
    """
    beside = cv2.dilate(seeds.max(axis=0)[None], _STAR)[0] == 0
    if beside.mean() < _ENOUGH:
        return seeds
    profile = values[:, beside].mean(axis=1)
    base = np.stack([np.ones_like(profile), profile - profile.mean(), np.gradient(profile)], 1)
    model = base @ np.linalg.lstsq(base, values, rcond=None)[0]
    away = cv2.dilate(np.abs(values - model) / _spread_of(model, noise), _STAR) > CLEAR
    end = round(_END * beside.size)
    away[:, end:-end] = True
    count, marks = cv2.connectedComponents(cv2.dilate(seeds, _STAR), connectivity=8)
    of_mark = marks[seeds > 0]
    kept = 2 * np.bincount(of_mark, away[seeds > 0], count) > np.bincount(of_mark, minlength=count)
    return np.asarray(seeds * (kept[marks] | away), np.uint8)


def _filled(
    box: _Box, seeds: NDArray[np.uint8], noise: NoiseModel, fitted: _Fitted | None
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]] | None:
    """What the box would show without marks, where they are, and how far each pixel may be off.

    `fitted` is what fits with all that touches the seeds left out, or None where not known yet.
    """
    values = box.values
    own_seeds = _unlike_a_band(values, seeds, noise)
    if not own_seeds.any():
        return None
    if (own_seeds != seeds).any():
        seeds, fitted = own_seeds, None
    mask = np.asarray(cv2.dilate(seeds, _STAR), np.uint8)
    for turn in range(3):
        if turn or fitted is None:
            fitted = _fitted(values, mask, noise)
        if fitted is None:
            return None
        model, spread = fitted
        left_over: NDArray[np.float32] = values - model
        # where the model does not fit, as much of a row departs from it
        own = _own_spread(left_over / spread)
        size = np.abs(left_over - _around(left_over, mask)) / (spread * own)
        mask = _grown(((seeds > 0) & (size > CLEAR)).astype(np.uint8), size)
        if not mask.any() or mask.mean() > _MOST:
            return None
    mask = np.asarray(cv2.dilate(mask, _STAR), np.uint8)
    fill: NDArray[np.float32] = model + _around(left_over, mask)
    off = np.sqrt(own**2 - 1) * spread + np.float32(_DOUBT) * np.abs(values - fill)
    return fill, mask, np.asarray(off, np.float32)


def _own_spread(away: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each row departs from the model, in units of the noise, 1 or more; shape (R, 1).

    Of seven rows the middling one counts: a level scratch is thinner than a band.
    """
    of_row = 1.4826 * np.median(np.abs(away), axis=1)
    nearby = np.pad(of_row, 3, mode="edge")[np.arange(of_row.size)[:, None] + np.arange(7)]
    middling = np.maximum(np.median(nearby, axis=1), 1.0).astype(np.float32)[:, None]
    return np.asarray(cv2.dilate(middling, _COLUMN), np.float32)


def _grown(mask: NDArray[np.uint8], size: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Marks with all that touches them and stands out."""
    near = cv2.dilate(mask, np.ones((4 * REACH + 1, 4 * REACH + 1), np.uint8))
    skirt = ((size > _SKIRT) & (near > 0)).astype(np.uint8)
    count, labels = cv2.connectedComponents(cv2.max(skirt, mask), connectivity=8)
    chosen = np.zeros(count, np.uint8)
    chosen[labels[mask > 0]] = 1
    chosen[0] = 0
    return np.asarray(chosen[labels], np.uint8)


def _around(away: NDArray[np.float32], mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean departure of the pixels around each, those that are marked left out."""
    free = (1 - mask).astype(np.float32)
    blur = (9, 9)
    share = cv2.boxFilter(free, -1, blur, borderType=cv2.BORDER_REPLICATE)
    mean = cv2.boxFilter(away * free, -1, blur, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(mean / np.maximum(share, 0.1), np.float32)


def _columns(
    values: NDArray[np.float32], weight: NDArray[np.float32], turns: int = 2
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Base of the model (1, profile, its slope) and each column's share of each."""
    shape: NDArray[np.float32] = np.ones(values.shape[1], np.float32)
    level: NDArray[np.float32] = np.zeros(values.shape[1], np.float32)
    weighed, usual = (weight * values).T, weight.mean(axis=0)
    for _ in range(turns):
        profile = _profile(values - level, weight, shape)
        if profile is None:
            return None
        base, mean = _base_of(profile), float(profile.mean())
        ridge = 1e-3 * weight.shape[0] * (base**2).mean(axis=0) + 1e-12
        pairs = base[:, _ONE] * base[:, _OTHER]
        left = weight.T @ pairs.astype(np.float32) + ridge.take(_DIAGONAL) * _ON_DIAGONAL
        right = weighed @ base.astype(np.float32) + ridge * (mean, 1.0, 0.0)
        columns = _solved(left, right)
        columns = _of_known(columns, weight, profile, usual)
        shape = columns[:, 1].astype(np.float32)
        level = (columns[:, 0] - columns[:, 1] * mean).astype(np.float32)
    return base, columns


def _base_of(profile: NDArray[np.float64]) -> NDArray[np.float64]:
    """What columns are made of: a level, the profile about its mean, its slope; shape (N, 3)."""
    base = np.empty((profile.size, 3))
    base[:, 0] = 1.0
    np.subtract(profile, profile.mean(), out=base[:, 1])
    # as numpy.gradient has it
    np.subtract(profile[2:], profile[:-2], out=base[1:-1, 2])
    base[1:-1, 2] /= 2
    base[0, 2], base[-1, 2] = profile[1] - profile[0], profile[-1] - profile[-2]
    return base


# The six different entries of a symmetric matrix of three rows.
_ONE, _OTHER = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 2, 1, 2, 2])
_DIAGONAL, _ON_DIAGONAL = np.array([0, 0, 0, 1, 0, 2]), np.array([1, 0, 0, 1, 0, 1])


def _solved(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solutions of many symmetric systems of three, by Cramer's rule."""
    entries = np.ascontiguousarray(left.T)
    minors = entries[_FACTORS[0]] * entries[_FACTORS[1]]
    minors -= entries[_FACTORS[2]] * entries[_FACTORS[3]]
    of_first = entries[:3] * minors[:3]
    terms = minors[_INVERSE] * right.T
    x = terms[:, 0] + terms[:, 1] + terms[:, 2]
    x /= of_first[0] + of_first[1] + of_first[2]
    return np.asarray(x.T)


# The six minors of such a matrix, each as the product of two of its entries less another, and the
# minors in its inverse.
_FACTORS = np.array(
    [[3, 2, 1, 0, 1, 0], [5, 4, 4, 5, 2, 3], [4, 1, 2, 2, 0, 1], [4, 5, 3, 2, 4, 1]]
)
_INVERSE = np.array([[0, 1, 2], [1, 3, 4], [2, 4, 5]])


def _profile(
    values: NDArray[np.float32], weight: NDArray[np.float32], shape: NDArray[np.float32]
) -> NDArray[np.float64] | None:
    """Profile along the lane; rows that marks cover are on a curve through their neighbours."""
    total = weight @ shape**2
    known = total > 0.15 * float(shape @ shape)
    if np.count_nonzero(known) < 5:
        return None
    along = np.arange(total.size)
    mean = ((weight * values) @ shape)[known] / total[known]
    if known.all():
        return np.asarray(mean, np.float64)
    profile = np.asarray(np.interp(along, along[known], mean), np.float64)
    hidden = np.flatnonzero(~known)
    for gap in np.split(hidden, np.flatnonzero(np.diff(hidden) > 1) + 1):
        _bridge(profile, known, gap)
    return profile


def _bridge(profile: NDArray[np.float64], known: NDArray[np.bool_], gap: NDArray[np.intp]) -> None:
    """Lay a curve across a gap in a profile; a longer gap, or one near an end, stays a line."""
    if not 0 < gap.size <= _BESIDE:
        return
    beside = np.r_[gap[0] - _BESIDE : gap[0], gap[-1] + 1 : gap[-1] + 1 + _BESIDE]
    if beside[0] < 0 or beside[-1] >= known.size or not known[beside].all():
        return
    middle = (gap[0] + gap[-1]) / 2
    curve = np.polyfit((beside - middle) / gap.size, profile[beside], 4)
    profile[gap] = np.polyval(curve, (gap - middle) / gap.size)


# Across so many rows at most a profile is continued by what is in as many rows to either side.
_BESIDE = 6


def _of_known(
    columns: NDArray[np.float64],
    weight: NDArray[np.float32],
    profile: NDArray[np.float64],
    usual: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Columns' coefficients; where marks cover the band, those of the columns beside.

    `usual` is the mean weight of each column.

    Beyond the last column that shows the band it ends as it does on the lane's other side.
    """
    high = profile - profile.mean()
    seen = (high**2).astype(np.float32) @ weight / max(float(high @ high), _LEAST)
    known = np.minimum(seen, usual) > _ENOUGH
    if known.all():
        return columns
    places = np.flatnonzero(known)
    if places.size < 3:
        return columns
    along = np.arange(known.size)
    found = np.stack([np.interp(along, places, of[places]) for of in columns.T], axis=1)
    beyond = (along < places[0]) | (along > places[-1])
    other = along[::-1]
    use = np.flatnonzero(beyond & known[other])
    band = profile.mean() - np.partition(profile, profile.size // 10)[profile.size // 10]
    found[use, 0] += (columns[other[use], 1] - found[use, 1]) * band
    found[use, 1] = columns[other[use], 1]
    return found


# A column is known if so much of the band is not covered there.
_ENOUGH = 0.4

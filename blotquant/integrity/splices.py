"""Joined pieces: a vertical line at which the ground jumps, or the noise changes, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter, minimum_filter1d, uniform_filter1d

from ..model import Panel
from .residual import Floats, Picture

__all__ = ["Splice", "find_splices"]

_BLOCK = 8  # rows summed: the ground changes little over them
_MARGIN = 6  # px that the membrane's edges are kept away
_SHARE = 0.6  # of a panel's height that must be membrane on both sides
_SHARPER = 1.5  # a jump exceeds those beside it; the softest edge that optics leave does not
_CUT = 4.0
_WIDTH = 24  # columns on either side whose noise is compared
# The noise may change along a lane, so it tells of a joint only where a step stands out as well.
_JUMP, _CHANGE, _SOME = 9.0, 16.0, 6.0
_ALONE = 6  # columns to the next jump


@dataclass(frozen=True)
class Splice:
    """A line where two pieces seem to be joined.

    Parameters
    ----------
    column : int
        Last column of the left piece.
    top, bottom : int
        Rows of the membrane there.
    jump : float
        How far the jump of the ground stands above that of all other columns, in robust SDs.
    noise_ratio : float
        Noise variance right of the line over that left of it, the signal's share taken out.
    change : float
        How far that change stands out, in standard errors.
    """

    column: int
    top: int
    bottom: int
    jump: float
    noise_ratio: float
    change: float


@dataclass(frozen=True, eq=False)
class _Seams:
    """What is known of each place between two columns of a panel."""

    jump: NDArray[np.float64]
    change: NDArray[np.float64]
    ratio: NDArray[np.float64]
    usable: NDArray[np.bool_]


def find_splices(picture: Picture, panels: Sequence[Panel]) -> list[Splice]:
    """Lines at which a picture seems to be joined, the clearest first.

    Parameters
    ----------
    picture : Picture
    panels : sequence of Panel
        Membranes: within them a joint need not go through all of the picture.

    Notes
    -----
    The whole picture is looked at as well: two pieces of unlike grounds pass for a membrane and its
    surround. Of that only what has noise counts, as canvas is joined to every membrane.
    """
    masks = [_inside(panel, picture) for panel in panels]
    found: dict[int, Splice] = {}
    for mask in [*masks, picture.noisy]:
        rows = np.flatnonzero(mask.any(axis=1))
        if rows.size < 3 * _BLOCK:
            continue
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        for one in _clear(measure(picture, mask, (top, bottom)), top, bottom):
            if all(abs(one.column - known) > _ALONE for known in found):
                found[one.column] = one
    return sorted(found.values(), key=lambda one: -max(one.jump / _JUMP, one.change / _CHANGE))


def measure(picture: Picture, mask: NDArray[np.bool_], rows: tuple[int, int]) -> _Seams:
    """Jump and change of noise between all neighbouring columns."""
    window = slice(*rows)
    signal, good = picture.signal[window], mask[window]
    smooth = np.asarray(cv2.GaussianBlur(signal, (0, 0), 2.0), np.float32)
    deviation = np.sqrt(picture.noise.variance(smooth)).astype(np.float32)
    pairs = good[:, 1:] & good[:, :-1]
    usable = pairs.mean(axis=0) > _SHARE
    usable &= (pairs & picture.noisy[window][:, 1:]).mean(axis=0) > 0.5 * _SHARE
    jump = _jumps(signal, deviation, pairs)
    change, ratio = _changes(signal, deviation, good & picture.noisy[window])
    compared = _all_around(usable)
    change[~compared], ratio[~compared] = 0.0, 1.0
    return _Seams(_standing_out(jump, usable), change, ratio, _off_the_edge(usable))


def _off_the_edge(usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Places at which both pieces would be wider than a lane: edges of membranes are sharp too."""
    places = np.flatnonzero(usable)
    inner = np.zeros_like(usable)
    if places.size:
        inner[places[0] + _WIDTH : max(places[-1] - _WIDTH, 0)] = True
    return inner & usable


def _all_around(usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether all columns that are compared at a place can be used."""
    return np.asarray(minimum_filter1d(usable.astype(np.uint8), 2 * _WIDTH + 1, mode="nearest") > 0)


def _inside(panel: Panel, picture: Picture) -> NDArray[np.bool_]:
    """Pixels of a panel, its edges left out; the whole picture where it has no outline."""
    mask = np.zeros(picture.shape, dtype=np.uint8)
    if len(panel.outline) > 2:
        corners = np.rint(np.array(panel.outline)[:, ::-1]).astype(np.int32)
        cv2.fillPoly(mask, [corners], 1)
        kernel = np.ones((2 * _MARGIN + 1,) * 2, np.uint8)
        return np.asarray(cv2.erode(mask, kernel, borderValue=1) > 0)
    return np.ones(picture.shape, dtype=bool)


def _jumps(signal: Floats, deviation: Floats, pairs: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean over blocks of rows of how much sharper a step is than those beside it."""
    steps = (signal[:, 1:] - signal[:, :-1]) / (np.sqrt(2) * deviation[:, 1:])
    steps = np.where(pairs, steps, 0)
    count = len(steps) // _BLOCK
    blocks = steps[: count * _BLOCK].reshape(count, _BLOCK, -1).sum(axis=1) / np.sqrt(_BLOCK)
    size = np.abs(blocks)
    beside = np.zeros_like(size)
    beside[:, 1:-1] = np.maximum(size[:, :-2], size[:, 2:])
    sharp = np.clip(size - _SHARPER * np.maximum(beside - 1.0, 0), 0, _CUT)
    return np.asarray(sharp.mean(axis=0, dtype=np.float64))


def _standing_out(values: NDArray[np.float64], usable: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Robust z of each column among those around it."""
    if usable.sum() < 30:
        return np.zeros_like(values)
    filled = np.where(usable, values, np.median(values[usable]))
    rest = filled - median_filter(filled, 61, mode="nearest")
    spread = 1.4826 * float(np.median(np.abs(rest[usable])))
    return np.where(usable, rest / max(spread, 1e-9), 0.0)


def _changes(
    signal: Floats, deviation: Floats, good: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Change of noise at each place between columns, in standard errors, and as a ratio."""
    second = np.zeros_like(signal)
    second[1:-1] = signal[2:] - 2 * signal[1:-1] + signal[:-2]
    squares = np.minimum((second / deviation) ** 2 / 6, 9.0)
    weight = np.maximum(good.sum(axis=0), 1)
    level = np.log(np.where(good, squares, 0).sum(axis=0) / weight + 1e-6)
    scatter = 1.4826 * float(np.median(np.abs(np.diff(level)))) / np.sqrt(2) + 1e-6
    left = np.full(level.size - 1, np.nan)
    right = np.full(level.size - 1, np.nan)
    means = uniform_filter1d(level, _WIDTH, mode="nearest")
    half = _WIDTH // 2
    left[_WIDTH - 1 :] = means[half : level.size - half][: left[_WIDTH - 1 :].size]
    right[: level.size - _WIDTH] = means[half + 1 :][: level.size - _WIDTH]
    difference = np.nan_to_num(right - left)
    return np.abs(difference) / (scatter * np.sqrt(2 / _WIDTH)), np.exp(difference)


def _clear(seams: _Seams, top: int, bottom: int) -> list[Splice]:
    """Columns that stand out for their jump, or for the change of noise with a jump of its own."""
    usual = float(np.median(seams.change[seams.usable])) if seams.usable.any() else 0.0
    change = seams.change / max(usual / 2, 1.0)
    both = (seams.jump / _JUMP) ** 2 + (change / _CHANGE) ** 2
    highest = both >= maximum_filter1d(both, 2 * _ALONE + 1)
    clear = highest & seams.usable
    clear &= (seams.jump > _JUMP) | ((change > _CHANGE) & (seams.jump > _SOME))
    return [
        Splice(
            int(column),
            top,
            bottom,
            float(seams.jump[column]),
            float(seams.ratio[column]),
            float(change[column]),
        )
        for column in np.flatnonzero(clear)
    ]

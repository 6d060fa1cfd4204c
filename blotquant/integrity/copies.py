"""Copies proved: where two regions agree better than their noise allows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..notice import Box
from .anchors import TURNS
from .matching import Candidate, ahead
from .residual import NOISE_GAIN, Floats, Picture, fine

__all__ = ["Copy", "proved"]

_AROUND = 120
_WINDOW = 9
# Share of the noise of two independent pictures that is left in their difference.
_LEFT = 0.4
_SMALLEST = 150  # px
_ITSELF = 0.2
_ALIKE = 0.6
_QUIET = 4.0  # SDs of the noise of two pictures
_TELLING = 0.5  # grey levels: noise below drowns in rounding


@dataclass(frozen=True, eq=False)
class Copy:
    """Two regions with the same noise.

    Parameters
    ----------
    first, second : int
        Numbers of the pictures.
    box, other : (top, left, bottom, right)
        Where the region is in each, px.
    turn : str
        What was done to the second; empty for nothing.
    shift : (int, int)
        ``second place = turn @ first place + shift``.
    pixels : int
        Size of the region.
    left : float
        Variance of the difference over that of two independent pictures.
    correlation : float
        Of the fine structure of both.
    gain : float
        Contrast of the second over that of the first.
    """

    first: int
    second: int
    box: Box
    other: Box
    turn: str
    shift: tuple[int, int]
    pixels: int
    left: float
    correlation: float
    gain: float


def proved(candidate: Candidate, first: Picture, second: Picture) -> Copy | None:
    """Test a candidate; None where the two regions are merely similar.

    Two recordings of anything differ by their noise. A copy does not, whatever was done to its
    contrast: after a smooth curve from one to the other is fitted, less is left of the difference
    than the noise of both.

    Parameters
    ----------
    candidate : Candidate
    first, second : Picture
        The pictures that it names.
    """
    there = _turned(second, candidate)
    window = _window(candidate, first.shape, there.offset, there.signal.shape)
    if window is None:
        return None
    top, left, bottom, right = window
    here = (slice(top, bottom), slice(left, right))
    row, col = top - there.offset[0], left - there.offset[1]
    over = (slice(row, row + bottom - top), slice(col, col + right - left))
    a, b = first.signal[here], np.ascontiguousarray(there.signal[over])
    usable = first.noisy[here] & there.noisy[over]
    if candidate.first == candidate.second:
        usable &= _one_side(window, candidate)
    near = _near(candidate.places, window)
    found = _compare(a, b, near & usable, usable, (first, second))
    if found is None:
        return None
    region, share, correlation, gain = found
    rows, cols = np.nonzero(region)
    box = (
        top + int(rows.min()),
        left + int(cols.min()),
        top + int(rows.max()) + 1,
        left + int(cols.max()) + 1,
    )
    other = _carried(box, candidate)
    if candidate.first == candidate.second and _overlap(box, other) > _ITSELF:
        return None
    return Copy(
        candidate.first,
        candidate.second,
        box,
        other,
        candidate.turn,
        candidate.shift,
        int(region.sum()),
        share,
        correlation,
        gain,
    )


@dataclass(frozen=True, eq=False)
class _Turned:
    """The second picture turned into the first one's coordinates, and where its corner lies."""

    signal: Floats
    noisy: NDArray[np.bool_]
    offset: tuple[int, int]


def _turned(picture: Picture, candidate: Candidate) -> _Turned:
    """Undo the turn: ``turned[place - offset] = picture[turn @ place + shift]``."""
    matrix = np.array(TURNS[candidate.turn])
    back = matrix.T  # orthogonal
    rows, cols = picture.shape
    corners = np.array([[0, 0], [rows - 1, cols - 1]]) - np.array(candidate.shift)
    offset = (corners @ back.T).min(axis=0)
    signal, noisy = picture.signal, picture.noisy
    if matrix[0, 0] == 0:
        signal, noisy = signal.T, noisy.T
    # row of the first grows with (or against) its own axis of the second
    flip_rows, flip_cols = (int(matrix[:, axis].sum()) < 0 for axis in (0, 1))
    if flip_rows:
        signal, noisy = signal[::-1], noisy[::-1]
    if flip_cols:
        signal, noisy = signal[:, ::-1], noisy[:, ::-1]
    return _Turned(signal, noisy, (int(offset[0]), int(offset[1])))


def _window(
    candidate: Candidate, shape: tuple[int, int], offset: tuple[int, int], size: tuple[int, ...]
) -> Box | None:
    """Where both pictures are, around the anchors."""
    low, high = candidate.places.min(axis=0) - _AROUND, candidate.places.max(axis=0) + _AROUND
    top, left = (int(max(low[i], 0, offset[i])) for i in (0, 1))
    bottom, right = (int(min(high[i] + 1, shape[i], offset[i] + size[i])) for i in (0, 1))
    return (top, left, bottom, right) if bottom - top > 12 and right - left > 12 else None


def _one_side(window: Box, candidate: Candidate) -> NDArray[np.bool_]:
    """Pixels whose counterpart lies ahead: what undoes itself would join the two regions."""
    rows, cols = np.mgrid[window[0] : window[2], window[1] : window[3]]
    place = np.stack([rows, cols], axis=-1)
    there = place @ np.array(TURNS[candidate.turn]).T + np.array(candidate.shift)
    return ahead((there - place).reshape(-1, 2)).reshape(rows.shape)


def _near(places: NDArray[np.int32], window: Box) -> NDArray[np.bool_]:
    """Pixels around the anchors."""
    mask = np.zeros((window[2] - window[0], window[3] - window[1]), dtype=np.uint8)
    inside = places - np.array(window[:2])
    good = (inside >= 0).all(axis=1) & (inside < np.array(mask.shape)).all(axis=1)
    mask[tuple(inside[good].T)] = 1
    return np.asarray(cv2.dilate(mask, np.ones((_WINDOW, _WINDOW), np.uint8)) > 0)


def _compare(
    a: Floats,
    b: Floats,
    start: NDArray[np.bool_],
    usable: NDArray[np.bool_],
    pictures: tuple[Picture, Picture],
) -> tuple[NDArray[np.bool_], float, float, float] | None:
    """Region where the difference is less than noise; its share, correlation and contrast."""
    region = start
    for _ in range(3):
        if region.sum() < 40:
            return None
        mapped, slope = _curve(a, b, region)
        variance = _noise_of_difference(a, b, slope, pictures)
        rest = fine(b - mapped) ** 2
        share = _local(rest, usable) / np.maximum(_local(variance, usable), 1e-30)
        region = _joined((share < _LEFT) & usable, start)
    # lines and letters that were drawn twice agree as well: what counts is what may be noise
    quiet = region & (fine(b) ** 2 < _QUIET**2 * variance)
    telling = variance[quiet] / NOISE_GAIN > (_TELLING * pictures[1].step) ** 2
    if quiet.sum() < _SMALLEST or telling.mean() < 0.5:
        return None
    left = float(rest[quiet].mean() / variance[quiet].mean())
    correlation = float(np.corrcoef(fine(a)[quiet], fine(b)[quiet])[0, 1])
    gain = float(np.median(slope[region]))
    if left > _LEFT or correlation < _ALIKE or not np.isfinite(correlation):
        return None
    return region, left, correlation, gain


def _curve(a: Floats, b: Floats, region: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Cubic curve from the first signal to the second, and its slope, everywhere."""
    x, y = a[region].astype(np.float64), b[region].astype(np.float64)
    center, scale = float(x.mean()), float(x.std()) or 1.0
    degree = 3 if len(x) > 200 else 1
    curve = np.polynomial.Polynomial.fit((x - center) / scale, y, degree, domain=[-1, 1])
    z = np.clip((a.astype(np.float64) - center) / scale, -6, 6)
    slope = curve.deriv()(z) / scale
    return curve(z).astype(np.float32), slope.astype(np.float32)


def _noise_of_difference(
    a: Floats, b: Floats, slope: Floats, pictures: tuple[Picture, Picture]
) -> Floats:
    """Variance that `fine` of the difference would have if both had noise of their own."""
    first, second = (
        picture.noise.variance(np.asarray(cv2.GaussianBlur(signal, (0, 0), 1.5), np.float32))
        for picture, signal in zip(pictures, (a, b), strict=True)
    )
    return (NOISE_GAIN * (second + slope**2 * first)).astype(np.float32)


def _local(values: Floats, usable: NDArray[np.bool_]) -> Floats:
    """Mean over the usable pixels of a window around each."""
    weight = usable.astype(np.float32)
    total = cv2.blur(values * weight, (_WINDOW, _WINDOW))
    return np.asarray(
        total / np.maximum(cv2.blur(weight, (_WINDOW, _WINDOW)), 1e-6), dtype=np.float32
    )


def _joined(mask: NDArray[np.bool_], start: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Connected parts of a mask that hold enough of the start."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    kept = np.zeros(count, dtype=bool)
    held = np.bincount(labels[start], minlength=count)
    kept[1:] = (held[1:] > 0) & (stats[1:, cv2.CC_STAT_AREA] >= 60)
    return np.asarray(kept[labels] & mask)


def _carried(box: Box, candidate: Candidate) -> Box:
    """The box where the second picture has it."""
    corners = np.array([[box[0], box[1]], [box[2] - 1, box[3] - 1]])
    moved = corners @ np.array(TURNS[candidate.turn]).T + np.array(candidate.shift)
    (top, left), (bottom, right) = moved.min(axis=0), moved.max(axis=0)
    return int(top), int(left), int(bottom) + 1, int(right) + 1


def _overlap(one: Box, other: Box) -> float:
    """Share of a box that another of the same size covers: a letter is its own mirror image."""
    height = min(one[2], other[2]) - max(one[0], other[0])
    width = min(one[3], other[3]) - max(one[1], other[1])
    area = (one[2] - one[0]) * (one[3] - one[1])
    return max(height, 0) * max(width, 0) / area

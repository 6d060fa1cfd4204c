"""What the membrane shows beside a lane: where it is cloudy, that tells what lies under bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import grey_opening

from .baseline import LaneView
from .model import Lane, Point
from .neighbours import neighbours
from .noise import NoiseModel, estimate_noise
from .reading import read_lane, sums_between
from .smoother import SmoothBaseline, fit_baselines

__all__ = ["grounds_beside", "membrane_limits"]

Floats = NDArray[np.float64]

# Of a gap between two lanes this share is read, in its middle; no less than so many px, ...
_SHARE, _LEAST = 0.6, 2.0
# ... and of a wide one no further from the lane than this share of the lane's width.
_NEAR = 0.25
# A membrane's outline is good to a few px, and its edge is soft.
_EDGE = 4.0
# Bands fade sideways: beside their lane they are thought to be this share of their height at most,
# before it was looked for there.
_LEAK = 0.05
# How they fade differs from band to band, by this share.
_UNLIKE = 0.5
# Where a neighbour's bands are is seen from what is narrower than this many of the lane's own.
_NARROWER = 1.5


def grounds_beside(
    views: Sequence[LaneView], above: Sequence[Floats]
) -> list[SmoothBaseline | None]:
    r"""Background beside lanes of one length, at each of their rows, without what bands leak there.

    Parameters
    ----------
    views : sequence of LaneView, length L
    above : sequence of ndarray, each of shape (N,)
        Mean signal of the lane's own bands across the lane, a.u.; 0 where there is none.

    Returns
    -------
    list of SmoothBaseline or None, length L
        Mean of a pixel, a.u.; None where there is no room on either side of a lane.

    Notes
    -----
    The middle of the gap on either side is read row by row, and interpolated to the middle of the
    lane. Bands, those of the lane (p) and of its neighbours, reach a little into the gaps: the
    ground is read as a smooth curve :math:`g + \lambda p`. How much they leak is told by how far
    the gaps rise above the curve that leaves out the rows of the lane's bands,

    .. math:: \lambda = \frac{\sum_i R_i P_i / v_i}{\sum_i P_i^2 / v_i + 1/s^2}

    with R and P the sums of the rise and of p over band i, v the variance of R, and s (_LEAK) what
    is thought of :math:`\lambda` beforehand. What is then not known of it stays as variance of
    these rows.
    """
    found: list[SmoothBaseline | None] = [None] * len(views)
    if not views:
        return found
    noise = estimate_noise(views[0].blot)
    grounds = {}
    for k, (view, own) in enumerate(zip(views, above, strict=True)):
        ground = _ground(view, own, noise)
        if ground is not None:
            grounds[k] = ground
    if not grounds:
        return found
    mean, variance, bands = (
        np.array([getattr(ground, name) for ground in grounds.values()])
        for name in ("mean", "variance", "bands")
    )
    hidden = _smoothed(mean, variance + bands**2)
    leaks = [
        _leak(views[k], ground, fit)
        for (k, ground), fit in zip(grounds.items(), hidden, strict=True)
    ]
    share, doubt = np.array(leaks).T[:, :, None]
    left = variance + (np.hypot(doubt, _UNLIKE * share) * bands) ** 2
    for k, fit in zip(grounds, _smoothed(mean - share * bands, left), strict=True):
        found[k] = fit
    return found


@dataclass(frozen=True, eq=False)
class _Ground:
    """What was read beside a lane, interpolated to its middle; N rows."""

    mean: Floats  # of a pixel, a.u.
    variance: Floats
    bands: Floats  # mean signal of the bands that may leak there


def _smoothed(mean: Floats, variance: Floats) -> list[SmoothBaseline]:
    every = np.ones(mean.shape, bool)
    return fit_baselines(mean, np.maximum(variance, 1e-300), every, np.zeros(len(mean)))


def _leak(view: LaneView, ground: _Ground, hidden: SmoothBaseline) -> tuple[float, float]:
    """Share of the bands' height that stands beside the lane, and how uncertain that is."""
    position = view.profile.position
    start, stop = np.array(view.bands).reshape(-1, 2).T - position[0]
    first = np.clip(np.ceil(start), 0, position.size).astype(np.intp)
    last = np.clip(np.floor(stop) + 1, first, position.size).astype(np.intp)
    sums = np.zeros((3, position.size + 1))
    np.cumsum((ground.mean - hidden.level, ground.bands, ground.variance), axis=1, out=sums[:, 1:])
    rise, bands, noise = sums[:, last] - sums[:, first]
    variance = np.maximum(hidden.variances_between(start, stop) + noise, 1e-300)
    known = float((bands**2 / variance).sum()) + 1 / _LEAK**2
    return max(float((rise * bands / variance).sum()) / known, 0.0), known**-0.5


def _ground(view: LaneView, own: Floats, noise: NoiseModel) -> _Ground | None:
    position = view.profile.position
    center = view.lane.center(position)
    near = {step: neighbours(view.lane, view.lanes, step)[:1] for step in (-1, 1)}
    gaps = {step: _gap(view, center, step, beside[0]) for step, beside in near.items() if beside}
    for step, beside in near.items():
        other = gaps.get(-step)
        if not beside and other is not None:  # as far out as on the other side
            gaps[step] = (2 * center - other[0], other[1])
    strips = {
        step: strip
        for step, gap in gaps.items()
        if gap is not None and (strip := _strip(view, *gap, noise)) is not None
    }
    if len(strips) < 2:  # one alone does not tell how the ground rises across the lane
        return None
    apart = {step: float(np.mean(np.abs(strip[2] - center))) for step, strip in strips.items()}
    whole = sum(apart.values())
    mean, variance = np.zeros(position.size), np.zeros(position.size)
    bands = own.copy()
    for step, strip in strips.items():
        share = 1 - apart[step] / whole
        mean += share * strip[0]
        variance += share**2 * strip[1]
        if near[step]:
            bands += share * _bands_of(near[step][0], view, noise)
    return _Ground(mean, variance, bands)


def _gap(view: LaneView, center: Floats, step: int, other: Lane) -> tuple[Floats, float] | None:
    """Middle of what is to be read between a lane and its neighbour, and its width."""
    edge = center + step * view.lane.width / 2
    end = other.center(view.profile.position) - step * other.width / 2
    gap = step * (end - edge)
    least = float(gap.min())
    if least < 0:
        return None
    away = np.minimum(gap / 2, max(_NEAR * view.lane.width, least / 2))
    return edge + step * away, max(_LEAST, min(_SHARE * least, 2 * _NEAR * view.lane.width))


def _strip(
    view: LaneView, middle: Floats, width: float, noise: NoiseModel
) -> tuple[Floats, Floats, Floats] | None:
    """Mean of a pixel of a narrow strip at each row, its variance, and the strip's middle."""
    position = view.profile.position
    rows = np.linspace(position[0], position[-1], 13)
    left, right = membrane_limits(view, rows)
    at = np.stack([middle - width / 2, middle + width / 2])
    if (at[0] < np.interp(position, rows, left)).any():
        return None
    if (at[1] > np.interp(position, rows, right)).any():
        return None
    first, last = int(at[0].min() + 0.5), int(at[1].max() + 0.5)
    last = min(last, view.blot.shape[1] - 1)
    part = slice(int(position[0]), int(position[-1]) + 1), slice(first, last + 1)
    mean = sums_between(view.blot.signal(part), at + (0.5 - first))[0] / width
    return mean, noise.variance(mean) / width, middle


def _bands_of(other: Lane, view: LaneView, noise: NoiseModel) -> Floats:
    """Mean signal of a neighbour's bands at this lane's rows: what is narrow along it."""
    read = read_lane(view.blot, other, noise)
    if not read.position.size:
        return np.zeros(view.profile.position.size)
    mean = read.intensity / np.maximum(read.width, 1e-9)
    longest = max((stop - start for start, stop in view.bands), default=0.0)
    size = max(3, int(_NARROWER * longest))
    narrow = mean - grey_opening(mean, size=size, mode="nearest")
    own = view.profile.position
    return np.asarray(np.interp(own, read.position, narrow, left=0.0, right=0.0), np.float64)


def membrane_limits(view: LaneView, rows: Floats) -> tuple[Floats, Floats]:
    """First and last column of the membrane at each row, soft edges left out."""
    last = view.blot.shape[1] - 1.0
    left, right = np.full(rows.size, -0.5), np.full(rows.size, last + 0.5)
    for k, row in enumerate(rows):
        crossings = _crossings(view.outline, float(row))
        if len(crossings) >= 2:
            # an outline along the picture's edge is no edge of the membrane
            if min(crossings) > 1.0:
                left[k] = min(crossings) + _EDGE
            if max(crossings) < last - 1.0:
                right[k] = max(crossings) - _EDGE
    return left, np.maximum(left, right)


def _crossings(outline: tuple[Point, ...], row: float) -> list[float]:
    return [
        a[1] + (b[1] - a[1]) * (row - a[0]) / (b[0] - a[0])
        for a, b in pairwise((*outline, *outline[:1]))
        if a[0] != b[0] and min(a[0], b[0]) <= row <= max(a[0], b[0])
    ]

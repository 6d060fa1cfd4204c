"""The background beside a lane: for lanes full of signal, where nothing under it is free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .baseline import Baseline, LaneView
from .between_lanes import membrane_limits
from .lane_background import lane as under_lane
from .model import Lane
from .neighbours import neighbours
from .noise import estimate_noise
from .reading import read_lane, row_weights
from .recipe import BackgroundSettings
from .smoother import SmoothBaseline, fit_baseline

__all__ = ["beside"]

# Of a gap between two lanes the middle half is read: its ends hold the lanes' soft edges.
_INSET = 0.25
# Beside an outer lane the membrane is read from here to here, shares of the lane's width.
_MARGIN = (0.12, 0.6)
# Less than this is no gap, px.
_LEAST = 1.0


def beside(view: LaneView, settings: BackgroundSettings) -> Baseline:
    """Membrane to either side of the lane, interpolated across it: for total-protein stains.

    The middle of the gap to the next lane, or, beside the first and the last, a margin of the
    membrane, is read row by row and smoothed along the lane; what lies between the two sides is
    a straight line. Where lanes touch, the next gap further out is taken. With a free side to the
    left or right only, its level is taken as it is; with neither, the curve through the lane's own
    lowest parts (method ``lane``) stands in, and the lane is flagged ``BASELINE_UNCERTAIN``.

    Notes
    -----
    The variance holds the noise of both sides and a share of their difference (that of a uniform
    distribution between them), since nobody sees whether the membrane rises evenly in between.
    """
    sides = [side for side in (_side(view, -1), _side(view, 1)) if side is not None]
    if not sides:
        return replace(under_lane(view, settings), uncertain=True)
    profile = view.profile
    shares = _shares(view, sides)
    level = profile.width * sum(
        share * side.mean for share, side in zip(shares, sides, strict=True)
    )

    def variance_of_sum(weights: NDArray[np.float64]) -> float:
        over = weights * profile.width
        own = sum(
            side.fit.variance_of_sum(over * share)
            for share, side in zip(shares, sides, strict=True)
        )
        if len(sides) == 1:
            return float(own)
        apart = float((over * (sides[0].mean - sides[1].mean) * 4 * shares[0] * shares[1]).sum())
        return float(own) + apart**2 / 12

    weights = [row_weights(profile.position, start, stop) for start, stop in view.bands]
    one_row = np.zeros(profile.position.size)
    one_row[one_row.size // 2] = 1.0
    return Baseline(
        np.asarray(level, np.float64),
        np.full(one_row.size, variance_of_sum(one_row)),
        tuple(variance_of_sum(weight) for weight in weights),
        max(side.fit.scale for side in sides),
        total_variance=variance_of_sum(np.ones(one_row.size)),
        uncertain=len(sides) == 1,
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """The membrane to one side of a lane."""

    column: float  # middle of what was read, at the lane's mid-height
    mean: NDArray[np.float64]  # smoothed signal of a pixel, shape (N,)
    fit: SmoothBaseline


def _side(view: LaneView, step: int) -> _Side | None:
    """Nearest free stretch of membrane to the left (-1) or right (1) of the lane."""
    rows = np.linspace(view.lane.top, view.lane.bottom, max(13, len(view.lane.path)))
    limits = membrane_limits(view, rows)
    inner = view.lane
    for outer in [*neighbours(view.lane, view.lanes, step), None]:
        near = inner.center(rows) + step * inner.width / 2
        if outer is None:
            far = near + step * _MARGIN[1] * view.lane.width
            near = near + step * _MARGIN[0] * view.lane.width
        else:
            end = outer.center(rows) - step * outer.width / 2
            near, far = near + _INSET * (end - near), end - _INSET * (end - near)
        near, far = np.clip(near, *limits), np.clip(far, *limits)
        width = float(np.median(step * (far - near)))
        if width >= _LEAST:
            return _read(view, rows, (near + far) / 2, width)
        if outer is not None:
            inner = outer
    return None


def _read(
    view: LaneView, rows: NDArray[np.float64], center: NDArray[np.float64], width: float
) -> _Side | None:
    """Smoothed mean signal of a stretch beside the lane, at the lane's rows."""
    path = tuple(zip(rows.tolist(), center.tolist(), strict=True))
    stretch = Lane(view.lane.id, view.lane.panel_id, path, width)
    read = read_lane(view.blot, stretch, estimate_noise(view.blot))
    seen = read.width > 0.5 * width
    if read.position.size != view.profile.position.size or seen.sum() < 8:
        return None
    px = np.maximum(read.width, 1e-9)
    mean, variance = read.intensity / px, read.variance / px**2
    if not seen.all():
        mean = np.interp(read.position, read.position[seen], mean[seen])
        variance = np.interp(read.position, read.position[seen], variance[seen])
    fit = fit_baseline(mean, np.maximum(variance, 1e-300), seen, reject=False)
    column = float(np.interp((rows[0] + rows[-1]) / 2, rows, center))
    return _Side(column, fit.level, fit)


def _shares(view: LaneView, sides: Sequence[_Side]) -> list[float]:
    """Share of each side in the level at the lane's middle: linear across."""
    if len(sides) == 1:
        return [1.0]
    here = float(view.lane.center((view.lane.top + view.lane.bottom) / 2))
    left, right = sides[0].column, sides[1].column
    share = float(np.clip((right - here) / max(right - left, 1e-9), 0.0, 1.0))
    return [share, 1.0 - share]

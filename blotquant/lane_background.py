"""The default background, `lane`: a smooth curve through the parts of a lane where no band is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .baseline import Baseline, LaneView
from .between_lanes import grounds_beside
from .flags import Flag
from .recipe import BackgroundSettings
from .smoother import SmoothBaseline, fit_baselines, left_out
from .tails import Tails

__all__ = ["lane", "under_lanes"]

# What is beside a lane is looked at where the baseline's variance under a band is more than this
# multiple of the noise's.
_UNSURE = 10.0
# Beyond its limits a band may go on for this share of its length.
_TAIL = 0.3


def lane(view: LaneView, settings: BackgroundSettings) -> Baseline:
    """Smooth curve through the parts of the lane where no band is: the default.

    The stiffness adapts to the lane by maximum likelihood (`blotquant.smoother.fit_baseline`),
    and the curve's own uncertainty under each band is part of the band's standard error. Where that
    is much, there is a second baseline (`Baseline.beside`): what the membrane shows beside the
    lane, and a curve through what that leaves. Which of the two makes the bands of a picture surer
    is asked of all its lanes together (`blotquant.trust`).

    Notes
    -----
    The idea is LI-COR's "lane" background (lines between the minima of the lane profile), with
    Whittaker's smoother (Eilers 2003, Anal. Chem. 75:3631) in place of the lines.
    """
    return under_lanes([view])[0]


def under_lanes(views: Sequence[LaneView]) -> list[Baseline]:
    """The background `lane` of several lanes: those of one length in one go, which is faster.

    Parameters
    ----------
    views : sequence of LaneView, length L

    Returns
    -------
    list of Baseline, length L
    """
    found: dict[int, Baseline] = {}
    sizes = [view.profile.position.size for view in views]
    for size in set(sizes):
        alike = [k for k, own in enumerate(sizes) if own == size]
        found |= zip(alike, _under_alike([views[k] for k in alike]), strict=True)
    return [found[k] for k in range(len(views))]


def _under_alike(views: Sequence[LaneView]) -> list[Baseline]:
    """The same of lanes of one length."""
    curves = _curves(views, np.zeros(views[0].profile.position.size))
    baselines = [_of_curve(view, *curve) for view, curve in zip(views, curves, strict=True)]
    unsure = [k for k, view in enumerate(views) if _is_unsure(view, baselines[k])]
    for k in unsure:
        baselines[k] = replace(baselines[k], unsure=True)
    above = [_bands_alone(views[k], baselines[k].level) for k in unsure]
    grounds = grounds_beside([views[k] for k in unsure], above)
    beside = {k: ground for k, ground in zip(unsure, grounds, strict=True) if ground is not None}
    if beside:
        of = [views[k] for k in beside]
        levels = [
            ground.level * view.profile.width
            for view, ground in zip(of, beside.values(), strict=True)
        ]
        again = zip(beside.items(), of, levels, _curves(of, np.array(levels)), strict=True)
        for (k, ground), view, level, curve in again:
            other = _beside(view, _of_curve(view, *curve), ground, level)
            baselines[k] = replace(baselines[k], beside=other)
    return baselines


def _is_unsure(view: LaneView, baseline: Baseline) -> bool:
    """Whether the baseline is what makes the lane's bands uncertain: then it is worth more work.

    Not in a lossy picture: what little the gaps differ by is the first to be rounded away.
    """
    position, variance = view.profile.position, np.cumsum(np.append(0.0, view.profile.variance))
    if not view.bands or not view.lanes or Flag.LOSSY in view.blot.flags:
        return False
    rows = np.searchsorted(position, np.array(view.bands)).T
    own = variance[rows[1]] - variance[rows[0]]
    return bool((np.array(baseline.band_variance) > _UNSURE * own).any())


def _bands_alone(view: LaneView, level: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean signal of the bands across the lane, their tails with them; 0 where there is none."""
    profile = view.profile
    above = np.maximum(profile.intensity - level, 0.0) / np.maximum(profile.width, 1e-9)
    inside = np.zeros(above.size, bool)
    for start, stop in view.bands:
        tail = _TAIL * (stop - start)
        inside[slice(*profile.position.searchsorted((start - tail, stop + tail)))] = True
    return np.where(inside, above, 0.0)


def _beside(
    view: LaneView, curve: Baseline, ground: SmoothBaseline, level: NDArray[np.float64]
) -> Baseline:
    """Baseline of the ground beside the lane and of a curve through what it leaves under it."""
    position, usual = view.profile.position, float(np.median(view.profile.width))
    start, stop = np.array((*view.bands, (position[0] - 0.5, position[-1] + 0.5))).T - position[0]
    *of_bands, whole = (usual**2 * ground.variances_between(start, stop)).tolist()
    return replace(
        curve, level=curve.level + level, ground_variance=tuple(of_bands), total_ground=whole
    )


def _curves(
    views: Sequence[LaneView], ground: NDArray[np.float64]
) -> list[tuple[SmoothBaseline, NDArray[np.float64]]]:
    """Smooth curve under each lane of one length once `ground` is taken off, and its checks."""
    usual = [_usual_length(view.bands) for view in views]
    fits = _fitted(views, _LEAST_LENGTH * np.array(usual), ground)
    return list(zip(fits, left_out(fits, usual), strict=True))


def _fitted(
    views: Sequence[LaneView], least_lengths: NDArray[np.float64], ground: NDArray[np.float64]
) -> list[SmoothBaseline]:
    """Smooth curves under lanes of one length.

    How much of the bands is left beside their limits is seen only above a baseline: a first one,
    coarse and with little trust in these rows, shows it.
    """
    tails = Tails.of(views)
    values, noise = tails.intensity - ground, np.array([view.profile.variance for view in views])

    def fits(at_limits: NDArray[np.float64], bins: int) -> list[SmoothBaseline]:
        variance = noise + tails.variance(at_limits)
        return fit_baselines(values, variance, tails.free, least_lengths, max_bins=bins)

    first = fits(tails.first_guess(), _COARSE_BINS)
    return fits(tails.seen(np.array([fit.level for fit in first]) + ground), _BINS)


def _of_curve(view: LaneView, fit: SmoothBaseline, checks: NDArray[np.float64]) -> Baseline:
    """Baseline of a fitted curve, with its variance under the lane's bands."""
    position, usual = view.profile.position, _usual_length(view.bands)
    size = position.size
    # the last two: the level at the lane's middle, drawn and not used in any sum, and the whole
    middle_row = float(position[size // 2])
    others = ((middle_row - 0.5, middle_row + 0.5), (position[0] - 0.5, position[-1] + 0.5))
    start, stop = np.array((*view.bands, *others)).T - position[0]
    *band_variance, middle, whole = fit.variances_between(start, stop).tolist()
    return Baseline(
        fit.level,
        np.full(size, middle),
        tuple(band_variance),
        fit.scale,
        whole,
        checks=checks,
        stretches=np.count_nonzero(view.free) / usual if usual else np.inf,
        correlation=fit.correlation,
    )


# The smoother's length is at least this share of a band's. It lets half through of what is 2 pi
# times as long: the curve follows what bends over a band's length and more, and no band.
_LEAST_LENGTH = 0.2
# Rows are averaged in at most so many bins; fewer for the first curve, above which tails are seen.
_BINS, _COARSE_BINS = 240, 120


def _usual_length(bands: tuple[tuple[float, float], ...]) -> float:
    """Length of the band in which the middle one of all rows that bands cover lies; 0 for none.

    Places where a row has no band in this lane are short, and do not count for much.
    """
    lengths = np.sort([stop - start for start, stop in bands])
    covered = np.cumsum(lengths)
    return float(lengths[np.searchsorted(covered, covered[-1] / 2)]) if lengths.size else 0.0

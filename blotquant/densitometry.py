"""Integrated density, background and net density of bands, each with its standard error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .background import Baseline, LaneView
from .flags import Flag
from .model import Band, Blot, Lane, Profile
from .noise import NoiseModel, estimate_noise
from .reading import read_lane, row_weights, sum_mask
from .recipe import Recipe
from .registry import get
from .result import BandMeasurement, LaneMeasurement
from .signal import MAX_OPTICAL_DENSITY

__all__ = ["measure_lane"]

# Share of a band that may lie beyond its limits or its lane's edges: the tails that nobody can
# tell from background. Part of the standard error, because the limits are estimates too.
TAIL_ERROR = 0.004
# Limits are placed no better than this share of the band's length: what the profile still holds
# above the baseline at a limit, times that, is uncertain too.
LIMIT_ERROR = 0.08
# Neighbours nearer than this share of the lane's width touch it.
_TOUCH = 0.02
# A band whose profile at its limit is still this share of its peak overlaps its neighbour.
_OVERLAP = 0.05
# Above this much texture over noise, the baseline counts as uncertain.
_UNCERTAIN = 0.5


def measure_lane(
    blot: Blot,
    lane: Lane,
    bands: Sequence[Band],
    recipe: Recipe | None = None,
    *,
    noise: NoiseModel | None = None,
    lanes: Sequence[Lane] = (),
) -> LaneMeasurement:
    r"""Measure the bands of one lane.

    Parameters
    ----------
    blot : Blot
    lane : Lane
    bands : sequence of Band
        Bands of this lane.
    recipe : Recipe, optional
    noise : NoiseModel, optional
        Estimated from the picture when not given.
    lanes : sequence of Lane, optional
        The other lanes, to see which touch this one.

    Returns
    -------
    LaneMeasurement

    Raises
    ------
    RecipeError
        If the recipe names a background method that is not registered.

    Notes
    -----
    With the lane profile :math:`p_r` (signal summed across the lane at row r), the baseline
    :math:`b_r` and the share :math:`w_r` of row r inside the band's limits,

    .. math::
        \mathrm{net} = \sum_r w_r (p_r - b_r), \qquad
        \mathrm{SE}^2 = s \sum_r w_r^2\, \mathrm{var}(p_r)
            + \mathrm{var}\Big(\sum_r w_r b_r\Big) + (\tau\, \mathrm{net})^2
            + (\lambda h)^2 \left[(p-b)_\mathrm{start}^2 + (p-b)_\mathrm{stop}^2\right]

    where var(p) is read and shot noise, s >= 1 how much more the band-free rows scatter than
    noise explains, the second term the baseline's own covariance, tau the share of the band
    (TAIL_ERROR) that may lie outside its limits, and the last term what a limit placed lambda
    (LIMIT_ERROR) of the band's length h too near or too far takes or adds. The signal to noise is
    net over the first two terms with no band there: shot noise of the background only. Left out:
    what the baseline's shape cannot follow, signal from touching lanes, and the detector's
    non-linearity.
    """
    recipe = recipe or Recipe()
    noise = noise or estimate_noise(blot)
    profile = read_lane(blot, lane, noise)
    ordered = sorted(bands, key=lambda band: (band.start, band.stop))
    limits = tuple((band.start, band.stop) for band in ordered)
    method = get("backgrounds", recipe.background.method)
    if profile.position.size == 0:
        empty = np.empty(0)
        return LaneMeasurement(lane.id, profile, empty, empty, (), 0.0, Flag.EDGE_CUT)
    baseline: Baseline = method(LaneView(blot, lane, profile, limits), recipe.background)
    flags = _lane_flags(blot, lane, profile, lanes)
    measured = tuple(
        _measure_band(blot, lane, band, profile, baseline, index, noise, recipe, flags)
        for index, band in enumerate(ordered)
    )
    return LaneMeasurement(
        lane_id=lane.id,
        profile=profile,
        baseline=baseline.level,
        baseline_variance=baseline.variance,
        bands=measured,
        total_density=float((profile.intensity - baseline.level).sum()),
        flags=flags,
    )


def _measure_band(
    blot: Blot,
    lane: Lane,
    band: Band,
    profile: Profile,
    baseline: Baseline,
    index: int,
    noise: NoiseModel,
    recipe: Recipe,
    lane_flags: Flag,
) -> BandMeasurement:
    weights = row_weights(profile.position, band.start, band.stop)
    area = float((weights * profile.width).sum())
    total = float((weights * profile.intensity).sum())
    background = float((weights * baseline.level).sum())
    net = total - background
    above = (profile.intensity - baseline.level) / np.maximum(profile.width, 1e-9)
    at_ends = np.interp(
        (band.start, band.stop), profile.position, profile.intensity - baseline.level
    )
    placing = LIMIT_ERROR * (band.stop - band.start) * float(np.hypot(*at_ends))
    error, error_without = _errors(profile, baseline, weights, baseline.band_variance[index], noise)
    error = float(np.sqrt(error**2 + placing**2 + (TAIL_ERROR * net) ** 2))
    inside = weights > 0
    center = _center(profile.position, above, weights, band)
    snr = net / error_without if error_without > 0 else float("inf")
    limit = recipe.finding.sensitivity * error_without
    saturated = 0.0
    if blot.saturated is not None and area > 0:
        saturated = sum_mask(blot.saturated, blot.shape, lane, band.start, band.stop) / area
    flags = lane_flags & Flag.LANES_TOUCH
    flags |= _band_flags(blot, band, profile, above, weights, baseline, net, net < limit, saturated)
    return BandMeasurement(
        band=band,
        center_row=center,
        center_col=float(lane.center(center)),
        height=band.stop - band.start,
        width=lane.width,
        area=area,
        integrated_density=total,
        background=background,
        net_density=net,
        net_density_err=error,
        peak_height=float(above[inside].max()) if inside.any() else 0.0,
        snr=snr,
        saturated_fraction=saturated,
        detection_limit=limit,
        flags=flags,
    )


def _errors(
    profile: Profile,
    baseline: Baseline,
    weights: NDArray[np.float64],
    baseline_variance: float,
    noise: NoiseModel,
) -> tuple[float, float]:
    """Error of a net density from noise and baseline, and what it were if no band were there."""
    texture = max(baseline.scale, 1.0)
    ground = noise.variance(baseline.level / np.maximum(profile.width, 1e-9)) * profile.width
    with_band = texture * ground + np.maximum(profile.variance - ground, 0.0)
    square = weights**2
    error = float((square * with_band).sum()) + baseline_variance
    without = texture * float((square * ground).sum()) + baseline_variance
    return float(np.sqrt(error)), float(np.sqrt(without))


def _center(
    position: NDArray[np.float64],
    above: NDArray[np.float64],
    weights: NDArray[np.float64],
    band: Band,
) -> float:
    """Centroid of the band along the lane; the middle of its limits where there is no band."""
    mass = np.clip(above, 0.0, None) * weights
    if not band.detected or mass.sum() <= 0:
        return (band.start + band.stop) / 2
    return float((mass * position).sum() / mass.sum())


def _band_flags(
    blot: Blot,
    band: Band,
    profile: Profile,
    above: NDArray[np.float64],
    weights: NDArray[np.float64],
    baseline: Baseline,
    net: float,
    below_limit: bool,
    saturated: float,
) -> Flag:
    flags = Flag.NONE
    if saturated > 0:
        flags |= Flag.SATURATED
    if not band.detected or below_limit:
        flags |= Flag.BELOW_DETECTION
    if net < 0:
        flags |= Flag.NEGATIVE_NET
    if band.start < profile.position[0] - 0.5 or band.stop > profile.position[-1] + 0.5:
        flags |= Flag.EDGE_CUT
    inside = weights > 0
    if inside.any():
        flags |= _shape_flags(band, profile, above, inside)
        free_rows = profile.position.size - inside.sum()
        if free_rows < 4 or np.sqrt(baseline.level.size) == 0:
            flags |= Flag.BASELINE_UNCERTAIN
        if blot.signal_map.clear_level is not None:
            densest = float((profile.intensity / np.maximum(profile.width, 1e-9))[inside].max())
            if densest > 0.95 * MAX_OPTICAL_DENSITY:
                flags |= Flag.BEYOND_DENSITY_RANGE
    return flags


def _shape_flags(
    band: Band, profile: Profile, above: NDArray[np.float64], inside: NDArray[np.bool_]
) -> Flag:
    """Overlap with a neighbour, and a baseline that is large against an uncertain band."""
    if not band.detected:
        return Flag.NONE
    peak = float(above[inside].max())
    ends = np.interp((band.start, band.stop), profile.position, above)
    noise = float(np.sqrt(profile.variance[inside].min())) / max(
        float(profile.width[inside].mean()), 1e-9
    )
    return Flag.OVERLAP if float(ends.max()) > max(_OVERLAP * peak, 4 * noise) else Flag.NONE


def _lane_flags(blot: Blot, lane: Lane, profile: Profile, lanes: Sequence[Lane]) -> Flag:
    flags = Flag.NONE
    if (profile.width < lane.width - 1e-6).any():
        flags |= Flag.EDGE_CUT
    for other in lanes:
        if other.id == lane.id or other.panel_id != lane.panel_id:
            continue
        rows = np.linspace(max(lane.top, other.top), min(lane.bottom, other.bottom), 5)
        if rows[0] > rows[-1]:
            continue
        gap = np.abs(other.center(rows) - lane.center(rows)) - (lane.width + other.width) / 2
        if float(gap.min()) < _TOUCH * lane.width:
            flags |= Flag.LANES_TOUCH
    return flags

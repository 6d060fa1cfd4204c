"""Integrated density, background and net density of bands, each with its standard error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .background import Baseline, LaneView
from .clipped import estimate_unclipped
from .flags import Flag
from .method_spread import method_spreads
from .model import Band, Blot, Lane, Panel, Profile
from .noise import NoiseModel, estimate_noise
from .overlap import measure_overlaps
from .reading import read_lane, sum_mask
from .recipe import Recipe
from .registry import get
from .result import BandMeasurement, LaneMeasurement
from .signal import MAX_OPTICAL_DENSITY
from .smoother import roughness
from .uncertainty import LaneReading, lane_total_error, standard_errors

__all__ = ["measure_lane", "measure_reading", "read_background"]

# Neighbours nearer than this share of the lane's width touch it.
_TOUCH = 0.02
# A band whose profile at its limit is still this share of its peak overlaps its neighbour.
_OVERLAP = 0.05
# A band of this share of the detection limit is there, where its shape was seen as well.
_SEEN = 0.75
# Specks and scratches that were worth this share of a band's standard error are worth a flag.
_SEEN_MARK = 0.1


def measure_lane(
    blot: Blot,
    lane: Lane,
    bands: Sequence[Band],
    recipe: Recipe | None = None,
    *,
    noise: NoiseModel | None = None,
    lanes: Sequence[Lane] = (),
    panels: Sequence[Panel] = (),
) -> LaneMeasurement:
    """Measure the bands of one lane.

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
        The other lanes, to see which touch this one, and for backgrounds read between lanes.
    panels : sequence of Panel, optional
        The lane's panel among them: backgrounds read beside a lane stay within its outline.

    Returns
    -------
    LaneMeasurement

    Raises
    ------
    RecipeError
        If the recipe names a background method that is not registered.

    Notes
    -----
    With the lane profile p (signal summed across the lane), the baseline b and the share w of each
    row inside the band's limits: ``net_density = sum(w * (p - b))``. Its standard error is worked
    out in `blotquant.uncertainty.standard_errors`.
    """
    recipe = recipe or Recipe()
    reading = read_background(blot, lane, bands, recipe, noise=noise, lanes=lanes, panels=panels)
    rough = roughness([reading.baseline.checks])
    return measure_reading(replace(reading, roughness=rough), bands, recipe, lanes)


def read_background(
    blot: Blot,
    lane: Lane,
    bands: Sequence[Band],
    recipe: Recipe,
    *,
    noise: NoiseModel | None = None,
    lanes: Sequence[Lane] = (),
    panels: Sequence[Panel] = (),
) -> LaneReading:
    """Read a lane and find its background; parameters as in `measure_lane`."""
    noise = noise or estimate_noise(blot)
    profile = read_lane(blot, lane, noise)
    if profile.position.size == 0:
        empty = np.empty(0)
        return LaneReading(blot, lane, profile, Baseline(empty, empty, ()), noise)
    ordered = _ordered(bands)
    limits = tuple((band.start, band.stop) for band in ordered)
    detected = tuple(band.detected for band in ordered)
    outline = next((panel.outline for panel in panels if panel.id == lane.panel_id), ())
    view = LaneView(blot, lane, profile, limits, tuple(lanes), outline, detected)
    baseline: Baseline = get("backgrounds", recipe.background.method)(view, recipe.background)
    return LaneReading(blot, lane, profile, baseline, noise)


def measure_reading(
    reading: LaneReading, bands: Sequence[Band], recipe: Recipe, lanes: Sequence[Lane] = ()
) -> LaneMeasurement:
    """Measure the bands of a lane whose background is known; parameters as in `measure_lane`."""
    lane, profile, baseline = reading.lane, reading.profile, reading.baseline
    if profile.position.size == 0:
        empty = np.empty(0)
        return LaneMeasurement(lane.id, profile, empty, empty, (), 0.0, Flag.EDGE_CUT)
    flags = _lane_flags(reading.blot, lane, profile, lanes)
    if baseline.uncertain:
        flags |= Flag.BASELINE_UNCERTAIN
    ordered = _ordered(bands)
    spreads = method_spreads(reading, ordered, recipe)
    measured = tuple(
        replace(_measure_band(reading, band, index, recipe, flags), method_spread=spreads[index])
        for index, band in enumerate(ordered)
    )
    measured, fits = measure_overlaps(reading, measured, recipe)
    measured = estimate_unclipped(reading, measured)
    total = float((profile.intensity - baseline.level).sum())
    if not profile.width.any():  # a carried lane that this picture does not show
        total = float("nan")
    return LaneMeasurement(
        lane_id=lane.id,
        profile=profile,
        baseline=baseline.level,
        baseline_variance=baseline.variance,
        bands=measured,
        total_density=total,
        flags=flags,
        total_density_err=lane_total_error(reading, total),
        fits=fits,
    )


def _ordered(bands: Sequence[Band]) -> list[Band]:
    return sorted(bands, key=lambda band: (band.start, band.stop))


def _measure_band(
    reading: LaneReading, band: Band, index: int, recipe: Recipe, lane_flags: Flag
) -> BandMeasurement:
    blot, lane, profile, baseline = reading.blot, reading.lane, reading.profile, reading.baseline
    rows, weights = reading.share(band)
    area = float(weights @ profile.width[rows])
    total = float((weights * profile.intensity[rows]).sum())
    background = float((weights * baseline.level[rows]).sum())
    net = total - background
    above = reading.above[rows]
    error, error_without = standard_errors(reading, band, index, net)
    center = _center(profile.position[rows], above, weights, band)
    snr = net / error_without if error_without > 0 else (float("inf") if net > 0 else 0.0)
    limit = recipe.finding.sensitivity * error_without
    # a band that was seen by its shape at its place need not be found by its sum
    seen = band.detected and Flag.LOSSY not in blot.flags
    below = net < (_SEEN * limit if seen else limit) or not weights.size
    saturated = 0.0
    if blot.saturated is not None and area > 0:
        saturated = sum_mask(blot.saturated, blot.shape, lane, band.start, band.stop) / area
    flags = lane_flags & (Flag.LANES_TOUCH | Flag.BASELINE_UNCERTAIN)
    flags |= _band_flags(reading, band, rows, net, below, saturated)
    marks = reading.marks.taken
    if marks.size and float(weights @ marks[rows]) > _SEEN_MARK * error:
        flags |= Flag.ARTEFACT
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
        peak_height=float(above.max()) if above.size else 0.0,
        snr=snr,
        saturated_fraction=saturated,
        detection_limit=limit,
        flags=flags,
    )


def _center(
    position: NDArray[np.float64],
    above: NDArray[np.float64],
    weights: NDArray[np.float64],
    band: Band,
) -> float:
    """Centroid of the band along the lane; the middle of its limits where there is no band."""
    mass = np.maximum(above, 0.0) * weights
    total = float(mass.sum())
    if not band.detected or total <= 0:
        return (band.start + band.stop) / 2
    return float(mass @ position) / total


def _band_flags(
    reading: LaneReading, band: Band, rows: slice, net: float, below_limit: bool, saturated: float
) -> Flag:
    profile, width = reading.profile, reading.profile.width[rows]
    flags = Flag.NONE
    if saturated > 0:
        flags |= Flag.SATURATED
    if not band.detected or below_limit:
        flags |= Flag.BELOW_DETECTION
    if net < 0:
        flags |= Flag.NEGATIVE_NET
    beyond = band.start < profile.position[0] - 0.5 or band.stop > profile.position[-1] + 0.5
    if beyond or (width < reading.lane.width - 1e-6).any():
        flags |= Flag.EDGE_CUT
    if width.size:
        flags |= _shape_flags(reading, band, rows)
        free_rows = profile.position.size - width.size
        if free_rows < 4 and reading.baseline.uncertain is None:
            flags |= Flag.BASELINE_UNCERTAIN
        if reading.blot.signal_map.clear_level is not None:
            densest = float((profile.intensity[rows] / np.maximum(width, 1e-9)).max())
            if densest > 0.95 * MAX_OPTICAL_DENSITY:
                flags |= Flag.BEYOND_DENSITY_RANGE
    return flags


def _shape_flags(reading: LaneReading, band: Band, rows: slice) -> Flag:
    """Overlap with a neighbour, and a baseline that is large against an uncertain band."""
    if not band.detected:
        return Flag.NONE
    profile = reading.profile
    peak = float(reading.above[rows].max())
    ends = np.interp((band.start, band.stop), profile.position, reading.above)
    noise = math.sqrt(profile.variance[rows].min()) / max(float(profile.width[rows].mean()), 1e-9)
    return Flag.OVERLAP if float(ends.max()) > max(_OVERLAP * peak, 4 * noise) else Flag.NONE


def _lane_flags(blot: Blot, lane: Lane, profile: Profile, lanes: Sequence[Lane]) -> Flag:
    flags = Flag.NONE
    if (profile.width < lane.width - 1e-6).any():
        flags |= Flag.EDGE_CUT
    for other in lanes:
        if other.id == lane.id or other.panel_id != lane.panel_id:
            continue
        near = (lane.width + other.width) / 2 + _TOUCH * lane.width
        if _apart(lane, other) > near:
            continue
        rows = np.linspace(max(lane.top, other.top), min(lane.bottom, other.bottom), 5)
        if rows[0] > rows[-1]:
            continue
        gap = np.abs(other.center(rows) - lane.center(rows)) - (lane.width + other.width) / 2
        if float(gap.min()) < _TOUCH * lane.width:
            flags |= Flag.LANES_TOUCH
    return flags


def _apart(a: Lane, b: Lane) -> float:
    """Px between the columns that two lanes' centres run through; below 0 where they share some."""
    columns, others = [col for _, col in a.path], [col for _, col in b.path]
    return max(min(others) - max(columns), min(columns) - max(others))

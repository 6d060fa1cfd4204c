"""Integrated density, background and net density of bands, each with its standard error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .background import Baseline, LaneView, under_lanes
from .background import lane as under_lane
from .clipped import estimate_unclipped
from .flags import Flag
from .method_spread import method_spreads
from .model import Band, Blot, Lane, Panel, Profile
from .noise import NoiseModel, estimate_noise
from .overlap import measure_overlaps
from .reading import read_lane, sum_mask
from .recipe import Recipe
from .registry import get
from .result import BandMeasurement, GroupFit, LaneMeasurement
from .signal import MAX_OPTICAL_DENSITY
from .smoother import roughness
from .uncertainty import LaneReading, lane_total_error, standard_errors

__all__ = [
    "measure_lane",
    "measure_reading",
    "measure_readings",
    "read_background",
    "read_backgrounds",
]

# Neighbours nearer than this share of the lane's width touch it.
_TOUCH = 0.02
# Whether lanes touch is looked at in some rows from top to bottom.
_SOME_ROWS = np.linspace(0.0, 1.0, 5)
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
    return read_backgrounds(blot, [(lane, bands)], recipe, noise=noise, lanes=lanes, panels=panels)[
        0
    ]


def read_backgrounds(
    blot: Blot,
    of: Sequence[tuple[Lane, Sequence[Band]]],
    recipe: Recipe,
    *,
    noise: NoiseModel,
    lanes: Sequence[Lane] = (),
    panels: Sequence[Panel] = (),
) -> list[LaneReading]:
    """Read several lanes, each given with its bands, and find the background of each.

    Other parameters as in `measure_lane`. The default background is found for all lanes in one go.
    """
    method = get("backgrounds", recipe.background.method)
    profiles = [read_lane(blot, lane, noise) for lane, _ in of]
    views = {
        k: _view(blot, lane, profile, bands, lanes, panels)
        for k, ((lane, bands), profile) in enumerate(zip(of, profiles, strict=True))
        if profile.position.size
    }
    found = (
        under_lanes(list(views.values()))
        if method is under_lane
        else [method(view, recipe.background) for view in views.values()]
    )
    baselines = dict(zip(views, found, strict=True))
    empty = Baseline(np.empty(0), np.empty(0), ())
    return [
        LaneReading(blot, lane, profile, baselines.get(k, empty), noise)
        for k, ((lane, _), profile) in enumerate(zip(of, profiles, strict=True))
    ]


def _view(
    blot: Blot,
    lane: Lane,
    profile: Profile,
    bands: Sequence[Band],
    lanes: Sequence[Lane],
    panels: Sequence[Panel],
) -> LaneView:
    ordered = _ordered(bands)
    limits = tuple((band.start, band.stop) for band in ordered)
    detected = tuple(band.detected for band in ordered)
    outline = next((panel.outline for panel in panels if panel.id == lane.panel_id), ())
    return LaneView(blot, lane, profile, limits, tuple(lanes), outline, detected)


def measure_reading(
    reading: LaneReading, bands: Sequence[Band], recipe: Recipe, lanes: Sequence[Lane] = ()
) -> LaneMeasurement:
    """Measure the bands of a lane whose background is known; parameters as in `measure_lane`."""
    return measure_readings([(reading, bands)], recipe, lanes)[0]


def measure_readings(
    of: Sequence[tuple[LaneReading, Sequence[Band]]], recipe: Recipe, lanes: Sequence[Lane] = ()
) -> list[LaneMeasurement]:
    """Measure the bands of lanes whose backgrounds are known, each given with its bands.

    Other parameters as in `measure_lane`. Overlapping bands are fitted for all lanes in one go.
    """
    flags = [_lane_flags(reading, lanes) for reading, _ in of]
    sums = [
        (reading, _summed(reading, bands, recipe, own))
        for (reading, bands), own in zip(of, flags, strict=True)
    ]
    fitted = measure_overlaps(sums, recipe)
    return [
        _lane_measurement(reading, estimate_unclipped(reading, measured), fits, own)
        for (reading, _), (measured, fits), own in zip(sums, fitted, flags, strict=True)
    ]


def _summed(
    reading: LaneReading, bands: Sequence[Band], recipe: Recipe, flags: Flag
) -> tuple[BandMeasurement, ...]:
    """Each band of a lane as a sum between its limits; none where the picture has no such lane."""
    if reading.profile.position.size == 0:
        return ()
    ordered = _ordered(bands)
    spreads = method_spreads(reading, ordered, recipe)
    return tuple(
        _measure_band(reading, band, index, recipe, flags, spreads[index])
        for index, band in enumerate(ordered)
    )


def _lane_measurement(
    reading: LaneReading,
    bands: tuple[BandMeasurement, ...],
    fits: tuple[GroupFit, ...],
    flags: Flag,
) -> LaneMeasurement:
    lane, profile, baseline = reading.lane, reading.profile, reading.baseline
    if profile.position.size == 0:
        empty = np.empty(0)
        return LaneMeasurement(lane.id, profile, empty, empty, (), 0.0, Flag.EDGE_CUT)
    total = float((profile.intensity - baseline.level).sum())
    if not profile.width.any():  # a carried lane that this picture does not show
        total = float("nan")
    return LaneMeasurement(
        lane_id=lane.id,
        profile=profile,
        baseline=baseline.level,
        baseline_variance=baseline.variance,
        bands=bands,
        total_density=total,
        flags=flags,
        total_density_err=lane_total_error(reading, total),
        fits=fits,
    )


def _ordered(bands: Sequence[Band]) -> list[Band]:
    return sorted(bands, key=lambda band: (band.start, band.stop))


def _measure_band(
    reading: LaneReading,
    band: Band,
    index: int,
    recipe: Recipe,
    lane_flags: Flag,
    method_spread: float,
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
        method_spread=method_spread,
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


def _lane_flags(reading: LaneReading, lanes: Sequence[Lane]) -> Flag:
    lane, profile = reading.lane, reading.profile
    flags = Flag.BASELINE_UNCERTAIN if reading.baseline.uncertain else Flag.NONE
    if (profile.width < lane.width - 1e-6).any():
        flags |= Flag.EDGE_CUT
    left, right = lane.columns
    for other in lanes:
        if other.id == lane.id or other.panel_id != lane.panel_id:
            continue
        near = (lane.width + other.width) / 2 + _TOUCH * lane.width
        first_col, last_col = other.columns
        if first_col - right > near or left - last_col > near:
            continue
        first, last = max(lane.top, other.top), min(lane.bottom, other.bottom)
        if first > last:
            continue
        rows = first + (last - first) * _SOME_ROWS
        gap = np.abs(other.center(rows) - lane.center(rows)) - (lane.width + other.width) / 2
        if float(gap.min()) < _TOUCH * lane.width:
            flags |= Flag.LANES_TOUCH
    return flags

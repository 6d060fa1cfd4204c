"""Integrated density, background and net density of bands, each with its standard error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from .baseline import Baseline, LaneView
from .boxes import Boxes
from .clipped import estimate_unclipped
from .edges import Edges
from .flags import Flag
from .lane_background import lane as under_lane
from .lane_background import under_lanes
from .lane_reading import LaneReading
from .method_spread import method_spreads
from .model import Band, Blot, Lane, Panel, Profile
from .neighbours import TOUCH, next_to_each
from .noise import NoiseModel, estimate_noise
from .overlap import measure_overlaps
from .reading import read_lanes, sum_mask
from .recipe import Recipe
from .registry import get
from .result import BandMeasurement, GroupFit, LaneMeasurement
from .signal import MAX_OPTICAL_DENSITY
from .trust import common_trust, trusting
from .uncertainty import lane_total_error, standard_errors

__all__ = [
    "measure_lane",
    "measure_reading",
    "measure_readings",
    "read_background",
    "read_backgrounds",
]

# A band leaks into such a neighbour, or gets from it, where its edges stand at this share of its
# mean signal.
_LEAKS = 0.05
# A band is cut by its own lane's edge where this share of it is likely beyond.
_MISSING = 0.03
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
    return measure_reading(trusting(reading, common_trust([reading])), bands, recipe, lanes)


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
    profiles = [one.whole for one in read_lanes(blot, [lane for lane, _ in of], noise)]
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
    beside = next_to_each([reading.lane for reading, _ in of], lanes)
    of = [
        (replace(reading, beside=own), bands)
        for (reading, bands), own in zip(of, beside, strict=True)
    ]
    flags = [_lane_flags(reading, lanes) for reading, _ in of]
    readings = [reading for reading, _ in of]
    sums = list(zip(readings, _summed(of, recipe, flags), strict=True))
    fitted = measure_overlaps(sums, recipe)
    return [
        _lane_measurement(reading, estimate_unclipped(reading, measured), fits, own)
        for (reading, _), (measured, fits), own in zip(sums, fitted, flags, strict=True)
    ]


def _summed(
    of: Sequence[tuple[LaneReading, Sequence[Band]]], recipe: Recipe, lane_flags: Sequence[Flag]
) -> list[tuple[BandMeasurement, ...]]:
    """Each band of each lane as a sum between its limits; none where the picture has no lane."""
    bands = [_ordered(own) if reading.profile.position.size else [] for reading, own in of]
    shown = [k for k, own in enumerate(bands) if own]
    if not shown:
        return [()] * len(of)
    boxes = Boxes.of([(of[k][0], bands[k]) for k in shown])
    measured = iter(_measured(boxes, recipe, [lane_flags[k] for k in shown]))
    return [tuple(islice(measured, len(own))) for own in bands]


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


# What a lane's flags say of its bands, by whether they leak.
_OF_LANE = {
    False: Flag.BASELINE_UNCERTAIN,
    True: Flag.BASELINE_UNCERTAIN | Flag.LANES_TOUCH,
}


def _measured(boxes: Boxes, recipe: Recipe, lane_flags: Sequence[Flag]) -> list[BandMeasurement]:
    """Measurement of each band; `lane_flags` are those of the lanes."""
    area = boxes.sums(boxes.of_rows(lambda reading: reading.profile.width))
    total = boxes.sums(boxes.of_rows(lambda reading: reading.profile.intensity))
    background = boxes.sums(boxes.of_rows(lambda reading: reading.baseline.level))
    net = total - background
    above = boxes.of_rows(lambda reading: reading.above)
    edges = Edges.of(boxes)
    error, error_without = standard_errors(boxes, net, edges)
    center = _centers(boxes, above)
    columns = [
        reading.lane.center(own)
        for reading, own in zip(boxes.readings, boxes.by_lane(center), strict=True)
    ]
    snr = np.where(net > 0, np.inf, 0.0)
    np.divide(net, error_without, out=snr, where=error_without > 0)
    limit = recipe.finding.sensitivity * error_without
    saturated = _saturated(boxes, area)
    values = {
        "center_row": center,
        "center_col": np.concatenate(columns),
        "height": boxes.stop - boxes.start,
        "width": boxes.of_lanes(lambda reading: reading.lane.width),
        "area": area,
        "integrated_density": total,
        "background": background,
        "net_density": net,
        "net_density_err": error,
        "peak_height": np.where(boxes.size > 0, above.max(axis=1), 0.0),
        "snr": snr,
        "saturated_fraction": saturated,
        "detection_limit": limit,
        "method_spread": method_spreads(boxes, recipe),
    }
    is_part = edges.cut_off > _MISSING * np.abs(net)
    flags = _band_flags(boxes, above, net, error, _is_below(boxes, net, limit), saturated, is_part)
    leaks = edges.signal.max(axis=0) > _LEAKS * np.maximum(net, 0.0)
    of_band = zip(*(each.tolist() for each in values.values()), strict=True)
    return [
        BandMeasurement(
            band=band,
            flags=own | lane_flags[k] & _OF_LANE[leak],
            **dict(zip(values, row, strict=True)),
        )
        for band, k, own, leak, row in zip(
            boxes.bands, boxes.lane.tolist(), flags, leaks.tolist(), of_band, strict=True
        )
    ]


def _centers(boxes: Boxes, above: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centroid of each band along the lane; the middle of its limits where there is no band."""
    mass = np.maximum(above, 0.0)
    total = boxes.sums(mass)
    seen = boxes.detected & (total > 0)
    center = (boxes.start + boxes.stop) / 2
    return np.divide(boxes.sums(mass * boxes.position), total, out=center, where=seen)


def _is_below(
    boxes: Boxes, net: NDArray[np.float64], limit: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether each band is below detection."""
    lossy = boxes.of_lanes(lambda reading: Flag.LOSSY in reading.blot.flags)
    # a band that was seen by its shape at its place need not be found by its sum
    seen = boxes.detected & ~lossy
    return np.asarray((net < np.where(seen, _SEEN, 1.0) * limit) | (boxes.size == 0))


def _saturated(boxes: Boxes, area: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of each band that is at the ceiling."""
    saturated = np.zeros(area.size)
    for k, (lane, band) in enumerate(zip(boxes.lane.tolist(), boxes.bands, strict=True)):
        blot = boxes.readings[lane].blot
        if blot.saturated is not None and area[k] > 0:
            lane_of_band = boxes.readings[lane].lane
            clipped = sum_mask(blot.saturated, blot.shape, lane_of_band, band.start, band.stop)
            saturated[k] = clipped / area[k]
    return saturated


def _band_flags(
    boxes: Boxes,
    above: NDArray[np.float64],
    net: NDArray[np.float64],
    error: NDArray[np.float64],
    below_limit: NDArray[np.bool_],
    saturated: NDArray[np.float64],
    is_part: NDArray[np.bool_],
) -> list[Flag]:
    """What is to be said of each band by itself."""
    width = boxes.of_rows(lambda reading: reading.profile.width)
    whole = boxes.of_lanes(lambda reading: reading.lane.width)
    ends = np.array([reading.profile.position[[0, -1]] for reading in boxes.readings])
    top, bottom = ends[boxes.lane].T
    rows = boxes.of_lanes(lambda reading: reading.profile.position.size)
    no_word = boxes.of_lanes(lambda reading: reading.baseline.uncertain is None)
    marks = boxes.sums(boxes.of_rows(lambda reading: reading.marked))
    some = boxes.size > 0
    cut = some & (width < whole[:, None] - 1e-6).any(axis=1)
    cut |= is_part & boxes.detected & ~below_limit
    held = {
        Flag.SATURATED: saturated > 0,
        Flag.BELOW_DETECTION: ~boxes.detected | below_limit,
        Flag.NEGATIVE_NET: net < 0,
        Flag.EDGE_CUT: (boxes.start < top - 0.5) | (boxes.stop > bottom + 0.5) | cut,
        Flag.OVERLAP: some & boxes.detected & _overlapping(boxes, above, width),
        Flag.BASELINE_UNCERTAIN: some & (rows - boxes.size < 4) & no_word,
        Flag.BEYOND_DENSITY_RANGE: some & _too_dense(boxes, width),
        Flag.ARTEFACT: marks > _SEEN_MARK * error,
    }
    values = sum(np.where(there, flag.value, 0) for flag, there in held.items())
    return [Flag(value) for value in np.asarray(values).tolist()]


def _overlapping(
    boxes: Boxes, above: NDArray[np.float64], width: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether each band is still high at one of its limits: a neighbour begins there."""
    ends = boxes.at_limits(lambda reading: reading.above).max(axis=0)
    inside = np.arange(width.shape[1]) < boxes.size[:, None]
    mean = np.where(inside, width, 0.0).sum(axis=1) / np.maximum(boxes.size, 1)
    variance = boxes.of_rows(lambda reading: reading.profile.variance).min(axis=1)
    noise = np.sqrt(variance) / np.maximum(mean, 1e-9)
    return np.asarray(ends > np.maximum(_OVERLAP * above.max(axis=1), 4 * noise))


def _too_dense(boxes: Boxes, width: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether film and scanner still tell the blacks of each band apart."""
    film = boxes.of_lanes(lambda reading: reading.blot.signal_map.clear_level is not None)
    dense = boxes.of_rows(lambda reading: reading.profile.intensity) / np.maximum(width, 1e-9)
    return np.asarray(film & (dense.max(axis=1) > 0.95 * MAX_OPTICAL_DENSITY))


def _lane_flags(reading: LaneReading, lanes: Sequence[Lane]) -> Flag:
    lane, profile = reading.lane, reading.profile
    flags = Flag.BASELINE_UNCERTAIN if reading.baseline.uncertain else Flag.NONE
    if (profile.width < lane.width - 1e-6).any():
        flags |= Flag.EDGE_CUT
    left, right = lane.columns
    for other in lanes:
        if other.id == lane.id or other.panel_id != lane.panel_id:
            continue
        near = (lane.width + other.width) / 2 + TOUCH * lane.width
        first_col, last_col = other.columns
        if first_col - right > near or left - last_col > near:
            continue
        first, last = max(lane.top, other.top), min(lane.bottom, other.bottom)
        if first > last:
            continue
        rows = first + (last - first) * _SOME_ROWS
        gap = np.abs(other.center(rows) - lane.center(rows)) - (lane.width + other.width) / 2
        if float(gap.min()) < TOUCH * lane.width:
            flags |= Flag.LANES_TOUCH
    return flags

"""Lanes measured together: each background read by itself, one trust in all of them."""

from __future__ import annotations

from ..densitometry import (
    measure_reading,
    measure_readings,
    read_background,
    read_backgrounds,
)
from ..lane_reading import LaneReading
from ..model import Blot, Lane, Layout
from ..neighbours import next_lanes
from ..noise import estimate_noise
from ..recipe import Recipe
from ..result import LaneMeasurement
from ..trust import Trust, common_trust, trusting

__all__ = [
    "common_trust",
    "looks_around",
    "measure_lanes",
    "measure_read",
    "near_in_measuring",
    "read_layout_lane",
    "recipe_for_role",
    "surroundings",
]

# Methods that look at nothing beyond the lane; any other may look at its neighbours.
_LOOK_AT_ONE_LANE = frozenset(
    ("rolling_ball", "valley", "border", "global", "none", "asls", "arpls", "snip", "mor")
)


def recipe_for_role(recipe: Recipe, role: str = "") -> Recipe:
    """The recipe that a picture is measured with, given what it shows.

    Parameters
    ----------
    recipe : Recipe
    role : str, optional
        ``"total_protein"``: the background is read beside the lanes, which are full of signal, as
        long as the recipe does not choose another than the default. Any other changes nothing.
    """
    if role == "total_protein" and recipe.background.method == Recipe().background.method:
        return Recipe.of(recipe, background="beside")
    return recipe


def read_layout_lane(blot: Blot, layout: Layout, lane: Lane, recipe: Recipe) -> LaneReading:
    """Read one lane of a layout and find its background: the slow half of measuring it."""
    return read_background(
        blot,
        lane,
        layout.bands_of(lane.id),
        recipe,
        noise=estimate_noise(blot),
        lanes=layout.lanes,
        panels=layout.panels,
    )


def looks_around(reading: LaneReading, recipe: Recipe) -> bool:
    """Whether a lane's reading depends on more of the layout than the lane and its bands."""
    method = recipe.background.method
    return method not in _LOOK_AT_ONE_LANE and (method != "lane" or reading.baseline.unsure)


def surroundings(layout: Layout, lane: Lane, recipe: Recipe) -> tuple[object, ...]:
    """What of a layout, beyond the lane and its bands, the reading of a lane depends on.

    Where a lane, its bands, the recipe and these are as they were, so is its reading; and without
    these where `looks_around` says no: whoever measures while lanes are dragged reads no other
    lane again.
    """
    if recipe.background.method in _LOOK_AT_ONE_LANE:
        return ()
    outlines = tuple(panel for panel in layout.panels if panel.id == lane.panel_id)
    beside = (
        next_lanes(lane, layout.lanes)
        if recipe.background.method == "lane"
        else [other for other in layout.lanes if other.panel_id == lane.panel_id]
    )
    return (outlines, tuple((other.path, other.width) for other in beside))


def near_in_measuring(layout: Layout, lane: Lane) -> tuple[object, ...]:
    """What of the other lanes the measurement of a lane that was read depends on.

    Its errors depend on whether lanes touch it, and on how far the next ones stand along it.
    """
    near = {other.id: other for other in layout.lanes if _may_touch(lane, other)}
    near |= {other.id: other for other in next_lanes(lane, layout.lanes)}
    return tuple((other.path, other.width) for other in near.values())


def _may_touch(lane: Lane, other: Lane) -> bool:
    """Whether two lanes come near each other; generous, as it only decides what to redo."""
    if other.id == lane.id or other.panel_id != lane.panel_id:
        return False
    reach = (lane.width + other.width) * 0.55
    (first, last), (left, right) = lane.columns, other.columns
    return left - last <= reach and first - right <= reach


def measure_read(
    reading: LaneReading, layout: Layout, recipe: Recipe, trust: Trust
) -> LaneMeasurement:
    """Measure the bands of a lane that was read; `trust` is that of all lanes of the picture."""
    bands = layout.bands_of(reading.lane.id)
    return measure_reading(trusting(reading, trust), bands, recipe, layout.lanes)


def measure_lanes(blot: Blot, layout: Layout, recipe: Recipe) -> dict[str, LaneMeasurement]:
    """Measurement of each lane of a layout, by its id."""
    bands = [layout.bands_of(lane.id) for lane in layout.lanes]
    readings = read_backgrounds(
        blot,
        list(zip(layout.lanes, bands, strict=True)),
        recipe,
        noise=estimate_noise(blot),
        lanes=layout.lanes,
        panels=layout.panels,
    )
    trust = common_trust(readings)
    sure = [trusting(reading, trust) for reading in readings]
    measured = measure_readings(list(zip(sure, bands, strict=True)), recipe, layout.lanes)
    return {one.lane_id: one for one in measured}

"""The numbers of a picture while it is edited: those of the export, by the same functions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

from blotquant import pipeline
from blotquant.lane_reading import LaneReading
from blotquant.model import Blot, Lane, Layout
from blotquant.recipe import Recipe
from blotquant.result import LaneMeasurement
from blotquant.trust import Trust

__all__ = ["Numbers"]

T = TypeVar("T")
# Lanes that were read and measured lately: undo finds them again.
_KEPT = 400


class Numbers:
    """Measurements of one picture's lanes; only what changed is read and measured again.

    Reading a lane is slow and depends on that lane, mostly. How far to trust its baseline is asked
    of all lanes together, so moving one changes the errors of all: measuring again what was read
    is quick.
    """

    def __init__(self) -> None:
        self._blot: Blot | None = None
        self._readings: OrderedDict[Hashable, LaneReading] = OrderedDict()
        self._measured: OrderedDict[Hashable, LaneMeasurement] = OrderedDict()
        # Of the layout that is asked for now: no need to compare what is the same object.
        self._now: tuple[Layout, Recipe] | None = None
        self._read: dict[str, LaneReading] = {}
        self._trust = Trust()
        self._done: dict[str, LaneMeasurement] = {}

    def of(self, blot: Blot, layout: Layout, recipe: Recipe, lane_id: str) -> LaneMeasurement:
        """The numbers of a lane, as `blotquant.pipeline.measure` gives them."""
        if blot is not self._blot:
            self._blot, self._now = blot, None
            self._readings.clear()
            self._measured.clear()
        now = self._now
        if now is None or now[0] is not layout or now[1] is not recipe:
            self._read = {
                lane.id: self._reading(blot, layout, lane, recipe) for lane in layout.lanes
            }
            self._trust = pipeline.common_trust(self._read.values())
            self._now, self._done = (layout, recipe), {}
        if lane_id not in self._done:
            self._done[lane_id] = self._measurement(layout, layout.lane(lane_id), recipe)
        return self._done[lane_id]

    def _reading(self, blot: Blot, layout: Layout, lane: Lane, recipe: Recipe) -> LaneReading:
        bands = tuple((band.start, band.stop) for band in layout.bands_of(lane.id))
        alone = (lane, bands, recipe.background)
        key = (
            alone
            if alone in self._readings
            else (*alone, pipeline.surroundings(layout, lane, recipe))
        )
        reading = _kept(
            self._readings,
            key,
            lambda: pipeline.read_layout_lane(blot, layout, lane, recipe),
        )
        if not pipeline.looks_around(reading, recipe):
            self._readings[alone] = reading
        return reading

    def _measurement(self, layout: Layout, lane: Lane, recipe: Recipe) -> LaneMeasurement:
        near = pipeline.near_in_measuring(layout, lane)
        reading = self._read[lane.id]
        key = (reading, layout.bands_of(lane.id), near, recipe.finding, self._trust)
        return _kept(
            self._measured,
            key,
            lambda: pipeline.measure_read(reading, layout, recipe, self._trust),
        )


def _kept(store: OrderedDict[Hashable, T], key: Hashable, make: Callable[[], T]) -> T:
    """What is in the store, made where it is not; the one used longest ago makes room."""
    if key in store:
        store.move_to_end(key)
    else:
        store[key] = make()
        if len(store) > _KEPT:
            store.popitem(last=False)
    return store[key]

"""Bands of several lanes side by side in arrays: one by one they take several times as long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .lane_reading import LaneReading
from .model import Band

Floats = NDArray[np.float64]

__all__ = ["Boxes"]


@dataclass(frozen=True, eq=False)
class Boxes:
    """Bands of several lanes side by side in arrays: one by one they take several times as long.

    Parameters
    ----------
    readings : sequence of LaneReading
        Lanes that the picture shows.
    bands : sequence of Band, length B
        Lane by lane, each lane's in the order of `Baseline.band_variance`.
    lane : ndarray of int, shape (B,)
        Which of the lanes each band lies in.
    start, stop : ndarray, shape (B,)
        Limits, px along the lane.
    size : ndarray of int, shape (B,)
        Rows of the profile that each covers, if only in part.
    position : ndarray, shape (B, M)
        These rows; where a band has less than M, its last one again.
    weights : ndarray, shape (B, M)
        How much of each row the band covers; 0 beyond its last one.
    """

    readings: Sequence[LaneReading]
    bands: Sequence[Band]
    lane: NDArray[np.intp]
    start: Floats
    stop: Floats
    size: NDArray[np.intp]
    position: Floats
    weights: Floats

    @classmethod
    def of(cls, lanes: Sequence[tuple[LaneReading, Sequence[Band]]]) -> Boxes:
        """Boxes of bands, given lane by lane."""
        bands = [band for _, own in lanes for band in own]
        lane = np.repeat(np.arange(len(lanes)), [len(own) for _, own in lanes])
        start, stop = np.array([(band.start, band.stop) for band in bands]).reshape(-1, 2).T
        ends = [(reading.profile.position[[0, -1]]) for reading, _ in lanes]
        top, bottom = np.array(ends).reshape(-1, 2)[lane].T
        first = np.maximum(np.floor(start - 0.5) + 1, top)
        last = np.minimum(np.ceil(stop + 0.5) - 1, bottom)
        size = np.maximum(last - first + 1, 0).astype(np.intp)
        step = np.arange(max(int(size.max(initial=0)), 1))
        position = np.clip(first[:, None] + step, top[:, None], np.maximum(last, top)[:, None])
        weights = np.minimum(position + 0.5, stop[:, None])
        weights -= np.maximum(position - 0.5, start[:, None])
        weights = np.clip(weights, 0.0, 1.0) * (step < size[:, None])
        readings = [reading for reading, _ in lanes]
        return cls(readings, bands, lane, start, stop, size, position, weights)

    @cached_property
    def detected(self) -> NDArray[np.bool_]:
        """Whether each band was seen in its lane, shape (B,)."""
        return np.array([band.detected for band in self.bands], bool)

    def of_lanes(self, of: Callable[[LaneReading], Any]) -> NDArray[Any]:
        """What a lane says, for each of its bands; shape (B,)."""
        return np.array([of(reading) for reading in self.readings])[self.lane]

    def of_rows(self, of: Callable[[LaneReading], Floats]) -> Floats:
        """What a lane says of each of its rows, in the bands; shape (B, M)."""
        return self.in_rows([of(reading) for reading in self.readings])

    def in_rows(self, values: Sequence[Floats]) -> Floats:
        """The same of values that are given, one array a lane; shape (B, M)."""
        return np.asarray(np.concatenate(values)[self._places])

    def at_limits(self, of: Callable[[LaneReading], Floats]) -> Floats:
        """What a lane says of its rows, between them at the bands' limits; shape (2, B)."""
        values = np.concatenate([of(reading) for reading in self.readings])
        limits = np.stack([self.start, self.stop])
        within = np.clip(limits - self._top, 0.0, self._length - 1)
        before = np.minimum(within.astype(np.intp), np.maximum(self._length - 2, 0))
        after = np.minimum(before + 1, self._length - 1)
        low, high = values[self._begin + before], values[self._begin + after]
        return np.asarray(low + (within - before) * (high - low))

    def sums(self, values: Floats) -> Floats:
        """Sum of what `of_rows` gave over each band; shape (B,)."""
        return np.asarray(np.einsum("bm,bm->b", self.weights, values))

    def by_lane(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """What is said of each band, parted into the lanes; `values` has shape (B,)."""
        return np.split(values, np.searchsorted(self.lane, np.arange(1, len(self.readings))))

    @cached_property
    def _top(self) -> Floats:
        return self.of_lanes(lambda reading: reading.profile.position[0])

    @cached_property
    def _length(self) -> NDArray[np.intp]:
        """Rows of each band's lane."""
        return self.of_lanes(lambda reading: reading.profile.position.size)

    @cached_property
    def _begin(self) -> NDArray[np.intp]:
        """Where each band's lane begins, all lanes put end to end."""
        sizes = [reading.profile.position.size for reading in self.readings]
        return np.cumsum([0, *sizes])[self.lane]

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        """Rows of the bands, all lanes put end to end."""
        return self._begin[:, None] + (self.position - self._top[:, None]).astype(np.intp)

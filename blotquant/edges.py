"""What bands hold at the two sides of their lanes, and what they lose beyond them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .boxes import Boxes
from .lane_reading import LaneReading
from .neighbours import touched_sides
from .reading import SECTIONS

Floats = NDArray[np.float64]

__all__ = ["Edges"]

# A flank is no flatter than this at a lane's edge: signal over that at the edge, half an outermost
# section further in.
_FLATTEST = 1.6
# What stands at a lane's edge is so many times its noise, or none; it is the mean of so many px.
_CLEAR_EDGE, _EDGE_PIXELS = 4.0, 3


@dataclass(frozen=True, eq=False)
class Edges:
    """What B bands hold at the two sides of their boxes and beyond, all a.u. x px.

    Everything is above the straight line between the band's ends, which is the background beside
    the lane; 0 for a band of less than three rows.

    Parameters
    ----------
    signal : ndarray, shape (2, B)
        What each band would hold if it were as at its left, or right, side in its whole width.
    beyond : ndarray, shape (2, B)
        What bands hold beyond the sides if they fade there as within. A flank that falls by the
        factor f over half of the outermost of n sections of the width w has fallen to 1/e after
        w / (2 n ln f).
    cut_off : ndarray, shape (B,)
        What is beyond where no neighbour touches, whose flank would make up for it: it is missing.
        0 where noise may be all that stands at the edge.
    """

    signal: Floats
    beyond: Floats
    cut_off: Floats

    @classmethod
    def of(cls, boxes: Boxes) -> Edges:
        """Those of bands that lie in these boxes."""
        width = boxes.of_lanes(lambda reading: reading.lane.width)
        signal, inner = np.split(width * _above_line(boxes), 2)
        high = np.maximum(signal, 0.0)
        falls = np.divide(inner, high, out=np.full(high.shape, np.inf), where=high > 0)
        beyond = high / (2 * SECTIONS * np.log(np.maximum(falls, _FLATTEST)))
        return cls(signal, beyond, _cut_off(boxes, signal, beyond))


def _above_line(boxes: Boxes) -> Floats:
    """Sums over bands of what lanes have at their sides, above the line between the bands' ends.

    Shape (4, B): in the outermost px on the left and on the right, and in the outermost sections.
    """
    size, step = boxes.size[:, None], np.arange(boxes.weights.shape[1])
    few = np.maximum(1, size // 8)
    in_first, in_last = step < few, (step >= size - few) & (step < size)
    along = boxes.sums(step / np.maximum(size - 1, 1))
    whole = boxes.weights.sum(axis=1)
    sums = []
    for of_lanes in (
        [reading.at_sides for reading in boxes.readings],
        [reading.in_sides for reading in boxes.readings],
    ):
        for side in (0, 1):
            signal = boxes.in_rows([both[side] for both in of_lanes])
            first = np.einsum("bm,bm->b", in_first, signal) / few[:, 0]
            last = np.einsum("bm,bm->b", in_last, signal) / few[:, 0]
            sums.append(boxes.sums(signal) - first * whole - (last - first) * along)
    return np.where(boxes.size < 3, 0.0, sums)


def _cut_off(boxes: Boxes, signal: Floats, beyond: Floats) -> Floats:
    def of_pixels(reading: LaneReading) -> Floats:
        return reading.profile.variance / np.maximum(reading.profile.width, 1e-9)

    width = boxes.of_lanes(lambda reading: reading.lane.width)
    variance = np.einsum("bm,bm->b", boxes.weights**2, boxes.of_rows(of_pixels)) / _EDGE_PIXELS
    is_high = signal > _CLEAR_EDGE * width * np.sqrt(variance)
    held = np.where(is_high, beyond, 0.0)
    for k in np.unique(boxes.lane[is_high.any(axis=0)]).tolist():
        touched = touched_sides(boxes.readings[k].lane, boxes.readings[k].beside)
        held[np.ix_(touched, boxes.lane == k)] = 0.0
    return np.asarray(held.sum(axis=0))

"""A lane's neighbours, and where they stand nearer or farther than elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from .model import Lane

__all__ = ["TOUCH", "neighbours", "next_lanes", "next_to_each", "spreading", "touched_sides"]

# Neighbours nearer than this share of the lane's width touch it.
TOUCH = 0.02
# Places along a lane at which its neighbours' distance is averaged.
_PLACES = 9


def neighbours(lane: Lane, lanes: Sequence[Lane], step: int) -> list[Lane]:
    """Lanes of the same panel to the left (-1) or right (1) of one, nearest first."""
    row = (lane.top + lane.bottom) / 2
    here = float(lane.center(row))
    away = [
        (step * (float(other.center(row)) - here), other)
        for other in lanes
        if other.panel_id == lane.panel_id and other.id != lane.id
    ]
    return [other for distance, other in sorted(away, key=lambda pair: pair[0]) if distance > 0]


def next_lanes(lane: Lane, lanes: Sequence[Lane]) -> tuple[Lane, ...]:
    """The nearest lane to the left and the one to the right, of those that there are."""
    return next_to_each([lane], lanes)[0]


def next_to_each(some: Sequence[Lane], lanes: Sequence[Lane]) -> list[tuple[Lane, ...]]:
    """`next_lanes` of each of several lanes: faster than one by one."""
    rows = np.array([(lane.top + lane.bottom) / 2 for lane in some])
    at = [other.center(rows).tolist() for other in lanes]
    beside = []
    for k, lane in enumerate(some):
        here = float(lane.center(rows[k]))
        away = [
            (at[n][k] - here, n)
            for n, other in enumerate(lanes)
            if other.panel_id == lane.panel_id and other.id != lane.id
        ]
        left = max((one for one in away if one[0] < 0), key=itemgetter(0), default=None)
        right = min((one for one in away if one[0] > 0), key=itemgetter(0), default=None)
        beside.append(tuple(lanes[one[1]] for one in (left, right) if one is not None))
    return beside


def spreading(lane: Lane, beside: Sequence[Lane], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much farther the lanes next to one stand at some rows than along it on average.

    Lanes that fan out spread with the distance between them, while a `Lane` is as wide everywhere.

    Parameters
    ----------
    lane : Lane
    beside : sequence of Lane
        Of the same panel; without any nothing is known, and 0 given.
    rows : ndarray, shape (N,)

    Returns
    -------
    ndarray, shape (N,)
        0.1 where lanes stand a tenth farther apart, -0.1 where they do a tenth nearer.
    """
    shares = []
    for other in beside:
        top, bottom = max(lane.top, other.top), min(lane.bottom, other.bottom)
        if top >= bottom:
            continue
        places = np.linspace(top, bottom, _PLACES)
        usual = float(np.abs(other.center(places) - lane.center(places)).mean())
        at = np.clip(rows, top, bottom)
        shares.append(np.abs(other.center(at) - lane.center(at)) / max(usual, 1e-9) - 1.0)
    return np.mean(shares, axis=0) if shares else np.zeros(rows.size)


def touched_sides(lane: Lane, beside: Sequence[Lane]) -> tuple[bool, bool]:
    """Whether a neighbour touches a lane at its left and at its right side, somewhere."""
    touched = [False, False]
    for other in beside:
        top, bottom = max(lane.top, other.top), min(lane.bottom, other.bottom)
        if top > bottom:
            continue
        places = np.linspace(top, bottom, _PLACES)
        apart = other.center(places) - lane.center(places)
        gap = float(np.abs(apart).min()) - (lane.width + other.width) / 2
        if gap < TOUCH * lane.width:
            touched[int(apart.mean() > 0)] = True
    return touched[0], touched[1]

"""Bands of an earlier probe that a membrane still carries where a later one is read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from blotquant.flags import Flag
from blotquant.names import same_target
from blotquant.normalize.roles import Roles
from blotquant.normalize.strips import LaneReading, Strip

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["mark_carry_over"]


def mark_carry_over(
    strips: Sequence[Strip], roles: Roles, lanes: pd.DataFrame | None
) -> tuple[tuple[Strip, ...], tuple[str, ...]]:
    """Flag bands in whose box the band of an earlier probe lies, on membranes not stripped.

    Images of one membrane share their lanes, so places are compared along the lane (relative front
    times the lane's length), not in the picture: a shift between probes does not matter. Stains of
    total protein are not looked at, nor other pictures of the same target or of the same probing.

    Parameters
    ----------
    strips : sequence of Strip
    roles : Roles
    lanes : DataFrame, optional
        Columns as in `blotquant.columns.LANE_COLUMNS`. Without it nothing can be said, which the
        messages tell.

    Returns
    -------
    (strips, messages)
    """
    suspects = {strip.key: _earlier(strip, strips, roles) for strip in strips}
    if not any(suspects.values()):
        return tuple(strips), ()
    if lanes is None:
        return tuple(strips), (
            "whether bands of an earlier probe lie under others is not known without the lanes",
        )
    lengths = _lengths(lanes)
    marked = tuple(_marked(strip, suspects[strip.key], lengths) for strip in strips)
    lines = [
        f"{strip.target} on {strip.membrane} may hold what is left of an earlier probe "
        f"(lane {', '.join(map(str, found))}): see CARRY_OVER"
        for strip in marked
        if (found := [r.lane for r in strip.readings if Flag.CARRY_OVER in r.flags])
    ]
    return marked, tuple(lines)


def _earlier(strip: Strip, strips: Sequence[Strip], roles: Roles) -> list[Strip]:
    """Strips of the same membrane that were probed before."""
    if strip.order is None or not strip.row or strip.membrane in roles.stripped:
        return []
    return [
        other
        for other in strips
        if other.home == strip.home
        and other.order is not None
        and other.order < strip.order
        and other.row
        and not same_target(other.target, strip.target)
    ]


def _lengths(lanes: pd.DataFrame) -> dict[tuple[str, int], float]:
    """Length of each lane by image and number, in px."""
    columns = lanes[["image", "lane", "path"]].itertuples(index=False, name=None)
    return {(str(image), int(lane)): _length(path) for image, lane, path in columns}


def _length(path: Any) -> float:
    points = json.loads(path)
    return abs(float(points[-1][0]) - float(points[0][0]))


def _marked(
    strip: Strip, earlier: Sequence[Strip], lengths: Mapping[tuple[str, int], float]
) -> Strip:
    """Strip with the flag on each reading that it concerns."""
    before: dict[int, list[LaneReading]] = {}
    for other in earlier:
        for reading in other.readings:
            if reading.detected:
                before.setdefault(reading.place, []).append(reading)
    readings = tuple(
        replace(reading, flags=reading.flags | Flag.CARRY_OVER)
        if any(
            _inside(other, reading, lengths.get((strip.image, reading.lane), math.nan))
            for other in before.get(reading.place, [])
        )
        else reading
        for reading in strip.readings
    )
    return replace(strip, readings=readings)


def _inside(other: LaneReading, reading: LaneReading, length: float) -> bool:
    """Whether the centre of a band lies in the box of another."""
    return abs(other.rf - reading.rf) * length <= reading.height / 2

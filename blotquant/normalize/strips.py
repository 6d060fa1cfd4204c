"""From the table of bands to strips: one target on one membrane, read in every lane."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from blotquant.flags import Flag
from blotquant.names import control_kind, membrane_identity, same_target

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LaneReading", "Strip", "StripKey", "read_strips"]

# A second row is a rival of the chosen one if it is nearly as complete and not much weaker ...
NEARLY_AS_COMPLETE = 0.9
NOT_MUCH_WEAKER = 0.6
# ... or clearly stronger although less complete: a target that a knock-out lacks.
HALF_AS_COMPLETE = 0.5
CLEARLY_STRONGER = 1.5

# A ladder lane holds no sample, and it often shows in one image of a membrane only.
NOT_COUNTED = frozenset({"ladder"})
NO_SAMPLE = frozenset({"ladder", "empty"})

_COLUMNS = ["image", "panel", "membrane", "target", "lane", "lane_kind", "row"]
_COLUMNS += ["net_density", "net_density_err", "flags"]


class StripKey(NamedTuple):
    """What tells strips apart."""

    image: str
    panel: int
    target: str


@dataclass(frozen=True)
class LaneReading:
    """A target's density in one lane.

    Parameters
    ----------
    lane : int
        Number of the lane in its image, from 1.
    place : int
        Place of the lane in its panel, from 0, left to right, ladders not counted.
    kind : str
        One of `blotquant.model.LaneKind`; never a ladder.
    net, err : float
        Net density and its standard error (a.u. x px).
    flags : Flag
    index : int
        Line of the band in the table of bands; of the lane's first band where the lane is summed.
    """

    lane: int
    place: int
    kind: str
    net: float
    err: float
    flags: Flag
    index: int

    @property
    def detected(self) -> bool:
        """Whether something stands out of the noise."""
        return Flag.BELOW_DETECTION not in self.flags


@dataclass(frozen=True)
class Strip:
    """One target in one panel of one image: the row of bands that shows it.

    Parameters
    ----------
    image : str
    panel : int
    membrane : str
        Name of the membrane, as shown.
    identity : tuple of str
        What makes two images show one membrane; see `blotquant.names.membrane_identity`.
    target : str
        As written; empty where no name tells.
    row : int
        Row taken for the target; 0 where the whole lane counts (total protein).
    rivals : tuple of int
        Other rows that could be the target as well.
    readings : tuple of LaneReading
        Left to right, ladders left out.
    lanes : int
        Lanes of the panel, ladders left out.
    """

    image: str
    panel: int
    membrane: str
    identity: tuple[str, str]
    target: str
    row: int
    rivals: tuple[int, ...]
    readings: tuple[LaneReading, ...]
    lanes: int

    @property
    def key(self) -> StripKey:
        """What tells this strip from all others."""
        return StripKey(self.image, self.panel, self.target)

    @property
    def detected(self) -> int:
        """Lanes in which the target is detected."""
        return sum(reading.detected for reading in self.readings)

    @property
    def saturated(self) -> int:
        """Lanes in which the target is saturated."""
        return sum(Flag.SATURATED in reading.flags for reading in self.readings)

    def shows(self, target: str) -> bool:
        """Whether this is the target, in any spelling."""
        return same_target(self.target, target)


def read_strips(bands: pd.DataFrame, lanes: pd.DataFrame | None = None) -> tuple[Strip, ...]:
    """One strip for each target in each panel of each image, in an order of their own.

    The row of a target is the one detected in most lanes, then the strongest (sum of net densities
    of the detected bands). Lanes without a sample (ladder, empty) do not count in this.

    Parameters
    ----------
    bands : DataFrame
        Columns as in `blotquant.columns.BAND_COLUMNS`; the order of its lines does not matter.
    lanes : DataFrame, optional
        Columns as in `blotquant.columns.LANE_COLUMNS`: gives total protein its lane totals.
        Without it, the bands of a lane are summed.

    Returns
    -------
    tuple of Strip
        Sorted by image, panel and target.
    """
    groups: dict[tuple[str, int], list[_Line]] = {}
    for at, cells in enumerate(bands[_COLUMNS].itertuples(index=False, name=None)):
        line = _Line._make((at, *cells[:-1], Flag.parse(str(cells[-1]))))
        if line.kind not in NOT_COUNTED:
            groups.setdefault((line.image, int(line.panel)), []).append(line)
    totals = _totals(lanes)
    strips = [
        strip for _, lines in sorted(groups.items()) for strip in _strips_of_panel(lines, totals)
    ]
    return tuple(sorted(strips, key=lambda strip: strip.key))


class _Line(NamedTuple):
    """What is needed of one line of the table of bands."""

    at: int
    image: str
    panel: int
    membrane: str
    target: str
    lane: int
    kind: str
    row: int
    net: float
    err: float
    flags: Flag

    def reading(self, place: int) -> LaneReading:
        return LaneReading(
            int(self.lane),
            place,
            self.kind,
            float(self.net),
            float(self.err),
            self.flags,
            self.at,
        )


def _totals(lanes: pd.DataFrame | None) -> dict[tuple[str, int], float]:
    """Total density by image and lane."""
    if lanes is None:
        return {}
    columns = ["image", "lane", "total_density"]
    return {
        (str(image), int(lane)): float(total)
        for image, lane, total in lanes[columns].itertuples(index=False, name=None)
    }


def _strips_of_panel(
    lines: Sequence[_Line], totals: Mapping[tuple[str, int], float]
) -> Iterable[Strip]:
    """Strips of all targets of one panel."""
    places = {lane: place for place, lane in enumerate(sorted({line.lane for line in lines}))}
    targets: dict[str, list[_Line]] = {}
    for line in lines:
        targets.setdefault(line.target, []).append(line)
    row: int
    rivals: tuple[int, ...]
    for target, mine in targets.items():
        if control_kind(target) == "total_protein":
            row, rivals, readings = 0, (), _whole_lanes(mine, places, totals)
        else:
            rows = _by_row(mine)
            row, rivals = _row_of_target(rows)
            readings = [line.reading(places[line.lane]) for line in rows[row]]
        first = lines[0]
        yield Strip(
            image=first.image,
            panel=int(first.panel),
            membrane=first.membrane,
            identity=_identity(first),
            target=target,
            row=row,
            rivals=rivals,
            readings=tuple(sorted(readings, key=lambda reading: reading.place)),
            lanes=len(places),
        )


def _identity(line: _Line) -> tuple[str, str]:
    """Images without a membrane's name show each a membrane of their own."""
    if not line.membrane:
        return line.image, ""
    return membrane_identity(line.image, line.membrane)


def _by_row(lines: Iterable[_Line]) -> dict[int, list[_Line]]:
    rows: dict[int, list[_Line]] = {}
    for line in lines:
        rows.setdefault(int(line.row), []).append(line)
    return rows


def _row_of_target(rows: Mapping[int, Sequence[_Line]]) -> tuple[int, tuple[int, ...]]:
    """Row that is the target, and the rows that might be it as well.

    A rival is nearly as complete and not much weaker, or clearly stronger and not much less
    complete: then completeness and strength contradict each other.
    """
    standing = {row: _standing(lines) for row, lines in rows.items()}
    best = min(standing, key=lambda row: (-standing[row][0], -standing[row][1], row))
    count, strength = standing[best]
    rivals = [
        row
        for row, (other, other_strength) in sorted(standing.items())
        if row != best
        and other > 0
        and (
            (other >= NEARLY_AS_COMPLETE * count and other_strength >= NOT_MUCH_WEAKER * strength)
            or (other >= HALF_AS_COMPLETE * count and other_strength >= CLEARLY_STRONGER * strength)
        )
    ]
    return best, tuple(rivals)


def _standing(lines: Iterable[_Line]) -> tuple[int, float]:
    """Lanes with a detected band, and the sum of those bands."""
    found = [
        line.net
        for line in lines
        if line.kind not in NO_SAMPLE and Flag.BELOW_DETECTION not in line.flags
    ]
    return len(found), math.fsum(found)


def _whole_lanes(
    lines: Iterable[_Line],
    places: Mapping[int, int],
    totals: Mapping[tuple[str, int], float],
) -> list[LaneReading]:
    """Total protein: everything in the lane, one reading a lane."""
    by_lane: dict[int, list[_Line]] = {}
    for line in lines:
        by_lane.setdefault(line.lane, []).append(line)
    return [
        _whole_lane(mine, places[lane], totals.get((mine[0].image, int(lane))))
        for lane, mine in by_lane.items()
    ]


def _whole_lane(lines: Sequence[_Line], place: int, total: float | None) -> LaneReading:
    """Sum over a lane; its error is the bands' errors in quadrature.

    Below detection only where none of its bands is detected.
    """
    flags = Flag.NONE
    for line in lines:
        flags |= line.flags
    if any(Flag.BELOW_DETECTION not in line.flags for line in lines):
        flags &= ~Flag.BELOW_DETECTION
    net = math.fsum(line.net for line in lines) if total is None else total
    err = math.sqrt(math.fsum(line.err**2 for line in lines))
    first = min(lines)
    return LaneReading(int(first.lane), place, first.kind, net, err, flags, first.at)

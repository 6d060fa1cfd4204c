"""Total protein: everything in a lane, by the lane's own sum where that is known."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from blotquant.flags import Flag
from blotquant.normalize.lines import Line, number_cell, text_cell
from blotquant.normalize.strips import NOT_COUNTED, LaneReading

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LaneTotals"]

# A lane's sum is there if it is this many of its standard errors above 0.
DETECTED = 3.0


class _Total(NamedTuple):
    image: str
    panel: int
    lane: int
    kind: str
    label: str
    net: float
    err: float
    flags: Flag


class LaneTotals:
    """Sums over whole lanes.

    Parameters
    ----------
    lanes : DataFrame, optional
        Columns `image`, `lane` and `total_density`, and as far as they are there the others of
        `blotquant.columns.LANE_COLUMNS` and `total_density_err` (a.u. x px). Without it, the bands
        of a lane are summed.
    """

    def __init__(self, lanes: pd.DataFrame | None) -> None:
        records = [] if lanes is None else lanes.to_dict("records")
        self._totals = {(total.image, total.lane): total for total in map(_total, records)}

    def lanes(self, image: str, panel: int) -> set[int]:
        """Numbers of the lanes of a panel that have a total, ladders left out."""
        return {total.lane for total in self._of(image, panel)}

    def readings(
        self,
        lines: Sequence[Line],
        places: Mapping[int, int],
        panel: tuple[str, int] | None = None,
    ) -> list[LaneReading]:
        """One reading a lane.

        Parameters
        ----------
        lines : sequence of Line
            All bands of the panel.
        places : mapping
            Place by number of the lane.
        panel : (image, panel), optional
            Read its lanes without any band too.
        """
        by_lane: dict[int, list[Line]] = {}
        for line in lines:
            by_lane.setdefault(line.lane, []).append(line)
        readings = [
            _whole_lane(mine, places[lane], self._totals.get((mine[0].image, lane)))
            for lane, mine in by_lane.items()
        ]
        rest = () if panel is None else self._of(*panel)
        return readings + [
            _bare(total, places[total.lane]) for total in rest if total.lane not in by_lane
        ]

    def _of(self, image: str, panel: int) -> list[_Total]:
        return [
            total
            for total in self._totals.values()
            if (total.image, total.panel) == (image, panel) and total.kind not in NOT_COUNTED
        ]


def _total(record: Mapping[Hashable, Any]) -> _Total:
    return _Total(
        str(record["image"]),
        int(record.get("panel", 1)),
        int(record["lane"]),
        text_cell(record.get("lane_kind", "sample")),
        text_cell(record.get("lane_label")),
        number_cell(record["total_density"]),
        number_cell(record.get("total_density_err")),
        Flag.parse(text_cell(record.get("flags"))),
    )


def _whole_lane(lines: Sequence[Line], place: int, total: _Total | None) -> LaneReading:
    """Sum over a lane that has bands.

    Its error is the total's own where that is known, else the bands' in quadrature. Without the
    total's error it is below detection only where none of its bands is detected.
    """
    flags = Flag.NONE
    for line in lines:
        flags |= line.flags
    if any(Flag.BELOW_DETECTION not in line.flags for line in lines):
        flags &= ~Flag.BELOW_DETECTION
    net = math.fsum(line.net for line in lines)
    err = math.sqrt(math.fsum(line.err**2 for line in lines))
    if total is not None:
        net = total.net
        if math.isfinite(total.err):
            err, flags = total.err, _detection(total, flags)
    first = min(lines)
    return first._replace(
        net=net, err=err, flags=flags, limit=math.nan, rf=math.nan, height=math.nan
    ).reading(place)


def _bare(total: _Total, place: int) -> LaneReading:
    """Reading of a lane in which no band was drawn."""
    return LaneReading(
        total.lane,
        place,
        total.kind,
        total.net,
        total.err,
        _detection(total, total.flags),
        index=-1,
        label=total.label,
    )


def _detection(total: _Total, flags: Flag) -> Flag:
    """Flags with the verdict on whether the lane's sum stands out of its own noise."""
    if total.net > DETECTED * total.err or not math.isfinite(total.err):
        return flags & ~Flag.BELOW_DETECTION
    return flags | Flag.BELOW_DETECTION

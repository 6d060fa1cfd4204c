"""From the table of bands to strips: by the names of images, or by what a study says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from blotquant.flags import Flag
from blotquant.names import control_kind, membrane_identity, same_target
from blotquant.normalize.lines import Line, read_lines
from blotquant.normalize.roles import Roles, StripRole
from blotquant.normalize.strips import NO_SAMPLE, NOT_COUNTED, LaneReading, Strip
from blotquant.normalize.whole_lanes import LaneTotals

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_strips"]

# A second row is a rival of the chosen one if it is nearly as complete and not much weaker ...
NEARLY_AS_COMPLETE = 0.9
NOT_MUCH_WEAKER = 0.6
# ... or clearly stronger although less complete: a target that a knock-out lacks.
HALF_AS_COMPLETE = 0.5
CLEARLY_STRONGER = 1.5


def read_strips(
    bands: pd.DataFrame, lanes: pd.DataFrame | None = None, roles: Roles | None = None
) -> tuple[Strip, ...]:
    """One strip for each target in each panel of each image, in an order of their own.

    The row of a target is the one detected in most lanes, then the strongest (sum of net densities
    of the detected bands), unless the study names it. Lanes without a sample (ladder, empty) do not
    count in this.

    Parameters
    ----------
    bands : DataFrame
        Columns as in `blotquant.columns.BAND_COLUMNS`; the order of its lines does not matter.
    lanes : DataFrame, optional
        Columns as in `blotquant.columns.LANE_COLUMNS`: gives total protein its lane totals, with
        their errors where there is a column `total_density_err`. Without it, the bands of a lane
        are summed.
    roles : Roles, optional
        What a study says; otherwise the names of images tell. A declared strip that has no line in
        the table is left out.

    Returns
    -------
    tuple of Strip
        Sorted by image, panel and target.
    """
    groups: dict[tuple[str, int], list[Line]] = {}
    counted = [line for line in read_lines(bands) if line.kind not in NOT_COUNTED]
    for line in counted:
        groups.setdefault((line.image, line.panel), []).append(line)
    totals = LaneTotals(lanes)
    if roles is None:
        strips = [strip for _, lines in sorted(groups.items()) for strip in _by_name(lines, totals)]
    else:
        strips = list(_as_declared(roles, groups, totals, _first_lanes(bands, lanes)))
    return tuple(sorted(strips, key=lambda strip: strip.key))


def _by_name(lines: Sequence[Line], totals: LaneTotals) -> Iterator[Strip]:
    """Strips of all targets of one panel."""
    places = {lane: place for place, lane in enumerate(sorted({line.lane for line in lines}))}
    targets: dict[str, list[Line]] = {}
    for line in lines:
        targets.setdefault(line.target, []).append(line)
    first = lines[0]
    for target, mine in targets.items():
        whole = control_kind(target) == "total_protein"
        row, rivals, readings = _read(mine, places, totals if whole else None)
        yield Strip(
            first.image,
            first.panel,
            first.membrane,
            _identity(first),
            target,
            row,
            rivals,
            readings,
            lanes=len(places),
        )


def _as_declared(
    roles: Roles,
    groups: Mapping[tuple[str, int], Sequence[Line]],
    totals: LaneTotals,
    first: Mapping[tuple[str, int], int],
) -> Iterator[Strip]:
    """Strips of a study; lanes have the numbers that they have on the membrane."""
    for role in roles.strips:
        panel = groups.get((role.image, role.panel), [])
        before = first.get((role.image, role.panel), 1)
        lanes = {line.lane for line in panel} | totals.lanes(role.image, role.panel)
        places = {lane: lane - before for lane in lanes}
        whole = role.role == "total_protein"
        mine = panel if whole else _lines_of(role, panel, roles)
        if role.role == "ladder" or not (places if whole else mine):
            continue
        row, rivals, readings = _read(mine, places, totals if whole else None, role)
        yield Strip(
            role.image,
            role.panel,
            role.membrane,
            (role.membrane, ""),
            role.target,
            row,
            rivals,
            tuple(_with_use(reading, role, roles) for reading in readings),
            lanes=len(places),
            role=role.role,
            phospho_of=role.phospho_of,
            order=role.order,
        )


def _lines_of(role: StripRole, panel: Sequence[Line], roles: Roles) -> Sequence[Line]:
    """Lines of a panel that can be the declared target."""
    if role.row is not None:
        return [line for line in panel if line.row == role.row]
    named = [line for line in panel if same_target(line.target, role.target)]
    return panel if not named and roles.alone(role) else named


def _read(
    lines: Sequence[Line],
    places: Mapping[int, int],
    totals: LaneTotals | None,
    role: StripRole | None = None,
) -> tuple[int, tuple[int, ...], tuple[LaneReading, ...]]:
    """Row, rivals and readings: of the whole lanes where there are totals, else of the best row."""
    row: int
    rivals: tuple[int, ...]
    if totals is not None:
        row, rivals = 0, ()
        panel = (role.image, role.panel) if role else None
        readings = totals.readings(lines, places, panel)
    else:
        rows = _by_row(lines)
        row, rivals = _row_of_target(rows)
        readings = [line.reading(places[line.lane]) for line in rows[row]]
    return row, rivals, tuple(sorted(readings, key=lambda reading: reading.place))


def _with_use(reading: LaneReading, role: StripRole, roles: Roles) -> LaneReading:
    """Reading with the study's word on whether it counts."""
    if reading.use and not roles.excludes(role.membrane, reading.place + 1, role.target):
        return reading
    return replace(reading, use=False, flags=reading.flags | Flag.EXCLUDED)


def _first_lanes(bands: pd.DataFrame, lanes: pd.DataFrame | None) -> dict[tuple[str, int], int]:
    """Number in its image of the first lane of each panel: lanes count on through an image."""
    last: dict[tuple[str, int], int] = {}
    for table in (bands,) if lanes is None else (bands, lanes):
        for image, panel, lane in zip(table["image"], table["panel"], table["lane"], strict=True):
            key = str(image), int(panel)
            last[key] = max(int(lane), last.get(key, 0))
    return {
        (image, panel): 1
        + max((top for (other, p), top in last.items() if other == image and p < panel), default=0)
        for image, panel in last
    }


def _identity(line: Line) -> tuple[str, str]:
    """Images without a membrane's name show each a membrane of their own."""
    if not line.membrane:
        return line.image, ""
    return membrane_identity(line.image, line.membrane)


def _by_row(lines: Iterable[Line]) -> dict[int, list[Line]]:
    rows: dict[int, list[Line]] = {}
    for line in lines:
        rows.setdefault(line.row, []).append(line)
    return rows


def _row_of_target(rows: Mapping[int, Sequence[Line]]) -> tuple[int, tuple[int, ...]]:
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


def _standing(lines: Iterable[Line]) -> tuple[int, float]:
    """Lanes with a detected band, and the sum of those bands."""
    found = [
        line.net
        for line in lines
        if line.kind not in NO_SAMPLE and Flag.BELOW_DETECTION not in line.flags
    ]
    return len(found), math.fsum(found)

"""Keeping hand edits when lanes and bands are found anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..model import Band, BandRow, Lane, Layout, Panel

__all__ = ["keep_hand_edits", "matched_lanes"]


def matched_lanes(old: Sequence[Lane], new: Sequence[Lane]) -> dict[str, str]:
    """Which lanes of two layouts of one picture are the same lane.

    Two lanes match where each is the other's nearest, and their centre lines are on average less
    than half the narrower one's width apart over the rows that they share.

    Returns
    -------
    dict of str to str
        Id in `new`, by id in `old`.
    """
    away = np.array([[_distance(a, b) for b in new] for a in old])
    if away.size == 0:
        return {}
    pairs = {}
    for i, a in enumerate(old):
        j = int(away[i].argmin())
        if int(away[:, j].argmin()) == i and away[i, j] < min(a.width, new[j].width) / 2:
            pairs[a.id] = new[j].id
    return pairs


def keep_hand_edits(mine: Layout, found: Layout, removed: Sequence[Lane] = ()) -> Layout:
    """Merge a layout corrected by hand with one that was found anew.

    Lanes and bands that were drawn by hand stay exactly as they are; the rest is as found now.
    A lane that is found again keeps its id, label, kind and use, so that samples stay attached.
    A band set by hand in a lane that is found again stays in that lane; where the lane is not
    found again, the lane stays too.

    Parameters
    ----------
    mine : Layout
        As corrected.
    found : Layout
        As `blotquant.detect` returns it now.
    removed : sequence of Lane
        Lanes that were deleted by hand; they are not brought back.

    Returns
    -------
    Layout
    """
    found = _without_removed(found, removed)
    pairs = matched_lanes(mine.lanes, found.lanes)
    panels = {panel.id: panel for panel in found.panels}
    hand_ids = {lane.id for lane in mine.lanes if lane.source == "hand"}
    touched = {band.lane_id for band in mine.bands if band.source == "hand"}
    hand_ids |= {lane_id for lane_id in touched if lane_id not in pairs}
    covered = {pairs[lane_id] for lane_id in hand_ids if lane_id in pairs}
    taken = {lane.id for lane in mine.lanes}
    known = {new: old for old, new in pairs.items()}
    names: dict[str, str] = {}
    lanes: list[Lane] = []
    for lane in found.lanes:
        if lane.id in covered or _overlaps(lane, mine, hand_ids):
            continue
        name = known.get(lane.id) or _free(lane.id, taken)
        taken.add(name)
        names[lane.id] = name
        lanes.append(_named_like(lane, name, mine))
    for lane in mine.lanes:
        if lane.id in hand_ids:
            panels.setdefault(lane.panel_id, _panel(mine, lane.panel_id))
            lanes.append(lane)
    rows, bands = _bands(mine, found, names, hand_ids)
    return Layout(tuple(panels.values()), tuple(lanes), rows, bands)


def _bands(
    mine: Layout, found: Layout, names: dict[str, str], hand_ids: set[str]
) -> tuple[tuple[BandRow, ...], tuple[Band, ...]]:
    """Rows and bands: those of hand lanes and hand bands of mine, the rest as found."""
    same_row = _matched_rows(mine, found, names)
    kept = [
        band
        for band in mine.bands
        if band.lane_id in hand_ids or (band.source == "hand" and band.lane_id in names.values())
    ]
    mine_rows = {row.id: row for row in mine.rows}
    fresh = []
    for band in found.bands:
        if band.lane_id not in names:
            continue
        lane_id, row_id = names[band.lane_id], same_row[band.row_id]
        rivals = [other for other in kept if other.lane_id == lane_id]
        if any(other.row_id == row_id or _overlap(other, band) for other in rivals):
            continue
        fresh.append(replace(band, lane_id=lane_id, row_id=row_id))
    used = {band.row_id for band in (*kept, *fresh)}
    found_rows = {same_row[row.id]: replace(row, id=same_row[row.id]) for row in found.rows}
    rows = {**found_rows, **mine_rows}  # names given to rows are kept
    order = [*found_rows, *(row_id for row_id in mine_rows if row_id not in found_rows)]
    place = {(band.lane_id, band.row_id): index for index, band in enumerate(mine.bands)}
    bands = sorted(
        (*kept, *fresh), key=lambda band: place.get((band.lane_id, band.row_id), len(place))
    )
    return tuple(rows[row_id] for row_id in order if row_id in used), tuple(bands)


def _matched_rows(mine: Layout, found: Layout, names: dict[str, str]) -> dict[str, str]:
    """Row id of mine, or a free one, by row id of what was found."""
    taken = {row.id for row in mine.rows}
    given: dict[str, str] = {}
    back = {new: old for old, new in names.items()}
    for row in found.rows:
        votes: dict[str, int] = {}
        for band in (band for band in found.bands if band.row_id == row.id):
            for other in mine.bands:
                if back.get(other.lane_id) == band.lane_id and _overlap(other, band):
                    votes[other.row_id] = votes.get(other.row_id, 0) + 1
        free = {row_id: count for row_id, count in votes.items() if row_id not in given.values()}
        name = max(free, key=lambda row_id: free[row_id]) if free else _free(row.id, taken)
        taken.add(name)
        given[row.id] = name
    return given


def _named_like(lane: Lane, name: str, mine: Layout) -> Lane:
    for old in mine.lanes:
        if old.id == name:
            return replace(lane, id=name, label=old.label, kind=old.kind, use=old.use)
    return replace(lane, id=name)


def _without_removed(found: Layout, removed: Sequence[Lane]) -> Layout:
    gone = set(matched_lanes(removed, found.lanes).values()) if removed else set()
    if not gone:
        return found
    return found.replace(
        lanes=tuple(lane for lane in found.lanes if lane.id not in gone),
        bands=tuple(band for band in found.bands if band.lane_id not in gone),
    )


def _overlaps(lane: Lane, mine: Layout, hand_ids: set[str]) -> bool:
    """Whether a lane drawn by hand lies over more than half of it."""
    return any(
        _distance(lane, other) < max(lane.width, other.width) / 2
        for other in mine.lanes
        if other.id in hand_ids
    )


def _distance(a: Lane, b: Lane) -> float:
    """Mean distance of two centre lines over the rows that both run through, px."""
    top, bottom = max(a.top, b.top), min(a.bottom, b.bottom)
    if top >= bottom:
        return float("inf")
    rows = np.linspace(top, bottom, 9)
    return float(np.abs(a.center(rows) - b.center(rows)).mean())


def _overlap(a: Band, b: Band) -> bool:
    shared = min(a.stop, b.stop) - max(a.start, b.start)
    return shared > 0.5 * min(a.stop - a.start, b.stop - b.start)


def _panel(layout: Layout, panel_id: str) -> Panel:
    return next(panel for panel in layout.panels if panel.id == panel_id)


def _free(name: str, taken: set[str]) -> str:
    new, number = name, 2
    while new in taken:
        new, number = f"{name}-{number}", number + 1
    return new

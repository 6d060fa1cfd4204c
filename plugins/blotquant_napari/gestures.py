"""What the mouse grabs and what dragging it does: pure functions of a layout, no GUI."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from blotquant import edit
from blotquant.model import Lane, Layout

__all__ = ["Grip", "along", "dragged", "hit", "words"]

Part = Literal["lane", "left", "right", "point", "band", "start", "stop"]


@dataclass(frozen=True)
class Grip:
    """A part of a lane or band that can be grabbed.

    Parameters
    ----------
    part : str
        lane, its left or right edge, a point of its path; a band, its start or stop.
    lane_id : str
    row_id : str
        Of a band; empty otherwise.
    index : int
        Of a point; -1 otherwise.
    """

    part: Part
    lane_id: str
    row_id: str = ""
    index: int = -1

    @property
    def band(self) -> edit.BandKey | None:
        """Key of the band that is grabbed, if one is."""
        return (self.lane_id, self.row_id) if self.row_id else None


def hit(
    layout: Layout, row: float, col: float, tolerance: float, selected: Collection[str] = ()
) -> Grip | None:
    """The part under a place: points of selected lanes first, then edges, limits, bodies.

    Parameters
    ----------
    layout : Layout
    row, col : float
        Place in the oriented picture.
    tolerance : float
        Reach of points, edges and limits, px; less where a lane or band is small.
    selected : collection of str
        Ids of the selected lanes: their points are shown, and they win where lanes overlap.
    """
    lanes = sorted(layout.lanes, key=lambda lane: (lane.id not in selected, _away(lane, row, col)))
    for lane in lanes:
        if lane.id in selected:
            for index, (r, c) in enumerate(lane.path):
                if max(abs(r - row), abs(c - col)) <= tolerance:
                    return Grip("point", lane.id, index=index)
    for lane in lanes:
        grip = _hit_lane(layout, lane, row, col, tolerance)
        if grip is not None:
            return grip
    return None


def along(grip: Grip, drow: float, dcol: float) -> Grip:
    """What a drag means once its direction is known.

    Lanes move sideways and bands move along: grabbed where both are, the direction decides.
    """
    if grip.part == "band" and abs(dcol) > abs(drow):
        return replace(grip, part="lane", row_id="")
    return grip


def dragged(
    layout: Layout,
    grip: Grip,
    drow: float,
    dcol: float,
    *,
    shape: tuple[int, int],
    selected: Collection[str] = (),
    whole_row: bool = False,
) -> Layout:
    """The layout after a part was dragged by a distance.

    Parameters
    ----------
    layout : Layout
        As it was when the part was grabbed.
    grip : Grip
    drow, dcol : float
        Distance from where it was grabbed, px.
    shape : tuple of int
        (rows, cols) of the oriented picture.
    selected : collection of str
        Lanes that move together if the grabbed one is among them.
    whole_row : bool
        Move all bands of the row.
    """
    match grip.part:
        case "lane":
            ids = selected if grip.lane_id in selected else [grip.lane_id]
            return edit.move_lanes(layout, ids, dcol=dcol, shape=shape)
        case "left" | "right":
            return edit.move_edge(layout, grip.lane_id, grip.part, dcol, shape=shape)
        case "point":
            row, col = layout.lane(grip.lane_id).path[grip.index]
            place = row + drow, col + dcol
            return edit.move_point(layout, grip.lane_id, grip.index, *place, shape=shape)
        case "band":
            if whole_row:
                return edit.move_row(layout, grip.row_id, drow)
            return edit.move_bands(layout, [(grip.lane_id, grip.row_id)], drow)
        case "start" | "stop":
            key = grip.lane_id, grip.row_id
            limit = getattr(edit.band_at(layout, key), grip.part) + drow
            return edit.set_limits(layout, key, **{grip.part: limit})


def words(layout: Layout, grip: Grip) -> str:
    """What would be grabbed, in words."""
    number = [lane.id for lane in layout.lanes].index(grip.lane_id) + 1
    return {
        "lane": f"lane {number}: drag sideways to move it, double-click to add a point",
        "left": f"lane {number}: drag its left edge",
        "right": f"lane {number}: drag its right edge",
        "point": f"lane {number}: drag the point to bend it, double-click to remove it",
        "band": f"band of lane {number}: drag up or down to move it, with Shift its whole row",
        "start": f"band of lane {number}: drag where it begins",
        "stop": f"band of lane {number}: drag where it ends",
    }[grip.part]


def _hit_lane(layout: Layout, lane: Lane, row: float, col: float, tolerance: float) -> Grip | None:
    if not lane.top - tolerance <= row <= lane.bottom + tolerance:
        return None
    off = col - float(lane.center(row))
    half, reach = lane.width / 2, min(tolerance, lane.width / 4)
    if abs(off) > half + reach:
        return None
    if abs(abs(off) - half) <= reach:
        return Grip("left" if off < 0 else "right", lane.id)
    bands = layout.bands_of(lane.id)
    for band in bands:
        near = min(tolerance, (band.stop - band.start) / 4)
        for part in ("start", "stop"):
            if abs(getattr(band, part) - row) <= near:
                return Grip(part, lane.id, band.row_id)
    for band in bands:
        if band.start <= row <= band.stop:
            return Grip("band", lane.id, band.row_id)
    return Grip("lane", lane.id)


def _away(lane: Lane, row: float, col: float) -> float:
    return abs(float(lane.center(row)) - col)

"""What keys and buttons do: functions of a document and the place under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from blotquant import edit
from blotquant.errors import LayoutError
from blotquant.model import Layout, Point

from .document import Document

__all__ = ["ACTIONS", "mark"]

Action = Callable[[Document, Point | None], None]
# A new band is this share of the usual band's length to either side of the cursor.
_DEFAULT_BAND = 12.0


def _chosen(document: Document) -> tuple[str, ...]:
    lanes = document.selection.lanes
    if not lanes:
        raise LayoutError("click a lane first")
    return lanes


def _numbers(document: Document, lanes: tuple[str, ...]) -> str:
    order = [lane.id for lane in document.layout.lanes]
    numbers = sorted(order.index(name) + 1 for name in lanes)
    word = "lane" if len(numbers) == 1 else "lanes"
    return f"{word} {', '.join(map(str, numbers))}"


def add_lane(document: Document, place: Point | None) -> None:
    """Add a lane at the cursor and choose it."""
    if place is None:
        raise LayoutError("point at the place of the new lane, then press A")
    layout, name = edit.add_lane(document.layout, *place, shape=document.blot.shape)
    document.commit("add a lane", layout)
    document.select([name])


def add_band(document: Document, place: Point | None) -> None:
    """Add a band at the cursor: in the lane that is there, as long as its row's others."""
    if place is None:
        raise LayoutError("point at the place of the new band, then press B")
    row, col = place
    lane_id = _lane_at(document, row, col)
    half = _usual_length(document.layout) / 2
    layout, key = edit.add_band(document.layout, lane_id, row - half, row + half)
    document.commit(f"add a band to {_numbers(document, (lane_id,))}", layout)
    document.select([lane_id], key)


def delete(document: Document, place: Point | None) -> None:
    """Delete the chosen band, or the chosen lanes."""
    band = document.selection.band
    if band is not None:
        what = f"delete a band of {_numbers(document, (band[0],))}"
        document.commit(what, edit.delete_bands(document.layout, [band]))
        return
    lanes = _chosen(document)
    what = f"delete {_numbers(document, lanes)}"
    document.commit(what, edit.delete_lanes(document.layout, lanes))


def space_evenly(document: Document, place: Point | None) -> None:
    """Equal distances between the chosen lanes."""
    lanes = _chosen(document)
    what = f"space {_numbers(document, lanes)} evenly"
    document.commit(what, edit.space_evenly(document.layout, lanes))


def mark(document: Document, **words: Any) -> None:
    """Say what the chosen lanes hold."""
    lanes = _chosen(document)
    said = ", ".join(f"{key} = {value}" for key, value in words.items())
    what = f"mark {_numbers(document, lanes)}: {said}"
    document.commit(what, edit.describe_lanes(document.layout, lanes, **words))


def exclude(document: Document, place: Point | None) -> None:
    """Leave the chosen lanes out; if they are out already, use them again."""
    lanes = _chosen(document)
    used = any(document.layout.lane(name).use for name in lanes)
    mark(document, use=not used)


def _nudge(drow: float, dcol: float) -> Action:
    def nudge(document: Document, place: Point | None) -> None:
        layout, band = document.layout, document.selection.band
        if band is not None and drow:
            moved: Layout = edit.move_bands(layout, [band], drow)
            document.commit(f"nudge a band of {_numbers(document, (band[0],))}", moved)
            return
        lanes = _chosen(document)
        moved = edit.move_lanes(layout, lanes, drow, dcol, shape=document.blot.shape)
        document.commit(f"nudge {_numbers(document, lanes)}", moved)

    return nudge


def _widen(by: float) -> Action:
    def widen(document: Document, place: Point | None) -> None:
        lanes = _chosen(document)
        word = "widen" if by > 0 else "narrow"
        layout = edit.widen_lanes(document.layout, lanes, by)
        document.commit(f"{word} {_numbers(document, lanes)}", layout)

    return widen


def _lane_at(document: Document, row: float, col: float) -> str:
    """The lane under a place, or the chosen one."""
    for lane in document.layout.lanes:
        if abs(float(lane.center(row)) - col) <= lane.width / 2 and lane.top <= row <= lane.bottom:
            return lane.id
    if document.selection.lane:
        return document.selection.lane
    raise LayoutError("point into a lane, then press B")


def _usual_length(layout: Layout) -> float:
    lengths = sorted(band.stop - band.start for band in layout.bands)
    return lengths[len(lengths) // 2] if lengths else _DEFAULT_BAND


ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "add_lane": add_lane,
        "add_band": add_band,
        "delete": delete,
        "left": _nudge(0, -1),
        "right": _nudge(0, 1),
        "far_left": _nudge(0, -10),
        "far_right": _nudge(0, 10),
        "up": _nudge(-1, 0),
        "down": _nudge(1, 0),
        "narrower": _widen(-1),
        "wider": _widen(1),
        "space_evenly": space_evenly,
        "ladder": lambda document, place: mark(document, kind="ladder"),
        "sample": lambda document, place: mark(document, kind="sample", use=True),
        "exclude": exclude,
        "undo": lambda document, place: document.undo(),
        "redo": lambda document, place: document.redo(),
        "select_all": lambda document, place: document.select(
            lane.id for lane in document.layout.lanes
        ),
        "select_none": lambda document, place: document.select(),
    }
)

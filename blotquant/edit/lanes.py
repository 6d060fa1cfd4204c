"""Lanes: move, widen, bend, add, delete, space evenly, say what they hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from ..errors import LayoutError
from ..model import Lane, Layout, Panel, Point

__all__ = [
    "MIN_WIDTH",
    "add_lane",
    "add_point",
    "delete_lanes",
    "describe_lanes",
    "lane_middle",
    "move_edge",
    "move_lanes",
    "move_point",
    "remove_point",
    "set_width",
    "space_evenly",
    "widen_lanes",
]

# Px; below this a lane cannot be grabbed again.
MIN_WIDTH = 2.0
# Px between two points of a path, along the lane.
_MIN_STEP = 1.0
_DEFAULT_WIDTH = 0.05  # of the picture's, where there is no lane to take it from


def move_lanes(
    layout: Layout,
    lane_ids: Collection[str],
    drow: float = 0.0,
    dcol: float = 0.0,
    *,
    shape: tuple[int, int],
) -> Layout:
    """Move lanes; moved along themselves, they take their bands with them.

    Parameters
    ----------
    layout : Layout
    lane_ids : collection of str
    drow, dcol : float
        Distance, px. No lane is pushed out of the picture: all move by the same, smaller distance.
    shape : tuple of int
        (rows, cols) of the oriented picture.

    Raises
    ------
    LayoutError
        If there is no such lane.
    """
    lanes = [layout.lane(lane_id) for lane_id in lane_ids]
    points = [point for lane in lanes for point in lane.path]
    drow = _within(drow, [row for row, _ in points], shape[0])
    dcol = _within(dcol, [col for _, col in points], shape[1])
    if not lanes or (drow == 0 and dcol == 0):
        return layout

    def shifted(lane: Lane) -> Lane:
        return _by_hand(lane, path=tuple((row + drow, col + dcol) for row, col in lane.path))

    moved = _changed(layout, lane_ids, shifted)
    if drow == 0:
        return moved
    bands = tuple(
        replace(band, start=band.start + drow, stop=band.stop + drow, source="hand")
        if band.lane_id in lane_ids
        else band
        for band in moved.bands
    )
    return moved.replace(bands=bands)


def set_width(layout: Layout, lane_ids: Collection[str], width: float) -> Layout:
    """Give lanes a width, about their centre lines; never less than `MIN_WIDTH`.

    Raises
    ------
    LayoutError
        If there is no such lane.
    """
    width = max(float(width), MIN_WIDTH)
    return _changed(layout, lane_ids, lambda lane: _by_hand(lane, width=width))


def widen_lanes(layout: Layout, lane_ids: Collection[str], by: float) -> Layout:
    """Make each lane wider by some px (narrower below 0), about its centre line.

    Raises
    ------
    LayoutError
        If there is no such lane.
    """
    return _changed(
        layout, lane_ids, lambda lane: _by_hand(lane, width=max(lane.width + by, MIN_WIDTH))
    )


def move_edge(
    layout: Layout, lane_id: str, side: str, dcol: float, *, shape: tuple[int, int]
) -> Layout:
    """Move one edge of a lane sideways; the other edge stays where it is.

    Parameters
    ----------
    layout : Layout
    lane_id : str
    side : {"left", "right"}
    dcol : float
        Distance, px, to the right. The lane's centre stays in the picture.
    shape : tuple of int
        (rows, cols) of the oriented picture.

    Raises
    ------
    LayoutError
        If there is no such lane.
    """
    lane = layout.lane(lane_id)
    way = 1.0 if side == "right" else -1.0
    shift = way * max(way * dcol, MIN_WIDTH - lane.width) / 2
    shift = _within(shift, [col for _, col in lane.path], shape[1])
    wider = 2 * way * shift
    path = tuple((row, col + shift) for row, col in lane.path)
    if wider == 0:
        return layout
    return _changed(
        layout, [lane_id], lambda lane: _by_hand(lane, path=path, width=lane.width + wider)
    )


def move_point(
    layout: Layout, lane_id: str, index: int, row: float, col: float, *, shape: tuple[int, int]
) -> Layout:
    """Move one point of a lane's path; it stays between its neighbours and in the picture.

    Parameters
    ----------
    layout : Layout
    lane_id : str
    index : int
        Which point, from 0 at the well.
    row, col : float
        Where to.
    shape : tuple of int
        (rows, cols) of the oriented picture.

    Raises
    ------
    LayoutError
        If there is no such lane or point.
    """
    lane = layout.lane(lane_id)
    path = list(lane.path)
    if not 0 <= index < len(path):
        raise LayoutError(f"lane {lane_id}: there is no point {index + 1} on its path")
    # Points nearer than the step are left where they are along the lane, not pushed apart.
    above = path[index - 1][0] + _MIN_STEP if index > 0 else 0.0
    below = path[index + 1][0] - _MIN_STEP if index + 1 < len(path) else shape[0] - 1.0
    new_row = min(max(float(row), above), below) if above <= below else path[index][0]
    path[index] = (new_row, min(max(float(col), 0.0), shape[1] - 1.0))
    if tuple(path) == lane.path:
        return layout
    return _changed(layout, [lane_id], lambda lane: _by_hand(lane, path=tuple(path)))


def add_point(layout: Layout, lane_id: str, row: float, col: float | None = None) -> Layout:
    """Add a point to a lane's path, on its centre line unless a column is given.

    Raises
    ------
    LayoutError
        If there is no such lane, the row lies beyond its ends, or a point is there already.
    """
    lane = layout.lane(lane_id)
    row = float(row)
    if not lane.top < row < lane.bottom:
        raise LayoutError(f"lane {lane_id}: row {row:.1f} lies beyond its ends")
    if min(abs(row - other) for other, _ in lane.path) < _MIN_STEP:
        raise LayoutError(f"lane {lane_id}: there is a point at row {row:.1f} already")
    new = (row, float(lane.center(row)) if col is None else float(col))
    path = tuple(sorted((*lane.path, new)))
    return _changed(layout, [lane_id], lambda lane: _by_hand(lane, path=path))


def remove_point(layout: Layout, lane_id: str, index: int) -> Layout:
    """Remove a point from a lane's path; two are needed.

    Raises
    ------
    LayoutError
        If there is no such lane or point, or the lane has no more than two.
    """
    lane = layout.lane(lane_id)
    if not 0 <= index < len(lane.path):
        raise LayoutError(f"lane {lane_id}: there is no point {index + 1} on its path")
    if len(lane.path) == 2:
        raise LayoutError(f"lane {lane_id}: a lane needs the two points it has")
    path = lane.path[:index] + lane.path[index + 1 :]
    return _changed(layout, [lane_id], lambda lane: _by_hand(lane, path=path))


def add_lane(
    layout: Layout, row: float, col: float, *, shape: tuple[int, int], width: float | None = None
) -> tuple[Layout, str]:
    """Add a lane at a place: as wide and as long as the others, bent like its neighbour.

    Parameters
    ----------
    layout : Layout
    row, col : float
        A place on its centre line.
    shape : tuple of int
        (rows, cols) of the oriented picture.
    width : float, optional
        The median of the panel's lanes otherwise.

    Returns
    -------
    Layout
    str
        Id of the new lane.

    Raises
    ------
    LayoutError
        If the place lies outside the picture.
    """
    if not (0 <= row <= shape[0] - 1 and 0 <= col <= shape[1] - 1):
        raise LayoutError(f"({row:.0f}, {col:.0f}) lies outside the picture; point into it first")
    panels = layout.panels or (Panel("panel-1"),)
    panel_id = _panel_at(layout, row, col) or panels[0].id
    mates = [lane for lane in layout.lanes if lane.panel_id == panel_id]
    lane_id = _free_id(layout, round(row), round(col))
    lane = Lane(
        lane_id,
        panel_id,
        _path_like(mates, row, col, shape),
        max(width or _usual_width(mates or layout.lanes, shape), MIN_WIDTH),
        source="hand",
    )
    return layout.replace(panels=panels, lanes=(*layout.lanes, lane)), lane_id


def delete_lanes(layout: Layout, lane_ids: Collection[str]) -> Layout:
    """Delete lanes with their bands; rows of bands that are left empty go too.

    Raises
    ------
    LayoutError
        If there is no such lane.
    """
    for lane_id in lane_ids:
        layout.lane(lane_id)
    lost = {band.row_id for band in layout.bands if band.lane_id in lane_ids}
    bands = tuple(band for band in layout.bands if band.lane_id not in lane_ids)
    lost -= {band.row_id for band in bands}
    return layout.replace(
        lanes=tuple(lane for lane in layout.lanes if lane.id not in lane_ids),
        rows=tuple(row for row in layout.rows if row.id not in lost),
        bands=bands,
    )


def describe_lanes(layout: Layout, lane_ids: Collection[str], **words: Any) -> Layout:
    """Say what lanes hold; where they lie is not touched, nor who drew them.

    Parameters
    ----------
    layout : Layout
    lane_ids : collection of str
    **words
        ``label``, ``kind`` or ``use`` of `Lane`.

    Raises
    ------
    LayoutError
        If there is no such lane or kind.
    """
    strange = set(words) - {"label", "kind", "use"}
    if strange:
        raise LayoutError(f"{', '.join(sorted(strange))}: is not said of a lane in words")
    return _changed(layout, lane_ids, lambda lane: replace(lane, **words))


def space_evenly(layout: Layout, lane_ids: Collection[str]) -> Layout:
    """Put lanes at equal distances between the first and the last of them; their bends stay.

    Raises
    ------
    LayoutError
        If there is no such lane, fewer than three, or they are not of one panel.
    """
    chosen = sorted((layout.lane(lane_id) for lane_id in lane_ids), key=lane_middle)
    if len(chosen) < 3:
        raise LayoutError("select three lanes or more to space them evenly")
    if len({lane.panel_id for lane in chosen}) > 1:
        raise LayoutError("select lanes of one membrane to space them evenly")
    first, last = lane_middle(chosen[0]), lane_middle(chosen[-1])
    step = (last - first) / (len(chosen) - 1)
    shift = {
        lane.id: first + index * step - lane_middle(lane)
        for index, lane in enumerate(chosen)
        if 0 < index < len(chosen) - 1
    }

    def spaced(lane: Lane) -> Lane:
        return _by_hand(lane, path=tuple((r, c + shift[lane.id]) for r, c in lane.path))

    return _changed(layout, shift, spaced)


def lane_middle(lane: Lane) -> float:
    """Column of the centre line halfway down the lane: what lanes are ordered by."""
    return float(lane.center((lane.top + lane.bottom) / 2))


def _changed(layout: Layout, lane_ids: Collection[str], change: Callable[[Lane], Lane]) -> Layout:
    new = {lane_id: change(layout.lane(lane_id)) for lane_id in lane_ids}
    return layout.replace(lanes=tuple(new.get(lane.id, lane) for lane in layout.lanes))


def _by_hand(lane: Lane, **changes: Any) -> Lane:
    changed = replace(lane, **changes)
    return lane if changed == lane else replace(changed, source="hand", confidence=1.0)


def _within(shift: float, places: Sequence[float], size: int) -> float:
    """The shift, cut where it would push one of the places out of the picture."""
    if not places:
        return 0.0
    return min(max(float(shift), min(0.0, -min(places))), max(0.0, size - 1 - max(places)))


def _panel_at(layout: Layout, row: float, col: float) -> str:
    """Panel around a place, else that of the nearest lane, else none."""
    for panel in layout.panels:
        if panel.outline and _inside(panel.outline, row, col):
            return panel.id
    if not layout.lanes:
        return ""
    return min(layout.lanes, key=lambda lane: abs(float(lane.center(row)) - col)).panel_id


def _inside(outline: Sequence[Point], row: float, col: float) -> bool:
    """Even-odd rule."""
    inside = False
    for (r0, c0), (r1, c1) in zip(outline, (*outline[1:], outline[0]), strict=True):
        if (r0 > row) != (r1 > row) and col < c0 + (row - r0) / (r1 - r0) * (c1 - c0):
            inside = not inside
    return inside


def _path_like(
    mates: Sequence[Lane], row: float, col: float, shape: tuple[int, int]
) -> tuple[Point, ...]:
    """The nearest lane's path through another place; straight where there is none."""
    if not mates:
        return (0.0, float(col)), (shape[0] - 1.0, float(col))
    nearest = min(mates, key=lambda lane: abs(float(lane.center(row)) - col))
    shift = col - float(nearest.center(row))
    right = shape[1] - 1.0
    return tuple((r, min(max(c + shift, 0.0), right)) for r, c in nearest.path)


def _usual_width(lanes: Sequence[Lane], shape: tuple[int, int]) -> float:
    return median(lane.width for lane in lanes) if lanes else _DEFAULT_WIDTH * shape[1]


def _free_id(layout: Layout, row: int, col: int) -> str:
    """An id that says where: a deleted lane's is not given to a lane drawn elsewhere."""
    taken = {lane.id for lane in layout.lanes}
    name, number = f"hand-{row}-{col}", 2
    while name in taken:
        name, number = f"hand-{row}-{col}-{number}", number + 1
    return name

"""Lanes that the images of a membrane share: an edit in one of them is made in the others too.

The shift between two images is not kept anywhere: it is read off the lanes that both have, so that
it is right again after an undo, in a sidecar that was opened anew, and after a lane was moved.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from ..membrane_layout import Transform, is_shown, straight_on
from ..model import Band, Lane, Layout, Panel, Point
from .lanes import MIN_WIDTH, delete_lanes

__all__ = ["shared_edit", "shift_between", "with_shift"]

_POINTS = 7  # of each lane, to compare it in two images
# Straight lanes do not tell how far an image lies down the membrane: then it stays where it is.
_STAY = 0.01
_OUTLIER_PX = 1.5
# A lane of which no point moved further than this against the others was moved as a whole.
_STRAIGHT_PX = 0.25


def shift_between(ours: Layout, theirs: Layout) -> Transform:
    """How an image lies against another of its membrane, read off the lanes that both have.

    Parameters
    ----------
    ours, theirs : Layout
        Lanes of one id are the same lane.

    Returns
    -------
    Transform
        From `ours` to `theirs`, with the middle of the shared lanes as its pivot; the identity
        where they share none. A lane that was moved in one of the images alone hardly counts
        (soft L1 loss).
    """
    pairs = _shared(ours, theirs)
    if not pairs:
        return Transform()
    middles = np.array([np.mean(lane.path, axis=0) for lane, _ in pairs])
    pivot = (float(middles[:, 0].mean()), float(middles[:, 1].mean()))
    there = np.array([np.mean(lane.path, axis=0) for _, lane in pairs])
    down = float((there - middles)[:, 0].mean())
    if abs(down) < 0.1 * np.mean([lane.bottom - lane.top for lane, _ in pairs]):
        down = 0.0  # one frame: ends differ by what was drawn
    right = float(np.median((there - middles)[:, 1]))
    seen = [_along(lane) for _, lane in pairs]

    def misses(shift: NDArray[np.float64]) -> NDArray[np.float64]:
        back = Transform(shift[0], shift[1], shift[2], pivot).inverse
        away = []
        for (lane, _), (rows, cols) in zip(pairs, seen, strict=True):
            row, col = back(rows, cols)
            away.append(_columns(lane.path, row) - col)
        return np.concatenate([*away, [_STAY * (shift[0] - down)]])

    start = np.array([down, right, 0.0])
    found = least_squares(misses, start, loss="soft_l1", f_scale=_OUTLIER_PX).x
    return Transform(float(found[0]), float(found[1]), float(found[2]), pivot)


def shared_edit(before: Layout, after: Layout, other: Layout, *, shape: tuple[int, int]) -> Layout:
    """Make an edit of one image's lanes in another image of the membrane.

    Parameters
    ----------
    before, after : Layout
        Of the image that was edited.
    other : Layout
        Of the other image.
    shape : tuple of int
        (rows, cols) of the other image.

    Returns
    -------
    Layout
        `other` with the same lanes moved, bent, widened, described, added and deleted. Lanes keep
        their ends, and what sets a lane apart in `other` (a smudge it was moved away from). A lane
        that is new takes a band in each row, between those of its neighbours. Bands that are there
        stay as they are.
    """
    was = {lane.id: lane for lane in before.lanes}
    left = {lane.id for lane in after.lanes}
    theirs = {lane.id: lane for lane in other.lanes}
    changed = [lane for lane in after.lanes if was.get(lane.id) != lane]
    gone = [name for name in was if name not in left and name in theirs]
    if not changed and not gone:
        return other
    shift = shift_between(before, other)
    result = delete_lanes(other, gone) if gone else other
    for lane in changed:
        old = was.get(lane.id)
        if old is None and lane.id not in theirs:
            result = _with_new(result, lane, shift, shape)
        elif old is not None and lane.id in theirs:
            result = _replaced(result, _followed(theirs[lane.id], old, lane, shift, shape))
    return result


def with_shift(layout: Layout, change: Transform, *, shape: tuple[int, int]) -> Layout:
    """Shift and turn all lanes of an image; widths, ends and bands stay.

    Parameters
    ----------
    layout : Layout
    change : Transform
        From where lanes are to where they belong.
    shape : tuple of int
        (rows, cols) of the image.
    """
    lanes = []
    for lane in layout.lanes:
        path = _carried_path(lane, change, lane.top, lane.bottom)
        moved = replace(lane, path=path, source="hand", confidence=1.0)
        hidden = lane.confidence == 0.0  # then it was not used because nobody saw it
        lanes.append(_shown(moved, shape, use=lane.use or hidden))
    return layout.replace(lanes=tuple(lanes))


def _shared(ours: Layout, theirs: Layout) -> list[tuple[Lane, Lane]]:
    """Lanes that both show."""
    known = {lane.id: lane for lane in theirs.lanes}
    pairs = [(lane, known[lane.id]) for lane in ours.lanes if lane.id in known]
    return [(a, b) for a, b in pairs if a.confidence > 0 and b.confidence > 0]


def _along(lane: Lane) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = np.linspace(lane.top, lane.bottom, _POINTS)
    return rows, lane.center(rows)


def _columns(path: tuple[Point, ...], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns of a path at some rows."""
    knots = np.array(path, dtype=np.float64)
    return straight_on(knots[:, 0], knots[:, 1], rows)


def _carried_path(lane: Lane, shift: Transform, top: float, bottom: float) -> tuple[Point, ...]:
    """Path of a lane as another image shows it, from one row to another."""
    rows, cols = shift(*np.array(lane.path).T)
    inside = [float(row) for row in rows if top + 1 < row < bottom - 1]
    at = np.array([top, *inside, bottom])
    return tuple(zip(at.tolist(), straight_on(rows, cols, at).tolist(), strict=True))


def _followed(theirs: Lane, old: Lane, new: Lane, shift: Transform, shape: tuple[int, int]) -> Lane:
    """A lane of the other image after what was done to it in the one that was edited."""
    words = {
        name: getattr(new, name)
        for name in ("label", "kind", "use")
        if getattr(new, name) != getattr(old, name)
    }
    lane = replace(theirs, **words)
    if (new.path, new.width) == (old.path, old.width):
        return lane
    path = _moved_path(theirs, old, new, shift)
    width = max(theirs.width * new.width / old.width, MIN_WIDTH)
    moved = replace(
        lane,
        path=path,
        width=width,
        source="carried",
        confidence=1.0,
    )
    hidden = theirs.confidence == 0.0  # then it was not used because nobody saw it
    return _shown(moved, shape, use=new.use if hidden else lane.use)


def _moved_path(theirs: Lane, old: Lane, new: Lane, shift: Transform) -> tuple[Point, ...]:
    """Path of the other image's lane, moved by as much as the edited lane was at each height."""
    was = _carried_path(old, shift, theirs.top, theirs.bottom)
    now = _carried_path(new, shift, theirs.top, theirs.bottom)
    rows = np.array([row for row, _ in now])
    by = _columns(now, rows) - _columns(was, rows)
    if old.path != new.path and float(np.ptp(by)) < _STRAIGHT_PX:  # moved as a whole
        right = float(by.mean())
        return tuple((row, col + right) for row, col in theirs.path)
    cols = theirs.center(rows) + by
    return tuple(zip(rows.tolist(), cols.tolist(), strict=True))


def _shown(lane: Lane, shape: tuple[int, int], *, use: bool) -> Lane:
    """The lane, not used where the picture does not show it."""
    if is_shown(lane, shape):
        return replace(lane, use=use)
    return replace(lane, use=False, confidence=0.0)


def _with_new(layout: Layout, lane: Lane, shift: Transform, shape: tuple[int, int]) -> Layout:
    """The layout with a lane of another image, as long as its neighbours, and its bands."""
    panels = layout.panels or (Panel("panel-1"),)
    known = {panel.id for panel in panels}
    panel_id = lane.panel_id if lane.panel_id in known else panels[0].id
    mates = [other for other in layout.lanes if other.panel_id == panel_id]
    top = float(np.median([mate.top for mate in mates])) if mates else 0.0
    bottom = float(np.median([mate.bottom for mate in mates])) if mates else shape[0] - 1.0
    carried = replace(
        lane,
        panel_id=panel_id,
        path=_carried_path(lane, shift, top, bottom),
        source="carried",
    )
    carried = _shown(carried, shape, use=lane.use)
    layout = layout.replace(panels=panels, lanes=(*layout.lanes, carried))
    if carried.confidence == 0.0:
        return layout
    return layout.replace(bands=(*layout.bands, *_bands_between(layout, carried)))


def _bands_between(layout: Layout, lane: Lane) -> list[Band]:
    """A band for a lane in each row of its panel: between those of the nearest lanes beside it."""
    middle = float(lane.center((lane.top + lane.bottom) / 2))
    side = {
        mate.id: float(mate.center((mate.top + mate.bottom) / 2)) - middle
        for mate in layout.lanes
        if mate.panel_id == lane.panel_id and mate.id != lane.id
    }
    bands = []
    for row in layout.rows:
        mates = [b for b in layout.bands if b.row_id == row.id and b.lane_id in side]
        left = [b for b in mates if side[b.lane_id] < 0]
        right = [b for b in mates if side[b.lane_id] >= 0]
        near = [
            min(found, key=lambda band: abs(side[band.lane_id])) for found in (left, right) if found
        ]
        if near:
            start = float(np.mean([band.start for band in near]))
            stop = float(np.mean([band.stop for band in near]))
            bands.append(Band(lane.id, row.id, start, stop, source="carried", detected=True))
    return bands


def _replaced(layout: Layout, lane: Lane) -> Layout:
    return layout.replace(
        lanes=tuple(lane if other.id == lane.id else other for other in layout.lanes)
    )

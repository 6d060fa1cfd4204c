"""Turning and mirroring a picture: its layout turns with it where lanes stay lanes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from ..errors import LayoutError
from ..model import Band, Lane, Layout, Orientation, Panel, Point

__all__ = ["Turn", "next_orientation", "turned"]

Turn = Literal["left", "right", "mirror"]
_Place = Callable[[float, float], Point]
_NOT_BOTH = "{} the picture back first: it is either turned or mirrored, not both"
_QUARTERS: tuple[Orientation, ...] = ("0", "90", "180", "270")


def next_orientation(now: Orientation, turn: Turn) -> Orientation:
    """Orientation after one more turn of what is seen.

    Raises
    ------
    LayoutError
        If the result is not one of the orientations: a picture is turned or mirrored, not both.
    """
    if turn == "mirror":
        if now in ("0", "mirror"):
            return "mirror" if now == "0" else "0"
        raise LayoutError(_NOT_BOTH.format("turn"))
    if now == "mirror":
        raise LayoutError(_NOT_BOTH.format("mirror"))
    step = 1 if turn == "left" else -1
    return _QUARTERS[(_QUARTERS.index(now) + step) % 4]


def turned(
    layout: Layout, before: Orientation, after: Orientation, shape: tuple[int, int]
) -> Layout | None:
    """The layout on the picture as it is seen after a turn.

    Parameters
    ----------
    layout : Layout
    before, after : Orientation
        How the stored picture is and was turned.
    shape : tuple of int
        (rows, cols) of the picture before.

    Returns
    -------
    Layout or None
        None after a quarter turn: what were lanes would lie on their side.
    """
    if before == after:
        return layout
    rows, cols = shape
    if {before, after} == {"0", "mirror"}:
        return _mapped(layout, lambda row, col: (row, cols - 1 - col), upside_down=False)
    if {before, after} in ({"0", "180"}, {"90", "270"}):
        return _mapped(
            layout, lambda r, c: (rows - 1 - r, cols - 1 - c), upside_down=True, rows=rows
        )
    return None


def _mapped(layout: Layout, place: _Place, *, upside_down: bool, rows: int = 0) -> Layout:
    def of_lane(lane: Lane) -> Lane:
        path = tuple(place(*point) for point in lane.path)
        return replace(lane, path=path[::-1] if upside_down else path)

    def of_band(band: Band) -> Band:
        if not upside_down:
            return band
        return replace(band, start=rows - 1 - band.stop, stop=rows - 1 - band.start)

    def of_panel(panel: Panel) -> Panel:
        return replace(panel, outline=tuple(place(*point) for point in panel.outline))

    return layout.replace(
        panels=tuple(of_panel(panel) for panel in layout.panels),
        lanes=tuple(of_lane(lane) for lane in layout.lanes),
        rows=layout.rows[::-1] if upside_down else layout.rows,
        bands=tuple(of_band(band) for band in layout.bands),
    )

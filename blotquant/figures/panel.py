"""The figures of the paper: strips over charts, one target or all, and a grid of all charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blotquant.figures.chart_data import ChartData, chart_data, targets_of
from blotquant.figures.labels import shortened
from blotquant.figures.paper import Sheet, line_mm
from blotquant.figures.strip_drawing import widest_condition
from blotquant.figures.study_input import FigureOptions, StudyTables, TargetStrip
from blotquant.figures.styles import Style, drawing, style_named
from blotquant.figures.unit import Unit, axis_name, draw_unit, left_of_unit, line_up, plan_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "COLUMN_MM",
    "PAGE_HEIGHT_MM",
    "PAGE_MM",
    "grid_figure",
    "panel_figure",
    "panel_figures",
    "target_figure",
]

COLUMN_MM, PAGE_MM, PAGE_HEIGHT_MM = 85.0, 180.0, 240.0
_EDGE = 1.5  # mm; paper around the figure
_BETWEEN = 3.5  # mm; between units
_LANE, _GROUP = 3.1, 6.5  # mm; the least room for a lane, and for a group's bar
_NARROWEST, _MOST_COLUMNS = 38.0, 4
# Of strips and axes, mm, by how many stand in a row.
_HEIGHTS = {1: (45.0, 30.0), 2: (30.0, 24.0), 3: (22.0, 21.0)}
_NARROWEST_CHART, _MOST_CHARTS = 26.0, 5


@dataclass(frozen=True)
class _Part:
    """What one unit shows."""

    target: str
    strips: tuple[TargetStrip, ...]
    data: ChartData


def target_figure(
    tables: StudyTables,
    target: str,
    strips: Sequence[TargetStrip] = (),
    options: FigureOptions | None = None,
    *,
    width: float = COLUMN_MM,
) -> Figure:
    """Figure of one target: the strip of its blot over its chart.

    Parameters
    ----------
    tables : StudyTables
    target : str
    strips : sequence of TargetStrip
        The target's own first, then its loading controls'; without, the chart alone.
    options : FigureOptions, optional
    width : float
        mm.

    Returns
    -------
    Figure
        At its final size; write it with `save_figure`.

    Raises
    ------
    LayoutError
        If the strip cannot be cut from its blot.
    """
    options = options or FigureOptions()
    order = strips[0].groups if strips else ()
    part = _Part(target, tuple(strips), chart_data(tables, target, options, order))
    heights = (0.42 * width, 0.4 * width)
    return _figures(tables, [part], 1, (width, math.inf), heights, options)[0]


def panel_figure(
    tables: StudyTables,
    strips: Sequence[TargetStrip],
    options: FigureOptions | None = None,
    *,
    width: float = PAGE_MM,
) -> Figure:
    """Panel of a study: for each target the strip of its blot, and under it its chart.

    Strips of loading controls (targets without numbers of their own in the tables) stand under
    the strip of each target of the same membrane.

    Parameters
    ----------
    tables : StudyTables
    strips : sequence of TargetStrip
        In the order they are shown.
    options : FigureOptions, optional
    width : float
        mm.

    Returns
    -------
    Figure

    Raises
    ------
    LayoutError
        If a strip cannot be cut from its blot.
    """
    return panel_figures(tables, strips, options, width=width, most=math.inf)[0]


def panel_figures(
    tables: StudyTables,
    strips: Sequence[TargetStrip],
    options: FigureOptions | None = None,
    *,
    width: float = PAGE_MM,
    most: float = PAGE_HEIGHT_MM,
) -> list[Figure]:
    """Panel of a study as `panel_figure`, on several pages where one would be too high.

    Parameters
    ----------
    tables, strips, options, width
        As for `panel_figure`.
    most : float
        Height of a page, mm; a row that is higher still has a page of its own.

    Returns
    -------
    list of Figure
        One at least.
    """
    options = options or FigureOptions()
    known = targets_of(tables)
    parts = [
        _Part(
            strip.target,
            (strip, *_controls_of(strip, strips, known)),
            chart_data(tables, strip.target, options, strip.groups),
        )
        for strip in strips
        if strip.target in known
    ]
    columns = _columns(len(parts), width, _least(parts, options), _MOST_COLUMNS)
    return _figures(tables, parts, columns, (width, most), _HEIGHTS[min(columns, 3)], options)


def _least(parts: Sequence[_Part], options: FigureOptions) -> float:
    """Width at which lanes, bars and the table under the strip can be read, mm."""
    style = style_named(options.style)
    needs = [_NARROWEST]
    for part in parts:
        beside = left_of_unit(part.data, part.strips, style, options) + 1.5
        lane = max(_LANE, widest_condition(part.strips[0], style))
        needs.append(beside + lane * len(part.strips[0].lanes))
        needs.append(beside + _GROUP * len(part.data.groups))
    return max(needs)


def grid_figure(
    tables: StudyTables, options: FigureOptions | None = None, *, width: float = PAGE_MM
) -> Figure:
    """Charts of all targets side by side, without their blots.

    Parameters
    ----------
    tables : StudyTables
    options : FigureOptions, optional
    width : float
        mm.

    Returns
    -------
    Figure
    """
    options = options or FigureOptions()
    parts = [
        _Part(target, (), chart_data(tables, target, options)) for target in targets_of(tables)
    ]
    groups = max((len(part.data.groups) for part in parts), default=1)
    least = max(_NARROWEST_CHART, 1.2 * _GROUP * groups + 8)
    columns = _columns(len(parts), width, least, _MOST_CHARTS)
    return _figures(tables, parts, columns, (width, math.inf), (0.0, 24.0), options)[0]


def _controls_of(
    strip: TargetStrip, strips: Sequence[TargetStrip], known: Sequence[str]
) -> list[TargetStrip]:
    """Strips of the same membrane that no statistics were made for, lane under lane."""
    return [
        other
        for other in strips
        if other.target not in known
        and other.membrane == strip.membrane
        and len(other.lanes) == len(strip.lanes)
    ]


def _columns(count: int, width: float, least: float, most: int) -> int:
    """How many stand in a row: few places left empty, then as many as there is room for."""
    feasible = max(1, min(most, count, int((width + _BETWEEN) // (least + _BETWEEN))))
    return min(range(max(1, feasible - 1), feasible + 1), key=lambda n: (-count % n, -n))


def _figures(
    tables: StudyTables,
    parts: Sequence[_Part],
    columns: int,
    page: tuple[float, float],
    heights: tuple[float, float],
    options: FigureOptions,
) -> list[Figure]:
    """Sheets of a width with as many rows of units as a height holds."""
    style = style_named(options.style)
    width, most = page
    with drawing():
        rows = _rows(tables, parts, columns, width, heights, style, options)
        pages: list[list[list[Unit]]] = [[]]
        for row in rows:
            if pages[-1] and _height([*pages[-1], row]) > most:
                pages.append([])
            pages[-1].append(row)
        return [_page(rows, width, style, options) for rows in pages]


def _height(rows: Sequence[Sequence[Unit]]) -> float:
    spans = [row[0].height for row in rows]
    return max(2 * _EDGE + sum(spans) + _BETWEEN * (len(spans) - 1), 10.0)


def _page(
    rows: Sequence[Sequence[Unit]], width: float, style: Style, options: FigureOptions
) -> Figure:
    sheet = Sheet(width, _height(rows))
    top = _EDGE
    for row in rows:
        _draw_axis_name(sheet, row[0], top, style, options)
        for unit in row:
            draw_unit(sheet, unit, top, style, options)
        top += row[0].height + _BETWEEN
    return sheet.figure


def _rows(
    tables: StudyTables,
    parts: Sequence[_Part],
    columns: int,
    width: float,
    heights: tuple[float, float],
    style: Style,
    options: FigureOptions,
) -> list[list[Unit]]:
    """Units row by row, all of one width, strips and axes one under the other."""
    lane = _EDGE + line_mm(style.text) + 0.6  # the name of the axis stands left of the first
    room = (width - lane - _EDGE - _BETWEEN * (columns - 1)) / columns
    margin = max(
        (left_of_unit(part.data, part.strips, style, options) for part in parts), default=0.0
    )
    rows = []
    for first in range(0, len(parts), columns):
        row = [
            plan_unit(
                *(tables, part.target, part.strips),
                (lane + place * (room + _BETWEEN), margin, room),
                heights,
                style,
                options,
            )
            for place, part in enumerate(parts[first : first + columns])
        ]
        rows.append(line_up(row))
    return rows


def _draw_axis_name(
    sheet: Sheet, unit: Unit, top: float, style: Style, options: FigureOptions
) -> None:
    """Name of the values, once a row."""
    chart = unit.chart
    name = shortened(axis_name(chart.data, options), chart.height + 10, style.text)
    y = top + unit.head + unit.body - chart.height / 2
    x = _EDGE + line_mm(style.text) / 2 - 0.3
    sheet.text(x, y, name, style.text, rotation=90, kind="axis")

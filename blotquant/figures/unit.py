"""One target's figure: its name, its strip, and its chart aligned to the strip's groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from blotquant.figures.bars import TICK, Chart, draw_chart
from blotquant.figures.chart_data import ChartData, chart_data
from blotquant.figures.labels import fit_labels, shortened, wrapped
from blotquant.figures.paper import Sheet, line_mm, plain, text_mm
from blotquant.figures.strip_drawing import (
    StripPlan,
    draw_foot,
    draw_head,
    draw_lanes,
    draw_strip,
    left_of_strip,
    plan_strip,
    shared_width,
)
from blotquant.figures.study_input import FigureOptions, StudyTables, TargetStrip
from blotquant.figures.styles import Style
from blotquant.figures.value_axis import value_axis

__all__ = ["Unit", "axis_name", "draw_unit", "left_of_unit", "line_up", "plan_unit"]

_RIGHT = 1.2  # mm; air right of a strip
_ALIGNED = 5.0  # mm; groups that stand closer in the strip get a chart that fills its width
_BETWEEN_STRIPS = 0.8  # mm
_OFF = 0.2  # of a lane; further off, a strip's lanes are named anew
_GAP = 2.2  # mm; between strip and chart


@dataclass(frozen=True, eq=False)
class Unit:
    """A target's figure with its places; mm.

    Parameters
    ----------
    name : str
        On one line or two.
    left : float
        Of the room it has.
    strips : tuple of StripPlan
        The target's own first, then its loading controls'.
    chart : Chart
    title, pixels : float
        Heights of the name, and of the strips with all that stands over and under them.
    body : float
        Height of the chart over its foot, brackets included.
    tail : float
        Height of the groups' names under the chart.
    """

    name: str
    left: float
    strips: tuple[StripPlan, ...]
    chart: Chart
    title: float
    pixels: float
    body: float
    tail: float

    @property
    def head(self) -> float:
        """Height of all that stands over the chart."""
        return self.title + self.pixels

    @property
    def height(self) -> float:
        """Of all."""
        return self.head + self.body + self.tail


def axis_name(data: ChartData, options: FigureOptions) -> str:
    """What stands beside the axis of values."""
    if not data.relative:
        return "Normalized density"
    return f"Density (rel. to {plain(data.reference)})"


def left_of_unit(
    data: ChartData, strips: Sequence[TargetStrip], style: Style, options: FigureOptions
) -> float:
    """Room left of strips and chart: ticks, molecular weights, names of conditions; mm."""
    texts = value_axis(data, log=options.log_axis).texts
    ticks = max(text_mm(text, style.small)[0] for text in texts) + TICK + 1.0
    beside = [
        left_of_strip(strip, style, named=place > 0) + 0.4 for place, strip in enumerate(strips)
    ]
    return max([ticks, *beside])


def plan_unit(
    tables: StudyTables,
    target: str,
    strips: Sequence[TargetStrip],
    room: tuple[float, float, float],
    heights: tuple[float, float],
    style: Style,
    options: FigureOptions,
) -> Unit:
    """Lay a target's figure out.

    Parameters
    ----------
    tables : StudyTables
    target : str
    strips : sequence of TargetStrip
        The target's own first, then its loading controls'; empty for the chart alone.
    room : (left, margin, width)
        Where it begins, how far in its strip and axes begin, and its whole width; mm.
    heights : (strip, chart)
        The strip's highest and the axes' height, mm.
    style : Style
    options : FigureOptions
    """
    left, margin, width = room
    inner = (left + margin, width - margin - _RIGHT)
    bounds = (left, left + width)
    shared = shared_width(strips, inner[1], heights[0], options)
    place = (inner[0] + (inner[1] - shared) / 2, shared)
    plans = tuple(plan_strip(strip, place, bounds, heights[0], style, options) for strip in strips)
    data = chart_data(tables, target, options, strips[0].groups if strips else ())
    centers = _centers(data, plans[0] if plans else None, inner)
    names = [group.name for group in data.groups]
    labels = fit_labels(names, centers, style.text, bounds)
    chart = Chart(data, *inner, heights[1], centers, labels)
    pixels = 0.0
    if plans:
        pixels = sum(plan.height + _over(plan, plans[0]) for plan in plans)
        pixels += plans[0].head + plans[0].foot + _GAP
    name = _title(strips[0].name if strips else target, width - 1, style)
    title = (name.count("\n") + 1) * line_mm(style.title) + 0.6
    body = chart.brackets(style, options)[2]
    return Unit(name, left, plans, chart, title, pixels, body, labels.height + 1.4)


def _title(name: str, room: float, style: Style) -> str:
    """A name on one line or two, each cut off where it is still too wide."""
    text = wrapped(plain(name), room, style.title, 2, bold=style.bold)
    return "\n".join(
        shortened(line, room, style.title, bold=style.bold) for line in text.split("\n")
    )


def _centers(
    data: ChartData, plan: StripPlan | None, inner: tuple[float, float]
) -> tuple[float, ...]:
    """Groups under their lanes, or evenly spaced where these stand too close or mixed; mm."""
    left, width = inner
    names = [group.name for group in data.groups]
    known = plan.group_centers if plan else {}
    under = [known[name] for name in names if name in known]
    apart = min((b - a for a, b in pairwise(under)), default=_ALIGNED)
    if len(under) == len(names) and apart >= _ALIGNED:
        return tuple(under)
    step = width / max(len(names), 1)
    return tuple(left + step * (place + 0.5) for place in range(len(names)))


def line_up(units: Sequence[Unit]) -> list[Unit]:
    """Units of one row with their charts' feet at one height."""
    title, pixels, body, tail = (
        max(getattr(unit, name) for unit in units) for name in ("title", "pixels", "body", "tail")
    )
    return [replace(unit, title=title, pixels=pixels, body=body, tail=tail) for unit in units]


def draw_unit(sheet: Sheet, unit: Unit, top: float, style: Style, options: FigureOptions) -> None:
    """Draw a target's figure from a height of the sheet down."""
    middle = unit.chart.left + unit.chart.width / 2
    half = text_mm(unit.name, style.title, bold=style.bold)[0] / 2
    middle = max(middle, unit.left + half)
    for place, line in enumerate(reversed(unit.name.split("\n"))):
        y = top + unit.title - 0.6 - (place + 0.2) * line_mm(style.title)
        sheet.text(middle, y, line, style.title, va="baseline", bold=style.bold, kind="title")
    if unit.strips:
        _draw_strips(sheet, unit.strips, top + unit.title, style)
    draw_chart(sheet, unit.chart, top + unit.head + unit.body, style, options)


def _draw_strips(sheet: Sheet, plans: Sequence[StripPlan], top: float, style: Style) -> None:
    """Strips one under the other, the lanes named over the first, conditions under the last."""
    y = top + plans[0].head
    draw_head(sheet, plans[0], y, style)
    for place, plan in enumerate(plans):
        y += _over(plan, plans[0])
        if not _under_each_other(plan, plans[0]):
            draw_lanes(sheet, plan, y, style)
        draw_strip(sheet, plan, y, style, plan.strip.name if place else "")
        y += plan.height
    draw_foot(sheet, plans[0], y, style)


def _over(plan: StripPlan, first: StripPlan) -> float:
    """Room over a strip's pixels, beside the first strip's head, mm."""
    if plan is first:
        return 0.0
    own = 0.0 if _under_each_other(plan, first) else plan.lanes.height + 0.6
    return _BETWEEN_STRIPS + own


def _under_each_other(plan: StripPlan, first: StripPlan) -> bool:
    """Whether the first strip's names stand over this strip's lanes too."""
    pitch = first.width / len(first.centers)
    return all(abs(x - y) <= _OFF * pitch for x, y in zip(plan.centers, first.centers, strict=True))

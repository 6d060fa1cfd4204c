"""A target's chart: bars or means with every replicate as a dot, and brackets over them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from blotquant.figures.brackets import Bracket, brackets_of, place_brackets
from blotquant.figures.chart_data import ChartData, Group
from blotquant.figures.labels import LabelFit, draw_names
from blotquant.figures.paper import INK, MM_PER_PT, Sheet, line_mm, text_mm
from blotquant.figures.study_input import FigureOptions
from blotquant.figures.styles import Style
from blotquant.figures.value_axis import ValueAxis, value_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TICK", "Chart", "draw_chart"]

TICK = 0.9  # mm
_BAR, _WIDEST = 0.62, 11.0  # of the distance between groups; mm
_DOTS = 0.3  # of a bar's width, to either side
_HANG = 0.3  # of a text's size: how far over the line an asterisk ends
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Chart:
    """A chart with its place on the sheet; mm.

    Parameters
    ----------
    data : ChartData
    left, width : float
        Of the axes.
    height : float
        Of the axes, from the foot to the topmost tick; brackets may stand higher.
    centers : tuple of float
        x of each group.
    labels : LabelFit
        Names of the groups under the axis.
    """

    data: ChartData
    left: float
    width: float
    height: float
    centers: tuple[float, ...]
    labels: LabelFit

    def axis(self, options: FigureOptions) -> ValueAxis:
        """Axis of the values."""
        return value_axis(self.data, log=options.log_axis)

    def brackets(
        self, style: Style, options: FigureOptions
    ) -> tuple[list[Bracket], list[float], float]:
        """Brackets, their heights over the foot, and the height of all that is drawn."""
        axis = self.axis(options)
        brackets = brackets_of(self.data, options)
        dot = _dot_size(style) * MM_PER_PT / 2
        tops = [
            self.height * axis.fraction(group.top) + dot if math.isfinite(group.top) else 0.0
            for group in self.data.groups
        ]
        heights, top = place_brackets(brackets, tops, self.centers, style.text)
        over = line_mm(style.small) + 1.0 if axis.exponent else 1.2
        return brackets, heights, max(top, self.height + over)

    @property
    def bar(self) -> float:
        """Width of a bar."""
        pitch = min((b - a for a, b in pairwise(sorted(self.centers))), default=self.width / 2)
        return min(_BAR * pitch, _WIDEST)


def draw_chart(
    sheet: Sheet, chart: Chart, foot: float, style: Style, options: FigureOptions
) -> None:
    """Draw a chart whose foot lies at a height of the sheet.

    Mean +- SD (on a log axis the geometric mean and its 95 % confidence interval), each replicate
    a dot, dots of one replicate joined where the comparison is paired; a triangle that points
    down is the limit of a replicate below detection.
    """
    axis = chart.axis(options)
    axes = sheet.axes(chart.left, foot - chart.height, (chart.width, chart.height))
    axes.set_xlim(chart.left, chart.left + chart.width)
    _dress(axes, axis, style)
    _tick_texts(sheet, chart, axis, foot, style)
    if chart.data.paired:
        _join(axes, chart, style)
    for index, group in enumerate(chart.data.groups):
        _draw_group(axes, chart, index, group, axis, style)
        if not math.isfinite(group.top):
            place = (chart.centers[index], foot - line_mm(style.small) / 2 - 0.3)
            sheet.text(*place, "n.d.", style.small, colour="#555555", kind="no-value")
    _draw_brackets(sheet, chart, foot, style, options)
    _group_names(sheet, chart, foot, style)


def _dress(axes: Axes, axis: ValueAxis, style: Style) -> None:
    """Axis lines, ticks without text, and the grid of a style that has one."""
    if axis.log:
        axes.set_yscale("log")
        axes.minorticks_off()
    axes.set_ylim(axis.ticks[0], axis.ticks[-1])
    axes.set_xticks([])
    axes.set_yticks(axis.ticks, [""] * len(axis.ticks))
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom" or (side == "left" and not style.grid))
        spine.set_linewidth(style.axis)
    length = 0 if style.grid else TICK / MM_PER_PT
    axes.tick_params(axis="y", length=length, width=style.axis)
    if style.grid:
        axes.grid(axis="y", color="#DDDDDD", lw=0.4, zorder=0)
        axes.set_axisbelow(True)
    if axis.ticks[0] < 0:
        axes.axhline(0, color=INK, lw=style.axis, zorder=2)


def _tick_texts(sheet: Sheet, chart: Chart, axis: ValueAxis, foot: float, style: Style) -> None:
    right = chart.left - TICK - 0.5
    for tick, text in zip(axis.ticks, axis.texts, strict=True):
        y = foot - chart.height * axis.fraction(tick)
        sheet.text(right, y, text, style.small, ha="right", kind="tick")
    if axis.exponent:
        power = f"×10{str(axis.exponent).translate(_SUPERSCRIPT)}"
        y = foot - chart.height - line_mm(style.small) / 2 - 0.9
        width = text_mm(power, style.small)[0]
        sheet.text(max(chart.left - width / 2, 0.2), y, power, style.small, ha="left", kind="power")


def _draw_group(
    axes: Axes, chart: Chart, index: int, group: Group, axis: ValueAxis, style: Style
) -> None:
    x, colour = chart.centers[index], style.colour(_colour_place(chart.data, index))
    as_bar = style.fill != "none" and not axis.log
    if math.isfinite(group.center):
        _draw_center(axes, x, chart.bar, group, colour, style, as_bar=as_bar)
    xs = _dot_places(chart, index)
    for below, marker in ((False, "o"), (True, "v")):
        picked = [(xs[p.replicate], p.value) for p in group.points if p.below is below]
        axes.plot(
            [x for x, _ in picked],
            [y for _, y in picked],
            ls="none",
            marker=marker,
            ms=_dot_size(style),
            mfc="white" if below or style.fill == "solid" else colour,
            mec=INK if style.fill == "solid" else colour,
            mew=0.5,
            zorder=4,
            clip_on=False,
        )


def _draw_center(
    axes: Axes, x: float, width: float, group: Group, colour: str, style: Style, *, as_bar: bool
) -> None:
    """The bar, or the line at the mean, with its error bar."""
    if as_bar:
        pale = style.fill == "pale"
        axes.bar(
            *(x, group.center, width),
            color=_lighter(colour) if pale else colour,
            edgecolor=colour if pale else INK,
            lw=style.axis,
            zorder=1,
        )
    else:
        line = [x - width / 2, x + width / 2]
        axes.plot(line, [group.center] * 2, color=INK, lw=style.line * 1.5, zorder=5)
    if math.isfinite(group.low) and math.isfinite(group.high):
        cap = width / 5
        low = max(group.low, axes.get_ylim()[0])
        ends = [group.high] if low > group.low else [low, group.high]
        axes.plot([x, x], [low, group.high], color=INK, lw=style.line, zorder=3, clip_on=False)
        for end in ends:  # no cap where the bar goes on below the axis
            axes.plot(
                [x - cap, x + cap], [end, end], color=INK, lw=style.line, zorder=3, clip_on=False
            )


def _join(axes: Axes, chart: Chart, style: Style) -> None:
    """Lines between the dots of one replicate in neighbouring groups."""
    for index, (left, right) in enumerate(pairwise(chart.data.groups)):
        starts, ends = _dot_places(chart, index), _dot_places(chart, index + 1)
        ahead = {point.replicate: point for point in right.points}
        for point in left.points:
            other = ahead.get(point.replicate)
            if other is None or not (math.isfinite(point.value) and math.isfinite(other.value)):
                continue
            xs = [starts[point.replicate], ends[other.replicate]]
            ys = [point.value, other.value]
            axes.plot(xs, ys, color="#666666", lw=min(style.line, 0.5), zorder=3.5, clip_on=False)


def _dot_places(chart: Chart, index: int) -> dict[str, float]:
    """Place of each replicate, mm; in every group the same, so that joining lines do not cross."""
    names = list(dict.fromkeys(p.replicate for group in chart.data.groups for p in group.points))
    if not chart.data.paired:
        names = [point.replicate for point in chart.data.groups[index].points]
    reach = _DOTS * chart.bar
    steps = [
        2 * place / (len(names) - 1) - 1 if len(names) > 1 else 0.0 for place in range(len(names))
    ]
    return {
        name: chart.centers[index] + reach * step for name, step in zip(names, steps, strict=True)
    }


def _draw_brackets(
    sheet: Sheet, chart: Chart, foot: float, style: Style, options: FigureOptions
) -> None:
    brackets, heights, _ = chart.brackets(style, options)
    for bracket, height in zip(brackets, heights, strict=True):
        left, right = chart.centers[bracket.first], chart.centers[bracket.last]
        y = foot - height
        sheet.line([left, left, right, right], [y + 0.7, y, y, y + 0.7], style.line)
        # asterisks hang from the top of their line: they are let down to the bracket
        hang = _HANG * style.text * MM_PER_PT if not bracket.text.strip("*") else 0.0
        place = ((left + right) / 2, y - 0.5 + hang)
        sheet.text(*place, bracket.text, style.text, va="baseline", kind="stars")


def _group_names(sheet: Sheet, chart: Chart, foot: float, style: Style) -> None:
    y = foot + 1.0
    draw_names(sheet, chart.labels, chart.centers, y, style.text, below=True)


def _colour_place(data: ChartData, index: int) -> int:
    """0 for the reference, then the others in their order."""
    reference = next((i for i, g in enumerate(data.groups) if g.name == data.reference), 0)
    if index == reference:
        return 0
    return index + 1 if index < reference else index


def _dot_size(style: Style) -> float:
    """Diameter of a dot, pt."""
    return 3.0 if style.name == "prism" else 2.4


def _lighter(colour: str) -> str:
    """A colour mixed with white, 1 to 2."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - part) / 3):02X}" for part in parts)

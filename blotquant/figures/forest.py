"""Forest plot: fold changes with their confidence intervals, and the numbers beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blotquant.figures.brackets import p_text
from blotquant.figures.chart_data import number
from blotquant.figures.labels import shortened
from blotquant.figures.paper import MM_PER_PT, Sheet, line_mm, plain, text_mm
from blotquant.figures.study_input import FigureOptions
from blotquant.figures.styles import Style, drawing, style_named

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["forest_figure"]

_EDGE, _GAP = 1.5, 2.5  # mm
_ROW = 4.6  # mm
_LONGEST_NAME = 0.3  # of the figure's width
_LEAST_PLOT = 20.0  # mm
_NARROW = 120.0  # mm; narrower figures have shorter headings and smaller numbers
_FAINT = "#777777"
_HEADINGS = ("Fold change (95 % CI)", "Adjusted p")
_SHORT_HEADINGS = ("Fold (95 % CI)", "Adj. p")
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


@dataclass(frozen=True)
class _Line:
    """A comparison as it is drawn."""

    target: str
    name: str
    fold: float
    low: float
    high: float
    significant: bool
    fold_text: str
    p_text: str


def forest_figure(
    statistics: pd.DataFrame, options: FigureOptions | None = None, *, width: float = 180.0
) -> Figure:
    """Fold changes of all comparisons with their unadjusted 95 % confidence intervals.

    Filled marks are significant after adjustment. A comparison that only has a bound has an arrow;
    one that was not tested says so.

    Parameters
    ----------
    statistics : DataFrame
        One line per comparison.
    options : FigureOptions, optional
    width : float
        mm; 85 at least, else the figure gets as wide as its numbers need.

    Returns
    -------
    Figure
    """
    options = options or FigureOptions()
    style = style_named(options.style)
    lines = [_line(row, options) for _, row in statistics.iterrows()]
    several = len({(line.name) for line in lines}) > 1
    with drawing():
        room = _LONGEST_NAME * width
        names = [shortened(_name(line, several), room, style.text) for line in lines]
        size = style.text if width >= _NARROW else style.small
        headings = _HEADINGS if width >= _NARROW else _SHORT_HEADINGS
        left = _EDGE + max((text_mm(name, style.text)[0] for name in names), default=0.0) + _GAP
        columns = _columns(lines, headings, size, bold=style.bold)
        plot = max(width - left - sum(columns) - _EDGE - 0.5, _LEAST_PLOT)
        head, foot = line_mm(style.text) + 1.5, 2 * line_mm(style.text) + 3.5
        height = head + _ROW * max(len(lines), 1) + foot + 2 * _EDGE
        sheet = Sheet(max(width, left + plot + sum(columns) + _EDGE), height)
        top = _EDGE + head
        _draw_plot(sheet, lines, (left, top, plot), style)
        _draw_names(sheet, names, top, style)
        first = left + plot + _GAP
        for x, column in ((first, 0), (first + columns[0], 1)):
            texts = [(line.fold_text, line.p_text)[column] for line in lines]
            _draw_column(sheet, (x, top), headings[column], texts, size, bold=style.bold)
        return sheet.figure


def _line(row: pd.Series[Any], options: FigureOptions) -> _Line:
    fold, low, high = (number(row[key]) for key in ("fold_change", "ci_low", "ci_high"))
    p = number(row["p_adjusted"])
    tested = str(row["verdict"]) == "tested"
    stars = row["stars"] if isinstance(row["stars"], str) and tested else ""
    p_word = p_text(p).removeprefix("p = ").removeprefix("p ") if tested else "not tested"
    words = f"{p_word}  {stars}" if stars and stars != "ns" else p_word
    return _Line(
        plain(str(row["target"])),
        plain(f"{row['group']} vs {row['reference']}"),
        *(fold, low, high),
        tested and p < options.alpha,
        _fold_text(fold, low, high),
        words,
    )


def _fold_text(fold: float, low: float, high: float) -> str:
    """The fold with its interval, or the bound that is known, or nothing."""
    if math.isfinite(fold) and math.isfinite(low) and math.isfinite(high):
        return f"{_digits(fold)} ({_digits(low)}–{_digits(high)})"
    if math.isfinite(low) and not math.isfinite(high):
        return f"≥ {_digits(low)}"
    if math.isfinite(high) and not math.isfinite(low):
        return f"≤ {_digits(high)}"
    return _digits(fold) if math.isfinite(fold) else "–"


def _digits(value: float) -> str:
    """Two decimals, or three digits where that is more."""
    return f"{value:.2f}" if 0.1 <= value < 1000 else f"{value:.3g}"


def _name(line: _Line, several: bool) -> str:
    return f"{line.target}: {line.name}" if several else line.target


def _columns(
    lines: Sequence[_Line], headings: tuple[str, str], size: float, *, bold: bool
) -> tuple[float, float]:
    """Widths of the two columns of numbers, their gaps included."""
    texts = ([line.fold_text for line in lines], [line.p_text for line in lines])
    first, second = (
        max([text_mm(head, size, bold=bold)[0]] + [text_mm(text, size)[0] for text in column])
        + _GAP
        for head, column in zip(headings, texts, strict=True)
    )
    return first, second


def _limits(lines: Sequence[_Line]) -> tuple[float, float]:
    """Ends of the axis: all that is known, and 1, with some room."""
    known = [v for line in lines for v in (line.fold, line.low, line.high)]
    known = [math.log(v) for v in known if math.isfinite(v) and v > 0]
    low, high = min([math.log(0.8), *known]), max([math.log(1.25), *known])
    room = 0.06 * (high - low)
    return math.exp(low - room), math.exp(high + room)


def _draw_plot(
    sheet: Sheet, lines: Sequence[_Line], place: tuple[float, float, float], style: Style
) -> None:
    left, top, width = place
    height = _ROW * max(len(lines), 1)
    axes = sheet.axes(left, top, (width, height))
    low, high = _limits(lines)
    axes.set_xscale("log")
    axes.set(xlim=(low, high), ylim=(max(len(lines), 1), 0))
    axes.minorticks_off()
    axes.set_yticks([])
    ticks = _ticks(low, high)
    axes.set_xticks(ticks, [""] * len(ticks))
    axes.tick_params(axis="x", length=1.0 / MM_PER_PT, width=style.axis)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_linewidth(style.axis)
    axes.axvline(1.0, color=_FAINT, lw=style.line, ls=(0, (3, 2)), zorder=1)
    for place_, line in enumerate(lines):
        _draw_line(axes, line, place_ + 0.5, (low, high), style)
    for tick in ticks:
        x = left + width * math.log(tick / low) / math.log(high / low)
        sheet.text(x, top + height + 1.4, f"{tick:g}", style.small, va="top", kind="tick")
    y = top + height + 1.8 + line_mm(style.small)
    sheet.text(left + width / 2, y, "Fold change (log scale)", style.text, va="top", kind="axis")


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers within the axis; powers of ten where that is more than seven."""
    wide = [10.0**k for k in range(-12, 13)]
    for choice in (_TICKS, (0.25, *wide), wide):
        found = [tick for tick in choice if low <= tick <= high]
        if len(found) <= 7 and found:
            return found
    return [1.0]


def _draw_line(
    axes: Axes, line: _Line, y: float, limits: tuple[float, float], style: Style
) -> None:
    """Interval and mark; an arrow where only a bound is known."""
    colour = style.colour(1) if line.significant else _FAINT
    both = math.isfinite(line.low) and math.isfinite(line.high)
    if both:
        axes.plot([line.low, line.high], [y, y], color=colour, lw=2 * style.line, zorder=2)
    elif math.isfinite(line.low) or math.isfinite(line.high):
        known, end = (line.low, limits[1]) if math.isfinite(line.low) else (line.high, limits[0])
        arrow = {"arrowstyle": "->", "color": _FAINT, "lw": style.line, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (end, y), (known, y), arrowprops=arrow)
        axes.plot([known], [y], marker="|", ms=5, color=_FAINT, zorder=2)
    if math.isfinite(line.fold) and line.fold > 0:
        face = colour if line.significant else "white"
        axes.plot([line.fold], [y], marker="s", ms=4, mfc=face, mec=colour, mew=0.8, zorder=3)


def _draw_names(sheet: Sheet, names: Sequence[str], top: float, style: Style) -> None:
    for row, name in enumerate(names):
        y = top + _ROW * (row + 0.5)
        sheet.text(_EDGE, y, name, style.text, ha="left", kind="row")


def _draw_column(
    sheet: Sheet,
    corner: tuple[float, float],
    heading: str,
    texts: Sequence[str],
    size: float,
    *,
    bold: bool,
) -> None:
    """Numbers of all rows under their heading."""
    x, top = corner
    sheet.text(x, top - 1.2, heading, size, ha="left", va="bottom", bold=bold, kind="heading")
    for row, text in enumerate(texts):
        sheet.text(x, top + _ROW * (row + 0.5), text, size, ha="left", kind="number")

"""Bar charts of normalized densities by lane, with the error of measuring, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from blotquant.figures.palette import BODY, FAINT, ROWS

__all__ = ["Bar", "bar_charts"]

_LEFT, _RIGHT, _TOP, _PLOT = 48, 8, 12, 150
_STEP, _BAR, _GAP = 24, 15, 14
_BARS_ON_A_PAGE = 26
_WHISKER_LIMIT = 0.5  # of the longest bar: beyond it a whisker leaves the chart
_GROUP_LETTERS = 0.16  # letters of a group's name for each px of its width


@dataclass(frozen=True)
class Bar:
    """One bar.

    Parameters
    ----------
    group : str
        Bars of one group stand together, its name under them: the membrane.
    label : str
        Under the bar: the lane.
    value, error : float
        NaN where there is no value.
    doubtful : bool
        Drawn hollow: the value is flagged.
    title : str
        What hovering says.
    """

    group: str
    label: str
    value: float
    error: float
    doubtful: bool
    title: str


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    ticks: tuple[float, ...]

    def y(self, value: float) -> float:
        return _TOP + (self.high - value) / (self.high - self.low) * _PLOT


def bar_charts(bars: Sequence[Bar], description: str) -> list[Markup]:
    """Charts of bars from zero with error bars of one standard error.

    Parameters
    ----------
    bars : sequence of Bar
        In the order they are drawn.
    description : str
        For readers who cannot see them.

    Returns
    -------
    list of Markup
        SVG elements of fixed size, text in its true size; as many as the width of a page needs,
        all on one scale. A group is never split.
    """
    scale = _scale_of(bars)
    return [_chart(part, scale, description) for part in _parts(bars)]


def _parts(bars: Sequence[Bar]) -> list[list[Bar]]:
    """Bars in charts that fit on a page."""
    parts: list[list[Bar]] = []
    for _, group in groupby(bars, key=lambda bar: bar.group):
        together = list(group)
        if parts and len(parts[-1]) + len(together) <= _BARS_ON_A_PAGE:
            parts[-1] += together
        else:
            parts.append(together)
    return parts


def _chart(bars: Sequence[Bar], scale: _Scale, description: str) -> Markup:
    starts, width = _places(bars)
    height = _TOP + _PLOT + 38
    parts = [_axis(scale, width)]
    parts += [_bar(bar, x, scale) for bar, x in zip(bars, starts, strict=True)]
    parts += _group_names(bars, starts)
    return Markup(
        '<svg class="chart" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" '
        'aria-label="{label}">{body}</svg>'
    ).format(w=width, h=height, label=description, body=Markup("").join(parts))


def _scale_of(bars: Sequence[Bar]) -> _Scale:
    """Round numbers that hold zero and all bars; of a whisker, what leaves the bars to be seen."""
    known = [bar for bar in bars if math.isfinite(bar.value)]
    longest = _WHISKER_LIMIT * max((abs(bar.value) for bar in known), default=0.0)
    ends = [bar.value + sign * min(_error(bar), longest) for bar in known for sign in (-1, 1)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    if high <= low:
        high = low + 1.0
    step = _nice((high - low) / 4)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(step * index for index in range(first, last + 1))
    return _Scale(ticks[0], ticks[-1], ticks)


def _nice(step: float) -> float:
    """The next 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= step * 0.999)


def _error(bar: Bar) -> float:
    return bar.error if math.isfinite(bar.error) else 0.0


def _places(bars: Sequence[Bar]) -> tuple[list[int], int]:
    """Left edge of each bar's step, and the width of the chart."""
    starts: list[int] = []
    x = _LEFT
    for index, bar in enumerate(bars):
        if index and bar.group != bars[index - 1].group:
            x += _GAP
        starts.append(x)
        x += _STEP
    return starts, max(x + _RIGHT, 150)


def _axis(scale: _Scale, width: int) -> Markup:
    line = Markup('<path class="{cls}" d="M{x1},{y:.1f}H{x2}"/>')
    text = Markup('<text class="tick" x="{x}" y="{y:.1f}">{value:g}</text>')
    parts = []
    for tick in scale.ticks:
        y = scale.y(tick)
        cls = "axis" if abs(tick) < 1e-12 else "grid"
        parts.append(line.format(cls=cls, x1=_LEFT - 4, x2=width - _RIGHT, y=y))
        parts.append(text.format(x=_LEFT - 8, y=y + 3.5, value=float(f"{tick:.6g}")))
    return Markup("").join(parts)


def _bar(bar: Bar, x: int, scale: _Scale) -> Markup:
    """One bar with its whisker and the lane under it."""
    middle = x + _STEP / 2
    foot = Markup('<text class="label" x="{x:g}" y="{y}">{label}</text>').format(
        x=middle, y=_TOP + _PLOT + 14, label=bar.label
    )
    if not math.isfinite(bar.value):
        gone = Markup('<text class="label" x="{x:g}" y="{y:.1f}" fill="{c}">n/a</text>')
        drawn = gone.format(x=middle, y=scale.y(0) - 4, c=FAINT)
    else:
        drawn = _rectangle(bar, x, scale) + _whisker(bar, middle, scale)
    return Markup("<g><title>{title}</title>{drawn}{foot}</g>").format(
        title=bar.title, drawn=drawn, foot=foot
    )


def _rectangle(bar: Bar, x: int, scale: _Scale) -> Markup:
    top, bottom = scale.y(max(bar.value, 0.0)), scale.y(min(bar.value, 0.0))
    return Markup(
        '<rect x="{x:g}" y="{y:.1f}" width="{w}" height="{h:.1f}" fill="{fill}" stroke="{c}"/>'
    ).format(
        x=x + (_STEP - _BAR) / 2,
        y=top,
        w=_BAR,
        h=max(bottom - top, 0.5),
        fill="#FFFFFF" if bar.doubtful else ROWS[0],
        c=ROWS[0],
    )


def _whisker(bar: Bar, middle: float, scale: _Scale) -> Markup:
    error = _error(bar)
    if error <= 0:
        return Markup("")
    left = middle - 3
    ends = [min(max(bar.value + sign * error, scale.low), scale.high) for sign in (1, -1)]
    d = f"M{middle:g},{scale.y(ends[0]):.1f}V{scale.y(ends[1]):.1f}"
    for end in ends:
        if scale.low < end < scale.high:  # no cap on a whisker that goes on
            d += f"M{left:g},{scale.y(end):.1f}h6"
    return Markup('<path class="whisker" stroke="{c}" d="{d}"/>').format(c=BODY, d=d)


def _group_names(bars: Sequence[Bar], starts: Sequence[int]) -> list[Markup]:
    """Name of each group under its bars."""
    names = []
    text = Markup('<text class="group" x="{x:g}" y="{y}"><title>{name}</title>{short}</text>')
    first = 0
    for index in range(1, len(bars) + 1):
        if index < len(bars) and bars[index].group == bars[first].group:
            continue
        left, right = starts[first], starts[index - 1] + _STEP
        name = bars[first].group
        room = max(3, int((right - left) * _GROUP_LETTERS))
        short = name if len(name) <= room else name[: room - 1] + "…"
        middle = (left + right) / 2
        names.append(text.format(x=middle, y=_TOP + _PLOT + 32, name=name, short=short))
        first = index
    return names

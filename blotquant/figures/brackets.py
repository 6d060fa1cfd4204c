"""Brackets between groups that were compared: which, how high, and what stands over them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from blotquant.figures.chart_data import ChartData, Comparison
from blotquant.figures.paper import line_mm, text_mm
from blotquant.figures.study_input import FigureOptions

__all__ = ["Bracket", "brackets_of", "p_text", "place_brackets"]

_CLEAR = 1.0  # mm between a bar's top and the bracket over it


@dataclass(frozen=True)
class Bracket:
    """A comparison to be drawn.

    Parameters
    ----------
    first, last : int
        Places of its groups, from 0, first < last.
    text : str
    """

    first: int
    last: int
    text: str


def p_text(p: float) -> str:
    """A p value as it stands in a figure: three decimals, two digits below 0.001.

    >>> p_text(0.0312), p_text(0.00052), p_text(0.00001)
    ('p = 0.031', 'p = 0.00052', 'p < 0.0001')
    """
    if not math.isfinite(p):
        return ""
    if p < 1e-4:
        return "p < 0.0001"
    return f"p = {p:.3f}" if p >= 0.001 else f"p = {p:.5f}"


def brackets_of(data: ChartData, options: FigureOptions) -> list[Bracket]:
    """Brackets of a chart, short ones first.

    Comparisons that were not tested have none. With more than three comparisons those that are
    not significant are left out: the legend says so.
    """
    tested = [c for c in data.comparisons if c.tested and _text(c, options)]
    if not options.show_ns or len(tested) > 3:
        tested = [c for c in tested if c.p_adjusted < options.alpha]
    found = []
    for comparison in tested:
        ends = sorted((data.place(comparison.group), data.place(comparison.reference)))
        if ends[0] < ends[1]:
            found.append(Bracket(ends[0], ends[1], _text(comparison, options)))
    return sorted(found, key=lambda b: (b.last - b.first, b.first))


def place_brackets(
    brackets: Sequence[Bracket], tops: Sequence[float], centers: Sequence[float], size: float
) -> tuple[list[float], float]:
    """Heights of brackets, each over the bars and the brackets below it.

    Parameters
    ----------
    brackets : sequence of Bracket
        From `brackets_of`.
    tops : sequence of float
        Height of the highest thing drawn for each group, mm over the foot of the chart.
    size : float
        Of the text over the brackets, pt.

    Returns
    -------
    heights : list of float
        mm over the foot of the chart.
    top : float
        Of the highest text; 0 without brackets.
    """
    step = line_mm(size) + 0.6
    spans = [_span(bracket, centers, size) for bracket in brackets]
    heights: list[float] = []
    for index, (left, right) in enumerate(spans):
        covered = [
            top
            for place, (top, x) in enumerate(zip(tops, centers, strict=True))
            if left < x < right or place in (brackets[index].first, brackets[index].last)
        ]
        under = max(covered) + _CLEAR
        for (start, stop), height in zip(spans[:index], heights, strict=True):
            if start <= right and left <= stop:
                under = max(under, height + step)
        heights.append(under)
    return heights, max((height + step for height in heights), default=0.0)


def _span(bracket: Bracket, centers: Sequence[float], size: float) -> tuple[float, float]:
    """Stretch that a bracket and its text cover."""
    left, right = centers[bracket.first], centers[bracket.last]
    half = max(right - left, text_mm(bracket.text, size)[0] + 0.6) / 2
    return (left + right) / 2 - half, (left + right) / 2 + half


def _text(comparison: Comparison, options: FigureOptions) -> str:
    return p_text(comparison.p_adjusted) if options.exact_p else comparison.stars

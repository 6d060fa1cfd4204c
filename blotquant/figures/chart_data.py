"""What a target's chart shows: groups with their replicates, and the comparisons between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blotquant.errors import StudyError
from blotquant.figures.study_input import FigureOptions, StudyTables

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ChartData",
    "Comparison",
    "Group",
    "Point",
    "chart_data",
    "is_true",
    "number",
    "targets_of",
]


@dataclass(frozen=True)
class Point:
    """A biological replicate.

    Parameters
    ----------
    replicate : str
    value : float
        NaN where there is none; the limit where the replicate is below detection.
    below : bool
        Below detection.
    """

    replicate: str
    value: float
    below: bool


@dataclass(frozen=True)
class Group:
    """A group of a target.

    Parameters
    ----------
    name : str
    n : int
        Replicates with a value.
    center, low, high : float
        Mean and mean -+ SD; on a log axis the geometric mean and its 95 % confidence interval.
        NaN where there is none.
    points : tuple of Point
    """

    name: str
    n: int
    center: float
    low: float
    high: float
    points: tuple[Point, ...]

    @property
    def top(self) -> float:
        """Highest value drawn; NaN where nothing is."""
        drawn = [self.center, self.high, *(point.value for point in self.points)]
        return max((value for value in drawn if math.isfinite(value)), default=math.nan)


@dataclass(frozen=True)
class Comparison:
    """Two groups that were compared.

    Parameters
    ----------
    group, reference : str
    stars : str
        Empty where nothing was tested.
    p_adjusted : float
    tested : bool
    """

    group: str
    reference: str
    stars: str
    p_adjusted: float
    tested: bool


@dataclass(frozen=True)
class ChartData:
    """A target's chart.

    Parameters
    ----------
    target : str
    groups : tuple of Group
        The reference first, or in the order asked for.
    reference : str
    comparisons : tuple of Comparison
    paired : bool
        Points of one replicate are joined.
    scale : float
        What the values were divided by; 1 where they stand as they are.
    """

    target: str
    groups: tuple[Group, ...]
    reference: str
    comparisons: tuple[Comparison, ...]
    paired: bool
    scale: float

    @property
    def relative(self) -> bool:
        """Whether values are relative to the reference group's mean."""
        return self.scale != 1.0

    def place(self, name: str) -> int:
        """Place of a group, from 0."""
        return [group.name for group in self.groups].index(name)


def targets_of(tables: StudyTables) -> tuple[str, ...]:
    """Targets of a study in the order of its summary."""
    return tuple(dict.fromkeys(tables.summary["target"].astype(str)))


def chart_data(
    tables: StudyTables, target: str, options: FigureOptions, order: Sequence[str] = ()
) -> ChartData:
    """Collect a target's chart from the tables.

    Parameters
    ----------
    tables : StudyTables
    target : str
    options : FigureOptions
    order : sequence of str
        Groups from left to right, those of the strip; groups that it lacks follow. Where empty,
        the reference comes first.

    Returns
    -------
    ChartData

    Raises
    ------
    StudyError
        If the summary does not know the target.
    """
    summary, replicates, statistics = (
        frame[frame["target"].astype(str) == target]
        for frame in (tables.summary, tables.replicates, tables.statistics)
    )
    if summary.empty:
        raise StudyError(f"target '{target}' has no line in the summary: there is nothing to draw")
    comparisons = tuple(_comparison(row) for _, row in statistics.iterrows())
    reference = comparisons[0].reference if comparisons else ""
    known = [str(name) for name in summary["group"]]
    first = list(order) or [name for name in known if name == reference]
    names = list(dict.fromkeys([*(name for name in first if name in known), *known]))
    reference = reference or (names[0] if names else "")
    groups = [_group(summary, replicates, name, options) for name in names]
    scale = _scale(groups, reference) if options.relative else 1.0
    return ChartData(
        target,
        tuple(_scaled(group, scale) for group in groups),
        reference,
        tuple(c for c in comparisons if c.group in names and c.reference in names),
        bool((statistics["pairing"].astype(str) == "paired").any()),
        scale,
    )


def number(value: Any) -> float:
    """A number, NaN for whatever is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def is_true(value: Any) -> bool:
    """Whether a cell says yes; an empty one does not."""
    return str(value) == "True"


def _comparison(row: pd.Series[Any]) -> Comparison:
    tested = str(row["verdict"]) == "tested"
    stars = row["stars"]
    return Comparison(
        str(row["group"]),
        str(row["reference"]),
        stars if tested and isinstance(stars, str) else "",
        number(row["p_adjusted"]),
        tested,
    )


def _group(
    summary: pd.DataFrame, replicates: pd.DataFrame, name: str, options: FigureOptions
) -> Group:
    """A group with its spread; SD needs two replicates, and a log axis values above 0."""
    row = summary[summary["group"].astype(str) == name].iloc[0]
    n = int(number(row["n"])) if math.isfinite(number(row["n"])) else 0
    if options.log_axis:
        center, low, high = (
            number(row[key]) for key in ("geometric_mean", "gm_ci_low", "gm_ci_high")
        )
    else:
        center, sd = number(row["mean"]), number(row["sd"]) if n > 1 else math.nan
        low, high = center - sd, center + sd
    mine = replicates[replicates["group"].astype(str) == name]
    points = tuple(_point(row) for _, row in mine.iterrows())
    return Group(name, n, center, low, high, points)


def _point(row: pd.Series[Any]) -> Point:
    below = is_true(row["below_detection"])
    return Point(str(row["replicate"]), number(row["limit" if below else "value"]), below)


def _scale(groups: Sequence[Group], reference: str) -> float:
    """The reference group's mean; 1 where there is none to divide by."""
    center = next((group.center for group in groups if group.name == reference), math.nan)
    return center if math.isfinite(center) and center > 0 else 1.0


def _scaled(group: Group, scale: float) -> Group:
    points = tuple(Point(p.replicate, p.value / scale, p.below) for p in group.points)
    center, low, high = (value / scale for value in (group.center, group.low, group.high))
    return Group(group.name, group.n, center, low, high, points)

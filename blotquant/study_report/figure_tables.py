"""A study's tables as figures draw them: in its own order, each group and condition by one name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blotquant.names import target_key
from blotquant.study import Study
from blotquant.study_result import StudyResult

if TYPE_CHECKING:
    import pandas as pd

    from blotquant.figures import StudyTables

__all__ = ["FigureTables", "GroupNames", "figure_tables"]


@dataclass(frozen=True)
class GroupNames:
    """The names that groups have in figures.

    Parameters
    ----------
    shown : frozenset of str
        Groups that the figures show.
    conditions : tuple of (str, mapping)
        Each condition of a comparison in words, and what a lane's columns must hold for it.
    factors : tuple of str
        Two columns whose levels make the groups; empty where the sheet's groups are compared.
    """

    shown: frozenset[str]
    conditions: tuple[tuple[str, Mapping[str, str]], ...] = ()
    factors: tuple[str, ...] = ()

    def of(self, group: str, condition: str) -> str:
        """Name of a group under a condition: several conditions are told apart in the name."""
        several = len(self.conditions) > 1
        return f"{group}, {condition}" if several and condition else group

    def of_lane(self, group: str, cells: Mapping[str, Any]) -> str:
        """Name of a lane's group; empty where the figures do not show it.

        Parameters
        ----------
        group : str
        cells : mapping
            What the sample sheet says of the lane, by column.
        """
        if self.factors:
            group = ", ".join(str(cells.get(name, "")) for name in self.factors)
        for condition, where in self.conditions or (("", {}),):
            name = self.of(group, condition)
            fits = all(str(cells.get(key, "")).strip() == value for key, value in where.items())
            if fits and name in self.shown:
                return name
        return ""


@dataclass(frozen=True, eq=False)
class FigureTables:
    """Tables of a study, in the order of the study file.

    Parameters
    ----------
    statistics : DataFrame
        Comparisons of two groups; tests of whole effects are left out.
    replicates, summary : DataFrame
    groups : tuple of str
        The reference first.
    names : GroupNames
    """

    statistics: pd.DataFrame
    replicates: pd.DataFrame
    summary: pd.DataFrame
    groups: tuple[str, ...]
    names: GroupNames

    @property
    def targets(self) -> tuple[str, ...]:
        """Targets that have values, in the study's order."""
        return tuple(dict.fromkeys(self.summary["target"].astype(str)))

    def for_figures(self, result: StudyResult) -> StudyTables:
        """The same as `blotquant.figures` takes it."""
        from blotquant.figures import StudyTables

        return StudyTables(
            self.statistics, self.replicates, self.summary, result.controls, result.normalized
        )


def figure_tables(result: StudyResult) -> FigureTables:
    """Tables of a study as its figures and Prism's tables show them.

    Targets come in the order of the study file. Where comparisons have conditions of their own
    (``time_h = 24``), each group of each condition is a group of the figure.

    Parameters
    ----------
    result : StudyResult
    """
    study = result.study
    known = tuple(dict.fromkeys(result.summary["condition"].astype(str)))
    conditions = tuple((name, _where(name, study)) for name in known)
    factors = tuple(study.statistics.factors) if study.statistics.test == "two_factor" else ()
    naming = GroupNames(frozenset(), conditions, factors)
    statistics = result.statistics[result.statistics["effect"].astype(str) == ""]
    statistics, replicates, summary = (
        _in_order(_named(table, naming), study.targets())
        for table in (statistics, result.replicates, result.summary)
    )
    groups = _groups(summary, statistics)
    shown = GroupNames(frozenset(groups), conditions, factors)
    return FigureTables(statistics, replicates, summary, groups, shown)


def _where(condition: str, study: Study) -> Mapping[str, str]:
    """What a condition asks of a lane."""
    for one in study.comparison:
        if "; ".join(f"{column}={value}" for column, value in one.where.items()) == condition:
            return dict(one.where)
    return {}


def _named(table: pd.DataFrame, naming: GroupNames) -> pd.DataFrame:
    """Table whose groups carry their condition."""
    conditions = table["condition"].astype(str)
    renamed = {
        column: [
            naming.of(str(group), condition)
            for group, condition in zip(table[column], conditions, strict=True)
        ]
        for column in ("group", "reference")
        if column in table.columns
    }
    return table.assign(**renamed)


def _in_order(table: pd.DataFrame, targets: Sequence[str]) -> pd.DataFrame:
    places = {target_key(name): place for place, name in enumerate(targets)}
    keys = [places.get(target_key(str(name)), len(places)) for name in table["target"]]
    order = sorted(range(len(table)), key=lambda index: keys[index])
    return table.iloc[order].reset_index(drop=True)


def _groups(summary: pd.DataFrame, statistics: pd.DataFrame) -> tuple[str, ...]:
    """Groups, references in front of what is compared with them."""
    order: dict[str, None] = {}
    for row in statistics.to_dict("records"):
        order.setdefault(str(row["reference"]))
        order.setdefault(str(row["group"]))
    known = dict.fromkeys(summary["group"].astype(str))
    return tuple(name for name in {**order, **known} if name in known)

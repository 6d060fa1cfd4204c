"""A study's statistics: values and a declared design in, tables and the reasons in words out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from blotquant.columns import DOSES_COLUMNS, REPLICATES_COLUMNS, STATISTICS_COLUMNS
from blotquant.errors import StudyError
from blotquant.stats.choice import Choice, choose, said_of_family, warnings_of
from blotquant.stats.contrast import Contrast, contrast_of
from blotquant.stats.design import Comparison, Design
from blotquant.stats.dose_series import dose_series, said_of
from blotquant.stats.factors import factor_findings, factors_of
from blotquant.stats.finding import Finding, adjusted, row_of
from blotquant.stats.mixed import mixed_findings
from blotquant.stats.prism import pool, prism_findings
from blotquant.stats.ranks import kruskal_findings
from blotquant.stats.replicates import (
    Usable,
    average_technical,
    lanes_where,
    summarize,
    table_of,
    usable_lanes,
)
from blotquant.stats.several_groups import cell_model, model_findings
from blotquant.stats.two_groups import paired_finding, rank_finding, welch_finding

__all__ = ["Statistics", "compare"]

_PAIRWISE = {
    "ratio_paired": paired_finding,
    "welch": welch_finding,
    "mann_whitney": rank_finding,
    "describe": welch_finding,
}


@dataclass(frozen=True, eq=False)
class Statistics:
    """What a study's values say.

    Parameters
    ----------
    replicates : DataFrame
        Columns as in `REPLICATES_COLUMNS`: technical repeats averaged.
    summary : DataFrame
        Columns as in `SUMMARY_COLUMNS`.
    statistics : DataFrame
        Columns as in `STATISTICS_COLUMNS`: one row a comparison, also where nothing was tested.
    doses : DataFrame
        Columns as in `DOSES_COLUMNS`; empty without dose series.
    decisions : tuple of str
        Which test was taken, and why; what was left out.
    warnings : tuple of str
        What to look at twice.
    """

    replicates: pd.DataFrame
    summary: pd.DataFrame
    statistics: pd.DataFrame
    doses: pd.DataFrame
    decisions: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Answer:
    """Findings of one comparison, before they are adjusted."""

    findings: list[Finding]
    replicates: pd.DataFrame
    decisions: list[str]
    warnings: list[str]


def compare(values: pd.DataFrame, design: Design) -> Statistics:
    """Compare the groups of a study as its design declares.

    Parameters
    ----------
    values : DataFrame
        Columns as in `NORMALIZED_COLUMNS`, one row a target, lane and membrane, with the free
        columns of the sample sheet. `scaled_density` is tested; `scaled_density_limit` bounds it
        where the target is below detection. The table is not changed.
    design : Design
        What was declared; nothing in it is chosen from the values.

    Returns
    -------
    Statistics

    Raises
    ------
    StudyError
        If a column, group or factor that the design names is not there, or there is one group.
    """
    usable = usable_lanes(values)
    comparisons = _comparisons(usable.lanes, design)
    answers = [_answer(one, usable, design) for one in comparisons]
    series = dose_series(usable, design)
    findings = adjusted([one for answer in answers for one in answer.findings], design)
    doses = [row for one in series for row in one.rows(usable, design)]
    tables = [one.replicates for one in answers] + [one.replicates for one in series]
    replicates = _once(tables)
    decisions = [
        *usable.notes,
        *_not_asked(usable.lanes, comparisons),
        *(said for answer in answers for said in answer.decisions),
        *said_of_family(findings, design),
    ]
    warnings = [
        *(said for answer in answers for said in answer.warnings),
        *warnings_of(findings, design),
        *said_of(doses),
    ]
    return Statistics(
        replicates,
        summarize(replicates),
        table_of([row_of(one, design) for one in findings], STATISTICS_COLUMNS),
        table_of(doses, DOSES_COLUMNS),
        tuple(dict.fromkeys(decisions)),
        tuple(dict.fromkeys(warnings)),
    )


def _once(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Replicates of all comparisons; those that several share stand there once."""
    filled = [table for table in tables if len(table)] or list(tables[:1])
    together = pd.concat(filled, ignore_index=True)
    keys = ["condition", "target", "group", "replicate"]
    together = together.drop(columns="parts", errors="ignore")
    return together.drop_duplicates(keys).reset_index(drop=True)


def _comparisons(lanes: pd.DataFrame, design: Design) -> tuple[Comparison, ...]:
    """Comparisons declared, or the one of every group with the reference."""
    present = list(dict.fromkeys(lanes["group"].astype(str)))
    declared = design.comparisons or (
        Comparison("", tuple(design.groups or present), design.reference_group),
    )
    asked = [name for one in declared for name in one.all_groups]
    missing = [name for name in dict.fromkeys(asked) if name not in present]
    if missing:
        raise StudyError(
            f"statistics: no value of the group {', '.join(map(repr, missing))}; "
            f"there are {', '.join(map(repr, present)) or 'no groups'}"
        )
    if any(len(one.all_groups) < 2 for one in declared):
        raise StudyError("statistics: there is one group only, nothing to compare it with")
    return declared


def _answer(comparison: Comparison, usable: Usable, design: Design) -> _Answer:
    """Findings of one comparison."""
    lanes = lanes_where(usable.lanes, comparison.where)
    lanes = lanes[lanes["group"].isin(comparison.all_groups)]
    if comparison.targets:
        lanes = lanes[lanes["target"].isin(comparison.targets)]
    if lanes.empty:
        raise StudyError(f"statistics: no lane fits the comparison {comparison.name!r}")
    mixed = _not_told_apart(lanes, comparison, design)
    if mixed:
        return _only_a_series(mixed, design)
    if design.test == "two_factor":
        return _two_factor(comparison, lanes, usable, design)
    replicates = average_technical(lanes, comparison.condition)
    pairs = _pairs(comparison.all_groups, design)
    whole = design.test != "mixed_model"
    by_target = {
        target: [
            contrast_of(rows, pair, comparison, design, usable.one_scale, whole_pairs=whole)
            for pair in pairs
        ]
        for target, rows in _targets(replicates)
    }
    size = len(comparison.all_groups)
    choices = {
        target: choose(rows, size, design, usable.one_scale)
        for target, rows in _targets(replicates)
    }
    first = next(iter(choices.values()))
    if first.test == "prism_two_way":
        return _prism(replicates, by_target, first, design)
    findings = [
        one
        for target, rows in _targets(replicates)
        for one in _of_target(rows, by_target[target], choices[target], design)
    ]
    said = [one.said for one in choices.values()]
    return _Answer(findings, replicates, said, list(_mixed_repeats(lanes)))


def _targets(replicates: pd.DataFrame) -> Iterable[tuple[str, pd.DataFrame]]:
    return ((str(name), rows) for name, rows in replicates.groupby("target", sort=False))


def _pairs(groups: Sequence[str], design: Design) -> list[tuple[str, str]]:
    """Pairs (group, reference) to compare."""
    if design.contrasts == "against_reference":
        return [(name, groups[0]) for name in groups[1:]]
    return [(name, earlier) for place, earlier in enumerate(groups) for name in groups[place + 1 :]]


def _of_target(
    rows: pd.DataFrame, contrasts: Sequence[Contrast], choice: Choice, design: Design
) -> list[Finding]:
    """Findings of one target by a test of its own."""
    pairwise = _PAIRWISE.get(choice.test)
    if pairwise is not None:
        return [pairwise(one) for one in contrasts]
    if choice.test == "kruskal_wallis":
        return kruskal_findings(rows, contrasts)
    if choice.test == "mixed_model":
        return mixed_findings(rows, contrasts, design)
    model = cell_model(rows, contrasts, design)
    return model_findings(model, design, choice.named(model.block))


def _prism(
    replicates: pd.DataFrame,
    by_target: Mapping[str, Sequence[Contrast]],
    choice: Choice,
    design: Design,
) -> _Answer:
    models = [cell_model(rows, by_target[target], design) for target, rows in _targets(replicates)]
    together = pool(models)
    if together is None:
        refused = [one for model in models for one in model.refused]
        return _Answer(refused, replicates, [choice.said], [])
    findings = prism_findings(models, together, design)
    warning = together.warning()
    return _Answer(
        findings, replicates, [choice.said, together.spreads()], [warning] if warning else []
    )


def _two_factor(
    comparison: Comparison, lanes: pd.DataFrame, usable: Usable, design: Design
) -> _Answer:
    factors = factors_of(lanes, design, comparison.reference)
    columns = [lanes[name].astype(str) for name in factors.names]
    cells = [factors.cell(*levels) for levels in zip(*columns, strict=True)]
    replicates = average_technical(lanes.assign(group=cells), comparison.condition)
    pairs = factors.contrasts(all_pairs=design.contrasts == "all_pairs")
    choice = choose(replicates, len(factors.cells), design, usable.one_scale)
    findings = []
    for _, rows in _targets(replicates):
        contrasts = [
            contrast_of(rows, pair, comparison, design, usable.one_scale) for pair in pairs
        ]
        findings += factor_findings(cell_model(rows, contrasts, design), factors, design)
    return _Answer(findings, replicates, [choice.said], [])


def _not_told_apart(lanes: pd.DataFrame, comparison: Comparison, design: Design) -> str:
    """Column in which lanes differ that would be averaged: a time, a dose."""
    asked = [*(name for one in design.comparisons for name in one.where)]
    asked += [name for one in design.doses for name in (one.column, *one.where)]
    keys = ["target", "group", "replicate"]
    if design.test == "two_factor":
        keys += list(design.factors)
    for column in dict.fromkeys(asked):
        if column not in lanes.columns or column in keys:
            continue
        kinds = lanes.groupby([one for one in keys if one in lanes.columns])[column].nunique()
        if (kinds > 1).any():
            return column
    return ""


def _only_a_series(column: str, design: Design) -> _Answer:
    """Groups that hold several doses are a series, unless they were to be compared.

    Raises
    ------
    StudyError
        If a declared comparison would average them.
    """
    if design.comparisons or column not in {one.column for one in design.doses}:
        raise StudyError(
            f"statistics: lanes of one group and replicate differ in {column!r} and would be "
            f"averaged; name one value in the `where` of the comparison"
        )
    said = (
        f"The groups hold several values of {column}: they are fitted as a series, not compared; "
        "a comparison with `where` compares one of them."
    )
    return _Answer([], table_of([], REPLICATES_COLUMNS), [said], [])


def _not_asked(lanes: pd.DataFrame, comparisons: Sequence[Comparison]) -> Iterable[str]:
    """Groups that no comparison names."""
    asked = {name for one in comparisons for name in one.all_groups}
    other = [name for name in dict.fromkeys(lanes["group"]) if name not in asked]
    if other:
        yield f"No comparison names the group {', '.join(other)}: it is left out."


def _mixed_repeats(lanes: pd.DataFrame) -> Iterable[str]:
    """Lanes averaged on one membrane that no label tells apart as technical repeats."""
    if "technical" not in lanes.columns:
        return
    keys = ["target", "group", "replicate", "membrane", "technical"]
    again = lanes[lanes.duplicated(keys)]
    if not again.empty:
        names = dict.fromkeys(
            f"{row['group']} replicate {row['replicate']} on {row['membrane']}"
            for row in again.to_dict("records")
        )
        yield (
            f"Several lanes of {', '.join(list(names)[:6])} have one technical label; they were "
            "averaged as technical repeats. Biological replicates need a name each."
        )

"""The tables of a study in the report: statistics, replicates, groups, doses and controls."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from blotquant.html_report.numbers import Cell, shown, text_cell
from blotquant.html_report.rounding import fold_text, p_text
from blotquant.html_report.sentences import sentence_case, statistic_text
from blotquant.html_report.table import (
    Record,
    ShownColumn,
    Table,
    flag_column,
    float_of,
    integer_column,
    make_table,
    number_column,
    text_column,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "control_table",
    "dose_table",
    "replicate_table",
    "statistics_table",
    "summary_table",
]

_VERDICTS = {
    "tested": "tested",
    "descriptive": "described, not tested",
    "refused": "not tested",
    "bound": "bound only",
}


def statistics_table(statistics: pd.DataFrame, alpha: float = 0.05) -> Table:
    """Table of all comparisons, in the words of the report.

    Parameters
    ----------
    statistics : DataFrame
        Columns as in `blotquant.columns.STATISTICS_COLUMNS`.
    alpha : float
        Level of significance: no p value is rounded over it.
    """
    columns = [
        text_column("Comparison", "comparison", once=True),
        text_column("Target", "target"),
        text_column("Effect", "effect", once=True),
        text_column("Group", "group", once=True),
        text_column("Reference", "reference", once=True),
        text_column("Condition", "condition", once=True),
        ShownColumn("Fold change", "fold_change", "number", _fold),
        _interval("95 % CI", "ci", always=True),
        _interval("Sim. 95 % CI", "sim_ci"),
        _p("p", "p", alpha),
        _p("Adjusted p", "p_adjusted", alpha),
        text_column("Stars", "stars"),
        ShownColumn("n", "n_group, n_reference, n_pairs", "number", _n),
        text_column("Test", "test", once=True),
        ShownColumn("Statistic", "statistic, df, df2", "text", _statistic, always=False),
        text_column("Adjusted by", "correction", dull="none", once=True),
        ShownColumn("Detectable", "detectable_fold, at 80 % power", "number", _detectable, False),
        integer_column("n needed", "n_needed"),
        ShownColumn("Outcome", "verdict, reason", "wrap", _outcome, once=True),
        flag_column(),
    ]
    return make_table(columns, statistics.to_dict("records"))


def replicate_table(replicates: pd.DataFrame) -> Table:
    """Table of the biological replicates, which are what is tested.

    Parameters
    ----------
    replicates : DataFrame
        Columns as in `blotquant.columns.REPLICATES_COLUMNS`.
    """
    columns = [
        text_column("Target", "target"),
        text_column("Group", "group"),
        text_column("Replicate", "replicate"),
        text_column("Condition", "condition"),
        text_column("Membrane", "membranes"),
        integer_column("Lanes averaged", "n_technical"),
        ShownColumn("Value", "value", "number", _value),
        number_column("log2", "log2_value"),
        flag_column(),
    ]
    return make_table(columns, replicates.to_dict("records"))


def summary_table(summary: pd.DataFrame) -> Table:
    """Table of the groups of each target.

    Parameters
    ----------
    summary : DataFrame
        Columns as in `blotquant.columns.SUMMARY_COLUMNS`.
    """
    columns = [
        text_column("Target", "target"),
        text_column("Group", "group"),
        text_column("Condition", "condition"),
        integer_column("n", "n"),
        number_column("Mean", "mean"),
        number_column("SD", "sd"),
        number_column("Geometric mean", "geometric_mean"),
        number_column("CI from", "gm_ci_low", "95 %"),
        number_column("CI to", "gm_ci_high", "95 %"),
        number_column("SD of log2", "log2_sd", digits=3),
        flag_column(),
    ]
    return make_table(columns, summary.to_dict("records"))


def dose_table(doses: pd.DataFrame) -> Table:
    """Table of the dose series.

    Parameters
    ----------
    doses : DataFrame
        Columns as in `blotquant.columns.DOSES_COLUMNS`.
    """
    columns = [
        text_column("Target", "target"),
        text_column("Dose", "column"),
        text_column("Condition", "condition"),
        number_column("EC50", "ec50", "as the dose", digits=3),
        number_column("from", "ec50_ci_low", "95 % profile interval", digits=3),
        number_column("to", "ec50_ci_high", "95 % profile interval", digits=3),
        number_column("Hill slope", "hill", digits=3, always=False),
        integer_column("Doses", "n_doses"),
        integer_column("n", "n_replicates"),
        ShownColumn("Outcome", "verdict, reason", "wrap", _outcome),
        flag_column(),
    ]
    return make_table(columns, doses.to_dict("records"))


def control_table(controls: pd.DataFrame) -> Table:
    """Table of the loading controls and what is made of them.

    Parameters
    ----------
    controls : DataFrame
        Columns as in `blotquant.columns.CONTROL_COLUMNS`.
    """
    columns = [
        text_column("Control", "control"),
        ShownColumn("Membrane", "membrane", "text", _membrane),
        text_column("Verdict", "verdict"),
        integer_column("Lanes", "n_lanes"),
        ShownColumn("CV over lanes", "cv", "number", _percent),
        number_column("Group fold", "group_effect_fold", "largest between groups", digits=3),
        _p("Group p", "group_p", 0.05),
        integer_column("Saturated", "saturated_lanes", dull=0),
        integer_column("Below detection", "below_detection_lanes", dull=0),
        number_column("r", "agreement_r", "with the other control", digits=2, always=False),
        text_column("Other control", "agreement_with"),
        ShownColumn("Why", "reason", "wrap", lambda row: _sentence(row["reason"])),
    ]
    return make_table(columns, controls.to_dict("records"))


def _fold(record: Record) -> Cell:
    """Fold change, or its bound."""
    fold, bound = float_of(record["fold_change"]), float_of(record["fold_bound"])
    if math.isnan(fold) and not math.isnan(bound):
        at_least = record["bound_side"] == "at least"
        text = f"{'≥' if at_least else '≤'} {fold_text(bound, 'down' if at_least else 'up')}"
        return Cell(text, f"{bound:.10g}", f"{bound:.10g}", "limit")
    return _exact(fold, fold_text(fold))


def _detectable(record: Record) -> Cell:
    fold = float_of(record["detectable_fold"])
    return _exact(fold, fold_text(fold, "up"))


def _interval(text: str, name: str, always: bool = False) -> ShownColumn:
    """Both limits of an interval in one cell, sorted by the lower."""

    def cell(record: Record) -> Cell:
        low, high = (float_of(record[f"{name}_{side}"]) for side in ("low", "high"))
        if math.isnan(low) or math.isnan(high):
            return Cell("", kind="number")
        said = f"{fold_text(low, apart=True)} to {fold_text(high, apart=True)}"
        return Cell(said, f"{low:.10g} to {high:.10g}", f"{low:.10g}", "number")

    return ShownColumn(text, f"{name}_low, {name}_high", "number", cell, always)


def _p(text: str, name: str, alpha: float) -> ShownColumn:
    def cell(record: Record) -> Cell:
        p = float_of(record[name])
        return _exact(p, p_text(p, alpha).removeprefix("p ").removeprefix("= "))

    return ShownColumn(text, name, "number", cell, always=False)


def _n(record: Record) -> Cell:
    """Pairs, or replicates of group and reference."""
    counts = [float_of(record[name]) for name in ("n_pairs", "n_group", "n_reference")]
    pairs, one, other = (0 if math.isnan(count) else int(count) for count in counts)
    if pairs:
        return Cell(f"{pairs} pairs", sort=str(pairs), kind="number")
    if not one and not other:
        return Cell("", kind="number")
    return Cell(
        str(one) if one == other else f"{one}, {other}", sort=str(min(one, other)), kind="number"
    )


def _statistic(record: Record) -> Cell:
    text = statistic_text(record)
    return Cell(text, f"{float_of(record['statistic']):.10g}" if text else "", text)


def _outcome(record: Record) -> Cell:
    verdict = _VERDICTS.get(str(record["verdict"]), str(record["verdict"]))
    reason = record["reason"]
    return Cell(
        f"{verdict}: {reason}" if reason else verdict,
        sort=verdict,
        kind="long" if reason else "wrap",
    )


def _value(record: Record) -> Cell:
    """Value of a replicate, or its limit: a value below detection is not a number to read."""
    limit = float_of(record["limit"])
    if bool(record["below_detection"]):
        if math.isnan(limit):
            return Cell("below detection", kind="limit")
        return Cell(f"< {shown(limit)}", f"{limit:.10g}", f"{limit:.10g}", "limit")
    return number_column("", "value").cell(record)


def _membrane(record: Record) -> Cell:
    return text_cell(record["membrane"]) if record["membrane"] else Cell("all together")


def _percent(record: Record) -> Cell:
    share = float_of(record["cv"])
    return _exact(share, f"{100 * share:.0f} %")


def _sentence(text: Any) -> Cell:
    return Cell(sentence_case(str(text)), sort=str(text), kind="long")


def _exact(value: float, text: str) -> Cell:
    """A rounded number with all of its digits on hovering."""
    if math.isnan(value):
        return Cell("", kind="number")
    full = f"{value:.10g}"
    return Cell(text, full, full, "number")

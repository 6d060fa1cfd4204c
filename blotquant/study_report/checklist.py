"""What journals ask of blots, rule by rule, as a table and as Markdown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from blotquant.columns import Column
from blotquant.errors import StudyError
from blotquant.figures import TargetStrip
from blotquant.outcome import RunOutcome
from blotquant.study_report.checklist_rules import RULES, Checked
from blotquant.tables import table_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CHECKLIST_COLUMNS", "checklist", "checklist_markdown"]

CHECKLIST_COLUMNS: tuple[Column, ...] = (
    Column("journal", "text", "", "Journal that asks for it."),
    Column("rule", "text", "", "What it asks for."),
    Column("verdict", "text", "", "pass, fail or yours to say."),
    Column("evidence", "text", "", "What the verdict rests on."),
)


def checklist(
    run: RunOutcome,
    strips: Sequence[TargetStrip] = (),
    made: Collection[str] | None = None,
) -> pd.DataFrame:
    """Check a study against what journals ask of blots.

    Parameters
    ----------
    run : RunOutcome
        With `study`.
    strips : sequence of TargetStrip
        Those of the panel; without them, what is asked of crops is yours to say.
    made : collection of str, optional
        Names of the files that were written, as ``panel.svg``; without it all are taken to be
        there.

    Returns
    -------
    DataFrame
        One line a rule, columns as in `CHECKLIST_COLUMNS`.

    Raises
    ------
    StudyError
        If the run was not one of a study.
    """
    if run.study is None:
        raise StudyError("checklist: the run has no study; `blotquant init` proposes a study file")
    checked = Checked(run, run.study, tuple(strips), made)
    lines = []
    for rule in RULES:
        verdict, evidence = rule.answer(checked)
        lines.append(
            {"journal": rule.journal, "rule": rule.text, "verdict": verdict, "evidence": evidence}
        )
    return table_of(lines, CHECKLIST_COLUMNS)


def checklist_markdown(table: pd.DataFrame) -> str:
    """The checklist as Markdown, a table for each journal.

    Parameters
    ----------
    table : DataFrame
        From `checklist`.
    """
    parts = [
        "# Checklist of journals\n",
        "JBC: Journal of Biological Chemistry. JCB: Journal of Cell Biology. BJP: British Journal "
        "of Pharmacology. Journals change their rules: their own pages count.\n",
    ]
    for journal, rows in table.groupby("journal", sort=False):
        lines = [
            f"| {_cell(row['rule'])} | {row['verdict']} | {_cell(row['evidence'])} |"
            for row in rows.to_dict("records")
        ]
        head = ["| rule | verdict | evidence |", "| --- | --- | --- |"]
        parts.append("\n".join([f"## {journal}\n", *head, *lines]) + "\n")
    return "\n".join(parts)


def _cell(text: str) -> str:
    words = " ".join(str(text).split())
    for sign in "\\`*_<>|":
        words = words.replace(sign, f"\\{sign}")
    return words

"""The tables of a study as they are exported: its statistics, what they rest on, its sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blotquant.columns import (
    CONTROL_COLUMNS,
    DOSES_COLUMNS,
    REPLICATES_COLUMNS,
    STATISTICS_COLUMNS,
    SUMMARY_COLUMNS,
    Column,
)
from blotquant.study_result import StudyResult
from blotquant.tables import harmless

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExportedTable", "sample_columns", "study_tables"]

ExportedTable = tuple[str, "pd.DataFrame", tuple[Column, ...]]


def study_tables(result: StudyResult) -> list[ExportedTable]:
    """Tables of a study in the order of the workbook.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    list of (name, DataFrame, columns)
        statistics, replicates, summary, controls, doses and samples; also those without rows.
    """
    return [
        ("statistics", result.statistics, STATISTICS_COLUMNS),
        ("replicates", result.replicates, REPLICATES_COLUMNS),
        ("summary", result.summary, SUMMARY_COLUMNS),
        ("controls", result.controls, CONTROL_COLUMNS),
        ("doses", result.doses, DOSES_COLUMNS),
        ("samples", *_samples(result.samples)),
    ]


def sample_columns(samples: pd.DataFrame) -> tuple[Column, ...]:
    """Columns of a sample sheet: the known ones, then what else it says of each lane.

    Parameters
    ----------
    samples : DataFrame
        From `blotquant.study.read_samples`.
    """
    from blotquant.study import SAMPLE_COLUMNS

    known = {column.name for column in SAMPLE_COLUMNS}
    free = [str(name) for name in samples.columns if str(name) not in known]
    meaning = "Free column of the sample sheet."
    return (*SAMPLE_COLUMNS, *(Column(name, "text", "", meaning) for name in free))


def _samples(samples: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Column, ...]]:
    """The sheet; a heading that a spreadsheet would run has an apostrophe in front."""
    columns = sample_columns(samples)
    named = [column._replace(name=harmless(column.name)) for column in columns]
    table = samples[[column.name for column in columns]]
    return table.set_axis([column.name for column in named], axis=1), tuple(named)

"""What a study comes to: its values on one scale, its tests, and what was decided on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from .study import Study

__all__ = ["StudyResult"]


@dataclass(frozen=True, eq=False)
class StudyResult:
    """A whole study, concluded.

    Parameters
    ----------
    study : Study
        As declared.
    samples : DataFrame
        The sample sheet: one row a lane.
    bands : DataFrame
        All bands, columns as in `blotquant.columns.BAND_COLUMNS`, with membrane, target, sample,
        group and replicate as the study declares them.
    normalized : DataFrame
        One row per target, membrane and lane, columns as in `NORMALIZED_COLUMNS`.
    replicates, summary, statistics, doses : DataFrame
        Columns as in `REPLICATES_COLUMNS`, `SUMMARY_COLUMNS`, `STATISTICS_COLUMNS` and
        `DOSES_COLUMNS`; without rows where nothing could be compared.
    controls : DataFrame
        Validity of the loading controls, columns as in `CONTROL_COLUMNS`.
    decisions : tuple of str
        Which test was taken and why, what was left out; one sentence each.
    warnings : tuple of str
        What to look at twice; one line each.
    linearity : tuple of str
        What the study's dilution series say of its bands; one sentence each.
    """

    study: Study
    samples: pd.DataFrame
    bands: pd.DataFrame
    normalized: pd.DataFrame
    replicates: pd.DataFrame
    summary: pd.DataFrame
    statistics: pd.DataFrame
    doses: pd.DataFrame
    controls: pd.DataFrame
    decisions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    linearity: tuple[str, ...] = ()

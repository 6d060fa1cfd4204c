"""From the measured images of a study to its conclusions: names, ratios, tests, controls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..columns import (
    DOSES_COLUMNS,
    REPLICATES_COLUMNS,
    STATISTICS_COLUMNS,
    SUMMARY_COLUMNS,
)
from ..model import Layout
from ..normalize import normalize_tables
from ..quality import control_validity
from ..recipe import Recipe
from ..stats import Comparison, Design, Dose, Statistics, compare
from ..study import SAMPLE_COLUMNS, Study, read_samples
from ..study_result import StudyResult
from ..tables import empty_table
from .naming import name_bands, name_lanes, roles_of, with_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STUDY_FILE", "analyze_study", "conclude", "design_of", "open_study"]

STUDY_FILE = "study.toml"


def open_study(folder: str | Path) -> tuple[Study, pd.DataFrame]:
    """Read a study file and its sample sheet.

    Parameters
    ----------
    folder : path
        Folder that holds ``study.toml``.

    Returns
    -------
    (Study, DataFrame)
        The sheet as `blotquant.study.read_samples` gives it, cells that cannot be read as text:
        `blotquant.study.check_study` names them with all else.

    Raises
    ------
    StudyError
        If one of them cannot be read.
    """
    study = Study.from_toml(Path(folder) / STUDY_FILE)
    return study, read_samples(Path(folder) / study.samples, strict=False)


def conclude(
    study: Study,
    samples: pd.DataFrame,
    bands: pd.DataFrame,
    lanes: pd.DataFrame,
    layouts: Mapping[str, Layout],
    recipe: Recipe | None = None,
) -> StudyResult:
    """Normalize, compare and judge what was measured in a study's images.

    Parameters
    ----------
    study : Study
    samples : DataFrame
        The sample sheet.
    bands, lanes : DataFrame
        Of all images, columns as in `blotquant.columns`.
    layouts : mapping of str to Layout
        By image: rows may carry the targets that somebody gave them.
    recipe : Recipe, optional
        Its normalization gives way to the study's.

    Returns
    -------
    StudyResult

    Raises
    ------
    StudyError
        If rows, groups or columns that the study needs are not there.
    """
    study = with_rows(study, layouts)
    recipe = _as_declared(recipe or Recipe(), study)
    bands = name_bands(bands, lanes, study, samples)
    lanes = name_lanes(lanes, study, samples)
    roles = roles_of(study)
    done = normalize_tables(bands, recipe, lanes, roles=roles)
    statistics, said = _compared(done.table, study, samples)
    controls = control_validity(bands, recipe, lanes, roles=roles)
    return StudyResult(
        study=study,
        samples=samples,
        bands=done.bands.drop(columns="use"),
        normalized=done.table,
        replicates=statistics.replicates,
        summary=statistics.summary,
        statistics=statistics.statistics,
        doses=statistics.doses,
        controls=controls,
        decisions=statistics.decisions,
        warnings=(*said, *done.messages, *statistics.warnings),
    )


def design_of(study: Study, samples: pd.DataFrame) -> Design:
    """What is compared and how, as the study declares it.

    Raises
    ------
    StudyError
        If its choices contradict each other.
    """
    plan = study.statistics
    used = samples[samples["use"].astype(bool)]
    present = [str(group) for group in dict.fromkeys(used["group"]) if group]
    # a group that only a comparison of its own names is compared there
    groups = sorted(present, key=lambda group: group != study.reference_group)
    return Design(
        reference_group=study.reference_group,
        groups=tuple(groups),
        pairing=study.pairing,
        test=plan.test,
        correction=plan.correction,
        contrasts=plan.contrasts,
        profile=plan.profile,
        alpha=plan.alpha,
        factors=tuple(plan.factors),
        comparisons=tuple(
            Comparison(
                one.name, tuple(one.group), one.reference, tuple(one.targets), dict(one.where)
            )
            for one in study.comparison
        ),
        doses=tuple(Dose(tuple(one.target), one.column, dict(one.where)) for one in study.dose),
    )


def _compared(
    values: pd.DataFrame, study: Study, samples: pd.DataFrame
) -> tuple[Statistics, tuple[str, ...]]:
    """Statistics; empty tables and the reason where there is nothing to compare yet."""
    if not study.complete:
        return _nothing(), ("complete = false: blots are still to come, so nothing was tested",)
    targets = values[values["role"].isin(["target", ""])] if len(values) else values
    if targets.empty:
        return _nothing(), ("no target has a value, so nothing was compared",)
    return compare(_with_free_columns(targets, samples), design_of(study, samples)), ()


def _with_free_columns(values: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Values with what else the sheet says of each lane."""
    known = {column.name for column in SAMPLE_COLUMNS}
    free = [name for name in samples.columns if name not in known and name not in values.columns]
    if not free:
        return values
    sheet = samples[["membrane", "lane", *free]]
    place = values["lane"]
    return values.assign(lane=place).merge(sheet, on=["membrane", "lane"], how="left")


def _as_declared(recipe: Recipe, study: Study) -> Recipe:
    """Recipe with the study's normalization."""
    plan = study.normalization
    controls = plan.loading_controls
    settings = recipe.normalization.model_copy(
        update={
            "method": plan.method,
            "loading_control": controls[0] if len(controls) == 1 else None,
            "loading_controls": tuple(controls),
            "across": plan.across,
            "reference_sample": plan.reference_sample,
            "reference_group": study.reference_group,
        }
    )
    return recipe.model_copy(update={"normalization": settings})


def _nothing() -> Statistics:
    return Statistics(
        empty_table(REPLICATES_COLUMNS),
        empty_table(SUMMARY_COLUMNS),
        empty_table(STATISTICS_COLUMNS),
        empty_table(DOSES_COLUMNS),
        (),
        (),
    )

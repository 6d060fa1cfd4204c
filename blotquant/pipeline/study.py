"""From the measured images of a study to its conclusions: names, ratios, tests, controls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..columns import (
    BAND_COLUMNS,
    DOSES_COLUMNS,
    LANE_COLUMNS,
    REPLICATES_COLUMNS,
    STATISTICS_COLUMNS,
    SUMMARY_COLUMNS,
)
from ..errors import StudyError, UnreadableImage
from ..model import Blot, Layout
from ..normalize import normalize_tables
from ..quality import control_validity
from ..recipe import Recipe
from ..result import Result
from ..stats import Comparison, Design, Dose, Statistics, compare
from ..study import ImageFacts, Problem, Study, check_study, read_samples
from ..study_result import StudyResult
from ..tables import empty_table, joined
from .image import measure
from .ladder_image import with_ladder_of
from .linear_range import flagged_out_of_range, linear_ranges, linearity_told
from .membranes import membrane_layouts
from .naming import name_bands, name_lanes, roles_of, with_free_columns, with_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NOT_COMPLETE",
    "STUDY_FILE",
    "analyze_study",
    "conclude",
    "design_of",
    "facts_of",
    "open_study",
    "refuse_faults",
]

STUDY_FILE = "study.toml"
NOT_COMPLETE = (
    "the study is not marked complete: blots are still to come, so nothing was tested; when all "
    f"are there, write complete = true into {STUDY_FILE}"
)


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
    folder: Path | None = None,
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
    folder : Path, optional
        The study's, where its dilution series lie; without it none is looked at.

    Returns
    -------
    StudyResult

    Raises
    ------
    StudyError
        If rows, groups or columns that the study needs are not there, or a dilution series cannot
        be measured.
    """
    study = with_rows(study, layouts)
    recipe = _as_declared(recipe or Recipe(), study)
    bands = name_bands(bands, lanes, study, samples)
    lanes = name_lanes(lanes, study, samples)
    ranges = linear_ranges(study, folder, recipe) if folder is not None else ()
    bands = flagged_out_of_range(bands, ranges)
    roles = roles_of(study)
    done = normalize_tables(bands, recipe, lanes, roles=roles)
    values = with_free_columns(done.table, lanes, samples)
    statistics, said = _compared(values, study, samples)
    # whether a control differs between groups is a test, too
    judged = bands if study.complete else bands.assign(group="")
    controls = control_validity(judged, recipe, lanes, roles=roles)
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
        linearity=linearity_told(done.table, done.bands, ranges),
    )


def analyze_study(folder: str | Path, recipe: Recipe | None = None) -> StudyResult:
    """Measure and conclude a study in memory; `blotquant run` does the same and writes it all.

    Parameters
    ----------
    folder : path
        Folder with ``study.toml``, its sample sheet and its images.
    recipe : Recipe, optional

    Returns
    -------
    StudyResult

    Raises
    ------
    StudyError
        If the study does not fit its sheet or images: every fault, one line each.
    """
    recipe = recipe or Recipe()
    folder = Path(folder)
    study, samples = open_study(folder)
    results: list[Result] = []
    faults: list[str] = []
    facts: dict[str, ImageFacts] = {}
    for membrane in study.membranes():
        blots, lost = _loaded(study, membrane, folder, recipe)
        roles = {block.name: block.role for block in study.images_of(membrane)}
        found = membrane_layouts(blots, roles, recipe)
        own = with_ladder_of(recipe, study, membrane)
        faults += [*lost, *found.reasons.values()]
        for name, layout in found.layouts.items():
            facts[name] = facts_of(layout)
            results.append(measure(blots[name], layout, own, image=name, role=roles.get(name, "")))
    refuse_faults(check_study(study, samples, facts, folder))
    concluded = conclude(
        study,
        samples,
        joined((result.table for result in results), BAND_COLUMNS),
        joined((result.lanes for result in results), LANE_COLUMNS),
        {result.image: result.layout for result in results},
        recipe,
        folder,
    )
    return replace(concluded, warnings=(*faults, *concluded.warnings))


def facts_of(layout: Layout) -> ImageFacts:
    """What checking a study has to know of an image."""
    counts = tuple(
        sum(lane.panel_id == panel.id for lane in layout.lanes) for panel in layout.panels
    )
    return ImageFacts(len(layout.lanes), panels=counts if len(counts) > 1 else ())


def refuse_faults(problems: Iterable[Problem]) -> None:
    """Stop where a study contradicts itself.

    Raises
    ------
    StudyError
        With every error, one line each.
    """
    errors = [str(problem) for problem in problems if problem.severity == "error"]
    if errors:
        raise StudyError("\n".join(errors))


def _loaded(
    study: Study, membrane: str, folder: Path, recipe: Recipe
) -> tuple[dict[str, Blot], list[str]]:
    """Pictures of a membrane by name, and why some could not be read."""
    from ..loaders import load

    blots: dict[str, Blot] = {}
    faults: list[str] = []
    for block in study.images_of(membrane):
        if block.name in blots:
            continue
        try:
            pictures = load(folder / block.file, settings=recipe.image)
        except UnreadableImage as error:
            faults.append(str(error))
            continue
        for blot in pictures:
            if not block.page or blot.source.part == block.page:
                blots[block.name] = blot
                break
        else:
            faults.append(f"{block.file}: has no page or channel '{block.page}'")
    return blots, faults


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
        return _nothing(), (NOT_COMPLETE,)
    targets = values[values["role"].isin(["target", ""])] if len(values) else values
    if targets.empty:
        return _nothing(), ("no target has a value, so nothing was compared",)
    return compare(targets, design_of(study, samples)), ()


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

"""A whole run: list the images, measure them, join the tables, normalize, write everything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blotquant import registry, report
from blotquant.batch.inputs import RESULTS_FOLDER, ImageFile, common_root, find_images
from blotquant.batch.integrity import look_at
from blotquant.batch.layouts import LayoutShelf
from blotquant.batch.place import OutputFolder, read_provenance
from blotquant.batch.pool import Task, run_jobs
from blotquant.batch.study import StudyPlan
from blotquant.batch.worker import Job, Settings
from blotquant.columns import BAND_COLUMNS, LANE_COLUMNS, NORMALIZED_COLUMNS
from blotquant.errors import OutputError
from blotquant.files import is_folder
from blotquant.outcome import ImageOutcome, RunOutcome
from blotquant.recipe import Recipe
from blotquant.session import SIDECAR_SUFFIX
from blotquant.tables import joined

__all__ = ["Progress", "analyze_folder"]

Progress = Callable[[int, int, str], None]
Outcomes = tuple[ImageOutcome, ...]


@dataclass(frozen=True)
class _Plan:
    """A run, resolved before any work begins."""

    settings: Settings
    files: tuple[ImageFile, ...]
    shelf: LayoutShelf
    out: Path
    beside: bool
    overlays: bool
    study: StudyPlan | None = None


def analyze_folder(
    paths: str | Path | Iterable[str | Path],
    recipe: Recipe | None = None,
    out: str | Path | None = None,
    jobs: int | None = 1,
    *,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
    recursive: bool = False,
    layouts: str | Path | None = None,
    use_layouts: bool = True,
    overwrite: bool = False,
    overlays: bool = True,
    use_study: bool = True,
    progress: Progress | None = None,
) -> RunOutcome:
    """Measure every image of a folder and write tables, overlays, layouts and a report.

    A folder with a ``study.toml`` is a study: the images that it names are measured, those of one
    membrane on shared lanes, and its groups are compared.

    Parameters
    ----------
    paths : path or iterable of paths
        Images and folders of images.
    recipe : Recipe, optional
        Holds for every image. Without it, an image with a layout file is measured with the recipe
        which that carries, and all others with that of the run `layouts` belongs to, or the
        defaults.
    out : path, optional
        ``blotquant-results`` in the folder (or beside the image) otherwise.
    jobs : int or None
        Worker processes; None takes all cores, and fewer where there are few images. With more
        than 1 a script that calls this needs the usual ``if __name__ == "__main__":``.
    changes : mapping, optional
        Single settings that hold on top of any recipe, ``{section: {key: value}}``.
    recursive : bool
        Look into the folders' folders too.
    layouts : path, optional
        A run's folder, or any folder of layout files, whose lanes and bands are to be measured.
    use_layouts : bool
        Use layout files that lie beside the images.
    overwrite : bool
        Remove older results in `out` instead of moving them to ``previous/``.
    overlays : bool
        Draw lanes and bands on each blot.
    use_study : bool
        Take a ``study.toml`` in the folder for what it is; without it, names alone tell.
    progress : callable, optional
        Called as ``progress(done, total, image)`` after each file.

    Returns
    -------
    RunOutcome
        One bad image is an outcome with its reason, never the end of the run.

    Raises
    ------
    UnreadableImage
        If a path is not there.
    NothingFound
        If there is no image.
    RecipeError
        If a setting is not allowed.
    SessionError
        If `layouts` holds none.
    StudyError
        If a study does not fit its sheet or its images; every fault, one line each.
    OutputError
        If the outputs cannot be written where they should go.
    """
    started = datetime.now(UTC)
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    sources = [Path(path) for path in given]
    target = Path(out) if out is not None else common_root(sources) / RESULTS_FOLDER
    study = StudyPlan.of(sources, changes or {}) if use_study else None
    plan = _Plan(
        settings=_settings(recipe, changes or {}, layouts),
        files=(
            study.files
            if study is not None
            else find_images(sources, recursive=recursive, out=target)
        ),
        shelf=LayoutShelf.open(layouts),
        out=target,
        beside=use_layouts,
        overlays=overlays,
        study=study,
    )
    _refuse_input_as_output(sources, target)
    folder = OutputFolder(target)
    folder.claim(_planned(plan), overwrite=overwrite)
    images = _measure_all(plan, _workers(jobs, len(plan.files)), progress, folder)
    run = _examined(_joined(plan, images, started), plan)
    return _write(run, folder)


def _settings(
    recipe: Recipe | None, changes: Mapping[str, Mapping[str, Any]], layouts: str | Path | None
) -> Settings:
    """Settings, checked: a method that does not exist is found before any work begins."""
    default = recipe or _recipe_of_run(layouts) or Recipe()
    settings = Settings(default, recipe is not None, changes)
    resolved = settings.recipe()
    registry.get("backgrounds", resolved.background.method)
    registry.get("normalizers", resolved.normalization.method)
    return settings


def _recipe_of_run(layouts: str | Path | None) -> Recipe | None:
    """Recipe of the run that the layouts come from, where the folder is a run's."""
    if layouts is None:
        return None
    folder = Path(layouts)
    tree = read_provenance(folder) or read_provenance(folder.parent)
    return Recipe.parse(tree["recipe"], f"{folder}: provenance.json") if "recipe" in tree else None


def _refuse_input_as_output(paths: Sequence[Path], out: Path) -> None:
    for path in paths:
        if is_folder(path) and is_folder(out) and path.samefile(out):
            raise OutputError(
                f"{out}: is the folder of the images; results go into a folder of their own, "
                f"for example -o {out / RESULTS_FOLDER}"
            )


def _planned(plan: _Plan) -> set[str]:
    """Files the run is going to write, as far as that is known before the images were opened."""
    planned = {f"layouts/{file.stem}{SIDECAR_SUFFIX}" for file in plan.files}
    if plan.overlays:
        planned |= {f"overlays/{file.stem}.png" for file in plan.files}
    if plan.study is not None:
        planned |= plan.study.planned_files()
    return planned


def _workers(jobs: int | None, files: int) -> int:
    """Processes; by default one for two images at most, as starting one takes as long as those."""
    if jobs is not None:
        return max(1, min(jobs, files))
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min(cores, files // 2))


def _measure_all(
    plan: _Plan, workers: int, progress: Progress | None, folder: OutputFolder
) -> Outcomes:
    """Outcomes in input order, whatever finished first."""
    jobs: Sequence[Task] = [_job(plan, file) for file in plan.files]
    if plan.study is not None:
        jobs = plan.study.tasks([_job(plan, file) for file in plan.files])
    outcomes: dict[int, Outcomes] = {}
    known = _planned(plan)

    def done(index: int, outcome: Outcomes) -> None:
        outcomes[index] = outcome
        files = {_relative(path, plan.out) for path in _files_of(outcome)}
        if not files <= known:  # pages of one file: not foreseen when the folder was claimed
            known.update(files)
            folder.mark(sorted(known))
        if progress is not None:
            progress(len(outcomes), len(jobs), jobs[index].files[0].name)

    run_jobs(jobs, workers, done)
    return tuple(outcome for index in sorted(outcomes) for outcome in outcomes[index])


def _job(plan: _Plan, file: ImageFile) -> Job:
    return Job(
        file=file,
        settings=plan.settings,
        out=plan.out,
        layouts=plan.shelf.sessions_for(file.name),
        damaged=plan.shelf.damage_of(file.stem),
        beside=plan.beside,
        warn_if_found=plan.shelf.given,
        overlay=plan.overlays,
    )


def _joined(plan: _Plan, images: Outcomes, started: datetime) -> RunOutcome:
    """The run's tables, normalized, and its provenance."""
    results = [image.result for image in images if image.result is not None]
    recipe, messages = _recipe_of(plan.settings, results)
    bands = joined((result.table for result in results), BAND_COLUMNS)
    lanes = joined((result.lanes for result in results), LANE_COLUMNS)
    normalized = joined((), NORMALIZED_COLUMNS)
    concluded = None
    if plan.study is not None:
        concluded = plan.study.conclude(bands, lanes, results, recipe, plan.out)
        bands, normalized = concluded.bands, concluded.normalized
        messages = [*messages, *concluded.warnings]
    elif len(bands):
        from blotquant.normalize import normalize_tables

        done = normalize_tables(bands, recipe, lanes)
        bands, messages = done.bands, [*messages, *done.messages]
        normalized = joined([done.table], NORMALIZED_COLUMNS)
    messages += plan.shelf.left_out({file.stem for file in plan.files})
    provenance = report.run_provenance(images, recipe, messages, started)
    return RunOutcome(
        images,
        bands,
        lanes,
        normalized,
        tuple(messages),
        recipe,
        provenance,
        plan.out,
        study=concluded,
    )


def _examined(run: RunOutcome, plan: _Plan) -> RunOutcome:
    """The run with what there is to look at in its pictures; no number depends on it."""
    study = plan.study.study if plan.study is not None else None
    notices, messages = look_at(run.images, plan.settings.recipe(), plan.out, study)
    return replace(run, notices=notices, messages=(*run.messages, *messages))


def _recipe_of(settings: Settings, results: Sequence[Any]) -> tuple[Recipe, list[str]]:
    """Recipe of the run as a whole; normalization is the layout files' where they agree on it."""
    recipe = settings.recipe()
    if settings.given or not results:
        return recipe, []
    carried = [result.recipe.normalization for result in results]
    if all(section == carried[0] for section in carried):
        return recipe.model_copy(update={"normalization": carried[0]}), []
    return recipe, [
        "the layout files differ in their normalization settings: the run's own were used; "
        "give --recipe to choose"
    ]


def _write(run: RunOutcome, folder: OutputFolder) -> RunOutcome:
    from blotquant import html_report  # matplotlib and jinja2 are slow to import

    written: list[Path] = []
    if run.study is not None:
        from blotquant.study_report import shown_figures, write_study_report

        files = write_study_report(run.out, run)
        written += files.paths
        messages = (*run.messages, *files.warnings)
        figures = shown_figures(run.out, run.study.study)
        run = replace(run, messages=messages, figures=figures)
    written += report.write_tables(run.out, run)
    written += _files_of(run.images)
    written += [run.out / notice.figure for notice in run.notices if notice.figure]
    written.append(html_report.write_report(run.out, run))
    return replace(run, provenance=folder.finish(dict(run.provenance), written))


def _files_of(outcomes: Iterable[ImageOutcome]) -> list[Path]:
    return [
        path for image in outcomes for path in (image.overlay, image.sidecar) if path is not None
    ]


def _relative(path: Path, out: Path) -> str:
    return path.relative_to(out).as_posix()

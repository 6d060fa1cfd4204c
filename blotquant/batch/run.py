"""A whole run: list the images, measure them, join the tables, normalize, write everything."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from blotquant import __version__, registry, report
from blotquant.batch.elsewhere import run_on
from blotquant.batch.inputs import RESULTS_FOLDER, ImageFile, find_images
from blotquant.batch.integrity import look_at
from blotquant.batch.layouts import LayoutShelf
from blotquant.batch.membrane import MembraneJob
from blotquant.batch.merging import merge, outcomes_of
from blotquant.batch.parts import Part, Product
from blotquant.batch.place import FIXED_FILES, PARQUET, OutputFolder, read_provenance
from blotquant.batch.places import Asked, Places, places
from blotquant.batch.slots import Task, run_here, run_in_slots
from blotquant.batch.store import JobKey, Store
from blotquant.batch.study import StudyPlan
from blotquant.batch.worker import Job, Settings
from blotquant.columns import BAND_COLUMNS, LANE_COLUMNS, SCHEMA_VERSION
from blotquant.errors import OutputError
from blotquant.files import is_folder
from blotquant.outcome import MOST_SHOWN, ImageOutcome, RunOutcome
from blotquant.parquet import write_parquet
from blotquant.recipe import Recipe
from blotquant.session import SIDECAR_SUFFIX
from blotquant.tables import joined

__all__ = ["TIME_LIMIT", "Progress", "analyze_folder"]

Progress = Callable[[int, int, str], None]

_LONG = 4000  # rows
TIME_LIMIT = 600.0  # s; an image of 400 Mpx takes less


@dataclass(frozen=True)
class _Plan:
    """A run, resolved before any work begins."""

    settings: Settings
    files: tuple[ImageFile, ...]
    shelf: LayoutShelf
    out: Path
    beside: bool
    overlays: bool
    places: Places
    study: StudyPlan | None = None


@dataclass(frozen=True)
class _How:
    """By whom the images are measured, and how long one may take."""

    workers: int
    executor: Executor | None
    time_limit: float | None
    resume: bool


class _KeyedTask(Task, Protocol):
    """A task that can be told from others when a run goes on."""

    @property
    def key(self) -> JobKey: ...


def analyze_folder(
    paths: str | Path | Iterable[str | Path],
    recipe: Recipe | None = None,
    out: str | Path | None = None,
    jobs: int | None = 1,
    *,
    executor: Executor | None = None,
    resume: bool = False,
    time_limit: float | None = TIME_LIMIT,
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
        Images and folders of images; or URLs of such (``s3://``, ``gs://``, ``https://``), or text
        files of URLs, one a line.
    recipe : Recipe, optional
        Holds for every image. Without it, an image with a layout file is measured with the recipe
        which that carries, and all others with that of the run `layouts` belongs to, or the
        defaults.
    out : path, optional
        ``blotquant-results`` in the folder (or beside the image) otherwise. May be a URL that can
        be written to: then the run's own copy, in `RunOutcome.out`, lasts as long as this process.
    jobs : int or None
        Worker processes; None takes all cores, and fewer where there are few images. A script that
        asks for them needs the usual ``if __name__ == "__main__":``. 1 measures in this process:
        then nothing guards against an image that crashes a library or takes for ever.
    executor : concurrent.futures.Executor, optional
        Measures the images instead, for example a Dask cluster's (``client.get_executor()``). Its
        workers need blotquant and see the images under the same paths; the outputs are written
        here.
    resume : bool
        Go on with what an earlier run left in `out`: only images that are new, were changed,
        failed, or would be measured with other settings are measured.
    time_limit : float or None
        Seconds that a worker process may take for one image before it is ended; None for ever.
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
    asked = Asked(given, out, layouts, recursive, resume, use_study)
    with places(asked) as at:
        study = StudyPlan.of(at.sources, changes or {}) if use_study else None
        plan = _Plan(
            settings=_settings(recipe, changes or {}, at.layouts),
            files=_files(at, study, recursive=recursive),
            shelf=LayoutShelf.open(at.layouts),
            out=at.out,
            beside=use_layouts,
            overlays=overlays,
            places=at,
            study=study,
        )
        _refuse_input_as_output(at.sources, at.out)
        how = _How(_workers(jobs, len(plan.files)), executor, time_limit, resume)
        folder, store = _made_ready(plan, overwrite=overwrite, resume=resume)
        with at.running():
            with store:
                parts = _measure_all(plan, how, store, folder, progress)
            run = _write(_concluded(plan, parts, started), folder, beside=bool(how.workers))
        at.finish()
        return run


def _files(at: Places, study: StudyPlan | None, *, recursive: bool) -> tuple[ImageFile, ...]:
    if study is not None:
        return study.files
    if at.images is not None:
        return at.images.images
    return find_images(at.sources, recursive=recursive, out=at.out)


def _made_ready(plan: _Plan, *, overwrite: bool, resume: bool) -> tuple[OutputFolder, Store]:
    """Folder of the outputs, with what an earlier run left in it kept or put away."""
    folder, store, planned = OutputFolder(plan.out), Store(plan.out), _planned(plan)
    plan.places.refuse({*planned, *FIXED_FILES})
    if resume:
        folder.reopen(planned)
    else:
        folder.claim(planned, overwrite=overwrite)
        store.clear()
    return folder, store


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
    """Worker processes; 0 for none: a single image is measured in the time that one takes to start.

    By default one for two images at most, for the same reason.
    """
    if jobs == 1 or files <= 1:
        return 0
    if jobs is not None:
        return min(jobs, files)
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min(cores, files // 2))


def _measure_all(
    plan: _Plan, how: _How, store: Store, folder: OutputFolder, progress: Progress | None
) -> list[Part]:
    """Parts of all jobs in input order, whatever finished first; done before or done now."""
    tasks = _tasks(plan)
    keys = [task.key for task in tasks]
    before = store.done(keys) if how.resume else {}
    entries = {n: before[key.name] for n, key in enumerate(keys) if key.name in before}
    left = [n for n in range(len(tasks)) if n not in entries]
    stamps = {n: keys[n].stamps() for n in left}
    known = _planned(plan)

    def done(index: int, product: Product) -> None:
        plan.places.check()
        entries[index] = store.add(keys[index], stamps.pop(index), product)
        if not known.issuperset(product.files):  # pages of one file: not foreseen at the start
            known.update(product.files)
            folder.mark(sorted(known))
        if progress is not None:
            progress(len(entries), len(tasks), tasks[index].files[0].name)

    if progress is not None and before:
        progress(len(entries), len(tasks), "")
    if how.executor is not None:
        run_on(how.executor, tasks, left, done)
    elif how.workers:
        run_in_slots(tasks, left, how.workers, done, time_limit=how.time_limit)
    else:
        run_here(tasks, left, done)
    return [store.part(entries[n]) for n in range(len(tasks))]


def _tasks(plan: _Plan) -> Sequence[_KeyedTask]:
    common = _digest_of(plan)
    jobs = [
        _job(plan, file, common, plots=number < MOST_SHOWN)
        for number, file in enumerate(plan.files)
    ]
    tasks: Sequence[Job | MembraneJob] = jobs if plan.study is None else plan.study.tasks(jobs)
    remote = plan.places.images
    return tasks if remote is None else [remote.task(task) for task in tasks]


def _digest_of(plan: _Plan) -> str:
    """Hash of what the numbers of every job depend on."""
    settings = plan.settings
    tree = [
        __version__,
        SCHEMA_VERSION,
        settings.default.model_dump(mode="json"),
        settings.given,
        settings.changes,
        plan.beside,
        plan.overlays,
        plan.shelf.given,
    ]
    return hashlib.sha256(json.dumps(tree, sort_keys=True, default=str).encode()).hexdigest()


def _job(plan: _Plan, file: ImageFile, common: str, *, plots: bool) -> Job:
    return Job(
        file=file,
        settings=plan.settings,
        out=plan.out,
        layouts=plan.shelf.sessions_for(file.name),
        damaged=plan.shelf.damage_of(file.stem),
        beside=plan.beside,
        warn_if_found=plan.shelf.given,
        overlay=plan.overlays,
        plots=plots,
        common=common,
    )


def _concluded(plan: _Plan, parts: Sequence[Part], started: datetime) -> RunOutcome:
    """The run: what became of each picture, tables, messages, what to look at."""
    images = tuple(one for _, outcomes in outcomes_of(parts) for one in outcomes)
    if plan.places.images is not None:
        images = plan.places.images.outcomes(images)
    recipe, messages = _recipe_of(plan.settings, images)
    tables, said = _tables(plan, parts, images, recipe)
    messages += [*said, *plan.shelf.left_out({file.stem for file in plan.files})]
    provenance = report.run_provenance(images, recipe, messages, started)
    study = plan.study.study if plan.study is not None else None
    notices, seen = look_at(images, plan.settings.recipe(), plan.out, study, plan.places.opened)
    return RunOutcome(
        images=images,
        messages=(*messages, *seen),
        recipe=recipe,
        provenance=provenance,
        out=plan.out,
        url=plan.places.url,
        notices=notices,
        **tables,
    )


def _tables(
    plan: _Plan, parts: Sequence[Part], images: Sequence[ImageOutcome], recipe: Recipe
) -> tuple[dict[str, Any], Sequence[str]]:
    """Tables as `RunOutcome` takes them, and what there is to say of them."""
    folder = plan.out / PARQUET
    if plan.study is None:
        merged = merge(parts, recipe, folder)
        tables = {
            "bands": merged.bands,
            "lanes": merged.lanes,
            "normalized": merged.normalized,
            "flags": merged.flags,
            "pieces": merged.pieces,
        }
        return tables, merged.messages
    results = [image.result for image in images if image.result is not None]
    bands = joined((result.table for result in results), BAND_COLUMNS)
    lanes = joined((result.lanes for result in results), LANE_COLUMNS)
    concluded = plan.study.conclude(bands, lanes, results, recipe, plan.out)
    tables = {
        "bands": concluded.bands,
        "lanes": lanes,
        "normalized": concluded.normalized,
        "study": concluded,
    }
    write_parquet(folder / "bands.parquet", [concluded.bands], BAND_COLUMNS)
    write_parquet(folder / "lanes.parquet", [lanes], LANE_COLUMNS)
    return tables, concluded.warnings


def _recipe_of(settings: Settings, images: Sequence[ImageOutcome]) -> tuple[Recipe, list[str]]:
    """Recipe of the run as a whole; normalization is the layout files' where they agree on it."""
    recipe = settings.recipe()
    carried = [image.recipe.normalization for image in images if image.recipe is not None]
    if settings.given or not carried:
        return recipe, []
    if all(section == carried[0] for section in carried):
        return recipe.model_copy(update={"normalization": carried[0]}), []
    return recipe, [
        "the layout files differ in their normalization settings: the run's own were used; "
        "give --recipe to choose"
    ]


def _write(run: RunOutcome, folder: OutputFolder, *, beside: bool) -> RunOutcome:
    from blotquant import html_report  # matplotlib and jinja2 are slow to import

    written: list[Path] = [run.out / PARQUET / name for name in ("bands.parquet", "lanes.parquet")]
    if run.study is not None:
        from blotquant.study_report import shown_figures, write_study_report

        files = write_study_report(run.out, run)
        written += files.paths
        messages = (*run.messages, *files.warnings)
        figures = shown_figures(run.out, run.study.study)
        run = replace(run, messages=messages, figures=figures)
    # one process more is worth its start where there are many rows
    beside = beside and run.study is None and len(run.band_flags) > _LONG
    written += report.write_tables(run.out, run, beside=beside)
    written += _files_of(run.images)
    written += [run.out / notice.figure for notice in run.notices if notice.figure]
    written.append(html_report.write_report(run.out, run))
    provenance = folder.finish(dict(run.provenance), written)
    return run.with_provenance(provenance)


def _files_of(outcomes: Iterable[ImageOutcome]) -> list[Path]:
    return [
        path for image in outcomes for path in (image.overlay, image.sidecar) if path is not None
    ]

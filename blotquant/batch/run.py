"""A whole run: list the images, measure them, join the tables, normalize, write everything."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blotquant import report
from blotquant.batch.elsewhere import run_on
from blotquant.batch.integrity import look_at
from blotquant.batch.journal import Entry
from blotquant.batch.lock import locked
from blotquant.batch.merging import Gathered, gather, merge
from blotquant.batch.parts import Part, Product
from blotquant.batch.place import FIXED_FILES, PARQUET, OutputFolder, read_provenance
from blotquant.batch.places import Asked, places
from blotquant.batch.plan import Plan, digest_of, hash_of, plan_of, tasks_of
from blotquant.batch.slots import run_here, run_in_slots
from blotquant.batch.store import MERGING, Store
from blotquant.batch.worker import Settings
from blotquant.columns import BAND_COLUMNS, LANE_COLUMNS
from blotquant.files import is_there
from blotquant.outcome import ImageOutcome, RunOutcome
from blotquant.parquet import parquet_writer
from blotquant.recipe import Recipe
from blotquant.tables import joined

__all__ = ["TIME_LIMIT", "Progress", "analyze_folder", "renew_folder"]

Progress = Callable[[int, int, str], None]

_LONG = 4000  # rows
TIME_LIMIT = 600.0  # s; an image of 400 Mpx takes less


@dataclass(frozen=True)
class _How:
    """By whom the images are measured, and how long one may take."""

    workers: int
    executor: Executor | None
    time_limit: float | None
    progress: Progress | None


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
        Called as ``progress(done, total, image)`` before the first file, with no name and what an
        earlier run did, and after each file.

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
        If the outputs cannot be written where they should go, or another run is writing there.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    with places(Asked(given, out, layouts, recursive, resume, use_study)) as at:
        plan = plan_of(
            at,
            recipe,
            changes=changes or {},
            recursive=recursive,
            beside=use_layouts,
            overlays=overlays,
            use_study=use_study,
        )
        run = _Run(plan, _How(_workers(jobs, len(plan.files)), executor, time_limit, progress))
        with locked(plan.out):
            if resume:
                run.go_on()
            else:
                run.begin(overwrite=overwrite)
            with at.running():
                done = run.finish()
        at.finish()
        return done


def renew_folder(
    folder: str | Path,
    only: Collection[Path],
    recipe: Recipe | None = None,
    out: str | Path | None = None,
    jobs: int | None = None,
    *,
    time_limit: float | None = TIME_LIMIT,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
    recursive: bool = False,
    use_layouts: bool = True,
    overlays: bool = True,
    use_study: bool = True,
    progress: Progress | None = None,
) -> RunOutcome | None:
    """Bring the results of a folder that is still being filled up to date.

    As `analyze_folder` with ``resume``, but: what failed is tried again only when its file changed,
    and a study that does not say whether it is complete is not, so that nothing is tested.

    Parameters
    ----------
    folder : path
    only : collection of Path
        Files, by absolute path, that may be read; others are still being written.
    recipe, out, jobs, time_limit, changes, recursive, use_layouts, overlays, use_study, progress
        As for `analyze_folder`.

    Returns
    -------
    RunOutcome or None
        None where the results are those of these files already.

    Raises
    ------
    BlotquantError
        As `analyze_folder`.
    """
    with places(Asked([folder], out, None, recursive, resume=True, study=use_study)) as at:
        plan = plan_of(
            at,
            recipe,
            changes=changes or {},
            recursive=recursive,
            beside=use_layouts,
            overlays=overlays,
            use_study=use_study,
            only=only,
            growing=True,
        )
        run = _Run(plan, _How(_workers(jobs, len(plan.files)), None, time_limit, progress))
        with locked(plan.out):
            return run.finish() if run.go_on(again=False, unless_same=True) else None


class _Run:
    """A run under way: what was done before, what is left, and where it goes.

    Parameters
    ----------
    plan : Plan
    how : _How
    """

    def __init__(self, plan: Plan, how: _How) -> None:
        self.started = datetime.now(UTC)
        self.plan, self.how = plan, how
        self.tasks = tasks_of(plan)
        self.keys = [task.key for task in self.tasks]
        self.folder, self.store = OutputFolder(plan.out), Store(plan.out)
        self.entries: dict[int, Entry] = {}

    def begin(self, *, overwrite: bool) -> None:
        """Start anew: what lies there makes way."""
        self.plan.places.refuse({*self.plan.planned, *FIXED_FILES})
        self.folder.claim(self.plan.planned, overwrite=overwrite)
        self.store.clear()

    def go_on(self, *, again: bool = True, unless_same: bool = False) -> bool:
        """Take over what is done; False if that is all there is, and nobody wants it anew."""
        before = self.store.done(self.keys, again=again)
        self.entries = {n: before[k.name] for n, k in enumerate(self.keys) if k.name in before}
        if unless_same and self._is_up_to_date():
            return False
        self.plan.places.refuse({*self.plan.planned, *FIXED_FILES})
        vouched = {name for entry in self.entries.values() for name in entry.files}
        self.folder.reopen(self.plan.planned, vouched)
        self.store.prune(self.entries.values())
        return True

    def finish(self) -> RunOutcome:
        """Measure what is left, and write the tables of all."""
        with self.store:
            self._measure()
        parts = [self.store.part(self.entries[n]) for n in range(len(self.tasks))]
        self.folder.renew()
        run = _concluded(self.plan, parts, self.started, self.folder.announce)
        provenance = {**run.provenance, "state_sha256": self._state()}
        run = run.with_provenance(provenance)
        return _write(run, self.folder, beside=bool(self.how.workers))

    def _measure(self) -> None:
        """Measure what is left; entries come in any order."""
        left = [n for n in range(len(self.tasks)) if n not in self.entries]
        stamps = {n: self.keys[n].stamps() for n in left}
        known, progress = self.plan.planned, self.how.progress

        def done(index: int, product: Product) -> None:
            self.plan.places.check()
            more = product.files.keys() - known
            if more:  # pages of one file: not foreseen at the start
                known.update(more)
                self.folder.announce(more)
            self.entries[index] = self.store.add(self.keys[index], stamps.pop(index), product)
            if progress is not None:
                name = self.tasks[index].files[0].name
                progress(len(self.entries), len(self.tasks), name)

        if progress is not None:
            progress(len(self.entries), len(self.tasks), "")
        if self.how.executor is not None:
            run_on(self.how.executor, self.tasks, left, done)
        elif self.how.workers:
            run_in_slots(self.tasks, left, self.how.workers, done, time_limit=self.how.time_limit)
        else:
            run_here(self.tasks, left, done)

    def _is_up_to_date(self) -> bool:
        """Whether the tables that lie there are those of these files and settings."""
        if len(self.entries) < len(self.tasks):
            return False
        known = read_provenance(self.plan.out)
        return (
            known.get("complete") is True
            and known.get("state_sha256") == self._state()
            and all(is_there(self.plan.out / name) for name in known["files"])
        )

    def _state(self) -> str:
        """Hash of all that the tables are made from."""
        entries = [self.entries[n] for n in range(len(self.tasks))]
        study = self.plan.study.state() if self.plan.study is not None else []
        parts = [[entry.job, entry.settings, entry.part_sha256] for entry in entries]
        return hash_of([digest_of(self.plan), study, parts])


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


def _concluded(
    plan: Plan,
    parts: Sequence[Part],
    started: datetime,
    announce: Callable[[Iterable[str]], None],
) -> RunOutcome:
    """The run: what became of each picture, tables, messages, what to look at."""
    raw = plan.out / MERGING
    try:
        gathered = gather(parts, raw, plan.out / PARQUET, strips=plan.study is None)
        images = plan.places.outcomes(gathered.images)
        recipe, messages = _recipe_of(plan.settings, images)
        tables, said = _tables(plan, gathered, recipe)
    finally:
        raw.unlink(missing_ok=True)
    messages += [*said, *plan.shelf.left_out({file.stem for file in plan.files})]
    if plan.study is not None:
        messages += plan.study.messages
    provenance = report.run_provenance(images, recipe, messages, started)
    study = plan.study.study if plan.study is not None else None
    notices, seen = look_at(
        images, plan.settings.recipe(), plan.out, study, announce, plan.places.opened
    )
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


def _tables(plan: Plan, gathered: Gathered, recipe: Recipe) -> tuple[dict[str, Any], Sequence[str]]:
    """Tables as `RunOutcome` takes them, and what there is to say of them."""
    folder = plan.out / PARQUET
    if plan.study is None:
        merged = merge(gathered, recipe, folder)
        tables = {
            "bands": merged.bands,
            "lanes": merged.lanes,
            "normalized": merged.normalized,
            "flags": merged.flags,
            "pieces": merged.pieces,
        }
        return tables, merged.messages
    results = [result for image in gathered.images if (result := image.result) is not None]
    bands = joined((result.table for result in results), BAND_COLUMNS)
    lanes = joined((result.lanes for result in results), LANE_COLUMNS)
    concluded = plan.study.conclude(bands, lanes, results, recipe, plan.out)
    tables = {
        "bands": concluded.bands,
        "lanes": lanes,
        "normalized": concluded.normalized,
        "study": concluded,
    }
    with parquet_writer(folder / "bands.parquet", BAND_COLUMNS) as add:
        add(concluded.bands)
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
    written += _files_of(run.images)
    written += [run.out / notice.figure for notice in run.notices if notice.figure]

    def page() -> list[Path]:
        return [html_report.write_report(run.out, run)]

    # one process more is worth its start where there are many rows
    if beside and run.study is None and len(run.band_flags) > _LONG:
        written += report.write_tables(run.out, run, meanwhile=page)
    else:
        written += [*report.write_tables(run.out, run), *page()]
    provenance = folder.finish(dict(run.provenance), written)
    return run.with_provenance(provenance)


def _files_of(outcomes: Iterable[ImageOutcome]) -> list[Path]:
    return [
        path for image in outcomes for path in (image.overlay, image.sidecar) if path is not None
    ]

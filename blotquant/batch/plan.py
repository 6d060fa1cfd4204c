"""What a run is to do, resolved before any work begins: its files, settings and jobs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from blotquant import __version__, registry
from blotquant.batch.inputs import RESULTS_FOLDER, ImageFile, find_images
from blotquant.batch.layouts import LayoutShelf
from blotquant.batch.membrane import MembraneJob
from blotquant.batch.place import read_provenance
from blotquant.batch.places import Places
from blotquant.batch.slots import Task
from blotquant.batch.store import JobKey
from blotquant.batch.study import StudyPlan
from blotquant.batch.worker import Job, Settings, look_anew
from blotquant.columns import SCHEMA_VERSION
from blotquant.errors import OutputError
from blotquant.files import is_folder
from blotquant.outcome import MANY_SHOWN, MOST_SHOWN
from blotquant.recipe import Recipe
from blotquant.session import SIDECAR_SUFFIX

__all__ = ["KeyedTask", "Plan", "digest_of", "hash_of", "plan_of", "tasks_of"]


@dataclass(frozen=True)
class Plan:
    """A run, resolved before any work begins."""

    settings: Settings
    files: tuple[ImageFile, ...]
    shelf: LayoutShelf
    out: Path
    beside: bool
    overlays: bool
    places: Places
    study: StudyPlan | None = None

    @property
    def planned(self) -> set[str]:
        """Files the run is going to write, as far as known before the images were opened."""
        planned = {f"layouts/{file.stem}{SIDECAR_SUFFIX}" for file in self.files}
        if self.overlays:
            planned |= {f"overlays/{file.stem}.png" for file in self.files}
        if self.study is not None:
            planned |= self.study.planned_files()
        return planned


class KeyedTask(Task, Protocol):
    """A task that can be told from others when a run goes on."""

    @property
    def key(self) -> JobKey:
        """What makes it the job that was done before, or another."""
        ...


def plan_of(
    at: Places,
    recipe: Recipe | None,
    *,
    changes: Mapping[str, Mapping[str, Any]],
    recursive: bool,
    beside: bool,
    overlays: bool,
    use_study: bool,
    only: Collection[Path] | None = None,
    growing: bool = False,
) -> Plan:
    """What is to be done; nothing has been written yet."""
    study = StudyPlan.of(at.sources, changes, only, growing=growing) if use_study else None
    settings = _settings(recipe, changes, at.layouts)  # before any folder is looked through
    if study is not None:
        files = study.files
    elif at.images is not None:
        files = at.images.images
    else:
        files = find_images(at.sources, recursive=recursive, out=at.out, only=only)
    plan = Plan(
        settings=settings,
        files=files,
        shelf=LayoutShelf.open(at.layouts),
        out=at.out,
        beside=beside,
        overlays=overlays,
        places=at,
        study=study,
    )
    _refuse_input_as_output(at.sources, at.out)
    return plan


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


def tasks_of(plan: Plan) -> Sequence[KeyedTask]:
    """Jobs of a run, in the order of its tables: one a file, or one a membrane of a study."""
    look_anew()
    common = digest_of(plan)
    jobs = [
        _job(plan, file, common, plots=number < MOST_SHOWN)
        for number, file in enumerate(plan.files)
    ]
    tasks: Sequence[Job | MembraneJob] = jobs if plan.study is None else plan.study.tasks(jobs)
    remote = plan.places.images
    return tasks if remote is None else [remote.task(task) for task in tasks]


def hash_of(tree: Any) -> str:
    """SHA-256 of something that can be written as JSON."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True, default=str).encode()).hexdigest()


def digest_of(plan: Plan) -> str:
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
    return hash_of(tree)


def _job(plan: Plan, file: ImageFile, common: str, *, plots: bool) -> Job:
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
        many=plan.study is not None or len(plan.files) > MANY_SHOWN,
        common=common,
    )

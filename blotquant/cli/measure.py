"""`blotquant run`: one call of the core, a progress bar while it lasts, a summary at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blotquant import errors
from blotquant.batch import analyze_folder
from blotquant.batch.run import TIME_LIMIT, Progress
from blotquant.cli import show
from blotquant.cli.progress import progress_bar
from blotquant.cli.stopped import Stopped
from blotquant.files import is_plain_file
from blotquant.outcome import RunOutcome
from blotquant.recipe import Recipe

__all__ = ["Request", "measure"]


@dataclass(frozen=True)
class Request:
    """A run as asked for on the command line; see `blotquant.batch.analyze_folder`."""

    paths: Sequence[str | Path]
    out: str | Path | None = None
    recipe_file: Path | None = None
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    jobs: int | None = None
    scheduler: str | None = None
    recursive: bool = False
    layouts: str | Path | None = None
    use_layouts: bool = True
    overwrite: bool = False
    resume: bool = False
    time_limit: float | None = None
    overlays: bool = True
    use_study: bool = True
    as_json: bool = False


def measure(request: Request) -> int:
    """Run, say what came out, and give the exit code."""
    count = _Count()
    try:
        with _executor(request) as executor, progress_bar(shown=not request.as_json) as tell:
            run = _analyze(request, executor, count.told(tell))
    except KeyboardInterrupt:
        raise Stopped(str(count)) from None
    except errors.BlotquantError as error:
        if request.as_json:
            show.json_error(error)
        raise
    code = exit_code(run, one_file=_is_one_file(request.paths))
    if request.as_json:
        show.as_json(run, code)
    else:
        show.summary(run)
    return code


@dataclass
class _Count:
    """How far a run came."""

    done: int = 0
    total: int = 0

    def told(self, tell: Progress | None) -> Progress:
        """What a run calls after each image."""

        def progress(done: int, total: int, image: str) -> None:
            self.done, self.total = done, total
            if tell is not None:
                tell(done, total, image)

        return progress

    def __str__(self) -> str:
        if not self.total:
            return "interrupted before anything was measured"
        return (
            f"interrupted; {self.done} of {self.total} done and kept, "
            "the same command with --resume goes on"
        )


def exit_code(run: RunOutcome, *, one_file: bool) -> int:
    """0; 1 where an image of many failed; the error's own code where one file was given."""
    if not one_file:
        return 1 if run.failed else 0
    if run.failed:
        return int(getattr(getattr(errors, run.failed[0].error, None), "exit_code", 1))
    return 0 if run.measured else errors.NothingFound.exit_code


def _executor(request: Request) -> AbstractContextManager[Executor | None]:
    """The cluster, if one was named."""
    if request.scheduler is None:
        return nullcontext()
    from blotquant.batch.cluster import cluster  # Dask is slow to import

    return cluster(request.scheduler, time_limit=request.time_limit or TIME_LIMIT)


def _analyze(request: Request, executor: Executor | None, progress: Progress | None) -> RunOutcome:
    recipe = None if request.recipe_file is None else Recipe.from_toml(request.recipe_file)
    return analyze_folder(
        request.paths,
        recipe,
        request.out,
        request.jobs,
        executor=executor,
        changes=request.changes,
        recursive=request.recursive,
        layouts=request.layouts,
        use_layouts=request.use_layouts,
        overwrite=request.overwrite,
        resume=request.resume,
        time_limit=request.time_limit or TIME_LIMIT,
        overlays=request.overlays,
        use_study=request.use_study,
        progress=progress,
    )


def _is_one_file(paths: Sequence[str | Path]) -> bool:
    return len(paths) == 1 and is_plain_file(Path(paths[0])) and not str(paths[0]).endswith(".txt")

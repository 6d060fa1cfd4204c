"""A folder that an imager fills: which of its files are whole, and rounds that measure them.

Looked at from time to time, as network drives tell nobody of changes. A file is whole when its size
and time have not changed for a while; before that it is not opened.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blotquant.batch.inputs import RESULTS_FOLDER, is_results_folder
from blotquant.batch.run import TIME_LIMIT, Progress, renew_folder
from blotquant.errors import (
    BlotquantError,
    NothingFound,
    RecipeError,
    SessionError,
    StudyError,
    UnreadableImage,
)
from blotquant.loaders import supported_suffixes
from blotquant.outcome import RunOutcome
from blotquant.pipeline.study import STUDY_FILE
from blotquant.recipe import Recipe

__all__ = ["INTERVAL", "SETTLE", "Round", "Watch", "WatchSettings"]

INTERVAL = 5.0  # s
SETTLE = 2.0  # s
_SHEETS = (".toml", ".csv", ".xlsx")  # of a study

Stamp = tuple[int, int]
"""Size and time of change of a file."""


@dataclass(frozen=True)
class WatchSettings:
    """What is watched, and how it is measured; see `blotquant.batch.analyze_folder`.

    Parameters
    ----------
    folder, out : Path
    interval : float
        Seconds between two looks.
    settle : float
        Seconds for which a file has to stay as it is.
    recipe, changes, jobs, time_limit, recursive, use_layouts, overlays, use_study
        As for `analyze_folder`.
    """

    folder: Path
    out: Path
    interval: float = INTERVAL
    settle: float = SETTLE
    recipe: Recipe | None = None
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    jobs: int | None = None
    time_limit: float | None = TIME_LIMIT
    recursive: bool = False
    use_layouts: bool = True
    overlays: bool = True
    use_study: bool = True

    @classmethod
    def of(cls, folder: Path, out: Path | None, **more: Any) -> WatchSettings:
        """With ``blotquant-results`` in the folder where no place for results is given."""
        return cls(folder, folder / RESULTS_FOLDER if out is None else out, **more)


@dataclass(frozen=True)
class Round:
    """What one look came to.

    Parameters
    ----------
    run : RunOutcome or None
        New results; None where there is nothing new.
    measured : int
        Files that were measured now.
    removed : int
        Files that are no longer there.
    trouble : str
        Why nothing could be done: the folder is not there, the study has a fault, the disk is
        full. It is tried again in the next round, or when something has changed.
    code : int
        Exit code of that, for who looks only once.
    waiting : int
        Files that are still being written.
    """

    run: RunOutcome | None = None
    measured: int = 0
    removed: int = 0
    trouble: str = ""
    code: int = 0
    waiting: int = 0


class Watch:
    """Rounds over a folder, until somebody ends them.

    Parameters
    ----------
    settings : WatchSettings
    clock, sleep : callable
        Seconds, and how to wait for some.
    progress : callable, optional
        As for `analyze_folder`.
    """

    def __init__(
        self,
        settings: WatchSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        progress: Progress | None = None,
    ) -> None:
        self.settings = settings
        self._clock, self._sleep, self._progress = clock, sleep, progress
        self._since: dict[Path, tuple[Stamp, float]] = {}
        self._done: dict[Path, Stamp] | None = None

    def rounds(self) -> Iterator[Round]:
        """One after the other, without end, waiting between them."""
        while True:
            yield self.round()
            self._sleep(self.settings.interval)

    def once(self) -> Round:
        """One round on what is whole by now; waits once, as long as files need to settle."""
        try:
            self._whole()
        except OSError as error:
            return _away(self.settings.folder, error)
        self._sleep(self.settings.settle)
        return self.round()

    def round(self) -> Round:
        """Look, and measure what is new.

        Raises
        ------
        BlotquantError
            If settings are wrong: no later round would do better.
        """
        try:
            whole, unsettled = self._whole()
        except OSError as error:
            return _away(self.settings.folder, error)
        waiting = len(unsettled)
        if whole == self._done or self._has_to_wait(unsettled):
            return Round(waiting=waiting)
        if not whole:
            # An empty folder may be the place of a drive that is gone: results are not emptied.
            words = f"{self.settings.folder}: nothing is there; waiting"
            return Round(waiting=waiting, trouble="" if waiting else words)
        return self._renew(whole, waiting)

    def _renew(self, whole: dict[Path, Stamp], waiting: int) -> Round:
        done = [0, 0]

        def progress(number: int, total: int, name: str) -> None:
            done[0] += bool(name)
            if self._progress is not None:
                self._progress(number, total, name)

        before = len(self._done.keys() - whole.keys()) if self._done is not None else 0
        settings = self.settings
        try:
            run = renew_folder(
                settings.folder,
                whole,
                settings.recipe,
                settings.out,
                settings.jobs,
                time_limit=settings.time_limit,
                changes=settings.changes,
                recursive=settings.recursive,
                use_layouts=settings.use_layouts,
                overlays=settings.overlays,
                use_study=settings.use_study,
                progress=progress,
            )
        except (RecipeError, SessionError):
            raise
        except NothingFound as error:
            return Round(waiting=waiting, trouble=f"{error}; waiting")
        except BlotquantError as error:
            if isinstance(error, StudyError):  # nothing helps but another study or sheet
                self._done = whole
            return Round(waiting=waiting, trouble=str(error), code=error.exit_code)
        self._done = whole
        return Round(run, done[0], before, waiting=waiting)

    def _has_to_wait(self, unsettled: set[Path]) -> bool:
        """Whether a study is being edited, or a picture that is in the tables written anew."""
        study = self.settings.use_study and any(path.name == STUDY_FILE for path in self._since)
        sheets = {path for path in unsettled if path.suffix.lower() in _SHEETS}
        known = set(self._done or ())
        pictures = {p for p in unsettled & known if p.suffix.lower() in supported_suffixes()}
        return bool(pictures) or (study and bool(sheets))

    def _whole(self) -> tuple[dict[Path, Stamp], set[Path]]:
        """Files that have settled, and those that have not.

        Raises
        ------
        OSError
            If the folder cannot be read just now.
        """
        now = self._clock()
        seen = dict(_stamps(self.settings))
        self._since = {
            path: self._since[path]
            if path in self._since and self._since[path][0] == stamp
            else (stamp, now)
            for path, stamp in seen.items()
        }
        whole = {
            path: stamp
            for path, (stamp, since) in self._since.items()
            if now - since >= self.settings.settle
        }
        return whole, seen.keys() - whole.keys()


def _away(folder: Path, error: OSError) -> Round:
    reason = error.strerror or str(error)
    words = f"{folder}: cannot be read ({reason}); waiting until it is there again"
    return Round(trouble=words, code=UnreadableImage.exit_code)


def _stamps(settings: WatchSettings) -> Iterator[tuple[Path, Stamp]]:
    """Size and time of all files that may be images or belong to one; none is opened."""
    root = os.path.abspath(settings.folder)  # noqa: PTH100  # keeps links as named
    out = os.path.realpath(settings.out)
    waiting, entered = [root], set()
    while waiting:
        here = waiting.pop()
        real = os.path.realpath(here)
        if real in entered:  # links may run in a circle
            continue
        entered.add(real)
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    ours = os.path.realpath(entry.path) == out
                    if settings.recursive and not ours and not is_results_folder(Path(entry.path)):
                        waiting.append(entry.path)
                    continue
                try:
                    known = entry.stat()
                except FileNotFoundError:  # gone since it was listed, or a dead link
                    continue
                yield Path(entry.path), (known.st_size, known.st_mtime_ns)

"""Long work in a thread: opening, finding anew, exporting; expected failures are values."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from napari.qt.threading import GeneratorWorker, thread_worker

from blotquant.batch import analyze_folder
from blotquant.batch.inputs import output_stem
from blotquant.errors import BlotquantError
from blotquant.model import Blot, Layout
from blotquant.recipe import Recipe
from blotquant.session import SIDECAR_SUFFIX, Session, as_stored, write_layout

from .autosave import Opened, open_picture
from .document import Document, found_in

__all__ = ["Failure", "WorkSlot", "exporting", "finding", "opening"]


@dataclass(frozen=True)
class Failure:
    """What went wrong, in one line."""

    message: str


def opening(
    path: Path, part: str | None, recipe: Recipe | None
) -> Generator[str, None, Document | Failure]:
    """Read a picture and its sidecar; find lanes where it has none. Yields what it is doing."""
    try:
        yield f"reading {path.name}"
        opened = open_picture(path, part, recipe)
        found = None
        if opened.session is None:
            yield f"finding lanes in {path.name}"
            opened, found = _found(opened, recipe)
        document = Document(path, opened, found, recipe)
        yield f"measuring {path.name}"
        for lane in document.shown.lanes:
            document.measurement(lane.id)
    except BlotquantError as error:
        return Failure(str(error))
    return document


def _found(opened: Opened, recipe: Recipe | None) -> tuple[Opened, Layout]:
    """Lanes that are found; where finding itself fails, a picture can still be drawn on."""
    try:
        return opened, found_in(opened.blot, recipe)
    except BlotquantError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        note = f"finding lanes failed ({reason}; please report it); draw them with A"
        return replace(opened, note=f"{opened.note} {note}".strip()), Layout()


def finding(blot: Blot, recipe: Recipe) -> Generator[str, None, Layout | Failure]:
    """Find lanes and bands anew."""
    yield "finding lanes and bands"
    try:
        return as_stored(found_in(blot, recipe))
    except BlotquantError as error:
        return Failure(str(error))


def exporting(path: Path, session: Session, out: Path) -> Generator[str, None, Path | Failure]:
    """Write what ``blotquant run`` writes, of this picture with these lanes."""
    yield f"writing results of {path.name}"
    try:
        with TemporaryDirectory(prefix="blotquant-") as folder:
            stem = output_stem(path.name, session.image.part) if session.image.part else path.stem
            write_layout(Path(folder) / f"{stem}{SIDECAR_SUFFIX}", session)
            analyze_folder([path], out=out, layouts=folder, jobs=1)
    except BlotquantError as error:
        return Failure(str(error))
    return out


class WorkSlot:
    """One task at a time, in a thread, with napari's progress.

    The answer to an older task is not waited for any more, and nothing it says is shown.
    """

    def __init__(self) -> None:
        self._worker: GeneratorWorker | None = None

    @property
    def busy(self) -> bool:
        """Whether a task is running."""
        return self._worker is not None

    def start(
        self,
        task: Generator[Any, None, Any],
        *,
        said: Callable[[Any], None],
        done: Callable[[Any], None],
    ) -> None:
        """Run a task of this module; what it yields is said, what it returns is done with."""
        self.stop()
        worker = thread_worker(_safely, progress={"total": 0}, start_thread=False)(task)

        def told(words: Any) -> None:
            if self._worker is worker:
                said(words)

        def finished(result: Any) -> None:
            if self._worker is worker:
                self._worker = None
                done(result)

        worker.yielded.connect(told)
        worker.returned.connect(finished)
        self._worker = worker
        worker.start()

    def stop(self) -> bool:
        """Cancel what is running; False where nothing is."""
        if self._worker is None:
            return False
        self._worker.quit()
        self._worker = None
        return True


def _safely(task: Generator[str, None, Any]) -> Generator[str, None, Any]:
    """The task; an error that nobody expected is a value too: it would end the program."""
    try:
        return (yield from task)
    except Exception as error:
        return Failure(f"internal error: {type(error).__name__}: {error}; please report it")

"""Where a run keeps what is done: parts, layouts, overlays, and the journal that vouches for them.

One thread of the run's own process writes, so nothing else can leave half a file, and workers need
not see the folder. Several jobs that finish together share one wait for the disk.
"""

from __future__ import annotations

import hashlib
import queue
import shutil
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from blotquant.batch.journal import Entry, Journal
from blotquant.batch.parts import Part, Product
from blotquant.errors import OutputError
from blotquant.files import is_folder, sync_folder, write_atomically

__all__ = ["FOLDER", "JOURNAL", "MERGING", "JobKey", "Store"]

FOLDER = ".blotquant"
MERGING = f"{FOLDER}/merging.parquet"  # bands as they were measured, while tables are made
JOURNAL = "journal.jsonl"
_AT_ONCE = 64  # jobs that share one wait for the disk
_WAITING = 8  # products held in memory when the disk is slower than the workers


@dataclass(frozen=True)
class JobKey:
    """What makes a job the one that the journal speaks of.

    Parameters
    ----------
    name : str
        Names of its files in the tables.
    settings : str
        Hash of all that its numbers depend on, but for its files.
    inputs : tuple of (str, Path)
        Files that it reads: name and path.
    stamped : tuple of (str, int, str), optional
        Name, size and tag of files that are not here.
    """

    name: str
    settings: str
    inputs: tuple[tuple[str, Path], ...]
    stamped: tuple[tuple[str, int, str], ...] = ()

    def stamps(self) -> list[list[Any]]:
        """Name, size and time of change of each file; sizes of -1 for files that are not there."""
        stamps: list[list[Any]] = [list(stamp) for stamp in self.stamped]
        for name, path in self.inputs:
            try:
                known = path.stat()
                stamps.append([name, known.st_size, known.st_mtime_ns])
            except OSError:
                stamps.append([name, -1, 0])
        return stamps

    @property
    def part(self) -> str:
        """Where its part lies, below the store's folder."""
        digest = hashlib.sha256(f"{self.name}\n{self.settings}".encode("utf-8", "replace"))
        name = digest.hexdigest()[:24]
        return f"parts/{name[:2]}/{name}.parquet"


class Store:
    """What is done of a run, on disk.

    Parameters
    ----------
    out : Path
        Folder of the outputs.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self._journal = Journal(out / FOLDER / JOURNAL)
        self._queue: queue.Queue[tuple[Entry, Product] | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._fault: BaseException | None = None

    # --- what is there

    def clear(self) -> None:
        """Forget all that was done: a run begins anew."""
        folder = self.out / FOLDER
        try:
            if is_folder(folder / "parts"):
                shutil.rmtree(folder / "parts")
            self._journal.path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be removed ({error.strerror})") from None

    def done(self, keys: Iterable[JobKey], *, again: bool = True) -> dict[str, Entry]:
        """Jobs, by name, that need not be done again.

        A job is done if it did not fail, was done with the same settings on the same files, and its
        part and files are as they were written. A file whose time changed but not its content is
        the same.

        Parameters
        ----------
        keys : iterable of JobKey
        again : bool
            Do again what failed, although nothing has changed since.
        """
        known = {entry.job: entry for entry in self._journal.entries()}
        if not known:
            return {}
        found = {}
        for key in keys:
            entry = known.get(key.name)
            if entry is not None and not (again and entry.failed) and self._holds(entry, key):
                found[key.name] = entry
        return found

    def part(self, entry: Entry) -> Part:
        """The part of a job that is done."""
        return Part(self.out / FOLDER / entry.part, self.out, entry.part_sha256)

    def _holds(self, entry: Entry, key: JobKey) -> bool:
        if entry.settings != key.settings or entry.part != key.part or not _same(entry, key):
            return False
        written = {f"{FOLDER}/{entry.part}": entry.part_sha256, **entry.files}
        return all(_digest(self.out / name) == digest for name, digest in written.items())

    def prune(self, entries: Iterable[Entry]) -> None:
        """Remove all parts but those of some jobs: of images that are gone, or were changed.

        Raises
        ------
        OutputError
            If one cannot be removed.
        """
        kept = {self.out / FOLDER / entry.part for entry in entries}
        try:
            for path in (self.out / FOLDER / "parts").glob("*/*"):
                if path not in kept:
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{error.filename}: cannot be removed ({error.strerror})") from None

    # --- what is added

    def __enter__(self) -> Store:
        self._thread = threading.Thread(target=self._write, name="blotquant-store", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Wait until all is on disk; a fault of the disk is raised if there is no other."""
        self._put(None)
        if self._thread is not None:
            self._thread.join()
        self._journal.close()
        if error[0] is None:
            self._raise()

    def add(self, key: JobKey, stamps: Sequence[Sequence[Any]], product: Product) -> Entry:
        """Take what a job came to; it is on disk when the store is left, or earlier.

        Raises
        ------
        OutputError
            If something that was taken earlier could not be written.
        """
        self._raise()
        entry = Entry(
            job=key.name,
            settings=key.settings,
            inputs=[list(stamp) for stamp in stamps],
            hashes=dict(product.hashes),
            outcomes=[dict(one) for one in product.outcomes],
            part=key.part,
            part_sha256=hashlib.sha256(product.part).hexdigest(),
            files={
                name: hashlib.sha256(data).hexdigest()
                for name, data in sorted(product.files.items())
            },
        )
        if entry.failed and key.stamps() != entry.inputs:
            # The file went or changed meanwhile (a network drive): it is worth another try.
            entry = replace(entry, inputs=[])
        self._put((entry, product))
        return entry

    def _put(self, item: tuple[Entry, Product] | None) -> None:
        """Into the queue, as long as somebody takes out of it."""
        while self._thread is not None and self._thread.is_alive():
            with suppress(queue.Full):
                self._queue.put(item, timeout=0.2)
                return

    def _raise(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _write(self) -> None:
        try:
            while True:
                batch, last = self._next()
                self._commit(batch)
                if last:
                    return
        except BaseException as error:
            self._fault = error

    def _next(self) -> tuple[list[tuple[Entry, Product]], bool]:
        """All that waits now, one at least."""
        item = self._queue.get()
        batch = []
        while item is not None:
            batch.append(item)
            if len(batch) == _AT_ONCE:
                return batch, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _commit(self, batch: Sequence[tuple[Entry, Product]]) -> None:
        written = []
        for entry, product in batch:
            for name, data in product.files.items():
                written.append(write_atomically(self.out / name, data))
            written.append(write_atomically(self.out / FOLDER / entry.part, product.part))
        for folder in {path.parent for path in written}:
            sync_folder(folder)
        if batch:
            self._journal.add([entry for entry, _ in batch])


def _same(entry: Entry, key: JobKey) -> bool:
    """Whether the files are those that were measured."""
    stamps = key.stamps()
    if len(stamps) != len(entry.inputs):
        return False
    paths = dict(key.inputs)
    for before, now in zip(entry.inputs, stamps, strict=True):
        if list(before) == now:
            continue
        name = str(now[0])
        if before[0] != name or name not in paths:
            return False
        if entry.hashes.get(Path(name).name) != _digest(paths[name]):
            return False
    return True


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""

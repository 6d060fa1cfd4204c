"""Results that go to a URL: written here as ever, and copied there while the run goes on.

What the journal vouches for is copied every few seconds, then the new lines of the journal, so a
run that is killed can be taken up by any machine. Tables come at the end, and last of all the
provenance.json that says that they are complete.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
import shutil
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from blotquant.batch.inputs import MARKER
from blotquant.batch.place import read_provenance
from blotquant.batch.remote_fs import (
    NotThere,
    RemoteFile,
    fetch_all,
    listed,
    path_of,
    put_all,
    read,
    remove_all,
    shown_url,
)
from blotquant.batch.store import FOLDER, JOURNAL
from blotquant.errors import BlotquantError, OutputError
from blotquant.files import is_folder, is_plain_file, is_there, write_atomically

__all__ = ["Upload", "cache_folder"]

_EVERY = 3.0  # s
_WRITER = f"{FOLDER}/writer"
_SEGMENT = f"{FOLDER}/journal-{{:06d}}.jsonl"
_TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}")

Stamp = list[int]  # size, time of change (ns)


def cache_folder() -> Path:
    """Where runs to URLs keep what is not yet there: ``BLOTQUANT_CACHE``, or the user's cache."""
    given = os.environ.get("BLOTQUANT_CACHE")
    if given:
        return Path(given).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "blotquant"


class Upload:
    """The folder of a run's outputs, here and behind a URL.

    Parameters
    ----------
    url : str
    resume : bool
        Fetch what an earlier run left there, unless it was this machine's.

    Raises
    ------
    OutputError
        If nothing can be written or listed there.
    """

    def __init__(self, url: str, *, resume: bool) -> None:
        if url.startswith(("http://", "https://")):
            raise OutputError(f"{shown_url(url)}: nothing can be written to a web server")
        self.url = url
        self.shown = shown_url(url).rstrip("/")
        digest = hashlib.sha256(self.shown.encode("utf-8", "replace")).hexdigest()[:16]
        self._work = cache_folder() / "runs" / digest
        self.out = self._work / "out"
        self._sent: dict[str, Stamp] = {}
        self._fault: BlotquantError | None = None
        self._stop = threading.Event()
        self._offset = self._segments = 0
        self._fetch(resume=resume)

    # --- before

    def _fetch(self, *, resume: bool) -> None:
        there = self._listing()
        writer = there.get(_WRITER)
        mine = resume and writer is not None and self._is_mine(read(writer))
        if not mine and is_folder(self._work):
            shutil.rmtree(self._work)
        self.out.mkdir(parents=True, exist_ok=True)
        if mine:
            self._sent = self._recorded()
        else:
            self._take(there, resume=resume)
        own = set(read_provenance(self.out).get("files", {})) | set(self._sent)
        ours = {name for name in there if name.startswith((f"{FOLDER}/", "previous/"))}
        self._strange = set(there) - own - ours
        self._left = {name for name in there if name.startswith(f"{FOLDER}/")}

    def _listing(self) -> dict[str, RemoteFile]:
        """Files that are there, by name."""
        root = path_of(self.url)
        try:
            files = listed(self.url, recursive=True, kind=OutputError)
        except NotThere:
            return {}
        names = {file.path.removeprefix(root).lstrip("/"): file for file in files}
        return {name: file for name, file in names.items() if ".." not in name.split("/")}

    def _take(self, there: Mapping[str, RemoteFile], *, resume: bool) -> None:
        """Fetch an earlier run's files: to go on with, or to put them away."""
        if MARKER in there:
            fetch_all({self.out / MARKER: there[MARKER]})
        own = read_provenance(self.out).get("files", {})
        wanted = {name for name in own if name in there}
        if resume:
            wanted |= {name for name in there if name.startswith(f"{FOLDER}/")}
        fetch_all({self.out / name: there[name] for name in wanted})
        self._sent = {name: _stamp(self.out / name) for name in wanted}
        for name in there:  # so that a new shelf gets a name of its own
            if name.startswith("previous/"):
                self.out.joinpath(*PurePosixPath(name).parts[:2]).mkdir(parents=True, exist_ok=True)
        self._join_journal()

    def _join_journal(self) -> None:
        folder = self.out / FOLDER
        segments = sorted(folder.glob("journal-*.jsonl"))
        if segments:
            whole = folder / JOURNAL
            lines = [path.read_bytes() for path in (whole, *segments) if is_there(path)]
            write_atomically(whole, b"".join(lines))
        for path in segments:
            path.unlink()

    def _is_mine(self, writer: bytes) -> bool:
        try:
            return (self.out / _WRITER).read_bytes() == writer
        except OSError:
            return False

    def _recorded(self) -> dict[str, Stamp]:
        sent: dict[str, Stamp] = {}
        with suppress(FileNotFoundError), (self._work / "sent.jsonl").open("rb") as file:
            for line in file:
                with suppress(ValueError):
                    sent |= json.loads(line)
        return sent

    def refuse(self, planned: Iterable[str]) -> None:
        """Raise OutputError if a file is in the way that blotquant did not write."""
        strange = sorted(self._strange.intersection(planned))
        if strange:
            raise OutputError(
                f"{self.shown}/{strange[0]}: is there and was not written by blotquant; "
                "choose another folder with -o"
            )

    # --- while

    @contextmanager
    def running(self) -> Iterator[None]:
        """Copy what is done, until all is; what was done when an error came is copied too."""
        write_atomically(self.out / _WRITER, uuid.uuid4().hex.encode("ascii"))
        self._put([MARKER])  # first the word that it is not complete
        self._put([_WRITER])
        self._put_changed()
        self._offset = _size(self.out / FOLDER / JOURNAL)
        thread = threading.Thread(target=self._work_on, name="blotquant-upload", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()
        self.check()

    def check(self) -> None:
        """Raise OutputError if something could not be written."""
        if self._fault is not None:
            raise OutputError(f"{self._fault}; run again with --resume")

    def finish(self) -> None:
        """Copy what is left, and say at last that it is complete."""
        self._put_changed(but=MARKER)
        self._put([MARKER])
        atexit.register(shutil.rmtree, self._work, ignore_errors=True)

    def _work_on(self) -> None:
        try:
            while not self._stop.wait(_EVERY):
                self._put_done()
            self._put_done()
        except BlotquantError as error:
            self._fault = error
        except OSError as error:
            self._fault = OutputError(f"{self._work}: {error.strerror}")

    def _put_done(self) -> None:
        """Copy what the journal's new lines speak of, then the lines."""
        journal = self.out / FOLDER / JOURNAL
        with suppress(FileNotFoundError), journal.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
            new = new[: new.rfind(b"\n") + 1]
            if not new:
                return
            entries = [json.loads(line) for line in new.splitlines()]
            names = [name for one in entries for name in (*one["files"], f"{FOLDER}/{one['part']}")]
            self._put(dict.fromkeys([MARKER, *names]))
            self._segments += 1
            name = _SEGMENT.format(self._segments)
            put_all(self.url, {name: write_atomically(self._work / "segment", new)})
            self._left.add(name)
            self._offset += len(new)

    def _put_changed(self, but: str = "") -> None:
        """Make there what is here: copy what is new or changed, remove what is gone."""
        here = {
            path.relative_to(self.out).as_posix()
            for path in self.out.rglob("*")
            if is_plain_file(path) and not _TEMPORARY.fullmatch(path.name)
        }
        self._put(sorted(here - {but}))
        gone = sorted((set(self._sent) | self._left) - here)
        remove_all(self.url, gone)
        self._left -= set(gone)
        self._note(dict.fromkeys(gone))

    def _put(self, names: Iterable[str]) -> None:
        stamps = {name: _stamp(self.out / name) for name in names}
        new = {name: stamp for name, stamp in stamps.items() if self._sent.get(name) != stamp}
        put_all(self.url, {name: self.out / name for name in new})
        self._note(new)

    def _note(self, stamps: Mapping[str, Stamp | None]) -> None:
        """Remember what is there, also for a run that goes on."""
        for name, stamp in stamps.items():
            if stamp is None:
                self._sent.pop(name, None)
            else:
                self._sent[name] = stamp
        if stamps:
            with (self._work / "sent.jsonl").open("ab") as file:
                file.write((json.dumps(stamps) + "\n").encode("ascii"))


def _stamp(path: Path) -> Stamp:
    known = path.stat()
    return [known.st_size, known.st_mtime_ns]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0

"""The folder of a run's outputs: what in it is blotquant's own, and what must not be touched."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from blotquant import __version__
from blotquant.batch.inputs import LARGEST_MARKER, MARKER
from blotquant.batch.store import MERGING
from blotquant.errors import OutputError
from blotquant.files import is_folder, is_plain_file, is_there, read_bytes, write_atomically

__all__ = ["FIXED_FILES", "PARQUET", "OutputFolder", "read_provenance"]

_KEPT = ("layouts/", "overlays/")  # a run that goes on needs them
_TEMPORARY = re.compile("[a-z0-9_]{8}")  # what mkstemp puts behind a name

PARQUET = "parquet"  # the long tables once more, for programs
FIXED_FILES = (
    "bands.csv",
    "lanes.csv",
    "normalized.csv",
    "failures.csv",
    "skipped.csv",
    "fitness.csv",
    "integrity.csv",
    "results.xlsx",
    "report.html",
    f"{PARQUET}/bands.parquet",
    f"{PARQUET}/lanes.parquet",
    MARKER,
)


def read_provenance(folder: Path) -> dict[str, Any]:
    """The provenance of a run's folder; empty where there is none or it is not ours."""
    try:
        content = json.loads(read_bytes(folder / MARKER, LARGEST_MARKER))
    except (OSError, ValueError, RecursionError):
        return {}
    if isinstance(content, dict) and isinstance(content.get("files"), dict):
        return content if "blotquant" in content else {}
    return {}


@dataclass
class OutputFolder:
    """Where a run writes.

    provenance.json lists what blotquant wrote, with hashes. It is written first with
    ``complete: false``, so that an interrupted run's files are known as ours, and again last.

    Parameters
    ----------
    path : Path
    """

    path: Path
    _marker: dict[str, Any] = field(default_factory=dict)

    def claim(self, planned: Iterable[str], *, overwrite: bool = False) -> None:
        """Make room for a run's files: older results go to ``previous/``, all else stays.

        Parameters
        ----------
        planned : iterable of str
            Relative POSIX paths that the run is going to write.
        overwrite : bool
            Remove older results instead of keeping them; those that were changed after blotquant
            wrote them are kept all the same.

        Raises
        ------
        OutputError
            If a planned file is there that blotquant did not write, or the folder cannot be
            written. Then nothing has been changed.
        """
        older, own = self._found(planned)
        try:
            self._sweep(own)
            self._put_away(own, older, overwrite)
        except OSError as error:
            raise OutputError(
                f"{error.filename or self.path}: older results cannot be moved ({error.strerror})"
            ) from None
        self._marker = _unfinished({})
        self.announce(planned)

    def reopen(self, planned: Iterable[str], vouched: Collection[str]) -> None:
        """Go on in a folder that a run was writing, or wrote.

        Layouts and overlays that the journal vouches for stay, others are removed; those that were
        changed after blotquant wrote them go to ``previous/``. Tables stay until `renew`: while
        images are measured the older ones can be read, and provenance.json goes on to be theirs.

        Parameters
        ----------
        planned : iterable of str
            As for `claim`.
        vouched : collection of str
            Layouts and overlays, as relative POSIX paths, of images that are not measured again.

        Raises
        ------
        OutputError
            As `claim`, or if a table was changed by hand.
        """
        planned = set(planned)
        older, own = self._found(planned - set(vouched))
        self._refuse_changed(own)
        gone = [n for n in own if n.startswith(_KEPT) and n not in vouched and self._is_there(n)]
        changed = [name for name in gone if self._was_changed(name, own[name])]
        files = {**own, **dict.fromkeys(gone, "")}
        self._marker = {**older, "files": files} if older.get("complete") else _unfinished(files)
        self.announce([*planned, *vouched])
        try:
            self._sweep(own)
            if changed:
                self._shelve(changed, older)
            for name in set(gone) - set(changed):
                (self.path / name).unlink(missing_ok=True)
                self._remove_empty(PurePosixPath(name).parent)
        except OSError as error:
            raise _in_the_way(error, self.path) from None

    def announce(self, names: Iterable[str]) -> None:
        """Say which files are being written, in case the run does not come to its end."""
        files = self._marker["files"]
        self._marker["files"] = {**dict.fromkeys(sorted({*names, *FIXED_FILES}), ""), **files}
        self.write_marker(self._marker)

    def renew(self) -> None:
        """Remove older tables, as new ones are going to be written now.

        Raises
        ------
        OutputError
            If one was changed by hand, or is open in a program that holds on to it.
        """
        files: dict[str, str] = self._marker["files"]
        self._refuse_changed(files)
        # First the word that the run is not complete, then the tables that no longer hold.
        self._marker = _unfinished(files)
        self.write_marker(self._marker)
        try:
            for name in _tables(files):
                (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise _in_the_way(error, self.path) from None

    def finish(self, provenance: dict[str, Any], written: Iterable[Path]) -> dict[str, Any]:
        """Write provenance.json with the hashes of all files: the run is complete."""
        files = {path.relative_to(self.path).as_posix(): _digest(path) for path in written}
        whole = {
            **provenance,
            "complete": True,
            "files": {**dict(sorted(files.items())), MARKER: ""},
        }
        self.write_marker(whole)
        return whole

    def write_marker(self, content: dict[str, Any]) -> None:
        """Write provenance.json, whole or not at all."""
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        write_atomically(self.path / MARKER, (text + "\n").encode("utf-8"))

    def _is_there(self, name: str) -> bool:
        return os.path.lexists(self.path / name)

    def _put_away(self, own: dict[str, str], older: dict[str, Any], overwrite: bool) -> None:
        """Move or remove own files; the marker is copied, so that it is never missing."""
        names = [name for name in own if name != MARKER and self._is_there(name)]
        if not names:
            return
        keep = [name for name in names if not overwrite or self._was_changed(name, own[name])]
        if keep:
            self._shelve(keep, older)
        for name in names:
            (self.path / name).unlink(missing_ok=True)
            self._remove_empty(PurePosixPath(name).parent)

    def _found(self, planned: Iterable[str]) -> tuple[dict[str, Any], dict[str, str]]:
        """The provenance that lies here, and the files that are blotquant's own.

        Raises
        ------
        OutputError
            If a file is in the way of what is planned.
        """
        if is_there(self.path) and not is_folder(self.path):
            raise OutputError(f"{self.path}: is not a folder; choose another one with -o")
        older = read_provenance(self.path)
        own = {name: digest for name, digest in older.get("files", {}).items() if _is_below(name)}
        wanted = {*planned, *FIXED_FILES}
        strange = [name for name in sorted(wanted) if name not in own and self._is_there(name)]
        if strange:
            raise OutputError(
                f"{self.path / strange[0]}: is there and was not written by blotquant; "
                "choose another folder with -o"
            )
        return older, own

    def _refuse_changed(self, own: dict[str, str]) -> None:
        changed = [
            name
            for name in _tables(own)
            if self._is_there(name) and self._was_changed(name, own[name])
        ]
        if changed:
            raise OutputError(
                f"{self.path / changed[0]}: was changed since blotquant wrote it; move it away, "
                "or run without --resume"
            )

    def _shelve(self, names: Iterable[str], older: dict[str, Any]) -> None:
        """Move files to a new folder in previous/, with a copy of the provenance."""
        shelf = self._shelf(older)
        for name in names:
            target = shelf / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).replace(target)
        shutil.copyfile(self.path / MARKER, shelf / MARKER)

    def _sweep(self, own: Iterable[str]) -> None:
        """Remove what was being written when its writer was killed; see `open_atomically`."""
        ours = map(PurePosixPath, {*own, *FIXED_FILES, MERGING})
        begun = {(str(name.parent), f".{name.name[:40]}.") for name in ours}
        for parent in {parent for parent, _ in begun}:
            with (
                suppress(FileNotFoundError, NotADirectoryError),
                os.scandir(self.path / parent) as entries,
            ):
                for entry in entries:
                    mine = (parent, entry.name[:-8]) in begun
                    if mine and _TEMPORARY.fullmatch(entry.name[-8:]) and entry.is_file():
                        Path(entry.path).unlink(missing_ok=True)

    def _was_changed(self, name: str, digest: str) -> bool:
        return bool(digest) and _digest(self.path / name) != digest

    def _shelf(self, older: dict[str, Any]) -> Path:
        """A new folder in previous/, called by the time of the older run."""
        stamp = str(older.get("finished") or older.get("started") or "")
        try:
            label = datetime.fromisoformat(stamp).strftime("%Y-%m-%d_%H%M%S")
        except ValueError:
            label = "incomplete"
        number = 1
        while True:
            shelf = self.path / "previous" / (label if number == 1 else f"{label}-{number}")
            if not os.path.lexists(shelf):
                shelf.mkdir(parents=True)
                return shelf
            number += 1

    def _remove_empty(self, folder: PurePosixPath) -> None:
        for parent in (folder, *folder.parents):
            if parent.name:
                with suppress(OSError):  # not empty: something there is not ours
                    (self.path / parent).rmdir()


def _unfinished(files: dict[str, str]) -> dict[str, Any]:
    return {"blotquant": __version__, "complete": False, "files": dict.fromkeys(files, "")}


def _tables(own: Iterable[str]) -> list[str]:
    """All but what belongs to single images."""
    return [name for name in own if name != MARKER and not name.startswith(_KEPT)]


def _in_the_way(error: OSError, folder: Path) -> OutputError:
    return OutputError(f"{error.filename or folder}: cannot be replaced ({error.strerror})")


def _is_below(name: str) -> bool:
    """Whether a listed file lies in the folder: an altered list must not reach out of it."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and bool(path.name) and ":" not in name


def _digest(path: Path) -> str:
    if not is_plain_file(path) or path.is_symlink():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

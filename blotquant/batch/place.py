"""The folder of a run's outputs: what in it is blotquant's own, and what must not be touched."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from blotquant import __version__
from blotquant.batch.inputs import LARGEST_MARKER, MARKER
from blotquant.errors import OutputError
from blotquant.files import is_folder, is_plain_file, is_there, read_bytes, write_atomically

_KEPT = ("layouts/", "overlays/")  # a run that goes on needs them

__all__ = ["FIXED_FILES", "PARQUET", "OutputFolder", "read_provenance"]

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
        planned = {*planned, *FIXED_FILES}
        if is_there(self.path) and not is_folder(self.path):
            raise OutputError(f"{self.path}: is not a folder; choose another one with -o")
        older = read_provenance(self.path)
        own = {name: digest for name, digest in older.get("files", {}).items() if _is_below(name)}
        strange = [name for name in sorted(planned) if name not in own and self._is_there(name)]
        if strange:
            raise OutputError(
                f"{self.path / strange[0]}: is there and was not written by blotquant; "
                "choose another folder with -o"
            )
        try:
            self._put_away(own, older, overwrite)
        except OSError as error:
            raise OutputError(
                f"{error.filename or self.path}: older results cannot be moved ({error.strerror})"
            ) from None
        self.mark(planned)

    def reopen(self, planned: Iterable[str]) -> None:
        """Go on in a folder that a run was writing, or wrote: its tables give way to new ones.

        Layouts and overlays of images that need not be measured again stay.

        Parameters
        ----------
        planned : iterable of str
            As for `claim`.

        Raises
        ------
        OutputError
            As `claim`; nothing is moved to ``previous/``, so a table that was changed by hand is
            refused too.
        """
        planned = {*planned, *FIXED_FILES}
        if is_there(self.path) and not is_folder(self.path):
            raise OutputError(f"{self.path}: is not a folder; choose another one with -o")
        older = read_provenance(self.path)
        own = {name: digest for name, digest in older.get("files", {}).items() if _is_below(name)}
        strange = [name for name in sorted(planned) if name not in own and self._is_there(name)]
        if strange:
            raise OutputError(
                f"{self.path / strange[0]}: is there and was not written by blotquant; "
                "choose another folder with -o"
            )
        tables = [name for name in own if name != MARKER and not name.startswith(_KEPT)]
        changed = [
            name for name in tables if self._is_there(name) and self._was_changed(name, own[name])
        ]
        if changed:
            raise OutputError(
                f"{self.path / changed[0]}: was changed since blotquant wrote it; move it away, "
                "or run without --resume"
            )
        # First the word that the run is not complete, then the tables that no longer hold.
        self.mark({*planned, *own})
        for name in tables:
            (self.path / name).unlink(missing_ok=True)
        for leftover in self.path.rglob(".*.*"):
            if _is_temporary(leftover):
                leftover.unlink(missing_ok=True)

    def mark(self, planned: Iterable[str]) -> None:
        """Say which files are being written, in case the run does not come to its end."""
        marker = {
            "blotquant": __version__,
            "complete": False,
            "files": dict.fromkeys(sorted({*planned, *FIXED_FILES}), ""),
        }
        self.write_marker(marker)

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
            shelf = self._shelf(older)
            for name in keep:
                target = shelf / name
                target.parent.mkdir(parents=True, exist_ok=True)
                (self.path / name).replace(target)
            shutil.copyfile(self.path / MARKER, shelf / MARKER)
        for name in names:
            (self.path / name).unlink(missing_ok=True)
            self._remove_empty(PurePosixPath(name).parent)

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


def _is_temporary(path: Path) -> bool:
    """Whether a file was being written when its writer was killed; see `open_atomically`."""
    return bool(re.fullmatch(r"\..+\.[a-z0-9_]{8}", path.name)) and is_plain_file(path)


def _is_below(name: str) -> bool:
    """Whether a listed file lies in the folder: an altered list must not reach out of it."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and bool(path.name) and ":" not in name


def _digest(path: Path) -> str:
    if not is_plain_file(path) or path.is_symlink():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

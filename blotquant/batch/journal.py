"""The journal of a run: one line for each job that is done, added to and never changed.

A line is written and synced when all that it speaks of is on disk. What has no line was not done;
half a line, as a power cut leaves it, is none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from blotquant.errors import OutputError
from blotquant.files import sync_folder

__all__ = ["JOURNAL_VERSION", "Entry", "Journal"]

JOURNAL_VERSION = 1


@dataclass(frozen=True)
class Entry:
    """One job that is done.

    Parameters
    ----------
    job : str
        Names of its files in the tables.
    settings : str
        Hash of everything but the files that its numbers depend on.
    inputs : list of (str, int, int)
        Name, size and time of change (ns) of each file that was read, before it was.
    hashes : mapping of str to str
        SHA-256 of images, by file name.
    outcomes : sequence of mapping
        Image, status and error of each picture.
    part : str
        Relative POSIX path of its part.
    part_sha256 : str
    files : mapping of str to str
        SHA-256 of its layouts and overlays, by relative POSIX path.
    """

    job: str
    settings: str
    inputs: Sequence[Sequence[Any]] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    outcomes: Sequence[Mapping[str, str]] = ()
    part: str = ""
    part_sha256: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether any of its pictures failed: worth another try."""
        return any(one["status"] == "failed" for one in self.outcomes)

    @classmethod
    def read(cls, line: bytes) -> Entry | None:
        """The entry of a line; None where it is not whole, or is none of ours."""
        try:
            tree = json.loads(line)
        except (ValueError, RecursionError):
            return None
        wanted = {
            "job": str,
            "settings": str,
            "inputs": list,
            "hashes": dict,
            "outcomes": list,
            "part": str,
            "part_sha256": str,
            "files": dict,
        }
        if not isinstance(tree, dict) or tree.pop("journal", None) != JOURNAL_VERSION:
            return None
        if tree.keys() != wanted.keys():
            return None
        if not all(isinstance(tree[name], kind) for name, kind in wanted.items()):
            return None
        if not all(isinstance(one, dict) and "status" in one for one in tree["outcomes"]):
            return None
        return cls(**tree)


class Journal:
    """A journal that is added to.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def entries(self) -> Iterator[Entry]:
        """What is done, in the order in which it was; lines that cannot be read are left out."""
        with suppress(FileNotFoundError), self.path.open("rb") as file:
            for line in file:
                entry = Entry.read(line) if line.endswith(b"\n") else None
                if entry is not None:
                    yield entry

    def add(self, entries: Sequence[Entry]) -> None:
        """Write lines, and wait until they are on disk.

        Raises
        ------
        OutputError
            If the disk is full or not there.
        """
        text = "".join(
            json.dumps({"journal": JOURNAL_VERSION, **vars(entry)}) + "\n" for entry in entries
        )
        try:
            number = self._opened().fileno()
            left = text.encode("ascii")
            while left:  # a disk that fills up takes a piece
                left = left[os.write(number, left) :]
            os.fsync(number)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror})") from None

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _opened(self) -> IO[bytes]:
        """The file, at its end; what is left of a line that was cut short is cut off."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = file = self.path.open("ab+", buffering=0)
            sync_folder(self.path.parent)
            size = file.seek(0, os.SEEK_END)
            while size:
                start = max(0, size - 65536)
                file.seek(start)
                end = file.read(size - start).rfind(b"\n")
                if end >= 0 or not start:
                    file.truncate(start + end + 1)
                    break
                size = start
            file.seek(0, os.SEEK_END)
        return self._file

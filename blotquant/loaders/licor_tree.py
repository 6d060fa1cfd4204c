"""Where the files of a LI-COR scan lie: in folders beside the index, or in a zip archive."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from ..errors import UnreadableImage
from ..files import is_plain_file
from .raw import Limits
from .refusal import check_is_file

_LARGEST_TEXT = 2**20  # bytes; an index has a few hundred
_MOST_ENTRIES = 10_000

__all__ = ["ArchiveTree", "FolderTree", "Tree", "is_tiff_name", "names_in_archive"]


class Tree(Protocol):
    """Files by their names below the index's folder."""

    def text(self, name: str) -> str | None:
        """Content of a text file; None where there is no such file."""
        ...

    def names(self) -> tuple[str, ...]:
        """What may be asked for; empty where the index has to say it."""
        ...

    def image(self, name: str) -> tuple[BinaryIO, int]:
        """A binary file, open, and its size."""
        ...

    def packed_size(self, name: str) -> int:
        """Bytes that it takes on the disk."""
        ...


class FolderTree:
    """Files on the disk. Names that lead out of the folder are refused.

    Parameters
    ----------
    index : Path
        The .l2d.
    """

    def __init__(self, index: Path) -> None:
        self._index = index

    def path(self, name: str) -> Path:
        """Path of a file by its name, which comes from the index and is not to be trusted."""
        if name == self._index.name:
            return self._index
        _check_name(name, self._index)
        return self._index.parent / name

    def text(self, name: str) -> str | None:
        """Content of a text file."""
        path = self.path(name)
        if not is_plain_file(path):
            return None
        with path.open("rb") as stream:
            return _decoded(stream.read(_LARGEST_TEXT))

    def names(self) -> tuple[str, ...]:
        """Nothing: other files of the folder are not the scan's."""
        return ()

    def image(self, name: str) -> tuple[BinaryIO, int]:
        """A file of the scan."""
        path = self.path(name)
        check_is_file(path)
        return path.open("rb"), path.stat().st_size

    def packed_size(self, name: str) -> int:
        """Size of the file."""
        return self.path(name).stat().st_size


class ArchiveTree:
    """Files in a zip archive, read into memory and never unpacked onto the disk.

    Parameters
    ----------
    path : Path
    archive : ZipFile
    limits : Limits
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile, limits: Limits) -> None:
        entries = archive.infolist()
        if len(entries) > _MOST_ENTRIES:
            raise UnreadableImage(
                f"{path.name}: holds {len(entries)} files; pack the LI-COR scan on its own"
            )
        for entry in entries:
            _check_name(entry.filename, path)
        self._path, self._archive = path, archive
        self._entries = {entry.filename: entry for entry in entries if not entry.is_dir()}
        images = [one for name, one in self._entries.items() if is_tiff_name(name)]
        limits.check_unpacked(path, sum(one.file_size for one in images), path.stat().st_size)

    def text(self, name: str) -> str | None:
        """Content of a text file."""
        if name not in self._entries:
            return None
        return _decoded(self._read(name, _LARGEST_TEXT))

    def names(self) -> tuple[str, ...]:
        """All files of the archive."""
        return tuple(self._entries)

    def packed_size(self, name: str) -> int:
        """Size of the entry in the archive."""
        return self._entries[name].compress_size

    def image(self, name: str) -> tuple[BinaryIO, int]:
        """A file of the scan, in memory."""
        if name not in self._entries:
            raise UnreadableImage(
                f"{self._path.name}: its index names {name[:80]}, which is not in it; export again"
            )
        data = self._read(name, self._entries[name].file_size)
        return io.BytesIO(data), len(data)

    def _read(self, name: str, most: int) -> bytes:
        """Content of an entry, no more than is allowed, whatever it unpacks to."""
        entry = self._entries[name]
        if entry.flag_bits & 1:
            raise UnreadableImage(
                f"{self._path.name}: is protected by a password; unpack it and give the .l2d file"
            )
        with self._archive.open(entry) as stream:
            return stream.read(most)


def is_tiff_name(name: str) -> bool:
    """Whether a file in an archive is called as TIFF is."""
    return PurePosixPath(name).suffix.lower() in (".tif", ".tiff")


def names_in_archive(path: Path, head: bytes) -> tuple[str, ...]:
    """Names in a zip archive; where its end is cut off, the name of the first file."""
    try:
        if is_plain_file(path):
            with zipfile.ZipFile(path) as archive:
                return tuple(archive.namelist()[:_MOST_ENTRIES])
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, LookupError):
        pass
    length = int.from_bytes(head[26:28], "little")
    return (head[30 : 30 + length].decode("utf-8", "replace"),)


def _check_name(name: str, container: Path) -> None:
    """Refuse a name that leads out of its folder."""
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\0" in name:
        raise UnreadableImage(
            f"{container.name}: names files outside of itself ({name[:80]!r}); it is "
            "damaged or was tampered with, export it again"
        )


def _decoded(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace")

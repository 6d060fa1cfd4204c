"""Writing files whole or not at all: a temporary file beside the target, then a rename."""

from __future__ import annotations

import errno
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from .errors import OutputError

# Settings and layouts are some kilobytes; a sidecar of a thousand edits is a few megabytes.
_LARGEST_TEXT = 32 * 2**20
_LONGEST_QUOTE = 120  # letters
# A dotted key of thirty parts or more: ours have two, and reading takes time as its cube.
_DEEP_KEY = re.compile(r"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){30}""")

__all__ = [
    "is_folder",
    "is_plain_file",
    "is_there",
    "open_atomically",
    "read_bytes",
    "read_toml",
    "shown",
    "sync_folder",
    "write_atomically",
]


# pathlib's own raise OSError over a name that is longer than any file's can be (255 bytes).
def is_plain_file(path: Path) -> bool:
    """Whether there is such a file; no error for a name that no file can have."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path) -> bool:
    """Whether there is such a folder; no error for a name that none can have."""
    return os.path.isdir(path)  # noqa: PTH112


def is_there(path: Path) -> bool:
    """Whether there is anything of this name; no error for a name that nothing can have."""
    return os.path.exists(path)  # noqa: PTH110


def read_bytes(path: Path, most: int = _LARGEST_TEXT) -> bytes:
    """Content of a file of settings, a layout or a sheet; `most` bytes of it are reasonable.

    Raises
    ------
    OSError
        If it cannot be read, is no plain file (a pipe would wait forever), or is far larger than
        any such file.
    """
    if not is_plain_file(path):
        there = os.path.lexists(path)
        words = "it is no plain file" if there else "there is no such file"
        raise OSError(errno.EINVAL if there else errno.ENOENT, words, str(path))
    if path.stat().st_size > most:
        raise OSError(errno.EFBIG, f"it is larger than {most // 2**20} MiB", str(path))
    return path.read_bytes()


def shown(value: Any) -> str:
    """A value of a file as a message quotes it: no longer than a line."""
    text = repr(value)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."


def read_toml(path: Path) -> dict[str, Any]:
    """Tables of a TOML file.

    Raises
    ------
    OSError
        As `read_bytes`.
    ValueError
        If it is not TOML, or nested more deeply than anything that we write.
    """
    text = read_bytes(path).decode("utf-8-sig")
    if _DEEP_KEY.search(text):
        raise ValueError("a key of thirty parts or more")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("brackets inside brackets without end") from None


def write_atomically(path: str | Path, data: bytes) -> Path:
    """Write bytes to a file so that a reader sees the old file or the new one, never half of one.

    Parameters
    ----------
    path : str or Path
        Target; its folder is made if need be.
    data : bytes

    Returns
    -------
    Path
        The target.

    Raises
    ------
    OutputError
        If the folder or file cannot be written.
    """
    with open_atomically(path) as file:
        file.write(data)
    return Path(path)


@contextmanager
def open_atomically(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a file to be written in pieces; it takes its name when all of it is there.

    Parameters
    ----------
    path : str or Path
        Target; its folder is made if need be.

    Raises
    ------
    OutputError
        If the folder or file cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None
    finally:
        with suppress(OSError):
            Path(temporary).unlink()


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk, where the system can do that."""
    with suppress(OSError):  # Windows opens no folders, and some network drives sync none
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _umask() -> int:
    """The process's umask, which mkstemp's private mode would otherwise override."""
    mask = os.umask(0)
    os.umask(mask)
    return mask

"""Writing files whole or not at all: a temporary file beside the target, then a rename."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from .errors import OutputError

__all__ = ["open_atomically", "write_atomically"]


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


def _umask() -> int:
    """The process's umask, which mkstemp's private mode would otherwise override."""
    mask = os.umask(0)
    os.umask(mask)
    return mask

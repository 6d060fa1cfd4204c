"""One run at a time in one folder of outputs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from blotquant.errors import OutputError
from blotquant.files import is_there

__all__ = ["locked"]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs on this machine out of a folder for as long as this one lasts.

    The folder itself is locked: nothing is left in it, and the lock of a run that was killed goes
    with its process. Where the system has no such locks (Windows, some network drives) nothing is
    kept out.

    Parameters
    ----------
    folder : Path
        Made where it is not there; removed again if nothing was written to it.

    Raises
    ------
    OutputError
        If another run holds it, or it cannot be made.
    """
    made = not is_there(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OutputError(f"{folder}: is not a folder; choose another one with -o") from None
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror})") from None
    number = _lock(folder)
    try:
        yield
    finally:
        if number is not None:
            os.close(number)
        if made:
            with suppress(OSError):  # something was written
                folder.rmdir()


def _lock(folder: Path) -> int | None:
    """The open folder that is locked, as the system numbers it; None where there are no locks."""
    if sys.platform == "win32":
        return None
    import fcntl  # not there on Windows

    try:
        number = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        raise OutputError(
            f"{folder}: another run is writing there; wait for its end, or choose another folder "
            "with -o"
        ) from None
    except OSError:  # this drive has no locks
        os.close(number)
        return None
    return number

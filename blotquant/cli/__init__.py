"""The command line: argument parsing plus one call each. This file starts fast and ends well."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from blotquant import __version__

__all__ = ["main"]

_INTERRUPTED = 130
_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands behind ``blotquant``; of this process otherwise.

    Returns
    -------
    int
        Exit code: 0, that of a `BlotquantError`, 2 for usage, 130 for Ctrl+C.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["-V"]):  # scripts ask often: answered before anything is imported
        sys.stdout.write(f"blotquant {__version__}\n")
        return 0
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # a stream that a test or a notebook put there
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return _run(words)
    except BrokenPipeError:  # `blotquant recipe | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _say("interrupted", _INTERRUPTED)


def _run(words: list[str]) -> int:
    """Hand the words to the right command; an error becomes one line and its exit code."""
    from blotquant.batch.process import ONE_THREAD, quiet_libraries
    from blotquant.errors import BlotquantError

    for name, value in ONE_THREAD.items():  # before NumPy is imported
        os.environ.setdefault(name, value)
    quiet_libraries()
    from blotquant.cli.app import command
    from blotquant.cli.stopped import Stopped

    try:
        code = command().main(
            args=words or ["--help"], prog_name="blotquant", standalone_mode=False
        )
        sys.stdout.flush()
    except BlotquantError as error:
        return _say(str(error), error.exit_code)
    except Stopped as stopped:
        return _say(str(stopped), _INTERRUPTED)
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as error:
        if hasattr(error, "format_message"):  # of the argument parser
            return _say(f"{error.format_message()} (see blotquant --help)", _USAGE)
        if os.environ.get("BLOTQUANT_DEBUG"):
            raise
        return _say(f"internal error: {type(error).__name__}: {error}; please report it", 1)
    if code == _INTERRUPTED:  # the argument parser has caught Ctrl+C
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def _say(message: str, code: int) -> int:
    """One line on stderr for each line of the message: a study says all its faults at once."""
    for line in message.splitlines() or [""]:
        sys.stderr.write(f"blotquant: error: {' '.join(line.split())}\n")
    return code

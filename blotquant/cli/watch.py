"""`blotquant watch`: rounds over a folder until Ctrl+C, a line for each that changed something."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from blotquant.batch.watching import Round, Watch, WatchSettings
from blotquant.errors import UnreadableImage
from blotquant.files import is_plain_file

__all__ = ["watch"]

_SHOWN = 15  # notes of one round


def watch(settings: WatchSettings, *, once: bool) -> int:
    """Measure what comes into a folder; 0 when it is stopped, or the code of one round."""
    if is_plain_file(settings.folder):
        raise UnreadableImage(f"{settings.folder}: is a file; name the folder to be watched")
    told = _Told()
    try:
        with _stopped_by_sigterm():
            if once:
                return told.round(Watch(settings).once(), once=True)
            _say(
                f"watching {settings.folder}, results in {settings.out}; Ctrl+C stops, and the "
                "same command goes on"
            )
            for one in Watch(settings).rounds():
                told.round(one)
    except KeyboardInterrupt:
        _say("stopped; what was measured is kept, and the same command goes on")
    return 0


class _Told:
    """What was said already: nothing is said in every round."""

    def __init__(self) -> None:
        self._trouble = ""
        self._notes: set[str] = set()

    def round(self, one: Round, *, once: bool = False) -> int:
        """Say what a round came to; gives its exit code."""
        if one.trouble != self._trouble:
            self._trouble = one.trouble
            for line in one.trouble.splitlines():
                _note("error" if one.code else "note", line)
        if one.run is None:
            if once and not one.trouble:
                _say("nothing new" + (f", {one.waiting} still being written" * bool(one.waiting)))
            return one.code
        run = one.run
        word = "file" if run.study is None else "membrane"
        _say(
            f"{datetime.now():%Y-%m-%d %H:%M:%S}: {_counted(one.measured, word)} measured"
            f"{f', {one.removed} removed' * bool(one.removed)}; in all {len(run.measured)} images, "
            f"{len(run.skipped)} skipped, {len(run.failed)} failed; "
            f"report: {run.out / 'report.html'}"
        )
        notes = [("note", text) for text in run.messages]
        notes += [("error", image.reason) for image in run.failed]
        new = [(kind, text) for kind, text in notes if text not in self._notes]
        for kind, text in new[:_SHOWN]:
            _note(kind, text)
        if len(new) > _SHOWN:
            _note("note", f"and {len(new) - _SHOWN} more, all in report.html and failures.csv")
        self._notes = {text for _, text in notes}
        return 1 if run.failed else 0


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """What ends a service ends a watch as Ctrl+C does."""

    def stop(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        with suppress(ValueError, TypeError):
            signal.signal(signal.SIGTERM, before)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _note(kind: str, text: str) -> None:
    sys.stderr.write(f"blotquant: {kind}: {' '.join(text.split())}\n")
    sys.stderr.flush()

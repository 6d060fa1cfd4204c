"""Ends a process that works too long on one thing, or sleeps over it; a pause is neither."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["ASLEEP", "Watchdog", "why"]

ASLEEP = 75  # exit code
_AWAKE_SHARE = 0.01  # of a tick spent computing


class Watchdog:
    """Limits for each of many things that a process does one after another.

    The clock on the wall would blame a file for a machine that is busy, suspended or has stopped
    the process. So work is counted in processor time, by a signal that also ends a loop inside a
    library; and a sleep in ticks that the process itself lives through without computing.

    Parameters
    ----------
    processor_s : float
        Processor time of the process, s.
    asleep_s : float
        Time without any, s.
    tick_s : float, optional
        How often that is looked at, s.
    """

    def __init__(self, processor_s: float, asleep_s: float, tick_s: float = 1.0) -> None:
        self._processor_s, self._tick_s = processor_s, tick_s
        self._most_ticks = max(int(asleep_s / tick_s), 1)
        self._idle: int | None = None
        if hasattr(signal, "setitimer"):  # not on Windows
            # the trace is written, then the signal's default ends the process
            faulthandler.register(signal.SIGPROF, chain=True)
        threading.Thread(target=self._watch, daemon=True).start()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hold what is done inside to the limits."""
        self._alarm(self._processor_s)
        self._idle = 0
        try:
            yield
        finally:
            self._idle = None
            self._alarm(0)

    @staticmethod
    def _alarm(seconds: float) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, seconds)

    def _watch(self) -> None:
        spent = time.process_time()
        while True:
            time.sleep(self._tick_s)
            before, spent = spent, time.process_time()
            idle = self._idle
            if idle is None:
                continue
            self._idle = idle + 1 if spent - before < _AWAKE_SHARE * self._tick_s else 0
            if self._idle >= self._most_ticks:
                faulthandler.dump_traceback()
                os._exit(ASLEEP)


def why(code: int) -> str:
    """What the exit code of a process means."""
    if code == ASLEEP:
        return "it slept and did nothing"
    if hasattr(signal, "SIGPROF") and code == -signal.SIGPROF:
        return "it took far more processor time than is allowed"
    return f"the process ended with {code}"

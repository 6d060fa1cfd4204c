"""The progress bar: how many are done, how many a second, and how long it takes yet."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from blotquant.batch.run import Progress
from blotquant.cli import show

__all__ = ["Rate", "progress_bar"]

_LOOKED_BACK = 200  # images


class Rate:
    """Images a second and the time left, from those alone that were measured now.

    What an earlier run did is there at once, and would make the rate look many times what it is.

    Parameters
    ----------
    clock : callable
        Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque(maxlen=_LOOKED_BACK)

    def tell(self, done: int) -> None:
        """So many are done; the first time, those of earlier runs."""
        self._seen.append((self._clock(), done))

    def of(self, done: int) -> float | None:
        """Images a second lately; None before one was measured."""
        if not self._seen or done <= self._seen[0][1]:
            return None
        seconds = self._clock() - self._seen[0][0]
        return (done - self._seen[0][1]) / seconds if seconds > 0 else None

    def words(self, done: int, total: int) -> str:
        """Rate and time left, as the bar shows them."""
        rate = self.of(done)
        if rate is None:
            return "-- images/s, --:-- left"
        minutes, seconds = divmod(round((total - done) / rate), 60)
        hours, minutes = divmod(minutes, 60)
        left = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
        return f"{rate:.3g} images/s, {left} left"


@contextmanager
def progress_bar(*, shown: bool) -> Iterator[Progress | None]:
    """A bar on stderr, where somebody is looking; its rate counts what is measured now.

    Parameters
    ----------
    shown : bool
        False where standard error is not to be written to.
    """
    if not shown or not sys.stderr.isatty():
        yield None
        return
    from rich import progress as rich_progress

    columns = (
        rich_progress.TextColumn("measuring"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TextColumn("{task.fields[speed]}", markup=False),
        rich_progress.TextColumn("{task.description}", markup=False),
    )
    rate = Rate()
    with rich_progress.Progress(*columns, console=show.stderr(), transient=True) as bar:
        task = bar.add_task("", total=None, speed="")

        def tell(done: int, total: int, image: str) -> None:
            rate.tell(done)
            words = rate.words(done, total)
            bar.update(task, completed=done, total=total, description=image, speed=words)

        yield tell

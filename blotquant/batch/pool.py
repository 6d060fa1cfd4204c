"""Worker processes: one thread each, results as they come, and a killed worker costs one image."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Protocol

from blotquant.batch.inputs import ImageFile
from blotquant.batch.process import one_thread_each, quiet_libraries
from blotquant.outcome import ImageOutcome

__all__ = ["Task", "run_jobs"]

Outcomes = tuple[ImageOutcome, ...]
Done = Callable[[int, Outcomes], None]


class Task(Protocol):
    """One piece of work for a worker process; it travels there as it is."""

    @property
    def files(self) -> tuple[ImageFile, ...]:
        """Files that it measures."""
        ...

    def run(self) -> Outcomes:
        """Measure them; an error is an outcome too."""
        ...


def run_jobs(jobs: Sequence[Task], workers: int, done: Done) -> None:
    """Measure all files; `done(index, outcomes)` is called here for each, as it finishes.

    Parameters
    ----------
    jobs : sequence of Task
    workers : int
        Processes; 1 measures in this process.
    done : callable
    """
    if workers <= 1:
        _run_here(jobs, done)
        return
    waiting = deque(range(len(jobs)))
    while waiting:
        for index in _run_round(jobs, waiting, workers, done):
            # One of these took its worker with it: each once more alone tells which.
            if _run_round(jobs, deque([index]), 1, done):
                done(index, _killed(jobs[index]))


def _run_here(jobs: Sequence[Task], done: Done) -> None:
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for index, job in enumerate(jobs):
            done(index, job.run())
    finally:
        cv2.setNumThreads(threads)


def _run_round(jobs: Sequence[Task], waiting: deque[int], workers: int, done: Done) -> list[int]:
    """Work until all is done or a worker dies; gives the files that were in flight then."""
    context = multiprocessing.get_context("spawn")
    flying: dict[Future[Outcomes], int] = {}
    with (
        one_thread_each(),
        ProcessPoolExecutor(min(workers, len(waiting)), context, _prepare) as pool,
    ):
        try:
            while waiting or flying:
                # A short queue: enough that no worker waits, little to repeat when one dies.
                while waiting and len(flying) < 2 * workers:
                    with _deaf_to_interrupts():
                        future = pool.submit(_run, jobs[waiting[0]])
                    flying[future] = waiting.popleft()
                finished, _ = wait(flying, return_when=FIRST_COMPLETED)
                for future in finished:
                    outcomes = future.result()
                    done(flying.pop(future), outcomes)
        except BrokenProcessPool:
            return _suspects(flying, done)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return []


def _suspects(flying: dict[Future[Outcomes], int], done: Done) -> list[int]:
    """What was in flight when a worker died, less what had come home already."""
    lost = []
    for future, index in flying.items():
        if future.done() and not future.cancelled() and future.exception() is None:
            done(index, future.result())
        else:
            lost.append(index)
    return sorted(lost)


def _run(job: Task) -> Outcomes:
    return job.run()


def _killed(job: Task) -> Outcomes:
    return tuple(
        ImageOutcome(
            image=file.name,
            path=file.path,
            status="failed",
            error="WorkerKilled",
            reason=f"{file.name}: its worker process was ended from outside or crashed, "
            "perhaps for want of memory",
        )
        for file in job.files
    )


def _prepare() -> None:
    """Set up a worker process; Ctrl+C is the parent's to handle."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    quiet_libraries()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Let a process that is started here never hear Ctrl+C, not even while it imports."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)

"""Worker processes in slots: each does one job at a time, against a clock, and may be killed.

A pool of the standard library can neither end one job that hangs nor say which job took a worker
with it. A slot knows its job: a worker that dies or is overdue costs that one alone.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from blotquant.batch.inputs import ImageFile
from blotquant.batch.parts import Measured, Product, product_of
from blotquant.batch.process import one_thread_each, prepare_worker
from blotquant.outcome import ImageOutcome

__all__ = ["Done", "Task", "lost", "overdue", "run_here", "run_in_slots"]

Done = Callable[[int, Product], None]

_OVERDUE = "TimedOut"
_OVERDUE_WORDS = "took longer than {:g} s and was ended; leave it out, or give --time-limit"
_KILLED = "WorkerKilled"


class Task(Protocol):
    """One piece of work; it travels to a worker process as it is."""

    @property
    def files(self) -> tuple[ImageFile, ...]:
        """Files that it measures."""
        ...

    def run(self) -> Product:
        """Measure them; an error is an outcome too."""
        ...


def run_here(tasks: Sequence[Task], indices: Sequence[int], done: Done) -> None:
    """Do all in this process, one after the other: nothing guards against what hangs or crashes.

    Parameters
    ----------
    tasks : sequence of Task
    indices : sequence of int
        Which of them, in this order.
    done : callable
        ``done(index, product)`` is called after each.
    """
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for index in indices:
            done(index, tasks[index].run())
    finally:
        cv2.setNumThreads(threads)


def run_in_slots(
    tasks: Sequence[Task],
    indices: Sequence[int],
    workers: int,
    done: Done,
    *,
    time_limit: float | None = None,
) -> None:
    """Do all in worker processes; ``done(index, product)`` is called here for each as it finishes.

    What a worker dies of is tried once more with nothing beside it: memory may have been short for
    two at a time. What takes longer than `time_limit` is ended.

    Parameters
    ----------
    tasks : sequence of Task
    indices : sequence of int
        Which of them, in this order.
    workers : int
    done : callable
    time_limit : float, optional
        Seconds that each file of a task may take; without it, all the time there is.
    """
    suspects: list[int] = []
    _run(tasks, deque(indices), workers, (done, suspects.append), time_limit)
    for index in suspects:
        # one at a time: what kills its worker even so is itself to blame
        again: list[int] = []
        _run(tasks, deque([index]), 1, (done, again.append), time_limit)
        for guilty in again:
            done(guilty, lost(tasks[guilty], _KILLED))


def lost(task: Task, error: str, words: str = "") -> Product:
    """What becomes of the files of a task that came to no end.

    Parameters
    ----------
    task : Task
    error : str
        Class of the error, for the table of failures.
    words : str
        Why, behind the file's name; a worker that is gone otherwise.
    """
    reason = words or (
        "its worker process was ended from outside or crashed, perhaps for want of memory"
    )
    outcomes = [
        ImageOutcome(
            image=file.name,
            path=file.path,
            status="failed",
            error=error,
            reason=f"{file.name}: {reason}",
        )
        for file in task.files
    ]
    return product_of([Measured(one) for one in outcomes], task.files[0].path.parent)


def overdue(task: Task, limit: float | None) -> Product:
    """What becomes of the files of a task that took longer than `limit` seconds each."""
    return lost(task, _OVERDUE, _OVERDUE_WORDS.format(limit))


@dataclass(eq=False)
class _Slot:
    """A place for a worker process; a new one comes where one had to go."""

    process: Any = None
    pipe: Connection | None = None
    index: int | None = None
    deadline: float = field(default=float("inf"))

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs,), daemon=True)
        with _deaf_to_interrupts():
            self.process.start()
        theirs.close()

    def give(self, index: int, task: Task, limit: float | None) -> bool:
        """Hand out a task; False if the worker is gone."""
        if self.process is None:
            self.start()
        assert self.pipe is not None  # it was started
        try:
            self.pipe.send(task)
        except OSError:
            self.end()
            return False
        self.index = index
        seconds = float("inf") if limit is None else limit * len(task.files)
        self.deadline = time.monotonic() + seconds
        return True

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.process.close()
        if self.pipe is not None:
            self.pipe.close()
        self.process = self.pipe = self.index = None
        self.deadline = float("inf")


def _run(
    tasks: Sequence[Task],
    waiting: deque[int],
    workers: int,
    tell: tuple[Done, Callable[[int], None]],
    limit: float | None,
) -> None:
    """Work until all is done; ``tell`` of what finished, and of what took its worker with it."""
    done, died = tell
    slots = [_Slot() for _ in range(min(workers, len(waiting)))]

    def hand_out(slot: _Slot) -> None:
        if waiting and slot.index is None and slot.give(waiting[0], tasks[waiting[0]], limit):
            waiting.popleft()

    with one_thread_each():
        try:
            while waiting or any(slot.index is not None for slot in slots):
                for slot in slots:
                    hand_out(slot)
                for slot in _ready(slots):
                    index = slot.index
                    assert index is not None  # only those that work are asked
                    product = _answer(slot)
                    if product is not None:
                        slot.index, slot.deadline = None, float("inf")
                        hand_out(slot)  # it works on while what it did is put away
                        done(index, product)
                    else:
                        slot.end()
                        died(index)
                for slot in slots:
                    if slot.index is not None and time.monotonic() > slot.deadline:
                        index = slot.index
                        slot.end()
                        done(index, overdue(tasks[index], limit))
        finally:
            for slot in slots:
                slot.end()


def _ready(slots: Sequence[_Slot]) -> list[_Slot]:
    """Slots from which something came, or whose worker is gone; waits for one, or for the clock."""
    busy = {slot.pipe: slot for slot in slots if slot.index is not None}
    first = min((slot.deadline for slot in busy.values()), default=float("inf"))
    left = None if first == float("inf") else max(0.0, first - time.monotonic())
    pipes = [pipe for pipe in busy if pipe is not None]
    return [busy[pipe] for pipe in wait(pipes, left) if isinstance(pipe, Connection)]


def _answer(slot: _Slot) -> Product | None:
    """What the worker says; None if it died. Its end of the pipe closes with it."""
    assert slot.pipe is not None  # a task was sent through it
    try:
        answer = slot.pipe.recv()
    except (EOFError, OSError):
        return None
    if isinstance(answer, BaseException):
        raise answer
    product: Product = answer
    return product


def _work(pipe: Connection) -> None:
    """A worker's life: tasks in, products out, until the other end of the pipe is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to handle
    prepare_worker()
    with suppress(EOFError, OSError):
        while True:
            task: Task = pipe.recv()
            try:
                answer: Product | BaseException = task.run()
            except BaseException as error:
                answer = error
            pipe.send(answer)


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

"""Jobs on somebody else's executor: a pool of the standard library, or a Dask cluster's."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from functools import cache

from blotquant.batch.parts import Product
from blotquant.batch.process import prepare_worker
from blotquant.batch.slots import Done, Task, lost
from blotquant.errors import ClusterError, OutputError

__all__ = ["run_on"]

_KILLED_SEVERAL = (
    "several workers were ended from outside or crashed over it, one after the other, perhaps for "
    "want of memory"
)
_FLYING = 1000  # jobs handed out at once: enough for hundreds of workers, little to hold


def run_on(executor: Executor, tasks: Sequence[Task], indices: Sequence[int], done: Done) -> None:
    """Do all on an executor; ``done(index, product)`` is called here for each as it finishes.

    What the executor gives up on (a job that took several workers with it) is a failed image.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Its workers have blotquant, and see the images under the same paths.
    tasks : sequence of Task
    indices : sequence of int
        Which of them, in this order.
    done : callable

    Raises
    ------
    ClusterError
        If the executor itself is gone: what was not done can be done later.
    """
    left = iter(indices)
    flying: dict[Future[Product], int] = {}
    try:
        while True:
            while len(flying) < _FLYING and (index := next(left, None)) is not None:
                flying[executor.submit(_work, tasks[index])] = index
            if not flying:
                return
            finished, _ = wait(flying, return_when=FIRST_COMPLETED)
            for future in finished:
                index = flying.pop(future)
                done(index, _product(future, tasks[index]))
    except BaseException:
        for future in flying:
            future.cancel()
        raise


def _work(task: Task) -> Product:
    _prepare()
    return task.run()


@cache
def _prepare() -> None:
    """Once a process: a cluster's workers outlive many runs."""
    prepare_worker()


def _product(future: Future[Product], task: Task) -> Product:
    try:
        return future.result()
    except (OutputError, ClusterError):
        raise
    except CancelledError:
        raise ClusterError(
            "the cluster was shut down, or the connection to its scheduler was lost; "
            "run again with --resume"
        ) from None
    except Exception as error:  # whatever it is, the other images go on
        if type(error).__name__ == "KilledWorker":  # Dask's, of a job that took several workers
            return lost(task, "WorkerKilled", _KILLED_SEVERAL)
        words = " ".join(f"{type(error).__name__}: {error}".split())
        return lost(task, "WorkerKilled", f"its worker was lost or failed ({words})")

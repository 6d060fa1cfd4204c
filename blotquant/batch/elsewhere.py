"""Jobs on somebody else's executor: a pool of the standard library, or a Dask cluster's."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait

from blotquant.batch.parts import Product
from blotquant.batch.process import prepare_worker
from blotquant.batch.slots import Done, Task, lost
from blotquant.errors import OutputError

__all__ = ["run_on"]

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
    prepare_worker()
    return task.run()


def _product(future: Future[Product], task: Task) -> Product:
    try:
        return future.result()
    except OutputError:
        raise
    except Exception as error:  # whatever it is, the other images go on
        words = " ".join(f"{type(error).__name__}: {error}".split())
        return lost(task, "WorkerKilled", f"its worker was lost or failed ({words})")

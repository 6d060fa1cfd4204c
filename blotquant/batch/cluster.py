"""A Dask cluster that measures the images of a run, behind the interface of any executor."""

from __future__ import annotations

import asyncio
import functools
import logging
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from blotquant import __version__
from blotquant.batch.parts import Product
from blotquant.batch.slots import Task, overdue
from blotquant.errors import ClusterError
from blotquant.report import LIBRARIES

__all__ = ["cluster"]

_PATIENCE = 10.0  # s, until a scheduler answers
_RETRIES = 2  # of a job that failed for a reason of its worker's
_INSTALL = 'pip install "blotquant[cluster]"'


@contextmanager
def cluster(
    address: str, *, time_limit: float | None = None, patience: float = _PATIENCE
) -> Iterator[Executor]:
    """Connect to a Dask scheduler for as long as a run lasts.

    A worker that is lost costs nothing but time: Dask hands its images to another. Leaving it, also
    by Ctrl+C, takes back what was handed out, and leaves the cluster as it was.

    Parameters
    ----------
    address : str
        Of the scheduler: ``tcp://host:8786``.
    time_limit : float, optional
        Seconds that each file of a task may take. A worker that is overdue is given up and, if it
        has a nanny, started anew.
    patience : float
        Seconds until the scheduler has to answer.

    Yields
    ------
    concurrent.futures.Executor
        For ``analyze_folder(executor=...)``. Images are given as paths, so its workers have to see
        them under the same.

    Raises
    ------
    ClusterError
        If Dask is not installed, the scheduler does not answer, or its workers have other versions
        of what calculates: the numbers would not be those of this machine.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(f"--scheduler needs Dask: {_INSTALL}") from None
    with _quiet_dask():
        client = _connected(Client, address, patience)
        try:
            _refuse_other_versions(client)
            yield _OnCluster(client, time_limit)
        finally:
            client.close()


def _connected(client: Callable[..., Any], address: str, patience: float) -> Any:
    words = "is no address of a scheduler"
    if re.fullmatch(r"(\w+://)?[^/]+:\d+", address):
        try:
            return client(address, timeout=patience, set_as_default=False)
        except OSError:
            words = "no scheduler answers"
        except ValueError:  # a protocol that Dask does not know
            pass
    raise ClusterError(
        f"{address}: {words}; start one with `dask scheduler` and give the address that it prints, "
        "such as tcp://host:8786"
    )


class _OnCluster(Executor):
    """Dask's executor, with the guards that local workers have."""

    def __init__(self, client: Any, time_limit: float | None) -> None:
        self._executor = client.get_executor(pure=False, retries=_RETRIES)
        self._limit = time_limit

    def submit(self, work: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        """Hand out a job; see `concurrent.futures.Executor`."""
        call = functools.partial(work, *args, **more)
        limit = None if self._limit is None else self._limit * len(args[0].files)
        try:
            future: Future[Any] = self._executor.submit(_guarded, call, args[0], limit, self._limit)
        except Exception as error:  # Dask names it differently from version to version
            raise ClusterError(
                f"the cluster takes no more images ({type(error).__name__}); run again with "
                "--resume"
            ) from None
        return future


def _guarded(
    call: Callable[[], Product], task: Task, limit: float | None, each: float | None
) -> Product:
    """On a worker: do a job against the clock; what hangs is left to a thread that nobody awaits.

    Python cannot end a thread, so the worker's process is to be replaced: its nanny starts another.
    """
    if limit is None or each is None:
        return call()
    answer: list[Product | BaseException] = []

    def work() -> None:
        try:
            answer.append(call())
        except BaseException as error:
            answer.append(error)

    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    thread = threading.Thread(target=work, name="blotquant-image", daemon=True)
    thread.start()
    thread.join(limit)
    if not answer:
        if worker.nanny is not None:
            worker.loop.add_callback(_replace, worker, key)
        return overdue(task, each)
    if isinstance(answer[0], BaseException):
        raise answer[0]
    return answer[0]


async def _replace(worker: Any, key: str) -> None:
    """Start a worker anew, once what it said of the job is with the run."""
    while True:
        await asyncio.sleep(1)
        if key not in worker.state.tasks:
            await worker.close_gracefully(restart=True, reason="an image took too long")
            return


def _refuse_other_versions(client: Any) -> None:
    """Results are to be those of this machine, and provenance.json names its versions alone."""
    names = ("blotquant", *LIBRARIES)

    # Defined in here it travels as it is: a worker without blotquant can run it too.
    def versions() -> dict[str, str]:
        import importlib.metadata

        found = {}
        for name in names:
            try:
                found[name] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                found[name] = ""
        return found

    try:
        there: Mapping[str, Any] = client.run(versions, on_error="return")
    except (OSError, RuntimeError) as error:
        raise ClusterError(f"the workers cannot be asked for their versions ({error})") from None
    here = {**versions(), "blotquant": __version__}
    for worker, found in sorted(there.items()):
        if not isinstance(found, dict):  # it left in this moment
            continue
        other = [name for name in names if found[name] != here[name]]
        if other:
            name = other[0]
            has = f"{name} {found[name]}" if found[name] else f"no {name}"
            raise ClusterError(
                f"{worker}: has {has} where this machine has {here[name]}; install the same "
                "versions on all workers, so that they measure the same"
            )


@contextmanager
def _quiet_dask() -> Iterator[None]:
    """Keep Dask's own messages off the terminal; what matters becomes an error of ours."""
    names = [
        name
        for name in logging.root.manager.loggerDict
        if name.partition(".")[0] in {"distributed", "tornado", "asyncio"}
    ]
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"distributed|dask|tornado")
            warnings.filterwarnings("ignore", message=r"\s*Mismatched versions")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)

"""How a process that measures is set up: one thread for the number libraries, and quiet."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["ONE_THREAD", "one_thread_each", "prepare_worker", "quiet_libraries"]

# Read by the number libraries when they are imported: one thread a worker, for speed and because
# the order of a sum may depend on it.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "OPENCV_LOG_LEVEL": "SILENT",
}


def quiet_libraries() -> None:
    """Keep libraries from writing into the terminal; messages of blotquant go through outcomes."""
    logging.getLogger().addHandler(logging.NullHandler())
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def prepare_worker() -> None:
    """Set up a process that measures for others: one thread, and quiet."""
    import cv2

    cv2.setNumThreads(1)
    quiet_libraries()


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Environment that spawned processes start with; the caller's own is put back."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

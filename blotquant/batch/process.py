"""How a process that measures is set up: one thread, memory that is kept, and quiet."""

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

# Read by the C library of Linux when a process starts: memory that one picture gave back stays for
# the next, which needs as much, instead of being fetched page by page from the system each time.
_KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**28),
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
    wanted = ONE_THREAD | _KEEP_MEMORY
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

"""One simulated blot by every way: blotquant on its own, with given lanes, and ImageJ, one file."""

from __future__ import annotations

import atexit
import warnings
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import tifffile

import blotquant as bq
from blotquant.simulate import SimulatedBlot, save
from parts.by_hand import gels_of, layout_of
from parts.comparison import Comparison, compare
from parts.running_imagej import WAYS, ImageJ, picture_of
from parts.scenes import blot_of, with_marks

# The kind whose blots are analysed a second time with marks planted on them.
MARKED = "clean"

_imagej: ImageJ | None = None


def results_of(
    work: Iterable[tuple[str, int]], jobs: int, *, imagej: bool = False, alone: bool = False
) -> list[Comparison]:
    """Every blot by every way, in worker processes where there are several jobs.

    `alone`: by blotquant's automatic way only.
    """
    with TemporaryDirectory() as folder:
        task = partial(run_one, folder=Path(folder), alone=alone)
        if jobs == 1:
            with ExitStack() as stack:
                _set(stack.enter_context(ImageJ()) if imagej else None)
                return [task(one) for one in work]
        with ProcessPoolExecutor(
            jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(imagej,)
        ) as pool:
            return list(pool.map(task, work, chunksize=2))


def _set(imagej: ImageJ | None) -> None:
    global _imagej  # noqa: PLW0603  # one ImageJ a process, as one NumPy a process
    _imagej = imagej


def _begin(imagej: bool) -> None:
    """Start a worker's ImageJ, which ends with the worker."""
    if imagej:
        running = ImageJ().__enter__()
        atexit.register(running.__exit__, None, None, None)
        _set(running)


def write(blot: SimulatedBlot, folder: Path, name: str) -> Path:
    """Write the picture as its kind's file; TIFFs plain, as ImageJ needs them."""
    if blot.spec.file_format != "tif":
        return save(blot, folder, name)
    path = folder / f"{name}.tif"
    tifffile.imwrite(path, blot.image, photometric="minisblack", metadata=None, software=False)
    return path


def run_one(kind_and_seed: tuple[str, int], folder: Path, alone: bool = False) -> Comparison:
    """Draw, save, load and measure one blot.

    The comparison's bands have more columns than `compare` gives: `given`, the net density with
    the lanes and limits that ImageJ got, `given_err`, one column for each of ImageJ's `WAYS`, and
    `marked`, the net density after marks were planted (NaN where it was not found); none of them
    where blotquant is to be `alone`.
    """
    warnings.simplefilter("error")
    cv2.setNumThreads(1)
    kind, seed = kind_and_seed
    drawn = blot_of(kind, seed)
    path = write(drawn, folder, f"{kind}_{seed}")
    (blot,) = bq.load(path)
    seen = _automatic(drawn, blot)
    if alone:
        path.unlink()
        return seen
    columns = _given(drawn, blot, path)
    if kind == MARKED:
        columns["marked"] = _marked(drawn, folder, seed)
    path.unlink()
    return replace(seen, bands=seen.bands.assign(**columns))


def _automatic(drawn: SimulatedBlot, blot: bq.Blot) -> Comparison:
    try:
        result = bq.analyze(blot)
    except bq.NothingFound as reason:
        return replace(compare(drawn.truth, None, 0), said=str(reason))
    return compare(drawn.truth, result.table, len(result.layout.lanes))


def _given(drawn: SimulatedBlot, blot: bq.Blot, path: Path) -> dict[str, np.ndarray]:
    """Net densities by blotquant and by ImageJ with lanes and limits set by hand."""
    count = len(drawn.truth["bands"])
    gels = gels_of(drawn.truth, blot.signal())
    net, err = np.full(count, np.nan), np.full(count, np.nan)
    for lane in bq.measure(blot, layout_of(gels, drawn.truth)).measurements.values():
        for one in lane.bands:
            index = int(one.band.row_id)
            net[index], err[index] = one.net_density, one.net_density_err
    columns = {"given": net, "given_err": err}
    if _imagej is not None:
        white = int(np.iinfo(drawn.image.dtype).max)
        dark = drawn.spec.polarity == "dark_on_light"
        volumes = _imagej.volumes(picture_of(path, dark=dark, white=white), gels, count)
        columns |= dict(zip(WAYS, volumes, strict=True))
    return columns


def _marked(drawn: SimulatedBlot, folder: Path, seed: int) -> np.ndarray:
    """Net densities by blotquant on its own with specks and scratches planted."""
    path = write(replace(drawn, image=with_marks(drawn, seed)), folder, f"marked_{seed}")
    (blot,) = bq.load(path)
    path.unlink()
    return _automatic(drawn, blot).bands["net"].to_numpy()

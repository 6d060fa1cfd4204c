"""Fixtures that every test may use."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from blotquant import pipeline
from blotquant.batch import worker
from blotquant.columns import BAND_COLUMNS, LANE_COLUMNS
from blotquant.errors import NothingFound, OutputError, UnreadableImage
from blotquant.files import write_atomically
from blotquant.model import Band, BandRow, Blot, ImageSource, Lane, Layout, Panel
from blotquant.result import Result

ROOT = Path(__file__).resolve().parent.parent

# Hundreds of processes are started in these tests: each would compile the whole package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk():
    """Thousands of small files are written: waiting until each is on the disk proves nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda number: None)
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference images that lie beside the repository, too large to be part of it."""
    folder = ROOT.parent / "shared"
    if not (folder / "real").is_dir():
        pytest.skip(
            f"the reference images are not here: no folder {folder.name}/real beside the repository"
        )
    return folder


@pytest.fixture
def agg():
    """Matplotlib without a screen; the figures that the test opened are closed after it."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


# --- an analysis that takes no time

FILLER = {"text": "", "integer": 1, "number": 0.1, "boolean": False}


def table(columns, rows):
    """A table of the contract's columns, with filler where nothing is said."""
    filled = [{column.name: FILLER[column.kind] for column in columns} | row for row in rows]
    return pd.DataFrame.from_records(filled, columns=[column.name for column in columns])


def fake_load(path, settings):
    """A blot per page; grey levels stand for what is to happen."""
    if Path(path).stat().st_size == 0:
        raise UnreadableImage(f"{Path(path).name}: is empty (0 bytes); copy or export it again")
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    pages = tifffile.imread(path)
    pages = pages[None] if pages.ndim == 2 else pages
    parts = [str(n) for n in range(1, len(pages) + 1)] if len(pages) > 1 else [""]
    polarity = "light_on_dark" if settings.polarity == "auto" else settings.polarity
    return [
        Blot(
            pages[n],
            polarity=polarity,
            orientation=settings.orientation,
            source=ImageSource(str(path), digest, part=part),
        )
        for n, part in enumerate(parts)
    ]


def fake_detect(blot, recipe):
    value = int(blot.pixels[0, 0])
    if value == 1:
        raise NothingFound(f"{blot.source.name}: no lanes stand out")
    if value == 2:
        raise KeyError("surprise\nin two lines")
    if value == 3:
        raise MemoryError
    if value == 4:
        raise OutputError("disk: cannot be written (No space left on device)")
    width = np.float32(value / 7)
    return Layout(
        (Panel("p"),), (Lane("a", "p", ((0, 3), (9, 3)), width),), (BandRow("r"),),
        (Band("a", "r", 1, 5),),
    )  # fmt: skip


def fake_measure(blot, layout, recipe, *, image):
    lane = layout.lanes[0]
    band = {
        "image": image,
        "net_density": lane.width * np.float32(3),
        "snr": recipe.finding.sensitivity,
        "background_method": recipe.background.method,
    }
    return Result(
        image=image,
        layout=layout,
        table=table(BAND_COLUMNS, [band]),
        lanes=table(LANE_COLUMNS, [{"image": image, "width": lane.width}]),
        measurements={},
        recipe=recipe,
        provenance=pipeline.provenance(blot, recipe),
    )


@pytest.fixture
def analysis(monkeypatch):
    """An analysis that takes no time, in place of the real one."""
    monkeypatch.setattr(worker.loaders, "load", fake_load)
    monkeypatch.setattr(worker.pipeline, "detect", fake_detect)
    monkeypatch.setattr(worker.pipeline, "measure", fake_measure)
    monkeypatch.setattr("blotquant.figures.overlay_pixels", fake_overlay)
    monkeypatch.setattr("blotquant.html_report.write_report", write_fake_report)


def fake_overlay(blot, result):
    return np.zeros((8, 8, 3), np.uint8)


def write_fake_report(out, run):
    return write_atomically(Path(out) / "report.html", b"report")

"""Parts and tables on disk: what was measured comes back as it was, whole or piece by piece."""

import numpy as np
import pandas as pd
import pytest

import blotquant as bq
from blotquant.batch import merging, run
from blotquant.batch.inputs import find_images
from blotquant.batch.parts import Part, lanes_of, product_of
from blotquant.batch.worker import Job, Settings, measure_file
from blotquant.columns import BAND_COLUMNS, LANE_COLUMNS, NORMALIZED_COLUMNS
from blotquant.normalize import normalize_tables
from blotquant.parquet import decode, encode, to_frame
from blotquant.recipe import Recipe
from blotquant.result import csv_text
from blotquant.simulate import BlotSpec, render, save
from blotquant.tables import table_of

SPEC = BlotSpec(shape=(220, 300), lanes=4, lane_width=36.0, gap=22.0, rows=(0.5,), peak=0.4)
NAMES = ("M1_P53", "M1_b-actin", "M2_P53", "M2_b-actin", "M3_P53")


@pytest.fixture(scope="module")
def blots(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blots")
    for seed, name in enumerate(NAMES):
        save(render(SPEC, seed), folder, name)
    (folder / "M4_P53.tif").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def measured(blots):
    file = find_images([blots])[0]
    return measure_file(Job(file, Settings(), blots / "out"))


@pytest.fixture
def part(measured, tmp_path, blots):
    path = tmp_path / "part.parquet"
    path.write_bytes(product_of(measured, blots / "out").part)
    return Part(path, blots / "out")


def test_a_part_gives_back_what_was_measured(part, measured):
    (outcome,) = part.outcomes(part.read()[1])
    before = measured[0].outcome
    pd.testing.assert_frame_equal(outcome.result.table, before.result.table)
    pd.testing.assert_frame_equal(outcome.result.lanes, before.result.lanes)
    pd.testing.assert_frame_equal(lanes_of(part.read()[1]), before.result.lanes)
    assert outcome.result.layout == before.result.layout
    assert outcome.recipe == before.result.recipe
    for name in ("image", "path", "status", "overlay", "sidecar", "warnings", "lane_count"):
        assert getattr(outcome, name) == getattr(before, name)
    assert [plot["svg"] for plot in outcome.plots] == [str(p["svg"]) for p in before.plots]
    assert outcome.facts["sha256"] == before.facts["sha256"]


def test_a_damaged_part_is_said(part):
    part.path.write_bytes(part.path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="no Parquet file"):
        part.read()
    with pytest.raises(bq.OutputError, match="run again with --resume"):
        merging.gather([part], part.path.with_name("raw"), part.path.parent, strips=True)


def test_numbers_and_texts_come_back_exactly():
    texts = ["", "β-actin", "half \ud800 pair", None]
    numbers = [np.nan, -0.1 + 0.3, np.inf, 5e-324]
    filler = {"text": "", "integer": -(2**53) - 1, "number": 0.0, "boolean": True}
    usual = {column.name: filler[column.kind] for column in BAND_COLUMNS}
    rows = [
        usual | {"lane_label": text, "net_density": number}
        for text, number in zip(texts, numbers, strict=True)
    ]
    table = table_of(rows, BAND_COLUMNS)
    arrow, notes = decode(encode(table, BAND_COLUMNS, {"a": b"b"}), BAND_COLUMNS)
    pd.testing.assert_frame_equal(to_frame(arrow, BAND_COLUMNS), table, check_exact=True)
    assert notes["a"] == b"b"
    assert list(table["lane_label"])[2] == "half ? pair"


@pytest.mark.parametrize("together", [1, 2, 64])
def test_tables_do_not_depend_on_how_many_parts_are_read_together(blots, together, monkeypatch):
    monkeypatch.setattr(merging, "_TOGETHER", together)
    out = blots / f"out-{together}"
    done = bq.analyze_folder(blots, out=out, overlays=False)
    results = [image.result for image in done.measured]
    bands = pd.concat([result.table for result in results], ignore_index=True)
    lanes = pd.concat([result.lanes for result in results], ignore_index=True)
    expected = normalize_tables(bands, Recipe(), lanes)
    assert (out / "bands.csv").read_text() == csv_text(expected.bands, BAND_COLUMNS)
    assert (out / "lanes.csv").read_text() == csv_text(lanes, LANE_COLUMNS)
    assert (out / "normalized.csv").read_text() == csv_text(expected.table, NORMALIZED_COLUMNS)
    pd.testing.assert_frame_equal(done.bands, expected.bands)
    assert set(expected.messages) <= set(done.messages)
    assert [image.image for image in done.failed] == ["M4_P53.tif"]


def test_processes_and_an_executor_give_the_same_bytes(blots, monkeypatch):
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    monkeypatch.setattr(run, "_LONG", 0)  # the workbook in a process of its own
    outs = [blots / name for name in ("here", "slots", "pool")]
    bq.analyze_folder(blots, out=outs[0], overlays=False)
    bq.analyze_folder(blots, out=outs[1], overlays=False, jobs=2)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        bq.analyze_folder(blots, out=outs[2], overlays=False, executor=pool)
    for name in ("bands.csv", "lanes.csv", "normalized.csv", "failures.csv", "results.xlsx"):
        assert len({(out / name).read_bytes() for out in outs}) == 1

"""The tables as files: columns in order, numbers as numbers, text that no spreadsheet runs."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from blotquant.columns import (
    BAND_COLUMNS,
    FITNESS_COLUMNS,
    INTEGRITY_COLUMNS,
    LANE_COLUMNS,
    NORMALIZED_COLUMNS,
)
from blotquant.flags import FLAG_MEANING
from blotquant.outcome import ImageOutcome, RunOutcome
from blotquant.recipe import Recipe
from blotquant.report import (
    PROBLEM_COLUMNS,
    problem_table,
    run_provenance,
    write_tables,
)
from blotquant.result import csv_text
from blotquant.tables import joined, records_of
from blotquant.workbook import Table, write_workbook, written_beside

FILLER = {"text": "", "integer": 1, "number": 0.1, "boolean": False}
TABLES = ("bands", "lanes", "normalized", "failures", "skipped", "fitness", "integrity")
SHEETS = [*TABLES, "data dictionary", "flags"]


def table(columns, rows):
    filled = [{column.name: FILLER[column.kind] for column in columns} | row for row in rows]
    return pd.DataFrame.from_records(filled, columns=[column.name for column in columns])


def outcome(name, status, error="", reason=""):
    return ImageOutcome(name, Path(name), status, error=error, reason=reason)


@pytest.fixture
def run():
    images = (
        outcome("=cmd|'!A0.tif", "measured"),
        outcome("b.tif", "failed", "UnreadableImage", 'b.tif: is empty, "really"\tso'),
        outcome("c.tif", "skipped", "NothingFound", "c.tif: no lanes"),
    )
    bands = table(
        BAND_COLUMNS,
        [
            {"image": "=cmd|'!A0.tif", "net_density": 1 / 3, "group": "+", "lane_label": "@x"},
            {"image": "-80C β.tif", "net_density": -12.5, "mw_kda": np.nan, "lane": 12},
        ],
    )
    return RunOutcome(
        images=images,
        bands=bands,
        lanes=table(LANE_COLUMNS, [{"image": "a.tif"}]),
        normalized=joined((), NORMALIZED_COLUMNS),
        messages=("no loading control",),
        recipe=Recipe(),
    )


@pytest.fixture
def book(run, tmp_path):
    write_tables(tmp_path, run)
    return openpyxl.load_workbook(tmp_path / "results.xlsx")


def test_every_table_is_written(run, tmp_path):
    written = write_tables(tmp_path, run)
    names = {path.name for path in written}
    assert names == {
        *(f"{table}.csv" for table in TABLES),
        "results.xlsx",
    }
    assert {path.name for path in tmp_path.iterdir()} == names


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("bands", BAND_COLUMNS),
        ("lanes", LANE_COLUMNS),
        ("normalized", NORMALIZED_COLUMNS),
        ("failures", PROBLEM_COLUMNS),
        ("skipped", PROBLEM_COLUMNS),
        ("fitness", FITNESS_COLUMNS),
        ("integrity", INTEGRITY_COLUMNS),
    ],
)
def test_columns_are_the_contract(run, tmp_path, name, columns):
    write_tables(tmp_path, run)
    raw = (tmp_path / f"{name}.csv").read_bytes()
    assert raw.split(b"\n")[0].decode() == ",".join(column.name for column in columns)
    assert b"\r" not in raw


def test_text_that_a_spreadsheet_would_run_is_harmless(run, tmp_path):
    write_tables(tmp_path, run)
    bands = pd.read_csv(tmp_path / "bands.csv")
    assert list(bands["image"]) == ["'=cmd|'!A0.tif", "-80C β.tif"]
    assert bands["lane_label"][0] == "'@x"
    assert bands["group"][0] == "+"
    assert bands["net_density"][1] == -12.5


def test_missing_numbers_are_empty_cells(run, tmp_path):
    write_tables(tmp_path, run)
    assert pd.read_csv(tmp_path / "bands.csv")["mw_kda"].isna().tolist() == [False, True]
    assert b"nan" not in (tmp_path / "bands.csv").read_bytes().lower()


def test_problems_keep_their_reason(run):
    failures = problem_table(run.failed)
    assert failures.to_dict("records") == [
        {
            "image": "b.tif",
            "error": "UnreadableImage",
            "reason": 'b.tif: is empty, "really"\tso',
        }
    ]


def test_the_workbook_has_a_sheet_a_table(book):
    assert book.sheetnames == SHEETS
    assert all(book[name].freeze_panes == "B2" for name in SHEETS)


def test_workbook_cells_have_types(book):
    header, first, second = list(book["bands"].iter_rows(values_only=True))
    row = dict(zip(header, first, strict=True))
    assert row["net_density"] == 1 / 3
    assert isinstance(row["lane"], int)
    assert row["image"] == "=cmd|'!A0.tif"
    cells = {cell.value: cell for cell in book["bands"][2]}
    assert cells["=cmd|'!A0.tif"].data_type == "s"
    assert dict(zip(header, second, strict=True))["mw_kda"] is None


def test_the_dictionary_has_every_column(book):
    rows = list(book["data dictionary"].iter_rows(min_row=2, values_only=True))
    listed = {(row[0], row[1]) for row in rows}
    assert {("bands", column.name) for column in BAND_COLUMNS} <= listed
    assert {("normalized", column.name) for column in NORMALIZED_COLUMNS} <= listed
    assert all(row[4] for row in rows)
    flags = {row[0] for row in book["flags"].iter_rows(min_row=2, values_only=True)}
    assert flags == {flag.name for flag in FLAG_MEANING}


def test_the_same_tables_are_the_same_bytes(run, tmp_path):
    tables = [Table.of("bands", run.bands, BAND_COLUMNS)]
    first, second = (write_workbook(tmp_path / name, tables) for name in ("a.xlsx", "b.xlsx"))
    with written_beside(tmp_path / "c.xlsx", tables):
        pass
    assert first.read_bytes() == second.read_bytes() == (tmp_path / "c.xlsx").read_bytes()


def test_rows_are_the_bytes_that_cells_written_one_by_one_are(run, tmp_path, monkeypatch):
    odd = ["", " a", "a&b", "_x0041_", "plain", None, "µ", "x" * 20_000, "a\nb", "BELOW_DETECTION"]
    bands = table(
        BAND_COLUMNS,
        [
            {"image": text, "net_density": value, "group": text and text[:3]}
            for text in odd
            for value in (0.1 + 0.2, 1e-300, -0.0, np.nan, np.inf, 12345678901234567.0)
        ],
    )
    tables = [Table.of("bands", bands, BAND_COLUMNS), Table.of("none", bands[:0], BAND_COLUMNS)]
    fast = write_workbook(tmp_path / "fast.xlsx", tables)
    monkeypatch.setattr("blotquant.workbook._RowText.write", lambda *_: False)
    assert fast.read_bytes() == write_workbook(tmp_path / "slow.xlsx", tables).read_bytes()


def test_csv_is_what_pandas_writes(run):
    by_pandas = run.bands.to_csv(index=False, float_format="%.10g", lineterminator="\n")
    assert csv_text(run.bands, BAND_COLUMNS) == by_pandas


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(run, monkeypatch, tmp_path):
    monkeypatch.setattr("blotquant.workbook._EXCEL_ROWS", 1)
    tables = [Table.of("bands", run.bands, BAND_COLUMNS)]
    book = openpyxl.load_workbook(write_workbook(tmp_path / "book.xlsx", tables))
    assert book.sheetnames[:2] == ["bands", "bands (2)"]
    assert book["bands (2)"].max_row == 2


def test_tables_in_pieces_are_written_as_one(run, tmp_path):
    (tmp_path / "whole").mkdir()
    write_tables(tmp_path / "whole", run)
    pieces = {"bands": lambda: (run.bands.iloc[[n]] for n in range(len(run.bands)))}
    write_tables(tmp_path, replace(run, pieces=pieces))
    for name in ("bands.csv", "results.xlsx"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_joining_nothing_keeps_columns_and_types():
    empty = joined((), BAND_COLUMNS)
    assert list(empty) == [column.name for column in BAND_COLUMNS]
    assert empty["net_density"].dtype == np.float64
    assert empty["lane"].dtype == np.int64


def test_joining_keeps_order_and_types():
    parts = [table(LANE_COLUMNS, [{"image": name}]) for name in ("b", "a")]
    one = joined([parts[0], joined((), LANE_COLUMNS), parts[1]], LANE_COLUMNS)
    assert list(one["image"]) == ["b", "a"]
    assert one["n_bands"].dtype == np.int64


def test_provenance_says_what_to_repeat(run):
    started = datetime(2024, 3, 12, 15, 22, tzinfo=UTC)
    known = run_provenance(run.images, run.recipe, run.messages, started)
    assert json.dumps(known, allow_nan=False)
    assert known["started"] == "2024-03-12T15:22:00+00:00"
    assert Recipe.parse(known["recipe"]) == run.recipe
    assert known["libraries"]["numpy"] == np.__version__
    other = run_provenance(run.images, Recipe.of(sensitivity=6), (), started)
    assert other["recipe_sha256"] != known["recipe_sha256"]


def test_records_are_those_of_pandas(run):
    assert str(records_of(run.bands)) == str(run.bands.to_dict("records"))

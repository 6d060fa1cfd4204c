"""The study's tables as CSV and XLSX: what goes in comes out, and no spreadsheet runs any of it."""

import csv
from dataclasses import replace

import openpyxl
import pandas as pd
import pytest

from blotquant.columns import STATISTICS_COLUMNS
from blotquant.report import write_tables
from blotquant.study import read_samples
from blotquant.study_report import study_tables

NAMES = ("statistics", "replicates", "summary", "controls", "doses", "samples")
ODD = {"control": "+", "treated": "-80C"}


@pytest.fixture
def odd(run):
    """The run with groups that a spreadsheet could take for something else."""
    study = run.study
    samples = study.samples.replace({"group": ODD})
    samples["sample"] = samples["sample"].where(samples["lane"] != 1, "=1+1")
    samples["@free"] = [("-", "=cmd|'!A0", "5")[k % 3] for k in samples["lane"]]
    tables = {
        name: getattr(study, name).replace({"group": ODD, "reference": ODD})
        for name in ("statistics", "replicates", "summary")
    }
    tables["statistics"]["effect_size"] = -1.5
    return replace(run, study=replace(study, samples=samples, **tables))


def cells(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_table_of_the_study_is_exported(study):
    tables = study_tables(study)
    assert tuple(name for name, _, _ in tables) == NAMES
    for _, table, columns in tables:
        assert {column.name for column in columns} <= set(table.columns)


def test_free_columns_of_the_sheet_come_along(study):
    _, table, columns = study_tables(study)[-1]
    assert [column.name for column in columns][-3:] == ["serum", "remark", "batch"]
    assert len(table) == len(study.samples)


def test_a_run_without_a_study_has_none_of_them(run, tmp_path):
    written = write_tables(tmp_path, replace(run, study=None))
    assert not {path.stem for path in written} & set(NAMES)


def test_csv_and_workbook_hold_the_study(odd, tmp_path):
    write_tables(tmp_path, odd)
    book = openpyxl.load_workbook(tmp_path / "results.xlsx")
    for name in NAMES:
        lines = cells(tmp_path / f"{name}.csv")
        sheet = list(book[name].iter_rows(values_only=True))
        assert len(lines) == len(sheet) - 1
    listed = {row[1] for row in book["data dictionary"].iter_rows(values_only=True)}
    assert {column.name for column in STATISTICS_COLUMNS} <= listed


def test_signs_and_negative_numbers_survive(odd, tmp_path):
    write_tables(tmp_path, odd)
    lines = cells(tmp_path / "statistics.csv")
    assert {(line["group"], line["reference"]) for line in lines} == {("-80C", "+")}
    assert {float(line["effect_size"]) for line in lines} == {-1.5}
    book = openpyxl.load_workbook(tmp_path / "results.xlsx")
    rows = [
        dict(zip([c.value for c in book["statistics"][1]], row, strict=True))
        for row in book["statistics"].iter_rows(min_row=2)
    ]
    assert {row["group"].value for row in rows} == {"-80C"}
    assert {row["group"].data_type for row in rows} == {"s"}
    assert {row["effect_size"].value for row in rows} == {-1.5}
    assert rows[0]["fold_change"].value == pytest.approx(odd.study.statistics["fold_change"][0])


def test_formulas_are_harmless_and_read_back_as_written(odd, tmp_path):
    write_tables(tmp_path, odd)
    raw = (tmp_path / "samples.csv").read_text(encoding="utf-8")
    assert not any(
        cell.startswith(("=", "@")) for row in csv.reader([*raw.split("\n")]) for cell in row
    )
    sheet = openpyxl.load_workbook(tmp_path / "results.xlsx")["samples"]
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    again = read_samples(tmp_path / "samples.csv")
    for column in ("membrane", "lane", "sample", "group", "replicate", "kind", "use"):
        assert again[column].tolist() == odd.study.samples[column].tolist(), column


def test_a_membrane_without_a_value_is_an_empty_cell(odd, tmp_path):
    write_tables(tmp_path, odd)
    table = pd.read_csv(tmp_path / "controls.csv", keep_default_na=False)
    assert (table["agreement_r"] == "").all()

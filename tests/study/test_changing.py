"""Cells pasted into the sheet, and the row of a target in the study file."""

import tomllib

import pytest

from blotquant.errors import StudyError
from blotquant.study import (
    Study,
    StudyImage,
    pasted_cells,
    read_samples,
    with_cells,
    with_lanes,
    with_row,
    write_samples,
)

SHEET = """membrane,lane,sample,group,replicate,technical,kind,use,dose
M1,1,a,control,1,,sample,yes,0
M1,2,b,treated,1,,sample,yes,10
M2,1,c,control,2,,sample,yes,0
M2,2,'=d,treated,2,,sample,no,10
"""


@pytest.fixture
def samples(tmp_path):
    path = tmp_path / "samples.csv"
    path.write_text(SHEET, encoding="utf-8")
    return read_samples(path)


def test_a_spreadsheets_text_is_cells():
    assert pasted_cells("a\tb\r\nc\t\r\n") == [["a", "b"], ["c", ""]]
    assert pasted_cells("") == []
    assert pasted_cells("one\n\nthree\n") == [["one"], [""], ["three"]]


def test_a_column_is_filled_in_and_nothing_else_touched(samples):
    table = with_cells(samples, "M2", 1, "group", [["vehicle"], ["drug"]])
    assert list(table["group"]) == ["control", "treated", "vehicle", "drug"]
    others = [name for name in samples if name != "group"]
    assert table[others].equals(samples[others])
    assert list(samples["group"]) == ["control", "treated", "control", "treated"]


def test_several_columns_go_on_to_the_right_with_their_header(samples):
    cells = pasted_cells("Sample\tGroup\tReplicate\nx\tg1\t7\ny\tg2\t8\n")
    table = with_cells(samples, "M1", 1, "sample", cells)
    assert list(table["sample"])[:2] == ["x", "y"]
    assert list(table["replicate"])[:2] == ["7", "8"]


def test_free_columns_and_yes_and_no(samples):
    table = with_cells(samples, "M1", 2, "use", [["no", "3.5"]])
    assert not table["use"].tolist()[1]
    assert table["dose"].tolist()[1] == "3.5"


@pytest.mark.parametrize(
    ("membrane", "lane", "column", "cells", "reason"),
    [
        (
            "M1",
            2,
            "group",
            [["a"], ["b"]],
            "do not fit from lane 2 on: membrane M1 has lanes up to 2",
        ),
        ("M1", 1, "dose", [["1", "2"]], "2 columns do not fit from 'dose' on"),
        ("M1", 1, "kind", [["nonsense"]], "nonsense"),
        ("M1", 1, "use", [["perhaps"]], "perhaps"),
        ("M1", 1, "colour", [["red"]], "there is no column 'colour'"),
    ],
)
def test_what_does_not_fit_is_refused(samples, membrane, lane, column, cells, reason):
    with pytest.raises(StudyError, match=reason):
        with_cells(samples, membrane, lane, column, cells)


def test_lanes_that_the_sheet_lacks_are_added(samples):
    table = with_lanes(samples, "M1", 4)
    here = table[table["membrane"] == "M1"]
    assert list(here["lane"]) == [1, 2, 3, 4]
    assert list(table["membrane"]) == ["M1"] * 4 + ["M2"] * 2
    assert list(here["use"]) == [True] * 4
    assert with_lanes(samples, "M1", 2) is samples


def test_text_that_looks_like_a_formula_stays_text(samples, tmp_path):
    table = with_cells(samples, "M1", 1, "sample", [["=1+1"], ["-a"]])
    assert list(table["sample"]) == ["=1+1", "-a", "c", "=d"]
    path = write_samples(table, tmp_path / "again.csv")
    assert list(read_samples(path)["sample"]) == ["=1+1", "-a", "c", "=d"]


def test_a_row_is_changed_and_comments_stay():
    study = Study(
        image=(
            StudyImage(file="a.tif", membrane="M1", target="P53", row=1),
            StudyImage(file="b.tif", membrane="M1", target="PTEN"),
        )
    )
    text = study.to_toml() + "\n# mine\n"
    changed = with_row(text, study, 0, 2)
    again = Study.parse(tomllib.loads(changed))
    assert [block.row for block in again.image] == [2, None]
    assert changed.endswith("# mine\n")
    assert len(changed.splitlines()) == len(text.splitlines())
    assert Study.parse(tomllib.loads(with_row(changed, again, 0, None))).image[0].row is None
    with pytest.raises(StudyError, match="changed meanwhile"):
        with_row(text.replace("a.tif", "other.tif"), study, 0, 2)

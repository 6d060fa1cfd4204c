"""Sample sheets: what is written is read back, however a spreadsheet saved it in between."""

import contextlib
import zipfile

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from blotquant.errors import StudyError
from blotquant.study import read_samples, write_samples
from blotquant.study.cells import read_bool
from blotquant.study.samples import KINDS
from blotquant.study.text import cleaned, likeness

HOSTILE = ["+", "-", "-80C", "=x", "@y", "'=x", "''", "'", "-5", "+5", "=1+1", "β-actin", "007"]
HOSTILE += ["1e5", "TRUE", "_x0041_", "a;b", 'a"b', "a,b", "1.0", "-0", "#", "NA", "<b>&amp;"]
TEXTS = (st.sampled_from(HOSTILE) | st.text(max_size=8)).map(cleaned)
NAMES = TEXTS.filter(lambda text: text.lower() != "nan")
LABELS = NAMES.filter(lambda text: not text.endswith(("0", "٠")) or "." not in text)
LABELS = LABELS.filter(lambda text: "," not in text)
ROWS = st.lists(
    st.tuples(
        NAMES.map(lambda text: text or "M"),
        st.integers(1, 60),
        NAMES,
        NAMES,
        LABELS,
        LABELS,
        st.sampled_from(KINDS),
        st.booleans(),
        TEXTS,
        TEXTS,
    ),
    min_size=1,
    max_size=6,
)
COLUMNS = ["membrane", "lane", "sample", "group", "replicate", "technical", "kind", "use"]


def table_of(rows, columns=(*COLUMNS, "treatment", "dose µM")):
    table = pd.DataFrame.from_records(rows, columns=list(columns))
    texts = [name for name in columns if name not in ("lane", "use")]
    return table.astype({**dict.fromkeys(texts, "str"), "lane": "int64", "use": "bool"})


SHEET = table_of(
    [
        ("M1", 1, "", "", "", "", "ladder", False, "", ""),
        ("M1", 2, "+", "+", "1", "", "sample", True, "β", "0.5"),
        ("M1", 3, "-", "-", "1", "", "sample", True, "=1+1", "-2"),
        ("M1", 4, "-80C", "-80C", "2", "a", "sample", True, "a;b,c", "10"),
        ("M2", 1, "@y", "=x", "-5", "b", "sample", False, "", ""),
    ]
)


def same(table, other):
    pd.testing.assert_frame_equal(table, other, check_dtype=True)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)
@given(rows=ROWS, suffix=st.sampled_from(["csv", "xlsx"]))
@example(rows=[("M", 1, "-", "#NAM", "x", "", "sample", True, "", "=")], suffix="csv")
def test_what_is_written_is_read_back(tmp_path, rows, suffix):
    table = table_of(rows)
    path = write_samples(table, tmp_path / f"samples.{suffix}")
    same(read_samples(path, strict=False), table)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_the_same_table_gives_the_same_bytes(tmp_path, suffix):
    paths = [write_samples(SHEET, tmp_path / f"{n}.{suffix}") for n in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_no_text_of_a_csv_is_a_formula(tmp_path):
    text = write_samples(SHEET, tmp_path / "samples.csv").read_text("utf-8-sig")
    cells = [cell for line in text.splitlines() for cell in line.replace('"', "").split(",")]
    risky = [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert sorted(risky) == ["-2", "-5"]
    assert sum(cell.startswith("'") for cell in cells) == 9


def test_no_text_of_an_xlsx_is_a_formula_and_lists_offer_what_is_allowed(tmp_path):
    book = openpyxl.load_workbook(write_samples(SHEET, tmp_path / "study.xlsx"))
    assert book.sheetnames == ["samples", "images", "help"]
    sheet = book["samples"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert sheet["D5"].quotePrefix
    lists = {str(rule.sqref)[0]: rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert lists["G"] == f'"{",".join(KINDS)}"'
    assert lists["H"] == '"yes,no"'
    assert "-80C" in lists["D"]
    assert all(
        str(rule.sqref).endswith(str(len(SHEET) + 201))
        for rule in sheet.data_validations.dataValidation
    )


PLAIN = "membrane,lane,sample,group,replicate,technical,kind,use,dose\r\n"
PLAIN += "M1,1,a,β,1,,ladder,no,\r\nM1,2,b,ü,1,,sample,yes,0.5\r\n"


def read_bytes(folder, data, name="samples.csv", **kwargs):
    path = folder / name
    path.write_bytes(data)
    return read_samples(path, **kwargs)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(tmp_path, encoding, separator):
    expected = read_bytes(tmp_path, PLAIN.encode())
    text = PLAIN.replace(",", separator)
    if separator != ",":
        text = text.replace("0.5", "0,5")
    same(read_bytes(tmp_path, text.encode(encoding)), expected)


def test_windows_1252_and_a_line_that_names_the_separator(tmp_path):
    text = "sep=;\r\nMembrane ; LANE;Group;lane kind\r\nM1;1;Größe µM;Ladder\r\n"
    table = read_bytes(tmp_path, text.encode("cp1252"))
    assert table.loc[0, ["membrane", "lane", "group", "kind"]].tolist() == [
        *("M1", 1, "Größe µM", "ladder")
    ]


def test_stray_spaces_empty_rows_and_columns(tmp_path):
    text = (
        "\n,,,\n , membrane ,\u00a0Lane,group,,\n"
        ",,,,,\n,M1 , 1 ,\u00a0high\u00a0dose\u200b,,\n\n,M1,2,b-actin,,\n,,,,,\n"
    )
    table = read_bytes(tmp_path, text.encode())
    assert table["group"].tolist() == ["high dose", "b-actin"]
    assert table["lane"].tolist() == [1, 2]
    assert table.attrs["rows"] == [5, 7]
    assert list(table.columns) == COLUMNS


def test_numbers_dates_and_truth_of_a_workbook(tmp_path):
    import datetime

    book = openpyxl.Workbook()
    book.active.title = "notes"
    sheet = book.create_sheet("Samples ")
    sheet.append([None] * 3)
    sheet.append(["Membrane", "Lane", "Replicate", "Use", "dose", "day"])
    sheet.append(["M1", 3.0, 1.0, True, 0.1, datetime.datetime(2024, 3, 12)])
    sheet.append(["M1", 4, "2.0", False, -2, "x"])
    book.save(tmp_path / "study.xlsx")
    table = read_samples(tmp_path / "study.xlsx")
    assert table["lane"].tolist() == [3, 4]
    assert table["replicate"].tolist() == ["1", "2"]
    assert table["use"].tolist() == [True, False]
    assert table["dose"].tolist() == ["0.1", "-2"]
    assert table["day"].tolist() == ["2024-03-12", "x"]


def test_rows_are_counted_as_the_spreadsheet_does(tmp_path):
    book = openpyxl.Workbook()
    for row, cells in ((4, ("membrane", "lane")), (6, ("M1", 1)), (9, ("M1", "two"))):
        for column, value in enumerate(cells, 3):
            book.active.cell(row, column, value)
    book.save(tmp_path / "samples.xlsx")
    with pytest.raises(StudyError, match=r"cell D9 \(lane\): 'two'"):
        read_samples(tmp_path / "samples.xlsx")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(data=st.data(), suffix=st.sampled_from(["csv", "xlsx"]))
def test_a_damaged_file_is_read_or_refused(tmp_path, data, suffix):
    path = write_samples(SHEET, tmp_path / f"damaged.{suffix}")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(StudyError):
        read_samples(path, strict=False)


def test_a_damaged_part_of_a_workbook_is_refused(tmp_path):
    whole = write_samples(SHEET, tmp_path / "whole.xlsx")
    with zipfile.ZipFile(whole) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    # what openpyxl's parser fails with: an IndexError, a LookupError, a ParseError
    for number, (old, new) in enumerate(
        [(b"<v>0</v>", b"<v>999</v>"), (b"UTF-8", b"aTF-8"), (b"<row", b"<raw")]
    ):
        path = tmp_path / f"damaged{number}.xlsx"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                inside = name == "xl/worksheets/sheet1.xml"
                archive.writestr(name, content.replace(old, new) if inside else content)
        with pytest.raises(StudyError, match=path.name):
            read_samples(path)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("TRUE WAHR yes ja x 1 Ja VRAI 1.0 1,0", True),
        ("FALSE FALSCH no nein 0 FAUX 0.0", False),
        ("maybe 2 ? -", None),
    ],
)
def test_words_for_yes_and_no(words, expected):
    assert {read_bool(word) for word in words.split()} == {expected}


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        (("", "", ""), [True] * 3),
        (("x", "", "X"), [True, False, True]),
        (("yes", "", "no"), [True, "", False]),
    ],
)
def test_empty_cells_of_use(tmp_path, uses, expected):
    text = "membrane,lane,use\n" + "".join(f"M,{n},{use}\n" for n, use in enumerate(uses, 1))
    assert read_bytes(tmp_path, text.encode(), strict=False)["use"].tolist() == expected


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (("0,5", "1", "-2,25"), ("0.5", "1", "-2.25")),
        (("control", "0,5", "1"), ("control", "0.5", "1")),
        (("a,b", "0,5", ""), ("a,b", "0.5", "")),
        (("0,5", "1.5", "2"), ("0,5", "1.5", "2")),  # one of the two parts thousands
        (("1,000", "2,500", "7"), ("1,000", "2,500", "7")),  # thousands, or not: no guess
        (("1.000,5", "2", "3"), ("1.000,5", "2", "3")),
    ],
)
@pytest.mark.parametrize("column", ["group", "dose"])
def test_decimal_commas_where_they_can_be_nothing_else(tmp_path, cells, read, column):
    text = f"membrane;lane;{column}\n" + "".join(f"M;{n};{c}\n" for n, c in enumerate(cells, 1))
    assert read_bytes(tmp_path, text.encode())[column].tolist() == list(read)
    quoted = text.replace(",", "\0").replace(";", ",")
    lines = [line.rpartition(",") for line in quoted.splitlines()]
    quoted = "\n".join(f'{head},"{cell}"' for head, _, cell in lines).replace("\0", ",")
    assert read_bytes(tmp_path, quoted.encode())[column].tolist() == list(cells)


def test_all_cells_that_cannot_be_read_are_named_at_once(tmp_path):
    text = "membrane,lane,group,kind,use\nM,one,#NAME?,laddder,maybe\nM,,nan,,,5\nM,1.5,a\n"
    with pytest.raises(StudyError) as refusal:
        read_bytes(tmp_path, text.encode())
    said = str(refusal.value)
    assert "\n" not in said
    for fault in (
        "samples.csv: cell B2 (lane): 'one' is not a lane",
        "samples.csv: cell C2 (group): the spreadsheet's error #NAME?",
        "samples.csv: cell D2 (kind): there is no kind 'laddder' - did you mean 'ladder'?",
        "samples.csv: cell E2 (use): 'maybe' is neither yes nor no",
        "samples.csv: cell B3 (lane): the lane is empty",
        "samples.csv: cell C3 (group): holds NaN",
        "samples.csv: row 3: cell 6 holds '5', but its column has no name",
        "samples.csv: cell B4 (lane): '1.5' is not a lane",
    ):
        assert fault in said


def test_a_formula_that_was_never_computed_is_named(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["membrane", "lane", "group"])
    book.active.append(["M1", 1, "=CONCAT(1;2)"])
    book.save(tmp_path / "samples.xlsx")
    with pytest.raises(StudyError, match="cell C2 holds a formula without a value"):
        read_samples(tmp_path / "samples.xlsx")


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("samples.csv", b"", "empty"),
        ("samples.csv", b"membran,lane\nM,1\n", "no column 'membrane' - did you mean 'membran'"),
        ("samples.csv", b"membrane,lane,Lane\nM,1,1\n", "two columns are named 'lane'"),
        ("samples.csv", b"membrane,lane\n", "has no rows"),
        ("samples.csv", b"PK\x03\x04\x00\x00\x81", "not a text file"),
        ("samples.csv", b'membrane,lane\n"' + b"x" * 200_000, "row 2 cannot be read"),
        ("samples.xlsx", b"membrane,lane\nM,1\n", "is not an XLSX file"),
        ("samples.ods", b"", "is a CSV or XLSX file"),
    ],
)
def test_a_file_that_is_no_sheet_is_refused(tmp_path, name, data, reason):
    with pytest.raises(StudyError, match=name) as refusal:
        read_bytes(tmp_path, data, name)
    assert reason in str(refusal.value)


def test_a_workbook_without_samples_and_a_missing_file(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.save(tmp_path / "other.xlsx")
    with pytest.raises(StudyError, match="no sheet has the columns"):
        read_samples(tmp_path / "other.xlsx")
    with pytest.raises(StudyError, match="there is no such file"):
        read_samples(tmp_path / "samples.csv")


def test_names_are_alike_that_look_alike():
    assert len({likeness(name) for name in ("High dose", "high  dose", "HIGHDOSE")}) == 1
    assert likeness("–80C") == likeness("-80c")
    assert len({likeness(name) for name in ("+", "-", "a", "b")}) == 4

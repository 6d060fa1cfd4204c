"""A study's replicates as a file for GraphPad Prism: grouped tables, and a column table a target.

PyPI's `pzfx` reads such files and the tests read back with it. It does not write them here: it
knows column and XY tables only (`TableType` is always ``OneWay`` or ``XY``), so that Prism would
not offer a two-way ANOVA, and it takes a text that ends with an asterisk for an excluded value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # only writes here

from blotquant.study_report.figure_tables import FigureTables, figure_tables
from blotquant.study_result import StudyResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["prism_file"]

Values = Mapping[tuple[str, str, str], float]

# The oldest Prism that reads the format; files of this version open in all later ones.
_CREATED_BY = {
    "CreatedByProgram": "GraphPad Prism",
    "CreatedByVersion": "6.0f.254",
    "Login": "",
}
_SOME_DATE = "2000-01-01T00:00:00+00:00"  # the same study gives the same bytes
_DECIMALS = "4"
_WIDTH = 81
# XML has no way to write these.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class _Sheet:
    """What all tables are made of, in their order."""

    targets: tuple[str, ...]
    replicates: Mapping[str, tuple[str, ...]]  # by group
    values: Values
    paired: bool

    @property
    def rows(self) -> int:
        """Replicates of the largest group."""
        return max(map(len, self.replicates.values()), default=0)

    def cells(self, target: str, group: str) -> list[float]:
        """Values of a target in a group, NaN where there is none."""
        names = self.replicates[group]
        known = [self.values.get((target, group, name), math.nan) for name in names]
        return known + [math.nan] * (self.rows - len(known))


def prism_file(result: StudyResult, *, created: str = "") -> bytes:
    """The bytes of a .pzfx file with the values of all biological replicates.

    Three grouped tables (rows are targets, column groups are groups, subcolumns are replicates):
    normalized densities, their log2, which is what is tested, and normalized densities over the
    mean of the reference group, which is one number for each target. Then a column table for each
    target, rows are replicates. Where the study is paired, the n-th replicate is the same one in
    every group. A replicate below detection is an empty cell, and the project's notes name it with
    its limit.

    Parameters
    ----------
    result : StudyResult
    created : str
        Time for the file's head, ISO 8601; without it always the same one.

    Returns
    -------
    bytes
        XML, UTF-8. Without tables where the study has no replicates.
    """
    tables = figure_tables(result)
    sheet = _sheet(tables, paired=result.study.pairing == "paired")
    notes = [*_notes(result), *_below(tables.replicates)]
    built = list(_tables(sheet, tables)) if sheet.targets else []
    root = ET.Element("GraphPadPrismFile", PrismXMLVersion="5.00")
    head = ET.SubElement(root, "Created")
    ET.SubElement(head, "OriginalVersion", {**_CREATED_BY, "DateTime": created or _SOME_DATE})
    _add_notes(root, notes)
    sequence = ET.SubElement(root, "TableSequence", Selected="1")
    for number, table in enumerate(built):
        table.set("ID", f"Table{number}")
        selected = {"Selected": "1"} if number == 0 else {}
        ET.SubElement(sequence, "Ref", {"ID": f"Table{number}", **selected})
    root.extend(built)
    ET.indent(root, space="")
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _sheet(tables: FigureTables, *, paired: bool) -> _Sheet:
    """Replicates by group: where pairs stand together, all groups have the same ones."""
    rows = tables.replicates
    everywhere = tuple(dict.fromkeys(rows["replicate"].astype(str)))
    own = {
        group: tuple(dict.fromkeys(rows.loc[rows["group"] == group, "replicate"].astype(str)))
        for group in tables.groups
    }
    return _Sheet(
        tuple(dict.fromkeys(rows["target"].astype(str))),
        dict.fromkeys(tables.groups, everywhere) if paired else own,
        {
            (str(row["target"]), str(row["group"]), str(row["replicate"])): float(row["value"])
            for row in rows.to_dict("records")
            if not row["below_detection"] and math.isfinite(float(row["value"]))
        },
        paired,
    )


def _tables(sheet: _Sheet, tables: FigureTables) -> Iterable[ET.Element]:
    title = _Titles()
    yield _grouped(sheet, title("Normalized density"), lambda value, target: value)
    yield _grouped(sheet, title("log2 of normalized density"), lambda value, _: _log2(value))
    means = _reference_means(tables)
    if len(means) == len(sheet.targets):
        yield _grouped(
            sheet,
            title("Relative to the mean of the reference group"),
            lambda value, target: value / means[target],
        )
    for target in sheet.targets:
        yield _column(sheet, title(target), target)


def _log2(value: float) -> float:
    return math.log2(value) if value > 0 else math.nan


def _reference_means(tables: FigureTables) -> dict[str, float]:
    """Mean of each target's reference group, where that is one number above 0."""
    means = {}
    for target, rows in tables.summary.groupby("target", sort=False):
        compared = tables.statistics[tables.statistics["target"] == target]
        references = set(compared["reference"])
        mine = rows[rows["group"].isin(references)]
        if len(mine) == 1 and float(mine["mean"].iloc[0]) > 0:
            means[str(target)] = float(mine["mean"].iloc[0])
    return means


def _grouped(sheet: _Sheet, title: str, value_of: Callable[[float, str], float]) -> ET.Element:
    table = _table(title, "TwoWay", sheet.rows, sheet.targets)
    for group in sheet.replicates:
        column = _y_column(table, group, sheet.rows)
        lines = [
            [value_of(value, target) for value in sheet.cells(target, group)]
            for target in sheet.targets
        ]
        for cells in zip(*lines, strict=True):
            _subcolumn(column, map(_number, cells))
    return table


def _column(sheet: _Sheet, title: str, target: str) -> ET.Element:
    names = next(iter(sheet.replicates.values())) if sheet.paired else ()
    table = _table(title, "OneWay", 1, names)
    for group in sheet.replicates:
        cells = sheet.cells(target, group)
        if any(map(math.isfinite, cells)):
            _subcolumn(_y_column(table, group, 1), map(_number, cells))
    return table


def _table(title: str, kind: str, replicates: int, rows: Sequence[str]) -> ET.Element:
    table = ET.Element(
        "Table",
        XFormat="none",
        YFormat="replicates",
        Replicates=str(replicates),
        TableType=kind,
        EVFormat="AsteriskAfterNumber",
    )
    ET.SubElement(table, "Title").text = _text(title)
    names = ET.SubElement(table, "RowTitlesColumn", Width=str(_WIDTH))
    _subcolumn(names, map(_text, rows))
    return table


def _y_column(table: ET.Element, title: str, subcolumns: int) -> ET.Element:
    column = ET.SubElement(
        table,
        "YColumn",
        Width=str(_WIDTH * subcolumns),
        Decimals=_DECIMALS,
        Subcolumns=str(subcolumns),
    )
    ET.SubElement(column, "Title").text = _text(title)
    return column


def _subcolumn(parent: ET.Element, cells: Iterable[str]) -> None:
    column = ET.SubElement(parent, "Subcolumn")
    for cell in cells:
        ET.SubElement(column, "d").text = cell or None


def _number(value: float) -> str:
    return f"{value:.10g}" if math.isfinite(value) else ""


def _text(words: str) -> str:
    return " ".join(_NOT_XML.sub(" ", words).split())


class _Titles:
    """Titles of tables: Prism tells tables apart by them."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def __call__(self, wanted: str) -> str:
        title, number = _text(wanted), 1
        while title.casefold() in self._taken:
            number += 1
            title = f"{_text(wanted)} ({number})"
        self._taken.add(title.casefold())
        return title


def _notes(result: StudyResult) -> list[str]:
    study = result.study
    paired = study.pairing == "paired"
    unit = f" ({study.replicate_unit})" if study.replicate_unit else ""
    return [
        *(text for text in (study.title, study.question) if text),
        f"Subcolumns are biological replicates{unit}; technical repeats were averaged. "
        f"Pairing as declared: {study.pairing}."
        + (" The n-th replicate is the same one in every group." if paired else ""),
    ]


def _below(replicates: pd.DataFrame) -> list[str]:
    below = replicates[replicates["below_detection"].astype(bool)]
    return [
        f"Empty because below detection: {row['target']}, {row['group']}, replicate "
        f"{row['replicate']} (at most {float(row['limit']):.4g})."
        for row in below.to_dict("records")
    ]


def _add_notes(root: ET.Element, notes: Sequence[str]) -> None:
    sequence = ET.SubElement(root, "InfoSequence")
    ET.SubElement(sequence, "Ref", ID="Info0", Selected="1")
    info = ET.SubElement(root, "Info", ID="Info0")
    ET.SubElement(info, "Title").text = "Project info"
    words = ET.SubElement(ET.SubElement(info, "Notes"), "Font", Color="#000000", Face="Helvetica")
    words.text = _text(notes[0])
    line = ET.SubElement(words, "BR")
    for note in notes[1:]:
        line.tail = _text(note)
        line = ET.SubElement(words, "BR")

"""Tables of the report: columns as they are shown, cells as they are sorted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from blotquant.flags import FLAG_MEANING, Flag
from blotquant.html_report.numbers import Cell, number_cell, text_cell

__all__ = [
    "Header",
    "Record",
    "Row",
    "ShownColumn",
    "Table",
    "flag_column",
    "float_of",
    "integer_column",
    "is_missing",
    "make_table",
    "number_column",
    "shared_flags",
    "text_column",
]

Record = Mapping[Any, Any]


@dataclass(frozen=True)
class Header:
    """Head of a column: its name for people, its name in the CSV with unit, its alignment."""

    text: str
    title: str
    kind: str


@dataclass(frozen=True)
class Row:
    """A row; `key` ties it to its band in the drawings, `missing` prints it pale."""

    cells: tuple[Cell, ...]
    key: str = ""
    missing: bool = False


@dataclass(frozen=True)
class Table:
    """A table of the report.

    Parameters
    ----------
    headers : tuple of Header
    rows : tuple of Row
    shared : tuple of (str, str)
        Flags that all rows carry: (name, meaning).
    common : tuple of (str, str)
        Columns whose text is the same in all rows, told once: (head, text).
    """

    headers: tuple[Header, ...]
    rows: tuple[Row, ...]
    shared: tuple[tuple[str, str], ...] = ()
    common: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ShownColumn:
    """How one column of the contract appears.

    Parameters
    ----------
    text, title, kind : str
        Of its head.
    cell : callable
        Makes a cell of a record.
    always : bool
        It stands there even if it says nothing.
    once : bool
        Told above the table where all rows say the same.
    """

    text: str
    title: str
    kind: str
    cell: Callable[[Record], Cell]
    always: bool = True
    once: bool = False


def make_table(
    columns: Sequence[ShownColumn],
    records: Sequence[Record],
    shared: Sequence[Flag] = (),
    key: Callable[[Record], str] = lambda _: "",
) -> Table:
    """Table of records; columns that say nothing and need not stand there are left out.

    Parameters
    ----------
    columns : sequence of ShownColumn
    records : sequence of mapping
        Rows of a table of the contract.
    shared : sequence of Flag
        Flags told once, above the table.
    key : callable
        Ties a row to its band in the drawings.
    """
    cells = [[column.cell(record) for record in records] for column in columns]
    said = [any(cell.text or cell.flags for cell in cells[i]) for i in range(len(columns))]
    alike = [
        i
        for i, column in enumerate(columns)
        if column.once and said[i] and len(records) > 1 and len({c.text for c in cells[i]}) == 1
    ]
    used = [i for i, column in enumerate(columns) if (column.always or said[i]) and i not in alike]
    return Table(
        headers=tuple(Header(columns[i].text, columns[i].title, columns[i].kind) for i in used),
        rows=tuple(
            Row(tuple(cells[i][n] for i in used), key(record), is_missing(record))
            for n, record in enumerate(records)
        ),
        shared=tuple((str(flag), FLAG_MEANING[flag]) for flag in shared),
        common=tuple((columns[i].text, cells[i][0].text) for i in alike),
    )


def number_column(
    text: str, name: str, unit: str = "", *, digits: int = 4, always: bool = True
) -> ShownColumn:
    """A measured number, its name in the CSV and its unit on hovering."""
    title = f"{name}, {unit}" if unit else name
    return ShownColumn(
        text, title, "number", lambda r: number_cell(float_of(r[name]), digits), always
    )


def integer_column(text: str, name: str, dull: int | None = None) -> ShownColumn:
    """A count; where all of them are `dull` the column is left out."""

    def cell(record: Record) -> Cell:
        value = float_of(record[name])
        return Cell("") if math.isnan(value) or value == dull else text_cell(int(value))

    return ShownColumn(text, name, "number", cell, always=dull is None)


def text_column(text: str, name: str, dull: str = "", *, once: bool = False) -> ShownColumn:
    """A text; left out where no row has one, or all of them are `dull`."""

    def cell(record: Record) -> Cell:
        value = record[name]
        known = isinstance(value, str) and value != dull
        return text_cell(value) if known else Cell("")

    return ShownColumn(text, name, "text", cell, always=False, once=once)


def flag_column(shared: Sequence[Flag] = ()) -> ShownColumn:
    """The flags of a row, but for those that all rows share."""
    return ShownColumn("Flags", "flags", "flags", lambda row: _flags(row, shared), always=False)


def _flags(record: Record, shared: Sequence[Flag]) -> Cell:
    return _flag_cell(_flag_text(record["flags"]), tuple(shared))


@lru_cache(maxsize=1024)
def _flag_cell(text: str, shared: tuple[Flag, ...]) -> Cell:
    found = _flags_of(text)
    own = [flag for flag in Flag if flag and flag in found and flag not in shared]
    names = tuple((str(flag), FLAG_MEANING[flag]) for flag in own)
    return Cell("", sort=";".join(name for name, _ in names), kind="flags", flags=names)


def shared_flags(records: Sequence[Record]) -> tuple[Flag, ...]:
    """Flags of the picture as a whole: all rows carry them, and there are several rows."""
    if len(records) < 2:
        return ()
    common = Flag(~0)
    for record in records:
        common &= _flags_of(_flag_text(record["flags"]))
    return tuple(flag for flag in Flag if flag and flag in common)


def is_missing(record: Record) -> bool:
    """Whether a row says that no band stands out there."""
    return Flag.BELOW_DETECTION in _flags_of(_flag_text(record.get("flags")))


@lru_cache(maxsize=1024)  # a run has few different ones
def _flags_of(text: str) -> Flag:
    return Flag.parse(text)


def _flag_text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def float_of(value: Any) -> float:
    """The number, NaN where there is none."""
    try:
        return math.nan if value is None else float(value)
    except (TypeError, ValueError):  # pandas' own missing value
        return math.nan

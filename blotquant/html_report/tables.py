"""The tables of the report: which columns of the contract are shown, and how."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blotquant.flags import FLAG_MEANING, Flag
from blotquant.html_report.numbers import Cell, number_cell, text_cell

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Header", "Row", "Table", "band_table", "normalized_table"]

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
    """A table of the report; `shared` are flags that all of its rows carry: (name, meaning)."""

    headers: tuple[Header, ...]
    rows: tuple[Row, ...]
    shared: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Shown:
    """How one column of the contract appears; `cell` makes a cell of a record."""

    text: str
    title: str
    kind: str
    cell: Callable[[Record], Cell]
    always: bool = True


def band_table(bands: pd.DataFrame) -> Table:
    """Table of one image's bands.

    Columns that say nothing (no labels, no molecular weights, one panel) are left out.

    Parameters
    ----------
    bands : DataFrame
        Columns as in `blotquant.columns.BAND_COLUMNS`.
    """
    records = bands.to_dict("records")
    shared = _shared_flags(records)
    columns = [
        _integer("Lane", "lane"),
        _text("Label", "lane_label"),
        _text("Kind", "lane_kind", dull="sample"),
        _integer("Panel", "panel", dull=1),
        _integer("Row", "row"),
        _text("Target", "target"),
        _number("MW", "mw_kda", "kDa", always=False),
        _number("Rf", "rf", digits=3),
        _Shown("Net density", "net_density, a.u. × px", "number", _net_density),
        _number("± SE", "net_density_err", "a.u. × px"),
        _number("S/N", "snr", digits=3),
        _number("Integrated", "integrated_density", "a.u. × px"),
        _number("Background", "background", "a.u. × px"),
        _Shown("Saturated", "saturated_fraction", "number", _saturated, always=False),
        _number("Normalized", "normalized_density", always=False),
        _number("Relative", "relative_density", always=False),
        _Shown("Flags", "flags", "flags", lambda record: _flags(record, shared), always=False),
    ]
    return _table(columns, records, shared, lambda r: f"{r['lane']}-{r['band']}")


def normalized_table(normalized: pd.DataFrame) -> Table:
    """Table of all normalized densities.

    Parameters
    ----------
    normalized : DataFrame
        Columns as in `blotquant.columns.NORMALIZED_COLUMNS`.
    """
    records = normalized.to_dict("records")
    columns = [
        _text("Target", "target"),
        _text("Membrane", "membrane"),
        _integer("Lane", "lane"),
        _text("Label", "lane_label"),
        _text("Sample", "sample"),
        _text("Group", "group"),
        _text("Replicate", "replicate"),
        _number("Net density", "net_density", "a.u. × px"),
        _text("Loading control", "loading_control"),
        _number("Control", "control_density", "a.u. × px"),
        _number("Normalized", "normalized_density"),
        _number("± SE", "normalized_density_measurement_se"),
        _number("Relative", "relative_density", always=False),
        _Shown("Flags", "flags", "flags", lambda record: _flags(record, ()), always=False),
    ]
    return _table(columns, records, (), lambda _: "")


def _table(
    columns: Sequence[_Shown],
    records: Sequence[Record],
    shared: Sequence[Flag],
    key: Callable[[Record], str],
) -> Table:
    cells = [[column.cell(record) for record in records] for column in columns]
    used = [
        index
        for index, column in enumerate(columns)
        if column.always or any(cell.text or cell.flags for cell in cells[index])
    ]
    return Table(
        headers=tuple(Header(columns[i].text, columns[i].title, columns[i].kind) for i in used),
        rows=tuple(
            Row(tuple(cells[i][n] for i in used), key(record), _is_missing(record))
            for n, record in enumerate(records)
        ),
        shared=tuple((str(flag), FLAG_MEANING[flag]) for flag in shared),
    )


def _number(
    text: str, name: str, unit: str = "", *, digits: int = 4, always: bool = True
) -> _Shown:
    title = f"{name}, {unit}" if unit else name
    return _Shown(text, title, "number", lambda r: number_cell(_float(r[name]), digits), always)


def _integer(text: str, name: str, dull: int | None = None) -> _Shown:
    """A count; where all of them are `dull` the column is left out."""

    def cell(record: Record) -> Cell:
        value = _float(record[name])
        return Cell("") if math.isnan(value) or value == dull else text_cell(int(value))

    return _Shown(text, name, "number", cell, always=dull is None)


def _text(text: str, name: str, dull: str = "") -> _Shown:
    def cell(record: Record) -> Cell:
        value = record[name]
        known = isinstance(value, str) and value != dull
        return text_cell(value) if known else Cell("")

    return _Shown(text, name, "text", cell, always=False)


def _net_density(record: Record) -> Cell:
    """Net density, or its limit where no band stands out: never a number that looks like one."""
    cell = number_cell(_float(record["net_density"]))
    if not _is_missing(record):
        return cell
    limit = number_cell(_float(record["detection_limit"]))
    if not limit.text:
        return Cell("below detection", sort=cell.sort, kind="limit")
    full = f"limit {limit.full}; forced measurement {cell.full}"
    return Cell(f"< {limit.text}", full, cell.sort, "limit")


def _saturated(record: Record) -> Cell:
    share = _float(record["saturated_fraction"])
    if math.isnan(share) or share <= 0:
        return Cell("", kind="number")
    text = "< 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"
    return Cell(text, f"{share:.10g}", f"{share:.10g}", "number")


def _flags(record: Record, shared: Sequence[Flag]) -> Cell:
    own = [flag for flag in _parsed(record["flags"]) if flag not in shared]
    names = tuple((str(flag), FLAG_MEANING[flag]) for flag in own)
    return Cell("", sort=";".join(name for name, _ in names), kind="flags", flags=names)


def _shared_flags(records: Sequence[Record]) -> tuple[Flag, ...]:
    """Flags of the picture as a whole: all rows carry them, and there are several rows."""
    if len(records) < 2:
        return ()
    common = Flag(~0)
    for record in records:
        common &= Flag.parse(_flag_text(record["flags"]))
    return tuple(flag for flag in Flag if flag and flag in common)


def _is_missing(record: Record) -> bool:
    return Flag.BELOW_DETECTION in Flag.parse(_flag_text(record["flags"]))


def _parsed(text: Any) -> list[Flag]:
    found = Flag.parse(_flag_text(text))
    return [flag for flag in Flag if flag and flag in found]


def _flag_text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)

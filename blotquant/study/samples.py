"""The sample table: its columns, and how the rows of a sheet become it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from blotquant.columns import Column
from blotquant.errors import StudyError
from blotquant.model import LaneKind

from .cells import NO, YES, read_bool, read_lane, text_of, unguarded
from .text import cleaned, did_you_mean, likeness

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "SAMPLE_COLUMNS", "Grid", "is_sample_header", "sample_table", "text_rows"]

SAMPLE_COLUMNS: tuple[Column, ...] = (
    Column("membrane", "text", "", "Membrane, as in study.toml."),
    Column("lane", "integer", "", "Lane on the membrane, from 1, left to right."),
    Column("sample", "text", "", "Name of the sample in the lane."),
    Column("group", "text", "", "Group of the sample: what is compared."),
    Column("replicate", "text", "", "Biological replicate: culture, animal, patient."),
    Column(
        "technical", "text", "", "Technical repeat of the same sample; empty where there is one."
    ),
    Column("kind", "text", "", f"One of {', '.join(get_args(LaneKind))}."),
    Column("use", "boolean", "", "yes, or no to leave the lane out of what is computed."),
)
KINDS: tuple[str, ...] = get_args(LaneKind)
_NAMES = tuple(column.name for column in SAMPLE_COLUMNS)
_ALSO = {
    "biologicalreplicate": "replicate",
    "technicalreplicate": "technical",
    "lanekind": "kind",
    "lanenumber": "lane",
}
_KINDS_ALSO = {"marker": "ladder"}
_LABELS = ("replicate", "technical")  # counted, so 1.0 is 1
_WHOLE = re.compile(r"(\d+)[.,]0+")
_MARKS = {"x", "✓", "✔"}


@dataclass(frozen=True)
class Grid:
    """The cells of a sheet as text.

    Parameters
    ----------
    file : str
        Name of the file (and sheet), for messages.
    rows : sequence of (int, list of str)
        Number of the row in the file, from 1, and its cells; rows without any text left out.
    faults : sequence of (int, str)
        Row and what is wrong with a cell of it, found while reading.
    """

    file: str
    rows: Sequence[tuple[int, list[str]]]
    faults: Sequence[tuple[int, str]] = ()


def is_sample_header(cells: Sequence[str]) -> int:
    """How many of the sample table's columns a row of cells names."""
    return len({_known(cell) for cell in cells} & set(_NAMES))


def sample_table(grid: Grid) -> pd.DataFrame:
    """Sample table of a sheet's cells.

    Cells that cannot be read (a lane that is no number) keep their text, so that
    `blotquant.study.check_samples` can name them all.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    DataFrame
        The columns of `SAMPLE_COLUMNS`, then free columns as text. ``attrs`` holds the file's name,
        the row of the file for each row of the table, and faults of single cells.

    Raises
    ------
    StudyError
        If there is no header with the columns membrane and lane, or two columns share a name.
    """
    import pandas as pd

    if not grid.rows:
        raise StudyError(f"{grid.file}: is empty; it needs a header with membrane and lane")
    (first, header), *rows = grid.rows
    names = _header(grid.file, header)
    faults = [*grid.faults, *_outside(header, rows)]
    columns = {
        name: [cells[at] if at < len(cells) else "" for _, cells in rows] for name, at in names
    }
    count = len(rows)
    table = pd.DataFrame(
        {
            name: pd.Series(_column(name, columns.get(name, [""] * count)), dtype=_dtype(name))
            for name in dict.fromkeys((*_NAMES, *columns))
        }
    )
    if all(isinstance(value, int) for value in table["lane"]):
        table["lane"] = table["lane"].astype("int64")
    if all(isinstance(value, bool) for value in table["use"]):
        table["use"] = table["use"].astype("bool")
    table.attrs = {
        "file": grid.file,
        "header": first,
        "places": dict(names),
        "rows": [number for number, _ in rows],
        "faults": faults,
        "missing": [name for name in _NAMES if name not in columns],
    }
    return table


def text_rows(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a sample table as text, in the contract's order of columns.

    Parameters
    ----------
    table : DataFrame
    """
    names = [name for name in _NAMES if name in table]
    names += [str(name) for name in table if name not in _NAMES]
    columns = [
        [_use_text(value) if name == "use" else text_of(value) for value in table[name].tolist()]
        for name in names
    ]
    return names, [list(row) for row in zip(*columns, strict=True)]


def _use_text(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return YES if value else NO
    return text_of(value)


def _dtype(name: str) -> str:
    return "object" if name in ("lane", "use") else "str"


def _known(cell: str) -> str:
    """The contract's name of a column, or the cell as it is."""
    word = re.sub(r"[\W_]+", "", likeness(cell))
    return word if word in _NAMES else _ALSO.get(word, cell)


def _header(file: str, cells: Sequence[str]) -> list[tuple[str, int]]:
    """Name and place of each column."""
    names = [(_known(cleaned(unguarded(cell))), at) for at, cell in enumerate(cells) if cell]
    known = [name for name, _ in names]
    faults = [
        f"there is no column '{name}'{did_you_mean(name, known)}"
        for name in ("membrane", "lane")
        if name not in known
    ]
    twice = dict.fromkeys(name for name in known if known.count(name) > 1)
    faults += [f"two columns are named '{name}'; keep one" for name in twice]
    if faults:
        raise StudyError(f"{file}: {'; '.join(faults)}")
    return names


def _outside(header: Sequence[str], rows: Sequence[tuple[int, list[str]]]) -> list[tuple[int, str]]:
    """Cells below no name."""
    faults = []
    for number, cells in rows:
        for at, cell in enumerate(cells):
            if cell and not (at < len(header) and header[at]):
                where = f"cell {at + 1} holds '{cell}', but its column has no name"
                faults.append((number, f"{where}; name it, or quote text that holds a separator"))
    return faults


def _column(name: str, cells: list[str]) -> list[object]:
    """Values of a column as the contract has them; text where a cell cannot be read."""
    match name:
        case "lane":
            return [read_lane(cell) or cell for cell in cells]
        case "use":
            return _uses(cells)
        case "kind":
            return [_kind(cell) for cell in cells]
    texts = [unguarded(cell) for cell in cells]
    if name in _LABELS:
        return [_WHOLE.sub(r"\1", text) if _WHOLE.fullmatch(text) else text for text in texts]
    return list(texts)


def _kind(cell: str) -> str:
    word = likeness(cell)
    return "sample" if not word else _KINDS_ALSO.get(word, word if word in KINDS else cell)


def _uses(cells: list[str]) -> list[object]:
    """Which lanes are used: all where nothing is said; only the marked where the rest is empty."""
    words = {likeness(cell) for cell in cells}
    if words <= {""}:
        return [True] * len(cells)
    if words <= {"", *_MARKS}:
        return [bool(cell) for cell in cells]
    found: list[object] = []
    for cell in cells:
        value = read_bool(cell)
        found.append(cell if value is None else value)
    return found

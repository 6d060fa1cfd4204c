"""Changing a study by hand: cells of its sample sheet, the row of bands that is a target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import tomlkit

from blotquant.errors import StudyError

from .cells import guarded_text
from .check_cells import check_samples
from .samples import SAMPLE_COLUMNS, Grid, sample_table, text_rows
from .text import cleaned, likeness

if TYPE_CHECKING:
    import pandas as pd

    from .model import Study

__all__ = ["column_names", "pasted_cells", "with_cells", "with_lanes", "with_row"]

_PLACES = ("membrane", "lane")


def pasted_cells(text: str) -> list[list[str]]:
    """Cells of what was copied from a spreadsheet: a line for each row, tabs between columns."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip("\t "):
        lines.pop()
    return [[cleaned(cell) for cell in line.split("\t")] for line in lines]


def column_names(samples: pd.DataFrame) -> list[str]:
    """Columns of a sample sheet in which something is said of a lane."""
    known = [column.name for column in SAMPLE_COLUMNS if column.name not in _PLACES]
    return known + [str(name) for name in samples if str(name) not in (*known, *_PLACES)]


def with_cells(
    samples: pd.DataFrame, membrane: str, lane: int, column: str, cells: Sequence[Sequence[str]]
) -> pd.DataFrame:
    """Sample sheet with cells of one membrane filled in, as a spreadsheet pastes them.

    Parameters
    ----------
    samples : DataFrame
        From `blotquant.study.read_samples`.
    membrane : str
    lane : int
        Of the first row of cells, from 1; the next go on downwards.
    column : str
        Of the first column of cells; the next go on as in `column_names`. A first row that holds
        nothing but the columns' own names is left out.
    cells : sequence of sequence of str

    Returns
    -------
    DataFrame

    Raises
    ------
    StudyError
        If the cells reach beyond the membrane's lanes or the sheet's columns, or hold what their
        column cannot.
    """
    names = column_names(samples)
    if column not in names:
        raise StudyError(f"there is no column '{column}' in the sample sheet")
    first = names.index(column)
    cells = [list(row) for row in cells]
    if len(cells) > 1 and _is_header(cells[0], names[first:]):
        cells = cells[1:]
    width = max((len(row) for row in cells), default=0)
    if first + width > len(names):
        raise StudyError(
            f"{width} columns do not fit from '{column}' on: the sheet ends with '{names[-1]}'"
        )
    places = _places(samples, membrane)
    wanted = range(lane, lane + len(cells))
    missing = [number for number in wanted if number not in places]
    if missing:
        last = max(places, default=0)
        raise StudyError(
            f"{len(cells)} cells do not fit from lane {lane} on: membrane {membrane} has lanes "
            f"up to {last} in the sample sheet"
        )
    header, rows = text_rows(samples)
    for number, row in zip(wanted, cells, strict=True):
        for offset, cell in enumerate(row):
            rows[places[number]][header.index(names[first + offset])] = cell
    return _checked(samples, header, rows)


def with_lanes(samples: pd.DataFrame, membrane: str, count: int) -> pd.DataFrame:
    """Sample sheet with a row for each lane of a membrane, where it has fewer.

    Rows of lanes that are no longer there stay: `check_study` names them.
    """
    places = _places(samples, membrane)
    missing = [number for number in range(1, count + 1) if number not in places]
    if not missing:
        return samples
    header, rows = text_rows(samples)
    after = max(places.values(), default=len(rows) - 1) + 1
    new = []
    for number in missing:
        said = {"membrane": membrane, "lane": str(number), "use": "yes"}
        new.append([said.get(name, "") for name in header])
    return _table(samples, header, [*rows[:after], *new, *rows[after:]])


def with_row(text: str, study: Study, place: int, row: int | None) -> str:
    """Text of a study file in which an image's block names another row of bands.

    Parameters
    ----------
    text : str
        Of the file; comments and order stay.
    study : Study
        As read from it.
    place : int
        Which block of ``study.image``, from 0.
    row : int or None
        None takes the key out: then the row's name in the layout tells.

    Raises
    ------
    StudyError
        If the file is no longer the study's.
    """
    document = tomlkit.parse(text)
    blocks = document.get("image", [])
    if len(blocks) != len(study.image) or blocks[place].get("file") != study.image[place].file:
        raise StudyError("study.toml changed meanwhile; open the study anew")
    if row is None:
        blocks[place].pop("row", None)
    else:
        blocks[place]["row"] = row
    return tomlkit.dumps(document)


def _is_header(cells: Sequence[str], names: Sequence[str]) -> bool:
    pairs = zip(cells, names, strict=False)
    return len(cells) <= len(names) and all(likeness(a) == likeness(b) for a, b in pairs)


def _places(samples: pd.DataFrame, membrane: str) -> dict[int, int]:
    """Position of each lane of a membrane in the sheet."""
    pairs = zip(samples["membrane"].tolist(), samples["lane"].tolist(), strict=True)
    return {
        int(lane): position
        for position, (name, lane) in enumerate(pairs)
        if name == membrane and isinstance(lane, int)
    }


def _checked(
    samples: pd.DataFrame, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> pd.DataFrame:
    table = _table(samples, header, rows)
    old = {str(fault) for fault in check_samples(samples)}
    faults = [
        str(fault)
        for fault in check_samples(table)
        if fault.severity == "error" and str(fault) not in old
    ]
    if faults:
        raise StudyError("; ".join(faults))
    return table


def _table(
    samples: pd.DataFrame, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> pd.DataFrame:
    file = str(samples.attrs.get("file", "samples"))
    guarded = [[guarded_text(cell) for cell in row] for row in rows]  # as a file would hold them
    return sample_table(Grid(file, [(1, list(header)), *enumerate(guarded, 2)]))

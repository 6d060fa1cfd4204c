"""One thing that is wrong with a study: where it is, what it is, and whether it stops the work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Problem", "Severity", "cell", "rows_in_words", "sheet_name", "sheet_row"]

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One line of what `blotquant check` says.

    Parameters
    ----------
    file : str
        File that has to be mended.
    place : str
        Cell, row or block in it; empty for the file as a whole.
    message : str
        What is wrong and what to do.
    severity : {"error", "warning"}
        Errors stop a study; warnings do not.
    """

    file: str
    place: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        """The line."""
        where = f"{self.file}: {self.place}" if self.place else self.file
        return f"{where}: {self.message}"


def sheet_name(table: pd.DataFrame) -> str:
    """Name of the file that a sample table was read from."""
    return str(table.attrs.get("file", "samples"))


def sheet_row(table: pd.DataFrame, position: int) -> int:
    """Row of the file that a row of the table was read from; the header is row 1."""
    rows = table.attrs.get("rows", ())
    return int(rows[position]) if len(rows) == len(table) else position + 2


def cell(table: pd.DataFrame, position: int, column: str) -> str:
    """A cell as spreadsheets call it, with the name of its column: ``cell B5 (lane)``."""
    place = table.attrs.get("places", {}).get(column)
    if place is None:
        return f"row {sheet_row(table, position)} ({column})"
    return f"cell {_letters(place)}{sheet_row(table, position)} ({column})"


def rows_in_words(table: pd.DataFrame, positions: Iterable[int]) -> str:
    """Rows of the file in words: ``row 4``, ``rows 2-9, 12``."""
    rows = sorted({sheet_row(table, position) for position in positions})
    breaks = [at for at, (a, b) in enumerate(pairwise(rows), 1) if b - a > 1]
    runs = [rows[a:b] for a, b in pairwise([0, *breaks, len(rows)])]
    words = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return f"row{'s' if len(rows) > 1 else ''} {', '.join(words)}"


def _letters(place: int) -> str:
    """Letters of a column, counted from 0: A, B, ... Z, AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters

"""The tables of a run as one XLSX file, with a data dictionary and the meaning of the flags."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import __version__
from .columns import Column
from .files import open_atomically
from .flags import FLAG_MEANING
from .xlsx import Book, open_book

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "write_workbook", "written_beside"]

# Half of what a sheet can hold: its XML then stays below the 2 GiB of a plain ZIP archive.
_MOST_ROWS = 500_000
_LOOKED_AT = 200  # rows, for the width of a column

Row = list[Any]


@dataclass(frozen=True)
class Table:
    """A table as it is written.

    Parameters
    ----------
    name : str
        Of the file, without suffix, and of the sheet.
    columns : sequence of Column
    pieces : callable
        Gives the table piece by piece, anew each time.
    """

    name: str
    columns: Sequence[Column]
    pieces: Callable[[], Iterable[pd.DataFrame]]

    @classmethod
    def of(cls, name: str, table: pd.DataFrame, columns: Sequence[Column]) -> Table:
        """A table that is in memory."""
        return cls(name, columns, partial(_itself, table))

    @property
    def heading(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self.columns]

    def rows(self) -> Iterator[Row]:
        """Rows of plain Python values, None where there is none."""
        for piece in self.pieces():
            series = []
            for column in self.columns:
                values = piece[column.name]
                pairs = zip(values.tolist(), values.isna().tolist(), strict=True)
                series.append([None if missing else value for value, missing in pairs])
            yield from map(list, zip(*series, strict=True))


def write_workbook(path: Path, tables: Sequence[Table]) -> Path:
    """Write a sheet a table, the data dictionary, and the meaning of the flags.

    Headers are frozen and filterable, numbers are numbers, NaN is an empty cell. The same tables
    give the same bytes. Rows are written as they come: memory does not grow with them.

    Parameters
    ----------
    path : Path
    tables : sequence of Table

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with open_atomically(path) as file, open_book(file, f"blotquant {__version__}") as book:
        for table in tables:
            _sheets(book, table.name, table.heading, table.rows())
        _sheets(book, "data dictionary", *_dictionary(tables))
        _sheets(book, "flags", *_flag_meanings())
    return path


@contextmanager
def written_beside(path: Path, tables: Sequence[Table]) -> Iterator[None]:
    """Write the workbook in a process of its own while the body runs; it is there at its end.

    Parameters
    ----------
    path : Path
    tables : sequence of Table
        Travel there as they are.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=write_workbook, args=(path, tables), daemon=True)
    process.start()
    try:
        yield
        process.join()
    finally:
        process.kill()
        process.join()
    if process.exitcode:
        write_workbook(path, tables)  # says what is wrong, if it is still


def _itself(table: pd.DataFrame) -> list[pd.DataFrame]:
    return [table]


def _sheets(book: Book, title: str, names: Sequence[str], rows: Iterable[Row]) -> None:
    """One sheet, and more where there are more rows than a sheet may hold."""
    left = iter(rows)
    number = 1
    while True:
        name = title if number == 1 else f"{title} ({number})"
        _fill(book, name, names, islice(left, _MOST_ROWS))
        first = next(left, None)
        if first is None:
            return
        left = chain([first], left)
        number += 1


def _fill(book: Book, title: str, names: Sequence[str], rows: Iterator[Row]) -> None:
    """One sheet, its columns as wide as what they hold."""
    seen = list(islice(rows, _LOOKED_AT))
    widths = []
    for column, name in enumerate(names):
        shown = [len(_as_shown(row[column])) for row in seen]
        widths.append(min(max([len(name) + 3, *shown]), 60) + 1)
    book.add(title, names, widths, chain(seen, rows))


def _as_shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.8g}" if isinstance(value, float) else str(value)


def _dictionary(tables: Sequence[Table]) -> tuple[list[str], list[Row]]:
    names = ["table", "column", "type", "unit", "meaning", "also called"]
    return names, [[table.name, *column] for table in tables for column in table.columns]


def _flag_meanings() -> tuple[list[str], list[Row]]:
    return ["flag", "meaning"], [[str(flag), text] for flag, text in FLAG_MEANING.items()]

"""The tables of a run as one XLSX file, with a data dictionary and the meaning of the flags."""

from __future__ import annotations

import math
import multiprocessing
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from . import __version__
from .columns import Column
from .errors import OutputError
from .files import open_atomically
from .flags import FLAG_MEANING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "write_workbook", "written_beside"]

_EXCEL_ROWS = 1_048_575  # below the header
_EXCEL_TEXT = 32_767
_LOOKED_AT = 200  # rows, for the width of a column
# Text that stands in XML as it is, and is not near any limit: next to all there is.
_PLAIN = re.compile(r"(?!.*_x)[!-%\'-;=?-~](?:[ -%\'-;=?-~]{0,9999}[!-%\'-;=?-~])?", re.ASCII)

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
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    options = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    with open_atomically(path) as file:
        try:
            with _left_clean(xlsxwriter.Workbook, file, options) as book:
                book.set_properties(
                    {"comments": f"blotquant {__version__}", "created": datetime(2000, 1, 1)}
                )
                header = book.add_format({"bold": True, "bottom": 1, "bg_color": "#EEF1F4"})
                for table in tables:
                    _sheets(book, table.name, table.heading, table.rows(), header)
                _sheets(book, "data dictionary", *_dictionary(tables), header)
                _sheets(book, "flags", *_flag_meanings(), header)
        except FileCreateError as error:
            raise OutputError(f"{path}: cannot be written ({error})") from None
    return path


class _Target:
    """A file that a ZIP archive is written to; once it is over, nothing more happens to it.

    Python's ZIP archives tidy up when they are forgotten, into a file that may be closed by then.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._place, self.over = file, 0, False

    def write(self, data: bytes) -> int:
        if not self.over:
            self._file.write(data)
        self._place += len(data)
        return len(data)

    def seek(self, place: int) -> int:
        if not self.over:
            self._file.seek(place)
        self._place = place
        return place

    def tell(self) -> int:
        return self._place

    def flush(self) -> None:
        if not self.over:
            self._file.flush()


@contextmanager
def _left_clean(
    workbook: Callable[..., Any], file: IO[bytes], options: Mapping[str, Any]
) -> Iterator[Any]:
    """A book, closed at the end; one that cannot be written leaves no files of rows in /tmp."""
    target = _Target(file)
    book = workbook(target, dict(options))
    try:
        yield book
        book.close()
    except BaseException:
        target.over = True
        for sheet in book.worksheets():
            for rows in (sheet.row_data_fh, sheet.fh):
                with suppress(OSError, AttributeError):
                    rows.close()
        for sheet in book.worksheets():
            with suppress(OSError, TypeError):
                Path(sheet.row_data_filename).unlink()
        raise


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


def _sheets(book: Any, title: str, names: Sequence[str], rows: Iterable[Row], header: Any) -> None:
    """One sheet, and more where there are more rows than a sheet can hold."""
    left = iter(rows)
    number = 1
    while True:
        name = title if number == 1 else f"{title} ({number})"
        _fill(book.add_worksheet(name), names, islice(left, _EXCEL_ROWS), header)
        first = next(left, None)
        if first is None:
            return
        left = chain([first], left)
        number += 1


def _fill(sheet: Any, names: Sequence[str], rows: Iterator[Row], header: Any) -> None:
    """One sheet: header frozen and filterable, columns as wide as what they hold."""
    seen = list(islice(rows, _LOOKED_AT))
    for column, name in enumerate(names):
        shown = [len(_as_shown(row[column])) for row in seen]
        sheet.set_column(column, column, min(max([len(name) + 3, *shown]), 60) + 1)
    sheet.freeze_panes(1, 1)
    sheet.write_row(0, 0, names, header)
    count, text = 0, _RowText(sheet, len(names))
    for count, row in enumerate(chain(seen, rows), 1):
        if not text.write(count, row):
            _write_cells(sheet, count, row)
    sheet.autofilter(0, 0, max(count, 1), len(names) - 1)


def _write_cells(sheet: Any, number: int, row: Row) -> None:
    """Write one row, cell by cell."""
    for column, value in enumerate(row):
        if value is None:
            continue
        if isinstance(value, str):
            if value:
                sheet.write_string(number, column, value[:_EXCEL_TEXT])
        elif isinstance(value, bool):
            sheet.write_boolean(number, column, value)
        elif isinstance(value, int) or math.isfinite(value):
            sheet.write_number(number, column, value)
        else:
            sheet.write_string(number, column, str(value))


class _RowText:
    """Rows of a sheet as the text that xlsxwriter makes of them: in an eighth of the time.

    It takes four calls and a regular expression or two for each cell, and a run has a million.

    Parameters
    ----------
    sheet : xlsxwriter.worksheet.Worksheet
        Of a book in constant memory, which writes a row when the next one begins.
    columns : int
    """

    def __init__(self, sheet: Any, columns: int) -> None:
        from xlsxwriter.utility import xl_col_to_name

        self._sheet = sheet
        self._letters = [xl_col_to_name(column) for column in range(columns)]

    def write(self, number: int, row: Row) -> bool:
        """Write a row of plain text and numbers, the first below the header being 1.

        False, and nothing is written, where it holds anything else.
        """
        text = self._of(number + 1, row)
        if text is None:
            return False
        if text:
            sheet = self._sheet
            sheet._write_single_row(number + 1)  # what is left of the row before
            sheet.fh.write(f'<row r="{number + 1}">{text}</row>')
            sheet.dim_rowmax = number
        return True

    def _of(self, place: int, row: Row) -> str | None:
        """Cells of a row; None where xlsxwriter has to write it."""
        cells = []
        for letter, value in zip(self._letters, row, strict=True):
            kind = type(value)
            if kind is float or kind is int:
                if not math.isfinite(value):
                    return None
                cells.append(f'<c r="{letter}{place}"><v>{value:.16G}</v></c>')
            elif kind is str:
                if _is_plain(value):
                    inline = f' t="inlineStr"><is><t>{value}</t></is></c>'
                    cells.append(f'<c r="{letter}{place}"{inline}')
                elif value:
                    return None
            elif value is not None:
                return None
        return "".join(cells)


@lru_cache(maxsize=4096)
def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None


def _as_shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.8g}" if isinstance(value, float) else str(value)


def _dictionary(tables: Sequence[Table]) -> tuple[list[str], list[Row]]:
    names = ["table", "column", "type", "unit", "meaning", "also called"]
    return names, [[table.name, *column] for table in tables for column in table.columns]


def _flag_meanings() -> tuple[list[str], list[Row]]:
    return ["flag", "meaning"], [[str(flag), text] for flag, text in FLAG_MEANING.items()]

"""Sample sheets as CSV: however a spreadsheet saved them, whatever the country."""

from __future__ import annotations

import codecs
import csv
import io
import re
from pathlib import Path

from blotquant.errors import StudyError
from blotquant.files import read_bytes

from .cells import guarded, without_decimal_comma
from .samples import Grid, is_sample_header
from .text import cleaned

__all__ = ["csv_bytes", "read_csv_grid"]

_SEPARATORS = (",", ";", "\t")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)


def read_csv_grid(path: Path) -> Grid:
    """Cells of a CSV or text file.

    UTF-8, UTF-16 or Windows-1252; commas, semicolons or tabs: the separator is the one that makes
    the header's columns. Where it is not the comma, numbers may have decimal commas.

    Parameters
    ----------
    path : Path

    Raises
    ------
    StudyError
        If the bytes are no text, or the text no table.
    """
    text = _decoded(path)
    separators: tuple[str, ...] = _SEPARATORS
    said = _SEPARATOR_LINE.match(text)
    if said:
        separators, text = (said.group(1),), text[said.end() :]
    read = {separator: _parsed(path, text, separator) for separator in separators}
    separator = max(separators, key=lambda one: _fit(read[one]))
    rows = read[separator]
    return Grid(path.name, rows if separator == "," else _with_points(rows))


def csv_bytes(header: list[str], rows: list[list[str]]) -> bytes:
    """A table as CSV that Excel opens with its Greek letters: UTF-8 with a mark, commas.

    Text that a spreadsheet would run is guarded by an apostrophe, which reading takes off.

    Parameters
    ----------
    header : list of str
    rows : list of list of str
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in (header, *rows):
        writer.writerow([guarded(cell) for cell in row])
    return buffer.getvalue().encode("utf-8-sig")


def _decoded(path: Path) -> str:
    data = read_bytes(path)
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "")
    if not encoding:
        encoding = _utf16_without_mark(data) or "utf-8"
    for attempt in (encoding, "cp1252"):
        try:
            text = data.decode(attempt)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise StudyError(f"{path.name}: is not a text file; save it as CSV (UTF-8) or XLSX")


def _utf16_without_mark(data: bytes) -> str:
    """UTF-16 shows by a zero in every other byte of its Latin letters."""
    start = data[:400]
    if len(start) > 3 and start[1::2].count(0) > 0.8 * len(start[1::2]):
        return "utf-16-le"
    if len(start) > 3 and start[::2].count(0) > 0.8 * len(start[::2]):
        return "utf-16-be"
    return ""


def _parsed(path: Path, text: str, separator: str) -> list[tuple[int, list[str]]]:
    """Rows that hold anything, with their numbers."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        rows = [(number, [cleaned(cell) for cell in row]) for number, row in enumerate(reader, 1)]
    except csv.Error as error:
        raise StudyError(f"{path.name}: row {reader.line_num} cannot be read ({error})") from None
    return [(number, row) for number, row in rows if any(row)]


def _fit(rows: list[tuple[int, list[str]]]) -> tuple[int, int]:
    header = rows[0][1] if rows else []
    return is_sample_header(header), len(header)


def _with_points(rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Rows with decimal points, column by column."""
    if not rows:
        return rows
    width = max(len(cells) for _, cells in rows)
    changed = [(number, list(cells)) for number, cells in rows]
    for at in range(width):
        column = [cells[at] if at < len(cells) else "" for _, cells in changed[1:]]
        for (_, cells), text in zip(changed[1:], without_decimal_comma(column), strict=True):
            if at < len(cells):
                cells[at] = text
    return changed

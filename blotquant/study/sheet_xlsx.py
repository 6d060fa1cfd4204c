"""Sample sheets as XLSX: written with drop-downs, read by values; no formula is ever run."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from blotquant.errors import OutputError, StudyError

from .cells import NO, YES, guarded_text, is_plain_number, text_of
from .model import Study
from .parts import StudyImage
from .samples import KINDS, SAMPLE_COLUMNS, Grid, is_sample_header
from .text import likeness

__all__ = ["read_xlsx_grid", "xlsx_bytes"]

_LARGEST = 16 * 2**20  # bytes of XML, unpacked: a sheet of lanes has some thousand
_MOST_CELLS = 500_000  # of a sheet, up to its last row and column
_LONGEST = 32_767  # letters of a cell
_SPARE_ROWS = 200  # drop-downs below the last lane, for lanes that are added
_HELP = (
    "One row a lane. Lanes count from 1, left to right, as on the contact sheet.",
    "Fill in sample, group and replicate. Add columns of your own: treatment, dose, time_h ...",
    "Biological replicate: an independent culture, animal or patient. Lanes of one sample that is "
    "loaded twice share the replicate and differ in technical.",
    "The sheet 'images' is for reading: what it lists is changed in study.toml.",
    "Then run: blotquant check",
)


def read_xlsx_grid(path: Path) -> Grid:
    """Cells of the sheet ``samples`` of a workbook, or of the first that looks like it.

    Parameters
    ----------
    path : Path

    Raises
    ------
    StudyError
        If the file is no workbook or no sheet has the columns membrane and lane.
    """
    import openpyxl

    _check_size(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions that openpyxl does not keep
            with path.open("rb") as file:  # openpyxl leaves a damaged file open
                values = openpyxl.load_workbook(file, data_only=True, keep_links=False)
                written = openpyxl.load_workbook(file, data_only=False, keep_links=False)
    except Exception as error:  # a damaged file fails anywhere in the parser, with any error
        reason = " ".join(str(error).split())
        raise StudyError(f"{path.name}: cannot be read as XLSX ({reason}); save it again") from None
    _check_extent(path, values.worksheets)
    grids = {sheet.title: _rows(sheet) for sheet in values.worksheets}
    title = _samples_sheet(grids)
    if title is None:
        raise StudyError(
            f"{path.name}: no sheet has the columns membrane and lane; "
            f"sheets: {', '.join(grids) or 'none'}"
        )
    faults = list(_unread(values[title], written[title]))
    return Grid(f"{path.name} [{title}]", grids[title], faults)


def xlsx_bytes(header: list[str], rows: list[list[str]], study: Study | None = None) -> bytes:
    """A workbook with the sheets ``samples``, ``images`` and ``help``.

    kind, use and group have drop-downs; free columns of numbers are numbers, all else is text.

    Parameters
    ----------
    header : list of str
    rows : list of list of str
    study : Study, optional
        Its images are listed.

    Raises
    ------
    OutputError
        If a text is longer than a cell can hold.
    """
    import xlsxwriter

    if any(len(cell) >= _LONGEST for row in (header, *rows) for cell in row):
        raise OutputError(f"sample sheet: a text is longer than {_LONGEST - 1} letters")
    buffer = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})
        styles = {
            "header": book.add_format({"bold": True, "bottom": 1, "bg_color": "#EEF1F4"}),
            # kept as text also when somebody edits the cell
            "text": book.add_format({"quote_prefix": True}),
        }
        sheet = book.add_worksheet("samples")
        _fill(sheet, header, rows, styles)
        _drop_downs(sheet, header, rows)
        names = list(StudyImage.model_fields)
        images = book.add_worksheet("images")
        blocks = study.image if study else ()
        _fill(images, names, [[text_of(getattr(b, n)) for n in names] for b in blocks], styles)
        images.protect()
        _write_help(book, styles)
    return buffer.getvalue()


def _check_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise StudyError(
            f"{path.name}: is not an XLSX file; save it again as XLSX or CSV"
        ) from None
    text = [entry for entry in entries if not entry.filename.startswith("xl/media/")]
    if sum(entry.file_size for entry in text) > _LARGEST:
        raise StudyError(f"{path.name}: is too large for a sample sheet; keep the lanes only")


def _check_extent(path: Path, sheets: Iterable[Any]) -> None:
    """Refuse a cell at the far end of a sheet: all rows down to it would be gone through."""
    for sheet in sheets:
        if sheet.max_row * sheet.max_column > _MOST_CELLS:
            raise StudyError(
                f"{path.name} [{sheet.title[:40]}]: has cells down to row {sheet.max_row}, column "
                f"{sheet.max_column}; delete the rows and columns that are not lanes"
            )


def _rows(sheet: Any) -> list[tuple[int, list[str]]]:
    """Rows of a sheet that hold anything, with their numbers."""
    rows = [
        (number, [text_of(value) for value in row])
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1)
    ]
    return [(number, row) for number, row in rows if any(row)]


def _samples_sheet(grids: dict[str, list[tuple[int, list[str]]]]) -> str | None:
    """The sheet called samples, or the one whose header names most of the columns."""
    for title in grids:
        if likeness(title) == "samples":
            return title
    fits = {title: is_sample_header(rows[0][1]) for title, rows in grids.items() if rows}
    best = max(fits, key=lambda title: fits[title], default=None)
    return best if best is not None and fits[best] > 1 else None


def _unread(values: Any, written: Any) -> Iterable[tuple[int, str]]:
    """Formulas that were never computed: the file holds no value for them."""
    for row in written.iter_rows():
        for cell in row:
            if cell.data_type == "f" and values[cell.coordinate].value is None:
                yield (
                    cell.row,
                    f"cell {cell.coordinate} holds a formula without a value; "
                    "open and save the file in a spreadsheet, or write the value itself",
                )


def _fill(
    sheet: Any, header: Sequence[str], rows: Sequence[Sequence[str]], styles: dict[str, Any]
) -> None:
    """Header frozen and filterable; columns as wide as what they hold."""
    for at, name in enumerate(header):
        sheet.write_string(0, at, guarded_text(name), styles["header"])
        column = [row[at] for row in rows]
        number = name == "lane" or not is_sample_header([name])
        number = number and all(not text or is_plain_number(text) for text in column)
        for below, text in enumerate(column, 1):
            if text and number:
                sheet.write_number(below, at, float(text))
            elif text:
                style = styles["text"] if text[0] in "=+-@'" else None
                sheet.write_string(below, at, guarded_text(text), style)
        sheet.set_column(at, at, min(max(map(len, [name + "   ", *column])), 60) + 1)
    sheet.freeze_panes(1, 0)
    if header:
        sheet.autofilter(0, 0, max(len(rows), 1), len(header) - 1)
        sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})


def _drop_downs(sheet: Any, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Choices for kind and use; groups that are there already, and others may be typed."""
    last = len(rows) + _SPARE_ROWS
    for at, name in enumerate(header):
        if name not in ("kind", "use", "group"):
            continue
        choices = {"kind": list(KINDS), "use": [YES, NO]}.get(name) or _groups(rows, at)
        if not choices:
            continue
        rule: dict[str, Any] = {"validate": "list", "source": choices}
        if name == "group":
            rule |= {"show_error": False}
        else:
            rule |= {"error_title": name, "error_message": f"One of: {', '.join(choices)}"}
        sheet.data_validation(1, at, last, at, rule)


def _groups(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    """Groups for a drop-down: a list inside a rule holds 255 letters and no comma."""
    groups = list(dict.fromkeys(row[at] for row in rows if row[at]))
    plain = [group for group in groups if "," not in group and '"' not in group]
    plain = [group for group in plain if group[0] not in "=+@'"]
    while len(",".join(plain)) > 255:
        plain.pop()
    return plain


def _write_help(book: Any, styles: dict[str, Any]) -> None:
    sheet = book.add_worksheet("help")
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 100)
    for row, line in enumerate(_HELP):
        sheet.write_string(row, 0, line)
    start = len(_HELP) + 1
    sheet.write_row(start, 0, ["column", "meaning"], styles["header"])
    for row, column in enumerate(SAMPLE_COLUMNS, start + 1):
        sheet.write_string(row, 0, column.name)
        sheet.write_string(row, 1, column.meaning)

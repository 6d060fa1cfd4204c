"""Sample sheets in and out: CSV or XLSX, by the file's name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from blotquant.errors import StudyError
from blotquant.files import is_plain_file, write_atomically

from .check_cells import check_samples
from .samples import sample_table, text_rows
from .sheet_csv import csv_bytes, read_csv_grid
from .sheet_xlsx import read_xlsx_grid, xlsx_bytes

if TYPE_CHECKING:
    import pandas as pd

    from .model import Study

__all__ = ["read_samples", "write_samples"]

_WORKBOOKS = (".xlsx", ".xlsm")
_TEXTS = (".csv", ".tsv", ".txt")


def read_samples(path: str | Path, *, strict: bool = True) -> pd.DataFrame:
    """Read a sample sheet that a person has edited.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv`` or ``.txt`` (UTF-8, UTF-16 or Windows-1252; commas, semicolons or tabs),
        or ``.xlsx`` with the sheet ``samples``.
    strict : bool
        Refuse cells that cannot be read. Otherwise they keep their text, for
        `blotquant.study.check_study` to name together with all else that is wrong.

    Returns
    -------
    DataFrame
        ``membrane, lane, sample, group, replicate, technical, kind, use`` and free columns; text
        but for ``lane`` (int) and ``use`` (bool). ``attrs["rows"]`` holds the row of the file for
        each row of the table.

    Raises
    ------
    StudyError
        If the file cannot be read; with `strict`, all cells that cannot be read.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _WORKBOOKS + _TEXTS:
        raise StudyError(f"{path.name}: a sample sheet is a CSV or XLSX file")
    if not is_plain_file(path):
        raise StudyError(f"{path.name}: there is no such file in {path.parent}")
    try:
        grid = read_xlsx_grid(path) if suffix in _WORKBOOKS else read_csv_grid(path)
    except OSError as error:
        raise StudyError(f"{path.name}: cannot be read ({error.strerror})") from None
    table = sample_table(grid)
    faults = [fault for fault in check_samples(table) if fault.severity == "error"]
    if strict and faults:
        raise StudyError("; ".join(str(fault) for fault in faults))
    return table


def write_samples(table: pd.DataFrame, path: str | Path, study: Study | None = None) -> Path:
    """Write a sample table as CSV or, by the file's name, as XLSX with drop-downs.

    What is written is read back by `read_samples` as it was: text that a spreadsheet would run as
    a formula is guarded, spaces at the ends and letters that cannot be seen are dropped.

    Parameters
    ----------
    table : DataFrame
        As from `read_samples`.
    path : str or Path
    study : Study, optional
        Its images are listed in a sheet of the XLSX.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    path = Path(path)
    header, rows = text_rows(table)
    if path.suffix.lower() == ".xlsx":
        return write_atomically(path, xlsx_bytes(header, rows, study))
    return write_atomically(path, csv_bytes(header, rows))

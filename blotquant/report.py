"""The tables of a run as files (CSV, XLSX with a data dictionary) and its provenance."""

from __future__ import annotations

import hashlib
import io
import json
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import __version__
from .columns import (
    BAND_COLUMNS,
    FITNESS_COLUMNS,
    INTEGRITY_COLUMNS,
    LANE_COLUMNS,
    NORMALIZED_COLUMNS,
    SCHEMA_VERSION,
    Column,
)
from .files import is_plain_file, write_atomically
from .flags import FLAG_MEANING
from .notice import Notice
from .outcome import ImageOutcome, RunOutcome
from .recipe import Recipe
from .result import write_csv
from .session import plain
from .study_report.tables import study_tables
from .tables import harmless, table_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "PROBLEM_COLUMNS",
    "fitness_table",
    "integrity_table",
    "problem_table",
    "run_provenance",
    "workbook",
    "write_tables",
]

PROBLEM_COLUMNS: tuple[Column, ...] = (
    Column("image", "text", "", "As in bands."),
    Column("error", "text", "", "Class of the error."),
    Column("reason", "text", "", "What is wrong and what to do, in one line."),
)

_LARGEST_HASHED = 2**31

LIBRARIES = (
    "numpy",
    "scipy",
    "pandas",
    "scikit-image",
    "opencv-python-headless",
    "tifffile",
    "imagecodecs",
    "pillow",
    "pybaselines",
    "matplotlib",
)

_EXCEL_ROWS = 1_048_575  # below the header
_EXCEL_TEXT = 32_767


def problem_table(images: Iterable[ImageOutcome]) -> pd.DataFrame:
    """Images that were skipped or failed, one a row: image, error, reason."""
    import pandas as pd

    rows = [(image.image, image.error, image.reason) for image in images]
    table = pd.DataFrame.from_records(rows, columns=[column.name for column in PROBLEM_COLUMNS])
    return table.astype("object")


def fitness_table(images: Iterable[ImageOutcome]) -> pd.DataFrame:
    """What was done to each picture before it came here, one finding a row.

    Parameters
    ----------
    images : iterable of ImageOutcome
    """
    records = []
    for image in images:
        known = image.result.provenance.get("image", {}) if image.result is not None else {}
        records += [{"image": image.image, **finding} for finding in known.get("fitness", ())]
    return table_of(records, FITNESS_COLUMNS)


def integrity_table(notices: Iterable[Notice]) -> pd.DataFrame:
    """What there is to look at in the pictures themselves, one notice a row.

    Parameters
    ----------
    notices : iterable of Notice
    """
    records = []
    for notice in notices:
        here = zip(("top", "left", "bottom", "right"), notice.box, strict=True)
        there = notice.other_box or (float("nan"),) * 4
        records.append(
            {
                "image": notice.image,
                "kind": notice.kind,
                **dict(here),
                "other_image": notice.other,
                **{
                    f"other_{name}": float(value)
                    for name, value in zip(("top", "left", "bottom", "right"), there, strict=True)
                },
                "turn": notice.turn,
                "evidence": notice.evidence,
                "figure": notice.figure,
            }
        )
    return table_of(records, INTEGRITY_COLUMNS)


def write_tables(out: Path, run: RunOutcome) -> list[Path]:
    """Write bands, lanes, normalized, failures, skipped, fitness and integrity as CSV, and as XLSX.

    A study's tables come with them: statistics, replicates, summary, controls, doses, samples.

    CSV is UTF-8 with comma and dot. A text that begins with ``=``, ``@``, a tab or a carriage
    return, or with a sign before a call (a file name or a label can), gets an apostrophe in front,
    so that no spreadsheet runs it; in the XLSX every text is stored as text and stays as it is.

    Parameters
    ----------
    out : Path
    run : RunOutcome

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    tables = _tables(run)
    written = [
        write_csv(_without_formulas(table, columns), out / f"{name}.csv", columns)
        for name, table, columns in tables
    ]
    return [*written, write_atomically(out / "results.xlsx", workbook(tables))]


def workbook(tables: Sequence[tuple[str, pd.DataFrame, Sequence[Column]]]) -> bytes:
    """The bytes of an XLSX file: a sheet a table, the data dictionary, the meaning of the flags.

    Headers are frozen and filterable, numbers are numbers, NaN is an empty cell. The same tables
    give the same bytes.

    Parameters
    ----------
    tables : sequence of (name, DataFrame, columns)
    """
    import xlsxwriter

    buffer = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties(
            {"comments": f"blotquant {__version__}", "created": datetime(2000, 1, 1)}
        )
        header = book.add_format({"bold": True, "bottom": 1, "bg_color": "#EEF1F4"})
        for name, table, columns in tables:
            rows = _cells(table, columns)
            names = [column.name for column in columns]
            for number, start in enumerate(range(0, max(len(rows), 1), _EXCEL_ROWS), 1):
                title = name if number == 1 else f"{name} ({number})"
                _fill(book, title, names, rows[start : start + _EXCEL_ROWS], header)
        _fill(book, "data dictionary", *_dictionary(tables), header)
        _fill(book, "flags", *_flag_meanings(), header)
    return buffer.getvalue()


def run_provenance(
    images: Sequence[ImageOutcome], recipe: Recipe, messages: Sequence[str], started: datetime
) -> dict[str, Any]:
    """What has to be known to repeat a run, as JSON.

    Parameters
    ----------
    images : sequence of ImageOutcome
    recipe : Recipe
        Of the run as a whole.
    messages : sequence of str
    started : datetime
        When the run began (UTC).
    """
    settings = recipe.model_dump(mode="json")
    return {
        "schema_version": SCHEMA_VERSION,
        "blotquant": __version__,
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "libraries": _versions(),
        "recipe": settings,
        "recipe_sha256": _digest(settings),
        "images": [_image_entry(image, recipe) for image in images],
        "messages": list(messages),
    }


def _tables(run: RunOutcome) -> list[tuple[str, pd.DataFrame, tuple[Column, ...]]]:
    return [
        ("bands", run.bands, BAND_COLUMNS),
        ("lanes", run.lanes, LANE_COLUMNS),
        ("normalized", run.normalized, NORMALIZED_COLUMNS),
        ("failures", problem_table(run.failed), PROBLEM_COLUMNS),
        ("skipped", problem_table(run.skipped), PROBLEM_COLUMNS),
        ("fitness", fitness_table(run.measured), FITNESS_COLUMNS),
        ("integrity", integrity_table(run.notices), INTEGRITY_COLUMNS),
        *(study_tables(run.study) if run.study is not None else ()),
    ]


def _without_formulas(table: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The table with texts that a spreadsheet would run made harmless."""
    changed = table.copy()
    for column in columns:
        if column.kind == "text":
            changed[column.name] = [
                harmless(value) if isinstance(value, str) else value for value in table[column.name]
            ]
    return changed


def _cells(table: pd.DataFrame, columns: Sequence[Column]) -> list[list[Any]]:
    """Rows of plain Python values, None where there is none."""
    series = []
    for column in columns:
        values = table[column.name]
        pairs = zip(values.tolist(), values.isna().tolist(), strict=True)
        series.append([None if missing else value for value, missing in pairs])
    return [list(row) for row in zip(*series, strict=True)]


def _fill(
    book: Any, title: str, names: Sequence[str], rows: Sequence[Sequence[Any]], header: Any
) -> None:
    """One sheet: header frozen and filterable, columns as wide as what they hold."""
    sheet = book.add_worksheet(title)
    sheet.write_row(0, 0, names, header)
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, column, value[:_EXCEL_TEXT])
            elif value is not None:
                sheet.write(number, column, value)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(rows), 1), len(names) - 1)
    for column, name in enumerate(names):
        shown = [len(_as_shown(row[column])) for row in rows[:200]]
        sheet.set_column(column, column, min(max([len(name) + 3, *shown]), 60) + 1)


def _as_shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.8g}" if isinstance(value, float) else str(value)


def _dictionary(
    tables: Sequence[tuple[str, Any, Sequence[Column]]],
) -> tuple[list[str], list[list[str]]]:
    names = ["table", "column", "type", "unit", "meaning", "also called"]
    return names, [[name, *column] for name, _, columns in tables for column in columns]


def _flag_meanings() -> tuple[list[str], list[list[str]]]:
    return ["flag", "meaning"], [[str(flag), text] for flag, text in FLAG_MEANING.items()]


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # another build of the same library, e.g. opencv-python
            found[name] = ""
    return found


def _image_entry(image: ImageOutcome, recipe: Recipe) -> dict[str, Any]:
    """One image in the provenance; its recipe only where it is not the run's."""
    entry: dict[str, Any] = {"image": image.image, "status": image.status}
    if image.result is None:
        return {**entry, "sha256": _file_digest(image.path), "reason": image.reason}
    known = plain(dict(image.result.provenance.get("image", {})))
    entry |= {key: known.get(key) for key in ("sha256", "format", "reader", "shape", "polarity")}
    entry["orientation"] = known.get("orientation")
    if image.result.recipe != recipe:
        entry["recipe"] = image.result.recipe.model_dump(mode="json")
    return entry


def _file_digest(path: Path) -> str:
    """Hash of a file that was refused; empty for what it would take for ever to read."""
    try:
        if not is_plain_file(path) or path.stat().st_size > _LARGEST_HASHED:
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _digest(tree: Any) -> str:
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()

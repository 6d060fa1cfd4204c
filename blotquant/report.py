"""The tables of a run as files (CSV, XLSX with a data dictionary) and its provenance."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
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
from .files import is_plain_file, open_atomically
from .notice import Notice
from .outcome import ImageOutcome, RunOutcome
from .recipe import Recipe
from .result import csv_text
from .session import plain
from .tables import empty_table, harmless, table_of
from .workbook import Table, write_workbook, written_beside

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "PROBLEM_COLUMNS",
    "fitness_table",
    "integrity_table",
    "problem_table",
    "run_provenance",
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


def problem_table(images: Iterable[ImageOutcome]) -> pd.DataFrame:
    """Images that were skipped or failed, one a row: image, error, reason."""
    rows = [{"image": one.image, "error": one.error, "reason": one.reason} for one in images]
    return table_of(rows, PROBLEM_COLUMNS)


def fitness_table(images: Iterable[ImageOutcome]) -> pd.DataFrame:
    """What was done to each picture before it came here, one finding a row.

    Parameters
    ----------
    images : iterable of ImageOutcome
    """
    records = []
    for image in images:
        found = image.facts.get("fitness", ())
        records += [{"image": image.image, **finding} for finding in found]
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


def write_tables(
    out: Path, run: RunOutcome, *, meanwhile: Callable[[], list[Path]] | None = None
) -> list[Path]:
    """Write bands, lanes, normalized, failures, skipped, fitness and integrity as CSV, and as XLSX.

    A study's tables come with them: statistics, replicates, summary, controls, doses, samples.

    CSV is UTF-8 with comma and dot. A text that begins with ``=``, ``@``, a tab or a carriage
    return, or with a sign before a call (a file name or a label can), gets an apostrophe in front,
    so that no spreadsheet runs it; in the XLSX every text is stored as text and stays as it is.

    Parameters
    ----------
    out : Path
    run : RunOutcome
    meanwhile : callable, optional
        Writes other files while a process of its own writes the workbook; gives their paths.

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
    book = out / "results.xlsx"
    texts = [(table, out / f"{table.name}.csv") for table in tables]
    if meanwhile is None:
        return [*(_write_csv(*text) for text in texts), write_workbook(book, tables)]
    with written_beside(book, tables):
        written = [*(_write_csv(*text) for text in texts), *meanwhile()]
    return [*written, book]


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


def _tables(run: RunOutcome) -> list[Table]:
    of = Table.of
    return [
        Table("bands", BAND_COLUMNS, run.pieces_of("bands")),
        Table("lanes", LANE_COLUMNS, run.pieces_of("lanes")),
        of("normalized", run.normalized, NORMALIZED_COLUMNS),
        of("failures", problem_table(run.failed), PROBLEM_COLUMNS),
        of("skipped", problem_table(run.skipped), PROBLEM_COLUMNS),
        of("fitness", fitness_table(run.measured), FITNESS_COLUMNS),
        of("integrity", integrity_table(run.notices), INTEGRITY_COLUMNS),
        *(of(*table) for table in _study_tables(run)),
    ]


def _study_tables(run: RunOutcome) -> Iterable[Any]:
    if run.study is None:
        return ()
    from .study_report.tables import study_tables  # brings figures and statistics

    return study_tables(run.study)


def _write_csv(table: Table, path: Path) -> Path:
    """Write a table as CSV, piece by piece; no cell of it is run by a spreadsheet."""
    with open_atomically(path) as file:
        heading = csv_text(empty_table(table.columns), table.columns)
        file.write(heading.encode("utf-8"))
        for piece in table.pieces():
            harmless_piece = _without_formulas(piece, table.columns)
            file.write(csv_text(harmless_piece, table.columns, heading=False).encode("utf-8"))
    return path


def _without_formulas(table: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The table with texts that a spreadsheet would run made harmless."""
    changed = table.copy()
    for column in columns:
        if column.kind == "text":
            changed[column.name] = [
                _known_harmless(value) if isinstance(value, str) else value
                for value in table[column.name]
            ]
    return changed


_known_harmless = lru_cache(maxsize=4096)(harmless)  # most cells of a column are alike


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
    if image.status != "measured":
        return {**entry, "sha256": _file_digest(image.path), "reason": image.reason}
    known = plain(dict(image.facts))
    entry |= {key: known.get(key) for key in ("sha256", "format", "reader", "shape", "polarity")}
    entry["orientation"] = known.get("orientation")
    if image.recipe is not None and image.recipe != recipe:
        entry["recipe"] = image.recipe.model_dump(mode="json")
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

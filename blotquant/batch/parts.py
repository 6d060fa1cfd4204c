"""Parts: what was measured of one file or membrane, as one Parquet file that outlives the process.

A worker sends home bytes, the parent alone writes. Everything a run says afterwards is read from
parts, whether they were written a moment ago or before the power went: so a run that was resumed
says the same as one that was not disturbed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blotquant.columns import BAND_COLUMNS, LANE_COLUMNS
from blotquant.errors import SessionError
from blotquant.outcome import ImageOutcome
from blotquant.parquet import decode, encode, to_frame
from blotquant.recipe import Recipe
from blotquant.result import Result
from blotquant.session import Session, plain
from blotquant.tables import joined, records_of, table_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Measured", "Part", "Product", "lanes_of", "product_of"]

_NOTE = "blotquant"
_REMEMBERED = 64  # results that were read from parts
# What is kept in memory of how each picture was read.
_FACTS = ("sha256", "format", "reader", "shape", "polarity", "orientation", "fitness")


@dataclass(frozen=True, eq=False)
class Measured:
    """What became of a picture, and what is to be written of it.

    Parameters
    ----------
    outcome : ImageOutcome
    files : mapping of str to bytes
        By relative POSIX path.
    session : bytes
        The layout file's content; empty where it was not measured.
    """

    outcome: ImageOutcome
    files: Mapping[str, bytes] = field(default_factory=dict)
    session: bytes = b""


@dataclass(frozen=True, eq=False)
class Product:
    """What a worker sends home.

    Parameters
    ----------
    part : bytes
        As `Part` reads it.
    files : mapping of str to bytes
        Layouts and overlays, by relative POSIX path.
    outcomes : tuple of mapping
        Image, status and error of each picture.
    hashes : mapping of str to str
        SHA-256 of each file, by its name in the tables, as far as it was read.
    """

    part: bytes
    files: Mapping[str, bytes]
    outcomes: tuple[Mapping[str, str], ...]
    hashes: Mapping[str, str]


def product_of(measured: Sequence[Measured], out: Path) -> Product:
    """Everything of a job, as bytes.

    Parameters
    ----------
    measured : sequence of Measured
    out : Path
        Folder of the outputs, below which outcomes name their files.
    """
    outcomes = [one.outcome for one in measured]
    results = [one.outcome.result for one in measured]
    bands = joined((result.table for result in results if result is not None), BAND_COLUMNS)
    notes = json.dumps([_note(one, out) for one in measured]).encode("ascii")
    return Product(
        part=encode(bands, BAND_COLUMNS, {_NOTE: notes}),
        files={name: data for one in measured for name, data in one.files.items()},
        outcomes=tuple(
            {"image": one.image, "status": one.status, "error": one.error} for one in outcomes
        ),
        hashes={
            one.path.name: str(one.facts["sha256"]) for one in outcomes if one.facts.get("sha256")
        },
    )


@dataclass(frozen=True)
class Part:
    """A part on disk.

    Parameters
    ----------
    path : Path
    out : Path
        Folder of the outputs.
    sha256 : str
        Tells it from what lay there before its file was changed: what was read is remembered.
    """

    path: Path
    out: Path
    sha256: str = ""

    def read(self) -> tuple[pa.Table, list[dict[str, Any]]]:
        """Bands of its pictures, as Arrow has them, and what else there is of each.

        Raises
        ------
        OSError, ValueError
            If it is not there or damaged.
        """
        bands, notes = decode(self.path.read_bytes(), BAND_COLUMNS)
        content = json.loads(notes.get(_NOTE, b""))
        if not isinstance(content, list):
            raise ValueError("is no part of a run")
        return bands, content

    def outcomes(self, notes: Iterable[Mapping[str, Any]]) -> list[ImageOutcome]:
        """Outcomes of its pictures; layouts and tables are read again when they are asked for."""
        return [self._outcome(number, note) for number, note in enumerate(notes)]

    def _outcome(self, number: int, note: Mapping[str, Any]) -> ImageOutcome:
        measured = note["status"] == "measured"
        return ImageOutcome(
            image=note["image"],
            path=Path(note["path"]),
            status=note["status"],
            result=partial(_result, self, number) if measured else None,
            overlay=self._file(note["overlay"]),
            sidecar=self._file(note["sidecar"]),
            error=note["error"],
            reason=note["reason"],
            warnings=tuple(note["warnings"]),
            facts={key: note["facts"][key] for key in _FACTS if key in note["facts"]},
            recipe=_recipe(json.dumps(note["recipe"])) if measured else None,
            lane_count=len(note["lanes"]),
            plots=partial(_drawn, self, number, "plots") if note["plots"] else None,
            picture=partial(_drawn, self, number, "picture") if note.get("picture") else None,
        )

    def _file(self, name: str) -> Path | None:
        return self.out / name if name else None


def lanes_of(notes: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Table of the lanes of a part's pictures."""
    return table_of((lane for note in notes for lane in note["lanes"]), LANE_COLUMNS)


def _note(measured: Measured, out: Path) -> dict[str, Any]:
    one = measured.outcome
    result = one.result
    return {
        "image": one.image,
        "path": str(one.path),  # bytes that are no text survive as JSON's escapes
        "status": one.status,
        "error": one.error,
        "reason": one.reason,
        "warnings": list(one.warnings),
        "overlay": _relative(one.overlay, out),
        "sidecar": _relative(one.sidecar, out),
        "facts": plain(dict(one.facts)),
        "recipe": result.recipe.model_dump(mode="json") if result is not None else None,
        "lanes": records_of(result.lanes) if result is not None else [],
        "session": measured.session.decode("utf-8"),
        "plots": [dict(plot) for plot in one.plots or ()],
        "picture": one.picture,
    }


def _relative(path: Path | None, out: Path) -> str:
    return "" if path is None else path.relative_to(out).as_posix()


@lru_cache(maxsize=_REMEMBERED)
def _result(part: Part, number: int) -> Result:
    arrow, notes = _content(part)
    note, bands = notes[number], to_frame(arrow, BAND_COLUMNS)
    try:
        session = Session.model_validate_json(note["session"])
    except ValueError as error:
        raise SessionError(f"{note['image']}: its layout cannot be read again ({error})") from None
    return Result(
        image=note["image"],
        layout=session.to_layout(),
        table=bands[bands["image"] == note["image"]].reset_index(drop=True),
        lanes=table_of(note["lanes"], LANE_COLUMNS),
        measurements={},
        recipe=session.recipe,
        provenance=session.provenance,
        warnings=tuple(note["warnings"]),
    )


def _drawn(part: Part, number: int, what: str) -> Any:
    return _content(part)[1][number][what]


@lru_cache(maxsize=1)  # the report asks for one thing of a picture after the other
def _content(part: Part) -> tuple[pa.Table, list[dict[str, Any]]]:
    return part.read()


@lru_cache(maxsize=256)
def _recipe(text: str) -> Recipe:
    """One object for all pictures that were measured with the same settings."""
    return Recipe.model_validate_json(text)

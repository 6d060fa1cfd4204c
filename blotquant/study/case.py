"""What the checks of a study look at: its file, its sample table, and what its images hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from blotquant.names import target_key

from .cells import text_of, whole_lane
from .model import Study
from .parts import StudyImage
from .problem import Problem, Severity, cell, rows_in_words, sheet_name
from .samples import SAMPLE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Case", "ImageFacts", "SampleRow"]

STUDY_FILE = "study.toml"


@dataclass(frozen=True)
class ImageFacts:
    """What is known of an image before the study is computed.

    Parameters
    ----------
    lanes : int or None
        Lanes found in the whole picture; None where that was not looked at.
    error : str
        Why it cannot be read; empty where it can.
    panels : tuple of int
        Lanes of each panel, where the picture shows several membranes.
    """

    lanes: int | None = None
    error: str = ""
    panels: tuple[int, ...] = ()

    def lanes_in(self, panel: int) -> int | None:
        """Lanes of one panel (from 1); of the whole picture where panels are not told apart."""
        if not self.panels:
            return self.lanes
        return self.panels[panel - 1] if panel <= len(self.panels) else 0


@dataclass(frozen=True)
class SampleRow:
    """One row of the sheet; lane is None where it cannot be read."""

    position: int
    membrane: str
    lane: int | None
    sample: str
    group: str
    replicate: str
    technical: str
    kind: str
    use: bool
    free: Mapping[str, str]

    @property
    def counts(self) -> bool:
        """Whether the row is a sample that is compared."""
        return self.use and self.kind == "sample"

    def entry(self, column: str) -> str:
        """Text in any column."""
        return self.free[column] if column in self.free else text_of(getattr(self, column, ""))


@dataclass(frozen=True, eq=False)
class Case:
    """One study under examination.

    Parameters
    ----------
    study : Study
    table : DataFrame
    images : mapping of str to ImageFacts
    folder : Path
    """

    study: Study
    table: pd.DataFrame
    images: Mapping[str, ImageFacts]
    folder: Path

    @cached_property
    def rows(self) -> tuple[SampleRow, ...]:
        """Rows of the sheet."""
        names = [str(name) for name in self.table.columns]
        columns = {str(name): self.table[name].tolist() for name in self.table.columns}
        return tuple(
            _sample_row(position, {name: columns[name][position] for name in names})
            for position in range(len(self.table))
        )

    @cached_property
    def samples(self) -> tuple[SampleRow, ...]:
        """Rows that are compared: samples that are used and not excluded for all targets."""
        out = {(block.membrane, block.lane) for block in self.study.exclude if not block.target}
        return tuple(row for row in self.rows if row.counts and (row.membrane, row.lane) not in out)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Groups of the lanes that are compared, in the order of the sheet."""
        return tuple(dict.fromkeys(row.group for row in self.samples if row.group))

    def rows_of(self, membrane: str) -> list[SampleRow]:
        """Rows of one membrane."""
        return [row for row in self.rows if row.membrane == membrane]

    def facts(self, image: StudyImage) -> ImageFacts:
        """What is known of a block's image."""
        unknown = ImageFacts()
        return self.images.get(image.name, self.images.get(image.file, unknown))

    def shows(self, target: str, membrane: str = "") -> bool:
        """Whether some image (of a membrane) shows a target."""
        key = target_key(target)
        return any(
            target_key(image.target) == key
            for image in self.study.image
            if membrane in ("", image.membrane)
        )

    def in_study(self, place: str, message: str, severity: Severity = "error") -> Problem:
        """Problem of the study file."""
        return Problem(STUDY_FILE, place, message, severity)

    def in_image(self, image: StudyImage, message: str, severity: Severity = "error") -> Problem:
        """Problem of a block of the study file."""
        number = next(n for n, block in enumerate(self.study.image, 1) if block is image)
        return Problem(STUDY_FILE, f"[[image]] {number} ({image.name})", message, severity)

    def in_cell(
        self, row: SampleRow, column: str, message: str, severity: Severity = "error"
    ) -> Problem:
        """Problem of one cell of the sheet."""
        where = cell(self.table, row.position, column)
        return Problem(sheet_name(self.table), where, message, severity)

    def in_rows(
        self, rows: Iterable[SampleRow], message: str, severity: Severity = "error"
    ) -> Problem:
        """Problem of some rows of the sheet."""
        where = rows_in_words(self.table, [row.position for row in rows])
        return Problem(sheet_name(self.table), where, message, severity)

    def in_sheet(self, message: str, severity: Severity = "error") -> Problem:
        """Problem of the sheet as a whole."""
        return Problem(sheet_name(self.table), "", message, severity)


def _sample_row(position: int, values: Mapping[str, object]) -> SampleRow:
    lane, use = values.get("lane"), values.get("use", True)
    known = {column.name for column in SAMPLE_COLUMNS}
    texts = {name: text_of(value) for name, value in values.items()}
    return SampleRow(
        position,
        texts.get("membrane", ""),
        whole_lane(lane),
        sample=texts.get("sample", ""),
        group=texts.get("group", ""),
        replicate=texts.get("replicate", ""),
        technical=texts.get("technical", ""),
        kind=texts.get("kind") or "sample",
        use=use is not False and not (isinstance(use, np.bool_) and not use),
        free={name: text for name, text in texts.items() if name not in known},
    )

"""What a run over many images came to: one outcome per image, and the tables of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from .notice import Notice
    from .recipe import Recipe
    from .result import Result
    from .study_result import StudyResult

__all__ = ["ImageOutcome", "RunOutcome", "Status"]

Status = Literal["measured", "skipped", "failed"]


@dataclass(frozen=True, eq=False)
class ImageOutcome:
    """What became of one picture of a run.

    Parameters
    ----------
    image : str
        Name in the tables: POSIX path below the run's root, with ``#part`` where a file holds
        several pictures.
    path : Path
        The file it came from.
    status : {"measured", "skipped", "failed"}
        Skipped: read and looked at, but there is nothing to measure. Failed: could not be done.
    result : Result or None
        Layout, tables and profiles of a measured picture; None otherwise.
    overlay : Path or None
        PNG with lanes and bands drawn on the blot, where one was written.
    sidecar : Path or None
        Layout file that was written.
    error : str
        Class of the error (``"UnreadableImage"``, ``"NothingFound"``, ...); empty when measured.
    reason : str
        The error in one line; empty when measured.
    warnings : tuple of str
        One line each, of this picture alone.
    """

    image: str
    path: Path
    status: Status
    result: Result | None = None
    overlay: Path | None = None
    sidecar: Path | None = None
    error: str = ""
    reason: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class RunOutcome:
    """A whole run.

    Parameters
    ----------
    images : tuple of ImageOutcome
        In input order, whatever finished first.
    bands, lanes, normalized : pandas.DataFrame
        The tables of all measured pictures, columns as in `blotquant.columns`; with their columns
        also when they have no rows. `bands` carries relative and normalized densities.
    messages : tuple of str
        Lines about the run as a whole (no loading control, lanes that do not pair, ...).
    recipe : Recipe
        As given for the run; a picture measured from its layout file may carry its own
        (``result.recipe``).
    provenance : mapping
        Versions, platform, recipe and images with their hashes: all JSON.
    out : Path
        Folder of the outputs.
    figures : mapping of str to bytes
        Figures of a study, SVG or PNG, by name (``"panel"``, ``"folds"``, ``"target:P53"``, ...);
        the report shows them.
    study : StudyResult or None
        Conclusions, where a study file says what was asked.
    notices : tuple of Notice
        What to look at in the pictures themselves: joints, regions that occur twice.
    """

    images: tuple[ImageOutcome, ...]
    bands: pd.DataFrame
    lanes: pd.DataFrame
    normalized: pd.DataFrame
    messages: tuple[str, ...]
    recipe: Recipe
    provenance: Mapping[str, Any] = field(default_factory=dict)
    out: Path = Path()
    figures: Mapping[str, bytes] = field(default_factory=dict)
    study: StudyResult | None = None
    notices: tuple[Notice, ...] = ()

    def having(self, status: Status) -> tuple[ImageOutcome, ...]:
        """Images with a given status, in input order."""
        return tuple(image for image in self.images if image.status == status)

    @property
    def measured(self) -> tuple[ImageOutcome, ...]:
        """Images that were measured."""
        return self.having("measured")

    @property
    def skipped(self) -> tuple[ImageOutcome, ...]:
        """Images that were looked at and hold nothing to measure."""
        return self.having("skipped")

    @property
    def failed(self) -> tuple[ImageOutcome, ...]:
        """Images that could not be read or measured."""
        return self.having("failed")

"""What a run over many images came to: one outcome per image, and the tables of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from .columns import BAND_COLUMNS
from .tables import joined

if TYPE_CHECKING:
    import pandas as pd

    from .notice import Notice
    from .recipe import Recipe
    from .result import Result
    from .study_result import StudyResult

__all__ = ["MANY_SHOWN", "MOST_SHOWN", "ImageOutcome", "RunOutcome", "Status"]

Status = Literal["measured", "skipped", "failed"]
T = TypeVar("T")

# Pictures that a report shows one by one; of the others it counts what there is to look at.
MOST_SHOWN = 100
# From one more on they are folded up, and smaller: the page is still to be sent.
MANY_SHOWN = 12


class _Later(Generic[T]):
    """A field that holds its value, or a function that fetches it from disk when it is asked for.

    A run over a hundred thousand pictures keeps none of their profiles and tables in memory.

    Parameters
    ----------
    needed : bool
        The field has to be given; otherwise it is None by default.
    """

    def __init__(self, *, needed: bool = False) -> None:
        self._needed = needed

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    @overload
    def __get__(self, instance: None, owner: type) -> None: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> T | None:
        if instance is None:  # asked by `dataclass` for the field's default
            if self._needed:
                raise AttributeError(self._name)
            return None
        value: T | Callable[[], T] = instance.__dict__[self._name]
        return value() if callable(value) else value

    def __set__(self, instance: object, value: T | Callable[[], T]) -> None:
        instance.__dict__[self._name] = value


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
        Layout and tables of a measured picture; None otherwise. In a folder run it is read from
        disk when it is asked for, and without profiles: `blotquant.measure` with its layout gives
        them. May be given as a function that fetches it.
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
    facts : mapping
        How the picture was read, as ``provenance["image"]`` of the result has it, or the part of it
        that a run keeps in memory; empty where it is not known.
    recipe : Recipe or None
        The settings it was measured with.
    lane_count : int
        Lanes that were measured.
    plots : tuple of mapping, or None
        Profile of each lane as the report draws it (lane, label, kind, svg), where it was drawn
        when the picture was measured. May be given as a function.
    picture : mapping, or None
        Fields of the `blotquant.figures.page_picture.PagePicture` that was made then; as `plots`.
    """

    image: str
    path: Path
    status: Status
    result: _Later[Result | None] = _Later()  # a descriptor is its field's default
    overlay: Path | None = None
    sidecar: Path | None = None
    error: str = ""
    reason: str = ""
    warnings: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    recipe: Recipe | None = None
    lane_count: int = 0
    plots: _Later[tuple[Mapping[str, Any], ...] | None] = _Later()
    picture: _Later[Mapping[str, Any] | None] = _Later()

    @classmethod
    def of(cls, path: Path, result: Result, **more: Any) -> ImageOutcome:
        """Outcome of a picture that was just measured."""
        facts = result.provenance.get("image", {})
        return cls(
            result.image,
            path,
            "measured",
            result,
            facts=facts,
            recipe=result.recipe,
            lane_count=len(result.lanes),
            **more,
        )


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
    url : str
        Where they were copied to, if that was asked for.
    figures : mapping of str to bytes
        Figures of a study, SVG or PNG, by name (``"panel"``, ``"folds"``, ``"target:P53"``, ...);
        the report shows them.
    study : StudyResult or None
        Conclusions, where a study file says what was asked.
    notices : tuple of Notice
        What to look at in the pictures themselves: joints, regions that occur twice.
    flags : pandas.DataFrame
        Columns ``image`` and ``flags`` of `bands`: what a report of very many pictures goes by.
    pieces : mapping of str to callable
        Where `bands` and `lanes` lie on disk: what reads them piece by piece.
    """

    images: tuple[ImageOutcome, ...]
    bands: _Later[pd.DataFrame] = _Later(needed=True)
    lanes: _Later[pd.DataFrame] = _Later(needed=True)
    # mypy does not see that a descriptor may say that it has no default
    normalized: pd.DataFrame  # type: ignore[misc]
    messages: tuple[str, ...]  # type: ignore[misc]
    recipe: Recipe  # type: ignore[misc]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    out: Path = Path()
    url: str = ""
    figures: Mapping[str, bytes] = field(default_factory=dict)
    study: StudyResult | None = None
    notices: tuple[Notice, ...] = ()
    flags: _Later[pd.DataFrame | None] = _Later()
    pieces: Mapping[str, Callable[[], Iterable[pd.DataFrame]]] = field(default_factory=dict)

    @property
    def band_flags(self) -> pd.DataFrame:
        """Image and flags of every band."""
        flags = self.flags
        return flags if flags is not None else self.bands[["image", "flags"]]

    def bands_of(self, images: Sequence[str]) -> pd.DataFrame:
        """Bands of some images."""
        wanted = set(images)
        pieces = self.pieces_of("bands")()
        return joined((rows[rows["image"].isin(wanted)] for rows in pieces), BAND_COLUMNS)

    def pieces_of(self, name: Literal["bands", "lanes"]) -> Callable[[], Iterable[pd.DataFrame]]:
        """What gives a long table piece by piece: never all of it in memory."""
        if name in self.pieces:
            return self.pieces[name]
        table = self.bands if name == "bands" else self.lanes
        return partial(iter, (table,))

    def with_provenance(self, provenance: Mapping[str, Any]) -> RunOutcome:
        """The same run with another provenance; no table is fetched for it."""
        other = copy(self)
        object.__setattr__(other, "provenance", provenance)
        return other

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

"""Study: which image shows which target on which membrane, and what is to be compared."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, cast, get_args

from pydantic import BaseModel, ValidationError, field_validator

from blotquant.errors import StudyError
from blotquant.files import read_toml, shown
from blotquant.names import target_key

from .parts import (
    Block,
    Comparison,
    Dose,
    Exclusion,
    FigureSettings,
    LinearitySeries,
    Membrane,
    NormalizationPlan,
    StatisticsPlan,
    StudyImage,
    Word,
    key,
)
from .text import did_you_mean
from .toml import study_toml

__all__ = ["Study"]


class Study(Block):
    """A whole study, as `study.toml` describes it.

    Keys are the file's own: ``study.image`` is the tuple of its ``[[image]]`` blocks. Lanes and
    samples stand in the sample sheet that ``samples`` names.

    Examples
    --------
    >>> Study().pairing
    'unknown'
    """

    schema_version: Literal[1] = key(1, "Version of this file's format.")
    title: Word = key("", "Title of the study.")
    question: Word = key("", "What was asked.")
    samples: Word = key("samples.csv", "Sample sheet beside this file (CSV, XLSX): one row a lane.")
    reference_group: Word = key("", "Group that the others are compared with, as in the sheet.")
    replicate_unit: Word = key(
        "", "What a biological replicate is, e.g. independent culture, animal, patient."
    )
    pairing: Literal["paired", "independent", "unknown"] = key(
        "unknown",
        "paired: a replicate gives a sample to each group; independent; unknown: no test is made.",
    )
    complete: bool = key(
        True,
        "False while blots are still to come: images may be missing, and nothing is tested yet.",
    )
    normalization: NormalizationPlan = NormalizationPlan()
    statistics: StatisticsPlan = StatisticsPlan()
    figures: FigureSettings = FigureSettings()
    membrane: tuple[Membrane, ...] = ()
    image: tuple[StudyImage, ...] = ()
    exclude: tuple[Exclusion, ...] = ()
    comparison: tuple[Comparison, ...] = ()
    dose: tuple[Dose, ...] = ()
    linearity: tuple[LinearitySeries, ...] = ()

    @field_validator("schema_version", mode="before")
    @classmethod
    def _known_version(cls, version: Any) -> Any:
        if isinstance(version, int) and version > 1:
            raise ValueError("the file is from a newer blotquant; update blotquant")
        return version

    @classmethod
    def parse(cls, tree: dict[str, Any], origin: str = "study.toml") -> Study:
        """Study from nested dicts, as TOML or JSON gives them.

        Parameters
        ----------
        tree : dict
        origin : str
            File that the message names.

        Raises
        ------
        StudyError
            One message with every fault: the key, what is wrong, what is allowed.
        """
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            faults = dict.fromkeys(_fault(detail, tree) for detail in error.errors())
            raise StudyError(f"{origin}: {'; '.join(faults)}") from None

    @classmethod
    def from_toml(cls, path: str | Path) -> Study:
        """Read a study file; keys that are not in it keep their defaults.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        StudyError
            If the file cannot be read, is not TOML, or holds what is not allowed: all faults at
            once.
        """
        path = Path(path)
        try:
            tree = read_toml(path)
        except OSError as error:
            raise StudyError(f"{path.name}: cannot be read ({error.strerror})") from None
        except ValueError as error:
            reason = " ".join(str(error).split())[:200]
            raise StudyError(f"{path.name}: is not a TOML file ({reason})") from None
        return cls.parse(tree, path.name)

    def to_toml(self, notes: Iterable[str] = ()) -> str:
        """The study as TOML, each key with its meaning as a comment.

        Parameters
        ----------
        notes : iterable of str
            Lines for the head of the file: what is still to be filled in.
        """
        return study_toml(self, notes)

    def membranes(self) -> tuple[str, ...]:
        """Names of all membranes, in the order of the file."""
        named = [block.id for block in self.membrane] + [image.membrane for image in self.image]
        return tuple(dict.fromkeys(named))

    def images_of(self, membrane: str) -> tuple[StudyImage, ...]:
        """Blocks of the images that show a membrane, in the order of the file."""
        return tuple(image for image in self.image if image.membrane == membrane)

    def controls_of(self, membrane: str) -> tuple[StudyImage, ...]:
        """Images of a membrane whose role is loading_control or total_protein.

        Where ``normalization.loading_controls`` names some, of the loading controls only those.
        """
        wanted = {target_key(name) for name in self.normalization.loading_controls}
        return tuple(
            image
            for image in self.images_of(membrane)
            if image.role == "total_protein"
            or (image.role == "loading_control" and _is_wanted(image.target, wanted))
        )

    def targets(self) -> tuple[str, ...]:
        """Targets that are to be compared, each in its first spelling, in the order of the file."""
        found: dict[str, str] = {}
        for image in self.image:
            if image.role == "target":
                found.setdefault(target_key(image.target), image.target)
        return tuple(found.values())


def _is_wanted(target: str, wanted: set[str]) -> bool:
    return not wanted or target_key(target) in wanted


_ALLOWED = re.compile(r"'([^']*)'")


def _fault(detail: Any, tree: dict[str, Any]) -> str:
    """One fault of pydantic's list, in words."""
    place = list(detail["loc"])
    where, last = _block(place, tree), str(place[-1]) if place else ""
    if detail["type"] == "extra_forbidden":
        known = list(_model_at(place[:-1]).model_fields)
        return f"{where}there is no setting '{last}'{did_you_mean(last, known)}"
    if detail["type"] == "missing":
        return f"{where}{last} is missing"
    message = _message(detail)
    if detail["type"] == "value_error" and isinstance(detail.get("input"), dict):
        return where + message
    name = ".".join(str(part) for part in _inside(place))
    value = detail.get("input")
    if detail["type"] == "literal_error":
        near = did_you_mean(str(value), _ALLOWED.findall(message))
        message += near if near.startswith(" -") else ""
    return f"{where}{name} = {shown(value)}: {message}"


def _message(detail: Any) -> str:
    if detail["type"] in ("string_too_short", "too_short"):
        return "must not be empty"
    message = str(detail["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _block(place: list[Any], tree: dict[str, Any]) -> str:
    """Which block a fault is in: ``[section]``, or ``[[image]] 2 (M1_P53.tif)``."""
    if len(place) > 1 and isinstance(place[1], int):
        blocks = tree.get(place[0])
        block = blocks[place[1]] if isinstance(blocks, list) else None
        named = block if isinstance(block, dict) else {}
        name = next((str(named[k]) for k in ("file", "id", "name") if k in named), "")
        return f"[[{place[0]}]] {place[1] + 1}{f' ({name})' if name else ''}: "
    return f"[{place[0]}] " if len(place) > 1 else ""


def _inside(place: list[Any]) -> list[Any]:
    """Keys below the block."""
    if len(place) > 1:
        place = place[2:] if isinstance(place[1], int) else place[1:]
    return place


def _model_at(place: list[Any]) -> type[BaseModel]:
    """The model whose keys stand at a place of the file."""
    if not place:
        return Study
    annotation: Any = Study.model_fields[str(place[0])].annotation
    if not isinstance(annotation, type):  # a tuple of blocks
        annotation = get_args(annotation)[0]
    return cast(type[BaseModel], annotation)

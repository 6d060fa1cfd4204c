"""What several commands take: options, and how they become settings of a recipe."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from blotquant.errors import RecipeError

__all__ = [
    "FINDING",
    "MEASURING",
    "OUTPUT",
    "POLARITY",
    "Detector",
    "Invert",
    "Orientation",
    "RecipeFile",
    "SetOption",
    "changes_of",
    "lane_numbers",
]

FINDING, MEASURING, OUTPUT = "Reading and finding", "Measuring", "Output"


class Invert(StrEnum):
    """How bands look: auto decides from the picture."""

    auto = "auto"
    yes = "yes"
    no = "no"


class Orientation(StrEnum):
    """What is done to the picture before it is looked at."""

    none = "0"
    left = "90"
    around = "180"
    right = "270"
    mirror = "mirror"


class Detector(StrEnum):
    """What recorded the picture."""

    linear = "linear"
    film = "film"


POLARITY = {
    Invert.auto: "auto",
    Invert.yes: "dark_on_light",
    Invert.no: "light_on_dark",
}

RecipeFile = Annotated[
    Path | None,
    typer.Option("--recipe", metavar="FILE", help="Settings (TOML), as `blotquant recipe` prints."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Any single setting; repeatable."),
]


def changes_of(options: dict[str, Any], assignments: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Options that were given, and ``--set``, as ``{section: {key: value}}``."""
    tree: dict[str, dict[str, Any]] = {}
    given = {place: value for place, value in options.items() if value is not None}
    for place, value in [*given.items(), *map(_assignment, assignments)]:
        section, _, key = place.partition(".")
        tree.setdefault(section, {})[key] = value
    return tree


def _assignment(text: str) -> tuple[str, Any]:
    """``section.key=value``; the value as TOML has it, or else a text; ``auto`` is none."""
    place, equals, value = (part.strip() for part in text.partition("="))
    section, dot, key = place.partition(".")
    if not (equals and dot and section and key):
        raise RecipeError(f"--set {text}: write it as section.key=value, e.g. finding.lane_count=8")
    if value == "auto" and place != "image.polarity":
        return place, None
    try:
        return place, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return place, value


def lane_numbers(text: str | None) -> tuple[int, ...] | None:
    """Numbers with commas between them."""
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.replace(";", ",").split(",") if part.strip())
    except ValueError:
        raise RecipeError(
            f"--reference-lanes {text}: write lane numbers with commas, e.g. 1,2,3"
        ) from None

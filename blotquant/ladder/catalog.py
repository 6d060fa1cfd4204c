"""Common protein ladders by name, read from a data file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from blotquant.errors import RecipeError

__all__ = ["Ladder", "get_ladder", "ladders"]


@dataclass(frozen=True)
class Ladder:
    """A ladder as its maker publishes it.

    Parameters
    ----------
    name : str
    maker : str
    kda : tuple of float
        Sizes, largest first.
    marks : tuple of float
        Sizes of the bands that stand out.
    names : tuple of str
        Other names and order numbers.
    """

    name: str
    maker: str
    kda: tuple[float, ...]
    marks: tuple[float, ...] = ()
    names: tuple[str, ...] = ()


@cache
def ladders() -> tuple[Ladder, ...]:
    """All ladders of the data file, in its order."""
    text = files("blotquant.ladder").joinpath("ladders.toml").read_text(encoding="utf-8")
    return tuple(
        Ladder(
            entry["names"][0],
            entry["maker"],
            tuple(float(size) for size in entry["kda"]),
            tuple(float(size) for size in entry.get("marks", ())),
            tuple(entry["names"][1:]),
        )
        for entry in tomllib.loads(text)["ladder"]
    )


def get_ladder(name: str) -> Ladder:
    """Ladder by its name, another name, an order number, or its sizes.

    Parameters
    ----------
    name : str
        Case, blanks and signs do not matter; ``"250, 150, 100, 75, 50"`` is a ladder of those
        sizes, kDa.

    Raises
    ------
    RecipeError
        If it is not known; the message has the nearest name.

    Examples
    --------
    >>> get_ladder("pageruler plus").kda[:3]
    (250.0, 130.0, 100.0)
    """
    own = _own_sizes(name)
    if own:
        return Ladder(name.strip(), "", own)
    known = {
        _plain(alias): ladder for ladder in ladders() for alias in (ladder.name, *ladder.names)
    }
    wanted = _plain(name)
    if wanted in known:
        return known[wanted]
    close = get_close_matches(wanted, known, n=1)
    hint = (
        f"did you mean '{known[close[0]].name}'?"
        if close
        else "known: " + ", ".join(ladder.name for ladder in ladders())
    )
    raise RecipeError(
        f"[ladder] name: there is no ladder '{name}' - {hint} "
        "Its sizes in kDa, joined by commas, will do as well"
    )


def _own_sizes(text: str) -> tuple[float, ...]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) < 3 or not all(re.fullmatch(r"\d+(\.\d+)?", part) for part in parts):
        return ()
    sizes = sorted({float(part) for part in parts}, reverse=True)
    return tuple(sizes) if sizes[-1] > 0 else ()


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())

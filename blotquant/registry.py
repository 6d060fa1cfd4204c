"""Implementations by name: loaders, backgrounds and normalizers, found through entry points.

Nothing is imported until it is asked for, so a reader that needs a heavy library costs nothing
until its first file. Built-ins register exactly as a third party does (pyproject.toml).
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from .errors import RecipeError

__all__ = ["Group", "get", "names"]

Group = Literal["loaders", "backgrounds", "normalizers"]


@cache
def _entries(group: Group) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=f"blotquant.{group}")}


def names(group: Group) -> tuple[str, ...]:
    """All names registered in a group, sorted.

    Parameters
    ----------
    group : {"loaders", "backgrounds", "normalizers"}
        The extension point.
    """
    return tuple(sorted(_entries(group)))


@cache
def get(group: Group, name: str) -> Any:
    """Import and return the implementation registered under a name.

    Raises
    ------
    RecipeError
        If nothing is registered under the name; the message lists what is.
    """
    try:
        entry = _entries(group)[name]
    except KeyError:
        known = names(group)
        close = get_close_matches(name, known, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise RecipeError(
            f"'{name}' is not one of the {group}: {', '.join(known)}.{hint}"
        ) from None
    return entry.load()

"""What the page shows of the pictures themselves: fitness for measuring, and what to look at."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from blotquant.notice import Notice
from blotquant.outcome import RunOutcome

__all__ = ["DrawnNotice", "FitnessRow", "drawn_notices", "fitness_of"]


@dataclass(frozen=True)
class FitnessRow:
    """One finding, and the images that it holds for."""

    seen: str
    grade: str
    effect: str
    instead: str
    images: tuple[str, ...]


@dataclass(frozen=True)
class DrawnNotice:
    """A notice with its figure as a ``data:`` address; empty where none was drawn."""

    notice: Notice
    uri: str


def fitness_of(run: RunOutcome) -> list[FitnessRow]:
    """Findings of all measured images, those with the same words together, the gravest first.

    Parameters
    ----------
    run : RunOutcome
    """
    images: dict[tuple[str, str, str, str], list[str]] = {}
    for image in run.measured:
        for one in image.facts.get("fitness", ()):
            key = (one["seen"], one["grade"], one["effect"], one["instead"])
            images.setdefault(key, []).append(image.image)
    rows = [FitnessRow(*key, tuple(names)) for key, names in images.items()]
    return sorted(rows, key=lambda row: row.grade != "unfit")


def drawn_notices(run: RunOutcome) -> list[DrawnNotice]:
    """Notices with their figures.

    Parameters
    ----------
    run : RunOutcome
        Figures are read from its folder.
    """
    return [DrawnNotice(notice, _uri(run, notice)) for notice in run.notices]


def _uri(run: RunOutcome, notice: Notice) -> str:
    try:
        data = (run.out / notice.figure).read_bytes() if notice.figure else b""
    except OSError:
        return ""
    return f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}" if data else ""

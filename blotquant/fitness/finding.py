"""What a check of fitness says: what was seen, what it does to the numbers, what to do instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..flags import Flag

__all__ = ["Finding", "Grade"]

Grade = Literal["unfit", "poor", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that was done to a picture before it came here.

    Parameters
    ----------
    check : str
        Name of the check.
    flag : Flag
        Flag that every number of the picture carries for it.
    grade : {"unfit", "poor", "note"}
        unfit: the numbers are not proportional to the signal any more, or may not be; poor: they
        are, but coarser or within limits; note: worth knowing.
    seen : str
        What was seen, with its figure.
    effect : str
        What it does to the numbers.
    instead : str
        What to export or do instead.
    """

    check: str
    flag: Flag
    grade: Grade
    seen: str
    effect: str
    instead: str

    @property
    def line(self) -> str:
        """All of it in one line."""
        return f"{self.seen}: {self.effect}; {self.instead}"

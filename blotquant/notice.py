"""Something to look at in the pictures of a run: where it is, and what speaks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Box", "Notice", "NoticeKind"]

Box = tuple[int, int, int, int]
NoticeKind = Literal["joined", "repeated", "same picture"]


@dataclass(frozen=True)
class Notice:
    """One thing to look at; never an accusation, as there are honest reasons for each.

    Parameters
    ----------
    kind : {"joined", "repeated", "same picture"}
    image, other : str
        Names in the tables; `other` is empty where one picture is concerned alone.
    box, other_box : (top, left, bottom, right)
        Where, px of the oriented picture, bottom and right exclusive.
    evidence : str
        What was measured, in words.
    turn : str
        What the second region has undergone, e.g. ``"turned by 180°"``.
    figure : str
        Path of the drawing below the run's folder; empty where none was made.
    """

    kind: NoticeKind
    image: str
    box: Box
    evidence: str
    other: str = ""
    other_box: Box | None = None
    turn: str = ""
    figure: str = ""

    @property
    def words(self) -> str:
        """What there is to see and what may be behind it, for the report."""
        if self.kind == "joined":
            return (
                f"{self.image}: looks joined at column {self.box[1]} ({self.evidence}). Pieces of "
                "one membrane may be joined if the figure marks it; put the whole blot beside it."
            )
        if self.kind == "same picture":
            return (
                f"{self.image} and {self.other} show the same picture ({self.evidence}). If both "
                "are meant, as a shared loading control is, say so in the study file."
            )
        where = "again in the same picture" if self.other == self.image else f"in {self.other} too"
        turned = f", {self.turn}" if self.turn else ""
        return (
            f"{self.image}: a region is found {where}{turned} ({self.evidence}). Check whether a "
            "file or a crop was taken twice by mistake."
        )

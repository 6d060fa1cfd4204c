"""What a study says of its pictures: what each strip shows, where, and what is left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from blotquant.names import same_target

__all__ = ["Exclusion", "Role", "Roles", "StripRole"]

Role = Literal["target", "loading_control", "total_protein", "ladder"]


@dataclass(frozen=True)
class StripRole:
    """One target in one panel of one image, as a study declares it.

    Parameters
    ----------
    image : str
        As in the table of bands.
    panel : int
        Panel of the image, from 1.
    target, membrane : str
        What it shows, and where; both as the study spells them.
    role : {"target", "loading_control", "total_protein", "ladder"}
    row : int, optional
        Row of bands in the panel, from 1. Without it, the best of the rows that the table of bands
        calls by the target's name, or of all rows where the panel is declared only once.
    phospho_of : str
        Target of which this is the phosphorylated form: it is divided by that one.
    order : int, optional
        Place among the probes of the membrane, the first is the lowest.
    """

    image: str
    panel: int
    target: str
    membrane: str
    role: Role = "target"
    row: int | None = None
    phospho_of: str = ""
    order: int | None = None


@dataclass(frozen=True)
class Exclusion:
    """A lane that a study leaves out, with its reason; of all targets where none is named."""

    membrane: str
    lane: int
    target: str = ""
    reason: str = ""

    def covers(self, membrane: str, lane: int, target: str) -> bool:
        """Whether this reading is left out."""
        return (
            membrane == self.membrane
            and lane == self.lane
            and (not self.target or same_target(target, self.target))
        )


@dataclass(frozen=True)
class Roles:
    """All that a study says which normalizing needs.

    Parameters
    ----------
    strips : tuple of StripRole
    exclusions : tuple of Exclusion
        Lanes are numbered on the membrane, from 1.
    stripped : frozenset of str
        Membranes that were stripped between probes: nothing of an earlier probe is left there.
    """

    strips: tuple[StripRole, ...]
    exclusions: tuple[Exclusion, ...] = ()
    stripped: frozenset[str] = frozenset()

    def excludes(self, membrane: str, lane: int, target: str) -> bool:
        """Whether the study leaves this reading out."""
        return any(one.covers(membrane, lane, target) for one in self.exclusions)

    def alone(self, strip: StripRole) -> bool:
        """Whether a panel is declared once only."""
        return sum((one.image, one.panel) == (strip.image, strip.panel) for one in self.strips) == 1

    def messages(self) -> Iterable[str]:
        """One line for all that is left out."""
        if self.exclusions:
            told = "; ".join(_told(one) for one in self.exclusions)
            yield f"left out of scales and tests, as the study says: {told}"


def _told(one: Exclusion) -> str:
    what = f" of {one.target}" if one.target else ""
    return f"{one.membrane} lane {one.lane}{what} ({one.reason or 'no reason given'})"

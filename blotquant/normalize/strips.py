"""What is normalized: strips, one target on one membrane, read in every lane."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from blotquant.flags import Flag
from blotquant.names import ControlKind, control_kind, same_target

__all__ = ["NOT_COUNTED", "NO_SAMPLE", "Home", "LaneReading", "Strip", "StripKey"]

# A ladder lane holds no sample, and it often shows in one image of a membrane only.
NOT_COUNTED = frozenset({"ladder"})
NO_SAMPLE = frozenset({"ladder", "empty"})
_CONTROLS: dict[str, ControlKind] = {
    "loading_control": "loading_control",
    "total_protein": "total_protein",
}

Home = tuple[tuple[str, str], int]


class StripKey(NamedTuple):
    """What tells strips apart."""

    image: str
    panel: int
    target: str


@dataclass(frozen=True)
class LaneReading:
    """A target's density in one lane.

    Parameters
    ----------
    lane : int
        Number of the lane in its image, from 1.
    place : int
        Place of the lane in its panel, from 0, left to right, ladders not counted; in a study the
        place on the membrane, ladders counted, since all its images share one layout.
    kind : str
        One of `blotquant.model.LaneKind`; never a ladder.
    net, err : float
        Net density and its standard error (a.u. x px).
    flags : Flag
    index : int
        Line of the band in the table of bands; of the lane's first band where the lane is summed,
        -1 where it has none.
    label, sample, group, replicate, technical : str
        What the lane holds, as far as it is known.
    limit : float
        Smallest net density that would have been detected (a.u. x px); NaN where not known.
    rf, height : float
        Place of the band along its lane (0-1) and length of its box (px); NaN where it has none.
    use : bool
        False where the study leaves the lane out.
    """

    lane: int
    place: int
    kind: str
    net: float
    err: float
    flags: Flag
    index: int
    label: str = ""
    sample: str = ""
    group: str = ""
    replicate: str = ""
    technical: str = ""
    limit: float = math.nan
    rf: float = math.nan
    height: float = math.nan
    use: bool = True

    @property
    def detected(self) -> bool:
        """Whether something stands out of the noise."""
        return Flag.BELOW_DETECTION not in self.flags


@dataclass(frozen=True)
class Strip:
    """One target in one panel of one image: the row of bands that shows it.

    Parameters
    ----------
    image : str
    panel : int
    membrane : str
        Name of the membrane, as shown.
    identity : tuple of str
        What makes two images show one membrane; see `blotquant.names.membrane_identity`.
    target : str
        As written; empty where no name tells.
    row : int
        Row taken for the target; 0 where the whole lane counts (total protein).
    rivals : tuple of int
        Other rows that could be the target as well.
    readings : tuple of LaneReading
        Left to right, ladders left out.
    lanes : int
        Lanes of the panel, ladders left out.
    role : str
        What a study says it is: target, loading_control or total_protein; empty without a study,
        where the target's name tells.
    phospho_of : str
        Target of which this is the phosphorylated form (study).
    order : int, optional
        Place among the probes of the membrane (study).
    """

    image: str
    panel: int
    membrane: str
    identity: tuple[str, str]
    target: str
    row: int
    rivals: tuple[int, ...]
    readings: tuple[LaneReading, ...]
    lanes: int
    role: str = ""
    phospho_of: str = ""
    order: int | None = None

    @property
    def key(self) -> StripKey:
        """What tells this strip from all others."""
        return StripKey(self.image, self.panel, self.target)

    @property
    def detected(self) -> int:
        """Lanes in which the target is detected."""
        return sum(reading.detected for reading in self.readings)

    @property
    def saturated(self) -> int:
        """Lanes in which the target is saturated."""
        return sum(Flag.SATURATED in reading.flags for reading in self.readings)

    def shows(self, target: str) -> bool:
        """Whether this is the target, in any spelling."""
        return same_target(self.target, target)

    @property
    def control(self) -> ControlKind | None:
        """Whether it is a loading control, a stain of total protein, or neither (None)."""
        return _CONTROLS.get(self.role) if self.role else control_kind(self.target)

    @property
    def home(self) -> Home:
        """The membrane it lies on; without a study each panel is one of its own."""
        return self.identity, 0 if self.role else self.panel

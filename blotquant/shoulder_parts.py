"""What shoulders are looked for in: the profile around a band, and its parts across the lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .limits import Ground
from .model import Profile
from .peak_fit import Stretch
from .reading import Sections, rows_between
from .rows import FoundBand

__all__ = ["LaneSignal", "straightened", "stretch_around"]

Floats = NDArray[np.float64]

# A weaker band, in standard errors of its sum, does not show what it is made of.
_WEAKEST = 25.0
# Bands parted at a valley that is still this share of their height are two already.
_VALLEY = 0.2


@dataclass(frozen=True, eq=False)
class LaneSignal:
    """A lane as bands are looked for in it.

    Parameters
    ----------
    profile : Profile
        Summed across the lane.
    ground : Ground
        The same above its baseline.
    sections : Sections
        Parts of the lane side by side, in the lane's own rows: the profile may be averaged.
    clipped : ndarray, shape (M,)
        Px at the ceiling in each of the lane's own rows.
    """

    profile: Profile
    ground: Ground
    sections: Sections
    clipped: Floats

    @property
    def step(self) -> int:
        """Rows of the lane in each of the profile's."""
        own_rows = self.sections.whole.position.size
        return max(1, own_rows // max(self.profile.position.size, 1))

    @cached_property
    def places(self) -> Floats:
        """Rows of the profile, in its own steps."""
        position = self.profile.position
        return np.asarray(position / (position[1] - position[0]))

    def saturated(self, rows: slice) -> bool:
        """Whether pixels in some of the profile's rows are at the ceiling."""
        own = slice(rows.start * self.step, rows.stop * self.step)
        return bool((self.clipped[own] >= 1.0).any())

    def parts(self, rows: slice) -> Floats:
        """Each section in some of the profile's rows, shape (sections, rows)."""
        own = slice(rows.start * self.step, rows.stop * self.step)
        values = self.sections.intensity[:, own]
        return np.asarray(values.reshape(len(values), -1, self.step).mean(axis=2))


def stretch_around(bands: Sequence[FoundBand], k: int, lane: LaneSignal) -> Stretch | None:
    """Profile around a band, up to its neighbours.

    Parameters
    ----------
    bands : sequence of FoundBand
        Of the lane, from the well down.
    k : int
        Which of them.
    lane : LaneSignal

    Returns
    -------
    Stretch or None
        None where the band is short, weak, saturated, or one of two that a valley parts.
    """
    band, above, variance = bands[k], lane.ground.above, lane.ground.variance
    margin = 0.25 * (band.stop - band.start)
    first = max(band.start - margin, bands[k - 1].stop if k else -np.inf)
    last = min(band.stop + margin, bands[k + 1].start if k + 1 < len(bands) else np.inf)
    step = float(lane.profile.position[1] - lane.profile.position[0])
    rows = rows_between(lane.places, first / step, last / step)
    if rows.stop - rows.start < 10 or lane.saturated(rows):
        return None
    total, height = float(above[rows].sum()), float(above[rows].max())
    if height <= 0 or total < _WEAKEST * float(np.sqrt(variance[rows].sum())):
        return None
    valleys = (band.parted_above, above[rows.start]), (band.parted_below, above[rows.stop - 1])
    if any(parted and level > _VALLEY * height for parted, level in valleys):
        return None
    return Stretch(lane.profile.position[rows], above[rows], variance[rows], 0.005 * height)


def straightened(stretch: Stretch, lane: LaneSignal) -> Stretch | None:
    """The stretch with the band's parts across the lane brought to one height.

    A band that leans or bends within its lane is broad, skewed and shouldered as a sum; part by
    part it is not.

    Parameters
    ----------
    stretch : Stretch
        From `stretch_around`.
    lane : LaneSignal

    Returns
    -------
    Stretch or None
        None where too few parts show the band.
    """
    position = stretch.position
    first = int(np.searchsorted(lane.profile.position, position[0] - 1e-6))
    parts = lane.parts(slice(first, first + position.size))
    ends = np.array([parts[:, :3].mean(axis=1), parts[:, -3:].mean(axis=1)])
    along = (np.arange(position.size) - 1) / max(position.size - 3, 1)
    above = parts - ends[0][:, None] - (ends[1] - ends[0])[:, None] * along
    straight = _brought_together(above)
    if straight is None or straight.max() <= 0:
        return None
    return Stretch(position, straight, stretch.variance, 0.01 * float(straight.max()))


def _brought_together(above: Floats) -> Floats | None:
    """Sum of a band's parts, each shifted to the height where it fits the others best."""
    mass = np.maximum(above, 0.0).sum(axis=1)
    strong = mass > 0.4 * np.median(mass)
    if mass.max() <= 0 or strong.sum() < 3:
        return None
    rows = np.arange(above.shape[1], dtype=np.float64)
    total = above[strong].sum(axis=0)
    for _ in range(2):
        shifts = np.array([_shift(part, total) for part in above])
        shifts -= np.average(shifts[strong], weights=mass[strong])
        moved = [
            np.interp(rows + shift, rows, part) for part, shift in zip(above, shifts, strict=True)
        ]
        total = np.asarray(moved)[strong].sum(axis=0)
    return np.asarray(total)


def _shift(part: Floats, total: Floats) -> float:
    """Rows by which a part lies below the sum, to a fraction of a row."""
    reach = part.size // 4
    correlation = np.correlate(part, total, mode="full")
    zero = total.size - 1
    near = correlation[zero - reach : zero + reach + 1]
    top = int(np.argmax(near))
    if not 0 < top < near.size - 1:
        return 0.0
    before, middle, after = near[top - 1 : top + 2]
    bend = before - 2 * middle + after
    return float(top - reach + (0.5 * (before - after) / bend if bend < 0 else 0.0))

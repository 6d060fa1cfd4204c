"""A lane as background methods see it, and the background they give back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .model import Blot, Lane, Point, Profile

__all__ = ["Baseline", "LaneView"]

# Less than this share of a lane is too little to tell its background from.
_SCARCE = 1 / 3


@dataclass(frozen=True, eq=False)
class LaneView:
    """All that a background method may look at.

    Parameters
    ----------
    blot : Blot
    lane : Lane
    profile : Profile
        N rows.
    bands : tuple of (start, stop)
        Limits of the lane's bands, px along the lane.
    lanes : tuple of Lane
        All lanes of the image, for methods that look between them; may be empty.
    outline : tuple of (row, col)
        The membrane's outline; empty where not known.
    detected : tuple of bool
        Whether each band was seen in this lane, or only its place is measured; empty for all seen.
    """

    blot: Blot
    lane: Lane
    profile: Profile
    bands: tuple[tuple[float, float], ...]
    lanes: tuple[Lane, ...] = ()
    outline: tuple[Point, ...] = ()
    detected: tuple[bool, ...] = ()

    @cached_property
    def free(self) -> NDArray[np.bool_]:
        """Rows with no band, shape (N,).

        The place of a band that was not seen is free where little else is.
        """
        free = self._beside(self.bands)
        if self.detected and np.count_nonzero(free) < _SCARCE * free.size:
            seen = zip(self.bands, self.detected, strict=True)
            free = self._beside([limits for limits, detected in seen if detected])
        return free

    def _beside(self, bands: Iterable[tuple[float, float]]) -> NDArray[np.bool_]:
        position = self.profile.position
        free = np.ones(position.size, bool)
        for start, stop in bands:
            first, end = (
                position.searchsorted(start - 0.5),
                position.searchsorted(stop + 0.5, "right"),
            )
            free[first:end] = False
        return free


@dataclass(frozen=True, eq=False)
class Baseline:
    """Background of a lane.

    Parameters
    ----------
    level : ndarray, shape (N,)
        In the profile's units (signal summed across the lane).
    variance : ndarray, shape (N,)
        Variance of the level at each row.
    band_variance : tuple of float
        Variance of the level summed over each band.
    scale : float
        Observed over expected noise variance in the band-free rows; 1 where not known.
    total_variance : float, optional
        Variance of the level summed over the whole lane; None where the method cannot tell: then
        its rows are taken to err together.
    uncertain : bool, optional
        Whether the level is a guess; None where that depends on the rows free of bands.
    checks : ndarray, shape (3, n)
        Of stretches of band-free lane as long as a band, had they been hidden like one, as from
        `blotquant.smoother.left_out`.
    stretches : float, optional
        Lengths of a band that lie free in the lane: so many stretches told how much the curve may
        bend. Infinite where nothing was fitted.
    correlation : float, optional
        How alike neighbouring rows are off the fitted curve, -1 to 1.
    ground_variance : tuple of float, optional
        Variance, under each band, of what was read beside the lane; empty where nothing was. No
        check of the curve says anything of it.
    total_ground : float, optional
        The same under the whole lane.
    unsure : bool, optional
        Whether it was worth looking beside the lane, too.
    beside : Baseline, optional
        Then, another baseline, which leans on what the membrane shows there; None where there is
        no room.
    """

    level: NDArray[np.float64]
    variance: NDArray[np.float64]
    band_variance: tuple[float, ...]
    scale: float = 1.0
    total_variance: float | None = None
    uncertain: bool | None = None
    checks: NDArray[np.float64] = field(default_factory=lambda: np.empty((3, 0)))
    stretches: float = np.inf
    correlation: float = 0.0
    ground_variance: tuple[float, ...] = ()
    total_ground: float = 0.0
    unsure: bool = False
    beside: Baseline | None = None

    @property
    def own_variance(self) -> NDArray[np.float64]:
        """Variance of the level summed over each band as its model has it, unchecked."""
        beside = np.array(self.ground_variance)
        return np.asarray(np.array(self.band_variance) + (beside if beside.size else 0.0))

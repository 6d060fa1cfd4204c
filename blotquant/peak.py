"""A peak along a lane as a matched filter sees it."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Peak"]


@dataclass(frozen=True)
class Peak:
    """A band as a matched filter sees it; places in rows of the (averaged) profile."""

    row: float
    sigma: float
    snr: float
    spread: float  # noise of the response
    strength: float  # response, normalised so that it is largest at the band's own thickness
    thickness: float  # sigma of the band, between those of the filters
    beside: float = 1.0  # response of the lane's outer sections over that of its inner ones

    @property
    def height(self) -> float:
        """Height of the summit as the filter sees it, a.u. times a constant."""
        return self.strength * math.sqrt(self.sigma)

"""How far to trust baselines, and which of two: asked of all lanes of a picture together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from .lane_reading import LaneReading
from .order import median
from .smoother import roughness

__all__ = ["Trust", "common_trust", "trusting"]

# The baselines that lean on the ground beside the lanes are taken where they have less than this
# share of the others' variance: variances are estimates, and the smaller of two flatters.
_SURER = 0.8


@dataclass(frozen=True)
class Trust:
    """What the lanes of a picture say together of their baselines.

    Parameters
    ----------
    roughness : float
        How much larger the variances of baselines are than their own model has them
        (`blotquant.smoother.roughness`).
    beside : float, optional
        The same of baselines that lean on what the membrane shows beside the lanes, where these
        are the surer; None where they are not.
    """

    roughness: float = 1.0
    beside: float | None = None


def common_trust(readings: Iterable[LaneReading]) -> Trust:
    """Trust in the baselines of lanes that were read in one picture.

    Where the membrane is cloudy, what it shows beside a lane tells what lies under the lane's
    bands; where it is even, it only adds noise. Taken is what makes the variance of baselines
    under bands smaller, by the median over bands.
    """
    read = list(readings)
    plain = Trust(roughness(reading.baseline.checks for reading in read))
    others = [(reading, reading.baseline.beside) for reading in read]
    both = [(reading, beside) for reading, beside in others if beside is not None]
    if not both:
        return plain
    # a ground that is read in every row is as well known under a band as beside it
    leaning = replace(
        plain, beside=roughness((beside.checks for _, beside in both), of_stretches=1.0)
    )
    with_it, without = (
        np.concatenate([trusting(reading, trust).baseline_variance for reading, _ in both])
        for trust in (leaning, plain)
    )
    return leaning if median(with_it / np.maximum(without, 1e-300)) < _SURER else plain


def trusting(reading: LaneReading, trust: Trust) -> LaneReading:
    """A reading with the baseline that is trusted, and how far."""
    beside = reading.baseline.beside
    if beside is None or trust.beside is None:
        return replace(reading, roughness=trust.roughness)
    return replace(reading, baseline=beside, roughness=trust.beside)

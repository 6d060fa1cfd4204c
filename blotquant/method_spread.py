"""How far sound background methods disagree about a band."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .background import LaneView
from .background import lane as curve
from .model import Band
from .recipe import BackgroundSettings, Recipe
from .uncertainty import LaneReading

__all__ = ["method_spreads"]

# Methods for which what lies under the lane is no background: there is nothing to compare.
_APART = ("beside", "none")
# A straight line rests on the free rows nearest a band: these shares of its length on either side.
_RESTS = (0.5, 1.5)


def method_spreads(
    reading: LaneReading, bands: Sequence[Band], recipe: Recipe
) -> tuple[float, ...]:
    """Standard deviation of each band's net density between sound background methods.

    The recipe's own method, the smooth curve through the band-free rows (`lane`), and straight
    lines between the band-free rows nearest each band, a few and many of them (LI-COR's "lane",
    and its border above and below). Left out are methods that are known to be biased where these
    are not: a rolling disk rises into the band, lines between the band's own limits cut its tails.

    Parameters
    ----------
    reading : LaneReading
    bands : sequence of Band
        From the well down.
    recipe : Recipe

    Returns
    -------
    tuple of float
        a.u. x px; NaN where the background is read beside the lane or not at all, and where the
        lane has no rows free of bands.

    Notes
    -----
    Gassmann (2009, Electrophoresis 30:1845): the procedure alone moved the p value of one blot from
    0.000013 to 0.76.
    """
    profile = reading.profile
    limits = tuple((band.start, band.stop) for band in bands)
    detected = tuple(band.detected for band in bands)
    view = LaneView(reading.blot, reading.lane, profile, limits, detected=detected)
    free = view.free
    if recipe.background.method in _APART or np.count_nonzero(free) < 4 or not bands:
        return (float("nan"),) * len(bands)
    levels = [reading.baseline.level]
    if recipe.background.method != "lane":
        levels.append(curve(view, BackgroundSettings()).level)
    places = np.flatnonzero(free)
    upto = np.concatenate(([0.0], np.cumsum(profile.intensity[places])))
    at = profile.position[places]
    along = np.concatenate(([0.0], np.cumsum(at)))
    spreads = []
    for band in bands:
        rows, weights = reading.share(band)
        under = [float(weights @ level[rows]) for level in levels]
        at_rows, sums = profile.position[rows], (at, upto, along)
        under += [_line(at_rows, weights, sums, band, rest) for rest in _RESTS]
        mean = sum(under) / len(under)
        spreads.append(math.sqrt(sum((one - mean) ** 2 for one in under) / (len(under) - 1)))
    return tuple(spreads)


def _line(
    rows: NDArray[np.float64],
    weights: NDArray[np.float64],
    free: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    band: Band,
    rest: float,
) -> float:
    """Sum under a band of the line between the free rows nearest it; level if on one side only.

    `free` are the places of the free rows, and the sums up to each of profile and place.
    """
    at, upto, along = free
    count = max(3, round(rest * (band.stop - band.start)))
    first, last = np.searchsorted(at, (band.start, band.stop)).tolist()
    sides = (max(first - count, 0), first), (last, min(last + count, at.size))
    ends = [
        tuple(float(sums[end] - sums[begin]) / (end - begin) for sums in (along, upto))
        for begin, end in sides
        if end > begin
    ]
    if not ends:  # no row is free but those of this place, where no band was seen
        return float(weights.sum() * upto[-1] / at.size)
    (x0, y0), (x1, y1) = ends[0], ends[-1]
    slope = (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
    return float(weights @ (y0 + slope * (rows - x0)))

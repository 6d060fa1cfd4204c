"""Peaks that are the two ends of one flat top: a band loaded to its height, or overexposed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .order import medians
from .peak import Peak

__all__ = ["with_whole_tops"]

Floats = NDArray[np.float64]

# Both ends of a flat top are as high within this share.
_UNEVEN = 0.3
# From 84 % to 16 % of its height a Gaussian falls within 1.32 sigma.
_FALL = 1.32
# No flank is told to be shorter than this, in rows: samples say no more.
_SHARPEST = 0.5
# The top of two Gaussians, from 84 % to 84 % of its height over that sigma, is 2.9 long where they
# stand 2.2 sigma apart and the dip between them begins to show. Longer by 0.1, it dips by about 1 %
# of its height more, below the line from end to end: whether they are equally high or not. Half of
# that is asked for.
_NO_DIP, _DIP = 3.0, 0.05


def with_whole_tops(smooth: Floats, noise: Floats, peaks: Sequence[Peak]) -> list[Peak]:
    """Peaks of a lane, those that are the ends of one flat top taken together.

    Parameters
    ----------
    smooth : ndarray, shape (N,)
        The lane's profile above its baseline, a little smoothed.
    noise : ndarray, shape (N,)
        Its standard deviation.
    peaks : sequence of Peak
        From the well down.

    Notes
    -----
    Two bands so near that no dip shows between them have a common top no longer than about three
    times what their flanks are soft. A top that is longer, and flat, is that of one band.
    """
    whole: list[Peak] = []
    following = 0
    while following < len(peaks):
        peak, following = _whole_top(smooth, noise, peaks, following)
        whole.append(peak)
    return whole


def _whole_top(smooth: Floats, noise: Floats, peaks: Sequence[Peak], at: int) -> tuple[Peak, int]:
    """The peak at a place of the list, or that of the flat top it begins; and the place after.

    A top that goes on beyond a peak of its neighbours is not theirs, but the ground they stand on.
    """
    first = peaks[at]
    for last in range(at + 1, len(peaks)):
        edges = _flat_top(smooth, noise, first.row, peaks[last].row)
        if edges is None or (at > 0 and edges[0] <= peaks[at - 1].row):
            break
        if last + 1 == len(peaks) or edges[1] < peaks[last + 1].row:
            return _joined(peaks[at : last + 1], *edges), last + 1
    return first, at + 1


def _joined(peaks: Sequence[Peak], above: float, below: float) -> Peak:
    """One peak in place of those of one flat top, which begins and ends at these rows."""
    strongest = max(peaks, key=lambda peak: peak.snr)
    sigma = (below - above) / 2
    return replace(
        strongest,
        row=(above + below) / 2,
        sigma=max(sigma, strongest.sigma),
        thickness=max(sigma, strongest.thickness),
    )


def _flat_top(
    smooth: Floats, noise: Floats, first: float, last: float
) -> tuple[float, float] | None:
    """Where the flat top begins and ends that has peaks at these two rows; None if it is none."""
    start, stop = int(first), min(math.ceil(last), smooth.size - 1)
    if not 0 <= start < stop:
        return None
    top = smooth[start : stop + 1]
    lower, higher = sorted((float(top[0]), float(top[-1])))
    if lower < (1 - _UNEVEN) * higher:
        return None
    height = float(medians(top[None])[0])
    if height <= 0:
        return None
    middle = slice(top.size // 3, top.size - top.size // 3)
    dip = float((np.linspace(top[0], top[-1], top.size) - top)[middle].mean())
    doubt = float(noise[start : stop + 1].mean()) / math.sqrt(top[middle].size)
    above, below = _edge(smooth, start, -1, height), _edge(smooth, stop, 1, height)
    if above is None or below is None:
        return None
    soft = max((above[1] + below[1]) / 2, _SHARPEST) / _FALL
    of_two = _DIP * ((below[0] - above[0]) / soft - _NO_DIP)
    if (max(dip, 0.0) + doubt) / height > of_two:
        return None
    return above[0], below[0]


def _edge(smooth: Floats, at: int, step: int, height: float) -> tuple[float, float] | None:
    """Where a top ends and how many rows its flank takes, from 84 to 16 % of its height."""
    side = smooth[at::step] if step > 0 else smooth[at::-1]
    low = np.flatnonzero(side < 0.16 * height)
    if low.size == 0:
        return None
    high = np.flatnonzero(side[: low[0]] > 0.84 * height)
    if high.size == 0:
        return None
    outer, end = (
        _crossing(side, int(high[-1]), 0.84 * height),
        _crossing(side, int(low[0]) - 1, 0.16 * height),
    )
    return at + step * outer, end - outer


def _crossing(side: Floats, before: int, level: float) -> float:
    """Place between `before` and the next at which a falling side comes down to a level."""
    drop = float(side[before] - side[before + 1])
    return before + (float(side[before]) - level) / drop if drop > 0 else float(before)

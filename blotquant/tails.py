"""What bands still hold beside their limits: rows there say less of the baseline than others."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .model import Profile
from .reading import rows_between

__all__ = ["first_guess", "peak_heights", "seen_tails", "tail_variance"]

# Just outside its limits a band may still be this share of its peak, ...
_MOST = 0.012
# ... and is taken to be this share of it at least, also where none of it is seen.
_LEAST = 0.0015
# It fades with this share of the band's length, ...
_FADE = 0.2
# ... and is looked for within this share. Few rows tell its mean there: so many times as much is
# thought possible at the limit.
_NEAR = 0.1
_OF_MEAN = 3.0

Limits = Sequence[tuple[float, float]]
Floats = NDArray[np.float64]


def peak_heights(profile: Profile, bands: Limits) -> Floats:
    """Height of each band above the lower of its two ends, a.u. x px, shape (B,).

    Parameters
    ----------
    profile : Profile
    bands : sequence of (start, stop), length B
        Px along the lane.
    """
    heights = np.zeros(len(bands))
    for k, (start, stop) in enumerate(bands):
        values = profile.intensity[_rows(profile, start, stop)]
        if values.size:
            heights[k] = max(float(values.max()) - float(min(values[0], values[-1])), 0.0)
    return heights


def first_guess(peaks: Floats) -> Floats:
    """What bands may hold at their limits before anything is known, shape (B, 2)."""
    return np.repeat(_MOST * peaks[:, None], 2, axis=1)


def seen_tails(
    profile: Profile, bands: Limits, peaks: Floats, level: Floats, free: NDArray[np.bool_]
) -> Floats:
    """What bands hold at their limits, as the rows beside them show.

    Parameters
    ----------
    profile : Profile
        N rows.
    bands : sequence of (start, stop), length B
    peaks : ndarray, shape (B,)
        From `peak_heights`.
    level : ndarray, shape (N,)
        A first baseline, drawn with little trust in the rows beside the bands.
    free : ndarray of bool, shape (N,)
        Rows with no band.

    Returns
    -------
    ndarray, shape (B, 2)
        At the start and at the stop, a.u. x px; as much as is possible where no row shows it.

    Notes
    -----
    A tail lies above the baseline, never below: where rows beside a band lie on the first baseline
    or under it there is no tail, and they tell where the baseline bends.
    """
    above = profile.intensity - level
    tails = first_guess(peaks)
    for k, (start, stop) in enumerate(bands):
        near = _NEAR * (stop - start)
        for side, (first, last) in enumerate(((start - near, start), (stop, stop + near))):
            rows = _rows(profile, first, last)
            beside = above[rows][free[rows]]
            if beside.size >= 2:
                tails[k, side] = min(_OF_MEAN * float(beside.mean()), tails[k, side])
    return np.maximum(tails, _LEAST * peaks[:, None])


def tail_variance(profile: Profile, bands: Limits, tails: Floats) -> Floats:
    """Variance that the bands' tails add to the rows beside them, shape (N,).

    Parameters
    ----------
    profile : Profile
        N rows.
    bands : sequence of (start, stop), length B
    tails : ndarray, shape (B, 2)
        From `first_guess` or `seen_tails`.
    """
    extra = np.zeros(profile.position.size)
    for (start, stop), (before, behind) in zip(bands, tails.tolist(), strict=True):
        length = stop - start
        near = rows_between(profile.position, start - 3 * length, stop + 3 * length)
        position = profile.position[near]  # beyond, less than 1e-12 of it is left
        away = np.maximum(np.maximum(start - position, position - stop), 0.0)
        height = np.where(position < (start + stop) / 2, before, behind)
        extra[near] += height**2 * np.exp(away * (-2 / (_FADE * length)))
    return extra


def _rows(profile: Profile, first: float, last: float) -> slice:
    """Rows of a profile from one place along the lane to another."""
    origin, size = float(profile.position[0]), profile.position.size
    start, stop = math.ceil(first - origin), math.floor(last - origin) + 1
    return slice(min(max(start, 0), size), min(max(stop, 0), size))

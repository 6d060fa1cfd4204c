"""Lanes that the comb took for two: bands bright at both ends look like two that mirror."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from .comb import Tooth

__all__ = ["halves_joined"]

# Two halves of a lane mirror each other to within this share.
_MIRRORED = 0.25
# Halves lean apart, each towards the lane's edge: their weight lies this share of half their width
# off their middles, at median. A lane's own lies off by chance, to either side.
_LEAN = 0.02
# So many of the teeth are such halves where any are.
_MOST = 0.7
# What is left over is a lane cut in two as well where both are as wide as one, within this share;
# but that is worth a look.
_AS_WIDE, _DOUBTFUL = 0.25, 0.2
# Points across a tooth at which its profile is read.
_POINTS = 24


def halves_joined(teeth: list[Tooth], straight: NDArray[np.float64]) -> list[Tooth]:
    """Comb with lanes for pairs of half lanes, where nearly all of it consists of such.

    Where the sample gathers at the walls of the well, bands are bright at both ends and faint
    between (dumbbells), and every lane looks like two. Strength and rows are the same in both
    halves, but so they are in duplicates loaded side by side; and the gaps within lanes may be as
    wide as those between. What gives halves away: they are mirror images of each other, steep
    outside and fading inwards. A lane's own edges are alike.

    Parameters
    ----------
    teeth : list of Tooth
        From `blotquant.comb.find_teeth`.
    straight : ndarray, shape (S, U)
        Evidence on straightened lanes, slice by slice.

    Returns
    -------
    list of Tooth
        Left to right; the same where they are lanes.
    """
    if len(teeth) < 4:
        return teeth
    profile = gaussian_filter1d(straight.sum(axis=0), 1.0, mode="constant")
    likeness = np.array([_likeness(profile, left, right) for left, right in pairwise(teeth)])
    pairs = _pairs(likeness)
    if len(pairs) < 2 or 2 * len(pairs) < _MOST * len(teeth):
        return teeth
    lean = float(np.median(likeness[pairs, 1]))
    return _joined(profile, teeth, pairs) if lean > _LEAN else teeth


def _likeness(profile: NDArray[np.float64], left: Tooth, right: Tooth) -> tuple[float, float]:
    """How far two neighbours are from mirror images, 0 to 2, and how far both lean apart."""
    a, b = _across(profile, left), _across(profile, right)[::-1]
    inwards = np.linspace(-1, 1, _POINTS)
    lean = min(-float(side @ inwards) / max(float(side.sum()), 1e-12) for side in (a, b))
    return 2 * float(np.abs(a - b).sum()) / max(float((a + b).sum()), 1e-12), lean


def _across(profile: NDArray[np.float64], tooth: Tooth) -> NDArray[np.float64]:
    places = np.linspace(tooth.left, tooth.right, _POINTS)
    return np.asarray(np.interp(places, np.arange(profile.size), profile), np.float64)


def _pairs(likeness: NDArray[np.float64]) -> list[int]:
    """Which teeth, by number, are halves of a lane with the next."""
    pairs: list[int] = []
    for k, (unlike, lean) in enumerate(likeness.tolist()):
        if unlike < _MIRRORED and lean > 0 and k - 1 not in pairs:
            pairs.append(k)
    return pairs


def _joined(profile: NDArray[np.float64], teeth: list[Tooth], pairs: list[int]) -> list[Tooth]:
    """Comb with one tooth for each pair, and for what else is as wide as a pair together."""
    width = float(np.median([teeth[k + 1].right - teeth[k].left for k in pairs]))
    whole: list[Tooth] = []
    k = 0
    while k < len(teeth):
        if k in pairs:
            whole.append(_whole(profile, teeth[k], teeth[k + 1]))
        elif (
            k + 1 < len(teeth)
            and k + 1 not in pairs
            and abs(teeth[k + 1].right - teeth[k].left - width) < _AS_WIDE * width
        ):
            whole.append(replace(_whole(profile, teeth[k], teeth[k + 1]), clarity=_DOUBTFUL))
        else:
            whole.append(teeth[k])
            k -= 1
        k += 2
    return whole


def _whole(profile: NDArray[np.float64], left: Tooth, right: Tooth) -> Tooth:
    """Lane of two halves, as clear as what is beside it makes it."""
    width = round(left.width)
    top = float(max(_across(profile, left).max(), _across(profile, right).max()))
    beside = (
        profile[max(0, int(left.left) - width) : int(left.center)],
        profile[int(right.center) : int(right.right) + width],
    )
    least = max(float(part.min(initial=top)) for part in beside)
    strength = max(left.strength, right.strength)
    return Tooth(left.left, right.right, strength, 1 - least / max(top, 1e-12))

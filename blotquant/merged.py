"""Lanes that the comb took for one: neighbours that touch, parted where they meet, or doubted."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from .comb import Tooth
from .complete import typical_step
from .order import median

__all__ = ["told_apart"]

# The wells of a comb are alike: a tooth this many times as wide as the usual one is more than one
# lane, where there is room for more: its parts stand no closer than this share of the usual step.
_TOO_WIDE, _CLOSEST = 1.55, 0.65
# So many lanes, at least, tell what is usual; more parts than these are no neighbours that touch.
_FEWEST, _MOST_PARTS = 4, 4
# Parts meet no farther than this share of their width from where even ones would: at the deepest
# dip there, or at the steepest place where none is this deep.
_NEAR, _LEAST_DIP = 0.35, 0.04
# What was left out is so many times as wide as the usual tooth (of less, the comb makes one), and
# as strong as lanes where it has this share of their evidence; this share of its own is not in the
# outermost eighths of the picture, where a slope of the background passes for bands.
_LEFT_OUT, _STRONG_AS_LANES, _WITHIN = 2.2, 0.3, 0.3
# So clear is a tooth that may be another number of lanes: not clear enough to go unchecked.
_DOUBTFUL = 0.2
# A tooth this wide with one side lower by this share may be two lanes, one of them weaker; but a
# lane so many times as strong as the usual one swells, and is uneven.
_RATHER_WIDE, _STEP, _STRONG = 1.35, 0.08, 2.0


def told_apart(teeth: list[Tooth], straight: NDArray[np.float64]) -> list[Tooth]:
    """Comb with lanes parted that touch so closely that it took several for one.

    Between lanes that touch there is a shallow dip or, where one is weaker, a mere step: no more
    than unevenness within a lane, for all that a comb can tell from sums. The widths tell them.

    Parameters
    ----------
    teeth : list of Tooth
    straight : ndarray, shape (S, U)
        Evidence on straightened lanes, slice by slice.

    Returns
    -------
    list of Tooth
        Left to right. What was parted without a clear dip, and what remains that may be several,
        has a clarity of 0.2 at most.
    """
    profile = gaussian_filter1d(straight.sum(axis=0), 1.0, mode="constant")
    if len(teeth) < _FEWEST:  # no telling what is usual
        return [_doubted(tooth, _dip(_between(profile, tooth)) > _LEAST_DIP) for tooth in teeth]
    usual = median([tooth.width for tooth in teeth])
    teeth = _with_left_out(teeth, straight, profile, usual)
    wide = [tooth.width > _TOO_WIDE * usual for tooth in teeth]
    spacing = _spacing(teeth, wide) or usual
    apart: list[Tooth] = []
    for tooth, too_wide in zip(teeth, wide, strict=True):
        parts = round(tooth.width / usual)
        if too_wide and parts <= _MOST_PARTS and tooth.width > _CLOSEST * spacing * parts:
            apart += _parts_of(tooth, profile, parts)
        else:
            rather_wide = tooth.width > _RATHER_WIDE * usual and tooth.strength < _STRONG
            apart.append(_doubted(tooth, rather_wide and _step(_between(profile, tooth)) > _STEP))
    return apart


def _with_left_out(
    teeth: list[Tooth], straight: NDArray[np.float64], profile: NDArray[np.float64], usual: float
) -> list[Tooth]:
    """Comb with what is too wide for the comb to have seen a lane in it, and as strong as lanes.

    Two lanes it may have taken for a wide one; of three and more that touch it made nothing.
    """
    typical = median([float(_between(profile, tooth).max()) for tooth in teeth])
    ends = [0.0, *(edge for tooth in teeth for edge in (tooth.left, tooth.right)), profile.size]
    complete = list(teeth)
    for first, last in zip(ends[::2], ends[1::2], strict=True):
        part = profile[int(first) + 1 : int(last)]
        top = float(part.max(initial=0.0))
        if last - first < _LEFT_OUT * usual or top < _STRONG_AS_LANES * typical:
            continue
        high = int(first) + 1.0 + np.flatnonzero(part > 0.5 * top)
        left, right = float(high[0]), float(high[-1])
        down = straight[:, int(left) : int(right)].sum(axis=1)
        edge = len(down) // 8
        within = down[edge : len(down) - edge].sum() > _WITHIN * down.sum()
        if within and right - left > _LEFT_OUT * usual and part[[0, -1]].max() < 0.5 * top:
            complete.append(Tooth(left, right, top / typical, _DOUBTFUL))
    return sorted(complete, key=lambda tooth: tooth.left)


def _spacing(teeth: list[Tooth], wide: list[bool]) -> float:
    """Usual distance between neighbours neither of which is too wide; 0 without any."""
    steps = [
        right.center - left.center
        for (left, right), any_wide in zip(pairwise(teeth), pairwise(wide), strict=True)
        if not any(any_wide)
    ]
    return typical_step(np.array(steps)) if steps else 0.0


def _parts_of(tooth: Tooth, profile: NDArray[np.float64], parts: int) -> list[Tooth]:
    """A tooth cut into so many lanes, each as clear as the shallower of the dips beside it."""
    each = tooth.width / parts
    places, dips = [tooth.left], [1.0]
    for k in range(1, parts):
        middle = tooth.left + k * each
        first = int(middle - _NEAR * each)
        part = profile[first : int(middle + _NEAR * each) + 2]
        dips.append(_dip(part))
        clear = dips[-1] > _LEAST_DIP
        at = np.argmin(part) if clear else np.argmax(np.abs(np.diff(part))) + 0.5
        places.append(float(first + at))
    return [
        Tooth(left, right, tooth.strength, max(min(beside), _DOUBTFUL))
        for (left, right), beside in zip(
            pairwise([*places, tooth.right]), pairwise([*dips, 1.0]), strict=True
        )
    ]


def _between(profile: NDArray[np.float64], tooth: Tooth) -> NDArray[np.float64]:
    return profile[max(0, int(tooth.left)) : int(tooth.right) + 1]


def _dip(part: NDArray[np.float64]) -> float:
    """Depth of the deepest dip of a profile against the lower of the peaks to either side."""
    if part.size < 3:
        return 0.0
    lower = np.minimum(np.maximum.accumulate(part), np.maximum.accumulate(part[::-1])[::-1])
    return float(np.max(1 - part / np.maximum(lower, 1e-12)))


def _step(part: NDArray[np.float64]) -> float:
    """By how much one side of a profile, its edge left out, is lower than the other."""
    edge, side = part.size // 8, int(0.4 * part.size)
    if side - edge < 1:
        return 0.0
    left, right = median(part[edge:side]), median(part[part.size - side : part.size - edge])
    return abs(left - right) / max(left, right, 1e-12)


def _doubted(tooth: Tooth, doubtful: bool) -> Tooth:
    return replace(tooth, clarity=min(tooth.clarity, _DOUBTFUL)) if doubtful else tooth

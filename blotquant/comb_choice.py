"""Whether a comb of lanes agrees with the rows of bands, and a second reading where it does not."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from .comb import Tooth

__all__ = ["balanced_profile", "band_width", "bands_of_slices", "disagreement", "with_hidden_lanes"]

# A band in a slice has at least this share of the strongest evidence anywhere.
_LEAST = 0.1
# Bands side by side are parted by a dip this deep against the lower of the two.
_PARTED = 0.5
# A band is a lane's where this share of it lies within the lane ...
_WITHIN = 0.7
# ... and it says nothing of lanes where it fills so much of two of them: they touch there.
_FILLED = 0.6
# Bands narrower than this, px of the scene, are specks.
_NARROW = 10
# Where evidence has this share of the strongest, it counts as if it were half of its surroundings.
_FAINT = 0.03
# Lanes stand on even wells where their centres scatter by no more than this share of the spacing.
_EVEN = 0.15
# A gap that hidden lanes fill is a whole number of spacings within this share of one: the lanes
# beside it are misplaced by what they have swallowed.
_OFF = 0.35
_FEWEST = 6  # lanes that tell whether they are even


def disagreement(teeth: list[Tooth], straight: NDArray[np.float64]) -> float:
    """Share of the bands that contradict a comb of lanes.

    A protein runs as one band in each lane: two bands side by side in one lane, or a band that
    lies half in one lane and half in the next, say that the lanes are wrong. Every band counts
    alike, weak or strong, so that a strong row of bands whose lanes touch does not outvote a
    weak one that shows the gaps between them.

    Parameters
    ----------
    teeth : list of Tooth
    straight : ndarray, shape (S, U)
        Evidence on straightened lanes, slice by slice.

    Returns
    -------
    float
        From 0 to 1; 0 where no band says anything.
    """
    return _share_against(teeth, *bands_of_slices(straight))


def band_width(straight: NDArray[np.float64]) -> float:
    """Usual width of the bands that stand apart from others, px of the scene; 0 without any."""
    _, left, right = bands_of_slices(straight)
    return float(np.median(right - left)) if left.size else 0.0


def balanced_profile(straight: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Evidence summed down the lanes, each row of bands counted alike.

    Parameters
    ----------
    straight : ndarray, shape (S, U)
        Evidence on straightened lanes, slice by slice.
    width : float
        Of a lane, px: evidence is taken relative to the highest within so much around it.

    Returns
    -------
    ndarray, shape (U,)
    """
    smooth = _smoothed(straight)
    around = maximum_filter1d(smooth, max(3, round(width)) | 1, axis=1)
    faint = _FAINT * float(around.max()) + 1e-12
    profile: NDArray[np.float64] = (straight / (around + faint)).sum(axis=0)
    return profile


def with_hidden_lanes(teeth: list[Tooth]) -> list[Tooth]:
    """Comb with the lanes that even wells ask for.

    The comb that forms the wells has even teeth. Where all lanes found stand on a line of even
    (or evenly changing) spacing, a place of that line without a lane holds one that bands
    touching it have hidden.

    Parameters
    ----------
    teeth : list of Tooth

    Returns
    -------
    list of Tooth
        Left to right; the same where the lanes are not even. Lanes added have strength 0.
    """
    if len(teeth) < _FEWEST:
        return teeth
    centers = np.array([tooth.center for tooth in teeth])
    steps = np.diff(centers)
    spacing = float(np.median(steps))
    apart = np.maximum(1, np.rint(steps / spacing))
    wells = np.concatenate(([0], np.cumsum(apart)))
    line = np.polynomial.Polynomial.fit(wells, centers, 2)
    scatter = float(np.sqrt(np.mean((centers - line(wells)) ** 2)))
    off = np.abs(steps - np.diff(line(wells)))[apart > 1]
    if scatter > _EVEN * spacing or np.any(off > _OFF * spacing):
        return teeth  # groups of lanes, parted by some space
    width = float(np.median([tooth.width for tooth in teeth]))
    hidden = np.setdiff1d(np.arange(wells[-1] + 1), wells)
    added = [Tooth(float(c - width / 2), float(c + width / 2), 0.0, 0.0) for c in line(hidden)]
    return sorted([*teeth, *added], key=lambda tooth: tooth.center)


def _share_against(
    teeth: list[Tooth],
    slices: NDArray[np.intp],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
) -> float:
    if not teeth or left.size == 0:
        return 0.0
    lefts = np.array([tooth.left for tooth in teeth])
    rights = np.array([tooth.right for tooth in teeth])
    # lanes reach to the middle of the gap between them
    middles = (rights[:-1] + lefts[1:]) / 2
    lefts, rights = np.append(lefts[0], middles), np.append(middles, rights[-1])
    # of each run within each lane
    inside = np.minimum(rights, right[:, None]) - np.maximum(lefts, left[:, None])
    inside = np.maximum(inside, 0)
    width = right - left
    tells = inside.sum(axis=1) >= 0.5 * width  # else it is beyond the outermost lanes
    tells &= (inside > _FILLED * (rights - lefts)).sum(axis=1) <= 1
    told = np.count_nonzero(tells)
    lane = np.argmax(inside, axis=1)
    own = tells & (inside[np.arange(left.size), lane] >= _WITHIN * width)
    # bands that share their lane with others at the same height are each against it
    place = slices[own] * len(teeth) + lane[own]
    together = np.unique(place, return_counts=True)[1]
    against = told - np.count_nonzero(own) + int(together[together > 1].sum())
    return against / told if told else 0.0


def bands_of_slices(
    straight: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Bands of each slice, or several that touch: the slice, and where one is half as high.

    Parameters
    ----------
    straight : ndarray, shape (S, U)
        Evidence on straightened lanes, slice by slice.

    Returns
    -------
    slices, left, right : ndarray, shape (N,)
        Slice by slice, left to right; px of the scene at mid-height.
    """
    found: list[tuple[int, int, int]] = []
    smooth = _smoothed(straight)
    tops = smooth.max(axis=1, initial=0.0)
    floor = _LEAST * float(tops.max(initial=0.0))
    for k in np.flatnonzero(tops > floor).tolist() if floor > 0 else []:
        values: list[float] = smooth[k].tolist()  # single ones are many times as fast to get at
        for left, right in _parted(smooth[k], values, floor):
            half = 0.5 * max(values[left : right + 1])
            first = next(at for at in range(left, right + 1) if values[at] >= half)
            last = next(at for at in range(right, left - 1, -1) if values[at] >= half)
            if last - first + 1 >= _NARROW:
                found.append((k, first, last))
    runs = np.array(found, np.intp).reshape(-1, 3)
    return runs[:, 0], runs[:, 1].astype(np.float64), runs[:, 2].astype(np.float64)


def _smoothed(straight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slices smoothed across the lanes by a sigma of 1 px, nothing beyond their ends."""
    border = cv2.BORDER_CONSTANT
    return np.asarray(cv2.GaussianBlur(straight, (9, 1), 1.0, borderType=border), np.float64)


def _parted(
    signal: NDArray[np.float64], values: list[float], floor: float
) -> list[tuple[int, int]]:
    """From where to where each peak of a slice reaches, parted from the next by a deep dip.

    `values` are those of `signal` as a list.
    """
    inner = np.flatnonzero((signal[1:-1] > signal[:-2]) & (signal[1:-1] >= signal[2:])) + 1
    peaks = [p for p in inner.tolist() if values[p] > floor]
    if not peaks:
        return []
    highest = values[peaks[0]]  # of the group so far
    cuts: list[int] = [0]
    for a, b in pairwise(peaks):
        between = values[a : b + 1]
        dip = min(between)
        if dip <= _PARTED * min(highest, values[b]):
            cuts.append(a + between.index(dip))
            highest = values[b]
        else:
            highest = max(highest, values[b])
    cuts.append(len(values) - 1)
    return list(pairwise(cuts))

"""Where lanes stand side by side: from column sums of band evidence to lane places and widths."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from .order import median, quantile

__all__ = ["Tooth", "find_teeth", "lane_feet"]


@dataclass(frozen=True)
class Tooth:
    """One lane's place in the comb.

    Parameters
    ----------
    left, right : float
        Edges at half height, px of the scene at mid-height.
    strength : float
        Evidence, relative to the typical lane.
    clarity : float
        How deep the dips to either side are, 0 to 1, less the deepest dip inside.
    """

    left: float
    right: float
    strength: float
    clarity: float

    @property
    def center(self) -> float:
        """Middle between the edges."""
        return (self.left + self.right) / 2

    @property
    def width(self) -> float:
        """Distance between the edges."""
        return self.right - self.left


# Dips shallower than this share of the lower peak beside them are unevenness, not a gap.
_MIN_DIP = 0.04
# Peaks below this share of the strong lanes' are not looked at.
_FLOOR = 0.03
_MAX_PARTS = 5
# A dip inside a lane speaks louder against it than dips beside it speak for it.
_INSIDE = 1.2


def find_teeth(
    column_sum: NDArray[np.float64],
    spacing_hint: float | None = None,
) -> list[Tooth]:
    """Cut column sums of evidence into lanes.

    All stretches between dips are candidates. A good candidate has deep dips at its sides, none
    inside, and a width like the others'. The best set of candidates that do not overlap is found
    by dynamic programming, for each possible lane width; a stretch counts by its length, so that
    two halves of a lane count no more than the whole.

    Parameters
    ----------
    column_sum : ndarray, shape (U,)
        Evidence summed down straightened lanes.
    spacing_hint : float, optional
        Distance between lane centres, px, if known: lanes are no wider.

    Returns
    -------
    list of Tooth
        Left to right.
    """
    profile = gaussian_filter1d(np.asarray(column_sum, np.float64), 1.0, mode="constant")
    top = quantile(profile, 0.98) if profile.size else 0.0
    if top <= 0:
        return []
    cuts, peaks = _dips(profile, _FLOOR * top)
    candidates = _candidates(profile, cuts, peaks, _FLOOR * top)
    if not candidates:
        return []
    if spacing_hint:
        widths = list(np.linspace(0.35, 1.0, 14) * spacing_hint)
    else:
        widths = list(np.geomspace(4.0, max(8.0, 0.6 * profile.size), 26))
    ending = _by_end(candidates)
    values = _values(candidates, np.array(widths))
    scored = [_best_set(candidates, ending, of_width) for of_width in values.tolist()]
    _, chosen = max(scored, key=lambda item: item[0])
    strengths = median([c.height for c in chosen]) if chosen else 1.0
    return [Tooth(c.left, c.right, float(c.height / strengths), c.clarity) for c in chosen]


# A lane's foot is where its cross-section has fallen to this share of its top.
_FOOT = 0.002
# How far the feet of this share of all edges reach is given to every lane: bands of a lane differ.
_MOST_FEET = 0.7
# The outermost edges have no neighbour to end at: they reach this share of the lanes' distance from
# the middle of their lane; the others mostly half.
_MOST_ROOM = 0.65
# Edges are never softer than this share of the lane's width at half height; a Gaussian's is 0.91.
_MAX_SOFT = 0.95


def lane_feet(profile: NDArray[np.float64], teeth: list[Tooth]) -> list[tuple[float, float]]:
    """Widen lanes from their half height to the feet of their edges.

    Half of the signal of a soft edge lies outside the half height. How far the feet reach is
    measured on the clear lanes and given to all; where two lanes' feet meet, they part at the
    lowest point between them.

    Parameters
    ----------
    profile : ndarray, shape (U,)
        Evidence in proportion to the signal, summed down straightened lanes.
    teeth : list of Tooth

    Returns
    -------
    list of (left, right)
        Px of the scene.
    """
    if not teeth:
        return []
    margins = []
    for k, tooth in enumerate(teeth):
        if tooth.strength <= 0:
            continue
        inner = profile[max(0, int(tooth.left)) : int(tooth.right) + 1]
        if inner.size == 0:
            continue
        foot = _FOOT * median(inner)
        stops = (
            teeth[k - 1].right if k else -np.inf,
            teeth[k + 1].left if k + 1 < len(teeth) else np.inf,
        )
        for edge, step, stop in ((tooth.left, -1, stops[0]), (tooth.right, 1, stops[1])):
            at = round(edge)
            while 0 < at < profile.size - 1 and profile[at] > foot and (stop - at) * step > 0:
                at += step
            if (stop - at) * step > 0:
                margins.append(min(abs(at - edge), _MAX_SOFT * tooth.width))
    margin = quantile(margins, _MOST_FEET) if margins else 0.1 * teeth[0].width
    feet = [(tooth.left - margin, tooth.right + margin) for tooth in teeth]
    if len(teeth) > 1:
        room = _MOST_ROOM * median(np.diff([tooth.center for tooth in teeth]))
        first, last = teeth[0], teeth[-1]
        feet[0] = (max(feet[0][0], min(first.center - room, first.left)), feet[0][1])
        feet[-1] = (feet[-1][0], min(feet[-1][1], max(last.center + room, last.right)))
    for k in range(len(feet) - 1):
        if feet[k][1] > feet[k + 1][0]:
            a, b = int(teeth[k].right), int(np.ceil(teeth[k + 1].left))
            between = profile[a : b + 1]
            part = (a + b) / 2
            if between.size:
                part = a + float(np.flatnonzero(between <= 1.02 * between.min() + 1e-12).mean())
            feet[k], feet[k + 1] = (feet[k][0], part), (part, feet[k + 1][1])
    return feet


@dataclass(frozen=True)
class _Candidate:
    first: int  # index of the cut at its left
    last: int  # index of the cut at its right
    left: float
    right: float
    height: float
    clarity: float

    @property
    def width(self) -> float:
        return self.right - self.left


def _dips(profile: NDArray[np.float64], floor: float) -> tuple[list[int], list[int]]:
    """Places of the dips that part peaks, with both ends, and of the peaks between them."""
    inner = np.flatnonzero((profile[1:-1] > profile[:-2]) & (profile[1:-1] >= profile[2:])) + 1
    peaks = [int(p) for p in inner if profile[p] > floor]
    if not peaks:
        return [0, profile.size - 1], []
    cuts = [0]
    for a, b in pairwise(peaks):
        cuts.append(a + int(np.argmin(profile[a : b + 1])))
    cuts.append(profile.size - 1)
    while len(peaks) > 1:
        depth = [
            1 - profile[cut] / min(profile[a], profile[b])
            for cut, a, b in zip(cuts[1:-1], peaks, peaks[1:], strict=False)
        ]
        shallow = int(np.argmin(depth))
        if depth[shallow] >= _MIN_DIP:
            break
        lower = shallow if profile[peaks[shallow]] < profile[peaks[shallow + 1]] else shallow + 1
        del peaks[lower], cuts[shallow + 1]
    return cuts, peaks


def _candidates(
    profile: NDArray[np.float64], cuts: list[int], peaks: list[int], floor: float
) -> list[_Candidate]:
    values: list[float] = profile.tolist()  # single values are many times as fast to get at
    heights = [values[peak] for peak in peaks]
    return [
        _candidate(values, cuts, heights, first, last, floor)
        for first in range(len(peaks))
        for last in range(first + 1, min(first + _MAX_PARTS, len(peaks)) + 1)
    ]


def _candidate(
    profile: list[float],
    cuts: list[int],
    heights: list[float],
    first: int,
    last: int,
    floor: float,
) -> _Candidate:
    top = max(heights[first:last])
    inside = 0.0
    for k in range(first + 1, last):
        lower = min(max(heights[first:k]), max(heights[k:last]))
        inside = max(inside, 1 - profile[cuts[k]] / lower)
    start, stop = cuts[first], cuts[last]
    sides = 1 - max(profile[start], profile[stop]) / top
    least = max(0.5 * top, floor)
    left = next(at for at in range(start, stop + 1) if profile[at] >= least)
    right = next(at for at in range(stop, start - 1, -1) if profile[at] >= least)
    return _Candidate(
        first,
        last,
        _crossing(profile, left, -1, 0.5 * top, start),
        _crossing(profile, right, 1, 0.5 * top, stop),
        top,
        sides - _INSIDE * inside,
    )


def _crossing(profile: list[float], at: int, step: int, level: float, end: int) -> float:
    """Where the profile crosses the level going outwards from `at`, not beyond `end`."""
    if at == end:
        return float(at)
    here, there = profile[at], profile[at + step]
    if there >= here:
        return float(at)
    return at + step * min(max((here - level) / (here - there), 0.0), 1.0)


def _by_end(candidates: list[_Candidate]) -> list[list[tuple[int, int]]]:
    """For each cut the candidates that end there: their number, and the cut they begin at."""
    ending: list[list[tuple[int, int]]] = [[] for _ in range(max(c.last for c in candidates) + 1)]
    for number, c in enumerate(candidates):
        ending[c.last].append((number, c.first))
    return ending


def _best_set(
    candidates: list[_Candidate], ending: list[list[tuple[int, int]]], values: list[float]
) -> tuple[float, list[_Candidate]]:
    """Candidates without overlap with the largest total value."""
    n_cuts = len(ending)
    best = [0.0] * n_cuts
    choice: list[_Candidate | None] = [None] * n_cuts
    for cut in range(1, n_cuts):
        best[cut] = best[cut - 1]
        for number, first in ending[cut]:
            # what is worth nothing is in no best set
            if values[number] > 0 and best[first] + values[number] > best[cut] + 1e-12:
                best[cut], choice[cut] = best[first] + values[number], candidates[number]
    chosen: list[_Candidate] = []
    cut = n_cuts - 1
    while cut > 0:
        last = choice[cut]
        if last is None:
            cut -= 1
        else:
            chosen.append(last)
            cut = last.first
    return best[-1], chosen[::-1]


def _values(candidates: list[_Candidate], widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Worth of each candidate for each width looked for, shape (widths, candidates).

    Its length, by how clear it is and how like the width.
    """
    own = np.array([c.width for c in candidates])
    height = np.array([c.height for c in candidates])
    clarity = np.array([c.clarity for c in candidates])
    misfit = np.log(np.maximum(own, 0.5) / widths[:, None]) / 0.3
    values: NDArray[np.float64] = own * np.sqrt(height) * (clarity - 0.15 * misfit**2)
    return values

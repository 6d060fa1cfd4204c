"""Bands that hide in the flank of another: found by their shape, where other lanes agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .model import Profile
from .peak_choice import best_fit, crossing
from .peak_fit import PeakFit, Stretch, fit_peaks
from .peak_shapes import exponential_gaussian
from .reading import Sections, rows_between
from .rows import FoundBand
from .smoother import fit_baseline

__all__ = ["LaneSignal", "part_shoulders"]

Floats = NDArray[np.float64]

# A lone band's shape departs from the formula by less than this share of its height.
_ALIKE = 0.007
# What a second band must improve: the criterion, and the residuals in proportion.
_MARGIN, _MARGIN_SUPPORTED, _MARGIN_STRAIGHT = 12.0, 3.0, 10.0
_BETTER = 0.33
# ... and what it must come down to, in the size expected of residuals.
_WELL_EXPLAINED = 1.5
# Two bands are so many of their mean thickness apart, and the weaker has this share of both: less
# is what real bands trail, a faint halo below or above.
_APART, _FURTHEST, _LEAST_SHARE = 1.6, 4.5, 0.18
# One band is enough where the rest is noise, or so small a share of its height.
_NOISE_ONLY, _EXPLAINED = 1.15, 0.004
# Pairs of two lanes are one pair of proteins where they are alike in distance within this factor.
_SAME_DISTANCE = 1.35
# A weaker band, in standard errors of its sum, does not show what it is made of.
_WEAKEST = 25.0
# Bands parted at a valley that is still this share of their height are two already.
_VALLEY = 0.2


@dataclass(frozen=True, eq=False)
class LaneSignal:
    """A lane as bands are looked for in it.

    Parameters
    ----------
    profile : Profile
        Summed across the lane.
    sections : ndarray, shape (SECTIONS, N)
        Summed across parts of the lane side by side.
    saturated : ndarray of bool, shape (N,)
        Rows with pixels at the ceiling.
    """

    profile: Profile
    sections: Floats
    saturated: NDArray[np.bool_]

    @classmethod
    def of(cls, profile: Profile, sections: Sections, clipped: Floats) -> LaneSignal:
        """From a profile that may be averaged over several rows, and the lane's own rows."""
        size = profile.position.size
        step = max(1, sections.position.size // max(size, 1))
        used = size * step
        return cls(
            profile,
            sections.intensity[:, :used].reshape(-1, size, step).mean(axis=2),
            clipped[:used].reshape(size, step).max(axis=1) >= 1.0,
        )


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A found band that may be two: its stretch, and the fits of one and of two."""

    lane: int
    index: int
    band: FoundBand
    stretch: Stretch
    two: PeakFit
    gain: float  # of the criterion

    @property
    def distance(self) -> float:
        return float(np.ptp(self.two.centers))


def part_shoulders(
    found: Mapping[str, Sequence[FoundBand]], lanes: Mapping[str, LaneSignal]
) -> dict[str, list[FoundBand]]:
    """Bands of all lanes, with those parted that are two in truth.

    A band counts as two where a fit of two bands explains its profile clearly better than one,
    skewed or not, and down to the noise; where the weaker of both is no mere halo; where the same
    holds with the band's parts across the lane brought to one height (the sides of a band that
    leans or bends pass for a shoulder); and where another lane has such a pair at that height, or
    there is no other lane to ask.

    Parameters
    ----------
    found : mapping of str to sequence of FoundBand
        By lane id, lanes left to right.
    lanes : mapping of str to LaneSignal

    Returns
    -------
    dict of str to list of FoundBand
    """
    names = list(found)
    found = {name: sorted(bands, key=lambda band: band.row) for name, bands in found.items()}
    candidates: list[_Candidate] = []
    for number, name in enumerate(names):
        candidates += _candidates(number, list(found[name]), lanes[name])
    parted = {name: list(bands) for name, bands in found.items()}
    pairs = _known_pairs([list(found[name]) for name in names])
    clear = [one for one in candidates if one.gain > _MARGIN]
    places = pairs + [_place(one) for one in clear]
    for one in sorted(candidates, key=lambda c: (c.lane, -c.index)):
        if one.gain < _MARGIN_SUPPORTED:
            continue
        supported = any(_alike(_place(one), other) for other in places)
        alone = len(names) < 3 and one.gain > _MARGIN
        if (supported or alone) and _straightened_agrees(one, lanes[names[one.lane]]):
            bands = parted[names[one.lane]]
            bands[one.index : one.index + 1] = _two_bands(one)
    return parted


@dataclass(frozen=True)
class _Place:
    lane: int
    row: float
    distance: float
    height: float


def _place(one: _Candidate) -> _Place:
    height = one.band.stop - one.band.start
    return _Place(one.lane, float(one.two.centers.mean()), one.distance, height)


def _alike(one: _Place, other: _Place) -> bool:
    """Whether two lanes show one pair of proteins."""
    if one.lane == other.lane:
        return False
    away = abs(one.row - other.row)
    ratio = one.distance / other.distance
    near = 0.6 + 0.1 * abs(one.lane - other.lane)
    return bool(
        away < near * max(one.height, other.height) and 1 / _SAME_DISTANCE < ratio < _SAME_DISTANCE
    )


def _known_pairs(lanes: list[list[FoundBand]]) -> list[_Place]:
    """Pairs that a dip has parted already."""
    pairs = []
    for number, bands in enumerate(lanes):
        for above, below in pairwise(bands):
            if above.parted_below and below.parted_above:
                middle, distance = (above.row + below.row) / 2, below.row - above.row
                pairs.append(_Place(number, middle, distance, below.stop - above.start))
    return pairs


def _candidates(number: int, bands: list[FoundBand], lane: LaneSignal) -> list[_Candidate]:
    """Bands of a lane that two bands fit better than one."""
    profile = lane.profile
    free = np.ones(profile.position.size, bool)
    for band in bands:
        free &= (profile.position < band.start) | (profile.position > band.stop)
    if not bands or free.sum() < 6:
        return []
    lengths = [band.stop - band.start for band in bands]
    step = float(profile.position[1] - profile.position[0])
    ground = fit_baseline(
        profile.intensity, profile.variance, free, least_length=float(np.median(lengths)) / step
    )
    above = profile.intensity - ground.level
    variance = profile.variance * max(ground.scale, 1.0)
    candidates = []
    for k in range(len(bands)):
        stretch = _stretch(bands, k, lane, above, variance)
        if stretch is None or _is_one(stretch):
            continue
        one = best_fit(stretch, *_guess_of_one(stretch))
        if one is not None and (one.misfit < _NOISE_ONLY or one.unexplained < _EXPLAINED):
            continue
        two = _best_of_two(stretch)
        if two is None or not _two_sound(two) or not _explained(two):
            continue
        gain = 1e3 if one is None else one.aicc - two.aicc
        if one is not None and two.unexplained > _BETTER * one.unexplained:
            continue
        candidates.append(_Candidate(number, k, bands[k], stretch, two, gain))
    return candidates


def _stretch(
    bands: list[FoundBand], k: int, lane: LaneSignal, above: Floats, variance: Floats
) -> Stretch | None:
    """Profile around a band, up to its neighbours; None where it is saturated or one of a pair."""
    band = bands[k]
    margin = 0.25 * (band.stop - band.start)
    first = max(band.start - margin, bands[k - 1].stop if k else -np.inf)
    last = min(band.stop + margin, bands[k + 1].start if k + 1 < len(bands) else np.inf)
    position = lane.profile.position
    step = float(position[1] - position[0])
    rows = rows_between(position / step, first / step, last / step)
    if lane.saturated[rows].any() or rows.stop - rows.start < 10:
        return None
    if float(above[rows].sum()) < _WEAKEST * float(np.sqrt(variance[rows].sum())):
        return None
    height = float(above[rows].max())
    valleys = (band.parted_above, above[rows.start]), (band.parted_below, above[rows.stop - 1])
    if any(parted and level > _VALLEY * height for parted, level in valleys):
        return None
    return Stretch(position[rows], above[rows], variance[rows], 0.005 * height)


def _moments(stretch: Stretch) -> tuple[float, float, float]:
    mass = np.maximum(stretch.above, 0.0)
    total = float(mass.sum())
    mean = float(mass @ stretch.position) / total
    away = stretch.position - mean
    sd = float(np.sqrt(mass @ away**2 / total))
    return mean, sd, float(mass @ away**3) / total / max(sd, 1e-9) ** 3


def _guess_of_one(stretch: Stretch) -> tuple[Floats, float]:
    mean, sd, _ = _moments(stretch)
    return np.array([mean]), sd


def _is_one(stretch: Stretch) -> bool:
    """Whether one band with the profile's own moments explains it: a quick look."""
    if stretch.above.max() <= 0:
        return True
    mean, sd, skewness = _moments(stretch)
    skew = np.clip(np.array([skewness]), -1.3, 1.3)
    shape = exponential_gaussian((stretch.position - mean)[None], np.array([sd]), skew)[0][0]
    # the moments see the noise far out: a thinner one is tried as well
    best = np.inf
    for thin in (1.0, 0.93):
        if thin < 1:
            shape = exponential_gaussian(
                (stretch.position - mean)[None], np.array([thin * sd]), 0.7 * skew
            )[0][0]
        left = stretch.above - shape * (shape @ stretch.above) / (shape @ shape)
        best = min(best, float(left @ left))
    expected = float(stretch.variance.sum())
    height = float(stretch.above.max())
    return best < 1.3 * expected + stretch.position.size * (_ALIKE * height) ** 2


def _best_of_two(stretch: Stretch) -> PeakFit | None:
    """Two bands fitted from two beginnings, the better of both with a skewness as well."""
    mean, sd, _ = _moments(stretch)
    top = float(stretch.position[int(np.argmax(stretch.above))])
    thin = _thickness(stretch, top, sd)
    side = 1.0 if mean > top else -1.0
    begins = [
        (np.array([mean - 0.85 * sd, mean + 0.85 * sd]), 0.65 * sd),
        (np.sort(np.array([top, top + side * 2.2 * thin])), thin),
    ]
    fits = [fit_peaks(stretch, "gaussian", centers, sigma) for centers, sigma in begins]
    known = [fit for fit in fits if fit is not None]
    if not known:
        return None
    better = min(known, key=lambda fit: fit.aicc)
    return best_fit(stretch, better.centers, float(better.sigmas.mean()))


def _thickness(stretch: Stretch, top: float, sd: float) -> float:
    """Sigma that the steeper flank's half height shows."""
    height = float(stretch.above.max())
    high = stretch.position[stretch.above > 0.6 * height]
    steeper = min(top - float(high[0]), float(high[-1]) - top)
    return float(np.clip((steeper + 0.5) / 1.01, 0.35 * sd, 0.9 * sd))


def _explained(two: PeakFit) -> bool:
    """Whether two bands leave noise only: what has another shape than a band is no pair of them."""
    return two.misfit < _WELL_EXPLAINED or two.unexplained < _ALIKE


def _two_sound(two: PeakFit) -> bool:
    distance = float(np.ptp(two.centers))
    share = float(two.areas.min() / two.areas.sum())
    sure = bool((two.areas > 4.0 * two.errors).all())
    apart = _APART < distance / float(two.sigmas.mean()) < _FURTHEST
    return sure and apart and share > _LEAST_SHARE


def _straightened_agrees(one: _Candidate, lane: LaneSignal) -> bool:
    """Whether the band shows two when its parts across the lane are brought to one height.

    A band that leans or bends within its lane is broad, skewed and shouldered as a sum; part by
    part it is not.
    """
    position = one.stretch.position
    first = int(np.searchsorted(lane.profile.position, position[0] - 1e-6))
    parts = lane.sections[:, first : first + position.size]
    ends = np.array([parts[:, :3].mean(axis=1), parts[:, -3:].mean(axis=1)])
    along = (np.arange(position.size) - 1) / max(position.size - 3, 1)
    above = parts - ends[0][:, None] - (ends[1] - ends[0])[:, None] * along
    straight = _brought_together(above)
    if straight is None:
        return False
    height = float(straight.max())
    stretch = Stretch(position, straight, one.stretch.variance, 0.01 * height)
    two = best_fit(stretch, one.two.centers, float(one.two.sigmas.mean()))
    single = best_fit(stretch, *_guess_of_one(stretch))
    if two is None or not _two_sound(two):
        return False
    if single is not None:
        gain = single.aicc - two.aicc
        if gain < _MARGIN_STRAIGHT or two.unexplained > _BETTER * single.unexplained:
            return False
    ratio = float(np.ptp(two.centers)) / one.distance
    return 1 / _SAME_DISTANCE < ratio < _SAME_DISTANCE


def _brought_together(above: Floats) -> Floats | None:
    """Sum of a band's parts, each shifted to the height where it fits the others best."""
    mass = np.maximum(above, 0.0).sum(axis=1)
    strong = mass > 0.4 * np.median(mass)
    if mass.max() <= 0 or strong.sum() < 3:
        return None
    rows = np.arange(above.shape[1], dtype=np.float64)
    shifts = np.zeros(len(above))
    total = above[strong].sum(axis=0)
    for _ in range(2):
        shifts = np.array([_shift(part, total) for part in above])
        shifts -= np.average(shifts[strong], weights=mass[strong])
        moved = [
            np.interp(rows + shift, rows, part) for part, shift in zip(above, shifts, strict=True)
        ]
        total = np.asarray(moved)[strong].sum(axis=0)
    return np.asarray(total)


def _shift(part: Floats, total: Floats) -> float:
    """Rows by which a part lies below the sum, to a fraction of a row."""
    reach = part.size // 4
    correlation = np.correlate(part, total, mode="full")
    zero = total.size - 1
    near = correlation[zero - reach : zero + reach + 1]
    top = int(np.argmax(near))
    if not 0 < top < near.size - 1:
        return 0.0
    before, middle, after = near[top - 1 : top + 2]
    bend = before - 2 * middle + after
    return float(top - reach + (0.5 * (before - after) / bend if bend < 0 else 0.0))


def _two_bands(one: _Candidate) -> list[FoundBand]:
    """The band, parted where the fitted two are equally high."""
    at = crossing(one.two, 0)
    band = one.band
    share = one.two.areas / one.two.areas.sum()
    rows = one.two.summits
    return [
        replace(
            band,
            row=float(rows[0]),
            stop=at,
            snr=band.snr * share[0],
            parted_below=True,
            doubtful=False,
        ),
        replace(
            band,
            row=float(rows[1]),
            start=at,
            snr=band.snr * share[1],
            parted_above=True,
            doubtful=False,
        ),
    ]

"""Where bands begin and end along their lane: at the foot of their shape, or at a valley."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from .flat_tops import with_whole_tops
from .model import Lane, Profile
from .order import median
from .peak import Peak
from .rows import FoundBand
from .smoother import fit_baselines

__all__ = ["Ground", "band_limits", "limits_and_ground"]

# The baseline bends over no less than this share of a band's length.
_LEAST_LENGTH = 0.4
# Limits need no finer baseline than this many bins.
_COARSE_BINS = 150
# A band reaches at least this many sigma to either side; a Gaussian holds 99.9 % within.
_REACH = 3.3
# ... and at most this many, with the longest tail.
_LONGEST_REACH = 12.0
# A shoulder is at least this share of its neighbour's height; what is less lies in its foot.
_SHOULDER = 0.25
# Along the profile a band ends where it has fallen to this share of its peak.
_FOOT = 0.001


@dataclass(frozen=True, eq=False)
class Ground:
    """A lane's profile above the baseline that the limits were found with.

    Parameters
    ----------
    above : ndarray, shape (N,)
        a.u. x px, row by row of the profile.
    variance : ndarray, shape (N,)
        Of its noise, with the texture beside the bands.
    """

    above: NDArray[np.float64]
    variance: NDArray[np.float64]


def band_limits(
    lanes: Sequence[Lane], profiles: Mapping[str, Profile], peaks: Mapping[str, list[Peak]]
) -> list[FoundBand]:
    """Limits of all bands: where the profile has come down to the baseline, or to a valley.

    In a weak band the noise hides where it ends. Bands of one picture are of a kind: how far they
    reach, in units of their flanks, is read off all of them together.

    Parameters
    ----------
    lanes : sequence of Lane
    profiles : mapping of str to Profile
        By lane id.
    peaks : mapping of str to list of Peak
        By lane id, from the well down.

    Returns
    -------
    list of FoundBand
        Lane by lane; peaks that do not stand above the baseline are left out.
    """
    return limits_and_ground(profiles, [(lanes, peaks)])[0][0]


# Lanes with their peaks, by lane id, from the well down.
PeaksOfLanes = tuple[Sequence[Lane], Mapping[str, list[Peak]]]


def limits_and_ground(
    profiles: Mapping[str, Profile], sets: Sequence[PeaksOfLanes]
) -> list[tuple[list[FoundBand], dict[str, Ground]]]:
    """As `band_limits`, with the ground of each lane that has peaks, by lane id.

    Several sets of peaks, the bands of each of a kind, are looked at in one go: a few lanes by
    themselves take nearly as long as all together.
    """
    peaks = {
        (k, lane.id): of[lane.id]
        for k, (lanes, of) in enumerate(sets)
        for lane in lanes
        if of[lane.id]
    }
    hidden = {
        key: [(p.row - 4.5 * p.sigma, p.row + 4.5 * p.sigma) for p in own]
        for key, own in peaks.items()
    }
    for last in (False, True):
        # once more, with the tails that the first limits found kept out of the baseline
        seen = _lane_shapes(profiles, hidden, peaks)
        reach = [
            _common_reach([shape for (k, _), shape in seen.items() if k == one])
            for one in range(len(sets))
        ]
        limits = {(k, lane): shape.limits(reach[k]) for (k, lane), shape in seen.items()}
        if not last:
            hidden = {key: [one for one in own if one] for key, own in limits.items()}
            peaks = {
                key: with_whole_tops(shape.smooth, shape.noise, shape.peaks)
                for key, shape in seen.items()
            }
    found: list[tuple[list[FoundBand], dict[str, Ground]]] = [([], {}) for _ in sets]
    for (k, lane), shape in seen.items():
        found[k][0].extend(_found(lane, profiles[lane], shape, limits[k, lane]))
        found[k][1][lane] = Ground(shape.above, shape.noise**2)
    return found


@dataclass(frozen=True, eq=False)
class _LaneShape:
    """A lane's profile above its baseline, and its bands' summits, flanks and valleys; rows."""

    above: NDArray[np.float64]
    smooth: NDArray[np.float64]  # the same, a little smoothed
    noise: NDArray[np.float64]
    bridge: NDArray[np.float64]  # how uncertain the baseline is under each band
    peaks: list[Peak]
    valleys: list[float]
    summits: list[int]
    flanks: list[tuple[float, float]]  # sigma that the upper half shows, above and below
    heights: list[float]  # `smooth`: looked at one by one, a list is faster

    @classmethod
    def of(
        cls,
        above: NDArray[np.float64],
        smooth: NDArray[np.float64],
        noise: NDArray[np.float64],
        bridge: NDArray[np.float64],
        peaks: list[Peak],
    ) -> _LaneShape:
        valleys = _valleys(smooth, peaks)
        summits = [
            _summit(smooth, peak, ends) for peak, ends in zip(peaks, pairwise(valleys), strict=True)
        ]
        heights = smooth.tolist()
        flanks = [
            (_flank(heights, top, -1, peak.sigma), _flank(heights, top, 1, peak.sigma))
            for top, peak in zip(summits, peaks, strict=True)
        ]
        return cls(above, smooth, noise, bridge, peaks, valleys, summits, flanks, heights)

    def limits(self, reach: tuple[float, float]) -> list[tuple[float, float] | None]:
        """Limits of each peak, None where the profile is not above the baseline."""
        heights, noises = self.heights, self.noise
        limits: list[tuple[float, float] | None] = []
        for index, (top, (above, below)) in enumerate(zip(self.summits, self.flanks, strict=True)):
            if heights[top] <= 0:
                limits.append(None)
                continue
            least = max(_FOOT * heights[top], _BRIDGES * float(self.bridge[index]))
            start = _end(heights, noises, top, -1, above, reach[0], least, self.valleys[index])
            stop = _end(heights, noises, top, 1, below, reach[1], least, self.valleys[index + 1])
            limits.append((start, stop))
        return limits


# Where the common shape is looked at, in flanks from the summit.
_OUTWARDS = np.arange(0.0, _LONGEST_REACH + 0.01, 0.25)
# A tail need not be followed below so many times the error of the baseline under the band: the
# longer the bridge, the larger that is.
_BRIDGES = 1.5
# No band says more of the common shape than one of this signal to noise.
_MOST_TRUST = 50.0


def _common_reach(seen: Sequence[_LaneShape]) -> tuple[float, float]:
    """How many flanks the bands reach above and below their summits, all taken together."""
    bands = [
        (shape, index)
        for shape in seen
        for index, top in enumerate(shape.summits)
        if shape.heights[top] > 0
    ]
    if not bands:
        return _REACH, _REACH
    sides = _Sides.of(seen, bands)
    return sides.foot(-1), sides.foot(1)


@dataclass(frozen=True, eq=False)
class _Sides:
    """All bands' profiles outwards from their summits, in one array; shape (B,) where not said."""

    heights: NDArray[np.float64]  # the lanes' smoothed profiles end to end, shape (N,)
    first: NDArray[np.intp]  # of these, where the band's lane begins and ends
    last: NDArray[np.intp]
    top: NDArray[np.intp]  # rows of the lane
    flanks: NDArray[np.float64]  # shape (B, 2): above, below
    valleys: NDArray[np.float64]  # shape (B, 2)
    noise: NDArray[np.float64]  # over the height, as the next
    bridge: NDArray[np.float64]

    @classmethod
    def of(cls, seen: Sequence[_LaneShape], bands: Sequence[tuple[_LaneShape, int]]) -> _Sides:
        sizes = [shape.smooth.size for shape in seen]
        begins = dict(zip(map(id, seen), np.cumsum([0, *sizes]).tolist(), strict=False))
        first = np.array([begins[id(shape)] for shape, _ in bands])
        top = np.array([shape.summits[index] for shape, index in bands])
        height = np.array([shape.heights[shape.summits[index]] for shape, index in bands])
        noise = np.array([shape.noise[shape.summits[index]] for shape, index in bands])
        return cls(
            np.concatenate([shape.smooth for shape in seen]),
            first,
            first + [shape.smooth.size - 1 for shape, _ in bands],
            top,
            np.array([shape.flanks[index] for shape, index in bands]),
            np.array([shape.valleys[index : index + 2] for shape, index in bands]),
            noise / height,
            np.array([shape.bridge[index] for shape, index in bands]) / height,
        )

    def foot(self, step: int) -> float:
        """Where the mean of the bands' sides has come down to its foot or into its noise.

        `step` -1: above their summits, 1: below.
        """
        side = int(step > 0)
        away = _OUTWARDS * self.flanks[:, [side]]
        known = away < np.abs(self.valleys[:, side] - self.top)[:, None]
        shapes = self._at((self.first + self.top)[:, None] + step * away)
        shapes /= self.heights[self.first + self.top][:, None]
        weight = known / np.maximum(self.noise, 1 / _MOST_TRUST)[:, None] ** 2
        total = np.maximum(weight.sum(axis=0), 1e-12)
        mean = (weight * shapes).sum(axis=0) / total
        floor = np.maximum(max(_FOOT, _BRIDGES * median(self.bridge)), 1 / np.sqrt(total))
        back = round(1 / _OUTWARDS[1])
        for at in range(int(np.searchsorted(_OUTWARDS, _REACH)), _OUTWARDS.size):
            # a tail fades; what does not is background
            if not known[:, at].any() or mean[at] < floor[at] or mean[at] > 0.8 * mean[at - back]:
                return float(_OUTWARDS[at])
        return _LONGEST_REACH

    def _at(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Heights between rows; beyond a lane's end as at its end."""
        held = np.minimum(np.maximum(places, self.first[:, None]), self.last[:, None])
        before = np.minimum(held.astype(np.intp), self.last[:, None] - 1)
        here = self.heights[before]
        between = here + (held - before) * (self.heights[before + 1] - here)
        return np.asarray(between, np.float64)


def _found(
    lane: str, profile: Profile, shape: _LaneShape, limits: list[tuple[float, float] | None]
) -> list[FoundBand]:
    """Bands of a lane in px of the picture."""
    origin, step = float(profile.position[0]), float(profile.position[1] - profile.position[0])
    valleys = shape.valleys
    found = []
    for index, (peak, limit) in enumerate(zip(shape.peaks, limits, strict=True)):
        if limit is None or limit[1] - limit[0] < 2.0:
            continue
        start, stop = limit
        found.append(
            FoundBand(
                lane_id=lane,
                row=origin + step * shape.summits[index],
                start=origin + step * start,
                stop=origin + step * stop,
                snr=peak.snr,
                parted_above=index > 0 and start <= valleys[index],
                parted_below=index + 1 < len(shape.peaks) and stop >= valleys[index + 1],
            )
        )
    return found


def _lane_shapes(
    profiles: Mapping[str, Profile],
    hidden: Mapping[tuple[int, str], list[tuple[float, float]]],
    peaks: Mapping[tuple[int, str], list[Peak]],
) -> dict[tuple[int, str], _LaneShape]:
    """Shape of each lane, by set and id; `hidden` are the stretches kept out of its baseline."""
    shapes: dict[tuple[int, str], _LaneShape] = {}
    sizes = {key: profiles[key[1]].position.size for key in peaks}
    for size in set(sizes.values()):
        alike = [key for key in peaks if sizes[key] == size]
        read = _above_baselines(
            [profiles[lane] for _, lane in alike],
            [hidden[key] for key in alike],
            [peaks[key] for key in alike],
        )
        for key, above, smooth, noise, bridge in zip(alike, *read, strict=True):
            shapes[key] = _LaneShape.of(above, smooth, noise, bridge, peaks[key])
    return {key: shapes[key] for key in peaks}


def _above_baselines(
    profiles: Sequence[Profile],
    hidden: Sequence[list[tuple[float, float]]],
    peaks: Sequence[list[Peak]],
) -> tuple[
    NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], list[NDArray[np.float64]]
]:
    """Profiles of one length above stiff baselines through the rows outside the limits.

    Besides, the same a little smoothed, its noise, and how uncertain the baseline is under each
    peak.
    """
    intensity = np.array([profile.intensity for profile in profiles])
    variance = np.array([profile.variance for profile in profiles])
    free = np.array([_free(intensity.shape[1], of) for of in hidden])
    usual = [median(np.array([stop - start for start, stop in of])) if of else 0.0 for of in hidden]
    fits = fit_baselines(
        intensity, variance, free, _LEAST_LENGTH * np.array(usual), max_bins=_COARSE_BINS
    )
    above = intensity - np.array([fit.level for fit in fits])
    smooth = np.asarray(gaussian_filter1d(above, 0.7, axis=1, mode="nearest"), np.float64)
    noise = np.sqrt(variance * np.array([[max(fit.scale, 1.0)] for fit in fits]))
    bridges = [
        np.sqrt(fit.variances_at([int(peak.row) for peak in own]))
        for fit, own in zip(fits, peaks, strict=True)
    ]
    return above, smooth, noise, bridges


def _free(size: int, hidden: list[tuple[float, float]]) -> NDArray[np.bool_]:
    """Rows outside some limits."""
    free = np.ones(size, bool)
    for start, stop in hidden:
        free[max(math.ceil(start), 0) : max(math.floor(stop) + 1, 0)] = False
    if np.count_nonzero(free) < 6:  # a strip that is all band: trust its ends
        free[:2] = free[-2:] = True
    return free


def _summit(smooth: NDArray[np.float64], peak: Peak, valleys: tuple[float, float]) -> int:
    reach, middle = max(1, int(peak.sigma)), int(peak.row)
    first, last = max(0, middle - reach), middle + reach
    if valleys[0] < middle:  # not where the band has no valley of its own
        first = max(first, math.ceil(valleys[0]))
    if valleys[1] > middle:
        last = min(last, math.floor(valleys[1]))
    return first + int(np.argmax(smooth[first : last + 1]))


def _valleys(smooth: NDArray[np.float64], peaks: list[Peak]) -> list[float]:
    """Rows of the lowest points between the peaks, with the profile's two ends.

    Where a band is but a shoulder of its neighbour, nearly as high, and there is no dip: the row
    that lies lowest under the line from peak to peak, or the middle.
    """
    valleys = []
    for a, b in pairwise([int(peak.row) for peak in peaks]):
        between = smooth[a : b + 1]
        lowest = int(np.argmin(between))
        low, high = sorted((float(between[0]), float(between[-1])))
        if lowest in (0, between.size - 1) and low > _SHOULDER * high:
            sag = between - np.linspace(between[0], between[-1], between.size)
            lowest = int(np.argmin(sag))
            if lowest in (0, between.size - 1):  # one summit between both
                lowest = between.size // 2
        valleys.append(float(a + lowest))
    return [-0.5, *valleys, smooth.size - 0.5]


def _flank(smooth: list[float], top: int, step: int, sigma: float) -> float:
    """Sigma that the upper half of one flank shows, near the matched filter's."""
    height, half = smooth[top], top
    limit = 0 if step < 0 else len(smooth) - 1
    while half != limit and smooth[half] > 0.5 * height:
        half += step
    if half == top:
        return sigma
    inner, outer = smooth[half - step], smooth[half]
    fraction = (inner - 0.5 * height) / (inner - outer) if inner > outer else 0.0
    flank = (abs(half - top) - 1 + fraction) / 1.1774
    return min(max(flank, 0.7 * sigma), 2.0 * sigma)


def _end(
    smooth: list[float],
    noise: NDArray[np.float64],
    top: int,
    step: int,
    flank: float,
    reach: float,
    foot: float,
    valley: float,
) -> float:
    """Where a band ends on one side.

    The further of two places: where the profile has fallen into the noise or to `_FOOT` of the
    peak, and `reach` times the flank; but never beyond the valley to the neighbour.
    """
    half, limit = 0.5 * smooth[top], 0 if step < 0 else len(smooth) - 1
    at = top
    while at != limit and smooth[at] > half:
        at += step
    floor = max(foot, float(noise[at]))
    back, late, last = step * max(2, round(flank)), 2.5 * flank, _LONGEST_REACH * flank
    while at != limit and (here := smooth[at]) > floor and (away := abs(at - top)) < last:
        # a tail fades within about a sigma; what does not is background
        if away > late and here > 0.8 * smooth[at - back]:
            break
        at += step
    end = top + step * max(abs(at - top), reach * flank)
    return max(end, valley) if step < 0 else min(end, valley)

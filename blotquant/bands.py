"""Find the bands of every lane: matched filters along the lane, then the limits of each band."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from .errors import NothingFound
from .model import Blot, Lane, Layout, Panel, Profile
from .noise import NoiseModel
from .reading import read_sections
from .recipe import FindingSettings
from .rows import FoundBand, arrange_rows
from .smoother import fit_baseline

__all__ = ["find_bands"]

# Half-thickness (sigma) of the bands looked for, px.
_SIGMAS = (1.2, 2.1, 3.6, 6.3, 11.0, 19.0)
# Bands are looked for in at least this many rows: taller pictures are averaged over two and more.
_WORKING_ROWS = 900
# Limits need no finer baseline than this many bins.
_COARSE_BINS = 150
# Two bands are at least this many sigma of the broader apart.
_APART = 1.7
# A band reaches at least this many sigma to either side; a Gaussian holds 99.9 % within.
_REACH = 3.3
# ... and at most this many, with the longest tail.
_LONGEST_REACH = 6.0
# A band may be this much stronger as a whole than its middling sections say: soft edges, uneven.
_UNEVEN = 1.7
# Bands of one picture are of a kind: their thickness against the typical one.
# Overloading broadens the strong ones; a weak one that is broad is a cloud.
_NARROWEST, _BROADEST, _BROAD_WEAK = 0.28, 2.6, 1.7
# Along the profile a band ends where it has fallen to this share of its peak.
_FOOT = 0.004


def find_bands(
    blot: Blot,
    panels: tuple[Panel, ...],
    lanes: tuple[Lane, ...],
    noise: NoiseModel,
    settings: FindingSettings,
) -> Layout:
    """Find the bands of all lanes and arrange them in rows.

    Each lane is read in six sections of its width besides the whole: a band shows in most of
    them, a speck or a scratch in one or two.

    Parameters
    ----------
    blot : Blot
    panels : tuple of Panel
    lanes : tuple of Lane
    noise : NoiseModel
    settings : FindingSettings
        `sensitivity` is the least signal to noise.

    Returns
    -------
    Layout

    Raises
    ------
    NothingFound
        If no lane has a band.
    """
    profiles: dict[str, Profile] = {}
    peaks: dict[str, list[_Peak]] = {}
    step = max(1, blot.shape[0] // _WORKING_ROWS)
    for lane in lanes:
        sections = read_sections(blot, lane, noise)
        profiles[lane.id] = _binned(sections.whole, step)
        peaks[lane.id] = _peaks(profiles[lane.id], sections.intensity, settings.sensitivity)
    peaks = _of_one_kind(peaks)
    found = [
        band for lane in lanes for band in _with_limits(lane, profiles[lane.id], peaks[lane.id])
    ]
    if not found:
        raise NothingFound(
            f"{blot.source.name}: {len(lanes)} lanes, but no band reaches a signal to noise of "
            f"{settings.sensitivity:g}; lower the sensitivity if you see bands"
        )
    return arrange_rows(panels, lanes, found)


def _binned(profile: Profile, step: int) -> Profile:
    """Profile averaged over `step` rows at a time; what is left over at the end is left out."""
    count = profile.position.size // step
    if step == 1 or count < 8:
        return profile
    means = [
        values[: count * step].reshape(count, step).mean(axis=1)
        for values in (profile.position, profile.intensity, profile.variance, profile.width)
    ]
    return Profile(means[0], means[1], means[2] / step, means[3])


def _of_one_kind(peaks: dict[str, list[_Peak]]) -> dict[str, list[_Peak]]:
    """Peaks without those far broader or narrower than the picture's bands: clouds and specks."""
    everything = [peak for of_lane in peaks.values() for peak in of_lane]
    if not everything:
        return peaks
    sizes = np.log([peak.sigma for peak in everything])
    weights = np.log1p([peak.snr for peak in everything])
    order = np.argsort(sizes)
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    typical = float(np.exp(sizes[order][min(half, sizes.size - 1)]))
    strong = float(np.quantile([peak.snr for peak in everything], 0.75))
    kept = {}
    for lane, of_lane in peaks.items():
        kept[lane] = [
            p
            for p in of_lane
            if _NARROWEST < p.sigma / typical < (_BROADEST if p.snr > 0.2 * strong else _BROAD_WEAK)
        ]
    return kept


@dataclass(frozen=True)
class _Peak:
    row: float
    sigma: float
    snr: float
    spread: float  # noise of the response
    strength: float  # response, normalised so that it is largest at the band's own thickness


def _peaks(profile: Profile, parts: NDArray[np.float64], sensitivity: float) -> list[_Peak]:
    """Peaks of the matched filters over all thicknesses, one per band, from the well down."""
    rows = profile.position.size
    if rows < 8:
        return []
    step = float(profile.position[1] - profile.position[0])
    noise = np.sqrt(gaussian_filter1d(profile.variance, 8.0, mode="nearest"))
    candidates = [
        peak
        for sigma in np.array(_SIGMAS) / step
        if 5 * sigma <= rows and sigma >= 0.9
        for peak in _peaks_of_thickness(profile.intensity, noise, sigma, sensitivity)
    ]
    parts = parts[:, : rows * round(step)].reshape(len(parts), rows, -1).mean(axis=2)
    chosen: list[_Peak] = []
    for peak in sorted(candidates, key=lambda p: -p.strength):
        if any(
            abs(peak.row - other.row) <= _APART * max(other.sigma, peak.sigma) for other in chosen
        ):
            continue
        shared = _shared_snr(peak, parts)
        if shared >= sensitivity:
            chosen.append(replace(peak, snr=shared))
    return sorted(chosen, key=lambda p: p.row)


def _peaks_of_thickness(
    profile: NDArray[np.float64], noise: NDArray[np.float64], sigma: float, sensitivity: float
) -> list[_Peak]:
    """Peaks of one matched filter, a Mexican hat."""
    # continued beyond its ends with its slope, a tilted background bends nowhere
    reach = min(int(4 * sigma + 0.5), profile.size - 1)
    padded = np.pad(profile, reach, mode="reflect", reflect_type="odd")
    response = -gaussian_filter1d(padded, sigma, order=2)[reach:-reach] * sigma**2
    # the squared kernel of a Gaussian's second derivative, times sigma^4, sums to this
    spread = noise * np.sqrt(3.0 / (8.0 * np.sqrt(np.pi) * sigma))
    spread = np.maximum(spread, _clutter(response, spread, sigma))
    snr = response / spread
    tops = np.flatnonzero((snr[1:-1] > snr[:-2]) & (snr[1:-1] >= snr[2:])) + 1
    return [
        _Peak(
            row=float(top) + _vertex(snr, int(top)),
            sigma=float(sigma),
            snr=float(snr[top]),
            spread=float(spread[top]),
            # a Gaussian band of this sigma gives the largest response / sqrt(sigma) of all scales
            # (Lindeberg 1998, IJCV 30:79: normalised derivatives, gamma = 3/4)
            strength=float(response[top]) / np.sqrt(sigma),
        )
        for top in tops[snr[tops] >= sensitivity]
    ]


def _shared_snr(peak: _Peak, parts: NDArray[np.float64]) -> float:
    """Signal to noise as the middling sections alone would have it: a speck is in one or two."""
    response = _response_at(parts, round(peak.row), peak.sigma)
    middling = float(np.sort(response)[1:4].mean()) * len(parts)
    return min(peak.snr, _UNEVEN * middling / peak.spread)


def _response_at(parts: NDArray[np.float64], row: int, sigma: float) -> NDArray[np.float64]:
    """Matched filter's response of several profiles at one row."""
    reach = int(4 * sigma + 0.5)
    offsets = np.arange(-reach, reach + 1)
    gauss = np.exp(-0.5 * (offsets / sigma) ** 2)
    gauss /= gauss.sum()
    kernel = gauss * (1 - (offsets / sigma) ** 2)
    rows, last = row + offsets, parts.shape[1] - 1
    inside = np.clip(rows, 0, last)
    mirrored = np.clip(
        np.where(rows < 0, -rows, np.where(rows > last, 2 * last - rows, rows)), 0, last
    )
    # beyond the ends: an odd reflection, as for the whole profile
    values = np.where(rows == inside, parts[:, inside], 2 * parts[:, inside] - parts[:, mirrored])
    response: NDArray[np.float64] = values @ kernel
    return response


def _clutter(response: NDArray[np.float64], spread: NDArray[np.float64], sigma: float) -> float:
    """Spread of the response away from bands, where texture exceeds the pixels' noise."""
    step = max(1, int(sigma / 2))  # neighbours within a sigma say the same
    size = np.abs(response[::step])
    middle = 1.4826 * float(np.median(size))
    strong = response[::step] > 8 * np.maximum(spread[::step], 0.5 * middle)
    reach = (int(4 * sigma) + 1) // step
    near = maximum_filter1d(strong.astype(np.uint8), 2 * reach + 1) > 0
    quiet = size[~near]
    if quiet.size * step < max(40, 10 * sigma):
        return 0.0
    return 1.4826 * float(np.median(quiet))


def _vertex(values: NDArray[np.float64], k: int) -> float:
    """Offset of a parabola's top from sample k, -0.5 to 0.5."""
    a, b, c = values[k - 1], values[k], values[k + 1]
    bend = a - 2 * b + c
    return float(np.clip(0.5 * (a - c) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def _with_limits(lane: Lane, profile: Profile, peaks: list[_Peak]) -> list[FoundBand]:
    """Bands with limits: where the profile has come down to the baseline, or to a valley."""
    if not peaks:
        return []
    smooth, noise = _above_baseline(
        profile, [(p.row - 4.5 * p.sigma, p.row + 4.5 * p.sigma) for p in peaks]
    )
    limits = _all_limits(smooth, noise, peaks)
    # once more, with the tails that the first limits found kept out of the baseline
    smooth, noise = _above_baseline(profile, [limit for limit in limits if limit])
    limits = _all_limits(smooth, noise, peaks)
    origin, step = float(profile.position[0]), float(profile.position[1] - profile.position[0])
    found = []
    for index, (peak, limit) in enumerate(zip(peaks, limits, strict=True)):
        if limit is None or limit[1] - limit[0] < 2.0:
            continue
        start, stop = limit
        found.append(
            FoundBand(
                lane_id=lane.id,
                row=origin + step * _summit(smooth, peak),
                start=origin + step * start,
                stop=origin + step * stop,
                snr=peak.snr,
                parted_above=index > 0 and start <= _valley(smooth, peaks, index, -1),
                parted_below=index + 1 < len(peaks) and stop >= _valley(smooth, peaks, index, 1),
            )
        )
    return found


def _above_baseline(
    profile: Profile, limits: list[tuple[float, float]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Profile above a stiff baseline through the rows outside the limits, and its noise."""
    position = np.arange(profile.position.size, dtype=np.float64)
    free = np.ones(position.size, bool)
    for start, stop in limits:
        free &= (position < start) | (position > stop)
    if free.sum() < 6:  # a strip that is all band: trust its ends
        free[:2] = free[-2:] = True
    usual = float(np.median([stop - start for start, stop in limits])) if limits else 0.0
    fit = fit_baseline(
        profile.intensity, profile.variance, free, least_length=usual, max_bins=_COARSE_BINS
    )
    smooth = gaussian_filter1d(profile.intensity - fit.level, 0.7, mode="nearest")
    return smooth, np.sqrt(profile.variance * max(fit.scale, 1.0))


def _all_limits(
    smooth: NDArray[np.float64], noise: NDArray[np.float64], peaks: list[_Peak]
) -> list[tuple[float, float] | None]:
    """Limits of each peak; None where the profile is not above the baseline."""
    limits: list[tuple[float, float] | None] = []
    for index, peak in enumerate(peaks):
        top = _summit(smooth, peak)
        if smooth[top] <= 0:
            limits.append(None)
            continue
        start = _end(smooth, noise, top, -1, peak.sigma, _valley(smooth, peaks, index, -1))
        stop = _end(smooth, noise, top, 1, peak.sigma, _valley(smooth, peaks, index, 1))
        limits.append((start, stop))
    return limits


def _summit(smooth: NDArray[np.float64], peak: _Peak) -> int:
    reach = max(1, int(peak.sigma))
    first = max(0, int(peak.row) - reach)
    return first + int(np.argmax(smooth[first : int(peak.row) + reach + 1]))


def _valley(smooth: NDArray[np.float64], peaks: list[_Peak], index: int, step: int) -> float:
    """Row of the lowest point between a peak and its neighbour; the profile's end without one."""
    other = index + step
    if not 0 <= other < len(peaks):
        return -0.5 if step < 0 else smooth.size - 0.5
    a, b = sorted((int(peaks[index].row), int(peaks[other].row)))
    return float(a + int(np.argmin(smooth[a : b + 1])))


def _end(
    smooth: NDArray[np.float64],
    noise: NDArray[np.float64],
    top: int,
    step: int,
    sigma: float,
    valley: float,
) -> float:
    """Where a band ends on one side.

    The further of two places: where the profile has fallen into the noise or to `_FOOT` of the
    peak, and `_REACH` times the half-width that the flank's upper half shows; but never beyond
    the valley to the neighbour.
    """
    height = smooth[top]
    half = top
    limit = 0 if step < 0 else smooth.size - 1
    while half != limit and smooth[half] > 0.5 * height:
        half += step
    fraction = 0.0
    if half != top:
        inner, outer = smooth[half - step], smooth[half]
        fraction = (inner - 0.5 * height) / (inner - outer) if inner > outer else 0.0
    flank = (abs(half - top) - 1 + fraction) / 1.1774 if half != top else sigma
    flank = float(np.clip(flank, 0.7 * sigma, 2.0 * sigma)) if sigma else flank
    at = half
    floor = max(_FOOT * height, float(noise[at]))
    back = max(2, round(flank))
    while at != limit and smooth[at] > floor and abs(at - top) < _LONGEST_REACH * flank:
        # a tail fades within about a sigma; what does not is background
        if abs(at - top) > 2.5 * flank and smooth[at] > 0.8 * smooth[at - step * back]:
            break
        at += step
    reach = max(abs(at - top), _REACH * flank)
    end = top + step * reach
    return max(end, valley) if step < 0 else min(end, valley)

"""Find the bands of every lane: matched filters along the lane, then the limits of each band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from .errors import NothingFound
from .membrane import find_panels
from .model import Blot, Lane, Layout, Panel, Profile
from .noise import NoiseModel, estimate_noise
from .reading import read_sections, saturated_rows
from .recipe import FindingSettings, Recipe
from .rows import FoundBand, arrange_rows
from .shoulders import LaneSignal, part_shoulders
from .smoother import fit_baseline

__all__ = ["detect_bands", "find_bands"]

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
    *,
    given: bool = False,
    shape: Mapping[str, float] | None = None,
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
    given, shape
        As in `blotquant.rows.arrange_rows`.

    Returns
    -------
    Layout

    Raises
    ------
    NothingFound
        If no lane has a band.
    """
    step = max(1, blot.shape[0] // _WORKING_ROWS)
    sections = {lane.id: read_sections(blot, lane, noise) for lane in lanes}
    profiles = {lane: _binned(read.whole, step) for lane, read in sections.items()}
    peaks: dict[str, list[_Peak]] = {}
    for size in {profile.position.size for profile in profiles.values()}:
        alike = [lane for lane in profiles if profiles[lane].position.size == size]
        found_in = _peaks(
            [profiles[lane] for lane in alike],
            np.array([sections[lane].intensity for lane in alike]),
            settings.sensitivity,
        )
        peaks.update(zip(alike, found_in, strict=True))
    kept = _of_one_kind(peaks)
    by_lane = {
        lane.id: _with_limits(lane, profiles[lane.id], kept[lane.id])
        + _too_broad(lane, profiles[lane.id], peaks[lane.id], kept[lane.id])
        for lane in lanes
    }
    signals = {
        lane.id: LaneSignal.of(profiles[lane.id], sections[lane.id], saturated_rows(blot, lane))
        for lane in lanes
    }
    parted = part_shoulders(by_lane, signals)
    found = [band for bands in parted.values() for band in bands if not band.doubtful]
    if not found:
        raise NothingFound(
            f"{blot.source.name}: {len(lanes)} lanes, but no band reaches a signal to noise of "
            f"{settings.sensitivity:g}; lower the sensitivity if you see bands"
        )
    return arrange_rows(panels, lanes, found, given=given, shape=shape)


def detect_bands(
    blot: Blot,
    lanes: Sequence[Lane],
    recipe: Recipe | None = None,
    *,
    panels: tuple[Panel, ...] = (),
    shape: Mapping[str, float] | None = None,
) -> Layout:
    """Find bands on lanes that are known: drawn by hand, or carried over from another image.

    Parameters
    ----------
    blot : Blot
    lanes : sequence of Lane
        Kept as they are. A lane is a ladder only if it is given as one.
    recipe : Recipe, optional
    panels : tuple of Panel, optional
        The lanes' panels; the membrane is looked for otherwise.
    shape : mapping of str to float, optional
        How far down rows lie in each lane, by lane id, px (`blotquant.rows.row_shape`).

    Returns
    -------
    Layout
        For each row a band in every lane that is no ladder, those that are not there marked
        ``detected=False``: two lanes of twelve are enough.

    Raises
    ------
    NothingFound
        If no lane holds a band.
    """
    recipe = recipe or Recipe()
    panels = panels or find_panels(blot)
    known = {panel.id for panel in panels}
    panels += tuple(Panel(name) for name in sorted({lane.panel_id for lane in lanes} - known))
    noise = estimate_noise(blot)
    ordered = Layout(panels, tuple(lanes)).lanes
    return find_bands(blot, panels, ordered, noise, recipe.finding, given=True, shape=shape)


def _binned(profile: Profile, step: int) -> Profile:
    """Profile averaged over `step` rows at a time; what is left over at the end is left out."""
    count = profile.position.size // step
    if step == 1 or count < 8:
        return profile
    means = [
        _averaged(values, step)
        for values in (profile.position, profile.intensity, profile.variance, profile.width)
    ]
    return Profile(means[0], means[1], means[2] / step, means[3])


def _averaged(values: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """Means of `step` rows at a time, along the last axis."""
    used = values.shape[-1] // step * step
    total = values[..., :used:step].copy()
    for first in range(1, step):
        total += values[..., first:used:step]
    return total / step


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


def _too_broad(
    lane: Lane, profile: Profile, peaks: list[_Peak], kept: list[_Peak]
) -> list[FoundBand]:
    """What is too broad for one band and stands free: a cloud, or two bands side by side."""
    dropped = [p for p in peaks if p not in kept]
    if not dropped:
        return []
    broad = [p for p in dropped if not kept or p.sigma > min(k.sigma for k in kept)]
    mine = {round(p.row): p for p in broad}
    found = _with_limits(lane, profile, sorted([*kept, *broad], key=lambda p: p.row))
    origin, step = float(profile.position[0]), float(profile.position[1] - profile.position[0])
    doubtful = []
    for band in found:
        at = (band.row - origin) / step
        near = any(abs(at - row) < 1.5 * p.sigma for row, p in mine.items())
        own = any(abs(at - k.row) < k.sigma for k in kept)
        if near and not own:
            doubtful.append(replace(band, doubtful=True))
    return doubtful


@dataclass(frozen=True)
class _Peak:
    row: float
    sigma: float
    snr: float
    spread: float  # noise of the response
    strength: float  # response, normalised so that it is largest at the band's own thickness


def _peaks(
    profiles: list[Profile], parts: NDArray[np.float64], sensitivity: float
) -> list[list[_Peak]]:
    """Peaks of the matched filters over all thicknesses, one per band, from the well down.

    For several lanes of one length at once; `parts` has shape (lanes, sections, rows).
    """
    rows = profiles[0].position.size
    if rows < 8:
        return [[] for _ in profiles]
    step = float(profiles[0].position[1] - profiles[0].position[0])
    sigmas = [sigma for sigma in np.array(_SIGMAS) / step if 5 * sigma <= rows and sigma >= 0.9]
    if not sigmas:
        return [[] for _ in profiles]
    values = np.array([profile.intensity for profile in profiles])
    variance = np.array([profile.variance for profile in profiles])
    noise = np.sqrt(gaussian_filter1d(variance, 8.0, axis=1, mode="nearest"))
    values = _continued(values, _reach(sigmas[-1]))
    candidates: list[list[_Peak]] = [[] for _ in profiles]
    for sigma in sigmas:
        for lane, peak in _peaks_of_thickness(values, noise, sigma, sensitivity):
            candidates[lane].append(peak)
    parts = _continued(_averaged(parts, round(step)), _reach(sigmas[-1]))
    return [
        _one_per_band(of_lane, parts_of_lane, _reach(sigmas[-1]), sensitivity)
        for of_lane, parts_of_lane in zip(candidates, parts, strict=True)
    ]


def _one_per_band(
    candidates: list[_Peak], parts: NDArray[np.float64], origin: int, sensitivity: float
) -> list[_Peak]:
    """Strongest of the peaks that overlap, where most sections of the lane show it."""
    chosen: list[_Peak] = []
    for peak in sorted(candidates, key=lambda p: -p.strength):
        if any(
            abs(peak.row - other.row) <= _APART * max(other.sigma, peak.sigma) for other in chosen
        ):
            continue
        shared = _shared_snr(peak, parts, origin)
        if shared >= sensitivity:
            chosen.append(replace(peak, snr=shared))
    return sorted(chosen, key=lambda p: p.row)


def _reach(sigma: float) -> int:
    """Rows that a matched filter looks at to either side."""
    return int(4 * sigma + 0.5)


def _continued(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Profiles continued beyond their ends with their slope: a tilted background bends nowhere."""
    sides = [(0, 0)] * (values.ndim - 1)
    return np.pad(values, [*sides, (reach, reach)], mode="reflect", reflect_type="odd")


def _peaks_of_thickness(
    continued: NDArray[np.float64], noise: NDArray[np.float64], sigma: float, sensitivity: float
) -> list[tuple[int, _Peak]]:
    """Lane and peak of one matched filter, a Mexican hat, in profiles with continued ends."""
    beyond = (continued.shape[1] - noise.shape[1]) // 2
    reach = _reach(sigma)
    used = continued[:, beyond - reach : continued.shape[1] - beyond + reach]
    response = -gaussian_filter1d(used, sigma, axis=1, order=2)[:, reach:-reach] * sigma**2
    # the squared kernel of a Gaussian's second derivative, times sigma^4, sums to this
    spread = noise * np.sqrt(3.0 / (8.0 * np.sqrt(np.pi) * sigma))
    spread = np.maximum(spread, _clutter(response, spread, sigma)[:, None])
    snr = response / spread
    before, middle, after = snr[:, :-2], snr[:, 1:-1], snr[:, 2:]
    lane, top = np.nonzero((middle > before) & (middle >= after) & (middle >= sensitivity))
    vertex = _vertex(before[lane, top], middle[lane, top], after[lane, top])
    top += 1
    # a Gaussian band of this sigma gives the largest response / sqrt(sigma) of all scales
    # (Lindeberg 1998, IJCV 30:79: normalised derivatives, gamma = 3/4)
    strength = response[lane, top] / np.sqrt(sigma)
    found = (top + vertex, snr[lane, top], spread[lane, top], strength)
    return [
        (k, _Peak(row, float(sigma), snr_there, noise_there, strong))
        for k, row, snr_there, noise_there, strong in zip(
            lane.tolist(), *(values.tolist() for values in found), strict=True
        )
    ]


def _shared_snr(peak: _Peak, parts: NDArray[np.float64], origin: int) -> float:
    """Signal to noise as the middling sections alone would have it: a speck is in one or two.

    `parts` has continued ends: row 0 of the profile is at `origin`.
    """
    reach, middle = _reach(peak.sigma), origin + round(peak.row)
    response = parts[:, middle - reach : middle + reach + 1] @ _mexican_hat(peak.sigma)
    middling = float(np.sort(response)[1:4].mean()) * len(parts)
    return min(peak.snr, _UNEVEN * middling / peak.spread)


@lru_cache(maxsize=32)
def _mexican_hat(sigma: float) -> NDArray[np.float64]:
    offsets = np.arange(-_reach(sigma), _reach(sigma) + 1)
    gauss = np.exp(-0.5 * (offsets / sigma) ** 2)
    hat: NDArray[np.float64] = gauss / gauss.sum() * (1 - (offsets / sigma) ** 2)
    return hat


def _clutter(
    response: NDArray[np.float64], spread: NDArray[np.float64], sigma: float
) -> NDArray[np.float64]:
    """Spread of each lane's response away from bands, where texture exceeds the pixels' noise."""
    step = max(1, int(sigma / 2))  # neighbours within a sigma say the same
    size = np.abs(response[:, ::step])
    middle = 1.4826 * np.median(size, axis=1, keepdims=True)
    strong = response[:, ::step] > 8 * np.maximum(spread[:, ::step], 0.5 * middle)
    reach = (int(4 * sigma) + 1) // step
    quiet = maximum_filter1d(strong.astype(np.uint8), 2 * reach + 1, axis=1) == 0
    count = np.count_nonzero(quiet, axis=1)
    rising = np.sort(np.where(quiet, size, np.inf), axis=1)  # the quiet ones first
    lane = np.arange(len(size))
    median = (rising[lane, np.maximum(count - 1, 0) // 2] + rising[lane, count // 2]) / 2
    return np.where(count * step < max(40, 10 * sigma), 0.0, 1.4826 * median)


def _vertex(
    before: NDArray[np.float64], middle: NDArray[np.float64], after: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Offset of a parabola's top from its middle sample, -0.5 to 0.5."""
    bend = before - 2 * middle + after  # below 0 at a top
    return np.clip(0.5 * (before - after) / bend, -0.5, 0.5)


def _with_limits(lane: Lane, profile: Profile, peaks: list[_Peak]) -> list[FoundBand]:
    """Bands with limits: where the profile has come down to the baseline, or to a valley."""
    if not peaks:
        return []
    smooth, noise = _above_baseline(
        profile, [(p.row - 4.5 * p.sigma, p.row + 4.5 * p.sigma) for p in peaks]
    )
    limits, _ = _all_limits(smooth, noise, peaks)
    # once more, with the tails that the first limits found kept out of the baseline
    smooth, noise = _above_baseline(profile, [limit for limit in limits if limit])
    limits, valleys = _all_limits(smooth, noise, peaks)
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
                parted_above=index > 0 and start <= valleys[index],
                parted_below=index + 1 < len(peaks) and stop >= valleys[index + 1],
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
) -> tuple[list[tuple[float, float] | None], list[float]]:
    """Limits of each peak, None where the profile is not above the baseline; and the valleys."""
    valleys = _valleys(smooth, peaks)
    heights, noises = smooth.tolist(), noise.tolist()  # looked at one by one: faster as lists
    limits: list[tuple[float, float] | None] = []
    for index, peak in enumerate(peaks):
        top = _summit(smooth, peak)
        if smooth[top] <= 0:
            limits.append(None)
            continue
        start = _end(heights, noises, top, -1, peak.sigma, valleys[index])
        stop = _end(heights, noises, top, 1, peak.sigma, valleys[index + 1])
        limits.append((start, stop))
    return limits, valleys


def _summit(smooth: NDArray[np.float64], peak: _Peak) -> int:
    reach = max(1, int(peak.sigma))
    first = max(0, int(peak.row) - reach)
    return first + int(np.argmax(smooth[first : int(peak.row) + reach + 1]))


def _valleys(smooth: NDArray[np.float64], peaks: list[_Peak]) -> list[float]:
    """Rows of the lowest points between the peaks, with the profile's two ends."""
    rows = [int(peak.row) for peak in peaks]
    between = [float(a + int(np.argmin(smooth[a : b + 1]))) for a, b in pairwise(rows)]
    return [-0.5, *between, smooth.size - 0.5]


def _end(
    smooth: list[float],
    noise: list[float],
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
    limit = 0 if step < 0 else len(smooth) - 1
    while half != limit and smooth[half] > 0.5 * height:
        half += step
    fraction = 0.0
    if half != top:
        inner, outer = smooth[half - step], smooth[half]
        fraction = (inner - 0.5 * height) / (inner - outer) if inner > outer else 0.0
    flank = (abs(half - top) - 1 + fraction) / 1.1774 if half != top else sigma
    flank = min(max(flank, 0.7 * sigma), 2.0 * sigma) if sigma else flank
    at = half
    floor = max(_FOOT * height, noise[at])
    back = max(2, round(flank))
    while at != limit and smooth[at] > floor and abs(at - top) < _LONGEST_REACH * flank:
        # a tail fades within about a sigma; what does not is background
        if abs(at - top) > 2.5 * flank and smooth[at] > 0.8 * smooth[at - step * back]:
            break
        at += step
    reach = max(abs(at - top), _REACH * flank)
    end = top + step * reach
    return max(end, valley) if step < 0 else min(end, valley)

"""Find the bands of every lane: matched filters along the lane, then the limits of each band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from .errors import NothingFound
from .model import Band, BandRow, Blot, Lane, Layout, Panel, Profile
from .noise import NoiseModel
from .reading import read_lane
from .recipe import FindingSettings
from .rows import FoundBand, arrange_rows
from .smoother import fit_baseline

__all__ = ["find_bands"]

# Half-thickness (sigma) of the bands looked for, px.
_SIGMAS = (1.2, 1.8, 2.7, 4.0, 6.0, 9.0, 13.5, 20.0)
# A band reaches at least this many sigma to either side; a Gaussian holds 99.9 % within.
_REACH = 3.3
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

    Each lane is read in three thirds of its width besides the whole: a band is there in at least
    two of them, a speck is not.

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
    found: list[FoundBand] = []
    for lane in lanes:
        found += _bands_of_lane(blot, lane, noise, settings.sensitivity)
    if not found:
        raise NothingFound(
            f"{blot.source.name}: {len(lanes)} lanes, but no band reaches a signal to noise of "
            f"{settings.sensitivity:g}; lower the sensitivity if you see bands"
        )
    return arrange_rows(panels, lanes, found)


def _bands_of_lane(
    blot: Blot, lane: Lane, noise: NoiseModel, sensitivity: float
) -> list[FoundBand]:
    profile = read_lane(blot, lane, noise)
    if profile.position.size < 8:
        return []
    thirds = [_third(blot, lane, noise, k) for k in (-1, 0, 1)]
    peaks = _peaks(profile, thirds, sensitivity)
    if not peaks:
        return []
    return _with_limits(lane, profile, peaks, sensitivity)


def _third(blot: Blot, lane: Lane, noise: NoiseModel, side: int) -> Profile:
    # the outer thirds start well inside the edges, where a band is soft
    shift = 0.27 * lane.width * side
    path = tuple((row, col + shift) for row, col in lane.path)
    return read_lane(blot, Lane(lane.id, lane.panel_id, path, 0.27 * lane.width), noise)


@dataclass(frozen=True)
class _Peak:
    row: float
    sigma: float
    snr: float


def _response(
    profile: NDArray[np.float64], variance: NDArray[np.float64], sigma: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matched filter (a Mexican hat) along a profile, and its standard deviation from noise."""
    response = -gaussian_filter1d(profile, sigma, order=2, mode="nearest") * sigma**2
    # sum of the squared kernel of a Gaussian's second derivative, times sigma^4
    power = 3.0 / (8.0 * np.sqrt(np.pi) * sigma)
    local = gaussian_filter1d(variance, 2 * sigma, mode="nearest")
    return response, np.sqrt(power * local)


def _peaks(profile: Profile, thirds: list[Profile], sensitivity: float) -> list[_Peak]:
    """Peaks of the matched filters over all thicknesses, strongest first, one per band."""
    rows = profile.position.size
    candidates: list[_Peak] = []
    for sigma in _SIGMAS:
        if 5 * sigma > rows:
            break
        snr = _signal_to_noise(profile, thirds, sigma)
        inner = np.flatnonzero((snr[1:-1] > snr[:-2]) & (snr[1:-1] >= snr[2:])) + 1
        candidates += [
            _Peak(float(k) + _vertex(snr, k), sigma, float(snr[k]))
            for k in inner
            if snr[k] >= sensitivity
        ]
    chosen: list[_Peak] = []
    for peak in sorted(candidates, key=lambda p: -p.snr):
        if all(abs(peak.row - other.row) > 1.4 * max(other.sigma, peak.sigma) for other in chosen):
            chosen.append(peak)
    return sorted(chosen, key=lambda p: p.row)


def _signal_to_noise(
    profile: Profile, thirds: list[Profile], sigma: float
) -> NDArray[np.float64]:
    response, spread = _response(profile.intensity, profile.variance, sigma)
    spread = np.maximum(spread, _clutter(response, spread, sigma))
    snr = response / spread
    parts = []
    for third in thirds:
        part, part_spread = _response(third.intensity, third.variance, sigma)
        share = third.width / np.maximum(profile.width, 1e-9)
        if third.position.size == profile.position.size:
            parts.append(part / np.maximum(share, 1e-9) / spread)
    if len(parts) == 3:
        # what only one third shows is a speck: the whole may exceed the middle third's by little
        middle = np.median(parts, axis=0)
        snr = np.minimum(snr, 1.8 * middle)
    return snr


def _clutter(
    response: NDArray[np.float64], spread: NDArray[np.float64], sigma: float
) -> float:
    """Spread of the response away from bands, where texture exceeds the pixels' noise."""
    middle = 1.4826 * float(np.median(np.abs(response)))
    strong = response > 8 * np.maximum(spread, 0.5 * middle)
    reach = int(4 * sigma) + 1
    near = maximum_filter1d(strong.astype(np.uint8), 2 * reach + 1) > 0
    quiet = response[~near]
    if quiet.size < max(40, 10 * sigma):
        return 0.0
    return 1.4826 * float(np.median(np.abs(quiet - np.median(quiet))))


def _vertex(values: NDArray[np.float64], k: int) -> float:
    """Offset of a parabola's top from sample k, -0.5 to 0.5."""
    a, b, c = values[k - 1], values[k], values[k + 1]
    bend = a - 2 * b + c
    return float(np.clip(0.5 * (a - c) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def _with_limits(
    lane: Lane, profile: Profile, peaks: list[_Peak], sensitivity: float
) -> list[FoundBand]:
    """Bands with limits: where the profile has come down to the baseline, or to a valley."""
    position = np.arange(profile.position.size, dtype=np.float64)
    free = np.ones(position.size, bool)
    for peak in peaks:
        free &= np.abs(position - peak.row) > 4.0 * peak.sigma
    if free.sum() < 6:  # a strip that is all band: trust its ends
        free[:2] = free[-2:] = True
    base = fit_baseline(profile.intensity, profile.variance, free).level
    above = profile.intensity - base
    smooth = gaussian_filter1d(above, 0.7, mode="nearest")
    noise = np.sqrt(profile.variance)
    found = []
    for index, peak in enumerate(peaks):
        lower = (peaks[index - 1].row + peak.row) / 2 if index else -np.inf
        upper = (peaks[index + 1].row + peak.row) / 2 if index + 1 < len(peaks) else np.inf
        top = _summit(smooth, peak)
        if smooth[top] <= 0:
            continue
        start = _end(smooth, noise, top, -1, peak.sigma, _valley(smooth, peaks, index, -1), lower)
        stop = _end(smooth, noise, top, 1, peak.sigma, _valley(smooth, peaks, index, 1), upper)
        if stop - start < 2.0:
            continue
        origin = profile.position[0]
        found.append(
            FoundBand(
                lane_id=lane.id,
                row=origin + top,
                start=origin + start,
                stop=origin + stop,
                strength=float(above[max(0, int(start)) : int(stop) + 1].sum()),
                snr=peak.snr,
            )
        )
    return found


def _summit(smooth: NDArray[np.float64], peak: _Peak) -> int:
    reach = max(1, int(peak.sigma))
    first = max(0, int(peak.row) - reach)
    return first + int(np.argmax(smooth[first : int(peak.row) + reach + 1]))


def _valley(
    smooth: NDArray[np.float64], peaks: list[_Peak], index: int, step: int
) -> float:
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
    middle: float,
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
    while at != limit and smooth[at] > floor and abs(at - top) < 7 * flank:
        at += step
    reach = min(max(abs(at - top), _REACH * flank), 7 * flank)
    end = top + step * reach
    return max(end, valley) if step < 0 else min(end, valley)

"""Find the bands of every lane by matched filters along it; their limits, and their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from .clutter import Across, with_clutter
from .errors import NothingFound
from .flags import Flag
from .known_places import with_faint_bands
from .limits import limits_and_ground
from .membrane import find_panels
from .model import Blot, Lane, Layout, Panel, Profile
from .noise import NoiseModel, estimate_noise
from .one_kind import of_one_kind
from .peak import Peak
from .reading import Sections, read_lanes, saturated_rows
from .recipe import FindingSettings, Recipe
from .rows import FoundBand, arrange_rows, places_beside_bands
from .shoulder_parts import LaneSignal
from .shoulders import part_shoulders

__all__ = ["detect_bands", "find_bands"]

# Half-thickness (sigma) of the bands looked for, px.
_SIGMAS = (1.2, 2.1, 3.6, 6.3, 11.0, 19.0)
# ... about this factor apart.
_SPAN = 1.75
# Bands are looked for in at least this many rows: taller pictures are averaged over two and more.
_WORKING_ROWS = 900
# Two bands are at least this many sigma of the broader apart.
_APART = 1.7
# A band may be this much stronger as a whole than its middling sections say: soft edges, uneven.
_UNEVEN = 1.7


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
    read = read_lanes(blot, lanes, noise)
    sections = {lane.id: own for lane, own in zip(lanes, read, strict=True)}
    profiles = {lane: _binned(read.whole, step) for lane, read in sections.items()}
    peaks: dict[str, list[Peak]] = {}
    for size in {profile.position.size for profile in profiles.values()}:
        alike = [lane for lane in profiles if profiles[lane].position.size == size]
        found_in = _peaks(
            [profiles[lane] for lane in alike],
            [sections[lane] for lane in alike],
            settings.sensitivity,
        )
        peaks.update(zip(alike, found_in, strict=True))
    kept = of_one_kind({lane.id: peaks[lane.id] for lane in lanes})
    broad = _too_broad(peaks, kept)
    with_broad = {lane: sorted([*kept[lane], *own], key=_row) for lane, own in broad.items()}
    (found, ground), (found_with_broad, ground_of_broad) = limits_and_ground(
        profiles, [(lanes, kept), ([lane for lane in lanes if lane.id in broad], with_broad)]
    )
    doubtful = _doubtful(found_with_broad, profiles, broad, kept)
    ground |= ground_of_broad
    by_lane: dict[str, list[FoundBand]] = {lane.id: [] for lane in lanes if lane.id in ground}
    for band in found + doubtful:
        by_lane[band.lane_id].append(band)
    signals = {
        lane.id: LaneSignal(
            profiles[lane.id], ground[lane.id], sections[lane.id], saturated_rows(blot, lane)
        )
        for lane in lanes
        if lane.id in ground
    }
    parted = part_shoulders(by_lane, signals)
    found = [band for bands in parted.values() for band in bands if not band.doubtful]
    if not found:
        raise NothingFound(
            f"{blot.source.name}: {len(lanes)} lanes, but no band reaches a signal to noise of "
            f"{settings.sensitivity:g}; lower the sensitivity if you see bands"
        )
    layout = arrange_rows(panels, lanes, found, given=given, shape=shape)
    if Flag.LOSSY not in blot.flags:  # its blocks make weak bands of their own
        layout = with_faint_bands(layout, profiles, ground, sections, settings.sensitivity)
    return places_beside_bands(layout)


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


def _too_broad(
    peaks: Mapping[str, list[Peak]], kept: Mapping[str, list[Peak]]
) -> dict[str, list[Peak]]:
    """What is too broad for one band, by lane id: a cloud, or two bands side by side."""
    broad: dict[str, list[Peak]] = {}
    for lane, own in kept.items():
        least = min((peak.sigma for peak in own), default=0.0)
        dropped = [p for p in peaks[lane] if p not in own and p.sigma > least]
        if dropped:
            broad[lane] = dropped
    return broad


def _row(peak: Peak) -> float:
    return peak.row


def _doubtful(
    found: Sequence[FoundBand],
    profiles: Mapping[str, Profile],
    broad: Mapping[str, list[Peak]],
    kept: Mapping[str, list[Peak]],
) -> list[FoundBand]:
    """Of bands that were found, those that are too broad for one and stand free."""
    doubtful = []
    for band in found:
        position = profiles[band.lane_id].position
        at = (band.row - float(position[0])) / float(position[1] - position[0])
        near = any(abs(at - p.row) < 1.5 * p.sigma for p in broad[band.lane_id])
        known = any(abs(at - k.row) < k.sigma for k in kept[band.lane_id])
        if near and not known:
            doubtful.append(replace(band, doubtful=True))
    return doubtful


def _peaks(
    profiles: list[Profile], sections: list[Sections], sensitivity: float
) -> list[list[Peak]]:
    """Peaks of the matched filters over all thicknesses, one per band, from the well down.

    For several lanes of one length at once, read in sections.
    """
    rows = profiles[0].position.size
    if rows < 8:
        return [[] for _ in profiles]
    step = float(profiles[0].position[1] - profiles[0].position[0])
    sigmas = [sigma for sigma in _thicknesses(step) / step if 5 * sigma <= rows and sigma >= 0.9]
    if not sigmas:
        return [[] for _ in profiles]
    values = np.array([profile.intensity for profile in profiles])
    variance = np.array([profile.variance for profile in profiles])
    noise = np.sqrt(gaussian_filter1d(variance, 8.0, axis=1, mode="nearest"))
    values = _continued(values, _reach(sigmas[-1]))
    parts = np.array([lane.intensity for lane in sections])
    parts = _continued(_averaged(parts, round(step)), _reach(sigmas[-1]))
    across = _across(parts, profiles, sections, round(step), _reach(sigmas[-1]))
    candidates: list[list[Peak]] = [[] for _ in profiles]
    responses = [_response(values, rows, sigma) for sigma in sigmas]
    for k, sigma in enumerate(sigmas):
        beside = [(sigmas[j], responses[j]) for j in (k - 1, k + 1) if 0 <= j < len(sigmas)]
        for lane, peak in _peaks_of_thickness(
            responses[k], noise, sigma, sensitivity, beside, across
        ):
            candidates[lane].append(peak)
    return [
        _one_per_band(of_lane, parts_of_lane, _reach(sigmas[-1]), sensitivity)
        for of_lane, parts_of_lane in zip(candidates, parts, strict=True)
    ]


def _across(
    parts: NDArray[np.float64],
    profiles: list[Profile],
    sections: list[Sections],
    step: int,
    origin: int,
) -> Across:
    """What tells bands from clutter; `parts` are the sections continued beyond their ends."""
    width = np.array([float(profile.width.mean()) for profile in profiles])
    sides = _averaged(np.array([lane.sides for lane in sections]), step) * width[:, None, None]
    apart = parts[:, 1] + parts[:, 2] - parts[:, 3] - parts[:, 4]
    return Across(apart, _continued(sides, origin), width, origin)


def _thicknesses(step: float) -> NDArray[np.float64]:
    """Half-thicknesses of the bands looked for, px, where a working row is so many px.

    A scan at ten times the usual resolution shows bands ten times as thick.
    """
    sigmas = list(_SIGMAS)
    while sigmas[-1] * _SPAN <= _SIGMAS[-1] * step / 2:
        sigmas.append(sigmas[-1] * _SPAN)
    return np.array(sigmas)


def _one_per_band(
    candidates: list[Peak], parts: NDArray[np.float64], origin: int, sensitivity: float
) -> list[Peak]:
    """Strongest of the peaks that overlap, where most sections of the lane show it."""
    chosen: list[Peak] = []
    places: list[tuple[float, float]] = []
    for peak in sorted(candidates, key=lambda p: -p.strength):
        at, size = peak.row, peak.sigma
        if any(abs(at - row) <= _APART * max(sigma, size) for row, sigma in places):
            continue
        response = _of_sections(peak, parts, origin)
        shared = _shared_snr(peak, response)
        if shared >= sensitivity:
            chosen.append(replace(peak, snr=shared, beside=_beside(response)))
            places.append((at, size))
    return sorted(chosen, key=lambda p: p.row)


def _reach(sigma: float) -> int:
    """Rows that a matched filter looks at to either side."""
    return int(4 * sigma + 0.5)


def _continued(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Profiles continued beyond their ends with their slope: a tilted background bends nowhere."""
    before = 2 * values[..., :1] - values[..., reach:0:-1]
    after = 2 * values[..., -1:] - values[..., -2 : -reach - 2 : -1]
    return np.concatenate((before, values, after), axis=-1)


def _response(continued: NDArray[np.float64], rows: int, sigma: float) -> NDArray[np.float64]:
    """Response of one matched filter, a Mexican hat, to profiles with continued ends."""
    beyond = (continued.shape[1] - rows) // 2
    reach = _reach(sigma)
    used = continued[:, beyond - reach : continued.shape[1] - beyond + reach]
    filtered: NDArray[np.float64] = gaussian_filter1d(used, sigma, axis=1, order=2)
    return -filtered[:, reach:-reach] * sigma**2


def _peaks_of_thickness(
    response: NDArray[np.float64],
    noise: NDArray[np.float64],
    sigma: float,
    sensitivity: float,
    beside: list[tuple[float, NDArray[np.float64]]],
    across: Across,
) -> list[tuple[int, Peak]]:
    """Lane and peak of one matched filter; `beside` has the sigma and response of the next ones."""
    # the squared kernel of a Gaussian's second derivative, times sigma^4, sums to this
    spread = noise * np.sqrt(3.0 / (8.0 * np.sqrt(np.pi) * sigma))
    spread = with_clutter(response, spread, _mexican_hat(sigma), sigma, across)
    snr = response / np.maximum(spread, 1e-300)  # rows beside the picture have no noise
    before, middle, after = snr[:, :-2], snr[:, 1:-1], snr[:, 2:]
    lane, top = np.nonzero((middle > before) & (middle >= after) & (middle >= sensitivity))
    vertex = _vertex(before[lane, top], middle[lane, top], after[lane, top])
    top += 1
    # a Gaussian band of this sigma gives the largest response / sqrt(sigma) of all scales
    # (Lindeberg 1998, IJCV 30:79: normalised derivatives, gamma = 3/4)
    strength = response[lane, top] / np.sqrt(sigma)
    others = [(one, of[lane, top] / np.sqrt(one)) for one, of in beside]
    thickness = _thickness(sigma, strength, others)
    found = (top + vertex, snr[lane, top], spread[lane, top], strength, thickness)
    return [
        (k, Peak(row, float(sigma), snr_there, noise_there, strong, thick))
        for k, row, snr_there, noise_there, strong, thick in zip(
            lane.tolist(), *(values.tolist() for values in found), strict=True
        )
    ]


def _thickness(
    sigma: float,
    strength: NDArray[np.float64],
    beside: list[tuple[float, NDArray[np.float64]]],
) -> NDArray[np.float64]:
    """Sigma of each peak between those of the filters, which are nearly a factor of 2 apart.

    Normalised, a Gaussian band of thickness t answers a filter of thickness s with
    ``s**1.5 / (t**2 + s**2)**1.5``: the ratio of two answers tells t. The stronger neighbour is
    asked; which filter a band answers more bounds what its neighbours can make of it.
    """
    square, best = np.full(strength.size, sigma**2), np.zeros(strength.size)
    low = np.full(strength.size, (sigma / _SPAN) ** 2)
    high = np.full(strength.size, (sigma * _SPAN) ** 2)
    for other, answer in beside:
        # a band as thick as the mean of both answers both alike
        bound = np.where(answer <= strength, sigma * other, other**2)
        share = np.maximum(answer, 0.0) / np.maximum(strength, 1e-300)
        quotient = share ** (2 / 3) * sigma / other  # (t^2 + sigma^2) / (t^2 + other^2)
        if other < sigma:
            low, quotient = bound, np.maximum(quotient, 1 + 1e-9)
        else:
            high, quotient = bound, np.minimum(quotient, 1 - 1e-9)
        told = (quotient * other**2 - sigma**2) / (1 - quotient)
        square = np.where(answer > best, told, square)
        best = np.maximum(answer, best)
    thickness: NDArray[np.float64] = np.sqrt(np.clip(square, low, high))
    return thickness


def _of_sections(peak: Peak, parts: NDArray[np.float64], origin: int) -> list[float]:
    """Response of each section of the lane at a peak, left to right.

    `parts` has continued ends: row 0 of the profile is at `origin`.
    """
    reach, middle = _reach(peak.sigma), origin + round(peak.row)
    response = parts[:, middle - reach : middle + reach + 1] @ _mexican_hat(peak.sigma)
    return list(response.tolist())


def _shared_snr(peak: Peak, response: list[float]) -> float:
    """Signal to noise as the middling sections alone would have it: a speck is in one or two."""
    middling = sum(sorted(response)[1:4]) / 3 * len(response)
    return min(peak.snr, _UNEVEN * middling / peak.spread)


def _beside(response: list[float]) -> float:
    """Response of the two outer sections over that of the others."""
    inner = sum(response[1:-1]) / (len(response) - 2)
    return (response[0] + response[-1]) / 2 / inner if inner > 0 else 1.0


@lru_cache(maxsize=32)
def _mexican_hat(sigma: float) -> NDArray[np.float64]:
    offsets = np.arange(-_reach(sigma), _reach(sigma) + 1)
    gauss = np.exp(-0.5 * (offsets / sigma) ** 2)
    hat: NDArray[np.float64] = gauss / gauss.sum() * (1 - (offsets / sigma) ** 2)
    return hat


def _vertex(
    before: NDArray[np.float64], middle: NDArray[np.float64], after: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Offset of a parabola's top from its middle sample, -0.5 to 0.5."""
    bend = before - 2 * middle + after  # below 0 at a top
    return np.clip(0.5 * (before - after) / bend, -0.5, 0.5)

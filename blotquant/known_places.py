"""Weak bands at places that other lanes' bands tell: one look each, in place of a search."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .limits import Ground
from .model import Band, Layout, Profile
from .reading import Sections

__all__ = ["with_faint_bands"]

# A search looks at some hundred places of a lane, and 5 SD are chance at one of them as seldom as
# this share of 5 SD at a single place.
_SINGLE_LOOK = 0.75
# A row is known that so many other lanes show.
_SHOWN = 2
# A band's length in sigma of its middle part.
_LENGTH = 8.0
# A band lies off its row's place by no more than this, in sigma, and this, px.
_OFF_SIGMA, _OFF_ROWS = 0.75, 1.0
# What answers a filter so many times broader more is broader than 1.4 sigma: no band of this row,
# but a cloud.
_BROADER = 2.0
# A band may be this much stronger as a whole than its middling sections say, as in a search.
_UNEVEN = 1.7
# So few rows away from bands tell nothing of a lane's texture.
_FEW_ROWS = 40


def with_faint_bands(
    layout: Layout,
    profiles: Mapping[str, Profile],
    ground: Mapping[str, Ground],
    sections: Mapping[str, Sections],
    sensitivity: float,
) -> Layout:
    """Look once more at the places of rows in lanes that do not show them.

    Parameters
    ----------
    layout : Layout
        With a place, ``detected=False``, for every row that a lane lacks.
    profiles : mapping of str to Profile
        By lane id; rows may be averages of some.
    ground : mapping of str to Ground
        By lane id, of the lanes that have bands.
    sections : mapping of str to Sections
        By lane id.
    sensitivity : float
        Least signal to noise of a band that is searched for along its whole lane.

    Returns
    -------
    Layout
        With the bands that were seen.

    Notes
    -----
    Place and thickness of the row are known: the matched filter of that thickness is asked within
    less than a sigma of the place, so that no allowance is needed for the many places of a search.
    As in a search, the answer must exceed the lane's own texture, most of its sections must show it
    and it may not be broader than the row.
    """
    seen: dict[str, list[Band]] = {}
    for band in layout.bands:
        if band.detected:
            seen.setdefault(band.row_id, []).append(band)
    of_lane: dict[str, list[Band]] = {}
    for bands in seen.values():
        for band in bands:
            of_lane.setdefault(band.lane_id, []).append(band)
    bands = list(layout.bands)
    for k, band in enumerate(bands):
        own = seen.get(band.row_id, [])
        if band.detected or len(own) < _SHOWN or band.lane_id not in ground:
            continue
        profile = profiles[band.lane_id]
        step = float(profile.position[1] - profile.position[0])
        sigma = round(float(np.median([one.stop - one.start for one in own])) / _LENGTH / step, 1)
        look = _Look(profile, ground[band.lane_id], sections[band.lane_id], max(sigma, 1.0), step)
        off = look.at((band.start + band.stop) / 2, of_lane.get(band.lane_id, []), sensitivity)
        if off is not None:
            bands[k] = replace(band, start=band.start + off, stop=band.stop + off, detected=True)
    return replace(layout, bands=tuple(bands))


class _Look:
    """One lane under the filter of one row's thickness; places in rows of the profile."""

    def __init__(
        self, profile: Profile, ground: Ground, sections: Sections, sigma: float, step: float
    ) -> None:
        self.profile, self.ground, self.sections = profile, ground, sections
        self.sigma, self.step = sigma, step

    def at(self, place: float, bands: list[Band], sensitivity: float) -> float | None:
        """How far from a place, px of the picture, a band is seen; None for none."""
        values, origin = self.profile.intensity, float(self.profile.position[0])
        hat = _hat(self.sigma)
        reach, off = hat.size // 2, math.ceil(_OFF_SIGMA * self.sigma + _OFF_ROWS / self.step)
        middle = round((place - origin) / self.step)
        first, last = middle - off - reach, middle + off + reach + 1
        if first < 0 or last > values.size:
            return None
        answers = np.correlate(values[first:last], hat)
        top = int(np.argmax(answers))
        if top in (0, answers.size - 1):
            return None  # what stands there is another band's flank
        variance = float(self.ground.variance[first:last].mean())
        spread = math.sqrt(variance * float(hat @ hat))
        least, answer = _SINGLE_LOOK * sensitivity, float(answers[top])
        if answer < least * spread:
            return None
        row = middle - off + top
        at = origin + self.step * row
        if any(band.start <= at <= band.stop for band in bands):
            return None
        beside = self.step * reach
        limits = [(at - beside, at + beside), *((band.start, band.stop) for band in bands)]
        spread = max(spread, self._texture(hat, limits))
        if min(answer, _UNEVEN * self._middling(row, hat)) < least * spread:
            return None
        return None if self._is_broad(row, answer) else at - place

    def _texture(self, hat: NDArray[np.float64], limits: list[tuple[float, float]]) -> float:
        """Spread of the answers away from the lane's bands, whose limits are given."""
        reach = hat.size // 2
        answers = np.correlate(self.profile.intensity, hat)
        at = self.profile.position[reach : reach + answers.size]
        away = np.ones(answers.size, bool)
        beside = reach * self.step
        for start, stop in limits:
            away &= (at < start - beside) | (at > stop + beside)
        if np.count_nonzero(away) * self.step < max(_FEW_ROWS, 10 * self.sigma):
            return 0.0
        return 1.4826 * float(np.median(np.abs(answers[away])))

    def _middling(self, row: int, hat: NDArray[np.float64]) -> float:
        """Answer of the lane as its middling sections alone would have it."""
        step, reach = round(self.step), hat.size // 2
        parts = self.sections.intensity[:, (row - reach) * step : (row + reach + 1) * step]
        each = parts.reshape(len(parts), hat.size, step).mean(axis=2) @ hat
        return float(np.sort(each)[1:4].mean()) * len(parts)

    def _is_broad(self, row: int, answer: float) -> bool:
        """Whether a broader filter answers more, both normalised as in a search."""
        broad = _hat(round(_BROADER * self.sigma, 1))
        first = row - broad.size // 2
        if first < 0 or first + broad.size > self.profile.intensity.size:
            return False
        more = float(self.profile.intensity[first : first + broad.size] @ broad)
        return more / math.sqrt(_BROADER) > answer


@lru_cache(maxsize=32)
def _hat(sigma: float) -> NDArray[np.float64]:
    """Matched filter of a band of this sigma on a background that tilts, a Mexican hat."""
    reach = int(4 * sigma + 0.5)
    offsets = np.arange(-reach, reach + 1)
    gauss = np.exp(-0.5 * (offsets / sigma) ** 2)
    hat: NDArray[np.float64] = gauss / gauss.sum() * (1 - (offsets / sigma) ** 2)
    hat -= hat.mean()
    hat.flags.writeable = False
    return hat

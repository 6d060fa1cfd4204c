"""Which band of a ladder lane is which size: alignment with some bands missing and some extra."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LadderMatch", "match_ladder"]

Floats = NDArray[np.float64]
Pairs = tuple[tuple[int, int], ...]  # (band, size), in order

# A band lies so far from the curve through the others, in lane lengths; in a first look further.
_OFF, _OFF_AT_FIRST = 0.004, 0.015
# What a match is worth at most, and what a missing size and an extra band cost.
_MISSING, _EXTRA = 0.5, 0.4
# Decades of size over one lane length, at the least and the most.
_FLATTEST, _STEEPEST = 0.4, 6.0
# Beginnings that are tried, and of those, curves that are fitted.
_MOST_BEGINNINGS, _MOST_CURVES = 24000, 60
# At most so many bands, the strongest, make a beginning.
_MOST_BANDS = 12


@dataclass(frozen=True)
class LadderMatch:
    """Bands of a lane matched to a ladder's sizes.

    Parameters
    ----------
    bands : tuple of int
        Which of the bands given, from the well down.
    kda : tuple of float
        Their sizes.
    score : float
        One for each match, less what is missing, extra or out of line.
    margin : float
        By how much the best reading is worse that gives a band another size.
    """

    bands: tuple[int, ...]
    kda: tuple[float, ...]
    score: float
    margin: float

    @property
    def unique(self) -> bool:
        """Whether no other reading of the lane comes near."""
        return len(self.bands) >= 4 and self.margin >= 1.0


def match_ladder(
    place: Floats, kda: tuple[float, ...], *, strength: Floats | None = None
) -> LadderMatch | None:
    """Match bands of a ladder lane to sizes.

    Parameters
    ----------
    place : ndarray, shape (N,)
        Relative front of each band, 0 at the lane's top and 1 at its end, increasing.
    kda : tuple of float
        Sizes, largest first.
    strength : ndarray, shape (N,), optional
        Net density: a faint band costs less when it is left out.

    Returns
    -------
    LadderMatch or None
        None with fewer than three matches.

    Notes
    -----
    Hypothesis and test, as by random sample consensus (Fischler and Bolles 1981, CACM 24:381) but
    over all beginnings, or evenly over them where they are many: three bands and three sizes give
    place as a parabola of log size; those under which most sizes fall on bands, and fewest of
    either are left, are fitted again by a cubic that leans towards a line, with the matches that
    the curve itself makes.
    """
    log_size = np.log10(np.asarray(kda, np.float64))
    if place.size < 3 or log_size.size < 3:
        return None
    weight = np.ones(place.size)
    if strength is not None:
        strong = float(np.quantile(np.maximum(strength, 0.0), 0.75))
        weight = np.clip(np.maximum(strength, 0.0) / max(strong, 1e-12), 0.15, 1.0)
    curves = _beginnings(place, log_size, weight)
    readings: dict[Pairs, float] = {}
    for predicted in curves:
        pairs, score = _fitted(predicted, place, log_size, weight)
        if len(pairs) >= 3:
            readings[pairs] = max(score, readings.get(pairs, -np.inf))
    if not readings:
        return None
    best = max(readings, key=lambda pairs: readings[pairs])
    rivals = [score for pairs, score in readings.items() if _differ(pairs, best)]
    return LadderMatch(
        bands=tuple(band for band, _ in best),
        kda=tuple(kda[size] for _, size in best),
        score=readings[best],
        margin=readings[best] - max(rivals, default=0.0),
    )


def _differ(one: Pairs, other: Pairs) -> bool:
    sizes = dict(other)
    return any(sizes.get(band, size) != size for band, size in one) or not any(
        band in sizes for band, _ in one
    )


def _beginnings(place: Floats, log_size: Floats, weight: Floats) -> list[Floats]:
    """Places of all sizes on the best parabolas through three bands taken for three sizes."""
    strongest = np.sort(np.argsort(-weight, kind="stable")[:_MOST_BANDS])
    bands = np.array(list(combinations(strongest.tolist(), 3)))
    sizes = np.array(list(combinations(range(log_size.size), 3)))
    count = len(bands) * len(sizes)
    chosen = np.arange(0, count, max(1, count // _MOST_BEGINNINGS))
    x = place[bands[chosen // len(sizes)]]
    y = log_size[sizes[chosen % len(sizes)]]
    slopes = (y[:, :2] - y[:, 1:]) / np.maximum(x[:, 1:] - x[:, :2], 1e-9)
    bend = np.abs(np.log(slopes[:, 0] / slopes[:, 1]))
    sound = (slopes > _FLATTEST).all(axis=1) & (slopes < _STEEPEST).all(axis=1) & (bend < 1.2)
    x, y = x[sound], y[sound]
    if not len(x):
        return []
    predicted = np.zeros((len(x), log_size.size))
    for k in range(3):
        a, b = (k + 1) % 3, (k + 2) % 3
        share = (log_size - y[:, [a]]) * (log_size - y[:, [b]])
        predicted += x[:, [k]] * share / ((y[:, k] - y[:, a]) * (y[:, k] - y[:, b]))[:, None]
    falling = (np.diff(predicted, axis=1) > 0).all(axis=1)
    predicted = predicted[falling]
    scores = _scores(predicted, place, weight)
    order = np.argsort(-scores, kind="stable")[:_MOST_CURVES]
    return list(predicted[order])


def _scores(predicted: Floats, place: Floats, weight: Floats) -> Floats:
    """How well sizes at predicted places fall on bands, shape (H,)."""
    away = np.abs(predicted[:, :, None] - place)
    near = np.exp(-0.5 * (away / _OFF_AT_FIRST) ** 2)
    of_size, of_band = near.max(axis=2), near.max(axis=1)
    inside = (predicted > place[0] - 0.03) & (predicted < place[-1] + 0.03)
    missing = _MISSING * ((1 - of_size) * inside).sum(axis=1)
    return np.asarray(of_size.sum(axis=1) - missing - _EXTRA * ((1 - of_band) @ weight))


def _fitted(
    predicted: Floats, place: Floats, log_size: Floats, weight: Floats
) -> tuple[Pairs, float]:
    """Matches and score of a curve that is fitted to the matches it makes."""
    off = _OFF_AT_FIRST
    pairs: Pairs = ()
    for _ in range(4):
        matched = _nearest(predicted, place, 2.5 * off)
        if len(matched) < 3:
            return (), -np.inf
        if matched == pairs and off == _OFF:
            break
        pairs, off = matched, max(_OFF, 0.6 * off)
        predicted = _cubic(pairs, place, log_size)
        if (np.diff(predicted) <= 0).any():
            return (), -np.inf
    pairs = _nearest(predicted, place, 3.0 * _OFF)
    if len(pairs) < 3:
        return (), -np.inf
    bands, sizes = (np.array(side) for side in zip(*pairs, strict=True))
    rest = (place[bands] - predicted[sizes]) / _OFF
    inside = (predicted > place[0] - 0.02) & (predicted < place[-1] + 0.02)
    missing = int(np.count_nonzero(inside)) - int(np.count_nonzero(inside[sizes]))
    extra = float(weight.sum() - weight[bands].sum())
    score = len(pairs) - float(np.minimum(rest**2, 9.0).sum()) / 12
    return pairs, score - _MISSING * missing - _EXTRA * extra


def _nearest(predicted: Floats, place: Floats, reach: float) -> Pairs:
    """Bands and sizes that are nearest to each other, in order."""
    away = np.abs(predicted[:, None] - place)
    band_of = np.argmin(away, axis=1)
    size_of = np.argmin(away, axis=0)
    return tuple(
        (int(band), size)
        for size, band in enumerate(band_of)
        if size_of[band] == size and away[size, band] <= reach
    )


def _cubic(pairs: Pairs, place: Floats, log_size: Floats) -> Floats:
    """Places of all sizes by a cubic through the matches that leans towards a line."""
    bands, sizes = (np.array(side) for side in zip(*pairs, strict=True))
    middle = log_size.mean()
    half = max(float(np.ptp(log_size)) / 2, 1e-9)
    powers = np.vander((log_size - middle) / half, 4, increasing=True)
    lean = np.diag([0.0, 0.0, _OFF / 0.15, _OFF / 0.06])
    design = np.concatenate([powers[sizes], lean])
    target = np.concatenate([place[bands], np.zeros(4)])
    coefficients = np.linalg.lstsq(design, target, rcond=None)[0]
    return np.asarray(powers @ coefficients)

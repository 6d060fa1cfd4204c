"""Whether the profile of a found band shows one band or two: fits of many bands in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .peak_choice import best_fits, weighed, with_skewness
from .peak_fit import PeakFit, Stretch, alike_in_length, fit_all
from .peak_shapes import exponential_gaussian
from .plateau import plateau_aicc

__all__ = ["Pair", "fit_pairs", "pairs_agree"]

Floats = NDArray[np.float64]

# A lone band's shape departs from the formula by less than this share of its height.
_ALIKE = 0.007
# What two bands must improve: the residuals in proportion, and the criterion where the band is
# straightened.
_BETTER, _MARGIN_STRAIGHT = 0.33, 10.0
# ... and what they must come down to, in the size expected of residuals.
_WELL_EXPLAINED = 1.5
# ... and what the criterion must gain over one band with a flat top.
_MARGIN_PLATEAU = 12.0
# Two bands are so many of their mean thickness apart, and the weaker has this share of both: less
# is what real bands trail, a faint halo below or above.
_APART, _FURTHEST, _LEAST_SHARE = 1.6, 4.5, 0.18
# One band is enough where the rest is noise, or so small a share of its height.
_NOISE_ONLY, _EXPLAINED = 1.15, 0.004
# Any fit leaves at least this share of the noise.
_NOISE_LEFT = 0.7
# Pairs are one pair of proteins where they are alike in distance within this factor.
SAME_DISTANCE = 1.35


@dataclass(frozen=True, eq=False)
class Pair:
    """Two bands fitted where one was found.

    Parameters
    ----------
    two : PeakFit
    gain : float
        What the criterion gains by them.
    straight : Stretch
        The same with the band's parts across the lane brought to one height.
    straight_one : PeakFit or None
        One band fitted to that.
    """

    two: PeakFit
    gain: float
    straight: Stretch
    straight_one: PeakFit | None

    @property
    def distance(self) -> float:
        """Between both, px."""
        return float(np.ptp(self.two.centers))


@dataclass(frozen=True, eq=False)
class _Moments:
    """Mean, standard deviation and skewness of what is above 0, shape (B,) each."""

    mean: Floats
    sd: Floats
    skewness: Floats


def fit_pairs(
    stretches: Sequence[Stretch], straightened: Callable[[int], Stretch | None]
) -> list[Pair | None]:
    """Pairs of bands in stretches that one band each does not explain and two do.

    Parameters
    ----------
    stretches : sequence of Stretch, length B
        Each around one found band.
    straightened : callable
        Gives a stretch by its number with the band's parts across the lane brought to one height,
        or None (`blotquant.shoulder_parts.straightened`): where that shows one band it is one.

    Returns
    -------
    list of Pair or None, length B
    """
    ones = _not_explained(dict(enumerate(stretches)))
    straight = {b: moved for b in ones if (moved := straightened(b)) is not None}
    straight_ones = _not_explained(straight)
    left = list(straight_ones)
    twos = _best_of_two([stretches[b] for b in left])
    pairs: list[Pair | None] = [None] * len(stretches)
    for b, two in zip(left, twos, strict=True):
        one = ones[b]
        if two is None or not _sound(two) or not _explained(two):
            continue
        if one is not None and two.unexplained > _BETTER * one.unexplained:
            continue
        if plateau_aicc(stretches[b]) - two.aicc < _MARGIN_PLATEAU:
            continue
        gain = 1e3 if one is None else one.aicc - two.aicc
        pairs[b] = Pair(two, gain, straight[b], straight_ones[b])
    return pairs


def _not_explained(stretches: Mapping[int, Stretch]) -> dict[int, PeakFit | None]:
    """Those that one band, skewed or not, does not explain, with its best fit."""
    every = list(stretches.values())
    moments, plain = _first_look(every)
    rest = np.flatnonzero(~plain).tolist()
    numbers, some = [list(stretches)[b] for b in rest], [every[b] for b in rest]
    mean, sd = moments.mean[rest], moments.sd[rest]
    skews = np.clip(moments.skewness[rest], -1.0, 1.0)
    skewed = fit_all(some, "exponential", mean[:, None], sd, skews, enough=_NOISE_ONLY)
    left = [k for k, fit in enumerate(skewed) if not _is_enough(fit)]
    gaussian = fit_all([some[k] for k in left], "gaussian", mean[left, None], sd[left])
    found = {}
    for k, one in zip(left, gaussian, strict=True):
        fit = weighed(one, skewed[k])
        if not (_is_enough(fit) or _is_noise(some[k], fit)):
            found[numbers[k]] = fit
    return found


def _is_enough(one: PeakFit | None) -> bool:
    return one is not None and (one.misfit < _NOISE_ONLY or one.unexplained < _EXPLAINED)


def _is_noise(stretch: Stretch, one: PeakFit | None) -> bool:
    """Whether so much of what one band leaves is noise that two cannot be as much better."""
    if one is None:
        return False
    noise = float(np.sqrt(stretch.variance.mean()))
    return _NOISE_LEFT * noise > _BETTER * one.unexplained * float(one.total.max())


def _first_look(stretches: Sequence[Stretch]) -> tuple[_Moments, NDArray[np.bool_]]:
    """Moments, and whether one band with the profile's own moments explains it well enough."""
    moments = _Moments(*np.zeros((3, len(stretches))))
    plain = np.ones(len(stretches), bool)
    for some in alike_in_length(stretches):
        size = max(stretches[b].position.size for b in some)
        position, above, known = np.zeros((3, len(some), size))
        for row, b in enumerate(some):
            n = stretches[b].position.size
            position[row, :n], above[row, :n] = stretches[b].position, stretches[b].above
            known[row, :n] = 1.0
        mass = np.maximum(above, 0.0)
        mass /= mass.sum(axis=1, keepdims=True)
        mean = np.einsum("bn,bn->b", mass, position)
        away = (position - mean[:, None]) * known
        sd = np.sqrt(np.einsum("bn,bn->b", mass, away**2))
        skewness = np.einsum("bn,bn->b", mass, away**3) / np.maximum(sd, 1e-9) ** 3
        moments.mean[some], moments.sd[some], moments.skewness[some] = mean, sd, skewness
        skew = np.clip(skewness, -1.3, 1.3)
        least = np.full(len(some), np.inf)
        # the moments see the noise far out: a thinner one is tried as well
        for thin, leaning in ((1.0, 1.0), (0.93, 0.7)):
            shape = exponential_gaussian(away, thin * sd, leaning * skew)[0] * known
            area = (shape * above).sum(axis=1) / (shape * shape).sum(axis=1)
            rest = above - area[:, None] * shape
            least = np.minimum(least, np.einsum("bn,bn->b", rest, rest))
        noise = np.array([stretches[b].variance.sum() for b in some])
        shapes = known.sum(axis=1) * (_ALIKE * above.max(axis=1)) ** 2
        plain[some] = least < 1.3 * noise + shapes
    return moments, plain


def _best_of_two(stretches: Sequence[Stretch]) -> list[PeakFit | None]:
    """Two bands fitted from two beginnings, the better of both with a skewness as well."""
    moments, _ = _first_look(stretches)
    mean, sd = moments.mean, moments.sd
    top = np.array([s.position[int(np.argmax(s.above))] for s in stretches])
    thin = np.array([_thickness(*each) for each in zip(stretches, top, sd, strict=True)])
    beside = top + np.where(mean > top, 2.2, -2.2) * thin
    begins = [
        (np.stack([mean - 0.85 * sd, mean + 0.85 * sd], axis=1), 0.65 * sd),
        (np.sort(np.stack([top, beside], axis=1), axis=1), thin),
    ]
    tried = [fit_all(stretches, "gaussian", centers, sigmas) for centers, sigmas in begins]
    better = [_better(one, other) for one, other in zip(*tried, strict=True)]
    known = [b for b, fit in enumerate(better) if fit is not None]
    some = [stretches[b] for b in known]
    centers, sigmas = begins[0]
    fits = with_skewness(some, [better[b] for b in known], centers[known], sigmas[known])
    for b, fit in zip(known, fits, strict=True):
        better[b] = fit
    return better


def _better(one: PeakFit | None, other: PeakFit | None) -> PeakFit | None:
    if one is None or other is None:
        return one or other
    return one if one.aicc <= other.aicc else other


def _thickness(stretch: Stretch, top: float, sd: float) -> float:
    """Sigma that the steeper flank's half height shows."""
    height = float(stretch.above.max())
    high = stretch.position[stretch.above > 0.6 * height]
    steeper = min(top - float(high[0]), float(high[-1]) - top)
    return float(np.clip((steeper + 0.5) / 1.01, 0.35 * sd, 0.9 * sd))


def _explained(two: PeakFit) -> bool:
    """Whether two bands leave noise only: what has another shape than a band is no pair of them."""
    return two.misfit < _WELL_EXPLAINED or two.unexplained < _ALIKE


def _sound(two: PeakFit) -> bool:
    distance = float(np.ptp(two.centers))
    share = float(two.areas.min() / two.areas.sum())
    sure = bool((two.areas > 4.0 * two.errors).all())
    apart = _APART < distance / float(two.sigmas.mean()) < _FURTHEST
    return sure and apart and share > _LEAST_SHARE


def pairs_agree(pairs: Sequence[Pair]) -> list[bool]:
    """Whether bands show the same pairs when their parts are brought to one height."""
    centers = np.array([pair.two.centers for pair in pairs]).reshape(-1, 2)
    sigmas = np.array([float(pair.two.sigmas.mean()) for pair in pairs])
    twos = best_fits([pair.straight for pair in pairs], centers, sigmas)
    return [_agrees(pair, two) for pair, two in zip(pairs, twos, strict=True)]


def _agrees(pair: Pair, two: PeakFit | None) -> bool:
    if two is None or not _sound(two):
        return False
    one = pair.straight_one
    if one is not None:
        gain = one.aicc - two.aicc
        if gain < _MARGIN_STRAIGHT or two.unexplained > _BETTER * one.unexplained:
            return False
    ratio = float(np.ptp(two.centers)) / pair.distance
    return 1 / SAME_DISTANCE < ratio < SAME_DISTANCE

"""Which peaks are bands of a picture's kind: neither clouds nor specks, by thickness and place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .peak import Peak

__all__ = ["of_one_kind"]

# Bands of one picture are of a kind: their thickness against the typical one. Overloading broadens
# the high ones, which have at least this share of the upper quartile's height; a low one that is
# broad is a cloud, however clear of the noise its size makes it.
_NARROWEST, _BROADEST, _BROAD_LOW, _HIGH = 0.28, 2.6, 1.4, 0.2
# ... unless so many of the next four lanes on either side show the like in the same row (so many of
# its thickness higher or lower, no more than so many times as thick) ...
_LANES_OF_ROW, _NEAR, _STEPS, _AS_THICK = 2, 4, 1.5, 1.5
# ... and all these end where lanes do: the outer two of six sections answer less than the others,
# and more so by half of what chance makes of it, which is this over their signal to noise.
_OF_SIDES = 1.0
# What is both high and in such a row may be broader still, and so may what is as high as the upper
# quartile and ends with its lane all by itself.
_BROADEST_OF_ROW = 3.0
# Peaks unlike that kind are one of their own where they have more than such a share of the trust.
_ANOTHER = 0.2
# A peak less steep than this share of its lane's steepest says little of what is typical.
_STEEP = 0.1


def of_one_kind(peaks: dict[str, list[Peak]]) -> dict[str, list[Peak]]:
    """Peaks without those far broader or narrower than the picture's bands: clouds and specks.

    A picture may hold bands of two kinds, such as one row far sharper than the others: what is
    dropped has little of the trust, or it is a kind of its own.

    Parameters
    ----------
    peaks : dict of str to list of Peak
        By lane id, lanes from left to right.

    Returns
    -------
    dict of str to list of Peak
    """
    lanes = list(peaks.values())
    everything = [(k, peak) for k, own in enumerate(lanes) for peak in own]
    if not everything:
        return peaks
    weights = np.concatenate([_trust(of_lane) for of_lane in lanes])
    thickness = np.array([peak.thickness for _, peak in everything])
    strong = _HIGH * float(np.quantile([peak.height for _, peak in everything], 0.75))
    # half way between the usual band and what is the same across the lane
    beside = np.array([peak.beside for _, peak in everything])
    most = 0.5 + 0.5 * _weighted_median(beside, weights)
    kept = np.zeros(weights.size, bool)
    while not kept.any() or weights[~kept].sum() > _ANOTHER * weights.sum():
        times = thickness / _weighted_median(thickness[~kept], weights[~kept])
        kept |= (times > _NARROWEST) & (times < _BROAD_LOW)
        for n in np.flatnonzero(~kept & (times > _NARROWEST)).tolist():
            kept[n] = times[n] < _broadest(*everything[n], lanes, strong, most)
    left = iter(kept.tolist())
    return {lane: [peak for peak in of_lane if next(left)] for lane, of_lane in peaks.items()}


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(values[order][min(half, values.size - 1)])


def _broadest(lane: int, peak: Peak, lanes: list[list[Peak]], strong: float, most: float) -> float:
    """How thick a band may be, in typical ones; `most` as in `_is_in_a_row`."""
    if peak.height > strong / _HIGH and _end_with_lanes([peak], most):
        return _BROADEST_OF_ROW
    is_high, in_row = peak.height > strong, _is_in_a_row(lane, peak, lanes, most)
    if is_high and in_row:
        return _BROADEST_OF_ROW
    return _BROADEST if is_high or in_row else _BROAD_LOW


def _is_in_a_row(lane: int, peak: Peak, lanes: list[list[Peak]], most: float) -> bool:
    """Whether a peak stands in a row with others and ends, as these do, with its lane.

    A cloud knows nothing of lanes, and a smear nothing of rows. `most` is what a lane's outer
    sections may answer of what its inner ones do.
    """
    near = [*lanes[max(lane - _NEAR, 0) : lane], *lanes[lane + 1 : lane + 1 + _NEAR]]
    alike = [[one for one in others if _stand_in_a_row(peak, one)] for others in near]
    row = [peak, *(one for others in alike for one in others[:1])]
    return len(row) > _LANES_OF_ROW and _end_with_lanes(row, most)


def _end_with_lanes(row: list[Peak], most: float) -> bool:
    """Whether peaks, taken together, answer less than `most` of it at their lanes' sides."""
    trust = np.array([peak.snr**2 for peak in row])
    beside = float(trust @ [peak.beside for peak in row]) / float(trust.sum())
    return bool(beside + _OF_SIDES / float(trust.sum()) ** 0.5 < most)


def _stand_in_a_row(one: Peak, other: Peak) -> bool:
    thin, thick = sorted((one.thickness, other.thickness))
    return abs(one.row - other.row) < _STEPS * thick and thick < _AS_THICK * thin


def _trust(peaks: list[Peak]) -> NDArray[np.float64]:
    """Say of each peak of a lane in what a typical band is.

    By how clear it is, and how steep against the lane's steepest: clouds are many, and clear of
    the noise, but bands have edges.
    """
    steep = np.array([max(peak.strength, 0.0) / peak.sigma**1.5 for peak in peaks])
    least = _STEEP * float(steep.max(initial=0.0))
    clear = np.log1p([peak.snr for peak in peaks])
    return np.asarray(clear * np.minimum(steep / max(least, 1e-300), 1.0), np.float64)

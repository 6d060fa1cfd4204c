"""Clutter of the matched filters along lanes: what repeats at a band's size without being bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from .order import medians, quantiles_along

__all__ = ["Across", "with_clutter"]

Floats = NDArray[np.float64]

# A lane whose typical answer is this many times the noise's holds clouds, texture, or many bands.
_BUSY = 3.0
# Clouds are alike from place to place: so many times of what one side of a lane differs from the
# other is taken, and no less than so many times the pixels' noise.
_LATERAL, _LEAST = 3.0, 2.0
# Noise of that difference against the lane's, both with six sections: it has four.
_FOUR_OF_SIX = 1.5**0.5
# What is this much alike at the lane's sides does not end with the lane: no bands.
_GOES_ON = 0.75
# A lane's side is read from so many px.
_SIDE = 3.0
# What answers by so many times the clutter is no clutter.
_STRONG = 4.0
# Fewer rows away from bands tell nothing, nor fewer than so many sigma.
_FEW, _FEW_SIGMA = 40, 10
# So many sigma from a lane's end what is beyond has a say.
_END = 3.0
# The lower quartile of absolute values of a Gaussian, and their median, in SD.
_QUARTILE, _MEDIAN = 0.3186, 0.6745


@dataclass(frozen=True, eq=False)
class Across:
    """What lanes of one length show from side to side, L lanes with N rows.

    Parameters
    ----------
    apart : ndarray, shape (L, N + 2 * origin)
        Of the four inner of six sections the left two less the right two, a.u. x px; continued
        beyond both ends.
    sides : ndarray, shape (L, 2, N + 2 * origin)
        The lane if it were throughout as its pixels at the left and right side are, a.u. x px.
    width : ndarray, shape (L,)
        Of the lanes, px.
    origin : int
        Where row 0 is.
    """

    apart: Floats
    sides: Floats
    width: Floats
    origin: int


def with_clutter(
    response: Floats, spread: Floats, hat: Floats, sigma: float, across: Across
) -> Floats:
    r"""Spread of lanes' responses: the pixels' noise, or what is seen away from bands if more.

    Parameters
    ----------
    response, spread : ndarray, shape (L, N)
        What one matched filter answers, and the noise of that.
    hat : ndarray, shape (2 * reach + 1,)
        The filter.
    sigma : float
        Half-thickness of the bands it looks for, rows.
    across : Across

    Returns
    -------
    ndarray, shape (L, N)

    Notes
    -----
    Rows far from strong answers tell, by their median. In a lane full of bands there are none, and
    the median of all rows is that of the bands. What tells bands from clutter there is their shape
    across the lane: a band is alike from side to side, and ends with the lane. Clouds, grain and
    the blocks of a lossy file differ from one half of the lane to the other; stripes, and what
    else is alike there, go on at the lane's sides. With r the lane's answer, s that of a side and
    :math:`\lambda` the share of r in s (least squares), the part that goes on is
    :math:`(s - \lambda r) / (1 - \lambda)`. The greater of both is the most that clutter can be;
    where :math:`\lambda` is near 1, the lane does not end there, and nothing is told by it. Near
    the ends of a lane strong bands are mirrored upside down, and ring: there the median of all
    rows stays.
    """
    step = max(1, int(sigma / 2))  # neighbours within a sigma say the same
    every, rows = spread, round(_END * sigma)
    response, spread = response[:, ::step], spread[:, ::step]
    size = np.abs(response)
    middle, noise = medians(size) / _MEDIAN, medians(spread)
    busy = np.flatnonzero(middle > _BUSY * noise)
    most = np.full(middle.size, np.inf)
    if busy.size:
        most[busy] = _without_bands(response[busy], noise[busy], hat, across, busy, step)
    typical = np.minimum(middle, most)
    strong = response > _STRONG * np.maximum(2 * spread, typical[:, None])
    reach = (int(4 * sigma) + 1) // step
    quiet = maximum_filter1d(strong.astype(np.uint8), 2 * reach + 1, axis=1) == 0
    count = np.count_nonzero(quiet, axis=1)
    rising = np.sort(np.where(quiet, size, np.inf), axis=1)  # the quiet ones first
    lane = np.arange(len(size))
    median = (rising[lane, np.maximum(count - 1, 0) // 2] + rising[lane, count // 2]) / 2
    few = count * step < max(_FEW, _FEW_SIGMA * sigma)
    in_bands = np.where(np.isfinite(most), typical, 0.0)
    away = np.where(few, in_bands, np.minimum(median / _MEDIAN, most))
    seen = np.maximum(every, away[:, None])
    for end in (np.s_[busy, :rows], np.s_[busy, -rows:]):
        seen[end] = np.maximum(seen[end], middle[busy, None])
    return seen


def _without_bands(
    response: Floats, noise: Floats, hat: Floats, across: Across, lanes: NDArray[np.intp], step: int
) -> Floats:
    """Most that the clutter of some lanes can be, shape (lanes,), at every so many rows."""

    def answers(values: Floats) -> Floats:
        beyond = across.origin - hat.size // 2
        used = values[..., beyond : values.shape[-1] - beyond]
        return np.asarray(sliding_window_view(used, hat.size, axis=-1)[..., ::step, :] @ hat)

    differ = _FOUR_OF_SIX * quantiles_along(np.abs(answers(across.apart[lanes])), 0.25) / _QUARTILE
    lateral = np.maximum(_LATERAL * _less(differ, noise, 1.2), _LEAST * noise)
    left, right = np.moveaxis(answers(across.sides[lanes]), 1, 0)
    grain = noise * np.sqrt(across.width[lanes] / _SIDE)
    # dirt is on one side, and a band that is tilted leaves opposite rests on both
    beyond = np.minimum(
        np.minimum(_going_on(left, response, grain), _going_on(right, response, grain)),
        _going_on((left + right) / 2, response, grain / 2**0.5),
    )
    return np.maximum(lateral, beyond)


def _going_on(side: Floats, response: Floats, noise: Floats) -> Floats:
    """Spread of what goes on beside lanes, as one of their sides tells it; infinite for unknown."""
    share = (side * response).sum(axis=1) / np.maximum((response**2).sum(axis=1), 1e-300)
    share = np.maximum(share, 0.0)
    rest = medians(np.abs(side - share[:, None] * response)) / _MEDIAN
    return np.where(
        share < _GOES_ON, _less(rest, noise, 1.0) / np.maximum(1 - share, 1 - _GOES_ON), np.inf
    )


def _less(spread: Floats, noise: Floats, times: float) -> Floats:
    """Spread without that of the noise, whose variance is taken so many times."""
    return np.sqrt(np.maximum(spread**2 - times * noise**2, 0.0))

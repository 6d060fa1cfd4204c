"""A band with a flat top: what two bands side by side must be better than."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import ndtr

from .peak_fit import Stretch, akaike
from .peak_model import SHAPE_ERROR

__all__ = ["plateau_aicc"]

Floats = NDArray[np.float64]

# The edges of a band are alike in softness within this, as a logarithm.
_EDGES_SPREAD = 0.35
# What a criterion counts: both edges' places and softness, and the height.
_FREE = 5
_ROOT = float(np.sqrt(2 * np.pi))


def plateau_aicc(stretch: Stretch) -> float:
    r"""Akaike's criterion of one band with a flat top, to compare with `PeakFit.aicc`.

    A well loaded to its height, or a sample that entered the gel as a plug, gives a band of even
    signal between two edges that diffusion softened: two Gaussians side by side fit it well, and
    one, skewed or not, does not.

    Parameters
    ----------
    stretch : Stretch

    Returns
    -------
    float
        Infinite where no such band fits.

    Notes
    -----
    .. math:: h \, (\Phi((x - a) / \sigma_a) - \Phi((x - b) / \sigma_b))

    with the weights and the line under it of `blotquant.peak_model`.
    """
    height = float(stretch.above.max())
    used = np.ones(stretch.position.size, bool) if stretch.used is None else stretch.used
    x, y = stretch.position[used], stretch.above[used] / height
    sd = np.sqrt(stretch.variance[used] / height**2 + (SHAPE_ERROR * np.maximum(y, 0.0)) ** 2)
    high = x[y > 0.5]
    if x.size <= _FREE + 2 or high.size < 3:
        return float("inf")
    thick = float(high[-1] - high[0])
    begin = [high[0], np.log(thick), np.log(thick / 6), np.log(thick / 6), 1.0, 0.0, 0.0]
    tilt = (x - x.mean()) / max(float(np.ptp(x)) / 2, 1.0)
    level = max(stretch.level_sd / height, 1e-9)
    prior = np.zeros((3, len(begin)))
    prior[0, [2, 3]] = 1 / _EDGES_SPREAD, -1 / _EDGES_SPREAD
    prior[1, 5] = prior[2, 6] = 1 / level

    def rest(of: Floats) -> Floats:
        z = _in_softness(x, of)[0]
        fit = of[4] * (ndtr(z[0]) - ndtr(z[1]))
        return np.concatenate([(fit + of[5] + of[6] * tilt - y) / sd, prior @ of])

    def slopes(of: Floats) -> Floats:
        z, soft, long = _in_softness(x, of)
        upper, lower = of[4] * np.exp(-0.5 * z**2) / (_ROOT * soft[:, None])
        columns = [
            lower - upper,
            lower * long,
            -upper * soft[0] * z[0],
            lower * soft[1] * z[1],
            ndtr(z[0]) - ndtr(z[1]),
            np.ones_like(x),
            tilt,
        ]
        return np.vstack([np.stack(columns, axis=1) / sd[:, None], prior])

    found = least_squares(rest, begin, slopes, method="lm", max_nfev=100)
    return akaike(2 * float(found.cost), x.size, _FREE)


def _in_softness(x: Floats, of: Floats) -> tuple[Floats, Floats, float]:
    """Places from both edges in units of their softness, shape (2, N); that; and the length, px."""
    long, *soft = np.exp(np.clip(of[1:4], -5.0, 12.0))  # a step too far would overflow
    edges = np.array([of[0], of[0] + long])
    return (x - edges[:, None]) / np.array(soft)[:, None], np.array(soft), float(long)

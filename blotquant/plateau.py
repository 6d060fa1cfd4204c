"""A band with a flat top: what two bands side by side must be better than."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from .peak_fit import Stretch, akaike
from .peak_model import SHAPE_ERROR

__all__ = ["plateau_aicc"]

Floats = NDArray[np.float64]

# The edges of a band are alike in softness within this, as a logarithm.
_EDGES_SPREAD = 0.35
# What a criterion counts: both edges' places and softness, and the height; or the place, both
# sides' lengths, how compressed it is, and the height.
_FREE = 5
_ROOT = float(np.sqrt(2 * np.pi))


def plateau_aicc(stretch: Stretch) -> float:
    r"""Akaike's criterion of one band with a flat top, to compare with `PeakFit.aicc`.

    A well loaded to its height, or a sample that entered the gel as a plug, gives a band of even
    signal between two edges that diffusion softened; film and overloaded membranes compress a
    band's top. Two Gaussians side by side fit either well, and one, skewed or not, does not.

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
        \quad\text{or}\quad h \, (1 - e^{-m G(x)}) / (1 - e^{-m})

    whichever fits better, G being a Gaussian with a length of its own to either side, and the
    second the law by which grains, or sites of a membrane, run out (Hurter and Driffield 1890, J.
    Soc. Chem. Ind. 9:455); with the weights and the line under it of `blotquant.peak_model`.
    """
    from scipy.optimize import least_squares  # slow to import, and hardly a picture needs it

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
    prior, of_film = np.zeros((2, 3, len(begin)))
    for one, alike in (prior, [2, 3]), (of_film, [1, 2]):
        one[0, alike] = 1 / _EDGES_SPREAD, -1 / _EDGES_SPREAD
        one[1, 5] = one[2, 6] = 1 / level

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

    def rest_of_film(of: Floats) -> Floats:
        fit = _compressed(x, of) + of[5] + of[6] * tilt
        return np.concatenate([(fit - y) / sd, of_film @ of])

    even = least_squares(rest, begin, slopes, method="lm", max_nfev=100)
    middle, sigma = (high[0] + high[-1]) / 2, np.log(thick / 2.5)
    film = least_squares(
        rest_of_film, [middle, sigma, sigma, 0.0, 1.0, 0.0, 0.0], method="lm", max_nfev=400
    )
    return akaike(2 * float(min(even.cost, film.cost)), x.size, _FREE)


def _compressed(x: Floats, of: Floats) -> Floats:
    """A Gaussian, its two sides of their own length, as film or an overloaded membrane shows it."""
    sides = np.exp(np.clip(of[1:3], -5.0, 12.0))
    away = (x - of[0]) / np.where(x < of[0], sides[0], sides[1])
    most = np.exp(np.clip(of[3], -5.0, 5.0))
    return np.asarray(of[4] * np.expm1(-most * np.exp(-0.5 * away**2)) / np.expm1(-most))


def _in_softness(x: Floats, of: Floats) -> tuple[Floats, Floats, float]:
    """Places from both edges in units of their softness, shape (2, N); that; and the length, px."""
    long, *soft = np.exp(np.clip(of[1:4], -5.0, 12.0))  # a step too far would overflow
    edges = np.array([of[0], of[0] + long])
    return (x - edges[:, None]) / np.array(soft)[:, None], np.array(soft), float(long)

"""The shape of one band along its lane, area 1, with the derivatives that a fit needs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx

__all__ = ["LARGEST_SKEWNESS", "Densities", "exponential_gaussian"]

Floats = NDArray[np.float64]
# density, and its derivatives by mean, log of the standard deviation, and skewness
Densities = tuple[Floats, Floats, Floats, Floats]

_ROOT = math.sqrt(2 * math.pi)
# Closed form from here on; below, it would divide by nearly 0, and Edgeworth's series is as good.
_LEAST_SKEWNESS = 1e-3
# A tail twice as long as the Gaussian is thick.
LARGEST_SKEWNESS = 1.4


def exponential_gaussian(s: Floats, sd: Floats, skewness: Floats) -> Densities:
    r"""Gaussian with an exponential tail, by its mean, standard deviation and skewness.

    Parameters
    ----------
    s : ndarray, shape (K, N)
        Places less the mean of each of K bands, px.
    sd : ndarray, shape (K,)
        Standard deviations, px.
    skewness : ndarray, shape (K,)
        Up to `LARGEST_SKEWNESS`; above 0 the tail is on the side of larger `s`, below 0 on the
        other, and 0 is a Gaussian.

    Returns
    -------
    density, by_mean, by_log_sd, by_skewness : ndarray, shape (K, N)
        Per px, and the derivatives of that.

    Notes
    -----
    Grushka (1972), Anal. Chem. 44:1733. By centre, sigma and tail the shape hardly depends on a
    short tail, and a fit stays where it began; by its moments it depends on the skewness as on
    any other parameter, through 0 and beyond. With the tail t in sigma the skewness is
    :math:`2 t^3 / (1 + t^2)^{3/2}`. The derivatives follow from :math:`f + \tau f' = g`, g being
    the Gaussian and tau the tail in px. Near 0 Edgeworth's first term stands for the shape.
    """
    nearly = np.abs(skewness) < _LEAST_SKEWNESS
    if nearly.all():
        return _edgeworth(s, sd[:, None], skewness[:, None])
    if not nearly.any():
        return _closed_form(s, sd[:, None], skewness[:, None])
    parts: Densities = (np.empty_like(s), np.empty_like(s), np.empty_like(s), np.empty_like(s))
    for rows, shape in ((nearly, _edgeworth), (~nearly, _closed_form)):
        of_rows = shape(s[rows], sd[rows, None], skewness[rows, None])
        for whole, part in zip(parts, of_rows, strict=True):
            whole[rows] = part
    return parts


def _edgeworth(s: Floats, sd: Floats, skewness: Floats) -> Densities:
    z = s / sd
    square = z * z
    gauss = np.exp(-0.5 * square) / (_ROOT * sd)
    third = z * (square - 3.0) / 6.0
    factor = 1.0 + skewness * third
    slope = gauss * (skewness * (square - 1.0) / 2.0 - z * factor)  # sd f'
    density = gauss * factor
    return density, -slope / sd, -density - z * slope, gauss * third


def _closed_form(s: Floats, sd: Floats, skewness: Floats) -> Densities:
    sign = np.sign(skewness)
    power = np.cbrt(np.abs(skewness) / 2.0)
    tail = power / np.sqrt(1.0 - power * power)
    more = 1.0 + tail * tail
    sigma = sd / np.sqrt(more)
    # turned so that the tail is ahead
    z = sign * s / sigma + tail
    gauss = np.exp(-0.5 * z * z) / (_ROOT * sigma)
    u = (1.0 / tail - z) / math.sqrt(2.0)
    density = gauss * (_ROOT / 2.0) * erfcx(np.maximum(u, -20.0)) / tail
    if u.min() < -20.0:  # erfcx overflows far down the tail, where only the exponential is left
        far = np.exp(np.minimum(0.5 / tail**2 - z / tail, 0.0)) / (tail * sigma)
        density = np.where(u > -20.0, density, far)
    slope = (gauss - density) / tail  # sigma f'
    by_tail = (gauss / tail - (1.0 / tail - z) * density) / tail**2 - density / tail
    # at a fixed mean and standard deviation the tail moves the centre and thins the Gaussian
    by_tail += (slope + tail * (density + z * slope)) / more
    by_skewness = sign * by_tail * more**2.5 / (6.0 * tail**2)
    return density, -sign * slope / sigma, -density - (z - tail) * slope, by_skewness

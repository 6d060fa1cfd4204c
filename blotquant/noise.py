"""How noisy a picture's pixels are: read and shot noise, estimated from the picture itself."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .model import Blot
from .order import quantiles_along

__all__ = ["NoiseModel", "estimate_noise", "level_step"]


@dataclass(frozen=True)
class NoiseModel:
    """Variance of one pixel as a function of its signal: ``floor + gain * signal``.

    Parameters
    ----------
    floor : float
        Variance at signal 0 (a.u.^2): read noise and quantisation; can be below 0 where the
        signal has an offset, the sum never is.
    gain : float
        Variance per signal (a.u.): the shot noise of a photon-counting detector.
    minimum : float
        Least variance: a twelfth of a squared grey level, the rounding of the file.
    """

    floor: float
    gain: float
    minimum: float

    def variance(self, signal: NDArray[np.floating]) -> NDArray[np.float64]:
        """Variance of pixels of the given signal, same shape."""
        return np.maximum(self.floor + self.gain * np.asarray(signal, np.float64), self.minimum)

    def variance_of_sums(
        self, sums: NDArray[np.float64], areas: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Variance of sums of the signal over areas, each added up along the last but one axis.

        Parameters
        ----------
        sums, areas : ndarray, shape (..., S, N)
            a.u. x px, and px; they broadcast.

        Returns
        -------
        ndarray, shape (..., N)
        """
        variance = self.gain * sums
        variance += self.floor * areas
        np.maximum(variance, self.minimum * areas, out=variance)
        total: NDArray[np.float64] = variance.sum(axis=-2)
        return total


_CACHE: weakref.WeakKeyDictionary[Blot, NoiseModel] = weakref.WeakKeyDictionary()


def estimate_noise(blot: Blot) -> NoiseModel:
    """Estimate the noise of a picture from the differences between pixels three apart.

    Blocks of the picture give pairs (mean signal, variance of second differences along the rows,
    where a blot is smoothest); the variance's lower envelope against the mean is fitted by a
    line. Only even blocks count, so bands' edges do not pass for noise.

    Parameters
    ----------
    blot : Blot

    Returns
    -------
    NoiseModel

    Notes
    -----
    After Immerkaer (1996, CVIU 64:300) for the differences, and Foi et al. (2008, IEEE TIP
    17:1737) for variance as a linear function of the mean.
    """
    if blot not in _CACHE:
        _CACHE[blot] = _estimate(blot)
    return _CACHE[blot]


_BLOCK = 8
_MAX_BLOCKS = 5000


def _estimate(blot: Blot) -> NoiseModel:
    minimum = _quantisation_variance(blot)
    mean, variance = _block_statistics(blot)
    if mean.size == 0:
        return NoiseModel(minimum, 0.0, minimum)
    order = np.argsort(mean)
    n_bins = max(1, min(40, mean.size // 40))
    centers = _in_bins(mean[order], n_bins, 0.5)
    # The median of a block's chi-square variance is a little low; texture puts it high. The lower
    # third is noise in both: rescaled by the chi-square quantile of ~40 degrees of freedom.
    levels = _in_bins(variance[order], n_bins, 0.33) / 0.88
    gain, floor = _line(centers, levels)
    return NoiseModel(floor, gain, minimum)


def _in_bins(values: NDArray[np.float64], n_bins: int, share: float) -> NDArray[np.float64]:
    """Quantile of each bin, as `numpy.array_split` makes them: the first ones hold one more."""
    size, larger = divmod(values.size, n_bins)
    parts = values[: larger * (size + 1)], values[larger * (size + 1) :]
    shapes = (larger, size + 1), (n_bins - larger, size)
    return np.concatenate(
        [
            quantiles_along(part.reshape(shape), share)
            for part, shape in zip(parts, shapes, strict=True)
            if part.size
        ]
    )


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Slope (never negative) and intercept, weighted towards the low noise levels."""
    if x.size < 3 or np.ptp(x) <= 0:
        return 0.0, float(np.median(y))
    weight = 1.0 / np.maximum(y, np.median(y) * 0.1 + 1e-30)
    slope, intercept = np.polyfit(x, y, 1, w=weight)
    if slope <= 0:
        return 0.0, float(np.median(y))
    return float(slope), float(intercept)


def _quantisation_variance(blot: Blot) -> float:
    if blot.pixels.dtype.kind == "f":
        return 1e-12
    return level_step(blot) ** 2 / 12


def level_step(blot: Blot) -> float:
    """Signal between two grey levels of the file, a.u.; on film at its clear level."""
    if blot.signal_map.clear_level is not None:
        return 0.4343 / blot.signal_map.clear_level
    return abs(blot.signal_map.scale)


def _block_statistics(blot: Blot) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean signal and noise variance of up to `_MAX_BLOCKS` blocks spread over the picture."""
    rows, cols = blot.shape
    block = min(_BLOCK, rows, cols)
    if block < 4:
        return np.empty(0), np.empty(0)
    n_rows, n_cols = rows // block, cols // block
    step = max(1, int(np.ceil(n_rows * n_cols / _MAX_BLOCKS)))
    tops = np.arange(0, n_rows, step) * block
    stored = blot.pixels[(tops[:, None] + np.arange(block)).ravel(), : n_cols * block]
    values = blot.signal_map(stored).reshape(tops.size, block, -1)
    second = values[:, :, :-2] + values[:, :, 2:]
    second -= 2 * values[:, :, 1:-1]
    second *= second
    # whole columns first: the differences that reach into the next block are left out
    squares = np.zeros((tops.size, n_cols * block))
    squares[:, :-2] = second.sum(axis=1)
    squares = squares.reshape(-1, block)[:, :-2].sum(axis=1)
    mean = values.sum(axis=1).reshape(-1, block).sum(axis=1, dtype=np.float64) / block**2
    variance = squares / (block * (block - 2)) / 6.0
    constant = variance <= 0  # canvas, or clipped: says nothing of the noise
    return mean[~constant], variance[~constant]

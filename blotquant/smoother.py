"""A smooth baseline with its uncertainty: Whittaker's smoother, stiffness chosen by likelihood."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpbtrf, dpbtrs

from .order import median

__all__ = ["SmoothBaseline", "fit_baseline", "roughness"]

_STIFFNESS = 10.0 ** np.arange(0.0, 11.3, 1.4)
# With this times the fourth power of the number of bins the curve is a straight line to 0.1 %:
# its slowest bend is (4.73 / n)^4 as stiff. Beyond, only digits are lost.
_STRAIGHT = 2.0


@dataclass(frozen=True, eq=False)
class SmoothBaseline:
    """A baseline on bins of rows, and the factor of its posterior precision.

    Parameters
    ----------
    level : ndarray, shape (N,)
        Baseline at each row, in the profile's units.
    scale : float
        Observed over expected variance of the rows the baseline was fitted to (1 where the
        noise model says it all; more where there is texture).
    """

    level: NDArray[np.float64]
    scale: float
    _factor: NDArray[np.float64]
    _bin_size: int
    _residual: NDArray[np.float64]  # of each bin, and its weight, 0 where it was not fitted to
    _weights: NDArray[np.float64]

    def variance_of_sum(self, weights: NDArray[np.float64]) -> float:
        """Variance of ``sum(weights * level)``; `weights` has shape (N,)."""
        return float(self.variances_of_sums(weights[None])[0])

    def variances_of_sums(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Variance of each of several weighted sums; `weights` has shape (sums, N)."""
        if self._factor.size == 0:
            return np.zeros(len(weights))
        starts = np.arange(0, weights.shape[1], self._bin_size)
        grouped = np.add.reduceat(weights, starts, axis=1)
        solved = dpbtrs(self._factor, grouped.T)[0]
        return np.asarray(self.scale * np.einsum("sn,ns->s", grouped, solved), np.float64)

    def left_out(self, length: float) -> NDArray[np.float64]:
        """Squared errors of the curve across stretches that it was fitted to, had it not been.

        Parameters
        ----------
        length : float
            Rows of a stretch; they overlap by half. Where bands leave no stretch so long, half of
            it is asked, or a quarter.

        Returns
        -------
        ndarray, shape (3, stretches)
            Square of the sum, over a stretch left out, of profile minus curve; the variance of the
            curve's sum, as the model has it; the variance of the profile's own.

        Notes
        -----
        With the hat matrix H of the smoother and the residuals r of a stretch, those of a fit
        without it are ``(1 - H)^-1 r`` (Craven and Wahba 1979, Numer. Math. 31:377).
        """
        for part in (1, 2, 4):
            size = max(2, round(length / self._bin_size / part))
            begins = _stretches(self._weights > 0, size)
            if begins.size:
                break
        else:
            return np.empty((3, 0))
        bins = begins[:, None] + np.arange(size)
        one = np.zeros((self._weights.size, bins.size))
        one[bins.ravel(), np.arange(bins.size)] = 1.0
        solved = dpbtrs(self._factor, one)[0].reshape(-1, *bins.shape)
        covariance = np.stack([solved[own, k] for k, own in enumerate(bins)])
        weights = self._weights[bins]
        kept = np.eye(size) - covariance * weights[:, None, :]
        # of the curve without the stretch, and of the stretch about it
        right = np.concatenate((covariance, self._residual[bins][:, :, None]), axis=2)
        without = np.linalg.solve(kept, right).sum(axis=1)
        own, noise = without[:, :-1].sum(axis=1), (1.0 / weights).sum(axis=1)
        return np.array((without[:, -1] ** 2, self.scale * own, self.scale * noise))


# Stretches left out of one lane: more say the same again.
_MOST_STRETCHES = 8


def _stretches(used: NDArray[np.bool_], size: int) -> NDArray[np.intp]:
    """Where stretches of `size` used bins begin that have used bins to either side."""
    beside = max(2, size // 3)
    whole = size + 2 * beside
    if used.size < whole:
        return np.empty(0, np.intp)
    count = np.concatenate(([0], np.cumsum(used)))
    fits = np.flatnonzero(count[whole:] - count[:-whole] == whole)
    # every so many within each run of free bins
    begins = np.concatenate(([True], np.diff(fits) > 1)) if fits.size else np.empty(0, bool)
    away = fits - np.maximum.accumulate(np.where(begins, fits, 0))
    chosen = fits[away % max(1, size // 2) == 0]
    some = chosen[:: max(1, -(-chosen.size // _MOST_STRETCHES))]
    return np.asarray(some + beside, np.intp)


# Hidden stretches, each half of the next, that the model, taken as true, weighs as much as.
_PRIOR_CHECKS = 10.0
_LEAST_ROUGH = 0.4
# Stretches lie beside bands that hide more of the lane: the variance of curves under bands is this
# share of what stretches say, on simulated blots of all kinds, whose background is known.
_OF_STRETCHES = 2 / 3


def roughness(checks: Iterable[NDArray[np.float64]]) -> float:
    """How much larger the variance of bridging curves is than their own model has it.

    Stretches of band-free lane as long as a band are predicted as if a band hid them. Where the
    background has structure of the size of a band (clouds, smear) the squared errors exceed the
    variance that the smoother gives, which knows no such size.

    Parameters
    ----------
    checks : iterable of ndarray, shape (3, n)
        From `SmoothBaseline.left_out`, lane by lane.

    Returns
    -------
    float
        Weighted mean over all stretches, less what they are off more than curves under bands are;
        1 where there is no stretch.
    """
    squares, own, noise = np.concatenate([np.empty((3, 0)), *checks], axis=1)
    # each stretch by how much of its error is the curve's: its square scatters with the whole
    weight = own / np.maximum(own + noise, 1e-150) ** 2
    excess = _OF_STRETCHES * float(weight @ (squares - noise))
    # where noise hides what stretches say, the model is all that is known
    rough = (_PRIOR_CHECKS + excess) / (_PRIOR_CHECKS + float(weight @ own))
    return max(_LEAST_ROUGH, rough)


def fit_baseline(
    values: NDArray[np.float64],
    variance: NDArray[np.float64],
    free: NDArray[np.bool_],
    *,
    least_length: float = 0.0,
    max_bins: int = 240,
    reject: bool = True,
) -> SmoothBaseline:
    """Fit a smooth curve through the free rows of a profile and across the rest.

    The curve minimises ``sum((values - curve)^2 / variance) + s * sum((second difference)^2)``
    over the free rows. The stiffness `s` is the one under which the free rows are most likely
    (restricted maximum likelihood for a twice integrated random walk), so a flat membrane gets a
    straight line and a cloudy one a curve. The same model gives the curve's covariance, also
    where it bridges a band. Free rows well above the curve (a band nobody marked, a speck) are
    left out, and the fit is done again.

    Parameters
    ----------
    values, variance : ndarray, shape (N,)
        The profile and its noise variance.
    free : ndarray of bool, shape (N,)
        Rows with no band.
    least_length : float
        The curve does not follow anything shorter than about this many rows.
    max_bins : int
        Rows are averaged in at most so many bins: a baseline is smooth, and the cost goes with
        their number.
    reject : bool
        Leave out free rows that stand out.

    Returns
    -------
    SmoothBaseline

    Notes
    -----
    Eilers (2003), Anal. Chem. 75:3631; likelihood of the smoothing parameter: Wahba (1985), Ann.
    Statist. 13:1378.
    """
    size = max(1, int(np.ceil(values.size / max_bins)))
    binned, weights = _binned(values, variance, free, size)
    if np.count_nonzero(weights) < 4 or weights.size < 6:
        return _constant(values, variance, free)
    for attempt in range(4 if reject else 1):
        factor, curve, scale = _most_likely(binned, weights, least_length / size)
        residual = (binned - curve) * np.sqrt(weights / scale)
        # asymmetric: signal stands above a baseline, never below
        outlier = (weights > 0) & ((residual > 3.0) | (residual < -5.0))
        if attempt == 3 or not outlier.any() or np.count_nonzero(weights) - outlier.sum() < 6:
            break
        weights = np.where(outlier, 0.0, weights)
    level = _level(curve, values.size, size)
    return SmoothBaseline(level, max(scale, 1e-12), factor, size, binned - curve, weights)


def _binned(
    values: NDArray[np.float64],
    variance: NDArray[np.float64],
    free: NDArray[np.bool_],
    size: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and inverse variance of each bin of `size` rows; the last may be shorter."""
    # rows beside the picture have no variance, and nothing to say
    inverse = np.zeros(values.size)
    np.divide(1.0, variance, out=inverse, where=free & (variance > 0))
    starts = np.arange(0, values.size, size)
    weights = np.add.reduceat(inverse, starts)
    mean = np.zeros(starts.size)
    np.divide(np.add.reduceat(inverse * values, starts), weights, out=mean, where=weights > 0)
    return mean, weights


def _level(curve: NDArray[np.float64], n_rows: int, size: int) -> NDArray[np.float64]:
    """Curve at each row: between the bins' middles, and straight on beyond the outermost."""
    starts = np.arange(0, n_rows, size)
    middles = (starts + np.minimum(starts + size, n_rows) - 1) / 2
    rows = np.arange(n_rows, dtype=np.float64)
    level = np.interp(rows, middles, curve)
    head, tail = slice(0, math.ceil(middles[0])), slice(math.floor(middles[-1]) + 1, n_rows)
    slopes = (curve[[1, -1]] - curve[[0, -2]]) / (middles[[1, -1]] - middles[[0, -2]])
    level[head] = curve[0] + (rows[head] - middles[0]) * slopes[0]
    level[tail] = curve[-1] + (rows[tail] - middles[-1]) * slopes[1]
    return level


def _most_likely(
    values: NDArray[np.float64], weights: NDArray[np.float64], least_length: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Cholesky factor, curve and variance scale for the most likely stiffness."""
    used = weights > 0
    n_used, n = int(np.count_nonzero(used)), values.size
    # the smoother's length, in bins, is the fourth root of its relative stiffness
    allowed = np.clip(_STIFFNESS, least_length**4, _STRAIGHT * n**4)
    allowed = allowed[np.append(np.diff(allowed) > 0, True)]  # each once
    stiffness, factor = _factors(weights, allowed * median(weights[used]))
    # a straight line has no roughness: fitted apart, it takes no digits from what is stiff
    line = _line(values, weights)
    values = values - line
    right = weights * values
    curve = _solved(factor, right)
    # misfit and roughness together, where the curve makes them least; a perfectly flat canvas has
    # no scatter at all
    scale = np.maximum((right @ values - curve @ right) / (n_used - 2), 1e-6)
    cost = (
        (n_used - 2) * np.log(scale)
        + 2 * np.log(factor[2]).sum(axis=1)
        - (n - 2) * np.log(stiffness)
    )
    best = int(np.argmin(cost))
    return np.asfortranarray(factor[:, best]), curve[best] + line, float(scale[best])


def _line(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Straight line of least squares, at each place."""
    total = float(weights.sum())
    place = np.arange(values.size, dtype=np.float64)
    place -= float(weights @ place) / total
    middle = float(weights @ values) / total
    tilted = weights * place
    slope = float(tilted @ (values - middle)) / float(tilted @ place)
    return middle + slope * place


def _factors(
    weights: NDArray[np.float64], stiffness: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cholesky factors for several stiffnesses, shape (3, S, n), and the stiffnesses they are for.

    Systems that have nothing to do with each other, put end to end, are one banded system: LAPACK
    is called once. A stiffness that cannot be told from a singular one is left out.
    """
    while True:
        bands = _penalty(weights.size)[:, None, :] * stiffness[:, None]
        bands[2] += weights
        factor, failed = dpbtrf(bands.reshape(3, -1))
        if not failed:
            return stiffness, factor.reshape(bands.shape)
        # the stiffest system is always positive definite
        stiffness = np.delete(stiffness, (failed - 1) // weights.size)


def _solved(factor: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solution of each of the systems of `_factors`, shape (S, n), for one right side."""
    _, count, n = factor.shape
    solution: NDArray[np.float64] = dpbtrs(factor.reshape(3, -1), np.tile(right, count))[0]
    return solution.reshape(count, n)


@lru_cache(maxsize=64)
def _penalty(n: int) -> NDArray[np.float64]:
    """Upper bands of the second differences' Gram matrix, shape (3, n)."""
    bands = np.zeros((3, n))
    bands[2] = 6.0
    bands[2, [0, -1]] = 1.0
    bands[2, [1, -2]] = 5.0
    bands[1, 1:] = -4.0
    bands[1, [1, -1]] = -2.0
    bands[0, 2:] = 1.0
    bands.flags.writeable = False
    return bands


def _constant(
    values: NDArray[np.float64], variance: NDArray[np.float64], free: NDArray[np.bool_]
) -> SmoothBaseline:
    """Level baseline where there are too few free rows for a curve."""
    sample = values[free] if free.any() else values[[int(np.argmin(values))]]
    level = float(np.median(sample))
    spread = float(np.var(sample)) / max(sample.size - 1, 1) if sample.size > 1 else 0.0
    own = float(np.mean(variance)) / max(sample.size, 1)
    # one bin: the variance of its level is the inverse of its (single) precision
    factor = np.zeros((3, 1))
    factor[2, 0] = 1.0 / np.sqrt(max(spread + own, 1e-300))
    nothing = np.zeros(1)
    return SmoothBaseline(np.full(values.size, level), 1.0, factor, values.size, nothing, nothing)

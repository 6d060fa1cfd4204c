"""A smooth baseline with its uncertainty: Whittaker's smoother, stiffness chosen by likelihood."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpbtrf, dpbtrs, dtbtrs

__all__ = ["SmoothBaseline", "fit_baseline", "fit_baselines", "left_out", "roughness"]

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
    bin_size : int
        Rows of a bin.
    residual, weights : ndarray, shape (bins,)
        Of each bin: mean of the profile less the curve, and its inverse variance, 0 where the
        curve was not fitted to it.
    stiffness : float
        What the squares of second differences from bin to bin count.
    """

    level: NDArray[np.float64]
    scale: float
    bin_size: int
    residual: NDArray[np.float64]
    weights: NDArray[np.float64]
    stiffness: float
    _factor: NDArray[np.float64]

    @property
    def correlation(self) -> float:
        """How alike neighbouring bins are off: the autocorrelation of the residuals; 0 for none."""
        off = self.residual * np.sqrt(self.weights)
        beside = off[1:] * off[:-1]
        both = self.weights[1:] * self.weights[:-1] > 0
        square = float((off[1:] ** 2)[both].sum())
        return float(beside[both].sum()) / square if square > 0 else 0.0

    def stretches(self, length: float) -> list[tuple[int, int]]:
        """First bin and number of bins of each stretch to be left out; see `left_out`."""
        for part in (1, 2, 4):
            size = max(2, round(length / self.bin_size / part))
            begins = _stretches(self.weights > 0, size)
            if begins.size:
                return [(begin, size) for begin in begins.tolist()]
        return []

    def variance_of_sum(self, weights: NDArray[np.float64]) -> float:
        """Variance of ``sum(weights * level)``; `weights` has shape (N,)."""
        if self._factor.size == 0:
            return 0.0
        of_bins = np.add.reduceat(weights, np.arange(0, weights.size, self.bin_size))
        return float(self._variances(of_bins[None])[0])

    def variances_between(
        self, start: NDArray[np.float64], stop: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Variance of the level summed between places, in rows from the first; shape as `start`.

        A row reaches half a row to either side, and counts by the share that lies between.
        """
        if self._factor.size == 0:
            return np.zeros(len(start))
        ends = np.append(np.arange(0, self.level.size, self.bin_size), self.level.size) - 0.5
        shared = np.minimum(ends[1:], stop[:, None]) - np.maximum(ends[:-1], start[:, None])
        return self._variances(np.maximum(shared, 0.0))

    def variances_at(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """Variance of the level at each of some rows, shape as `rows`."""
        if self._factor.size == 0:
            return np.zeros(len(rows))
        one = np.zeros((len(rows), self._factor.shape[1]))
        one[np.arange(len(rows)), np.asarray(rows, np.intp) // self.bin_size] = 1.0
        return self._variances(one)

    def _variances(self, of_bins: NDArray[np.float64]) -> NDArray[np.float64]:
        # with the lower factor L of the precision, w^T P^-1 w is the square of L^-1 w
        half = dtbtrs(self._factor, of_bins.T, uplo="L")[0]
        return np.asarray(self.scale * np.einsum("ns,ns->s", half, half), np.float64)


def left_out(fits: Sequence[SmoothBaseline], lengths: Sequence[float]) -> list[NDArray[np.float64]]:
    """Squared errors of curves across stretches that they were fitted to, had they not been.

    Parameters
    ----------
    fits : sequence of SmoothBaseline, length L
        Of profiles of one length: they are looked at in one go, which is faster.
    lengths : sequence of float, length L
        Rows of a stretch of each; they overlap by half. Where bands leave no stretch so long, half
        of it is asked, or a quarter.

    Returns
    -------
    list of ndarray, shape (3, stretches)
        Square of the sum, over a stretch left out, of profile minus curve; the variance of the
        curve's sum, as the model has it; the variance of the profile's own.

    Notes
    -----
    Each curve is fitted again with no weight on a stretch. With the precision P of the whole fit,
    its weights w and residuals r, that takes ``u = (P - diag(w_S))^-1 1_S``: the variance of the
    sum is ``sum_S u``, and the new residuals sum up to ``sum_S r (1 + w u)``.
    """
    stretches = [
        (k, begin, size)
        for k, (fit, length) in enumerate(zip(fits, lengths, strict=True))
        for begin, size in fit.stretches(length)
    ]
    checks = [np.empty((3, 0)) for _ in fits]
    if not stretches:
        return checks
    of = np.array([k for k, _, _ in stretches])
    weights = np.array([fits[k].weights for k in of])
    residual = np.array([fits[k].residual for k in of])
    inside = np.zeros(weights.shape)
    for own, (_, begin, size) in zip(inside, stretches, strict=True):
        own[begin : begin + size] = 1.0
    stiffness = np.array([fits[k].stiffness for k in of])
    kept, factor = _factors(weights * (1 - inside), stiffness)
    of, inside, weights, residual = of[kept], inside[kept], weights[kept], residual[kept]
    answer = inside * _solved(factor, inside)
    error = np.einsum("sn,sn->s", inside, residual) + np.einsum(
        "sn,sn->s", answer * weights, residual
    )
    noise = np.divide(inside, weights, out=np.zeros(inside.shape), where=inside > 0).sum(axis=1)
    scale = np.array([fits[k].scale for k in of])
    every = np.array((error**2, scale * answer.sum(axis=1), scale * noise))
    return [every[:, of == k] for k in range(len(fits))]


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


def roughness(checks: Iterable[NDArray[np.float64]], of_stretches: float = _OF_STRETCHES) -> float:
    """How much larger the variance of bridging curves is than their own model has it.

    Stretches of band-free lane as long as a band are predicted as if a band hid them. Where the
    background has structure of the size of a band (clouds, smear) the squared errors exceed the
    variance that the smoother gives, which knows no such size.

    Parameters
    ----------
    checks : iterable of ndarray, shape (3, n)
        From `left_out`, lane by lane.

    Returns
    -------
    float
        Weighted mean over all stretches, less what they are off more than curves under bands are;
        1 where there is no stretch.
    """
    squares, own, noise = np.concatenate([np.empty((3, 0)), *checks], axis=1)
    # each stretch by how much of its error is the curve's: its square scatters with the whole
    weight = own / np.maximum(own + noise, 1e-150) ** 2
    excess = of_stretches * float(weight @ (squares - noise))
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
    lengths = np.array([least_length])
    return fit_baselines(
        values[None], variance[None], free[None], lengths, max_bins=max_bins, reject=reject
    )[0]


def fit_baselines(
    values: NDArray[np.float64],
    variance: NDArray[np.float64],
    free: NDArray[np.bool_],
    least_lengths: NDArray[np.float64],
    *,
    max_bins: int = 240,
    reject: bool = True,
) -> list[SmoothBaseline]:
    """Fit each of several profiles of one length as `fit_baseline` does: faster than one by one.

    Parameters
    ----------
    values, variance, free : ndarray, shape (L, N)
    least_lengths : ndarray, shape (L,)
    max_bins, reject
        As in `fit_baseline`.

    Returns
    -------
    list of SmoothBaseline, length L
    """
    n_rows = values.shape[1]
    size = max(1, int(np.ceil(n_rows / max_bins)))
    binned, weights = _binned(values, variance, free, size)
    known = np.count_nonzero(weights, axis=1)
    few = (known < 4) | (weights.shape[1] < 6)
    fits: dict[int, SmoothBaseline] = {
        k: _constant(values[k], variance[k], free[k]) for k in np.flatnonzero(few).tolist()
    }
    left = np.flatnonzero(~few)
    for attempt in range(4 if reject else 1):
        if not left.size:
            break
        mine, of_bins = binned[left], weights[left]
        factors, stiffness, curve, scale = _most_likely(mine, of_bins, least_lengths[left] / size)
        off = mine - curve
        residual = off * np.sqrt(of_bins / scale[:, None])
        # asymmetric: signal stands above a baseline, never below
        outlier = (of_bins > 0) & ((residual > 3.0) | (residual < -5.0))
        out = np.count_nonzero(outlier, axis=1)
        last = (out == 0) | (np.count_nonzero(of_bins, axis=1) - out < 6)
        if attempt == 3 or not reject:
            last[:] = True
        levels = _levels(curve, n_rows, size) if last.any() else curve
        for k in np.flatnonzero(last).tolist():
            least = max(float(scale[k]), 1e-12)
            fits[int(left[k])] = SmoothBaseline(
                levels[k], least, size, off[k], of_bins[k], float(stiffness[k]), factors[k]
            )
        weights[left] = np.where(outlier, 0.0, of_bins)
        left = left[~last]
    return [fits[k] for k in range(len(values))]


def _binned(
    values: NDArray[np.float64],
    variance: NDArray[np.float64],
    free: NDArray[np.bool_],
    size: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and inverse variance of each bin of `size` rows; the last may be shorter."""
    # rows beside the picture have no variance, and nothing to say
    inverse = np.zeros(values.shape)
    np.divide(1.0, variance, out=inverse, where=free & (variance > 0))
    starts = np.arange(0, values.shape[1], size)
    weights = np.add.reduceat(inverse, starts, axis=1)
    mean = np.zeros(weights.shape)
    sums = np.add.reduceat(inverse * values, starts, axis=1)
    np.divide(sums, weights, out=mean, where=weights > 0)
    return mean, weights


def _levels(curves: NDArray[np.float64], n_rows: int, size: int) -> NDArray[np.float64]:
    """Curves at each row: between the bins' middles, and straight on beyond the outermost."""
    starts = np.arange(0, n_rows, size)
    middles = (starts + np.minimum(starts + size, n_rows) - 1) / 2
    rows = np.arange(n_rows, dtype=np.float64)
    # the line through the middles of two bins holds from one to the other
    before = np.minimum(np.maximum((rows - middles[0]) // size, 0), middles.size - 2).astype(
        np.intp
    )
    share = (rows - middles[before]) / (middles[before + 1] - middles[before])
    level: NDArray[np.float64] = curves.take(before, axis=1)
    rise = np.diff(curves, axis=1).take(before, axis=1)
    rise *= share
    level += rise
    return level


def _most_likely(
    values: NDArray[np.float64], weights: NDArray[np.float64], least_lengths: NDArray[np.float64]
) -> tuple[
    list[NDArray[np.float64]], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
]:
    """Cholesky factor, stiffness, curve and scale of each profile where it is most likely."""
    count, n = values.shape
    n_used = np.count_nonzero(weights, axis=1)
    usual = _middle_ones(weights, n_used)
    # the smoother's length, in bins, is the fourth root of its relative stiffness
    allowed = np.clip(_STIFFNESS, least_lengths[:, None] ** 4, _STRAIGHT * n**4)
    tried = np.ones(allowed.shape, bool)
    tried[:, :-1] = allowed[:, 1:] > allowed[:, :-1]  # each once
    # a straight line has no roughness: fitted apart, it takes no digits from what is stiff
    line = _line(values, weights)
    values = values - line
    right = weights * values
    of, place = np.nonzero(tried)
    stiffness = allowed[of, place] * usual[of]
    kept, factor = _factors(weights[of], stiffness)
    of, place, stiffness = of[kept], place[kept], stiffness[kept]
    # half the way to the curves: with the lower factor L of P, P^-1 r = L^-T (L^-1 r). The rest is
    # gone for the likeliest only
    half = _half_solved(factor, right[of])
    # misfit and roughness together, where the curve makes them least; a perfectly flat canvas has
    # no scatter at all
    without = np.einsum("ln,ln->l", right, values)
    freedom = (n_used - 2)[of]
    scale = np.maximum((without[of] - np.einsum("sn,sn->s", half, half)) / freedom, 1e-6)
    cost = np.full(allowed.shape, np.inf)
    cost[of, place] = (
        freedom * np.log(scale) + 2 * np.log(factor[0]).sum(axis=1) - (n - 2) * np.log(stiffness)
    )
    number = np.empty(allowed.shape, np.intp)
    number[of, place] = np.arange(of.size)
    best = number[np.arange(count), cost.argmin(axis=1)]
    factors = [factor[:, k].copy(order="F") for k in best]
    curve = _half_solved(factor[:, best], half[best], transposed=True)
    return factors, stiffness[best], curve + line, scale[best]


def _middle_ones(weights: NDArray[np.float64], used: NDArray[np.intp]) -> NDArray[np.float64]:
    """Median of each profile's weights above 0, of which there are so many."""
    in_order, of = np.sort(weights, axis=1), np.arange(len(weights))
    first = weights.shape[1] - used  # those that are 0 come first
    below = in_order[of, first + (used - 1) // 2]
    above = in_order[of, first + used // 2]
    return np.asarray(below + 0.5 * (used % 2 == 0) * (above - below))


def _line(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Straight line of least squares through each profile, at each place."""
    total = weights.sum(axis=1)
    place = np.arange(values.shape[1], dtype=np.float64)
    away = place - (weights @ place / total)[:, None]
    middle = np.einsum("ln,ln->l", weights, values) / total
    tilted = weights * away
    slope = np.einsum("ln,ln->l", tilted, values - middle[:, None])
    slope /= np.einsum("ln,ln->l", tilted, away)
    return np.asarray(middle[:, None] + slope[:, None] * away)


def _factors(
    weights: NDArray[np.float64], stiffness: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Cholesky factors of S systems, shape (3, S, n), from weights (S, n) and a stiffness each.

    Systems that have nothing to do with each other, put end to end, are one banded system: LAPACK
    is called once. One that cannot be told from a singular one is left out: also which are kept.
    """
    n = weights.shape[1]
    kept = np.arange(stiffness.size)
    while kept.size:
        bands = _penalty(n) * stiffness[kept, None, None]
        bands[:, :, 0] += weights[kept]
        # as LAPACK has them in memory: nothing is copied. It goes through lower bands faster
        factor, failed = dpbtrf(bands.reshape(-1, 3).T, lower=1, overwrite_ab=True)
        if not failed:
            return kept, factor.reshape(3, kept.size, n)
        # the stiffest system of a profile is always positive definite
        kept = np.delete(kept, (failed - 1) // n)
    return kept, np.empty((3, 0, n))


def _solved(factor: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solution of each of the systems of `_factors` for its right side, shape (S, n)."""
    solution: NDArray[np.float64] = dpbtrs(factor.reshape(3, -1), right.ravel(), lower=1)[0]
    return solution.reshape(right.shape)


def _half_solved(
    factor: NDArray[np.float64], right: NDArray[np.float64], *, transposed: bool = False
) -> NDArray[np.float64]:
    """The same with the lower factor alone, or with its transpose, shape (S, n)."""
    transpose = "T" if transposed else "N"
    solution = dtbtrs(factor.reshape(3, -1), right.ravel(), uplo="L", trans=transpose)[0]
    return np.asarray(solution.reshape(right.shape))


@lru_cache(maxsize=64)
def _penalty(n: int) -> NDArray[np.float64]:
    """Diagonal and lower bands of the second differences' Gram matrix, shape (n, 3)."""
    bands = np.zeros((n, 3))
    bands[:, 0] = 6.0
    bands[[0, -1], 0] = 1.0
    bands[[1, -2], 0] = 5.0
    bands[:-1, 1] = -4.0
    bands[[0, -2], 1] = -2.0
    bands[:-2, 2] = 1.0
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
    factor[0, 0] = 1.0 / np.sqrt(max(spread + own, 1e-300))
    nothing = np.zeros(1)
    size = values.size
    return SmoothBaseline(np.full(size, level), 1.0, size, nothing, nothing, 0.0, factor)

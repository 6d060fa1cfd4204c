"""Many tests at once: Holm-Sidak, Sidak, Tukey, Dunnett; adjusted p values and wider intervals."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "dunnett_critical",
    "dunnett_p",
    "holm_sidak",
    "sidak",
    "sidak_level",
    "tukey_critical",
    "tukey_p",
]

Floats = NDArray[np.float64]

# Points of scipy's quasi-random integral of the multivariate t: with these it errs by under 1e-6.
_POINTS = 600_000
_POINTS_OF_A_ROOT = 100_000
_SEED = 20_240


def sidak(p: ArrayLike, size: ArrayLike) -> Floats:
    """Single-step Sidak: 1 - (1 - p)^size."""
    with np.errstate(divide="ignore"):  # p = 1 stays 1
        return np.asarray(-np.expm1(np.asarray(size) * np.log1p(-np.asarray(p, float))), float)


def sidak_level(level: float, size: int) -> float:
    """Level of each of `size` intervals that hold together at `level`."""
    return float(level ** (1 / size))


def holm_sidak(p: ArrayLike) -> Floats:
    """Step-down Sidak (Holm-Sidak), along the last axis.

    The smallest of m p values becomes 1 - (1 - p)^m, the next 1 - (1 - p)^(m - 1), and so on; none
    is smaller than the one before it.

    Parameters
    ----------
    p : array, shape (..., m)
        NaN is no test: it does not count and stays NaN.

    Returns
    -------
    array, shape (..., m)

    References
    ----------
    S. Holm, Scand. J. Statist. 6 (1979) 65; GraphPad Prism, "Holm-Sidak method".
    """
    given = np.asarray(p, float)
    order = np.argsort(given, axis=-1)
    ascending = np.take_along_axis(given, order, axis=-1)
    tests = np.isfinite(given).sum(axis=-1, keepdims=True)
    left = np.maximum(tests - np.arange(given.shape[-1]), 1)
    stepped = np.maximum.accumulate(sidak(ascending, left), axis=-1)
    adjusted = np.empty_like(given)
    np.put_along_axis(adjusted, order, stepped, axis=-1)
    return adjusted


def tukey_p(t: ArrayLike, groups: int, df: float) -> Floats:
    """Tukey-Kramer p values of t statistics among all pairs of `groups` means."""
    q = np.abs(np.asarray(t, float)) * np.sqrt(2)
    return np.asarray(scipy.stats.studentized_range.sf(q, groups, df), float)


@lru_cache(maxsize=256)
def tukey_critical(level: float, groups: int, df: float) -> float:
    """T beyond which a difference leaves Tukey's simultaneous interval."""
    return float(scipy.stats.studentized_range.ppf(level, groups, df) / np.sqrt(2))


def dunnett_p(t: ArrayLike, correlation: ArrayLike, df: float) -> Floats:
    """Two-sided p values of several groups against one reference, adjusted together.

    Parameters
    ----------
    t : array, shape (m,)
        t statistics that share one residual mean square.
    correlation : array, shape (m, m)
        Of the m estimates.
    df : float
        Residual degrees of freedom (those of the block model where there are blocks).

    Returns
    -------
    array, shape (m,)

    Notes
    -----
    The integral is scipy's multivariate t with a fixed seed, its error below 1e-6. The result is
    held between p and Bonferroni's m p, where it must lie, so that small p values stay sound.

    References
    ----------
    C. W. Dunnett, J. Am. Statist. Assoc. 50 (1955) 1096.
    """
    size = np.abs(np.atleast_1d(np.asarray(t, float)))
    alone = 2 * scipy.stats.t.sf(size, df)
    beyond = [1 - _inside(float(one), _key(correlation), float(df), _POINTS) for one in size]
    return np.clip(beyond, alone, np.minimum(len(size) * alone, 1))


def dunnett_critical(level: float, correlation: ArrayLike, df: float) -> float:
    """T beyond which a difference leaves Dunnett's simultaneous interval."""
    return _dunnett_critical(level, _key(correlation), float(df))


@lru_cache(maxsize=256)
def _dunnett_critical(level: float, correlation: tuple[tuple[float, ...], ...], df: float) -> float:
    low = scipy.stats.t.isf((1 - level) / 2, df)
    high = scipy.stats.t.isf((1 - level) / 2 / len(correlation), df)
    if len(correlation) == 1:
        return float(low)
    return float(
        scipy.optimize.brentq(
            lambda c: _inside(c, correlation, df, _POINTS_OF_A_ROOT) - level,
            low * 0.99,
            high * 1.01,
            xtol=1e-7,
        )
    )


@lru_cache(maxsize=1024)
def _inside(
    limit: float, correlation: tuple[tuple[float, ...], ...], df: float, points: int
) -> float:
    """Probability that all t lie within plus and minus the limit."""
    if len(correlation) == 1:
        return float(1 - 2 * scipy.stats.t.sf(limit, df))
    box = np.full(len(correlation), limit)
    joint = scipy.stats.multivariate_t(shape=np.array(correlation), df=df)
    return float(
        joint.cdf(box, lower_limit=-box, maxpts=points, random_state=np.random.default_rng(_SEED))
    )


def _key(correlation: ArrayLike) -> tuple[tuple[float, ...], ...]:
    """Matrix that a cache can hold, rounded so that equal designs meet."""
    rounded = np.atleast_2d(np.round(np.asarray(correlation, float), 12))
    return tuple(tuple(float(x) for x in row) for row in rounded)

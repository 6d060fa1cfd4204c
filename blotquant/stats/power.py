"""What a study of this size could have seen: the smallest fold, and the n a fold needs."""

from __future__ import annotations

import math
from typing import Any

import scipy

from blotquant.stats.estimates import Estimate

__all__ = ["POWER", "detectable_fold", "replicates_needed"]

POWER = 0.8
_MOST = 10_000


def detectable_fold(estimate: Estimate, alpha: float = 0.05, power: float = POWER) -> float:
    """Smallest fold above 1 that this n and this scatter show with the given power.

    Two-sided, one test, by the noncentral distribution; the same fold downwards is its inverse.
    This is no observed power, which only says p again (Hoenig & Heisey, Am. Stat. 55 (2001) 19).
    """
    threshold = scipy.stats.t.isf(alpha / 2, estimate.df)
    # For small df the noncentral t has heavy tails: widen until the power is there.
    high = 2.0 * float(threshold)
    while _power(high, threshold, estimate.df) < power:
        high *= 2
    root = scipy.optimize.brentq(
        lambda nc: _power(nc, threshold, estimate.df) - power, 0.0, high, xtol=1e-10
    )
    exponent = float(root * estimate.se)
    return 2.0**exponent if exponent < 1000 else math.inf


def replicates_needed(
    estimate: Estimate, n: float, alpha: float = 0.05, power: float = POWER
) -> float:
    """Replicates in each group that show the fold seen with the given power; NaN over 10,000.

    Parameters
    ----------
    estimate : Estimate
        Of this study, with `n` replicates a group.
    n : float
        Its replicates a group (the harmonic mean of unequal ones).

    Notes
    -----
    With more replicates the standard error shrinks as 1 / sqrt(n) and the degrees of freedom grow
    as n - 1 does.
    """
    if not power_at(_MOST, estimate, n, alpha) >= power:
        return math.nan
    low, high = 2, _MOST
    while high - low > 1:
        middle = (low + high) // 2
        if power_at(middle, estimate, n, alpha) >= power:
            high = middle
        else:
            low = middle
    return float(high)


def power_at(planned: int, estimate: Estimate, n: float, alpha: float) -> float:
    """Power to see the difference of `estimate` with `planned` replicates a group."""
    df = estimate.df * (planned - 1) / (n - 1)
    nc = abs(estimate.difference) / (estimate.se * math.sqrt(n / planned))
    return _power(nc, scipy.stats.t.isf(alpha / 2, df), df)


def _power(nc: float, threshold: Any, df: Any) -> float:
    """Two-sided power: t squared is a noncentral F (scipy's noncentral t has gaps far out)."""
    if nc > 200:
        return 1.0
    if nc == 0:
        return float(2 * scipy.stats.t.sf(threshold, df))
    return float(scipy.stats.ncf.sf(threshold**2, 1, df, nc**2))

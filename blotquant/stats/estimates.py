"""Differences of log2 densities with their standard error: paired and Welch, for many studies."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

__all__ = ["LEVEL", "Estimate", "ratio_paired", "welch"]

LEVEL = 0.95
"""Level of every interval."""

Floats = NDArray[np.float64]


class Estimate(NamedTuple):
    """A difference on the log2 scale, or an array of them.

    Parameters
    ----------
    difference : array, log2
        Difference of means; 2 to its power is the fold change.
    se : array, log2
        Its standard error.
    df : array
        Degrees of freedom of the standard error.
    """

    difference: Any
    se: Any
    df: Any

    @property
    def t(self) -> Any:
        """Difference over its standard error."""
        return self.difference / self.se

    @property
    def p(self) -> Any:
        """Two-sided p value of Student's t."""
        return 2 * scipy.stats.t.sf(np.abs(self.t), self.df)

    def half_width(self, level: float = LEVEL) -> Any:
        """Half the confidence interval, log2."""
        return scipy.stats.t.isf((1 - level) / 2, self.df) * self.se

    def interval(self, level: float = LEVEL) -> tuple[Any, Any]:
        """Limits of the confidence interval of the difference, log2."""
        half = self.half_width(level)
        return self.difference - half, self.difference + half


def ratio_paired(group: ArrayLike, reference: ArrayLike) -> Estimate:
    """Ratio-paired t test: Student's t of the differences of logarithms.

    Parameters
    ----------
    group, reference : array, shape (..., n), log2
        Values of one replicate stand at one place in both.

    Returns
    -------
    Estimate
        Arrays of shape (...); df = n - 1.

    Notes
    -----
    GraphPad Prism calls this the ratio paired t test. The ratio of the geometric means is the
    geometric mean of the ratios.
    """
    apart = np.asarray(group, float) - np.asarray(reference, float)
    n = apart.shape[-1]
    se = apart.std(axis=-1, ddof=1) / np.sqrt(n)
    return Estimate(apart.mean(axis=-1), se, np.full_like(se, n - 1))


def welch(group: ArrayLike, reference: ArrayLike) -> Estimate:
    """Welch's t test: two means without assuming that the groups vary alike.

    Parameters
    ----------
    group : array, shape (..., n), log2
    reference : array, shape (..., m), log2

    Returns
    -------
    Estimate
        Arrays of shape (...); df by Welch and Satterthwaite.

    References
    ----------
    B. L. Welch, Biometrika 34 (1947) 28.
    """
    one, other = np.asarray(group, float), np.asarray(reference, float)
    parts = [x.var(axis=-1, ddof=1) / x.shape[-1] for x in (one, other)]
    total = parts[0] + parts[1]
    loose = parts[0] ** 2 / (one.shape[-1] - 1) + parts[1] ** 2 / (other.shape[-1] - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = total**2 / loose
    return Estimate(one.mean(axis=-1) - other.mean(axis=-1), np.sqrt(total), df)

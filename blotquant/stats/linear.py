"""Linear models of log2 densities: cells (groups) and blocks (replicates or membranes)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from blotquant.stats.estimates import Estimate

__all__ = ["FTest", "LinearFit", "fit_cells", "indicators"]

Floats = NDArray[np.float64]


class FTest(NamedTuple):
    """An F statistic, its degrees of freedom and its p value."""

    f: float
    df: float
    df2: float
    p: float


@dataclass(frozen=True, eq=False)
class LinearFit:
    """Least squares of values on cells and blocks.

    Parameters
    ----------
    cells : tuple
        Labels of the cells, in the order of the first coefficients.
    matrix : array, shape (n, p)
        Indicators of the cells, then of the blocks.
    coefficients : array, shape (p,)
        Of least norm, since blocks and cells overlap.
    spread : array, shape (p, p)
        Pseudo-inverse of matrix' matrix.
    residuals : array, shape (n,)
    df : int
        Residual degrees of freedom: n minus the rank of the matrix.
    """

    cells: tuple[Any, ...]
    matrix: Floats
    coefficients: Floats
    spread: Floats
    residuals: Floats
    df: int

    @property
    def residual_ss(self) -> float:
        """Sum of the squared residuals."""
        return float(self.residuals @ self.residuals)

    @property
    def variance(self) -> float:
        """Residual mean square; NaN without residual degrees of freedom."""
        return self.residual_ss / self.df if self.df > 0 else float("nan")

    def weights(self, cells: ArrayLike) -> Floats:
        """Weights on the cells as weights on all coefficients, shape (..., p)."""
        given = np.asarray(cells, float)
        blocks = self.matrix.shape[1] - len(self.cells)
        return np.concatenate([given, np.zeros((*given.shape[:-1], blocks))], axis=-1)

    def difference(self, group: Any, reference: Any) -> Floats:
        """Weights of one cell minus another."""
        weights = np.zeros(len(self.cells))
        weights[self.cells.index(group)] += 1
        weights[self.cells.index(reference)] -= 1
        return self.weights(weights)

    def estimable(self, weights: Floats) -> bool:
        """Whether the data tell this contrast apart from the blocks."""
        told = weights @ self.spread @ self.matrix.T @ self.matrix
        return bool(np.allclose(told, weights, atol=1e-8))

    def estimate(
        self, weights: Floats, variance: float | None = None, df: float | None = None
    ) -> Estimate:
        """Contrast with its standard error, by this fit's residual or a pooled one."""
        mean_square = self.variance if variance is None else variance
        se = float(np.sqrt(mean_square * (weights @ self.spread @ weights)))
        return Estimate(
            float(weights @ self.coefficients), se, float(self.df if df is None else df)
        )

    def f_test(self, weights: Floats) -> FTest:
        """Test that all these contrasts, shape (q, p), are 0.

        With contrasts of cell means this is the type III test, which does not depend on how many
        values the cells have.
        """
        value = weights @ self.coefficients
        inner = np.linalg.solve(weights @ self.spread @ weights.T, value)
        q = len(weights)
        f = float(value @ inner) / q / self.variance
        return FTest(f, q, self.df, float(scipy.stats.f.sf(f, q, self.df)))


def indicators(labels: Sequence[Any], levels: Sequence[Any]) -> Floats:
    """Matrix of 0 and 1, shape (n, levels)."""
    return np.array([[float(label == level) for level in levels] for label in labels])


def fit_cells(
    values: ArrayLike, cells: Sequence[Any], blocks: Sequence[Any] | None = None
) -> LinearFit:
    """Least squares on cell means, with additive blocks if given.

    Parameters
    ----------
    values : array, shape (n,), log2
    cells : sequence, length n
        Group (or combination of factors) of each value.
    blocks : sequence, length n, optional
        Replicate or membrane of each value: what they share is taken out.
    """
    y = np.asarray(values, float)
    levels = tuple(dict.fromkeys(cells))
    matrix = indicators(cells, levels)
    if blocks is not None:
        matrix = np.hstack([matrix, indicators(blocks, tuple(dict.fromkeys(blocks)))])
    spread = np.asarray(np.linalg.pinv(matrix.T @ matrix, hermitian=True), float)
    coefficients = spread @ matrix.T @ y
    rank = int(np.linalg.matrix_rank(matrix))
    return LinearFit(levels, matrix, coefficients, spread, y - matrix @ coefficients, len(y) - rank)

"""Linear mixed model with a random block, by REML, with Satterthwaite's degrees of freedom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

from blotquant.stats.contrast import Contrast, screen
from blotquant.stats.design import Design
from blotquant.stats.estimates import Estimate
from blotquant.stats.finding import Finding
from blotquant.stats.linear import fit_cells, indicators
from blotquant.stats.several_groups import block_of, torn_apart, untestable
from blotquant.stats.two_groups import hedges

__all__ = ["MixedFit", "fit_mixed", "mixed_findings"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MixedFit:
    """Cell means with a random block: value = cell + block + residual.

    Parameters
    ----------
    cells : tuple
    means : array, shape (cells,)
    covariance : array, shape (cells, cells)
        Of the means.
    slopes : tuple of array
        Derivatives of `covariance` by the variances of block and residual.
    variances : tuple of float
        Of block and residual, log2 squared.
    uncertainty : array, shape (2, 2)
        Covariance of the estimated variances.
    singular : bool
        Whether the variance of the blocks is 0.
    spare : int
        Values minus cells.
    """

    cells: tuple[Any, ...]
    means: Floats
    covariance: Floats
    slopes: tuple[Floats, Floats]
    variances: tuple[float, float]
    uncertainty: Floats
    singular: bool
    spare: int

    def estimate(self, group: Any, reference: Any) -> Estimate:
        """Difference of two cells with Satterthwaite's degrees of freedom."""
        weights = np.zeros(len(self.cells))
        weights[self.cells.index(group)] += 1
        weights[self.cells.index(reference)] -= 1
        variance = float(weights @ self.covariance @ weights)
        df = float(self.spare)
        if not self.singular:
            slope = np.array([weights @ one @ weights for one in self.slopes])
            df = 2 * variance**2 / float(slope @ self.uncertainty @ slope)
        return Estimate(float(weights @ self.means), float(np.sqrt(variance)), df)


def fit_mixed(values: ArrayLike, cells: Sequence[Any], blocks: Sequence[Any]) -> MixedFit:
    """Fit by restricted maximum likelihood.

    Parameters
    ----------
    values : array, shape (n,), log2
    cells : sequence, length n
        Group of each value, a fixed effect.
    blocks : sequence, length n
        Replicate or membrane of each value, a random intercept.

    Notes
    -----
    The degrees of freedom are 2 f^2 / (g' A g), f the variance of the contrast, g its derivative
    by the variance components and A their covariance from the second derivatives of the deviance,
    as lmerTest has it (Kuznetsova 2017, J. Stat. Softw. 82(13)). Where the blocks' variance is 0
    that is n minus the number of cells.
    """
    y = np.asarray(values, float)
    levels = tuple(dict.fromkeys(cells))
    fixed = indicators(cells, levels)
    random = indicators(blocks, tuple(dict.fromkeys(blocks)))
    shared = random @ random.T
    ratio = _variance_ratio(y, fixed, shared)
    residual = _profile(ratio, y, fixed, shared)[1]
    parts = (shared, np.eye(len(y)))
    inverse = _inverse(residual * (ratio * shared + parts[1]))
    covariance = _inverse(fixed.T @ inverse @ fixed)
    slopes = tuple(
        covariance @ fixed.T @ inverse @ part @ inverse @ fixed @ covariance for part in parts
    )
    curvature = _curvature(y, inverse - inverse @ fixed @ covariance @ fixed.T @ inverse, parts)
    singular = ratio == 0
    return MixedFit(
        levels,
        covariance @ fixed.T @ inverse @ y,
        covariance,
        (slopes[0], slopes[1]),
        (ratio * residual, residual),
        np.zeros((2, 2)) if singular else 2 * _inverse(curvature),
        singular,
        len(y) - len(levels),
    )


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix), float)


def _profile(ratio: float, y: Floats, fixed: Floats, shared: Floats) -> tuple[float, float]:
    """REML deviance at a ratio of variances, and the residual variance that goes with it."""
    scaled = ratio * shared + np.eye(len(y))
    inverse = np.linalg.inv(scaled)
    information = fixed.T @ inverse @ fixed
    means = np.linalg.solve(information, fixed.T @ inverse @ y)
    apart = y - fixed @ means
    spare = len(y) - fixed.shape[1]
    residual = float(apart @ inverse @ apart) / spare
    logs = np.linalg.slogdet(scaled)[1] + np.linalg.slogdet(information)[1]
    return float(logs + spare * np.log(residual)), residual


def _variance_ratio(y: Floats, fixed: Floats, shared: Floats) -> float:
    """Variance of the blocks over the residual's, where the deviance is least."""

    def deviance(log_ratio: float) -> float:
        return _profile(float(np.exp(log_ratio)), y, fixed, shared)[0]

    grid = np.linspace(-12, 12, 49)
    best = int(np.argmin([deviance(one) for one in grid]))
    if best == len(grid) - 1:
        return float(np.exp(grid[-1]))
    bracket = (grid[max(best - 1, 0)], grid[best + 1])
    found = scipy.optimize.minimize_scalar(
        deviance, bounds=bracket, method="bounded", options={"xatol": 1e-9}
    )
    return float(np.exp(found.x)) if found.fun < _profile(0.0, y, fixed, shared)[0] else 0.0


def _curvature(y: Floats, projector: Floats, parts: Sequence[Floats]) -> Floats:
    """Second derivatives of the REML deviance by the variance components."""
    seen = [projector @ part for part in parts]
    weighed = projector @ y
    return np.array(
        [
            [
                2 * weighed @ one @ projector @ other @ weighed - np.trace(left @ right)
                for other, right in zip(parts, seen, strict=True)
            ]
            for one, left in zip(parts, seen, strict=True)
        ]
    )


def mixed_findings(
    replicates: pd.DataFrame, contrasts: Sequence[Contrast], design: Design
) -> list[Finding]:
    """Findings of one target; replicates without a partner count, which pairs alone would lose."""
    block = block_of(replicates, design)
    screened = [(one, screen(one, blocked=False)) for one in contrasts]
    refused = [found for _, found in screened if found is not None]
    fair = [one for one, found in screened if found is None]
    if not fair:
        return refused
    groups = {name for one in fair for name in (one.reference, one.group)}
    data = replicates[replicates["group"].isin(groups)]
    reason = _unfit(data, block) or torn_apart(data, block, fair)
    if reason:
        return refused + [replace(one.finding(), verdict="refused", reason=reason) for one in fair]
    blocks = list(data["replicate" if block == "replicate" else "membranes"])
    fixed = fit_cells(data["log2_value"], list(data["group"]), blocks)
    for one in list(fair):
        reason = untestable(fixed, one, block)
        if reason:
            fair.remove(one)
            refused.append(replace(one.finding(), verdict="refused", reason=reason))
    fit = fit_mixed(data["log2_value"], list(data["group"]), blocks)
    return [*(_finding(one, fit, data, block) for one in fair), *refused]


def _pairs(contrast: Contrast, data: pd.DataFrame) -> int:
    sides = [
        set(data.loc[data["group"] == name, "replicate"])
        for name in (contrast.group, contrast.reference)
    ]
    return len(sides[0] & sides[1])


def _unfit(data: pd.DataFrame, block: str) -> str:
    if not block:
        return "one membrane of independent replicates has no random effect; take test = welch"
    if bool(data["below_detection"].any()):
        return "replicates without a partner are below detection; take test = ratio_paired"
    column = "replicate" if block == "replicate" else "membranes"
    if data[column].nunique() < 3:
        return f"a random {block} needs three of them at least; take test = block"
    return ""


def _finding(contrast: Contrast, fit: MixedFit, data: pd.DataFrame, block: str) -> Finding:
    estimate = fit.estimate(contrast.group, contrast.reference)
    if not (np.isfinite(estimate.df) and estimate.df > 0 and estimate.se > 0):
        return replace(
            contrast.finding(),
            verdict="refused",
            reason="the variances of blocks and residual cannot be estimated; take test = block",
        )
    spread = float(np.sqrt(fit.variances[1]))
    counts = data["group"].value_counts()
    said = "the blocks' variance is estimated as 0" if fit.singular else ""
    return contrast.finding().tested(
        estimate,
        f"linear mixed model of log2, random {block}, Satterthwaite df",
        n_group=int(counts[contrast.group]),
        n_reference=int(counts[contrast.reference]),
        n_pairs=_pairs(contrast, data) if block == "replicate" else 0,
        reason=said,
        sd_log2=spread,
        effect_size_name="Hedges' g of log2 (residual SD)",
        effect_size=hedges(estimate, spread),
    )

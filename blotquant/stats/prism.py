"""Prism's two-way ANOVA over targets: one pooled mean square for all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from blotquant.stats.contrast import Contrast
from blotquant.stats.design import Design
from blotquant.stats.finding import Finding
from blotquant.stats.linear import FTest
from blotquant.stats.several_groups import CellModel, within_target

__all__ = ["Pool", "bartlett", "pool", "prism_findings"]

Floats = NDArray[np.float64]

TEST = "two-way ANOVA of log2 (target x group), pooled mean square"


@dataclass(frozen=True)
class Pool:
    """Residual mean square of all targets together, and what each contributes.

    Parameters
    ----------
    variance : float, log2 squared
    df : int
    targets : tuple of str
    variances : tuple of float
        Residual mean square of each target.
    dfs : tuple of int
    """

    variance: float
    df: int
    targets: tuple[str, ...]
    variances: tuple[float, ...]
    dfs: tuple[int, ...]

    @property
    def p_unequal(self) -> float:
        """Bartlett's p value that the targets scatter alike."""
        return bartlett(self.variances, self.dfs)

    def spreads(self) -> str:
        """Each target's SD, for the report."""
        each = ", ".join(
            f"{name} {math.sqrt(value):.2g}"
            for name, value in zip(self.targets, self.variances, strict=True)
        )
        return f"Residual SD of log2: {each}; pooled {math.sqrt(self.variance):.2g}."

    def warning(self) -> str:
        """What pooling does where the targets do not scatter alike; empty where they do."""
        ratio = math.sqrt(max(self.variances) / max(min(self.variances), 1e-300))
        if not (self.p_unequal < 0.05 or ratio > 2):
            return ""
        return (
            f"The targets do not scatter alike (SD differ by a factor of {ratio:.2g}, Bartlett "
            f"p = {self.p_unequal:.2g}): the pooled mean square finds false positives on the noisy "
            f"targets and misses changes on the quiet ones. {self.spreads()} "
            "A test per target (test = auto) does not assume it."
        )


def bartlett(variances: Sequence[float], dfs: Sequence[int]) -> float:
    """P value of Bartlett's test from variances and their degrees of freedom.

    `scipy.stats.bartlett` takes samples; residuals of models with blocks are none.

    References
    ----------
    M. S. Bartlett, Proc. R. Soc. A 160 (1937) 268.
    """
    s2, df = np.asarray(variances, float), np.asarray(dfs, float)
    if len(s2) < 2:
        return 1.0
    if (s2 <= 0).any():
        return 0.0
    pooled = (df * s2).sum() / df.sum()
    statistic = df.sum() * np.log(pooled) - (df * np.log(s2)).sum()
    correction = 1 + ((1 / df).sum() - 1 / df.sum()) / (3 * (len(s2) - 1))
    return float(scipy.stats.chi2.sf(statistic / correction, len(s2) - 1))


def pool(models: Sequence[CellModel]) -> Pool | None:
    """Pooled mean square of the models that can be tested."""
    fits = [(one.fit, one.contrasts[0].target) for one in models if one.fit and one.contrasts]
    if not fits:
        return None
    df = sum(fit.df for fit, _ in fits)
    return Pool(
        sum(fit.residual_ss for fit, _ in fits) / df,
        df,
        tuple(target for _, target in fits),
        tuple(fit.variance for fit, _ in fits),
        tuple(fit.df for fit, _ in fits),
    )


def prism_findings(models: Sequence[CellModel], together: Pool, design: Design) -> list[Finding]:
    """F of interaction and group over all targets, then each target's contrasts.

    Parameters
    ----------
    models : sequence of CellModel
        One a target.
    together : Pool
    design : Design

    Notes
    -----
    The model is target x group with a residual common to all targets; where the replicates pair
    it also has target x replicate, Prism's "repeated measures" by group. Both are sums of the
    targets' own models, so only the mean square is pooled. There is no F of the target: densities
    of different antibodies do not compare.
    """
    usable = [one for one in models if one.fit and one.contrasts]
    test = f"{TEST}, blocks of target x {usable[0].block}" if usable[0].block else TEST
    findings = _whole_effects(usable, together, test)
    for model in models:
        findings += [*_contrasts(model, together, design, test), *model.refused]
    return findings


def _contrasts(model: CellModel, together: Pool, design: Design, test: str) -> list[Finding]:
    fit = model.fit
    if fit is None:
        return []
    findings = []
    for one in model.contrasts:
        weights = fit.difference(one.group, one.reference)
        estimate = fit.estimate(weights, together.variance, together.df)
        effect = estimate.difference / math.sqrt(together.variance)
        findings.append(
            one.finding().tested(
                estimate,
                test,
                sd_log2=math.sqrt(fit.variance),
                effect_size_name="log2 difference over the pooled SD",
                effect_size=float(effect),
            )
        )
    return within_target(findings, model, design, together.df)


def _whole_effects(models: Sequence[CellModel], together: Pool, test: str) -> list[Finding]:
    """Type III tests of the cell means, of the targets that have all groups."""
    groups = list(dict.fromkeys(cell for one in models if one.fit for cell in one.fit.cells))
    full = [one for one in models if one.fit and set(one.fit.cells) == set(groups)]
    if not full:
        return []
    steps, spreads = zip(*(_steps(one, groups) for one in full), strict=True)
    q = len(groups) - 1
    value, covariance = np.concatenate(steps), scipy.linalg.block_diag(*spreads)
    mean = np.hstack([np.eye(q)] * len(full)) / len(full)
    apart = np.kron(np.diff(np.eye(len(full)), axis=0), np.eye(q))
    effects = {"group": mean} | ({"target x group": apart} if len(full) > 1 else {})
    first = models[0].contrasts[0]
    return [
        _f_finding(name, weights @ value, weights @ covariance @ weights.T, together, test, first)
        for name, weights in reversed(effects.items())
    ]


def _steps(model: CellModel, groups: Sequence[str]) -> tuple[Floats, Floats]:
    """Differences of the groups from the first, and their covariance over the variance."""
    fit = model.fit
    assert fit is not None
    weights = np.array([fit.difference(group, groups[0]) for group in groups[1:]])
    return weights @ fit.coefficients, weights @ fit.spread @ weights.T


def _f_finding(
    effect: str, value: Floats, spread: Floats, together: Pool, test: str, first: Contrast
) -> Finding:
    q = len(value)
    f = float(value @ np.linalg.solve(spread, value)) / q / together.variance
    found = FTest(f, q, together.df, float(scipy.stats.f.sf(f, q, together.df)))
    return first.whole(found, effect, test, target="", sd_log2=math.sqrt(together.variance))

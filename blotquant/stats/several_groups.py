"""One target, several groups: one-way models with or without blocks, Tukey, Dunnett."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from blotquant.stats.contrast import Contrast, screen
from blotquant.stats.design import Design
from blotquant.stats.estimates import LEVEL
from blotquant.stats.finding import Finding
from blotquant.stats.linear import LinearFit, fit_cells
from blotquant.stats.multiplicity import (
    dunnett_critical,
    dunnett_p,
    tukey_critical,
    tukey_p,
)
from blotquant.stats.pairs import uneven
from blotquant.stats.two_groups import hedges

__all__ = [
    "CellModel",
    "block_of",
    "cell_model",
    "model_findings",
    "torn_apart",
    "untestable",
    "within_target",
]


@dataclass(frozen=True, eq=False)
class CellModel:
    """Groups of one target that may be tested, and the model of their replicates.

    Parameters
    ----------
    fit : LinearFit or None
        None where nothing may be tested.
    contrasts : tuple of Contrast
        Those that the model tells apart from its blocks.
    refused : tuple of Finding
        The others, each with its reason.
    block : str
        What the blocks are: ``replicate``, ``membrane`` or nothing.
    data : DataFrame
        Replicates in the model.
    """

    fit: LinearFit | None
    contrasts: tuple[Contrast, ...]
    refused: tuple[Finding, ...]
    block: str
    data: pd.DataFrame


def cell_model(
    replicates: pd.DataFrame, contrasts: Sequence[Contrast], design: Design
) -> CellModel:
    """Fit groups and blocks of one target, after the contrasts that must not be tested.

    Parameters
    ----------
    replicates : DataFrame
        Of one target.
    contrasts : sequence of Contrast
    design : Design
        Blocks are the replicates where they pair, the membranes where there are several.
    """
    taken = block_of(replicates, design)
    screened = [(one, screen(one, blocked=bool(taken))) for one in contrasts]
    refused = [found for _, found in screened if found is not None]
    fair = [one for one, found in screened if found is None]
    data = _compared(replicates, fair)
    torn = torn_apart(data, taken, fair)
    if torn:
        refused += [replace(one.finding(), verdict="refused", reason=torn) for one in fair]
        fair = []
    if not fair:
        return CellModel(None, (), tuple(refused), taken, data)
    column = {"replicate": "replicate", "membrane": "membranes"}.get(taken)
    fit = fit_cells(data["log2_value"], list(data["group"]), list(data[column]) if column else None)
    for one in list(fair):
        reason = untestable(fit, one, taken)
        if reason:
            fair.remove(one)
            refused.append(replace(one.finding(), verdict="refused", reason=reason))
    return CellModel(fit, tuple(fair), tuple(refused), taken, data)


def _compared(replicates: pd.DataFrame, contrasts: Sequence[Contrast]) -> pd.DataFrame:
    """Replicates that one of the contrasts uses: of pairs the complete ones only."""
    used = {
        (group, name)
        for one in contrasts
        for side in (one.one, one.other)
        for group, name in zip(side["group"], side["replicate"], strict=True)
    }
    keys = zip(replicates["group"], replicates["replicate"], strict=True)
    return replicates[[key in used for key in keys]]


def torn_apart(data: pd.DataFrame, block: str, contrasts: Sequence[Contrast]) -> str:
    """Why one level a replicate does not fit: its groups lie on membranes of several scales."""
    names = uneven(data) if block == "replicate" else []
    if not names or not contrasts or contrasts[0].one_scale:
        return ""
    return (
        f"the groups of replicate {', '.join(names)} are not all on the same membranes, each with "
        "a scale of its own; bring the membranes on one scale by a reference sample, or take "
        "test = ratio_paired, which compares on the membranes that two groups share"
    )


def block_of(replicates: pd.DataFrame, design: Design) -> str:
    """What the values share beyond their group."""
    if design.pairing == "paired":
        return "replicate"
    return "membrane" if replicates["membranes"].nunique() > 1 else ""


def untestable(fit: LinearFit, contrast: Contrast, block: str) -> str:
    """Why a model with these blocks cannot test a contrast; empty if it can."""
    group, reference = contrast.group, contrast.reference
    if not fit.estimable(fit.difference(group, reference)):
        return (
            f"{group} and {reference} share no {block}: the group cannot be told from the {block}; "
            f"load both on each {block}"
            + ("; the values are on one scale: test = welch is open" if contrast.one_scale else "")
        )
    if fit.df < 1:
        return f"no degree of freedom is left after group and {block}; add biological replicates"
    if fit.residual_ss < 1e-18:
        return "the replicates do not scatter at all: are they copies of one measurement?"
    return ""


def model_findings(model: CellModel, design: Design, test: str) -> list[Finding]:
    """Findings of one target by its own residual mean square, the F of the groups first."""
    fit = model.fit
    if fit is None or not model.contrasts:
        return list(model.refused)
    estimates = [fit.estimate(fit.difference(one.group, one.reference)) for one in model.contrasts]
    spread = float(np.sqrt(fit.variance))
    findings = [
        one.finding().tested(
            estimate,
            test,
            sd_log2=spread,
            effect_size_name="Hedges' g of log2 (residual SD)",
            effect_size=hedges(estimate, spread),
        )
        for one, estimate in zip(model.contrasts, estimates, strict=True)
    ]
    findings = within_target(findings, model, design, fit.df)
    whole = [_omnibus(model, fit, test)] if len(fit.cells) > 2 else []
    return [*whole, *findings, *model.refused]


def _omnibus(model: CellModel, fit: LinearFit, test: str) -> Finding:
    """F test that all groups are alike, beside the blocks."""
    first = model.contrasts[0]
    others = [cell for cell in fit.cells if cell != fit.cells[0]]
    found = fit.f_test(np.array([fit.difference(cell, fit.cells[0]) for cell in others]))
    return first.whole(found, "group", test, sd_log2=float(np.sqrt(fit.variance)))


def within_target(
    findings: list[Finding], model: CellModel, design: Design, df: float
) -> list[Finding]:
    """Tukey or Dunnett over the groups of one target, where declared."""
    fit = model.fit
    if fit is None or design.correction not in ("tukey", "dunnett"):
        return findings
    t = np.array([one.statistic for one in findings])
    if design.correction == "tukey":
        groups = len(fit.cells)
        p, size = tukey_p(t, groups, df), groups * (groups - 1) // 2
        critical = tukey_critical(LEVEL, groups, df)
    else:
        correlation = _correlation(fit, model.contrasts)
        p, size = dunnett_p(t, correlation, df), len(findings)
        critical = dunnett_critical(LEVEL, correlation, df)
    return [
        replace(
            one,
            p_adjusted=float(value),
            correction=design.correction,
            family_size=size,
            critical=critical,
        )
        for one, value in zip(findings, p, strict=True)
    ]


def _correlation(fit: LinearFit, contrasts: Sequence[Contrast]) -> np.ndarray:
    weights = np.array([fit.difference(one.group, one.reference) for one in contrasts])
    covariance = weights @ fit.spread @ weights.T
    scale = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(scale, scale))

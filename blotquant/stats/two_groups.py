"""Tests of two groups of one target: ratio-paired t, Welch, Mann-Whitney, Wilcoxon."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import scipy

from blotquant.stats.contrast import Contrast, screen
from blotquant.stats.estimates import Estimate, ratio_paired, welch
from blotquant.stats.finding import Finding

__all__ = ["hedges", "paired_finding", "rank_finding", "welch_finding"]

_NO_SCATTER = (
    "the replicates do not scatter at all: are they copies of one measurement? "
    "n counts biological replicates"
)
_LEAST_RANKS = 4
_LEAST_SIGNED = 6


def paired_finding(contrast: Contrast) -> Finding:
    """Ratio-paired t test."""
    refused = screen(contrast, blocked=True)
    if refused is not None:
        return refused
    one, other = contrast.logs
    estimate = ratio_paired(one, other)
    spread = float((one - other).std(ddof=1))
    return _t_finding(
        contrast,
        estimate,
        "ratio-paired t test",
        sd_log2=spread / math.sqrt(2),
        effect_size_name="Hedges' g of the paired log2 differences",
        effect_size=hedges(estimate, spread),
    )


def welch_finding(contrast: Contrast) -> Finding:
    """Welch's t test of log2."""
    refused = screen(contrast, blocked=False) or _on_other_membranes(contrast)
    if refused is not None:
        return refused
    one, other = contrast.logs
    estimate = welch(one, other)
    spread = math.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2)
    return _t_finding(
        contrast,
        estimate,
        "Welch's t test of log2",
        sd_log2=spread,
        effect_size_name="Hedges' g of log2",
        effect_size=hedges(estimate, spread),
    )


def hedges(estimate: Estimate, spread: float) -> float:
    """Difference in standard deviations, without its small-sample bias (Hedges 1981)."""
    if not spread > 0:
        return math.nan
    return float((1 - 3 / (4 * estimate.df - 1)) * estimate.difference / spread)


def _t_finding(contrast: Contrast, estimate: Estimate, test: str, **more: object) -> Finding:
    known = contrast.finding()
    if not estimate.se > 1e-9:
        return replace(known, verdict="refused", reason=_NO_SCATTER)
    return known.tested(estimate, test, **more)


def _on_other_membranes(contrast: Contrast) -> Finding | None:
    """Welch knows no membranes: their scale would count as scatter, or as an effect."""
    if contrast.one_scale:
        return None
    counts = [dict(side["membranes"].value_counts()) for side in (contrast.one, contrast.other)]
    if len(counts[0] | counts[1]) < 2:
        return None
    reason = "the values lie on several membranes, each with a scale of its own; take test = block"
    return replace(contrast.finding(), verdict="refused", reason=reason)


def rank_finding(contrast: Contrast) -> Finding:
    """Mann-Whitney, or Wilcoxon's signed ranks where the replicates pair."""
    refused = screen(contrast, blocked=contrast.paired)
    if refused is not None:
        return refused
    return _wilcoxon(contrast) if contrast.paired else _mann_whitney(contrast)


def _mann_whitney(contrast: Contrast) -> Finding:
    known = contrast.finding()
    if contrast.n < _LEAST_RANKS:
        least = 2 / math.comb(known.n_group + known.n_reference, known.n_group)
        return replace(
            known,
            verdict="refused",
            reason=(
                f"Mann-Whitney at n = {contrast.n} cannot give less than p = {least:.2g}; "
                "take test = welch on the logarithms, or more replicates"
            ),
        )
    refused = _on_other_membranes(contrast)
    if refused is not None:
        return refused
    one, other = contrast.logs
    ties = len(np.unique([*one, *other])) < len(one) + len(other)
    found = scipy.stats.mannwhitneyu(one, other, method="asymptotic" if ties else "exact")
    effect = 2 * float(found.statistic) / (len(one) * len(other)) - 1
    return _ranked(known, "Mann-Whitney test", "U", found, effect)


def _wilcoxon(contrast: Contrast) -> Finding:
    known = contrast.finding()
    if contrast.n < _LEAST_SIGNED:
        return replace(
            known,
            verdict="refused",
            reason=(
                f"Wilcoxon's test of {contrast.n} pairs cannot give less than "
                f"p = {2 / 2**contrast.n:.2g}; take test = ratio_paired, or at least 6 pairs"
            ),
        )
    one, other = contrast.logs
    apart = one - other
    uneven = len(np.unique(np.abs(apart))) < len(apart) or bool((apart == 0).any())
    found = scipy.stats.wilcoxon(
        apart, alternative="two-sided", method="approx" if uneven else "exact", correction=uneven
    )
    ranks = scipy.stats.rankdata(np.abs(apart))
    effect = float((np.sign(apart) * ranks).sum() / ranks.sum())
    return _ranked(known, "Wilcoxon's signed rank test", "W", found, effect)


def _ranked(known: Finding, test: str, name: str, found: object, effect: float) -> Finding:
    statistic, p = float(found.statistic), float(found.pvalue)  # type: ignore[attr-defined]
    said = "ranks give a p value and no interval of the fold"
    return replace(
        known,
        verdict="tested",
        test=test,
        statistic_name=name,
        statistic=statistic,
        p=p,
        effect_size_name="rank-biserial correlation",
        effect_size=effect,
        reason="; ".join(part for part in (known.reason, said) if part),
    )

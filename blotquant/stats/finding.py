"""One line of statistics.csv as it is found, adjusted for its family, and written as a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import scipy

from blotquant.stats.design import Design
from blotquant.stats.estimates import LEVEL, Estimate
from blotquant.stats.multiplicity import holm_sidak, sidak, sidak_level
from blotquant.stats.power import detectable_fold, replicates_needed

__all__ = ["Finding", "adjusted", "row_of", "stars"]

Verdict = Literal["tested", "descriptive", "refused", "bound"]

_STARS = ((0.0001, "****"), (0.001, "***"), (0.01, "**"), (0.05, "*"))


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one test, or the refusal to test, says; fields as in `STATISTICS_COLUMNS`.

    Parameters
    ----------
    estimate : Estimate or None
        Difference of log2 with its standard error, where there is one.
    critical : float
        Multiple of the standard error in the simultaneous interval; NaN until it is known.
    """

    comparison: str
    target: str
    pairing: str
    verdict: Verdict
    group: str = ""
    reference: str = ""
    test: str = ""
    n_group: int = 0
    n_reference: int = 0
    n_pairs: int = 0
    fold_change: float = math.nan
    estimate: Estimate | None = None
    critical: float = math.nan
    statistic_name: str = ""
    statistic: float = math.nan
    df: float = math.nan
    df2: float = math.nan
    p: float = math.nan
    p_adjusted: float = math.nan
    correction: str = ""
    family_size: int = 0
    effect_size_name: str = ""
    effect_size: float = math.nan
    reason: str = ""
    flags: str = ""
    effect: str = ""
    sd_log2: float = math.nan
    fold_bound: float = math.nan
    bound_side: str = ""
    condition: str = ""

    @property
    def harmonic_n(self) -> float:
        """Replicates a group, for planning."""
        return 2 / (1 / self.n_group + 1 / self.n_reference)

    def tested(self, estimate: Estimate, test: str, **more: Any) -> Finding:
        """The finding with a t test's numbers filled in."""
        known: dict[str, Any] = {
            "verdict": "tested",
            "test": test,
            "estimate": estimate,
            "fold_change": float(2.0**estimate.difference),
            "statistic_name": "t",
            "statistic": float(estimate.t),
            "df": float(estimate.df),
            "p": float(estimate.p),
        }
        return replace(self, **(known | more))


def stars(p: float) -> str:
    """Stars in Prism's convention; nothing where there is no p value."""
    if math.isnan(p):
        return ""
    return next((mark for limit, mark in _STARS if p < limit), "ns")


def adjusted(findings: Sequence[Finding], design: Design) -> list[Finding]:
    """Adjust p values over the family: all comparisons of the study, over targets and groups.

    Those that Tukey or Dunnett has adjusted within their target, and tests of whole effects, are
    left as they are.
    """
    family = [
        place
        for place, one in enumerate(findings)
        if not one.effect and not one.correction and not math.isnan(one.p)
    ]
    done = list(findings)
    if not family:
        return done
    p = np.array([findings[place].p for place in family])
    correction = design.correction if design.correction in ("holm-sidak", "sidak") else "none"
    size = len(family) if correction != "none" else 1
    changed = {"holm-sidak": holm_sidak(p), "sidak": sidak(p, size), "none": p}[correction]
    for place, value in zip(family, changed, strict=True):
        done[place] = replace(
            done[place],
            p_adjusted=float(value),
            correction=correction,
            family_size=size,
            critical=_critical(done[place].estimate, len(family)),
        )
    return done


def _critical(estimate: Estimate | None, size: int) -> float:
    if estimate is None:
        return math.nan
    return float(scipy.stats.t.isf((1 - sidak_level(LEVEL, size)) / 2, estimate.df))


def row_of(finding: Finding, design: Design) -> dict[str, Any]:
    """Row of statistics.csv: folds with their intervals, stars, what could have been seen."""
    row = {
        name: value for name, value in vars(finding).items() if name not in ("estimate", "critical")
    }
    row["stars"] = stars(finding.p if finding.effect else finding.p_adjusted)
    estimate = finding.estimate
    if estimate is None:
        return row
    low, high = estimate.interval()
    half = finding.critical * estimate.se
    row |= {
        "ci_low": float(2.0**low),
        "ci_high": float(2.0**high),
        "sim_ci_low": float(2.0 ** (estimate.difference - half)),
        "sim_ci_high": float(2.0 ** (estimate.difference + half)),
    }
    if not finding.effect:
        row["detectable_fold"] = detectable_fold(estimate, design.alpha)
        row["n_needed"] = replicates_needed(estimate, finding.harmonic_n, design.alpha)
    return row

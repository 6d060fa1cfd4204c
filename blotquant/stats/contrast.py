"""Two groups of one target side by side: which replicates pair, and why a test must not be made."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from blotquant.stats.design import Comparison, Design
from blotquant.stats.finding import Finding
from blotquant.stats.linear import FTest
from blotquant.stats.pairs import Pairs, complete_pairs
from blotquant.stats.replicates import join_flags

__all__ = ["Contrast", "contrast_of", "screen"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Contrast:
    """Replicates of a group and of its reference.

    Parameters
    ----------
    comparison : Comparison
    design : Design
    target, group, reference : str
    pairs : Pairs
        Replicates of the group and of the reference; where paired, complete pairs in one order.
    one_scale : bool
        Whether values of different membranes may be compared.
    paired : bool
        Whether only complete pairs stand here.
    """

    comparison: Comparison
    design: Design
    target: str
    group: str
    reference: str
    pairs: Pairs
    one_scale: bool
    paired: bool

    @property
    def one(self) -> pd.DataFrame:
        """Replicates of the group."""
        return self.pairs.one

    @property
    def other(self) -> pd.DataFrame:
        """Replicates of the reference."""
        return self.pairs.other

    @property
    def logs(self) -> tuple[Floats, Floats]:
        """log2 of both groups."""
        return self.one["log2_value"].to_numpy(float), self.other["log2_value"].to_numpy(float)

    @property
    def n(self) -> int:
        """Replicates of the smaller group."""
        return min(len(self.one), len(self.other))

    def finding(self) -> Finding:
        """What is known before any test: counts, fold change, flags."""
        one, other = self.logs
        fold = 2.0 ** (one.mean() - other.mean()) if self.n else math.nan
        return Finding(
            comparison=self.comparison.name,
            condition=self.comparison.condition,
            target=self.target,
            group=self.group,
            reference=self.reference,
            pairing=self.design.pairing,
            n_group=len(one),
            n_reference=len(other),
            n_pairs=len(one) if self.paired else 0,
            fold_change=float(fold),
            verdict="descriptive",
            reason=self._said_of_pairs(),
            flags=join_flags([*self.one["flags"], *self.other["flags"]]),
        )

    def whole(self, found: FTest, effect: str, test: str, **more: Any) -> Finding:
        """Test of a whole effect in the comparison that this contrast belongs to."""
        known: dict[str, Any] = {
            "comparison": self.comparison.name,
            "condition": self.comparison.condition,
            "target": self.target,
            "pairing": self.design.pairing,
            "statistic": found.f,
            "df": float(found.df),
            "df2": float(found.df2),
            "p": found.p,
        }
        return Finding(
            verdict="tested", statistic_name="F", effect=effect, test=test, **(known | more)
        )

    def _said_of_pairs(self) -> str:
        dropped, trimmed = self.pairs.dropped, self.pairs.trimmed
        said = []
        if dropped:
            said.append(f"without a partner on the same scale, dropped: replicate {_and(dropped)}")
        if trimmed:
            said.append(f"compared on the membranes both are on: replicate {_and(trimmed)}")
        return "; ".join(said)


def _and(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def contrast_of(
    replicates: pd.DataFrame,
    groups: tuple[str, str],
    comparison: Comparison,
    design: Design,
    one_scale: bool,
    *,
    whole_pairs: bool = True,
) -> Contrast:
    """Contrast of two groups (group, reference) among the replicates of one target.

    Where the replicates pair, those without a partner are dropped unless `whole_pairs` is off.
    """
    one, other = (replicates[replicates["group"] == group] for group in groups)
    pairs = Pairs(one, other, (), ())
    target = str(replicates["target"].iloc[0])
    paired = design.pairing == "paired" and whole_pairs
    if paired:
        pairs = complete_pairs(one, other, one_scale)
    return Contrast(comparison, design, target, *groups, pairs, one_scale, paired)


def screen(contrast: Contrast, *, blocked: bool) -> Finding | None:
    """Why this contrast is not tested, or None if it may be.

    Parameters
    ----------
    contrast : Contrast
    blocked : bool
        Whether the test compares within replicates or membranes only; then a reference that was
        set to 1 does no harm.
    """
    known = contrast.finding()
    for check in (_empty, _below_detection, _too_few):
        found = check(contrast, known)
        if found is not None:
            return found
    reason = _confounded(contrast) or ("" if blocked else _constant(contrast))
    return replace(known, verdict="refused", reason=reason) if reason else None


def _because(known: Finding, reason: str) -> str:
    return "; ".join(part for part in (reason, known.reason) if part)


def _empty(contrast: Contrast, known: Finding) -> Finding | None:
    if contrast.n:
        return None
    lacking = contrast.reference if len(contrast.one) else contrast.group
    if contrast.pairs.dropped:
        reason = (
            f"no membrane holds both {contrast.group} and {contrast.reference} of one replicate: "
            "the group cannot be told from the membrane; load both on one membrane, or bring the "
            "membranes on one scale by a reference sample"
        )
    else:
        reason = f"no value of {lacking} for {contrast.target}"
    return replace(known, verdict="refused", reason=reason)


def _below_detection(contrast: Contrast, known: Finding) -> Finding | None:
    """A bound on the fold instead of a test: no logarithm of a value that was not seen."""
    hidden = [bool(side["below_detection"].any()) for side in (contrast.one, contrast.other)]
    if not any(hidden):
        return None
    where = " and ".join(
        name
        for name, is_hidden in zip((contrast.group, contrast.reference), hidden, strict=True)
        if is_hidden
    )
    reason = _because(known, f"values of {where} are below detection, 0 or negative: no test")
    levels = [_upper(side) for side in (contrast.one, contrast.other)]
    if all(hidden) or not all(map(math.isfinite, levels)):
        more = "nothing bounds the fold; load more protein or expose longer"
        return replace(
            known, verdict="refused", fold_change=math.nan, reason=f"{reason}, and {more}"
        )
    return replace(
        known,
        verdict="bound",
        fold_change=math.nan,
        fold_bound=float(2.0 ** (levels[0] - levels[1])),
        bound_side="at most" if hidden[0] else "at least",
        reason=f"{reason}; the fold of the geometric means is bounded by the detection limit",
    )


def _upper(side: pd.DataFrame) -> float:
    """Mean log2, limits standing in for what is below them."""
    limits = np.log2(side["limit"].to_numpy(float))
    return float(np.where(side["below_detection"], limits, side["log2_value"]).mean())


def _too_few(contrast: Contrast, known: Finding) -> Finding | None:
    design, n = contrast.design, contrast.n
    if design.pairing == "unknown":
        reason = "pairing is not declared: not tested; set pairing = paired or independent"
    elif n >= design.least_n:
        return None
    elif design.profile == "bjp":
        reason = f"n = {n}: the British Journal of Pharmacology takes no test under n = 5"
    else:
        reason = f"n = {n}: no test under n = 3; add biological replicates{_repeats(contrast)}"
    return replace(known, reason=_because(known, reason))


def _repeats(contrast: Contrast) -> str:
    lanes = max(int(side["n_technical"].max()) for side in (contrast.one, contrast.other))
    return (
        f" (its {lanes} lanes a replicate are technical repeats, which are not n)"
        if lanes > 1
        else ""
    )


def _confounded(contrast: Contrast) -> str:
    """Groups on different membranes differ by the membranes too."""
    if contrast.one_scale:
        return ""
    sides = [
        {name for names in side["membranes"] for name in str(names).split(";")}
        for side in (contrast.one, contrast.other)
    ]
    if sides[0] & sides[1]:
        return ""
    return (
        f"{contrast.group} and {contrast.reference} are on different membranes: the group cannot "
        "be told from the membrane; load both on each membrane, or bring the membranes "
        "on one scale by a reference sample"
    )


def _constant(contrast: Contrast) -> str:
    """The trap: a group set to 1 on every membrane has lost its scatter."""
    for name, side in ((contrast.group, contrast.one), (contrast.reference, contrast.other)):
        values = side["value"].to_numpy(float)
        if len(values) > 1 and np.allclose(values, values[0], rtol=1e-9, atol=0):
            what = f"{name} is {values[0]:.4g} in every replicate"
        elif _same_mean_on_each(side):
            what = f"{name} has the same mean on every membrane"
        else:
            continue
        return (
            f"{what}: it was made the unit, its own scatter is gone, and an unpaired test then "
            "finds false positives in 8 to 11 % where 5 % is claimed; "
            "take test = ratio_paired, or block"
        )
    return ""


def _same_mean_on_each(side: pd.DataFrame) -> bool:
    groups = side.groupby("membranes")
    if groups.ngroups < 2:
        return False
    means = [groups["value"].mean().to_numpy(float), groups["log2_value"].mean().to_numpy(float)]
    arithmetic = np.allclose(means[0], means[0][0], rtol=1e-9, atol=0)
    return bool(arithmetic or np.allclose(means[1], means[1][0], rtol=0, atol=1e-9))

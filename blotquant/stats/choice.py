"""Which test a design calls for, in words; what to say of the family and of small studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from blotquant.stats.design import Design
from blotquant.stats.finding import Finding
from blotquant.stats.pairs import uneven

__all__ = ["Choice", "choose", "said_of_family", "warnings_of"]

_NAMES = {
    "ratio_paired": "a ratio-paired t test for each target",
    "welch": "Welch's t test of log2 for each target",
    "block": "a linear model of log2 with group and block for each target",
    "one_way": "a one-way ANOVA of log2 for each target",
    "prism_two_way": "a two-way ANOVA of log2 (target x group) with one pooled mean square",
    "two_factor": "a two-way ANOVA of log2 for each target",
    "mann_whitney": "a rank test of two groups for each target",
    "kruskal_wallis": "the Kruskal-Wallis test with Dunn's comparisons for each target",
    "mixed_model": "a linear mixed model of log2 with Satterthwaite's df for each target",
    "describe": "no test",
}


_TORN = (
    "Test taken from the design (paired replicates whose groups lie on different membranes without "
    "a common scale, so that two groups compare on the membranes they share):"
)


@dataclass(frozen=True)
class Choice:
    """The test taken and the sentence that says why."""

    test: str
    said: str

    def named(self, block: str) -> str:
        """Name of a one-way or block model in the tables."""
        if self.test == "block" and block:
            return f"linear model of log2, group + {block}"
        return "one-way ANOVA of log2" + (f", {block} as block" if block else "")


def choose(replicates: pd.DataFrame, groups: int, design: Design, one_scale: bool) -> Choice:
    """Test for a target: as declared, or from pairing, groups and membranes.

    Parameters
    ----------
    replicates : DataFrame
        Of the target; only where they were measured counts, not what was measured.
    groups : int
    design : Design
    one_scale : bool
        Whether membranes were brought on one scale.
    """
    if design.pairing == "unknown":
        return Choice("describe", "Pairing is not declared: the groups are described, not tested.")
    membranes = len({name for names in replicates["membranes"] for name in names.split(";")})
    levels = int(replicates["membranes"].nunique())  # averages over M1 and M2 share one
    test = design.test if design.test != "auto" else _automatic(groups, levels, design)
    how = "declared" if design.test != "auto" else "taken from the design"
    size = "two groups" if groups == 2 else f"{groups} groups"
    if test == "one_way" and design.test == "auto" and design.pairing == "paired":
        torn = [] if one_scale else uneven(replicates)
        if torn:
            return Choice("ratio_paired", f"{_TORN} {_NAMES['ratio_paired']}.")
    design_words = f"{design.pairing} replicates, {size}, {_membranes(membranes, one_scale)}"
    return Choice(test, f"Test {how} ({design_words}): {_NAMES[test]}.")


def _automatic(groups: int, levels: int, design: Design) -> str:
    if groups > 2:
        return "one_way"
    if design.pairing == "paired":
        return "ratio_paired"
    return "block" if levels > 1 else "welch"


def _membranes(count: int, one_scale: bool) -> str:
    if count == 1:
        return "one membrane"
    return f"{count} membranes" + (" on one scale" if one_scale else "")


def said_of_family(findings: Sequence[Finding], design: Design) -> list[str]:
    """How many tests were adjusted together, and what the intervals hold."""
    members = [one for one in findings if one.correction and not one.effect]
    if not members:
        return []
    intervals = (
        "The 95 % intervals are unadjusted; the simultaneous ones hold together for the family."
    )
    within = [one for one in members if one.correction in ("tukey", "dunnett")]
    if within:
        targets = len({one.target for one in within})
        said = f"{design.correction.capitalize()} adjusts over the groups within each target."
        if targets > 1:
            said += f" Over the {targets} targets nothing is adjusted; holm-sidak would."
        return [said, intervals]
    size = members[0].family_size
    if len(members) == 1:
        return ["There is one test: nothing needs adjusting."]
    if design.correction in ("tukey", "dunnett"):
        return ["Two groups a target: within a target nothing needs adjusting.", intervals]
    if members[0].correction == "none":
        return [f"p values are not adjusted, of {len(members)} tests.", intervals]
    return [
        f"{members[0].correction.title()} adjusts over the family of {size} tests: all comparisons "
        "of all targets of the study.",
        intervals,
    ]


def warnings_of(findings: Sequence[Finding], design: Design) -> list[str]:
    """Small studies, dropped pairs, refusals, groups of unequal size."""
    said = []
    small = sorted({_least(one) for one in findings if one.verdict == "tested" and not one.effect})
    if small and small[0] < 5:
        said.append(
            f"n = {small[0]}: with fewer than 5 biological replicates a test rests on the "
            "assumption of normal logarithms, and only large folds are found."
        )
    for one in findings:
        if one.reason and not one.effect and (one.verdict != "tested" or "dropped" in one.reason):
            said.append(f"{one.target}, {one.group} / {one.reference}: {one.reason}.")
    said += _saturated(findings)
    tested = [one for one in findings if one.verdict == "tested"]
    if design.profile == "bjp" and any(one.n_group != one.n_reference for one in tested):
        said.append("The British Journal of Pharmacology asks for groups of equal size.")
    return said


def _saturated(findings: Sequence[Finding]) -> list[str]:
    """Saturation flattens folds, and of the control turns them either way."""
    names = dict.fromkeys(
        f"{one.target}, {one.group} / {one.reference}"
        for one in findings
        if {"SATURATED", "CONTROL_SATURATED"} & set(one.flags.split(";"))
    )
    if not names:
        return []
    return [
        f"Saturated bands are in {'; '.join(names)}: those values are bounds, and the fold "
        "with its p value is not to be relied on. Take a shorter exposure."
    ]


def _least(finding: Finding) -> int:
    return min(finding.n_group, finding.n_reference)

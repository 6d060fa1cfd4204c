"""What is made of a loading control's numbers: sound, look or doubtful, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from blotquant.quality.spread import Agreement, GroupEffect

__all__ = ["Evidence", "Verdict", "judge"]

Verdict = Literal["sound", "look", "doubtful"]
_ORDER: tuple[Verdict, ...] = ("doubtful", "look", "sound")

# Conventions of this program, not laws: where a reader would want to know.
FEW_LANES = 3
UNEVEN, VERY_UNEVEN = 0.3, 0.5
SMALL_FOLD, LARGE_FOLD = 1.2, 1.5
ALPHA = 0.05
MANY = 0.25
APART, FAR_APART = 0.25, 0.5


@dataclass(frozen=True)
class Evidence:
    """What is known of a control on one membrane, or on all together."""

    n_lanes: int
    cv: float
    effect: GroupEffect
    saturated: int
    not_assessable: int
    below: int
    agreement: Agreement
    other: str


class _Finding(NamedTuple):
    verdict: Verdict
    words: str


def judge(evidence: Evidence) -> tuple[Verdict, str]:
    """Verdict and the reason for it, in one line; the worst comes first.

    Parameters
    ----------
    evidence : Evidence
    """
    findings = [
        *_lanes(evidence),
        *_groups(evidence),
        *_evenness(evidence),
        *_other_control(evidence),
    ]
    findings.sort(key=lambda finding: _ORDER.index(finding.verdict))
    return findings[0].verdict, "; ".join(finding.words for finding in findings)


def _lanes(evidence: Evidence) -> Iterator[_Finding]:
    count = evidence.n_lanes
    if count < FEW_LANES:
        yield _Finding("look", f"{count} lanes are too few to judge")
    for number, words in ((evidence.saturated, "saturated"), (evidence.below, "below detection")):
        if number:
            grave: Verdict = "doubtful" if number > MANY * count else "look"
            yield _Finding(grave, f"{words} in {number} of {count} lanes")
    if evidence.not_assessable:
        yield _Finding("look", "saturation cannot be assessed")


def _groups(evidence: Evidence) -> Iterator[_Finding]:
    fold, p, highest, lowest = evidence.effect
    if math.isnan(fold):
        yield _Finding("sound", "no groups to compare")
        return
    words = f"{fold:.2f}-fold from {lowest} to {highest}"
    tested = "too few replicates to test" if math.isnan(p) else f"p = {p:.2g}"
    if p < ALPHA:
        grave: Verdict = "doubtful" if fold >= SMALL_FOLD else "look"
        yield _Finding(grave, f"differs between groups: {words}, {tested}")
    elif fold >= LARGE_FOLD:
        yield _Finding("look", f"may differ between groups: {words}, {tested}")
    else:
        seen = "groups" if math.isnan(p) else "no difference between groups seen"
        yield _Finding("sound", f"{seen}: {words}, {tested}")


def _evenness(evidence: Evidence) -> Iterator[_Finding]:
    cv = evidence.cv
    if math.isnan(cv):
        return
    words = f"CV over lanes {100 * cv:.0f} %"
    if cv > VERY_UNEVEN:
        yield _Finding("doubtful", f"{words}: very uneven loading or transfer")
    elif cv > UNEVEN:
        yield _Finding("look", f"{words}: uneven loading, ratios lean on the linear range")
    else:
        yield _Finding("sound", words)


def _other_control(evidence: Evidence) -> Iterator[_Finding]:
    r, ratio_cv = evidence.agreement
    if math.isnan(ratio_cv):
        return
    correlation = "" if math.isnan(r) else f", r = {r:.2f}"
    words = f"{evidence.other} (CV of their ratio {100 * ratio_cv:.0f} %{correlation})"
    if ratio_cv > APART:
        grave: Verdict = "doubtful" if ratio_cv > FAR_APART else "look"
        yield _Finding(grave, f"does not agree with {words}")
    else:
        yield _Finding("sound", f"agrees with {words}")

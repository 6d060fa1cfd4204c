"""The decision table: which test a design calls for, and which row this study stands in."""

from __future__ import annotations

from dataclasses import dataclass

from blotquant.study_result import StudyResult

__all__ = ["DECISIONS", "Decision", "taken"]


@dataclass(frozen=True)
class Decision:
    """One row: what is declared and loaded, and the test that follows from it.

    Parameters
    ----------
    pairing : str
        As in the study file.
    groups, membranes : str
        In words.
    test : str
        In words.
    begins : str
        How the test's name in statistics.csv begins.
    """

    pairing: str
    groups: str
    membranes: str
    test: str
    begins: str


DECISIONS: tuple[Decision, ...] = (
    Decision("unknown", "any", "any", "none: groups are described", ""),
    Decision("paired", "2", "any", "ratio-paired t test", "ratio-paired t test"),
    Decision("independent", "2", "one", "Welch's t test of log2", "Welch"),
    Decision(
        "independent", "2", "several", "linear model of log2: group + membrane", "linear model"
    ),
    Decision(
        "paired", "3 or more", "any", "one-way ANOVA of log2, replicate as block", "one-way ANOVA"
    ),
    Decision(
        "independent",
        "3 or more",
        "one, or several",
        "one-way ANOVA of log2; of several membranes, membrane as block",
        "one-way ANOVA",
    ),
)


def taken(study: StudyResult) -> tuple[Decision, ...]:
    """Rows of the table that this study stands in; none where its test was declared by name.

    Parameters
    ----------
    study : StudyResult
    """
    if study.study.statistics.test != "auto":
        return ()
    pairing, tests = study.study.pairing, [str(test) for test in study.statistics["test"]]
    if pairing == "unknown":
        return DECISIONS[:1]
    return tuple(
        row
        for row in DECISIONS
        if row.pairing == pairing and any(test.startswith(row.begins) for test in tests)
    )

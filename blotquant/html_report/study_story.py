"""A study's story: what was asked, what came out, how sure that is, and what to worry about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from blotquant.flags import FLAG_MEANING, Flag
from blotquant.html_report.control_notes import ControlNote, control_notes
from blotquant.html_report.decision_table import Decision, taken
from blotquant.html_report.sentences import (
    Conclusion,
    conclusion,
    counted,
    dose_sentence,
    effect_sentence,
    versus,
)
from blotquant.html_report.story import Point
from blotquant.html_report.study_figures import StudyFigures, embedded
from blotquant.html_report.study_tables import (
    control_table,
    dose_table,
    replicate_table,
    statistics_table,
    summary_table,
)
from blotquant.html_report.study_words import certainty
from blotquant.html_report.study_worries import worries
from blotquant.html_report.table import Table
from blotquant.names import target_key
from blotquant.outcome import RunOutcome
from blotquant.study_result import StudyResult

__all__ = ["Answer", "Answers", "StudyStory", "study_story"]


@dataclass(frozen=True)
class Answer:
    """One conclusion with the flags of what it rests on: (name, meaning), and its controls."""

    conclusion: Conclusion
    flags: tuple[tuple[str, str], ...]
    controls: tuple[ControlNote, ...]


@dataclass(frozen=True)
class Answers:
    """All conclusions of one comparison."""

    heading: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class StudyStory:
    """All that the report says of a study.

    Parameters
    ----------
    question : str
    tiles : tuple of (str, str)
        (figure, what it counts).
    answers : tuple of Answers
    more : tuple of str
        Sentences on whole effects and dose series.
    silent : tuple of str
        Targets of the study that no comparison speaks of.
    sure : tuple of str
        What the tests rest on.
    decisions : tuple of Decision
        Rows of the decision table that this study stands in.
    worries : tuple of Point
        What can change a conclusion.
    remarks : tuple of Point
        The rest.
    statistics, summary, replicates, doses, controls : Table
    figures : StudyFigures
    """

    question: str
    tiles: tuple[tuple[str, str], ...]
    answers: tuple[Answers, ...]
    more: tuple[str, ...]
    silent: tuple[str, ...]
    sure: tuple[str, ...]
    decisions: tuple[Decision, ...]
    worries: tuple[Point, ...]
    remarks: tuple[Point, ...]
    statistics: Table
    summary: Table
    replicates: Table
    doses: Table
    controls: Table
    figures: StudyFigures


def study_story(run: RunOutcome, study: StudyResult) -> StudyStory:
    """The story of a study.

    Parameters
    ----------
    run : RunOutcome
        For its images, messages and figures.
    study : StudyResult
    """
    answers = _answers(study)
    points = worries(run, study)
    return StudyStory(
        question=study.study.question,
        tiles=_tiles(run, study, answers),
        answers=answers,
        more=_more(study),
        silent=_silent(study),
        sure=certainty(study),
        decisions=taken(study),
        worries=tuple(point for point in points if point.serious),
        remarks=tuple(point for point in points if not point.serious),
        statistics=statistics_table(_in_order(study), study.study.statistics.alpha),
        summary=summary_table(study.summary),
        replicates=replicate_table(study.replicates),
        doses=dose_table(study.doses),
        controls=control_table(study.controls),
        figures=embedded(run.figures),
    )


def _order(study: StudyResult) -> list[str]:
    """Targets as the study file lists them."""
    return list(dict.fromkeys(target_key(image.target) for image in study.study.image))


def _in_order(study: StudyResult) -> Any:
    """The statistics, targets in the study file's order, comparisons as they were made."""
    order = {name: place for place, name in enumerate(_order(study))}
    table = study.statistics
    places = [order.get(target_key(str(target)), len(order)) for target in table["target"]]
    return table.assign(_place=places).sort_values("_place", kind="stable").drop(columns="_place")


def _answers(study: StudyResult) -> tuple[Answers, ...]:
    """Conclusions by comparison, in the order in which the comparisons were made."""
    alpha, notes = study.study.statistics.alpha, control_notes(study)
    headings: dict[str, list[Answer]] = {versus(row): [] for row in _comparisons(study.statistics)}
    for row in _comparisons(_in_order(study)):
        found = conclusion(row, alpha)
        told = Answer(found, _flags(row), notes.get(found.target, ()))
        headings[versus(row)].append(told)
    return tuple(Answers(heading, tuple(told)) for heading, told in headings.items())


def _comparisons(statistics: Any) -> list[dict[Any, Any]]:
    return [row for row in statistics.to_dict("records") if not row["effect"]]


def _flags(row: dict[Any, Any]) -> tuple[tuple[str, str], ...]:
    flags = Flag.parse(row["flags"] if isinstance(row["flags"], str) else "")
    return tuple((str(flag), FLAG_MEANING[flag]) for flag in Flag if flag and flag in flags)


def _more(study: StudyResult) -> tuple[str, ...]:
    alpha = study.study.statistics.alpha
    effects = [row for row in _in_order(study).to_dict("records") if row["effect"]]
    return (
        *(effect_sentence(row, alpha) for row in effects),
        *(dose_sentence(row) for row in study.doses.to_dict("records")),
    )


def _silent(study: StudyResult) -> tuple[str, ...]:
    """Targets that the study declares and that no comparison and no dose series speaks of."""
    spoken = {
        target_key(str(name)) for name in [*study.statistics["target"], *study.doses["target"]]
    }
    asked = [image.target for image in study.study.image if image.role == "target" and image.target]
    first = {target_key(name): name for name in reversed(asked)}
    return tuple(first[key] for key in _order(study) if key in first and key not in spoken)


def _tiles(
    run: RunOutcome, study: StudyResult, answers: Sequence[Answers]
) -> tuple[tuple[str, str], ...]:
    """The study in figures: (figure, what it counts)."""
    found = [told.conclusion.direction for one in answers for told in one.answers]
    targets = len(set(study.statistics["target"]) - {""})
    changed = _count(found, ("rose", "fell", "changed"))
    tested = changed + _count(found, ("unchanged",))
    return (
        (str(targets), "target compared" if targets == 1 else "targets compared"),
        (str(changed), f"of {counted(tested, 'test')} found a change"),
        (str(len(found) - tested), "comparisons not tested"),
        (_replicates(study), "biological replicates a group"),
        (str(len(study.study.membranes())), "membranes"),
        (str(len(run.measured)), f"of {counted(len(run.images), 'image')} measured"),
    )


def _count(found: Iterable[str], wanted: Sequence[str]) -> int:
    return sum(direction in wanted for direction in found)


def _replicates(study: StudyResult) -> str:
    """Least and most replicates of a group."""
    counts = sorted({int(n) for n in study.summary["n"]})
    if not counts:
        return "none"
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"

"""What to worry about in a study: warnings, flags under a conclusion, and doubtful controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from blotquant.flags import FLAG_MEANING, Flag
from blotquant.html_report.control_notes import controls_of
from blotquant.html_report.method_worries import method_points
from blotquant.html_report.sentences import sentence_case
from blotquant.html_report.story import SERIOUS, Point, is_news, points_of
from blotquant.names import target_key
from blotquant.outcome import RunOutcome
from blotquant.study_result import StudyResult

__all__ = ["worries"]

# What a flag of a band is called where the band is what a ratio is divided by.
_OF_CONTROL = {"SATURATED": "CONTROL_SATURATED", "BELOW_DETECTION": "CONTROL_BELOW_DETECTION"}


def worries(run: RunOutcome, study: StudyResult) -> list[Point]:
    """All that can make a conclusion wrong, and remarks; each thing is said once.

    Parameters
    ----------
    run : RunOutcome
    study : StudyResult
    """
    warnings = [Point(sentence_case(text), serious=not is_news(text)) for text in study.warnings]
    touched = _touched(study)
    of_run = [_placed(point, touched, study) for point in points_of(run)]
    told = {point.flag for point in of_run}
    of_tables = [
        Point(
            FLAG_MEANING[flag],
            _touching(touched[str(flag)]),
            serious=flag in SERIOUS,
            flag=str(flag),
        )
        for flag in Flag
        if flag.name in touched and flag.name not in told
    ]
    # the flag says which bands; what lies inside is told, too
    linear = [Point(sentence_case(text)) for text in study.linearity]
    points = [*warnings, *linear, *method_points(study), *_controls(study), *of_tables, *of_run]
    first = {point.text: point for point in reversed(points)}
    return [first[text] for text in dict.fromkeys(point.text for point in points)]


def _touched(study: StudyResult) -> dict[str, tuple[str, ...]]:
    """Targets whose conclusion rests on values with a flag, by the flag's name."""
    touched: dict[str, dict[str, None]] = {}
    table = study.statistics
    for target, flags in zip(table["target"], table["flags"], strict=True):
        for name in filter(None, str(flags).split(";")) if isinstance(flags, str) else ():
            touched.setdefault(name, {})[str(target) or "all targets"] = None
    return {name: tuple(targets) for name, targets in touched.items()}


def _placed(point: Point, touched: Mapping[str, Sequence[str]], study: StudyResult) -> Point:
    """A flag of the images with the conclusions it touches; one that touches none is a remark."""
    if not point.flag or study.statistics.empty:
        return point
    names = (point.flag, _OF_CONTROL.get(point.flag, ""))
    targets = tuple(dict.fromkeys(one for name in names for one in touched.get(name, ())))
    if not targets and _control_images(study) & set(point.images):
        return point  # a ratio does not carry every flag of the band it was divided by
    if not targets:
        detail = f"{point.detail} No conclusion rests on these."
        return replace(point, detail=detail, serious=False)
    return replace(point, detail=f"{_touching(targets)} {point.detail}")


def _control_images(study: StudyResult) -> set[str]:
    """Images that something was divided by."""
    cells = set(study.normalized["control_image"])
    return {name.strip() for cell in cells if isinstance(cell, str) for name in cell.split(";")}


def _touching(targets: Sequence[str]) -> str:
    noun = "conclusion" if len(targets) == 1 else "conclusions"
    return f"Under the {noun} on {', '.join(targets)}."


def _controls(study: StudyResult) -> list[Point]:
    """Controls that are not sound, those of all membranes together first."""
    divided: dict[str, list[str]] = {}
    for target, names in controls_of(study).items():
        for name in names:
            divided.setdefault(target_key(name), []).append(target)
    points = []
    for row in study.controls.to_dict("records"):
        if row["verdict"] == "sound":
            continue
        where = f"on {row['membrane']}" if row["membrane"] else "on all membranes together"
        what = "is doubtful" if row["verdict"] == "doubtful" else "should be looked at"
        targets = divided.get(target_key(str(row["control"])), [])
        points.append(
            Point(
                f"Loading control {row['control']} {where} {what}: {row['reason']}.",
                f"It divides {', '.join(targets)}." if targets else "It divides no target.",
                serious=True,
            )
        )
    return points

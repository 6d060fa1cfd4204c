"""What is thought of each loading control, beside the results that were divided by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from blotquant.html_report.sentences import sentence_case
from blotquant.names import target_key
from blotquant.study_result import StudyResult

__all__ = ["ControlNote", "control_notes", "controls_of"]

_ORDER = ("doubtful", "look", "sound")
_WORDS = {"look": "to be looked at"}


@dataclass(frozen=True)
class ControlNote:
    """A control as a result names it.

    Parameters
    ----------
    text : str
        The control and what is thought of it, in a few words.
    verdict : str
        The gravest on any membrane; empty if it was not judged.
    why : str
        Reasons for it.
    """

    text: str
    verdict: str
    why: str


def control_notes(study: StudyResult) -> dict[str, tuple[ControlNote, ...]]:
    """Notes on the divisors of each target, by target.

    Parameters
    ----------
    study : StudyResult
    """
    return {
        target: tuple(_note(name, study) for name in names)
        for target, names in controls_of(study).items()
    }


def controls_of(study: StudyResult) -> dict[str, tuple[str, ...]]:
    """What each target was divided by; several where a mean of them was taken."""
    names: dict[str, dict[str, None]] = {}
    table = study.normalized
    for target, divisor in zip(table["target"], table["loading_control"], strict=True):
        parts = str(divisor).split(";") if isinstance(divisor, str) else []
        known = names.setdefault(str(target), {})
        known.update({part.strip(): None for part in parts if part.strip()})
    return {target: tuple(known) for target, known in names.items()}


def _note(name: str, study: StudyResult) -> ControlNote:
    """What is thought of a control over all its membranes, and on those that differ."""
    rows = [
        row
        for row in study.controls.to_dict("records")
        if target_key(str(row["control"])) == target_key(name)
    ]
    if not rows:
        return ControlNote(f"{name}: not judged", "", "")
    verdict = min((str(row["verdict"]) for row in rows), key=_gravity)
    grave = [row for row in rows if row["verdict"] == verdict]
    return ControlNote(f"{name}: {_said(rows, verdict)}", verdict, _why(grave))


def _said(rows: Sequence[dict[Any, Any]], worst: str) -> str:
    whole = [str(row["verdict"]) for row in rows if not row["membrane"]]
    places = [str(row["membrane"]) for row in rows if row["membrane"] and row["verdict"] == worst]
    if worst in whole or worst == "sound" or not places:
        return _WORDS.get(worst, worst)
    overall = f"{_WORDS.get(whole[0], whole[0])} over all; " if whole else ""
    return f"{overall}{', '.join(places)} {_WORDS.get(worst, worst)}"


def _gravity(verdict: str) -> int:
    return _ORDER.index(verdict) if verdict in _ORDER else 0


def _why(rows: Sequence[dict[Any, Any]]) -> str:
    pooled = [row for row in rows if not row["membrane"]]
    return " ".join(
        sentence_case(f"{row['membrane'] or 'all membranes together'}: {row['reason']}")
        for row in (pooled or rows)
    )

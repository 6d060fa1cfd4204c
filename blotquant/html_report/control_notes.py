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


@dataclass(frozen=True)
class ControlNote:
    """A control as a result names it: verdict (empty if it was not judged) and why."""

    control: str
    verdict: str
    why: str

    @property
    def text(self) -> str:
        """In a few words."""
        told = {"sound": "sound", "look": "to be looked at", "doubtful": "doubtful"}
        return f"{self.control}: {told.get(self.verdict, 'not judged')}"


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
    """The gravest verdict on a control over its membranes, with the reasons for it."""
    rows = [
        row
        for row in study.controls.to_dict("records")
        if target_key(str(row["control"])) == target_key(name)
    ]
    verdict = next((one for one in _ORDER if one in {row["verdict"] for row in rows}), "")
    return ControlNote(name, verdict, _why([row for row in rows if row["verdict"] == verdict]))


def _why(rows: Sequence[dict[Any, Any]]) -> str:
    pooled = [row for row in rows if not row["membrane"]]
    return " ".join(
        sentence_case(f"{row['membrane'] or 'all membranes together'}: {row['reason']}")
        for row in (pooled or rows)
    )

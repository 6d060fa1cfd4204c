"""Rules of journals on blots, each answered from a study: pass, fail, or yours to say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from blotquant.errors import LayoutError
from blotquant.figures import FigureOptions, TargetStrip
from blotquant.figures.strip import cut_strip
from blotquant.flags import Flag
from blotquant.outcome import RunOutcome
from blotquant.study_report.blots import membranes_of, study_images
from blotquant.study_report.methods_measuring import counted, listed
from blotquant.study_result import StudyResult

__all__ = ["RULES", "Answer", "Checked", "Rule", "Verdict"]

Verdict = Literal["pass", "fail", "yours to say"]
_BEYOND = (Flag.SATURATED, Flag.BEYOND_DENSITY_RANGE, Flag.CONTROL_SATURATED)
_LEAST_N = 5
_ROUNDING = 0.1  # band heights; a crop ends on whole pixels


class Answer(NamedTuple):
    """Verdict and what it rests on."""

    verdict: Verdict
    evidence: str


@dataclass(frozen=True)
class Checked:
    """What is checked.

    Parameters
    ----------
    run : RunOutcome
    result : StudyResult
    strips : sequence of TargetStrip
        Of the panel; empty where there is none.
    made : collection of str, optional
        Names of the files that were written; None where all are taken to be there.
    """

    run: RunOutcome
    result: StudyResult
    strips: Sequence[TargetStrip] = ()
    made: Collection[str] | None = None

    def lacks(self, name: str) -> bool:
        """Whether a file could not be made."""
        return self.made is not None and name not in self.made


@dataclass(frozen=True)
class Rule:
    """A rule of a journal."""

    journal: str
    text: str
    answer: Callable[[Checked], Answer]


def _spread_shown(checked: Checked) -> Answer:
    if checked.result.summary.empty or checked.lacks("grid.svg"):
        return Answer("yours to say", "There are no charts.")
    return Answer("pass", "Error bars of the charts are the standard deviation (summary.csv: sd).")


def _points_shown(checked: Checked) -> Answer:
    rows = checked.result.replicates
    if rows.empty or checked.lacks("grid.svg"):
        return Answer("yours to say", "There are no charts.")
    return Answer(
        "pass",
        f"The charts show every biological replicate as a dot ({len(rows)} values in "
        "replicates.csv).",
    )


def _molecular_weights(checked: Checked) -> Answer:
    blocks = [
        one
        for one in checked.result.study.image
        if one.role in ("target", "loading_control") and one.target
    ]
    marked = {strip.target for strip in checked.strips if strip.mw_kda}
    known = marked | {one.target for one in blocks if one.mw_kda}
    lost = [one for one in dict.fromkeys(block.target for block in blocks) if one not in known]
    if lost:
        return Answer(
            "fail", f"study.toml gives no mw_kda for {listed(lost)}: their strips have no mark."
        )
    return Answer("pass", f"{counted(len(known), 'protein')} with a molecular weight at the strip.")


def _linear_range(checked: Checked) -> Answer:
    values = checked.result.normalized
    used = values[values["use"].astype(bool)] if len(values) else values
    flags = [(set(str(row["flags"]).split(";")), row) for row in used.to_dict("records")]
    beyond = [row for names, row in flags if any(flag.name in names for flag in _BEYOND)]
    if beyond:
        where = dict.fromkeys(f"{row['target']} on {row['membrane']}" for row in beyond)
        return Answer(
            "fail",
            f"{counted(len(beyond), 'value')} of {len(used)} saturated or beyond range: "
            f"{_some(list(where))}.",
        )
    unknown = sum(Flag.SATURATION_NOT_ASSESSABLE.name in names for names, _ in flags)
    seen = (
        f"Saturation cannot be told for {unknown} of {len(used)} values."
        if unknown
        else f"None of {counted(len(used), 'value')} is saturated."
    )
    return Answer("yours to say", f"{seen} Only a dilution series shows that signal is linear.")


def _rrids(checked: Checked) -> Answer:
    blocks = [
        one
        for one in checked.result.study.image
        if one.role in ("target", "loading_control") and one.target
    ]
    known = {one.target for one in blocks if one.rrid}
    lost = [one for one in dict.fromkeys(block.target for block in blocks) if one not in known]
    if lost:
        return Answer("fail", f"study.toml gives no rrid for the antibody of {listed(lost)}.")
    return Answer("pass", f"The antibody of each of {counted(len(known), 'protein')} has one.")


def _splices(checked: Checked) -> Answer:
    if not checked.strips or checked.lacks("panel.svg"):
        return Answer("yours to say", "No panel was made.")
    spliced = [strip.target for strip in checked.strips if _pieces(strip) > 1]
    if not spliced:
        return Answer("pass", "No strip of the panel is spliced: lanes stand as on the membrane.")
    return Answer("pass", f"Dashed lines mark the splices of {listed(dict.fromkeys(spliced))}.")


def _same_membrane(checked: Checked) -> Answer:
    values, study = checked.result.normalized, checked.result.study
    lines = values.drop_duplicates(["image", "control_image", "target", "membrane"])
    apart, without = [], []
    for row in lines.to_dict("records"):
        name = f"{row['target']} on {row['membrane']}"
        images = [one for one in str(row["control_image"]).split("; ") if one]
        separate = Flag.SEPARATE_GEL.name in str(row["flags"]).split(";")
        if not images:
            without.append(name)
        elif separate or any(row["membrane"] not in membranes_of(study, one) for one in images):
            apart.append(name)
    if apart:
        return Answer("fail", f"The control is on another membrane: {_some(apart)}.")
    if without or lines.empty:
        return Answer("yours to say", f"No control was used: {_some(without) or 'no value'}.")
    return Answer("pass", f"All {counted(len(lines), 'pair')} of images are of one membrane each.")


def _crops(checked: Checked) -> Answer:
    if not checked.strips or checked.lacks("panel.svg"):
        return Answer("yours to say", "No panel was made.")
    wanted = FigureOptions().margin_heights
    short = []
    for strip in checked.strips:
        least = min(_margins(strip))
        if least < wanted - _ROUNDING:
            short.append(f"{strip.target} ({least:.1f})")
    if short:
        return Answer(
            "fail",
            f"Less than {wanted:g} band heights, as the stored image ends there: "
            f"{_some(short)}. Show more of the membrane, or refer to the uncropped blots.",
        )
    return Answer("pass", f"Every strip has {wanted:g} band heights or more around its bands.")


def _uncropped(checked: Checked) -> Answer:
    names = dict.fromkeys(block.name for block in checked.result.study.image)
    shown = {one.image for one in study_images(checked.run)}
    lost = [name for name in names if name not in shown]
    if checked.lacks("uncropped.pdf"):
        return Answer("fail", "uncropped.pdf could not be made.")
    if lost:
        return Answer("fail", f"uncropped.pdf lacks {_some(lost)}, which could not be read.")
    return Answer(
        "pass", f"uncropped.pdf shows all {counted(len(names), 'image')} of the study whole."
    )


def _replicates_enough(checked: Checked) -> Answer:
    rows = checked.result.statistics
    tested = rows[(rows["verdict"] == "tested") & (rows["effect"] == "")]
    if tested.empty:
        return Answer("pass", "No test was made.")
    small = [
        f"{row['target']}, {row['group']} against {row['reference']} "
        f"(n = {min(row['n_group'], row['n_reference'])})"
        for row in tested.to_dict("records")
        if min(row["n_group"], row["n_reference"]) < _LEAST_N
    ]
    if small:
        return Answer(
            "fail",
            f'Tested under n = {_LEAST_N}: {_some(small)}. profile = "bjp" in study.toml leaves '
            "these tests out.",
        )
    return Answer("pass", f"All {counted(len(tested), 'test')} rest on n = {_LEAST_N} or more.")


def _equal_groups(checked: Checked) -> Answer:
    rows = checked.result.statistics
    pairs = rows[rows["effect"] == ""]
    if pairs.empty:
        return Answer("yours to say", "Nothing was compared yet.")
    unequal = [
        f"{row['target']}, {row['group']} {row['n_group']} and {row['reference']} "
        f"{row['n_reference']}"
        for row in pairs.to_dict("records")
        if row["n_group"] != row["n_reference"]
    ]
    if unequal:
        return Answer("fail", f"Groups differ in size: {_some(unequal)}.")
    return Answer("pass", f"Both groups are of one size in {counted(len(pairs), 'comparison')}.")


def _pieces(strip: TargetStrip) -> int:
    try:
        return len(cut_strip(strip).pieces)
    except LayoutError:
        return 1


def _margins(strip: TargetStrip) -> tuple[float, float]:
    try:
        return cut_strip(strip).margins
    except LayoutError:
        return 0.0, 0.0


def _some(names: Sequence[str], most: int = 6) -> str:
    shown = "; ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


RULES: tuple[Rule, ...] = (
    Rule("JBC", "Spread is given as SD, not SEM.", _spread_shown),
    Rule("JBC", "All data points are shown.", _points_shown),
    Rule("JBC", "Molecular weights are marked at the blots.", _molecular_weights),
    Rule("JBC", "Signals lie in the linear range.", _linear_range),
    Rule("JBC", "Antibodies have an RRID.", _rrids),
    Rule("JCB", "Splices are marked.", _splices),
    Rule("JCB", "Target and loading control are from the same membrane.", _same_membrane),
    Rule("Nature", "Crops keep five band widths around the bands.", _crops),
    Rule("Nature", "The uncropped blots are in the supplement.", _uncropped),
    Rule("BJP", "No statistics under n = 5.", _replicates_enough),
    Rule("BJP", "Groups are of equal size.", _equal_groups),
)

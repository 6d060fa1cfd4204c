"""How sure a study can be, in words: what n is, what was divided by what, which test and why."""

from __future__ import annotations

from blotquant.html_report.control_notes import controls_of
from blotquant.html_report.sentences import sentence_case
from blotquant.study_result import StudyResult

__all__ = ["certainty"]

_PAIRING = {
    "paired": "each gives a sample to every group compared (paired)",
    "independent": "groups share none of them (independent)",
    "unknown": "whether they pair is not declared, so nothing is tested",
}
_METHODS = {
    "loading_control": "the loading control in the same lane",
    "geometric_mean": "the geometric mean of several loading controls in the same lane",
    "total_protein": "the total protein of the same lane",
    "lane_factor": "the lane's factor, its loading control over the highest of the membrane",
    "none": "nothing: densities are compared as they are",
}
_ACROSS = {
    "reference_sample": "the reference sample that each of them carries",
    "replicate_sum": "the sum of each replicate",
    "reference_group": "the mean of the reference group",
    "alignment": "least squares",
}


def certainty(study: StudyResult) -> tuple[str, ...]:
    """Sentences on what the conclusions rest on, the decisions of the statistics among them.

    Parameters
    ----------
    study : StudyResult
    """
    declared = study.study
    unit = declared.replicate_unit or "biological replicate, whose unit is not declared"
    said = [
        f"n counts biological replicates (unit: {unit}); {_PAIRING[declared.pairing]}. "
        "Lanes of one replicate are averaged first.",
        *_normalization(study),
        *study.decisions,
        *_exclusions(study),
    ]
    if "tested" in set(study.statistics["verdict"]):
        said += [
            f"A change counts as found where the adjusted p value is below "
            f"{declared.statistics.alpha:g}. Not found is not the same as not there: see the fold "
            "that would have been seen.",
            "That fold, or its inverse for a fall, is one that a single test with this n and this "
            "scatter finds in 80 % of studies. Adjusted for several tests it has to be larger.",
        ]
    return tuple(dict.fromkeys(sentence_case(text) for text in said))


def _normalization(study: StudyResult) -> list[str]:
    plan = study.study.normalization
    names = dict.fromkeys(name for found in controls_of(study).values() for name in found)
    by = f" ({', '.join(names)})" if names else ""
    how = _METHODS.get(plan.method, f"the method {plan.method}")
    said = [f"Densities were divided by {how}{by}."]
    if plan.across in _ACROSS:
        said.append(f"Membranes were brought on one scale by {_ACROSS[plan.across]}.")
    return said


def _exclusions(study: StudyResult) -> list[str]:
    return [
        f"Left out by the study: {one.membrane}, lane {one.lane}"
        f"{f', {one.target}' if one.target else ''}: {one.reason}."
        for one in study.study.exclude
    ]

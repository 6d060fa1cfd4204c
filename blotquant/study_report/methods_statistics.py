"""Sentences of the methods: normalization, what a replicate is, tests, what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from blotquant.flags import Flag
from blotquant.study import Study
from blotquant.study_report.methods_measuring import listed
from blotquant.study_result import StudyResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["excluding", "normalizing", "replicating", "statistics_cited", "testing"]

_REFERENCES: Mapping[str, str] = {
    "total_protein": "Eaton SL et al. (2013) PLoS ONE 8:e72457",
    "geometric_mean": "Vandesompele J et al. (2002) Genome Biol. 3:research0034",
    "replicate_sum": "Degasperi A et al. (2014) PLoS ONE 9:e87293",
    "alignment": "Degasperi A et al. (2014) PLoS ONE 9:e87293",
    "holm-sidak": "Holm S (1979) Scand. J. Statist. 6:65",
    "dunnett": "Dunnett CW (1955) J. Am. Statist. Assoc. 50:1096",
    "welch": "Welch BL (1947) Biometrika 34:28",
    "dunn": "Dunn OJ (1964) Technometrics 6:241",
    "satterthwaite": "Kuznetsova A et al. (2017) J. Stat. Softw. 82(13)",
}
_METHODS = {
    "loading_control": "divided by {control} of the same lane",
    "geometric_mean": "divided by the geometric mean of {control} of the same lane (Vandesompele "
    "2002)",
    "total_protein": "divided by total protein, the sum of the lane above its background, of the "
    "same lane (Eaton 2013)",
    "lane_factor": "divided by the lane normalization factor ({control} over its highest on the "
    "membrane)",
    "none": "not normalized",
}
_ACROSS = {
    "none": "Membranes were not brought on one scale.",
    "reference_sample": "Membranes were brought on one scale by the reference sample {sample}.",
    "replicate_sum": "Membranes were brought on one scale by the sum over the conditions that they "
    "share (Degasperi 2014).",
    "reference_group": "Membranes were brought on one scale by the mean of the reference group.",
    "alignment": "Membranes were brought on one scale by least squares on logarithms (Degasperi "
    "2014).",
}
_PAIRING = {
    "paired": "Samples of one replicate are paired.",
    "independent": "Groups are independent.",
    "unknown": "[state whether samples are paired or independent]; without that no test was made.",
}
_CORRECTIONS = {
    "holm-sidak": "Holm-Sidak (Holm 1979)",
    "sidak": "Sidak",
    "tukey": "Tukey",
    "dunnett": "Dunnett (1955)",
}
_WITHIN_A_TARGET = ("tukey", "dunnett")


def normalizing(result: StudyResult) -> list[str]:
    """What densities were divided by, and how membranes were brought on one scale."""
    values = result.normalized
    if values.empty:
        return ["Nothing was normalized."]
    ways: dict[str, list[str]] = {}
    phospho = {block.target for block in result.study.image if block.phospho_of}
    for (target, method), rows in values.groupby(["target", "method"], sort=False):
        words = _way(str(method), rows, is_phospho=str(target) in phospho)
        ways.setdefault(words, []).append(str(target))
    told = [
        f"Net densities {f'of {listed(targets)} ' if len(ways) > 1 else ''}were {words}."
        for words, targets in ways.items()
    ]
    plan = result.study.normalization
    if values["membrane"].nunique() > 1:
        told.append(_ACROSS[plan.across].format(sample=plan.reference_sample))
    return told


def _way(method: str, rows: pd.DataFrame, *, is_phospho: bool) -> str:
    """How a target was normalized."""
    controls = listed(dict.fromkeys(str(one) for one in rows["loading_control"] if str(one)))
    if is_phospho:
        gel = any(Flag.SEPARATE_GEL.name in str(cell).split(";") for cell in rows["flags"])
        where = "paired by sample from separate gels" if gel else "in the same lane"
        return f"divided by {controls}, {where}"
    if method not in _METHODS:
        return f"normalized by method '{method}' [state what it does and cite it]"
    if method != "none" and not controls:
        return "not normalized, as no control was found"
    return _METHODS[method].format(control=controls)


def replicating(result: StudyResult) -> list[str]:
    """What n counts."""
    study, rows = result.study, result.replicates
    unit = study.replicate_unit or "[state what a biological replicate is]"
    told = [f"n counts biological replicates ({unit})."]
    if len(result.summary):
        told.append(f"{_counts(result.summary)}.")
    technical = [int(count) for count in rows["n_technical"]]
    if max(technical, default=1) > 1:
        low, high = min(technical), max(technical)
        lanes = f"{low}" if low == high else f"{low} to {high}"
        told.append(
            f"Technical repeats ({lanes} lanes of a replicate) were averaged as geometric mean "
            "before all else and do not count as n."
        )
    return [*told, _PAIRING[study.pairing]]


def _counts(summary: pd.DataFrame) -> str:
    """N of each group; by target where targets differ."""
    groups: dict[str, dict[int, list[str]]] = {}
    for row in summary.to_dict("records"):
        condition = str(row["condition"])
        name = f"{row['group']} ({condition})" if condition else str(row["group"])
        groups.setdefault(name, {}).setdefault(int(row["n"]), []).append(str(row["target"]))
    if len({tuple(found) for found in groups.values()}) == 1 and all(
        len(found) == 1 for found in groups.values()
    ):
        n = next(iter(next(iter(groups.values()))))
        return f"n = {n} in each group ({listed(list(groups))})"
    parts = []
    for name, found in groups.items():
        counts = [
            f"{n}" + (f" for {listed(list(dict.fromkeys(targets)))}" if len(found) > 1 else "")
            for n, targets in found.items()
        ]
        parts.append(f"{name} {', '.join(counts)}")
    return f"n: {'; '.join(parts)}"


def testing(result: StudyResult) -> list[str]:
    """Tests, corrections and intervals as they were made."""
    study, rows = result.study, result.statistics
    tested = rows[rows["verdict"] == "tested"]
    told = []
    if len(tested):
        told += _tests(tested, study)
        told += _adjusted(tested, study)
    pairs = rows[(rows["effect"] == "") & rows["fold_change"].notna()]
    if len(pairs):
        told.append(
            "Fold changes are ratios of geometric means, group over reference, with 95 % "
            "confidence intervals that are not adjusted for the number of comparisons."
        )
    if len(result.summary):
        told.append("Charts show mean and standard deviation with every replicate.")
    fitted = result.doses[result.doses["verdict"] == "fitted"]
    if len(fitted):
        names = listed(dict.fromkeys(str(one) for one in fitted["target"]))
        told.append(f"Dose series of {names} were fitted by a four-parameter logistic curve.")
    return told + _untested(rows) or ["No test was made."]


def _tests(tested: pd.DataFrame, study: Study) -> list[str]:
    kinds: dict[str, list[str]] = {}
    for row in tested.to_dict("records"):
        kinds.setdefault(_test(row), []).append(str(row["target"]) or "all targets together")
    told = [
        f"{test[:1].upper()}{test[1:]}"
        + (f" ({listed(dict.fromkeys(targets))})" if len(kinds) > 1 else " for each target")
        + "."
        for test, targets in kinds.items()
    ]
    how = (
        "The test follows from the declared design"
        if study.statistics.test == "auto"
        else "The test was declared in the study file"
    )
    declared = f"{how}; it was not chosen from the results."
    return [*told, "Tests are two-sided; all but rank tests are made on log2 values.", declared]


def _test(row: Mapping[Any, Any]) -> str:
    effect = f", effect of {row['effect']}" if row["effect"] else ""
    return f"{row['test']}{effect}"


def _adjusted(tested: pd.DataFrame, study: Study) -> list[str]:
    """How p values were adjusted; significance."""
    told = []
    pairs = tested[tested["correction"].astype(bool)]
    for correction, rows in pairs.groupby("correction", sort=False):
        if correction == "none":
            told.append("p values were not adjusted.")
            continue
        sizes = listed(sorted({int(size) for size in rows["family_size"]}))
        name = _CORRECTIONS.get(str(correction), str(correction))
        within = " within each target" if correction in _WITHIN_A_TARGET else ""
        told.append(
            f"p values were adjusted by {name} over a family of {sizes} comparisons{within}."
        )
    return [*told, f"Adjusted p < {study.statistics.alpha:g} counts as significant."]


def _untested(rows: pd.DataFrame) -> list[str]:
    """Comparisons without a test, by their reason."""
    reasons: dict[str, list[str]] = {}
    for row in rows[(rows["verdict"] != "tested") & (rows["effect"] == "")].to_dict("records"):
        where = f" ({row['condition']})" if row["condition"] else ""
        name = f"{row['target']}, {row['group']} against {row['reference']}{where}"
        reasons.setdefault(str(row["reason"]).rstrip("."), []).append(name)
    return [
        f"Not tested{f', as {reason}' if reason else ''}: {'; '.join(names)}."
        for reason, names in reasons.items()
    ]


def excluding(result: StudyResult) -> list[str]:
    """Lanes that were left out, each with its reason."""
    study, samples = result.study, result.samples
    told = [
        f"Left out: membrane {one.membrane}, lane {one.lane}"
        + (f", {one.target}" if one.target else "")
        + f" ({one.reason.rstrip('.')})."
        for one in study.exclude
    ]
    known = {(one.membrane, one.lane) for one in study.exclude if not one.target}
    unused = samples[~samples["use"].astype(bool) & (samples["kind"] == "sample")]
    lanes = [
        f"membrane {row['membrane']}, lane {row['lane']}"
        for row in unused.to_dict("records")
        if (row["membrane"], int(row["lane"])) not in known
    ]
    if lanes:
        told.append(f"Left out: {'; '.join(lanes)} [state why].")
    return told or ["No lane was left out."]


def statistics_cited(result: StudyResult) -> list[str]:
    """Sources of the normalization and the tests that were used."""
    plan = result.study.normalization
    tests = " ".join(str(name).lower() for name in result.statistics["test"])
    keys = [*dict.fromkeys(str(name) for name in result.normalized["method"]), plan.across]
    keys += [str(name) for name in dict.fromkeys(result.statistics["correction"])]
    keys += [key for key in ("welch", "dunn", "satterthwaite") if key in tests]
    return [_REFERENCES[key] for key in dict.fromkeys(keys) if key in _REFERENCES]

"""Checks of what a study wants computed: groups, comparisons, pairs, exclusions, dose series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from blotquant import registry

from .case import Case, SampleRow
from .check_cells import number_faults
from .problem import Problem
from .text import did_you_mean

__all__ = ["PLAN_CHECKS"]

_METHODS = ("loading_control", "geometric_mean", "total_protein", "lane_factor", "none")


def _reference(case: Case) -> Iterator[Problem]:
    """The reference group has to be one of the sheet's."""
    study = case.study
    if study.reference_group:
        yield from _known_group(case, "", "reference_group", study.reference_group)
        return
    needed = study.statistics.contrasts == "against_reference" and not study.comparison
    if (needed and len(case.groups) > 1) or study.normalization.across == "reference_group":
        yield case.in_study("", f"reference_group is empty; groups: {', '.join(case.groups)}")


def _pairing(case: Case) -> Iterator[Problem]:
    """Replicates that cannot be paired."""
    pairing = case.study.pairing
    if pairing == "unknown":
        yield case.in_study(
            "", "pairing = 'unknown': results are descriptive and no test is made", "warning"
        )
    if pairing != "paired":
        return
    for name, groups, reference, where in _contrasts(case):
        if reference in case.groups:
            yield from _pairs(case, name, groups, reference, _chosen(case.samples, where))


def _pairs(
    case: Case, name: str, groups: Iterable[str], reference: str, rows: Sequence[SampleRow]
) -> Iterator[Problem]:
    """Replicates of a contrast without the reference group, or with it alone."""
    having = {row.replicate for row in rows if row.group == reference and row.replicate}
    told = f"{name}: " if name else ""
    compared = [g for g in groups if g != reference]
    partners: set[str] = set()
    for group in compared:
        mine = [row for row in rows if row.group == group and row.replicate]
        partners |= {row.replicate for row in mine}
        alone = [row for row in mine if row.replicate not in having]
        names = ", ".join(dict.fromkeys(row.replicate for row in alone))
        if mine and len(alone) == len(mine):
            yield case.in_rows(
                alone,
                f"{told}pairing = 'paired', but no replicate of group '{group}' has a lane of "
                f"the reference group '{reference}'; write the same replicate for both",
            )
        elif alone:
            yield case.in_rows(
                alone,
                f"{told}pairing = 'paired', but replicate {names} of group '{group}' has no lane "
                f"of the reference group '{reference}'; it is left out of the test",
                "warning",
            )
    lonely = [
        r for r in rows if r.group == reference and r.replicate and r.replicate not in partners
    ]
    if lonely and partners & having:
        names = ", ".join(dict.fromkeys(row.replicate for row in lonely))
        yield case.in_rows(
            lonely,
            f"{told}replicate {names} has only the reference group '{reference}'; "
            "it is left out of the test",
            "warning",
        )


def _contrasts(case: Case) -> list[tuple[str, tuple[str, ...], str, Mapping[str, str]]]:
    """Name, groups, reference and filter of everything that is compared."""
    if case.study.comparison:
        return [(c.name, c.group, c.reference, c.where) for c in case.study.comparison]
    return [("", case.groups, case.study.reference_group, {})]


def _exclusions(case: Case) -> Iterator[Problem]:
    """Exclusions of what is not there."""
    for number, block in enumerate(case.study.exclude, 1):
        place = f"[[exclude]] {number}"
        rows = case.rows_of(block.membrane)
        if block.membrane not in case.study.membranes():
            known = did_you_mean(block.membrane, case.study.membranes())
            yield case.in_study(place, f"there is no membrane '{block.membrane}'{known}")
        elif block.lane not in {row.lane for row in rows}:
            message = f"membrane {block.membrane} has no lane {block.lane} in the sample sheet"
            yield case.in_study(place, message)
        if block.target:
            yield from _known_targets(case, place, (block.target,), block.membrane)


def _comparisons(case: Case) -> Iterator[Problem]:
    """Comparisons of groups, targets or columns that are not there."""
    names = [block.name for block in case.study.comparison]
    for number, block in enumerate(case.study.comparison, 1):
        place = f"[[comparison]] {number} ({block.name})"
        if names.index(block.name) < number - 1:
            yield case.in_study(place, f"two comparisons are named '{block.name}'")
        for group in block.group:
            yield from _known_group(case, place, "group", group)
        yield from _known_group(case, place, "reference", block.reference)
        if block.reference in block.group:
            message = f"group '{block.reference}' is compared with itself"
            yield case.in_study(place, message)
        yield from _known_targets(case, place, block.targets)
        faults = list(_known_entries(case, place, block.where))
        yield from faults
        if block.where and not faults:
            yield from _left_over(case, place, (*block.group, block.reference), block.where)


def _left_over(
    case: Case, place: str, groups: Iterable[str], where: Mapping[str, str]
) -> Iterator[Problem]:
    """Groups that a filter leaves without lanes."""
    left = {row.group for row in _chosen(case.samples, where)}
    for group in groups:
        if group in case.groups and group not in left:
            told = ", ".join(f"{column} = {value}" for column, value in where.items())
            yield case.in_study(place, f"group '{group}' has no lane where {told}")


def _doses(case: Case) -> Iterator[Problem]:
    """Dose series without doses."""
    for number, block in enumerate(case.study.dose, 1):
        place = f"[[dose]] {number}"
        yield from _known_targets(case, place, block.target)
        yield from _known_entries(case, place, block.where)
        if block.column not in case.table.columns:
            yield _no_column(case, place, block.column)
            continue
        yield from number_faults(case.table, block.column)
        for row in _chosen(case.samples, block.where):
            text = row.entry(block.column)
            if text.startswith("-") and text.strip("-0."):
                yield case.in_cell(row, block.column, f"a dose of {text} is below zero")
        if not any(row.entry(block.column) for row in case.samples):
            yield case.in_sheet(f"column '{block.column}' is empty, but study.toml fits doses")


def _factors(case: Case) -> Iterator[Problem]:
    plan = case.study.statistics
    if plan.test == "two_factor" and len(set(plan.factors)) != 2:
        yield case.in_study(
            "[statistics]", f"two_factor needs two factors, not {len(set(plan.factors))}"
        )
    for column in plan.factors:
        if column not in case.table.columns:
            yield _no_column(case, "[statistics] factors", column)


def _normalization(case: Case) -> Iterator[Problem]:
    """A method that is not there; a reference that a membrane lacks."""
    plan = case.study.normalization
    known = list(dict.fromkeys((*_METHODS, *registry.names("normalizers"))))
    if plan.method not in known:
        message = f"there is no method '{plan.method}'{did_you_mean(plan.method, known)}"
        yield case.in_study("[normalization]", message)
    if plan.across == "reference_group":
        yield from _reference_on_all(case)
    elif plan.across == "reference_sample":
        yield from _reference_sample(case)


def _reference_on_all(case: Case) -> Iterator[Problem]:
    """Membranes that cannot be brought to their reference group."""
    group = case.study.reference_group
    having = {row.membrane for row in case.samples if row.group == group}
    lacking = [name for name in case.study.membranes() if name not in having]
    if group in case.groups and lacking:
        yield case.in_sheet(
            f"across = 'reference_group': membrane {', '.join(lacking)} has no lane of the "
            f"reference group '{group}'"
        )


def _reference_sample(case: Case) -> Iterator[Problem]:
    plan = case.study.normalization
    if not plan.reference_sample:
        yield case.in_study("[normalization]", "across = 'reference_sample' needs reference_sample")
        return
    having = {row.membrane for row in case.rows if row.sample == plan.reference_sample and row.use}
    if not having:
        samples = did_you_mean(plan.reference_sample, [row.sample for row in case.rows])
        message = f"no lane holds the reference sample '{plan.reference_sample}'{samples}"
        yield case.in_study("[normalization]", message)
        return
    lacking = [name for name in case.study.membranes() if name not in having]
    if lacking:
        yield case.in_sheet(
            f"membrane {', '.join(lacking)} lacks the reference sample '{plan.reference_sample}'"
        )


def _known_group(case: Case, place: str, key: str, group: str) -> Iterator[Problem]:
    if case.groups and group not in case.groups:
        told = f"{key}: no used sample lane is in group '{group}'{did_you_mean(group, case.groups)}"
        yield case.in_study(place, told)


def _known_targets(
    case: Case, place: str, targets: Iterable[str], membrane: str = ""
) -> Iterator[Problem]:
    images = case.study.images_of(membrane) if membrane else case.study.image
    known = [image.target for image in images if image.target]
    for target in targets:
        if not case.shows(target, membrane):
            on = f" of membrane {membrane}" if membrane else ""
            yield case.in_study(
                place, f"no image{on} shows target '{target}'{did_you_mean(target, known)}"
            )


def _known_entries(case: Case, place: str, where: Mapping[str, str]) -> Iterator[Problem]:
    """Columns and entries that a filter names."""
    for column, value in where.items():
        if column not in case.table.columns:
            yield _no_column(case, place, column)
            continue
        entries = list(dict.fromkeys(row.entry(column) for row in case.rows))
        if value not in entries:
            known = did_you_mean(value, [entry for entry in entries if entry])
            yield case.in_study(place, f"no row has {column} = '{value}'{known}")


def _no_column(case: Case, place: str, column: str) -> Problem:
    known = did_you_mean(column, [str(name) for name in case.table.columns])
    return case.in_study(place, f"the sample sheet has no column '{column}'{known}")


def _chosen(rows: Iterable[SampleRow], where: Mapping[str, str]) -> list[SampleRow]:
    return [row for row in rows if all(row.entry(c) == value for c, value in where.items())]


PLAN_CHECKS = (
    _reference,
    _pairing,
    _exclusions,
    _comparisons,
    _doses,
    _factors,
    _normalization,
)

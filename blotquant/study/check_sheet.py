"""Checks of the sample sheet by itself: lanes and samples twice, spellings, groups, replicates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

from .case import Case, SampleRow
from .problem import Problem, Severity
from .text import likeness

__all__ = ["SHEET_CHECKS"]

Key = TypeVar("Key", bound=Hashable)


def _empty_cells(case: Case) -> Iterator[Problem]:
    """Rows that do not say what is needed."""
    nameless = [row for row in case.rows if not row.membrane]
    if nameless:
        yield case.in_rows(nameless, "the membrane is empty; write it in every row")
    absent = case.table.attrs.get("missing", ())
    for column in ("group", "replicate", "sample"):
        severity: Severity = "warning" if column == "sample" else "error"
        rows = [row for row in case.samples if not row.entry(column)]
        if not rows:
            continue
        if column in absent or column not in case.table:
            message = f"there is no column '{column}'; add it and fill it in for each sample lane"
            yield case.in_sheet(message, severity)
        else:
            message = f"{column} is empty; fill it in, or set kind or use for lanes without sample"
            yield case.in_rows(rows, message, severity)


def _lane_twice(case: Case) -> Iterator[Problem]:
    """Two rows for one lane."""
    for (membrane, lane), rows in _by(case.rows, lambda row: (row.membrane, row.lane)).items():
        if lane is not None and len(rows) > 1:
            yield case.in_rows(rows, f"lane {lane} of membrane {membrane} has {len(rows)} rows")


def _sample_twice(case: Case) -> Iterator[Problem]:
    """Lanes of one membrane that say the same of their sample."""
    for rows in _by(case.samples, _identity).values():
        lanes = sorted({row.lane for row in rows if row.lane is not None})
        if len(lanes) < 2 or not rows[0].group:
            continue
        names = ", ".join(map(str, lanes))
        yield case.in_rows(
            rows,
            f"lanes {names} of membrane {rows[0].membrane} are the same sample, group and "
            "replicate; give technical repeats different entries in technical, or mend replicate",
        )


def _identity(row: SampleRow) -> tuple[object, ...]:
    named = (row.membrane, row.sample, row.group, row.replicate, row.technical)
    return (*named, *sorted(row.free.items()))


def _sample_in_two_groups(case: Case) -> Iterator[Problem]:
    """One sample of one replicate that is in several groups."""
    keyed = _by(case.samples, lambda row: (row.sample, row.replicate))
    for (sample, replicate), rows in keyed.items():
        groups = dict.fromkeys(row.group for row in rows if row.group)
        if sample and len(groups) > 1:
            told = " and ".join(f"'{group}'" for group in groups)
            yield case.in_rows(
                rows,
                f"sample '{sample}' of replicate '{replicate}' is in the groups {told}",
                "warning",
            )


def _spellings(case: Case) -> Iterator[Problem]:
    """Names that differ only by spaces, case or the kind of dash."""
    free = [name for name in case.table.columns if name in (case.rows[0].free if case.rows else ())]
    for column in ("membrane", "sample", "group", "replicate", "technical", *map(str, free)):
        severity: Severity = "warning" if column in free else "error"
        alike: dict[str, dict[str, list[SampleRow]]] = defaultdict(dict)
        for row in case.rows:
            name = row.entry(column)
            alike[likeness(name)].setdefault(name, []).append(row)
        for spelled in alike.values():
            if len(spelled) > 1:
                names = " and ".join(f"'{name}'" for name in spelled)
                fewest = min(spelled.values(), key=len)
                yield case.in_rows(
                    fewest,
                    f"{column} {names} differ only by spaces, case or dashes; write them alike",
                    severity,
                )


def _groups(case: Case) -> Iterator[Problem]:
    """Too few groups to compare, or more than there can be."""
    if case.rows and not case.samples:
        yield case.in_sheet("no lane is a sample that is used; see the columns kind and use")
    if len(case.groups) == 1 and not case.study.dose:
        yield case.in_rows(
            case.samples, f"there is only one group, '{case.groups[0]}'; nothing can be compared"
        )
    by_group = _by([row for row in case.samples if row.group], lambda row: row.group)
    single = [g for g, rows in by_group.items() if len({row.replicate for row in rows}) < 2]
    if len(by_group) > 1 and len(single) == len(by_group):
        yield case.in_sheet(
            "every group has one biological replicate; no test can be made", "warning"
        )


def _more_groups_than_lanes(case: Case) -> Iterator[Problem]:
    """A membrane whose rows name more groups than its images have lanes."""
    for membrane in case.study.membranes():
        found = [
            lanes
            for image in case.study.images_of(membrane)
            if (lanes := case.facts(image).lanes_in(image.panel)) is not None
        ]
        rows = case.rows_of(membrane)
        groups = {row.group for row in rows if row.group}
        if found and len(groups) > max(found):
            yield case.in_rows(
                rows,
                f"membrane {membrane} has {len(groups)} groups but its images have "
                f"{max(found)} lanes",
            )


def _by(rows: Sequence[SampleRow], key: Callable[[SampleRow], Key]) -> dict[Key, list[SampleRow]]:
    found: dict[Key, list[SampleRow]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


SHEET_CHECKS = (
    _empty_cells,
    _lane_twice,
    _sample_twice,
    _sample_in_two_groups,
    _spellings,
    _groups,
    _more_groups_than_lanes,
)

"""Checks of a study's images: files, lanes, targets, rows, and loading controls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from blotquant.files import is_plain_file
from blotquant.names import canonical, target_key

from .case import Case
from .parts import StudyImage
from .problem import Problem, Severity
from .text import did_you_mean

__all__ = ["IMAGE_CHECKS"]

_REFERENCES = ("loading_control", "total_protein")


def _files(case: Case) -> Iterator[Problem]:
    """Images that are not there or cannot be read."""
    if not case.study.image:
        yield case.in_study("", "no image is listed; write an [[image]] block for each target")
    for image in case.study.image:
        what = f"{image.role} {image.target}".strip()
        error = case.facts(image).error
        if not is_plain_file(case.folder / image.file):
            # of a study that is not complete blots are still to come
            severity: Severity = "error" if case.study.complete else "warning"
            message = f"there is no such file, so {what} has no image"
            yield case.in_image(image, message, severity)
        elif error:
            yield case.in_image(image, f"cannot be read ({error}), so {what} has no image")
        elif case.facts(image).panels and image.panel > len(case.facts(image).panels):
            count = len(case.facts(image).panels)
            yield case.in_image(image, f"panel {image.panel}: the picture shows {count}")


def _unknowns(case: Case) -> Iterator[Problem]:
    """What `blotquant init` left open."""
    for image in case.study.image:
        for key, text in (("membrane", image.membrane), ("target", image.target)):
            if text.startswith("?"):
                yield case.in_image(image, f"{key} = '{text}' is still open; fill it in")


def _membranes(case: Case) -> Iterator[Problem]:
    """Membranes of the sheet and of the study file that do not meet."""
    known = list(dict.fromkeys(image.membrane for image in case.study.image))
    in_sheet = list(dict.fromkeys(row.membrane for row in case.rows if row.membrane))
    for name in in_sheet:
        if name not in known:
            message = f"no image shows membrane '{name}'{did_you_mean(name, known)}"
            yield case.in_rows(case.rows_of(name), message)
    for name in known:
        if name not in in_sheet:
            yield case.in_sheet(f"membrane '{name}' of study.toml has no rows")
    blocks = [block.id for block in case.study.membrane]
    for number, name in enumerate(blocks, 1):
        if name not in known:
            message = f"no image shows membrane '{name}'{did_you_mean(name, known)}"
            yield case.in_study(f"[[membrane]] {number} ({name})", message)
        if blocks.index(name) < number - 1:
            yield case.in_study(f"[[membrane]] {number} ({name})", "stands twice")


def _lanes(case: Case) -> Iterator[Problem]:
    """Rows for lanes that no image of their membrane has."""
    for membrane in dict.fromkeys(image.membrane for image in case.study.image):
        found = _lanes_found(case, membrane)
        if not found:
            continue
        most = max(found.values())
        best = next(image for image, lanes in found.items() if lanes == most)
        for row in case.rows_of(membrane):
            if row.lane is not None and row.lane > most:
                message = f"membrane {membrane} has no lane {row.lane}: {best} has {most} lanes"
                yield case.in_cell(row, "lane", message)
        listed = {row.lane for row in case.rows_of(membrane)}
        gaps = [lane for lane in range(1, most + 1) if lane not in listed]
        if gaps and None not in listed and listed:
            names = ", ".join(map(str, gaps))
            yield case.in_sheet(
                f"membrane {membrane} has no row for lane {names} of {best}; write one for each "
                "lane, with kind ladder or empty where there is no sample"
            )


def _lane_counts(case: Case) -> Iterator[Problem]:
    """Images of one membrane that do not agree on its lanes.

    A target may show in some lanes only; a loading control or total protein has to show all.
    """
    for membrane in dict.fromkeys(image.membrane for image in case.study.image):
        found = _lanes_found(case, membrane)
        if len(set(found.values())) < 2:
            continue
        rows = {row.lane for row in case.rows_of(membrane) if row.lane is not None}
        wanted = max(rows, default=max(found.values()))
        roles = {image.name: image.role for image in case.study.images_of(membrane)}
        wrong = [
            name
            for name, lanes in found.items()
            if lanes > wanted or (lanes < wanted and roles[name] in _REFERENCES)
        ]
        told = ", ".join(f"{name} {lanes}" for name, lanes in found.items())
        tail = "give lane_count, or draw the lanes by hand" if wrong else "lanes are carried over"
        yield case.in_study(
            f"membrane {membrane}",
            f"its images do not have the same number of lanes: {told}; {tail}",
            "error" if wrong else "warning",
        )


def _lanes_found(case: Case, membrane: str) -> dict[str, int]:
    """Lanes of each image of a membrane, where they are known."""
    found = {}
    for image in case.study.images_of(membrane):
        lanes = case.facts(image).lanes_in(image.panel)
        if lanes is not None and not case.facts(image).error and image.role != "ladder":
            found[image.name] = lanes
    return found


def _targets_twice(case: Case) -> Iterator[Problem]:
    """A target that a membrane shows twice, a row that is two targets."""
    seen: dict[tuple[object, ...], list[StudyImage]] = defaultdict(list)
    places: dict[tuple[object, ...], list[StudyImage]] = defaultdict(list)
    for image in case.study.image:
        if image.role == "ladder":
            continue
        if image.target or image.role == "total_protein":
            name = target_key(image.target) or image.role
            seen[image.membrane, name].append(image)
        if image.role != "total_protein":
            places[image.name, image.panel].append(image)
    for (membrane, _), blocks in seen.items():
        if len(blocks) > 1:
            where = " and ".join(_place(block) for block in blocks)
            name = blocks[0].target or blocks[0].role
            yield case.in_image(
                blocks[-1], f"{name} of membrane {membrane} has two rows: {where}; keep one"
            )
    for blocks in places.values():
        yield from _rows_of_one_image(case, blocks)


def _rows_of_one_image(case: Case, blocks: Sequence[StudyImage]) -> Iterator[Problem]:
    """Several targets in one picture: each needs a row of its own."""
    taken: dict[object, StudyImage] = {}
    for block in blocks:
        if block.membrane != blocks[0].membrane:
            yield case.in_image(
                block,
                f"the same picture shows membrane {blocks[0].membrane} and {block.membrane}; "
                "give each its panel",
            )
            continue
        place = block.row
        if len(blocks) > 1 and place is None:
            yield case.in_image(
                block,
                f"shows several targets; say which row of bands is {block.target} (row = 1 is the "
                "uppermost)",
            )
        elif place in taken and target_key(taken[place].target) != target_key(block.target):
            yield case.in_image(
                block, f"{_place(block)} is taken for {taken[place].target} and {block.target}"
            )
        taken.setdefault(place, block)


def _place(block: StudyImage) -> str:
    return f"row {block.row} of {block.name}" if block.row is not None else block.name


def _phospho(case: Case) -> Iterator[Problem]:
    """Phosphorylated forms without their total."""
    for image in case.study.image:
        total = image.phospho_of
        if not total:
            continue
        if target_key(total) == target_key(image.target):
            yield case.in_image(image, f"phospho_of: {image.target} cannot be its own total")
        elif not case.shows(total):
            known = [target for target in case.study.targets() if target != image.target]
            yield case.in_image(
                image, f"phospho_of: no image shows '{total}'{did_you_mean(total, known)}"
            )
        elif not case.shows(total, image.membrane):
            yield case.in_image(
                image,
                f"its total {total} is on another membrane; they are paired by sample and flagged",
                "warning",
            )


def _controls(case: Case) -> Iterator[Problem]:
    """Membranes whose targets have nothing to be divided by."""
    plan = case.study.normalization
    roles = {
        "loading_control": ("loading_control",),
        "geometric_mean": ("loading_control",),
        "total_protein": ("total_protein",),
        "lane_factor": _REFERENCES,
    }.get(plan.method)
    if roles is None:
        return
    for name in plan.loading_controls:
        if not case.shows(name):
            shown = [image.target for image in case.study.image if image.role in _REFERENCES]
            message = f"loading_controls: no image shows '{name}'{did_you_mean(name, shown)}"
            yield case.in_study("[normalization]", message)
    elsewhere = [image for image in case.study.image if image.role in roles]
    for membrane in dict.fromkeys(image.membrane for image in case.study.image):
        targets = [i for i in case.study.images_of(membrane) if i.role == "target"]
        here = [i for i in case.study.controls_of(membrane) if i.role in roles]
        if not targets or membrane.startswith("?"):
            continue
        if not here:
            yield _without_control(case, membrane, targets, elsewhere)
        elif plan.method == "loading_control" and len(here) > 1:
            names = ", ".join(canonical(image.target) for image in here)
            yield case.in_study(
                f"membrane {membrane}",
                f"it has several loading controls ({names}); name one in loading_controls, or "
                "take method = 'geometric_mean'",
                "warning",
            )


def _without_control(
    case: Case, membrane: str, targets: Sequence[StudyImage], elsewhere: Sequence[StudyImage]
) -> Problem:
    method = case.study.normalization.method
    wanted = "total protein" if method == "total_protein" else "loading control"
    message = f"it has no {wanted} for {', '.join(image.target for image in targets)}"
    if elsewhere:
        other = elsewhere[0]
        name = canonical(other.target) or wanted
        message += f"; {name} is on membrane {other.membrane}, and counts only there"
    only_phospho = all(image.phospho_of for image in targets)
    return case.in_study(f"membrane {membrane}", message, "warning" if only_phospho else "error")


def _targets_of_all(case: Case) -> Iterator[Problem]:
    """Targets that some membranes do not show."""
    images = [image for image in case.study.image if image.role == "target"]
    if any(image.membrane.startswith("?") or image.target.startswith("?") for image in images):
        return  # said already
    shown = dict.fromkeys(image.membrane for image in images)
    for target in case.study.targets():
        lacking = [name for name in shown if not case.shows(target, name)]
        if lacking:
            message = f"target {target} has no image on membrane {', '.join(lacking)}"
            yield case.in_study("", message, "warning")


IMAGE_CHECKS = (
    _files,
    _unknowns,
    _membranes,
    _lanes,
    _lane_counts,
    _targets_twice,
    _phospho,
    _controls,
    _targets_of_all,
)

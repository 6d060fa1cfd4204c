"""The pictures of one membrane: lanes found where they show best, or drawn, and shared by all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..bands import detect_bands
from ..carry import carry_lanes, carry_membrane
from ..errors import NothingFound
from ..model import Blot, Layout
from ..recipe import Recipe
from ..registration import register
from ..study import StudyImage
from .image import detect

__all__ = ["MembraneLayouts", "images_together", "membrane_layouts", "sharing_lanes"]

# Whose lanes are taken first where several pictures of a membrane have been drawn on.
_BEST = ("total_protein", "loading_control", "ladder", "target")


@dataclass(frozen=True)
class MembraneLayouts:
    """What a membrane's pictures are to be measured with.

    Parameters
    ----------
    layouts : mapping of str to Layout
        By picture; one in which there is nothing has a reason instead.
    reasons : mapping of str to str
        Why a picture has no layout, one line.
    messages : tuple of str
        What is to be said of the membrane, one line each.
    """

    layouts: Mapping[str, Layout]
    reasons: Mapping[str, str] = field(default_factory=dict)
    messages: tuple[str, ...] = ()


def membrane_layouts(
    blots: Mapping[str, Blot],
    roles: Mapping[str, str],
    recipe: Recipe | None = None,
    drawn: Mapping[str, Layout] | None = None,
) -> MembraneLayouts:
    """Lanes and bands of all pictures of a membrane.

    Parameters
    ----------
    blots : mapping of str to Blot
        Pictures of one membrane, by name.
    roles : mapping of str to str
        Role of each, as in the study file.
    recipe : Recipe, optional
    drawn : mapping of str to Layout, optional
        Layouts that somebody made or corrected; they stay as they are, and the other pictures
        take their lanes.

    Returns
    -------
    MembraneLayouts
    """
    recipe = recipe or Recipe()
    drawn = drawn or {}
    wanted = {name: blot for name, blot in blots.items() if name not in drawn}
    if drawn and wanted:
        return _from_drawn(blots, roles, recipe, drawn)
    if not wanted:
        return MembraneLayouts(dict(drawn))
    if len(wanted) == 1:
        return _alone(wanted, recipe)
    try:
        carried = carry_membrane(wanted, roles, recipe)
    except NothingFound as error:
        return MembraneLayouts({}, dict.fromkeys(wanted, str(error)))
    found = {name: layout for name, layout in carried.layouts.items() if layout.bands}
    reasons = {
        name: f"{name}: no band in any lane of its membrane" for name in wanted if name not in found
    }
    return MembraneLayouts(found, reasons, carried.messages)


def _alone(blots: Mapping[str, Blot], recipe: Recipe) -> MembraneLayouts:
    """Each picture by itself."""
    layouts, reasons = {}, {}
    for name, blot in blots.items():
        try:
            layouts[name] = detect(blot, recipe)
        except NothingFound as error:
            reasons[name] = str(error)
    return MembraneLayouts(layouts, reasons)


def _from_drawn(
    blots: Mapping[str, Blot],
    roles: Mapping[str, str],
    recipe: Recipe,
    drawn: Mapping[str, Layout],
) -> MembraneLayouts:
    """Lanes of a picture that was drawn on, carried to those that were not."""
    source = min(drawn, key=lambda name: (_BEST.index(roles.get(name, "target")), name))
    layouts, reasons = dict(drawn), {}
    messages = [f"lanes of {source}, as drawn, were carried to the membrane's other images"]
    for name, blot in blots.items():
        if name in drawn:
            continue
        found = register(blots[source], blot, lanes=drawn[source].lanes)
        if found.message:
            messages.append(found.message)
        lanes = carry_lanes(drawn[source], found.transform, blot)
        try:
            layouts[name] = detect_bands(blot, lanes.lanes, recipe, panels=lanes.panels)
        except NothingFound as error:
            reasons[name] = str(error)
    return MembraneLayouts(layouts, reasons, tuple(messages))


def images_together(blocks: Sequence[StudyImage]) -> list[tuple[StudyImage, ...]]:
    """Blocks of a study by membrane; membranes that share a file are one."""
    groups: list[list[StudyImage]] = []
    for block in blocks:
        mine = [
            group
            for group in groups
            if any(block.membrane == one.membrane or block.file == one.file for one in group)
        ]
        groups = [group for group in groups if group not in mine]
        groups.append([*(one for group in mine for one in group), block])
    return [tuple(group) for group in groups]


def sharing_lanes(blocks: Sequence[StudyImage], names: Sequence[str]) -> list[tuple[str, ...]]:
    """Which pictures of a group from `images_together` share their lanes.

    All do; but a picture that shows several membranes shares its lanes with none of them as a
    whole, so then each stands by itself.

    Parameters
    ----------
    blocks : sequence of StudyImage
    names : sequence of str
        Pictures that are there.
    """
    if len({block.membrane for block in blocks}) > 1:
        return [(name,) for name in names]
    return [tuple(names)] if names else []

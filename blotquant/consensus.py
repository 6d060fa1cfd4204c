"""Which image of a membrane shows its lanes best, and what the others say of their number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from .membrane_layout import Transform, carried_lane
from .model import Lane, Layout

__all__ = ["choose_reference", "consensus_lanes"]

# Roles whose images show all lanes as a rule, and what that is worth.
ROLE_WORTH: Mapping[str, float] = {"total_protein": 1.3, "loading_control": 1.2, "ladder": 1.1}
# A lane without a band of its own (inferred from the spacing) counts so much.
_EMPTY = 0.4
# Two lanes are one if their centres are nearer than this share of the spacing.
_SAME = 0.4
# A lane that the reference lacks must be this certain in the images that show it.
_LEAST_CONFIDENCE = 0.5


def choose_reference(
    layouts: Mapping[str, Layout], roles: Mapping[str, str], lane_count: int | None = None
) -> str:
    """Name of the image that shows the lanes best.

    Parameters
    ----------
    layouts : mapping of str to Layout
        As found in each image by itself.
    roles : mapping of str to str
        Role of each image: total protein, loading control and ladder are preferred.
    lane_count : int, optional
        Number of lanes, where it is known: images that show as many come first.

    Returns
    -------
    str
        The image with the most lanes that hold bands, each counted by its confidence.

    Raises
    ------
    ValueError
        If there is no layout.
    """

    def worth(name: str) -> tuple[bool, float]:
        layout = layouts[name]
        busy = {band.lane_id for band in layout.bands if band.detected}
        seen = sum(lane.confidence * (1.0 if lane.id in busy else _EMPTY) for lane in layout.lanes)
        fits = lane_count is None or len(layout.lanes) == lane_count
        return fits, seen * ROLE_WORTH.get(roles.get(name, ""), 1.0)

    return max(layouts, key=worth)


@dataclass(frozen=True)
class _Extra:
    """A lane that the reference lacks, in the reference's coordinates."""

    image: str
    lane: Lane
    middle: float


def consensus_lanes(
    reference: str,
    layouts: Mapping[str, Layout],
    transforms: Mapping[str, Transform],
    roles: Mapping[str, str],
    shape: tuple[int, int],
) -> tuple[tuple[Lane, ...], tuple[str, ...]]:
    """Lanes of the reference image and those that others show beside them.

    A lane that the reference lacks is added if two other images show it, or one whose role is to
    show all lanes; its confidence must be fair, and it must stand clear of the others. No lane is
    dropped because others do not show it: targets are present in few lanes.

    Parameters
    ----------
    reference : str
    layouts : mapping of str to Layout
        As found in each image by itself.
    transforms : mapping of str to Transform
        From the reference to the images whose shift is known.
    roles : mapping of str to str
    shape : (rows, cols)
        Of the reference image.

    Returns
    -------
    lanes : tuple of Lane
        In the reference image.
    messages : tuple of str
        One line for each image that shows another number of lanes than are used.
    """
    own = layouts[reference]
    middles = [_middle(lane) for lane in own.lanes]
    gaps = np.diff(np.sort(middles))
    spacing = float(np.median(gaps)) if gaps.size else 2 * own.lanes[0].width
    extras = [
        extra
        for name, transform in transforms.items()
        if name != reference and name in layouts
        for extra in _extras(name, layouts[name], transform, own, shape)
        if min(abs(extra.middle - middle) for middle in middles) > (1 - _SAME) * spacing
    ]
    lanes, added = list(own.lanes), []
    for group in _grouped(extras, _SAME * spacing):
        names = sorted({extra.image for extra in group})
        if len(names) < 2 and roles.get(names[0], "") not in ROLE_WORTH:
            continue
        best = max(group, key=lambda extra: extra.lane.confidence)
        lanes.append(replace(best.lane, id=_free_id(lanes), source="auto"))
        added.append(
            f"a lane at column {best.middle:.0f} that {reference} does not show was added: "
            f"seen in {', '.join(names)}"
        )
    return tuple(lanes), (*added, *_disagreements(layouts, len(lanes)))


def _extras(
    name: str, layout: Layout, transform: Transform, own: Layout, shape: tuple[int, int]
) -> list[_Extra]:
    """Certain lanes of one image, carried back to the reference."""
    busy = {band.lane_id for band in layout.bands if band.detected}
    panel = own.panels[0]
    extras = []
    for lane in layout.lanes:
        if lane.id in busy and lane.confidence >= _LEAST_CONFIDENCE:
            back = replace(
                carried_lane(lane, transform.inverse, panel, shape),
                use=lane.use,
                confidence=lane.confidence,
            )
            middle = _middle(back)
            if 0 <= middle <= shape[1] - 1:
                extras.append(_Extra(name, back, middle))
    return extras


def _middle(lane: Lane) -> float:
    return float(lane.center((lane.top + lane.bottom) / 2))


def _grouped(extras: list[_Extra], reach: float) -> list[list[_Extra]]:
    """Extras of different images at one place, left to right."""
    groups: list[list[_Extra]] = []
    for extra in sorted(extras, key=lambda extra: extra.middle):
        if groups and extra.middle - groups[-1][-1].middle <= reach:
            groups[-1].append(extra)
        else:
            groups.append([extra])
    return groups


def _free_id(lanes: list[Lane]) -> str:
    taken = {lane.id for lane in lanes}
    number = len(lanes) + 1
    while f"lane-{number}" in taken:
        number += 1
    return f"lane-{number}"


def _disagreements(layouts: Mapping[str, Layout], count: int) -> tuple[str, ...]:
    others = {name: len(layout.lanes) for name, layout in layouts.items()}
    return tuple(
        f"{name}: {found} lanes found in this image by itself; all {count} lanes of the membrane "
        "are read in it"
        for name, found in others.items()
        if found != count
    )

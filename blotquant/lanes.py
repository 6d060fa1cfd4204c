"""Find the lanes of each panel: evidence of bands, straightened, cut into a comb, completed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .comb import Tooth, find_teeth, lane_feet
from .comb_choice import balanced_profile, band_width, disagreement, with_hidden_lanes
from .complete import complete_comb
from .dirt import Dirt, dirt_of
from .dots import count_round_spots
from .errors import NothingFound
from .evidence import band_evidence
from .follow import lane_offsets
from .halves import halves_joined
from .lane_sides import with_whole_flanks
from .merged import told_apart
from .model import Blot, Lane, Panel, Point
from .noise import NoiseModel
from .outer_lanes import with_outer_lanes, with_whole_bands
from .ragged import warp_of_even_ends
from .recipe import FindingSettings
from .scene import Scene, make_scene
from .warp import Warp, fit_warp, straighten

__all__ = ["find_lanes"]

_PATH_POINTS = 13


def find_lanes(
    blot: Blot, panels: tuple[Panel, ...], noise: NoiseModel, settings: FindingSettings
) -> tuple[Lane, ...]:
    """Find the lanes of every panel.

    Parameters
    ----------
    blot : Blot
    panels : tuple of Panel
    noise : NoiseModel
    settings : FindingSettings
        `lane_count`, `lane_spacing` and `lane_width` are taken as told where given.

    Returns
    -------
    tuple of Lane
        Left to right within each panel; empty lanes between others included.

    Raises
    ------
    NothingFound
        If no panel has a lane, with the reason.
    """
    lanes: list[Lane] = []
    for panel in panels:
        scene = make_scene(blot, panel)
        clean = _clean(scene, dirt_of(blot, noise))
        evidence = band_evidence(clean)
        spots = count_round_spots(scene, evidence) if evidence.any() else 0
        if spots and not settings.lane_count:
            raise NothingFound(
                f"{blot.source.name}: looks like a dot blot ({spots} round spots), which has no "
                "lanes; draw lanes by hand, or give their number (--lanes), if it is a gel"
            )
        lanes += _lanes_of_panel(clean, evidence, panel, settings, len(lanes))
    if not lanes:
        raise NothingFound(
            f"{blot.source.name}: no bands stand out of the background, so there are no lanes; "
            "check the polarity (--invert) or lower the sensitivity"
        )
    return tuple(lanes)


def _clean(scene: Scene, dirt: Dirt) -> Scene:
    """Scene without specks and scratches."""
    if scene.inside.all():
        return replace(scene, signal=dirt.signal)
    return replace(scene, signal=np.where(scene.inside, dirt.signal, scene.signal))


def _lanes_of_panel(
    scene: Scene,
    evidence: NDArray[np.float32],
    panel: Panel,
    settings: FindingSettings,
    already: int,
) -> list[Lane]:
    if not evidence.any():
        return []
    width = settings.lane_width / scene.factor if settings.lane_width else None
    spacing = settings.lane_spacing / scene.factor if settings.lane_spacing else None
    warp, teeth, against = _comb(evidence, settings.lane_count, spacing)
    if not teeth:
        return []
    if not settings.lane_count:
        teeth = with_outer_lanes(teeth, scene, warp)
    wide = with_whole_bands(teeth, scene, warp)
    # the evidence is the root of the signal: squared, it shows how soft the lanes' edges are
    squared = evidence**2
    linear = straighten(squared, warp)
    feet = lane_feet(linear.sum(axis=0), wide)
    offsets = lane_offsets(linear, teeth)
    feet = with_whole_flanks(feet, wide, squared, linear, offsets, scene, warp)
    if width:
        feet = [(tooth.center - width / 2, tooth.center + width / 2) for tooth in wide]
    whole = [
        replace(tooth, left=left, right=right)
        for tooth, (left, right) in zip(teeth, feet, strict=True)
    ]
    centers = _courses(scene, warp, whole, offsets)
    columns = np.clip(np.rint(centers), 0, scene.signal.shape[1] - 1).astype(int)
    on_membrane = scene.inside[np.arange(len(scene.inside)), columns]
    # what the bands say of all lanes limits what the gaps beside one say of it
    most = 1.0 - against if against > _CONTRADICTED else 1.0
    lanes: list[Lane] = []
    for tooth, center, is_on in zip(whole, centers, on_membrane, strict=True):
        path = _path(scene, center, is_on)
        if path:
            sure = min(max(2 * tooth.clarity, 0.05), 1.0) if tooth.strength > 0 else 0.6
            name, width = f"lane-{already + len(lanes) + 1}", tooth.width * scene.factor
            lanes.append(Lane(name, panel.id, path, width, confidence=min(sure, most)))
    return lanes


# Where more of the bands than this contradict the lanes, they are looked for another way, ...
_CONTRADICTED = 0.3
# ... which must leave less than this share of the contradiction.
_BETTER = 0.5
# A lane against the usual band that stands apart.
_WIDER = (1.1, 1.3, 1.6)


def _comb(
    evidence: NDArray[np.float32], count: int | None, spacing: float | None
) -> tuple[Warp, list[Tooth], float]:
    """How the lanes lean and bow, where each is at mid-height, and how much contradicts them.

    Where the bands contradict the lanes, a strong row of bands whose lanes touch has hidden the
    gaps, or bands of different lanes were taken for one: then every row counts alike, and lanes
    may stand upright.
    """
    warp = fit_warp(evidence)
    straight = straighten(evidence, warp)
    teeth, against = _reading(straight.sum(axis=0), straight, len(evidence), count, spacing)
    even = None if count else warp_of_even_ends(evidence, straight, teeth, warp)
    if even is not None:
        upright = straighten(evidence, even)
        found, still = _reading(upright.sum(axis=0), upright, len(evidence), None, spacing)
        if len(found) < len(teeth) and still <= max(against, _CONTRADICTED):
            warp, teeth, against = even, found, still
    if against <= _CONTRADICTED:
        return warp, teeth, against
    least, chosen = _BETTER * against, (warp, teeth, against)
    for other in (warp, Warp(warp.height, warp.width)):
        straight = straighten(evidence, other)
        for wider in _WIDER:
            profile = balanced_profile(straight, wider * band_width(straight))
            found, against = _reading(profile, straight, len(evidence), count, spacing, hidden=True)
            if len(found) >= len(teeth) and against < least:
                least, chosen = against, (other, found, against)
    return chosen


def _reading(
    profile: NDArray[np.float64],
    straight: NDArray[np.float64],
    height: int,
    count: int | None,
    spacing: float | None,
    *,
    hidden: bool = False,
) -> tuple[list[Tooth], float]:
    """Lanes that a profile of the evidence shows, and how much of the bands contradicts them.

    `hidden` adds the lanes that even wells ask for.
    """
    found = find_teeth(profile, spacing)
    whole = halves_joined(found, straight)
    teeth = complete_comb(told_apart(whole, straight), straight, height, count, spacing)
    if hidden and not count:
        teeth = with_hidden_lanes(teeth)
    # bands bright at both ends would contradict whole lanes: what they say of the halves counts
    return teeth, disagreement(teeth if whole == found else found, straight)


def _courses(
    scene: Scene, warp: Warp, teeth: list[Tooth], offsets: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Column of each lane's middle in each row: along the warp and its own offset."""
    rows = np.arange(scene.signal.shape[0], dtype=np.float64)
    n_slices = offsets.shape[1]
    middles = (np.arange(n_slices) + 0.5) * rows.size / n_slices - 0.5
    home = np.array([tooth.center for tooth in teeth])
    beside = [np.interp(rows, middles, offset) for offset in offsets]
    return np.asarray(warp.column(home[:, None], rows) + beside, np.float64)


def _path(scene: Scene, center: NDArray[np.float64], is_on: NDArray[np.bool_]) -> tuple[Point, ...]:
    """Course of a lane, one column a row, from where it enters the membrane to its exit.

    Empty where hardly any of it is on the membrane.
    """
    rows = np.arange(center.size, dtype=np.float64)
    on_membrane = np.flatnonzero(is_on)
    if on_membrane.size < 4:
        return ()
    ends = np.linspace(on_membrane[0], on_membrane[-1], _PATH_POINTS)
    middle = np.interp(ends, rows, center)
    path: list[Point] = [
        (scene.full(row), scene.full(column))
        for row, column in zip(ends.tolist(), middle.tolist(), strict=True)
    ]
    # the first and last px of the picture belong to the lane as well
    if on_membrane[0] == 0:
        path[0] = (0.0, path[0][1])
    if on_membrane[-1] == rows.size - 1:
        path[-1] = (max(path[-1][0], scene.full(rows.size - 0.5) - 0.5), path[-1][1])
    return tuple(path)

"""Find the lanes of each panel: band evidence, straightened, cut into a comb, completed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .comb import Tooth, find_teeth, lane_feet
from .dots import count_round_spots
from .errors import NothingFound
from .evidence import band_evidence
from .follow import lane_offsets
from .model import Blot, Lane, Panel, Point
from .noise import NoiseModel
from .recipe import FindingSettings
from .scene import Scene, make_scene
from .warp import Warp, fit_warp, straighten

__all__ = ["find_lanes"]

# A gap this close to a whole number of spacings holds empty lanes; else it parts two groups.
_EMPTY_TOLERANCE = 0.2
_MAX_EMPTY_RUN = 3
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
        evidence = band_evidence(scene)
        spots = count_round_spots(scene, evidence) if evidence.any() else 0
        if spots and not settings.lane_count:
            raise NothingFound(
                f"{blot.source.name}: looks like a dot blot ({spots} round spots), which has no "
                "lanes; draw lanes by hand, or give their number (--lanes), if it is a gel"
            )
        lanes += _lanes_of_panel(scene, evidence, panel, settings, len(lanes))
    if not lanes:
        raise NothingFound(
            f"{blot.source.name}: no bands stand out of the background, so there are no lanes; "
            "check the polarity (--invert) or lower the sensitivity"
        )
    return tuple(lanes)


def _lanes_of_panel(
    scene: Scene,
    evidence: NDArray[np.float32],
    panel: Panel,
    settings: FindingSettings,
    already: int,
) -> list[Lane]:
    if not evidence.any():
        return []
    warp = fit_warp(evidence)
    straight = straighten(evidence, warp)
    width_hint = settings.lane_width / scene.factor if settings.lane_width else None
    teeth = find_teeth(straight.sum(axis=0), width_hint)
    teeth = [tooth for tooth in teeth if _is_banded(straight, tooth, evidence.shape[0])]
    if not teeth:
        return []
    teeth = _with_edge_lanes(_without_strays(teeth), straight, evidence.shape[0])
    teeth = _without_marks(teeth, straight)
    spacing = settings.lane_spacing / scene.factor if settings.lane_spacing else None
    teeth = _with_empty_lanes(teeth, spacing)
    # the evidence is the root of the signal: squared, it shows how soft the lanes' edges are
    linear = straighten(evidence**2, warp)
    feet = lane_feet(linear.sum(axis=0), teeth)
    offsets = lane_offsets(linear, teeth)
    lanes = []
    for tooth, (left, right), offset in zip(teeth, feet, offsets, strict=True):
        whole = replace(tooth, left=left, right=right)
        if settings.lane_width:
            half = settings.lane_width / scene.factor / 2
            whole = replace(tooth, left=tooth.center - half, right=tooth.center + half)
        lane = _lane(scene, warp, whole, offset, panel, f"lane-{already + len(lanes) + 1}")
        if lane is not None:
            lanes.append(lane)
    return lanes


def _typical_spacing(teeth: list[Tooth]) -> float:
    """Distance between neighbouring lanes, gaps between groups left out."""
    steps = np.diff([tooth.center for tooth in teeth])
    near = np.quantile(steps, 0.3)
    return float(np.median(steps[(steps > 0.7 * near) & (steps < 1.4 * near)]))


def _with_empty_lanes(teeth: list[Tooth], spacing: float | None) -> list[Tooth]:
    """Comb with teeth where a gap is a whole number of spacings wide."""
    if len(teeth) < 3 and not (spacing and len(teeth) > 1):
        return teeth
    spacing = spacing or _typical_spacing(teeth)
    width = float(np.median([tooth.width for tooth in teeth]))
    complete = teeth[:1]
    for left, right in zip(teeth, teeth[1:], strict=False):
        step = (right.center - left.center) / spacing
        missing = round(step) - 1
        if 0 < missing <= _MAX_EMPTY_RUN and abs(step - round(step)) < _EMPTY_TOLERANCE:
            for k in range(1, missing + 1):
                center = left.center + (right.center - left.center) * k / (missing + 1)
                complete.append(Tooth(center - width / 2, center + width / 2, 0.0, 0.0))
        complete.append(right)
    return complete


# An outermost tooth this faint against the others, and off their spacing, is no lane.
_STRAY = 0.2
# A lane at the edge that the comb missed has at least this share of a lane's evidence ...
_EDGE_EVIDENCE = 0.08
# ... over the middle of its place, and less than this share of that beyond its far side.
_EDGE_FALL = 0.5


def _without_strays(teeth: list[Tooth]) -> list[Tooth]:
    """Comb without faint outermost teeth that stand off the spacing of the rest."""
    for _ in range(2):
        teeth = teeth[::-1]
        while len(teeth) > 3:
            spacing = _typical_spacing(sorted(teeth[1:], key=lambda tooth: tooth.center))
            step = abs(teeth[1].center - teeth[0].center) / spacing
            typical = float(np.median([tooth.strength for tooth in teeth[1:]]))
            if teeth[0].strength > _STRAY * typical or abs(step - 1) < 0.15:
                break
            teeth = teeth[1:]
    return teeth


def _with_edge_lanes(
    teeth: list[Tooth], straight: NDArray[np.float64], height: int
) -> list[Tooth]:
    """Comb with a lane more at either end where the evidence goes on for just one spacing.

    A weak or damaged last lane is a mere shoulder of its neighbour and has no dip beside it.
    """
    if len(teeth) < 4:
        return teeth
    profile = straight.sum(axis=0)
    spacing = _typical_spacing(teeth)
    half = float(np.median([tooth.width for tooth in teeth])) / 2
    middle_of = [_mean_between(profile, t.center - half / 2, t.center + half / 2) for t in teeth]
    least = _EDGE_EVIDENCE * float(np.median(middle_of))
    for side in (-1, 1):
        end = teeth[-1] if side > 0 else teeth[0]
        center = end.center + side * spacing
        if not half * 0.6 < center < profile.size - half * 0.6:
            continue
        # the near end of its place may be the neighbour's foot: look from there on
        inside = _mean_between(profile, center - 0.6 * half, center + 0.6 * half)
        far = center + side * (spacing - 0.3 * half)
        beyond = _mean_between(profile, far - 0.3 * half, far + 0.3 * half)
        clear = abs(end.center + side * half - center) > 0.5 * half
        if clear and inside > least and beyond < _EDGE_FALL * inside:
            tooth = Tooth(center - half, center + half, inside / float(np.median(middle_of)), 0.2)
            # in a strip a damaged band cannot be told by its width, and a bubble is unlikely
            if height < 3 * tooth.width or _is_banded(straight, tooth, height):
                teeth = [*teeth, tooth] if side > 0 else [tooth, *teeth]
    return teeth


def _mean_between(profile: NDArray[np.float64], left: float, right: float) -> float:
    part = profile[max(0, int(left)) : max(0, int(np.ceil(right))) + 1]
    return float(part.mean()) if part.size else 0.0


# Pen strokes beside a ladder are narrower than this share of a lane.
_STROKE = 0.7


def _without_marks(teeth: list[Tooth], straight: NDArray[np.float64]) -> list[Tooth]:
    """Comb without an outermost tooth made of pen marks drawn beside the ladder's bands.

    Marks are narrow, and their neighbour is a ladder: a lane with bands where no other has any.
    """
    for _ in range(2):  # one end, then the other
        teeth = teeth[::-1]
        if len(teeth) < 4:
            continue
        marks, ladder, others = teeth[0], teeth[1], teeth[2:]
        if marks.width > _STROKE * float(np.median([tooth.width for tooth in teeth[1:]])):
            continue
        crowd = np.max([_row_profile(straight, tooth) for tooth in others], axis=0)
        if _shared(_row_profile(straight, ladder), crowd) < 0.75:
            teeth = teeth[1:]
    return teeth


def _row_profile(straight: NDArray[np.float64], tooth: Tooth) -> NDArray[np.float64]:
    profile = straight[:, max(0, int(tooth.left)) : int(tooth.right) + 1].sum(axis=1)
    return profile / max(float(profile.max()), 1e-12)


def _shared(part: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    """Share of one row profile that stands in rows where the other has something."""
    present = whole > 0.3
    return float(part[present].sum() / max(float(part.sum()), 1e-12))


# A lane's evidence comes from slices that are filled across it; specks fill little.
_MIN_FILL = 0.55
_MIN_SUPPORT = 0.35


def _is_banded(straight: NDArray[np.float64], tooth: Tooth, height: int) -> bool:
    """Whether a tooth holds bands (wide and thin), not specks or the end of a scratch."""
    columns = slice(max(0, int(tooth.left)), int(np.ceil(tooth.right)) + 1)
    # a slanting band drops by less than the lane's width: slices that thick hold it whole
    n_slices = max(1, round(height / (1.2 * tooth.width)))
    edges = np.linspace(0, len(straight), min(n_slices, len(straight)) + 1).astype(int)[:-1]
    part = np.add.reduceat(straight[:, columns], edges, axis=0)
    weight = part.sum(axis=1)
    fill = (part > 0.3 * part.max(axis=1, keepdims=True)).mean(axis=1)
    return bool(weight[fill >= _MIN_FILL].sum() > _MIN_SUPPORT * weight.sum())


def _lane(
    scene: Scene,
    warp: Warp,
    tooth: Tooth,
    offset: NDArray[np.float64],
    panel: Panel,
    lane_id: str,
) -> Lane | None:
    """Lane along the warp and its own offset, from where it enters the membrane to its exit."""
    rows = np.arange(scene.signal.shape[0], dtype=np.float64)
    middles = (np.arange(offset.size) + 0.5) * rows.size / offset.size - 0.5
    center = warp.column(tooth.center, rows) + np.interp(rows, middles, offset)
    columns = np.clip(np.rint(center), 0, scene.signal.shape[1] - 1)
    on_membrane = np.flatnonzero(scene.inside[rows.astype(int), columns.astype(int)])
    if on_membrane.size < 4:
        return None
    ends = np.linspace(on_membrane[0], on_membrane[-1], _PATH_POINTS)
    path: list[Point] = [
        (scene.full(float(row)), scene.full(float(np.interp(row, rows, center)))) for row in ends
    ]
    # the first and last px of the picture belong to the lane as well
    if on_membrane[0] == 0:
        path[0] = (0.0, path[0][1])
    if on_membrane[-1] == rows.size - 1:
        path[-1] = (max(path[-1][0], scene.full(rows.size - 0.5) - 0.5), path[-1][1])
    return Lane(
        lane_id,
        panel.id,
        tuple(path),
        tooth.width * scene.factor,
        confidence=float(np.clip(2 * tooth.clarity, 0.05, 1.0)) if tooth.strength > 0 else 0.6,
    )

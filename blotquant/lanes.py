"""Find the lanes of each panel: band evidence, straightened, cut into a comb, completed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from .comb import Tooth, find_teeth, lane_feet
from .errors import NothingFound
from .evidence import band_evidence
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
        lanes += _lanes_of_panel(scene, panel, settings, len(lanes))
    if not lanes:
        raise NothingFound(
            f"{blot.source.name}: no bands stand out of the background, so there are no lanes; "
            "check the polarity (--invert) or lower the sensitivity"
        )
    return tuple(lanes)


def _lanes_of_panel(
    scene: Scene, panel: Panel, settings: FindingSettings, already: int
) -> list[Lane]:
    evidence = band_evidence(scene)
    if not evidence.any():
        return []
    warp = fit_warp(evidence)
    straight = straighten(evidence, warp)
    width_hint = settings.lane_width / scene.factor if settings.lane_width else None
    teeth = find_teeth(straight.sum(axis=0), width_hint)
    teeth = [tooth for tooth in teeth if _is_banded(straight, tooth, evidence.shape[0])]
    if not teeth:
        return []
    teeth = _without_marks(teeth, straight)
    spacing = settings.lane_spacing / scene.factor if settings.lane_spacing else None
    teeth = _with_empty_lanes(teeth, spacing)
    # the evidence is the root of the signal: squared, it shows how soft the lanes' edges are
    linear = straighten(evidence**2, warp).sum(axis=0)
    feet = lane_feet(linear, teeth)
    lanes = []
    for tooth, (left, right) in zip(teeth, feet, strict=True):
        whole = replace(tooth, left=left, right=right)
        if settings.lane_width:
            half = settings.lane_width / scene.factor / 2
            whole = replace(tooth, left=tooth.center - half, right=tooth.center + half)
        lane = _lane(scene, warp, whole, panel, f"lane-{already + len(lanes) + 1}")
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
        if _shared(_row_profile(straight, ladder), crowd) < 0.7:
            teeth = teeth[1:]
    return teeth


def _row_profile(straight: NDArray[np.float64], tooth: Tooth) -> NDArray[np.float64]:
    profile = straight[:, max(0, int(tooth.left)) : int(tooth.right) + 1].sum(axis=1)
    return profile / max(float(profile.max()), 1e-12)


def _shared(part: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    """Share of one row profile that stands in rows where the other has something."""
    present = maximum_filter1d(whole, 3) > 0.1
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
    scene: Scene, warp: Warp, tooth: Tooth, panel: Panel, lane_id: str
) -> Lane | None:
    """Lane along the warp, from where it enters the membrane to where it leaves it."""
    rows = np.arange(scene.signal.shape[0], dtype=np.float64)
    columns = np.clip(np.rint(warp.column(tooth.center, rows)), 0, scene.signal.shape[1] - 1)
    on_membrane = np.flatnonzero(scene.inside[rows.astype(int), columns.astype(int)])
    if on_membrane.size < 4:
        return None
    ends = np.linspace(on_membrane[0], on_membrane[-1], _PATH_POINTS)
    path: list[Point] = [
        (scene.full(float(row)), scene.full(float(warp.column(tooth.center, row)))) for row in ends
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

"""How far the bands' sides stand beside given lanes: the last px of a shift between two images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .comb import Tooth
from .follow import band_places
from .model import Lane
from .scene import Scene

__all__ = ["Flanks", "band_flanks", "fit_flanks"]

# A lane is looked at in this many slices, and this share of its width to either side of it.
_SLICES, _MARGIN = 48, 0.35
# One slice of one lane is right to this many px of the scene; all lanes turn together by about
# this many degrees more or less than what was undone.
_PLACE_ERROR, _TURN_ERROR = 1.0, 0.3


@dataclass(frozen=True, eq=False)
class Flanks:
    """Places of bands against their lanes.

    Parameters
    ----------
    lane : ndarray of int, shape (N,)
        Which lane, from 0.
    row : ndarray, shape (N,)
        Row of the picture, px.
    offset : ndarray, shape (N,)
        How far right of the lane's centre the middle between the band's two sides is, px.
    weight : ndarray, shape (N,)
    """

    lane: NDArray[np.intp]
    row: NDArray[np.float64]
    offset: NDArray[np.float64]
    weight: NDArray[np.float64]


def band_flanks(
    scene: Scene, evidence: NDArray[np.float32], lanes: Sequence[Lane | None]
) -> Flanks:
    """Measure where bands stand across their lanes.

    Parameters
    ----------
    scene : Scene
    evidence : ndarray, shape (rows, cols)
        Map from `blotquant.evidence.band_evidence`.
    lanes : sequence of Lane or None
        None for a lane that the picture does not show.
    """
    parts = [
        _of_lane(scene, evidence, lane, k) for k, lane in enumerate(lanes) if lane is not None
    ]
    if not parts:
        return Flanks(np.empty(0, np.intp), np.empty(0), np.empty(0), np.empty(0))
    lane_index, row, offset, weight = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return Flanks(lane_index.astype(np.intp), row, offset, weight)


def _of_lane(
    scene: Scene, evidence: NDArray[np.float32], lane: Lane, index: int
) -> tuple[NDArray[np.float64], ...]:
    width = lane.width / scene.factor
    reach = int(np.ceil((0.5 + _MARGIN) * width))
    rows = np.arange(evidence.shape[0], dtype=np.float64)
    rows = rows[(scene.full(0) + rows * scene.factor >= lane.top - 0.5)]
    rows = rows[scene.full(0) + rows * scene.factor <= lane.bottom + 0.5]
    if rows.size < 4 or reach < 2:
        return (np.empty(0),) * 4
    center = scene.reduced(0) + lane.center(scene.full(0) + rows * scene.factor) / scene.factor
    columns = center[:, None] + np.arange(-reach, reach + 1)
    straight = cv2.remap(
        evidence,
        columns.astype(np.float32),
        np.broadcast_to(rows[:, None], columns.shape).astype(np.float32),
        cv2.INTER_LINEAR,
    )
    edges = np.linspace(0, rows.size, min(_SLICES, rows.size) + 1).astype(int)[:-1]
    # the evidence is the root of the signal
    slices = np.add.reduceat(straight.astype(np.float64) ** 2, edges, axis=0)
    tooth = Tooth(reach - width / 2, reach + width / 2, 1.0, 1.0)
    offset, weight = band_places(slices, tooth)
    middle = np.add.reduceat(rows, edges) / np.diff(np.append(edges, rows.size))
    seen = np.isfinite(offset) & (weight > 0)
    return (
        np.full(int(seen.sum()), float(index)),
        scene.full(0) + middle[seen] * scene.factor,
        offset[seen] * scene.factor,
        weight[seen],
    )


def fit_flanks(
    reference: Flanks, other: Flanks, pivot_row: float, factor: float
) -> tuple[float, float, float, int]:
    """Shift and rotation that are left between two images whose lanes lie on each other.

    Each lane's bands in the other image against the same lane's bands in the reference, so that
    it does not matter where in its bands the lane was drawn.

    Parameters
    ----------
    reference, other : Flanks
    pivot_row : float
        Row of the other image about which the rotation is counted.
    factor : float
        Px of the picture per px of the scene they were measured in.

    Returns
    -------
    shift : float
        Px to the right.
    turn : float
        Degrees, clockwise; close to 0 where all bands lie at one height.
    spread : float
        Robust spread of the lanes about it, px.
    n_lanes : int
        Lanes that it rests upon.
    """
    own = {int(k): _median(reference, int(k)) for k in np.unique(reference.lane)}
    used = np.isin(other.lane, list(own))
    if not used.any():
        return 0.0, 0.0, 0.0, 0
    residual = other.offset[used] - np.array([own[int(k)] for k in other.lane[used]])
    down = other.row[used] - pivot_row
    # a lane with many slices counts as one with few
    lanes, inverse, count = np.unique(other.lane[used], return_inverse=True, return_counts=True)
    weight = 1.0 / np.sqrt(count[inverse])
    shift, slope = _robust_line(down, residual, weight, _PLACE_ERROR * factor)
    left = residual - shift - slope * down
    spread = 1.4826 * float(np.median(np.abs([np.median(left[inverse == k]) for k in range(lanes.size)])))
    return shift, float(np.degrees(-np.arctan(slope))), spread, int(lanes.size)


def _median(flanks: Flanks, lane: int) -> float:
    return float(np.median(flanks.offset[flanks.lane == lane]))


def _robust_line(
    x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64], error: float
) -> tuple[float, float]:
    """Intercept and slope by iteratively reweighted least squares, the slope held towards 0."""
    constant, slope = float(np.median(y)), 0.0
    hold = (error / np.tan(np.radians(_TURN_ERROR))) ** 2
    for _ in range(12):
        distance = np.abs(y - constant - slope * x)
        trust = weight / np.maximum(distance / error, 1.0)
        design = np.column_stack((np.ones(x.size), x))
        normal = design.T @ (design * trust[:, None]) + np.diag((0.0, hold))
        constant, slope = (float(v) for v in np.linalg.solve(normal, design.T @ (trust * y)))
    return constant, slope

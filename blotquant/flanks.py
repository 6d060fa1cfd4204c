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

# A lane is looked at with this share of its width to either side of it.
_MARGIN = 0.35
# Bands weaker than these shares of the lane's and of the picture's strongest are not asked.
_LEAST_OF_LANE, _LEAST = 0.05, 0.01
# One band is right to this many px of the scene; all lanes turn together by about
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
    """

    lane: NDArray[np.intp]
    row: NDArray[np.float64]
    offset: NDArray[np.float64]


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
    straight = {
        k: _straight(scene, evidence, lane) for k, lane in enumerate(lanes) if lane is not None
    }
    along = {k: part.values.sum(axis=1) for k, part in straight.items()}
    strongest = max((float(mass.max()) for mass in along.values() if mass.size), default=0.0)
    found: list[tuple[int, float, float]] = []
    for k, part in straight.items():
        for first, stop in _runs(along[k], strongest):
            offset = part.offset(first, stop)
            if np.isfinite(offset):
                mass = along[k][first:stop]
                row = float((mass * part.rows[first:stop]).sum() / mass.sum())
                found.append((k, scene.full(row), offset * scene.factor))
    table = np.array(found, np.float64).reshape(-1, 3)
    return Flanks(table[:, 0].astype(np.intp), table[:, 1], table[:, 2])


@dataclass(frozen=True, eq=False)
class _Straight:
    """A lane made straight, with its neighbourhood; px of the scene."""

    rows: NDArray[np.float64]
    values: NDArray[np.float64]  # in proportion to the signal
    tooth: Tooth

    def offset(self, first: int, stop: int) -> float:
        """Middle between the sides of the band in some rows against the lane's; NaN for none."""
        band = self.values[first:stop].sum(axis=0)[None, :]
        return float(band_places(band, self.tooth)[0][0])


def _straight(scene: Scene, evidence: NDArray[np.float32], lane: Lane) -> _Straight:
    width = lane.width / scene.factor
    reach = int(np.ceil((0.5 + _MARGIN) * width))
    top, bottom = scene.reduced(lane.top), scene.reduced(lane.bottom)
    rows = np.arange(evidence.shape[0], dtype=np.float64)
    rows = rows[(rows >= top - 0.5) & (rows <= bottom + 0.5)]
    center = scene.reduced(0) + lane.center(scene.full(0) + rows * scene.factor) / scene.factor
    columns = (center[:, None] + np.arange(-reach, reach + 1)).astype(np.float32)
    down = np.broadcast_to(rows[:, None], columns.shape).astype(np.float32)
    tooth = Tooth(reach - width / 2, reach + width / 2, 1.0, 1.0)
    if rows.size == 0:
        return _Straight(rows, np.empty(columns.shape), tooth)
    part = cv2.remap(evidence, columns, down, cv2.INTER_LINEAR)
    # the evidence is the root of the signal
    return _Straight(rows, part.astype(np.float64) ** 2, tooth)


def _runs(mass: NDArray[np.float64], strongest: float) -> list[tuple[int, int]]:
    """Stretches of rows in which a lane holds a band."""
    if mass.size == 0:
        return []
    above = mass > max(_LEAST_OF_LANE * float(mass.max()), _LEAST * strongest)
    ends = np.flatnonzero(np.diff(above.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in ends.reshape(-1, 2)]


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
    # a lane with many bands counts little more than one with few
    lanes, inverse, count = np.unique(other.lane[used], return_inverse=True, return_counts=True)
    weight = 1.0 / np.sqrt(count[inverse])
    shift, slope = _robust_line(down, residual, weight, _PLACE_ERROR * factor)
    left = residual - shift - slope * down
    by_lane = [float(np.median(left[inverse == k])) for k in range(lanes.size)]
    spread = 1.4826 * float(np.median(np.abs(by_lane)))
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

"""Two pictures laid over each other: at which shift and rotation their bands and lanes agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import gaussian_filter1d

from .evidence import band_evidence
from .membrane_layout import Transform
from .model import Point
from .scene import Scene

__all__ = ["Agreement", "Pose", "band_pattern", "refined", "shrunk", "survey", "turned_back"]

# Evidence of this share of the strong bands' counts half of theirs: bands weigh about alike.
_HALF = 0.15
# Nothing narrower than this share of a lane is a band.
_NARROW = 0.4
# Each band is brought to one height within this many rows, px of the scene, and a lane's spacing.
_TALL = 8
# Bands of this thickness (sigma, px of the scene) are blurred by: they need not lie still.
_BLUR = 1.0


@dataclass(frozen=True)
class Pose:
    """Where the other pattern lies: turned by `angle` about its middle, then shifted, px."""

    drow: float
    dcol: float
    angle: float

    @classmethod
    def of(cls, transform: Transform, middle: Point, factor: float) -> Pose:
        """Pose of a transform in px of the pictures.

        Parameters
        ----------
        transform : Transform
        middle : (row, col)
            Middle of the other pattern, px of the picture.
        factor : float
            Px of the pictures per px of the pattern.
        """
        row, col = transform(*transform.pivot)
        back = Transform(0.0, 0.0, -transform.angle, middle)(row, col)
        return cls(
            (float(back[0]) - transform.pivot[0]) / factor,
            (float(back[1]) - transform.pivot[1]) / factor,
            transform.angle,
        )

    def transform(self, middle: Point, factor: float, pivot: Point) -> Transform:
        """Transform in px of the pictures, its shift given at the pivot; the rest as in `of`."""
        turn = Transform(0.0, 0.0, self.angle, middle)
        row, col = turn(pivot[0] + factor * self.drow, pivot[1] + factor * self.dcol)
        return Transform(float(row) - pivot[0], float(col) - pivot[1], self.angle, pivot)


@dataclass(frozen=True, eq=False)
class Agreement:
    """Correlation of two patterns over all shifts, for each rotation.

    Parameters
    ----------
    angles : ndarray, shape (A,)
        Degrees.
    drows, dcols : ndarray, shape (R,), (C,)
        Px of the pattern.
    values : ndarray, shape (A, R, C)
        -1 to 1: the sum of products over the patterns' energies. What lies beside the other
        pattern counts as disagreement.
    """

    angles: NDArray[np.float64]
    drows: NDArray[np.float64]
    dcols: NDArray[np.float64]
    values: NDArray[np.float32]


def band_pattern(scene: Scene, spacing: float, width: float) -> NDArray[np.float32]:
    """Where bands are and where gaps between lanes are, whatever the bands' strength.

    Parameters
    ----------
    scene : Scene
    spacing : float
        Distance between lanes, px of the scene.
    width : float
        Of a lane, px of the scene: what is much narrower is a speck, a stroke or a letter.

    Returns
    -------
    ndarray, shape (rows, cols), float32
        About 1 in bands, below 0 between lanes that hold a band at this height, 0 elsewhere.
    """
    wide = np.ones((1, max(3, int(_NARROW * width))), np.uint8)
    evidence = cv2.morphologyEx(band_evidence(scene), cv2.MORPH_OPEN, wide)
    seen = evidence[evidence > 0]
    if seen.size == 0:
        return np.zeros(evidence.shape, np.float32)
    floor = max(1.0, _HALF * float(np.percentile(seen, 98))) ** 2
    # in proportion to the signal, so that a band's side is where it has fallen to a half
    linear = evidence**2
    around = np.ones((2 * _TALL + 1, 2 * int(spacing / 2) + 1), np.uint8)
    level = linear / (cv2.dilate(linear, around) + np.float32(floor))
    level = cv2.GaussianBlur(level, (0, 0), _BLUR)
    pattern = level - gaussian_filter1d(level, 0.8 * spacing, axis=1, mode="nearest")
    pattern[~scene.inside] = 0
    return np.asarray(pattern, np.float32)


def shrunk(pattern: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Pattern averaged over squares of `factor` px."""
    if factor == 1:
        return pattern
    rows, cols = (max(1, size // factor) for size in pattern.shape)
    whole = np.ascontiguousarray(pattern[: rows * factor, : cols * factor])
    return np.asarray(cv2.resize(whole, (cols, rows), interpolation=cv2.INTER_AREA), np.float32)


def survey(
    reference: NDArray[np.float32],
    others: Sequence[NDArray[np.float32]],
    angles: NDArray[np.float64],
    reach: tuple[int, int],
) -> Agreement:
    """Correlate two patterns at all shifts within reach.

    Parameters
    ----------
    reference : ndarray
    others : sequence of A ndarrays
        The other pattern, each rotation undone; it may differ from the reference in size.
    angles : ndarray, shape (A,)
        Degrees.
    reach : (rows, cols)
        Largest shifts, px of the pattern.
    """
    shapes = (reference.shape, others[0].shape)
    size = [
        next_fast_len(max(sizes) + far, real=True)
        for sizes, far in zip(zip(*shapes, strict=True), reach, strict=True)
    ]
    drows, dcols = np.arange(-reach[0], reach[0] + 1), np.arange(-reach[1], reach[1] + 1)
    spectrum = np.conj(rfft2(reference, size))
    own = float((reference**2).sum())
    values = np.empty((len(others), drows.size, dcols.size), np.float32)
    for k, other in enumerate(others):
        whole = irfft2(spectrum * rfft2(other, size), size)
        energy = math.sqrt(own * float((other**2).sum()))
        values[k] = whole[np.ix_(drows, dcols)] / max(energy, 1e-12)
    return Agreement(angles, drows.astype(np.float64), dcols.astype(np.float64), values)


def turned_back(
    other: NDArray[np.float32], pose: Pose, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Other pattern with its rotation and shift undone, on a grid of the given shape."""
    rows, cols = other.shape
    angle = math.radians(pose.angle)
    cos, sin = math.cos(angle), math.sin(angle)
    mid_row, mid_col = (rows - 1) / 2, (cols - 1) / 2
    down, right = pose.drow - mid_row, pose.dcol - mid_col
    # from (x, y) of the reference to (x, y) of the other
    matrix = np.array(
        [
            [cos, -sin, mid_col + right * cos - down * sin],
            [sin, cos, mid_row + down * cos + right * sin],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(other, matrix, (shape[1], shape[0]), flags=flags), np.float32)


def refined(
    reference: NDArray[np.float32], other: NDArray[np.float32], pose: Pose, step: float
) -> tuple[Pose, float]:
    """Climb to the nearest top of the correlation.

    Parameters
    ----------
    reference, other : ndarray
    pose : Pose
        Where to begin.
    step : float
        How far off it may be, px.

    Returns
    -------
    pose : Pose
    value : float
        Correlation there.
    """
    from scipy.optimize import minimize  # slow to import, and few runs compare pictures

    energy = math.sqrt(float((reference**2).sum()) * float((other**2).sum()))
    turn = math.degrees(step / (0.5 * max(reference.shape)))

    def loss(offset: NDArray[np.float64]) -> float:
        trial = _moved(pose, offset, step, turn)
        return -float(np.vdot(reference, turned_back(other, trial, reference.shape))) / energy

    corners = np.vstack((np.zeros(3), np.eye(3)))
    best = minimize(
        loss,
        np.zeros(3),
        method="Nelder-Mead",
        options={"initial_simplex": corners, "xatol": 0.02, "fatol": 1e-5, "maxfev": 120},
    )
    return _moved(pose, best.x, step, turn), -float(best.fun)


def _moved(pose: Pose, offset: NDArray[np.float64], step: float, turn: float) -> Pose:
    return Pose(
        pose.drow + step * float(offset[0]),
        pose.dcol + step * float(offset[1]),
        pose.angle + turn * float(offset[2]),
    )

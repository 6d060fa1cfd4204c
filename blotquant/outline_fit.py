"""One membrane in two pictures of different scale: how its outline in one lies on the other's."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .errors import LayoutError
from .model import Blot, Panel, Point
from .scene import reduce_blot

__all__ = ["Similarity", "fit_corners", "has_outline", "membrane_corners"]

Floats = NDArray[np.float64]

# Corners of one membrane lie on each other to this share of their distance from its middle.
_SAME_SHAPE = 0.05
# Each side is read at so many points, up to so far (px of the scene, share of its length) across.
_POINTS, _NEAR, _REACH = 60, 8.0, 0.03
# An outline this near the whole picture is none.
_WHOLE = 0.97


@dataclass(frozen=True)
class Similarity:
    """Scale, rotation and shift from one picture to another.

    Parameters
    ----------
    scale : float
        Px of the other picture per px of the one.
    angle : float
        Rotation, degrees, clockwise on the screen.
    pivot, place : (row, col)
        A point of the one picture, and where the other shows it.
    """

    scale: float
    angle: float
    pivot: Point
    place: Point

    def __call__(self, row: float, col: float) -> Point:
        """Row and column in the other picture of a place in the one."""
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        down, right = row - self.pivot[0], col - self.pivot[1]
        return (
            self.place[0] + self.scale * (down * cos + right * sin),
            self.place[1] + self.scale * (right * cos - down * sin),
        )


def has_outline(panel: Panel, shape: tuple[int, int]) -> bool:
    """Whether a panel is a membrane with something around it, not the whole picture."""
    if len(panel.outline) < 3:
        return False
    return float(cv2.contourArea(_corners(panel))) < _WHOLE * (shape[0] - 1) * (shape[1] - 1)


def membrane_corners(blot: Blot, panel: Panel) -> tuple[Point, ...]:
    """Corners of a membrane cut with four sides, from where its edges are sharpest.

    The outline is good to a few px and its corners are cut; each side is therefore looked for
    again, as the steepest place across it at many points, and a line is laid through them.

    Parameters
    ----------
    blot : Blot
    panel : Panel
        With an outline.

    Returns
    -------
    tuple of (row, col)
        Top left, top right, bottom right, bottom left.
    """
    signal, factor = reduce_blot(blot)
    box = cv2.boxPoints(cv2.minAreaRect(_corners(panel))).astype(np.float64)
    box = _from_top_left((box + 0.5) / factor - 0.5)
    lines = [_edge(signal, box[k], box[(k + 1) % 4]) for k in range(4)]
    found = [_crossing(lines[k - 1], lines[k]) for k in range(4)]
    full = [factor * (corner + 0.5) - 0.5 for corner in found]
    return tuple((float(row), float(col)) for col, row in full)


def fit_corners(one: Sequence[Point], other: Sequence[Point]) -> Similarity:
    """Lay the corners of a membrane in one picture on its corners in another.

    Least squares over scale, rotation and shift; both pictures show the membrane the same way up.

    Parameters
    ----------
    one, other : sequence of (row, col)
        As `membrane_corners` gives them.

    Raises
    ------
    LayoutError
        If they are of different shape, so not of one membrane.
    """
    here = np.array([complex(col, row) for row, col in one])
    there = np.array([complex(col, row) for row, col in other])
    first, second = here - here.mean(), there - there.mean()
    size = float(np.vdot(first, first).real)
    turn = complex(np.vdot(first, second)) / size
    off = float(np.abs(second - turn * first).max()) / math.sqrt(size * abs(turn) ** 2 / len(here))
    if off > _SAME_SHAPE:
        raise LayoutError(
            f"its outline has another shape than the membrane's (corners off by {off:.0%})"
        )
    pivot, place = complex(here.mean()), complex(there.mean())
    return Similarity(
        abs(turn),
        math.degrees(cmath.phase(turn)),
        (pivot.imag, pivot.real),
        (place.imag, place.real),
    )


def _corners(panel: Panel) -> NDArray[np.float32]:
    """Outline as (col, row)."""
    return np.array(panel.outline, np.float32)[:, ::-1]


def _from_top_left(box: Floats) -> Floats:
    """Corners clockwise, the top left first."""
    start = int(np.argmin(box.sum(axis=1)))
    turned = np.roll(box, -start, axis=0)
    return turned if turned[1, 0] > turned[3, 0] else turned[[0, 3, 2, 1]]


def _edge(signal: NDArray[np.float32], start: Floats, stop: Floats) -> tuple[Floats, Floats]:
    """A point of a membrane's edge and its direction, (col, row)."""
    length = float(np.hypot(*(stop - start)))
    along = (stop - start) / length
    across = np.array([-along[1], along[0]])
    reach = max(_NEAR, _REACH * length)
    steps = np.arange(-reach, reach + 0.25, 0.5)
    shares = np.linspace(0.12, 0.88, _POINTS)
    points = start + shares[:, None] * (stop - start)
    places = points[:, None, :] + steps[None, :, None] * across
    blurred = cv2.GaussianBlur(signal, (0, 0), 1.0)
    read = cv2.remap(
        blurred,
        places[..., 0].astype(np.float32),
        places[..., 1].astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    steep = np.abs(np.gradient(read.astype(np.float64), axis=1))
    offset = steps[np.argmax(steep, axis=1)]
    kept = np.ones(offset.size, bool)
    slope, level = 0.0, float(np.median(offset))
    for _ in range(4):  # bands that touch the edge, and marks, are steep, too
        rest = np.abs(offset - (level + slope * shares))
        kept = rest <= max(1.0, 2.5 * float(np.median(rest)))
        slope, level = (float(value) for value in np.polyfit(shares[kept], offset[kept], 1))
    first, last = start + level * across, stop + (level + slope) * across
    return first, last - first


def _crossing(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Floats:
    system = np.stack([one[1], -other[1]], axis=1)
    share = np.linalg.solve(system, other[0] - one[0])[0]
    return np.asarray(one[0] + share * one[1], np.float64)

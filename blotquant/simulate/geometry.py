"""Where lanes and rows run: the gel's own coordinates, and how they lie in the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blotquant.simulate.spec import BlotSpec

Floats = NDArray[np.float64]

__all__ = ["Floats", "Geometry"]


@dataclass(frozen=True)
class Geometry:
    """The gel's coordinates (y along migration, x across) and their place in the image.

    The gel is the image turned by `rotation` about the middle of the membrane; without rotation the
    two are one.

    Parameters
    ----------
    spec : BlotSpec
        The blot.
    centers, widths, wander : ndarray, shape (lanes,)
        Column at the membrane's middle, full width at half maximum, and own lean of each lane, px.
    """

    spec: BlotSpec
    centers: Floats
    widths: Floats
    wander: Floats

    @classmethod
    def draw(cls, spec: BlotSpec, rng: np.random.Generator) -> Geometry:
        """Place the lanes of `spec`, with random widths, gaps and wander."""
        widths = spec.lane_width * _vary(rng, spec.lanes, spec.width_cv)
        gaps = spec.gap * _vary(rng, spec.lanes - 1, spec.gap_cv)
        widths[[n - 1 for n in spec.ladder_lanes]] *= spec.ladder_width
        for end in np.cumsum(spec.groups)[:-1]:
            gaps[end - 1] += spec.group_gap
        left = np.concatenate([[0.0], np.cumsum(widths[:-1] + gaps)])
        centers = left + widths / 2
        middle = (centers[0] - widths[0] / 2 + centers[-1] + widths[-1] / 2) / 2
        wander = rng.normal(0.0, 1.0, spec.lanes) * spec.wander
        self = cls(spec, centers, widths, wander)
        return cls(spec, centers - middle + self.middle[1] + spec.offset, widths, wander)

    @property
    def rectangle(self) -> tuple[float, float, float, float]:
        """Membrane in gel coordinates: top, left, bottom, right; pixel borders at half integers."""
        rows, cols = self.spec.shape
        if self.spec.canvas is None:
            return -0.5, -0.5, rows - 0.5, cols - 0.5
        top, right, bottom, left = self.spec.canvas_margin
        return top * rows, left * cols, (1 - bottom) * rows, (1 - right) * cols

    @property
    def middle(self) -> tuple[float, float]:
        """Middle of the membrane (row, col)."""
        top, left, bottom, right = self.rectangle
        return (top + bottom) / 2, (left + right) / 2

    @property
    def height(self) -> float:
        """Height of the membrane, px."""
        return self.rectangle[2] - self.rectangle[0]

    def to_image(self, y: Floats, x: Floats) -> tuple[Floats, Floats]:
        """Image (row, col) of gel coordinates (y, x)."""
        return self._turn(y, x, np.deg2rad(self.spec.rotation))

    def to_gel(self, row: Floats, col: Floats) -> tuple[Floats, Floats]:
        """Gel coordinates (y, x) of image (row, col)."""
        return self._turn(row, col, -np.deg2rad(self.spec.rotation))

    def _turn(self, first: Floats, second: Floats, angle: float) -> tuple[Floats, Floats]:
        mid_row, mid_col = self.middle
        cos, sin = np.cos(angle), np.sin(angle)
        down, right = first - mid_row, second - mid_col
        return mid_row + down * cos + right * sin, mid_col + right * cos - down * sin

    def lane_center(self, lane: int, y: Floats) -> Floats:
        """Column x of the middle of lane `lane` (from 0) at gel rows `y`."""
        spec, (mid_y, mid_x) = self.spec, self.middle
        run = (y - mid_y) / (self.height / 2)
        center = self.centers[lane]
        return np.asarray(
            center
            + spec.lean * (y - mid_y)
            + spec.bow * (run**2 - 1 / 3)
            + spec.s_bend * np.sin(np.pi * run)
            + spec.fan / 2 * run * (center - mid_x)
            + self.wander[lane] / 2 * run,
            dtype=np.float64,
        )

    def lane_width(self, lane: int, y: Floats) -> Floats:
        """Full width at half maximum of lane `lane` (from 0) at gel rows `y`, px."""
        run = (y - self.middle[0]) / (self.height / 2)
        return np.asarray(
            self.widths[lane] * np.maximum(1 + self.spec.fan / 2 * run, 0.2), dtype=np.float64
        )

    def row_place(self, lane: int, front: float) -> tuple[float, float]:
        """Gel row and tilt (px per px) of a band row at `front` (fraction of the height)."""
        span = max(float(self.centers[-1] - self.centers[0]), 1.0)
        across = 2 * (self.centers[lane] - (self.centers[0] + self.centers[-1]) / 2) / span
        place = self.rectangle[0] + front * self.height
        place += self.spec.slope * across / 2 + self.spec.smile * (0.5 - across**2)
        tilt = (self.spec.slope - 4 * self.spec.smile * across) / span
        return float(place), float(tilt)

    def lane_path(self, lane: int, points: int = 17) -> list[tuple[float, float]]:
        """Middle of a lane in the image over its whole run, evenly spaced in rows."""
        rows = self.spec.shape[0]
        top, _, bottom, _ = self.rectangle
        slack = 0.0 if self.spec.canvas else 0.2 * self.height
        y = np.linspace(top - slack, bottom + slack, 400)
        row, col = self.to_image(y, self.lane_center(lane, y))
        at = np.linspace(max(row[0], 0.0), min(row[-1], rows - 1.0), points)
        return list(zip(at.tolist(), np.interp(at, row, col).tolist(), strict=True))

    def corners(self) -> list[tuple[float, float]]:
        """Corners of the membrane in the image: top left, top right, bottom right, bottom left."""
        top, left, bottom, right = self.rectangle
        y, x = np.array([top, top, bottom, bottom]), np.array([left, right, right, left])
        row, col = self.to_image(y, x)
        return list(zip(row.tolist(), col.tolist(), strict=True))

    def membrane_mask(self) -> Floats:
        """Share of each pixel that is membrane, 0 to 1, with edges about 2 px soft."""
        rows, cols = np.indices(self.spec.shape, dtype=np.float64)
        y, x = self.to_gel(rows, cols)
        top, left, bottom, right = self.rectangle
        inside = np.minimum(np.minimum(y - top, bottom - y), np.minimum(x - left, right - x))
        return np.asarray(np.clip(inside / 2 + 0.5, 0.0, 1.0), dtype=np.float64)


def _vary(rng: np.random.Generator, count: int, cv: float) -> Floats:
    """Draw `count` factors around 1 with variation `cv`, never far enough to make lanes vanish."""
    return np.asarray(np.clip(1 + cv * rng.normal(0.0, 1.0, count), 0.5, 1.6), dtype=np.float64)

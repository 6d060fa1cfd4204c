"""One lane layout for all images of a membrane: the lanes once, and where each image shows them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .errors import LayoutError
from .model import Band, BandRow, Lane, Layout, Panel, Point

__all__ = [
    "MembraneImage",
    "MembraneLayout",
    "Transform",
    "carried_lane",
    "carried_lanes",
    "is_shown",
    "straight_on",
]


@dataclass(frozen=True)
class Transform:
    """How one image of a membrane lies against the image that its lanes were found on.

    Parameters
    ----------
    drow, dcol : float
        Shift of the membrane at the pivot, px down and to the right.
    angle : float
        Rotation about the pivot, degrees, clockwise on the screen.
    pivot : (row, col)
        Point of the reference image.

    Raises
    ------
    LayoutError
        If a number is not finite.
    """

    drow: float = 0.0
    dcol: float = 0.0
    angle: float = 0.0
    pivot: Point = (0.0, 0.0)

    def __post_init__(self) -> None:
        """Check the invariants."""
        if not all(map(math.isfinite, (self.drow, self.dcol, self.angle, *self.pivot))):
            raise LayoutError("a shift between two images must be finite")

    def __call__(
        self, row: NDArray[np.float64] | float, col: NDArray[np.float64] | float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Row and column in the image of a place in the reference image."""
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        down = np.asarray(row, np.float64) - self.pivot[0]
        right = np.asarray(col, np.float64) - self.pivot[1]
        return (
            self.pivot[0] + self.drow + down * cos + right * sin,
            self.pivot[1] + self.dcol + right * cos - down * sin,
        )

    @property
    def inverse(self) -> Transform:
        """From the image to the reference image."""
        pivot = (self.pivot[0] + self.drow, self.pivot[1] + self.dcol)
        return Transform(-self.drow, -self.dcol, -self.angle, pivot)

    def at(self, pivot: Point) -> Transform:
        """Return the same transform, its shift given at another point."""
        row, col = self(*pivot)
        return Transform(float(row) - pivot[0], float(col) - pivot[1], self.angle, pivot)


@dataclass(frozen=True)
class MembraneImage:
    """What is one image's own on a shared layout.

    Parameters
    ----------
    name : str
    shape : (rows, cols)
    transform : Transform
        From the reference image to this one.
    panels : tuple of Panel
        Outlines in this image.
    rows : tuple of BandRow
    bands : tuple of Band
    """

    name: str
    shape: tuple[int, int]
    transform: Transform = Transform()
    panels: tuple[Panel, ...] = ()
    rows: tuple[BandRow, ...] = ()
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True)
class MembraneLayout:
    """Lanes of a membrane and the images that show it.

    Parameters
    ----------
    reference : str
        Name of the image whose coordinates the lanes are in.
    lanes : tuple of Lane
    images : tuple of MembraneImage

    Raises
    ------
    LayoutError
        If two images have one name, or the reference is none of them.
    """

    reference: str
    lanes: tuple[Lane, ...]
    images: tuple[MembraneImage, ...]

    def __post_init__(self) -> None:
        """Check the invariants."""
        names = [image.name for image in self.images]
        if len(set(names)) < len(names):
            raise LayoutError("two images of the membrane have the same name")
        if self.reference not in names:
            raise LayoutError(f"the lanes' own image '{self.reference}' is not of the membrane")

    def image(self, name: str) -> MembraneImage:
        """Image by name.

        Raises
        ------
        LayoutError
            If there is none.
        """
        for image in self.images:
            if image.name == name:
                return image
        raise LayoutError(f"there is no image '{name}' of this membrane")

    def for_image(self, name: str) -> Layout:
        """Layout of one image: the shared lanes where it shows them, and its own bands.

        Raises
        ------
        LayoutError
            If there is no such image.
        """
        image = self.image(name)
        if name == self.reference:
            return Layout(image.panels, self.lanes, image.rows, image.bands)
        lanes = carried_lanes(self.lanes, image.transform, image.panels, image.shape)
        return Layout(image.panels, lanes, image.rows, image.bands)

    def with_image(self, image: MembraneImage) -> MembraneLayout:
        """Return a copy in which an image of that name is replaced, or added."""
        others = tuple(one for one in self.images if one.name != image.name)
        place = next(
            (k for k, one in enumerate(self.images) if one.name == image.name), len(others)
        )
        return replace(self, images=(*others[:place], image, *others[place:]))


def carried_lanes(
    lanes: Sequence[Lane],
    transform: Transform,
    panels: tuple[Panel, ...],
    shape: tuple[int, int],
) -> tuple[Lane, ...]:
    """All lanes of the reference image, where another image of the membrane shows them."""
    by_id = {panel.id: panel for panel in panels}
    first = panels[0] if panels else Panel("panel-1")
    return tuple(
        carried_lane(lane, transform, by_id.get(lane.panel_id, first), shape) for lane in lanes
    )


# The ends of a carried lane go on with the slope of this share of it.
_END_SHARE = 0.4
# A lane of which less than this share of its width is in the picture is not shown by it.
_LEAST_WIDTH = 0.3


def carried_lane(lane: Lane, transform: Transform, panel: Panel, shape: tuple[int, int]) -> Lane:
    """Carry a lane of the reference image over to another.

    Parameters
    ----------
    lane : Lane
    transform : Transform
    panel : Panel
        The membrane in the other image: the lane runs from its upper to its lower edge. A lane
        drawn by hand keeps its ends as far as the panel has room.
    shape : (rows, cols)
        Of the other image.

    Returns
    -------
    Lane
        With ``source="carried"``. One that the other image does not show stays in the layout, so
        that lanes keep their numbers, but is not used and has confidence 0.
    """
    rows, cols = transform(*np.array(lane.path).T)
    top, bottom = _extent(panel, shape, float(np.interp(rows.mean(), rows, cols)))
    if lane.source == "hand" and min(bottom, rows[-1]) - max(top, rows[0]) > 1:
        top, bottom = max(top, float(rows[0])), min(bottom, float(rows[-1]))
    at = np.linspace(top, bottom, max(2, len(lane.path)))
    path = tuple(zip(at.tolist(), straight_on(rows, cols, at).tolist(), strict=True))
    moved = replace(lane, panel_id=panel.id, path=path, source="carried")
    return moved if is_shown(moved, shape) else replace(moved, use=False, confidence=0.0)


def is_shown(lane: Lane, shape: tuple[int, int]) -> bool:
    """Whether enough of a lane's width lies in a picture of that shape to read it."""
    middle = float(lane.center((lane.top + lane.bottom) / 2))
    beyond = max(-0.5 - middle, middle - (shape[1] - 0.5))
    return beyond <= (0.5 - _LEAST_WIDTH) * lane.width


def _extent(panel: Panel, shape: tuple[int, int], col: float) -> tuple[float, float]:
    """Rows between which a column runs through a panel, within the picture."""
    last = shape[0] - 1.0
    outline = panel.outline
    if len(outline) < 3:
        return 0.0, last
    cols = [point[1] for point in outline]
    col = min(max(col, min(cols)), max(cols))
    crossings = [
        a[0] + (b[0] - a[0]) * (col - a[1]) / (b[1] - a[1])
        for a, b in pairwise((*outline, outline[0]))
        if a[1] != b[1] and min(a[1], b[1]) <= col <= max(a[1], b[1])
    ]
    if not crossings or min(last, max(crossings)) - max(0.0, min(crossings)) < 1:
        return 0.0, last
    return max(0.0, min(crossings)), min(last, max(crossings))


def straight_on(
    rows: NDArray[np.float64], cols: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Columns of a path at given rows, the ends going straight on.

    Parameters
    ----------
    rows, cols : ndarray, shape (n_points,)
        The path, rows increasing.
    at : ndarray, shape (n,)
        Rows that are asked for.
    """
    inside = np.interp(at, rows, cols)
    reach = _END_SHARE * (rows[-1] - rows[0])
    for end, other, beyond in (
        (rows[0], rows[0] + reach, at < rows[0]),
        (rows[-1], rows[-1] - reach, at > rows[-1]),
    ):
        first, second = np.interp((end, other), rows, cols)
        inside[beyond] = first + (second - first) / (other - end) * (at[beyond] - end)
    return np.asarray(inside, np.float64)

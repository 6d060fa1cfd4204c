"""The nouns: Blot, Panel, Lane, BandRow, Band, Layout, Profile. Frozen, checked when made, no I/O.

Coordinates are (row, col) in pixels of the oriented picture, pixel centres at integers; protein
migrates down the rows. Geometry is plain tuples, so equality, hash, JSON and undo come free.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import PurePath
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .errors import LayoutError, UnreadableImage
from .flags import Flag
from .signal import Polarity, SignalMap

# px; no picture reaches so far, and sums over what does would not end.
_FARTHEST = 1e6

__all__ = [
    "Band",
    "BandRow",
    "Blot",
    "Flag",
    "ImageSource",
    "Lane",
    "LaneKind",
    "Layout",
    "LayoutSource",
    "Orientation",
    "Panel",
    "Point",
    "Profile",
    "Region",
]

Point = tuple[float, float]
Region = tuple[slice, slice]
LaneKind = Literal["sample", "ladder", "reference", "standard", "empty", "negative", "positive"]
LayoutSource = Literal["auto", "hand", "carried"]
Orientation = Literal["0", "90", "180", "270", "mirror"]


@dataclass(frozen=True)
class ImageSource:
    """Where pixels came from.

    Parameters
    ----------
    path : str
        File as given to the loader (POSIX separators).
    sha256 : str
        Hash of the file's bytes; empty for pixels that were never in a file.
    format : str
        Format in words, e.g. ``"TIFF, uint16, deflate"``.
    reader : str
        Name of the loader in the registry.
    part : str
        Page or channel inside the file, e.g. ``"2"``; empty when the file holds one picture.
    metadata : tuple of (str, str)
        What the file says of itself (tags worth keeping: photometric, software, date ...).
    """

    path: str
    sha256: str = ""
    format: str = ""
    reader: str = ""
    part: str = ""
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """File name with the part behind ``#``, as used in messages and tables."""
        return PurePath(self.path).name + (f"#{self.part}" if self.part else "")


@dataclass(frozen=True, eq=False)
class Blot:
    """One picture of one channel, with all that is known of how to read it.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols)
        Stored grey levels in their native dtype after `orientation`; made read-only. A
        ``numpy.memmap`` is welcome.
    signal_map : SignalMap
        Stored grey level to signal.
    polarity : {"dark_on_light", "light_on_dark"}
        How bands look in the stored file.
    ceiling : float or None
        Grey level at which the detector or the file saturates (the low end, 0, for bands dark on
        light); None where that cannot be told.
    bit_depth : int
        Bits that carry information (12 for 12-in-16); 32 for float.
    block_step : float or None
        Grey levels between the values that the mean of a JPEG's block may have; None where the
        file is none, or does not say.
    saturated : ndarray of bool, shape (rows, cols), or None
        Pixels at the ceiling; None when there are none.
    orientation : {"0", "90", "180", "270", "mirror"}
        What was done to the stored picture: turned counter-clockwise by so many degrees, or
        mirrored left to right.
    pixel_size_um : float or None
    exposure_s : float or None
    channel : str
        Name of the channel or page; empty when there is one only.
    source : ImageSource
    flags : Flag
        Flags that hold for every number read from this picture.
    warnings : tuple of str
        One line each, for the report.

    Raises
    ------
    UnreadableImage
        If `pixels` is not a 2-D array of at least 2 x 2 finite numbers.
    """

    pixels: NDArray[Any]
    signal_map: SignalMap = field(default_factory=SignalMap)
    polarity: Polarity = "light_on_dark"
    ceiling: float | None = None
    bit_depth: int = 16
    block_step: float | None = None
    saturated: NDArray[np.bool_] | None = None
    orientation: Orientation = "0"
    pixel_size_um: float | None = None
    exposure_s: float | None = None
    channel: str = ""
    source: ImageSource = ImageSource("")
    flags: Flag = Flag.NONE
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the invariants and make the arrays read-only."""
        name = self.source.name or "image"
        pixels = self.pixels.view()
        if pixels.ndim != 2 or min(pixels.shape) < 2:
            raise UnreadableImage(
                f"{name}: a picture of shape {pixels.shape} has no lanes; "
                "a two-dimensional image of at least 2 x 2 pixels is needed"
            )
        if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
            raise UnreadableImage(
                f"{name}: some of its pixels hold no number (NaN or infinite values); export it "
                "again with plain grey levels"
            )
        pixels.flags.writeable = False
        object.__setattr__(self, "pixels", pixels)
        if self.saturated is not None:
            if self.saturated.shape != pixels.shape:
                raise UnreadableImage(f"{name}: the saturation mask is not of the image's shape")
            mask = self.saturated.view()
            mask.flags.writeable = False
            object.__setattr__(self, "saturated", mask)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols) of the oriented picture."""
        rows, cols = self.pixels.shape
        return rows, cols

    def signal(self, region: Region | None = None) -> NDArray[np.float32]:
        """Signal (bigger = more protein), float32, of the whole picture or of a region of it."""
        return self.signal_map(self.pixels if region is None else self.pixels[region])

    def to_file(self, row: float, col: float) -> Point:
        """Coordinates in the stored file of a point of the oriented picture."""
        rows, cols = self.shape
        match self.orientation:
            case "90":  # numpy.rot90: out[r, c] = file[c, n_cols - 1 - r]
                return col, rows - 1 - row
            case "180":
                return rows - 1 - row, cols - 1 - col
            case "270":
                return cols - 1 - col, row
            case "mirror":
                return row, cols - 1 - col
            case _:
                return row, col


@dataclass(frozen=True)
class Panel:
    """One membrane or gel in the picture: its id and its outline, ((row, col), ...)."""

    id: str
    outline: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Lane:
    """One lane: a path down the membrane and a width across it.

    Parameters
    ----------
    id : str
        Stable for the life of the layout: inserting another lane does not change it.
    panel_id : str
    path : tuple of (row, col)
        Centre line, rows strictly increasing, two points or more; straight between points.
    width : float
        Full width in px, measured along the rows.
    label : str
        What the user calls it.
    kind : str
        One of `LaneKind`.
    use : bool
        False excludes it from normalization and statistics; it is measured all the same.
    source : {"auto", "hand", "carried"}
    confidence : float
        0 to 1, of an automatic lane; 1 for lanes set by hand.

    Raises
    ------
    LayoutError
        If the path or the width cannot be.
    """

    id: str
    panel_id: str
    path: tuple[Point, ...]
    width: float
    label: str = ""
    kind: LaneKind = "sample"
    use: bool = True
    source: LayoutSource = "auto"
    confidence: float = 1.0

    def __post_init__(self) -> None:
        """Check the invariants."""
        path = tuple((float(row), float(col)) for row, col in self.path)
        object.__setattr__(self, "path", path)
        rows = [row for row, _ in path]
        if len(path) < 2 or any(b <= a for a, b in pairwise(rows)):
            raise LayoutError(
                f"lane {self.id}: its path needs two points or more, each below the last"
            )
        if not all(abs(value) <= _FARTHEST for point in path for value in point):
            raise LayoutError(
                f"lane {self.id}: its path holds a number that is not finite or in no picture"
            )
        if not 0 < self.width <= _FARTHEST:
            raise LayoutError(f"lane {self.id}: its width is {self.width}; it must be above 0 px")
        if self.kind not in get_args(LaneKind):
            raise LayoutError(
                f"lane {self.id}: '{self.kind}' is not a kind of lane "
                f"({', '.join(get_args(LaneKind))})"
            )

    @property
    def top(self) -> float:
        """Row where the lane begins."""
        return self.path[0][0]

    @property
    def bottom(self) -> float:
        """Row where the lane ends."""
        return self.path[-1][0]

    @cached_property
    def columns(self) -> tuple[float, float]:
        """Leftmost and rightmost column of the centre line."""
        columns = [col for _, col in self.path]
        return min(columns), max(columns)

    @cached_property
    def _knots(self) -> NDArray[np.float64]:
        """Rows and columns of the path, shape (2, points)."""
        return np.array(self.path, np.float64).T.copy()

    def center(self, rows: NDArray[Any] | float) -> NDArray[np.float64]:
        """Column of the centre line at the given rows (beyond the ends: straight on down)."""
        return np.interp(np.asarray(rows, dtype=np.float64), *self._knots)


@dataclass(frozen=True)
class BandRow:
    """One protein across the lanes: the bands that belong together although the row smiles."""

    id: str
    label: str = ""
    target: str = ""
    mw_kda: float | None = None


@dataclass(frozen=True)
class Band:
    """Where one band of one lane begins and ends along the lane.

    Parameters
    ----------
    lane_id, row_id : str
    start, stop : float
        Rows between which the band is summed; fractions count in proportion.
    source : {"auto", "hand", "carried"}
    detected : bool
        False where a band was expected from its row but nothing stands out of the noise.

    Raises
    ------
    LayoutError
        If start is not above stop.
    """

    lane_id: str
    row_id: str
    start: float
    stop: float
    source: LayoutSource = "auto"
    detected: bool = True

    def __post_init__(self) -> None:
        """Check the invariants."""
        if not -_FARTHEST <= self.start < self.stop <= _FARTHEST:
            raise LayoutError(
                f"band of lane {self.lane_id}: {self.start} to {self.stop} is not a range"
            )


@dataclass(frozen=True)
class Layout:
    """Panels, lanes, rows of bands and bands of one picture.

    Lanes are kept left to right within their panel, panels in the order given; a lane's number is
    its place in that order, counted from 1 through the whole image.

    Raises
    ------
    LayoutError
        If ids repeat, or a band points at a lane or row that is not there.
    """

    panels: tuple[Panel, ...] = ()
    lanes: tuple[Lane, ...] = ()
    rows: tuple[BandRow, ...] = ()
    bands: tuple[Band, ...] = ()

    def __post_init__(self) -> None:
        """Order the lanes and check that everything points at something."""
        for kind, items in (("panel", self.panels), ("lane", self.lanes), ("row", self.rows)):
            _unique(kind, (item.id for item in items))
        order = {panel.id: index for index, panel in enumerate(self.panels)}
        for lane in self.lanes:
            if lane.panel_id not in order:
                raise LayoutError(f"lane {lane.id}: there is no panel '{lane.panel_id}'")
        lanes = sorted(self.lanes, key=lambda lane: (order[lane.panel_id], _middle(lane)))
        object.__setattr__(self, "lanes", tuple(lanes))
        lane_ids = {lane.id for lane in self.lanes}
        row_ids = {row.id for row in self.rows}
        for band in self.bands:
            if band.lane_id not in lane_ids:
                raise LayoutError(f"a band points at lane '{band.lane_id}', which is not there")
            if band.row_id not in row_ids:
                raise LayoutError(f"a band points at row '{band.row_id}', which is not there")

    def lane(self, lane_id: str) -> Lane:
        """Lane by id.

        Raises
        ------
        LayoutError
            If there is none.
        """
        for lane in self.lanes:
            if lane.id == lane_id:
                return lane
        raise LayoutError(f"there is no lane '{lane_id}'")

    def bands_of(self, lane_id: str) -> tuple[Band, ...]:
        """Bands of one lane, from the well down."""
        mine = (band for band in self.bands if band.lane_id == lane_id)
        return tuple(sorted(mine, key=lambda band: (band.start, band.stop)))

    def replace(self, **changes: Any) -> Layout:
        """Return a copy with some fields changed, checked again."""
        return replace(self, **changes)


def _unique(kind: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise LayoutError(f"two {kind}s have the id '{name}'")
        seen.add(name)


def _middle(lane: Lane) -> float:
    return float(lane.center((lane.top + lane.bottom) / 2))


@dataclass(frozen=True, eq=False)
class Profile:
    """Signal along a lane, summed across its width.

    Parameters
    ----------
    position : ndarray, shape (N,), float64
        Rows of the oriented picture, one per px.
    intensity : ndarray, shape (N,), float64
        Sum of signal over the lane's width at each row (a.u. x px).
    variance : ndarray, shape (N,), float64
        Noise variance of `intensity` (shot and read noise; not the baseline's).
    width : ndarray, shape (N,), float64
        Px of lane inside the picture at each row.

    Raises
    ------
    LayoutError
        If the arrays differ in length or hold a number that is not finite.
    """

    position: NDArray[np.float64]
    intensity: NDArray[np.float64]
    variance: NDArray[np.float64]
    width: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        """Check the invariants."""
        arrays = (self.position, self.intensity, self.variance, self.width)
        if len({array.shape for array in arrays}) != 1 or self.position.ndim != 1:
            raise LayoutError("a profile's arrays must be of one length")
        if not all(np.isfinite(array).all() for array in arrays):
            raise LayoutError("a profile must be finite")

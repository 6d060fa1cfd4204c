"""A strip cut from a blot: a straight crop of its stored pixels, with linear grey levels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from blotquant.errors import LayoutError
from blotquant.figures.study_input import TargetStrip
from blotquant.model import Band, Blot, Lane, Layout

__all__ = ["Piece", "StripPicture", "band_height", "cut_strip", "grey_points", "shown_grey"]

# Share of a box that reaches 3 sigma to either side of its band, and that lies within half maximum.
_WIDTH_AT_HALF = 2.355 / 6
_GROUND = 0.5  # percentile of a strip that becomes white
_NOISE_SPAN = 12.0  # grey levels between white and black, in units of noise: noise stays faint
_MOST_FOR_NOISE = 400_000  # px


@dataclass(frozen=True, eq=False)
class Piece:
    """A rectangle of the stored picture: neighbouring lanes, cut together.

    Parameters
    ----------
    rows, cols : (start, stop)
        px of the oriented picture, stop not included.
    grey : ndarray of uint8, shape (rows, cols)
    """

    rows: tuple[int, int]
    cols: tuple[int, int]
    grey: NDArray[np.uint8]

    @property
    def width(self) -> int:
        """Columns."""
        return self.cols[1] - self.cols[0]


@dataclass(frozen=True, eq=False)
class StripPicture:
    """Pieces side by side, as they are printed; x in px from the left of the first.

    Parameters
    ----------
    pieces : tuple of Piece
        One where the lanes shown are neighbours in the picture; else one for each run of
        neighbours, to be parted by a splice line.
    centers : tuple of float
        x of each lane shown, at its band.
    edges : tuple of (left, right)
        x of each lane's edges at its band.
    band_row : float
        y of the first lane's band, px from the top: the molecular weight's mark.
    band_height : float
        Full width at half maximum of the bands, px.
    margins : (above, below)
        Band heights around the bands; less than was asked for where the picture ends.
    white, black : float
        Stored grey levels that are shown white and black; linear in between.
    """

    pieces: tuple[Piece, ...]
    centers: tuple[float, ...]
    edges: tuple[tuple[float, float], ...]
    band_row: float
    band_height: float
    margins: tuple[float, float]
    white: float
    black: float

    @property
    def width(self) -> int:
        """Px, all pieces together."""
        return sum(piece.width for piece in self.pieces)

    @property
    def height(self) -> int:
        """Px."""
        top, bottom = self.pieces[0].rows
        return bottom - top

    @property
    def splices(self) -> tuple[float, ...]:
        """Where pieces meet that are no neighbours in the picture."""
        ends = np.cumsum([piece.width for piece in self.pieces])
        return tuple(float(end) for end in ends[:-1])


def cut_strip(strip: TargetStrip, margin_heights: float = 5.0) -> StripPicture:
    """Cut the strip of a target from its blot.

    The crop is a rectangle that holds the whole row of bands, however it bends or slopes, and
    `margin_heights` band heights above and below. Pixels are neither moved nor mixed; lanes that
    are no neighbours in the picture come in several pieces.

    Parameters
    ----------
    strip : TargetStrip
    margin_heights : float
        In units of the bands' full width at half maximum. The journals' "five band widths"
        (Nature: image integrity) is the default.

    Returns
    -------
    StripPicture

    Raises
    ------
    LayoutError
        If the layout lacks the lanes or the row's bands, or they lie outside the picture.
    """
    layout, blot = strip.layout, strip.blot
    lanes = [layout.lane(name) for name in strip.lanes]
    bands = _bands_of_row(strip)
    height = band_height(blot, layout, list(bands.values()))
    middles = {name: (band.start + band.stop) / 2 for name, band in bands.items()}
    usual = float(np.median(list(middles.values())))
    rows, margins = _rows(strip, list(middles.values()), height, margin_heights)
    places = [_Place(lane, middles.get(lane.id, usual)) for lane in lanes]
    runs = _runs(strip, places)
    spans = [_cols(layout, run, blot.shape[1]) for run in runs]
    white, black = _levels(blot, rows, spans)
    pieces = tuple(
        Piece(rows, span, shown_grey(blot.pixels[slice(*rows), slice(*span)], white, black))
        for span in spans
    )
    centers, edges = _positions(runs, spans)
    first = middles.get(strip.lanes[0], usual) - rows[0] + 0.5
    return StripPicture(pieces, centers, edges, first, height, margins, white, black)


@dataclass(frozen=True)
class _Place:
    """A lane at the row of its band."""

    lane: Lane
    row: float

    @property
    def center(self) -> float:
        return float(self.lane.center(self.row))


def _bands_of_row(strip: TargetStrip) -> dict[str, Band]:
    """Bands of the row in the lanes shown, by lane; those of other lanes where these have none."""
    row = {band.lane_id: band for band in strip.layout.bands if band.row_id == strip.row_id}
    shown = {name: row[name] for name in strip.lanes if name in row}
    if not row:
        raise LayoutError(
            f"{strip.blot.source.name or strip.membrane}: there is no band in row "
            f"'{strip.row_id}' to cut the strip of {strip.target} at"
        )
    return shown or row


def band_height(blot: Blot, layout: Layout, bands: Sequence[Band]) -> float:
    """How high bands are to the eye: the median of their full widths at half maximum, px.

    Parameters
    ----------
    blot : Blot
    layout : Layout
    bands : sequence of Band
        Those below detection tell nothing; where all are, their boxes are taken to reach three
        standard deviations to either side.
    """
    seen = [
        _width_at_half(blot, layout.lane(band.lane_id), band) for band in bands if band.detected
    ]
    known = [width for width in seen if width is not None]
    if known:
        return float(np.median(known))
    return _WIDTH_AT_HALF * float(np.median([band.stop - band.start for band in bands]))


def _width_at_half(blot: Blot, lane: Lane, band: Band) -> float | None:
    """Of the profile down the inner half of the lane, above the line between the box's ends."""
    rows = np.arange(max(0, math.floor(band.start)), min(blot.shape[0], math.ceil(band.stop) + 1))
    center = float(lane.center((band.start + band.stop) / 2))
    first = max(0, round(center - lane.width / 4))
    last = min(blot.shape[1], max(first + 1, round(center + lane.width / 4)))
    if len(rows) < 3 or first >= last:
        return None
    profile = blot.signal((slice(int(rows[0]), int(rows[-1]) + 1), slice(first, last))).mean(axis=1)
    profile = profile - np.linspace(profile[0], profile[-1], profile.size)
    peak = int(np.argmax(profile))
    half = profile[peak] / 2
    if half <= 0:
        return None
    return _crossing(profile[peak:], half) + _crossing(profile[peak::-1], half)


def _crossing(falling: NDArray[np.float32], level: float) -> float:
    """Px from the first value to where the values fall below a level."""
    below = np.nonzero(falling < level)[0]
    if not below.size:
        return float(falling.size - 1)
    at = int(below[0])
    high, low = float(falling[at - 1]), float(falling[at])
    return at - 1 + (high - level) / (high - low)


def _rows(
    strip: TargetStrip, middles: Sequence[float], height: float, margin_heights: float
) -> tuple[tuple[int, int], tuple[float, float]]:
    """Rows of the crop, and the band heights around the bands that it has."""
    low, high = min(middles) - height / 2, max(middles) + height / 2
    first, last = _ground(strip)
    top = max(first, math.floor(low - margin_heights * height))
    bottom = min(last, math.ceil(high + margin_heights * height) + 1)
    if bottom - top < 2:
        raise LayoutError(
            f"{strip.blot.source.name or strip.membrane}: the bands of {strip.target} lie outside "
            "the picture; check the layout"
        )
    return (top, bottom), ((low - top) / height, (bottom - 1 - high) / height)


def _ground(strip: TargetStrip) -> tuple[int, int]:
    """Rows that belong to the strip's membrane: the picture's, or its own panel's among several."""
    rows = strip.blot.shape[0]
    panels = {strip.layout.lane(name).panel_id for name in strip.lanes}
    if len(strip.layout.panels) < 2:
        return 0, rows
    lanes = [lane for lane in strip.layout.lanes if lane.panel_id in panels]
    top = math.floor(min(lane.top for lane in lanes))
    bottom = math.ceil(max(lane.bottom for lane in lanes)) + 1
    return max(0, top), min(rows, bottom)


def _runs(strip: TargetStrip, places: Sequence[_Place]) -> list[list[_Place]]:
    """Lanes that are neighbours in the picture and come in its order, together."""
    order = {lane.id: index for index, lane in enumerate(strip.layout.lanes)}
    runs = [[places[0]]]
    for before, place in pairwise(places):
        near = order[place.lane.id] == order[before.lane.id] + 1
        if near and place.lane.panel_id == before.lane.panel_id:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def _cols(layout: Layout, run: Sequence[_Place], cols: int) -> tuple[int, int]:
    """Columns of a run of lanes, with half of the gap to the neighbours on both sides."""
    left = _border(layout, run[0], -1)
    right = _border(layout, run[-1], 1)
    first = max(0, math.floor(left + 0.5))
    last = min(cols, math.ceil(right + 0.5))
    if last - first < 2:
        raise LayoutError(f"lane {run[0].lane.id} lies outside the picture; check the layout")
    return first, last


def _border(layout: Layout, place: _Place, side: int) -> float:
    """Column half way to the neighbour, or as far out as half of the panel's usual gap."""
    lane = place.lane
    edge = place.center + side * lane.width / 2
    mates = [other for other in layout.lanes if other.panel_id == lane.panel_id]
    at = [other.id for other in mates].index(lane.id) + side
    if 0 <= at < len(mates):
        other = mates[at]
        return (edge + float(other.center(place.row)) - side * other.width / 2) / 2
    gaps = [
        float(b.center(place.row) - a.center(place.row)) - (a.width + b.width) / 2
        for a, b in pairwise(mates)
    ]
    gap = max(0.0, float(np.median(gaps))) if gaps else lane.width / 4
    return edge + side * gap / 2


def _positions(
    runs: Sequence[Sequence[_Place]], spans: Sequence[tuple[int, int]]
) -> tuple[tuple[float, ...], tuple[tuple[float, float], ...]]:
    """Centres and edges of the lanes, px from the left of the printed strip."""
    centers, edges = [], []
    offset = 0
    for run, (first, last) in zip(runs, spans, strict=True):
        for place in run:
            center = place.center + 0.5 - first + offset
            half = place.lane.width / 2
            centers.append(center)
            edges.append(
                (
                    max(center - half, float(offset)),
                    min(center + half, float(offset + last - first)),
                )
            )
        offset += last - first
    return tuple(centers), tuple(edges)


def _levels(
    blot: Blot, rows: tuple[int, int], spans: Sequence[tuple[int, int]]
) -> tuple[float, float]:
    """White and black of all pieces together."""
    parts = [blot.pixels[slice(*rows), slice(*span)] for span in spans]
    return grey_points(np.concatenate(parts, axis=1), blot)


def grey_points(stored: NDArray[np.generic], blot: Blot) -> tuple[float, float]:
    """Stored grey levels that are shown white and black.

    Nothing of a band is clipped: black is the darkest place (of 3 x 3 px medians, so that a hot
    pixel does not decide), white the lightest half percent of the ground. Where there is nothing
    but noise the range is wide enough to show it as that.

    Parameters
    ----------
    stored : ndarray, shape (rows, cols)
        Part of the blot's pixels.
    blot : Blot
        Says whether bands are dark or light in the file.

    Returns
    -------
    white, black : float
        Grey levels of the file.
    """
    levels = stored.astype(np.float32)
    sign = 1.0 if blot.polarity == "light_on_dark" else -1.0
    calm = sign * cv2.medianBlur(levels, 3)
    white, black = float(np.percentile(calm, _GROUND)), float(calm.max())
    least = max(_NOISE_SPAN * _noise(levels), 1e-6 * max(abs(white), 1.0))
    black = max(black, white + least)
    return sign * white, sign * black


def _noise(levels: NDArray[np.float32]) -> float:
    """Standard deviation of the noise, from differences of neighbours."""
    rows = max(2, _MOST_FOR_NOISE // levels.shape[1])
    steps = np.diff(levels[:rows].astype(np.float64), axis=1)
    return float(1.4826 * np.median(np.abs(steps - np.median(steps))) / math.sqrt(2))


def shown_grey(stored: NDArray[np.generic], white: float, black: float) -> NDArray[np.uint8]:
    """Grey levels for print, linear from `white` (255) to `black` (0)."""
    level = (stored.astype(np.float64) - black) / (white - black)
    return np.asarray(np.clip(np.rint(255 * level), 0, 255), dtype=np.uint8)

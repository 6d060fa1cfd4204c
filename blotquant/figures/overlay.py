"""The overlay: lanes, bands and their numbers drawn on the blot, saturated pixels painted red."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blotquant.figures.display import display_grey
from blotquant.figures.frame import Frame, RowLabel, font, row_numbers, text_width
from blotquant.figures.palette import (
    BODY,
    FAINT,
    LADDER,
    LANE,
    MEMBRANE,
    SATURATED,
    bgr,
    row_colour,
)
from blotquant.figures.png import png_bytes
from blotquant.flags import Flag
from blotquant.ladder.marks import LadderMark, ladder_marks, rows_with_kda
from blotquant.model import Band, Blot, Lane, Layout

if TYPE_CHECKING:
    from blotquant.result import Result

__all__ = ["MAX_SIDE", "lane_outline", "overlay_pixels", "overlay_png"]

MAX_SIDE = 2000
DOUBTFUL = 0.5  # confidence below which the pipeline asks to check a lane
_SHIFT = 4  # OpenCV takes fractions of a pixel as fixed-point numbers

Canvas = NDArray[np.uint8]
Points = NDArray[np.float64]


def overlay_png(blot: Blot, result: Result, *, max_side: int = MAX_SIDE) -> bytes:
    """Draw what was measured on the blot.

    Bands are dark on light whatever the file's polarity, grey levels are linear. Lanes are outlined
    along their paths and numbered on top (ladders in brown, doubtful lanes dashed); each band's box
    has the colour of its row, dashed grey where the band is below detection; saturated pixels are
    red. A ladder that was read has its sizes beside it, kDa, and rows that have no name are named
    by theirs.

    Parameters
    ----------
    blot : Blot
    result : Result
        Its layout is drawn, in the coordinates of `blot`.
    max_side : int
        The longer side of the blot is brought down to this many px; small pictures are magnified
        by a whole number. Margins come on top.

    Returns
    -------
    bytes
        A PNG.
    """
    return png_bytes(overlay_pixels(blot, result, max_side=max_side))


def overlay_pixels(blot: Blot, result: Result, *, max_side: int = MAX_SIDE) -> Canvas:
    """What `overlay_png` packs: ndarray of uint8, shape (rows, cols, 3), blue, green, red."""
    layout = rows_with_kda(result)
    frame = Frame.of(blot.shape, layout, max_side)
    canvas = _paper(blot, layout, frame)
    for panel in layout.panels:
        if len(panel.outline) > 2:
            outline = np.asarray(panel.outline)
            _line(canvas, frame.place(*outline.T), MEMBRANE, frame.line, closed=True)
    for lane in layout.lanes:
        _draw_lane(canvas, frame, lane)
    _draw_bands(canvas, frame, result)
    _write_lane_numbers(canvas, frame, layout)
    for right in (False, True):
        _write_row_labels(canvas, frame, [x for x in frame.labels if x.right is right])
    _write_ladder_marks(canvas, frame, layout, ladder_marks(result))
    return canvas


def lane_outline(lane: Lane, start: float, stop: float) -> Points:
    """Outline of a stretch of a lane, along its path.

    Parameters
    ----------
    lane : Lane
    start, stop : float
        Rows of the picture, px.

    Returns
    -------
    ndarray, shape (N, 2)
        (row, col), down the left edge and up the right one.
    """
    knots = [row for row, _ in lane.path if start < row < stop]
    rows = np.array([start, *knots, stop])
    center = lane.center(rows)
    left = np.stack([rows, center - lane.width / 2], axis=-1)
    right = np.stack([rows, center + lane.width / 2], axis=-1)
    return np.concatenate([left, right[::-1]])


def _paper(blot: Blot, layout: Layout, frame: Frame) -> Canvas:
    """The blot with saturated pixels in red, on white."""
    rows, cols = frame.size
    canvas = np.empty((*frame.shape, 3), np.uint8)
    bottom, right = frame.top + rows, frame.left + cols
    canvas[: frame.top] = canvas[bottom:] = 255
    canvas[frame.top : bottom, : frame.left] = canvas[frame.top : bottom, right:] = 255
    inside = canvas[frame.top : bottom, frame.left : right]
    cv2.cvtColor(display_grey(blot, layout, frame.size), cv2.COLOR_GRAY2BGR, dst=inside)
    if blot.saturated is not None and blot.saturated.any():
        inside[_any_within(blot.saturated, frame)] = bgr(SATURATED)
    return canvas


def _any_within(mask: NDArray[np.bool_], frame: Frame) -> NDArray[np.bool_]:
    """The mask at the overlay's size; one pixel is enough to be seen after reducing."""
    rows, cols = frame.size
    how = cv2.INTER_NEAREST if frame.factor >= 1 else cv2.INTER_AREA
    share = cv2.resize(mask.astype(np.float32), (cols, rows), interpolation=how)
    return np.asarray(share > 0)


def _draw_lane(canvas: Canvas, frame: Frame, lane: Lane) -> None:
    """Both edges of a lane."""
    outline = lane_outline(lane, lane.top - 0.5, lane.bottom + 0.5)
    colour = LADDER if lane.kind == "ladder" else LANE
    dash = frame.font_size * 0.6 if lane.confidence < DOUBTFUL else 0.0
    half = len(outline) // 2
    for edge in (outline[:half], outline[half:]):
        _line(canvas, frame.place(*edge.T), colour, frame.line, dash=dash)


def _draw_bands(canvas: Canvas, frame: Frame, result: Result) -> None:
    """Boxes of all bands; those that are below detection first, so that they cover nothing."""
    layout = result.layout
    numbers = row_numbers(layout)
    lanes = {lane.id: lane for lane in layout.lanes}
    missing = _below_detection(result)
    order = sorted(layout.bands, key=lambda band: band not in missing)
    for band in order:
        outline = frame.place(*lane_outline(lanes[band.lane_id], band.start, band.stop).T)
        if band in missing:
            dash = frame.font_size * 0.35
            _line(canvas, outline, FAINT, max(1, frame.line - 1), closed=True, dash=dash)
        else:
            colour = row_colour(numbers[band.row_id])
            _line(canvas, outline, colour, frame.line + 1, closed=True)


def _below_detection(result: Result) -> set[Band]:
    measured = {
        m.band
        for lane in result.measurements.values()
        for m in lane.bands
        if Flag.BELOW_DETECTION in m.flags
    }
    return measured | {band for band in result.layout.bands if not band.detected}


def _write_lane_numbers(canvas: Canvas, frame: Frame, layout: Layout) -> None:
    """Numbers in the top margin, or on the blot above a lane that has another one over it."""
    for number, lane in enumerate(layout.lanes, 1):
        text, colour = str(number), LADDER if lane.kind == "ladder" else BODY
        size = _fitting_size(text, lane, frame)
        x, y = frame.place(lane.top, lane.path[0][1])
        x -= text_width(text, size) / 2
        if _has_lane_above(lane, layout.lanes):
            y = max(y - 0.4 * size, frame.top + size)
            _chip(canvas, x, y, text, size)
        else:
            y = frame.top - 0.6 * frame.font_size
        _write(canvas, text, (x, y), colour, size)


def _write_ladder_marks(
    canvas: Canvas, frame: Frame, layout: Layout, marks: Sequence[LadderMark]
) -> None:
    """Sizes beside each ladder, on its side away from most lanes, each with a tick."""
    size = max(9, round(0.8 * frame.font_size))
    for name in dict.fromkeys(mark.lane_id for mark in marks):
        lane = layout.lane(name)
        own = [mark for mark in marks if mark.lane_id == name]
        left = _leftmost(lane, layout)
        wanted = [float(frame.place(mark.row, 0.0)[1]) for mark in own]
        for mark, y in zip(own, _spread(wanted, 1.05 * size, frame.shape[0]), strict=True):
            edge = mark.col + (-0.5 if left else 0.5) * lane.width
            x, tick = frame.place(mark.row, edge)
            step = -0.5 * size if left else 0.5 * size
            extent = text_width(mark.text, size)
            begin = x + 1.4 * step - (extent if left else 0)
            begin = min(max(begin, 1.0), frame.shape[1] - extent - 1.0)
            _line(canvas, np.array([[x, tick], [x + step, y]]), LADDER, frame.line + 1)
            _chip(canvas, begin, y + 0.36 * size, mark.text, size)
            _write(canvas, mark.text, (begin, y + 0.36 * size), LADDER, size)


def _leftmost(lane: Lane, layout: Layout) -> bool:
    """Whether no more lanes of its panel lie to its left than to its right."""
    own = [other.id for other in layout.lanes if other.panel_id == lane.panel_id]
    return own.index(lane.id) < len(own) / 2


def _fitting_size(text: str, lane: Lane, frame: Frame) -> int:
    """Text size at which a number is no wider than its lane."""
    room = max(lane.width * frame.factor, 1.0)
    width = text_width(text, frame.font_size)
    return max(9, min(frame.font_size, int(frame.font_size * 1.15 * room / width)))


def _has_lane_above(lane: Lane, lanes: Iterable[Lane]) -> bool:
    col = lane.path[0][1]
    return any(
        other.bottom <= lane.top and abs(float(other.center(other.bottom)) - col) < other.width
        for other in lanes
    )


def _write_row_labels(canvas: Canvas, frame: Frame, labels: list[RowLabel]) -> None:
    """Row numbers and targets in a side margin, each tied to its row by a thin line."""
    height, width = frame.shape
    size = frame.font_size
    if len(labels) * 1.15 * size > height:
        size = max(9, int(height / (1.15 * len(labels))))
    wanted = [float(frame.place(label.height, 0.0)[1]) for label in labels]
    for label, y, target in zip(labels, _spread(wanted, 1.15 * size, height), wanted, strict=True):
        colour = row_colour(label.number)
        edge = float(frame.place(0.0, label.edge)[0])
        extent = text_width(label.text, size)
        x = width - frame.right + 1.2 * size if label.right else frame.left - 1.2 * size - extent
        near = x - 0.3 * size if label.right else x + extent + 0.3 * size
        border = width - frame.right if label.right else frame.left
        _line(canvas, np.array([[near, y], [border, target]]), colour, frame.line)
        _line(canvas, np.array([[border, target], [edge, target]]), colour, 1, dash=size * 0.3)
        _write(canvas, label.text, (x, y + 0.36 * size), BODY, size)


def _spread(wanted: list[float], gap: float, height: float) -> list[float]:
    """Heights near the wanted ones (ascending) that are at least `gap` apart and inside."""
    placed: list[float] = []
    for y in wanted:
        placed.append(max(y, placed[-1] + gap) if placed else max(y, gap / 2))
    floor = height - gap / 2
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], floor)
        floor = placed[index] - gap
    return placed


def _line(
    canvas: Canvas,
    points: Points,
    colour: str,
    thickness: int,
    *,
    closed: bool = False,
    dash: float = 0.0,
) -> None:
    """Line through (x, y) points, px of the overlay; `dash` is the length of dashes and gaps."""
    if closed:
        points = np.concatenate([points, points[:1]])
    pieces = _dashes(points, dash) if dash > 0 else [points]
    fixed = [np.round(piece * 2**_SHIFT).astype(np.int32) for piece in pieces]
    cv2.polylines(canvas, fixed, False, bgr(colour), thickness, cv2.LINE_AA, _SHIFT)


def _dashes(points: Points, dash: float) -> list[Points]:
    """A line cut into dashes as long as the gaps between them."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    starts = np.arange(0.0, along[-1], 2 * dash)
    ends = np.stack([starts, np.minimum(starts + dash, along[-1])])
    places = np.stack([np.interp(ends, along, axis) for axis in points.T], axis=-1)
    first = np.searchsorted(along, ends[0], "right")
    last = np.searchsorted(along, ends[1], "left")
    return [
        np.concatenate([begin[None], points[a:b], end[None]])
        for begin, end, a, b in zip(*places, first, last, strict=True)
    ]


def _write(canvas: Canvas, text: str, place: tuple[float, float], colour: str, size: int) -> None:
    """Text with its baseline's left end at (x, y)."""
    origin: Any = (round(place[0]), round(place[1]))
    cv2.putText(canvas, text, origin, bgr(colour), font(), size, 500)


def _chip(canvas: Canvas, x: float, y: float, text: str, size: int) -> None:
    """White ground under a number that stands on the blot."""
    pad = max(2, size // 6)
    corner = (round(x) - pad, round(y - 0.8 * size) - pad)
    opposite = (round(x) + text_width(text, size) + pad, round(y) + pad)
    cv2.rectangle(canvas, corner, opposite, (255, 255, 255), cv2.FILLED)

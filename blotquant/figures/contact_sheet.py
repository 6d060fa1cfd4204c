"""The contact sheet: the lanes of every membrane, numbered, to fill the sample sheet in by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blotquant.figures.display import display_grey
from blotquant.figures.frame import font, text_width
from blotquant.figures.palette import BODY, FAINT, LADDER, LANE, MEMBRANE, bgr
from blotquant.model import Blot, Lane, Layout

__all__ = ["contact_sheet"]

_WIDTH = 1600  # px of the sheet: an A4 page at 200 dpi
_PAD = 40
_TITLE, _NUMBER, _SMALL = 30, 26, 18  # px, heights of the letters
_LEAST = 12  # px: smaller letters cannot be read in print
_LONGEST = 230  # px of a kind and label below a lane
_MAX_HEIGHT = 620  # px of one picture
_MAX_FACTOR = 4.0
_OUTSIDE = 0.12  # margin around the lanes, share of their extent
_WIDE = 900  # px: narrower pictures are brought to half the sheet, two beside each other

Canvas = NDArray[np.uint8]


@dataclass(frozen=True)
class _Cut:
    """The part of a picture that holds the lanes, and its size on the sheet."""

    row: int
    col: int
    rows: int
    cols: int
    factor: float

    @property
    def size(self) -> tuple[int, int]:
        """(rows, cols) on the sheet."""
        return max(1, round(self.rows * self.factor)), max(1, round(self.cols * self.factor))

    def x(self, col: float) -> float:
        """Column of the picture on the sheet."""
        return (col - self.col + 0.5) * self.factor

    def y(self, row: float) -> float:
        """Row of the picture on the sheet."""
        return (row - self.row + 0.5) * self.factor


def contact_sheet(membranes: Sequence[tuple[str, Blot, Layout]], title: str = "") -> bytes:
    """Draw the lanes of every membrane with their numbers.

    Bands are dark on light, grey levels linear. Above each lane stands its number, below it its
    kind where that is not a sample. A membrane that appears several times has its pictures under
    one heading.

    Parameters
    ----------
    membranes : sequence of (membrane, Blot, Layout)
        Of each membrane the picture that shows its lanes best, in the order of the sheet.
    title : str
        At the top.

    Returns
    -------
    bytes
        A PNG.
    """
    heading = [_heading(title)] if title else []
    cells = [_cell(*entry) for entry in membranes]
    sheet = np.concatenate([*heading, *_shelves(cells)]) if cells or heading else _white(_PAD)
    done, encoded = cv2.imencode(".png", sheet)
    if not done:
        raise ValueError("the contact sheet could not be encoded as PNG")
    return encoded.tobytes()


def _white(height: int, width: int = _WIDTH) -> Canvas:
    return np.full((height, width, 3), 255, dtype=np.uint8)


def _heading(title: str) -> Canvas:
    strip = _white(2 * _PAD)
    _write(strip, _fitting(title, _WIDTH - 2 * _PAD, _TITLE), (_PAD, _PAD + 18), BODY, _TITLE)
    return strip


def _shelves(cells: Sequence[Canvas]) -> list[Canvas]:
    """Cells from left to right and from the top down; what lies beside each other is as high."""
    shelves: list[list[Canvas]] = []
    for cell in cells:
        if shelves and sum(c.shape[1] for c in shelves[-1]) + cell.shape[1] <= _WIDTH:
            shelves[-1].append(cell)
        else:
            shelves.append([cell])
    return [_shelf(shelf) for shelf in shelves]


def _shelf(cells: Sequence[Canvas]) -> Canvas:
    strip = _white(max(cell.shape[0] for cell in cells))
    x = 0
    for cell in cells:
        strip[: cell.shape[0], x : x + cell.shape[1]] = cell
        x += cell.shape[1]
    return strip


def _cell(membrane: str, blot: Blot, layout: Layout) -> Canvas:
    """One membrane: its name, lane numbers, the picture, kinds of lanes below."""
    cut = _cut(blot, layout)
    rows, cols = cut.size
    head = round(2.6 * _TITLE) + round(1.5 * _NUMBER)
    upright = _must_stand(layout, cut)
    foot = _room_below(layout, upright=upright)
    width = min(_WIDTH, max(cols + 2 * _PAD, _room_for(membrane, blot)))
    canvas = _white(head + rows + foot, width)
    canvas[head : head + rows, _PAD : _PAD + cols] = _picture(blot, layout, cut)
    cv2.rectangle(
        canvas, (_PAD - 1, head - 1), (_PAD + cols, head + rows), bgr(MEMBRANE), 1, cv2.LINE_AA
    )
    _write_names(canvas, membrane, blot, layout)
    size = _number_size(layout, cut)
    for number, lane in enumerate(layout.lanes, 1):
        _draw_lane(canvas, cut, lane, head)
        place = (_PAD + cut.x(lane.path[0][1]), head - 0.4 * _NUMBER)
        _write_centred(canvas, str(number), place, _colour(lane), size, 700)
        _write_words(canvas, cut, lane, head + rows, upright=upright)
    return canvas


def _write_names(canvas: Canvas, membrane: str, blot: Blot, layout: Layout) -> None:
    room = canvas.shape[1] - 2 * _PAD
    name = _fitting(membrane, room, _TITLE)
    _write(canvas, name, (_PAD, round(1.2 * _TITLE)), BODY, _TITLE, 700)
    count = len(layout.lanes)
    told = f"{count} lane{'' if count == 1 else 's'}, {blot.source.name}"
    _write(canvas, _fitting(told, room, _SMALL), (_PAD, round(2.15 * _TITLE)), FAINT, _SMALL)


def _room_for(membrane: str, blot: Blot) -> int:
    """Width that the words above a picture need, as far as they are of usual length."""
    words = max(text_width(membrane, _TITLE), text_width(f"00 lanes, {blot.source.name}", _SMALL))
    return min(words, 460) + 2 * _PAD


def _cut(blot: Blot, layout: Layout) -> _Cut:
    """The lanes with some ground around, as large as the sheet lets them be."""
    rows, cols = blot.shape
    top, bottom, left, right = 0.0, float(rows), 0.0, float(cols)
    if layout.lanes:
        edges = [(col, lane.width / 2) for lane in layout.lanes for _, col in lane.path]
        left = min(col - half for col, half in edges)
        right = max(col + half for col, half in edges)
        top = min(lane.top for lane in layout.lanes)
        bottom = max(lane.bottom for lane in layout.lanes)
        beside = _OUTSIDE * min(bottom - top, right - left)
        top, bottom, left, right = top - beside, bottom + beside, left - beside, right + beside
    first_row, first_col = max(0, round(top)), max(0, round(left))
    height = max(2, min(rows, round(bottom) + 1) - first_row)
    width = max(2, min(cols, round(right) + 1) - first_col)
    factor = min((_WIDTH - 2 * _PAD) / width, _MAX_HEIGHT / height, _MAX_FACTOR)
    if width * factor < _WIDE:
        factor = min(factor, (_WIDTH / 2 - 2 * _PAD) / width)
    return _Cut(first_row, first_col, height, width, factor)


def _picture(blot: Blot, layout: Layout, cut: _Cut) -> Canvas:
    """Grey levels of the cut, stretched as in the overlay."""
    grey = display_grey(blot, layout, blot.shape)
    part = grey[cut.row : cut.row + cut.rows, cut.col : cut.col + cut.cols]
    rows, cols = cut.size
    how = cv2.INTER_CUBIC if cut.factor > 1 else cv2.INTER_AREA
    resized = cv2.resize(np.ascontiguousarray(part), (cols, rows), interpolation=how)
    return np.asarray(cv2.cvtColor(resized, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def _draw_lane(canvas: Canvas, cut: _Cut, lane: Lane, head: int) -> None:
    """Both edges of a lane, thin: the bands are what is looked at."""
    colour = bgr(LADDER if lane.kind == "ladder" else LANE)
    for side in (-0.5, 0.5):
        points = [
            (_PAD + cut.x(col + side * lane.width), head + cut.y(row)) for row, col in lane.path
        ]
        fixed = np.round(np.array(points) * 16).astype(np.int32)
        cv2.polylines(canvas, [fixed], False, colour, 1, cv2.LINE_AA, 4)


def _number_size(layout: Layout, cut: _Cut) -> int:
    """One size for all lane numbers of a picture, at which none touches the next."""
    sizes = [
        int(_NUMBER * 0.8 * lane.width * cut.factor / text_width(str(number), _NUMBER, 700))
        for number, lane in enumerate(layout.lanes, 1)
    ]
    return max(_LEAST, min([_NUMBER, *sizes]))


def _must_stand(layout: Layout, cut: _Cut) -> bool:
    """Whether some kind or label is wider than its lane: then all of the picture are upright."""
    return any(
        text_width(word, _SMALL) > 0.95 * lane.width * cut.factor
        for lane in layout.lanes
        for word in _words(lane)
    )


def _room_below(layout: Layout, *, upright: bool) -> int:
    """Height of what is written below a picture, px."""
    words = [_words(lane) for lane in layout.lanes]
    if not any(words):
        return _PAD
    if upright:
        longest = max(text_width(", ".join(told), _SMALL) for told in words)
        return min(longest, _LONGEST) + _SMALL + _PAD
    return round(1.4 * _SMALL * max(map(len, words))) + _PAD


def _write_words(canvas: Canvas, cut: _Cut, lane: Lane, bottom: int, *, upright: bool) -> None:
    """Kind and label below a lane: one under the other, or upright where they are wider."""
    middle = _PAD + cut.x(float(lane.center(lane.bottom)))
    words = _words(lane)
    if upright and words:
        text = _fitting(", ".join(words), _LONGEST, _SMALL)
        _write_upright(canvas, text, (middle, bottom + 0.5 * _SMALL), _colour(lane))
        return
    for line, word in enumerate(words, 1):
        place = (middle, bottom + line * 1.4 * _SMALL)
        _write_centred(canvas, word, place, _colour(lane), _SMALL, 500)


def _write_upright(canvas: Canvas, text: str, top: tuple[float, float], colour: str) -> None:
    """Text that runs up to a point, its lines' middle there."""
    height = round(1.4 * _SMALL)
    lying = _white(height, text_width(text, _SMALL) + 4)
    _write(lying, text, (2, round(1.0 * _SMALL)), colour, _SMALL)
    standing = np.rot90(lying)
    y, x = round(top[1]), max(0, round(top[0] - height / 2))
    place = canvas[y : y + standing.shape[0], x : x + height]
    place[:] = np.minimum(place, standing[: place.shape[0], : place.shape[1]])


def _words(lane: Lane) -> list[str]:
    kind = [lane.kind] if lane.kind != "sample" else []
    return kind + ([" ".join(lane.label.split())] if lane.label.strip() else [])


def _colour(lane: Lane) -> str:
    return LADDER if lane.kind == "ladder" else BODY


def _fitting(text: str, room: int, size: int) -> str:
    """Text cut to a width."""
    if text_width(text, size) <= room:
        return text
    while text and text_width(text + "…", size) > room:
        text = text[:-1]
    return text + "…"


def _write_centred(
    canvas: Canvas, text: str, place: tuple[float, float], colour: str, size: int, weight: int
) -> None:
    half = text_width(text, size, weight) / 2
    _write(canvas, text, (place[0] - half, place[1]), colour, size, weight)


def _write(
    canvas: Canvas,
    text: str,
    place: tuple[float, float],
    colour: str,
    size: int,
    weight: int = 500,
) -> None:
    """Text with its baseline's left end at (x, y)."""
    origin = (round(place[0]), round(place[1]))
    cv2.putText(canvas, text, origin, bgr(colour), font(), size, weight)

"""Where the blot lies on the overlay: its scale and the margins that the numbers stand in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from blotquant.model import Lane, Layout

__all__ = ["Frame", "RowLabel", "font", "row_labels", "row_numbers", "text_width"]

_COMFORTABLE = 1200  # px; smaller pictures are magnified
_MAX_FACTOR = 4
_LABEL_LENGTH = 18


@dataclass(frozen=True)
class RowLabel:
    """What stands beside a row of bands.

    Parameters
    ----------
    row_id, text : str
    number : int
        Of the row, within its panel.
    height : float
        Where the row begins at the margin: row of the picture, px.
    edge : float
        Where its outermost box begins: column of the picture, px.
    right : bool
        In the right margin, as the left one is nearer to another panel.
    """

    row_id: str
    text: str
    number: int
    height: float
    edge: float
    right: bool


@dataclass(frozen=True)
class Frame:
    """Scale and margins of an overlay.

    Parameters
    ----------
    factor : float
        Px of the overlay for one px of the picture; a whole number where it magnifies.
    size : (rows, cols)
        Of the blot on the overlay.
    font_size : int
        Height of the text, px of the overlay.
    top, left, right, bottom : int
        Margins, px of the overlay.
    labels : tuple of RowLabel
        What stands in the margins.
    """

    factor: float
    size: tuple[int, int]
    font_size: int
    top: int
    left: int
    right: int
    bottom: int
    labels: tuple[RowLabel, ...]

    @classmethod
    def of(cls, shape: tuple[int, int], layout: Layout, max_side: int) -> Frame:
        """Frame for a picture: the same layout and shape always give the same.

        Parameters
        ----------
        shape : (rows, cols)
            Of the picture.
        layout : Layout
        max_side : int
            The longer side of the blot is brought down to this; small ones are magnified.
        """
        factor = _factor(max(shape), max_side)
        rows, cols = (max(1, round(side * factor)) for side in shape)
        font_size = round(min(30, max(13, max(rows, cols) / 75)))
        labels = row_labels(layout)
        left, right = (
            _side_margin([label.text for label in labels if label.right is side], font_size)
            for side in (False, True)
        )
        top, bottom = round(2.2 * font_size), font_size
        return cls(factor, (rows, cols), font_size, top, left, right, bottom, tuple(labels))

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols) of the whole overlay, margins included."""
        rows, cols = self.size
        return self.top + rows + self.bottom, self.left + cols + self.right

    @property
    def line(self) -> int:
        """Thickness of a line, px of the overlay."""
        return max(1, round(self.font_size / 14))

    def place(
        self, rows: NDArray[np.float64] | float, cols: NDArray[np.float64] | float
    ) -> NDArray[np.float64]:
        """Points of the picture on the overlay.

        Parameters
        ----------
        rows, cols : float or ndarray, shape (N,)
            Px of the picture, pixel centres at integers.

        Returns
        -------
        ndarray, shape (N, 2)
            (x, y), px of the overlay, pixel centres at integers.
        """
        x = (np.asarray(cols, dtype=np.float64) + 0.5) * self.factor - 0.5 + self.left
        y = (np.asarray(rows, dtype=np.float64) + 0.5) * self.factor - 0.5 + self.top
        return np.stack(np.broadcast_arrays(x, y), axis=-1)


def row_numbers(layout: Layout) -> dict[str, int]:
    """Number of each row within its panel, from 1, as in the tables."""
    numbers: dict[str, int] = {}
    counts: dict[str, int] = {}
    panels = _panels_of_rows(layout)
    for row in layout.rows:
        panel = panels.get(row.id, "")
        counts[panel] = numbers[row.id] = counts.get(panel, 0) + 1
    return numbers


def row_labels(layout: Layout) -> list[RowLabel]:
    """Labels of all rows that have a band, from the top down."""
    numbers = row_numbers(layout)
    panels = _panels_of_rows(layout)
    on_the_right = _right_panels(layout)
    ends = _ends_of_rows(layout)
    labels = []
    for row in layout.rows:
        if row.id not in ends:
            continue
        right = panels[row.id] in on_the_right
        height, edge = ends[row.id][1 if right else 0]
        words = row.target or row.label or (f"{row.mw_kda:.3g} kDa" if row.mw_kda else "")
        text = f"{numbers[row.id]} {_shortened(words)}".rstrip()
        labels.append(RowLabel(row.id, text, numbers[row.id], height, edge, right))
    return sorted(labels, key=lambda label: label.height)


@lru_cache(maxsize=1)
def font() -> cv2.FontFace:
    """OpenCV's built-in sans serif: the same letters on every machine, Greek ones too."""
    return cv2.FontFace("sans")


def text_width(text: str, size: int, weight: int = 500) -> int:
    """Width of a text, px."""
    box = cv2.getTextSize((0, 0), text, (0, 0), font(), size, weight)
    return int(box[2])


def _factor(longest: int, max_side: int) -> float:
    if longest > max_side:
        return max_side / longest
    factor = min(_MAX_FACTOR, math.ceil(_COMFORTABLE / longest))
    while factor > 1 and factor * longest > 1.25 * max_side:
        factor -= 1
    return float(factor)


def _side_margin(texts: list[str], font_size: int) -> int:
    widest = max((text_width(text, font_size) for text in texts), default=0)
    return widest + round(1.8 * font_size) if widest else font_size


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LABEL_LENGTH else text[: _LABEL_LENGTH - 1] + "…"


def _panels_of_rows(layout: Layout) -> dict[str, str]:
    panel_of_lane = {lane.id: lane.panel_id for lane in layout.lanes}
    panels: dict[str, str] = {}
    for band in layout.bands:
        panels.setdefault(band.row_id, panel_of_lane[band.lane_id])
    return panels


def _right_panels(layout: Layout) -> set[str]:
    """Panels that have another one beside them on the left."""
    spans = {
        panel.id: _span([lane for lane in layout.lanes if lane.panel_id == panel.id])
        for panel in layout.panels
    }
    known = {name: span for name, span in spans.items() if span is not None}
    return {
        name
        for name, (top, bottom, middle) in known.items()
        if any(
            other != name and middle > elsewhere and top < low and high < bottom
            for other, (high, low, elsewhere) in known.items()
        )
    }


def _span(lanes: list[Lane]) -> tuple[float, float, float] | None:
    """Top, bottom and middle column of some lanes."""
    if not lanes:
        return None
    middle = float(np.mean([lane.path[0][1] for lane in lanes]))
    return min(lane.top for lane in lanes), max(lane.bottom for lane in lanes), middle


def _ends_of_rows(layout: Layout) -> dict[str, tuple[tuple[float, float], tuple[float, float]]]:
    """(row, col) where the lines from both margins meet each row of bands.

    At the height of the row's first or last box, and no further than the outermost lane there: a
    line that went on would cross the bands of others.
    """
    lanes = {lane.id: lane for lane in layout.lanes}
    boxes: dict[str, list[tuple[float, float, Lane]]] = {}
    for band in layout.bands:
        lane, middle = lanes[band.lane_id], (band.start + band.stop) / 2
        boxes.setdefault(band.row_id, []).append((float(lane.center(middle)), middle, lane))
    found = {}
    for row_id, row in boxes.items():
        (_, high, first), (_, low, last) = (pick(row, key=_column) for pick in (min, max))
        left = min(_edge(lane, high, -0.5) for lane in layout.lanes if _beside(lane, first))
        right = max(_edge(lane, low, 0.5) for lane in layout.lanes if _beside(lane, last))
        found[row_id] = ((high, left), (low, right))
    return found


def _column(box: tuple[float, float, Lane]) -> float:
    return box[0]


def _edge(lane: Lane, row: float, side: float) -> float:
    return float(lane.center(row)) + side * lane.width


def _beside(lane: Lane, other: Lane) -> bool:
    return lane.panel_id == other.panel_id

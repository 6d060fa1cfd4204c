"""A layout as napari draws it: lanes and bands as paths that are as wide as they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blotquant.flags import Flag
from blotquant.model import Band, Lane, Layout

__all__ = [
    "BAND_COLOURS",
    "Strips",
    "band_path",
    "band_strips",
    "edge_path",
    "lane_label",
    "lane_path",
    "lane_strips",
    "limit_path",
]

# Okabe and Ito's colours, which colour-blind readers tell apart.
_KIND_COLOURS = MappingProxyType(
    {
        "sample": "#0072b2",
        "ladder": "#e69f00",
        "reference": "#56b4e9",
        "standard": "#cc79a7",
        "empty": "#999999",
        "negative": "#999999",
        "positive": "#56b4e9",
    }
)
_UNUSED = "#666666"
BAND_COLOURS = MappingProxyType(
    {"found": "#009e73", "faint": "#999999", "saturated": "#d55e00", "chosen": "#f0e442"}
)
# How opaque a lane is, in hexadecimal; neighbours differ, so that they can be told apart.
_FAINT, _CHOSEN = ("1c", "34"), "70"
_BAND, _CHOSEN_BAND = "60", "b0"


@dataclass(frozen=True)
class Strips:
    """Paths with one width, colour and label each, as a Shapes layer takes them."""

    paths: tuple[NDArray[np.float64], ...]
    widths: tuple[float, ...]
    colours: tuple[str, ...]
    labels: tuple[str, ...]

    def pick(self, which: Sequence[int]) -> Strips:
        """Some of them, in the order asked for."""
        parts = (self.paths, self.widths, self.colours, self.labels)
        return Strips(*(tuple(part[index] for index in which) for part in parts))

    def followed_by(self, other: Strips) -> Strips:
        """These and others after them."""
        return Strips(
            self.paths + other.paths,
            self.widths + other.widths,
            self.colours + other.colours,
            self.labels + other.labels,
        )

    def outlines(self) -> list[tuple[bytes, float]]:
        """What the outline of each is made from: equal where they look alike but for colour."""
        return [
            (path.tobytes(), width) for path, width in zip(self.paths, self.widths, strict=True)
        ]

    def shapes(self) -> dict[str, Any]:
        """Arguments of a Shapes layer or of its ``add``."""
        return {
            "shape_type": "path",
            "edge_width": list(self.widths),
            "edge_color": list(self.colours),
            "face_color": "transparent",
        }


def lane_strips(layout: Layout, selected: Collection[str] = ()) -> Strips:
    """All lanes; the chosen ones stand out."""
    colours = [
        (_KIND_COLOURS[lane.kind] if lane.use else _UNUSED)
        + (_CHOSEN if lane.id in selected else _FAINT[number % 2])
        for number, lane in enumerate(layout.lanes)
    ]
    labels = [lane_label(number, lane) for number, lane in enumerate(layout.lanes, 1)]
    return Strips(
        tuple(lane_path(lane) for lane in layout.lanes),
        tuple(lane.width for lane in layout.lanes),
        tuple(colours),
        tuple(labels),
    )


def band_strips(
    layout: Layout, flags: Sequence[Flag], chosen: tuple[str, str] | None = None
) -> Strips:
    """All bands; `flags` are those of their measurements, both in the order of the layout."""
    lanes = {lane.id: lane for lane in layout.lanes}
    colours = []
    for band, flag in zip(layout.bands, flags, strict=True):
        is_chosen = (band.lane_id, band.row_id) == chosen
        colours.append(_band_colour(flag) + (_CHOSEN_BAND if is_chosen else _BAND))
    return Strips(
        tuple(band_path(lanes[band.lane_id], band) for band in layout.bands),
        tuple(lanes[band.lane_id].width for band in layout.bands),
        tuple(colours),
        ("",) * len(layout.bands),
    )


def lane_label(number: int, lane: Lane) -> str:
    """Number, kind and label, with a star where it was drawn by hand."""
    words = [f"{number}{'*' if lane.source == 'hand' else ''}"]
    if lane.kind != "sample":
        words.append(lane.kind)
    if not lane.use:
        words.append("out")
    if lane.label:
        words.append(lane.label)
    return " ".join(words)


def lane_path(lane: Lane) -> NDArray[np.float64]:
    """Centre line, shape (N, 2)."""
    return np.array(lane.path, dtype=np.float64)


def band_path(lane: Lane, band: Band) -> NDArray[np.float64]:
    """The piece of the centre line between a band's limits, shape (N, 2)."""
    between = [row for row, _ in lane.path if band.start < row < band.stop]
    rows = np.array([band.start, *between, band.stop])
    return np.column_stack([rows, lane.center(rows)])


def edge_path(lane: Lane, side: str) -> NDArray[np.float64]:
    """Left or right edge of a lane, shape (N, 2)."""
    half = lane.width / 2
    return lane_path(lane) + np.array([0.0, -half if side == "left" else half])


def limit_path(lane: Lane, row: float) -> NDArray[np.float64]:
    """Line across a lane at a row, shape (2, 2)."""
    col, half = float(lane.center(row)), lane.width / 2
    return np.array([(row, col - half), (row, col + half)])


def _band_colour(flags: Flag) -> str:
    if Flag.SATURATED in flags:
        return BAND_COLOURS["saturated"]
    return BAND_COLOURS["faint" if Flag.BELOW_DETECTION in flags else "found"]

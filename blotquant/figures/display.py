"""The blot as it looks in the lab: dark bands on a light ground, linear grey levels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blotquant.model import Blot, Lane, Layout
from blotquant.order import quantiles
from blotquant.signal import SignalMap

__all__ = ["LITTLE", "display_grey"]

# Percentiles of the lanes' signal that become white and black. Linear in between: a gamma would
# make weak bands look stronger than they are.
_WHITE, _BLACK = 2.0, 99.5
_WHITE_LEVEL, _BLACK_LEVEL = 244.0, 12.0
_LANE_ROWS, _LANE_COLS = 400, 12
# Reduced by less than this, an average over areas and a line between px give the same picture, and
# the latter takes a fifth of the time.
LITTLE = 1.5


def display_grey(blot: Blot, layout: Layout, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Grey levels of a blot for the screen.

    Parameters
    ----------
    blot : Blot
    layout : Layout
        The stretch is taken from the ground its lanes cover, so that neither canvas nor label
        around the membrane decides how the bands look.
    size : (rows, cols)
        Size of the picture that is wanted.

    Returns
    -------
    ndarray of uint8, shape `size`
    """
    stored, signal_map = _resized(blot.pixels, size), blot.signal_map
    if signal_map.clear_level is not None or stored.dtype not in (np.uint8, np.uint16):
        stored, signal_map = signal_map(stored), SignalMap()
    # both maps, to signal and to grey, in one pass over the picture
    some = _under_lanes(stored, layout, size[0] / blot.shape[0], size[1] / blot.shape[1])
    white, black = _limits(signal_map(some))
    scale = (_BLACK_LEVEL - _WHITE_LEVEL) / (black - white)
    offset = _WHITE_LEVEL + scale * (signal_map.offset - white)
    scale *= signal_map.scale
    return np.asarray(cv2.addWeighted(stored, scale, stored, 0.0, offset, dtype=cv2.CV_8U))


def _resized(pixels: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    if pixels.dtype not in (np.uint8, np.uint16, np.int16, np.float32, np.float64):
        pixels = pixels.astype(np.float32)
    rows, cols = size
    if pixels.shape == size:
        return np.array(pixels)
    if rows > pixels.shape[0]:  # every pixel of a small picture stays to be seen as what it is
        return np.asarray(cv2.resize(pixels, (cols, rows), interpolation=cv2.INTER_NEAREST))
    little = pixels.shape[0] < LITTLE * rows and pixels.shape[1] < LITTLE * cols
    how = cv2.INTER_LINEAR if little else cv2.INTER_AREA
    return np.asarray(cv2.resize(pixels, (cols, rows), interpolation=how))


def _limits(ground: NDArray[np.float32]) -> tuple[float, float]:
    """Signal that is shown white, and signal that is shown black."""
    white, black = quantiles(ground, (_WHITE / 100, _BLACK / 100))
    # a picture without contrast is grey, not noise blown up
    return white, max(black, white + 1e-6 * max(abs(white), 1.0))


def _under_lanes(
    picture: NDArray[Any], layout: Layout, row_scale: float, col_scale: float
) -> NDArray[Any]:
    """Some of the px that the lanes cover; of the picture where there is none."""
    parts = [_under_lane(picture, lane, row_scale, col_scale) for lane in layout.lanes]
    return np.concatenate(parts) if parts else picture[::4, ::4].ravel()


def _under_lane(
    picture: NDArray[Any], lane: Lane, row_scale: float, col_scale: float
) -> NDArray[Any]:
    """Some of the px that a lane covers, spread evenly over it."""
    rows = np.linspace(lane.top, lane.bottom, _LANE_ROWS)
    across = np.linspace(-0.5, 0.5, _LANE_COLS) * lane.width
    cols = lane.center(rows)[:, np.newaxis] + across
    i = np.clip((rows + 0.5) * row_scale - 0.5, 0, picture.shape[0] - 1).round().astype(np.intp)
    j = np.clip((cols + 0.5) * col_scale - 0.5, 0, picture.shape[1] - 1).round().astype(np.intp)
    return picture[i[:, np.newaxis], j].ravel()

"""The picture at the size at which structure is looked for: reduced, with the canvas filled in."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .model import Blot, Panel
from .reduced import known_reduced, reduce_pixels, usual_factor

__all__ = ["Scene", "make_scene", "reduce_blot"]

# A membrane's edge is soft, and its outline good to a few px.
_EDGE = np.ones((15, 15), np.uint8)


@dataclass(frozen=True, eq=False)
class Scene:
    """A reduced picture in which one panel is to be searched.

    Parameters
    ----------
    signal : ndarray, shape (rows, cols), float32
        Area-averaged signal; outside the panel the nearest value inside, so that the panel's
        edge is no step.
    inside : ndarray of bool, shape (rows, cols)
        The panel.
    factor : int
        Px of the picture per px of the scene.
    level : float
        Signal of one grey level of the file: nothing finer can be told.
    """

    signal: NDArray[np.float32]
    inside: NDArray[np.bool_]
    factor: int
    level: float = 0.0

    def full(self, place: float) -> float:
        """Row or column in the picture of a row or column in the scene."""
        return self.factor * (place + 0.5) - 0.5

    def reduced(self, place: float) -> float:
        """Row or column in the scene of a row or column in the picture."""
        return (place + 0.5) / self.factor - 0.5


# The reduced picture serves the membrane and its lanes: made once.
_REDUCED: weakref.WeakKeyDictionary[Blot, tuple[NDArray[np.float32], int]] = (
    weakref.WeakKeyDictionary()
)


def reduce_blot(blot: Blot, factor: int | None = None) -> tuple[NDArray[np.float32], int]:
    """Signal averaged over squares (read-only), and the side of the squares in px."""
    usual = usual_factor(blot.shape)
    if factor is not None and factor != usual:
        return blot.signal_map(reduce_pixels(blot.pixels, factor)), factor
    if blot not in _REDUCED:
        signal = blot.signal_map(known_reduced(blot))
        signal.flags.writeable = False
        _REDUCED[blot] = signal, usual
    return _REDUCED[blot]


def make_scene(blot: Blot, panel: Panel, factor: int | None = None) -> Scene:
    """Scene of one panel of a picture; `factor` px of the picture a px, or as many as it takes."""
    signal, factor = reduce_blot(blot, factor)
    inside = _panel_mask(panel, signal.shape, factor)
    if not inside.all():
        inside = cv2.erode(inside.astype(np.uint8), _EDGE, borderValue=1) > 0
    if not inside.all() and inside.any():
        signal = _fill_outside(signal, inside)
    level = abs(blot.signal_map.scale) if blot.signal_map.clear_level is None else 0.0
    return Scene(signal, inside, factor, 0.0 if blot.pixels.dtype.kind == "f" else level)


def _panel_mask(panel: Panel, shape: tuple[int, ...], factor: int) -> NDArray[np.bool_]:
    if len(panel.outline) < 3:
        return np.ones(shape, bool)
    corners = [
        ((col + 0.5) / factor - 0.5, (row + 0.5) / factor - 0.5) for row, col in panel.outline
    ]
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 1)
    return mask.astype(bool)


def _fill_outside(signal: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Signal with the nearest inside value, smoothed, put outside."""
    core = inside.astype(np.uint8)
    smooth = cv2.medianBlur(np.ascontiguousarray(signal), 5)
    _, labels = cv2.distanceTransformWithLabels(
        1 - core, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    values = np.zeros(labels.max() + 1, np.float32)
    values[labels[inside]] = smooth[inside]
    return np.where(inside, signal, values[labels]).astype(np.float32)

"""A picture's stored levels averaged over squares: made once, for its polarity and its lanes."""

from __future__ import annotations

import weakref
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .model import Blot

__all__ = ["known_reduced", "reduce_pixels", "remember_reduced", "usual_factor"]

# Structure is looked for at about this many px along the longer side.
_WORKING_SIDE = 800

_KNOWN: weakref.WeakKeyDictionary[Blot, NDArray[Any]] = weakref.WeakKeyDictionary()


def usual_factor(shape: tuple[int, ...]) -> int:
    """Side, px, of the squares over which a picture of this shape is averaged; 1 or more fit."""
    return max(1, min(max(shape) // _WORKING_SIDE, *shape))


def reduce_pixels(pixels: NDArray[Any], factor: int) -> NDArray[Any]:
    """Stored levels averaged over squares; px left over at the right and bottom are left out.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols)
    factor : int
        Side of a square, px; 1: as they are.
    """
    rows, cols = (size // factor for size in pixels.shape)
    reduced = pixels[: rows * factor, : cols * factor]
    if reduced.dtype not in (np.uint8, np.uint16, np.float32):
        reduced = reduced.astype(np.float32)
    left = factor
    while left > 1:
        # OpenCV halves at twice the speed, and reads every so manieth row without a copy
        step = 2 if left % 2 == 0 else left
        left //= step
        reduced = cv2.resize(reduced, (cols * left, rows * left), interpolation=cv2.INTER_AREA)
    return reduced


def remember_reduced(blot: Blot, reduced: NDArray[Any]) -> None:
    """Keep a blot's pixels reduced by the usual factor as long as the blot is there."""
    _KNOWN[blot] = reduced


def known_reduced(blot: Blot) -> NDArray[Any]:
    """A blot's pixels reduced by the usual factor, made where nobody did so before."""
    known = _KNOWN.get(blot)
    return reduce_pixels(blot.pixels, usual_factor(blot.shape)) if known is None else known

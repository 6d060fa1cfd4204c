"""Where bands are: a map of how much every pixel looks like part of a horizontal band."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .order import median, quantile
from .scene import Scene

__all__ = ["band_evidence"]

# Half-thickness of bands looked for, px of the scene.
_SCALES = (1.2, 2.4, 4.8, 9.0)
# From this thickness on, half the resolution is enough.
_HALF_FROM = 4.0
# A slope drawn in steps of one grey level bends by up to this share of a level.
_STEP = 0.15
# Nothing narrower than this counts, px of the scene.
_SPECK = 7
# Evidence below this many times the clutter is none.
_CLUTTER = 2.5
# A picture whose strongest evidence is below this many times the clutter shows noise alone: over a
# lane's width, noise by itself comes to 5 at most in a picture of working size.
_CHANCE = 6.0


def band_evidence(scene: Scene) -> NDArray[np.float32]:
    """How much each pixel looks like part of a band, in units of the scene's clutter.

    At each of four thicknesses the signal minus its surroundings along the lane (a difference of
    Gaussians, so slow background and smear drop out) is divided by its own robust spread over
    the scene, which makes noise, clouds and texture count alike. The largest of the four counts,
    as its square root: a band of 1 % of the strongest still weighs a tenth.

    Parameters
    ----------
    scene : Scene

    Returns
    -------
    ndarray, shape (rows, cols), float32
        0 where there is no band; 0 throughout where nothing exceeds what chance makes.
    """
    rows, cols = scene.signal.shape
    size = (max(1, cols // 2), max(1, rows // 2))
    half = np.asarray(cv2.resize(scene.signal, size, interpolation=cv2.INTER_AREA), np.float32)
    half_inside = cv2.resize(scene.inside.astype(np.uint8), size) > 0
    best: NDArray[np.float32] = np.zeros((rows, cols), np.float32)
    for scale in _SCALES:
        if 6 * scale > rows:
            break
        if scale < _HALF_FROM or rows < 2 * cols // 10:
            ridge = _ridge(scene.signal, scene.inside, scale, scene.level)
        else:  # broad bands lose nothing at half size
            small = _ridge(half, half_inside, scale / 2, scene.level)
            ridge = np.asarray(cv2.resize(small, (cols, rows)), np.float32)
        best = np.maximum(best, ridge)
    # dust and lettering are narrower than any lane
    best = np.asarray(cv2.morphologyEx(best, cv2.MORPH_OPEN, np.ones((1, _SPECK), np.uint8)))
    best[~scene.inside] = 0
    if best.max() < _CHANCE:
        return np.zeros_like(best)
    above = np.maximum(best - np.float32(_CLUTTER), 0)
    return np.asarray(np.sqrt(above), np.float32)


def _ridge(
    signal: NDArray[np.float32], inside: NDArray[np.bool_], scale: float, level: float
) -> NDArray[np.float32]:
    """Response to bands of one thickness, in units of its clutter."""
    border = cv2.BORDER_REPLICATE
    across = max(0.7, 0.3 * scale)  # narrow: the gaps between touching lanes must stay
    fine = cv2.GaussianBlur(signal, (0, 0), across, sigmaY=scale, borderType=border)
    coarse = cv2.GaussianBlur(fine, (1, 0), 0.01, sigmaY=2.5 * scale, borderType=border)
    ridge = fine - coarse
    return ridge / np.float32(max(_clutter(ridge, inside, scale), _STEP * level))


def _clutter(ridge: NDArray[np.float32], inside: NDArray[np.bool_], scale: float) -> float:
    """Robust spread of the response away from bands and their negative lobes."""
    step = max(1, ridge.shape[1] // 200)  # every so many columns says the same
    sample = np.ascontiguousarray(ridge[:, ::step])
    valid = np.ascontiguousarray(inside[:, ::step])
    negative, _ = _some_of(sample, valid & (sample < 0))
    if negative.size == 0:
        return 1.0
    first = -1.4826 * median(negative)
    reach = np.ones((2 * int(4 * scale) + 1, 1), np.uint8)
    near_band = cv2.dilate((sample > 6 * first).astype(np.uint8), reach, borderValue=0) > 0
    quiet, count = _some_of(sample, valid & ~near_band)
    if count < 0.1 * sample.size:  # a tight strip: its lobes are all that was seen
        return max(0.4 * first, 1e-12)
    # two quantiles of a half-normal: JPEG leaves half of the blocks flat
    size = np.abs(quiet)
    spread = max(1.4826 * median(size), quantile(size, 0.8) / 1.2816)
    return max(spread, 1e-6 * float(np.abs(sample).max()) + 1e-12)


def _some_of(
    values: NDArray[np.float32], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], int]:
    """Some 20000 of the values under a mask, evenly spread, and how many there are in all."""
    places = np.flatnonzero(mask)
    return values.ravel()[places[:: max(1, places.size // 20000)]], places.size

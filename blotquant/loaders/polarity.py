"""Whether bands are dark or light, decided from the picture.

Bands stand out sharply from a ground that changes slowly, in one direction only. So the picture is
freed of its slow changes (difference of two Gaussian blurs, at three sizes) and the sign of the
skewness of what is left is the polarity. Even noise, shading, clouds and straight edges have none.
A surround (canvas with its text, the imager's table) is cut away first, where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..signal import Polarity
from .surround import find_inside

# Pixels to which a picture is reduced: its bands are then 2 to 10 px high.
_AREA = 60_000
_WHOLE = 4  # from so many times on reduced by a whole number, so not quite to that
_SIGMA = 1.5
_OCTAVES = 3
# Mean skewness below which the eye hesitates too, and above which nothing is left to doubt.
_DOUBT, _CLEAR = 0.5, 1.5
# Weight of a white or black canvas as a hint, where the bands decide nothing.
_CANVAS_HINT = 0.4

Floats = NDArray[np.float32]

__all__ = ["Verdict", "look_for_bands"]


@dataclass(frozen=True)
class Verdict:
    """What the picture says.

    Parameters
    ----------
    polarity : {"dark_on_light", "light_on_dark"}
    skewness : float
        Mean skewness of the fine structure; negative where bands are dark.
    """

    polarity: Polarity
    skewness: float

    @property
    def certain(self) -> bool:
        """Whether the picture leaves no doubt."""
        return abs(self.skewness) >= _DOUBT

    @property
    def confidence(self) -> float:
        """0 (a toss-up) to 1 (clear)."""
        return min(abs(self.skewness) / _CLEAR, 1.0)


def look_for_bands(pixels: NDArray[Any], reduced: NDArray[Any] | None = None) -> Verdict:
    """Decide whether bands are dark or light.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols)
        Stored grey levels, lanes upright if that is known.
    reduced : ndarray, optional
        The same averaged over small squares, where that is known: it is looked at in their place.
    """
    small = _reduced(pixels, reduced)
    inside = find_inside(small, 2.0 if pixels.dtype == np.uint8 else 0.0)
    mask = np.ones_like(small) if inside is None else inside.astype(np.float32)
    every_way, downwards = _skewness(small, mask)
    score = every_way
    if abs(score) < _DOUBT + 0.2:
        # smear and bright gaps between lanes run down the picture, bands across it
        score = (every_way + downwards) / 2
        if inside is not None:
            outside = float(np.median(small[~inside]))
            score += -_CANVAS_HINT if outside > float(np.median(small[inside])) else _CANVAS_HINT
    return Verdict("dark_on_light" if score < 0 else "light_on_dark", score)


def _reduced(pixels: NDArray[Any], known: NDArray[Any] | None) -> Floats:
    """Picture reduced by averaging to about 60,000 px, its median 0, its range 1; float32.

    `known` are means of small squares of it, or None.
    """
    if pixels.dtype not in (np.uint8, np.uint16, np.float32):
        known = None
        step = max(1, int((pixels.size / (4 * _AREA)) ** 0.5))
        pixels = pixels[::step, ::step].astype(np.float32)
    shrink = (pixels.size / _AREA) ** 0.5
    small = pixels
    if shrink >= _WHOLE:
        rows, cols = (length // round(shrink) for length in pixels.shape)
        side = 1
        if known is not None and pixels.shape[0] // known.shape[0] <= round(shrink) / 2:
            side, small = pixels.shape[0] // known.shape[0], known
        if round(shrink) % side == 0:  # OpenCV is several times as fast at whole numbers
            whole = round(shrink) // side
            small = small[: rows * whole, : cols * whole]
        small = cv2.resize(small, (cols, rows), interpolation=cv2.INTER_AREA)
    elif shrink > 1:
        size = [max(2, round(length / shrink)) for length in pixels.shape[::-1]]
        small = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
    small = np.asarray(small, dtype=np.float32)
    spread = float(small.max()) - float(small.min())
    return np.asarray((small - np.median(small)) / max(spread, 1e-30), dtype=np.float32)


def _skewness(small: Floats, mask: Floats) -> tuple[float, float]:
    """Mean skewness over three octaves of what is finer than its surroundings.

    Returns
    -------
    every_way, downwards : float
        Surroundings taken all round, and along the columns only.
    """
    every_way, downwards = [], []
    for octave in range(_OCTAVES):
        if octave:
            if min(small.shape) < 16:
                break
            small, mask = _halved(small * mask), _halved(mask)
            small /= np.maximum(mask, 1e-3)
        inner = mask > 0.99
        fine = _blurred(small, mask, _SIGMA, _SIGMA)
        round_about = _blurred(small, mask, 2 * _SIGMA, 2 * _SIGMA)
        above_below = _blurred(small, mask, 2 * _SIGMA, _SIGMA)
        every_way.append(_third_moment((fine - round_about)[inner]))
        downwards.append(_third_moment((fine - above_below)[inner]))
    return float(np.mean(every_way)), float(np.mean(downwards))


def _halved(picture: Floats) -> Floats:
    rows, cols = picture.shape
    size = (max(cols // 2, 2), max(rows // 2, 2))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _blurred(picture: Floats, mask: Floats, down: float, across: float) -> Floats:
    """Gaussian blur that takes nothing from outside the mask; sigmas in px."""
    seen = cv2.GaussianBlur(picture * mask, (0, 0), sigmaX=across, sigmaY=down)
    if mask.all():
        return np.asarray(seen)
    weight = cv2.GaussianBlur(mask, (0, 0), sigmaX=across, sigmaY=down)
    return np.asarray(seen / np.maximum(weight, 1e-3))


def _third_moment(values: NDArray[np.float32]) -> float:
    """Skewness of a sample; 0 for an empty or constant one."""
    if values.size < 9:
        return 0.0
    centred = values - values.mean()
    squares = centred * centred
    variance = float(squares.mean())
    return float((squares * centred).mean()) / variance**1.5 if variance > 1e-16 else 0.0

"""Whether bands are dark or light, decided from the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..signal import Polarity

_LONG_SIDE = 320

__all__ = ["Verdict", "look_for_bands", "reduced"]


@dataclass(frozen=True)
class Verdict:
    """What the picture says.

    Parameters
    ----------
    polarity : {"dark_on_light", "light_on_dark"}
    confidence : float
        0 (a toss-up) to 1.
    """

    polarity: Polarity
    confidence: float

    @property
    def certain(self) -> bool:
        """Whether the picture leaves no doubt."""
        return self.confidence >= 0.2


def look_for_bands(pixels: NDArray[Any]) -> Verdict:
    """Decide from the skewness of the picture's fine structure."""
    small = reduced(pixels)
    scores = []
    for sigma in (1.5, 3.0, 6.0):
        smooth = cv2.GaussianBlur(small, (0, 0), sigma)
        fine = smooth - cv2.GaussianBlur(smooth, (0, 0), 2 * sigma)
        fine -= fine.mean()
        scores.append(float((fine**3).mean() / max((fine**2).mean() ** 1.5, 1e-12)))
    score = float(np.mean(scores))
    return Verdict("dark_on_light" if score < 0 else "light_on_dark", min(abs(score), 1.0))


def reduced(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Picture reduced by averaging to at most 320 px along its longer side, float32."""
    if pixels.dtype not in (np.uint8, np.uint16, np.float32):
        step = max(1, max(pixels.shape) // (2 * _LONG_SIDE))
        pixels = pixels[::step, ::step].astype(np.float32)
    factor = max(pixels.shape) / _LONG_SIDE
    if factor > 1:
        size = tuple(max(2, round(length / factor)) for length in pixels.shape[::-1])
        pixels = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA)
    return np.asarray(pixels, dtype=np.float32)

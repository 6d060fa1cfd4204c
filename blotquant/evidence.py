"""Where bands are: a map of how much every pixel looks like part of a horizontal band."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .scene import Scene

__all__ = ["band_evidence"]

# Half-thickness of bands looked for, px of the scene.
_SCALES = (1.2, 2.4, 4.8, 9.0)
# Evidence below this many times the clutter is none.
_CLUTTER = 2.5


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
        0 where there is no band.
    """
    height = scene.signal.shape[0]
    best = np.zeros(scene.signal.shape, np.float32)
    border = cv2.BORDER_REPLICATE
    for scale in _SCALES:
        if 6 * scale > height:
            break
        across = max(0.7, 0.3 * scale)  # narrow: the gaps between touching lanes must stay
        fine = cv2.GaussianBlur(scene.signal, (0, 0), across, sigmaY=scale, borderType=border)
        coarse = cv2.GaussianBlur(fine, (1, 0), 0.01, sigmaY=2.5 * scale, borderType=border)
        ridge = fine - coarse
        np.maximum(best, ridge / _clutter(ridge[scene.inside]), out=best)
    best -= _CLUTTER
    np.maximum(best, 0, out=best)
    best[~scene.inside] = 0
    return np.sqrt(best, out=best)


def _clutter(ridge: NDArray[np.float32]) -> float:
    """Robust spread of the response, from its negative side, where no bands are."""
    sample = ridge[:: max(1, ridge.size // 40000)]
    negative = sample[sample < 0]
    if negative.size == 0:
        return 1.0
    return max(1.4826 * float(np.median(-negative)), 1e-6 * float(np.abs(sample).max()) + 1e-12)

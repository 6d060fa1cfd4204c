"""Tell a dot blot from a western blot: round spots have no lanes to be found."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .scene import Scene

__all__ = ["count_round_spots"]

# At half height a spot is as wide as high within this factor; bands are wider than high.
_ROUND = 1.12
# A disk fills pi/4 of its bounding box; a band, a rectangle with round ends, fills more.
_DISK_FILL = (0.70, 0.815)
# Spots scatter little in shape: the middle half of them lies within this.
_SCATTER = 0.25
_MIN_SPOTS = 6
_MIN_SIDE = 5


def count_round_spots(scene: Scene, evidence: NDArray[np.float32]) -> int:
    """Number of round spots, if what stands out is round; else 0.

    Parameters
    ----------
    scene : Scene
    evidence : ndarray, shape (rows, cols)
        Map from `blotquant.evidence.band_evidence`.

    Returns
    -------
    int
        0 for a western blot.
    """
    bright = (evidence > 0.35 * float(evidence.max())).astype(np.uint8)
    count, _, boxes, _ = cv2.connectedComponentsWithStats(bright)
    shapes = [
        shape
        for x, y, w, h, area in boxes[1:count]
        if area >= _MIN_SIDE**2
        and (shape := _shape(scene.signal, int(x), int(y), int(w), int(h))) is not None
    ]
    if len(shapes) < _MIN_SPOTS:
        return 0
    aspect, fill = np.array(shapes).T
    spread = float(np.subtract(*np.percentile(aspect, (75, 25))))
    middle = float(np.median(aspect))
    is_round = 1 / _ROUND < middle < _ROUND and spread < _SCATTER
    is_disk = _DISK_FILL[0] < float(np.median(fill)) < _DISK_FILL[1]
    return len(shapes) if is_round and is_disk else 0


def _shape(
    signal: NDArray[np.float32], x: int, y: int, w: int, h: int
) -> tuple[float, float] | None:
    """Width over height at half height of the spot in a box, and how much it fills its box."""
    pad = max(w, h) // 2 + 2
    top, left = max(0, y - pad), max(0, x - pad)
    window = signal[top : y + h + pad, left : x + w + pad]
    core = signal[y : y + h, x : x + w]
    half = (float(np.percentile(core, 95)) + float(np.percentile(window, 10))) / 2
    row, col = np.unravel_index(int(np.argmax(core)), core.shape)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((window > half).astype(np.uint8))
    label = labels[y - top + int(row), x - left + int(col)]
    if count < 2 or label == 0:
        return None
    _, _, width, height, area = stats[label]
    if max(width, height) < 2 * _MIN_SIDE:
        return None
    return float(width / height), float(area / (width * height))

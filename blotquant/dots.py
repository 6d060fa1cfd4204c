"""Tell a dot blot from a western blot: round spots have no lanes to be found."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .order import median, quantile
from .scene import Scene

__all__ = ["count_round_spots"]

# At half height a spot is as wide as high within this factor; bands are wider than high.
_ROUND = 1.12
# A disk fills pi/4 of its bounding box; a band, a rectangle with round ends, fills more.
# (That of a spot of ten px fills less.)
_DISK_FILL = (0.62, 0.815)
# Spots scatter little in shape: the middle half of them lies within this.
_SCATTER = 0.25
# A spot's edges are as soft across as along; a band's are hard across and soft along.
_ALIKE = 0.22
_MIN_SPOTS = 6
# Spots are in one row, or one above the other, where their middles differ by less than this share
# of their height or width.
_IN_LINE = 0.5
# In a blot so many of the spots have neighbours in a row, whose distances are whole numbers of one
# spacing within this share; its rows are so many spacings apart, or it has one. The wells of a
# dot blot are as far apart down as across.
_IN_ROWS, _OFF_SPACING, _ROWS_APART = 0.8, 0.2, 1.5
# Where most pieces of evidence are this much wider than high, no closer look is needed.
_SURELY_BANDS = 2.5
_MIN_SIDE = 5
# As many pieces, or up to twice, are looked at closely where there are more.
_ENOUGH = 40


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
        0 for a western blot, of round bands too: they stand in rows farther apart than lanes.
    """
    bright = (evidence > 0.35 * float(evidence.max())).astype(np.uint8)
    # every piece's own outline, also of one in the hole of another
    outlines, hierarchy = cv2.findContours(bright, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    large = [
        cv2.boundingRect(outline)
        for outline, (_, _, _, hole_of) in zip(outlines, hierarchy[0], strict=True)
        if hole_of < 0 and cv2.contourArea(outline) >= (_MIN_SIDE - 1) ** 2
    ]
    if len(large) < _MIN_SPOTS or median([w / h for _, _, w, h in large]) > _SURELY_BANDS:
        return 0
    some = large[:: max(1, len(large) // _ENOUGH)]
    shapes = [
        shape for x, y, w, h in some if (shape := _shape(scene.signal, x, y, w, h)) is not None
    ]
    if len(shapes) < _MIN_SPOTS:
        return 0
    aspect, fill, edges = np.array(shapes).T
    spread = float(np.subtract(*np.percentile(aspect, (75, 25))))
    middle = float(np.median(aspect))
    is_round = 1 / _ROUND < middle < _ROUND and spread < _SCATTER
    is_disk = _DISK_FILL[0] < float(np.median(fill)) < _DISK_FILL[1]
    is_alike = float(np.median(np.abs(np.log(edges)))) < _ALIKE
    spots = round(len(large) * len(shapes) / len(some))
    return spots if is_round and is_disk and is_alike and not _are_bands(large) else 0


def _are_bands(boxes: Sequence[Sequence[int]]) -> bool:
    """Whether spots (left, top, width, height) stand as bands do: evenly in rows that are apart."""
    left, top, width, height = np.array(boxes, np.float64).T
    across = np.abs(np.subtract.outer(left + width / 2, left + width / 2))
    down = np.abs(np.subtract.outer(top + height / 2, top + height / 2))
    in_row = (down < _IN_LINE * median(height)) & (across > _IN_LINE * median(width))
    in_column = (across < _IN_LINE * median(width)) & (down > _IN_LINE * median(height))
    beside = across.min(axis=1, where=in_row, initial=np.inf)
    below = down.min(axis=1, where=in_column, initial=np.inf)
    beside, below = beside[np.isfinite(beside)], below[np.isfinite(below)]
    if beside.size < _IN_ROWS * left.size:
        return False
    spacing = quantile(beside, 0.25)
    steps = beside / spacing
    even = np.abs(steps - np.rint(steps)) < _OFF_SPACING
    apart = quantile(below, 0.25) if below.size else np.inf
    return bool(even.sum() >= _IN_ROWS * left.size and apart > _ROWS_APART * spacing)


def _shape(
    signal: NDArray[np.float32], x: int, y: int, w: int, h: int
) -> tuple[float, float, float] | None:
    """Shape of the spot in a box: aspect at half height, fill, softness across over along."""
    pad = max(w, h) // 2 + 2
    top, left = max(0, y - pad), max(0, x - pad)
    window = signal[top : y + h + pad, left : x + w + pad]
    core = signal[y : y + h, x : x + w]
    half = (quantile(core, 0.95) + quantile(window, 0.1)) / 2
    row, col = np.unravel_index(int(np.argmax(core)), core.shape)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((window > half).astype(np.uint8))
    label = labels[y - top + int(row), x - left + int(col)]
    if count < 2 or label == 0:
        return None
    x0, y0, width, height, area = stats[label]
    if max(width, height) < 2 * _MIN_SIDE:
        return None
    spot = window[y0 : y0 + height, x0 : x0 + width].astype(np.float64)
    middle_row, middle_col = height // 2, width // 2
    across = spot[max(0, middle_row - 1) : middle_row + 2].mean(axis=0)
    along = spot[:, max(0, middle_col - 1) : middle_col + 2].mean(axis=1)
    edges = _plateau(across, half) / _plateau(along, half)
    return float(width / height), float(area / (width * height)), edges


def _plateau(section: NDArray[np.float64], half: float) -> float:
    """Share of a section through a spot that is within a quarter of its height of the top."""
    level = half + 0.5 * (float(section.max()) - half)
    return max(float((section > level).mean()), 0.05)

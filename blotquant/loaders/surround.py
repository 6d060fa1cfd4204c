"""What surrounds the membrane in a picture, roughly: canvas with text, or the imager's table.

For the polarity alone, which must be known before signal is; `blotquant.membrane` looks closely.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# A surround reaches this much of the picture's border.
_BORDER_SHARE = 0.2
# Least share of the picture that is membranes, and how much of its hull each fills.
_MIN_SHARE, _MIN_SOLIDITY = 0.1, 0.85
# Membranes side by side are no smaller than this against the largest.
_LIKE = 0.2
# Least share of the picture that one of several membranes is: on a table, and on a canvas, where
# a row of bands on a clipped ground is a piece, too.
_ON_TABLE, _ON_CANVAS = 0.05, 0.1
# Step between membrane and table, in robust standard deviations of the table.
_CLEAR_STEP = 8.0

Mask = NDArray[np.bool_]

__all__ = ["find_inside"]


def find_inside(small: NDArray[np.float32], levels: float) -> Mask | None:
    """Mask of what lies well inside the surround; None where there is no surround.

    Parameters
    ----------
    small : ndarray, shape (rows, cols), float32
        Picture reduced to some hundred px a side, its range 1.
    levels : float
        Grey levels of 255 by which a canvas may ripple (lossy coding).
    """
    low, high = float(small.min()), float(small.max())
    tolerance = levels / 255 + 1e-6
    flat = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, _square(3)) <= tolerance
    canvases = [flat & (np.abs(small - level) <= tolerance) for level in (low, high)]
    canvas = max(canvases, key=_border_share)
    if _border_share(canvas) >= _BORDER_SHARE:
        inside = _solid_pieces(~_grown(canvas, 3), _ON_CANVAS)
        if inside is not None:
            return inside
    return _on_a_table(small, low, high)


def _on_a_table(small: NDArray[np.float32], low: float, high: float) -> Mask | None:
    """Mask of the membranes on an even table of clearly other brightness (Otsu's threshold)."""
    levels = ((small - low) * (255 / max(high - low, 1e-30))).astype(np.uint8)
    cut, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_OTSU)
    found: list[tuple[float, Mask]] = []
    for part in (levels > cut, levels <= cut):
        inside = _solid_pieces(part, _ON_TABLE)
        if inside is None:
            continue
        outside = ~_grown(inside, 15)
        if outside.mean() < 0.03:
            continue
        table = float(np.median(small[outside]))
        scatter = 1.4826 * float(np.median(np.abs(small[outside] - table)))
        if abs(float(np.median(small[inside])) - table) > _CLEAR_STEP * scatter:
            found.append((_border_share(outside), inside))
    # gaps between membranes are pieces, too: the table is what reaches the border
    around, inside = max(found, key=lambda one: one[0], default=(0.0, None))
    return inside if around >= _BORDER_SHARE else None


def _solid_pieces(mask: Mask, least: float) -> Mask | None:
    """Pieces of a mask that can be membranes, their holes filled and their rims taken off."""
    side = max(5, int(0.04 * max(mask.shape)))  # wider than letters
    side = min(side, max(3, min(mask.shape) // 4))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, _square(side))
    contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outlines = sorted(contours, key=cv2.contourArea, reverse=True)
    filled = np.zeros_like(opened)
    for outline in outlines:
        area = cv2.contourArea(outline)
        if area < max(_LIKE * cv2.contourArea(outlines[0]), least * mask.size):
            break
        if area >= _MIN_SOLIDITY * cv2.contourArea(cv2.convexHull(outline)):
            cv2.drawContours(filled, [outline], -1, 1, -1)
        elif outline is outlines[0]:
            return None
    if not _MIN_SHARE < float(filled.mean()) < 0.97:
        return None
    inside = np.asarray(cv2.erode(filled, _square(7), borderValue=1)).astype(bool)
    return inside if inside.any() else None  # a strip of few rows may be rim only


def _border_share(mask: Mask) -> float:
    """Share of the picture's border that a mask covers."""
    return float(np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean())


def _grown(mask: Mask, side: int) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _square(side))).astype(bool)


def _square(side: int) -> NDArray[np.uint8]:
    return np.ones((side, side), np.uint8)

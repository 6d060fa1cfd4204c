"""The evidence of a notice, drawn: where it is in the picture, and both places enlarged."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from blotquant.figures.palette import ROWS, bgr
from blotquant.model import Blot
from blotquant.notice import Box, Notice

__all__ = ["evidence_png"]

Canvas = NDArray[np.uint8]

_WIDTH = 900
_CLOSE = 420
_GAP = 16
_ROOM = 12  # px of the picture around a region
_SEAM = 40  # columns either side of a joint
_COLOURS = (ROWS[0], ROWS[1])


def evidence_png(notice: Notice, blot: Blot, other: Blot | None = None) -> bytes:
    """Draw what a notice says.

    Parameters
    ----------
    notice : Notice
    blot : Blot
        Its picture.
    other : Blot, optional
        The other picture, where there are two.

    Returns
    -------
    bytes
        A PNG: the pictures with the places framed, then the places enlarged, each with contrast
        of its own, so that noise is seen.
    """
    boxes = [(blot, notice.box, _COLOURS[0])]
    if notice.other_box is not None:
        boxes.append((other if other is not None else blot, notice.other_box, _COLOURS[1]))
    if other is None:
        parts = [_overview(blot, [(box, colour) for _, box, colour in boxes])]
    else:
        parts = [_overview(one, [(box, colour)]) for one, box, colour in boxes]
    close = [_framed(_close(one, box, notice.kind), colour) for one, box, colour in boxes]
    done, encoded = cv2.imencode(".png", _stacked([*parts, _beside(close)]))
    if not done:
        raise ValueError("the evidence could not be encoded as PNG")
    return encoded.tobytes()


def _overview(blot: Blot, boxes: list[tuple[Box, str]]) -> Canvas:
    """The whole picture with frames."""
    factor = _WIDTH / blot.shape[1]
    size = (_WIDTH, max(round(blot.shape[0] * factor), 8))
    signal = blot.signal()
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST
    canvas = cv2.cvtColor(
        _grey(np.asarray(cv2.resize(signal, size, interpolation=how), np.float32)),
        cv2.COLOR_GRAY2BGR,
    )
    for box, colour in boxes:
        low = (round(box[1] * factor) - 2, round(box[0] * factor) - 2)
        high = (round(box[3] * factor) + 1, round(box[2] * factor) + 1)
        cv2.rectangle(canvas, low, high, bgr(colour), 2)
    return np.asarray(canvas, dtype=np.uint8)


def _close(blot: Blot, box: Box, kind: str) -> Canvas:
    """A place enlarged by a whole number; of a joint the columns beside it."""
    rows, cols = blot.shape
    side = _SEAM if kind == "joined" else _ROOM
    top, bottom = max(box[0] - _ROOM, 0), min(box[2] + _ROOM, rows)
    left, right = max(box[1] - side, 0), min(box[3] + side, cols)
    grey = _grey(blot.signal((slice(top, bottom), slice(left, right))))
    factor = _CLOSE / max(grey.shape)
    size = (max(round(grey.shape[1] * factor), 1), max(round(grey.shape[0] * factor), 1))
    how = cv2.INTER_NEAREST if factor >= 1 else cv2.INTER_AREA
    return np.asarray(
        cv2.cvtColor(cv2.resize(grey, size, interpolation=how), cv2.COLOR_GRAY2BGR), dtype=np.uint8
    )


def _grey(signal: NDArray[np.float32]) -> Canvas:
    """Dark where there is much signal; the middle 98 % of it fill the scale."""
    low, high = (float(level) for level in np.percentile(signal, (1, 99)))
    share = (signal - low) / max(high - low, 1e-9)
    return np.asarray(np.clip(245 - 235 * share, 0, 255), dtype=np.uint8)


def _framed(canvas: Canvas, colour: str) -> Canvas:
    """A frame in the colour of the place."""
    return np.asarray(
        cv2.copyMakeBorder(canvas, 3, 3, 3, 3, cv2.BORDER_CONSTANT, value=bgr(colour)),
        dtype=np.uint8,
    )


def _beside(parts: list[Canvas]) -> Canvas:
    height = max(part.shape[0] for part in parts)
    padded = [_padded(part, height, part.shape[1] + _GAP) for part in parts]
    return np.hstack(padded)


def _stacked(parts: list[Canvas]) -> Canvas:
    width = max(part.shape[1] for part in parts)
    return np.vstack([_padded(part, part.shape[0] + _GAP, width) for part in parts])


def _padded(part: Canvas, height: int, width: int) -> Canvas:
    canvas = np.full((height, width, 3), 255, dtype=np.uint8)
    canvas[: part.shape[0], : part.shape[1]] = part
    return canvas

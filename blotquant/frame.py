"""The rectangle of ink that a program draws around a picture, as figures and slides have it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["inside_frame"]

Signal = NDArray[np.float32]

# A line lies no deeper than this share of the picture, or so many px, and is no thicker than ...
_DEPTH, _LEAST_DEPTH, _THICK = 0.06, 8, 5
# Its ends are left out: the lines of the other sides cross it there.
_ENDS = 0.05
# Ink is even: so much of its step from what it encloses varies from end to end, no row of bands
# less. It steps by this share of the picture's contrast or more.
_UNEVEN, _CLEAR = 0.25, 0.15
_RIM = 0.05  # share of a line at either end of its levels that says nothing
# Two px beyond the line less than this share of its step is left.
_FADED = 0.5
_FEWEST = 32  # px of a side: less shows no frame
# Px beyond the line that it may have stained: smoothing, lossy compression.
_SOFT = 2


def inside_frame(signal: Signal) -> tuple[slice, slice] | None:
    """Find what a drawn frame encloses.

    A frame crosses all lanes near their ends, sharper than any band and equally strong in each.
    Nothing else in a picture runs so evenly from end to end, rows of bands have gaps: a line along
    one side, of a frame that was cropped, is as sure as four.

    Parameters
    ----------
    signal : ndarray, shape (rows, cols), float32
        At the scene's size.

    Returns
    -------
    tuple of slice or None
        Rows and columns within the lines, px of the scene; None where there is no frame.
    """
    if min(signal.shape) < _FEWEST:
        return None
    low, high = np.quantile(signal[::3, ::3], (0.02, 0.98))
    least = _CLEAR * max(float(high - low), 1e-12)
    sides = [
        _last_of_line(side, least) for part in (signal, signal.T) for side in (part, part[::-1])
    ]
    if all(last is None for last in sides):
        return None
    top, bottom, left, right = (0 if last is None else last + 1 + _SOFT for last in sides)
    return slice(top, signal.shape[0] - bottom), slice(left, signal.shape[1] - right)


def _last_of_line(part: Signal, least: float) -> int | None:
    """Innermost row of a line along the first rows of a picture, if there is one."""
    rows, cols = part.shape
    depth = min(max(_LEAST_DEPTH, int(_DEPTH * rows)), rows // 4)
    ends = int(_ENDS * cols)
    # what a line encloses begins where its thickest would have ended
    beyond = _THICK + 1
    near = part[: depth + beyond, ends : cols - ends]
    rise = near[:-beyond] - near[beyond:]
    if not _may_hold_ink(rise, least):
        return None
    low, high = np.quantile(rise, (_RIM, 1 - _RIM), axis=1)
    step = (low + high) / 2
    ink = (np.abs(step) > least) & (high - low < _UNEVEN * np.abs(step))
    side = np.concatenate(([0], np.where(ink, np.sign(step), 0), [0]))
    edges = np.flatnonzero(np.diff(side)).tolist()
    lines = [
        last - 1
        for first, last in pairwise(edges)
        # a canvas goes on for longer, or to where the depth ends; a glow fades
        if side[first + 1] and last - first <= _THICK and last < depth
        if abs(step[min(last + 1, depth - 1)]) < _FADED * np.abs(step[first:last]).max()
    ]
    # outside of a line is the step onto it: the innermost is the line itself
    return max(lines, default=None)


def _may_hold_ink(rise: Signal, least: float) -> bool:
    """Whether some row steps one way nearly all along, as ink must: soon told for most pictures.

    Where both of a row's quantiles are within half of `_UNEVEN` of a step of `least` or more, what
    lies between them is on one side of so much less.
    """
    level = np.float32((1 - _UNEVEN) * least)
    enough = (1 - 2 * _RIM) * rise.shape[1] - 2
    up, down = (np.count_nonzero(one, axis=1) for one in (rise > level, rise < -level))
    return bool((np.maximum(up, down) >= enough).any())

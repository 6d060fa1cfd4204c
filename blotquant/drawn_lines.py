"""Strips of a figure that a program set one below the other, parted by a thin line."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .flags import Flag
from .model import Blot

__all__ = ["parted_at_lines"]

# A line is of one level from side to side: exactly, or within so many grey levels where there are
# 256, or so many where lossy compression spread what is beside it.
_ONE_LEVEL, _LOSSY = 2.0, 16.0
# So many px beyond either side of it nearly all columns are off that level, by so much and by so
# many times what it varies by; corners and what runs into it are left out.
_BEYOND, _OFF, _TIMES, _NEARLY_ALL = 3, 6.0, 1.5, 0.9
# No line is thicker than this share of the piece: that is a canvas.
_THICKEST = 0.08
# What lies between two lines, or a line and the edge, is a strip from so many px on.
_THINNEST = 16
# Of so many columns most are like the next in a row that may be of one level.
_FEW, _MOST_ALIKE = 16, 0.8
# Px at either side of a piece where its edge may be drawn, and columns that tell enough.
_MARGIN, _COLUMNS = 4, 150


def parted_at_lines(
    blot: Blot,
    pieces: list[NDArray[np.bool_]],
    shape: tuple[int, ...],
    factor: int,
    most: int,
    origin: tuple[int, int] = (0, 0),
) -> list[NDArray[np.bool_]]:
    """Part pieces of a picture where a line is drawn through them from side to side.

    No camera draws such a line: it is of one level all along, and begins and ends at once above and
    below. Read from the stored pixels: in a reduced picture two px of it are none.

    Parameters
    ----------
    blot : Blot
    pieces : list of ndarray of bool, shape (rows, cols)
        Membranes found so far, in the reduced picture; none: the whole picture.
    shape : (rows, cols)
        Of the reduced picture.
    factor : int
        Px of the picture per px of the reduced one.
    most : int
        No more pieces than this.
    origin : (row, col), optional
        Of the window of the reduced picture that the masks are of.

    Returns
    -------
    list of ndarray of bool
        The same pieces where there is no line.
    """
    parted: list[NDArray[np.bool_]] = []
    was_parted = False
    for piece in pieces or [np.ones(shape, bool)]:
        strips = _strips(blot, piece, factor, origin)
        was_parted |= len(strips) > 1
        parted += strips
    return parted if was_parted and len(parted) <= most else pieces


def _strips(
    blot: Blot, piece: NDArray[np.bool_], factor: int, origin: tuple[int, int]
) -> list[NDArray[np.bool_]]:
    """The piece, or what lines leave of it from top to bottom."""
    down, across = (
        np.flatnonzero(piece.any(axis=axis)) + begin
        for axis, begin in zip((1, 0), origin, strict=True)
    )
    if down.size == 0:
        return [piece]
    top, bottom = factor * int(down[0]), min(factor * (int(down[-1]) + 1), blot.shape[0])
    left, right = factor * int(across[0]), min(factor * (int(across[-1]) + 1), blot.shape[1])
    inner = blot.pixels[top:bottom, left + _MARGIN : right - _MARGIN]
    lines = _lines(inner[:, :: max(1, inner.shape[1] // _COLUMNS)], Flag.LOSSY in blot.flags)
    ends = [0, *(row for line in lines for row in line), bottom - top]
    strips = []
    for first, last in zip(ends[::2], ends[1::2], strict=True):
        if last - first < _THINNEST:
            continue
        # a line's edges may be soft by a px
        inside = np.zeros_like(piece)
        begin, end = -(-(top + first + 1) // factor), (top + last - 1) // factor
        inside[begin - origin[0] : end - origin[0]] = True
        strips.append(piece & inside)
    return strips if lines and len(strips) > 1 else [piece]


def _lines(levels: NDArray[Any], lossy: bool) -> list[tuple[int, int]]:
    """First row of each drawn line and the one after its last; `levels` are some columns."""
    if levels.dtype.kind not in "ui" or min(levels.shape) < 2 * _THINNEST:
        return []
    full = 255.0 / np.iinfo(levels.dtype).max
    # finer levels than 256 are never all alike in what a camera saw
    most = _LOSSY if lossy else _ONE_LEVEL if levels.dtype.itemsize == 1 else 0.0
    level, varies = np.zeros(len(levels)), np.full(len(levels), np.inf)
    some = np.flatnonzero(_may_be_flat(levels, most / full))
    if some.size == 0:
        return []
    low, level[some], high = np.quantile(levels[some], (0.02, 0.5, 0.98), axis=1) * full
    varies[some] = high - low
    flat = varies <= most
    # a ground without noise is of one level, too: a line begins where the level changes
    begins = flat & np.append(True, ~flat[:-1] | (np.abs(np.diff(level)) > _OFF / 3))
    ends = flat & np.append(begins[1:] | ~flat[1:], True)
    lines = []
    for first, last in zip(np.flatnonzero(begins), np.flatnonzero(ends), strict=True):
        stop = int(last) + 1
        above, below = int(first) - _BEYOND, stop - 1 + _BEYOND
        if above < 0 or below >= len(levels) or stop - first > _THICKEST * len(levels):
            continue
        own = float(level[first:stop].mean())
        least = max(_OFF, _TIMES * float(varies[first:stop].max()))
        off = np.abs(levels[[above, below]] * full - own) > least
        if off.mean(axis=1).min() >= _NEARLY_ALL:
            lines.append((int(first), stop))
    return lines


def _may_be_flat(levels: NDArray[Any], most: float) -> NDArray[np.bool_]:
    """Which rows may be of one level: a few columns tell of nearly all that they are not."""
    few = levels[:, :: max(1, levels.shape[1] // _FEW)].astype(np.float32)
    alike = np.abs(few[:, 1:] - few[:, :-1]) <= most
    return np.asarray(alike.mean(axis=1) >= _MOST_ALIKE)

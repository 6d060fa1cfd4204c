"""Specks and scratches of a whole picture: found by being narrower than any band, and taken out."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .flags import Flag
from .model import Blot
from .noise import NoiseModel
from .order import quantile
from .scene import reduce_blot

__all__ = ["Dirt", "dirt_of"]

# No lane is narrower and hardly a speck wider than this, px of the reduced picture.
_NARROW = 9
# In a lane so many times wider a band's ends are told from a mark.
_WIDER = 3
# A void dips below what is above and below it within so many px, a gap between lanes does not.
_STEEP = 25
# ... and is thinner than this somewhere, which the corner between four bands is not.
_GAP = 5
# The end of a band that tilts is narrow, but so many px along the lane the band is higher.
_END = 4
# A mark stands out by so many times the noise, and the picture's own grain, ...
_CLEAR, _GRAIN = 6.0, 2.5
# ... and by this share of what is there above the ground: bands are rounded and uneven.
_ROUND = 0.1
# A band ends where the signal falls below this share of it within _NARROW px. There it may be
# brighter by this share: more protein runs at a lane's walls.
_FALLS, _BRIGHT = 0.5, 0.5
# It fades inwards: so many px further in this share of that is left. A mark is over at once.
_FURTHER_IN, _STILL = 3, 0.2
# A level scratch is no thicker than this, px of a picture that is not reduced, and reduced.
_THIN, _THIN_REDUCED = 4, 3
# Where something thicker than that is there as well, it is less than this share of both ...
_SHARP = 0.4
# ... within so many px above and below,
_THICK = 15
# and the scratch at least so long.
_DASH = 7
# Where thin lines make up this share of what bands there are, they are the bands.
_BANDS = 0.5
# A level scratch that takes signal off ends below this share of its depth above the ground.
_UNDER = 0.5
# What is this long, px, and so many times longer than wide, is a scratch.
_LONG, _THINNER = 20, 4
# It goes on beyond where it is seen by this share of its length, and at most so many px: across a
# band it is harder to see.
_ONWARDS, _FURTHEST = 0.5, 40
# Where so much of a picture would be marks, they are its texture.
_TEXTURE = 0.05
# Pictures with more of them are no blots with scratches.
_MOST = 60
# A mark into which such a square fits is the end of a band that a scratch cuts off, or a dot.
_BLOB = 6
_RIM = np.ones((5, 5), np.uint8)
# Where fewer px than that of every so manieth row are narrow there is nothing to be looked for.
_ROWS, _FEW = 4, 4
# Every so many px says the same of a whole picture.
_SOME = 6
_STAR = np.ones((3, 3), np.uint8)
_SQUARES = ((1, _NARROW), (_GAP, _GAP))


Picture = NDArray[np.float32]
Marked = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Dirt:
    """A reduced picture without its marks.

    Parameters
    ----------
    signal : ndarray, shape (rows, cols), float32
        As from `blotquant.scene.reduce_blot`, marks replaced by what is beside them.
    doubtful : ndarray of bool, shape (rows, cols)
        Where specks, voids and scratches were seen, and where scratches would go on.
    factor : int
        Px of the picture per px here.
    """

    signal: NDArray[np.float32]
    doubtful: NDArray[np.bool_]
    factor: int

    def tells_of(self, width: float) -> bool:
        """Whether a lane, px of the picture, is so wide that its bands are no marks."""
        return width > _WIDER * _NARROW * self.factor


_CACHE: weakref.WeakKeyDictionary[Blot, Dirt] = weakref.WeakKeyDictionary()


def dirt_of(blot: Blot, noise: NoiseModel) -> Dirt:
    """Find what is too narrow for a band anywhere in a picture, lanes not yet known.

    Parameters
    ----------
    blot : Blot
    noise : NoiseModel

    Returns
    -------
    Dirt

    Notes
    -----
    Bands are wide and as good as level across a few px, and smooth along the lane. What an
    opening across takes away is a speck or a steep scratch; what an opening along the lane takes
    away that is thinner than the picture's bands, and long, is a level scratch. What closings
    fill both across and along is a void; a gap between lanes is filled across only.
    """
    if blot not in _CACHE:
        signal, factor = reduce_blot(blot)
        found = Dirt(signal, np.zeros(signal.shape, bool), factor)
        if Flag.LOSSY not in blot.flags:  # lossy compression makes specks of its own
            marked = _find(signal, factor, noise)
            doubtful = np.count_nonzero(marked.doubtful)
            found = marked if doubtful < _TEXTURE * signal.size else found
        _CACHE[blot] = found
    return _CACHE[blot]


def _find(signal: Picture, factor: int, noise: NoiseModel) -> Dirt:
    ground = np.float32(quantile(signal[::_SOME, ::_SOME], 0.1))
    if not _is_suspect(signal, ground, factor, noise):
        return Dirt(signal, np.zeros(signal.shape, bool), factor)
    clear = _times_noise(signal, factor, noise)
    rounded = _rounded(signal, ground)
    clean, marks = _without_voids(signal, clear, rounded)
    low, narrow, clear = _narrow(clean, clear, rounded)
    clean, marks = _filled(clean, low, narrow), marks | narrow

    thin = _THIN if factor == 1 else _THIN_REDUCED
    low = _opened(clean, thin)
    above = clean - low
    lines, broad = _sharp_lines(above, low, clear)
    if broad is None or above[lines > 0].sum() < _BANDS * broad[broad > clear].sum():
        clean, marks = _filled(clean, low, lines), marks | lines
        found = _cuts(clean, clear, ground, thin)
        if found is not None:
            clean, marks = _filled(clean, *found), marks | found[1]
    if not marks.any():
        return Dirt(clean, marks > 0, factor)
    blobs = np.asarray(cv2.morphologyEx(marks, cv2.MORPH_OPEN, np.ones((_BLOB, _BLOB))), np.uint8)
    marks[_widened(blobs, _RIM) > 0] = 0
    return Dirt(clean, (marks > 0) | _scratches(marks), factor)


def _is_suspect(signal: Picture, ground: np.float32, factor: int, noise: NoiseModel) -> bool:
    """Whether anything in some of the rows is narrow that is not a band's bright end."""
    some = np.ascontiguousarray(signal[::_ROWS])
    limits = _times_noise(some, factor, noise), _rounded(np.maximum(some, ground), ground)
    low, narrow, _ = _narrow(some, *limits, rows=_ROWS)
    rows, cols = np.nonzero(narrow)
    if rows.size < _FEW:
        return False
    bright = _bright_ends(some - ground, low[rows, cols] - ground, rows, cols)
    return int(np.count_nonzero(~bright)) >= _FEW


def _bright_ends(
    height: Picture, low: NDArray[np.float32], rows: NDArray[np.intp], cols: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Which narrow px, `low` without what is narrow, are but the bright end of a band.

    Heights are those above the ground.
    """
    beside = np.arange(-_NARROW, _NARROW + 1)[:, None]
    around = height[rows, np.clip(cols + beside, 0, height.shape[1] - 1)]
    left, here, right = around[_NARROW::-1], around[_NARROW], around[_NARROW:]  # outwards
    sides = left.min(axis=0), right.min(axis=0)
    inwards = np.where(sides[0] > sides[1], left, right)[_FURTHER_IN]
    above = here - low
    ends = (above < _BRIGHT * low) & (np.minimum(*sides) < _FALLS * low)
    return np.asarray(ends & (inwards > low + _STILL * above))


def _without_voids(signal: Picture, clear: Picture, rounded: Picture) -> tuple[Picture, Marked]:
    """Signal with its voids filled, and where they are."""
    filled = np.minimum(*(_morphed(signal, cv2.MORPH_CLOSE, size) for size in _SQUARES))
    below = filled - signal
    limit = np.maximum(clear, _grain(below)) + rounded
    if np.count_nonzero(_above(below, limit, 1 - _ROUND)) < _DASH:
        return signal, np.zeros(signal.shape, np.uint8)
    filled = np.minimum(filled, _morphed(signal, cv2.MORPH_CLOSE, (_STEEP, 1)))
    voids = _above(filled - signal, limit, 1 - _ROUND)
    return _filled(signal, filled, voids), voids


def _narrow(
    signal: Picture, clear: Picture, rounded: Picture, rows: int = 1
) -> tuple[Picture, Marked, Picture]:
    """Signal without what is narrow across, where that is, and what stands out of grain.

    `signal` holds every so manieth of the rows.
    """
    low = _morphed(signal, cv2.MORPH_OPEN, (1, _NARROW))
    above = signal - low
    clear = np.maximum(clear, _grain(above))
    narrow = _above(above, clear + rounded, 1 + _ROUND)
    end = _END // rows
    if narrow.any() and len(signal) > end:
        narrow[:-end] &= low[end:] <= signal[:-end]
        narrow[end:] &= low[:-end] <= signal[end:]
    return low, narrow, clear


def _cuts(
    signal: Picture, clear: Picture, ground: np.float32, thin: int
) -> tuple[Picture, Marked] | None:
    """Level scratches that took signal off, filled, and where they are."""
    upside_down = -signal
    low = _opened(upside_down, thin)
    deep = upside_down - low
    lines, _ = _sharp_lines(deep, low, clear)
    if not lines.any():
        return None
    # the valley of a doublet stays above the ground
    under = signal - ground < np.float32(_UNDER) * deep
    if np.count_nonzero(_above(deep, clear) & under) < _DASH:
        return None
    return -low, lines & under


def _rounded(signal: Picture, ground: np.float32) -> Picture:
    """What bands' shapes take away, by how high they are."""
    share = signal - ground
    share *= np.float32(_ROUND)
    return share


def _times_noise(signal: Picture, factor: int, noise: NoiseModel) -> Picture:
    """So many times the noise of each px as stands out."""
    scale = (_CLEAR / factor) ** 2
    variance = np.float32(scale * noise.gain) * signal
    variance += np.float32(scale * noise.floor)
    np.maximum(variance, np.float32(scale * noise.minimum), out=variance)
    return np.asarray(np.sqrt(variance, out=variance), np.float32)


def _above(values: Picture, limit: Picture, times: float = 1.0) -> Marked:
    """1 where so many times the values are above a limit."""
    above = (values if times == 1.0 else values * np.float32(times)) > limit
    return above.view(np.uint8)


def _morphed(signal: Picture, how: int, size: tuple[int, int]) -> Picture:
    return np.asarray(cv2.morphologyEx(signal, how, np.ones(size, np.uint8)), np.float32)


def _grain(difference: Picture) -> np.float32:
    """What noise and texture make of such a difference anywhere."""
    return np.float32(_GRAIN * quantile(difference[::_SOME, ::_SOME], 0.9))


def _filled(signal: Picture, other: Picture, mask: Marked) -> Picture:
    if not mask.any():
        return signal
    return np.where(_widened(mask, _STAR) > 0, other, signal)


def _sharp_lines(above: Picture, low: Picture, clear: Picture) -> tuple[Marked, Picture | None]:
    """Long lines that are thin along the lane, and how far what is below them stands out there.

    `above` is what is thin, `low` the signal without it. The second is None where there is no line.
    """
    lines = _lines(_above(above, clear))
    if not lines.any():  # nor is there one in a part of it
        return lines, None
    broad = low - _opened(low, _THICK)
    lines = _lines(_above(above, np.maximum(clear, broad * np.float32(1 / _SHARP - 1))))
    return lines, broad if lines.any() else None


def _lines(sharp: Marked) -> Marked:
    """Of what is thin, what is long."""
    if np.count_nonzero(sharp) < _DASH:
        return np.zeros_like(sharp)
    joined = _widened(sharp, np.ones((3, 5), np.uint8))
    long = [one for one in _outlines(joined) if cv2.boundingRect(one)[2] >= _DASH + 4]
    kept = np.zeros_like(sharp)
    cv2.drawContours(kept, long, -1, 1, cv2.FILLED)
    return kept & sharp


def _widened(mask: Marked, kernel: Marked) -> Marked:
    return np.asarray(cv2.dilate(mask, kernel), np.uint8)


def _outlines(mask: Any) -> Any:
    return cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]


def _opened(signal: Picture, size: int) -> Picture:
    """Opened along the lane; for an even size the second half reaches the other way."""
    kernel = np.ones((size, 1), np.uint8)
    low = cv2.erode(signal, kernel, anchor=(0, size // 2))
    return np.asarray(cv2.dilate(low, kernel, anchor=(0, size - 1 - size // 2)), np.float32)


def _scratches(marks: Marked) -> NDArray[np.bool_]:
    """Marks that are long and thin, each with the course it would take a little further."""
    found = np.zeros(marks.shape, np.uint8)
    chosen: list[tuple[int, int, Marked]] = []
    if np.count_nonzero(marks) < _LONG:
        return found > 0
    joined = _widened(marks, _STAR)
    for outline in _outlines(joined):
        x, y, w, h = cv2.boundingRect(outline)
        if np.hypot(w, h) < _LONG:
            continue
        own = np.zeros((h, w), np.uint8)
        cv2.drawContours(own, [outline], -1, 1, cv2.FILLED, offset=(-x, -y))
        own &= joined[y : y + h, x : x + w]
        if np.count_nonzero(own) * _THINNER < w * w + h * h:
            chosen.append((x, y, own))
    if len(chosen) > _MOST:
        return found > 0
    for x, y, own in chosen:
        found[y : y + own.shape[0], x : x + own.shape[1]] |= own
        rows, cols = np.nonzero(own)
        _go_on(found, rows + y, cols + x)
    return found > 0


def _go_on(found: Marked, rows: NDArray[np.intp], cols: NDArray[np.intp]) -> None:
    """Draw a scratch beyond its ends: a parabola through what is seen of it."""
    level = np.ptp(cols) >= np.ptp(rows)
    along, across = (cols, rows) if level else (rows, cols)
    first, last = int(along.min()), int(along.max())
    middle, half = (first + last) / 2, max((last - first) / 2, 1.0)
    at = (along - middle) / half
    course = np.polyfit(at, across, 2)
    for _ in range(2):  # without specks that touch it
        off = np.abs(across - np.polyval(course, at))
        near = off <= max(2.0, 1.5 * float(np.median(off)))
        course = np.polyfit(at[near], across[near], 2)
    more = min(_ONWARDS * 2 * half, _FURTHEST)
    for start, stop in ((first - more, first + 2), (last - 2, last + more)):
        there = np.linspace(start, stop, 8)
        place = np.polyval(course, (there - middle) / half)
        points = np.stack((there, place) if level else (place, there), axis=1)
        line = np.rint(points * 8).astype(np.int32)
        cv2.polylines(found, [line], False, 1, 3, cv2.LINE_8, 3)

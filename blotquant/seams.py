"""Gels or membranes that touch in one picture: the cut edge between them, and their wet rims."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .order import median, medians_down

__all__ = ["Seam", "cut_at_seams", "find_seam", "without_rim"]

Signal = NDArray[np.float32]
Window = tuple[slice, slice]

# A cut edge rises by this share of its height, or more, from one px to the next: optics blur by
# about 1 px. Bands diffuse: one with an SD of 2 px, the thinnest there are, rises by 0.3.
_SHARP = 0.36
_REACH = 4  # px up and down in which the height is taken
# ... and stands this far out of the usual difference of neighbours.
_CLEAR = 4.0
# A seam shows over this share of the width, and is broken by no gap longer than so much.
_COVERED, _GAP = 0.7, 0.1
# A cut runs on where it is less sharp: over all but such a share of the width the signal changes
# within the reach by so many times what is usual, and by more grey levels than lossy compression
# draws at its blocks. Beside the lanes of a row of bands there is nothing.
_BARE, _STANDS, _LEVELS = 0.05, 2.0, 6.0
# Nor is it a line that all but ends between lanes: there the change is no less than this share of
# what is usual along the cut; or the second, where it is a line and no step, which shows as no more
# than so much of the change so many px away on either side.
_EVEN, _EVEN_LINE, _NO_STEP, _AWAY = 0.06, 0.2, 0.1, 2 * _REACH
# It leans by no more than this (px per px), and leaves so much of the picture on either side.
_LEAN, _SIDE = 0.05, 0.2
# So far off (against the height) hardly a line covers this share of what the seam covers; none
# does beside a seam that must stand alone. A picture holds a few seams, not one every few rows.
_APART, _UNLIKE, _RARE = 0.05, 0.6, 0.95
# Neither piece is flatter than this, height over width: a gel is not a strip.
_FLAT = 0.25
_FEWEST = 64  # px of a side: less shows no gels
# Two rows in one and about so many columns are looked at first, then more, on which a seam may
# show over less. Of 70 columns its share is known to 0.06; of 200 its ends to a column or two,
# which come to 1 % over a row of lanes. What is alike is so by more than so much of the seam.
_LOOKS = ((70, 0.5, 0.85), (200, 0.68, 0.8))
_ENOUGH = 100  # rows tell the usual difference of neighbours
_ALONG = 5  # px over which the signal is averaged along a seam
# A rim's curve is at least this long against the picture's width ...
_CURVE = 0.06
# ... with level stretches of at least so much at its top and bottom ...
_STRETCH = 0.02
# ... and a rim no deeper than so much of the piece.
_RIM = 0.25
# A column at the left or right is the rim's where curves fill this share of it.
_UPRIGHT = 0.1


@dataclass(frozen=True)
class Seam:
    """A straight line that parts a picture in an upper and a lower piece.

    Parameters
    ----------
    row : float
        At the middle column, px of the scene.
    lean : float
        Rows by which it drops per column.
    covered : float
        Share of its length on which a sharp edge is seen.
    """

    row: float
    lean: float
    covered: float

    def rows(self, width: int) -> NDArray[np.float64]:
        """Row of the seam at each column."""
        across = np.arange(width, dtype=np.float64)
        return np.asarray(self.row + self.lean * (across - width / 2), np.float64)


def cut_at_seams(
    signal: Signal,
    pieces: list[NDArray[np.bool_]],
    most: int,
    whole: Callable[[Window], Signal] | None = None,
    factor: int = 1,
    level: float = 0.0,
) -> list[NDArray[np.bool_]]:
    """Cut pieces of a picture where two gels or membranes touch.

    Parameters
    ----------
    signal : ndarray, shape (rows, cols), float32
        At the scene's size.
    pieces : list of ndarray of bool, shape (rows, cols)
        Membranes found so far; none: the whole picture.
    most : int
        No more pieces than this.
    whole : callable, optional
        Gives a window of the picture that the signal was reduced from: a band that is thin in the
        reduced picture is as sharp there as a cut edge, and is not in the whole one.
    factor : int
        Px of the picture per px of the scene.
    level : float
        Signal of one grey level of the file.

    Returns
    -------
    list of ndarray of bool
        The same pieces where there is no seam.
    """
    done: list[NDArray[np.bool_]] = []
    waiting = list(pieces) or [np.ones(signal.shape, bool)]
    was_cut = False
    while waiting:
        piece = waiting.pop(0)
        halves = None
        if len(done) + len(waiting) + 1 < most:
            halves = _halves(signal, piece, whole if factor > 1 else None, factor, level)
        if halves is None:
            done.append(piece)
        else:
            was_cut = True
            waiting += halves
    return [without_rim(signal, piece) for piece in done] if was_cut else pieces


def _halves(
    signal: Signal,
    piece: NDArray[np.bool_],
    whole: Callable[[Window], Signal] | None,
    factor: int,
    level: float,
) -> list[NDArray[np.bool_]] | None:
    """The two gels of a piece, one above or beside the other, the seam itself left out."""
    spans = [np.flatnonzero(piece.any(axis=axis)) for axis in (1, 0)]
    if min(span.size for span in spans) == 0:
        return None
    down, across = (slice(int(span[0]), int(span[-1]) + 1) for span in spans)
    window = down, across
    part, inside = signal[window], None
    if not piece[window].all():
        inside = cv2.erode(piece[window].view(np.uint8), np.ones((9, 9)), borderValue=1) > 0
    seam, turned = find_seam(part, inside, level=level), False
    if seam is None:
        # a lane's edge is straight, too, but where one shows from end to end, others do
        within = None if inside is None else inside.T
        seam = find_seam(part.T, within, alone=True, level=level)
        turned = True
    shape = part.shape[::-1] if turned else part.shape
    if seam is None:
        return None
    if whole is not None and not _stays_sharp(seam, window, turned, whole, factor):
        return None
    below = np.arange(shape[0])[:, None] - seam.rows(shape[1])
    halves = []
    for side in (below < -_REACH, below > _REACH):
        half = np.zeros_like(piece)
        half[window] = (side.T if turned else side) & piece[window]
        halves.append(half)
    return halves


def _stays_sharp(
    seam: Seam,
    window: tuple[slice, slice],
    turned: bool,
    whole: Callable[[Window], Signal],
    factor: int,
) -> bool:
    """Whether a seam of a reduced picture is as sharp in the whole one."""
    down, across = window[::-1] if turned else window
    width = across.stop - across.start
    rows = down.start + seam.rows(width)
    margin = 2 * _REACH
    first = max(int(rows.min()) - margin, down.start)
    last = min(int(np.ceil(rows.max())) + margin, down.stop)
    strip = slice(first * factor, last * factor), slice(across.start * factor, across.stop * factor)
    part = whole(strip[::-1] if turned else strip)
    hit = _hits(np.ascontiguousarray(part.T if turned else part), None)
    # the line is known to a px of the reduced picture
    near = cv2.dilate(hit, np.ones((2 * factor + 1, 1), np.uint8))
    line = np.interp(
        (np.arange(near.shape[1]) + 0.5) / factor - 0.5, np.arange(width), rows - first
    )
    at = np.clip(np.rint((line + 0.5) * factor - 0.5), 0, len(near) - 1).astype(np.intp)
    return float((near[at, np.arange(near.shape[1])] > 0).mean()) >= _COVERED


def find_seam(
    signal: Signal,
    inside: NDArray[np.bool_] | None = None,
    *,
    alone: bool = False,
    level: float = 0.0,
) -> Seam | None:
    """Find the cut edge between two gels that lie above each other.

    A cut edge is straight, runs through from side to side, and is as sharp as the optics. A row
    of bands is hardly ever all three: bands diffuse, and lanes have gaps between them.

    Parameters
    ----------
    signal : ndarray, shape (rows, cols), float32
        At the scene's size.
    inside : ndarray of bool, shape (rows, cols), optional
        Where an edge counts.
    alone : bool
        Only a seam unlike any other line of the picture.
    level : float
        Signal of one grey level of the file.

    Returns
    -------
    Seam or None
        The one with a sharp edge over the largest share of the width.
    """
    height, width = signal.shape
    side = int(max(_SIDE * height, _FLAT * width))
    if min(height, width) < _FEWEST or height <= 2 * side:
        return None
    if not all(_may_be_there(signal, inside, side, alone, look) for look in _LOOKS):
        return None
    signal = np.ascontiguousarray(signal)
    hit = _hits(signal, inside)
    leans = _leans(width, _LEAN)
    covered = _covered(hit, np.arange(side, height - side), leans)
    which, row = np.unravel_index(int(np.argmax(covered)), covered.shape)
    lean = float(leans[which])
    seam = Seam(float(side + row), lean, float(covered[which, row]))
    if seam.covered < _COVERED:
        return None
    if _alike(covered, int(row), height, alone) > _UNLIKE * seam.covered:
        return None
    line = _rows_of_line(seam.row, seam.lean, hit.shape), np.arange(width)
    if _longest_gap(hit[line] > 0) > _GAP * width:
        return None
    along = np.asarray(cv2.blur(signal, (_ALONG, 1)), np.float32)
    change = _change(along, _REACH + 1)
    least = max(_STANDS * median(change), _LEVELS * level)
    bare = float(np.quantile(change[line], _BARE))
    return seam if bare > least and bare > _least_even(along, change, line) else None


def _least_even(along: Signal, change: Signal, line: tuple[NDArray[np.intp], ...]) -> float:
    """What a cut edge changes by everywhere on its line: a row of thin bands has its dips."""
    rows, columns = line
    above = along[np.maximum(rows - _AWAY, 0), columns]
    below = along[np.minimum(rows + _AWAY, len(along) - 1), columns]
    usual = median(change[line])
    is_step = median(np.abs(above - below)) > _NO_STEP * usual
    return (_EVEN if is_step else _EVEN_LINE) * usual


def _alike(covered: NDArray[np.float64], row: int, height: int, alone: bool) -> float:
    """Share that lines far off a seam cover: hardly any more; none more for one that is alone."""
    others = covered[:, np.abs(np.arange(covered.shape[1]) - row) > _APART * height].max(axis=0)
    # JPEG draws lines at every eighth row
    return float(np.quantile(others, 1.0 if alone else _RARE)) if others.size else 0.0


def _may_be_there(
    signal: Signal,
    inside: NDArray[np.bool_] | None,
    side: int,
    alone: bool,
    look: tuple[int, float, float],
) -> bool:
    """Whether there may be a seam: a few columns, two rows in one, are enough to see that not."""
    columns, least, unlike = look
    every = max(2, signal.shape[1] // columns)
    first = _ALONG // 2
    some = signal[:, : signal.shape[1] - 2 * first : every]
    for k in range(1, _ALONG):  # means of the columns beside, of some only
        some = some + signal[:, k : signal.shape[1] - 2 * first + k : every]
    some *= np.float32(1 / _ALONG)
    within = None if inside is None else inside[:, first : inside.shape[1] - first : every]
    hit = _hits(np.ascontiguousarray(some), within, averaged=True)
    hit = np.maximum(hit[: len(hit) // 2 * 2 : 2], hit[1::2])
    steepest = _LEAN * every / 2
    rows = np.arange(side // 2, len(hit) - side // 2)
    if rows.size == 0 or _most_covered(hit, steepest) < least:
        return False
    covered = _covered(hit, rows, _leans(hit.shape[1], steepest)[::2])
    most = float(covered.max())
    row = int(np.argmax(covered)) % covered.shape[1]
    return most >= least and _alike(covered, row, len(hit), alone) <= unlike * most


def _hits(
    signal: Signal, inside: NDArray[np.bool_] | None, *, averaged: bool = False
) -> NDArray[np.uint8]:
    """1 within 1 px above or below a sharp edge."""
    sharp = _sharp(signal, averaged=averaged)
    if inside is not None:
        sharp &= inside
    return np.asarray(cv2.dilate(sharp.view(np.uint8), np.ones((3, 1), np.uint8)))


def _most_covered(hit: NDArray[Any], steepest: float) -> float:
    """No line covers more: columns with a hit anywhere in the rows that the steepest runs in."""
    height, width = hit.shape
    reach = min(2 * int(np.ceil(steepest * width / 2)) + 3, height)
    near = cv2.dilate(hit, np.ones((reach, 1), np.uint8))
    return float(cv2.reduce(near, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F).max())


def _leans(width: int, steepest: float) -> NDArray[np.float64]:
    """Slopes of lines, about a row apart at the ends, rows per column."""
    return np.linspace(-steepest, steepest, 2 * max(10, round(steepest * width / 2)) + 1)


def _covered(
    hit: NDArray[Any], rows: NDArray[np.intp], leans: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share of the columns with a hit on each line, by its lean and its row: (leans, rows)."""
    height, width = hit.shape
    up_to = np.zeros((height, width + 1), np.int32)
    np.cumsum(hit > 0, axis=1, out=up_to[:, 1:])
    return np.array([_coverage(up_to, rows, lean) for lean in leans.tolist()])


def _coverage(up_to: NDArray[Any], rows: NDArray[np.intp], lean: float) -> NDArray[np.float64]:
    """Share of the columns with a hit, on the line through each of the rows of the middle column.

    `up_to` has the number of hits of each row left of each column, shape (rows, cols + 1).
    """
    height, width = up_to.shape[0], up_to.shape[1] - 1
    drop = _drop(lean, width)
    # columns that the line crosses in one row
    edges = np.concatenate(([0], np.flatnonzero(np.diff(drop)) + 1, [width]))
    at = np.minimum(np.maximum(rows[:, None] + drop[edges[:-1]], 0), height - 1)
    count = up_to[at, edges[1:]] - up_to[at, edges[:-1]]
    return np.asarray(count.sum(axis=1) / width, np.float64)


def _drop(lean: float, width: int) -> NDArray[np.intp]:
    """Whole rows by which a line lies below its middle, at each column."""
    return np.asarray(np.rint(lean * (np.arange(width) - width / 2)), np.intp)


def _rows_of_line(row: float, lean: float, shape: tuple[int, ...]) -> NDArray[np.intp]:
    height, width = shape
    return np.asarray(np.clip(round(row) + _drop(lean, width), 0, height - 1), np.intp)


def without_rim(signal: Signal, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Leave out the rim where the liquid around a wet gel ends: long curves, sharp as no band is.

    Parameters
    ----------
    signal : ndarray, shape (rows, cols), float32
    inside : ndarray of bool, shape (rows, cols)
        One gel.

    Returns
    -------
    ndarray of bool, shape (rows, cols)
        The gel, each side moved inwards past the curves that lie near it.
    """
    level, upright = _long_curves(signal)
    kept = inside.copy()
    for axis, curves, share in ((1, upright, _UPRIGHT), (0, level, 0.0)):
        along = np.flatnonzero(kept.any(axis=1 - axis))
        if along.size == 0:
            return inside
        first, last = int(along[0]), int(along[-1])
        depth = int(_RIM * (last - first + 1))
        seen = (curves & kept).sum(axis=1 - axis) / kept.sum(axis=1 - axis).max()
        lines = np.flatnonzero(seen > share)
        near, far = lines[lines < first + depth], lines[lines > last - depth]
        edge = [slice(None), slice(None)]
        if near.size:
            edge[axis] = slice(0, int(near[-1]) + _REACH)
            kept[tuple(edge)] = False
        if far.size:
            edge[axis] = slice(int(far[0]) - _REACH, None)
            kept[tuple(edge)] = False
    return kept


def _sharp(signal: Signal, *, averaged: bool = False) -> NDArray[np.bool_]:
    """Where the signal jumps from one row to the next, as no band can.

    `averaged` along the rows already, or to be so here.
    """
    along = signal if averaged else np.asarray(cv2.blur(signal, (_ALONG, 1)), np.float32)
    step = np.zeros_like(along)
    np.abs(along[1:] - along[:-1], out=step[:-1])
    some = step[:: max(1, step.shape[0] // _ENOUGH)]
    usual = 1.4826 * medians_down(some)
    usual = np.maximum(usual, np.float32(1.4826 * median(some) + 1e-12))
    height = _change(along, _REACH)
    return np.asarray((step > np.float32(_SHARP) * height) & (step > np.float32(_CLEAR) * usual))


def _change(along: Signal, reach: int) -> Signal:
    """By how much the signal changes within so many px up and down."""
    around = np.ones((2 * reach + 1, 1), np.uint8)
    return np.asarray(cv2.subtract(cv2.dilate(along, around), cv2.erode(along, around)))


def _longest_gap(seen: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([1], seen.astype(np.int8), [1]))))
    return int(np.max(edges[1::2] - edges[::2])) if edges.size else 0


def _long_curves(signal: Signal) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Sharp edges that go on for long: where they run level, and where they run up and down."""
    level, upright = _sharp(signal), _sharp(np.ascontiguousarray(signal.T)).T
    width = signal.shape[1]
    curves = _of_length(level | upright, _CURVE * width)
    return _of_length(level & curves, _STRETCH * width), upright & curves


def _of_length(mask: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    """Pieces of a mask, 1 px around them included, that are so long in one direction."""
    around = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(around)
    longer = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    is_long = longer >= least
    is_long[0] = False
    return np.asarray(is_long[labels])

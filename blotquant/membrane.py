"""Where the membrane is on its canvas: white or black surround, text and marks kept out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .drawn_lines import parted_at_lines
from .frame import inside_frame
from .model import Blot, Panel, Point
from .order import median, quantiles
from .scene import reduce_blot
from .seams import cut_at_seams

__all__ = ["find_panels"]

# A membrane covers at least this share of the picture; less is a mark or a label.
_MIN_SHARE = 0.12
# A membrane is nearly convex: area over the area of its convex hull.
_MIN_SOLIDITY = 0.9
# ... and cut with four sides: area over the area of the rectangle around it.
_MIN_RECTANGULARITY = 0.82
# A second membrane is at least this large against the largest; no picture has more than so many.
_LIKE, _MOST_PANELS = 0.3, 4
# A program cuts strips for a figure: each thin, of unlike heights, and many; together they are
# as large as a membrane. Their canvas is of one level, so that less tells them from it.
_LEAST_STRIP, _LIKE_STRIPS, _MOST_STRIPS = 0.01, 0.15, 24
# Letters there are drawn with strokes thinner than this against the picture's longer side.
_STROKE = 0.01
# Of what lies beyond a membrane at most this share may look like it.
_MAX_LIKE_BEYOND = 0.04
# A window's margins are of exact levels over this share of the border, one of them over so much.
_WINDOW, _SIDE_OF_WINDOW = 0.8, 0.04
# A piece rises from its canvas by this share or more within 3 px: bands that touch, by less.
_SET_OFF = 0.45
# Of the step from 15 px within a membrane to 15 px outside more than this share is from 5 to 5.
_AT_ONCE = 0.5
# What belongs to the membrane differs from its surround by this many times the noise there.
_CLEAR_OF_NOISE = 4.0


def find_panels(blot: Blot) -> tuple[Panel, ...]:
    """Find the membranes in a picture.

    A frame drawn around the picture is left out first. Two kinds of surround are looked for: a
    canvas of one exact grey level (added by a program), and a field of another brightness with a
    sharp edge (the imager's tray). Where there is neither, the panel is the whole picture.
    Several pieces of like size, each as nearly rectangular as a membrane, are several membranes.
    A piece that a cut edge crosses from side to side is two that touch.

    Parameters
    ----------
    blot : Blot

    Returns
    -------
    tuple of Panel
        Top to bottom, left to right; their outlines in px of the oriented picture.
    """
    signal, factor = reduce_blot(blot)
    window = inside_frame(signal)
    if window is None:
        pieces = _pieces(blot, signal, blot.signal, factor, (0, 0))
    else:
        enclosed = np.ascontiguousarray(signal[window])
        part, origin = partial(_part_within, blot, window, factor), [of.start for of in window]
        within = _pieces(blot, enclosed, part, factor, (origin[0], origin[1]))
        pieces = [
            _at(window, piece, signal.shape) for piece in within or [np.ones(enclosed.shape, bool)]
        ]
    outlines = [_outline(mask, factor) for mask in _in_reading_order(pieces)]
    return tuple(
        Panel(f"panel-{number}", outline)
        for number, outline in enumerate(outlines or [_frame(blot.shape)], 1)
    )


def _pieces(
    blot: Blot,
    signal: NDArray[np.float32],
    whole: Callable[[tuple[slice, slice]], NDArray[np.float32]],
    factor: int,
    origin: tuple[int, int],
) -> list[NDArray[np.bool_]]:
    """Masks of the membranes in a reduced picture, or a window of it; none where it is all one."""
    # lossy compression lets a canvas ripple by a level or two
    level = abs(blot.signal_map.scale)
    tolerance = 3.0 * level if blot.pixels.dtype == np.uint8 else 0.0
    pieces = _flat_canvas(signal, _extremes(blot), tolerance) or _window(signal, tolerance)
    # before other edges: a drawn line is as sharp as any, and the strips it parts differ
    pieces = parted_at_lines(blot, pieces, signal.shape, factor, _MOST_STRIPS, origin)
    if not pieces:
        pieces = _other_brightness(signal, level)
    # without levels there is no lossy compression
    level = 0.0 if blot.pixels.dtype.kind == "f" else level
    return cut_at_seams(signal, pieces, _MOST_PANELS, whole, factor, level)


def _part_within(
    blot: Blot, frame: tuple[slice, slice], factor: int, part: tuple[slice, slice]
) -> NDArray[np.float32]:
    """Signal of a part of what a frame encloses; the frame in px of the reduced picture."""
    down, across = (
        slice(factor * outer.start + inner.start, factor * outer.start + inner.stop)
        for outer, inner in zip(frame, part, strict=True)
    )
    return blot.signal((down, across))


def _at(
    window: tuple[slice, slice], piece: NDArray[np.bool_], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Mask of a window as one of the whole picture."""
    mask = np.zeros(shape, bool)
    mask[window] = piece
    return mask


def _in_reading_order(pieces: list[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    """Top to bottom; those that stand side by side left to right."""
    spans = [np.flatnonzero(mask.any(axis=1))[[0, -1]] for mask in pieces]
    columns = [int(np.flatnonzero(mask.any(axis=0))[0]) for mask in pieces]

    def place(k: int) -> tuple[int, int]:
        middle = (spans[k][0] + spans[k][1]) / 2
        above = sum(int(last < middle) for _, last in spans)
        return above, columns[k]

    return [pieces[k] for k in sorted(range(len(pieces)), key=place)]


def _frame(shape: tuple[int, int]) -> tuple[Point, ...]:
    rows, cols = shape
    return ((0.0, 0.0), (0.0, cols - 1.0), (rows - 1.0, cols - 1.0), (rows - 1.0, 0.0))


def _outline(mask: NDArray[np.bool_], factor: int) -> tuple[Point, ...]:
    polygon = cv2.approxPolyDP(_outer_contour(mask), 2.0, closed=True)[:, 0, :]
    return tuple(
        (factor * (float(row) + 0.5) - 0.5, factor * (float(col) + 0.5) - 0.5)
        for col, row in polygon
    )


def _extremes(blot: Blot) -> NDArray[np.float32]:
    """Signal of pure black and pure white, the levels a program fills a canvas with."""
    kind = blot.pixels.dtype
    stored = [0, np.iinfo(kind).max] if kind.kind in "iu" else [0.0, float(blot.pixels.max())]
    return blot.signal_map(np.array(stored))


def _flat_canvas(
    signal: NDArray[np.float32], extremes: NDArray[np.float32], tolerance: float
) -> list[NDArray[np.bool_]]:
    """Masks of the membranes where the rest is pure black or white up to the picture's edge."""
    border = _border(signal)
    if max((np.abs(border - level) <= tolerance).mean() for level in extremes) < 0.2:
        return []
    spread = cv2.morphologyEx(signal, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    canvases = [(spread <= tolerance) & (np.abs(signal - level) <= tolerance) for level in extremes]
    canvas = max(canvases, key=_share_of_border)
    if _share_of_border(canvas) < 0.2:
        return []
    return _cut_from(canvas, signal, tolerance)


def _window(signal: NDArray[np.float32], ripple: float) -> list[NDArray[np.bool_]]:
    """The same in a screenshot: a window's margins and its title bar, each of one level of grey."""
    border = _border(signal)
    if np.count_nonzero(np.diff(border) == 0) < _WINDOW * border.size:
        return []
    flat = cv2.morphologyEx(signal, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) == 0
    count, labels = cv2.connectedComponents(flat.astype(np.uint8))
    along = np.bincount(_border(labels), minlength=count)
    along[0] = 0  # what is not flat
    canvas = (along >= _SIDE_OF_WINDOW * border.size)[labels]
    return _cut_from(canvas, signal, ripple) if _share_of_border(canvas) >= _WINDOW else []


def _cut_from(
    canvas: NDArray[np.bool_], signal: NDArray[np.float32], ripple: float
) -> list[NDArray[np.bool_]]:
    """Masks of the membranes that a canvas leaves, if they look as if a program cut them out.

    `ripple` is by how much the canvas may differ from its level.
    """
    # the gradient eats one px on each side of the canvas's edge: give it back
    canvas = cv2.dilate(canvas.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    pieces = _strips(~canvas)
    # bands that touch on a ground as white as a canvas make a solid piece, with soft edges
    return pieces if all(_is_set_off(signal, piece, ripple) for piece in pieces) else []


def _is_set_off(signal: NDArray[np.float32], mask: NDArray[np.bool_], ripple: float) -> bool:
    """Whether the signal rises at once, somewhere near the mask's border, as where a program cut.

    Lossy compression blurs where that is by a block. The bands of a thin strip reach nearly to its
    border: its ground is what the lower quarter of the pixels so far within shows.
    """
    inner, outer = (
        cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, 5) for side in (mask, ~mask)
    )
    depth = cv2.subtract(inner, outer)
    near = np.flatnonzero((depth > -12) & (depth < 16))[::3]  # enough for quantiles
    at, values = np.floor(depth.ravel()[near]), signal.ravel()[near]
    level = np.array([np.quantile(values[at == k], 0.25) for k in np.unique(at)])
    height = np.abs(level - level[0])
    rise = float((height[3:] - height[:-3]).max(initial=0.0))
    return rise > ripple and rise >= _SET_OFF * float(height.max())


def _other_brightness(signal: NDArray[np.float32], level: float) -> list[NDArray[np.bool_]]:
    """Masks of the membranes where the surround has another brightness and a sharp edge.

    `level` is one grey level: steps of fewer than 4 are how 8 bits draw a gentle slope.
    """
    small = _ground(signal)
    levels = _two_levels(small, level)
    if levels is None:
        return []
    low, high, cut = levels
    ground = np.asarray(cv2.resize(small, signal.shape[::-1]), np.float32)
    scaled = _evened(ground, low, high)
    above = scaled > cut
    # the ground has lost its corners: the outline comes from the picture itself
    fine = np.asarray(cv2.medianBlur(np.ascontiguousarray(signal), 5), np.float32)
    for mask, brighter in ((above, True), (~above, False)):
        found = _solid_pieces(mask)
        if found and all(_has_sharp_edge(scaled, piece) for piece in found):
            exact = _membrane_side(fine, ground, mask, brighter=brighter)
            exact_pieces = _solid_pieces(exact)
            # more of them are a membrane that its rows of bands cut through, if it is the darker
            apart = brighter and len(exact_pieces) > len(found)
            pieces = exact_pieces if apart or len(exact_pieces) == len(found) else found
            if not all(_is_cut(signal, piece) for piece in pieces):
                return []
            # lanes full of smear are bright, too, and stand in groups: one group is no membrane
            whole = np.any(pieces, axis=0).astype(np.uint8)
            beyond = cv2.dilate(whole, np.ones((9, 9), np.uint8)) == 0
            return pieces if exact[beyond].mean() < _MAX_LIKE_BEYOND else []
    return []


def _membrane_side(
    fine: NDArray[np.float32],
    ground: NDArray[np.float32],
    mask: NDArray[np.bool_],
    *,
    brighter: bool,
) -> NDArray[np.bool_]:
    """Pixels on the membrane's side of the level between it and its surround, clear of noise."""
    sides = (ground[mask], ground[~mask]) if brighter else (ground[~mask], ground[mask])
    level = (float(sides[0].min()) + float(sides[1].max())) / 2
    beyond = np.flatnonzero(cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0)[::3]
    if beyond.size:
        some, off = fine.ravel()[beyond], fine.ravel()[beyond] - ground.ravel()[beyond]
        noise = _CLEAR_OF_NOISE * 1.4826 * median(np.abs(off - median(off)))
        usual = median(some)
        level = max(level, usual + noise) if brighter else min(level, usual - noise)
    return np.asarray(fine > level if brighter else fine < level)


def _two_levels(ground: NDArray[np.float32], level: float) -> tuple[float, float, float] | None:
    """Low and high end of the ground, and where between them (0 to 1, evened) it parts in two.

    None where it does not: two brightnesses are far apart against the scatter of each.
    """
    some = ground[::2, ::2]
    low, high = quantiles(some, (0.01, 0.99))
    if high - low < 4 * level:
        return None
    # all of it: a cut between two grey levels that hardly differ hangs on few pixels
    scaled = _evened(ground, low, high)
    otsu, _ = cv2.threshold((scaled * 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    cut = otsu / 255
    above = scaled > cut
    if not 0.03 < above.mean() < 0.97:
        return None
    few, few_above = scaled[::2, ::2], above[::2, ::2]  # enough for medians
    inner, outer = few[few_above], few[~few_above]
    if inner.size == 0 or outer.size == 0:
        return None
    middles = median(inner), median(outer)
    within = 1.4826 * max(
        median(np.abs(inner - middles[0])), median(np.abs(outer - middles[1])), 0.004
    )
    step = middles[0] - middles[1]
    if step < 6 * within or step**2 * (high - low) < 4 * level:
        return None
    return low, high, cut


def _evened(ground: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """Ground from 0 to 1, as its root.

    The root makes the scatter alike in the bright membrane and in the dark field (shot noise).
    """
    share: NDArray[np.float32] = np.clip((ground - low) / (high - low), 0, 1)
    return np.sqrt(share)


def _ground(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Signal at half size with bands, specks and lettering removed: opened and closed by a square.

    The ground has no detail. Closing fills what is dark in it, where gaps between membranes and a
    narrow margin must stay: by a smaller square.
    """
    rows, cols = signal.shape
    size = (max(8, cols // 2), max(8, rows // 2))
    if min(signal.shape) >= 16:  # to just half, which OpenCV does several times as fast
        signal = signal[: 2 * size[1], : 2 * size[0]]
    small = cv2.resize(signal, size, interpolation=cv2.INTER_AREA)
    side = max(5, int(0.06 * max(small.shape))) | 1
    side = min(side, max(3, min(small.shape) // 3) | 1)
    wide, narrow = (np.ones((length, length), np.uint8) for length in (side, side // 3 | 1))
    smooth = cv2.medianBlur(small, 3)
    opened = cv2.morphologyEx(smooth, cv2.MORPH_OPEN, wide)
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, narrow), np.float32)


def _has_sharp_edge(ground: NDArray[np.float32], mask: NDArray[np.bool_]) -> bool:
    """Whether the step across the mask's border is clear of the scatter on either side of it."""
    sides = _beside_border(mask, 4, 15)
    if min(side.sum() for side in sides) < 50:
        return False
    inner, outer = (ground[side] for side in sides)
    step = abs(float(np.median(inner)) - float(np.median(outer)))
    scatter = float(np.subtract(*np.percentile(inner, (75, 25)))) + float(
        np.subtract(*np.percentile(outer, (75, 25)))
    )
    return step > 1.5 * scatter


def _is_cut(signal: NDArray[np.float32], mask: NDArray[np.bool_]) -> bool:
    """Whether most of the step across the mask's border happens within a few px.

    A membrane was cut; a glow along the picture's edges, or shading, rises bit by bit.
    """
    steps = []
    for reach in ((4, 6), (12, 18)):
        within, beyond = _beside_border(mask, *reach)
        if not (within.any() and beyond.any()):
            return True  # a surround too narrow to tell
        steps.append(abs(float(np.median(signal[within])) - float(np.median(signal[beyond]))))
    return steps[0] > _AT_ONCE * steps[1]


def _beside_border(
    mask: NDArray[np.bool_], nearest: int, farthest: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Pixels so far from the mask's border, within it and outside of it."""
    small = mask.astype(np.uint8)
    near, far = (np.ones((2 * reach + 1, 2 * reach + 1), np.uint8) for reach in (nearest, farthest))
    within = cv2.erode(small, near, borderValue=1) > cv2.erode(small, far, borderValue=1)
    beyond = cv2.dilate(small, far, borderValue=0) > cv2.dilate(small, near, borderValue=0)
    return within, beyond


def _solid_pieces(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Pieces of a mask that look like membranes with a surround, holes filled, largest first."""
    side = _wider_than_lettering(mask.shape)
    side = min(side, max(3, min(mask.shape) // 4))
    return _of_like_size(_opened(mask, side), _MIN_SHARE, _LIKE, _MOST_PANELS)


def _strips(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The same of what lies on a canvas of one level: membranes, or strips of them in a figure."""
    opened = _opened(mask, max(3, int(_STROKE * max(mask.shape))))
    strips = _of_like_size(opened, _LEAST_STRIP, _LIKE_STRIPS, _MOST_STRIPS, _without_lettering)
    together = sum(np.count_nonzero(strip) for strip in strips)
    return strips if together >= _MIN_SHARE * mask.size else []


def _wider_than_lettering(shape: tuple[int, ...]) -> int:
    return max(5, int(0.04 * max(shape)))


def _opened(mask: NDArray[np.bool_], side: int) -> NDArray[np.uint8]:
    """What of a mask a square of a side fits into."""
    square = np.ones((side, side), np.uint8)
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, square), np.uint8)


def _of_like_size(
    opened: NDArray[np.uint8],
    least: float,
    like: float,
    most: int,
    trimmed: Callable[[NDArray[np.bool_]], NDArray[np.bool_]] | None = None,
) -> list[NDArray[np.bool_]]:
    """Connected pieces of a mask with a membrane's shape, as far as they are of like size."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    order = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")
    pieces: list[NDArray[np.bool_]] = []
    for label in order[: most if count > 1 else 0].tolist():
        one = labels == label
        piece = _as_membrane(one if trimmed is None else trimmed(one), least)
        if piece is None or (pieces and piece.sum() < like * pieces[0].sum()):
            break
        pieces.append(piece)
    return pieces


def _without_lettering(piece: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Piece less what hangs on to it that is thinner than half of it."""
    _, sides, _ = cv2.minAreaRect(_outer_contour(piece))
    opened = _opened(piece, max(1, min(_wider_than_lettering(piece.shape), int(min(sides) / 2))))
    return np.asarray(opened, bool) if opened.any() else piece


def _as_membrane(piece: NDArray[np.bool_], least: float) -> NDArray[np.bool_] | None:
    """Piece with its holes filled; None where its shape, or its share of all, is no membrane's."""
    contour = _outer_contour(piece)
    area, hull = cv2.contourArea(contour), cv2.contourArea(cv2.convexHull(contour))
    share = area / piece.size
    if share < least or share > 0.985 or hull <= 0 or area / hull < _MIN_SOLIDITY:
        return None
    _, sides, _ = cv2.minAreaRect(contour)
    if area < _MIN_RECTANGULARITY * sides[0] * sides[1]:
        return None
    filled = np.zeros(piece.shape, np.uint8)
    cv2.drawContours(filled, [contour], -1, 1, cv2.FILLED)
    return filled.astype(bool)


def _outer_contour(piece: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Contour around the largest part of a mask, as OpenCV has it."""
    contours, _ = cv2.findContours(
        piece.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    return np.asarray(max(contours, key=cv2.contourArea), np.int32)


def _share_of_border(mask: NDArray[np.bool_]) -> float:
    return float(_border(mask).mean())


def _border(picture: NDArray[Any]) -> NDArray[Any]:
    """Outermost pixels of a picture, each once."""
    return np.concatenate((picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1]))

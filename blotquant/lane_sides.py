"""How far lanes' sides reach into free room: told from the signal, where the evidence ends early.

Evidence is the root of the signal less what clutter makes: the outer part of a flank that slopes
gently (a band Gaussian across) is below it, and in a low strip, whose bands leave no rows to tell
the clutter from, much of the flank is. The signal itself shows it, as long as nobody is beside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from .comb import Tooth
from .order import medians, quantile, quantiles_along
from .scene import Scene
from .warp import Warp, straighten, straightened

__all__ = ["with_whole_flanks"]

# A slice belongs to a band where the lane has this share of the evidence of its strongest; the
# slices beside a band tell its ground, or, in a low strip, those that have less than the second.
_BAND, _LOW = 0.02, 0.3
# Of a band's length so much more to either end is the band's: it slants, or sags at the sides.
_TAIL = 0.2
# A flank ends where it has fallen to this share of the band's height, or into the noise: the
# first times what is left of it, smoothed by the second, share of a lane's width, or a px.
_FOOT, _NOISE, _SMOOTH = 0.003, 3.0, 0.03
# A flank that is cut higher than this share of the height is followed out; a band is clear enough
# to be followed where the noise ends it lower than the second share.
_CUT, _CLEAR = 0.01, 0.05
# A flank falls by so much over this share of a lane's width: a glow, a cloud or a streak does not.
_FALL, _STEP = 0.63, 0.1
# ... but one higher than this share of the band's height is its own: a shoulder.
_SHOULDER = 0.08
# Sides reach no farther beyond the half height than this share of a lane's width: a Gaussian's are
# at the foot there.
_MOST = 1.0
# What is left over of clouds and slopes beside a band is told by this quantile of the room beside.
# Where it is more than the second share of the band's height, or below it, the ground is not told,
# as long as there is so much room, share of a lane's width, that no flank takes all of it.
_GROUND, _UNEVEN, _WIDE = 0.1, 0.08, 0.3
# Bands of one lane are alike across: none goes on farther than the highest that tells by more than
# this share of the lane's width. What does lies on a cloud.
_ALIKE = 0.15
# Columns are looked at where so much of them is on the panel.
_ON_PANEL = 0.8
# Less room than this share of a lane's width is none.
_LEAST_ROOM = 0.02

# A section of fewer px shows nothing. A band's height is this quantile of its section between the
# half heights.
_FEWEST, _TOP = 6, 0.7


def with_whole_flanks(
    feet: list[tuple[float, float]],
    teeth: list[Tooth],
    evidence: NDArray[np.float32],
    linear: NDArray[np.float64],
    offsets: NDArray[np.float64],
    scene: Scene,
    warp: Warp,
) -> list[tuple[float, float]]:
    """Feet of lanes, moved out where the signal shows that they cut bands, and nobody is there.

    Each band of a lane is looked at by itself, above the ground before and behind it: the lane
    becomes as wide as the band that needs most. Where a neighbour's foot is, it ends.

    Parameters
    ----------
    feet : list of (left, right)
        From `blotquant.comb.lane_feet`, px of the scene.
    teeth : list of Tooth
        Half heights, left to right.
    evidence : ndarray, shape (rows, cols)
        In proportion to the signal.
    linear : ndarray, shape (S, U)
        The same on straightened lanes, slice by slice.
    offsets : ndarray, shape (len(teeth), S)
        How far each lane lies right of its straightened place, px of the scene.
    scene : Scene
    warp : Warp
        On which the lanes stand upright.

    Returns
    -------
    list of (left, right)
        No lane is narrower than it was.
    """
    last = evidence.shape[1] - 1.0
    ends = [0.0, *(x for foot in feet for x in foot), last]
    rooms = [
        (
            max(ends[2 * k], tooth.left - _MOST * tooth.width),
            min(ends[2 * k + 3], tooth.right + _MOST * tooth.width),
        )
        for k, tooth in enumerate(teeth)
    ]
    free = [
        max(foot[0] - room[0], room[1] - foot[1]) > _LEAST_ROOM * tooth.width
        for tooth, foot, room in zip(teeth, feet, rooms, strict=True)
    ]
    if not any(free):
        return feet
    panel = np.flatnonzero(scene.inside.any(axis=1))
    panel_rows = panel[-1] - panel[0] + 1 if panel.size else 1
    n_slices = min(len(evidence), round(len(linear) * len(evidence) / panel_rows))
    if n_slices != len(linear):  # a panel is as finely cut as a picture
        linear = straighten(evidence, warp, n_slices)
    signal, valid = straightened(scene, warp, n_slices)
    seen = np.flatnonzero(valid.any(axis=1))
    view = _View(signal[seen], valid[seen], linear[seen])
    place = seen * (offsets.shape[1] - 1) / max(n_slices - 1, 1)
    wider = list(feet)
    for k in np.flatnonzero(free).tolist():
        offset = np.rint(np.interp(place, np.arange(offsets.shape[1]), offsets[k])).astype(int)
        wider[k] = _widened(view, teeth[k], feet[k], rooms[k], offset)
    return _parted(wider, feet)


@dataclass(frozen=True, eq=False)
class _View:
    """Straight lanes slice by slice: the signal, where it lies on the panel, and the evidence."""

    signal: NDArray[np.float64]  # shape (S, U)
    valid: NDArray[np.bool_]  # same shape
    evidence: NDArray[np.float64]  # same shape


def _widened(
    view: _View,
    tooth: Tooth,
    foot: tuple[float, float],
    room: tuple[float, float],
    offset: NDArray[np.intp],
) -> tuple[float, float]:
    """Feet of one lane, moved out as far as its bands need it, within its room."""
    size = view.signal.shape[1]
    rows = view.evidence[:, max(0, int(tooth.left)) : int(tooth.right) + 1].sum(axis=1)
    first = max(0, math.floor(room[0]))
    columns = np.arange(first, min(size, math.ceil(room[1]) + 1))
    if columns.size < _FEWEST or not rows.any():
        return foot
    at = np.clip(columns + offset[:, None], 0, size - 1)
    held = np.take_along_axis(view.valid, at, axis=1).mean(axis=0) > _ON_PANEL
    sections = _sections(np.take_along_axis(view.signal, at, axis=1), rows)
    own = Tooth(tooth.left - first, tooth.right - first, tooth.strength, tooth.clarity)
    left, right = _feet(sections, held, own, (foot[0] - first, foot[1] - first))
    return (
        min(foot[0], max(left + first, room[0])),
        max(foot[1], min(right + first, room[1])),
    )


def _sections(part: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Signal across a lane, mean over each of its bands, above the ground before and behind it.

    `part` has shape (S, N), `rows`, the evidence of each slice, (S,); the result (bands, N).
    """
    change = np.flatnonzero(np.diff(rows > _BAND * rows.max(), prepend=False, append=False))
    spans = []
    for first, stop in change.reshape(-1, 2).tolist():
        tail = max(1, round(_TAIL * (stop - first)))
        spans.append((max(0, first - tail), min(rows.size, stop + tail)))
    free = np.ones(rows.size, bool)
    for first, stop in spans:
        free[first:stop] = False
    low = np.flatnonzero(rows <= min(quantile(rows, 0.25), _LOW * rows.max()))
    sections = []
    for first, stop in spans:
        size = max(2, stop - first)
        before = np.flatnonzero(free[max(0, first - size) : first]) + max(0, first - size)
        behind = np.flatnonzero(free[stop : stop + size]) + stop
        beside = [part[own].mean(axis=0) for own in (before, behind) if own.size]
        if not beside and low.size:
            beside = [part[low].mean(axis=0)]
        if beside:
            sections.append(part[first:stop].mean(axis=0) - sum(beside) / len(beside))
    return np.array(sections).reshape(-1, part.shape[1])


def _feet(
    sections: NDArray[np.float64],
    held: NDArray[np.bool_],
    tooth: Tooth,
    foot: tuple[float, float],
) -> tuple[float, float]:
    """Columns of the sections to which a lane must reach, at least its feet, to hold its bands."""
    if len(sections) == 0:
        return foot
    size, blur = sections.shape[1], max(1.0, _SMOOTH * tooth.width)
    across = gaussian_filter1d(sections, blur, axis=1, mode="nearest")
    core = slice(max(0, round(tooth.left)), max(1, round(tooth.right) + 1))
    tops = quantiles_along(across[:, core], _TOP)
    # second differences leave out the flanks' slope
    rough = 1.4826 / 6**0.5 * medians(np.abs(np.diff(sections, 2, axis=1)))
    levels = np.maximum(_FOOT * tops, _NOISE * rough / (2 * math.pi**0.5 * blur) ** 0.5)
    inner = [min(max(round(edge), 0), size - 1) for edge in foot]
    sides = slice(inner[0], None, -1), slice(inner[1], None)
    is_wide = [across[0, side].size > _WIDE * tooth.width for side in sides]
    step = max(2, round(_STEP * tooth.width))
    reaches: list[tuple[float, list[int]]] = []
    for section, top, level in zip(across, tops.tolist(), levels.tolist(), strict=True):
        grounds = [quantile(section[side], _GROUND) for side in sides]
        uneven = [
            ground < -_UNEVEN * top or (wide and ground > _UNEVEN * top)
            for ground, wide in zip(grounds, is_wide, strict=True)
        ]
        if level > _CLEAR * top or any(uneven):
            continue
        own = [
            _reach(section[side] - ground, held[side], top, level, step)
            for side, ground in zip(sides, grounds, strict=True)
        ]
        reaches.append((top, own))
    if not reaches:
        return foot
    _, of_highest = max(reaches)
    alike = round(_ALIKE * tooth.width)
    further = [
        min(max(own[k] for _, own in reaches), of_highest[k] + alike) for k in range(len(sides))
    ]
    left, right = inner[0] - further[0], inner[1] + further[1]
    return (left if further[0] else foot[0]), (right if further[1] else foot[1])


def _reach(
    over: NDArray[np.float64], held: NDArray[np.bool_], top: float, level: float, step: int
) -> int:
    """How many px outwards of the first a flank comes to its foot; 0 where it is cut low enough."""
    if over[0] <= max(level, _CUT * top):
        return 0
    place = np.arange(over.size)
    further = np.minimum(place + step, over.size - 1)
    falls = over[further] <= over * _FALL ** ((further - place) / step)
    goes_on = (over > level) & held
    shoulder = over > _SHOULDER * top
    last = _first_false(goes_on & (falls | shoulder))
    if over[last] > max(level, _CUT * top):  # no shoulder, which ends
        last = _first_false(goes_on & falls)
    return last


def _first_false(values: NDArray[np.bool_]) -> int:
    """Place of the first False, or the last one."""
    return int(np.argmin(values)) if not values.all() else values.size - 1


def _parted(
    wider: list[tuple[float, float]], feet: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Lanes that both reach into the room between them part in its middle, or where one ends."""
    for k in range(len(wider) - 1):
        (left, a), (b, right) = wider[k], wider[k + 1]
        if a > b and feet[k][1] <= feet[k + 1][0]:
            middle = (a + b) / 2
            wider[k], wider[k + 1] = (left, middle), (middle, right)
    return wider

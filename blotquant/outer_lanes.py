"""Weak lanes beside the outermost ones: told from the signal, where the evidence has nothing left.

The map of evidence weighs all lanes of a picture against one clutter, and the comb looks at what
stands out of their sum: a lane with one band of a hundredth of the others', or one in a tight strip
whose strong bands leave no row to tell the clutter from, is in neither. Its place is known, though,
and so are the rows in which it may have bands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter1d

from .comb import Tooth
from .complete import typical_step
from .order import median, quantile
from .scene import Scene
from .warp import Warp, straightened

__all__ = ["with_outer_lanes", "with_whole_bands"]

# Lanes that tell a spacing, and room between them, px of the scene and share of the spacing, that
# shows where one ends.
_FEWEST, _ROOM, _ROOM_SHARE = 3, 3.0, 0.08
# A lane's middle and the membrane between two are read over these shares of width and room.
_CORE, _GAP = 0.6, 0.4
# So many lanes, the nearest, tell the rows of bands: where two (a ladder has its own) have the
# first share of their highest over their low rows (this quantile), or the second, clear of their
# spread. A row drops by so much of a lane's width from one to the next.
_CROWD, _HAS_BAND, _HAS_WEAK, _LOW, _SLOPE = 4, 0.3, 0.02, 0.2, 0.35
_FEWEST_ROWS = 8
# Sections down a lane are smoothed by this share of a band's thickness.
_SMOOTH = 0.3
# A band stands so many times out of the spread of what is there where no lane has bands, and out
# of the noise. What has a fifth of it in other rows is less than the share that stands in those.
_CLEAR, _COUNTS, _SHARED = 8.0, 0.2, 0.5
# It is no more than so many times as thick as theirs, of so many slices at least: clouds are.
_THICK, _LEAST_THICK = 2.0, 3.0
# A row with no more than this share of the band is beside it, as far as so many times its height.
_BESIDE, _FAR = 0.1, 2
# It stands off the lane's place by no more than this share of the spacing, and is as wide as the
# bands beside it within these.
_OFF, _WIDTHS = 0.12, (0.7, 1.3)
# A lane is cut where its band is wider by so many px of the scene and so much of its width, which
# is looked at where the usual lane is.
_MORE, _MORE_SHARE = 2.0, 0.06
# More lanes than this are not added to a side.
_MOST = 3


def with_outer_lanes(teeth: list[Tooth], scene: Scene, warp: Warp) -> list[Tooth]:
    """Comb with the lanes more at either end that hold a band in a row of the others.

    Parameters
    ----------
    teeth : list of Tooth
        Left to right.
    scene : Scene
    warp : Warp
        On which the lanes stand upright.

    Returns
    -------
    list of Tooth
        Left to right. Lanes added have strength 0: the evidence knows nothing of them.
    """
    view = _view_of(teeth, scene, warp) if _has_room(teeth, scene) else None
    if view is None:
        return teeth
    for _ in range(2):  # one side, then the other
        view = view.mirrored()
        end = float(view.signal.shape[1] - 1)
        teeth = [replace(t, left=end - t.right, right=end - t.left) for t in teeth[::-1]]
        for _ in range(_MOST):
            more = _next(view, teeth)
            if more is None:
                break
            teeth = [*teeth, more]
    return teeth


def with_whole_bands(teeth: list[Tooth], scene: Scene, warp: Warp) -> list[Tooth]:
    """Comb with lanes as wide, at half height, as their clearest band is in the signal.

    The evidence lacks what is below the clutter: of a weak lane it shows the middle alone.

    Parameters
    ----------
    teeth : list of Tooth
        Left to right.
    scene : Scene
    warp : Warp
        On which the lanes stand upright.

    Returns
    -------
    list of Tooth
        Left to right; none is narrower than it was. Those widened have strength 0: the evidence
        does not tell where they end.
    """
    usual = median([tooth.width for tooth in teeth] or [0.0])
    narrow = [t.strength > 0 and _is_cut(t.width, usual) for t in teeth]
    view = _view_of(teeth, scene, warp) if any(narrow) else None
    if view is None:
        return teeth
    ends = [-np.inf, *((a.right + b.left) / 2 for a, b in pairwise(teeth)), np.inf]
    return [
        _widened(view, tooth, *room) if is_narrow else tooth
        for tooth, is_narrow, room in zip(teeth, narrow, pairwise(ends), strict=True)
    ]


def _is_cut(width: float, whole: float) -> bool:
    return whole - width > max(_MORE, _MORE_SHARE * width)


def _widened(view: _View, tooth: Tooth, first: float, last: float) -> Tooth:
    section = _band_in_common_row(view, [tooth], tooth.center)
    band = _sides(view, *section, tooth.center) if section else None
    if band is None:
        return tooth
    left = min(tooth.left, max(band[0], first))
    right = max(tooth.right, min(band[1], last))
    is_cut = _is_cut(tooth.width, right - left)
    return replace(tooth, left=left, right=right, strength=0.0) if is_cut else tooth


def _has_room(teeth: list[Tooth], scene: Scene) -> bool:
    """Whether a lane more fits into the picture at either end."""
    if len(teeth) < _FEWEST:
        return False
    spacing = typical_step(np.diff([tooth.center for tooth in teeth]))
    least = spacing + _CORE * median([tooth.width for tooth in teeth]) / 2
    return teeth[0].center >= least or scene.signal.shape[1] - teeth[-1].center >= least


def _view_of(teeth: list[Tooth], scene: Scene, warp: Warp) -> _View | None:
    """Signal on straight lanes; None where there are too few or there is no room between them."""
    if len(teeth) < _FEWEST:
        return None
    spacing = typical_step(np.diff([tooth.center for tooth in teeth]))
    width = median([tooth.width for tooth in teeth if tooth.strength > 0] or [teeth[0].width])
    if spacing - width < max(_ROOM, _ROOM_SHARE * spacing):
        return None
    signal, valid = straightened(scene, warp)
    return _View(signal, valid, scene.level, len(scene.signal) / len(signal), spacing, width)


@dataclass(frozen=True, eq=False)
class _View:
    """Signal on straight lanes: mean of each slice and column, and where it lies on the panel."""

    signal: NDArray[np.float64]  # shape (S, U)
    valid: NDArray[np.bool_]  # same shape
    level: float  # of one grey level
    rows: float  # of the scene a slice
    spacing: float
    width: float

    def mirrored(self) -> _View:
        return replace(self, signal=self.signal[:, ::-1], valid=self.valid[:, ::-1])

    def columns(self, center: float, width: float) -> slice:
        return slice(max(0, round(center - width / 2)), max(0, round(center + width / 2)) + 1)

    def mean(self, center: float, width: float) -> NDArray[np.float64]:
        """Mean over columns of each slice; NaN where not all are on the panel."""
        columns = self.columns(center, width)
        if columns.stop > self.signal.shape[1] or center - width / 2 < -0.5:
            return np.full(len(self.signal), np.nan)
        mean = self.signal[:, columns].mean(axis=1)
        return np.where(self.valid[:, columns].all(axis=1), mean, np.nan)

    def contrast(self, center: float) -> NDArray[np.float64]:
        """Signal of a lane over the membrane to both sides, or to one, of each slice."""
        gap = _GAP * (self.spacing - self.width)
        near, far = (self.mean(center + side * self.spacing / 2, gap) for side in (-1, 1))
        far = np.where(np.isnan(far), near, far)
        return (
            self.mean(center, _CORE * self.width) - (np.where(np.isnan(near), far, near) + far) / 2
        )


def _next(view: _View, teeth: list[Tooth]) -> Tooth | None:
    """Lane a spacing right of the last, if it holds a band as wide as a lane in a common row."""
    center = teeth[-1].center + view.spacing
    crowd = [tooth for tooth in teeth[-_CROWD:] if tooth.strength > 0]
    section = _band_in_common_row(view, crowd, center)
    if section is None:
        return None
    across, valid = section
    band = _sides(view, across, valid, center)
    if band is None:
        return None
    beside = [_sides(view, across, valid, tooth.center) for tooth in crowd]
    usual = median([b - a for a, b in filter(None, beside)] or [view.width])
    width, off = band[1] - band[0], (band[0] + band[1]) / 2 - center
    if not _WIDTHS[0] < width / usual < _WIDTHS[1] or abs(off) > _OFF * view.spacing:
        return None
    half = max(width, view.width) / 2
    return Tooth(center + off - half, center + off + half, 0.0, 0.0)


def _band_in_common_row(
    view: _View, crowd: list[Tooth], center: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """Section across the lanes through the clearest band at a place, and where it is on the panel.

    None where nothing there stands out in a row of the crowd's, as thin as a band.
    """
    own = view.contrast(center)
    seen = np.isfinite(own)
    common, thick = _rows_with_bands(view, crowd)
    if seen.sum() < _FEWEST_ROWS or not common.any():
        return None
    own = gaussian_filter1d(np.where(seen, own, median(own[seen])), _SMOOTH * thick)
    quiet = seen & ~binary_dilation(common, iterations=math.ceil(thick))
    ground = median(own[quiet]) if quiet.sum() > 2 * thick else quantile(own[seen], _LOW)
    own = np.where(seen, own - ground, 0.0)
    at = int(np.argmax(own))
    counts = np.where(own > _COUNTS * own[at], own, 0.0)
    first, stop = _height(own, at)
    is_common = common[at] and counts[common].sum() > _SHARED * counts.sum()
    is_clear = own[at] > _CLEAR * max(_noise(view, center, thick), _spread(own[quiet], thick))
    if not (is_common and is_clear and stop - first < _THICK * max(thick, _LEAST_THICK)):
        return None
    return _across(view, own, first, stop), view.valid[at]


def _rows_with_bands(view: _View, lanes: list[Tooth]) -> tuple[NDArray[np.bool_], float]:
    """Slices in which lanes have bands, or one beside them may, and how many a band takes."""
    lanes_with = np.zeros(len(view.signal), int)
    slope = math.ceil(_SLOPE * view.width / view.rows)
    lengths: list[int] = []
    for tooth in lanes:
        lane = view.contrast(tooth.center)
        seen = np.isfinite(lane)
        if seen.sum() < _FEWEST_ROWS:
            continue
        over = np.where(seen, lane - quantile(lane[seen], _LOW), 0.0)
        top = float(over.max())
        has = over > _HAS_BAND * top
        change = np.flatnonzero(np.diff(has.astype(np.int8), prepend=0, append=0))
        lengths += (change[1::2] - change[::2]).tolist()
        over = gaussian_filter1d(over - median(over), 1.0)
        clear = over > max(_HAS_WEAK * top, _CLEAR * _spread(over, 0))
        lanes_with += binary_dilation(has | clear, iterations=slope)
    return lanes_with >= min(2, max(1, len(lanes))), max(1.0, median(lengths or [1]))


def _noise(view: _View, center: float, thick: float) -> float:
    """Standard deviation of the contrast at a place by noise: told from columns side by side."""
    among = view.columns(center, view.width)
    step = np.diff(view.signal[:, among], axis=1)[view.valid[:, among][:, 1:]]
    pixel = 1.4826 / 2**0.5 * median(np.abs(step)) if step.size else 0.0
    if pixel < view.level / 12**0.5:
        return view.level / 4  # steps of a level (and JPEG's rings) are no noise that averages out
    gap = _GAP * (view.spacing - view.width)
    columns = 1 / (_CORE * view.width) + 1 / (2 * max(gap, 1.0))
    # 2 sqrt(pi) times its sigma: what a Gaussian smooths over
    return float(pixel * (columns / max(1.0, 2 * math.pi**0.5 * _SMOOTH * thick)) ** 0.5)


def _spread(quiet: NDArray[np.float64], thick: float) -> float:
    """Robust standard deviation; 0 of what is too little (in a strip hardly a row has no bands)."""
    if quiet.size <= 2 * thick:
        return 0.0
    return 1.4826 * median(np.abs(quiet - median(quiet)))


def _height(own: NDArray[np.float64], at: int) -> tuple[int, int]:
    """First slice of a band at half height and the one after its last, from its highest."""
    high = own > 0.5 * own[at]
    first, stop = at, at + 1
    while first > 0 and high[first - 1]:
        first -= 1
    while stop < high.size and high[stop]:
        stop += 1
    return first, stop


def _across(view: _View, own: NDArray[np.float64], first: int, stop: int) -> NDArray[np.float64]:
    """Section across the lanes through the slices of a band, less what is above and below it.

    A streak down the membrane is none of the band's.
    """
    reach = _FAR * (stop - first)
    beside = own < _BESIDE * own[first:stop].max()
    beside[: max(0, first - reach)] = beside[stop + reach :] = False
    across = view.signal[first:stop].mean(axis=0)
    if beside.any():
        across = across - view.signal[beside].mean(axis=0)
    return np.asarray(gaussian_filter1d(across, 1.0, mode="nearest"), np.float64)


def _sides(
    view: _View, across: NDArray[np.float64], valid: NDArray[np.bool_], center: float
) -> tuple[float, float] | None:
    """Where a band at a lane's place is half as high to either side; None if it has no such sides.

    The panel may end before the band does.
    """
    core = view.columns(center, _CORE * view.width)
    if core.stop > across.size or core.start < 0 or not valid[core].all():
        return None
    reach = 0.75 * view.spacing
    ends = max(0, round(center - reach)), min(across.size, round(center + reach) + 1)
    sides = [
        np.arange(core.start, ends[0] - 1, -1),
        np.arange(core.stop - 1, ends[1]),
    ]
    sides = [side[np.logical_and.accumulate(valid[side])] for side in sides]
    top = median(across[core])
    cut = [side.size < 0.5 * (view.spacing - _CORE * view.width) for side in sides]
    least = [
        float(across[side].min()) for side, is_cut in zip(sides, cut, strict=True) if not is_cut
    ]
    if not least:
        return None
    level = (top + sum(least) / len(least)) / 2
    if across[core].min() < level or max(least) > level:
        return None
    edges = []
    for side in sides:
        below = np.flatnonzero(across[side] < level)
        edges.append(float(side[below[0] if below.size else -1]))
    return edges[0] + 0.5, edges[1] - 0.5

"""Complete a comb of lanes: weak ones at the edges, empty ones between, no specks, no marks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from .comb import Tooth
from .order import median, quantile

__all__ = ["complete_comb", "typical_step"]

# A gap this close to a whole number of spacings holds empty lanes; else it parts two groups.
_EMPTY_TOLERANCE = 0.2
_MAX_EMPTY_RUN = 3


def complete_comb(
    teeth: list[Tooth],
    straight: NDArray[np.float64],
    height: int,
    count: int | None = None,
    spacing: float | None = None,
) -> list[Tooth]:
    """Leave out what is no lane, and add lanes that the comb could not see.

    Parameters
    ----------
    teeth : list of Tooth
        From `blotquant.comb.find_teeth`.
    straight : ndarray, shape (S, U)
        Evidence on straightened lanes, slice by slice.
    height : int
        Rows of the scene.
    count : int, optional
        Number of lanes, if it is known: the comb is brought to it.
    spacing : float, optional
        Distance between lane centres, px of the scene, if it is known.

    Returns
    -------
    list of Tooth
        Left to right; lanes that were inferred have strength 0.
    """
    teeth = [tooth for tooth in teeth if _is_banded(straight, tooth, height)]
    if not teeth:
        return []
    teeth = _with_narrow_lanes(teeth, straight, height)
    kept = _without_strays(teeth, straight)
    bubbles = [t for t in teeth if t not in kept and _is_hole(straight, t, kept)]
    teeth = _with_edge_lanes(kept, straight, height, spacing, bubbles)
    teeth = _without_marks(teeth, straight)
    whole = _with_empty_lanes(teeth, spacing)
    if count is None:
        return whole
    # a number too small for the empty lanes says that their place is a gap between groups
    return _to_count(whole if len(whole) <= count else teeth, straight, count, spacing)


# A lane between two others that the comb left out for its width has at least this share of the
# typical one's width and this share of its evidence, with dips this deep to either side ...
_NARROWEST, _NARROW_EVIDENCE, _NARROW_DIP = 0.4, 0.1, 0.1
# ... this share of the evidence in the rows of the two, and no more room beside it than others
# have and this share of a lane's width: what leaves more is a piece of a lane.
_ALIKE, _ROOM = 0.7, 0.35


def _with_narrow_lanes(
    teeth: list[Tooth], straight: NDArray[np.float64], height: int
) -> list[Tooth]:
    """Comb with the lanes between two others that are too narrow for it to have been sure of.

    A weak narrow lane between two strong ones has shallow dips beside it. What parts it from the
    edge of a neighbour is a summit of its own, and from a speck that it has the neighbours' bands.
    """
    width = median([tooth.width for tooth in teeth])
    if len(teeth) < 4 or height < 3 * width:  # in a strip all stand in the same rows
        return teeth
    profile = gaussian_filter1d(straight.sum(axis=0), 1.0, mode="constant")
    gap = max(median([b.left - a.right for a, b in pairwise(teeth)]), 0.0)
    high = median([_mean_between(profile, tooth.left, tooth.right) for tooth in teeth])
    complete = teeth[:1]
    for left, right in pairwise(teeth):
        tooth = None
        if right.left - left.right > _NARROWEST * width:
            tooth = _summit_between(profile, left, right, high)
        if tooth is not None and tooth.width >= _NARROWEST * width:
            beside = max(tooth.left - left.right, right.left - tooth.right)
            rows = np.maximum(_row_profile(straight, left), _row_profile(straight, right))
            alike = _shared(_row_profile(straight, tooth), rows) > _ALIKE
            if beside < gap + _ROOM * width and alike and _is_banded(straight, tooth, height):
                complete.append(tooth)
        complete.append(right)
    return complete


def _summit_between(
    profile: NDArray[np.float64], left: Tooth, right: Tooth, high: float
) -> Tooth | None:
    """Tooth where the evidence between two others rises once more and falls again."""
    first, last = max(0, int(left.right)), int(np.ceil(right.left)) + 1
    part = profile[first:last]
    inner = np.flatnonzero((part[1:-1] > part[:-2]) & (part[1:-1] >= part[2:])) + 1
    if inner.size == 0:
        return None
    top = int(inner[np.argmax(part[inner])])
    a, b = int(np.argmin(part[:top])), top + int(np.argmin(part[top:]))
    clarity = 1 - float(max(part[a], part[b])) / float(part[top])
    if clarity < _NARROW_DIP or part[top] < _NARROW_EVIDENCE * high:
        return None
    wide = np.flatnonzero(part[a : b + 1] >= 0.5 * part[top]) + a
    start, stop = float(first + wide[0]), float(first + wide[-1])
    return Tooth(start, stop, float(part[top]) / high, clarity)


def _typical_spacing(teeth: list[Tooth]) -> float:
    """Distance between neighbouring lanes, gaps between groups left out."""
    return typical_step(np.diff([tooth.center for tooth in teeth]))


def typical_step(steps: NDArray[np.float64]) -> float:
    """The usual one of the distances between the centres of neighbouring lanes, one or more.

    Wide ones, between groups of lanes or beside a lane that was missed, do not count.
    """
    near = quantile(steps, 0.3)
    alike = steps[(steps > 0.7 * near) & (steps < 1.4 * near)]
    # two steps may be far from alike
    return median(alike) if alike.size else float(steps.min())


def _with_empty_lanes(teeth: list[Tooth], spacing: float | None) -> list[Tooth]:
    """Comb with teeth where a gap is a whole number of spacings wide."""
    if len(teeth) < 3 and not (spacing and len(teeth) > 1):
        return teeth
    spacing = spacing or _typical_spacing(teeth)
    width = median([tooth.width for tooth in teeth])
    complete = teeth[:1]
    for left, right in pairwise(teeth):
        step = (right.center - left.center) / spacing
        missing = round(step) - 1
        if 0 < missing <= _MAX_EMPTY_RUN and abs(step - round(step)) < _EMPTY_TOLERANCE:
            for k in range(1, missing + 1):
                center = left.center + (right.center - left.center) * k / (missing + 1)
                complete.append(Tooth(center - width / 2, center + width / 2, 0.0, 0.0))
        complete.append(right)
    return complete


def _to_count(
    teeth: list[Tooth], straight: NDArray[np.float64], count: int, spacing: float | None
) -> list[Tooth]:
    """Comb brought to a number of lanes that is known.

    Too many: the weaker of the outermost goes. Too few: the widest gap between lanes takes one,
    or the side where there is more evidence and room.
    """
    profile = straight.sum(axis=0)
    while len(teeth) > count:
        teeth = teeth[1:] if teeth[0].strength < teeth[-1].strength else teeth[:-1]
    while len(teeth) < count:
        width = median([tooth.width for tooth in teeth])
        step = spacing or (_typical_spacing(teeth) if len(teeth) > 2 else 1.3 * width)
        gaps = np.diff([tooth.center for tooth in teeth]) / step
        if gaps.size and gaps.max() > 1.5:
            k = int(np.argmax(gaps))
            center = (teeth[k].center + teeth[k + 1].center) / 2
            place = k + 1
        else:
            sides = [teeth[0].center - step, teeth[-1].center + step]
            found = [_mean_between(profile, c - width / 2, c + width / 2) for c in sides]
            inside = [width / 2 < c < profile.size - width / 2 for c in sides]
            if not any(inside):
                return teeth  # no room for as many
            right = (inside[1], found[1]) >= (inside[0], found[0])
            center, place = (sides[1], len(teeth)) if right else (sides[0], 0)
        teeth = [
            *teeth[:place],
            Tooth(center - width / 2, center + width / 2, 0.0, 0.0),
            *teeth[place:],
        ]
    return teeth


# An outermost tooth this faint against the others, and off their spacing, is no lane;
_STRAY = 0.2
# nor is one less faint of which no more than this share stands in the rows of the others.
_FAINT, _UNLIKE = 0.6, 0.3
# A bubble's hole, whatever its strength, is narrower than this share of a lane's width. Its rims
# above and below, where the row profile exceeds the first, are no more than so many slices apart,
# and the lower of the two has this share of the higher.
_HOLE_WIDTH, _RIM, _HOLE, _OTHER_RIM = 0.7, 0.1, 3, 0.4
# A lane at the edge that the comb missed has at least this share of a lane's evidence ...
_EDGE_EVIDENCE = 0.08
# ... over the middle of its place, and less than this share of that beyond its far side.
_EDGE_FALL = 0.5


def _without_strays(teeth: list[Tooth], straight: NDArray[np.float64]) -> list[Tooth]:
    """Comb without outermost teeth that are faint and off the spacing of the rest, or bubbles."""
    for _ in range(2):
        teeth = teeth[::-1]
        while len(teeth) > 3:
            spacing = _typical_spacing(sorted(teeth[1:], key=lambda tooth: tooth.center))
            step = abs(teeth[1].center - teeth[0].center) / spacing
            typical = float(np.median([tooth.strength for tooth in teeth[1:]]))
            faint = teeth[0].strength / typical
            width = median([tooth.width for tooth in teeth[1:]])
            narrow = teeth[0].width < _HOLE_WIDTH * width
            if narrow and _is_hole(straight, teeth[0], teeth[1:]):
                teeth = teeth[1:]
                continue
            if faint > _FAINT or abs(step - 1) < 0.15:
                break
            if faint > _STRAY and _is_in_rows_of(teeth[1:], straight, teeth[0]):
                break
            teeth = teeth[1:]
    return teeth


def _is_in_rows_of(crowd: list[Tooth], straight: NDArray[np.float64], tooth: Tooth) -> bool:
    """Whether enough of a tooth stands in rows in which others have bands."""
    rows = np.max([_row_profile(straight, other) for other in crowd], axis=0)
    return _shared(_row_profile(straight, tooth), rows) > _UNLIKE


def _is_hole(straight: NDArray[np.float64], tooth: Tooth, others: list[Tooth]) -> bool:
    """Whether a tooth is the hole a bubble left: two rims, close together, in rows of its own.

    The membrane around a spot without any signal is brighter than it; a pale ladder has its
    bands apart, or one alone.
    """
    rows = _row_profile(straight, tooth)
    change = np.flatnonzero(np.diff((rows > _RIM).astype(np.int8), prepend=0, append=0))
    if change.size != 4 or change[2] - change[1] > _HOLE:
        return False
    lower = min(float(rows[a:b].max()) for a, b in (change[:2], change[2:]))
    return lower > _OTHER_RIM and not _is_in_rows_of(others, straight, tooth)


def _with_edge_lanes(
    teeth: list[Tooth],
    straight: NDArray[np.float64],
    height: int,
    spacing: float | None,
    bubbles: list[Tooth],
) -> list[Tooth]:
    """Comb with a lane more at either end where the evidence goes on for just one spacing.

    A weak or damaged last lane is a mere shoulder of its neighbour and has no dip beside it.
    Bubbles that were left out are none.
    """
    if len(teeth) < 4:
        return teeth
    profile = straight.sum(axis=0)
    spacing = spacing or _typical_spacing(teeth)
    half = median([tooth.width for tooth in teeth]) / 2
    middle_of = [_mean_between(profile, t.center - half / 2, t.center + half / 2) for t in teeth]
    least = _EDGE_EVIDENCE * median(middle_of)
    for side in (-1, 1):
        end = teeth[-1] if side > 0 else teeth[0]
        center = end.center + side * spacing
        if not half * 0.6 < center < profile.size - half * 0.6:
            continue
        # the near end of its place may be the neighbour's foot: look from there on
        inside = _mean_between(profile, center - 0.6 * half, center + 0.6 * half)
        far = center + side * (spacing - 0.3 * half)
        beyond = _mean_between(profile, far - 0.3 * half, far + 0.3 * half)
        clear = abs(end.center + side * half - center) > 0.5 * half
        clear &= all(abs(bubble.center - center) > half for bubble in bubbles)
        if clear and inside > least and beyond < _EDGE_FALL * inside:
            tooth = Tooth(center - half, center + half, inside / median(middle_of), 0.2)
            # in a strip a damaged band cannot be told by its width, and a bubble is unlikely
            if height < 3 * tooth.width or _is_banded(straight, tooth, height):
                teeth = [*teeth, tooth] if side > 0 else [tooth, *teeth]
    return teeth


def _mean_between(profile: NDArray[np.float64], left: float, right: float) -> float:
    part = profile[max(0, int(left)) : max(0, int(np.ceil(right))) + 1]
    return float(part.mean()) if part.size else 0.0


# Pen strokes beside a ladder are narrower than this share of a lane; or than the second, and less
# like the others than the last.
_STROKE, _BROAD_STROKE, _LIKE_OTHERS = 0.7, 0.87, 0.66
# A row rises or drops by no more than this share of a lane's width from one lane to the next.
_SLOPE = 0.35


def _without_marks(teeth: list[Tooth], straight: NDArray[np.float64]) -> list[Tooth]:
    """Comb without an outermost tooth made of pen marks drawn beside the ladder's bands.

    Marks are narrow, and their neighbour is a ladder: a lane with bands where no other has any.
    """
    for _ in range(2):  # one end, then the other
        teeth = teeth[::-1]
        if len(teeth) < 4:
            continue
        marks, ladder, others = teeth[0], teeth[1], teeth[2:]
        share = marks.width / float(np.median([tooth.width for tooth in teeth[1:]]))
        if share > _BROAD_STROKE:
            continue
        crowd = np.array([_row_profile(straight, tooth) for tooth in others])
        if share > _STROKE and _is_like_others(straight, marks, crowd):
            continue
        if _shared(_row_profile(straight, ladder), crowd.max(axis=0)) < 0.75:
            teeth = teeth[1:]
    return teeth


def _is_like_others(
    straight: NDArray[np.float64], tooth: Tooth, crowd: NDArray[np.float64]
) -> bool:
    """Whether a tooth has the rows that most of the others have, whose row profiles `crowd` holds.

    Both count, how much of it stands in those rows and how many of them it has: a few strokes
    stand in some by chance, but not in all and not only there.
    """
    own, usual = _row_profile(straight, tooth), np.median(crowd, axis=0)
    common = usual > 0.3 * usual.max()
    if not common.any():
        return False
    slope = int(_SLOPE * tooth.width)  # rows that slope lie higher or lower at the side
    moved = [np.roll(own, step) for step in range(-slope, slope + 1)]
    alike = max(_shared(one, common) + float((one[common] > 0.15).mean()) for one in moved) / 2
    return alike > _LIKE_OTHERS


def _row_profile(straight: NDArray[np.float64], tooth: Tooth) -> NDArray[np.float64]:
    profile = straight[:, max(0, int(tooth.left)) : int(tooth.right) + 1].sum(axis=1)
    scaled: NDArray[np.float64] = profile / max(float(profile.max()), 1e-12)
    return scaled


def _shared(part: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    """Share of one row profile that stands in rows where the other has something."""
    present = whole > 0.3
    return float(part[present].sum() / max(float(part.sum()), 1e-12))


# A lane's evidence comes from slices that are filled across it; specks fill little.
_MIN_FILL = 0.55
_MIN_SUPPORT = 0.35


def _is_banded(straight: NDArray[np.float64], tooth: Tooth, height: int) -> bool:
    """Whether a tooth holds bands (wide and thin), not specks or the end of a scratch."""
    columns = slice(max(0, int(tooth.left)), int(np.ceil(tooth.right)) + 1)
    # a slanting band drops by less than the lane's width: slices that thick hold it whole
    n_slices = max(1, round(height / (1.2 * tooth.width)))
    edges = np.linspace(0, len(straight), min(n_slices, len(straight)) + 1).astype(int)[:-1]
    part = np.add.reduceat(straight[:, columns], edges, axis=0)
    weight = part.sum(axis=1)
    fill = (part > 0.3 * part.max(axis=1, keepdims=True)).mean(axis=1)
    return bool(weight[fill >= _MIN_FILL].sum() > _MIN_SUPPORT * weight.sum())

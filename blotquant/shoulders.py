"""Bands that hide in the flank of another: found by their shape, where other lanes agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from .peak_choice import crossing
from .rows import FoundBand
from .shoulder_fits import SAME_DISTANCE, Pair, fit_pairs, pairs_agree
from .shoulder_parts import LaneSignal, straightened, stretch_around

__all__ = ["part_shoulders"]

# What the criterion must gain by a second band: in a lane by itself, and where another lane has
# such a pair.
_MARGIN, _MARGIN_SUPPORTED = 12.0, 3.0


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A found band that may be two."""

    lane: str
    index: int
    band: FoundBand
    pair: Pair


@dataclass(frozen=True)
class _Place:
    """Where a lane, numbered from the left, shows a pair."""

    lane: int
    row: float
    distance: float
    height: float


def part_shoulders(
    found: Mapping[str, Sequence[FoundBand]], lanes: Mapping[str, LaneSignal]
) -> dict[str, list[FoundBand]]:
    """Bands of all lanes, with those parted that are two in truth.

    A band counts as two where a fit of two bands explains its profile clearly better than one,
    skewed or flat-topped or neither, and down to the noise; where the weaker of both is no mere
    halo; where the same holds with the band's parts across the lane brought to one height (the
    sides of a band that leans or bends pass for a shoulder); and where another lane has such a
    pair at that height, or there is no other lane to ask.

    Parameters
    ----------
    found : mapping of str to sequence of FoundBand
        By lane id, lanes left to right.
    lanes : mapping of str to LaneSignal
        Of each lane that has bands.

    Returns
    -------
    dict of str to list of FoundBand
    """
    ordered = {name: sorted(bands, key=lambda band: band.row) for name, bands in found.items()}
    number = {name: k for k, name in enumerate(ordered)}
    candidates = _candidates(ordered, lanes)
    clear = [one for one in candidates if one.pair.gain > _MARGIN]
    places = _known_pairs(list(ordered.values()))
    places += [_place(one, number[one.lane]) for one in clear]
    likely = []
    for one in candidates:
        mine = _place(one, number[one.lane])
        supported = any(_alike(mine, other) for other in places)
        alone = len(ordered) < 3 and one.pair.gain > _MARGIN
        if one.pair.gain >= _MARGIN_SUPPORTED and (supported or alone):
            likely.append(one)
    agree = pairs_agree([one.pair for one in likely])
    parted = {name: list(bands) for name, bands in ordered.items()}
    # from the last on: what is before keeps its number
    for one in reversed([one for one, agrees in zip(likely, agree, strict=True) if agrees]):
        parted[one.lane][one.index : one.index + 1] = _two_bands(one)
    return parted


def _candidates(
    bands: Mapping[str, list[FoundBand]], lanes: Mapping[str, LaneSignal]
) -> list[_Candidate]:
    """Bands that two bands fit better than one."""
    tried = [
        (lane, k, stretch)
        for lane, own in bands.items()
        for k in range(len(own))
        if (stretch := stretch_around(own, k, lanes[lane])) is not None
    ]
    pairs = fit_pairs(
        [stretch for _, _, stretch in tried],
        lambda b: straightened(tried[b][2], lanes[tried[b][0]]),
    )
    return [
        _Candidate(lane, k, bands[lane][k], pair)
        for (lane, k, _), pair in zip(tried, pairs, strict=True)
        if pair is not None
    ]


def _place(one: _Candidate, lane: int) -> _Place:
    height = one.band.stop - one.band.start
    return _Place(lane, float(one.pair.two.centers.mean()), one.pair.distance, height)


def _alike(one: _Place, other: _Place) -> bool:
    """Whether two lanes show one pair of proteins."""
    if one.lane == other.lane or other.distance <= 0:
        return False
    away = abs(one.row - other.row)
    ratio = one.distance / other.distance
    near = 0.6 + 0.1 * abs(one.lane - other.lane)
    return bool(
        away < near * max(one.height, other.height) and 1 / SAME_DISTANCE < ratio < SAME_DISTANCE
    )


def _known_pairs(lanes: list[list[FoundBand]]) -> list[_Place]:
    """Pairs that a dip has parted already."""
    pairs = []
    for number, bands in enumerate(lanes):
        for above, below in pairwise(bands):
            if above.parted_below and below.parted_above:
                middle, distance = (above.row + below.row) / 2, below.row - above.row
                pairs.append(_Place(number, middle, distance, below.stop - above.start))
    return pairs


def _two_bands(one: _Candidate) -> list[FoundBand]:
    """The band, parted where the fitted two are equally high."""
    band, two = one.band, one.pair.two
    at = crossing(two, 0)
    share = two.areas / two.areas.sum()
    rows = two.summits
    return [
        replace(
            band,
            row=float(rows[0]),
            stop=at,
            snr=band.snr * share[0],
            parted_below=True,
            doubtful=False,
        ),
        replace(
            band,
            row=float(rows[1]),
            start=at,
            snr=band.snr * share[1],
            parted_above=True,
            doubtful=False,
        ),
    ]

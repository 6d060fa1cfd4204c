"""Match bands across lanes into rows, so that one protein is one thing although the row smiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .model import Band, BandRow, Lane, Layout, Panel
from .order import median

__all__ = ["FoundBand", "arrange_rows", "places_beside_bands", "row_shape"]


@dataclass(frozen=True)
class FoundBand:
    """A band as found in its lane, before it belongs to a row; places in px along the lane.

    `parted_above` and `parted_below`: its limit there is the valley to a neighbour. `doubtful`: too
    broad for one band; it counts only if it turns out to be two.
    """

    lane_id: str
    row: float
    start: float
    stop: float
    snr: float
    parted_above: bool = False
    parted_below: bool = False
    doubtful: bool = False

    @property
    def height(self) -> float:
        """Length along the lane, px."""
        return self.stop - self.start


def arrange_rows(
    panels: tuple[Panel, ...],
    lanes: tuple[Lane, ...],
    found: list[FoundBand],
    *,
    given: bool = False,
    shape: Mapping[str, float] | None = None,
) -> Layout:
    """Layout with rows of bands, and a place for every row in every lane.

    Parameters
    ----------
    panels : tuple of Panel
    lanes : tuple of Lane
    found : list of FoundBand
    given : bool
        The lanes are known, and which of them are ladders: no other lane is marked as one, and a
        row that stands alone gets its place in every lane however weak it is.
    shape : mapping of str to float, optional
        How far down rows lie in each lane, by lane id, px, as another image of the membrane shows
        it (`row_shape`): where a row goes on in lanes that show none of it.

    Returns
    -------
    Layout
        Bands that were found, and for each row that a lane lacks one with ``detected=False``.
        Lanes whose bands fit no row are marked as ladders, and ladders get no missing bands.
    """
    rows: list[BandRow] = []
    bands: list[Band] = []
    ladder_ids: set[str] = set()
    for panel in panels:
        mine = [lane for lane in lanes if lane.panel_id == panel.id]
        ids = {lane.id for lane in mine}
        more_rows, more_bands, ladders = _arrange_panel(
            mine,
            [band for band in found if band.lane_id in ids],
            len(rows),
            given=given,
            shape=np.array([(shape or {}).get(lane.id, 0.0) for lane in mine]),
        )
        rows += more_rows
        bands += more_bands
        ladder_ids |= ladders
    marked = tuple(
        replace(lane, kind="ladder") if lane.id in ladder_ids else lane for lane in lanes
    )
    return Layout(panels, marked, tuple(rows), tuple(bands))


def _arrange_panel(
    lanes: list[Lane],
    found: list[FoundBand],
    already: int,
    *,
    given: bool,
    shape: NDArray[np.float64],
) -> tuple[list[BandRow], list[Band], set[str]]:
    if not found:
        return [], [], set()
    number = {lane.id: k for k, lane in enumerate(lanes)}
    lane_of = np.array([number[band.lane_id] for band in found])
    place = np.array([band.row for band in found]) - shape[lane_of]
    height = np.array([band.height for band in found])
    weight = np.log1p(np.array([max(band.snr, 0.0) for band in found]))
    drift = _drift(lane_of, place, height, weight, len(lanes))
    label = _cluster(lane_of, place - drift[lane_of], height, weight)
    for _ in range(2):
        drift = _refined_drift(lane_of, place, label, weight, drift)
        label = _cluster(lane_of, place - drift[lane_of], height, weight)
    ladders = _ladders(lane_of, label, len(lanes))
    if given:
        ladders = {k for k, lane in enumerate(lanes) if lane.kind == "ladder"}
    order = sorted(set(label.tolist()), key=lambda k: median((place - drift[lane_of])[label == k]))
    rows: list[BandRow] = []
    bands: list[Band] = []
    alone = given and len(order) == 1
    for k in order:
        row = BandRow(f"row-{already + len(rows) + 1}")
        rows.append(row)
        members = np.flatnonzero(label == k)
        bands += _bands_of_row(row, lanes, found, members, drift + shape, number, ladders, alone)
    return rows, bands, {lanes[k].id for k in ladders}


def _bands_of_row(
    row: BandRow,
    lanes: list[Lane],
    found: list[FoundBand],
    members: NDArray[np.intp],
    drift: NDArray[np.float64],
    number: dict[str, int],
    ladders: set[int],
    alone: bool,
) -> list[Band]:
    present = {number[found[k].lane_id]: found[k] for k in members}
    above = median([b.row - b.start for b in present.values()])
    below = median([b.stop - b.row for b in present.values()])
    bands = [
        Band(band.lane_id, row.id, *_like_the_row(band, above, below, len(present)))
        for band in present.values()
    ]
    clear = max(b.snr for b in present.values()) >= _LONE_SNR
    certain = len(present) >= 2 or clear or alone
    if set(present) <= ladders or not certain:
        return bands
    level = median([b.row - drift[k] for k, b in present.items()])
    for k, lane in enumerate(lanes):
        if k in present or k in ladders:
            continue
        # kept inside the lane: a row that smiles may leave a short strip
        lowest = max(lane.top + above, lane.bottom - below)
        center = float(np.clip(level + drift[k], lane.top + above, lowest))
        bands.append(Band(lane.id, row.id, center - above, center + below, detected=False))
    return bands


def places_beside_bands(layout: Layout) -> Layout:
    """Layout in which the places of rows that a lane lacks keep off the lane's own bands.

    What is measured there is then not a neighbour's. A place that would lose half of itself lies on
    a band, and stays as it is.

    Parameters
    ----------
    layout : Layout

    Returns
    -------
    Layout
    """
    seen: dict[str, list[Band]] = {}
    for band in layout.bands:
        if band.detected:
            seen.setdefault(band.lane_id, []).append(band)
    bands = (
        band if band.detected else _beside(band, seen.get(band.lane_id, []))
        for band in layout.bands
    )
    return replace(layout, bands=tuple(bands))


def _beside(place: Band, bands: list[Band]) -> Band:
    start, stop = place.start, place.stop
    center = (start + stop) / 2
    for band in bands:
        if band.start + band.stop < 2 * center:
            start = max(start, min(band.stop, center))
        else:
            stop = min(stop, max(band.start, center))
    if stop - start < _LEAST_FREE * (place.stop - place.start):
        return place
    return replace(place, start=start, stop=stop)


def row_shape(layout: Layout) -> dict[str, float]:
    """How far down the rows of a layout lie in each lane against the rows' middle, px.

    Parameters
    ----------
    layout : Layout

    Returns
    -------
    dict of str to float
        By lane id: the median over the rows with a band in three lanes or more; between such
        lanes interpolated, beyond them level. Empty where there is no such row.
    """
    order = [lane.id for lane in layout.lanes]
    departures: dict[str, list[float]] = {}
    for row in layout.rows:
        members = [band for band in layout.bands if band.row_id == row.id and band.detected]
        if len(members) < 3:
            continue
        middles = [(band.start + band.stop) / 2 for band in members]
        level = median(middles)
        for band, middle in zip(members, middles, strict=True):
            departures.setdefault(band.lane_id, []).append(middle - level)
    seen = [k for k, lane in enumerate(order) if lane in departures]
    if not seen:
        return {}
    values = [median(departures[order[k]]) for k in seen]
    return {lane: float(np.interp(k, seen, values)) for k, lane in enumerate(order)}


# A band's reach to either side against its row's median: beyond, noise or a neighbour misled it.
_SHORTEST, _LONGEST = 0.75, 1.5
_FIRM_SNR = 30.0
# A row that one lane alone shows is looked for in the others only if that band is this clear.
_LONE_SNR = 30.0
# A place of which a lane's own bands leave less than this share lies on them.
_LEAST_FREE = 0.5


def _like_the_row(band: FoundBand, above: float, below: float, n_bands: int) -> tuple[float, float]:
    """Limits of a band held near its row's: bands of one protein are of one shape."""
    if n_bands < 3:
        return band.start, band.stop
    ends = []
    for own, usual, other, parted in (
        (band.row - band.start, above, below, band.parted_above),
        (band.stop - band.row, below, above, band.parted_below),
    ):
        shortest = _SHORTEST if band.snr >= _FIRM_SNR else 0.95
        longest = _LONGEST if band.snr >= _FIRM_SNR else 1.05
        if parted:
            # a limit at the valley to a neighbour stays: the next band begins there. In other
            # lanes the valley may be at the summit itself: the free side says how far bands reach
            ends.append(max(1.0, min(own, longest * max(usual, other))))
        else:
            ends.append(max(1.0, min(own, longest * usual), shortest * usual))
    return band.row - ends[0], band.row + ends[1]


def _drift(
    lane_of: NDArray[np.intp],
    place: NDArray[np.float64],
    height: NDArray[np.float64],
    weight: NDArray[np.float64],
    n_lanes: int,
) -> NDArray[np.float64]:
    """How far down each lane's bands lie against the first lane's: smile and slope.

    Between neighbouring lanes with bands the offset is the one under which most of their bands
    fall on each other; small offsets and offsets like the last one are preferred.
    """
    typical = median(height)
    drift = np.zeros(n_lanes)
    busy = sorted(set(lane_of.tolist()))
    step_before = 0.0
    for left, right in pairwise(busy):
        lanes_apart = right - left
        expected = step_before * lanes_apart
        a, b = lane_of == left, lane_of == right
        offsets = (place[b][None, :] - place[a][:, None]).ravel()
        step = _best_offset(
            offsets, place[a], place[b], weight[a], weight[b], typical, expected, lanes_apart
        )
        drift[right] = drift[left] + step
        step_before = 0.5 * step_before + 0.5 * step / lanes_apart
    for k in range(n_lanes):
        if k not in busy:
            drift[k] = np.interp(k, busy, drift[busy])
    return drift


def _best_offset(
    offsets: NDArray[np.float64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    weight_a: NDArray[np.float64],
    weight_b: NDArray[np.float64],
    typical: float,
    expected: float,
    lanes_apart: int,
) -> float:
    common = np.minimum(weight_a[:, None], weight_b[None, :])
    best, best_score = expected, 0.0
    tried = np.append(offsets, expected)
    for some in np.array_split(tried, 1 + tried.size * common.size // 10**6):
        distance = np.abs(a[:, None] - b[None, :] + some[:, None, None])
        match = np.exp(-0.5 * (distance / (0.25 * typical)) ** 2)
        score = (match * common).max(axis=2).sum(axis=1)
        surprise = np.minimum(np.abs(some), 3 * np.abs(some - expected))
        score /= 1.0 + (surprise / (2.0 * typical * lanes_apart)) ** 2
        for offset, value in zip(some.tolist(), score.tolist(), strict=True):
            if value > best_score + 1e-9:
                best, best_score = offset, value
    return best


def _cluster(
    lane_of: NDArray[np.intp],
    level: NDArray[np.float64],
    height: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> NDArray[np.intp]:
    """Row number of each band: bands of one level, one from each lane at most.

    Strongest first, each band joins the nearest row that has no band of its lane yet and lies
    within half a band's height; else it begins a row.
    """
    label = np.full(level.size, -1, dtype=np.intp)
    centers: list[float] = []  # running mean of each row's levels, weighted
    masses: list[float] = []
    taken: list[set[int]] = []
    typical = median(height)
    apart = _to_next(lane_of, level)
    # one of a pair does not join the other's row
    reaches = 0.55 * np.minimum(np.minimum(height, 1.5 * typical), apart)
    order = np.argsort(-weight, kind="stable")
    in_order = zip(*(of[order].tolist() for of in (lane_of, level, weight, reaches)), strict=True)
    for k, (lane, here, mass, reach) in zip(order.tolist(), in_order, strict=True):
        options = [
            (abs(here - center), row)
            for row, center in enumerate(centers)
            if lane not in taken[row]
        ]
        distance, row = min(options, default=(np.inf, -1))
        if distance <= reach:
            masses[row] += mass
            centers[row] += (here - centers[row]) * mass / masses[row]
            taken[row].add(lane)
        else:
            row = len(centers)
            centers.append(here)
            masses.append(mass)
            taken.append({lane})
        label[k] = row
    return label


def _to_next(lane_of: NDArray[np.intp], level: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each band to the nearest other band of its lane; infinite where it is alone."""
    away = np.abs(level[:, None] - level[None, :])
    away[lane_of[:, None] != lane_of[None, :]] = np.inf
    np.fill_diagonal(away, np.inf)
    return np.asarray(away.min(axis=1), np.float64)


def _refined_drift(
    lane_of: NDArray[np.intp],
    place: NDArray[np.float64],
    label: NDArray[np.intp],
    weight: NDArray[np.float64],
    drift: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Drift of each lane as the median departure of its bands from their rows' levels."""
    at = place - drift[lane_of]
    members = {row: np.flatnonzero(label == row) for row in set(label.tolist())}
    level = {
        row: median(at[own]) for row, own in members.items() if len(set(lane_of[own].tolist())) >= 2
    }
    away: dict[int, list[float]] = {}
    for lane, row, where in zip(lane_of.tolist(), label.tolist(), place.tolist(), strict=True):
        if row in level:
            away.setdefault(lane, []).append(where - level[row])
    refined = drift.copy()
    for lane, own in away.items():
        refined[lane] = median(own)
    return refined


def _ladders(lane_of: NDArray[np.intp], label: NDArray[np.intp], n_lanes: int) -> set[int]:
    """Lanes with several bands, most of which no other lane has, among lanes that agree."""
    size = {k: np.unique(lane_of[label == k]).size for k in set(label.tolist())}
    lonely = {}
    for lane in range(n_lanes):
        mine = label[lane_of == lane]
        if mine.size:
            lonely[lane] = float(np.mean([size[int(k)] <= 2 for k in mine])), mine.size
    agreeing = [share for share, _ in lonely.values()]
    if not agreeing or median(agreeing) > 0.4:
        return set()
    return {lane for lane, (share, count) in lonely.items() if count >= 3 and share >= 0.6}

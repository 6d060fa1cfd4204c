"""What a careful person would set by hand: ImageJ's rectangles, the peaks' limits, the baselines.

All of it is taken from the planted truth, so it is better than any hand. ImageJ wants the lanes of
one gel as rectangles of one size that begin in one row: where lanes stand straight each is a
rectangle over the whole membrane; where they lean, bend or fan out each row of bands is a gel of
its own, its rectangles moved along; where lanes differ in width each is a gel of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import blotquant as bq

# A lane that wanders by more of its width than this is no rectangle.
_STRAIGHT = 0.1
# Lanes that differ in width by more than this are measured one by one.
_ALIKE = 1.15
# Rows above and below the bands of a row, in sigma.
_MARGIN = 4.0
# A line begins where the curve has come down: this far, in sigma, beyond 99.7 % of the band.
_BEYOND = 1.5
# A valley this deep (of the lower band's height) is background: each band has a line of its own.
_APART = 0.05


@dataclass(frozen=True)
class Peak:
    """One band: its index in the truth, first and last row of the picture, and its baseline.

    `foot` are the rows between which the baseline is drawn: the band's own, or those of the group
    of overlapping bands that it belongs to.
    """

    index: int
    start: int
    stop: int
    foot: tuple[int, int]

    @property
    def alone(self) -> bool:
        """Whether the baseline is the band's own."""
        return self.foot == (self.start, self.stop)


@dataclass(frozen=True)
class Gel:
    """Rectangles (x, y, w, h) of one size, and the peaks in each."""

    rectangles: tuple[tuple[int, int, int, int], ...]
    peaks: tuple[tuple[Peak, ...], ...]


def gels_of(truth: Mapping[str, Any], signal: NDArray[np.float32]) -> list[Gel]:
    """Rectangles and peaks of a simulated blot; `signal` is the picture, more is more protein."""
    if not truth["bands"]:
        return []
    widths = [lane["width"] for lane in truth["lanes"]]
    straight = all(_wander(lane) <= _STRAIGHT * lane["width"] for lane in truth["lanes"])
    groups = [list(range(len(truth["bands"])))] if straight else _rows_of(truth)
    if max(widths) > _ALIKE * min(widths):
        groups = [part for group in groups for part in _by_lane(truth, group)]
    return [_gel(truth, signal, _whole(truth) if straight else None, group) for group in groups]


def _by_lane(truth: Mapping[str, Any], members: list[int]) -> list[list[int]]:
    lanes: dict[int, list[int]] = {}
    for index in members:
        lanes.setdefault(truth["bands"][index]["lane"], []).append(index)
    return list(lanes.values())


def _wander(lane: Mapping[str, Any]) -> float:
    return float(np.ptp([col for _, col in lane["path"]]))


def _whole(truth: Mapping[str, Any]) -> tuple[int, int]:
    """First row and one past the last of the membrane."""
    if truth["membrane"] is None:
        return 0, int(truth["shape"][0])
    corners = np.array(truth["membrane"])
    return int(np.ceil(corners[:2, 0].max())) + 3, int(corners[2:, 0].min()) - 3


def _rows_of(truth: Mapping[str, Any]) -> list[list[int]]:
    """Bands of each row, overlapping rows together; each run of a ladder's bands by itself."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for index, band in enumerate(truth["bands"]):
        key = ("row", band["row"]) if band["row"] is not None else ("ladder", index)
        groups.setdefault(key, []).append(index)
    joined: dict[tuple[Any, ...], list[int]] = {}
    for key, members in groups.items():
        near = [
            other
            for other, theirs in joined.items()
            if any(_overlap(truth["bands"][a], truth["bands"][b]) for a in members for b in theirs)
        ]
        into = near[0] if near else key
        joined.setdefault(into, []).extend(members)
    return list(joined.values())


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if one["lane"] != other["lane"]:
        return False
    return bool(one["box"][0] < other["box"][2] and other["box"][0] < one["box"][2])


def _gel(
    truth: Mapping[str, Any],
    signal: NDArray[np.float32],
    rows: tuple[int, int] | None,
    members: list[int],
) -> Gel:
    bands = [truth["bands"][index] for index in members]
    margin = int(_MARGIN * max(band["sigma"] for band in bands))
    top, bottom = rows or (
        max(int(min(band["box"][0] for band in bands)) - margin, 0),
        min(int(max(band["box"][2] for band in bands)) + margin + 1, truth["shape"][0]),
    )
    lanes = sorted({band["lane"] for band in bands})
    sides = {n: [b["box"][1::2] for b in bands if b["lane"] == n] for n in lanes}
    centre = {number: float(np.mean(of_lane)) for number, of_lane in sides.items()}
    wide = _width(truth, bands, centre)
    rectangles, peaks = [], []
    for number in lanes:
        x = round(centre[number] - (wide - 1) / 2)
        x = min(max(x, 0), truth["shape"][1] - wide)
        rectangles.append((x, top, wide, bottom - top))
        mine = [(i, truth["bands"][i]) for i in members if truth["bands"][i]["lane"] == number]
        profile = signal[:, x : x + wide].mean(axis=1)
        peaks.append(_peaks(mine, profile, (top, bottom - 1)))
    return Gel(tuple(rectangles), tuple(peaks))


def _width(
    truth: Mapping[str, Any], bands: list[Mapping[str, Any]], centre: Mapping[int, float]
) -> int:
    """Width that holds every band, as far as rectangles of neighbouring lanes do not overlap."""
    wanted = max(band["box"][3] - band["box"][1] for band in bands) + 2
    middle = float(np.mean([band["center"][0] for band in bands]))
    columns = [centre.get(lane["lane"], _column(lane, middle)) for lane in truth["lanes"]]
    halves = [lane["width"] / 2 for lane in truth["lanes"]]
    room = np.inf
    for k, lane in enumerate(truth["lanes"]):
        for other in (k - 1, k + 1):
            if lane["lane"] in centre and 0 <= other < len(columns):
                apart = abs(columns[other] - columns[k])
                room = min(room, apart + halves[k] - halves[other])
    return max(int(min(np.ceil(wanted), np.floor(room), truth["shape"][1])), 3)


def _column(lane: Mapping[str, Any], row: float) -> float:
    path = np.array(lane["path"])
    return float(np.interp(row, path[:, 0], path[:, 1]))


def _peaks(
    mine: list[tuple[int, Mapping[str, Any]]],
    profile: NDArray[np.float32],
    inside: tuple[int, int],
) -> tuple[Peak, ...]:
    """Limits of a lane's bands: their feet, or the valley towards a neighbour that overlaps."""
    mine = sorted(mine, key=lambda one: one[1]["center"][0])
    starts = [max(int(np.floor(band["box"][0])), inside[0]) for _, band in mine]
    stops = [min(int(np.ceil(band["box"][2])), inside[1]) for _, band in mine]
    groups = [[0]]
    for k in range(1, len(mine)):
        joined = starts[k] < stops[k - 1]
        if joined:
            upper, lower = (round(mine[j][1]["center"][0]) for j in (k - 1, k))
            cut = upper + int(np.argmin(profile[upper : lower + 1])) if lower > upper else upper
            cut = cut if upper < cut < lower else (upper + lower) // 2
            shared = not _is_background(profile, (starts[k - 1], stops[k]), (upper, cut, lower))
            starts[k] = stops[k - 1] = cut
            joined = shared
        if joined:
            groups[-1].append(k)
        else:
            groups.append([k])
    _widen([band["sigma"] for _, band in mine], starts, stops, inside)
    return tuple(
        Peak(mine[k][0], starts[k], stops[k], (starts[group[0]], stops[group[-1]]))
        for group in groups
        for k in group
    )


def _widen(
    sigmas: list[float], starts: list[int], stops: list[int], inside: tuple[int, int]
) -> None:
    """Move limits outwards to where the curve is flat, at most halfway to the next band's."""
    tops = [inside[0], *((a + b + 1) // 2 for a, b in zip(stops, starts[1:], strict=False))]
    ends = [*((a + b) // 2 for a, b in zip(stops, starts[1:], strict=False)), inside[1]]
    for k, sigma in enumerate(sigmas):
        beyond = round(_BEYOND * sigma)
        starts[k], stops[k] = max(starts[k] - beyond, tops[k]), min(stops[k] + beyond, ends[k])


def _is_background(
    profile: NDArray[np.float32], feet: tuple[int, int], rows: tuple[int, int, int]
) -> bool:
    upper, cut, lower = rows
    line = np.interp([upper, cut, lower], feet, profile[list(feet)])
    high, low, right = profile[[upper, cut, lower]] - line
    return bool(low < _APART * min(high, right))


def layout_of(gels: list[Gel], truth: Mapping[str, Any]) -> bq.Layout:
    """The same lanes and limits for blotquant; a lane that bends follows its path.

    A row of the layout is named by the band's index in the truth.
    """
    widths: dict[int, int] = {}
    bands, rows = [], []
    for gel in gels:
        for rectangle, peaks in zip(gel.rectangles, gel.peaks, strict=True):
            for peak in peaks:
                lane = truth["bands"][peak.index]["lane"]
                widths[lane] = max(widths.get(lane, 0), rectangle[2])
                rows.append(bq.BandRow(f"{peak.index}"))
                bands.append(bq.Band(f"{lane}", f"{peak.index}", peak.start, peak.stop))
    lanes = tuple(
        bq.Lane(f"{lane['lane']}", "p", _path(lane, truth["shape"]), widths[lane["lane"]])
        for lane in truth["lanes"]
        if lane["lane"] in widths
    )
    return bq.Layout((bq.Panel("p"),), lanes, tuple(rows), tuple(bands))


def _path(lane: Mapping[str, Any], shape: list[int]) -> tuple[tuple[float, float], ...]:
    return tuple((float(r), float(c)) for r, c in lane["path"] if 0 <= r <= shape[0] - 1)

"""Lane profiles with their baselines and bands, as small SVG drawings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from blotquant.figures.frame import row_numbers
from blotquant.figures.palette import BODY, FAINT, row_colour
from blotquant.flags import Flag
from blotquant.result import BandMeasurement, LaneMeasurement, Result

__all__ = ["ProfilePlot", "profile_plots"]

WIDTH, HEIGHT = 240.0, 92.0
_TOP, _BOTTOM = 4.0, 78.0
_MAX_POINTS = 300
_TOLERANCE = 0.4  # px of the drawing that a simplified curve may be off
_LABEL_WIDTH = 13.0

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class ProfilePlot:
    """One lane's drawing.

    Parameters
    ----------
    lane : int
        Number of the lane, from 1.
    label, kind : str
        As in the layout.
    svg : Markup
        All lanes of an image on one scale; ``data-own`` of the curves is the transform that gives
        this lane a scale of its own.
    """

    lane: int
    label: str
    kind: str
    svg: Markup


@dataclass(frozen=True)
class _Axes:
    """Data to drawing: rows of the picture to x, mean signal to y."""

    first: float
    last: float
    low: float
    high: float

    def x(self, rows: Curve | float) -> Curve:
        span = max(self.last - self.first, 1e-9)
        return np.asarray((np.asarray(rows) - self.first) / span * WIDTH)

    def y(self, signal: Curve | float) -> Curve:
        span = max(self.high - self.low, 1e-12)
        return np.asarray(_BOTTOM - (np.asarray(signal) - self.low) / span * (_BOTTOM - _TOP))


def profile_plots(result: Result) -> list[ProfilePlot]:
    """Mean profile of each lane (signal per px of lane width), its baseline, its bands.

    Parameters
    ----------
    result : Result

    Returns
    -------
    list of ProfilePlot
        In the order of the lanes; lanes that lie outside the picture have none. Each band's shape
        carries ``data-band="LANE-BAND"``, numbers as in the table.
    """
    measured = [
        (number, lane, result.measurements[lane.id])
        for number, lane in enumerate(result.layout.lanes, 1)
        if lane.id in result.measurements and result.measurements[lane.id].profile.position.size > 1
    ]
    if not measured:
        return []
    axes = _common_axes([m for _, _, m in measured])
    numbers = row_numbers(result.layout)
    return [
        ProfilePlot(number, lane.label, lane.kind, _svg(m, number, axes, numbers))
        for number, lane, m in measured
    ]


def _common_axes(measured: list[LaneMeasurement]) -> _Axes:
    levels = [_means(m) for m in measured]
    return _Axes(
        first=min(float(m.profile.position[0]) for m in measured),
        last=max(float(m.profile.position[-1]) for m in measured),
        low=min(min(float(a.min()), float(b.min())) for a, b in levels),
        high=max(max(float(a.max()), float(b.max())) for a, b in levels),
    )


def _means(m: LaneMeasurement) -> tuple[Curve, Curve]:
    """Profile and baseline per px of lane width; the nearest row's where the lane is outside."""
    inside = np.flatnonzero(m.profile.width > 0)
    if inside.size == 0:
        nothing = np.zeros(m.profile.position.size)
        return nothing, nothing
    rows = np.arange(m.profile.position.size)
    width = m.profile.width[inside]
    signal, baseline = (
        np.interp(rows, inside, curve[inside] / width)
        for curve in (m.profile.intensity, m.baseline)
    )
    return signal, baseline


def _svg(m: LaneMeasurement, number: int, axes: _Axes, rows: Mapping[str, int]) -> Markup:
    signal, baseline = _means(m)
    position = m.profile.position
    bands = [
        _band(band, (number, index), rows[band.band.row_id], (position, signal, baseline), axes)
        for index, band in enumerate(m.bands, 1)
    ]
    return Markup(
        '<svg class="profile" viewBox="0 0 {w:g} {h:g}" role="img" '
        'aria-label="Profile of lane {n}">'
        '<g class="curves" data-own="{own}">{bands}'
        '<path class="baseline" d="{base}"/><path class="trace" d="{trace}"/>{fits}</g>'
        '<path class="axis" d="M0,{floor:g}H{w:g}"/>{labels}</svg>'
    ).format(
        w=WIDTH,
        h=HEIGHT,
        n=number,
        own=_own_scale(signal, baseline, axes),
        bands=Markup("").join(bands),
        fits=Markup("").join(_fits(m, axes)),
        base=_path(_simplified(position, baseline, axes)),
        trace=_path(_simplified(position, signal, axes)),
        floor=_BOTTOM,
        labels=_row_labels(m.bands, rows, axes),
    )


def _own_scale(signal: Curve, baseline: Curve, axes: _Axes) -> str:
    """Transform that makes this lane fill its drawing."""
    low = min(float(signal.min()), float(baseline.min()))
    high = max(float(signal.max()), float(baseline.max()))
    bottom, top = float(axes.y(low)), float(axes.y(high))
    factor = (_BOTTOM - _TOP) / max(bottom - top, 1e-6)
    return f"matrix(1 0 0 {factor:.5g} 0 {_BOTTOM - factor * bottom:.5g})"


def _band(
    m: BandMeasurement,
    place: tuple[int, int],
    row: int,
    curves: tuple[Curve, Curve, Curve],
    axes: _Axes,
) -> Markup:
    """The area between profile and baseline that was summed."""
    position, signal, baseline = curves
    start = max(m.band.start, float(position[0]))
    stop = min(m.band.stop, float(position[-1]))
    if start >= stop:
        return Markup("")
    rows = np.concatenate([[start], position[(position > start) & (position < stop)], [stop]])
    upper = _simplified(rows, np.interp(rows, position, signal), axes)
    lower = _simplified(rows, np.interp(rows, position, baseline), axes)
    missing = _is_missing(m)
    lane, band = place
    kind, colour = (" missing", FAINT) if missing else ("", row_colour(row))
    path = _path(np.concatenate([upper, lower[::-1]]))
    # numbers and colours alone: nothing to escape, which `Markup.format` takes its time over
    return Markup(
        f'<path class="band{kind}" data-band="{lane}-{band}" fill="{colour}" d="{path}Z"/>'
    )


def _fits(m: LaneMeasurement, axes: _Axes) -> list[Markup]:
    """Curves of the bands that were fitted together, each upon the baseline, dashed."""
    drawn = []
    for group in m.fits:
        if not group.justified:
            continue
        rows = np.searchsorted(m.profile.position, group.position)
        width = np.maximum(m.profile.width[rows], 1e-9)
        level = m.baseline[rows] + group.level
        drawn += [
            Markup(
                '<path class="fit" fill="none" stroke="{ink}" stroke-width="0.8" '
                'stroke-dasharray="2 1.5" d="{d}"/>'
            ).format(ink=BODY, d=_path(_simplified(group.position, (level + curve) / width, axes)))
            for curve in group.curves
        ]
    return drawn


def _row_labels(bands: tuple[BandMeasurement, ...], rows: Mapping[str, int], axes: _Axes) -> Markup:
    """Row numbers under the bands; where they are crowded, of those found."""
    places: list[float] = []
    labels = []
    for m in sorted(bands, key=_is_missing):
        x = float(np.clip(axes.x(m.center_row), _LABEL_WIDTH / 2, WIDTH - _LABEL_WIDTH / 2))
        if any(abs(x - place) < _LABEL_WIDTH for place in places):
            continue
        places.append(x)
        colour, row = FAINT if _is_missing(m) else BODY, rows[m.band.row_id]
        labels.append(f'<text x="{x:.0f}" y="{HEIGHT - 2:g}" fill="{colour}">{row}</text>')
    return Markup("".join(labels))


def _is_missing(m: BandMeasurement) -> bool:
    return Flag.BELOW_DETECTION in m.flags


def _simplified(rows: Curve, signal: Curve, axes: _Axes) -> Curve:
    """(x, y) of a curve with no more points than its shape needs (Douglas-Peucker)."""
    points = np.stack([axes.x(rows), axes.y(signal)], axis=-1).astype(np.float32)
    tolerance = _TOLERANCE
    kept: NDArray[Any] = points
    while len(points) > 2:
        kept = cv2.approxPolyDP(points[:, np.newaxis], tolerance, False)[:, 0]
        if len(kept) <= _MAX_POINTS:
            break
        tolerance *= 1.5
    return np.asarray(kept, dtype=np.float64)


def _path(points: Curve) -> str:
    return "M" + " ".join(f"{x:g},{y:g}" for x, y in np.round(points, 1).tolist())

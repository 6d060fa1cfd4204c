"""The other simulator's lanes, and bands by many laws: where they lie and the light they add."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import erf

from parts.other_kinds import OtherSpec

Floats = NDArray[np.float64]

# Share of a band's protein that is left behind as a tail, where it has one.
TAIL_SHARE = 0.45
# No band is higher, grey levels: the camera would have been exposed for less.
HIGHEST = 48_000.0
# Width of a lane against the distance of its nearest neighbour, at most: a dip remains.
ROOM = 0.94
_STEP = 0.1  # px of the table of a profile along the lane


@dataclass(frozen=True, eq=False)
class Lanes:
    """Where lanes run.

    Attributes
    ----------
    middles : ndarray, shape (lanes, rows)
        Column of each lane's middle in every row of the picture, px.
    widths, room : ndarray, shape (lanes,)
        Width at half height, and the largest that leaves a dip to the neighbours, px.
    width : int
        Width of the picture, px.
    ladder : int
        Index of the ladder's lane; -1 where there is none.
    """

    middles: Floats
    widths: Floats
    room: Floats
    width: int
    ladder: int


@dataclass(frozen=True, eq=False)
class DrawnBand:
    """One band as drawn.

    Attributes
    ----------
    lane, row : int
        Indices; the row is -1 for a ladder's band.
    place : tuple of slice
        Where `light` lies in the picture.
    light : ndarray
        What the band adds, grey levels of 16 bits.
    center : tuple of float
        Centre of mass (row, col), px.
    sigma : float
        SD along the lane about the band's own midline, px.
    width : float
        Width across, px.
    cut : bool
        Whether more than 1 % of its height reaches the picture's border.
    """

    lane: int
    row: int
    place: tuple[slice, slice]
    light: Floats
    center: tuple[float, float]
    sigma: float
    width: float
    cut: bool


def lanes_of(spec: OtherSpec, rng: np.random.Generator) -> Lanes:
    """Draw the lanes; the picture is as wide as they need."""
    count, pitch = spec.lanes, spec.pitch
    off = np.clip(rng.normal(0, spec.pitch_jitter, count), -0.2, 0.2)
    start = pitch * (spec.side + np.arange(count) + off)
    width = pitch * (count - 1 + 2 * spec.side)
    down = np.arange(spec.height) / spec.height - 0.5
    middles = (
        start[:, None]
        + spec.lean * spec.height * down
        + 2 * spec.fan * (start[:, None] - width / 2) * down
        + spec.bow * pitch * (4 * down**2 - 0.3)
    )
    before = max(0.0, spec.side * pitch - float(middles.min()))
    after = max(0.0, float(middles.max()) + spec.side * pitch - width)
    nearest = np.pad(np.diff(middles, axis=0).min(axis=1), 1, constant_values=np.inf)
    room = ROOM * np.minimum(nearest[:-1], nearest[1:])
    widths = pitch * spec.fill * (1 + np.clip(rng.normal(0, spec.width_jitter, count), -0.3, 0.3))
    ladder = {"": -1, "left": 0, "right": count - 1, "middle": count // 2}[spec.ladder]
    return Lanes(
        middles=middles + before,
        widths=np.minimum(widths, room),
        room=room,
        width=round(width + before + after),
        ladder=ladder,
    )


def bands_of(spec: OtherSpec, lanes: Lanes, rng: np.random.Generator) -> list[DrawnBand]:
    """Draw all bands, lane by lane."""
    heights = spec.peak * 10 ** rng.uniform(-0.3, 0.3, spec.rows)
    heights[int(rng.integers(spec.rows))] *= spec.weak_row
    loads = np.exp(rng.normal(0, spec.spread / 2, spec.lanes))
    thin = int(rng.integers(spec.rows)) if spec.thin_row else -1
    rows = _rows(spec, rng)
    brush = _Brush(spec, lanes, float(rng.normal()), rng)
    bands: list[DrawnBand] = []
    for lane in range(spec.lanes):
        if lane == lanes.ladder:
            bands += _ladder(spec, brush, lane)
            continue
        kept = rng.random(spec.rows) >= spec.missing
        kept[-1] |= not kept.any()
        beside = 2 * lanes.middles[lane, spec.height // 2] / lanes.width - 1
        moved = spec.slope * beside + spec.smile * (beside**2 - 0.33)
        for row in np.flatnonzero(kept):
            y = rows[row] + moved + rng.normal(0, 0.12 * spec.sigma)
            height = heights[row] * loads[lane] * np.exp(rng.normal(0, spec.spread))
            sigma = spec.sigma * (1 + spec.thinning * (0.5 - y / spec.height))
            sigma = spec.thin_row if row == thin else sigma
            bands.append(brush.band(lane, int(row), y, height, sigma))
    return bands


def _rows(spec: OtherSpec, rng: np.random.Generator) -> Floats:
    """Middle of each row of bands, px; the rows lie between 12 % and 88 % of the height."""
    if spec.rows == 1:
        return spec.height * (0.5 + rng.uniform(-0.08, 0.08, 1))
    each = 0.76 * spec.height / spec.rows
    jitter = spec.row_jitter * rng.uniform(-1, 1, spec.rows)
    return np.asarray(0.12 * spec.height + each * (np.arange(spec.rows) + 0.5 + jitter))


def _ladder(spec: OtherSpec, brush: _Brush, lane: int) -> list[DrawnBand]:
    """Bands all along the lane, closer where proteins are small."""
    count = int(brush.rng.integers(5, 9)) if spec.height > 250 else int(brush.rng.integers(1, 4))
    places = spec.height * (0.08 + 0.84 * np.linspace(0.1, 0.95, count) ** 0.8)
    sigma = spec.sigma * spec.ladder_sigma
    heights = spec.peak * np.exp(brush.rng.normal(0, 0.4, count))
    return [
        brush.band(lane, -1, float(y), float(height), sigma)
        for y, height in zip(places, heights, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Brush:
    """Draws single bands of one blot; `common_tilt` is what tilts them alike."""

    spec: OtherSpec
    lanes: Lanes
    common_tilt: float
    rng: np.random.Generator

    def band(self, lane: int, row: int, y: float, height: float, sigma: float) -> DrawnBand:
        """Draw the band of a lane at row `y`."""
        spec, rng = self.spec, self.rng
        height = min(height, HIGHEST)
        load = float(np.clip(np.log2(height / spec.peak), -2, 3))
        sigma *= 1 + spec.thicker * max(load, -1.0)
        width = min(self.lanes.widths[lane] * (1 + spec.wider * load), self.lanes.room[lane])
        if spec.gaussian:
            width = 2.355 * spec.gaussian * spec.pitch
        grid, profile = _along(spec, sigma, spec.asymmetry * np.exp(rng.normal(0, 0.05)))
        bend, tilt = self._bend(sigma), self._tilt(width)
        sway = abs(bend) + 1.3 * (abs(tilt) + abs(spec.slope))
        reach = max(-grid[0], grid[-1]) + sway
        rows = slice(max(0, int(y - reach)), min(spec.height, int(y + reach) + 2))
        middle = self.lanes.middles[lane, rows]
        beside = width / 2 * (1 + 4.5 * max(spec.edge, 0.5 if spec.gaussian else 0.0)) + 2
        cols = slice(
            max(0, int(middle.min() - beside)),
            min(self.lanes.width, int(middle.max() + beside) + 2),
        )
        r, c = np.mgrid[rows, cols].astype(np.float64)
        u = (c - middle[:, None]) / (width / 2)  # -1 and 1 at the band's ends
        inside = np.clip(u, -1.3, 1.3)
        slope = spec.slope * width / self.lanes.width
        down = r - y - (tilt + slope) * inside - bend * (inside**2 - 0.4)
        thin = np.maximum(0.35, 1 - 0.65 * spec.lens * np.minimum(1.2, np.abs(u)) ** 3)
        light = height * self._across(u, inside) * np.interp(down / thin, grid, profile)
        light = gaussian_filter(light, spec.blur, mode="nearest") if spec.blur else light
        total = light.sum()
        return DrawnBand(
            lane=lane,
            row=row,
            place=(rows, cols),
            light=light,
            center=(float((light * r).sum() / total), float((light * c).sum() / total)),
            sigma=float(np.sqrt((light * down**2).sum() / total)),
            width=float(width),
            cut=_at_border(light, rows, cols, (spec.height, self.lanes.width)),
        )

    def _bend(self, sigma: float) -> float:
        """Bow of the midline, px; most bend the same way, as lanes run slower at their walls."""
        bend = self.spec.bend * sigma * (1 + 0.25 * self.rng.normal())
        return float(bend * np.sign(self.rng.normal() + 1.2))

    def _tilt(self, width: float) -> float:
        """Drop of the midline from the middle to the right end, px."""
        alike = 0.7 * self.common_tilt + self.rng.normal(0, 0.5)
        return float(self.spec.tilt * width / 2 * alike)

    def _across(self, u: Floats, inside: Floats) -> Floats:
        """Height across the lane: an even well with soft ends, changed as the parameters say."""
        spec, rng = self.spec, self.rng
        dumbbell = max(-0.6, spec.dumbbell * (1 + 0.3 * rng.normal()))
        uneven = float(np.clip(spec.uneven * rng.normal(), -0.85, 0.85))
        if spec.gaussian:
            return np.asarray(np.exp(-0.5 * (u * 1.1775) ** 2))
        soft = spec.edge * np.sqrt(2)
        well = 0.5 * (erf((u + 1) / soft) - erf((u - 1) / soft))
        # protein that crowds at the walls, or keeps away from them
        well = well * np.maximum(0.05, 1 + dumbbell * (inside**2 - 0.33)) * (1 + uneven * inside)
        ears = np.exp(-0.5 * ((np.abs(u) - 0.88) / 0.09) ** 2)
        return np.asarray(well + spec.bright_ends * ears)


def _along(spec: OtherSpec, sigma: float, asymmetry: float) -> tuple[Floats, Floats]:
    """Profile along the lane on a fine grid; behind the band, where rows are smaller, is its tail.

    A band's front and back have their own SD. A band that is loaded as a thick layer is a box
    blurred by diffusion; protein that comes off the gel late trails as an exponential.
    """
    front = 2 * sigma / (1 + asymmetry)
    behind = front * asymmetry
    tail, half = spec.tail * sigma, spec.box * sigma / 2
    grid = np.arange(-5 * behind - half - 8 * tail, 5 * front + half + _STEP, _STEP)
    if half:
        soft = np.sqrt(2)
        profile = 0.5 * (erf((grid + half) / behind / soft) - erf((grid - half) / front / soft))
    else:
        profile = np.exp(-0.5 * (grid / np.where(grid > 0, front, behind)) ** 2)
    if tail:
        decay = np.exp(-np.arange(0, 8 * tail, _STEP) / tail)
        left = np.convolve(profile[::-1], decay / decay.sum())[: len(grid)][::-1]
        profile = (1 - TAIL_SHARE) * profile + TAIL_SHARE * left
    return grid, np.asarray(profile)


def _at_border(light: Floats, rows: slice, cols: slice, shape: tuple[int, int]) -> bool:
    """Whether the picture's border cuts the band."""
    sides = {
        "top": (rows.start == 0, light[0]),
        "bottom": (rows.stop == shape[0], light[-1]),
        "left": (cols.start == 0, light[:, 0]),
        "right": (cols.stop == shape[1], light[:, -1]),
    }
    return any(at and side.max() > 0.01 * light.max() for at, side in sides.values())

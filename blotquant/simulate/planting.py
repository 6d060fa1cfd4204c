"""Which bands a blot has, and how much protein is in each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from blotquant.simulate.band import BandShape
from blotquant.simulate.detector import noise_variance
from blotquant.simulate.geometry import Floats, Geometry
from blotquant.simulate.spec import BlotSpec

EDGE_SNR = (
    12.0  # the outer lanes' best band: without evidence nobody could know that the lane is there
)

__all__ = ["PlantedBand", "fit_to_detector", "plant", "raise_faint", "snr"]


@dataclass(frozen=True)
class PlantedBand:
    """A band with its amount.

    Parameters
    ----------
    shape : BandShape
        Place and shape.
    row : int or None
        Row of bands, from 1; None for a ladder's band.
    volume : float
        Sum of the band's signal over all pixels, grey levels.
    """

    shape: BandShape
    row: int | None
    volume: float

    @property
    def lane(self) -> int:
        """Lane, from 0."""
        return self.shape.lane

    @property
    def peak(self) -> float:
        """Highest pixel, grey levels."""
        return float(self.shape.patch.pixels.max() * self.volume)


def plant(geometry: Geometry, rng: np.random.Generator) -> list[PlantedBand]:
    """Draw all bands of a blot, lane by lane, top to bottom."""
    spec = geometry.spec
    strength = np.exp(spec.lane_spread * rng.standard_normal(spec.lanes))
    bands: list[PlantedBand] = []
    for lane in range(spec.lanes):
        # one generator a lane: a band more in one lane changes nothing in the next
        lane_rng = np.random.default_rng(rng.integers(2**63))
        if lane + 1 in spec.ladder_lanes:
            bands += _ladder(geometry, lane, lane_rng)
        elif lane + 1 not in spec.empty_lanes:
            bands += _sample(geometry, lane, float(strength[lane]), lane_rng)
    return bands


def _sample(
    geometry: Geometry, lane: int, strength: float, rng: np.random.Generator
) -> list[PlantedBand]:
    """Bands of a sample lane; an outer lane keeps at least one."""
    spec = geometry.spec
    present = rng.random(len(spec.rows)) >= spec.missing
    if lane in (0, spec.lanes - 1) and not present.any():
        present[rng.integers(len(spec.rows))] = True
    bands = []
    for row, front in enumerate(spec.rows):
        shape = _shape(geometry, lane, front, rng)
        share = spec.row_strength[row] if spec.row_strength else 1.0
        peak = spec.peak * share * strength * np.exp(spec.band_spread * rng.standard_normal())
        # a range of limits: bands all of one height would look like saturation
        limit = spec.peak_limit * rng.uniform(0.75, 1.0)
        volume = min(peak, limit) * spec.full_scale / shape.patch.pixels.max()
        if spec.volumes:
            volume, present[row] = spec.volumes[row][lane], spec.volumes[row][lane] > 0
        if present[row]:
            bands.append(PlantedBand(shape, row + 1, float(volume)))
    return bands


def _ladder(geometry: Geometry, lane: int, rng: np.random.Generator) -> list[PlantedBand]:
    """Bands of a ladder, closer together towards the wells, one of them stronger."""
    spec, count = geometry.spec, geometry.spec.ladder_bands
    steps = np.concatenate([[0.0], np.cumsum(np.geomspace(1.0, 2.2, max(count - 1, 0)))])[:count]
    fronts = 0.07 + 0.84 * steps / max(float(steps[-1]), 1.0)
    peaks = spec.ladder_peak * np.exp(0.25 * rng.standard_normal(count))
    peaks[rng.integers(count)] *= 2
    sharp = min(spec.sigma, geometry.height / (16 * count))
    bands = []
    for front, peak in zip(fronts, np.minimum(peaks, spec.peak_limit), strict=True):
        drawn = _shape(geometry, lane, float(front), rng)
        thin = sharp / spec.sigma
        shape = replace(drawn, width=0.95, sigma=drawn.sigma * thin, tau=0.5 * drawn.tau * thin)
        volume = float(peak * spec.full_scale / shape.patch.pixels.max())
        bands.append(PlantedBand(shape, None, volume))
    return bands


def _shape(geometry: Geometry, lane: int, front: float, rng: np.random.Generator) -> BandShape:
    """Draw place and shape of a band at `front` in a lane."""
    spec = geometry.spec
    place, tilt = geometry.row_place(lane, front)
    jitter, size, tail, sag, slant, ends, width = rng.standard_normal(7)
    sigma = spec.sigma * float(np.clip(1 + spec.sigma_cv * size, 0.6, 1.5))
    return BandShape(
        geometry=geometry,
        lane=lane,
        place=place + spec.row_jitter * float(jitter),
        sigma=sigma,
        tau=-sigma * float(np.clip(spec.tail + spec.tail_spread * tail, -2.0, 2.0)),
        width=float(np.clip(0.95 + 0.04 * width, 0.82, 1.06)),
        edge=spec.edge,
        tilt=0.7 * tilt,
        curvature=spec.curvature * float(np.clip(sag, -2.0, 2.0)),
        uneven=(
            spec.uneven * float(np.clip(slant, -2, 2)),
            spec.uneven * float(np.clip(ends, -2, 2)),
        ),
        blur=spec.blur,
    )


def fit_to_detector(
    spec: BlotSpec, bands: list[PlantedBand], signal: Floats, under: Floats
) -> float:
    """Factor by which all bands must shrink so that with the background none saturates.

    Blots that are meant to saturate (`peak_limit` above 1) and explicit volumes are left alone.
    """
    if spec.peak_limit > 1 or spec.volumes or not bands:
        return 1.0
    room = 0.93 * spec.full_scale - under
    on_bands = signal > 0.02 * spec.full_scale
    worst = (
        float((signal[on_bands] / np.maximum(room[on_bands], 1.0)).max()) if on_bands.any() else 0.0
    )
    return min(1.0, 1.0 / worst) if worst > 0 else 1.0


def snr(band: PlantedBand, under: Floats) -> float:
    """Volume over the SD of the noise, summed over start..stop times 1.25 lane widths."""
    spec, shape = band.shape.geometry.spec, band.shape
    low, high = shape.span()
    width = 1.25 * float(shape.geometry.lane_width(shape.lane, np.asarray(shape.apex)))
    (rows, cols), _ = shape.patch.window(spec.shape)
    beneath = under[rows, cols]
    level = np.median(beneath) if beneath.size else 0.0
    return band.volume / float(
        np.sqrt((high - low) * width * noise_variance(spec, np.asarray(level)))
    )


def raise_faint(bands: list[PlantedBand], under: Floats) -> list[PlantedBand]:
    """Raise bands below `min_snr` to it, and the best band of an outer lane to `EDGE_SNR`."""
    if not bands or bands[0].shape.geometry.spec.volumes:
        return bands
    spec = bands[0].shape.geometry.spec
    values = [snr(band, under) for band in bands]
    floors = [spec.min_snr] * len(bands)
    for lane in (0, spec.lanes - 1):
        mine = [i for i, band in enumerate(bands) if band.lane == lane]
        if mine:
            floors[max(mine, key=values.__getitem__)] = max(EDGE_SNR, spec.min_snr)
    return [
        replace(band, volume=band.volume * max(floor / value, 1.0))
        for band, value, floor in zip(bands, values, floors, strict=True)
    ]

"""What is known about a simulated blot, as plain data: lanes, bands, volumes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blotquant.simulate.artefacts import Damage
from blotquant.simulate.detector import noise_variance
from blotquant.simulate.geometry import Floats, Geometry
from blotquant.simulate.planting import PlantedBand, snr

SCHEMA = 1

__all__ = ["SCHEMA", "describe"]


def describe(
    geometry: Geometry,
    bands: list[PlantedBand],
    seed: int,
    *,
    under: Floats,
    total: Floats,
    damage: Damage,
) -> dict[str, Any]:
    """Everything known about a blot.

    Parameters
    ----------
    geometry : Geometry
        Where lanes run.
    bands : list of PlantedBand
        All bands, ordered by lane.
    seed : int
        The blot's seed.
    under, total : ndarray, shape (rows, cols)
        Signal without bands and offset, and with both, grey levels.
    damage : Damage
        What bubbles, scratches, dust and ink did to the membrane.

    Returns
    -------
    dict
        Ready for JSON. Lengths in px, volumes in grey levels of the stored image summed over
        pixels.
    """
    spec = geometry.spec
    mask = (
        np.ones(spec.shape, dtype=bool) if spec.canvas is None else geometry.membrane_mask() > 0.5
    )
    noise = float(np.sqrt(noise_variance(spec, np.asarray(np.median(under[mask])))))
    return {
        "schema": SCHEMA,
        "image": None,
        "kind": spec.kind,
        "seed": seed,
        "shape": list(spec.shape),
        "bit_depth": int(spec.full_scale).bit_length(),
        "dtype": "uint8" if spec.bit_depth == 8 else "uint16",
        "ceiling": spec.full_scale,
        "polarity": spec.polarity,
        "lossy": spec.file_format == "jpg",
        "noise_sd": round(noise, 4),
        "membrane": [_point(c) for c in geometry.corners()] if spec.canvas else None,
        "lanes": [_lane(geometry, bands, lane) for lane in range(spec.lanes)],
        "bands": [
            _band(band, bands, under=under, total=total, damage=damage, mask=mask) for band in bands
        ],
    }


def _lane(geometry: Geometry, bands: list[PlantedBand], lane: int) -> dict[str, Any]:
    """One lane's entry."""
    ladder = lane + 1 in geometry.spec.ladder_lanes
    held = any(band.lane == lane for band in bands)
    return {
        "lane": lane + 1,
        "kind": "ladder" if ladder else "sample" if held else "empty",
        "path": [_point(point) for point in geometry.lane_path(lane)],
        "width": round(float(geometry.widths[lane]), 3),
    }


def _band(
    band: PlantedBand,
    bands: list[PlantedBand],
    *,
    under: Floats,
    total: Floats,
    damage: Damage,
    mask: NDArray[np.bool_],
) -> dict[str, Any]:
    """One band's entry."""
    shape, spec = band.shape, band.shape.geometry.spec
    low, high = shape.span()
    (start, _), (stop, _) = _on_path(band, low), _on_path(band, high)
    return {
        "lane": band.lane + 1,
        "row": band.row,
        "target": spec.targets[band.row - 1] if spec.targets and band.row else None,
        "center": _point(_on_path(band, shape.apex)),
        "start": round(start, 3),
        "stop": round(stop, 3),
        "sigma": round(shape.sigma_seen, 4),
        "box": [round(v, 3) for v in shape.patch.box()],
        "volume": band.volume,
        "peak": band.peak,
        "clipped_fraction": _clipped(band, total),
        "overlap": _overlapped(band, bands),
        "cut": _cut(band, mask),
        "damaged": _damaged(band, damage),
        "snr": round(snr(band, under), 4),
    }


def _on_path(band: PlantedBand, y: float) -> tuple[float, float]:
    """Image place of gel row `y` in the middle of the band's lane."""
    geometry, at = band.shape.geometry, np.asarray([y])
    row, col = geometry.to_image(at, geometry.lane_center(band.lane, at))
    return float(row[0]), float(col[0])


def _clipped(band: PlantedBand, total: Floats) -> float:
    """Share of the pixels above 10 % of the band's peak that reach the ceiling."""
    spec, patch = band.shape.geometry.spec, band.shape.patch
    here, there = patch.window(spec.shape)
    inside = patch.pixels[there] > 0.1 * patch.pixels.max()
    if not inside.any():
        return 0.0
    return round(float((total[here][inside] >= spec.full_scale).mean()), 4)


def _overlapped(band: PlantedBand, bands: list[PlantedBand]) -> bool:
    """Whether the lane's other bands put over 0.5 % of this volume between start and stop."""
    low, high = band.shape.span()
    others = (b for b in bands if b.lane == band.lane and b is not band)
    return any(b.volume * b.shape.share_within(low, high) > 0.005 * band.volume for b in others)


def _cut(band: PlantedBand, mask: NDArray[np.bool_]) -> bool:
    """Whether the band's box leaves the image or the membrane."""
    r0, c0, r1, c1 = band.shape.patch.box()
    rows, cols = band.shape.geometry.spec.shape
    if r0 < -0.5 or c0 < -0.5 or r1 > rows - 0.5 or c1 > cols - 0.5:
        return True
    corners = [(r, c) for r in (r0, r1) for c in (c0, c1)]
    return not all(mask[min(round(r), rows - 1), min(round(c), cols - 1)] for r, c in corners)


def _damaged(band: PlantedBand, damage: Damage) -> bool:
    """Whether bubbles, scratches, dust, ink or hot pixels change the volume by over 0.5 %."""
    spec, patch = band.shape.geometry.spec, band.shape.patch
    here, there = patch.window(spec.shape)
    lost = float(((1 - damage.kept[here]) * patch.pixels[there]).sum())
    inside = patch.pixels[there] > 0.02 * patch.pixels.max()
    gained = (
        float((damage.added[here] + damage.hot[here])[inside].sum())
        * spec.full_scale
        / max(band.volume, 1e-9)
    )
    return lost > 0.005 or gained > 0.005


def _point(point: tuple[float, float]) -> list[float]:
    """Rounded [row, col]."""
    return [round(point[0], 3), round(point[1], 3)]

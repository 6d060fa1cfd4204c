"""One simulated blot: protein, background, optics, detector, artefacts, in the order of nature."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from blotquant.simulate import artefacts
from blotquant.simulate.background import membrane_background, smear
from blotquant.simulate.detector import Pixels, encode_jpeg, expose, store
from blotquant.simulate.geometry import Floats, Geometry
from blotquant.simulate.planting import PlantedBand, fit_to_detector, plant, raise_faint
from blotquant.simulate.spec import BlotSpec
from blotquant.simulate.truth import describe

__all__ = ["SimulatedBlot", "render"]


@dataclass(frozen=True, eq=False)
class SimulatedBlot:
    """A simulated blot and what is known about it.

    Parameters
    ----------
    spec : BlotSpec
        What was asked for.
    seed : int
        Seed of everything random.
    image : ndarray of uint8 or uint16, shape (rows, cols)
        The picture as a reader gets it.
    truth : dict
        Lanes and bands, ready for JSON; see `blotquant.simulate.truth`.
    signal : ndarray of float64, shape (rows, cols)
        The bands alone, grey levels, before noise and clipping; more is more protein.
    background : ndarray of float64, shape (rows, cols)
        Everything else that the detector expects: membrane, smear and offset, grey levels.
    encoded : bytes or None
        The file, where its coding is lossy.
    """

    spec: BlotSpec
    seed: int
    image: Pixels
    truth: dict[str, Any]
    signal: Floats
    background: Floats
    encoded: bytes | None = None


def render(spec: BlotSpec, seed: int) -> SimulatedBlot:
    """Draw a blot.

    Parameters
    ----------
    spec : BlotSpec
        What to draw.
    seed : int
        Same `spec` and `seed`, same pixels.

    Returns
    -------
    SimulatedBlot
        The picture with its truth.

    Examples
    --------
    >>> blot = render(BlotSpec(shape=(120, 300), lanes=3), seed=1)
    >>> blot.image.shape, len(blot.truth["bands"])
    ((120, 300), 3)
    """
    streams = [np.random.default_rng([seed, part]) for part in range(6)]
    lane_rng = (
        np.random.default_rng([spec.lane_seed, 0]) if spec.lane_seed is not None else streams[0]
    )
    geometry = Geometry.draw(spec, lane_rng)
    mask = geometry.membrane_mask() if spec.canvas else np.ones(spec.shape)
    under = _under(geometry, streams[1])
    bands = _bands(geometry, under, streams[2])
    signal = _draw(spec, bands)
    damage = artefacts.draw(geometry, streams[3])
    # bubbles and scratches keep protein off the membrane, dust and ink add to what is seen
    scene = (under + signal) * damage.kept + damage.added * spec.full_scale
    scene = scene * mask + _canvas_level(spec) * (1 - mask)
    seen = expose(spec, scene, streams[4])
    if spec.canvas and not spec.canvas_noise:
        seen = np.where(mask > 0, seen, _canvas_level(spec))
    seen = artefacts.finish(geometry, damage, seen, streams[5])
    image, encoded = store(spec, seen), None
    if spec.file_format == "jpg":
        image, encoded = encode_jpeg(image, spec.jpeg_quality)
    offset = spec.offset_level * spec.full_scale
    truth = describe(
        geometry, bands, seed, under=under, total=under + signal + offset, damage=damage
    )
    return SimulatedBlot(spec, seed, image, truth, signal, under + offset, encoded)


def _under(geometry: Geometry, rng: np.random.Generator) -> Floats:
    """Membrane and smear, blurred, grey levels."""
    spec = geometry.spec
    level = membrane_background(spec, rng)
    if spec.smear:
        loads = spec.smear * spec.peak * np.exp(0.4 * rng.standard_normal(spec.lanes))
        loads[[n - 1 for n in spec.empty_lanes]] = 0.0
        loads[[n - 1 for n in spec.ladder_lanes]] *= 0.2
        level = level + smear(geometry, loads, rng)
    if spec.blur > 0:
        level = np.asarray(cv2.GaussianBlur(level, (0, 0), spec.blur), dtype=np.float64)
    return np.asarray(level * spec.full_scale, dtype=np.float64)


def _bands(geometry: Geometry, under: Floats, rng: np.random.Generator) -> list[PlantedBand]:
    """All bands with the volumes that they will have in the picture."""
    spec = geometry.spec
    bands = plant(geometry, rng)
    factor = fit_to_detector(
        spec, bands, _draw(spec, bands), under + spec.offset_level * spec.full_scale
    )
    return raise_faint([replace(band, volume=band.volume * factor) for band in bands], under)


def _draw(spec: BlotSpec, bands: list[PlantedBand]) -> Floats:
    """Sum of the bands, grey levels, shape `spec.shape`."""
    signal = np.zeros(spec.shape)
    for band in bands:
        here, there = band.shape.patch.window(spec.shape)
        signal[here] += band.shape.patch.pixels[there] * band.volume
    return signal


def _canvas_level(spec: BlotSpec) -> float:
    """Signal of the canvas, grey levels."""
    stored_full = (spec.canvas == "white") != (spec.polarity == "dark_on_light")
    return float(spec.full_scale) if stored_full else 0.0

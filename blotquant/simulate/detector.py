"""From light to stored grey levels: noise, clipping, rounding, polarity, lossy coding."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from blotquant.simulate.geometry import Floats
from blotquant.simulate.spec import BlotSpec

Pixels = NDArray[np.uint8] | NDArray[np.uint16]

__all__ = ["Pixels", "encode_jpeg", "expose", "noise_variance", "store"]


def noise_variance(spec: BlotSpec, signal: Floats) -> Floats:
    """Variance of a stored pixel around its expected value, in grey levels squared.

    ``signal * full_scale / full_well + (read_noise * full_scale)**2 + 1/12``: shot noise, read
    noise and rounding.
    Clipping and JPEG are left out.

    Parameters
    ----------
    spec : BlotSpec
        The blot.
    signal : ndarray
        Expected signal without detector offset, grey levels.
    """
    shot = np.maximum(signal, 0.0) * spec.full_scale / spec.full_well
    return np.asarray(shot + (spec.read_noise * spec.full_scale) ** 2 + 1 / 12, dtype=np.float64)


def expose(spec: BlotSpec, signal: Floats, rng: np.random.Generator) -> Floats:
    """Detect `signal` (grey levels) with Poisson shot noise and Gaussian read noise."""
    electrons = rng.poisson(np.maximum(signal, 0.0) * (spec.full_well / spec.full_scale))
    seen = electrons * (spec.full_scale / spec.full_well)
    seen += rng.standard_normal(signal.shape) * (spec.read_noise * spec.full_scale)
    return np.asarray(seen + spec.offset_level * spec.full_scale, dtype=np.float64)


def store(spec: BlotSpec, seen: Floats) -> Pixels:
    """Clip at the ceiling, round, and invert where dark means signal; uint8 or uint16."""
    levels = np.rint(np.clip(seen, 0, spec.full_scale))
    if spec.polarity == "dark_on_light":
        levels = spec.full_scale - levels
    return levels.astype(np.uint8) if spec.bit_depth == 8 else levels.astype(np.uint16)


def encode_jpeg(pixels: Pixels, quality: int) -> tuple[Pixels, bytes]:
    """Encode as grey JPEG; gives the pixels that a reader gets back, and the file's bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    data = buffer.getvalue()
    return np.asarray(Image.open(io.BytesIO(data))), data

"""Scenes that a promise is about and no kind holds: close doublets, 1 % bands, planted specks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from blotquant.simulate import BlotSpec, SimulatedBlot, render, simulate, spec_of
from blotquant.simulate.artefacts import draw
from blotquant.simulate.geometry import Geometry

# Centres of a doublet's bands, in sigma.
CLOSE = (2.2, 3.2)
# Volume of a weak band against the strongest of its picture, and its signal to noise.
WEAK_SHARE, WEAK_SNR = 0.01, 22.0
SPECKS, SCRATCHES = 200, 10


def blot_of(kind: str, seed: int) -> SimulatedBlot:
    """A blot of one of the simulator's kinds, or of `SCENES`."""
    if kind in SCENES:
        blot = SCENES[kind](seed)
        return replace(blot, truth={**blot.truth, "kind": kind})
    return simulate(kind, seed)


def close_doublets(seed: int) -> SimulatedBlot:
    """Kind `doublets` with its pairs `CLOSE` apart."""
    spec = spec_of("doublets", seed)
    rng = np.random.default_rng([seed, 1])
    rows: list[float] = []
    for upper, lower in zip(spec.rows[::2], spec.rows[1::2], strict=True):
        half = rng.uniform(*CLOSE) * spec.sigma / spec.shape[0] / 2
        rows += [(upper + lower) / 2 - half, (upper + lower) / 2 + half]
    return render(replace(spec, rows=tuple(rows)), seed)


def one_percent(seed: int) -> SimulatedBlot:
    """A clean membrane with a strong row and one of `WEAK_SHARE` of it, at `WEAK_SNR`."""
    spec = replace(
        spec_of("clean", seed),
        rows=(0.35, 0.65),
        row_strength=(1.0, WEAK_SHARE),
        peak=0.6,
        peak_limit=1.0,
        lane_spread=0.0,
        band_spread=0.0,
        missing=0.0,
        full_well=2e6,
    )
    return render(_with_noise_for_weak_bands(spec, seed), seed)


def _with_noise_for_weak_bands(spec: BlotSpec, seed: int) -> BlotSpec:
    """The spec with the read noise at which the median weak band has `WEAK_SNR`.

    The simulator's signal to noise goes with one over the noise's SD, so one drawing tells it.
    """
    quiet = replace(spec, read_noise=1e-3, offset_level=0.06)
    truth = render(quiet, seed).truth
    strongest = max(band["volume"] for band in truth["bands"])
    weak = [b["snr"] for b in truth["bands"] if b["volume"] < 3 * WEAK_SHARE * strongest]
    return replace(quiet, read_noise=1e-3 * float(np.median(weak)) / WEAK_SNR)


def with_marks(blot: SimulatedBlot, seed: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """The blot's pixels, the same noise included, with `SPECKS` specks and `SCRATCHES` scratches.

    A speck lies on the membrane and adds signal; a scratch takes signal off or adds some.
    """
    spec = replace(blot.spec, dust=SPECKS, scratches=SCRATCHES)
    lane_rng = np.random.default_rng([blot.seed, 0])
    damage = draw(Geometry.draw(spec, lane_rng), np.random.default_rng([seed, 7]))
    full, dark = spec.full_scale, spec.polarity == "dark_on_light"
    stored = blot.image.astype(float)
    offset = spec.offset_level * full
    seen = (full - stored if dark else stored) - offset
    seen = np.rint(np.clip(seen * damage.kept + damage.added * full + offset, 0, full))
    return (full - seen if dark else seen).astype(blot.image.dtype)


SCENES = {"close_doublets": close_doublets, "one_percent": one_percent}

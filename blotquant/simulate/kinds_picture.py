"""Kinds of difficulty that lie in the picture: background, artefacts, canvas, bits, cropping."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from blotquant.simulate.draws import canvas_around, cropped, lean_room, log_uniform, membrane, sign
from blotquant.simulate.spec import BlotSpec


def weak(rng: np.random.Generator) -> BlotSpec:
    """Bands down to a signal to noise of 5."""
    spec = membrane(
        rng, background=(0.02, 0.1), row_count=(1, 4), noise=(1e-3, 4e-3), peak=(0.01, 0.06)
    )
    return replace(spec, band_spread=0.8, smear=0.0)


def cloudy(rng: np.random.Generator) -> BlotSpec:
    """A membrane with cloudy background, its bands clear enough to be told from a cloud."""
    level = rng.uniform(0.12, 0.3)
    spec = membrane(rng, background=(level, level), peak=(0.25, 0.7))
    return replace(
        spec,
        row_strength=tuple(max(strength, 0.25) for strength in spec.row_strength),
        cloud=rng.uniform(0.12, 0.25) * level,
        cloud_scale=rng.uniform(90, 260),
        halo=0.3 * level,
    )


def gradient(rng: np.random.Generator) -> BlotSpec:
    """A background that rises from one side to the other, with a glow."""
    level = rng.uniform(0.12, 0.3)
    spec = membrane(rng, background=(level, level), peak=(0.25, 0.7))
    steep = level * rng.uniform(0.6, 1.5)
    return replace(
        spec, gradient=steep, gradient_angle=rng.uniform(0, 360), halo=rng.uniform(0, 0.5) * level
    )


def smear(rng: np.random.Generator) -> BlotSpec:
    """Lanes full of broad smear."""
    return replace(membrane(rng, peak=(0.2, 0.4)), smear=rng.uniform(0.15, 0.5))


def specks(rng: np.random.Generator) -> BlotSpec:
    """Dust, hot pixels, scratches and bubbles."""
    dust, hot = int(rng.integers(10, 50)), int(rng.integers(5, 60))
    scratches, bubbles = int(rng.integers(0, 4)), int(rng.integers(0, 6))
    return replace(membrane(rng), dust=dust, hot_pixels=hot, scratches=scratches, bubbles=bubbles)


def canvas_white(rng: np.random.Generator) -> BlotSpec:
    """A turned membrane on white, dark on light."""
    spec = membrane(rng, polarity="dark_on_light", canvas="white", background=(0.04, 0.2))
    return replace(canvas_around(spec, rng), canvas_noise=bool(rng.random() < 0.5))


def canvas_black(rng: np.random.Generator) -> BlotSpec:
    """A turned, faintly glowing membrane in a dark field, or a pale one on a black table."""
    if rng.random() < 0.7:
        spec = membrane(rng, polarity="light_on_dark", canvas="black", background=(0.01, 0.06))
    else:
        spec = membrane(rng, polarity="dark_on_light", canvas="black", background=(0.03, 0.15))
    return canvas_around(spec, rng)


def text_marks(rng: np.random.Generator) -> BlotSpec:
    """A slide: labels, weights, caption, marker pen, sometimes a frame."""
    spec = membrane(
        rng, polarity="dark_on_light", ladders=(1,), background=(0.03, 0.15), rows=(600, 1000)
    )
    spec = canvas_around(spec, rng, margins=(0.12, 0.14), turns=(0.0, 1.0))
    return replace(
        spec,
        canvas="white",
        canvas_noise=False,
        text=True,
        pen_marks=int(rng.integers(3, 7)),
        frame=bool(rng.random() < 0.5),
        smear=rng.uniform(0, 0.15),
    )


def saturated(rng: np.random.Generator) -> BlotSpec:
    """Some bands at the detector's ceiling, which may lie below the type's."""
    ceiling = [None, None, 65520, 16383, 4095][int(rng.integers(5))]
    spec = membrane(rng, peak=(0.55, 0.75), row_count=(1, 4))
    return replace(spec, ceiling=ceiling, peak_limit=2.5, lane_spread=0.4, band_spread=0.5)


def eight_bit(rng: np.random.Generator) -> BlotSpec:
    """An 8-bit export, TIFF or PNG."""
    spec = membrane(rng, polarity="dark_on_light", noise=(2e-3, 8e-3))
    return replace(spec, bit_depth=8, file_format="png" if rng.random() < 0.5 else "tif")


def twelve_bit(rng: np.random.Generator) -> BlotSpec:
    """12 bits stored in 16."""
    return replace(membrane(rng), bit_depth=12)


def jpeg(rng: np.random.Generator) -> BlotSpec:
    """A JPEG of quality 60 to 95."""
    spec = membrane(rng, polarity="dark_on_light", noise=(2e-3, 8e-3))
    return replace(spec, bit_depth=8, file_format="jpg", jpeg_quality=int(rng.integers(60, 96)))


def strip(rng: np.random.Generator) -> BlotSpec:
    """A cropped strip with one row of bands."""
    return cropped(rng)


def strip_sloping(rng: np.random.Generator) -> BlotSpec:
    """A strip whose row climbs or falls through most of its height, or arches through it."""
    spec = cropped(rng, lanes=(6, 17), sigma=(2.5, 4.5), rows=(130, 240))
    spec = replace(spec, rows=(0.5,), tail=0.2, tail_spread=0.1, slope=0.0, smile=0.0)
    drop = sign(rng) * rng.uniform(0.85, 1.0) * (spec.shape[0] - 17 * spec.sigma)
    return replace(spec, slope=drop) if rng.random() < 0.7 else replace(spec, smile=0.9 * drop)


def strip_cloudy(rng: np.random.Generator) -> BlotSpec:
    """A strip with cloudy background and smear."""
    level = rng.uniform(0.08, 0.25)
    spec = cropped(rng, background=(level, level))
    cloudy = replace(spec, cloud=rng.uniform(0.1, 0.25) * level, cloud_scale=rng.uniform(60, 160))
    return replace(
        cloudy,
        smear=rng.uniform(0, 0.15),
        gradient=rng.uniform(0, 0.5) * level,
        gradient_angle=90.0,
    )


def kitchen_sink(rng: np.random.Generator) -> BlotSpec:
    """A little of everything."""
    tilt, level = rng.uniform(-0.04, 0.04), rng.uniform(0.06, 0.18)
    spec = membrane(
        rng,
        room=partial(lean_room, tilt, 12),
        fill=(0.65, 0.85),
        background=(level, level),
        ladders=(1,) if rng.random() < 0.5 else (),
        front=(0.14, 0.86),
        lean=tilt,
        bow=rng.uniform(-8, 8),
    )
    return replace(
        spec,
        fan=rng.uniform(0, 0.06),
        smile=rng.uniform(0, 0.03) * spec.shape[0],
        wander=2.0,
        width_cv=0.05,
        gap_cv=0.1,
        cloud=0.1 * level,
        gradient=0.3 * level,
        gradient_angle=rng.uniform(0, 360),
        smear=rng.uniform(0, 0.1),
        missing=rng.uniform(0, 0.2),
        dust=int(rng.integers(0, 12)),
        hot_pixels=int(rng.integers(0, 10)),
        lane_spread=log_uniform(rng, 0.2, 0.6),
    )

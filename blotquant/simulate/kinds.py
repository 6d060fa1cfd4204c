"""Named kinds of difficulty: each draws the parameters of a blot that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches

import numpy as np

from blotquant.errors import BlotquantError
from blotquant.simulate.blot import SimulatedBlot, render
from blotquant.simulate.draws import canvas_around, log_uniform, membrane, strip
from blotquant.simulate.spec import BlotSpec

Kind = Callable[[np.random.Generator], BlotSpec]

KINDS: dict[str, Kind] = {}

__all__ = ["KINDS", "simulate"]


def simulate(kind: str, seed: int) -> SimulatedBlot:
    """Draw a blot of a named kind; each seed gives another one.

    Parameters
    ----------
    kind : str
        A name in `KINDS`.
    seed : int
        Same kind and seed, same pixels.

    Returns
    -------
    SimulatedBlot
        The picture with its truth.

    Raises
    ------
    BlotquantError
        If there is no such kind.

    Examples
    --------
    >>> simulate("strip", seed=1).truth["kind"]
    'strip'
    """
    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "known: " + ", ".join(KINDS)
        raise BlotquantError(f"no kind of simulated blot is called {kind!r}; {hint}")
    # the kind's place in the list must not matter: a kind added later leaves all others as they
    # were
    rng = np.random.default_rng([seed, *kind.encode()])
    return render(replace(KINDS[kind](rng), kind=kind), seed)


def _kind(draw: Kind) -> Kind:
    """Register a kind under its function's name."""
    KINDS[draw.__name__] = draw
    return draw


def _sign(rng: np.random.Generator) -> float:
    """Minus or plus 1."""
    return float(rng.choice([-1.0, 1.0]))


def _inner(rng: np.random.Generator, lanes: int, most: int) -> tuple[int, ...]:
    """One to `most` lane numbers, first and last left out, never three in a row."""
    chosen: set[int] = set()
    for _ in range(int(rng.integers(1, most + 1))):
        lane = int(rng.integers(2, lanes))
        if not (
            {lane - 2, lane - 1} <= chosen
            or {lane + 1, lane + 2} <= chosen
            or {lane - 1, lane + 1} <= chosen
        ):
            chosen.add(lane)
    return tuple(sorted(chosen))


@_kind
def clean(rng: np.random.Generator) -> BlotSpec:
    """An easy membrane, dark on light."""
    return membrane(rng, polarity="dark_on_light", noise=(2e-4, 1.5e-3), background=(0.01, 0.1))


@_kind
def light_on_dark(rng: np.random.Generator) -> BlotSpec:
    """A camera's chemiluminescence picture."""
    return membrane(rng, polarity="light_on_dark", background=(0.002, 0.05))


@_kind
def lean(rng: np.random.Generator) -> BlotSpec:
    """All lanes lean to one side by up to 6 degrees."""
    tilt = _sign(rng) * rng.uniform(0.03, 0.11)
    return membrane(
        rng, room=lambda rows: 0.5 * rows * abs(tilt), lean=tilt, wander=rng.uniform(0, 4)
    )


@_kind
def bow(rng: np.random.Generator) -> BlotSpec:
    """Lanes bent like a bow."""
    bend = _sign(rng) * rng.uniform(12, 40)
    return membrane(rng, room=lambda _: abs(bend), bow=bend, lean=rng.uniform(-0.02, 0.02))


@_kind
def s_bend(rng: np.random.Generator) -> BlotSpec:
    """Lanes bent like an S."""
    bend = _sign(rng) * rng.uniform(8, 24)
    return membrane(rng, room=lambda _: abs(bend), s_bend=bend)


@_kind
def fan(rng: np.random.Generator) -> BlotSpec:
    """Lanes that fan out downwards, or, less often, close in."""
    return membrane(
        rng, fill=(0.65, 0.8), fan=rng.choice([1.0, 1.0, -1.0]) * rng.uniform(0.12, 0.32)
    )


@_kind
def smile(rng: np.random.Generator) -> BlotSpec:
    """Rows that hang lower in the middle, and lanes that spread a little."""
    drop = rng.uniform(0.03, 0.1) * rng.choice([1.0, 1.0, -1.0])
    spec = membrane(rng, fill=(0.65, 0.85), fan=rng.uniform(0.0, 0.1), front=(0.16, 0.84))
    return replace(spec, smile=drop * spec.shape[0], curvature=spec.curvature + 0.3 * spec.sigma)


@_kind
def many_lanes(rng: np.random.Generator) -> BlotSpec:
    """20 to 30 lanes."""
    return membrane(rng, lanes=(20, 31), cols=(1000, 1501), gap=(0.15, 0.4), sigma=(2.5, 5.0))


@_kind
def few_lanes(rng: np.random.Generator) -> BlotSpec:
    """2 to 5 lanes with membrane to spare."""
    spec = membrane(rng, lanes=(2, 6), cols=(500, 900), fill=(0.5, 0.9))
    return replace(spec, offset=rng.uniform(-0.05, 0.05) * spec.shape[1] if spec.lanes < 4 else 0.0)


@_kind
def gaps(rng: np.random.Generator) -> BlotSpec:
    """Groups of lanes; the space between groups is no place for another lane."""
    groups = tuple(int(n) for n in rng.integers(2, 6, int(rng.integers(2, 5))))
    spec = membrane(rng, lanes=(sum(groups), sum(groups) + 1), fill=(0.6, 0.72), cols=(900, 1500))
    pitch = spec.lane_width + spec.gap
    extra = min(rng.uniform(0.3, 0.6) * pitch, 0.2 * spec.shape[1] / len(groups))
    return replace(spec, groups=groups, group_gap=extra, lane_spread=0.4)


@_kind
def empty_lanes(rng: np.random.Generator) -> BlotSpec:
    """Lanes inside the row without any band."""
    spec = membrane(rng, lanes=(7, 15))
    return replace(spec, empty_lanes=_inner(rng, spec.lanes, 3))


@_kind
def missing_bands(rng: np.random.Generator) -> BlotSpec:
    """Bands that are there in some lanes only."""
    return replace(membrane(rng, row_count=(2, 6)), missing=rng.uniform(0.25, 0.5))


@_kind
def ladder_left(rng: np.random.Generator) -> BlotSpec:
    """A ladder at the left side, sometimes narrower than the samples."""
    spec = membrane(rng, ladders=(1,))
    return replace(spec, ladder_width=rng.choice([1.0, 1.0, 0.75]))


@_kind
def ladder_middle(rng: np.random.Generator) -> BlotSpec:
    """A ladder between the samples, and sometimes a second one at the right side."""
    spec = membrane(rng, lanes=(6, 15))
    middle = int(rng.integers(3, spec.lanes - 1))
    both = (middle, spec.lanes) if rng.random() < 0.4 else (middle,)
    return replace(spec, ladder_lanes=both)


@_kind
def weak(rng: np.random.Generator) -> BlotSpec:
    """Bands down to a signal to noise of 5."""
    spec = membrane(
        rng, background=(0.02, 0.1), row_count=(1, 4), noise=(1e-3, 4e-3), peak=(0.01, 0.04)
    )
    return replace(spec, band_spread=0.8)


@_kind
def cloudy(rng: np.random.Generator) -> BlotSpec:
    """A membrane with cloudy background."""
    level = rng.uniform(0.12, 0.3)
    spec = membrane(rng, background=(level, level))
    return replace(
        spec,
        cloud=rng.uniform(0.15, 0.3) * level,
        cloud_scale=rng.uniform(90, 260),
        halo=0.3 * level,
    )


@_kind
def gradient(rng: np.random.Generator) -> BlotSpec:
    """A background that rises from one side to the other, with a glow."""
    level = rng.uniform(0.12, 0.3)
    spec = membrane(rng, background=(level, level))
    steep = level * rng.uniform(0.6, 1.5)
    return replace(
        spec, gradient=steep, gradient_angle=rng.uniform(0, 360), halo=rng.uniform(0, 0.5) * level
    )


@_kind
def smear(rng: np.random.Generator) -> BlotSpec:
    """Lanes full of broad smear."""
    return replace(membrane(rng, peak=(0.2, 0.4)), smear=rng.uniform(0.15, 0.5))


@_kind
def specks(rng: np.random.Generator) -> BlotSpec:
    """Dust, hot pixels, scratches and bubbles."""
    dust, hot = int(rng.integers(10, 50)), int(rng.integers(5, 60))
    scratches, bubbles = int(rng.integers(0, 4)), int(rng.integers(0, 6))
    return replace(membrane(rng), dust=dust, hot_pixels=hot, scratches=scratches, bubbles=bubbles)


@_kind
def canvas_white(rng: np.random.Generator) -> BlotSpec:
    """A turned membrane on white, dark on light."""
    spec = membrane(rng, polarity="dark_on_light", canvas="white", background=(0.04, 0.2))
    return replace(canvas_around(spec, rng), canvas_noise=bool(rng.random() < 0.5))


@_kind
def canvas_black(rng: np.random.Generator) -> BlotSpec:
    """A turned, faintly glowing membrane in a dark field, or a pale one on a black table."""
    if rng.random() < 0.7:
        spec = membrane(rng, polarity="light_on_dark", canvas="black", background=(0.01, 0.06))
    else:
        spec = membrane(rng, polarity="dark_on_light", canvas="black", background=(0.03, 0.15))
    return canvas_around(spec, rng)


@_kind
def text_marks(rng: np.random.Generator) -> BlotSpec:
    """A slide: labels, weights, caption, marker pen, sometimes a frame."""
    spec = membrane(
        rng,
        polarity="dark_on_light",
        canvas="white",
        ladders=(1,),
        background=(0.03, 0.15),
        rows=(600, 1000),
    )
    spec = replace(spec, canvas_margin=(0.13, 0.05, 0.13, 0.12), canvas_noise=False, text=True)
    return replace(
        spec,
        pen_marks=int(rng.integers(3, 7)),
        frame=bool(rng.random() < 0.5),
        smear=rng.uniform(0, 0.15),
    )


@_kind
def doublets(rng: np.random.Generator) -> BlotSpec:
    """Pairs of bands that overlap, as ERK1/2 do."""
    spec = membrane(rng, row_count=(1, 4), sigma=(3.5, 8.0))
    apart = rng.uniform(2.6, 5.0) * spec.sigma / spec.shape[0]
    rows = [front for base in spec.rows for front in (base - apart / 2, base + apart / 2)]
    strength = tuple(float(s) for s in rng.uniform(0.35, 1.0, len(rows)))
    return replace(
        spec, rows=tuple(rows), row_strength=strength, row_jitter=0.4, tail=min(spec.tail, 0.3)
    )


@_kind
def saturated(rng: np.random.Generator) -> BlotSpec:
    """Some bands at the detector's ceiling, which may lie below the type's."""
    ceiling = [None, None, 65520, 16383, 4095][int(rng.integers(5))]
    spec = membrane(rng, peak=(0.35, 0.5), row_count=(1, 4))
    return replace(spec, ceiling=ceiling, peak_limit=2.5, lane_spread=0.45, band_spread=0.55)


@_kind
def eight_bit(rng: np.random.Generator) -> BlotSpec:
    """An 8-bit export, TIFF or PNG."""
    spec = membrane(rng, polarity="dark_on_light", noise=(2e-3, 8e-3))
    return replace(spec, bit_depth=8, file_format="png" if rng.random() < 0.5 else "tif")


@_kind
def twelve_bit(rng: np.random.Generator) -> BlotSpec:
    """12 bits stored in 16."""
    return replace(membrane(rng), bit_depth=12)


@_kind
def jpeg(rng: np.random.Generator) -> BlotSpec:
    """A JPEG of quality 60 to 95."""
    spec = membrane(rng, polarity="dark_on_light", noise=(2e-3, 8e-3))
    return replace(spec, bit_depth=8, file_format="jpg", jpeg_quality=int(rng.integers(60, 96)))


@_kind
def strip_plain(rng: np.random.Generator) -> BlotSpec:
    """A cropped strip with one row of bands."""
    return strip(rng)


KINDS["strip"] = KINDS.pop("strip_plain")


@_kind
def strip_sloping(rng: np.random.Generator) -> BlotSpec:
    """A strip whose row climbs or falls through most of its height, or arches through it."""
    spec = strip(rng, lanes=(6, 16), sigma=(2.5, 5.5), rows=(110, 200))
    room = spec.shape[0] - 18 * spec.sigma
    spec = replace(spec, rows=(0.5,), curvature=0.3 * spec.sigma, row_jitter=1.0)
    if rng.random() < 0.7:
        return replace(spec, slope=_sign(rng) * rng.uniform(0.75, 1.0) * room)
    return replace(spec, smile=_sign(rng) * rng.uniform(0.75, 1.0) * room)


@_kind
def strip_cloudy(rng: np.random.Generator) -> BlotSpec:
    """A strip with cloudy background and smear."""
    level = rng.uniform(0.08, 0.25)
    spec = strip(rng, background=(level, level))
    cloudy = replace(spec, cloud=rng.uniform(0.1, 0.25) * level, cloud_scale=rng.uniform(60, 160))
    return replace(
        cloudy,
        smear=rng.uniform(0, 0.15),
        gradient=rng.uniform(0, 0.5) * level,
        gradient_angle=90.0,
    )


@_kind
def touching_lanes(rng: np.random.Generator) -> BlotSpec:
    """Lanes with next to no space between them."""
    return membrane(rng, gap=(0.04, 0.1), fill=(0.8, 0.95), soft=0.03)


@_kind
def uneven_width(rng: np.random.Generator) -> BlotSpec:
    """Lanes of different widths, bands uneven across."""
    spec = membrane(rng, fill=(0.6, 0.75))
    return replace(spec, width_cv=0.16, gap_cv=0.2, uneven=0.2)


@_kind
def kitchen_sink(rng: np.random.Generator) -> BlotSpec:
    """A little of everything."""
    tilt, level = rng.uniform(-0.04, 0.04), rng.uniform(0.06, 0.18)
    spec = membrane(
        rng,
        room=lambda rows: 0.5 * rows * abs(tilt) + 12,
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

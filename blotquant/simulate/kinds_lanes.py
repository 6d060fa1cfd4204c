"""Kinds of difficulty that lie in the lanes and bands themselves."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from blotquant.simulate.draws import lean_room, membrane, sign
from blotquant.simulate.spec import BlotSpec


def clean(rng: np.random.Generator) -> BlotSpec:
    """An easy membrane, dark on light."""
    return membrane(
        rng, polarity="dark_on_light", noise=(2e-4, 1.5e-3), background=(0.01, 0.1), smear=0.0
    )


def light_on_dark(rng: np.random.Generator) -> BlotSpec:
    """A camera's chemiluminescence picture."""
    return membrane(rng, polarity="light_on_dark", background=(0.002, 0.05))


def lean(rng: np.random.Generator) -> BlotSpec:
    """All lanes lean to one side by up to 6 degrees."""
    tilt, wander = sign(rng) * rng.uniform(0.03, 0.11), rng.uniform(0, 4)
    room = partial(lean_room, tilt, wander)
    return membrane(rng, room=room, row_count=(2, 7), lean=tilt, wander=wander)


def bow(rng: np.random.Generator) -> BlotSpec:
    """Lanes bent like a bow."""
    bend, tilt = sign(rng) * rng.uniform(12, 40), rng.uniform(-0.02, 0.02)
    room = partial(lean_room, tilt, abs(bend))
    return membrane(rng, room=room, row_count=(3, 7), bow=bend, lean=tilt)


def s_bend(rng: np.random.Generator) -> BlotSpec:
    """Lanes bent like an S."""
    bend = sign(rng) * rng.uniform(8, 24)
    return membrane(rng, room=partial(lean_room, 0, abs(bend)), row_count=(3, 7), s_bend=bend)


def fan(rng: np.random.Generator) -> BlotSpec:
    """Lanes that fan out downwards, or, less often, close in."""
    widening = rng.choice([1.0, 1.0, -1.0]) * rng.uniform(0.12, 0.32)
    return membrane(rng, fill=(0.65, 0.8), row_count=(2, 7), fan=widening)


def smile(rng: np.random.Generator) -> BlotSpec:
    """Rows that hang lower in the middle, and lanes that spread a little."""
    drop = rng.uniform(0.03, 0.1) * rng.choice([1.0, 1.0, -1.0])
    spec = membrane(rng, fill=(0.65, 0.85), fan=rng.uniform(0.0, 0.1), front=(0.16, 0.84))
    return replace(spec, smile=drop * spec.shape[0], curvature=spec.curvature + 0.3 * spec.sigma)


def many_lanes(rng: np.random.Generator) -> BlotSpec:
    """20 to 30 lanes."""
    return membrane(rng, lanes=(20, 31), cols=(1000, 1501), gap=(0.15, 0.4), sigma=(2.5, 5.0))


def few_lanes(rng: np.random.Generator) -> BlotSpec:
    """2 to 5 lanes with membrane to spare."""
    spec = membrane(rng, lanes=(2, 6), cols=(500, 900), fill=(0.5, 0.9))
    return replace(spec, offset=rng.uniform(-0.05, 0.05) * spec.shape[1] if spec.lanes < 4 else 0.0)


def gaps(rng: np.random.Generator) -> BlotSpec:
    """Groups of lanes; the space between groups is no place for another lane."""
    groups = tuple(int(n) for n in rng.integers(2, 6, int(rng.integers(2, 5))))
    spec = membrane(rng, lanes=(sum(groups), sum(groups) + 1), fill=(0.6, 0.72), cols=(900, 1500))
    pitch = spec.lane_width + spec.gap
    extra = min(rng.uniform(0.3, 0.6) * pitch, 0.2 * spec.shape[1] / len(groups))
    return replace(spec, groups=groups, group_gap=extra, lane_spread=0.4)


def empty_lanes(rng: np.random.Generator) -> BlotSpec:
    """Lanes inside the row without any band."""
    spec = membrane(rng, lanes=(7, 15))
    return replace(spec, empty_lanes=_inner(rng, spec.lanes, 3))


def missing_bands(rng: np.random.Generator) -> BlotSpec:
    """Bands that are there in some lanes only."""
    return replace(membrane(rng, row_count=(2, 6)), missing=rng.uniform(0.25, 0.5))


def ladder_left(rng: np.random.Generator) -> BlotSpec:
    """A ladder at the left side, sometimes narrower than the samples."""
    spec = membrane(rng, ladders=(1,))
    return replace(spec, ladder_width=rng.choice([1.0, 1.0, 0.75]))


def ladder_middle(rng: np.random.Generator) -> BlotSpec:
    """A ladder between the samples, and sometimes a second one at the right side."""
    spec = membrane(rng, lanes=(6, 15))
    middle = int(rng.integers(3, spec.lanes - 1))
    both = (middle, spec.lanes) if rng.random() < 0.4 else (middle,)
    return replace(spec, ladder_lanes=both)


def doublets(rng: np.random.Generator) -> BlotSpec:
    """Pairs of bands that overlap, as ERK1/2 do."""
    spec = membrane(rng, row_count=(1, 4), sigma=(3.5, 8.0))
    apart = rng.uniform(2.6, 5.0) * spec.sigma / spec.shape[0]
    rows = [front for base in spec.rows for front in (base - apart / 2, base + apart / 2)]
    strength = tuple(float(s) for s in rng.uniform(0.35, 1.0, len(rows)))
    return replace(
        spec, rows=tuple(rows), row_strength=strength, row_jitter=0.4, tail=min(spec.tail, 0.3)
    )


def touching_lanes(rng: np.random.Generator) -> BlotSpec:
    """Lanes with next to no space between them."""
    return membrane(rng, gap=(0.04, 0.1), fill=(0.8, 0.95))


def uneven_width(rng: np.random.Generator) -> BlotSpec:
    """Lanes of different widths, bands uneven across."""
    spec = membrane(rng, fill=(0.6, 0.75))
    return replace(spec, width_cv=0.16, gap_cv=0.2, uneven=0.2)


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

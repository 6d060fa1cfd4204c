"""Simulated images of one membrane, cut out of larger pictures so that the shift is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

from blotquant.model import Blot, ImageSource, Lane
from blotquant.signal import SignalMap
from blotquant.simulate import BlotSpec, SimulatedBlot, render, spec_of
from blotquant.simulate.draws import shrink

MARGIN = 44
PIXELS = 300_000


@dataclass(frozen=True, eq=False)
class Probe:
    """One image of a membrane and where its lanes truly run."""

    blot: Blot
    drawn: SimulatedBlot
    row0: int
    col0: int

    def lane_columns(self, rows):
        """True column of every lane at the given rows, shape (lanes, rows)."""
        columns = []
        for lane in self.drawn.truth["lanes"]:
            path = np.array(lane["path"])
            columns.append(np.interp(np.asarray(rows) + self.row0, path[:, 0], path[:, 1]))
        return np.array(columns) - self.col0

    def lanes(self):
        """True lanes, in this image's coordinates."""
        rows = np.linspace(0, self.blot.shape[0] - 1, 9)
        columns = self.lane_columns(rows)
        spacing = float(np.median(np.diff(columns.mean(axis=1)))) if len(columns) > 1 else np.inf
        return tuple(
            Lane(
                f"lane-{k}",
                "panel-1",
                tuple(zip(rows, cols, strict=True)),
                min(1.3 * entry["width"], spacing),
            )
            for k, (cols, entry) in enumerate(
                zip(columns, self.drawn.truth["lanes"], strict=True), 1
            )
        )


def blot_of(image, spec: BlotSpec, name="probe.tif"):
    """Picture as a loader would give it."""
    if spec.polarity == "dark_on_light":
        signal_map = SignalMap(-1.0, float(spec.full_scale))
    else:
        signal_map = SignalMap()
    return Blot(image, signal_map, spec.polarity, source=ImageSource(name))


def probe(spec: BlotSpec, seed: int, drow=0, dcol=0, size=None, name="probe.tif") -> Probe:
    """One image: the membrane lies `drow` and `dcol` px lower and further right than planted."""
    drawn = render(spec, seed)
    rows, cols = size or (spec.shape[0] - 2 * MARGIN, spec.shape[1] - 2 * MARGIN)
    row0 = (spec.shape[0] - rows) // 2 - drow
    col0 = (spec.shape[1] - cols) // 2 - dcol
    image = drawn.image[row0 : row0 + rows, col0 : col0 + cols]
    return Probe(blot_of(image, spec, name), drawn, row0, col0)


def membrane(kind: str, seed: int) -> BlotSpec:
    """A kind's membrane with a margin to cut from, its lanes the same in every image."""
    spec = shrink(spec_of(kind, seed), PIXELS)
    rows, cols = spec.shape
    shape = (rows + 2 * MARGIN, cols + 2 * MARGIN)
    # a ladder of its own width would move the lanes of the images that do not show it
    return replace(spec, shape=shape, lane_seed=seed, rotation=0.0, ladder_width=1.0)


def few_lanes(spec: BlotSpec, seed: int, present: int, rows=(0.4,), peak=0.3) -> BlotSpec:
    """Same membrane, another target: one row or more, bands in `present` lanes only."""
    rng = np.random.default_rng([seed, 5])
    usable = [n for n in range(spec.lanes) if n + 1 not in spec.empty_lanes]
    chosen = rng.choice(usable, min(present, len(usable)), replace=False)
    height = peak * spec.full_scale * np.sqrt(2 * np.pi) * spec.sigma * spec.lane_width
    volumes = np.zeros((len(rows), spec.lanes))
    volumes[:, chosen] = height * np.exp(0.3 * rng.standard_normal((len(rows), len(chosen))))
    return replace(
        spec,
        rows=tuple(rows),
        row_strength=(),
        targets=(),
        volumes=tuple(map(tuple, volumes.tolist())),
        ladder_lanes=(),
    )


@pytest.fixture(scope="session")
def draw():
    """The functions above."""
    return SimpleNamespace(
        membrane=membrane, probe=probe, few_lanes=few_lanes, blot_of=blot_of, margin=MARGIN
    )

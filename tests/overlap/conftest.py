"""Membranes with pairs of bands at a given distance."""

from dataclasses import replace

import numpy as np
import pytest

import blotquant as bq
from blotquant.simulate.blot import render
from blotquant.simulate.files import save
from blotquant.simulate.kinds_lanes import doublets


def spec_of_pairs(seed, low=2.2, high=3.2):
    """The kind `doublets` with pairs `low` to `high` standard deviations apart."""
    rng = np.random.default_rng([seed, 77])
    spec = doublets(rng)
    seen = np.hypot(spec.sigma, spec.blur)
    apart = rng.uniform(low, high) * seen / spec.shape[0]
    base = [(a + b) / 2 for a, b in zip(spec.rows[::2], spec.rows[1::2], strict=True)]
    rows = tuple(place for b in base for place in (b - apart / 2, b + apart / 2))
    return replace(spec, rows=rows)


@pytest.fixture
def loaded(tmp_path):
    """Draw a blot, save it, load it."""

    def load(spec, seed):
        drawn = render(spec, seed)
        (blot,) = bq.load(save(drawn, tmp_path, f"blot_{seed}"))
        return drawn, blot

    return load


def matched(truth, table):
    """Planted bands with the detected band nearest to each, within 2 sigma."""
    found = table[~table["flags"].str.contains("BELOW_DETECTION")]
    for band in truth["bands"]:
        half = truth["lanes"][band["lane"] - 1]["width"] / 2
        near = found[
            ((found["center_row"] - band["center"][0]).abs() <= max(2 * band["sigma"], 3))
            & ((found["center_col"] - band["center"][1]).abs() <= half)
        ]
        order = (near["center_row"] - band["center"][0]).abs().sort_values().index
        yield band, near.loc[order[0]] if len(order) else None

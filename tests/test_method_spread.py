"""How far sound background methods disagree: nothing where there is nothing to disagree about."""

import math
from dataclasses import replace

import numpy as np
import pytest

from blotquant.densitometry import measure_lane
from blotquant.model import Band, Blot, Lane
from blotquant.noise import NoiseModel
from blotquant.recipe import Recipe

ROWS, COLS, GROUND = 600, 80, 1000.0
LANE = Lane("a", "p", ((0, 39.5), (ROWS - 1, 39.5)), 40)
BANDS = (Band("a", "r", 100, 148), Band("a", "s", 430, 478))
NOISE = NoiseModel(25.0, 0.0, 1e-12)
ROW = np.arange(ROWS)[:, None]
PEAKS = sum(2000 * np.exp(-0.5 * ((ROW - at) / 6) ** 2) for at in (124, 454))


def spreads(ground, bands=BANDS, **settings):
    noise = 5 * np.random.default_rng(2).standard_normal((ROWS, COLS))
    blot = Blot((PEAKS + ground + noise).astype(np.float32))
    measured = measure_lane(blot, LANE, bands, Recipe.of(**settings), noise=NOISE).bands
    return [one.method_spread / one.net_density for one in measured]


@pytest.mark.parametrize("slope", [0.0, 2.0])
def test_on_a_straight_background_the_methods_agree(slope):
    assert max(spreads(GROUND + slope * ROW)) < 0.002


def test_a_background_that_bends_under_a_band_divides_them():
    hill = 400 * np.exp(-0.5 * ((ROW - 450) / 40) ** 2)
    flat, bent = spreads(GROUND + hill)
    assert bent > 0.01
    assert bent > 5 * flat


def test_a_recipe_that_is_off_shows_in_the_spread():
    tilted = GROUND + 3.0 * np.abs(ROW - 300)
    assert max(spreads(tilted, background="global")) > 3 * max(spreads(tilted))


def test_a_band_at_the_end_of_its_lane_has_one_side():
    ends = (replace(BANDS[0], start=0, stop=160), BANDS[1])
    assert all(math.isfinite(spread) for spread in spreads(GROUND, ends))


@pytest.mark.parametrize("method", ["none", "beside"])
def test_there_is_no_spread_where_no_background_lies_under_the_lane(method):
    assert all(math.isnan(spread) for spread in spreads(GROUND, background=method))


def test_a_lane_that_is_all_band_has_none():
    whole = (Band("a", "r", -0.5, ROWS - 0.5),)
    assert all(math.isnan(spread) for spread in spreads(GROUND, whole))

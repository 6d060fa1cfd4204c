"""Lanes full of signal: the baseline comes from beside them, and the total knows its error."""

from dataclasses import replace

import numpy as np
import pytest

from blotquant import Recipe
from blotquant.densitometry import measure_lane
from blotquant.flags import Flag
from blotquant.model import Blot, ImageSource, Lane, Layout, Panel
from blotquant.noise import NoiseModel
from blotquant.pipeline import measure
from blotquant.recipe import BackgroundSettings

ROWS, COLS, LEVEL, NOISE, WIDTH, PITCH = 260, 520, 800.0, 15.0, 40.0, 58.0
CENTERS = 50 + PITCH * np.arange(8)
QUIET = NoiseModel(NOISE**2, 0.0, 0.0)
BESIDE = Recipe.of(background="beside")


def stain(seed, *, slant=0.0, rise=0.0, pitch=PITCH):
    """Eight lanes with signal from top to bottom, and the sum of each."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:ROWS, :COLS].astype(float)
    ground = LEVEL + slant * (cols / COLS - 0.5) + rise * (rows / ROWS - 0.5)
    signal, totals = np.zeros((ROWS, COLS)), []
    for k in range(8):
        across = 1 / (1 + np.exp((np.abs(cols[0] - (50 + pitch * k)) - 15) / 1.2))
        along = 300 + 60 * np.sin(rows[:, 0] / 9 + k) + 80 * rng.random() * np.cos(rows[:, 0] / 40)
        for place in rng.uniform(20, 240, 12):
            along += rng.uniform(50, 600) * np.exp(-0.5 * ((rows[:, 0] - place) / 4) ** 2)
        part = rng.uniform(0.6, 1.6) * along[:, None] * across
        signal += part
        totals.append(part.sum())
    noisy = ground + signal + rng.normal(0, NOISE, signal.shape)
    return Blot(noisy.astype(np.float32), source=ImageSource("stain.tif")), np.array(totals)


def lanes_at(pitch=PITCH, width=WIDTH):
    return tuple(
        Lane(f"l{k}", "p", ((0, 50 + pitch * k), (ROWS - 1, 50 + pitch * k)), width)
        for k in range(8)
    )


def totals_of(blot, lanes, recipe=BESIDE, panels=()):
    measured = [
        measure_lane(blot, lane, (), recipe, noise=QUIET, lanes=lanes, panels=panels)
        for lane in lanes
    ]
    return (
        np.array([lane.total_density for lane in measured]),
        np.array([lane.total_density_err for lane in measured]),
        measured,
    )


@pytest.mark.parametrize(("slant", "rise"), [(0, 0), (300, 0), (0, 250), (-200, 200)])
def test_the_sum_of_a_full_lane_comes_back(slant, rise):
    """Also on a membrane that rises across or along; under the lane nothing would be free."""
    blot, planted = stain(1, slant=slant, rise=rise)
    found, _, measured = totals_of(blot, lanes_at())
    assert found == pytest.approx(planted, rel=0.01)
    assert all(Flag.BASELINE_UNCERTAIN not in lane.flags for lane in measured)
    under, _, _ = totals_of(blot, lanes_at(), Recipe())
    assert (under < 0.7 * planted).all()


def test_the_error_is_the_scatter():
    """Same lanes under new noise: its part of the error is the spread that is seen."""
    lanes = lanes_at()
    found, errors = zip(
        *(totals_of(noise_again(seed), lanes)[:2] for seed in range(12)), strict=True
    )
    scatter = np.std(found, axis=0, ddof=1)
    noise_error = np.sqrt(WIDTH * ROWS) * NOISE
    assert (scatter > 0.5 * noise_error).all()
    # the error holds what the scatter cannot show as well: it is never smaller
    assert np.median(np.mean(errors, axis=0) / scatter) > 0.8
    assert np.mean(errors) < 0.02 * np.mean(found)


def noise_again(seed):
    blot, _ = stain(3)
    rng = np.random.default_rng(1000 + seed)
    return Blot((blot.pixels + rng.normal(0, NOISE, blot.shape)).astype(np.float32))


def test_the_planted_sum_lies_within_the_error():
    """Eight lanes of six membranes."""
    misses = []
    for seed in range(6):
        blot, planted = stain(seed, slant=150)
        found, errors, _ = totals_of(blot, lanes_at())
        misses.append((found - planted) / errors)
    assert np.mean(np.abs(misses) < 2) > 0.9
    assert np.sqrt(np.mean(np.square(misses))) > 0.1


def test_the_margin_stays_on_the_membrane():
    """A dark field beside the outer lanes is no background of theirs."""
    blot, planted = stain(4)
    pixels = blot.pixels.copy()
    pixels[:, :24] = 5.0
    pixels[:, 484:] = 5.0
    dark = Blot(pixels, source=blot.source)
    panel = Panel("p", ((0, 24), (0, 483), (ROWS - 1, 483), (ROWS - 1, 24)))
    found, _, measured = totals_of(dark, lanes_at(), panels=(panel,))
    assert found == pytest.approx(planted, rel=0.01)
    assert Flag.BASELINE_UNCERTAIN in measured[0].flags  # free on one side only
    assert Flag.BASELINE_UNCERTAIN not in measured[3].flags


def test_lanes_that_touch_take_what_is_further_out():
    """No gap at all: both margins serve all lanes."""
    blot, planted = stain(5, pitch=40.0)
    found, _, _ = totals_of(blot, lanes_at(40.0, 40.0))
    assert found == pytest.approx(planted, rel=0.03)


def test_without_any_room_it_is_said():
    blot, _ = stain(6)
    wide = Lane("all", "p", ((0, COLS / 2), (ROWS - 1, COLS / 2)), COLS + 10.0)
    (lane,) = totals_of(blot, (wide,))[2]
    assert Flag.BASELINE_UNCERTAIN in lane.flags
    assert np.isfinite([lane.total_density, lane.total_density_err]).all()


def test_total_protein_images_are_measured_so():
    """By their role, unless the recipe names another method."""
    blot, planted = stain(7)
    layout = Layout((Panel("p"),), lanes_at())
    by_role = measure(blot, layout, role="total_protein")
    assert by_role.recipe.background.method == "beside"
    assert by_role.lanes.total_density.to_numpy() == pytest.approx(planted, rel=0.01)
    assert (by_role.lanes.total_density_err > 0).all()
    assert measure(blot, layout).recipe.background.method == "lane"
    named = measure(blot, layout, Recipe.of(background="none"), role="total_protein")
    assert named.recipe.background.method == "none"


def test_every_method_gives_the_total_an_error():
    """Finite and above the noise of the sum."""
    from blotquant import registry

    blot, _ = stain(8)
    lane = replace(lanes_at()[3])
    for name in registry.names("backgrounds"):
        found = measure_lane(
            blot, lane, (), Recipe.of(background=name), noise=QUIET, lanes=lanes_at()
        )
        assert found.total_density_err >= 0.95 * NOISE * np.sqrt(WIDTH * ROWS), name
    assert BackgroundSettings().method == "lane"

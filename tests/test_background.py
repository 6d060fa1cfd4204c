"""The background under a band: every method keeps the contract; the default knows its error."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from blotquant import registry
from blotquant.background import LaneView
from blotquant.errors import RecipeError
from blotquant.model import Blot, Lane, Profile
from blotquant.noise import NoiseModel
from blotquant.reading import read_lane, row_weights
from blotquant.recipe import BackgroundSettings
from blotquant.smoother import fit_baseline
from blotquant.testing.backgrounds import BackgroundContract

NOISE, WIDTH = 20.0, 30.0


class TestLane(BackgroundContract):
    name = "lane"


class TestRollingBall(BackgroundContract):
    name = "rolling_ball"


class TestValley(BackgroundContract):
    name = "valley"


class TestBorder(BackgroundContract):
    name = "border"


class TestBeside(BackgroundContract):
    name = "beside"


class TestGlobal(BackgroundContract):
    name = "global"


class TestNone(BackgroundContract):
    name = "none"
    follows_level = False


class TestAsls(BackgroundContract):
    name = "asls"


class TestArpls(BackgroundContract):
    name = "arpls"


class TestSnip(BackgroundContract):
    name = "snip"


class TestMorphological(BackgroundContract):
    name = "mor"


def test_every_method_is_held_to_the_contract():
    held = {case.name for case in BackgroundContract.__subclasses__()}
    assert held == set(registry.names("backgrounds"))


BANDS = ((100.0, 140.0),)


def view(seed, ground, peak=3000.0, rows=240):
    """A lane over `ground` (a function of -1 at the top to 1), one band at row 120."""
    rng = np.random.default_rng(seed)
    down = np.arange(rows)
    level = ground(np.linspace(-1, 1, rows))
    band = peak * np.exp(-0.5 * ((down - 120) / 5) ** 2)
    across = np.zeros(50)
    across[10:40] = 1
    signal = level[:, None] + band[:, None] * across + rng.normal(0, NOISE, (rows, 50))
    blot = Blot(signal.astype(np.float32))
    lane = Lane("a", "p", ((0, 24.5), (rows - 1, 24.5)), WIDTH)
    profile = read_lane(blot, lane, NoiseModel(NOISE**2, 0.0, 0.0))
    return LaneView(blot, lane, profile, BANDS), level * WIDTH


def estimate(name, case, **settings):
    """Background summed over the band, its standard error, and the true sum."""
    seen, level = case
    baseline = registry.get("backgrounds", name)(seen, BackgroundSettings(**settings))
    weights = row_weights(seen.profile.position, *seen.bands[0])
    error = float(np.sqrt(baseline.band_variance[0]))
    return float(weights @ baseline.level), error, float(weights @ level)


def flat(t):
    return 500 + 0 * t


def slope(t):
    return 500 + 120 * t


def curve(t):
    return 500 + 60 * t + 80 * t**2


@pytest.mark.parametrize("ground", [flat, slope])
@pytest.mark.parametrize("peak", [0.0, 3000.0])
def test_the_default_knows_its_error(ground, peak):
    z = []
    for seed in range(300):
        found, error, true = estimate("lane", view(seed, ground, peak))
        z.append((found - true) / error)
    assert abs(np.mean(z)) < 0.3
    assert 0.8 < np.std(z) < 1.25
    assert 0.6 < np.mean(np.abs(z) < 1) < 0.8
    assert np.mean(np.abs(z) < 2) > 0.9
    assert stats.kstest(np.array(z) - np.mean(z), "norm").pvalue > 1e-3


def test_the_default_does_not_promise_too_much_where_the_membrane_bends():
    z = []
    for seed in range(60):
        found, error, true = estimate("lane", view(seed, curve))
        z.append((found - true) / error)
    assert np.mean(np.abs(z) < 2) > 0.9


# Bias of the background under a strong band, as a share of the band: what each method is good for.
@pytest.mark.parametrize(
    ("name", "ground", "most"),
    [
        ("lane", curve, 0.002),
        ("valley", slope, 0.01),
        ("border", flat, 0.02),
        ("global", flat, 0.002),
        ("rolling_ball", flat, 0.02),
        ("arpls", slope, 0.01),
        ("asls", slope, 0.02),
        ("snip", slope, 0.02),
        ("mor", flat, 0.02),
    ],
)
def test_each_method_finds_the_ground_it_is_made_for(name, ground, most):
    planted = 3000 * WIDTH * 5 * np.sqrt(2 * np.pi)
    off = []
    for seed in range(6):
        found, _, true = estimate(name, view(seed, ground))
        off.append((found - true) / planted)
    assert abs(np.mean(off)) < most


def test_a_level_for_all_does_not_follow_a_bend_and_the_default_does():
    found, _, true = estimate("global", view(0, curve))
    by_lane, _, _ = estimate("lane", view(0, curve))
    assert abs(found - true) > 10 * abs(by_lane - true)


def test_valley_is_the_straight_line_between_the_limits():
    seen, _ = view(1, slope)
    level = registry.get("backgrounds", "valley")(seen, BackgroundSettings()).level
    inside = slice(100, 141)
    line = np.linspace(seen.profile.intensity[100], seen.profile.intensity[140], 41)
    np.testing.assert_allclose(level[inside], line)
    outside = np.r_[0:99, 142:240]
    np.testing.assert_array_equal(level[outside], seen.profile.intensity[outside])


def test_border_looks_at_the_sides_it_is_told():
    def ground(t):
        return np.where(np.abs(np.arange(t.size) - 120) > 20, 900.0, 500.0)  # high above and below

    case = view(2, ground, peak=0.0)
    beside, _, true = estimate("border", case, border_sides="left_right")
    around, _, _ = estimate("border", case, border_sides="top_bottom")
    assert beside == pytest.approx(true, rel=0.02)
    assert around == pytest.approx(900 * WIDTH * 40, rel=0.02)


def test_border_takes_the_width_it_is_told():
    case = view(3, flat, peak=0.0)
    thin, thin_error, _ = estimate("border", case, border=1)
    thick, thick_error, _ = estimate("border", case, border=5)
    assert thin != thick
    assert thick_error < thin_error


def test_a_smaller_ball_climbs_further_into_the_band():
    case = view(4, flat)
    small, _, true = estimate("rolling_ball", case, radius=8)
    large, _, _ = estimate("rolling_ball", case, radius=200)
    assert small > large
    assert small - true > 5 * abs(large - true)


def test_no_background_is_nothing():
    found, error, _ = estimate("none", view(5, flat))
    assert (found, error) == (0, 0)


@pytest.mark.parametrize("name", ["asls", "arpls", "snip", "mor"])
def test_a_lane_too_short_for_a_method_is_refused(name):
    seen, _ = view(6, flat)
    short = slice(0, 6)
    profile = seen.profile
    arrays = (profile.position, profile.intensity, profile.variance, profile.width)
    tiny = LaneView(seen.blot, seen.lane, Profile(*(a[short] for a in arrays)), ((1.0, 4.0),))
    with pytest.raises(RecipeError, match="10 rows or more"):
        registry.get("backgrounds", name)(tiny, BackgroundSettings())


def test_a_name_that_is_not_there_gets_a_hint():
    with pytest.raises(RecipeError, match="Did you mean 'rolling_ball'"):
        registry.get("backgrounds", "roling_ball")


# --- the smoother


def line(size=200, noise=5.0, seed=0):
    down = np.arange(size, dtype=float)
    truth = 300 + 2 * down
    noisy = truth + np.random.default_rng(seed).normal(0, noise, size)
    return noisy, np.full(size, noise**2), truth


def gap(size, start, stop):
    free = np.ones(size, bool)
    free[start:stop] = False
    return free


def test_a_straight_line_is_carried_through_a_gap():
    values, variance, truth = line(noise=1e-3)
    values[80:120] += 1000
    fit = fit_baseline(values, variance, gap(200, 80, 120))
    np.testing.assert_allclose(fit.level, truth, atol=0.01)


def test_a_line_is_carried_beyond_its_ends():
    values, variance, truth = line(noise=1e-3)
    values[:30] += 500
    fit = fit_baseline(values, variance, gap(200, 0, 30))
    np.testing.assert_allclose(fit.level, truth, atol=0.05)


def test_uncertainty_grows_with_the_gap():
    values, variance, _ = line()
    errors = []
    for half in (5, 15, 30, 60):
        fit = fit_baseline(values, variance, gap(200, 100 - half, 100 + half), reject=False)
        weights = np.zeros(200)
        weights[95:105] = 1.0
        errors.append(fit.variance_of_sum(weights) / fit.scale)
    assert errors == sorted(errors)
    assert errors[-1] > 1.5 * errors[0]


def test_the_variance_of_a_sum_is_that_of_its_weights():
    values, variance, _ = line()
    fit = fit_baseline(values, variance, gap(200, 80, 120))
    weights = np.zeros(200)
    weights[80:120] = 1.0
    assert fit.variance_of_sum(3 * weights) == pytest.approx(9 * fit.variance_of_sum(weights))
    assert fit.variance_of_sum(0 * weights) == 0


def test_a_bump_that_nobody_marked_is_left_out():
    values, variance, truth = line()
    values += 400 * np.exp(-0.5 * ((np.arange(200) - 60) / 4) ** 2)
    free = gap(200, 120, 150)
    robust = fit_baseline(values, variance, free, least_length=20)
    fragile = fit_baseline(values, variance, free, least_length=20, reject=False)
    away = np.abs(robust.level - truth).max()
    assert away < 15
    assert np.abs(fragile.level - truth).max() > 3 * away


def test_a_curve_is_followed_as_far_as_it_may():
    down = np.arange(300.0)
    truth = 500 + 60 * np.sin(down / 40)
    values = truth + np.random.default_rng(1).normal(0, 3, 300)
    fit = fit_baseline(values, np.full(300, 9.0), gap(300, 140, 160))
    assert np.abs(fit.level - truth).max() < 12
    held = fit_baseline(values, np.full(300, 9.0), gap(300, 140, 160), least_length=2000)
    assert np.abs(held.level - truth).max() > 30


def test_texture_beyond_the_noise_shows_in_the_scale():
    values, variance, _ = line(noise=15.0)
    free = gap(200, 80, 120)
    assert fit_baseline(values, variance, free).scale == pytest.approx(1, abs=0.35)
    assert fit_baseline(values, variance / 9, free).scale == pytest.approx(9, rel=0.35)


def test_long_profiles_are_smoothed_on_bins():
    values, variance, truth = line(size=3000, noise=5.0)
    fit = fit_baseline(values, variance, gap(3000, 1000, 1400))
    assert fit.level.shape == (3000,)
    assert np.abs(fit.level - truth).max() < 5


@pytest.mark.parametrize("free_rows", [0, 1, 3])
def test_too_few_free_rows_give_a_level(free_rows):
    values, variance, _ = line(size=30)
    free = np.zeros(30, bool)
    free[:free_rows] = True
    fit = fit_baseline(values, variance, free)
    assert np.ptp(fit.level) == 0
    assert np.isfinite(fit.variance_of_sum(np.ones(30)))


def strip(detected):
    """A strip of 76 rows: one band over most of it, and a place below where none was seen."""
    rng = np.random.default_rng(4)
    rows = 76
    down = np.arange(rows)
    band = 2000 * np.exp(-0.5 * ((down - 36) / 7) ** 2)
    ground = 300 + 0.5 * down
    signal = np.repeat((ground + band)[:, None], int(WIDTH), axis=1)
    signal = signal + rng.normal(0, 10, signal.shape)
    blot = Blot(signal.astype(np.float32))
    lane = Lane("a", "p", ((0, (WIDTH - 1) / 2), (rows - 1, (WIDTH - 1) / 2)), WIDTH)
    profile = read_lane(blot, lane, NoiseModel(100.0, 0.0, 0.0))
    limits = ((13.0, 60.0), (58.0, 75.0))
    return LaneView(blot, lane, profile, limits, detected=detected), ground * WIDTH


def test_the_place_of_a_band_that_is_not_there_is_background_where_little_else_is():
    seen, truth = strip((True, False))
    rows = slice(13, 61)
    found = registry.get("backgrounds", "lane")(seen, BackgroundSettings())
    hidden = registry.get("backgrounds", "lane")(strip(())[0], BackgroundSettings())
    assert abs((found.level - truth)[rows].sum()) < 0.01 * 2000 * WIDTH * 7 * 2.5
    assert found.band_variance[0] < hidden.band_variance[0]
    assert seen.free[65]
    assert not strip(())[0].free[65]


def test_where_lane_is_left_the_place_of_an_unseen_band_is_no_background():
    case, _ = view(0, flat)
    both = replace(case, bands=((100.0, 140.0), (180.0, 200.0)), detected=(True, False))
    assert not both.free[190]

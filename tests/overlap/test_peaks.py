"""The band's shape and the fit of several: derivatives, areas, errors, against planted truth."""

import numpy as np
import pytest

from blotquant.peak_choice import best_fit, crossing, fewer_bands
from blotquant.peak_fit import Stretch, fit_all, fit_peaks
from blotquant.peak_model import PeakModel
from blotquant.peak_shapes import LARGEST_SKEWNESS, exponential_gaussian
from blotquant.simulate.band import emg

X = np.arange(90.0)


def profile(centers, areas, sigma, *, tail=0.0, noise=60.0, rng=None):
    """Bands drawn by the simulator's own formula, and their noise variance."""
    clean = sum(a * emg(X - c, sigma, tail * sigma) for c, a in zip(centers, areas, strict=True))
    variance = noise**2 + 2 * np.maximum(clean, 0)
    if rng is not None:
        clean = clean + rng.standard_normal(X.size) * np.sqrt(variance)
    return Stretch(X, clean, variance, noise / 5)


@pytest.mark.parametrize("skewness", [0.0, 5e-4, -9e-4, 2e-3, -0.05, 0.5, -1.3])
def test_moments_and_derivatives_of_the_shape(skewness):
    s = np.linspace(-40, 60, 20001)[None]
    sd, skew, h = np.array([3.0]), np.array([skewness]), 1e-5
    density, by_mean, by_log_sd, by_skew = exponential_gaussian(s, sd, skew)
    step = s[0, 1] - s[0, 0]
    mean = (density * s).sum() * step
    spread = (density * (s - mean) ** 2).sum() * step
    third = (density * (s - mean) ** 3).sum() * step
    assert density.sum() * step == pytest.approx(1, abs=1e-6)
    assert mean == pytest.approx(0, abs=1e-3)
    assert spread == pytest.approx(9, rel=1e-3)
    assert third / spread**1.5 == pytest.approx(skewness, abs=2e-3)
    numeric = [
        (exponential_gaussian(s - h, sd, skew)[0] - exponential_gaussian(s + h, sd, skew)[0]),
        (
            exponential_gaussian(s, sd * np.exp(h), skew)[0]
            - exponential_gaussian(s, sd * np.exp(-h), skew)[0]
        ),
        (exponential_gaussian(s, sd, skew + h)[0] - exponential_gaussian(s, sd, skew - h)[0]),
    ]
    for exact, difference in zip((by_mean, by_log_sd, by_skew), numeric, strict=True):
        assert np.abs(exact - difference / (2 * h)).max() < 1e-5 * np.abs(exact).max() + 1e-9


def test_the_shape_is_the_simulators():
    tail = 0.7
    t = 2 * tail**3 / (1 + tail**2) ** 1.5
    mine = exponential_gaussian(
        (X - 40 - tail * 4)[None], np.array([4 * np.hypot(1, tail)]), np.array([t])
    )[0][0]
    assert mine == pytest.approx(emg(X - 40, 4.0, tail * 4), abs=1e-12)


@pytest.mark.parametrize("shape", ["gaussian", "exponential"])
def test_areas_of_clean_doublets(shape):
    fit = fit_peaks(profile((38, 51), (1e5, 4e4), 5.0), shape, np.array([36.0, 53.0]), 6.0)
    assert fit.areas == pytest.approx([1e5, 4e4], rel=5e-3)
    assert fit.centers == pytest.approx([38, 51], abs=0.1)


def test_errors_and_covariance_are_true():
    rng = np.random.default_rng(3)
    areas = np.array([1e5, 6e4])
    off, sums = [], []
    for _ in range(80):
        stretch = profile((38.5, 51), areas, 5.0, tail=0.3, rng=rng)
        fit = best_fit(stretch, np.array([38.0, 52.0]), 5.5)
        off += list((fit.areas - areas) / fit.errors)
        whole = np.sqrt(fit.covariance.sum())
        sums.append((fit.areas.sum() - areas.sum()) / whole)
        assert fit.covariance[0, 1] < 0  # what one gets the other lacks
    low, high = np.quantile(off, [0.1587, 0.8413])
    assert 0.4 < (high - low) / 2 < 1.3
    assert np.mean(np.abs(off) < 2) > 0.9
    assert np.std(sums) < 2.0


def test_one_band_is_one_and_two_are_two():
    rng = np.random.default_rng(5)
    two = profile((38, 51), (1e5, 6e4), 5.0, rng=rng)
    fit = best_fit(two, np.array([38.0, 51.0]), 5.0)
    assert fewer_bands([two], [fit])[0].aicc > fit.aicc + 10
    one = profile((45,), (1e5,), 6.0, tail=0.5, rng=rng)
    forced = best_fit(one, np.array([42.0, 49.0]), 5.0)
    single = best_fit(one, np.array([45.0]), 6.0)
    assert forced is None or single.aicc < forced.aicc


def test_bands_part_where_both_are_equally_high():
    fit = best_fit(profile((35, 55), (1e5, 1e5), 5.0), np.array([35.0, 55.0]), 5.0)
    assert crossing(fit, 0) == pytest.approx(45, abs=0.1)


def test_nothing_to_fit_is_no_fit():
    flat = Stretch(X, np.full(X.size, -1.0), np.ones(X.size), 1.0)
    assert fit_peaks(flat, "gaussian", np.array([40.0]), 5.0) is None
    short = Stretch(X[:5], np.ones(5), np.ones(5), 1.0)
    assert fit_peaks(short, "gaussian", np.array([2.0]), 1.0) is None


def test_many_stretches_in_one_go_are_fitted_as_one_by_one():
    rng = np.random.default_rng(8)
    stretches = [
        profile((38, 38 + d), (1e5, 6e4), 5.0, tail=0.3, rng=rng) for d in (11, 13, 16, 20)
    ]
    cut = stretches[1]
    stretches.append(Stretch(X[:55], cut.above[:55], cut.variance[:55], cut.level_sd))
    stretches.insert(2, Stretch(X, np.full(X.size, -1.0), np.ones(X.size), 1.0))
    centers = np.tile([37.0, 52.0], (len(stretches), 1))
    together = fit_all(stretches, "exponential", centers, np.full(len(stretches), 5.0))
    assert together[2] is None
    for k, fit in enumerate(together):
        alone = fit_peaks(stretches[k], "exponential", centers[k], 5.0)
        if fit is None:
            assert alone is None
            continue
        assert fit.areas == pytest.approx(alone.areas, rel=1e-6)
        assert fit.covariance == pytest.approx(alone.covariance, rel=1e-5)
        assert fit.aicc == pytest.approx(alone.aicc, abs=1e-6)
        assert fit.curves.shape == (2, stretches[k].position.size)


def test_rows_left_out_do_not_count():
    rng = np.random.default_rng(2)
    clean = profile((45,), (1e5,), 6.0, rng=rng)
    used = (X < 42) | (X > 49)
    clipped = np.where(used, clean.above, np.minimum(clean.above, 4000.0))
    fit = fit_peaks(
        Stretch(X, clipped, clean.variance, clean.level_sd, used), "gaussian", np.array([45.0]), 5.0
    )
    assert fit.areas[0] == pytest.approx(1e5, rel=0.02)
    assert fit.unexplained < 0.02


@pytest.mark.parametrize("count", [1, 2])
def test_a_tail_longer_than_any_ends_the_search_at_the_longest(count, monkeypatch):
    steps = []
    evaluate = PeakModel._evaluate
    monkeypatch.setattr(PeakModel, "_evaluate", lambda *given: steps.append(1) or evaluate(*given))
    centers = np.array([30.0, 62.0])[:count]
    stretch = profile(centers, (1e5, 7e4)[:count], 1.5, tail=4.0)
    fits = [
        fit_peaks(stretch, "exponential", centers + off, sigma, skew)
        for off, sigma, skew in ((3.0, 5.0, 0.0), (8.0, 7.0, 1.2))
    ]
    assert len(steps) < 50
    for fit in fits:
        assert fit.skews == pytest.approx(LARGEST_SKEWNESS)
    assert fits[0].aicc == pytest.approx(fits[1].aicc, abs=0.5)

"""The smooth baseline knows its own error, and is asked whether it does."""

import numpy as np
import pytest

from blotquant import smoother
from blotquant.smoother import fit_baseline, fit_baselines, left_out, roughness

ROWS = 600


def fitted(values, noise=1.0, **options):
    variance = np.full(values.size, noise**2)
    return fit_baseline(values, variance, np.ones(values.size, bool), **options)


def test_a_hidden_stretch_is_predicted_as_a_fit_without_it_does():
    rng = np.random.default_rng(3)
    fit = fitted(rng.normal(size=150).cumsum() + rng.normal(size=150))
    lower = sum(np.diag(row[: row.size - k], -k) for k, row in enumerate(fit._factor))
    precision, weights = lower @ lower.T, fit.weights
    values = np.linalg.solve(precision, weights * (fit.level + fit.residual)) + fit.residual
    length = 12
    (checks,) = left_out([fit], [length])
    found = []
    for first in range(weights.size - length):
        kept = weights.copy()
        kept[first : first + length] = 0.0
        without = precision - np.diag(weights - kept)
        curve = np.linalg.solve(without, kept * values)
        part = slice(first, first + length)
        own = np.linalg.inv(without)[part, part].sum()
        found.append([(values - curve)[part].sum() ** 2, fit.scale * own])
    found = np.array(found)
    assert checks.shape[1] >= 4
    for square, own, noise in checks.T:
        assert np.isclose(found[:, 0], square).any()
        assert np.isclose(found[:, 1], own).any()
        assert noise == pytest.approx(length * fit.scale)


def test_of_a_background_as_the_model_has_it_nothing_is_added():
    rng = np.random.default_rng(5)
    many = [left_out([fitted(rng.normal(size=ROWS))], [40])[0] for _ in range(30)]
    assert 0.5 <= roughness(many) < 1.5


def test_clouds_that_the_curve_may_not_follow_make_it_rough():
    rng = np.random.default_rng(6)
    rows = np.arange(ROWS)
    many = []
    for phase in rng.uniform(0, 6, 12):
        cloud = 30 * np.sin(rows / 25 + phase) + rng.normal(size=ROWS)
        many += left_out([fitted(cloud, least_length=40.0)], [60])
    assert roughness(many) > 3


def test_without_a_stretch_to_hide_nothing_is_said():
    assert left_out([fitted(np.arange(40.0))], [200])[0].shape == (3, 0)
    assert roughness([np.empty((3, 0))]) == 1.0
    assert roughness([]) == 1.0


def test_a_background_that_bends_over_a_band_is_followed():
    """A curve through the free rows alone comes near what a band of 60 rows hides."""
    rows = np.arange(ROWS)
    bent = 50 * np.sin(2 * np.pi * rows / 240) + np.random.default_rng(8).normal(size=ROWS)
    free = np.ones(ROWS, bool)
    free[270:330] = False
    truth = 50 * np.sin(2 * np.pi * rows / 240)
    off = {}
    for share in (0.2, 1.0):
        fit = fit_baseline(bent, np.ones(ROWS), free, least_length=share * 60)
        hidden = (fit.level - truth)[270:330]
        off[share] = abs(hidden.mean())
        if share == 0.2:
            error = np.sqrt(fit.variance_of_sum((~free).astype(float)))
            assert abs(hidden.sum()) < 4 * error
    assert off[0.2] < 0.1 * 50
    assert off[0.2] < 0.5 * off[1.0]


def test_bands_that_leave_little_room_are_checked_on_shorter_stretches():
    rng = np.random.default_rng(5)
    free = np.arange(ROWS) % 100 < 40
    fit = fit_baseline(rng.normal(size=ROWS), np.ones(ROWS), free)
    assert left_out([fit], [60])[0].shape[1] > 2


def test_several_profiles_are_fitted_as_one_by_one():
    rng = np.random.default_rng(8)
    values = rng.normal(size=(4, ROWS)).cumsum(axis=1) * [[0], [0.1], [1], [3]]
    values += rng.normal(size=values.shape)
    values[1, 300:310] += 40  # a speck: left out, and fitted again
    variance = np.ones(values.shape) * [[1.0], [4.0], [1.0], [1.0]]
    free = np.ones(values.shape, bool)
    free[2, 100:200] = False
    free[3, 3:] = False  # too little for a curve
    lengths = np.array([0.0, 20.0, 5.0, 0.0])
    together = fit_baselines(values, variance, free, lengths)
    checks = left_out(together, [40.0] * 4)
    for k, fit in enumerate(together):
        alone = fit_baseline(values[k], variance[k], free[k], least_length=lengths[k])
        assert fit.level == pytest.approx(alone.level, rel=1e-9, abs=1e-9)
        assert fit.scale == pytest.approx(alone.scale)
        assert fit.variances_at([0, 150]) == pytest.approx(alone.variances_at([0, 150]), rel=1e-6)
        assert checks[k] == pytest.approx(left_out([alone], [40.0])[0], rel=1e-6)


def test_the_variance_at_a_row_is_that_of_a_sum_of_one_row():
    fit = fitted(np.random.default_rng(9).normal(size=ROWS))
    one = np.zeros(ROWS)
    one[151] = 1.0
    assert fit.variances_at([151])[0] == pytest.approx(fit.variance_of_sum(one))


def test_the_middle_weight_is_the_median_of_those_above_0():
    weights = np.random.default_rng(3).uniform(0, 1, (6, 40))
    weights[:5][weights[:5] < 0.4] = 0
    used = np.count_nonzero(weights, axis=1)
    expected = [np.median(own[own > 0]) for own in weights]
    assert smoother._middle_ones(weights, used) == pytest.approx(expected, rel=1e-15)

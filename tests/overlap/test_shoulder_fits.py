"""Whether a band's profile shows one band or two: many at once, against planted truth."""

import numpy as np
import pytest
from scipy.special import ndtr

from blotquant.peak_fit import Stretch
from blotquant.shoulder_fits import fit_pairs, pairs_agree
from blotquant.simulate.band import emg

X = np.arange(80.0)


def stretch(bands, rng, noise=40.0):
    """Sum of (centre, area, sigma, tail) with noise that grows with the signal."""
    clean = sum(a * emg(X - c, s, t * s) for c, a, s, t in bands)
    variance = noise**2 + clean
    above = clean + rng.standard_normal(X.size) * np.sqrt(variance)
    return Stretch(X, above, variance, 0.005 * float(above.max()))


@pytest.fixture
def looked_at():
    """Single bands, skewed and not, with a pair after every third."""
    rng = np.random.default_rng(12)
    singles = [[(38.0, 2e5, 4.0 + 0.3 * k, 0.15 * k)] for k in range(7)]
    pair = [(32.0, 2e5, 4.5, 0.3), (44.0, 8e4, 4.5, 0.3)]
    shown = [*singles[:3], pair, *singles[3:6], pair, singles[6]]
    return [stretch(bands, rng) for bands in shown]


def test_pairs_are_found_among_single_bands(looked_at):
    pairs = fit_pairs(looked_at, looked_at.__getitem__)
    assert [k for k, pair in enumerate(pairs) if pair is not None] == [3, 7]
    for k in (3, 7):
        assert pairs[k].distance == pytest.approx(12, abs=0.6)
        assert pairs[k].two.areas == pytest.approx([2e5, 8e4], rel=0.1)
        assert pairs[k].gain > 12
    assert pairs_agree([pairs[3], pairs[7]]) == [True, True]


def test_what_is_one_band_part_by_part_is_no_pair(looked_at):
    rng = np.random.default_rng(1)
    single = stretch([(38.0, 2e5, 4.5, 0.2)], rng)
    assert fit_pairs(looked_at, lambda b: single) == [None] * len(looked_at)
    assert fit_pairs(looked_at, lambda b: None) == [None] * len(looked_at)


def test_a_faint_halo_and_noise_are_no_band():
    rng = np.random.default_rng(3)
    halo = stretch([(34.0, 2e5, 4.5, 0.2), (48.0, 1.2e4, 4.5, 0.2)], rng)
    faint = stretch([(34.0, 8e3, 4.5, 0.2), (45.0, 4e3, 4.5, 0.2)], rng, noise=150.0)
    both = [halo, faint]
    assert fit_pairs(both, both.__getitem__) == [None, None]


@pytest.mark.parametrize("length", [9.0, 12.0])
def test_a_flat_top_is_one_band(length):
    """Which two Gaussians fit nearly as well; two that are as close are no flat top."""
    rng = np.random.default_rng(5)
    clean = 2e4 * (ndtr((X - 34) / 2.0) - ndtr((X - 34 - length) / 2.3))
    variance = 40.0**2 + clean
    above = clean + rng.standard_normal(X.size) * np.sqrt(variance)
    flat = Stretch(X, above, variance, 0.005 * float(above.max()))
    close = stretch([(34.0, 1e5, 3.0, 0.0), (34.0 + 7.0, 8e4, 3.0, 0.0)], rng)
    both = [flat, close]
    assert [pair is not None for pair in fit_pairs(both, both.__getitem__)] == [False, True]


def test_nothing_to_look_at():
    assert fit_pairs([], lambda b: None) == []
    assert pairs_agree([]) == []

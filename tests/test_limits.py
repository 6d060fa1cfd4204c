"""Limits of bands: weak ones reach as far as the strong ones of their picture."""

import numpy as np
import pytest
from scipy.stats import exponnorm

from blotquant.limits import band_limits
from blotquant.model import Lane, Profile
from blotquant.peak import Peak

SIGMA, TAIL, NOISE = 6.0, 0.9, 10.0


def lane_of(number):
    return Lane(f"lane-{number}", "panel-1", ((0.0, 20.0), (299.0, 20.0)), 30.0)


def profile_of(height, rng, tail=TAIL):
    """A band at row 180 whose tail trails upwards, on a level background."""
    rows = np.arange(300.0)
    shape = exponnorm.pdf(180.0 - rows, tail, scale=SIGMA)
    values = 1000 + height * shape / shape.max() + rng.normal(0, NOISE, 300)
    return Profile(rows, values, np.full(300, NOISE**2), np.full(300, 30.0))


def found(heights, seed=1):
    rng = np.random.default_rng(seed)
    lanes = [lane_of(k) for k in range(len(heights))]
    profiles = {lane.id: profile_of(h, rng) for lane, h in zip(lanes, heights, strict=True)}
    peaks = {lane.id: [Peak(176.0, 1.3 * SIGMA, 50.0, 1.0, 1.0, SIGMA)] for lane in lanes}
    return band_limits(lanes, profiles, peaks)


def share_beyond(start):
    return exponnorm.sf(180.0 - start, TAIL, scale=SIGMA)


def test_a_weak_band_reaches_as_far_as_the_strong_ones():
    alone = [found([120.0], seed)[0].start for seed in range(12)]
    among = [found([120.0, 9000.0, 8000.0, 9500.0], seed)[0].start for seed in range(12)]
    assert share_beyond(np.median(among)) < 0.006
    assert share_beyond(np.median(among)) < 0.6 * share_beyond(np.median(alone))


def test_many_weak_bands_show_their_tail_together():
    starts = [band.start for seed in range(4) for band in found([250.0] * 20, seed)]
    assert share_beyond(np.median(starts)) < 0.008


def test_a_strong_band_is_held_whole():
    bands = found([9000.0] * 4)
    assert max(share_beyond(band.start) for band in bands) < 0.003
    below = exponnorm.cdf(180.0 - bands[0].stop, TAIL, scale=SIGMA)
    assert below < 0.001


def test_no_band_reaches_beyond_the_valley_to_its_neighbour():
    rng, rows = np.random.default_rng(2), np.arange(300.0)
    two = sum(np.exp(-0.5 * ((rows - at) / SIGMA) ** 2) for at in (140, 166))
    values = 1000 + 5000 * two + rng.normal(0, NOISE, 300)
    profile = Profile(rows, values, np.full(300, NOISE**2), np.full(300, 30.0))
    lane = lane_of(0)
    peaks = [Peak(float(at), SIGMA, 50.0, 1.0, 1.0, SIGMA) for at in (140, 166)]
    first, second = band_limits([lane], {lane.id: profile}, {lane.id: peaks})
    assert first.stop == pytest.approx(153, abs=1.5)
    assert second.start == first.stop
    assert first.parted_below
    assert second.parted_above


def two_bands(apart, ratio, *, seed=2):
    """Limits of a band at row 140 and a weaker one below it."""
    rng, rows = np.random.default_rng(seed), np.arange(300.0)
    pair = ((140.0, 1.0), (140.0 + apart, ratio))
    shape = sum(h * np.exp(-0.5 * ((rows - at) / SIGMA) ** 2) for at, h in pair)
    profile = Profile(
        rows, 1000 + 9000 * shape + rng.normal(0, NOISE, 300), np.full(300, NOISE**2), rows * 0 + 30
    )
    lane = lane_of(0)
    peaks = [Peak(at, SIGMA, 50.0, 1.0, 1.0, SIGMA) for at, _ in pair]
    return band_limits([lane], {lane.id: profile}, {lane.id: peaks})


def test_a_shoulder_without_a_dip_is_parted_between_both():
    apart = 2.0 * SIGMA
    first, second = two_bands(apart, 0.7)
    equal = 140 + apart / 2 + SIGMA**2 / apart * np.log(1 / 0.7)  # where both are as high
    assert first.stop == second.start == pytest.approx(equal, abs=0.25 * apart)
    assert second.row >= second.start


def test_what_lies_in_the_foot_of_a_band_does_not_cut_it():
    first, _ = two_bands(3.2 * SIGMA, 0.01)
    assert first.stop > 140 + 2.9 * SIGMA

"""What bands hold beside their limits, and what baselines make of it."""

import numpy as np
import pytest

from blotquant.baseline import LaneView
from blotquant.lane_background import under_lanes
from blotquant.model import Blot, Lane, Profile
from blotquant.tails import Tails

ROWS, WIDTH = 400, 50.0
LIMITS = ((140.0, 190.0), (240.0, 290.0))
POSITION = np.arange(ROWS, dtype=float)
NOISE = 30.0


def profile(ground, tail=0.0, height=50_000.0):
    """Two bands within their limits on a ground, with a tail behind each."""
    rng = np.random.default_rng(5)
    values = ground + NOISE * rng.standard_normal(ROWS)
    for start, stop in LIMITS:
        values += height * np.exp(-0.5 * ((POSITION - (start + stop) / 2) / 6) ** 2)
        values += np.where(stop < POSITION, tail * np.exp(-(POSITION - stop) / 8), 0.0)
    return Profile(POSITION, values, np.full(ROWS, NOISE**2), np.full(ROWS, WIDTH))


def view(of, limits=LIMITS):
    lane = Lane("a", "p", ((0, 60.0), (ROWS - 1, 60.0)), WIDTH)
    return LaneView(Blot(np.zeros((ROWS, 120), np.float32)), lane, of, limits)


def tails_of(of, level):
    return Tails.of([view(of)]).seen(level)


def test_a_tail_is_seen_on_the_side_where_it_is():
    flat = np.full(ROWS, 10_000.0)
    seen = tails_of(profile(flat, tail=200.0), flat)
    # three times the mean of what has begun to fade
    assert seen[:, 1] == pytest.approx(450.0, rel=0.25)
    # none: little more than the least that is thought of
    assert seen[:, 0] == pytest.approx(75.0, abs=60.0)


def test_no_more_is_seen_than_can_be_nor_below_a_baseline():
    flat = np.full(ROWS, 10_000.0)
    of = profile(flat, tail=5_000.0)
    most = Tails.of([view(of)]).first_guess()
    assert tails_of(of, flat)[:, 1] == pytest.approx(most[:, 1])
    none = tails_of(profile(flat), flat + 2_000.0)
    assert none == pytest.approx(np.full((2, 2), 75.0), rel=0.01)


def test_rows_beside_a_tail_say_less_the_nearer_they_are():
    of = profile(np.full(ROWS, 10_000.0))
    (extra,) = Tails.of([view(of, LIMITS[:1])]).variance(np.array([[100.0, 500.0]]))
    assert extra[191] > extra[195] > extra[200] > 0
    assert extra[191] > 20 * extra[139] > 0
    assert extra[390] == 0.0


def test_a_baseline_follows_a_dip_between_two_bands():
    # the only rows between the bands are beside one: they lie in a hollow of the ground
    hollow = 10_000.0 - 900.0 * np.exp(-0.5 * ((POSITION - 215) / 30) ** 2)
    (found,) = under_lanes([view(profile(hollow, height=400_000.0))])
    assert found.level[195:236] == pytest.approx(hollow[195:236], abs=120.0)


def test_a_tail_is_not_taken_for_ground():
    flat = np.full(ROWS, 10_000.0)
    (found,) = under_lanes([view(profile(flat, tail=400.0))])
    assert found.level == pytest.approx(flat, abs=60.0)


def test_lanes_side_by_side_are_what_each_is_by_itself():
    flat = np.full(ROWS, 10_000.0)
    # one lane whose bands are fewer, shorter and reach beyond its ends; one with none
    some = [
        view(profile(flat, tail=200.0)),
        view(profile(flat), ((-20.0, 15.0), (390.2, 430.0), (200.0, 200.4))),
        view(profile(flat, height=5_000.0), ()),
    ]
    together = Tails.of(some)
    levels = np.array([flat, flat + 20.0, flat])
    seen = np.split(together.seen(levels), [2, 5])
    variance = together.variance(together.seen(levels))
    for one, level, own, extra in zip(some, levels, seen, variance, strict=True):
        alone = Tails.of([one])
        assert np.array_equal(alone.seen(level[None]), own)
        assert np.array_equal(alone.variance(own)[0], extra)
    assert not variance[2].any()

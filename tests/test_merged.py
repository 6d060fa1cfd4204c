"""Lanes that touch so closely that the comb of lanes takes two for one."""

import numpy as np
import pytest

import blotquant as bq

WIDTH = 36


def blot_of_lanes(lanes):
    """Noise with lanes of two bands each, given by left edge, strength and perhaps width."""
    rng = np.random.default_rng(4)
    right = max(left for left, *_ in lanes) + 2 * WIDTH
    pixels = rng.normal(1000, 10, (130, right))
    row = np.arange(130.0)[:, None]
    for k, (left, strength, *width) in enumerate(lanes):
        for at in (40 + k, 90 - k):
            band = 8_000 * strength * np.exp(-0.5 * ((row - at) / 3.0) ** 2)
            pixels[:, left : left + (width or [WIDTH])[0]] += band
    return bq.Blot(np.clip(pixels, 0, 65535).astype(np.uint16), polarity="light_on_dark")


@pytest.mark.parametrize("strength", [0.6, 1.6])
def test_two_lanes_with_nothing_between_are_parted_and_doubted(strength):
    lefts = [30, 30 + WIDTH, *range(120, 400, 50)]
    blot = blot_of_lanes([(left, strength if k == 1 else 1.0) for k, left in enumerate(lefts)])
    lanes = bq.detect(blot).lanes
    centers = np.array([lane.path[0][1] for lane in lanes])
    np.testing.assert_allclose(centers, np.array(lefts) + WIDTH / 2, atol=4)
    assert max(lane.confidence for lane in lanes[:2]) < 0.5 < lanes[2].confidence


def test_a_wide_strong_lane_is_one():
    lanes = [(left, 1.0) for left in range(30, 300, 50)]
    lanes[2:] = [(left + 15, strength) for left, strength in lanes[2:]]
    lanes[2] = (lanes[2][0] - 15, 2.5, WIDTH + 16)
    found = bq.detect(blot_of_lanes(lanes)).lanes
    assert len(found) == 6
    assert min(lane.confidence for lane in found) > 0.5


def test_lanes_that_nearly_all_touch_are_doubted():
    """There is nothing to compare their width with, but a dip inside says that they may be more."""
    lanes = bq.detect(blot_of_lanes([(40, 1.0), (74, 0.6), (106, 0.95)])).lanes
    assert len(lanes) < 3
    assert max(lane.confidence for lane in lanes) < 0.5


def test_three_lanes_with_nothing_between_are_not_left_out():
    lefts = [30, 80, 130, 130 + WIDTH, 130 + 2 * WIDTH, 260, 310, 360, 410]
    strengths = [1.0, 1.0, 0.8, 1.2, 0.7, 1.0, 1.0, 1.0, 1.0]
    lanes = bq.detect(blot_of_lanes(list(zip(lefts, strengths, strict=True)))).lanes
    centers = np.array([lane.path[0][1] for lane in lanes])
    np.testing.assert_allclose(centers, np.array(lefts) + WIDTH / 2, atol=4)

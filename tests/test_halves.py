"""Lanes that look like two, or like half of one: bands bright at both ends."""

import numpy as np

import blotquant as bq


def blot_of_dumbbells(bright_ends, strengths, width=36, pitch=48, rows=(40, 90)):
    """Noise with lanes of two bands each, `bright_ends` times as bright there as amid them."""
    rng = np.random.default_rng(4)
    pixels = rng.normal(1000, 10, (130, pitch * (len(strengths) + 1)))
    row = np.arange(130.0)[:, None]
    across = np.linspace(-1, 1, width)
    shape = (1 + (bright_ends - 1) * across**2) / bright_ends
    for k, strength in enumerate(strengths):
        left = pitch * (k + 1) - width // 2
        for at in rows:
            band = np.exp(-0.5 * ((row - at) / 3.0) ** 2) * shape * strength
            pixels[:, left : left + width] += 20_000 * band
    return bq.Blot(np.clip(pixels, 0, 65535).astype(np.uint16), polarity="light_on_dark")


def test_a_lane_bright_at_both_ends_is_one():
    lanes = bq.detect(blot_of_dumbbells(8, [1.0, 0.5, 1.2, 0.8, 0.6, 1.0, 0.4])).lanes
    assert len(lanes) == 7
    np.testing.assert_allclose([lane.path[0][1] for lane in lanes], 48 * np.arange(1, 8), atol=3)
    assert min(lane.confidence for lane in lanes) > 0.5


def test_duplicates_side_by_side_are_two_lanes():
    strengths = [1.0, 1.0, 0.5, 0.5, 0.8, 0.8]
    assert len(bq.detect(blot_of_dumbbells(1, strengths)).lanes) == 6
    assert len(bq.detect(blot_of_dumbbells(1, strengths, width=40, pitch=42)).lanes) == 6

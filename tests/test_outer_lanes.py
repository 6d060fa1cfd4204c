"""Weak lanes beside the outermost ones: found by their place and the others' rows, or none."""

import numpy as np
import pytest

import blotquant as bq

PITCH, WIDTH = 60, 44


def lanes_found(strengths, rows=(60, 150), shape=(260, 480), streak=0.0, sigma=4.0, own_row=None):
    """Number of lanes of a blot: one of 44 px every 60, its bands as strong as told."""
    pixels = np.random.default_rng(5).normal(1000, 10, shape)
    row = np.arange(float(shape[0]))[:, None]
    for k, strength in enumerate(strengths):
        lane = slice(PITCH * k + 38, PITCH * k + 38 + WIDTH)
        pixels[:, lane] += streak * strength
        for at in rows if own_row is None or k < len(strengths) - 1 else [own_row]:
            pixels[:, lane] += 20_000 * strength * np.exp(-0.5 * ((row - at) / sigma) ** 2)
    blot = bq.Blot(np.clip(pixels, 0, 65535).astype(np.uint16), polarity="light_on_dark")
    return bq.detect(blot).lanes


@pytest.mark.parametrize("flip", [False, True])
def test_a_lane_of_a_hundredth_at_either_end_is_found_at_its_place(flip):
    strengths = [1.0, 0.7, 1.2, 0.9, 1.0, 0.005]
    lanes = lanes_found(strengths[::-1] if flip else strengths)
    np.testing.assert_allclose([x.path[0][1] for x in lanes], 60 + PITCH * np.arange(6), atol=3)


def test_two_weak_lanes_at_the_end_of_a_tight_strip_are_found():
    strengths = [1.0, 0.9, 2.5, 2.8, 0.10, 0.08]
    assert len(lanes_found(strengths, rows=[24], shape=(48, 440), sigma=7)) == 6


def test_nothing_beside_the_last_lane_is_no_lane():
    assert len(lanes_found([1.0, 0.7, 1.2, 0.9, 1.0])) == 5


def test_a_faint_thing_at_a_lane_s_place_in_a_row_of_its_own_is_none():
    assert len(lanes_found([1.0, 0.7, 1.2, 0.9, 1.0, 0.005], own_row=215)) == 5


def test_a_cloud_at_a_lane_s_place_beside_a_ladder_is_none():
    pixels = np.random.default_rng(6).normal(1000, 10, (400, 480))
    row, col = np.indices(pixels.shape)
    for k in range(1, 7):
        for at in range(40, 380, 34) if k == 1 else (110, 300):
            band = np.exp(-0.5 * ((row - at) / 4) ** 2)
            pixels += 20_000 * band * ((col >= 60 * k + 8) & (col < 60 * k + 52))
    pixels += 400 * np.exp(-0.5 * (((row - 210) / 25) ** 2 + ((col - 30) / 18) ** 2))
    blot = bq.Blot(np.clip(pixels, 0, 65535).astype(np.uint16), polarity="light_on_dark")
    assert len(bq.detect(blot).lanes) == 6


def test_a_weak_lane_of_a_tight_strip_is_as_wide_as_its_band():
    pixels = np.random.default_rng(9).normal(1000, 10, (52, 440))
    row, col = np.indices(pixels.shape)
    for k, strength in enumerate([1.0, 0.9, 0.3, 2.5, 2.8, 0.9]):
        across = 0.5 ** (np.abs(col - PITCH * k - 60) / (WIDTH / 2)) ** 4
        pixels += 20_000 * strength * across * np.exp(-0.5 * ((row - 26) / 9) ** 2)
    blot = bq.Blot(np.clip(pixels, 0, 65535).astype(np.uint16), polarity="light_on_dark")
    widths = [lane.width for lane in bq.detect(blot).lanes]
    assert len(widths) == 6
    assert widths[2] > WIDTH  # half of it was cut off

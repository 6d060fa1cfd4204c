"""Dot blots have no lanes; blots with round bands do."""

import numpy as np
import pytest

import blotquant as bq


def blot_of_spots(columns, rows, sigma=7.0, shape=(400, 460)):
    """Noise with round spots, one at each row of each column."""
    pixels = np.random.default_rng(7).normal(1000, 10, shape)
    row, col = np.indices(shape)
    for x in columns:
        for y in rows:
            radius = np.hypot(row - y, col - x) / sigma
            pixels += 20_000 * np.exp(-0.5 * (radius / 1.5) ** 4)
    return bq.Blot(np.clip(pixels, 0, 65535).astype(np.uint16), polarity="light_on_dark")


def test_round_bands_in_rows_far_apart_are_a_blot():
    assert len(bq.detect(blot_of_spots(range(50, 440, 46), [60, 340])).lanes) == 9


def test_spots_as_far_apart_down_as_across_are_a_dot_blot():
    with pytest.raises(bq.NothingFound, match="dot blot"):
        bq.detect(blot_of_spots(range(50, 440, 60), [80, 140, 200, 260]))


def test_spots_scattered_over_a_grid_are_a_dot_blot():
    places = np.random.default_rng(8).permutation(35)[:16]
    pixels = 1000.0 + sum(
        blot_of_spots([50 + 60 * (k % 7)], [60 + 60 * (k // 7)]).pixels - 1000.0 for k in places
    )
    blot = bq.Blot(np.clip(pixels, 0, 65535).astype(np.uint16), polarity="light_on_dark")
    with pytest.raises(bq.NothingFound, match="dot blot"):
        bq.detect(blot)

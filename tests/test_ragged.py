"""Rows of bands that end below each other tell the lean of the lanes."""

import numpy as np
import pytest

from blotquant.comb import find_teeth
from blotquant.ragged import warp_of_even_ends
from blotquant.warp import Warp, straighten

_HEIGHT, _WIDTH, _SPACING = 400, 600, 50
_ROWS = (50, 150, 250, 350)


def _evidence(n_lanes: int) -> np.ndarray:
    """Upright lanes, of various strength, with a band in each row."""
    evidence = np.zeros((_HEIGHT, _WIDTH), np.float32)
    strength = np.random.default_rng(1).uniform(0.5, 1.0, (len(_ROWS), n_lanes))
    for row, across in zip(_ROWS, strength, strict=True):
        for k, value in enumerate(across):
            evidence[row : row + 8, 60 + _SPACING * k : 90 + _SPACING * k] = value
    return evidence


def _leaning(spacings: float) -> Warp:
    """Leaning by so many spacings from the first row to the last."""
    slope = spacings * _SPACING / (_ROWS[-1] - _ROWS[0])
    return Warp(float(_HEIGHT), float(_WIDTH), (slope * _HEIGHT / 2, 0.0, 0.0))


def _even(warp: Warp, n_lanes: int = 9) -> Warp | None:
    evidence = _evidence(n_lanes)
    straight = straighten(evidence, warp)
    teeth = find_teeth(straight.sum(axis=0))
    return warp_of_even_ends(evidence, straight, teeth, warp)


@pytest.mark.parametrize("spacings", [-0.5 * 6, 3.0])
def test_lanes_that_lean_whole_spacings_too_much_are_set_upright(spacings):
    """Each band has one of another lane below it, but the rows end at different lanes."""
    even = _even(_leaning(spacings))
    assert even is not None
    assert abs(float(even.column(300.0, 0.0)) - float(even.column(300.0, 399.0))) < 4


def test_lanes_that_end_together_are_left():
    """Right lanes need no other warp; nor do those that are too few to tell."""
    assert _even(_leaning(0.0)) is None
    assert _even(_leaning(3.0), n_lanes=4) is None

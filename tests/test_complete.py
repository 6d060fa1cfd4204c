"""Completing a comb of lanes."""

import numpy as np

from blotquant.comb import Tooth
from blotquant.complete import complete_comb


def test_two_gaps_that_are_not_alike_part_two_groups():
    lefts, width = (100, 140, 700), 30
    teeth = [Tooth(float(left), float(left + width), 1.0, 0.9) for left in lefts]
    straight = np.zeros((64, 800))
    for left in lefts:
        straight[20:24, left : left + width] = 1.0
    completed = complete_comb(teeth, straight, 640)
    assert [tooth.left for tooth in completed] == [100, 140, 700]

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


def comb_with_a_narrow_lane(rows_of_narrow, left=258, right=276):
    """Lanes 40 px wide with 10 px between them, and one narrow weak one in place of the fourth."""
    lanes = [(40 + 50 * k, 80 + 50 * k, 1.0) for k in (0, 1, 2, 3, 5, 6)]
    lanes[4:] = [(a - 20, b - 20, h) for a, b, h in lanes[4:]]
    teeth = [Tooth(float(a), float(b), h, 0.9) for a, b, h in lanes]
    straight = np.zeros((64, 400))
    for a, b, height in lanes:
        straight[[10, 30, 50], a:b] = height
    straight[np.ix_(rows_of_narrow, range(left - 18, right - 18))] = 0.3
    return complete_comb(teeth, straight, 640)


def test_a_number_too_small_for_empty_lanes_says_that_they_are_a_gap():
    """Two groups of three with room for two lanes between them stay whole if six are asked for."""
    straight = np.zeros((64, 260))
    teeth = [Tooth(left, left + 20.0, 1.0, 0.5) for left in (10, 40, 70, 160, 190, 220)]
    for tooth in teeth:
        straight[30:34, int(tooth.left) : int(tooth.right) + 1] = 1.0
    assert len(complete_comb(teeth, straight, 200)) == 8
    assert [t.left for t in complete_comb(teeth, straight, 200, 6)] == [t.left for t in teeth]
    assert len(complete_comb(teeth, straight, 200, 8)) == 8


def test_a_narrow_weak_lane_between_two_others_is_found_by_its_rows():
    centers = [tooth.center for tooth in comb_with_a_narrow_lane([10, 30, 50])]
    assert len(centers) == 7
    assert abs(centers[4] - 249) < 2


def test_a_narrow_thing_in_other_rows_is_no_lane():
    assert len(comb_with_a_narrow_lane([20, 40])) == 6


def beside_a_ladder(rows_of_first, width):
    """A ladder and five samples in rows of their own, and something at the ladder's left."""
    teeth = [Tooth(50.0 * k + 60, 50.0 * k + 60 + 40, 1.0, 0.9) for k in range(6)]
    straight = np.zeros((64, 400))
    straight[[8, 18, 40, 55], 60:100] = 1.0
    for tooth in teeth[1:]:
        straight[[12, 30, 48], int(tooth.left) : int(tooth.right)] = 1.0
    straight[22, int(tooth.left) : int(tooth.right)] = 1.0  # of one sample alone
    straight[rows_of_first, 52 - width : 52] = 2.0
    return complete_comb([Tooth(52.0 - width, 52.0, 2.0, 0.9), *teeth], straight, 640)


def test_pen_marks_nearly_as_wide_as_a_lane_are_none():
    assert len(beside_a_ladder([5, 15, 25, 35, 45, 58], width=32)) == 6


def test_pen_marks_that_happen_to_stand_in_rows_of_samples_are_none():
    assert len(beside_a_ladder([12, 22, 37], width=32)) == 6


def test_a_sample_beside_a_ladder_that_lacks_a_band_stays():
    assert len(beside_a_ladder([12, 30], width=32)) == 7


def test_a_sample_beside_a_ladder_stays():
    assert len(beside_a_ladder([12, 30, 48], width=32)) == 7


def test_a_bubble_beside_the_last_lane_is_none_but_a_pale_ladder_is_one():
    """Narrower than a lane, on its spacing, and in rows where no lane has a band."""
    straight = np.zeros((64, 260))
    teeth = [Tooth(left, left + 20.0, 1.0, 0.5) for left in (10, 45, 80, 115, 150)]
    for tooth in teeth:
        straight[30:34, int(tooth.left) : int(tooth.right) + 1] = 1.0
    bubble = Tooth(189.0, 201.0, 1.0, 0.9)
    straight[10:13, 189:202] = straight[15:18, 189:202] = 1.0  # what surrounds the hole
    assert complete_comb([*teeth, bubble], straight, 200) == teeth
    straight[15:18], straight[50:53, 189:202] = 0.0, 1.0  # two bands of a pale ladder
    assert complete_comb([*teeth, bubble], straight, 200) == [*teeth, bubble]

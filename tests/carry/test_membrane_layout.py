"""A shift goes there and back; carried lanes end where the membrane does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blotquant.errors import LayoutError
from blotquant.membrane_layout import MembraneImage, MembraneLayout, Transform, carried_lane
from blotquant.model import Lane, Panel

px = st.floats(-500, 500)
angle = st.floats(-3, 3)
place = st.tuples(px, px)


@given(drow=px, dcol=px, angle=angle, pivot=place, at=place, other=place)
def test_there_and_back(drow, dcol, angle, pivot, at, other):
    """Also with the shift given at another point."""
    transform = Transform(drow, dcol, angle, pivot)
    there = transform(*at)
    assert np.allclose(transform.inverse(*there), at, atol=1e-6)
    assert np.allclose(transform.at(other)(*at), there, atol=1e-6)


def test_clockwise_on_the_screen():
    """What is right of the pivot goes down."""
    row, col = Transform(angle=90.0)(0.0, 10.0)
    assert (float(row), float(col)) == pytest.approx((10.0, 0.0), abs=1e-9)


LANE = Lane("a", "p", ((10, 50), (60, 55), (110, 60)), 20)
TILTED = Panel("p", ((20, 10), (40, 210), (140, 200), (120, 5)))


@given(drow=st.floats(-30, 30), dcol=st.floats(-30, 90), angle=angle)
def test_a_lane_runs_from_edge_to_edge_of_the_membrane(drow, dcol, angle):
    moved = carried_lane(LANE, Transform(drow, dcol, angle, (60, 55)), TILTED, (150, 220))
    assert moved.source == "carried"
    assert moved.width == LANE.width
    middle = float(moved.center((moved.top + moved.bottom) / 2))
    for row, (left, right) in ((moved.top, (20, 40)), (moved.bottom, (120, 140))):
        share = np.interp(middle, (10, 210) if row == moved.top else (5, 200), (0, 1))
        assert row == pytest.approx(left + share * (right - left), abs=1.0)


def test_a_lane_goes_straight_on():
    """Where the other image shows more of the membrane than the reference."""
    moved = carried_lane(LANE, Transform(), Panel("p"), (220, 100))
    assert (moved.top, moved.bottom) == (0, 219)
    assert moved.center(200) == pytest.approx(69, abs=0.01)
    assert moved.center(0) == pytest.approx(49, abs=0.01)


def test_ends_drawn_by_hand_stay():
    by_hand = Lane("a", "p", ((30, 50), (90, 50)), 20, source="hand")
    moved = carried_lane(by_hand, Transform(5, 0), Panel("p"), (220, 100))
    assert (moved.top, moved.bottom) == (35, 95)


@pytest.mark.parametrize(("dcol", "shown"), [(-50, True), (-58, True), (-75, False), (160, False)])
def test_a_lane_outside_is_kept_but_not_used(dcol, shown):
    moved = carried_lane(LANE, Transform(0, dcol), Panel("p"), (120, 120))
    assert moved.use is shown
    assert (moved.confidence > 0) is shown


def test_what_cannot_be_is_refused():
    with pytest.raises(LayoutError, match="finite"):
        Transform(float("nan"))
    image = MembraneImage("a", (10, 10))
    with pytest.raises(LayoutError, match="same name"):
        MembraneLayout("a", (LANE,), (image, image))
    with pytest.raises(LayoutError, match="not of the membrane"):
        MembraneLayout("b", (LANE,), (image,))
    with pytest.raises(LayoutError, match="no image 'b'"):
        MembraneLayout("a", (LANE,), (image,)).for_image("b")

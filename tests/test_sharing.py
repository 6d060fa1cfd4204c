"""Edits of lanes that the images of a membrane share."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blotquant import edit
from blotquant.membrane_layout import Transform, carried_lanes
from blotquant.model import Band, BandRow, Lane, Layout, Panel

SHAPE = (400, 700)
PANEL = Panel("panel-1")


def a_layout(count=6, bend=12.0, fan=0.02):
    lanes = []
    for number in range(count):
        col = 80.0 + 100 * number
        lean = fan * (number - count / 2)
        path = tuple(
            (row, col + lean * row + bend * np.sin(row / 130)) for row in (0.0, 100.0, 250.0, 399.0)
        )
        lanes.append(Lane(f"lane-{number + 1}", "panel-1", path, 60.0))
    rows = (BandRow("a"), BandRow("b"))
    bands = tuple(
        Band(lane.id, row, start, start + 30.0)
        for lane in lanes
        for row, start in (("a", 100.0), ("b", 250.0))
    )
    return Layout((PANEL,), tuple(lanes), rows, bands)


def carried(layout, shift):
    return layout.replace(lanes=carried_lanes(layout.lanes, shift, layout.panels, SHAPE))


ROWS = np.array([60.0, 200.0, 340.0])


def center(layout, lane_id):
    return layout.lane(lane_id).center(ROWS)


SHIFTS = st.builds(
    Transform,
    dcol=st.floats(-25, 25),
    angle=st.floats(-2, 2),
    pivot=st.just((200.0, 330.0)),
)


@given(SHIFTS)
def test_the_shift_is_read_off_the_lanes(planted):
    ours = a_layout()
    found = edit.shift_between(ours, carried(ours, planted))
    # carried lanes are chords of bent ones, so the shift is seen to a px, not to a rounding error
    for lane in ours.lanes:
        at = lane.center(ROWS)
        assert found(ROWS, at)[1] == pytest.approx(planted(ROWS, at)[1], abs=1.0)
    assert edit.shift_between(ours, ours).dcol == pytest.approx(0, abs=1e-6)


def test_a_lane_moved_in_one_image_alone_hardly_counts():
    ours = a_layout()
    other = carried(ours, Transform(dcol=9.0))
    lane = other.lane("lane-3")
    moved = replace(lane, path=tuple((row, col + 18) for row, col in lane.path))
    other = other.replace(lanes=tuple(moved if one.id == lane.id else one for one in other.lanes))
    assert edit.shift_between(ours, other).dcol == pytest.approx(9.0, abs=0.5)


@given(SHIFTS, st.floats(-30, 30), st.integers(1, 6))
def test_a_move_is_made_in_the_other_image_too(planted, dcol, number):
    ours = a_layout()
    theirs = carried(ours, planted)
    name = f"lane-{number}"
    after = edit.move_lanes(ours, [name], dcol=dcol, shape=SHAPE)
    done = edit.shared_edit(ours, after, theirs, shape=SHAPE)
    moved = center(done, name) - center(theirs, name)
    really = float((center(after, name) - center(ours, name)).mean())
    assert moved == pytest.approx(np.full(3, really), abs=0.6)
    for lane in theirs.lanes:
        if lane.id != name:
            assert done.lane(lane.id) == lane
    assert done.bands == theirs.bands


def test_width_bend_words_and_deleting_go_over():
    ours = a_layout()
    theirs = carried(ours, Transform(dcol=-7.0, angle=0.5, pivot=(200.0, 330.0)))
    wide = edit.set_width(ours, ["lane-2"], 75.0)
    assert edit.shared_edit(ours, wide, theirs, shape=SHAPE).lane("lane-2").width == 75.0
    bent = edit.move_point(
        ours, "lane-4", 1, 100.0, ours.lane("lane-4").path[1][1] + 20, shape=SHAPE
    )
    there = edit.shared_edit(ours, bent, theirs, shape=SHAPE)
    rise = center(there, "lane-4") - center(theirs, "lane-4")
    assert rise == pytest.approx(center(bent, "lane-4") - center(ours, "lane-4"), abs=1.0)
    named = edit.describe_lanes(ours, ["lane-1"], kind="ladder", use=False)
    lane = edit.shared_edit(ours, named, theirs, shape=SHAPE).lane("lane-1")
    assert (lane.kind, lane.use) == ("ladder", False)
    assert lane.path == theirs.lane("lane-1").path
    less = edit.delete_lanes(ours, ["lane-5"])
    left = edit.shared_edit(ours, less, theirs, shape=SHAPE)
    assert [one.id for one in left.lanes] == [f"lane-{k}" for k in (1, 2, 3, 4, 6)]
    assert not [band for band in left.bands if band.lane_id == "lane-5"]


def test_a_new_lane_takes_the_rows_of_its_neighbours():
    ours = edit.delete_lanes(a_layout(), ["lane-3"])
    theirs = carried(ours, Transform(dcol=11.0))
    theirs = theirs.replace(
        bands=tuple(replace(b, start=b.start + 40, stop=b.stop + 44) for b in theirs.bands)
    )
    after, name = edit.add_lane(ours, 200.0, 290.0, shape=SHAPE)
    done = edit.shared_edit(ours, after, theirs, shape=SHAPE)
    assert float(done.lane(name).center(200.0)) == pytest.approx(301.0, abs=0.5)
    assert [lane.id for lane in done.lanes].index(name) == 2
    bands = done.bands_of(name)
    assert [(band.row_id, band.start, band.stop) for band in bands] == [
        ("a", 140.0, 174.0),
        ("b", 290.0, 324.0),
    ]
    assert done.lane(name).source == "carried"


def test_a_strip_and_its_whole_membrane_share_lanes_but_not_their_ends():
    whole = a_layout(bend=0.0, fan=0.0)
    strip = whole.replace(
        lanes=tuple(
            replace(lane, path=((0.0, lane.path[0][1] + 5), (80.0, lane.path[0][1] + 5)))
            for lane in whole.lanes
        ),
        bands=tuple(replace(b, start=20.0, stop=50.0) for b in whole.bands if b.row_id == "a"),
        rows=(BandRow("a"),),
    )
    moved = edit.move_lanes(strip, ["lane-2"], dcol=10.0, shape=(81, 700))
    done = edit.shared_edit(strip, moved, whole, shape=SHAPE)
    lane = done.lane("lane-2")
    assert (lane.top, lane.bottom) == (0.0, 399.0)
    assert float(lane.center(200.0)) == pytest.approx(190.0, abs=0.2)


def test_a_lane_that_leaves_the_other_picture_is_not_used_there():
    ours = a_layout()
    theirs = carried(ours, Transform(dcol=60.0))
    after = edit.move_lanes(ours, ["lane-6"], dcol=90.0, shape=SHAPE)
    lane = edit.shared_edit(ours, after, theirs, shape=SHAPE).lane("lane-6")
    assert (lane.use, lane.confidence) == (False, 0.0)
    back = edit.shared_edit(
        after,
        ours,
        theirs.replace(lanes=tuple(lane if one.id == "lane-6" else one for one in theirs.lanes)),
        shape=SHAPE,
    ).lane("lane-6")
    assert back.use
    assert back.confidence == 1.0


@given(SHIFTS)
def test_all_lanes_are_shifted_and_turned(planted):
    ours = a_layout()
    done = edit.with_shift(ours, planted, shape=SHAPE)
    for lane in done.lanes:
        row, col = planted.inverse(ROWS, lane.center(ROWS))
        assert col == pytest.approx(ours.lane(lane.id).center(row), abs=0.3)
        assert (lane.top, lane.bottom) == (0.0, 399.0)
    assert done.bands == ours.bands


def test_nothing_changed_is_nothing_done():
    ours = a_layout()
    theirs = carried(ours, Transform(dcol=3.0))
    banded = edit.move_bands(ours, [("lane-1", "a")], 4.0)
    assert edit.shared_edit(ours, banded, theirs, shape=SHAPE) is theirs

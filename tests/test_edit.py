"""Edits by hand: each leaves a sound layout, touches only what it says, and is marked."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blotquant import edit
from blotquant.errors import LayoutError
from blotquant.model import Band, BandRow, Lane, Layout, Panel

SHAPE = (200, 300)


def a_lane(name, col, bend=0.0, **more):
    path = ((5.0, col), (100.0, col + bend), (190.0, col))
    return Lane(name, "p", path, more.pop("width", 20.0), **more)


def a_layout(count=5, rows=2):
    lanes = tuple(a_lane(f"lane-{i}", 30.0 + 50 * i, bend=3.0 * i) for i in range(count))
    bands = tuple(
        Band(lane.id, f"row-{r}", 40.0 + 60 * r, 60.0 + 60 * r)
        for lane in lanes
        for r in range(rows)
    )
    return Layout((Panel("p"),), lanes, tuple(BandRow(f"row-{r}") for r in range(rows)), bands)


def hand(layout):
    """Ids of lanes and keys of bands that are marked as drawn by hand."""
    return (
        {lane.id for lane in layout.lanes if lane.source == "hand"},
        {(b.lane_id, b.row_id) for b in layout.bands if b.source == "hand"},
    )


# --- lanes


def test_moving_a_lane_marks_it_and_leaves_the_others_alone():
    before = a_layout()
    after = edit.move_lanes(before, ["lane-1"], dcol=7.5, shape=SHAPE)
    assert after.lane("lane-1").path == tuple((r, c + 7.5) for r, c in before.lane("lane-1").path)
    assert hand(after) == ({"lane-1"}, set())
    assert after.lane("lane-1").confidence == 1.0
    assert [after.lane(f"lane-{i}") is before.lane(f"lane-{i}") for i in (0, 2, 3, 4)] == [True] * 4
    assert after.bands == before.bands


def test_moving_down_takes_the_bands_along():
    before = a_layout()
    after = edit.move_lanes(before, ["lane-1"], drow=4, shape=SHAPE)
    assert [b.start - a.start for a, b in zip(before.bands, after.bands, strict=True)] == [
        4.0 * (band.lane_id == "lane-1") for band in before.bands
    ]


def test_lanes_stop_together_at_the_edge_of_the_picture():
    before = a_layout()
    after = edit.move_lanes(before, ["lane-0", "lane-1"], dcol=-100, shape=SHAPE)
    assert after.lane("lane-0").path[0][1] == 0.0
    assert after.lane("lane-1").path[0][1] == 50.0


def test_an_edge_moves_and_the_other_stays():
    before = a_layout()
    after = edit.move_edge(before, "lane-2", "left", -6, shape=SHAPE).lane("lane-2")
    was = before.lane("lane-2")
    assert after.width == 26.0
    assert after.path[1][1] + after.width / 2 == was.path[1][1] + was.width / 2
    narrow = edit.move_edge(before, "lane-2", "right", -500, shape=SHAPE).lane("lane-2")
    assert narrow.width == edit.MIN_WIDTH
    assert narrow.path[0][1] - 1 == pytest.approx(was.path[0][1] - 10)


def test_an_edge_takes_no_lane_out_of_the_picture():
    """Wide to the left, then narrow from the right: it would have ended beside the picture."""
    wide = edit.move_edge(a_layout(), "lane-0", "left", -500, shape=SHAPE)
    assert min(col for _, col in wide.lane("lane-0").path) == 0.0
    narrow = edit.move_edge(wide, "lane-0", "right", -500, shape=SHAPE).lane("lane-0")
    assert min(col for _, col in narrow.path) >= 0.0


def test_a_point_stays_between_its_neighbours():
    layout = edit.move_point(a_layout(), "lane-1", 1, 500, 90, shape=SHAPE)
    assert layout.lane("lane-1").path[1] == (189.0, 90.0)
    layout = edit.move_point(layout, "lane-1", 2, 500, 900, shape=SHAPE)
    assert layout.lane("lane-1").path[2] == (199.0, 299.0)


def test_points_come_and_go():
    before = a_layout()
    more = edit.add_point(before, "lane-3", 50)
    assert len(more.lane("lane-3").path) == 4
    assert more.lane("lane-3").center(50) == before.lane("lane-3").center(50)
    assert edit.remove_point(more, "lane-3", 1).lane("lane-3").path == before.lane("lane-3").path
    with pytest.raises(LayoutError, match="point at row 50"):
        edit.add_point(more, "lane-3", 50.2)
    with pytest.raises(LayoutError, match="beyond its ends"):
        edit.add_point(before, "lane-3", 199)
    two = edit.remove_point(before, "lane-3", 1)
    with pytest.raises(LayoutError, match="needs the two points"):
        edit.remove_point(two, "lane-3", 0)


def test_a_new_lane_is_like_its_neighbours():
    before = a_layout()
    after, name = edit.add_lane(before, 100.0, 284.0, shape=SHAPE)
    new = after.lane(name)
    assert (new.width, new.source, after.lanes[-1].id) == (20.0, "hand", name)
    assert new.center(100.0) == 284.0
    bend = before.lane("lane-4").path[1][1] - before.lane("lane-4").path[0][1]
    assert new.path[1][1] - new.path[0][1] == pytest.approx(bend)


def test_a_lane_can_be_drawn_where_there_is_nothing():
    layout, name = edit.add_lane(Layout(), 10, 20, shape=SHAPE)
    assert layout.lane(name).path == ((0.0, 20.0), (199.0, 20.0))
    with pytest.raises(LayoutError, match="outside the picture"):
        edit.add_lane(Layout(), 10, 300, shape=SHAPE)


def test_a_new_lane_belongs_to_the_panel_around_it():
    left = ((0.0, 0.0), (0.0, 149.0), (199.0, 149.0), (199.0, 0.0))
    right = tuple((row, col + 150) for row, col in left)
    layout = Layout((Panel("a", left), Panel("b", right)))
    for col, panel in ((20, "a"), (200, "b")):
        after, name = edit.add_lane(layout, 50, col, shape=SHAPE)
        assert after.lane(name).panel_id == panel


def test_a_deleted_lanes_id_is_not_given_to_another_place():
    first, name = edit.add_lane(a_layout(), 100, 280, shape=SHAPE)
    second, other = edit.add_lane(edit.delete_lanes(first, [name]), 100, 10, shape=SHAPE)
    assert other != name
    assert second.lane(other).source == "hand"


def test_deleting_a_lane_takes_its_bands_and_emptied_rows():
    before = a_layout()
    alone = edit.delete_bands(before, [(f"lane-{i}", "row-1") for i in range(1, 5)])
    after = edit.delete_lanes(alone, ["lane-0"])
    assert [row.id for row in after.rows] == ["row-0"]
    assert all(band.lane_id != "lane-0" for band in after.bands)
    with pytest.raises(LayoutError, match="no lane 'lane-0'"):
        edit.delete_lanes(after, ["lane-0"])


def test_what_a_lane_holds_is_not_who_drew_it():
    after = edit.describe_lanes(a_layout(), ["lane-0"], kind="ladder", label="M", use=False)
    lane = after.lane("lane-0")
    assert (lane.kind, lane.label, lane.use, lane.source) == ("ladder", "M", False, "auto")
    with pytest.raises(LayoutError, match="not a kind"):
        edit.describe_lanes(after, ["lane-0"], kind="leiter")
    with pytest.raises(LayoutError, match="width"):
        edit.describe_lanes(after, ["lane-0"], width=3)


def test_even_spacing():
    before = edit.move_lanes(a_layout(), ["lane-2"], dcol=11, shape=SHAPE)
    after = edit.space_evenly(before, [lane.id for lane in before.lanes])
    middles = [float(lane.center((lane.top + lane.bottom) / 2)) for lane in after.lanes]
    steps = [b - a for a, b in pairwise(middles)]
    assert steps == pytest.approx([steps[0]] * 4)
    assert (after.lanes[0], after.lanes[4]) == (before.lanes[0], before.lanes[4])
    with pytest.raises(LayoutError, match="three lanes"):
        edit.space_evenly(before, ["lane-0", "lane-1"])


# --- bands


def test_limits_are_set_and_do_not_cross():
    before = a_layout().replace(
        bands=tuple(replace(band, detected=False) for band in a_layout().bands)
    )
    key = ("lane-1", "row-0")
    band = edit.band_at(edit.set_limits(before, key, stop=66), key)
    assert (band.start, band.stop, band.source, band.detected) == (40, 66, "hand", True)
    band = edit.band_at(edit.set_limits(before, key, stop=10), key)
    assert (band.start, band.stop) == (40, 41)
    band = edit.band_at(edit.set_limits(before, key, start=90), key)
    assert (band.start, band.stop) == (59, 60)
    with pytest.raises(LayoutError, match="no band"):
        edit.set_limits(before, ("lane-1", "row-9"), stop=3)


def test_a_band_joins_the_row_it_lies_in():
    without = edit.delete_bands(a_layout(), [("lane-2", "row-1")])
    after, key = edit.add_band(without, "lane-2", 102, 118)
    assert key == ("lane-2", "row-1")
    after, key = edit.add_band(after, "lane-2", 150, 165)
    assert key[1] == "row-hand-1"
    assert after.rows[-1] == BandRow("row-hand-1")
    with pytest.raises(LayoutError, match="already"):
        edit.add_band(after, "lane-2", 150, 165, "row-1")


def test_a_row_moves_as_one():
    after = edit.move_row(a_layout(), "row-1", -3)
    assert {b.start for b in after.bands if b.row_id == "row-1"} == {97.0}
    assert {b.start for b in after.bands if b.row_id == "row-0"} == {40.0}


def test_bands_change_rows():
    before = edit.delete_bands(a_layout(), [("lane-0", "row-0"), ("lane-1", "row-0")])
    after = edit.assign_row(before, [("lane-0", "row-1"), ("lane-1", "row-1")], "row-0")
    assert sum(band.row_id == "row-0" for band in after.bands) == 5
    with pytest.raises(LayoutError, match="already"):
        edit.assign_row(before, [("lane-2", "row-1")], "row-0")
    with pytest.raises(LayoutError, match="in one lane"):
        edit.assign_row(before, [("lane-2", "row-0"), ("lane-2", "row-1")], None)
    new = edit.assign_row(before, [("lane-2", "row-1")], None)
    assert new.rows[-1].id == "row-hand-1"
    named = edit.name_row(new, "row-hand-1", target="P53", mw_kda=53.0)
    assert (named.rows[-1].target, named.rows[-1].mw_kda) == ("P53", 53.0)


def test_two_bands_in_one_place_are_not_told_apart_by_guess():
    layout = a_layout()
    double = layout.replace(bands=(*layout.bands, Band("lane-0", "row-0", 70, 80)))
    with pytest.raises(LayoutError, match="2 bands"):
        edit.set_limits(double, ("lane-0", "row-0"), stop=66)


# --- turning


@pytest.mark.parametrize(("before", "after"), [("0", "mirror"), ("0", "180"), ("90", "270")])
def test_turning_there_and_back_is_nothing(before, after):
    layout = a_layout()
    there = edit.turned(layout, before, after, SHAPE)
    assert there != layout
    back = edit.turned(there, after, before, SHAPE)
    assert back == layout.replace(bands=back.bands)
    assert set(back.bands) == set(layout.bands)


def test_a_quarter_turn_leaves_no_lanes():
    assert edit.turned(a_layout(), "0", "90", SHAPE) is None


def test_turns_go_round_and_do_not_mix_with_mirroring():
    now = "0"
    for expected in ("90", "180", "270", "0"):
        now = edit.next_orientation(now, "left")
        assert now == expected
    assert edit.next_orientation("0", "right") == "270"
    assert edit.next_orientation("mirror", "mirror") == "0"
    for now, turn in (("90", "mirror"), ("mirror", "left")):
        with pytest.raises(LayoutError, match="back first"):
            edit.next_orientation(now, turn)


# --- keeping hand edits


def renamed(layout, shift=0.0):
    """What another detection gives: other ids, a little off."""
    lanes = tuple(
        replace(
            lane, id=f"new-{i}", path=tuple((r, c + shift) for r, c in lane.path), confidence=0.7
        )
        for i, lane in enumerate(layout.lanes)
    )
    names = {old.id: new.id for old, new in zip(layout.lanes, lanes, strict=True)}
    bands = tuple(
        replace(band, lane_id=names[band.lane_id], row_id=f"new-{band.row_id}")
        for band in layout.bands
    )
    rows = tuple(replace(row, id=f"new-{row.id}") for row in layout.rows)
    return Layout(layout.panels, lanes, rows, bands)


def test_hand_lanes_survive_and_the_rest_is_found_anew():
    mine = edit.move_lanes(a_layout(), ["lane-1"], dcol=4, shape=SHAPE)
    mine = edit.describe_lanes(mine, ["lane-3"], kind="ladder", label="M")
    mine = edit.set_limits(mine, ("lane-2", "row-0"), stop=67)
    merged = edit.keep_hand_edits(mine, renamed(a_layout(), shift=1.0))
    assert merged.lane("lane-1") == mine.lane("lane-1")
    assert merged.bands_of("lane-1") == mine.bands_of("lane-1")
    assert merged.lane("lane-3").path[0][1] == mine.lane("lane-3").path[0][1] + 1
    assert (merged.lane("lane-3").kind, merged.lane("lane-3").label) == ("ladder", "M")
    assert edit.band_at(merged, ("lane-2", "row-0")) == edit.band_at(mine, ("lane-2", "row-0"))
    assert [lane.id for lane in merged.lanes] == [lane.id for lane in mine.lanes]
    assert [row.id for row in merged.rows] == ["row-0", "row-1"]
    assert len(merged.bands) == 10


def test_what_was_added_stays_and_what_was_removed_stays_away():
    mine, name = edit.add_lane(a_layout(4), 100, 280, shape=SHAPE)
    gone = mine.lane("lane-0")
    mine = edit.delete_lanes(mine, ["lane-0"])
    merged = edit.keep_hand_edits(mine, renamed(a_layout(4)), removed=[gone])
    assert [lane.id for lane in merged.lanes] == ["lane-1", "lane-2", "lane-3", name]
    again = edit.keep_hand_edits(mine, renamed(a_layout(4)))
    assert len(again.lanes) == 5


def test_a_hand_band_is_not_lost_with_its_lane():
    mine = edit.set_limits(a_layout(), ("lane-4", "row-0"), stop=67)
    found = edit.delete_lanes(renamed(a_layout()), ["new-4"])
    merged = edit.keep_hand_edits(mine, found)
    assert edit.band_at(merged, ("lane-4", "row-0")).stop == 67


def test_finding_the_same_again_changes_nothing():
    mine = edit.move_lanes(a_layout(), ["lane-1"], dcol=4, shape=SHAPE)
    again = renamed(a_layout())
    again = again.replace(
        bands=again.bands[::-1], lanes=tuple(replace(lane, confidence=1.0) for lane in again.lanes)
    )
    assert edit.keep_hand_edits(mine, again) == mine


def test_without_hand_edits_it_is_what_was_found():
    found = renamed(a_layout(), shift=100)
    merged = edit.keep_hand_edits(a_layout(), found)
    assert {lane.path for lane in merged.lanes} == {lane.path for lane in found.lanes}


def test_the_difference_is_what_changed():
    before = a_layout()
    after = edit.set_width(before, ["lane-1"], 30)
    was, is_now = edit.difference(before, after)
    assert (list(was), list(is_now)) == (["lanes"], ["lanes"])
    assert (was["lanes"][0]["width"], is_now["lanes"][0]["width"]) == (20, 30)
    assert edit.difference(before, before) == ({}, {})


# --- any edits, in any order

ANY_PLACE = st.floats(-400, 400)


@st.composite
def an_edit(draw):
    """An edit with any numbers, as a function of the layout; what is refused changes nothing."""
    kind = draw(st.integers(0, 12))
    which, point = draw(st.integers(0, 9)), draw(st.integers(0, 5))
    x, y = draw(ANY_PLACE), draw(ANY_PLACE)

    def apply(layout):
        ids = [lane.id for lane in layout.lanes] or [""]
        keys = [(band.lane_id, band.row_id) for band in layout.bands] or [("", "")]
        rows = [row.id for row in layout.rows] or [""]
        lane, key, row = ids[which % len(ids)], keys[which % len(keys)], rows[point % len(rows)]
        return [
            lambda: edit.move_lanes(layout, [lane], x, y, shape=SHAPE),
            lambda: edit.move_lanes(layout, ids, x, y, shape=SHAPE),
            lambda: edit.move_edge(layout, lane, "left" if point % 2 else "right", x, shape=SHAPE),
            lambda: edit.widen_lanes(layout, ids, x / 10),
            lambda: edit.move_point(layout, lane, point, x, y, shape=SHAPE),
            lambda: edit.add_point(layout, lane, x),
            lambda: edit.remove_point(layout, lane, point),
            lambda: edit.add_lane(layout, x, y, shape=SHAPE)[0],
            lambda: edit.delete_lanes(layout, [lane]),
            lambda: edit.space_evenly(layout, ids),
            lambda: edit.set_limits(layout, key, **{("start", "stop")[point % 2]: x}),
            lambda: edit.add_band(layout, lane, min(x, y), max(x, y) + 1)[0],
            lambda: edit.assign_row(layout, [key], row),
        ][kind]()

    return apply


@settings(max_examples=200, deadline=None)
@given(st.lists(an_edit(), max_size=25))
def test_any_edits_leave_a_sound_layout(edits):
    layout = a_layout(4)
    for apply in edits:
        before = layout
        try:
            layout = apply(layout)  # a layout checks itself when it is made
        except LayoutError:
            assert layout is before
        for lane in layout.lanes:
            assert lane.width >= edit.MIN_WIDTH
            assert all(0 <= row <= SHAPE[0] - 1 for row, _ in lane.path)
        known = {id(item) for item in (*before.lanes, *before.bands)}
        changed = [item for item in (*layout.lanes, *layout.bands) if id(item) not in known]
        assert all(item.source == "hand" for item in changed)
        keys = [(band.lane_id, band.row_id) for band in layout.bands]
        assert len(set(keys)) == len(keys)
        assert {row.id for row in layout.rows} == {band.row_id for band in layout.bands}

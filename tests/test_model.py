"""The nouns keep their promises: what cannot be is refused when it is made."""

import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blotquant.errors import LayoutError, UnreadableImage
from blotquant.flags import FLAG_MEANING, Flag
from blotquant.model import (
    Band,
    BandRow,
    Blot,
    ImageSource,
    Lane,
    Layout,
    Panel,
    Profile,
)
from blotquant.signal import SignalMap


def lane(name="a", col=10.0, panel="p", **more):
    return Lane(name, panel, ((0, col), (50, col)), 8, **more)


def layout(lanes=(), bands=(), panels=("p",), rows=("r",)):
    return Layout(
        tuple(Panel(name) for name in panels), lanes, tuple(BandRow(r) for r in rows), bands
    )


# --- blots


@pytest.mark.parametrize("shape", [(5,), (4, 4, 3), (1, 9), (9, 1), (0, 0), (2, 0)])
def test_a_blot_is_a_picture(shape):
    with pytest.raises(UnreadableImage, match=r"scan\.tif: a picture of shape"):
        Blot(np.zeros(shape), source=ImageSource("folder/scan.tif"))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_blot_is_finite(value):
    pixels = np.zeros((4, 4), np.float32)
    pixels[2, 2] = value
    with pytest.raises(UnreadableImage, match="hold no number"):
        Blot(pixels)


def test_a_mask_is_of_the_pictures_shape():
    with pytest.raises(UnreadableImage, match="saturation mask"):
        Blot(np.zeros((4, 5)), saturated=np.zeros((5, 4), bool))


def test_arrays_are_read_only_and_the_callers_stay_writeable():
    pixels, mask = np.zeros((4, 5), np.uint8), np.zeros((4, 5), bool)
    blot = Blot(pixels, saturated=mask)
    for array in (blot.pixels, blot.saturated):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
    pixels[0, 0], mask[0, 0] = 1, True
    with pytest.raises(FrozenInstanceError):
        blot.bit_depth = 8


def test_signal_of_a_region_is_the_regions_signal():
    pixels = np.arange(20, dtype=np.uint16).reshape(4, 5)
    blot = Blot(pixels, SignalMap(-1, 65535))
    region = (slice(1, 3), slice(2, 5))
    assert blot.signal().dtype == np.float32
    np.testing.assert_array_equal(blot.signal(), 65535 - pixels.astype(float))
    np.testing.assert_array_equal(blot.signal(region), blot.signal()[region])


def test_a_source_is_called_by_file_and_part():
    assert ImageSource("a/b.tif").name == "b.tif"
    assert ImageSource("a/b.tif", part="2").name == "b.tif#2"


TURNED = {
    "0": lambda file: file,
    "90": lambda file: np.rot90(file, 1),
    "180": lambda file: np.rot90(file, 2),
    "270": lambda file: np.rot90(file, 3),
    "mirror": lambda file: file[:, ::-1],
}


@given(
    orientation=st.sampled_from(sorted(TURNED)),
    rows=st.integers(2, 9),
    cols=st.integers(2, 9),
    data=st.data(),
)
def test_to_file_finds_the_stored_pixel(orientation, rows, cols, data):
    file = np.arange(rows * cols).reshape(rows, cols)
    blot = Blot(TURNED[orientation](file), orientation=orientation)
    row = data.draw(st.integers(0, blot.shape[0] - 1))
    col = data.draw(st.integers(0, blot.shape[1] - 1))
    file_row, file_col = blot.to_file(row, col)
    assert file[int(file_row), int(file_col)] == blot.pixels[row, col]


# --- lanes


@pytest.mark.parametrize(
    "path",
    [(), ((0, 1),), ((5, 1), (5, 2)), ((5, 1), (4, 1)), ((0, 1), (9, 1), (9, 2))],
    ids=["none", "one point", "level", "upwards", "stops"],
)
def test_a_lane_runs_down(path):
    with pytest.raises(LayoutError, match="lane a: its path needs two points"):
        Lane("a", "p", path, 5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_lanes_path_is_finite(value):
    with pytest.raises(LayoutError, match="lane a"):
        Lane("a", "p", ((0, 1), (9, value)), 5)
    with pytest.raises(LayoutError, match="lane a"):
        Lane("a", "p", ((0, 1), (value, 3)), 5)


@pytest.mark.parametrize("width", [0, -1, np.nan, np.inf])
def test_a_lane_has_a_width(width):
    with pytest.raises(LayoutError, match="width"):
        Lane("a", "p", ((0, 1), (9, 1)), width)


def test_a_lane_is_of_a_known_kind():
    with pytest.raises(LayoutError, match=r"'control' is not a kind of lane \(sample, ladder"):
        lane(kind="control")


def test_a_lanes_center_is_straight_between_points():
    bent = Lane("a", "p", ((0, 10), (10, 20), (20, 10)), 4)
    assert (bent.top, bent.bottom) == (0, 20)
    np.testing.assert_allclose(
        bent.center(np.array([-5, 0, 2.5, 10, 15, 99])), [10, 10, 12.5, 20, 15, 10]
    )


def test_geometry_is_plain():
    one = Lane("a", "p", [[np.int64(0), np.float32(1)], [9, 1]], 5)
    assert one == Lane("a", "p", ((0.0, 1.0), (9.0, 1.0)), 5)
    assert len({one, replace(one)}) == 1
    assert pickle.loads(pickle.dumps(one)) == one


# --- bands


@pytest.mark.parametrize(
    ("start", "stop"), [(5, 5), (6, 5), (np.nan, 5), (0, np.inf), (-np.inf, 0)]
)
def test_a_band_is_a_range(start, stop):
    with pytest.raises(LayoutError, match="band of lane a"):
        Band("a", "r", start, stop)


# --- layouts


def test_lanes_stand_left_to_right_within_their_panels_order():
    right, left, other = lane("right", 40), lane("left", 5), lane("other", 1, panel="q")
    made = layout((other, right, left), panels=("p", "q"))
    assert [one.id for one in made.lanes] == ["left", "right", "other"]
    made = layout((left, other, right), panels=("q", "p"))
    assert [one.id for one in made.lanes] == ["other", "left", "right"]


def test_lanes_are_ordered_at_their_middle():
    leaning = Lane("leaning", "p", ((0, 0), (50, 60)), 8)
    assert [one.id for one in layout((leaning, lane("upright", 20))).lanes] == [
        "upright",
        "leaning",
    ]


@given(order=st.permutations(range(5)))
def test_the_order_given_makes_no_difference(order):
    lanes = [lane(f"{k}", 10.0 * k) for k in range(5)]
    assert layout(tuple(lanes[k] for k in order)) == layout(tuple(lanes))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lanes": (lane(), lane())}, "two lanes have the id 'a'"),
        ({"panels": ("p", "p")}, "two panels have the id 'p'"),
        ({"rows": ("r", "r")}, "two rows have the id 'r'"),
        ({"lanes": (lane(panel="q"),)}, "there is no panel 'q'"),
        ({"bands": (Band("b", "r", 0, 1),)}, "a band points at lane 'b'"),
        ({"lanes": (lane(),), "bands": (Band("a", "s", 0, 1),)}, "a band points at row 's'"),
    ],
)
def test_everything_points_at_something(wrong, said):
    with pytest.raises(LayoutError, match=said):
        layout(**wrong)


def test_a_changed_layout_is_checked_again():
    with pytest.raises(LayoutError, match="points at lane 'a'"):
        layout((lane(),), (Band("a", "r", 0, 1),)).replace(lanes=())


def test_lanes_and_bands_are_found_by_lane():
    low, high, other = Band("a", "r", 30, 40), Band("a", "s", 5, 12), Band("b", "r", 1, 2)
    made = layout((lane(), lane("b", 30)), (low, other, high), rows=("r", "s"))
    assert made.bands_of("a") == (high, low)
    assert made.lane("b").id == "b"
    with pytest.raises(LayoutError, match="no lane 'c'"):
        made.lane("c")


# --- profiles


def test_a_profiles_arrays_are_of_one_length():
    five, four = np.zeros(5), np.zeros(4)
    Profile(five, five, five, five)
    with pytest.raises(LayoutError, match="one length"):
        Profile(five, five, four, five)
    with pytest.raises(LayoutError, match="one length"):
        Profile(*[np.zeros((2, 2))] * 4)


@pytest.mark.parametrize("which", range(4))
def test_a_profile_is_finite(which):
    arrays = [np.zeros(5) for _ in range(4)]
    arrays[which][3] = np.nan
    with pytest.raises(LayoutError, match="finite"):
        Profile(*arrays)


# --- flags


@given(st.sets(st.sampled_from([flag for flag in Flag if flag])))
def test_flags_are_written_and_read_back(chosen):
    flags = Flag.NONE
    for flag in chosen:
        flags |= flag
    assert Flag.parse(str(flags)) == flags
    assert set(filter(None, str(flags).split(";"))) == {flag.name for flag in chosen}


def test_every_flag_has_its_meaning():
    assert set(FLAG_MEANING) == {flag for flag in Flag if flag}
    assert all(line.endswith(".") and "\n" not in line for line in FLAG_MEANING.values())

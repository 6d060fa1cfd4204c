"""Reading a lane: areas are kept, whatever the path, the width and the image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blotquant.model import Blot, Lane
from blotquant.noise import NoiseModel
from blotquant.reading import (
    SECTIONS,
    lane_weights,
    read_lane,
    read_lanes,
    read_sections,
    row_weights,
    saturated_rows,
    sum_mask,
)
from blotquant.signal import SignalMap

QUIET = NoiseModel(floor=4.0, gain=0.5, minimum=0.0)
# Nothing stands out of it: no pixel of a picture drawn at random is taken for a speck.
LOUD = NoiseModel(floor=1e14, gain=0.5, minimum=0.0)
ROWS, COLS = 40, 60


def picture(dtype, seed):
    rng = np.random.default_rng(seed)
    if dtype == np.float32:
        return rng.normal(500, 300, (ROWS, COLS)).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, (ROWS, COLS), dtype=dtype, endpoint=True)


@st.composite
def paths(draw):
    """Two to five points, also beyond the image."""
    rows = draw(st.lists(st.floats(-10, ROWS + 10), min_size=2, max_size=5, unique=True))
    rows = sorted(round(row, 3) for row in rows)
    rows = [row + 0.01 * k for k, row in enumerate(rows)]
    return tuple((row, draw(st.floats(-15, COLS + 15))) for row in rows)


blots = st.builds(
    lambda dtype, seed: Blot(picture(dtype, seed)),
    st.sampled_from([np.uint8, np.uint16, np.float32]),
    st.integers(0, 99),
)


def lane(path, width):
    return Lane("a", "p", path, width)


def beside(path, shift):
    return tuple((row, col + shift) for row, col in path)


@settings(deadline=None)
@given(blot=blots, path=paths(), width=st.floats(0.3, 80))
def test_two_half_lanes_add_up_to_the_whole(blot, path, width):
    whole = read_lane(blot, lane(path, width), LOUD)
    halves = [read_lane(blot, lane(beside(path, s * width / 4), width / 2), LOUD) for s in (-1, 1)]
    scale = float(np.abs(blot.pixels.astype(float)).max()) * max(width, 1)
    for name in ("intensity", "width"):
        total = sum(getattr(half, name) for half in halves)
        np.testing.assert_allclose(total, getattr(whole, name), rtol=1e-6, atol=1e-9 * scale)
    np.testing.assert_array_equal(halves[0].position, whole.position)


@settings(deadline=None)
@given(blot=blots, path=paths(), width=st.floats(0.3, 80))
def test_each_section_is_the_lane_of_its_own_part(blot, path, width):
    sections = read_sections(blot, lane(path, width), LOUD)
    whole = sections.whole
    assert sections.intensity.shape == (SECTIONS, whole.position.size)
    scale = float(np.abs(blot.pixels.astype(float)).max()) * max(width, 1)
    widths = np.zeros(whole.position.size)
    for k, section in enumerate(sections.intensity):
        shift = width * ((k + 0.5) / SECTIONS - 0.5)
        alone = read_lane(blot, lane(beside(path, shift), width / SECTIONS), LOUD)
        np.testing.assert_allclose(section, alone.intensity, rtol=1e-6, atol=1e-9 * scale)
        widths += alone.width
    np.testing.assert_allclose(whole.width, widths, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(whole.intensity, sections.intensity.sum(axis=0))


@settings(deadline=None)
@given(path=paths(), width=st.floats(0.3, 80), level=st.integers(0, 65535))
def test_a_constant_picture_gives_level_times_width(path, width, level):
    blot = Blot(np.full((ROWS, COLS), level, np.uint16))
    profile = read_lane(blot, lane(path, width), QUIET)
    np.testing.assert_allclose(profile.intensity, level * profile.width, rtol=1e-9, atol=1e-6)
    center = lane(path, width).center(profile.position)
    inside = np.clip(center + width / 2, -0.5, COLS - 0.5) - np.clip(
        center - width / 2, -0.5, COLS - 0.5
    )
    np.testing.assert_allclose(profile.width, inside, atol=1e-9)
    np.testing.assert_allclose(
        profile.variance, (4 + 0.5 * level) * profile.width, rtol=1e-6, atol=1e-6
    )


@settings(deadline=None)
@given(blot=blots, path=paths(), width=st.floats(0.3, 80))
def test_reading_is_the_weighted_sum_of_the_pixels(blot, path, width):
    profile = read_lane(blot, lane(path, width), LOUD)
    rows, first, weights = lane_weights(blot.shape, lane(path, width))
    np.testing.assert_array_equal(rows, profile.position)
    if rows.size:
        part = blot.pixels[rows[0] : rows[-1] + 1, first : first + weights.shape[1]].astype(float)
        scale = float(np.abs(part).max())
        np.testing.assert_allclose(
            (part * weights).sum(axis=1), profile.intensity, rtol=1e-6, atol=1e-8 * scale * width
        )


def test_a_pixel_on_the_edge_counts_by_its_area():
    pixels = np.zeros((3, 9), np.uint16)
    pixels[:, 3] = 100
    blot = Blot(pixels)
    for center, share in ((3, 1.0), (1.75, 0.75), (4.5, 0.5), (6, 0.0)):
        profile = read_lane(blot, lane(((0, center), (2, center)), 3), QUIET)
        np.testing.assert_allclose(profile.intensity, 100 * share)


def test_a_lane_over_the_edge_reads_what_is_in_the_picture():
    blot = Blot(picture(np.uint16, 1))
    profile = read_lane(blot, lane(((-20, 0), (ROWS + 20, 0)), 11), QUIET)
    np.testing.assert_array_equal(profile.position, np.arange(ROWS))
    np.testing.assert_allclose(profile.width, 6)
    np.testing.assert_allclose(profile.intensity, blot.pixels[:, :6].sum(axis=1, dtype=float))


def test_a_lane_beside_the_picture_reads_nothing():
    blot = Blot(picture(np.uint16, 1))
    profile = read_lane(blot, lane(((0, 200), (39, 200)), 11), QUIET)
    assert not profile.intensity.any()
    assert not profile.width.any()
    assert read_lane(blot, lane(((100, 5), (139, 5)), 11), QUIET).position.size == 0
    beyond = read_sections(blot, lane(((100, 5), (139, 5)), 11), QUIET)
    assert beyond.intensity.shape == (SECTIONS, 0)


def test_other_lanes_and_other_pictures_are_read_anew():
    blot, other = Blot(picture(np.uint16, 1)), Blot(picture(np.uint16, 2))
    path = ((0, 20), (39, 33))
    first = read_lane(blot, lane(path, 9), LOUD).intensity.sum()
    for again in (
        read_lane(other, lane(path, 9), LOUD),
        read_lane(blot, lane(path, 9.5), LOUD),
        read_lane(blot, lane(beside(path, 1), 9), LOUD),
    ):
        assert again.intensity.sum() != first
    noisy = NoiseModel(floor=1e15, gain=0.5, minimum=0.0)
    assert (
        read_lane(blot, lane(path, 9), noisy).variance
        > read_lane(blot, lane(path, 9), LOUD).variance
    ).all()
    assert read_lane(blot, lane(path, 9), LOUD).intensity.sum() == first


def test_lanes_read_together_are_as_read_alone():
    pixels = picture(np.uint16, 4)
    lanes = [
        lane(((0, -2), (39, 3)), 7.4),  # over the edge
        lane(((3.2, 20), (30, 26)), 12),
        lane(((0, 50), (39, 44)), 23.1),
    ]
    together = read_lanes(Blot(pixels), lanes, QUIET)
    for read, own in zip(together, lanes, strict=True):
        alone = read_sections(Blot(pixels), own, QUIET)
        for name in ("position", "intensity", "variance", "width"):
            np.testing.assert_allclose(getattr(read.whole, name), getattr(alone.whole, name))
        np.testing.assert_allclose(read.intensity, alone.intensity)
        np.testing.assert_array_equal(read.sides, alone.sides)
        np.testing.assert_array_equal(read.marks.taken, alone.marks.taken)


def test_dark_bands_are_read_as_signal():
    pixels = picture(np.uint8, 2)
    dark, light = Blot(255 - pixels, SignalMap(-1, 255)), Blot(pixels)
    path = lane(((0, 20), (39, 33)), 9.3)
    np.testing.assert_allclose(
        read_lane(dark, path, QUIET).intensity, read_lane(light, path, QUIET).intensity
    )


@given(start=st.floats(-5, 25), length=st.floats(0.01, 30))
def test_rows_count_by_the_share_between_the_limits(start, length):
    position = np.arange(20.0)
    weights = row_weights(position, start, start + length)
    inside = np.clip(start + length, -0.5, 19.5) - np.clip(start, -0.5, 19.5)
    assert weights.sum() == pytest.approx(inside, abs=1e-9)
    assert ((weights >= 0) & (weights <= 1)).all()


def test_a_mask_is_summed_by_area():
    mask = np.zeros((ROWS, COLS), bool)
    mask[10:12, 18:22] = True
    straight = lane(((0, 20), (39, 20)), 5)  # columns 17.5 to 22.5
    assert sum_mask(mask, mask.shape, straight, 5, 30) == pytest.approx(8)
    assert sum_mask(mask, mask.shape, straight, 10, 30) == pytest.approx(6)  # half of row 10
    assert sum_mask(mask, mask.shape, lane(((0, 20), (39, 20)), 3), 5, 30) == pytest.approx(6)
    assert sum_mask(mask, mask.shape, straight, 20, 30) == 0


@given(path=paths(), width=st.floats(1.0, 50))
@settings(max_examples=30, deadline=None)
def test_the_outermost_pixels_come_with_the_sections(path, width):
    blot = Blot(picture(np.uint16, 3), SignalMap(2.0, 5.0))
    read = read_sections(blot, lane(path, width), QUIET)
    middle = lane(path, width).center(read.whole.position)
    for found, side in zip(read.outermost, (-1, 1), strict=True):
        at = np.clip(np.rint(middle + side * (width / 2 - 0.5)), 0, COLS - 1).astype(int)
        assert found == pytest.approx(2.0 * blot.pixels[read.whole.position.astype(int), at] + 5.0)


@given(path=paths(), width=st.floats(1.0, 50))
@settings(max_examples=30, deadline=None)
def test_saturated_rows_are_sums_of_the_mask(path, width):
    mask = np.zeros((ROWS, COLS), bool)
    mask[12:15, 20:40] = mask[30, 5] = True
    blot = Blot(picture(np.uint16, 3), saturated=mask)
    rows, first, weights = lane_weights(blot.shape, lane(path, width))
    if rows.size:
        part = mask[rows[0] : rows[-1] + 1, first : first + weights.shape[1]]
        assert saturated_rows(blot, lane(path, width)) == pytest.approx(
            (part * weights).sum(axis=1)
        )

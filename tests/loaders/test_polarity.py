"""Polarity from the picture: right on every real and every simulated blot."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from blotquant.loaders import load
from blotquant.loaders.polarity import look_for_bands
from blotquant.reduced import known_reduced, reduce_pixels, usual_factor
from blotquant.simulate import KINDS, render, simulate, spec_of

LIGHT = {
    "blotbench_actin.tif", "blotbench_parp.tif", "blotbench_trail.tif", "biorad_test1.1sc",
    "biorad_test4.1sc", "promad_00000.scn", "promad_00002.scn", "promad_00004.scn",
    "goedhart_dots_miniswhite.tif",
}  # fmt: skip
DARK = {
    "biorad_test1_ref.tif", "biorad_test4_ref.tif", "encode_rbmx_dilution.tif",
    "encode_hnrnpa1_dilution.tif", "encode_ep300_curved.jpg", "gelquant_two_gels.png",
    "strip_12_lanes.png", "strip_13_lanes_sloping.png",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(LIGHT | DARK))
def test_real_blots(shared, name):
    (blot,) = load(shared / "real" / name)
    seen = look_for_bands(blot.pixels)
    assert seen.polarity == ("light_on_dark" if name in LIGHT else "dark_on_light")
    assert seen.certain
    inverted = look_for_bands(blot.pixels.max() - blot.pixels)
    assert inverted.polarity != seen.polarity


@pytest.mark.parametrize("shape", [(1650, 2000), (900, 3300)])
def test_means_of_small_squares_tell_the_same(shape):
    blot = replace(spec_of("clean", 3), shape=shape, lane_width=80.0)
    pixels = render(blot, 3).image
    seen = look_for_bands(pixels)
    reduced = look_for_bands(pixels, reduce_pixels(pixels, usual_factor(shape)))
    assert reduced.polarity == seen.polarity
    assert reduced.skewness == pytest.approx(seen.skewness, rel=0.05)


def test_what_was_reduced_for_the_polarity_serves_the_lanes(shared):
    (blot,) = load(shared / "real" / "encode_rbmx_dilution.tif")
    assert known_reduced(blot) is known_reduced(blot)
    np.testing.assert_array_equal(
        known_reduced(blot), reduce_pixels(blot.pixels, usual_factor(blot.shape))
    )


def test_the_tag_that_lies(shared):
    (blot,) = load(shared / "real" / "goedhart_dots_miniswhite.tif")
    assert blot.polarity == "light_on_dark"
    assert ("photometric", "WhiteIsZero") in blot.source.metadata


# seeds 6 to 8 of canvas_black are pale membranes on a black table
CASES = [(kind, 0) for kind in KINDS] + [("canvas_black", seed) for seed in (6, 7, 8)]


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_simulated_blots(kind, seed):
    blot = simulate(kind, seed)
    seen = look_for_bands(blot.image)
    assert seen.polarity == blot.truth["polarity"]
    assert seen.certain


def on_a_slide(picture, canvas, ink):
    """The picture in the middle of a canvas with lettering."""
    rows, cols = picture.shape
    slide = np.full((rows + 120, cols + 160), canvas, np.uint8)
    slide[60:-60, 80:-80] = picture
    for line in range(4):
        place = (4, 80 + line * rows // 4)
        cv2.putText(slide, "250 kDa", place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, ink, 1)
    cv2.putText(slide, "anti-actin, 10 ug", (80, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.9, ink, 2)
    return slide


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("canvas", "ink"), [(255, 0), (0, 255)])
def test_lettering_does_not_decide(picture, dark, canvas, ink):
    blot = picture("uint8", shape=(270, 360), dark=dark)
    seen = look_for_bands(on_a_slide(blot, canvas, ink))
    assert seen.polarity == ("dark_on_light" if dark else "light_on_dark")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float16", "float32", "float64"])
@pytest.mark.parametrize("dark", [False, True])
def test_every_type(picture, dtype, dark):
    seen = look_for_bands(picture(dtype, dark=dark))
    assert seen.polarity == ("dark_on_light" if dark else "light_on_dark")
    assert seen.confidence > 0.9


@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1e30])
def test_scale_does_not_matter(picture, scale):
    levels = picture("float32")
    same = look_for_bands((levels * scale).astype(np.float32))
    assert same.skewness == pytest.approx(look_for_bands(levels).skewness, rel=1e-3)


@pytest.mark.parametrize("shape", [(2, 2), (2, 500), (500, 2), (16, 17)])
def test_tiny_pictures_give_an_answer(shape):
    noise = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    assert look_for_bands(noise).polarity in ("dark_on_light", "light_on_dark")


def test_a_step_alone_has_no_polarity():
    step = np.zeros((200, 200), np.uint8)
    step[:, 100:] = 200
    assert not look_for_bands(step).certain


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2, 2400), (9000, 3)])
def test_something_is_left_of_the_thinnest_picture_reduced(shape):
    assert min(reduce_pixels(np.ones(shape, np.uint8), usual_factor(shape)).shape) >= 1

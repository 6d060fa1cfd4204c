"""Colour pictures: red saturation marks, stains, labels."""

import cv2
import numpy as np
import pytest

from blotquant.flags import Flag
from blotquant.loaders.colour import luminance, to_grey


def rgb(grey):
    return np.stack([grey] * 3, -1)


@pytest.mark.parametrize("paint", [(255, 0, 0), (255, 0, 255), (220, 20, 30)])
@pytest.mark.parametrize("dark", [False, True])
def test_red_marks_on_the_crests_are_saturation(picture, paint, dark):
    grey = picture("uint8", dark=dark, peak=150)
    crest = grey < np.quantile(grey, 0.03) if dark else grey > np.quantile(grey, 0.97)
    picture_ = rgb(grey)
    picture_[crest] = paint
    found = to_grey(picture_)
    assert found.ceiling == (0 if dark else 255)
    np.testing.assert_array_equal(found.pixels == found.ceiling, crest)
    np.testing.assert_array_equal(found.pixels[~crest], grey[~crest])
    assert found.flags == Flag.NONE
    assert "saturated" in found.warnings[0]


def test_a_red_label_on_the_ground_is_no_saturation(picture):
    labelled = rgb(picture("uint8", dark=True))
    cv2.putText(labelled, "p53", (5, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 0, 0), 1)
    found = to_grey(labelled)
    assert found.ceiling is None
    assert found.flags == Flag.COLOUR


def test_a_stained_gel_is_luminance(picture):
    grey = picture("uint8", dark=True)
    stained = np.stack([grey, grey, np.maximum(grey, 200)], -1)
    found = to_grey(stained)
    assert found.flags == Flag.COLOUR
    expected = 0.299 * stained[..., 0] + 0.587 * stained[..., 1] + 0.114 * stained[..., 2]
    np.testing.assert_allclose(found.pixels, expected, atol=0.51)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "float32", "float64"])
def test_luminance_keeps_the_type(dtype):
    colours = np.random.default_rng(0).integers(0, 255, (9, 9, 3)).astype(dtype)
    luma = luminance(colours)
    assert luma.dtype == colours.dtype
    np.testing.assert_allclose(luma, colours @ np.array([0.299, 0.587, 0.114]), atol=0.51)


def test_an_alpha_of_zeros_is_a_mistake_not_a_picture(picture):
    grey = picture("uint8")
    found = to_grey(np.dstack([rgb(grey), np.zeros_like(grey)]))
    np.testing.assert_array_equal(found.pixels, grey)
    assert not found.warnings


def test_half_transparent_is_laid_on_white():
    found = to_grey(np.dstack([np.full((4, 4), 100, np.uint8), np.full((4, 4), 51, np.uint8)]))
    assert (found.pixels == 224).all()  # 0.2 * 100 + 0.8 * 255


def test_transparency_of_16_bits():
    grey = np.full((4, 4), 1000, np.uint16)
    alpha = np.full((4, 4), 65535, np.uint16)
    alpha[0] = 0
    found = to_grey(np.dstack([grey, alpha]))
    assert (found.pixels[0] == 65535).all()
    assert (found.pixels[1:] == 1000).all()

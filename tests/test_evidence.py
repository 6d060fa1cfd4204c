"""The map of bands, and how it is read along slices: the same at reduced size, and exact."""

from dataclasses import replace

import numpy as np
import pytest

import blotquant as bq
from blotquant.evidence import band_evidence
from blotquant.scene import Scene, reduce_blot
from blotquant.warp import _read_along


def scene_with_band(thick, shape=(303, 405), row=150.0, cols=(120, 181)):
    """Noise with one band of a thickness (sigma), px, sharp at its sides."""
    signal = np.random.default_rng(1).normal(1000, 5, shape).astype(np.float32)
    profile = 400 * np.exp(-0.5 * ((np.arange(shape[0]) - row) / thick) ** 2)
    signal[:, slice(*cols)] += profile[:, None].astype(np.float32)
    return Scene(signal, np.ones(shape, bool), 1)


@pytest.mark.parametrize("factor", [1, 3])
@pytest.mark.parametrize("thick", [1.2, 2.4, 4.8, 9.0])
def test_a_band_of_any_thickness_shows_at_its_place(thick, factor):
    # both sides of the picture are odd: what is put together at its edges must not shift the rest
    found = band_evidence(replace(scene_with_band(thick), factor=factor))
    linear = found.astype(float) ** 2
    rows, cols = np.indices(found.shape)
    assert np.average(rows, weights=linear) == pytest.approx(150, abs=0.3)
    assert np.average(cols, weights=linear) == pytest.approx(150, abs=0.3)
    inside = linear[150] > 0.5 * linear[150].max()
    assert inside.sum() == pytest.approx(61, abs=2)


def test_what_lies_outside_the_panel_is_no_evidence():
    scene = scene_with_band(4.8)
    inside = np.ones(scene.signal.shape, bool)
    inside[:, 140:] = False
    found = band_evidence(Scene(scene.signal, inside, 1))
    assert found[:, :140].any()
    assert not found[:, 140:].any()


def test_a_strip_among_others_is_as_low_as_it_is_itself():
    """Its bands, and their lobes, fill it: by the whole picture's height they were clutter."""
    shape, rows = (360, 300), slice(300, 340)
    signal = np.random.default_rng(1).normal(1000, 5, shape).astype(np.float32)
    place = np.arange(shape[0]) - 320
    profile = (400 * np.exp(-0.5 * (place / 6.0) ** 2)).astype(np.float32)
    for left in (20, 90, 160, 230):
        signal[:, left : left + 50] += profile[:, None]
    inside = np.zeros(shape, bool)
    inside[rows] = True
    found = band_evidence(Scene(signal, inside, 1))
    alone = band_evidence(Scene(signal[rows], inside[rows], 1))
    assert alone[20, 25:65].min() > 1
    assert found[320, 25:65] == pytest.approx(alone[20, 25:65], rel=0.25)


@pytest.mark.parametrize("factor", [2, 3, 4, 6])
def test_a_large_picture_is_averaged_over_squares(factor):
    pixels = np.random.default_rng(2).integers(900, 1100, (205, 307), dtype=np.uint16)
    signal, side = reduce_blot(bq.Blot(pixels), factor)
    rows, cols = 205 // factor, 307 // factor
    assert side == factor
    assert signal.shape == (rows, cols)
    squares = pixels[: rows * factor, : cols * factor].reshape(rows, factor, cols, factor)
    # rounded to whole levels, twice where it is halved first
    assert np.abs(signal - squares.mean(axis=(1, 3))).max() <= 1.0


def test_samples_are_read_between_and_are_0_beyond_the_ends():
    values = np.array([[1, 3, 5, 9], [2, 2, 4, 8]], np.float32)
    read = _read_along(values, np.array([[-0.5, 0.49]]), np.array([[1.0, 0.5]]), 5)
    np.testing.assert_allclose(read[0], [[0, 2, 4, 7, 0], [2, 2, 2.98, 3.98, 5.96]], atol=1e-5)


def tight_strip(strengths):
    """Noise with a row of bands that leave hardly a row of the strip free."""
    signal = np.random.default_rng(3).normal(1000, 5, (24, 60 * len(strengths))).astype(np.float32)
    profile = np.exp(-0.5 * ((np.arange(24.0) - 12) / 6) ** 2)[:, None]
    for k, strength in enumerate(strengths):
        signal[:, 60 * k + 8 : 60 * k + 52] += np.float32(4000 * strength) * profile
    return Scene(signal, np.ones(signal.shape, bool), 1)


def test_a_tight_strip_shows_weak_lanes_beside_strong_ones():
    found = band_evidence(tight_strip([1.0, 0.9, 0.05, 0.8, 1.0, 0.05]))
    assert (found[12, 30::60] > 1).all()


def test_a_tight_strip_of_noise_shows_nothing():
    assert not band_evidence(tight_strip([0.0] * 6)).any()

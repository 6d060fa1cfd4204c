"""The noise of a picture, estimated from the picture: planted read and shot noise come back."""

from dataclasses import replace

import numpy as np
import pytest

from blotquant.model import Blot
from blotquant.noise import NoiseModel, estimate_noise
from blotquant.signal import SignalMap


def ground(shape=(400, 500), low=100.0, high=20000.0):
    """A membrane that brightens downwards."""
    return np.linspace(low, high, shape[0])[:, None] * np.ones(shape)


def picture(level, read=40.0, gain=2.0, seed=0):
    """Pixels of the given level with planted noise, 16 bits."""
    rng = np.random.default_rng(seed)
    noisy = level + rng.standard_normal(level.shape) * np.sqrt(read**2 + gain * level)
    return np.clip(np.rint(noisy), 0, 65535).astype(np.uint16)


def with_bands(level, peak=15000.0):
    """Rows of bands with sharp edges, as blots have them."""
    rows, cols = np.mgrid[: level.shape[0], : level.shape[1]]
    lanes = (cols % 60 > 10).astype(float)
    bands = sum(np.exp(-0.5 * ((rows - place) / 5) ** 2) for place in (80, 200, 330))
    return level + peak * bands * lanes


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("low", "high"), [(1000.0, 4000.0), (2000.0, 8000.0)])
@pytest.mark.parametrize(("read", "gain"), [(40.0, 2.0), (100.0, 0.5), (10.0, 8.0), (30.0, 0.0)])
def test_planted_noise_comes_back(read, gain, low, high, seed):
    noise = estimate_noise(Blot(picture(ground(low=low, high=high), read, gain, seed)))
    for level in np.linspace(low, high, 5):
        assert noise.variance(level) == pytest.approx(read**2 + gain * level, rel=0.15)
    assert noise.gain == pytest.approx(gain, rel=0.15, abs=0.02)


@pytest.mark.parametrize("read", [10.0, 50.0, 200.0])
def test_planted_read_noise_comes_back(read):
    noise = estimate_noise(Blot(picture(ground(high=4000.0), read, gain=0.1)))
    assert noise.floor == pytest.approx(read**2, rel=0.15)


@pytest.mark.parametrize(("read", "gain"), [(40.0, 2.0), (10.0, 8.0)])
def test_the_dark_end_of_a_wide_range_is_not_noiseless(read, gain):
    noise = estimate_noise(Blot(picture(ground(low=100.0, high=20000.0), read, gain)))
    assert noise.variance(np.array(200.0)) == pytest.approx(read**2 + gain * 200, rel=0.3)


@pytest.mark.parametrize("read", [10.0, 50.0])
def test_a_flat_membrane_has_its_noise(read):
    noise = estimate_noise(Blot(picture(ground(low=5000, high=5000), read, gain=0.0)))
    assert noise.variance(np.array(5000.0)) == pytest.approx(read**2, rel=0.15)


def test_bands_do_not_pass_for_noise():
    noise = estimate_noise(Blot(picture(with_bands(ground()), read=40.0, gain=2.0)))
    for level in (2000.0, 10000.0, 20000.0):
        assert noise.variance(np.array(level)) == pytest.approx(1600 + 2 * level, rel=0.15)


def test_dark_on_light_has_the_same_noise():
    pixels = picture(ground(high=10000.0))
    light = estimate_noise(Blot(pixels))
    dark = estimate_noise(Blot(65535 - pixels, SignalMap(-1, 65535)))
    assert dark.gain == pytest.approx(light.gain, rel=1e-6)
    assert dark.floor == pytest.approx(light.floor, rel=1e-6)


def test_twice_the_signal_is_four_times_the_variance():
    pixels = picture(ground()).astype(np.float32)
    once, twice = estimate_noise(Blot(pixels)), estimate_noise(Blot(2 * pixels))
    assert twice.gain == pytest.approx(2 * once.gain, rel=1e-6)
    assert twice.floor == pytest.approx(4 * once.floor, rel=1e-6)


def test_a_clean_picture_has_the_noise_of_rounding():
    assert estimate_noise(Blot(np.full((60, 60), 7, np.uint8))).variance(
        np.array(7.0)
    ) == pytest.approx(1 / 12)


def test_variance_is_never_below_the_least():
    noise = NoiseModel(floor=-100.0, gain=1.0, minimum=0.25)
    np.testing.assert_allclose(
        noise.variance(np.array([0.0, 50.0, 100.0, 200.0])), [0.25, 0.25, 0.25, 100]
    )


def test_black_canvas_says_nothing_of_the_noise():
    pixels = picture(ground())
    framed = np.zeros((600, 700), np.uint16)
    framed[100:500, 100:600] = pixels
    alone, within = estimate_noise(Blot(pixels)), estimate_noise(Blot(framed))
    level = np.array([1000.0, 10000.0])
    np.testing.assert_allclose(within.variance(level), alone.variance(level), rtol=0.15)


@pytest.mark.parametrize("shape", [(2, 2), (3, 400), (400, 3), (5, 5)])
def test_small_pictures_have_some_noise(shape):
    noise = estimate_noise(Blot(picture(np.full(shape, 1000.0))))
    assert np.isfinite(noise.variance(np.array([0.0, 1000.0]))).all()
    assert (noise.variance(np.array([0.0, 1000.0])) > 0).all()


def test_each_picture_is_judged_for_itself():
    quiet, loud = (Blot(picture(ground(), read=read, gain=0.0)) for read in (10.0, 100.0))
    assert estimate_noise(loud).variance(np.array(1000.0)) > 50 * estimate_noise(quiet).variance(
        np.array(1000.0)
    )
    assert estimate_noise(replace(quiet)) == estimate_noise(quiet)

"""What stored levels mean: signal, saturation, bits, film, orientation."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blotquant.errors import UnreadableImage
from blotquant.flags import Flag
from blotquant.loaders import RawImage
from blotquant.loaders.interpret import interpret
from blotquant.recipe import ImageSettings


def blot_of(pixels, raw=None, **settings):
    raw = replace(raw or RawImage(pixels, "test"), pixels=pixels)
    return interpret(raw, "folder/blot.tif", "", "test", ImageSettings(**settings))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "float32", "float64"])
def test_dark_bands_become_positive_signal(picture, dtype):
    stored = picture(dtype, dark=True)
    blot = blot_of(stored)
    assert blot.polarity == "dark_on_light"
    signal = blot.signal()
    assert signal.dtype == np.float32
    assert signal.min() >= 0
    np.testing.assert_allclose(signal + stored, (signal + stored)[0, 0], rtol=1e-5)


def test_the_white_of_dark_bands_is_that_of_the_bits_in_use(picture):
    assert blot_of(picture("uint8", dark=True)).signal_map.offset == 255
    assert blot_of(picture("uint16", dark=True)).signal_map.offset == 65535
    assert blot_of(picture("uint16", peak=3000, ground=500, dark=True)).signal_map.offset == 4095


def test_32_bit_levels_keep_their_differences(picture):
    """Float32 has 24 bits: near 2**31 it would round levels to the next 128."""
    stored = picture("uint32") + np.uint32(2**31)
    signal = blot_of(stored, polarity="dark_on_light").signal()
    np.testing.assert_array_equal(signal, stored.max() - stored)


@pytest.mark.parametrize("polarity", ["dark_on_light", "light_on_dark"])
def test_the_user_decides_polarity(picture, polarity):
    blot = blot_of(picture("uint16"), polarity=polarity)
    assert blot.polarity == polarity
    assert "set by the user" in dict(blot.source.metadata)["polarity"]
    assert Flag.POLARITY_UNCERTAIN not in blot.flags


def test_noise_alone_leaves_polarity_open():
    noise = np.random.default_rng(0).normal(30000, 500, (200, 200)).astype(np.uint16)
    blot = blot_of(noise)
    assert Flag.POLARITY_UNCERTAIN in blot.flags
    assert any("set polarity" in line for line in blot.warnings)


@pytest.mark.parametrize("ceiling", [1023, 4095, 16383, 65520, 65535])
@pytest.mark.parametrize("dark", [False, True])
def test_known_ceilings(picture, ceiling, dark):
    stored = np.minimum(picture("uint16", peak=1.5 * ceiling, ground=0.1 * ceiling), ceiling)
    mask = stored == ceiling
    blot = blot_of(ceiling - stored if dark else stored)
    assert blot.ceiling == (0 if dark else ceiling)
    np.testing.assert_array_equal(blot.saturated, mask)


def test_a_spike_at_no_known_level(picture):
    stored = np.minimum(picture("uint16", peak=60000), 50123)
    blot = blot_of(stored)
    assert blot.ceiling == 50123
    np.testing.assert_array_equal(blot.saturated, stored == 50123)


def test_an_unsaturated_picture(picture):
    blot = blot_of(picture("uint16"))
    assert blot.ceiling == 65535
    assert blot.saturated is None


def test_the_users_ceiling_wins(picture):
    stored = picture("uint16")
    raw = RawImage(stored, "test", ceiling=60000)
    assert blot_of(stored, raw).ceiling == 60000
    blot = blot_of(stored, raw, ceiling=12000)
    assert blot.ceiling == 12000
    np.testing.assert_array_equal(blot.saturated, stored >= 12000)


def test_a_high_ceiling_means_nothing_for_dark_bands(picture):
    blot = blot_of(picture("uint8", dark=True), ceiling=255)
    assert blot.ceiling == 0
    assert any("low end" in line for line in blot.warnings)


def test_signed_levels_below_zero_are_not_saturated(picture):
    stored = picture("int16", dark=True) - np.int16(9000)
    assert stored.min() < 0
    assert blot_of(stored).saturated is None


@pytest.mark.parametrize("factor", [1, 4, 16])
def test_bits_are_counted_where_they_were_shifted_up(picture, factor):
    assert blot_of(picture("uint16", peak=3000, ground=300) * np.uint16(factor)).bit_depth == 12


def test_8_bits_stretched_into_16_are_seen(picture):
    blot = blot_of(picture("uint8").astype(np.uint16) * np.uint16(257))
    assert blot.bit_depth == 8
    assert Flag.EIGHT_BIT in blot.flags


def test_a_file_that_states_its_bits_is_believed(picture):
    stored = picture("uint16")
    assert blot_of(stored, RawImage(stored, "test", bit_depth=16)).bit_depth == 16


def test_film_becomes_optical_density():
    """Bands planted as density above clear film come back as density."""
    rows, cols = np.mgrid[:200, :240].astype(float)
    density = 1.2 * np.exp(-((rows - 100) ** 2) / 50 - ((cols - 120) ** 2) / 900)
    noise = np.random.default_rng(0).normal(0, 100, density.shape)
    stored = (48000 * 10**-density + noise).astype(np.uint16)
    blot = blot_of(stored, detector="film")
    assert blot.signal_map.unit == "OD"
    assert blot.signal_map.clear_level == pytest.approx(48000, rel=0.005)
    np.testing.assert_allclose(blot.signal(), density, atol=0.06)
    assert ("clear film", f"{blot.signal_map.clear_level:g}") in blot.source.metadata


def test_clear_film_is_not_the_white_canvas():
    stored = np.full((200, 240), 200, np.uint8)
    stored += np.random.default_rng(0).integers(0, 5, stored.shape, dtype=np.uint8)
    stored[:90] = 255
    stored[120:130, 40:200] = 40
    assert blot_of(stored, detector="film").signal_map.clear_level == pytest.approx(202, abs=3)


def test_film_needs_levels_of_a_scanner(picture):
    with pytest.raises(UnreadableImage, match="optical density needs"):
        blot_of(picture("float32", dark=True), detector="film")


def test_film_is_dark_where_protein_is(picture):
    with pytest.raises(UnreadableImage, match="film is dark"):
        blot_of(picture("uint8"), detector="film", polarity="light_on_dark")


@settings(deadline=None)
@given(
    orientation=st.sampled_from(["0", "90", "180", "270", "mirror"]),
    row=st.integers(0, 19),
    col=st.integers(0, 29),
)
def test_places_lead_back_to_the_file(orientation, row, col):
    stored = np.arange(600, dtype=np.uint16).reshape(20, 30)
    blot = blot_of(stored, orientation=orientation, polarity="light_on_dark")
    rows, cols = blot.shape
    row, col = row % rows, col % cols
    file_row, file_col = blot.to_file(row, col)
    assert blot.pixels[row, col] == stored[int(file_row), int(file_col)]


@pytest.mark.parametrize("orientation", ["0", "90", "180", "270", "mirror"])
def test_turning_copies_nothing_and_turns_the_mask_too(picture, orientation):
    stored = np.minimum(picture("uint16", peak=60000), 40000)
    blot = blot_of(stored, orientation=orientation)
    assert np.shares_memory(blot.pixels, stored)
    np.testing.assert_array_equal(blot.saturated, blot.pixels == 40000)
    assert (Flag.MIRRORED in blot.flags) == (orientation == "mirror")
    assert any("ladder" in line for line in blot.warnings) == (orientation == "mirror")


def test_five_samples_are_neither_grey_nor_colour():
    with pytest.raises(UnreadableImage, match="neither grey nor colour"):
        blot_of(np.zeros((20, 20, 5), np.uint8))


def test_the_input_is_left_alone(picture):
    stored = picture("uint16")
    stored.flags.writeable = False
    before = stored.copy()
    blot_of(stored, orientation="90")
    np.testing.assert_array_equal(stored, before)

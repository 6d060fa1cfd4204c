"""Fuji's .img and .inf, written here line by line."""

import sys
from pathlib import Path

import numpy as np
import pytest

from blotquant.batch.inputs import find_images
from blotquant.errors import UnreadableImage
from blotquant.loaders import load
from blotquant.loaders.fuji import FujiLoader
from blotquant.testing import LoaderContract

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from parts.format_writers import bands, fuji, fuji_inf


class TestFujiContract(LoaderContract):
    """Its first bytes are the .inf's: the .img has none of its own."""

    loader = FujiLoader()

    def good_file(self, folder):
        return fuji(folder / "blot.img", bands()).with_suffix(".inf")

    @pytest.mark.parametrize("share", [0.2, 0.3, 0.5])
    def test_a_truncated_file_is_refused_in_one_line(self, good, share):
        """Either of the two; behind its tenth line, the .inf only tells more."""
        for path, cut in ((good, share), (good.with_suffix(".img"), 2 * share - 0.05)):
            data = path.read_bytes()
            path.write_bytes(data[: int(cut * len(data))])
            with pytest.raises(UnreadableImage, match=r"blot\.(inf|img).*copy") as refusal:
                load(good)
            assert "\n" not in str(refusal.value)
            path.write_bytes(data)


def test_levels_of_an_imaging_plate_are_logarithms(tmp_path):
    """Two levels 13107 apart (1/5 of 2^16) are a factor of ten apart, at latitude 5."""
    stored = np.full((40, 50), 32768, np.uint16)
    stored[:, 25:] += 13107
    (blot,) = load(fuji(tmp_path / "plate.img", stored))
    signal = blot.signal()
    # (100/100)^2 x 4000/4000 x 10^(5 x (1/2 - 1/2)) = 1 PSL
    np.testing.assert_allclose(signal[:, :25], 1.0, rtol=1e-6)
    np.testing.assert_allclose(signal[:, 25:], 10.0, rtol=1e-3)
    assert blot.polarity == "light_on_dark"
    assert blot.source.format == "Fuji img, uint16, logarithmic (S 4000, L 5)"
    assert ("unit", "PSL") in blot.source.metadata


@pytest.mark.parametrize(
    ("said", "factor"),
    [
        ({"pixel": (50, 50)}, 0.25),
        ({"sensitivity": "10000"}, 0.4),
        ({"sensitivity": "1000"}, 4.0),
        ({"pixel": (200, 200), "latitude": "4"}, 4.0),
    ],
)
def test_pixel_size_and_sensitivity_scale(tmp_path, said, factor):
    stored = np.full((40, 50), 32768, np.uint16)
    stored[0, 0] = 1
    (blot,) = load(fuji(tmp_path / "plate.img", stored, **said))
    np.testing.assert_allclose(blot.signal()[1:], factor, rtol=1e-6)


@pytest.mark.parametrize(("bits", "dtype"), [(8, "uint8"), (10, "uint16"), (16, "uint16")])
def test_depths(tmp_path, bits, dtype):
    stored = (bands() >> (16 - bits)).astype(dtype)
    (blot,) = load(fuji(tmp_path / "plate.img", stored, bits=bits))
    want = 10.0 ** (5 * (stored / 2.0**bits - 0.5))
    np.testing.assert_allclose(blot.signal(), want, rtol=1e-6)
    assert blot.ceiling == pytest.approx(10.0 ** (5 * ((2.0**bits - 1) / 2.0**bits - 0.5)))
    assert blot.bit_depth == bits


@pytest.mark.parametrize("said", [{"latitude": "0"}, {"sensitivity": "", "latitude": ""}])
def test_cameras_are_linear(tmp_path, said):
    stored = bands()
    (blot,) = load(fuji(tmp_path / "camera.img", stored, **said))
    np.testing.assert_array_equal(blot.pixels, stored)
    assert blot.source.format == "Fuji img, uint16, linear"
    assert blot.ceiling == 65535


def test_either_file_opens_it_and_it_has_one_hash(tmp_path):
    img = fuji(tmp_path / "blot.IMG", bands())
    inf = img.with_suffix(".inf")
    (one,), (other,) = load(img), load(inf)
    np.testing.assert_array_equal(one.pixels, other.pixels)
    assert one.source.sha256 == other.source.sha256
    inf.write_bytes(fuji_inf(*bands().shape, sensitivity="1000"))
    assert load(img)[0].source.sha256 != one.source.sha256  # the same pixels mean something else


def test_what_the_file_says_is_kept(tmp_path):
    (blot,) = load(fuji(tmp_path / "blot.img", bands(), pixel=(50, 50)))
    assert blot.pixel_size_um == 50
    said = dict(blot.source.metadata)
    assert said["date"] == "Tue Mar  4 12:00:00 2003"
    assert said["remark"] == "plate 7"
    assert said["saturated pixels"] == "3"


def test_a_folder_holds_it_once(tmp_path):
    fuji(tmp_path / "blot.img", bands())
    assert [image.name for image in find_images([tmp_path])] == ["blot.img"]


def test_half_a_scan_is_explained(tmp_path):
    img = fuji(tmp_path / "blot.img", bands())
    img.with_suffix(".inf").rename(tmp_path / "other.inf")
    with pytest.raises(UnreadableImage, match=r"\.inf of the same name"):
        load(img)
    with pytest.raises(UnreadableImage, match=r"other\.img, are not beside it"):
        load(tmp_path / "other.inf")


@pytest.mark.parametrize("change", [b"", b"\0"])
def test_pixels_that_do_not_fit_their_description(tmp_path, change):
    img = fuji(tmp_path / "blot.img", bands())
    img.write_bytes(img.read_bytes()[:-1] if not change else img.read_bytes() + change)
    with pytest.raises(UnreadableImage, match=r"blot\.img has \d+ bytes where blot\.inf promises"):
        load(img)


@pytest.mark.parametrize("bits", [7, 32])
def test_other_depths_are_refused(tmp_path, bits):
    img = fuji(tmp_path / "blot.img", bands())
    img.with_suffix(".inf").write_bytes(fuji_inf(64, 72, bits=bits))
    with pytest.raises(UnreadableImage, match=f"{bits} bits"):
        load(img)

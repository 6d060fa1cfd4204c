"""Molecular Dynamics and Amersham .gel, written here tag by tag."""

import sys
from pathlib import Path

import numpy as np
import pytest

from blotquant.errors import UnreadableImage
from blotquant.loaders import load
from blotquant.loaders.tiff import TiffLoader
from blotquant.testing import LoaderContract

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from parts.format_writers import bands, gel, tag, tiff

TEXTS = ((33448, "a laboratory"), (33449, "HeLa"), (33450, "2003/03/04"), (33452, "Counts"))


class TestGelContract(LoaderContract):
    loader = TiffLoader()

    def good_file(self, folder):
        path = folder / "blot.gel"
        path.write_bytes(gel([bands(), bands(seed=1)], scale=(1, 50), behind=True))
        return path


@pytest.fixture
def gel_file(tmp_path):
    """Function that writes a .gel and loads it."""

    def write(*pictures, **options):
        path = tmp_path / "blot.gel"
        path.write_bytes(gel(pictures, **options))
        return load(path)

    return write


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("behind", [False, True])
def test_square_roots_become_linear_counts(gel_file, order, behind):
    """Counts planted, their roots stored: ratios of counts come back, not ratios of roots."""
    counts = np.array([[10000.0, 20000.0], [40000.0, 0.0]]).repeat(20, 0).repeat(20, 1)
    scale = (10**5, 65535**2 // 10)  # about as scanners write it: 100 000 counts at full scale
    stored = np.rint(np.sqrt(counts * scale[1] / scale[0])).astype(np.uint16)
    (blot,) = gel_file(stored, code=2, scale=scale, order=order, behind=behind)
    got = blot.signal()
    np.testing.assert_allclose(got, counts, rtol=2e-4)
    assert got[0, 20] / got[0, 0] == pytest.approx(2, rel=2e-4)
    assert got[20, 0] / got[0, 0] == pytest.approx(4, rel=2e-4)
    assert blot.polarity == "light_on_dark"
    assert dict(blot.source.metadata)["coding"].startswith("square root")


def test_linear_levels_are_only_scaled(gel_file):
    stored = bands()
    (blot,) = gel_file(stored, code=128, scale=(3, 2))
    np.testing.assert_allclose(blot.signal(), 1.5 * stored.astype(float))
    assert blot.ceiling == 1.5 * 65535


def test_linear_levels_of_scale_one_stay_as_they_are(gel_file):
    stored = bands()
    (blot,) = gel_file(stored, code=128)
    np.testing.assert_array_equal(blot.pixels, stored)
    assert blot.pixels.dtype == np.uint16


def test_saturation_is_at_the_largest_level(gel_file):
    stored = bands()
    stored[20:22, 10:15] = 65535
    (blot,) = gel_file(stored, code=2, scale=(1, 100))
    assert blot.ceiling == pytest.approx(65535.0**2 / 100)
    np.testing.assert_array_equal(blot.saturated, stored == 65535)


@pytest.mark.parametrize("behind", [False, True])
def test_every_picture_is_read(gel_file, behind):
    stored = [bands(seed=seed) for seed in range(3)]
    blots = gel_file(*stored, code=2, scale=(1, 7), behind=behind)
    assert [blot.source.part for blot in blots] == ["1", "2", "3"]
    for blot, one in zip(blots, stored, strict=True):
        np.testing.assert_allclose(blot.signal(), one.astype(float) ** 2 / 7, rtol=1e-6)


def test_each_picture_has_its_own_scale(tmp_path):
    def said(scale):
        return [tag(33445, 4, 2), tag(33446, 5, scale)]

    path = tmp_path / "two.gel"
    path.write_bytes(tiff([(bands(), said((1, 1))), (bands(seed=1), said((1, 4)))]))
    one, two = load(path)
    np.testing.assert_allclose(one.signal(), bands().astype(float) ** 2, rtol=1e-6)
    np.testing.assert_allclose(two.signal(), bands(seed=1).astype(float) ** 2 / 4, rtol=1e-6)


def test_what_the_file_says_is_kept(gel_file):
    (blot,) = gel_file(bands(), texts=TEXTS)
    said = dict(blot.source.metadata)
    assert said["laboratory"] == "a laboratory"
    assert said["sample"] == "HeLa"
    assert said["prepared on"] == "2003/03/04"
    assert said["unit"] == "Counts"


def test_the_content_counts_not_the_name(tmp_path):
    """A .gel renamed to .tif holds roots all the same."""
    path = tmp_path / "blot.tif"
    path.write_bytes(gel([bands()], code=2))
    np.testing.assert_allclose(load(path)[0].signal(), bands().astype(float) ** 2, rtol=1e-6)


def test_another_coding_is_refused(gel_file):
    with pytest.raises(UnreadableImage, match=r"code 7.*16-bit TIFF"):
        gel_file(bands(), code=7)


def test_a_scale_that_cannot_be_read_is_told(gel_file):
    (blot,) = gel_file(bands(), code=2, scale=(1, 0))
    assert "scale cannot be read" in blot.warnings[0]
    np.testing.assert_allclose(blot.signal(), bands().astype(float) ** 2, rtol=1e-6)

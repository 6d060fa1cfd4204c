"""Bio-Rad's .scn and .1sc: real files, and .scn written here from the format's description."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from blotquant.errors import UnreadableImage
from blotquant.flags import Flag
from blotquant.loaders import load
from blotquant.loaders.biorad_1sc import OneScLoader
from blotquant.loaders.biorad_scn import ScnLoader
from blotquant.recipe import ImageSettings
from blotquant.testing import LoaderContract

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from parts.format_writers import scn, scn_part

SCN = {"promad_00000": 614.04, "promad_00002": 1882.524, "promad_00004": 2999.998}


class TestScnContract(LoaderContract):
    loader = ScnLoader()

    def good_file(self, folder):
        rng = np.random.default_rng(0)
        return scn(folder / "blot.scn", rng.integers(0, 65536, (2, 80, 90), np.uint16))


class TestOneScContract(LoaderContract):
    loader = OneScLoader()

    @pytest.fixture(autouse=True)
    def real(self, shared):
        self.sample = shared / "real" / "biorad_test4.1sc"

    def good_file(self, folder):
        return shutil.copyfile(self.sample, folder / "blot.1sc")


@pytest.mark.parametrize("name", ["biorad_test1", "biorad_test4"])
def test_1sc_equals_its_reference(shared, name):
    (blot,) = load(shared / "real" / f"{name}.1sc")
    reference = tifffile.imread(shared / "real" / f"{name}_ref.tif")
    np.testing.assert_array_equal(blot.pixels, 65535 - reference)
    assert blot.polarity == "light_on_dark"
    assert blot.pixel_size_um == pytest.approx(200)


def test_1sc_states_its_ceiling(shared):
    (blot,) = load(shared / "real" / "biorad_test1.1sc")
    assert blot.ceiling == 65522
    assert blot.saturated.sum() == 105
    (reference,) = load(shared / "real" / "biorad_test1_ref.tif")
    np.testing.assert_array_equal(reference.saturated, blot.saturated)


@pytest.mark.parametrize(("name", "exposure"), SCN.items())
def test_real_scn(shared, name, exposure):
    (blot,) = load(shared / "real" / f"{name}.scn")
    assert blot.shape == (1100, 1375)
    assert blot.exposure_s == pytest.approx(exposure)
    assert blot.polarity == "light_on_dark"
    assert blot.ceiling == 65535
    assert blot.pixel_size_um == pytest.approx(180_000 / 1375)
    said = dict(blot.source.metadata)
    assert said["imager"] == "ChemiDoc™ MP"
    assert said["bias"] == "Bias subtraction done offset = 59"
    assert said["flat field"].startswith("Flat Fielded with")
    assert said["date"].startswith("2018-12-05T")


def test_longer_exposure_more_signal(shared):
    means = [load(shared / "real" / f"{name}.scn")[0].signal().mean() for name in SCN]
    assert means == sorted(means)


@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize("header_first", [False, True])
def test_scn_levels_come_back(tmp_path, picture, endian, header_first):
    data = picture("uint16")
    (blot,) = load(scn(tmp_path / "blot.scn", [data], endian=endian, header_first=header_first))
    np.testing.assert_array_equal(blot.pixels, data)
    assert blot.exposure_s == 12.5
    assert ("bias", "Bias subtraction done offset = 59") in blot.source.metadata
    assert ("date", "2018-12-05T18:22:40") in blot.source.metadata
    assert blot.pixel_size_um == pytest.approx(100)


def test_scn_is_signal_up_whatever_it_says_and_looks_like(tmp_path, picture):
    (blot,) = load(scn(tmp_path / "blot.scn", [picture("uint16", dark=True)]))
    assert blot.polarity == "light_on_dark"
    assert ("zero is", "white") in blot.source.metadata
    assert "looks dark on light" in dict(blot.source.metadata)["polarity"]


def test_scn_ceiling_below_the_type(tmp_path, picture):
    data = picture("uint16")
    (blot,) = load(scn(tmp_path / "blot.scn", [data], ceiling=20000))
    assert blot.ceiling == 20000
    np.testing.assert_array_equal(blot.saturated, data >= 20000)


def test_scn_forced_dark_does_not_saturate_everything(tmp_path, picture):
    path = scn(tmp_path / "blot.scn", [picture("uint16", dark=True)])
    (blot,) = load(path, ImageSettings(polarity="dark_on_light"))
    assert blot.ceiling == 0
    assert blot.saturated is None


def test_scn_of_two_channels(tmp_path, picture):
    data = [picture("uint16", seed=seed) for seed in range(2)]
    blots = load(scn(tmp_path / "blot.scn", data))
    assert [blot.channel for blot in blots] == ["channel 0", "channel 1"]
    assert [blot.source.part for blot in blots] == ["1", "2"]
    np.testing.assert_array_equal(blots[1].pixels, data[1])


def test_scn_whose_size_and_levels_disagree(tmp_path, picture):
    path = scn(tmp_path / "blot.scn", [picture("uint16")])
    path.write_bytes(path.read_bytes().replace(b'width="120"', b'width="121"'))
    with pytest.raises(UnreadableImage, match="Image Lab"):
        load(path)


def test_scn_with_entities_is_refused(tmp_path, picture):
    path = scn(tmp_path / "blot.scn", [picture("uint16")])
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><root>&a;</root>'
    start = path.read_bytes().index(b"Content-Type: text/xml; charset")
    path.write_bytes(path.read_bytes()[:start] + scn_part("ImageHeader", bomb, "text/xml"))
    with pytest.raises(UnreadableImage, match=r"blot\.scn"):
        load(path)


def test_other_files_called_scn(tmp_path, picture):
    """Leica's slides are TIFF, LI-COR's .scn is text."""
    tifffile.imwrite(tmp_path / "leica.scn", picture("uint16"), photometric="minisblack")
    assert load(tmp_path / "leica.scn")[0].source.reader == "tiff"
    (tmp_path / "licor.scn").write_text("[Scan]\nResolution=84\n")
    with pytest.raises(UnreadableImage, match="text, perhaps LI-COR"):
        load(tmp_path / "licor.scn")


def test_8_bits_a_pixel_need_an_export(shared, tmp_path, monkeypatch):
    from blotquant.loaders import biorad_1sc

    header = biorad_1sc._scan_header
    monkeypatch.setattr(biorad_1sc, "_scan_header", lambda r: header(r) | {"bytes_per_pix": 1})
    with pytest.raises(UnreadableImage, match="16-bit TIFF"):
        load(shared / "real" / "biorad_test4.1sc")


def test_flags_of_a_sound_scan_are_none(shared):
    assert load(shared / "real" / "biorad_test4.1sc")[0].flags == Flag.NONE

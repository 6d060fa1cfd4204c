"""Pages of one TIFF: channels, exposures, or neither is said; OME-TIFF."""

import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from blotquant.loaders import load
from blotquant.loaders.tiff import TiffLoader
from blotquant.testing import LoaderContract

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from parts.format_writers import bands, ome_tiff, ome_xml, tag, tiff

PAGES = [bands(), bands(seed=1)]


class TestOmeContract(LoaderContract):
    loader = TiffLoader()

    def good_file(self, folder):
        path = folder / "blot.ome.tif"
        path.write_bytes(ome_tiff(PAGES, ["actin", "p53"], [1.5, 30]))
        return path


@pytest.fixture
def loaded(tmp_path):
    """Function that writes bytes as a TIFF and loads it."""

    def write(data):
        (tmp_path / "blot.tif").write_bytes(data)
        return load(tmp_path / "blot.tif")

    return write


def rule(blot):
    return dict(blot.source.metadata)["page"]


def test_ome_says_channel_exposure_size_date_and_imager(loaded):
    blots = loaded(ome_tiff(PAGES, ["actin", "p53"], [1.5, 30]))
    assert [blot.channel for blot in blots] == ["actin", "p53"]
    assert [blot.exposure_s for blot in blots] == [1.5, 30]
    assert [blot.pixel_size_um for blot in blots] == [50, 50]
    said = dict(blots[1].source.metadata)
    assert said["imager"] == "Amersham ImageQuant 800"
    assert said["date"] == "2024-05-06T07:08:09"
    assert said["page"] == "2 of 2: channels, by their names"
    for blot, page in zip(blots, PAGES, strict=True):
        np.testing.assert_array_equal(blot.pixels, page)
        assert not blot.warnings


def test_ome_that_stores_its_planes_in_another_order(loaded):
    xml = ome_xml(["actin", "p53"], [1, 2]).replace(
        "<TiffData/>", '<TiffData IFD="0" FirstC="1"/><TiffData IFD="1" FirstC="0"/>'
    )
    blots = loaded(tiff([(PAGES[0], [tag(270, 2, xml)]), (PAGES[1], [])]))
    assert [blot.channel for blot in blots] == ["p53", "actin"]
    assert [blot.exposure_s for blot in blots] == [2, 1]


def test_ome_written_by_tifffile(tmp_path):
    path = tmp_path / "two.ome.tif"
    metadata = {"axes": "CYX", "Channel": {"Name": ["actin", "p53"]}}
    tifffile.imwrite(path, np.stack(PAGES), metadata=metadata, photometric="minisblack")
    assert [blot.channel for blot in load(path)] == ["actin", "p53"]


def test_other_files_that_ome_names_are_not_opened(loaded, tmp_path):
    (tmp_path / "other.tif").write_bytes(tiff([(bands(seed=9), [])]))
    xml = ome_xml(["actin", "p53"], [1, 2]).replace(
        "<TiffData/>",
        '<TiffData IFD="0" FirstC="0"><UUID FileName="blot.tif">a</UUID></TiffData>'
        '<TiffData IFD="0" FirstC="1"><UUID FileName="other.tif">b</UUID></TiffData>',
    )
    (blot,) = loaded(tiff([(PAGES[0], [tag(270, 2, xml)])]))
    np.testing.assert_array_equal(blot.pixels, PAGES[0])
    assert blot.channel == ""


@pytest.mark.parametrize(
    "xml",
    [
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><OME>&b;</OME>',
        '<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><OME/>',
        '<?xml version="1.0"?><OME><Image>',
        '<OME><Image><Pixels DimensionOrder="XYCZT" SizeC="99999999"/></Image></OME>',
    ],
)
def test_xml_that_is_hostile_or_damaged_changes_nothing(loaded, xml):
    (blot,) = loaded(tiff([(PAGES[0], [tag(270, 2, xml)])]))
    np.testing.assert_array_equal(blot.pixels, PAGES[0])
    assert blot.channel == ""


def test_pages_of_names_are_channels(loaded):
    pages = [(page, [tag(285, 2, name)]) for page, name in zip(PAGES, ("700", "800"), strict=True)]
    blots = loaded(tiff(pages))
    assert [blot.channel for blot in blots] == ["700", "800"]
    assert rule(blots[0]) == "1 of 2: channels, by their names"


def test_pages_of_exposure_times_are_exposures(loaded):
    texts = ("Exposure: 10 s", "Exposure: 120 s")
    blots = loaded(tiff([(p, [tag(270, 2, t)]) for p, t in zip(PAGES, texts, strict=True)]))
    assert [blot.exposure_s for blot in blots] == [10, 120]
    assert [blot.channel for blot in blots] == ["", ""]
    assert rule(blots[1]) == "2 of 2: exposures, by their exposure times"


def test_pages_that_say_nothing_are_told_so(loaded):
    blots = loaded(tiff([(page, []) for page in PAGES]))
    assert rule(blots[0]) == "1 of 2: the file does not say"
    assert "does not say whether they are channels or exposures" in blots[0].warnings[0]


def test_one_page_is_just_a_picture(loaded):
    (blot,) = loaded(tiff([(PAGES[0], [])]))
    assert "page" not in dict(blot.source.metadata)
    assert not blot.warnings

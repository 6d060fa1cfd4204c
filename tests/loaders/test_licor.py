"""LI-COR's .l2d, as folders and packed, written here file by file."""

import sys
from pathlib import Path

import numpy as np
import pytest

from blotquant.batch.inputs import find_images
from blotquant.errors import UnreadableImage
from blotquant.flags import Flag
from blotquant.loaders import load
from blotquant.loaders.licor import LicorLoader
from blotquant.testing import LoaderContract

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from parts.format_writers import bands, licor_files, licor_folder, zipped

TWO = {"700": bands(), "800": bands(seed=1)}


class TestZipContract(LoaderContract):
    loader = LicorLoader()

    def good_file(self, folder):
        path = folder / "blot.zip"
        path.write_bytes(zipped(licor_files(TWO)))
        return path


class TestFolderContract(LoaderContract):
    loader = LicorLoader()

    def good_file(self, folder):
        return licor_folder(folder, TWO)

    def test_a_truncated_file_is_refused_in_one_line(self, good):
        """The index has no pixels: it is its TIFFs that are cut."""
        for channel in good.parent.glob("*/*.TIF"):
            data = channel.read_bytes()
            channel.write_bytes(data[: len(data) // 2])
            with pytest.raises(UnreadableImage, match=r"blot\.l2d"):
                load(good)
            channel.write_bytes(data)


@pytest.fixture(params=["folder", "zip"])
def scan(request, tmp_path):
    """Function that writes a scan either way."""

    def write(pictures, **options):
        if request.param == "folder":
            return licor_folder(tmp_path, pictures, **options)
        path = tmp_path / "blot.zip"
        path.write_bytes(zipped(licor_files(pictures, **options)))
        return path

    return write


def test_channels_are_pictures(scan):
    blots = load(scan(TWO))
    assert [blot.channel for blot in blots] == ["700", "800"]
    assert [blot.source.part for blot in blots] == ["700", "800"]
    for blot, stored in zip(blots, TWO.values(), strict=True):
        np.testing.assert_array_equal(blot.pixels, stored)
        said = dict(blot.source.metadata)
        assert said["imager"] == "Odyssey"
        assert said["date"] == "2019, 3, 4"


def test_one_channel_needs_no_part(scan):
    (blot,) = load(scan({"800": bands()}))
    assert (blot.source.part, blot.channel) == ("", "800")


def test_float16_cannot_be_judged_for_saturation(scan):
    stored = bands(top=2000).astype(np.float16)
    (blot,) = load(scan({"700": stored}))
    np.testing.assert_array_equal(blot.pixels, stored)
    assert Flag.SATURATION_NOT_ASSESSABLE in blot.flags
    assert blot.saturated is None


def test_without_an_index_names_tell_the_channels(tmp_path):
    files = {name: data for name, data in licor_files(TWO).items() if name.endswith(".TIF")}
    path = tmp_path / "export.zip"
    path.write_bytes(zipped(files))
    assert [blot.channel for blot in load(path)] == ["700", "800"]


def test_the_hash_is_of_the_pixels_too(tmp_path):
    path = licor_folder(tmp_path, TWO)
    before = load(path)[0].source.sha256
    licor_folder(tmp_path, {"700": bands(), "800": bands(seed=2)})
    assert load(path)[0].source.sha256 != before


def test_several_scans(tmp_path):
    licor_folder(tmp_path, TWO, scan="a")
    path = licor_folder(tmp_path, {"700": bands(seed=5)}, scan="b")
    path.write_text("#LI-COR LI2D\nScanNames=a, b, deleted\n")
    assert [blot.source.part for blot in load(path)] == ["a-700", "a-800", "b-700"]


def test_a_folder_holds_it_once(tmp_path):
    licor_folder(tmp_path, TWO)
    found = find_images([tmp_path], recursive=True)
    assert [image.name for image in found] == ["blot.l2d"]


def test_the_folder_of_a_scan_can_be_run_by_itself(tmp_path):
    path = licor_folder(tmp_path, TWO)
    found = find_images([path.parent / "0001_01"])
    assert [image.name for image in found if image.name.endswith(".TIF")] == [
        "0001_01_700.TIF",
        "0001_01_800.TIF",
    ]


def test_missing_scan_and_missing_channel(tmp_path):
    path = licor_folder(tmp_path, TWO)
    (tmp_path / "0001_01" / "0001_01_800.TIF").unlink()
    with pytest.raises(UnreadableImage, match=r"0001_01_800\.TIF"):
        load(path)
    (tmp_path / "0001_01").rename(tmp_path / "elsewhere")
    with pytest.raises(UnreadableImage, match="none of the scans that it names"):
        load(path)


@pytest.mark.parametrize("name", ["../secret.tif", "/etc/secret.tif", "a/../../b.tif", "..\\b.tif"])
def test_names_that_lead_out_are_refused(tmp_path, name):
    (tmp_path / "secret.tif").write_bytes(licor_files(TWO)["0001_01/0001_01_700.TIF"])
    folder = tmp_path / "scan"
    path = licor_folder(folder, TWO)
    said = folder / "0001_01" / "0001_01.scn"
    said.write_text(f"ImageNames={name}\n")
    with pytest.raises(UnreadableImage, match="outside of itself"):
        load(path)
    path.write_text(f"#LI-COR LI2D\nScanNames={name}\n")
    with pytest.raises(UnreadableImage, match="outside of itself"):
        load(path)


def test_an_archive_whose_names_lead_out_is_refused(tmp_path):
    path = tmp_path / "blot.zip"
    path.write_bytes(zipped(licor_files(TWO) | {"../../x_700.tif": b"x"}))
    with pytest.raises(UnreadableImage, match="outside of itself"):
        load(path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["blot.zip"]


def test_other_archives_are_left_alone(tmp_path):
    path = tmp_path / "papers.zip"
    path.write_bytes(zipped({"a.pdf": b"%PDF", "b.tif": b"II*\0"}))
    with pytest.raises(UnreadableImage, match="zip archive"):
        load(path)


def test_an_archive_that_unpacks_to_a_bomb_is_refused(tmp_path):
    import tracemalloc

    path = tmp_path / "bomb.zip"
    path.write_bytes(zipped({f"{n}_700.tif": b"\0" * 40_000_000 for n in range(5)}))
    tracemalloc.start()
    with pytest.raises(UnreadableImage, match="no picture of a blot"):
        load(path)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()

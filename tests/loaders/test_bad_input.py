"""Files that cannot be measured: each is refused in one line that says what to do."""

import os
import zipfile

import numpy as np
import pytest
import tifffile
from PIL import Image

from blotquant.errors import UnreadableImage
from blotquant.loaders import is_image, load, supported_suffixes
from blotquant.recipe import ImageSettings


@pytest.fixture
def refused(tmp_path):
    """Function that loads a file and gives the line with which it is refused."""

    def why(path, settings=None):
        with pytest.raises(UnreadableImage) as refusal:
            load(path, settings)
        line = str(refusal.value)
        assert path.name in line
        assert "\n" not in line
        assert str(tmp_path) not in line  # the file's name is enough
        return line

    return why


CONTENTS = {
    "text": (b"lane,density\n1,200\n", "is named .tif but is text"),
    "letter cut at the end": (b"a" + "µ".encode() * 3000, "text"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
    "ole": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Office document"),
    "html": (b"<!DOCTYPE html><html>", "web page"),
    "svg": (b"<?xml version='1.0'?><svg>", "vector drawing"),
    "photoshop": (b"8BPS\0\1", "Photoshop"),
    "heic": (b"\0\0\0\x18ftypheic", "HEIC"),
    "gzip": (b"\x1f\x8b\x08\0", "unpack"),
    "zeros": (bytes(5000), "filled with zeros"),
    "noise": (np.random.default_rng(1).bytes(5000), "no image format that is known"),
    "one byte": (b"I", "is"),
    "only a tiff header": (b"II*\0\x08\0\0\0", "truncated"),
    "only a png signature": (b"\x89PNG\r\n\x1a\n", "is"),
}


@pytest.mark.parametrize(("content", "said"), CONTENTS.values(), ids=CONTENTS)
def test_something_else_named_tif(tmp_path, refused, content, said):
    path = tmp_path / "blot.tif"
    path.write_bytes(content)
    assert said in refused(path)


def test_docx_and_zip(tmp_path, refused):
    with zipfile.ZipFile(tmp_path / "blot.tif", "w") as archive:
        archive.writestr("word/document.xml", "x")
    assert "Office document" in refused(tmp_path / "blot.tif")


def test_an_unknown_format_lists_what_can_be_read(tmp_path, refused):
    (tmp_path / "blot.xyz").write_bytes(b"\x01\x02\x03\x04" * 20)
    line = refused(tmp_path / "blot.xyz")
    assert all(suffix in line for suffix in supported_suffixes())


def test_empty(tmp_path, refused):
    (tmp_path / "blot.tif").touch()
    assert "empty (0 bytes)" in refused(tmp_path / "blot.tif")


def test_missing(tmp_path, refused):
    assert "no such file" in refused(tmp_path / "blot.tif")


def test_folder(tmp_path, refused):
    (tmp_path / "blots.tif").mkdir()
    assert "is a folder" in refused(tmp_path / "blots.tif")


def test_dangling_link(tmp_path, refused):
    (tmp_path / "blot.tif").symlink_to(tmp_path / "gone.tif")
    assert "link to a file that is not there" in refused(tmp_path / "blot.tif")


def test_link_to_itself(tmp_path, refused):
    (tmp_path / "blot.tif").symlink_to(tmp_path / "blot.tif")
    assert "link" in refused(tmp_path / "blot.tif")


def test_named_pipe_is_not_waited_for(tmp_path, refused):
    os.mkfifo(tmp_path / "blot.tif")
    assert "pipe" in refused(tmp_path / "blot.tif")


def test_impossible_name():
    with pytest.raises(UnreadableImage, match="not a possible file name"):
        load("blot\0.tif")


def test_name_that_is_too_long():
    with pytest.raises(UnreadableImage, match="cannot be read"):
        load("b" * 300 + ".tif")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_not_permitted(tmp_path, refused, picture):
    tifffile.imwrite(tmp_path / "blot.tif", picture("uint8"))
    (tmp_path / "blot.tif").chmod(0)
    assert "not permitted" in refused(tmp_path / "blot.tif")


def test_not_permitted_as_the_system_says_it(tmp_path, refused, picture, monkeypatch):
    tifffile.imwrite(tmp_path / "blot.tif", picture("uint8"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "not permitted" in refused(tmp_path / "blot.tif")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(tmp_path, refused, picture, value):
    data = picture("float32")
    data[3, 4] = value
    tifffile.imwrite(tmp_path / "blot.tif", data)
    assert "hold no number" in refused(tmp_path / "blot.tif")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "float32"])
def test_constant(tmp_path, refused, dtype):
    tifffile.imwrite(tmp_path / "blot.tif", np.full((50, 60), 7, dtype))
    line = refused(tmp_path / "blot.tif")
    assert "constant, every pixel is 7" in line
    assert "nothing to measure" in line


@pytest.mark.parametrize("shape", [(1, 50), (50, 1), (1, 1)])
def test_one_pixel_wide(tmp_path, refused, shape):
    tifffile.imwrite(tmp_path / "blot.tif", np.arange(np.prod(shape), dtype="uint8").reshape(shape))
    assert "has no lanes" in refused(tmp_path / "blot.tif")


def test_no_pixels(tmp_path, refused):
    tifffile.imwrite(tmp_path / "blot.tif", np.ones((40, 40), np.uint8), metadata=None)
    with tifffile.TiffFile(tmp_path / "blot.tif", mode="r+") as file:
        file.pages[0].tags["ImageLength"].overwrite(0)
    refused(tmp_path / "blot.tif")


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg", "gif", "bmp"])
def test_over_the_limit(tmp_path, refused, picture, suffix):
    path = tmp_path / f"blot.{suffix}"
    Image.fromarray(picture("uint8")).save(path)
    line = refused(path, ImageSettings(max_megapixels=0.01))
    assert "limit of 0.01 Mpx" in line
    assert "max_megapixels" in line


def test_a_page_of_the_file_is_named(tmp_path, refused, picture):
    data = np.stack([picture("uint8"), np.full((90, 120), 9, np.uint8)])
    tifffile.imwrite(tmp_path / "blot.tif", data, photometric="minisblack")
    with pytest.raises(UnreadableImage, match=r"blot\.tif#2: is constant"):
        load(tmp_path / "blot.tif")


def test_a_decoder_that_fails_oddly_is_the_files_fault(tmp_path, refused, picture, monkeypatch):
    from blotquant.loaders import tiff

    def broken(*_):
        raise AssertionError

    tifffile.imwrite(tmp_path / "blot.tif", picture("uint8"))
    monkeypatch.setattr(tiff, "_read_series", broken)
    assert "blot.tif: is truncated or damaged; copy" in refused(tmp_path / "blot.tif")


def test_out_of_memory(tmp_path, refused, picture, monkeypatch):
    from blotquant.loaders import tiff

    def greedy(*_):
        raise MemoryError

    tifffile.imwrite(tmp_path / "blot.tif", picture("uint8"))
    monkeypatch.setattr(tiff, "_read_series", greedy)
    assert "memory" in refused(tmp_path / "blot.tif")


def test_which_files_of_a_folder_are_images(tmp_path, picture):
    tifffile.imwrite(tmp_path / "no_suffix", picture("uint8"))
    (tmp_path / "damaged.TIF").write_bytes(b"x")
    (tmp_path / "._blot.tif").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "folder.tif").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert {path.name for path in tmp_path.iterdir() if is_image(path)} == {
        "no_suffix",
        "damaged.TIF",
    }


def test_suffixes():
    assert {".tif", ".tiff", ".png", ".jpg", ".bmp", ".gif", ".scn", ".1sc"} <= set(
        supported_suffixes()
    )


@pytest.mark.parametrize(("suffix", "software"), [("sgd", "GeneSys"), ("g2i", "iBright")])
def test_formats_that_nobody_published_say_how_to_export(tmp_path, refused, suffix, software):
    path = tmp_path / f"blot.{suffix}"
    path.write_bytes(np.random.default_rng(0).bytes(3000))
    line = refused(path)
    assert software in line
    assert "16-bit TIFF" in line
    assert is_image(path)  # a run names it among its failures

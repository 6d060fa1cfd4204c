"""PNG, JPEG, BMP and GIF."""

import shutil
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from blotquant.errors import UnreadableImage
from blotquant.flags import Flag
from blotquant.loaders import load
from blotquant.loaders.raster import RasterLoader
from blotquant.testing import LoaderContract


class TestPngContract(LoaderContract):
    loader = RasterLoader()

    def good_file(self, folder):
        rng = np.random.default_rng(0)
        path = folder / "blot.png"
        Image.fromarray(rng.integers(0, 65536, (80, 90), np.uint16)).save(path)
        return path


class TestJpegContract(LoaderContract):
    loader = RasterLoader()

    def good_file(self, folder):
        rng = np.random.default_rng(0)
        path = folder / "blot.jpg"
        Image.fromarray(rng.integers(0, 256, (80, 90), np.uint8)).save(path)
        return path


class TestGifContract(LoaderContract):
    loader = RasterLoader()

    def good_file(self, folder):
        rng = np.random.default_rng(0)
        frames = [Image.fromarray(page) for page in rng.integers(0, 256, (3, 80, 90), np.uint8)]
        path = folder / "blot.gif"
        frames[0].save(path, save_all=True, append_images=frames[1:])
        return path


class TestBmpContract(LoaderContract):
    loader = RasterLoader()

    def good_file(self, folder):
        rng = np.random.default_rng(0)
        path = folder / "blot.bmp"
        Image.fromarray(rng.integers(0, 256, (80, 90), np.uint8)).save(path)
        return path


def save(path, data, **options):
    Image.fromarray(data).save(path, **options)
    return path


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_png_comes_back_exactly(tmp_path, picture, dtype):
    data = picture(dtype)
    (blot,) = load(save(tmp_path / "blot.png", data))
    np.testing.assert_array_equal(blot.pixels, data)
    assert blot.pixels.dtype == data.dtype
    assert (Flag.EIGHT_BIT in blot.flags) == (dtype == "uint8")
    assert Flag.LOSSY not in blot.flags


@pytest.mark.parametrize("suffix", ["bmp", "gif"])
def test_grey_bmp_and_gif_come_back_exactly(tmp_path, picture, suffix):
    data = picture("uint8")
    (blot,) = load(save(tmp_path / f"blot.{suffix}", data))
    np.testing.assert_array_equal(blot.pixels, data)
    assert blot.flags == Flag.EIGHT_BIT


def test_jpeg_is_flagged(tmp_path, picture):
    (blot,) = load(save(tmp_path / "blot.jpg", picture("uint8"), quality=95))
    assert blot.flags == Flag.LOSSY | Flag.EIGHT_BIT
    assert "not fit" in blot.warnings[0]


@pytest.mark.parametrize(("quality", "step"), [(50, 2.0), (75, 1.0)])
def test_jpeg_says_how_coarsely_its_blocks_are_rounded(tmp_path, picture, quality, step):
    """16 at quality 50 for the mean's coefficient (ITU-T T.81, table K.1), which is 8 means."""
    (blot,) = load(save(tmp_path / "blot.jpg", picture("uint8"), quality=quality))
    assert blot.block_step == step
    (plain,) = load(save(tmp_path / "blot.png", picture("uint8")))
    assert plain.block_step is None


def test_grey_saved_as_colour_jpeg_stays_grey(tmp_path, picture):
    data = picture("uint8")
    (blot,) = load(save(tmp_path / "blot.jpg", np.stack([data] * 3, -1), quality=80))
    assert Flag.COLOUR not in blot.flags


@pytest.mark.parametrize("samples", [3, 4])
def test_png_of_16_bit_colours_keeps_its_bits(tmp_path, picture, samples):
    """Pillow would cut them to 8."""
    data = picture("uint16")
    planes = np.stack([data] * 3 + [np.full_like(data, 65535)] * (samples - 3), -1)
    path = tmp_path / "deep.png"
    path.write_bytes(imagecodecs.png_encode(planes))
    (blot,) = load(path)
    np.testing.assert_array_equal(blot.pixels, data)


def test_png_with_a_palette(tmp_path, picture):
    data = picture("uint8")
    image = Image.fromarray(data).convert("P")
    image.save(tmp_path / "palette.png")
    (blot,) = load(tmp_path / "palette.png")
    np.testing.assert_array_equal(blot.pixels, data)


def test_transparent_parts_are_white_canvas(tmp_path, picture):
    data = picture("uint8", dark=True)
    alpha = np.full_like(data, 255)
    alpha[:, :20] = 0
    (blot,) = load(save(tmp_path / "cut.png", np.stack([data, data, data, alpha], -1)))
    assert (blot.pixels[:, :20] == 255).all()
    np.testing.assert_array_equal(blot.pixels[:, 20:], data[:, 20:])
    assert any("transparent" in line for line in blot.warnings)


def test_transparent_palette_entry(tmp_path, picture):
    image = Image.fromarray(picture("uint8", dark=True)).convert("P")
    index = int(np.asarray(image)[0, 0])
    image.save(tmp_path / "cut.png", transparency=index)
    (blot,) = load(tmp_path / "cut.png")
    assert blot.pixels[0, 0] == 255


def test_frames_of_a_gif_are_pages(tmp_path, picture):
    frames = [Image.fromarray(picture("uint8", seed=seed)) for seed in range(3)]
    frames[0].save(tmp_path / "frames.gif", save_all=True, append_images=frames[1:])
    blots = load(tmp_path / "frames.gif")
    assert [blot.source.part for blot in blots] == ["1", "2", "3"]


def test_turned_by_a_tag_is_told(tmp_path, picture):
    image = Image.fromarray(picture("uint8"))
    exif = image.getexif()
    exif[274] = 6
    image.save(tmp_path / "phone.jpg", exif=exif)
    (blot,) = load(tmp_path / "phone.jpg")
    assert blot.shape == (90, 120)
    assert any("orientation 6" in line for line in blot.warnings)


def test_two_levels_are_refused(tmp_path, picture):
    Image.fromarray(picture("uint8") > 90).save(tmp_path / "scan.png")
    with pytest.raises(UnreadableImage, match="1 bit"):
        load(tmp_path / "scan.png")


def png_that_declares(path, cols, rows):
    """A PNG of a few bytes whose header promises a large picture."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", cols, rows, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0" * 99)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


@pytest.mark.parametrize("size", [(30_000, 30_000), (100_000, 100_000)])
def test_bombs_are_refused_by_their_header(tmp_path, size):
    png_that_declares(tmp_path / "bomb.png", *size)
    with pytest.raises(UnreadableImage, match="limit of 500 Mpx"):
        load(tmp_path / "bomb.png")


def test_large_but_allowed_pictures_raise_no_warning_of_pillow(tmp_path):
    """Pillow warns from 89 Mpx on; the recipe's limit is the one that counts."""
    png_that_declares(tmp_path / "large.png", 10_000, 10_000)
    with pytest.raises(UnreadableImage, match="truncated"):
        load(tmp_path / "large.png")


def test_the_guard_of_pillow_is_left_as_it_was(tmp_path, picture):
    before = Image.MAX_IMAGE_PIXELS
    load(save(tmp_path / "blot.png", picture("uint8")))
    assert before == Image.MAX_IMAGE_PIXELS


def test_content_counts_not_the_name(tmp_path, picture):
    path = save(tmp_path / "blot.png", picture("uint16"))
    renamed = shutil.move(path, tmp_path / "blot.tif")
    (blot,) = load(renamed)
    assert blot.source.reader == "raster"

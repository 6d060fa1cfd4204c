"""TIFF in every form that is met, written by tifffile and read back to the last grey level."""

import numpy as np
import pytest
import tifffile

from blotquant.errors import UnreadableImage
from blotquant.flags import Flag
from blotquant.loaders import load
from blotquant.loaders.strips import unpacked
from blotquant.loaders.tiff import TiffLoader
from blotquant.testing import LoaderContract

DTYPES = ["uint8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64"]
COMPRESSIONS = [
    "deflate", "adobe_deflate", "lzw", "packbits", "zstd", "lzma", "lerc", "png", "jpeg2000",
    "jpegxl",
]  # fmt: skip


@pytest.fixture
def tif(tmp_path):
    """Function that writes a TIFF and gives its path."""

    def write(data, name="blot.tif", **options):
        path = tmp_path / name
        tifffile.imwrite(path, data, **{"photometric": "minisblack"} | options)
        return path

    return write


class TestTiffContract(LoaderContract):
    loader = TiffLoader()

    def good_file(self, folder):
        rng = np.random.default_rng(0)
        path = folder / "blot.tif"
        tifffile.imwrite(path, rng.integers(0, 65536, (80, 90), np.uint16), compression="zlib")
        return path


class TestPagesContract(TestTiffContract):
    def good_file(self, folder):
        rng = np.random.default_rng(0)
        path = folder / "blot.tif"
        tifffile.imwrite(
            path, rng.integers(0, 65536, (3, 80, 90), np.uint16), photometric="minisblack"
        )
        return path


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_levels_of_every_type_come_back(tif, picture, dtype, byteorder):
    data = picture(dtype)
    (blot,) = load(tif(data, byteorder=byteorder))
    np.testing.assert_array_equal(blot.pixels, data)
    assert blot.pixels.dtype == np.dtype(dtype)
    assert blot.polarity == "light_on_dark"
    np.testing.assert_allclose(blot.signal(), data.astype(np.float32))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_every_lossless_compression(tif, picture, compression):
    data = picture("uint16")
    options = {"compressionargs": {"reversible": True}} if compression == "jpeg2000" else {}
    if compression == "jpegxl":
        options = {"compressionargs": {"lossless": True}}
    (blot,) = load(tif(data, compression=compression, **options))
    np.testing.assert_array_equal(blot.pixels, data)


def test_predictor(tif, picture):
    data = picture("uint16")
    (blot,) = load(tif(data, compression="zlib", predictor=True))
    np.testing.assert_array_equal(blot.pixels, data)


def test_jpeg_inside_is_flagged(tif, picture):
    (blot,) = load(tif(picture("uint8"), compression="jpeg"))
    assert Flag.LOSSY in blot.flags
    assert Flag.EIGHT_BIT in blot.flags


@pytest.mark.parametrize("options", [{"tile": (32, 32)}, {"rowsperstrip": 7}, {"bigtiff": True}])
def test_tiles_strips_and_bigtiff(tif, picture, options):
    data = picture("uint16")
    (blot,) = load(tif(data, **options))
    np.testing.assert_array_equal(blot.pixels, data)


def test_float_cannot_be_judged_for_saturation(tif, picture):
    (blot,) = load(tif(picture("float32")))
    assert blot.ceiling is None
    assert blot.saturated is None
    assert Flag.SATURATION_NOT_ASSESSABLE in blot.flags


def test_float_with_a_ceiling_given_can(tif, picture):
    from blotquant.recipe import ImageSettings

    data = picture("float32")
    (blot,) = load(tif(data), ImageSettings(ceiling=500.0))
    assert Flag.SATURATION_NOT_ASSESSABLE not in blot.flags
    np.testing.assert_array_equal(blot.saturated, data >= 500)


def test_all_pages_are_offered(tif, picture):
    data = np.stack([picture("uint16", seed=seed) for seed in range(3)])
    blots = load(tif(data, metadata=None))
    assert [blot.source.part for blot in blots] == ["1", "2", "3"]
    assert blots[1].source.name == "blot.tif#2"
    for blot, page in zip(blots, data, strict=True):
        np.testing.assert_array_equal(blot.pixels, page)


def test_pages_of_different_size_are_offered(tmp_path, picture):
    path = tmp_path / "two.tif"
    pages = [picture("uint16"), picture("uint16", shape=(70, 200))]
    with tifffile.TiffWriter(path) as writer:
        for page in pages:
            writer.write(page, photometric="minisblack", metadata=None)
    blots = load(path)
    assert [blot.shape for blot in blots] == [(90, 120), (70, 200)]


def test_imagej_stack_with_labels(tmp_path, picture):
    path = tmp_path / "stack.tif"
    data = np.stack([picture("uint16", seed=seed) for seed in range(2)])
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": "CYX", "Labels": ["actin", "p53"]})
    blots = load(path)
    assert [blot.channel for blot in blots] == ["actin", "p53"]
    np.testing.assert_array_equal(blots[1].pixels, data[1])


def test_ome_channels_are_pages(tmp_path, picture):
    path = tmp_path / "two.ome.tif"
    data = np.stack([picture("uint16", seed=seed) for seed in range(2)])
    tifffile.imwrite(path, data, metadata={"axes": "CYX"}, ome=True, photometric="minisblack")
    assert len(load(path)) == 2


def test_thumbnail_is_not_a_page(tmp_path, picture):
    path = tmp_path / "thumbnail.tif"
    data = picture("uint16")
    with tifffile.TiffWriter(path) as writer:
        writer.write(data, photometric="minisblack", metadata=None)
        writer.write(data[::5, ::5], photometric="minisblack", metadata=None, subfiletype=1)
    (blot,) = load(path)
    np.testing.assert_array_equal(blot.pixels, data)


@pytest.mark.parametrize("subfiletype", [0, 1])
def test_pyramid_gives_its_full_resolution(tmp_path, picture, subfiletype):
    """As LI-COR writes them: float16, tiles of 128, further levels as pages."""
    path = tmp_path / "odyssey.tif"
    data = picture("float16", shape=(512, 640))
    with tifffile.TiffWriter(path) as writer:
        for level in range(4):
            small = data[:: 2**level, :: 2**level]
            writer.write(
                small,
                photometric="minisblack",
                metadata=None,
                tile=(128, 128),
                subfiletype=subfiletype if level else 0,
            )
    (blot,) = load(path)
    np.testing.assert_array_equal(blot.pixels, data)


def test_pyramid_in_sub_directories(tmp_path, picture):
    path = tmp_path / "pyramid.tif"
    data = picture("uint16", shape=(256, 320))
    with tifffile.TiffWriter(path) as writer:
        writer.write(data, photometric="minisblack", subifds=1, tile=(64, 64), metadata=None)
        writer.write(data[::2, ::2], photometric="minisblack", subfiletype=1, tile=(64, 64))
    (blot,) = load(path)
    np.testing.assert_array_equal(blot.pixels, data)


@pytest.mark.parametrize("dark", [False, True])
def test_white_is_zero_is_recorded_and_not_believed(tif, picture, dark):
    data = picture("uint16", dark=dark)
    (blot,) = load(tif(data, photometric="miniswhite"))
    np.testing.assert_array_equal(blot.pixels, data)
    assert blot.polarity == ("dark_on_light" if dark else "light_on_dark")
    assert ("photometric", "WhiteIsZero") in blot.source.metadata


def test_palette_of_greys(tif, picture):
    """An inverted table: the picture is what the table shows."""
    data = picture("uint8")
    ramp = np.arange(255, -1, -1, dtype=np.uint16) * 257
    (blot,) = load(tif(data, photometric="palette", colormap=np.stack([ramp] * 3)))
    np.testing.assert_array_equal(blot.pixels, 255 - data)
    assert blot.polarity == "dark_on_light"
    assert Flag.COLOUR not in blot.flags


def test_palette_of_colours_is_luminance(tif, picture):
    ramp = np.arange(256, dtype=np.uint16) * 257
    table = np.stack([ramp, ramp // 3, np.zeros_like(ramp)])
    (blot,) = load(tif(picture("uint8"), photometric="palette", colormap=table))
    assert Flag.COLOUR in blot.flags


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_grey_in_rgb_clothes(tif, picture, planar):
    data = picture("uint8")
    axis = -1 if planar == "contig" else 0
    path = tif(np.stack([data] * 3, axis), photometric="rgb", planarconfig=planar)
    (blot,) = load(path)
    np.testing.assert_array_equal(blot.pixels, data)
    assert blot.flags == Flag.EIGHT_BIT


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_opaque_alpha_is_dropped(tif, picture, planar):
    data = picture("uint8")
    planes = [data, data, data, np.full_like(data, 255)]
    axis = -1 if planar == "contig" else 0
    (blot,) = load(
        tif(
            np.stack(planes, axis),
            photometric="rgb",
            planarconfig=planar,
            extrasamples=["unassalpha"],
        )
    )
    np.testing.assert_array_equal(blot.pixels, data)
    assert not blot.warnings


def test_grey_with_alpha(tif, picture):
    data = picture("uint16")
    path = tif(np.stack([data, np.full_like(data, 65535)], -1), extrasamples=["unassalpha"])
    (blot,) = load(path)
    np.testing.assert_array_equal(blot.pixels, data)


def test_unrelated_samples_are_pictures_each(tif, picture):
    planes = np.stack([picture("uint16", seed=seed) for seed in range(2)])
    blots = load(tif(planes, planarconfig="separate"))
    assert [blot.source.part for blot in blots] == ["1", "2"]
    np.testing.assert_array_equal(blots[1].pixels, planes[1])


def test_rgb_declared_signed(tif, picture):
    """One exporter writes SampleFormat "signed" over unsigned bytes."""
    data = picture("uint8")
    rgb = np.stack([data] * 3, -1).view(np.int8)
    (blot,) = load(tif(rgb, photometric="rgb"))
    np.testing.assert_array_equal(blot.pixels, data)


def test_print_colours_become_grey(tif, picture):
    data = picture("uint8")
    inks = np.stack([np.zeros_like(data)] * 3 + [255 - data], -1)
    (blot,) = load(tif(inks, photometric="separated"))
    np.testing.assert_array_equal(blot.pixels, data)


def test_twelve_bits_in_sixteen(tif, picture):
    data = np.minimum(picture("uint16", peak=6000, ground=300), 4095)
    (blot,) = load(tif(data))
    assert blot.bit_depth == 12
    assert blot.ceiling == 4095
    np.testing.assert_array_equal(blot.saturated, data == 4095)


@pytest.mark.parametrize(("code", "power"), [(2, 2), (128, 1)])
def test_gel_files_are_made_linear(tif, picture, code, power):
    """Molecular Dynamics stores the square root of the counts."""
    data = picture("uint16")
    tags = [(33445, "I", 1, code, True), (33446, "2I", 1, (1, 100), True)]
    (blot,) = load(tif(data, name="scan.gel", extratags=tags, metadata=None))
    np.testing.assert_allclose(blot.pixels, data.astype(float) ** power / 100, rtol=1e-6)
    assert blot.ceiling == pytest.approx(65535.0**power / 100)
    assert blot.source.format.endswith("mdgel")


def test_pixel_size_from_the_resolution(tif, picture):
    (blot,) = load(tif(picture("uint16"), resolution=(50, 50), resolutionunit="CENTIMETER"))
    assert blot.pixel_size_um == pytest.approx(200)


def test_a_default_resolution_says_nothing(tif, picture):
    (blot,) = load(tif(picture("uint16"), resolution=(72, 72), resolutionunit="INCH"))
    assert blot.pixel_size_um is None


def test_declared_size_is_refused_before_memory_is_taken(tif):
    import tracemalloc

    path = tif(np.zeros((64, 64), np.uint16), tile=(64, 64), compression="zlib", metadata=None)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["ImageWidth"].overwrite(2_000_000)
        file.pages[0].tags["ImageLength"].overwrite(2_000_000)
    tracemalloc.start()
    with pytest.raises(UnreadableImage, match="limit of 500 Mpx"):
        load(path)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_complex_numbers_are_explained(tif):
    with pytest.raises(UnreadableImage, match="complex"):
        load(tif(np.ones((40, 40), np.complex64)))


def test_lab_colours_are_explained(tif, picture):
    path = tif(np.stack([picture("uint8")] * 3, -1), photometric="cielab")
    with pytest.raises(UnreadableImage, match=r"CIELAB.*greyscale"):
        load(path)


def test_unknown_compression_is_explained(tif, picture):
    path = tif(picture("uint16"), compression="zlib", metadata=None)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["Compression"].overwrite(34677)
    with pytest.raises(UnreadableImage, match="plain 16-bit TIFF"):
        load(path)


@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize(("dtype", "strip"), [("uint8", 7), ("uint16", 16), ("uint16", 500)])
def test_deflated_strips_go_straight_to_their_place(tif, picture, dtype, strip, predictor):
    data = picture(dtype)
    options = {"compression": "zlib", "predictor": predictor, "rowsperstrip": strip}
    with tifffile.TiffFile(tif(data, **options)) as file:
        np.testing.assert_array_equal(unpacked(file, file.series[0]), data)


@pytest.mark.parametrize("options", [{"byteorder": ">"}, {"tile": (16, 16)}, {}])
def test_other_pages_are_left_to_tifffile(tif, picture, options):
    with tifffile.TiffFile(tif(picture("uint16"), compression="zlib", **options)) as file:
        series = file.series[0]
        if not options:  # a strip of which the end is missing
            series.keyframe.databytecounts = (series.keyframe.databytecounts[0] - 9,)
        assert unpacked(file, series) is None


def test_large_pictures_are_unpacked_by_several_threads(tif, picture, monkeypatch):
    monkeypatch.setattr("blotquant.loaders.strips._LARGE", 1)
    monkeypatch.setattr("blotquant.loaders.strips._workers", lambda: 2)
    data = picture("uint16")
    (blot,) = load(tif(data, compression="zlib", predictor=True, rowsperstrip=3))
    np.testing.assert_array_equal(blot.pixels, data)

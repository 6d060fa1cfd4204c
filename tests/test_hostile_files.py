"""Spoilt files: a slice of the fuzzer, and each fault that it or thinking has found."""

import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from blotquant import Recipe, measure
from blotquant.errors import (
    BlotquantError,
    LayoutError,
    RecipeError,
    SessionError,
    StudyError,
    UnreadableImage,
)
from blotquant.loaders import load
from blotquant.model import Band, Blot, Lane
from blotquant.session import read_session
from blotquant.study import Study, read_samples

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
import fuzz
from parts.format_writers import bands, gel, scn, tag, tiff
from parts.sound_files import sound_files


@pytest.mark.slow
def test_spoilt_files_are_read_or_refused():
    """The first files of a fixed seed, the same each time; a benchmark reads many more."""
    tally = fuzz.run(1500, seed=2024, jobs=1, seconds=120)
    assert tally.faults == []
    assert tally.said["read"] > 20
    assert tally.said["refused"] > 20


WATCHED = """
import sys, time
sys.path.insert(0, {parts!r})
from watchdog import Watchdog
with Watchdog(0.3, {asleep_s}, 0.05).watching():
    print(flush=True)
    {work}
"""


def watched(work, asleep_s=0.3):
    parts = str(Path(fuzz.__file__).parent / "parts")
    program = WATCHED.format(parts=parts, work=work, asleep_s=asleep_s)
    command = [sys.executable, "-c", program]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("work", "words"),
    [
        ("while True: pass", "processor time"),
        ("sum(range(10**12))", "processor time"),  # inside a library
        ("time.sleep(60)", "slept"),
    ],
)
def test_the_fuzzer_ends_what_hangs(work, words):
    process = watched(work)
    _, trace = process.communicate(timeout=30)
    assert words in fuzz.why(process.returncode)
    assert "most recent call first" in trace


def test_the_fuzzer_blames_no_file_for_a_pause():
    """A stopped process counted as one that hangs, by the clock on the wall.

    The sleep takes a tenth of the limit: a busy machine wakes its thread late by some ticks.
    """
    process = watched("time.sleep(0.1)", asleep_s=1.0)
    process.stdout.readline()
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    process.send_signal(signal.SIGCONT)
    _, trace = process.communicate(timeout=30)
    assert (process.returncode, trace) == (0, "")


def test_the_fuzzer_says_each_minute_how_far_it_is(capsys):
    seconds = iter(range(0, 1000, 10))
    tally = fuzz.Tally(lambda: next(seconds))
    for number in range(12):
        tally.add([str(number), "0.1", "5", "False", "'read'"], "image:a")
    said = capsys.readouterr().out.splitlines()
    assert said
    assert all("bounds broken: 0" in line for line in said)
    assert len(said) < 4


@pytest.mark.parametrize("sound", sound_files(None), ids=lambda one: f"{one.read}:{one.name}")
def test_what_is_spoilt_was_sound(sound, tmp_path):
    """A fuzzer that begins with refused files would find nothing."""
    from parts.fuzz_readers import read_spoilt

    outcome = read_spoilt(sound, sound.files, tmp_path / "case")
    assert outcome.said == "read", outcome.reason


# How the files of each format begin.
BEGINNINGS = (
    *(b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0"),
    *(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"GIF89a", b"BM"),
    *(b"MIME-Version: 1.0\r\nContent-Type: multipart/x\r\nContent-Length: 9\r\n\r\n", b"PK\3\4"),
    *(b"\xaf\xafStable File Version 2.0", b"#LI-COR LI2D\nScanNames=", b"BAS_IMAGE_FILE\na\n"),
)


@settings(max_examples=150, deadline=None)
@given(beginning=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=400))
def test_whatever_follows_a_beginning_is_refused(tmp_path_factory, beginning, rest):
    """Nothing so short is a picture that can be measured, and nothing else comes out."""
    path = tmp_path_factory.mktemp("any") / "blot.tif"
    path.write_bytes(beginning + rest)
    with pytest.raises(UnreadableImage):
        load(path)


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(max_size=300),
    read=st.sampled_from([Recipe.from_toml, Study.from_toml, read_session, read_samples]),
)
def test_whatever_a_text_says_is_read_or_refused(tmp_path_factory, text, read):
    path = tmp_path_factory.mktemp("any") / "text.csv"
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    with contextlib.suppress(BlotquantError):
        read(path)


class TestImages:
    def refused(self, path, words):
        with pytest.raises(UnreadableImage, match=words) as refusal:
            load(path)
        assert path.name in str(refusal.value)

    @pytest.mark.parametrize("pages", [1, 2, 150])
    def test_pages_in_a_circle(self, tmp_path, pages):
        """tifffile looks back once, at the hundredth page, and would go round for ever."""
        data = tiff([(None, [tag(305, 2, "x")])] * pages + [(bands(), [])])
        first = struct.unpack_from("<I", data, 4)[0]
        path = tmp_path / "circle.tif"
        path.write_bytes(tiff([(None, [tag(305, 2, "x")])] * pages + [(bands(), [])], last=first))
        self.refused(path, "in a circle")

    def test_thousands_of_pages(self, tmp_path):
        path = tmp_path / "many.tif"
        path.write_bytes(tiff([(None, [tag(305, 2, "x")])] * 3000))
        self.refused(path, "more than 2000 pages")

    def test_many_small_pictures(self, tmp_path):
        path = tmp_path / "many.tif"
        path.write_bytes(tiff([(bands((8, 8)), [])] * 600))
        self.refused(path, "600 pictures")

    def test_a_cut_between_pages(self, tmp_path):
        """The pages in front of the cut were read as all there are."""
        data = tiff([(bands(seed=seed), []) for seed in range(3)])
        path = tmp_path / "cut.tif"
        path.write_bytes(data[: len(data) // 2])
        self.refused(path, "truncated")

    def test_a_tile_larger_than_its_picture(self, tmp_path):
        path = tmp_path / "tile.tif"
        tifffile.imwrite(path, bands(), tile=(32, 32), compression="zlib", metadata=None)
        with tifffile.TiffFile(path, mode="r+") as file:
            file.pages[0].tags["TileLength"].overwrite(2**31)
        self.refused(path, "MiB of pixels")

    @pytest.mark.parametrize("kind", ["jpeg", "jpeg2000", "jpegxl", "png", "webp", "lerc"])
    def test_a_stream_larger_than_its_strip(self, tmp_path, kind):
        """A TIFF says 16 x 16 pixels around a stream of 256 x 256."""
        path = tmp_path / "stream.tif"
        pixels = np.arange(65536, dtype=np.uint8).reshape(256, 256)
        colour = {"photometric": "rgb"} if kind == "webp" else {"photometric": "minisblack"}
        pixels = np.stack([pixels] * 3, -1) if kind == "webp" else pixels
        tifffile.imwrite(path, pixels, compression=kind, metadata=None, **colour)
        with tifffile.TiffFile(path, mode="r+") as file:
            for name in ("ImageWidth", "ImageLength", "RowsPerStrip"):
                file.pages[0].tags[name].overwrite(16)
        self.refused(path, "not of the size that the TIFF says")

    def test_lerc_of_millions_of_values_a_pixel(self, tmp_path):
        path = tmp_path / "deep.tif"
        tifffile.imwrite(path, bands(), compression="lerc", photometric="minisblack", metadata=None)
        data = bytearray(path.read_bytes())
        struct.pack_into("<i", data, data.index(b"Lerc2 ") + 22, 2**24)
        path.write_bytes(data)
        self.refused(path, "not of the size that the TIFF says")

    def test_lerc_that_is_packed_twice(self, tmp_path):
        path = tmp_path / "twice.tif"
        with tifffile.TiffWriter(path) as writer:
            options = {"compression": "lerc", "compressionargs": {"compression": "deflate"}}
            writer.write(bands(), photometric="minisblack", metadata=None, **options)
        self.refused(path, "plain 16-bit TIFF")

    def test_a_shape_that_is_no_shape(self, tmp_path):
        """Pages of 1e-300 pictures each never came to an end."""
        path = tmp_path / "shape.tif"
        words = '{"shape": [64, 1e-300]}'
        path.write_bytes(tiff([(bands(), [tag(270, 2, words)])]))
        np.testing.assert_array_equal(load(path)[0].pixels, bands())

    @pytest.mark.parametrize(("kind", "mode"), [("png", "L"), ("png", "RGBA"), ("gif", "P")])
    def test_bombs_of_one_colour(self, tmp_path, kind, mode):
        path = tmp_path / f"bomb.{kind}"
        Image.new(mode, (12_000, 12_000)).save(path)
        assert path.stat().st_size < 2**20
        self.refused(path, "no picture of a blot is")

    def test_a_large_even_picture_is_no_bomb(self, tmp_path):
        """Half of a slide is white paper: it compresses well."""
        page = np.full((3000, 4000), 255, np.uint8)
        page[1000:1200, 1000:1300] = np.random.default_rng(0).integers(0, 255, (200, 300))
        Image.fromarray(page).save(tmp_path / "slide.png")
        (blot,) = load(tmp_path / "slide.png")
        np.testing.assert_array_equal(blot.pixels, page)

    @pytest.mark.parametrize("rows", range(3, 12))
    def test_a_strip_whose_inside_is_rim_only(self, tmp_path, rows):
        """A few rows on canvas: the piece is thinner than the rim that is taken off it."""
        data = np.zeros((rows + 8, 72), np.uint16)
        data[4:-4, 4:-4] = bands((rows, 64))
        path = tmp_path / "strip.tif"
        path.write_bytes(tiff([(data, [])]))
        (blot,) = load(path)
        np.testing.assert_array_equal(blot.pixels, data)

    @pytest.mark.parametrize("kind", ["tif", "gel", "png", "jpeg", "bmp", "gif", "1sc", "scn"])
    def test_a_picture_in_a_file_of_a_terabyte(self, tmp_path, kind):
        """The disk holds next to nothing; reading it all, or its hash alone, never ended."""
        path = tmp_path / f"blot.{kind}"
        eight = Image.fromarray((bands() >> 8).astype(np.uint8))
        if kind in ("tif", "gel"):
            path.write_bytes(tiff([(bands(), [])]) if kind == "tif" else gel([bands()], 2, (1, 1)))
        elif kind == "scn":
            scn(path, [bands()])
        elif kind == "1sc":
            path.write_bytes(b"\xaf\xafStable File Version 2.0".ljust(200, b"\0"))
        else:
            eight.save(path)
        os.truncate(path, 2**40)
        self.refused(path, "far more than its pictures")

    def test_levels_beyond_all_detectors(self, tmp_path):
        path = tmp_path / "huge.tif"
        data = bands().astype(np.float32)
        data[3, 4] = 1e38
        path.write_bytes(tiff([(data, [])]))
        self.refused(path, "no detector gives")

    @pytest.mark.parametrize("length", [0, 2, 7])
    def test_1sc_fields_without_length(self, shared, tmp_path, length):
        """The reader library stayed at such a field for ever."""
        data = bytearray((shared / "real" / "biorad_test1.1sc").read_bytes())
        place = data.index(struct.pack("<H", 102), 160 + 11 * 20)  # of the first collection
        struct.pack_into("<H", data, place + 2, length)
        path = tmp_path / "blot.1sc"
        path.write_bytes(data)
        self.refused(path, "damaged")

    def test_an_xml_bomb_in_an_scn(self, tmp_path):
        path = scn(tmp_path / "blot.scn", [bands()])
        bomb = b"<!DOCTYPE b [<!ENTITY a 'aa'>]><root>&a;<x name='"
        data = path.read_bytes().replace(b"<!DOCTYPE XML>\n<root>\n <name>", bomb)
        path.write_bytes(data)
        self.refused(path, r"blot\.scn")

    def test_sizes_below_nothing(self, tmp_path):
        path = scn(tmp_path / "blot.scn", [bands()])
        path.write_bytes(path.read_bytes().replace(b'height="64"', b'height="-4"'))
        self.refused(path, "empty")

    def test_a_gel_that_is_cut(self, tmp_path):
        path = tmp_path / "blot.gel"
        data = gel([bands(), bands()], 2, (1, 1))
        path.write_bytes(data[: len(data) // 2 + 40])
        self.refused(path, "truncated")


class TestSettings:
    @pytest.mark.parametrize(
        "text",
        [
            "a." * 20_000 + "b = 1",
            '"a".' * 20_000 + "b = 1",
            "[" + "a." * 20_000 + "b]",
            "x = " + "[" * 20_000,
            "x = " + "{a=" * 20_000,
            "x = " + "9" * 5000,
            "[image]\npolarity = '" + "[" * 20_000 + "'",
        ],
    )
    @pytest.mark.parametrize(("reader", "error"), [(Recipe, RecipeError), (Study, StudyError)])
    def test_toml_that_never_ends(self, tmp_path, reader, error, text):
        path = tmp_path / "settings.toml"
        path.write_text(text)
        with pytest.raises(error, match=r"settings\.toml") as refusal:
            reader.from_toml(path)
        assert len(str(refusal.value)) < 1000

    @pytest.mark.parametrize("read", [Recipe.from_toml, Study.from_toml, read_session])
    def test_pipes_are_not_waited_for(self, tmp_path, read):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(BlotquantError, match="plain file"):
            read(tmp_path / "pipe")

    @pytest.mark.parametrize("read", [Recipe.from_toml, Study.from_toml, read_session])
    def test_a_file_of_gigabytes_is_not_read(self, tmp_path, read):
        path = tmp_path / "sparse"
        with path.open("wb") as file:
            file.truncate(5 * 2**30)
        with pytest.raises(BlotquantError, match="larger than 32 MiB"):
            read(path)

    def test_a_target_of_twenty_thousand_brackets(self, tmp_path):
        """Names are compared by patterns, which took minutes over it."""
        path = tmp_path / "study.toml"
        path.write_text(f'[[image]]\nfile = "a.tif"\ntarget = "P{"[" * 20_000}"\n')
        with pytest.raises(StudyError, match="2000 characters"):
            Study.from_toml(path)

    def test_an_image_of_a_name_too_long(self, tmp_path):
        from blotquant.study import check_study

        name = "é" * 300
        text = f'[[image]]\nfile = "{name}.tif"\nmembrane = "1"\ntarget = "a"\nrole = "target"\n'
        (tmp_path / "study.toml").write_text(text, encoding="utf-8")
        (tmp_path / "samples.csv").write_text("membrane,lane,sample\n1,1,a\n")
        study = Study.from_toml(tmp_path / "study.toml")
        problems = check_study(study, read_samples(tmp_path / "samples.csv"), {}, tmp_path)
        assert any(name in str(problem) for problem in problems)


class TestSidecars:
    def sidecar(self, file, lane):
        lanes = [{"id": "a", "panel_id": "p", "path": [[1, 5], [20, 5]], "width": 4.0} | lane]
        layout = {"panels": [{"id": "p"}], "lanes": lanes, "rows": [], "bands": []}
        file.write_text(json.dumps({"schema_version": 1, "layout": layout}))
        return file

    @pytest.mark.parametrize(
        "lane",
        [
            {"width": 1e300},
            {"path": [[1, 5], [1e9, 5]]},
            {"path": [[1, 5], [20, -1e200]]},
            {"width": int("9" * 400)},
            {"path": [[1, 5], [20, int("9" * 400)]]},
        ],
    )
    def test_lanes_of_another_world(self, tmp_path, lane):
        with pytest.raises(SessionError, match="damaged"):
            read_session(self.sidecar(tmp_path / "a.blotquant.json", lane))

    def test_nested_without_end(self, tmp_path):
        path = tmp_path / "a.blotquant.json"
        path.write_text('{"schema_version": 1, "provenance": ' + '{"a":' * 5000 + "1")
        with pytest.raises(SessionError, match="damaged"):
            read_session(path)

    @pytest.mark.parametrize(("start", "stop"), [(0, 1e300), (-1e300, 5)])
    def test_bands_of_another_world(self, start, stop):
        with pytest.raises(LayoutError, match="not a range"):
            Band("a", "r", start, stop)

    def test_the_widest_lane_that_is_allowed_is_measured(self):
        """And within the memory of a small computer."""
        from blotquant.model import BandRow, Layout, Panel

        lane = Lane("a", "p", ((-1e6, 30), (1e6, 30)), 1e6)
        layout = Layout((Panel("p"),), (lane,), (BandRow("r"),), (Band("a", "r", -9e5, 9e5),))
        try:
            result = measure(Blot(bands()), layout)
        except LayoutError:
            return
        assert len(result.table) == 1


class TestSheets:
    def workbook(self, path, cell="D2"):
        """A sample sheet of one lane and one cell more."""
        import openpyxl

        book = openpyxl.Workbook()
        book.active.title = "samples"
        book.active.append(["membrane", "lane", "sample"])
        book.active.append(["M1", 1, "a"])
        book.active[cell] = "x"
        book.save(path)
        return path

    def test_a_cell_at_the_far_end(self, tmp_path):
        path = self.workbook(tmp_path / "samples.xlsx", "XFD1048576")
        with pytest.raises(StudyError, match="row 1048576"):
            read_samples(path)

    def test_text_that_unpacks_to_a_bomb(self, tmp_path):
        path = self.workbook(tmp_path / "samples.xlsx")
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/worksheets/sheet9.xml", b" " * 50_000_000)
        with pytest.raises(StudyError, match="too large"):
            read_samples(path)

    def test_entities_in_a_workbook(self, tmp_path):
        path = self.workbook(tmp_path / "samples.xlsx")
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        bomb = "<!DOCTYPE b [<!ENTITY a 'aaaaaaaaaa'>"
        for name, below in zip("bcdefghij", "abcdefghi", strict=True):
            bomb += f"<!ENTITY {name} '{10 * f'&{below};'}'>"
        name = "xl/worksheets/sheet1.xml"
        xml = parts[name].decode()
        start = xml.index("<worksheet")
        parts[name] = (xml[:start] + bomb + "]>" + xml[start:].replace("M1", "&j;")).encode()
        with zipfile.ZipFile(path, "w") as archive:
            for part, data in parts.items():
                archive.writestr(part, data)
        with pytest.raises(StudyError, match=r"samples\.xlsx"):
            read_samples(path)

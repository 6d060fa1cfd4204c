"""A folder with one file of every kind, good and bad, as a lab has them: it runs to the end."""

import html
import io
import os
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

from blotquant.batch import analyze_folder

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from parts.format_writers import fuji, gel, licor_files, licor_folder, ome_tiff, scn, tiff, zipped

# What each bad file is told, in words that a biologist can act on.
MERGED = "merged with its chemiluminescence; densities of such a picture mean nothing: export the"
SAID = {
    "<script>document.title=1<script>.tif": "is text, not an image; choose the image file",
    "autoscale.svg.tif": "vector drawing",
    "both.png": MERGED,
    "bomb.png": "no picture of a blot is; export it again",
    "broken.jpg": "is truncated, part of its pixels is missing; copy it again",
    "circle.tif": "point at each other in a circle; copy or export it again",
    "cut.gel": "is truncated, its pages go on behind its end; copy it again",
    "cut.zip": "cut.zip: is truncated or damaged; copy or export it again",
    "empty.tif": "is empty (0 bytes); copy or export it again",
    "flat.tif": "is constant, every pixel is 77: nothing to measure",
    "gone.tif": "link to a file that is not there",
    "ibright.g2i": "export it as raw 16-bit TIFF",
    "lonely.img": "copy the .inf of the same name beside it (Fuji)",
    "loop.tif": "link that leads back to itself",
    "M1 chemi + colorimetric.tif": MERGED,
    "missing.l2d": "copy the whole folder, or export 16-bit TIFF from Image Studio",
    "nan.tif": "some of its pixels hold no number",
    "notes.tif": "is named .tif but is text",
    "odd.gel": "coded in an unknown way",
    "paper.pdf.tif": "is named .tif but is a PDF document",
    "pipe.tif": "is a pipe or device, not a file; save the image to a file",
    "syngene.sgd": "choose File > Export and save it as 16-bit TIFF",
    "text.scn": "open the .l2d file one folder up",
    "traversal.zip": "names files outside of itself",
    "truncated.scn": "is truncated, its last part is cut off; copy it again",
    "truncated.tif": "is truncated",
    "two_levels.png": "only black and white (1 bit)",
    "word.tif": "Office document",
    "zeros.tif": "filled with zeros (a failed copy?)",
}


def encoded(pixels, kind, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def write_good(folder, blot):
    """One sound file of every format; how many pictures each holds."""
    eight = (blot // (int(blot.max()) // 250)).astype(np.uint8)
    (folder / "plain.tif").write_bytes(tiff([(blot, [])]))
    (folder / "two.ome.tif").write_bytes(ome_tiff([blot, blot[::-1]], ["a", "b"], [1, 2]))
    (folder / "roots.gel").write_bytes(gel([np.sqrt(blot).astype(np.uint16)], 2, (1, 1)))
    scn(folder / "image_lab.scn", [blot])
    (folder / "pages.tif").write_bytes(tiff([(blot, []), (blot[:, ::-1], [])]))
    fuji(folder / "plate.img", np.maximum(blot, 1), latitude="0")
    fuji(folder / "log_plate.img", np.uint16(65535 / 5 * np.log10(np.maximum(blot, 1))))
    licor_folder(folder, {"700": blot, "800": blot[::-1]})
    (folder / "export.zip").write_bytes(zipped(licor_files({"700": blot})))
    for kind in ("png", "jpeg", "gif", "bmp"):
        (folder / f"eight.{kind}").write_bytes(encoded(eight, kind))
    (folder / "papers.zip").write_bytes(zipped({"a.pdf": b"%PDF"}))  # not an image, left alone
    return {
        "plain.tif": 1, "pages.tif": 2, "log_plate.img": 1, "two.ome.tif": 2, "roots.gel": 1,
        "image_lab.scn": 1, "plate.img": 1,
        "blot.l2d": 2, "export.zip": 1, "eight.png": 1, "eight.jpeg": 1, "eight.gif": 1,
        "eight.bmp": 1,
    }  # fmt: skip


def write_bad(folder, blot):
    good = tiff([(blot, [])])
    docx = io.BytesIO()
    with zipfile.ZipFile(docx, "w") as archive:
        archive.writestr("word/document.xml", "x")
    eight = (blot >> 8).astype(np.uint8)
    scan = licor_files({"700": blot})
    files = {
        "<script>document.title=1<script>.tif": b"no image",
        "autoscale.svg.tif": b"<?xml version='1.0'?><svg>",
        "both.png": encoded(np.stack([eight, eight[::-1], eight[:, ::-1]], -1), "png"),
        "bomb.png": encoded(np.zeros((16000, 16000), np.uint8), "png"),
        "broken.jpg": encoded(eight, "jpeg")[:900],
        "circle.tif": tiff([(blot, [])], last=8 + blot.nbytes),
        "cut.gel": gel([blot], 2, (1, 1))[: len(good) // 2],
        "cut.zip": zipped(scan)[:9000],
        "empty.tif": b"",
        "flat.tif": tiff([(np.full((90, 120), 77, np.uint16), [])]),
        "ibright.g2i": b"\x01\x02" * 600,
        "lonely.img": blot.tobytes(),
        "M1 chemi + colorimetric.tif": good,
        "missing.l2d": b"#LI-COR LI2D\nScanNames=0009_01\n",
        "nan.tif": tiff([(np.full((90, 120), np.nan, np.float32), [])]),
        "notes.tif": b"lane 1: control\n",
        "odd.gel": gel([blot], 7, (1, 1)),
        "paper.pdf.tif": b"%PDF-1.7\n",
        "syngene.sgd": b"\x03\x04" * 600,
        "text.scn": b"#LI-COR scan\nImageNames=a_700.TIF\n",
        "traversal.zip": zipped({f"../../{name}": data for name, data in scan.items()}),
        "truncated.tif": good[: len(good) // 2],
        "two_levels.png": encoded(blot > blot.mean(), "png"),
        "word.tif": docx.getvalue(),
        "zeros.tif": bytes(5000),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    scn(folder / "truncated.scn", [blot])
    whole = (folder / "truncated.scn").read_bytes()
    (folder / "truncated.scn").write_bytes(whole[: len(whole) // 2])
    (folder / "gone.tif").symlink_to(folder / "nowhere.tif")
    os.mkfifo(folder / "pipe.tif")
    (folder / "loop.tif").symlink_to(folder / "loop.tif")


@pytest.fixture(scope="module")
def mixed(root, tmp_path_factory):
    """The folder, what it should hold, and the run over it."""
    folder = tmp_path_factory.mktemp("mixed")
    blot = tifffile.imread(root / "test_images" / "study" / "M1_P53.tif")
    blot = 65535 - blot  # high = signal, as imagers store it
    good = write_good(folder, blot)
    write_bad(folder, blot)
    return folder, good, analyze_folder(folder, out=folder / "results")


def test_every_good_file_is_measured(mixed):
    _, good, run = mixed
    measured = pd.Series([image.image.partition("#")[0] for image in run.measured]).value_counts()
    assert measured.to_dict() == good


def test_every_bad_file_is_a_row_that_says_what_to_do(mixed):
    folder, _, _ = mixed
    failures = pd.read_csv(folder / "results" / "failures.csv").set_index("image")
    assert set(failures.index) == set(SAID)
    for name, words in SAID.items():
        assert words in failures.loc[name, "reason"], name
    assert set(failures["error"]) == {"UnreadableImage"}


def test_reasons_are_in_the_language_of_the_lab(mixed):
    """One line that names the file, ends with advice, and has no word of a programmer's."""
    folder, _, _ = mixed
    reasons = pd.read_csv(folder / "results" / "failures.csv").set_index("image")["reason"]
    strange = re.compile(
        r"Error|Exception|Traceback|struct|numpy|invalid literal|object at|0x|None|NoneType|b'|"
        r"tifffile|Pillow|PIL|zlib|codec|unpack requires|index out|\\"
    )
    for name, reason in reasons.items():
        assert reason.startswith(f"{name}: ")
        assert ";" in reason, reason
        assert not strange.search(reason), reason
        assert len(reason) < 250, reason


def test_the_report_names_them_all(mixed):
    folder, good, _ = mixed
    page = (folder / "results" / "report.html").read_text(encoding="utf-8")
    for name in (*good, *SAID):
        assert html.escape(name) in page, name


def test_one_picture_in_many_files_is_told_of_once(mixed):
    """Each with each of the others would be a hundred lines."""
    _, good, run = mixed
    same = [one for one in run.notices if one.kind == "same picture"]
    assert 5 < len(same) < sum(good.values())

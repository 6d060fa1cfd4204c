"""Sound files of every kind that blotquant reads, to be spoilt: written here, and the real ones."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from .format_writers import (
    bands,
    fuji_inf,
    gel,
    licor_files,
    ome_tiff,
    ome_xml,
    scn,
    tag,
    tiff,
    zipped,
)
from .mutations import mutated, mutated_png, mutated_text, mutated_tiff, mutated_zip

Spoil = Callable[[bytes, Random], bytes]

__all__ = ["SoundFile", "sound_files"]


@dataclass(frozen=True)
class SoundFile:
    """What is written into a folder, what is spoilt of it, and how it is read.

    `files` by name; the first one is opened. `read` is a name in `fuzz_readers.READERS`.
    """

    name: str
    files: dict[str, bytes]
    spoil: dict[str, Spoil]
    read: str = "image"
    weight: int = 4


def sound_files(real: Path | None) -> list[SoundFile]:
    """All of them; with the real ones where their folder is there."""
    return [*_images(), *_texts(), *(_real(real) if real is not None and real.is_dir() else [])]


def _one(name: str, data: bytes, spoil: Spoil, **options: Any) -> SoundFile:
    return SoundFile(name, {name: data}, {name: spoil}, **options)


def _images() -> list[SoundFile]:
    picture, other = bands(), bands(seed=1)
    eight = (picture >> 8).astype(np.uint8)
    two = {"700": picture, "800": other}
    img = {"plate.img": picture.astype(">u2").tobytes(), "plate.inf": fuji_inf(*picture.shape)}
    licor = licor_files(two)
    found = [
        _one("plain.tif", tiff([(picture, [])]), mutated_tiff, weight=8),
        _one("big_endian.tif", tiff([(picture, [])], ">"), mutated_tiff),
        _one("pages.tif", tiff([(picture, [tag(285, 2, str(n))]) for n in range(5)]), mutated_tiff),
        _one("ome.tif", ome_tiff([picture, other], ["a", "b"], [1, 2]), mutated_tiff),
        _one("ome_text.tif", _ome_of(picture), mutated_text),
        _one("root.gel", gel([picture, other], 2, (1, 100), behind=True), mutated_tiff, weight=8),
        _one("linear.gel", gel([picture], 128, (1, 1)), mutated_tiff),
        *(
            _one(f"{kind}.tif", _tifffile(**options), mutated_tiff)
            for kind, options in _TIFFS.items()
        ),
        *(
            _one(f"{number}.{kind}", _pillow(pixels, kind), _SPOILERS.get(kind, mutated))
            for number, pixels in enumerate((eight, np.stack([eight] * 3, -1)))
            for kind in ("png", "jpeg", "gif", "bmp")
        ),
        _one("deep.png", _pillow(picture, "png"), mutated_png),
        _one("image_lab.scn", _scn([picture, other]), mutated_text, weight=8),
        _one("image_lab_bytes.scn", _scn([picture]), mutated),
        _one("licor.zip", zipped(licor), lambda d, rng: mutated_zip(d, rng, _spoil_member)),
        SoundFile("fuji", img, {"plate.img": mutated, "plate.inf": mutated_text}),
        SoundFile(
            "licor",
            licor,
            {name: mutated_tiff if name.endswith("TIF") else mutated_text for name in licor},
        ),
    ]
    return found


def _texts() -> list[SoundFile]:
    return [
        _one("recipe.toml", _recipe(), mutated_text, read="recipe", weight=6),
        _one("study.toml", _study(), mutated_text, read="study", weight=6),
        _one("blot.blotquant.json", _sidecar(), mutated_text, read="sidecar", weight=6),
        _one("samples.csv", _sheet("csv"), mutated_text, read="sheet", weight=6),
        _one(
            "samples.xlsx",
            _sheet("xlsx"),
            lambda data, rng: mutated_zip(data, rng, _spoil_member),
            read="sheet",
            weight=6,
        ),
        _one("blot.blotquant.json", _sidecar(), mutated_text, read="measure", weight=2),
        _one("recipe.toml", _recipe(), mutated_text, read="analyse", weight=1),
    ]


def _real(folder: Path) -> list[SoundFile]:
    spoilers = {".tif": mutated_tiff, ".png": mutated_png}
    found = []
    for path in sorted(folder.iterdir()):
        if path.suffix in (".tif", ".png", ".jpg", ".scn", ".1sc"):
            spoil = spoilers.get(path.suffix, mutated)
            # large ones seldom: half the bytes of a header matter, and none of 3 MB of pixels
            weight = 8 if path.suffix == ".1sc" else 2 if path.stat().st_size < 10**6 else 1
            found.append(_one(path.name, path.read_bytes(), spoil, weight=weight))
    return found


_TIFFS: dict[str, dict[str, Any]] = {
    "deflate": {"compression": "zlib"},
    "predictor": {"compression": "zlib", "predictor": True},
    "lzw": {"compression": "lzw"},
    "packbits": {"compression": "packbits"},
    "lzma": {"compression": "lzma"},
    "zstd": {"compression": "zstd"},
    "jpeg": {"compression": "jpeg", "dtype": "uint8"},
    "tiles": {"tile": (32, 32), "compression": "zlib"},
    "big": {"bigtiff": True},
    "float": {"dtype": "float32"},
    "pyramid": {"tile": (32, 32), "subifds": 1, "metadata": None},
    "imagej": {"imagej": True, "stack": 3},
    "rgb": {"photometric": "rgb", "dtype": "uint8", "colour": True},
    "palette": {"photometric": "palette", "dtype": "uint8"},
    "jpeg2000": {"compression": "jpeg2000"},
    "jpegxl": {"compression": "jpegxl"},
    "lerc": {"compression": "lerc"},
    "webp": {"compression": "webp", "photometric": "rgb", "dtype": "uint8", "colour": True},
}
_SPOILERS: dict[str, Spoil] = {"png": mutated_png}


def _tifffile(dtype="uint16", stack=0, colour=False, subifds=0, **options: Any) -> bytes:
    data = bands() if dtype != "uint8" else (bands() >> 8)
    data = data.astype(dtype)
    data = np.stack([data] * stack) if stack else data
    data = np.stack([data] * 3, -1) if colour else data
    if options.get("photometric") == "palette":
        options["colormap"] = np.stack([np.arange(256, dtype=np.uint16) * 257] * 3)
    options.setdefault("photometric", "minisblack")
    if stack:
        del options["photometric"]
    buffer = io.BytesIO()
    with tifffile.TiffWriter(
        buffer, bigtiff=options.pop("bigtiff", False), imagej=options.pop("imagej", False)
    ) as writer:
        writer.write(data, subifds=subifds or None, **options)
        if subifds:
            writer.write(data[::2, ::2], subfiletype=1, **options)
    return buffer.getvalue()


def _pillow(pixels: Any, kind: str) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    extra = {"save_all": True, "append_images": [image.rotate(180)]} if kind == "gif" else {}
    image.save(buffer, kind, **extra)
    return buffer.getvalue()


def _ome_of(picture: Any) -> bytes:
    """The XML first, to be spoilt as text, and hardly anything behind it."""
    xml = ome_xml(["a", "b"], [1, 2], shape=picture.shape)
    return tiff([(picture[:8], [tag(270, 2, xml)]), (picture[:8], [])])


def _scn(pictures: list[Any]) -> bytes:
    class Sink:  # scn() writes to a path
        data = b""

        def write_bytes(self, data: bytes) -> None:
            self.data = data

    sink = Sink()
    scn(sink, pictures)
    return sink.data


def _spoil_member(name: str, data: bytes, rng: Random) -> bytes:
    return mutated_tiff(data, rng) if name.lower().endswith(".tif") else mutated_text(data, rng)


def _recipe() -> bytes:
    from blotquant import Recipe

    return Recipe().to_toml().encode()


def _study() -> bytes:
    return (Path(__file__).parents[3] / "test_images" / "study" / "study.toml").read_bytes()


def _sheet(kind: str) -> bytes:
    from blotquant.study.samples import text_rows
    from blotquant.study.sheet import read_samples
    from blotquant.study.sheet_xlsx import xlsx_bytes

    path = Path(__file__).parents[3] / "test_images" / "study" / "samples.csv"
    return path.read_bytes() if kind == "csv" else xlsx_bytes(*text_rows(read_samples(path)))


def _sidecar() -> bytes:
    """A layout of two lanes and three bands, on the picture that `fuzz_readers` measures."""
    lanes = [
        {"id": f"lane{n}", "panel_id": "p", "path": [[2, col], [61, col]], "width": 12.0}
        for n, col in enumerate((14, 36))
    ]
    spots = (("lane0", "a", 10), ("lane1", "a", 10), ("lane1", "b", 36))
    layout = {
        "panels": [{"id": "p", "outline": []}],
        "lanes": lanes,
        "rows": [{"id": "a", "label": "a"}, {"id": "b", "label": "b"}],
        "bands": [
            {"lane_id": lane, "row_id": row, "start": start, "stop": start + 15}
            for lane, row, start in spots
        ],
    }
    return json.dumps({"schema_version": 1, "layout": layout}, indent=1).encode()

"""Bio-Rad Image Lab .scn: nested MIME parts, each picture a block of levels and an XML header."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from ..errors import UnreadableImage
from .raw import Limits, RawImage

_BLANK = b"\r\n\r\n"
# A file can hold this many bytes a pixel before it is too large to be one: levels and annotations.
_BYTES_A_PIXEL = 8

__all__ = ["ScnLoader"]


class ScnLoader:
    """Image Lab's own files. High levels are signal whatever their ``zero_is`` says.

    Layout of the format as read from files of Image Lab 5 and 6: parts announce their
    Content-Length, boundaries nest, and there may be no closing one.
    """

    name = "biorad_scn"
    suffixes = (".scn",)

    def sniff(self, head: bytes, path: Path) -> bool:
        """Whether the file begins as a MIME document of Image Lab (LI-COR's and Leica's do not)."""
        return head.startswith(b"MIME-Version") and b"multipart/" in head

    def read(self, path: Path, limits: Limits) -> list[RawImage]:
        """Every picture of the file, each with exposure, ceiling and size of a pixel.

        Raises
        ------
        UnreadableImage
            If a part is cut off, or its size and its levels do not agree.
        """
        if path.stat().st_size > limits.max_megapixels * 1e6 * _BYTES_A_PIXEL:
            limits.check(path, path.stat().st_size // 2)
        found = list(_pictures(path))
        if not found:
            raise UnreadableImage(
                f"{path.name}: holds no complete picture; save it again in Image Lab, or export "
                "16-bit TIFF"
            )
        several = len(found) > 1
        return [
            _raw(path, header, data, str(number) if several else "", limits)
            for number, (header, data) in enumerate(found, start=1)
        ]


@dataclass(frozen=True)
class _Part:
    """One leaf part."""

    description: str
    body: memoryview


def _pictures(path: Path) -> Iterator[tuple[Element, memoryview]]:
    """Header and levels of each picture; the two may come in either order."""
    from defusedxml.ElementTree import fromstring

    header: Element | None = None
    data: memoryview | None = None
    for part in _leaves(path):
        if part.description == "ImageHeader":
            header = fromstring(bytes(part.body))
        elif part.description == "ImageData":
            data = part.body
        if header is not None and data is not None:
            yield header, data
            header = data = None


def _leaves(path: Path) -> Iterator[_Part]:
    """Walk through the parts by their lengths; boundaries inside the levels mean nothing."""
    content = path.read_bytes()
    view, place = memoryview(content), 0
    while (end := content.find(_BLANK, place)) >= 0:
        fields = _fields(content[place:end])
        place = end + len(_BLANK)
        if "content-length" not in fields:
            continue
        length = int(fields["content-length"])
        if length < 0 or place + length > len(content):
            raise UnreadableImage(
                f"{path.name}: is truncated, its last part is cut off; copy it again"
            )
        yield _Part(fields.get("content-description", ""), view[place : place + length])
        place += length


def _fields(block: bytes) -> dict[str, str]:
    """Header fields of a part, names in lower case."""
    lines = block.decode("latin-1").splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _raw(path: Path, header: Element, data: memoryview, part: str, limits: Limits) -> RawImage:
    """Picture from its header and its levels."""
    size = _attributes(header, "size_pix")
    rows, cols = int(size.get("height", 0)), int(size.get("width", 0))
    limits.check(path, rows, cols)
    if len(data) != 2 * rows * cols:
        raise UnreadableImage(
            f"{path.name}: says {rows} x {cols} pixels of 16 bits but holds {len(data)} bytes of "
            "levels; save it again in Image Lab, or export 16-bit TIFF"
        )
    order = ">" if header.findtext("endian") == "big" else "<"
    said = {
        item.get("name", ""): item.get("value", "") for item in header.iter() if item.get("value")
    }
    return RawImage(
        np.frombuffer(data, dtype=f"{order}u2").reshape(rows, cols),
        format="Bio-Rad scn, uint16",
        part=part,
        channel=_channel(header, said) if part else "",
        metadata=_metadata(header, said),
        polarity="light_on_dark",
        ceiling=_number(_attributes(header, "scanner").get("data_ceiling")),
        exposure_s=_number(said.get("Exposure Time (sec)")),
        pixel_size_um=_pixel_size(header, cols),
    )


def _channel(header: Element, said: dict[str, str]) -> str:
    """Name of a picture among several: its own, else the application it was taken with."""
    names = (header.findtext("name"), said.get("Application"), said.get("Emission Filter"))
    return next((name.strip()[:80] for name in names if name and name.strip()), "")


def _metadata(header: Element, said: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """What is worth keeping, as the file words it."""
    wanted = {
        "Imager": "imager",
        "Application": "application",
        "Image Date": "date",
        "Emission Filter": "filter",
        "Excitation Source": "light source",
        "Binning": "binning",
        "Software Version": "software",
        "Serial Number": "serial number",
        # the imager's log: what it did to the levels before it stored them
        "Flat Field Info": "flat field",
        "Dark Info": "dark",
        "Bias Info": "bias",
        "Filter Info": "filtering",
    }
    kept = [(key, said[name][:200]) for name, key in wanted.items() if said.get(name)]
    zero = _attributes(header, "image").get("zero_is")
    return tuple(kept + ([("zero is", zero)] if zero else []))


def _pixel_size(header: Element, cols: int) -> float | None:
    """Width of a pixel, µm."""
    size = _attributes(header, "size_mm")
    width = _number(size.get("width"))
    return 1000.0 * width / cols if width and size.get("known", "true") == "true" else None


def _attributes(header: Element, tag: str) -> dict[str, Any]:
    """Attributes of the first element of a name; none if there is none."""
    found = header.find(tag)
    return dict(found.attrib) if found is not None else {}


def _number(text: str | None) -> float | None:
    """A positive number, or None."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None

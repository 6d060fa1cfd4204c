"""Pictures inside a TIFF that say their size once more: JPEG, JPEG 2000, JPEG XL, PNG, WebP, LERC.

A decoder takes memory for what the stream declares, whatever the TIFF around it says. So the
streams' own headers are read first.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..errors import UnreadableImage

if TYPE_CHECKING:
    from tifffile import TiffFrame, TiffPage

# Codings that have no size of their own: they are unpacked into what the TIFF declares.
_PLAIN = (
    *("NONE", "LZW", "DEFLATE", "ADOBE_DEFLATE", "PACKBITS", "LZMA", "ZSTD"),
    *("CCITTRLE", "CCITTFAX3", "CCITTFAX4"),
)
# A header is in the first bytes, behind a colour profile at most.
_HEAD = 64 * 1024
_RATIOS = ((1, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_NOT_FRAMES = (0xC4, 0xC8, 0xCC)

__all__ = ["check_streams"]


def check_streams(page: TiffPage | TiffFrame, stream: BinaryIO, path: Path) -> None:
    """Refuse a page whose strips or tiles hold larger pictures than they should.

    Parameters
    ----------
    page : TiffPage or TiffFrame
    stream : binary file
    path : Path
        For messages.

    Raises
    ------
    UnreadableImage
        If a stream is larger than its strip or tile, its header cannot be read, or the coding is
        none of those above.
    """
    key = page.keyframe  # further pages share its tags
    assert key is not None  # read only after the series was made
    name = str(getattr(key.compression, "name", key.compression))
    if name in _PLAIN:
        return
    size_of = _SIZES.get(name)
    if size_of is None or _is_packed_twice(key):
        raise UnreadableImage(
            f"{path.name}: is coded as {name}, which is not read; export it as plain 16-bit TIFF"
        )
    tiled = key.is_tiled
    rows = key.tilelength if tiled else min(key.rowsperstrip, key.imagelength)
    most = rows * (key.tilewidth if tiled else key.imagewidth) * key.samplesperpixel
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if count == 0:  # an empty tile
            continue
        stream.seek(offset)
        try:
            rows, cols = size_of(stream.read(min(count, _HEAD)))
        except (struct.error, IndexError, ValueError):
            rows, cols = 0, 0
        if not 0 < rows * cols <= most:
            raise UnreadableImage(
                f"{path.name}: is damaged, the {name} picture inside it is not of the size that "
                "the TIFF says; copy or export it again"
            )


def _is_packed_twice(page: TiffPage) -> bool:
    """Whether LERC is packed once more by another coding, behind which no header can be seen."""
    parameters = page.tags.valueof("LercParameters")
    return isinstance(parameters, tuple) and len(parameters) > 1 and parameters[1] != 0


def _jpeg(data: bytes) -> tuple[int, int]:
    """Size in the first frame header (ITU-T T.81, B.2.2)."""
    at = 2
    while True:
        marker, length = struct.unpack_from(">HH", data, at)
        if marker >> 8 != 0xFF:
            raise ValueError
        code = marker & 0xFF
        if 0xC0 <= code <= 0xCF and code not in _NOT_FRAMES:
            rows, cols = struct.unpack_from(">HH", data, at + 5)
            return rows, cols
        at += 2 + length


def _jpeg2000(data: bytes) -> tuple[int, int]:
    """Size in the SIZ marker (ITU-T T.800, A.5.1)."""
    at = data.index(b"\xff\x4f\xff\x51")
    right, bottom, left, top = struct.unpack_from(">4I", data, at + 8)
    (components,) = struct.unpack_from(">H", data, at + 40)
    return bottom - top, (right - left) * components


def _png(data: bytes) -> tuple[int, int]:
    """Size in IHDR."""
    cols, rows = struct.unpack_from(">2I", data, 16)
    return rows, cols


def _lerc(data: bytes) -> tuple[int, int]:
    """Size in the header of a Lerc2 blob; a check sum from version 3 on, values a pixel from 4."""
    if not data.startswith(b"Lerc2 "):
        raise ValueError
    (version,) = struct.unpack_from("<i", data, 6)
    rows, cols, depth = struct.unpack_from("<3i", data, 14 if version >= 3 else 10)
    depth = depth if version >= 4 else 1
    return (rows, cols * depth) if min(rows, cols, depth) > 0 else (0, 0)


def _webp(data: bytes) -> tuple[int, int]:
    """Size in the first chunk of a WebP, of which there are three kinds."""
    kind = data[12:16]
    if kind == b"VP8X":
        return _u24(data, 27) + 1, _u24(data, 24) + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    if kind == b"VP8 ":
        cols, rows = struct.unpack_from("<2H", data, 26)
        return rows & 0x3FFF, cols & 0x3FFF
    raise ValueError


def _u24(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


def _jpeg_xl(data: bytes) -> tuple[int, int]:
    """Size at the start of the codestream (ISO/IEC 18181-1, SizeHeader), least bit first."""
    if not data.startswith(b"\xff\x0a"):
        start = data.index(b"jxlc") + 4
        data = data[start:]
    bits = int.from_bytes(data[2:16], "little")

    def take(count: int) -> int:
        nonlocal bits
        value, bits = bits & (1 << count) - 1, bits >> count
        return value

    def length() -> int:
        return take((9, 13, 18, 30)[take(2)]) + 1

    small = take(1)
    rows = 8 * (take(5) + 1) if small else length()
    ratio = take(3)
    if ratio:
        over, under = _RATIOS[ratio]
        return rows, rows * over // under
    return rows, 8 * (take(5) + 1) if small else length()


_SIZES: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "JPEG": _jpeg,
    "JPEG2000": _jpeg2000,
    "JPEG_2000_LOSSY": _jpeg2000,
    "APERIO_JP2000_YCBC": _jpeg2000,
    "APERIO_JP2000_RGB": _jpeg2000,
    "PNG": _png,
    "LERC": _lerc,
    "WEBP": _webp,
    "JPEGXL": _jpeg_xl,
}

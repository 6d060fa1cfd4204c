"""The directories of a TIFF, walked before anything else: how many, and none of them twice."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from ..errors import UnreadableImage

# Thumbnails, masks and smaller copies come on top of the pictures.
_MOST_DIRECTORIES = 2000
_MOST_TAGS = 4096

__all__ = ["check_chain"]


def check_chain(stream: BinaryIO, path: Path, size: int) -> None:
    """Refuse a chain of directories that is endless, or longer than that of any scan.

    Parameters
    ----------
    stream : binary file
        Left at its start.
    path : Path
        For messages.
    size : int
        Bytes of the file.

    Raises
    ------
    UnreadableImage
        If a directory lies behind the file's end, where a cut takes pages away unseen, or points
        back at an earlier one, or there are more than 2000.
    """
    seen: set[int] = set()
    order, big = _kind(stream.read(8))
    offset = _first(stream, order, big)
    while offset:
        if offset >= size:
            raise UnreadableImage(
                f"{path.name}: is truncated, its pages go on behind its end; copy it again"
            )
        if offset in seen:
            raise UnreadableImage(
                f"{path.name}: is damaged, its pages point at each other in a circle; "
                "copy or export it again"
            )
        seen.add(offset)
        if len(seen) > _MOST_DIRECTORIES:
            raise UnreadableImage(
                f"{path.name}: holds more than {_MOST_DIRECTORIES} pages; save those with blots on "
                "their own"
            )
        offset = _next(stream, offset, order, big)
    stream.seek(0)


def _kind(head: bytes) -> tuple[str, bool]:
    """Byte order, and whether offsets have 64 bits."""
    order = "<" if head[:2] == b"II" else ">"
    return order, head[2:4] in (b"+\0", b"\0+")


def _first(stream: BinaryIO, order: str, big: bool) -> int:
    stream.seek(8 if big else 4)
    return _number(stream, f"{order}{'Q' if big else 'I'}")


def _next(stream: BinaryIO, offset: int, order: str, big: bool) -> int:
    """Where the directory after this one is; 0 where there is none or it is cut off."""
    stream.seek(offset)
    tags = _number(stream, f"{order}{'Q' if big else 'H'}")
    if tags > _MOST_TAGS:
        return 0
    stream.seek(tags * (20 if big else 12), 1)
    return _number(stream, f"{order}{'Q' if big else 'I'}")


def _number(stream: BinaryIO, form: str) -> int:
    data = stream.read(struct.calcsize(form))
    return int(struct.unpack(form, data)[0]) if len(data) == struct.calcsize(form) else 0

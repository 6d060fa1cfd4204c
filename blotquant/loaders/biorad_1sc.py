"""Bio-Rad Quantity One .1sc, by biorad1sc-reader (MIT)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UnreadableImage
from .raw import Limits, RawImage

if TYPE_CHECKING:
    from biorad1sc_reader import Reader

_MAGIC = b"\xaf\xafStable File Version"
# Data block that holds the levels, by the reader's numbering.
_LEVELS = 10
# Kinds of fields and of entries, by the reader's numbering.
_END_OF_BLOCK, _TEXT, _ITEMS, _COLLECTION = 0, 16, 101, 102
_REFERENCES = (15, 17)

__all__ = ["OneScLoader"]


class OneScLoader:
    """Quantity One's scans: 16 bits, bottom row first, high = signal."""

    name = "biorad_1sc"
    suffixes = (".1sc",)

    def sniff(self, head: bytes, path: Path) -> bool:
        """Whether the file begins with the format's words."""
        return head.startswith(_MAGIC)

    def read(self, path: Path, limits: Limits) -> list[RawImage]:
        """The scan.

        Raises
        ------
        UnreadableImage
            If levels are missing or of another depth than 16 bits.
        """
        from biorad1sc_reader import Reader

        limits.check(path, path.stat().st_size // 2)
        with path.open("rb") as stream:  # the reader would resolve a path given as text
            reader = Reader(stream)
        said = _scan_header(reader)
        rows, cols = int(said["nypix"]), int(said["nxpix"])
        limits.check(path, rows, cols)
        ceiling = float(said.get("data_ceiling") or 0)
        return [
            RawImage(
                _levels(reader, path, rows, cols, int(said.get("bytes_per_pix", 2))),
                format="Bio-Rad 1sc, uint16",
                metadata=_metadata(said),
                polarity="light_on_dark",
                ceiling=ceiling if ceiling > 0 else None,
                pixel_size_um=_pixel_size(said, cols),
            )
        ]


def _scan_header(reader: Reader) -> dict[str, Any]:
    """Entries of the scan's header by their names.

    The reader's own way to them follows every reference of the file, and a damaged file sends it
    round in circles. Here fields are gone through once, and references to texts followed, no other.
    """
    from biorad1sc_reader import parsing

    fields = list(_fields(reader))
    by_id: dict[int, dict[str, Any]] = {field["id"]: field for field in fields}
    collection = ""
    items: dict[int, dict[str, Any]] = {}
    for field in fields:
        kind, payload = field["type"], field["payload"]
        if kind == _COLLECTION:
            said = parsing.process_payload_type102(payload, field_ids=by_id)
            collection, items = said["collection_label"], {}
        elif kind == _ITEMS and collection == "Scan Header":
            items = parsing.process_payload_type101(payload, field_ids=by_id)["items"]
        elif kind in items and items[kind]["label"] == "SCN":
            key = by_id[items[kind]["data_key_ref"]]
            total = items[kind]["total_bytes"]
            regions = parsing.process_payload_type100(key["payload"], total, field_ids=by_id)
            return {
                one["label"]: _entry(one, payload, by_id) for one in regions["regions"].values()
            }
    raise LookupError


def _entry(region: dict[str, Any], payload: bytes, by_id: dict[int, dict[str, Any]]) -> Any:
    """One entry of the header; of those that point elsewhere, texts only."""
    from biorad1sc_reader import parsing

    if region["data_type"] not in _REFERENCES:
        data = parsing.process_data_region(region, payload, by_id, {}, [])
        return data["interp"] if data["interp"] is not None else data["proc"]
    start = region["byte_offset"]
    target = by_id.get(int.from_bytes(payload[start : start + 4], "little"), {})
    if target.get("type") != _TEXT:
        return None
    return target["payload"].rstrip(b"\0").decode("utf-8", "ignore")


def _fields(reader: Reader) -> Iterator[dict[str, Any]]:
    """Fields of all blocks before the levels, once each."""
    content, place = reader.in_bytes, reader.data_start[0] + 8
    ends = sorted(reader.data_start[one] + reader.data_len[one] for one in reader.data_start)
    while place + 8 <= min(reader.data_start[_LEVELS], len(content)):
        kind, length, number = struct.unpack_from("<HHI", content, place)
        if kind == _END_OF_BLOCK:  # the next block begins with 8 bytes of its own
            place = next((end for end in ends if end >= place), len(content)) + 8
            continue
        length = 20 if length == 1 else length
        if length < 8:
            raise LookupError
        yield {"type": kind, "id": number, "payload": content[place + 8 : place + length]}
        place += length


def _levels(reader: Reader, path: Path, rows: int, cols: int, depth: int) -> np.ndarray[Any, Any]:
    """Stored levels, top row first, as a view of the file's bytes."""
    if depth != 2:
        raise UnreadableImage(
            f"{path.name}: has {depth} bytes a pixel where 2 are known; export it as 16-bit TIFF"
        )
    start, length = reader.data_start[_LEVELS], reader.data_len[_LEVELS]
    data = reader.in_bytes[start : start + length]
    if len(data) < 2 * rows * cols:
        raise UnreadableImage(
            f"{path.name}: is truncated, part of its pixels is missing; copy it again"
        )
    levels = np.frombuffer(data, dtype=f"{reader.endian}u2", count=rows * cols)
    return levels.reshape(rows, cols)[::-1]


def _metadata(said: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What is worth keeping."""
    wanted = {"scanner": "imager", "creation_date": "date", "prog_name": "software"}
    return tuple((key, str(said[name])[:200]) for name, key in wanted.items() if said.get(name))


def _pixel_size(said: dict[str, Any], cols: int) -> float | None:
    """Width of a pixel, µm; the reader leaves the scan's width (32-bit float, mm) as raw bits."""
    (width,) = struct.unpack("<f", struct.pack("<I", int(said.get("img_size_x", 0))))
    return 1000.0 * width / cols if 0 < width < 1e4 else None

"""Ways to spoil a file, each by a random generator, so that a number names a spoilt file again."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from random import Random

# What programs trip over: nothing, one, the ends of the types, and just beside them.
_EDGES = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
_WORDS = [
    *("0", "-1", "1e999", "nan", "-inf", "99999999999999999999", "9" * 5000, "0x10", "1.5", "",),
    *("true", "null", "[]", "{}", '""', "\x00", "\u202e", "\udcff", "é" * 300, "=1+1", "'", "\\"),
    *("<script>alert(1)</script>", "../../../etc/passwd", "%s%n", "\n\n", "\r", "\ufeff"),
]  # fmt: skip
# Each entity ten times the one before it: 10^10 letters in all.
_ENTITIES = [
    "<!ENTITY {} '{}'>".format("bcdefghij"[n], "&{};".format("abcdefghi"[n]) * 10) for n in range(9)
]
_BOMB = "<!DOCTYPE b [<!ENTITY a 'aaaaaaaaaa'>" + "".join(_ENTITIES) + "]>"
_NAMES = [
    *("../../x.tif", "/etc/passwd", "C:\\x.tif", "a\0b", "a\nb_700.tif", "<b>_700.tif"),
    *("x" * 255 + "_700.tif", "\u202e_700.tif", "=1+1_700.tif"),
]

__all__ = ["mutated", "mutated_png", "mutated_text", "mutated_tiff", "mutated_zip"]


def mutated(data: bytes, rng: Random) -> bytes:
    """One to four changes to bytes, most of them near the beginning, where headers are."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        if len(out) < 2:
            break
        rng.choice(_CHANGES)(out, rng)
    return bytes(out)


def _place(out: bytearray, rng: Random, width: int = 1) -> int:
    near = min(len(out), rng.choice((32, 512, 4096, len(out))))
    if rng.random() < 0.2:  # directories may lie at the end
        return max(0, len(out) - 1 - rng.randrange(near))
    return rng.randrange(max(near - width, 1))


def _flip(out: bytearray, rng: Random) -> None:
    for _ in range(rng.choice((1, 2, 8, 64))):
        out[_place(out, rng)] ^= 1 << rng.randrange(8)


def _truncate(out: bytearray, rng: Random) -> None:
    del out[_place(out, rng) :]


def _edge(out: bytearray, rng: Random) -> None:
    """A number at one of the ends of its type, in either byte order."""
    width = rng.choice((1, 2, 4, 8))
    value = rng.choice(_EDGES) & (256**width - 1)
    at = _place(out, rng, width)
    out[at : at + width] = value.to_bytes(width, rng.choice(("little", "big")))


def _swap(out: bytearray, rng: Random) -> None:
    """Two fields of the same width change places: lengths, offsets, sizes."""
    width = rng.choice((2, 4, 8))
    one, other = (_place(out, rng, width) // 2 * 2 for _ in range(2))
    first, second = out[one : one + width], out[other : other + width]
    out[one : one + width], out[other : other + width] = second, first


def _repeat(out: bytearray, rng: Random) -> None:
    at, length = _place(out, rng), rng.choice((1, 4, 64, 1024))
    out[at:at] = bytes(out[at : at + length]) * rng.choice((1, 2, 20))


def _remove(out: bytearray, rng: Random) -> None:
    at = _place(out, rng)
    del out[at : at + rng.choice((1, 4, 64, 1024))]


def _blank(out: bytearray, rng: Random) -> None:
    at, length = _place(out, rng), rng.choice((4, 64, 1024))
    out[at : at + length] = bytes([rng.choice((0, 0xFF, 0x20))]) * len(out[at : at + length])


# Where the streams of JPEG, JPEG 2000, JPEG XL, WebP and LERC begin inside a TIFF.
_STREAM = re.compile(rb"\xff\xd8\xff|\xff\x4f\xff\x51|\x00\x00\x00\x0cjP|\xff\x0a|RIFF|Lerc2 ")
_CHANGES = (_flip, _flip, _truncate, _edge, _edge, _edge, _swap, _repeat, _remove, _blank)


def mutated_tiff(data: bytes, rng: Random) -> bytes:
    """A TIFF with entries of its directories changed: codes, types, counts, offsets, links."""
    if data[:4] not in (b"II*\0", b"MM\0*") or rng.random() < 0.3:
        return mutated(data, rng)
    stream = _STREAM.search(data)
    if stream is not None and rng.random() < 0.4:  # the codec's own header says sizes once more
        start = stream.start()
        return data[:start] + _spoilt_head(data[start : start + 96], rng) + data[start + 96 :]
    out, order = bytearray(data), "<" if data[:2] == b"II" else ">"
    directories = _directories(data, order)
    for _ in range(rng.choice((1, 1, 2, 3))):
        if not directories:
            return mutated(data, rng)
        start, count = rng.choice(directories)
        if rng.random() < 0.15:  # in a circle, or to anywhere
            target = rng.choice([place for place, _ in directories] + [8, start + 2, len(data) - 2])
            struct.pack_into(order + "I", out, start + 2 + 12 * count, target)
            continue
        entry = start + 2 + 12 * rng.randrange(max(count, 1))
        field, form = rng.choice(((0, "H"), (2, "H"), (4, "I"), (8, "I"), (8, "I"), (8, "H")))
        (known,) = struct.unpack_from(order + form, out, entry + field)
        near = (known + rng.choice((-1, 1)), known * 2, known * 1000, known // 2, -known)
        value = rng.choice((*_EDGES, *near, *near, len(data) - 1, rng.randrange(65536)))
        struct.pack_into(
            order + form, out, entry + field, value & (0xFFFF if form == "H" else 0xFFFFFFFF)
        )
    return bytes(out)


def _spoilt_head(head: bytes, rng: Random) -> bytes:
    """A codec's header with numbers at the ends of their types; its length stays."""
    out = bytearray(head)
    for _ in range(rng.choice((1, 2, 3))):
        rng.choice((_flip, _edge, _edge))(out, rng)
    return bytes(out[: len(head)])


def _directories(data: bytes, order: str) -> list[tuple[int, int]]:
    """Start and number of entries of each directory."""
    found: list[tuple[int, int]] = []
    (offset,) = struct.unpack_from(order + "I", data, 4)
    while 8 <= offset < len(data) - 6 and len(found) < 50:
        (count,) = struct.unpack_from(order + "H", data, offset)
        if offset + 6 + 12 * count > len(data):
            break
        found.append((offset, count))
        (offset,) = struct.unpack_from(order + "I", data, offset + 2 + 12 * count)
    return found


def mutated_png(data: bytes, rng: Random) -> bytes:
    """A PNG with a changed chunk whose check sum is right again, so that decoders go on."""
    if rng.random() < 0.3:
        return mutated(data, rng)
    chunks, at = [], 8
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    number = rng.choice((0, 0, rng.randrange(len(chunks))))
    kind, body = chunks[number]
    chunks[number] = (kind, mutated(body, rng))
    if rng.random() < 0.2:
        chunks.insert(rng.randrange(len(chunks)), rng.choice(chunks))
    packed = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    ]
    return data[:8] + b"".join(packed)


def mutated_text(data: bytes, rng: Random) -> bytes:
    """A text with words and numbers replaced, lines repeated or gone, brackets without end."""
    if rng.random() < 0.25:
        return mutated(data, rng)
    text = data.decode("utf-8", "surrogateescape")
    for _ in range(rng.choice((1, 1, 2, 3))):
        text = rng.choice(_TEXT_CHANGES)(text, rng)
    return text.encode("utf-8", "surrogatepass" if rng.random() < 0.5 else "replace")


def _word(text: str, rng: Random) -> str:
    found = list(re.finditer(r"[\w.+-]+", text))
    if not found:
        return text + rng.choice(_WORDS)
    match = rng.choice(found)
    return text[: match.start()] + rng.choice(_WORDS) + text[match.end() :]


def _number(text: str, rng: Random) -> str:
    found = list(re.finditer(r"-?\d+(\.\d+)?(e[+-]?\d+)?", text))
    if not found:
        return text
    match = rng.choice(found)
    others = (
        "0",
        "-1",
        "1e9",
        "1e-300",
        "1e300",
        "-5e5",
        "123456",
        "4294967296",
        "NaN",
        "2",
        "0.5",
    )
    return text[: match.start()] + rng.choice(others) + text[match.end() :]


def _line(text: str, rng: Random) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    if rng.random() < 0.5:
        lines[at:at] = [lines[at]] * rng.choice((1, 3, 200))
    else:
        del lines[at]
    return "\n".join(lines)


def _nest(text: str, rng: Random) -> str:
    """Brackets without end."""
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(("[", "{", "(", "<a>", '{"a":', "[[", "a.")) * 20_000 + text[at:]


def _entity(text: str, rng: Random) -> str:
    """An XML bomb, or a file of the machine, where there may be XML."""
    at = text.find("<root")
    at = at if at >= 0 else max(text.find("<OME"), 0)
    bomb = rng.choice((_BOMB, '<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/passwd">]>'))
    return text[:at] + bomb + text[at:].replace(">", ">&j;", 2)


_TEXT_CHANGES = (_word, _word, _word, _number, _number, _number, _line, _nest, _entity)


def mutated_zip(data: bytes, rng: Random, spoil) -> bytes:
    """An archive with a spoilt, renamed, repeated or huge member, or spoilt as a whole.

    `spoil(name, data, rng)` gives the spoilt content of a member.
    """
    if rng.random() < 0.35:
        return mutated(data, rng)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    at = rng.randrange(len(members))
    name, content = members[at]
    change = rng.random()
    if change < 0.6:
        members[at] = (name, spoil(name, content, rng))
    elif change < 0.75:
        members[at] = (rng.choice(_NAMES), content)
    elif change < 0.85:
        members.append(("bomb_700.tif", b"\0" * rng.choice((10**6, 3 * 10**8))))
    else:
        members += [(f"{n}{name}", content) for n in range(rng.choice((1, 30)))]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members:
            info = zipfile.ZipInfo("x")
            info.filename = name  # as given: zipfile would mend it
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()

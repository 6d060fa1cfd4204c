"""Fuji .img and .inf (BAS, FLA, LAS): bare pixels, and a text file that says how to read them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableImage
from ..files import is_plain_file
from .raw import Limits, RawImage

_MAGIC = b"BAS_IMAGE_FILE"
_LARGEST_INF = 64 * 1024  # bytes; it is some fifteen short lines
_LINES = 10  # up to the latitude; what follows only tells more
_BITS = (8, 10, 12, 14, 16)

__all__ = ["FujiLoader"]


class FujiLoader:
    """Scans of imaging plates (logarithmic, made linear here) and of cameras (linear).

    Lines of the .inf, from 0: 0 ``BAS_IMAGE_FILE``, 1 name, 2 size of the plate, 3 and 4 size of a
    pixel (µm), 5 bits, 6 columns, 7 rows, 8 sensitivity S, 9 latitude L, 10 date, 11 date in s,
    12 saturated pixels, 14 remark. Pixels are big-endian, high = signal. An imaging plate's levels
    are logarithmic: ``PSL = (R/100)^2 * 4000/S * 10^(L * (v/2^bits - 1/2))``, R^2 the area of a
    pixel (Fuji's formula for photostimulated luminescence). With S or L empty or 0, levels are
    linear.
    """

    name = "fuji"
    suffixes = (".img",)

    def sniff(self, head: bytes, path: Path) -> bool:
        """Whether the file begins as an .inf does, or is an .img with such an .inf beside it."""
        if head.startswith(_MAGIC):
            return True
        return path.suffix.lower() == ".img" and _inf_beside(path) is not None

    def files(self, path: Path) -> tuple[Path, ...]:
        """The pixels, then their description."""
        inf = path if _is_inf(path) else _inf_beside(path)
        if inf is None:
            raise UnreadableImage(
                f"{path.name}: the text file {path.stem}.inf that says how to read it is not "
                "beside it; copy it there too"
            )
        img = _sibling(inf, ".img") if inf == path else path
        if img is None:
            raise UnreadableImage(
                f"{path.name}: its pixels, {path.stem}.img, are not beside it; copy them there too"
            )
        return img, inf

    def owner(self, path: Path) -> Path | None:
        """The .img of an .inf."""
        if path.suffix.lower() != ".inf" or not _is_inf(path):
            return None
        return _sibling(path, ".img")

    def read(self, path: Path, limits: Limits) -> list[RawImage]:
        """The scan, linear.

        Raises
        ------
        UnreadableImage
            If one of the two files is missing, or they contradict each other.
        """
        img, inf = self.files(path)
        said = _Description.of(inf)
        limits.check(path, said.rows, said.cols)
        size, wanted = img.stat().st_size, said.rows * said.cols * said.itemsize
        if size != wanted:
            raise UnreadableImage(
                f"{path.name}: {img.name} has {size} bytes where {inf.name} promises {wanted} "
                f"({said.rows} x {said.cols} pixels of {said.bits} bits); copy both again"
            )
        stored = np.fromfile(img, dtype=f">u{said.itemsize}").reshape(said.rows, said.cols)
        ceiling = np.array(2**said.bits - 1)
        return [
            RawImage(
                said.linear(stored),
                format=f"Fuji img, uint{8 * said.itemsize}, {said.scale}",
                metadata=said.metadata(),
                polarity="light_on_dark",
                ceiling=float(said.linear(ceiling)),
                bit_depth=said.bits,
                pixel_size_um=said.pixel_um[0] or None,
            )
        ]


@dataclass(frozen=True)
class _Description:
    """What an .inf says."""

    rows: int
    cols: int
    bits: int
    pixel_um: tuple[float, float]
    sensitivity: float
    latitude: float
    lines: tuple[str, ...]

    @classmethod
    def of(cls, inf: Path) -> _Description:
        """Read and check the lines that matter."""
        with inf.open("rb") as stream:
            text = stream.read(_LARGEST_INF).decode("latin-1")
        lines = tuple(line.strip() for line in text.splitlines())
        if text.count("\n") < _LINES:  # half a sensitivity would be a plausible one
            raise UnreadableImage(
                f"{inf.name}: is truncated, it has fewer than {_LINES} lines; copy it again"
            )
        bits, cols, rows = (_whole(lines, at, inf) for at in (5, 6, 7))
        if bits not in _BITS:
            raise UnreadableImage(
                f"{inf.name}: says {bits} bits a pixel where 8 to 16 are known; export the scan as "
                "16-bit TIFF"
            )
        size = (_number(lines, 3), _number(lines, 4))
        return cls(rows, cols, bits, size, _number(lines, 8), _number(lines, 9), lines)

    @property
    def itemsize(self) -> int:
        """Bytes a pixel."""
        return 1 if self.bits == 8 else 2

    @property
    def is_logarithmic(self) -> bool:
        """Whether levels are logarithms, as those of imaging plates are."""
        return self.sensitivity > 0 and self.latitude > 0

    @property
    def scale(self) -> str:
        """In words."""
        if not self.is_logarithmic:
            return "linear"
        return f"logarithmic (S {self.sensitivity:g}, L {self.latitude:g})"

    def linear(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Stored levels as they are if they are linear, else as PSL, float32."""
        if not self.is_logarithmic:
            return stored
        area = self.pixel_um[0] * self.pixel_um[1] / 100.0**2 or 1.0
        # as many values as there are levels: the power is taken once for each
        levels = np.arange(2 ** (8 * self.itemsize), dtype=np.float64) / 2**self.bits
        with np.errstate(over="ignore"):
            psl = area * 4000.0 / self.sensitivity * 10.0 ** (self.latitude * (levels - 0.5))
            table = psl.astype(np.float32)
        return np.asarray(table[stored])

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What is worth keeping."""
        kept = [("scale", self.scale)]
        if self.is_logarithmic:
            kept.append(("unit", "PSL"))
        named = {1: "name", 2: "plate", 10: "date", 12: "saturated pixels", 14: "remark"}
        for at, key in named.items():
            text = self.lines[at][:200] if at < len(self.lines) else ""
            kept += [(key, text)] if text else []
        if self.pixel_um[0] != self.pixel_um[1]:
            kept.append(("pixel", f"{self.pixel_um[0]:g} x {self.pixel_um[1]:g} um"))
        return tuple(kept)


def _is_inf(path: Path) -> bool:
    """Whether a file begins as an .inf does."""
    try:
        if not is_plain_file(path):  # a pipe would wait forever
            return False
        with path.open("rb") as stream:
            return stream.read(len(_MAGIC)) == _MAGIC
    except (OSError, ValueError):
        return False


def _inf_beside(img: Path) -> Path | None:
    """The description of an .img."""
    inf = _sibling(img, ".inf")
    return inf if inf is not None and _is_inf(inf) else None


def _sibling(path: Path, suffix: str) -> Path | None:
    """File of the same name with another suffix, in lower or in upper case."""
    for spelt in (suffix, suffix.upper()):
        other = path.with_suffix(spelt)
        if is_plain_file(other):
            return other
    return None


def _whole(lines: tuple[str, ...], at: int, inf: Path) -> int:
    text = lines[at]
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UnreadableImage(
            f"{inf.name}: line {at + 1} should be a number and is {text[:40]!r}; copy it again"
        )
    return int(text)


def _number(lines: tuple[str, ...], at: int) -> float:
    """A number of 0 or more; 0 where there is none."""
    try:
        value = float(lines[at])
    except (IndexError, ValueError):
        return 0.0
    return value if 0 < value < 1e9 else 0.0

"""The source data: raw files and labelled blots of every replicate, as one ZIP."""

from __future__ import annotations

import hashlib
import re
import shutil
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blotquant.errors import OutputError
from blotquant.files import is_plain_file, open_atomically

__all__ = ["SourceFile", "safe_names", "write_source_data"]

_LONGEST = 80
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP can hold: the same bytes whenever it is made
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_CHUNK = 1 << 20


@dataclass(frozen=True)
class SourceFile:
    """A picture of the study.

    Parameters
    ----------
    path : Path
        The file as it came from the imager.
    membrane, target, replicate : str
        What it shows.
    labelled : callable or None
        Gives the labelled blot, a PNG; from `blotquant.figures.uncropped.labelled_png`. Called when
        its turn comes, so that pictures are not all in memory at once.
    part : str
        Page or channel that is labelled, where the file holds several.
    """

    path: Path
    membrane: str
    target: str
    replicate: str
    labelled: Callable[[], bytes] | None = None
    part: str = ""


def write_source_data(
    path: str | Path, files: Sequence[SourceFile], tables: Mapping[str, bytes] | None = None
) -> Path:
    """Write the source data of a study.

    ``raw/`` has the files byte for byte, ``labelled/`` the same blots with lanes and crops named,
    ``tables/`` what is given in `tables`, ``README.txt`` says which is which, with SHA-256 sums.
    The same input gives the same bytes.

    Parameters
    ----------
    path : path
        The ZIP.
    files : sequence of SourceFile
    tables : mapping of str to bytes, optional
        Name and content, as ``statistics.csv``.

    Returns
    -------
    Path

    Raises
    ------
    OutputError
        If a raw file is gone, or the ZIP cannot be written.
    """
    path = Path(path)
    gone = [file.path for file in files if not is_plain_file(file.path)]
    if gone:
        raise OutputError(
            f"{path}: {', '.join(map(str, gone))} is not there any more; "
            "put the images back or run again"
        )
    unique = list({file.path: file for file in files}.values())
    names = safe_names(file.path.name for file in unique)
    with (
        open_atomically(path) as target,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
    ):
        lines = []
        for file, name in zip(unique, names, strict=True):
            digest = _add_file(archive, f"raw/{name}", file.path)
            lines.append(_line(name, file, files, digest))
            parts = {other.part: other.labelled for other in files if other.path == file.path}
            labels = safe_names(f"{name}.{part}.png" if part else f"{name}.png" for part in parts)
            for label, picture in zip(labels, parts.values(), strict=True):
                if picture is not None:
                    _add(archive, f"labelled/{label}", picture())
        given = tables or {}
        for name, key in zip(safe_names(sorted(given)), sorted(given), strict=True):
            _add(archive, f"tables/{name}", given[key])
        _add(archive, "README.txt", _readme(lines).encode())
    return path


def safe_names(names: Iterable[str]) -> list[str]:
    """Names that every file system takes, each only once.

    Letters are brought to ASCII, all else but ``._-`` becomes ``_``; names that would differ in
    case only, or not at all, get a number.

    >>> safe_names(["β-actin (1).tif", "a/b.tif", "A_B.tif", "con.tif"])
    ['beta-actin_1_.tif', 'a_b.tif', 'A_B-2.tif', '_con.tif']
    """
    taken: set[str] = set()
    found = []
    for name in names:
        safe = _safe(name)
        stem, dot, ending = safe.rpartition(".")
        stem, ending = (stem, dot + ending) if stem else (safe, "")
        number, unique = 1, safe
        while unique.lower() in taken:
            number += 1
            unique = f"{stem}-{number}{ending}"
        taken.add(unique.lower())
        found.append(unique)
    return found


def _safe(name: str) -> str:
    words = "".join(_latin(letter) for letter in unicodedata.normalize("NFKD", name))
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", words).lstrip(".")
    if len(safe) > _LONGEST:
        stem, dot, ending = safe.rpartition(".")
        short = len(ending) < 10 and bool(stem)
        safe = f"{stem[: _LONGEST - 10]}{dot}{ending}" if short else safe[:_LONGEST]
    safe = safe.rstrip(". ") or "file"
    return f"_{safe}" if _RESERVED.fullmatch(safe) else safe


def _latin(letter: str) -> str:
    """A Greek letter by its name: blots are full of them."""
    if letter.isascii():
        return letter
    words = unicodedata.name(letter, "").split()
    if words[:1] == ["GREEK"] and "LETTER" in words:
        return words[-1].lower()
    return "" if unicodedata.combining(letter) else "_"


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # the same on every system
    entry.external_attr = 0o644 << 16
    return entry


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(_entry(name), data, compresslevel=6)


def _add_file(archive: zipfile.ZipFile, name: str, path: Path) -> str:
    """Add a file in pieces; gives its SHA-256."""
    entry = _entry(name)
    entry.file_size = path.stat().st_size  # decides on the wide format before the first byte
    with path.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
        source.seek(0)
        with archive.open(entry, "w") as target:
            shutil.copyfileobj(source, target, _CHUNK)
    return digest


def _line(name: str, file: SourceFile, files: Sequence[SourceFile], digest: str) -> str:
    """What a raw file shows; several targets where it shows several."""
    mine = [other for other in files if other.path == file.path]
    words = (
        "; ".join(dict.fromkeys(" ".join(text.split()) for text in texts))
        for texts in (
            [f.membrane for f in mine],
            [f.target for f in mine],
            [f.replicate for f in mine],
        )
    )
    return "\t".join((name, *words, digest))


def _readme(lines: Sequence[str]) -> str:
    head = (
        "Source data\n\n"
        "raw/       the images as they came from the imager, byte for byte\n"
        "labelled/  the same blots with lanes numbered and what the figures show framed\n"
        "tables/    the numbers behind the figures\n\n"
        "file\tmembrane\ttarget\treplicate\tsha256\n"
    )
    return head + "".join(f"{line}\n" for line in lines)

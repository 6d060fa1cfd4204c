"""Which files a run reads, what they are called in the tables, and in which order."""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from blotquant.errors import NothingFound, OutputError, UnreadableImage
from blotquant.files import is_folder, is_plain_file, is_there, read_bytes
from blotquant.loaders import is_image, owner, supported_suffixes

__all__ = [
    "LARGEST_MARKER",
    "MARKER",
    "RESULTS_FOLDER",
    "ImageFile",
    "common_root",
    "find_images",
    "in_order",
    "is_marker",
    "is_results_folder",
    "named_images",
    "no_images",
    "output_stem",
]

RESULTS_FOLDER = "blotquant-results"
MARKER = "provenance.json"
LARGEST_MARKER = 2**28  # a kilobyte or two for each image

_LONGEST_STEM = 120  # bytes; leaves room for a hash, a suffix and a temporary name within 255


@dataclass(frozen=True)
class ImageFile:
    """One file of a run.

    Parameters
    ----------
    path : Path
    name : str
        POSIX path below the run's root, as in the tables.
    stem : str
        The same without suffix, fit for the names of output files on every system; with a short
        hash where two would collide.
    """

    path: Path
    name: str
    stem: str


def find_images(
    paths: Iterable[Path],
    *,
    recursive: bool = False,
    out: Path | None = None,
    only: Collection[Path] | None = None,
) -> tuple[ImageFile, ...]:
    """List the images of a run, in natural order (M2 before M10).

    Parameters
    ----------
    paths : iterable of Path
        Files, which are taken whatever they are called, and folders, of which the images are taken.
    recursive : bool
        Look into the folders' folders too.
    out : Path, optional
        Folder of this run's outputs, which is never read.
    only : collection of Path, optional
        Of the files in folders those that may be opened, by absolute path.

    Raises
    ------
    UnreadableImage
        If a path is not there; all of them in one message.
    NothingFound
        If there is no image, saying what was looked for.
    OutputError
        If a folder holds results of blotquant instead of images.
    """
    paths = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100  # keeps links as named
    _check_there(paths)
    found: dict[Path, None] = {}
    for path in paths:
        files = _files_below(path, recursive, out, only) if is_folder(path) else [path]
        found.update(dict.fromkeys(files))
    found = {path: None for path in found if owner(path) not in found}
    if not found:
        raise no_images(list(map(str, paths)), recursive)
    return in_order(list(found), common_root(paths))


def in_order(files: list[Path], root: Path) -> tuple[ImageFile, ...]:
    """Files of a run with their names below its root, in natural order."""
    return tuple(sorted(_names(files, root), key=lambda image: _natural(image.name)))


def named_images(folder: Path, names: Iterable[str]) -> tuple[ImageFile, ...]:
    """The images that a study names, in its order.

    Parameters
    ----------
    folder : Path
        Folder of the study.
    names : iterable of str
        POSIX paths below it.
    """
    root = Path(os.path.abspath(folder))  # noqa: PTH100  # keeps links as named
    return tuple(_names([root / name for name in dict.fromkeys(names)], root))


def common_root(paths: Iterable[Path]) -> Path:
    """Folder below which the images of a run are named.

    Parameters
    ----------
    paths : iterable of Path
        As given: a folder stands for itself, a file for the folder it lies in.
    """
    absolute = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100  # keeps links as named
    folders = [path if is_folder(path) else path.parent for path in absolute]
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:  # two drives
        return folders[0]


def is_results_folder(folder: Path) -> bool:
    """Whether blotquant wrote this folder: it must never be read as input."""
    if folder.name == RESULTS_FOLDER:
        return True
    if folder.name in {"overlays", "layouts", "previous"} and _has_marker(folder.parent):
        return True
    return _has_marker(folder)


def output_stem(name: str, part: str = "", *, hashed: bool = False) -> str:
    """Name of the output files of one picture, as a relative POSIX path without suffix.

    Parameters
    ----------
    name : str
        The file's name in the tables.
    part : str
        Page or channel inside the file.
    hashed : bool
        Put a short hash of name and part behind it. Done in any case where the name has a part, is
        very long, or holds characters that some systems do not allow.
    """
    path = PurePosixPath(name)
    wanted = path.with_name(path.stem).as_posix() if path.stem else name
    if part:
        wanted += f".part-{part}"
    safe = "/".join(_safe(component) for component in wanted.split("/"))
    if not (hashed or part or safe != wanted):
        return safe
    digest = hashlib.sha256(f"{name}#{part}".encode("utf-8", "surrogateescape")).hexdigest()
    return f"{safe}-{digest[:8]}"


def _check_there(paths: list[Path]) -> None:
    missing = [str(path) for path in paths if not os.path.lexists(path)]
    if missing:
        raise UnreadableImage(f"{', '.join(missing)}: there is no such file or folder")
    for path in paths:
        if is_folder(path) and is_results_folder(path):
            raise OutputError(
                f"{path}: holds results of blotquant; name the folder of the images instead"
            )
        if is_there(path) and not (is_folder(path) or is_plain_file(path)):
            raise UnreadableImage(f"{path}: is neither a file nor a folder")


def _files_below(
    folder: Path, recursive: bool, out: Path | None, only: Collection[Path] | None
) -> Iterator[Path]:
    """Images of a folder; each real folder is entered once: links may run in a circle."""
    seen: set[str] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        real = os.path.realpath(here)
        if real in seen:
            continue
        seen.add(real)
        entries = _entries(here)
        files = [Path(entry.path) for entry in entries]
        yield from (one for one in files if (only is None or one in only) and is_image(one))
        if recursive:
            inner = [Path(entry.path) for entry in entries if entry.is_dir()]
            waiting += [path for path in reversed(inner) if not _is_ours(path, out)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, hidden files left out, in natural order."""
    try:
        with os.scandir(folder) as entries:
            shown = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise UnreadableImage(f"{folder}: the folder cannot be read ({error.strerror})") from None
    return sorted(shown, key=lambda entry: _natural(entry.name))


def _is_ours(folder: Path, out: Path | None) -> bool:
    mine = out is not None and os.path.realpath(folder) == os.path.realpath(out)
    return mine or is_results_folder(folder)


def no_images(paths: list[str], recursive: bool) -> NothingFound:
    """The error of a run that has nothing to measure."""
    where = ", ".join(paths)
    hint = "" if recursive else "; add --recursive to look into its folders too"
    wanted = ", ".join(supported_suffixes())
    return NothingFound(f"{where}: no images here (looked for {wanted}){hint}")


def _names(files: list[Path], root: Path) -> list[ImageFile]:
    names = {path: _readable(_below(path, root)) for path in files}
    plain = {path: output_stem(name) for path, name in names.items()}
    taken = Counter(_folded(stem) for stem in plain.values())
    return [
        ImageFile(path, name, output_stem(name, hashed=taken[_folded(plain[path])] > 1))
        for path, name in names.items()
    ]


def _below(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:  # on another drive
        return path.as_posix()


def _readable(name: str) -> str:
    """Name as text for tables: bytes that are no text, and line breaks, give way to a hash."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    text = "".join("\N{REPLACEMENT CHARACTER}" if _is_control(char) else char for char in text)
    if text == name:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    path = PurePosixPath(text)
    return path.with_name(f"{path.stem}~{digest}{path.suffix}").as_posix()


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Zl", "Zp"}


def _safe(component: str) -> str:
    """One part of a path without what Windows, macOS or a shell would trip over."""
    text = re.sub(r"[^\w .,()+@=%&\[\]{}!'~-]", "_", component).rstrip(". ")
    while len(text.encode("utf-8")) > _LONGEST_STEM:
        text = text[:-1]
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)", text):
        text += "_"
    return text or "_"


def _folded(text: str) -> str:
    """What two names have in common where a file system does not tell them apart."""
    return unicodedata.normalize("NFC", text).casefold()


def _natural(name: str) -> tuple[tuple[tuple[int, int | str], ...], str]:
    """Sort key: numbers by value, letters without case, then the plain name to decide ties."""
    pieces = re.split(r"(\d+)", unicodedata.normalize("NFC", name).casefold())
    return tuple((0, int(p)) if p.isdecimal() else (1, p) for p in pieces if p), name


def _has_marker(folder: Path) -> bool:
    try:
        return is_marker(read_bytes(folder / MARKER, LARGEST_MARKER))
    except OSError:
        return False


def is_marker(text: bytes) -> bool:
    """Whether a file's content is the provenance that blotquant writes."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and "blotquant" in content and "files" in content

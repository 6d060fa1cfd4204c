"""From a path to blots: check the file, choose the loader, hash, read, interpret."""

from __future__ import annotations

import hashlib
import re
import struct
import warnings
import zipfile
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from .. import registry
from ..errors import BlotquantError, UnreadableImage
from ..files import is_folder
from ..recipe import ImageSettings
from .raw import Limits, Loader, LoaderOfSeveralFiles, RawImage
from .refusal import check_is_file, explain, is_of_an_imager

if TYPE_CHECKING:
    import os

    from ..model import Blot

# Long enough for the headers of all formats, one disk block to read.
_HEAD = 4096
_LOST = (
    *(LookupError, TypeError, AttributeError, AssertionError, RecursionError, struct.error),
    zipfile.BadZipFile,
)
# How decoders word that a file is sound but beyond them.
_UNSUPPORTED = re.compile(r"not supported|unsupported|not implemented|requires", re.IGNORECASE)

# How Pillow words that a file ends too early.
_CUT_OFF = re.compile(r"truncated|broken data stream|not enough image data", re.IGNORECASE)

__all__ = ["is_image", "load", "owner", "supported_suffixes"]


def load(path: str | os.PathLike[str], settings: ImageSettings | None = None) -> list[Blot]:
    """Read every picture of an image file.

    Parameters
    ----------
    path : str or path
        TIFF, PNG, JPEG, BMP, GIF, Bio-Rad .scn or .1sc, .gel, LI-COR .l2d or zip, Fuji .img, or
        what a registered loader reads. The content decides, then the name.
    settings : ImageSettings, optional
        Polarity, orientation, detector, ceiling and size limit; the recipe's defaults otherwise.

    Returns
    -------
    list of Blot
        One for each page or channel, at least one; ``source.part`` tells them apart.

    Raises
    ------
    UnreadableImage
        With one line that names the file, what is wrong with it and what to do.
    """
    settings = settings or ImageSettings()
    file = Path(path)
    check_is_file(file)
    loader, limits = _choose(file), Limits(settings.max_megapixels)
    limits.check_packed(file, file.stat().st_size)
    raws = _read(loader, file, limits)
    files = _files(loader, file)
    for one in files:
        limits.check_packed(one, one.stat().st_size)
    digest = _sha256(files)

    from .interpret import interpret  # brings OpenCV, which listing a folder does not need

    given = PurePath(path).as_posix()
    blots = [interpret(raw, given, digest, loader.name, settings) for raw in raws]
    if settings.fitness:
        from ..fitness import judged

        blots = [judged(blot) for blot in blots]
    return blots


def supported_suffixes() -> tuple[str, ...]:
    """Endings of the file names that can be read, sorted, lower case, with the dot."""
    return tuple(sorted({suffix for loader in _loaders() for suffix in loader.suffixes}))


def is_image(path: str | os.PathLike[str]) -> bool:
    """Whether a file in a folder should be tried: by its ending, else by its first bytes.

    A file with the right ending counts even if it is damaged, so that a run can say so, and so
    does one that only its imager's software can read. Hidden files (``._blot.tif`` on disks that a
    Mac has seen) do not.
    """
    file = Path(path)
    if file.name.startswith("."):
        return False
    if file.suffix.lower() in supported_suffixes() or is_of_an_imager(file):
        return not is_folder(file)
    try:
        check_is_file(file)
        head = _head(file)
    except UnreadableImage:
        return False
    return any(loader.sniff(head, file) for loader in _loaders())


def owner(path: str | os.PathLike[str]) -> Path | None:
    """File through which another one is read (Fuji's .img for its .inf); None for all others.

    A folder's run measures a picture once, although it lies in several files.
    """
    file = Path(path)
    for loader in _loaders():
        if isinstance(loader, LoaderOfSeveralFiles):
            found = loader.owner(file)
            if found is not None:
                return found
    return None


@cache
def _loaders() -> tuple[Loader, ...]:
    """One instance of each registered loader."""
    return tuple(registry.get("loaders", name)() for name in registry.names("loaders"))


def _choose(file: Path) -> Loader:
    """Loader that knows the content; among several, one whose usual ending the file has."""
    head = _head(file)
    able = [loader for loader in _loaders() if loader.sniff(head, file)]
    if not able:
        raise UnreadableImage(explain(file, head, supported_suffixes()))
    return max(able, key=lambda loader: file.suffix.lower() in loader.suffixes)


def _head(file: Path) -> bytes:
    """First bytes of a file."""
    try:
        with file.open("rb") as stream:
            return stream.read(_HEAD)
    except OSError as error:
        raise _unreadable(file, error) from None


def _read(loader: Loader, file: Path, limits: Limits) -> list[RawImage]:
    """Call the loader; whatever goes wrong inside a decoder is the file's fault, in one line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # decoders warn of oddities that do not touch pixels
            raws = loader.read(file, limits)
    except BlotquantError:
        raise
    except MemoryError:
        raise UnreadableImage(f"{file.name}: too large for this computer's memory") from None
    except Exception as error:
        raise _unreadable(file, error) from error
    if not raws:
        raise UnreadableImage(f"{file.name}: holds no picture; export it again")
    return raws


def _unreadable(file: Path, error: Exception) -> UnreadableImage:
    """One line on what a decoder said."""
    if isinstance(error, PermissionError):
        return UnreadableImage(
            f"{file.name}: you are not permitted to read it; change its permissions"
        )
    reason = " ".join(str(error).split())[:160]
    if isinstance(error, NotImplementedError) or _UNSUPPORTED.search(reason):
        return UnreadableImage(
            f"{file.name}: is coded in a way that cannot be read ({reason}); export it as plain "
            "16-bit TIFF"
        )
    if _CUT_OFF.search(reason):
        return UnreadableImage(
            f"{file.name}: is truncated, part of its pixels is missing; copy it again"
        )
    # a decoder that lost its way says nothing that helps
    detail = f" ({reason})" if reason and not isinstance(error, _LOST) else ""
    return UnreadableImage(f"{file.name}: is truncated or damaged{detail}; copy or export it again")


def _files(loader: Loader, file: Path) -> tuple[Path, ...]:
    """All files that a picture was read from."""
    return loader.files(file) if isinstance(loader, LoaderOfSeveralFiles) else (file,)


def _sha256(files: tuple[Path, ...]) -> str:
    """Hash of the files' bytes, one file after the other."""
    digest = hashlib.sha256()
    for file in files:
        try:
            with file.open("rb") as stream:  # through one small buffer: no memory for each block
                hashlib.file_digest(stream, lambda: digest)
        except OSError as error:
            raise _unreadable(file, error) from None
    return digest.hexdigest()

"""What a file that is not a blot image is instead, and what to do about it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from ..errors import UnreadableImage

__all__ = ["check_is_file", "explain", "is_of_an_imager"]

_EXPORT = "export the image from the imager's software as 16-bit TIFF"

# (offset, magic bytes, what it is, what to do)
_KNOWN = (
    (0, b"%PDF", "a PDF document", _EXPORT),
    (0, b"PK\x03\x04", "a zip archive or Office document", f"unpack it, or {_EXPORT}"),
    (0, b"PK\x05\x06", "an empty zip archive", _EXPORT),
    (0, b"\xd0\xcf\x11\xe0", "an old Office document", _EXPORT),
    (0, b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-zip archive", "unpack it first"),
    (0, b"Rar!", "a RAR archive", "unpack it first"),
    (0, b"8BPS", "a Photoshop file", "save a copy as TIFF without layers"),
    (0, b"%!PS", "a PostScript file", _EXPORT),
    (0, b"\x89HDF", "an HDF5 file", "save the plane with the blot as TIFF"),
    (0, b"SIMPLE  =", "a FITS file", "save it as 16-bit TIFF"),
    (128, b"DICM", "a DICOM file", "save it as 16-bit TIFF"),
    (8, b"WEBP", "a WebP picture", _EXPORT),
    (4, b"ftypheic", "an iPhone photograph (HEIC)", _EXPORT),
    (4, b"ftypavif", "an AVIF picture", _EXPORT),
    (0, b"\x00\x00\x00\x0cjP", "a JPEG 2000 picture", "save it as TIFF"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture", "save it as TIFF"),
    (0, b"\x01\xda", "an SGI picture", "save it as TIFF"),
    (0, b"MZ", "a Windows program", "choose an image"),
    (0, b"\x7fELF", "a program", "choose an image"),
    (0, b"{\\rtf", "a text document (RTF)", _EXPORT),
)

# Imagers' own files whose layout nobody has published: what it is, and how to export.
_IMAGERS = {
    ".sgd": (
        "a Syngene file, whose layout is not published",
        "in GeneSys or GeneTools choose File > Export and save it as 16-bit TIFF",
    ),
    ".g2i": (
        "an iBright file, whose layout is not published",
        "export it as raw 16-bit TIFF from the iBright or from iBright Analysis Software",
    ),
}
# Files that describe a picture which lies elsewhere, by their endings.
_HALVES = {
    ".img": (
        "pixels without a description",
        "copy the .inf of the same name beside it (Fuji), or export 16-bit TIFF",
    ),
    ".scn": (
        "text, perhaps LI-COR's description of a scan",
        "open the .l2d file one folder up, or the TIFFs beside it",
    ),
}


def is_of_an_imager(path: Path) -> bool:
    """Whether a file's name says that an imager wrote it in a format which cannot be read."""
    return path.suffix.lower() in _IMAGERS


def check_is_file(path: Path) -> None:
    """Refuse what cannot be opened as a plain file, without opening it (a pipe would wait forever).

    Raises
    ------
    UnreadableImage
        If there is no such file, or it is a folder, pipe or device, empty, or not permitted.
    """
    name = path.name or str(path)
    try:
        status = path.stat()
    except OSError as error:
        raise UnreadableImage(_why_no_status(path, name, error)) from None
    except ValueError:
        raise UnreadableImage(f"{name!r}: is not a possible file name; check the path") from None
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableImage(f"{name}: is a folder; give the image files inside it")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableImage(f"{name}: is a pipe or device, not a file; save the image to a file")
    if status.st_size == 0:
        raise UnreadableImage(f"{name}: is empty (0 bytes); copy or export it again")
    if not os.access(path, os.R_OK):
        raise UnreadableImage(f"{name}: you are not permitted to read it; change its permissions")


def _why_no_status(path: Path, name: str, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"{name}: you are not permitted to look into its folder; change its permissions"
    if error.errno == errno.ELOOP:
        return f"{name}: is a link that leads back to itself; restore the file"
    if error.errno == errno.ENOENT and path.is_symlink():
        return f"{name}: is a link to a file that is not there; restore that file"
    if error.errno == errno.ENOENT:
        return f"{name}: there is no such file; check the path"
    return f"{name}: cannot be read ({error.strerror or error}); check the path and the disk"


def explain(path: Path, head: bytes, suffixes: tuple[str, ...]) -> str:
    """One line on a file that no loader knows.

    Parameters
    ----------
    path : Path
    head : bytes
        First bytes of the file.
    suffixes : tuple of str
        Endings that can be read; a file that claims one of them is said to be misnamed.
    """
    claim = path.suffix.lower()
    what, advice = _identify(head)
    if claim in _IMAGERS:
        what, advice = _IMAGERS[claim]
    elif claim == ".img" or (claim == ".scn" and head and _is_text(head)):
        what, advice = _HALVES[claim]
    if claim in _IMAGERS or claim in _HALVES:
        return f"{path.name}: is {what}; {advice}"
    named = f"is named {claim} but is" if claim in suffixes else "is"
    readable = "" if claim in suffixes else f"; blotquant reads {', '.join(suffixes)}"
    return f"{path.name}: {named} {what}; {advice}{readable}"


def _identify(head: bytes) -> tuple[str, str]:
    """What a file is, and what to do."""
    for offset, magic, what, advice in _KNOWN:
        if head[offset : offset + len(magic)] == magic:
            return what, advice
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page (a failed download?)", "download the image itself"
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in start):
        return "a vector drawing (SVG)", _EXPORT
    if not head.strip(b"\x00"):
        return "filled with zeros (a failed copy?)", "copy it again"
    if _is_text(head):
        return "text, not an image", "choose the image file"
    return "of no image format that is known, or damaged at its beginning", _EXPORT


def _is_text(head: bytes) -> bool:
    """Whether the bytes are printable text, UTF-8 (a character may be cut off at the end)."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\t\r\n\f" for character in text)

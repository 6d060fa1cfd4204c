"""LI-COR Odyssey .l2d: a text index, a folder for each scan, a TIFF for each channel."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..errors import UnreadableImage
from ..files import is_plain_file
from .licor_tree import ArchiveTree, FolderTree, Tree, is_tiff_name, names_in_archive
from .raw import Limits, RawImage

_MAGIC = b"LI-COR LI2D"
_ZIP = b"PK\x03\x04"
# Channels are wavelengths (nm) at the end of a file's name.
_CHANNEL = re.compile(r"_(\d{3})\.tiff?$", re.IGNORECASE)
# Texts of the scan's own .scn worth keeping.
_KEPT = {"ScannerName": "imager", "ScanDate": "date", "Comments": "comment"}
_MOST_SCANS = 100

__all__ = ["LicorLoader"]


class LicorLoader:
    """LI-COR's scans as their software stores them, or packed into a zip archive.

    The index holds lines ``key=value`` (``#`` begins a remark); ``ScanNames`` lists the scans. The
    folder of a scan holds a text ``NAME.scn`` with ``ImageNames``, ``ScanChannels``, ``ScanDate``,
    ``ScannerName`` and ``Comments``, and the TIFFs. Layout as described by Bio-Formats' page on
    Li-Cor L2D. An archive without an index is read by its TIFFs called ``..._700`` and ``..._800``.
    """

    name = "licor"
    suffixes = (".l2d",)

    def sniff(self, head: bytes, path: Path) -> bool:
        """Whether the file is an index, or an archive that holds one or TIFFs named by channel."""
        if head.startswith(_ZIP):
            return any(_is_of_a_scan(name) for name in names_in_archive(path, head))
        return _MAGIC in head[:512]

    def files(self, path: Path) -> tuple[Path, ...]:
        """The index and the TIFFs that it names; an archive by itself."""
        if zipfile.is_zipfile(path):
            return (path,)
        tree = FolderTree(path)
        return (path, *(tree.path(one.file) for one in _channels(path, tree)))

    def owner(self, path: Path) -> Path | None:
        """The index above the folder of a scan, for what lies in it."""
        if not is_plain_file(path.parent / f"{path.parent.name}.scn"):
            return None
        for index in sorted(path.parent.parent.glob("*.l2d"))[:_MOST_SCANS]:
            if _is_index(index) and path.parent.name in _scan_names(index, FolderTree(index)):
                return index
        return None

    def read(self, path: Path, limits: Limits) -> list[RawImage]:
        """Every channel of every scan.

        Raises
        ------
        UnreadableImage
            If a file that the index names is missing, or leads out of the folder.
        """
        with path.open("rb") as stream:
            packed = stream.read(4) == _ZIP
        if not packed:
            return _read(path, FolderTree(path), limits)
        with zipfile.ZipFile(path) as archive:
            return _read(path, ArchiveTree(path, archive, limits), limits)


@dataclass(frozen=True)
class _Channel:
    """One TIFF of a scan."""

    scan: str
    channel: str
    file: str
    metadata: tuple[tuple[str, str], ...] = ()


def _read(path: Path, tree: Tree, limits: Limits) -> list[RawImage]:
    """Pictures of all channels, named by scan (where there are several) and channel."""
    from .tiff import read_tiff

    channels = list({one.file: one for one in _channels(path, tree)}.values())
    limits.check_count(path, len(channels))
    several_scans = len({one.scan for one in channels}) > 1
    found: list[RawImage] = []
    pixels = unpacked = packed = 0
    for one in channels:
        stream, size = tree.image(one.file)
        with stream:
            pictures = read_tiff(stream, Path(path.name), size, limits)
        pixels += sum(raw.pixels.shape[0] * raw.pixels.shape[1] for raw in pictures)
        limits.check(path, pixels)
        unpacked += sum(raw.pixels.nbytes for raw in pictures)
        packed += tree.packed_size(one.file)
        limits.check_unpacked(path, unpacked, packed)
        label = f"{one.scan}-{one.channel}" if several_scans else one.channel
        for number, raw in enumerate(pictures, start=1):
            found.append(
                replace(
                    raw,
                    format=raw.format.replace("TIFF", "LI-COR scan, TIFF", 1),
                    part=label if len(pictures) == 1 else f"{label}-{number}",
                    channel=one.channel,
                    metadata=(*one.metadata, *raw.metadata),
                )
            )
    return _told_apart(found)


def _told_apart(raws: list[RawImage]) -> list[RawImage]:
    """Numbers where names do not tell pictures apart; one picture alone needs no part."""
    if len(raws) == 1:
        return [replace(raws[0], part="")]
    if len({raw.part for raw in raws}) == len(raws):
        return raws
    return [replace(raw, part=str(number)) for number, raw in enumerate(raws, start=1)]


def _channels(path: Path, tree: Tree) -> Iterator[_Channel]:
    """TIFFs of all scans, by the index; without one, by their names."""
    indices = [name for name in tree.names() if name.lower().endswith(".l2d")]
    if tree.names() and not indices:
        yield from _channels_by_name(tree)
        return
    index = min(indices, key=len) if indices else path.name
    folder = PurePosixPath(index).parent
    scans = _scan_names(path, tree, index)
    there = 0
    for scan in scans:
        described = tree.text((folder / scan / f"{scan}.scn").as_posix())
        if described is None:  # the index keeps the names of scans that were deleted
            continue
        there += 1
        yield from _channels_of_scan(folder / scan, _fields(described))
    if not there:
        raise UnreadableImage(
            f"{path.name}: none of the scans that it names ({', '.join(scans)[:80] or 'none'}) is "
            "beside it; copy the whole folder, or export 16-bit TIFF from Image Studio"
        )


def _channels_of_scan(folder: PurePosixPath, said: dict[str, str]) -> Iterator[_Channel]:
    files = [name.strip() for name in said.get("ImageNames", "").split(",") if name.strip()]
    waves = re.split(r"[,\s]+", said.get("ScanChannels", "").strip())
    metadata = tuple((key, said[name][:200]) for name, key in _KEPT.items() if said.get(name))
    for number, file in enumerate(files):
        in_order = waves[number] if len(waves) == len(files) else ""
        channel = _channel_of(file) or _plain(in_order) or str(number + 1)
        yield _Channel(_plain(folder.name), channel, (folder / file).as_posix(), metadata)


def _channels_by_name(tree: Tree) -> Iterator[_Channel]:
    for name in sorted(tree.names()):
        if is_tiff_name(name) and _channel_of(name):
            scan = _plain(_CHANNEL.sub("", PurePosixPath(name).name))
            yield _Channel(scan, _channel_of(name), name)


def _is_of_a_scan(name: str) -> bool:
    return name.lower().endswith(".l2d") or bool(_channel_of(name))


def _channel_of(name: str) -> str:
    found = _CHANNEL.search(name)
    return found[1] if found else ""


def _scan_names(path: Path, tree: Tree, index: str = "") -> list[str]:
    text = tree.text(index or path.name) or ""
    names = _fields(text).get("ScanNames", "").split(",")
    return [name.strip() for name in names if name.strip()][:_MOST_SCANS]


def _is_index(path: Path) -> bool:
    try:
        if not is_plain_file(path):
            return False
        with path.open("rb") as stream:
            return _MAGIC in stream.read(512)
    except OSError:
        return False


def _fields(text: str) -> dict[str, str]:
    """Lines ``key=value``; remarks begin with #."""
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {key.strip(): value.strip() for key, equals, value in lines if equals}


def _plain(text: str) -> str:
    """A name from the file as far as it may stand in names of ours."""
    return re.sub(r"[^\w.+-]", "_", text)[:40]

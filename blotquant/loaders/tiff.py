"""TIFF in all the forms that imagers, scanners and ImageJ write: every page, never a thumbnail."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableImage
from .codec_sizes import check_streams
from .gel import gel_pages, read_gel
from .pages import what_pages_are
from .raw import Limits, RawImage
from .strips import unpacked
from .tiff_chain import check_chain
from .tiff_page import check_page
from .tiff_tags import (
    code_name,
    describe,
    exposure_of,
    is_lossy,
    pixel_size,
    tags_worth_keeping,
)

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage, TiffPageSeries

# Faults of a file come back as exceptions; tifffile's own log lines would reach the user's screen.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_MAGIC = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")

# Dialects that tifffile would read in its own way: those that open further files which the file
# names, where a file is its own pages; and .gel, of which it knows the first page only.
# Shapes in tifffile's own descriptions are taken at their word, and 1e-300 pages never end.
_ALONE: Any = dict.fromkeys(("is_ome", "is_mmstack", "is_ndtiff", "is_mdgel", "is_shaped"), False)

__all__ = ["TiffLoader", "read_tiff"]


class TiffLoader:
    """TIFF, BigTIFF, OME-TIFF, ImageJ TIFF and the scanners' dialects, by tifffile."""

    name = "tiff"
    suffixes = (".tif", ".tiff", ".btf", ".gel")

    def sniff(self, head: bytes, path: Path) -> bool:
        """Whether the file begins as TIFF or BigTIFF does, in either byte order."""
        return head[:4] in _MAGIC

    def read(self, path: Path, limits: Limits) -> list[RawImage]:
        """Every page at full resolution.

        Raises
        ------
        UnreadableImage
            If the size is over the limit, data are missing, or the picture is not of grey levels.
        """
        with path.open("rb") as stream:
            return read_tiff(stream, path, path.stat().st_size, limits)


def read_tiff(stream: BinaryIO, path: Path, size: int, limits: Limits) -> list[RawImage]:
    """Pictures of a TIFF that is open already.

    Parameters
    ----------
    stream : binary file
    path : Path
        For messages.
    size : int
        Bytes of the file.
    limits : Limits

    Raises
    ------
    UnreadableImage
        If the size is over the limit, data are missing, or the picture is not of grey levels.
    """
    from tifffile import TiffFile

    check_chain(stream, path, size)
    with TiffFile(stream, name=path.name, **_ALONE) as tif:
        pages = gel_pages(tif)
        if pages:
            limits.check_count(path, len(pages))
            return _numbered(read_gel(pages, stream, path, size, limits))
        _check_one_block(tif, path)
        series = _without_pyramid([one.levels[0] for one in tif.series if _is_picture(one)])
        if not series:
            raise UnreadableImage(
                f"{path.name}: holds no picture; it may be truncated, copy or export it again"
            )
        _check_all(series, stream, path, size, limits)
        raws = [raw for one in series for raw in _read_series(tif, one)]
        return what_pages_are(_numbered(raws), tif)


def _check_one_block(tif: TiffFile, path: Path) -> None:
    """Refuse a stack of one directory, of which the description alone tells the further pages."""
    if re.match(r'\{"shape".*"truncated": true', tif.pages.first.description, re.DOTALL):
        raise UnreadableImage(
            f"{path.name}: is a stack with one directory for all pages; save the pages on their "
            "own, or as an ImageJ stack"
        )


def _check_all(
    series: list[TiffPageSeries], stream: BinaryIO, path: Path, size: int, limits: Limits
) -> None:
    """Refuse, before decoding, what is too large or too many, cut off or of no grey levels."""
    limits.check(path, sum(_pixels(one) for one in series))
    limits.check_count(path, sum(_planes_in(one) for one in series))
    for one in series:
        check_page(one.keyframe, path, size, limits)
        _check_complete(one, path, size)
    limits.check_unpacked(path, sum(one.nbytes for one in series), size)
    for page in (page for one in series for page in one.pages if page is not None):
        check_streams(page, stream, path)


def _planes_in(series: TiffPageSeries) -> int:
    """Pictures that a series makes."""
    page = series.keyframe
    return _pixels(series) // max(page.imagelength * page.imagewidth, 1)


def _is_picture(series: TiffPageSeries) -> bool:
    """Whether a series is more than a thumbnail, a mask or an empty directory."""
    page = series.keyframe
    return not (page.is_reduced or page.is_mask) and series.dtype is not None


def _without_pyramid(series: list[TiffPageSeries]) -> list[TiffPageSeries]:
    """Leave out smaller copies that are not marked as such: tiled, and halved a few times."""
    if not series:
        return []
    full = series[0].keyframe

    def is_copy(page: TiffPage) -> bool:
        shrink = full.imagewidth / max(page.imagewidth, 1)
        halved = [abs(shrink - 2**n) < 0.05 * 2**n for n in range(1, 8)]
        same = abs(full.imagelength / max(page.imagelength, 1) - shrink) < 0.05 * shrink
        return bool(page.is_tiled and any(halved) and same and page.dtype == full.dtype)

    return [one for one in series if one.keyframe is full or not is_copy(one.keyframe)]


def _pixels(series: TiffPageSeries) -> int:
    """Declared pixels, samples not counted."""
    samples = series.shape[series.axes.index("S")] if "S" in series.axes else 1
    return series.size // max(samples, 1)


def _check_complete(series: TiffPageSeries, path: Path, size: int) -> None:
    """Refuse what is cut off."""
    if _end_of_data(series) > size:
        raise UnreadableImage(
            f"{path.name}: is truncated, part of its pixels is missing; copy it again"
        )


def _end_of_data(series: TiffPageSeries) -> int:
    """Where in the file the last of a series' pixels should be."""
    ends = [0]
    if series.dataoffset is not None:  # ImageJ writes a stack in one go, with one directory
        ends.append(series.dataoffset + series.nbytes)
    for page in series.pages:
        if page is not None:
            ends += [a + b for a, b in zip(page.dataoffsets, page.databytecounts, strict=False)]
    return max(ends)


def _read_series(tif: TiffFile, series: TiffPageSeries) -> list[RawImage]:
    """Pictures of one series: axes other than rows, columns and samples are pages."""
    page = series.keyframe
    data = unpacked(tif, series)
    if data is None:
        data = series.asarray()
    notes: list[str] = []
    if code_name(page.photometric) == "PALETTE":
        data, notes = _through_palette(tif, page, data)
        planes = _planes(data, series.axes if data.ndim == len(series.axes) else series.axes + "S")
    else:
        planes = _planes(data, series.axes)
    planes = [picture for plane in planes for picture in _split(plane, page)]
    names = _channel_names(tif, len(planes))
    return [
        RawImage(
            plane,
            format=describe(page, series),
            channel=name,
            metadata=tags_worth_keeping(page),
            lossy=is_lossy(page),
            exposure_s=exposure_of(page),
            pixel_size_um=pixel_size(page),
            warnings=tuple(notes),
        )
        for plane, name in zip(planes, names, strict=True)
    ]


def _planes(data: NDArray[Any], axes: str) -> list[NDArray[Any]]:
    """(rows, cols[, samples]) arrays of a series, in the file's order."""
    last = "YXS" if "S" in axes else "YX"
    order = [*(i for i, axis in enumerate(axes) if axis not in last), *map(axes.index, last)]
    ordered = data.transpose(order)
    return list(ordered.reshape(-1, *ordered.shape[-len(last) :]))


def _split(plane: NDArray[Any], page: TiffPage) -> list[NDArray[Any]]:
    """Samples that belong together as colour and alpha stay; unrelated ones are pictures each."""
    if plane.ndim == 2:
        return [plane]
    samples = plane.shape[2]
    kind = code_name(page.photometric)
    if kind == "SEPARATED" and samples >= 4:
        return [_from_cmyk(plane)]
    if kind in ("RGB", "YCBCR", "PALETTE"):
        return [plane[..., : 4 if samples > 3 else 3]]
    if page.extrasamples and page.extrasamples[0] in (1, 2):
        return [plane[..., :2]]
    return [plane[..., sample] for sample in range(samples)]


def _from_cmyk(plane: NDArray[Any]) -> NDArray[Any]:
    """RGB of a print file: what the four inks leave of white."""
    white = np.iinfo(plane.dtype).max
    left = white - plane[..., :4].astype(np.float32)
    return np.rint(left[..., :3] * left[..., 3:] / white).astype(plane.dtype)


def _through_palette(
    tif: TiffFile, page: TiffPage, data: NDArray[Any]
) -> tuple[NDArray[Any], list[str]]:
    """Grey levels or RGB of a palette picture.

    ImageJ stores measured levels and keeps the palette for display only; elsewhere the palette is
    the picture.
    """
    if tif.is_imagej or page.colormap is None:
        return data, ["the file's colour table is for display: stored levels were read"]
    table = page.colormap.T
    if np.isin(table % 257, 0).all() or np.isin(table % 256, 0).all():
        table = (table >> 8).astype(np.uint8)  # 8-bit colours, written in 16 bits
    if (table == table[:, :1]).all():
        return table[data, 0], []
    return table[data], []


def _channel_names(tif: TiffFile, count: int) -> list[str]:
    """Labels that ImageJ gives its slices; empty where there are none."""
    labels = (tif.imagej_metadata or {}).get("Labels") or []
    if len(labels) != count:
        return [""] * count
    return [str(label)[:80] for label in labels]


def _numbered(raws: list[RawImage]) -> list[RawImage]:
    """Number the pages from 1, unless there is only one."""
    from dataclasses import replace

    if len(raws) == 1:
        return raws
    return [replace(raw, part=str(number)) for number, raw in enumerate(raws, start=1)]

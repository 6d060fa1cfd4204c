"""Several pages in one TIFF: channels, exposures, or neither is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .ome import ome_planes
from .raw import RawImage
from .tiff_tags import code_name

if TYPE_CHECKING:
    from tifffile import TiffFile

_EXPOSURE = re.compile(r"exposure\D{0,20}?(\d+(?:\.\d+)?)\s*(ms|s|sec|min)\b", re.IGNORECASE)
_SECONDS = {"ms": 1e-3, "s": 1.0, "sec": 1.0, "min": 60.0}

__all__ = ["what_pages_are"]


def what_pages_are(raws: list[RawImage], tif: TiffFile) -> list[RawImage]:
    """Pictures with the channels and exposures that the file gives them, and the rule that held.

    1. Pages with different names (OME channels, ImageJ's labels, the page's own name) are channels.
    2. Otherwise pages with different exposure times are exposures of one membrane.
    3. Otherwise the file does not say, and neither do we: each page is a picture on its own.

    Parameters
    ----------
    raws : list of RawImage
        In the file's order.
    tif : TiffFile
    """
    raws = _with_ome(raws, tif)
    if len(raws) == 1:
        return raws
    names = _names(raws, tif)
    raws = _with_exposures(raws, tif)
    exposures = [raw.exposure_s for raw in raws]
    if len(set(names)) == len(names) and all(names):
        return _stated(raws, "channels, by their names", names)
    if None not in exposures and len(set(exposures)) > 1:
        return _stated(raws, "exposures, by their exposure times", [raw.channel for raw in raws])
    warning = (
        f"the file has {len(raws)} pages and does not say whether they are channels or exposures: "
        "each was read as a picture on its own"
    )
    raws = _stated(raws, "the file does not say", [raw.channel for raw in raws])
    return [replace(raw, warnings=(*raw.warnings, warning)) for raw in raws]


def _stated(raws: list[RawImage], rule: str, names: Sequence[str]) -> list[RawImage]:
    return [
        replace(
            raw,
            channel=name,
            metadata=(*raw.metadata, ("page", f"{number} of {len(raws)}: {rule}")),
        )
        for number, (raw, name) in enumerate(zip(raws, names, strict=True), start=1)
    ]


def _with_ome(raws: list[RawImage], tif: TiffFile) -> list[RawImage]:
    """Pictures with what OME-XML says of them, if it tells of just these."""
    planes = ome_planes(tif.pages.first.description)
    if len(planes) != len(raws):
        return raws
    return [
        replace(
            raw,
            channel=raw.channel or plane.channel,
            exposure_s=raw.exposure_s or plane.exposure_s,
            pixel_size_um=plane.pixel_size_um or raw.pixel_size_um,
            metadata=(*_without(raw.metadata, "description"), *plane.metadata),
        )
        for raw, plane in zip(raws, planes, strict=True)
    ]


def _without(metadata: tuple[tuple[str, str], ...], key: str) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in metadata if pair[0] != key)


def _names(raws: Sequence[RawImage], tif: TiffFile) -> list[str]:
    """Names of the pages: those known already, else the tag PageName."""
    if all(raw.channel for raw in raws) or len(tif.pages) != len(raws):
        return [raw.channel for raw in raws]
    tags = [_tag(tif, number, "PageName") for number in range(len(raws))]
    return [raw.channel or tag[:80] for raw, tag in zip(raws, tags, strict=True)]


def _with_exposures(raws: list[RawImage], tif: TiffFile) -> list[RawImage]:
    """Exposure times of pages that state them in their description."""
    if len(tif.pages) != len(raws):
        return raws
    found = [_said_exposure(_tag(tif, number, "ImageDescription")) for number in range(len(raws))]
    return [
        replace(raw, exposure_s=raw.exposure_s or seconds)
        for raw, seconds in zip(raws, found, strict=True)
    ]


def _said_exposure(text: str) -> float | None:
    found = _EXPOSURE.search(text[:2000])
    if found is None:
        return None
    seconds = float(found[1][:12]) * _SECONDS[found[2].lower()]
    return seconds if seconds > 0 else None


def _tag(tif: TiffFile, number: int, name: str) -> str:
    """Text of a page's tag; empty where there is none."""
    tif.pages.useframes = False
    page = tif.pages.get(number)
    tags = getattr(page, "tags", None)
    value = tags.valueof(name) if tags is not None else None
    return " ".join(code_name(value).split()) if value is not None else ""

"""What the tags of a TIFF page say that is worth keeping: coding, size of a pixel, exposure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tifffile import TiffPage, TiffPageSeries

_KEPT = {
    "ImageDescription": "description",
    "Make": "make",
    "Model": "model",
    "Software": "software",
    "DateTime": "date",
    "Orientation": "orientation tag",
}
_LOSSY = ("JPEG", "OJPEG", "WEBP", "IMPACJ", "JP2000", "JPEG2000", "JPEG_2000", "JPEGXR", "JETRAW")
# Resolutions that programs write when they know nothing.
_DEFAULT_DPI = (1.0, 72.0, 96.0)

__all__ = [
    "code_name",
    "describe",
    "exposure_of",
    "is_lossy",
    "pixel_size",
    "tags_worth_keeping",
]


def describe(page: TiffPage, series: TiffPageSeries) -> str:
    """Format in words: type, compression and dialect."""
    compression = code_name(page.compression).lower().replace("_", " ")
    words = ["TIFF", str(page.dtype)]
    words += [] if compression == "none" else [compression]
    words += [series.kind] if series.kind in ("imagej", "ome", "svs") else []
    return ", ".join(words)


def tags_worth_keeping(page: TiffPage) -> tuple[tuple[str, str], ...]:
    """Few tags, each cut to 200 characters."""
    kept = [("photometric", _photometric(page))]
    for tag, key in _KEPT.items():
        value = page.tags.valueof(tag)
        text = " ".join(code_name(value).split()) if value is not None else ""
        if text and not (tag == "Orientation" and text in ("1", "TOPLEFT")):
            kept.append((key, text[:200]))
    return tuple(kept)


def _photometric(page: TiffPage) -> str:
    """The standard's own spelling."""
    name = code_name(page.photometric)
    return {"MINISWHITE": "WhiteIsZero", "MINISBLACK": "BlackIsZero"}.get(name, name)


def code_name(code: object) -> str:
    """Name of an enumerated tag; its number where tifffile knows no name."""
    return str(getattr(code, "name", code))


def is_lossy(page: TiffPage) -> bool:
    """Whether the compression loses information (JPEG over 12 bits is the lossless kind)."""
    name = code_name(page.compression)
    return name.endswith(_LOSSY) and not (name == "JPEG" and page.bitspersample > 12)


def exposure_of(page: TiffPage) -> float | None:
    """Exposure time in s, where a camera wrote its tag."""
    value = page.tags.valueof("ExposureTime")
    if isinstance(value, tuple) and len(value) == 2 and value[1]:
        return float(value[0]) / float(value[1])
    return None


def pixel_size(page: TiffPage) -> float | None:
    """Width of a pixel in µm from the resolution tags; None where they hold a program's default."""
    unit = {2: 25400.0, 3: 10000.0}.get(int(page.resolutionunit or 0))
    resolution = page.resolution[0] if page.resolution else 0.0
    if unit is None or not resolution > 0:
        return None
    dots_per_inch = resolution * 25400.0 / unit
    if any(abs(dots_per_inch - default) < 0.5 for default in _DEFAULT_DPI) or dots_per_inch < 1:
        return None
    return unit / resolution

"""OME-TIFF: what the XML in the first page says of its channels, exposures and pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from xml.etree.ElementTree import Element

# Units that people write, in µm and s.
_MICRONS = {"": 1.0, "µm": 1.0, "μm": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6}
_SECONDS = {"": 1.0, "s": 1.0, "ms": 1e-3, "min": 60.0, "µs": 1e-6, "μs": 1e-6, "us": 1e-6}
_LONGEST = 4 * 2**20  # letters; that of a plate of wells is long, that of a blot some thousand
_MOST_PLANES = 2000
_AXES = "CZT"
_Place = tuple[int, int, int]  # of a plane along these axes

__all__ = ["OmePlane", "ome_planes"]


@dataclass(frozen=True)
class OmePlane:
    """What OME-XML says of one plane.

    Parameters
    ----------
    channel : str
    exposure_s : float or None
    pixel_size_um : float or None
    metadata : tuple of (str, str)
    """

    channel: str = ""
    exposure_s: float | None = None
    pixel_size_um: float | None = None
    metadata: tuple[tuple[str, str], ...] = ()


def ome_planes(text: str) -> list[OmePlane]:
    """Planes of the first picture that OME-XML describes, in the order of the file's pages.

    Parameters
    ----------
    text : str
        The XML. What is not OME-XML, is damaged, or tells of several files gives no planes: pixels
        do not depend on it, and a wrong name would be worse than none.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if len(text) > _LONGEST or "<OME" not in text[:2000]:
        return []
    try:
        root = fromstring(text.encode("utf-8", "replace"))
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return []
    image = _child(root, "Image")
    pixels = _child(image, "Pixels") if image is not None else None
    if image is None or pixels is None or _is_of_several_files(pixels):
        return []
    return _planes(root, image, pixels)


def _planes(root: Element, image: Element, pixels: Element) -> list[OmePlane]:
    """Planes by the page that holds each."""
    order = pixels.get("DimensionOrder", "XYCZT")[2:]
    sizes = {axis: _whole(pixels.get(f"Size{axis}"), 1) for axis in _AXES}
    if sorted(order) != sorted(_AXES) or not 0 < math.prod(sizes.values()) <= _MOST_PLANES:
        return []
    names = [_channel_name(one) for one in _children(pixels, "Channel")]
    exposures = _exposures(pixels)
    size = _scaled(pixels.get("PhysicalSizeX"), pixels.get("PhysicalSizeXUnit", "µm"), _MICRONS)
    metadata = _metadata(root, image)
    return [
        OmePlane(names[at[0]] if at[0] < len(names) else "", exposures.get(at), size, metadata)
        for at in _places(pixels, order, sizes)
    ]


def _places(pixels: Element, order: str, sizes: dict[str, int]) -> list[_Place]:
    """Channel, height and time of each page, as the elements TiffData have it."""
    usual: list[_Place] = []
    # the first letter of the order runs fastest
    for reverse in product(*(range(sizes[axis]) for axis in reversed(order))):
        at = dict(zip(reversed(order), reverse, strict=True))
        usual.append((at["C"], at["Z"], at["T"]))
    found = dict(enumerate(usual))
    for data in _children(pixels, "TiffData")[:_MOST_PLANES]:
        first = tuple(_whole(data.get(f"First{axis}"), 0) for axis in _AXES)
        page = _whole(data.get("IFD"), 0)
        count = _whole(data.get("PlaneCount"), 1 if data.get("IFD") else len(usual))
        if first in usual:
            start = usual.index((first[0], first[1], first[2]))
            found |= dict(enumerate(usual[start : start + count], start=page))
    return [found[page] for page in range(len(usual))]


def _channel_name(channel: Element) -> str:
    """Name of a channel, else its wavelength."""
    name = " ".join(channel.get("Name", "").split())[:80]
    return name or (channel.get("EmissionWavelength") or "")[:20]


def _exposures(pixels: Element) -> dict[_Place, float]:
    found = {}
    for plane in _children(pixels, "Plane")[:_MOST_PLANES]:
        at = tuple(_whole(plane.get(f"The{axis}"), 0) for axis in _AXES)
        seconds = _scaled(plane.get("ExposureTime"), plane.get("ExposureTimeUnit", "s"), _SECONDS)
        if seconds is not None:
            found[(at[0], at[1], at[2])] = seconds
    return found


def _is_of_several_files(pixels: Element) -> bool:
    said = {
        uuid.get("FileName", "")
        for data in _children(pixels, "TiffData")[:_MOST_PLANES]
        for uuid in _children(data, "UUID")
    }
    return len(said) > 1


def _metadata(root: Element, image: Element) -> tuple[tuple[str, str], ...]:
    found = {"name": image.get("Name"), "date": _text(_child(image, "AcquisitionDate"))}
    instrument = _child(root, "Instrument")
    for part in _children(instrument, "Microscope") if instrument is not None else []:
        found["imager"] = part.get("Model")
    clean = {key: " ".join((value or "").split())[:200] for key, value in found.items()}
    return tuple((key, value) for key, value in clean.items() if value)


def _children(element: Element, tag: str) -> list[Element]:
    """Children of a name, whatever the version of the schema."""
    return [one for one in element if isinstance(one.tag, str) and one.tag.endswith("}" + tag)] or [
        one for one in element if one.tag == tag
    ]


def _child(element: Element, tag: str) -> Element | None:
    found = _children(element, tag)
    return found[0] if found else None


def _text(element: Element | None) -> str:
    return (element.text or "") if element is not None else ""


def _whole(text: str | None, otherwise: int) -> int:
    plain = (text or "").strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 8 else otherwise


def _scaled(text: str | None, unit: str, factors: dict[str, float]) -> float | None:
    """A positive number in the unit that we keep; None without one, or in a strange unit."""
    factor = factors.get(unit)
    try:
        value = float(text or "") * (factor or 0.0)
    except ValueError:
        return None
    return value if 0 < value < 1e12 else None

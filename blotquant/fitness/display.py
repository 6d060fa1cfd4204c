"""Copies made for the screen: 256 grey levels, colour, screenshots."""

from __future__ import annotations

import re

from ..flags import Flag
from .finding import Finding, Grade
from .sample import Sample

__all__ = ["colour", "eight_bit", "screenshot"]

_WORDS = re.compile(
    r"screen.?shot|screen.?capture|bildschirmfoto|snipping|\bsnip\b|greenshot", re.I
)
_SCREENS = {
    (720, 1280), (768, 1366), (800, 1280), (900, 1440), (900, 1600), (1050, 1680), (1080, 1920),
    (1080, 2560), (1200, 1920), (1440, 2560), (1440, 3440), (1600, 2560), (1664, 2560),
    (1800, 2880), (1964, 3024), (2160, 3840), (2234, 3456), (2880, 5120),
}  # fmt: skip


def eight_bit(sample: Sample) -> Finding | None:
    """Whether there are 256 grey levels or fewer.

    Parameters
    ----------
    sample : Sample
    """
    if Flag.EIGHT_BIT not in sample.blot.flags:
        return None
    stored = sample.blot.pixels.dtype.itemsize > 1
    return Finding(
        "eight_bit",
        Flag.EIGHT_BIT,
        "poor",
        "256 grey levels or fewer" + (", spread over 16 bits" if stored else ""),
        "weak bands fall between two levels, and such copies are mostly made with a contrast that "
        "is not stated",
        "export the imager's own 12 or 16 bits as TIFF",
    )


def colour(sample: Sample) -> Finding | None:
    """Whether a colour picture was read as grey.

    Parameters
    ----------
    sample : Sample
    """
    if Flag.COLOUR not in sample.blot.flags:
        return None
    return Finding(
        "colour",
        Flag.COLOUR,
        "poor",
        "a colour picture",
        "it was read as luminance, which weighs red, green and blue as the eye does: densities "
        "depend on the hue",
        "export one channel in grey; scan stained gels in grey, with the scanner's colour "
        "correction off",
    )


def screenshot(sample: Sample) -> Finding | None:
    """Whether the picture was taken off a screen.

    Parameters
    ----------
    sample : Sample
    """
    source = sample.blot.source
    said = " ".join([source.name, *(value for _, value in source.metadata)])
    grade: Grade = "unfit"
    if _WORDS.search(said):
        seen = "it calls itself a screenshot"
    elif sample.blot.pixels.dtype.itemsize == 1 and sample.blot.shape in _SCREENS:
        seen = "8 bits and the size of a whole screen: it is a screenshot"
    elif "PNG" in source.format and "uint8" in source.format and "RGBA" in source.format:
        seen = "8-bit PNG with red, green, blue and transparency, as screenshots and figures are"
        grade = "poor"
    else:
        return None
    return Finding(
        "screenshot",
        Flag.SCREENSHOT,
        grade,
        seen,
        "what stands on a screen has the display's contrast, size and colour profile: grey levels "
        "are no measurement",
        "export the picture from the imager's program instead",
    )

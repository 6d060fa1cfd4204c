"""Where the detector's ceiling is, and which pixels are at it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..recipe import ImageSettings
from ..signal import Polarity
from .colour import Grey
from .levels import Levels
from .raw import RawImage

__all__ = ["find_ceiling", "saturated_pixels"]


def find_ceiling(
    raw: RawImage, grey: Grey, levels: Levels, polarity: Polarity, settings: ImageSettings
) -> tuple[float | None, tuple[str, ...]]:
    """Grey level of saturation at the end where signal is high, and what to warn of.

    In this order: the user's word, the file's, the imager's red paint, a spike in the histogram,
    the end of the type's range. None for floats, of which none of this tells.
    """
    dark = polarity == "dark_on_light"
    notes: tuple[str, ...] = ()
    if settings.ceiling is not None:
        if not dark or settings.ceiling < levels.high:
            return settings.ceiling, ()
        notes = (
            f"a ceiling of {settings.ceiling:g} means nothing where bands are dark, and was not "
            "used: there, saturation is at the low end",
        )
    if raw.ceiling is not None and polarity == (raw.polarity or "light_on_dark"):
        return raw.ceiling, notes
    if grey.ceiling is not None and dark == (grey.ceiling == 0):
        return grey.ceiling, notes
    if levels.dtype.kind == "f":
        return None, notes
    spike = levels.spike("low" if dark else "high")
    if spike is not None:
        return spike, notes
    limits = np.iinfo(levels.dtype)
    floor = 0 if levels.low >= 0 else limits.min
    return float(floor if dark else limits.max), notes


def saturated_pixels(
    pixels: NDArray[Any], levels: Levels, ceiling: float | None, polarity: Polarity
) -> NDArray[np.bool_] | None:
    """Mask of the pixels at the ceiling or beyond, shape (rows, cols); None if there is none."""
    if ceiling is None:
        return None
    dark = polarity == "dark_on_light"
    if levels.low > ceiling if dark else levels.high < ceiling:
        return None
    return np.asarray(pixels <= ceiling if dark else pixels >= ceiling)

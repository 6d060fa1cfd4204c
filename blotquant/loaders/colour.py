"""Colour pictures to grey levels: grey in colour clothes, saturation painted red, or luminance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..flags import Flag

# Rec. ITU-R BT.601 luma, the weights that ImageJ, Pillow and OpenCV use for display colours.
_LUMA = (0.299, 0.587, 0.114)
# Difference between channels that lossy coding leaves in a grey picture, as a share of white.
_CHROMA_TOLERANCE = 0.03
# Imagers paint few pixels; more red than this is a stained gel or a figure.
_MARKED_SHARE = 0.1
_BLOCK = 2**20  # pixels

__all__ = ["Grey", "to_grey"]


@dataclass(frozen=True, eq=False)
class Grey:
    """Grey levels of a picture and what was learned on the way.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols)
    ceiling : float or None
        Grey level that pixels painted as saturated were given: white or black.
    flags : Flag
    warnings : tuple of str
    """

    pixels: NDArray[Any]
    ceiling: float | None = None
    flags: Flag = Flag.NONE
    warnings: tuple[str, ...] = ()


def to_grey(pixels: NDArray[Any]) -> Grey:
    """Grey levels, in the type of the file, of a picture of 1 to 4 samples a pixel.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols) or (rows, cols, 1 to 4)
    """
    if pixels.ndim == 2:
        return Grey(pixels)
    samples = pixels.shape[2]
    warnings: tuple[str, ...] = ()
    if samples in (2, 4):
        pixels, warnings = _on_white(pixels[..., :-1], pixels[..., -1])
    if pixels.shape[2] == 1:
        return Grey(np.ascontiguousarray(pixels[..., 0]), warnings=warnings)
    grey = _from_rgb(np.ascontiguousarray(pixels))
    return Grey(grey.pixels, grey.ceiling, grey.flags, warnings + grey.warnings)


def white_of(dtype: np.dtype[Any], pixels: NDArray[Any]) -> float:
    """Largest level a type can hold; the picture's own largest for floats."""
    return float(np.iinfo(dtype).max) if dtype.kind in "iu" else float(pixels.max())


def _on_white(pixels: NDArray[Any], alpha: NDArray[Any]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Lay a picture with transparent parts on white canvas, as every viewer does."""
    opaque = white_of(alpha.dtype, alpha)
    if not alpha.any() or (alpha == opaque).all():  # an alpha of zeros is a mistake, no picture
        return pixels, ()
    share = float((alpha < opaque).mean())
    white = white_of(pixels.dtype, pixels)
    laid = np.empty_like(pixels)
    step = max(1, _BLOCK // max(pixels.shape[1], 1))
    for start in range(0, len(pixels), step):  # as floats, all at once would be many times the file
        rows = slice(start, start + step)
        weight = (alpha[rows].astype(np.float32) / opaque)[..., None]
        block = pixels[rows] * weight + white * (1 - weight)
        laid[rows] = np.rint(block) if pixels.dtype.kind in "iu" else block
    warning = f"{share:.1%} of the pixels are transparent: they were read as white canvas"
    return laid, (warning,)


def _from_rgb(rgb: NDArray[Any]) -> Grey:
    """Grey levels of an RGB picture."""
    channels = [rgb[..., i] for i in range(3)]
    high = np.maximum(np.maximum(channels[0], channels[1]), channels[2])
    chroma = high - np.minimum(np.minimum(channels[0], channels[1]), channels[2])
    if not chroma.any():
        return Grey(np.ascontiguousarray(channels[0]))
    coloured = chroma > _CHROMA_TOLERANCE * white_of(rgb.dtype, rgb)
    share = float(coloured.mean())
    luma = luminance(rgb)
    if share == 0:
        return Grey(luma)
    if share <= _MARKED_SHARE and _are_red(rgb, coloured):
        level = _level_around(luma, coloured)
        if level is not None:
            painted = np.where(coloured, np.asarray(level, dtype=luma.dtype), luma)
            warning = f"{share:.2%} of the pixels are painted red: they were read as saturated"
            return Grey(painted, level, warnings=(warning,))
    warning = "this is a colour picture: it was read as luminance (0.299 R + 0.587 G + 0.114 B)"
    return Grey(luma, flags=Flag.COLOUR, warnings=(warning,))


def luminance(rgb: NDArray[Any]) -> NDArray[Any]:
    """Rec. 601 luma of an RGB picture, rounded to the type of the file."""
    if rgb.dtype in (np.uint8, np.uint16, np.float32):
        return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    luma = rgb.astype(np.float64) @ np.array(_LUMA)
    return np.asarray(np.rint(luma) if rgb.dtype.kind in "iu" else luma).astype(rgb.dtype)


def _are_red(rgb: NDArray[Any], coloured: NDArray[np.bool_]) -> bool:
    """Whether nearly all coloured pixels are pure red or magenta."""
    red, green, blue = (rgb[..., i][coloured].astype(np.float64) for i in range(3))
    pure = (green < 0.35 * red) & ((blue < 0.35 * red) | (blue > 0.8 * red))
    return bool(pure.mean() > 0.9)


def _level_around(luma: NDArray[Any], coloured: NDArray[np.bool_]) -> float | None:
    """White or black, whichever the grey beside the paint leans to; None if it is background.

    Saturation is painted on the crests of bands, and the grey beside it is their flanks. A red
    arrow or letter lies on background.
    """
    ring = cv2.dilate(coloured.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~coloured
    if not ring.any():
        return None
    low, high = (float(level) for level in np.percentile(luma[~coloured], (0.1, 99.9)))
    lean = float(np.median(luma[ring])) - float(np.median(luma[~coloured]))
    if abs(lean) < 0.25 * (high - low):
        return None
    return white_of(luma.dtype, luma) if lean > 0 else 0.0

"""The overlay as it goes into a page: small enough to send."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .display import LITTLE

__all__ = ["PagePicture", "page_picture"]

Canvas = NDArray[np.uint8]

_WIDTH, _WIDTH_OF_MANY = 1200, 900
_THUMBNAIL = (224, 144)
_QUALITY = 78
# Thin coloured lines go grey where colour is stored at half the resolution.
_JPEG = (
    *(cv2.IMWRITE_JPEG_QUALITY, _QUALITY),
    *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
)


@dataclass(frozen=True)
class PagePicture:
    """An overlay inside a page.

    Parameters
    ----------
    uri : str
        ``data:`` address of a JPEG.
    width, height : int
        Of the overlay itself, px.
    many : bool
        It is one of many: smaller, and with a thumbnail.
    thumbnail : str
        ``data:`` address of a small JPEG; empty where it is not one of many.
    """

    uri: str
    width: int
    height: int
    many: bool
    thumbnail: str = ""


def page_picture(overlay: Canvas, *, many: bool) -> PagePicture:
    """Reduce an overlay for a page.

    Parameters
    ----------
    overlay : ndarray of uint8, shape (rows, cols, 3)
        Blue, green, red.
    many : bool
        It is one of many.
    """
    height, width = overlay.shape[:2]
    shown = _reduced(overlay, (_WIDTH_OF_MANY if many else _WIDTH, height))
    thumbnail = _jpeg(_reduced(shown, _THUMBNAIL)) if many else ""
    return PagePicture(_jpeg(shown), width, height, many, thumbnail)


def _reduced(image: Canvas, within: tuple[int, int]) -> Canvas:
    """An image that is no larger than (width, height)."""
    height, width = image.shape[:2]
    scale = min(1.0, within[0] / width, within[1] / height)
    if scale == 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if scale < 1 / 2:  # OpenCV halves several times as fast as it reduces by fractions
        half = (width // 2, height // 2)
        whole = image[: 2 * half[1], : 2 * half[0]]
        image = np.asarray(cv2.resize(whole, half, interpolation=cv2.INTER_AREA), np.uint8)
    little = image.shape[0] < LITTLE * size[1] and image.shape[1] < LITTLE * size[0]
    how = cv2.INTER_LINEAR if little else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def _jpeg(image: Canvas) -> str:
    """``data:`` address of an image."""
    encoded = cv2.imencode(".jpg", image, _JPEG)[1]
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")

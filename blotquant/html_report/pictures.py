"""The overlays inside the page: small enough to send, with the place of each band on them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from blotquant.figures.frame import Frame
from blotquant.figures.overlay import MAX_SIDE, lane_outline
from blotquant.result import Result

__all__ = ["BandShape", "Picture", "overlay_picture"]

_QUALITY = 78
_THUMBNAIL = (224, 144)
# Thin coloured lines go grey where colour is stored at half the resolution.
_JPEG = (
    *(cv2.IMWRITE_JPEG_QUALITY, _QUALITY),
    *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
)


@dataclass(frozen=True)
class BandShape:
    """Outline of a band on the overlay: key ``"LANE-BAND"`` and points of an SVG polygon."""

    key: str
    points: str


@dataclass(frozen=True)
class Picture:
    """An overlay as it goes into the page.

    Parameters
    ----------
    uri : str
        ``data:`` address of a JPEG.
    width, height : int
        Of the overlay on disk, px: the coordinates of `bands`.
    bands : tuple of BandShape
        Empty where the overlay is not the one that belongs to the layout.
    thumbnail : str
        ``data:`` address of a small JPEG, where one was asked for.
    """

    uri: str
    width: int
    height: int
    bands: tuple[BandShape, ...] = ()
    thumbnail: str = ""


def overlay_picture(
    path: Path | None, result: Result, max_width: int, *, thumbnail: bool = False
) -> Picture | None:
    """Overlay of an image for the page; None where there is none.

    Parameters
    ----------
    path : Path or None
        PNG that `blotquant.figures.overlay_png` made.
    result : Result
    max_width : int
        Px; a wider one is reduced.
    thumbnail : bool
        Make a small one beside it.
    """
    image = _read(path)
    if image is None:
        return None
    height, width = image.shape[:2]
    shown = _reduced(image, (max_width, height))
    return Picture(
        uri=_jpeg(shown),
        width=width,
        height=height,
        bands=_band_shapes(result, (height, width)),
        thumbnail=_jpeg(_reduced(shown, _THUMBNAIL)) if thumbnail else "",
    )


def _reduced(image: cv2.typing.MatLike, within: tuple[int, int]) -> cv2.typing.MatLike:
    """An image that is no larger than (width, height)."""
    height, width = image.shape[:2]
    scale = min(1.0, within[0] / width, within[1] / height)
    if scale == 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _jpeg(image: cv2.typing.MatLike) -> str:
    """``data:`` address of an image."""
    encoded = cv2.imencode(".jpg", image, _JPEG)[1]
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")


def _read(path: Path | None) -> cv2.typing.MatLike | None:
    """Pixels of an overlay; through bytes, as OpenCV cannot open every name a file can have."""
    if path is None:
        return None
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None


def _band_shapes(result: Result, size: tuple[int, int]) -> tuple[BandShape, ...]:
    shape = result.provenance.get("image", {}).get("shape")
    if not shape:
        return ()
    frame = Frame.of((int(shape[0]), int(shape[1])), result.layout, MAX_SIDE)
    if frame.shape != size:
        return ()
    shapes = []
    for number, lane in enumerate(result.layout.lanes, 1):
        for index, band in enumerate(result.layout.bands_of(lane.id), 1):
            points = frame.place(*lane_outline(lane, band.start, band.stop).T)
            text = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
            shapes.append(BandShape(f"{number}-{index}", text))
    return tuple(shapes)

"""The overlays inside the page: small enough to send, with the place of each band on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from blotquant.figures.frame import Frame
from blotquant.figures.overlay import MAX_SIDE, lane_outline
from blotquant.figures.page_picture import PagePicture, page_picture
from blotquant.outcome import ImageOutcome
from blotquant.result import Result

__all__ = ["BandShape", "Picture", "overlay_picture"]


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
    small : PagePicture
        Its `width` and `height` are the coordinates of `bands`.
    bands : tuple of BandShape
        Empty where the overlay is not the one that belongs to the layout.
    """

    small: PagePicture
    bands: tuple[BandShape, ...] = ()


def overlay_picture(outcome: ImageOutcome, result: Result, *, many: bool) -> Picture | None:
    """Overlay of an image for the page; None where there is none.

    Parameters
    ----------
    outcome : ImageOutcome
        Has it as it was made when the picture was measured, or the PNG from which it is made now.
    result : Result
    many : bool
        It is one of many.
    """
    if outcome.overlay is None:
        return None
    known = outcome.picture
    if known is not None and known["many"] == many:
        small = PagePicture(**known)
    else:
        image = _read(outcome.overlay)
        if image is None:
            return None
        small = page_picture(image, many=many)
    return Picture(small, _band_shapes(result, (small.height, small.width)))


def _read(path: Path) -> NDArray[np.uint8] | None:
    """Pixels of an overlay; through bytes, as OpenCV cannot open every name a file can have."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    return None if read is None else np.asarray(read, np.uint8)


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

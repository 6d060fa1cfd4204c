"""Clipped black or white, and a background that is flat zero: what lay beyond the end is lost."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from ..flags import Flag
from .finding import Finding
from .sample import Sample

__all__ = ["background_subtracted", "clipped", "inner_share"]

_STANDS_OUT = 4.0
_SOME, _MOST = 1e-3, 0.1
_BESIDE = 8
# px along a line, the share of them in the mask that is canvas, the least share of a membrane
_REACH, _DENSE, _MEMBRANE = 31, 0.12, 0.3


def clipped(sample: Sample) -> Finding | None:
    """Whether grey levels pile up at either end of the scale.

    Parameters
    ----------
    sample : Sample
    """
    ground, signal = _shares(sample)
    seen, effect = [], []
    if _SOME <= ground < _MOST:
        seen.append(f"{ground:.1%} of the pixels are cut off at the background's end")
        effect.append("the ground and the weakest bands come out wrong")
    if signal >= _SOME:
        seen.append(f"{signal:.1%} are at the ceiling of the signal")
        effect.append("the strongest bands come out too weak")
    if not seen:
        return None
    return Finding(
        "clipped",
        Flag.CLIPPED,
        "poor",
        "; ".join(seen),
        f"what lies beyond is lost: {' and '.join(effect)}",
        "expose shorter, and export without setting a black or white point",
    )


def background_subtracted(sample: Sample) -> Finding | None:
    """Whether the ground between bands is flat zero.

    Parameters
    ----------
    sample : Sample
    """
    ground, _ = _shares(sample)
    if ground < _MOST:
        return None
    return Finding(
        "background_subtracted",
        Flag.BACKGROUND_SUBTRACTED,
        "unfit",
        f"{ground:.0%} of the picture is flat {'white' if sample.dark else 'zero'}: its background "
        "was subtracted or cut off before",
        "nobody can tell how much of the bands went with it, weak ones most; noise and detection "
        "limits come out too small",
        "export the picture before background subtraction; it is subtracted here, and stated",
    )


def _shares(sample: Sample) -> tuple[float, float]:
    """Share of pixels piled up at the background's and at the signal's end."""
    low, high = (_piled(sample, end) for end in ("low", "high"))
    return (high, low) if sample.dark else (low, high)


def _piled(sample: Sample, end: Literal["low", "high"]) -> float:
    """Share of the picture, its canvas left out, at the last level; 0 where none piles up."""
    histogram = sample.histogram
    if histogram is None:
        level = float(sample.rows.min() if end == "low" else sample.rows.max())
        return inner_share(sample.rows == level)
    ordered = sample.levels if end == "low" else sample.levels[::-1]
    level, beside = int(ordered[0]), histogram[ordered[1 : 1 + _BESIDE]]
    if histogram[level] < _STANDS_OUT * float(beside.max(initial=0)):
        return 0.0
    return inner_share(sample.rows == np.float32(level))


def inner_share(mask: NDArray[np.bool_]) -> float:
    """Share of pixels in a mask, canvas and surround left out.

    Canvas is what is reached from the ends of a line through pixels that are mostly in the mask:
    letters and noise do not end it. Where next to nothing is left, the picture is all ground, and
    all of it counts.

    Parameters
    ----------
    mask : ndarray of bool, shape (lines, length)
    """
    dense = uniform_filter1d(mask.astype(np.float32), _REACH, axis=1, mode="nearest") > _DENSE
    left = np.logical_and.accumulate(dense, axis=1)
    right = np.logical_and.accumulate(dense[:, ::-1], axis=1)[:, ::-1]
    inner = ~(left | right)
    if inner.mean() < _MEMBRANE:
        return float(mask.mean())
    return float((mask & inner).mean() / inner.mean())

"""What is left of a picture without its bands and background: mostly noise, which no two share."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..model import Blot
from ..noise import NoiseModel, estimate_noise

__all__ = ["NOISE_GAIN", "Picture", "fine"]

Floats = NDArray[np.float32]

_BLUR = 1.0
_FLAT_WINDOW, _FLAT_SHARE = 9, 0.35


def _noise_gain() -> float:
    impulse = np.zeros((31, 31), dtype=np.float32)
    impulse[15, 15] = 1.0
    return float((fine(impulse) ** 2).sum())


def fine(signal: Floats) -> Floats:
    """Signal less its Gaussian blur: noise, and what is as fine as noise.

    Parameters
    ----------
    signal : ndarray of float32, shape (rows, cols)
    """
    return np.asarray(signal - cv2.GaussianBlur(signal, (0, 0), _BLUR), dtype=np.float32)


NOISE_GAIN = _noise_gain()
"""Variance of `fine` of white noise of variance 1."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as the checks of integrity see it.

    Parameters
    ----------
    name : str
        In tables and messages.
    signal : ndarray of float32, shape (rows, cols)
        Bigger is more protein.
    noise : NoiseModel
    step : float
        Signal of one grey level.
    noisy : ndarray of bool, shape (rows, cols)
        Where there is noise at all: no canvas, drawn letters or clipped pixels.
    """

    name: str
    signal: Floats
    noise: NoiseModel
    step: float
    noisy: NDArray[np.bool_]

    @classmethod
    def of(cls, blot: Blot, name: str = "") -> Picture:
        """Prepare a blot.

        Parameters
        ----------
        blot : Blot
        name : str, optional
            Its file's name otherwise.
        """
        signal = np.ascontiguousarray(blot.signal(), dtype=np.float32)
        step = abs(blot.signal_map.scale) if blot.pixels.dtype.kind in "iu" else 0.0
        return cls(
            name or blot.source.name, signal, estimate_noise(blot), step, _has_noise(blot, signal)
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        rows, cols = self.signal.shape
        return rows, cols


def _has_noise(blot: Blot, signal: Floats) -> NDArray[np.bool_]:
    """Pixels around which few have the value of their neighbour, and none is saturated."""
    same = np.zeros(signal.shape, dtype=np.float32)
    same[:, 1:] = signal[:, 1:] == signal[:, :-1]
    share = cv2.blur(same, (_FLAT_WINDOW, _FLAT_WINDOW))
    noisy = share < _FLAT_SHARE
    for level in (signal.min(), signal.max()):
        ends = (signal == level).astype(np.uint8)
        noisy &= cv2.dilate(ends, np.ones((5, 5), np.uint8)) == 0
    if blot.saturated is not None:
        noisy &= ~blot.saturated
    return np.asarray(noisy)

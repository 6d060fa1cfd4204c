"""Resized pictures: interpolation leaves a roughness that comes and goes with a period."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..flags import Flag
from .finding import Finding
from .lossy import has_grid
from .sample import Sample

__all__ = ["period_of", "resized"]

# Lanes have periods too, but longer ones.
_LONGEST = 8.0
_STANDS_OUT, _ALONE = 7.0, 14.0
_SAME = 0.004
_SHORT = 96


def resized(sample: Sample) -> Finding | None:
    """Whether a picture was enlarged or reduced by interpolation.

    Parameters
    ----------
    sample : Sample
    """
    across, down = (period_of(one) for one in sample.roughness)
    if not _agree(across, down) or has_grid(sample):  # JPEG's grid has periods of its own
        return None
    frequency = max(across, down, key=lambda peak: peak[1])[0]
    return Finding(
        "resized",
        Flag.RESIZED,
        "poor",
        f"it was resized: its noise repeats every {1 / frequency:.2f} px",
        "neighbouring pixels are no longer independent, so standard errors and detection limits "
        "come out too small; saturated pixels are blurred away",
        "export at the imager's own size; resize for the figure only",
    )


def period_of(roughness: NDArray[np.float64]) -> tuple[float, float]:
    """Strongest short period in the roughness along lines.

    Parameters
    ----------
    roughness : ndarray, shape (length - 3,)
        Mean absolute third difference at each place along rows, or along columns.

    Returns
    -------
    (float, float)
        Frequency in cycles a px, and how many times the median amplitude its peak is; zeros where
        there are too few places.

    Notes
    -----
    Gallagher (2005, CRV): the variance of derivatives of an interpolated signal is periodic with
    the factor of interpolation.
    """
    if roughness.size < _SHORT:
        return 0.0, 0.0
    rough = np.log(roughness + 0.01 * float(roughness.mean()) + 1e-12)
    spectrum = np.abs(np.fft.rfft(_smoothed_away(rough) * np.hanning(rough.size)))
    frequencies = np.fft.rfftfreq(rough.size)
    usable = frequencies > 1 / _LONGEST + 0.01
    if not usable.any():
        return 0.0, 0.0
    usual = float(np.median(spectrum[usable]))
    best = int(np.argmax(np.where(usable, spectrum, 0)))
    return float(frequencies[best]), float(spectrum[best]) / max(usual, 1e-9)


def _smoothed_away(series: NDArray[np.float64]) -> NDArray[np.float64]:
    """Series less its running mean; single outliers (an edge, a letter) cut."""
    kernel = np.ones(9) / 9
    padded = np.pad(series, 4, mode="edge")
    rest = series - np.convolve(padded, kernel, "valid")
    limit = 4 * float(np.median(np.abs(rest))) + 1e-12
    return np.clip(rest, -limit, limit)


def _agree(across: tuple[float, float], down: tuple[float, float]) -> bool:
    """Both directions show the same period, or one shows it beyond doubt."""
    same = abs(across[0] - down[0]) < _SAME
    return (same and min(across[1], down[1]) > _STANDS_OUT) or max(across[1], down[1]) > _ALONE

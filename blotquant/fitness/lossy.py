"""Lossy compression: the file says so, or the 8 x 8 grid of JPEG shows although it does not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from ..flags import Flag
from .finding import Finding
from .quantised import SURE, rounding_evidence
from .sample import Sample

__all__ = ["grid_evidence", "has_grid", "lossy"]

BLOCK = 8
# Standard errors by which steps at block borders exceed those within: both directions together,
# and each. Lanes and camera columns can have a period, but not of 8 px both ways.
_TOGETHER, _EACH = 9.0, 3.0
_FEW = 4  # blocks
_WINDOW = 9  # blocks
_EFFECT = (
    "fine noise is gone and blocks have steps at their borders, so weak bands and the standard "
    "errors are wrong by amounts that nobody can tell"
)
_INSTEAD = (
    "export 16-bit TIFF from the imager's own file; saving a JPEG as TIFF brings nothing back"
)


def lossy(sample: Sample) -> Finding | None:
    """Whether a picture was compressed with loss, now or before.

    Parameters
    ----------
    sample : Sample
    """
    if Flag.LOSSY in sample.blot.flags:
        return Finding(
            "lossy", Flag.LOSSY, "unfit", "compressed with loss (JPEG)", _EFFECT, _INSTEAD
        )
    if not (has_grid(sample) or _is_rounded(sample)):
        return None
    seen = "it was once a JPEG: its 8 x 8 blocks show although the file is not one"
    return Finding("lossy", Flag.LOSSY, "unfit", seen, _EFFECT, _INSTEAD)


def _is_rounded(sample: Sample) -> bool:
    """Whether blocks of a picture of 256 levels were rounded as JPEG does."""
    histogram = sample.histogram
    if histogram is None or Flag.EIGHT_BIT not in sample.blot.flags:
        return False
    used = np.flatnonzero(histogram)
    step = int(np.gcd.reduce(np.diff(used))) if used.size > 1 else 1
    if used[-1] - used[0] > 255 * step:
        return False
    levels = (sample.blot.pixels.astype(np.int32) - int(used[0])) // step
    return rounding_evidence(levels) > SURE


def has_grid(sample: Sample) -> bool:
    """Whether the 8 x 8 grid of JPEG shows in both directions."""
    across, down = (grid_evidence(one) for one in sample.roughness)
    return min(across, down) > _EACH and across + down > _TOGETHER


def grid_evidence(roughness: NDArray[np.float64]) -> float:
    """How much rougher a picture is at every eighth place than elsewhere.

    Parameters
    ----------
    roughness : ndarray, shape (length - 3,)
        Mean absolute third difference at each place along rows, or along columns.

    Returns
    -------
    float
        In standard errors, for the phase at which it is largest.

    Notes
    -----
    After Fan & de Queiroz (2003, IEEE TIP 12:230), with third differences, which smooth bands
    and clouds do not have.
    """
    places = roughness.size // BLOCK * BLOCK
    if places < _FEW * BLOCK:
        return 0.0
    blocks = (roughness / _around(roughness))[:places].reshape(-1, BLOCK)
    phases = (np.arange(BLOCK)[:, None] + np.arange(BLOCK)) % BLOCK
    return float(_contrast(blocks[:, phases]).max())


def _around(series: NDArray[np.float64]) -> NDArray[np.float64]:
    """Running mean over whole blocks; never 0."""
    floor = 0.05 * float(series.mean()) + 1e-12
    return np.asarray(np.maximum(uniform_filter1d(series, _WINDOW * BLOCK, mode="reflect"), floor))


def _contrast(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard errors by which the first place of blocks exceeds the highest of the far ones.

    A picture that was enlarged twice or four times is rough at every second or fourth place too.
    `blocks` has shape (blocks, phases, places): the phases are looked at side by side.
    """
    # the two places beside a border share its step: they are left out
    first, inner = blocks[:, :, 0], blocks[:, :, 2:-1]
    excess = first - inner.mean(axis=2)
    above = first.mean(axis=0) - inner.mean(axis=0).max(axis=1)
    error = excess.std(axis=0) / np.sqrt(len(excess))
    return np.asarray(np.minimum(excess.mean(axis=0), 1.5 * above) / (error + 1e-9))

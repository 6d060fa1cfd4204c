"""JPEG's rounding: in blocks that lie on its grid, cosine coefficients are whole steps apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SURE", "rounding_evidence"]

BLOCK = 8
# Summed over coefficients: clean pictures came to 15 at most, JPEG 75 to 30 at least.
SURE = 24.0
_BLOCKS = 800
# The lowest or highest level of so large a share of a picture is canvas, or clipped.
_CANVAS = 0.02
# Fewer blocks say nothing.
_FEW = 16
_COEFFICIENTS = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1))
# Coefficients are counted in quarters of a grey level; steps of 2 to 64 levels are looked for.
_FINE, _BINS = 4, 4096
_STEPS = slice(_BINS // (_FINE * 64), _BINS // (_FINE * 2) + 1)


def rounding_evidence(pixels: NDArray[Any]) -> float:
    """How sure it is that cosine coefficients were rounded, on whatever grid fits best.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols)
        Grey levels in steps of 1.

    Returns
    -------
    float
        Largest, over the 64 positions of the grid, of the sum over coefficients of how far their
        histogram's comb stands above that at the other positions, in standard errors.

    Notes
    -----
    Fan & de Queiroz (2003, IEEE TIP 12:230) read the quantisation steps from the histograms of
    coefficients; here their Fourier transform is read, which needs no step to be guessed.
    """
    rows, cols = (length // BLOCK - 1 for length in pixels.shape)
    if rows * cols < _FEW or min(rows, cols) < 1:
        return 0.0
    thin = max(1, int(np.sqrt(rows * cols / _BLOCKS)))
    canvas = [end for end in (pixels.min(), pixels.max()) if (pixels == end).mean() > _CANVAS]
    of_grids = [
        _without_canvas(_blocks(pixels[top:, left:], rows, cols, thin), canvas)
        for top in range(BLOCK)
        for left in range(BLOCK)
    ]
    count = np.array([len(blocks) for blocks in of_grids])
    if count.min() < _FEW:
        return 0.0
    combs = np.stack([_comb(blocks) for blocks in of_grids])
    above = (combs - np.median(combs, axis=0)) * np.sqrt(2 * count)[:, None, None]
    return float(above.max(axis=2).sum(axis=1).max())


def _without_canvas(blocks: NDArray[np.float32], canvas: list[Any]) -> NDArray[np.float32]:
    """Blocks that hold none of some levels: where straight strips end all on one grid."""
    held = np.zeros(len(blocks), bool)
    for level in canvas:
        held |= (blocks == level).any(axis=1)
    return blocks[~held]


def _blocks(pixels: NDArray[Any], rows: int, cols: int, thin: int) -> NDArray[np.float32]:
    """Every so many blocks, shape (count, 64)."""
    whole = pixels[: rows * BLOCK, : cols * BLOCK].reshape(rows, BLOCK, cols, BLOCK)
    some = whole[::thin, :, ::thin].transpose(0, 2, 1, 3)
    return np.asarray(some.reshape(-1, BLOCK * BLOCK), dtype=np.float32)


def _comb(blocks: NDArray[np.float32]) -> NDArray[np.float64]:
    """Amplitude of each step in the histogram of each coefficient, shape (coefficients, steps)."""
    coefficients = np.rint(blocks @ _BASIS * _FINE).astype(np.int64) % _BINS
    counts = np.stack([np.bincount(column, minlength=_BINS) for column in coefficients.T])
    spectrum = np.abs(np.fft.rfft(counts, axis=1)) / len(blocks)
    return np.asarray(spectrum[:, _STEPS])


def _basis() -> NDArray[np.float32]:
    """Cosine patterns of JPEG's transform, shape (64, coefficients)."""
    place = 2 * np.arange(BLOCK) + 1
    waves = [np.cos(place * k * np.pi / 16) * (np.sqrt(1 / 8) if k == 0 else 0.5) for k in range(8)]
    patterns = [np.outer(waves[u], waves[v]).ravel() for u, v in _COEFFICIENTS]
    return np.stack(patterns, axis=1).astype(np.float32)


_BASIS = _basis()

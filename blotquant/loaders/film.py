"""Clear film: the grey level that a scanner sees through film without silver."""

from __future__ import annotations

import numpy as np

from .levels import Levels

# Clear film covers at least this share of a scan; less is a reflection or a label.
_MIN_SHARE = 0.02
_BINS = 64

__all__ = ["clear_film"]


def clear_film(levels: Levels) -> float:
    """Grey level of clear film: the mode of the brighter half of the picture, canvas left out.

    Parameters
    ----------
    levels : Levels
        Of an 8 or 16-bit scan of film, dark bands.

    Returns
    -------
    float
        Mean level of the pixels in the fullest bin (1/64 of the range) at or above the median.
    """
    values, counts = levels.values.astype(np.float64), levels.counts
    # pure white is canvas or a blinded scanner: no film is fully transparent
    if values[-1] == np.iinfo(levels.dtype).max and len(values) > 2:
        rest = counts[:-1].sum()
        if rest > _MIN_SHARE * counts.sum():
            values, counts = values[:-1], counts[:-1]
    cumulated = np.cumsum(counts)
    middle = int(np.searchsorted(cumulated, cumulated[-1] / 2))
    values, counts = values[middle:], counts[middle:]
    width = max((values[-1] - levels.low) / _BINS, 1.0)
    bins = ((values - values[0]) / width).astype(np.intp)
    full = bins == int(np.argmax(np.bincount(bins, weights=counts)))
    return float(np.average(values[full], weights=counts[full]))

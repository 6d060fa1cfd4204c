"""Medians and quantiles of whole arrays: as NumPy has them, without most of its overhead."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["median", "medians_down", "quantile", "quantiles_along"]


def quantile(values: ArrayLike, share: float) -> float:
    """Value that a share of all values lies below, between two neighbours in proportion.

    Parameters
    ----------
    values : array_like
        At least one, of any shape, no NaN.
    share : float
        0 to 1.

    Returns
    -------
    float
        As `numpy.quantile` has it (its method "linear").
    """
    flat = np.ravel(values)
    place = share * (flat.size - 1)
    low = min(int(place), flat.size - 1)
    high = min(low + 1, flat.size - 1)
    parted = np.partition(flat, (low, high))
    below, above = float(parted[low]), float(parted[high])
    return below + (place - low) * (above - below)


def median(values: ArrayLike) -> float:
    """Middle value, or the mean of the two in the middle."""
    return quantile(values, 0.5)


def medians_down(values: NDArray[Any]) -> NDArray[Any]:
    """Middle value of each column, or the mean of the two in the middle; shape (cols,)."""
    return quantiles_along(np.ascontiguousarray(values.T), 0.5)


def quantiles_along(values: NDArray[Any], share: float) -> NDArray[Any]:
    """Value of each row that a share of the row lies below, as `quantile` has it.

    Parameters
    ----------
    values : ndarray, shape (rows, cols)
        At least one column, no NaN.
    share : float
        0 to 1.

    Returns
    -------
    ndarray, shape (rows,)
        Of the type of `values`.
    """
    place = share * (values.shape[1] - 1)
    low = min(int(place), values.shape[1] - 1)
    high = min(low + 1, values.shape[1] - 1)
    parted = np.partition(values, (low, high), axis=1)
    below = parted[:, low]
    return np.asarray(below + (place - low) * (parted[:, high] - below), values.dtype)

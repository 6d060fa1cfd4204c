"""Medians and quantiles of whole arrays: as NumPy has them, without most of its overhead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["median", "medians", "medians_down", "quantile", "quantiles", "quantiles_along"]


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
    return quantiles(values, (share,))[0]


def quantiles(values: ArrayLike, shares: Sequence[float]) -> list[float]:
    """Several quantiles of the same values, as `quantile` has them: faster than one by one."""
    flat = np.ravel(values)
    places = [share * (flat.size - 1) for share in shares]
    lows = [min(int(place), flat.size - 1) for place in places]
    highs = [min(low + 1, flat.size - 1) for low in lows]
    parted = np.partition(flat, (*lows, *highs))
    found = []
    for place, low, high in zip(places, lows, highs, strict=True):
        below, above = float(parted[low]), float(parted[high])
        found.append(below + (place - low) * (above - below))
    return found


def median(values: ArrayLike) -> float:
    """Middle value, or the mean of the two in the middle."""
    return quantile(values, 0.5)


def medians_down(values: NDArray[Any]) -> NDArray[Any]:
    """Middle value of each column, or the mean of the two in the middle; shape (cols,)."""
    return medians(np.ascontiguousarray(values.T))


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


def medians(values: NDArray[Any]) -> NDArray[Any]:
    """Median of each row of an array of shape (rows, N), no NaN; shape (rows,).

    Examples
    --------
    >>> medians(np.array([[3.0, 1.0, 2.0, 9.0], [0.0, 0.0, 4.0, 5.0]])).tolist()
    [2.5, 2.0]
    """
    low, high = (values.shape[1] - 1) // 2, values.shape[1] // 2
    parted = np.partition(values, (low, high), axis=1)
    middles: NDArray[Any] = (parted[:, low] + parted[:, high]) / 2
    return middles

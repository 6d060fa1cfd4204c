"""Whether rows of bands end below each other, and the warp under which they do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .comb import Tooth
from .comb_choice import bands_of_slices
from .warp import Warp, refit

__all__ = ["warp_of_even_ends"]

# Bands side by side, without one missing, that make a row whose ends can be told.
_FEWEST = 6
# The coefficients of a shift: t, t^2, t^3.
_DEGREE = 3


def warp_of_even_ends(
    evidence: NDArray[np.float32],
    straight: NDArray[np.float64],
    teeth: list[Tooth],
    warp: Warp,
) -> Warp | None:
    """Warp that brings whole rows of bands above each other, where they stand beside each other.

    Lanes that lean one spacing more, or less, over the height align nearly as well: every band
    finds one above it, of the next lane. What betrays it are the ends: rows of equally many
    bands begin at different lanes, and none has a band in all of them.

    Parameters
    ----------
    evidence : ndarray, shape (rows, cols)
    straight : ndarray, shape (S, U)
        Evidence on lanes straightened by `warp`, slice by slice.
    teeth : list of Tooth
        Left to right.
    warp : Warp

    Returns
    -------
    Warp or None
        None where nothing of the kind is seen, or the bands' sides align no better so.
    """
    rows = _whole_rows(straight, teeth)
    if len({first for first, _, _ in rows}) < 2:
        return None
    places, middles = np.array([(place, middle) for _, place, middle in rows]).T
    degree = min(_DEGREE, _distinct(places, len(straight)) - 1)
    if degree < 1:
        return None
    powers = places[:, None] ** np.arange(degree + 1)
    coefficients = np.linalg.lstsq(powers, middles, rcond=None)[0][1:]
    more = [*coefficients.tolist(), *[0.0] * (_DEGREE - degree)]
    shift = tuple(a + b for a, b in zip(warp.shift, more, strict=True))
    return refit(evidence, warp, replace(warp, shift=shift))


def _whole_rows(
    straight: NDArray[np.float64], teeth: list[Tooth]
) -> list[tuple[int, float, float]]:
    """First lane, place from -1 to 1, and middle of the rows with most bands, none missing.

    None where a row has a band in every lane.
    """
    if len(teeth) <= _FEWEST:
        return []
    centers = np.array([tooth.center for tooth in teeth])
    parts = (centers[1:] + centers[:-1]) / 2
    slices, left, right = bands_of_slices(straight)
    lane = np.searchsorted(parts, (left + right) / 2)
    rows: dict[int, list[tuple[int, float, float]]] = {}
    for k in np.unique(slices).tolist():
        own = slices == k
        lanes = np.unique(lane[own])
        if lanes.size == lanes[-1] - lanes[0] + 1:
            middle = float(left[own].min() + right[own].max()) / 2
            place = 2 * (k + 0.5) / len(straight) - 1
            rows.setdefault(lanes.size, []).append((int(lanes[0]), place, middle))
    most = max(rows, default=0)
    return rows[most] if _FEWEST <= most < len(teeth) else []


def _distinct(places: NDArray[np.float64], n_slices: int) -> int:
    """How many rows of bands, each of slices one after the other."""
    return 1 + int((np.diff(places) > 3 / n_slices).sum())

"""Follow each lane by its own bands: how far they stand beside the shared warp."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .comb import Tooth
from .order import quantiles_along

__all__ = ["band_places", "lane_offsets"]

# A band's place across the lane counts where it has this share of the lane's strongest slice.
_SIGNIFICANT = 0.05
# One band may stand this share of a lane's width beside its lane; more is another lane's, or dirt.
_MAX_OFFSET = 0.3
# Prior spread of one lane's own slope against the others, shares of its width; of one band's place.
_LANE_SPREAD, _BAND_SPREAD = 0.05, 0.04


def lane_offsets(straight: NDArray[np.float64], teeth: list[Tooth]) -> NDArray[np.float64]:
    """How far each lane's bands lie right of the straightened lane, at each slice.

    The bands of all lanes at one height tell what the shared warp left over (its polynomial is
    stiff); between such heights the rest is interpolated. What remains of a single lane is fitted
    by a line, held towards zero as far as its bands do not insist.

    Parameters
    ----------
    straight : ndarray, shape (S, U)
        Evidence in proportion to the signal on straightened lanes, slice by slice.
    teeth : list of Tooth

    Returns
    -------
    ndarray, shape (len(teeth), S)
        Px of the scene, to be added to the lane's column.
    """
    n_slices = straight.shape[0]
    places = np.full((len(teeth), n_slices), np.nan)
    weights = np.zeros((len(teeth), n_slices))
    for k, tooth in enumerate(teeth):
        if tooth.strength > 0:
            places[k], weights[k] = band_places(straight, tooth)
    shared = _shared_offset(places)
    height = np.linspace(-1, 1, n_slices)
    widths = np.array([tooth.width for tooth in teeth])
    return shared + _own_lines(places - shared, weights, height, widths)


def band_places(
    straight: NDArray[np.float64], tooth: Tooth
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middle of the band's half-height edges against the tooth's, and weight, of each slice."""
    reach = _MAX_OFFSET * tooth.width
    first = max(0, int(tooth.left - reach))
    part = straight[:, first : int(np.ceil(tooth.right + reach)) + 1]
    n_slices = straight.shape[0]
    places, weights = np.full(n_slices, np.nan), np.zeros(n_slices)
    if part.shape[1] < 4:
        return places, weights
    mass = part.sum(axis=1)
    significant = np.flatnonzero(mass > _SIGNIFICANT * mass.max())
    bands = part[significant]
    tops = quantiles_along(bands, 0.85)
    left, right = _runs(bands > 0.5 * tops[:, None], tooth.left - first, tooth.right - first)
    offset = first + (left + right) / 2 - tooth.center
    fits = (right - left > 0.5 * tooth.width) & (right - left < 1.2 * tooth.width)
    fits &= np.abs(offset) <= reach
    rows = significant[fits]
    places[rows], weights[rows] = offset[fits], np.sqrt(mass[rows])
    return places, weights


def _runs(
    above: NDArray[np.bool_], left: float, right: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and last px, in each row, of the run of True that covers most of a stretch.

    Both 0 where a row has none.
    """
    first = np.zeros(len(above), np.intp)
    last = np.zeros(len(above), np.intp)
    row, change = np.nonzero(np.diff(above.astype(np.int8), axis=1, prepend=0, append=0))
    row, start, stop = row[::2], change[::2], change[1::2]
    cover = np.minimum(stop, right) - np.maximum(start, left)
    order = np.lexsort((-cover, row))
    rows, at = np.unique(row[order], return_index=True)
    first[rows], last[rows] = start[order[at]], stop[order[at]] - 1
    return first, last


def _shared_offset(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Offset common to the lanes at each slice; zero where fewer than three lanes show one."""
    n_slices = places.shape[1]
    count = np.isfinite(places).sum(axis=0)
    rows = np.flatnonzero(count >= 3)
    if rows.size == 0:
        return np.zeros(n_slices)
    ordered = np.sort(places[:, rows], axis=0)  # NaN last
    columns, middle = np.arange(rows.size), (count[rows] - 1) / 2
    lower, upper = np.floor(middle).astype(int), np.ceil(middle).astype(int)
    values = (ordered[lower, columns] + ordered[upper, columns]) / 2
    return np.interp(np.arange(n_slices), rows, _medians_of_three(values))


def _medians_of_three(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of each value and its neighbours; at the ends of the two there are."""
    if values.size < 2:
        return values
    inner = np.sort([values[:-2], values[1:-1], values[2:]], axis=0)[1]
    return np.concatenate(([values[:2].mean()], inner, [values[-2:].mean()]))


def _own_lines(
    residual: NDArray[np.float64],
    weights: NDArray[np.float64],
    height: NDArray[np.float64],
    widths: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Line through each lane's residual offsets, held towards zero (ridge regression).

    `residual` and `weights` have shape (lanes, slices); the normal equations of two unknowns are
    solved for all lanes at once.
    """
    seen = np.isfinite(residual)
    strongest = np.maximum(np.where(seen, weights, 0.0).max(axis=1), 1e-300)
    trust = np.where(seen, weights, 0.0) / (strongest * (_BAND_SPREAD * widths) ** 2)[:, None]
    told = trust * np.where(seen, residual, 0.0)
    held = 1 / (_LANE_SPREAD * widths) ** 2
    a, b, c = trust.sum(axis=1) + held, trust @ height, trust @ height**2 + held
    level, tilt = told.sum(axis=1), told @ height
    determinant = a * c - b**2
    constant, slope = (c * level - b * tilt) / determinant, (a * tilt - b * level) / determinant
    lines: NDArray[np.float64] = constant[:, None] + slope[:, None] * height
    return lines

"""How all lanes of a membrane lean, bow and fan out together: one smooth shift for each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from .order import quantile, quantiles_along
from .scene import Scene

__all__ = ["Warp", "fit_warp", "refit", "straighten", "straightened"]

# Lanes lean by no more than this (columns per row), and widen by no more over the height.
_MAX_LEAN = 0.25
_MAX_FAN = 0.35
# The coarse search looks for bows up to this (columns per row, at the ends).
_MAX_BOW = 0.12
# What a deformation costs, in shares of the energy, per unit of slope or widening: lanes are
# mostly straight, and with missing bands a wrong lane may align as well as the right one.
_COST_SHIFT = (1.2, 1.2, 1.4)
_COST_FAN = (0.3, 0.5)
# Slices and columns that the coarse search and the descent look at.
_COARSE, _FINE = (20, 150), (32, 300)
# Slices are compared without what varies slower than this share of the width ...
_HIGH_PASS = 0.05
# ... and count by this power of their strength: no row of bands rules alone.
_BALANCE = 0.5
# Where fewer of the columns than this share hold bands above each other, nothing can be aligned.
_LEAST_STACKED = 0.04
# Lanes with one band each stand above each other under many a warp. Where the columns hold fewer
# than so many bands in the mean, a deformation costs more; with so many fewer, so much more.
_FULL, _SPARSE, _DEAR = 1.7, 0.5, 5.0
# A warp must gain this much over none.
_GAIN = 1.002
# One beside the best, fitted anew, must align the bands' sides this much better.
_SURER = 1.1


@dataclass(frozen=True)
class Warp:
    """Column of the scene, for a lane coordinate `u` (its column at mid-height) and a row.

    ``col = u + shift(t) + (u - middle) * fan(t)`` with ``t`` the row from -1 (top) to 1 (bottom);
    `shift` and `fan` are polynomials without constant term.

    Parameters
    ----------
    height, width : float
        Of the scene, px.
    shift : tuple of float
        Coefficients of t, t^2, t^3 of the shift, px.
    fan : tuple of float
        Coefficients of t, t^2 of the relative widening.
    """

    height: float
    width: float
    shift: tuple[float, ...] = (0.0, 0.0, 0.0)
    fan: tuple[float, ...] = (0.0, 0.0)

    def column(
        self, u: NDArray[np.float64] | float, row: NDArray[np.float64] | float
    ) -> NDArray[np.float64]:
        """Column in the scene; `u` and `row` broadcast."""
        t = 2.0 * np.asarray(row, np.float64) / max(self.height - 1, 1) - 1.0
        (a, b, c), (d, e) = self.shift, self.fan
        return u + t * (a + t * (b + t * c)) + (np.asarray(u) - self.width / 2) * (t * (d + t * e))


def fit_warp(evidence: NDArray[np.float32]) -> Warp:
    """Find the warp under which the bands of each lane stand most exactly above each other.

    The straightened evidence, summed down the columns, is sharpest (its energy largest) when
    lanes are vertical: the criterion of skew estimation by projection profiles, here with
    bowing and fanning besides leaning. Coarse search over the lean, then coordinate descent over
    all five coefficients, from the best of it and from no warp. With bands missing here and there
    a warp may pile up bands of neighbouring lanes: it must bring their edges above each other, too.

    Parameters
    ----------
    evidence : ndarray, shape (rows, cols)
        Map from `blotquant.evidence.band_evidence`.

    Returns
    -------
    Warp
        No warp where there is one row of bands only, or nothing gained.

    Notes
    -----
    Projection profiles: Postl (1986), Proc. 8th ICPR, 687.
    """
    height, width = evidence.shape
    flat = Warp(float(height), float(width))
    slices = _Slices.of(evidence, *_FINE)
    coarse = _Slices.of(evidence, *_COARSE)
    if slices is None or coarse is None:
        return flat
    stacked, per_column = _stacked_bands(evidence)
    if stacked < _LEAST_STACKED:
        return flat
    lonely = float(np.clip((_FULL - per_column) / _SPARSE, 0.0, 1.0))
    dear = 1.0 + (_DEAR - 1.0) * lonely
    slices, coarse = replace(slices, dear=dear), replace(coarse, dear=dear)
    trials = [
        Warp(flat.height, flat.width, (float(lean), float(bow), 0.0), (fan, 0.0))
        for lean in np.linspace(-1, 1, 15) * _MAX_LEAN * height / 2
        for bow, fan in (
            *((x * _MAX_BOW * height / 2, 0.0) for x in (-1, -0.5, 0, 0.5, 1)),
            *((0.0, x) for x in (-0.24, -0.12, 0.12, 0.24)),
        )
    ]
    energies = [coarse.energies(trials[k : k + 27]) for k in range(0, len(trials), 27)]
    best = trials[int(np.argmax(np.concatenate(energies)))]
    first = 0.02 * height + 2.0
    # small deformations are the usual ones, and the coarse search steps over some of them
    near = [_descend(coarse, start, first, 3.0)[0] for start in dict.fromkeys((best, flat))]
    ends = [_descend(slices, start, min(first, 3.0), 0.4) for start in dict.fromkeys(near)]
    best, score = max(ends, key=lambda end: end[1])
    # bands that stand half above two lanes add up as well as whole ones do; their edges do not
    edges = slices.edges()
    if edges.energy(flat) > edges.energy(best):
        best, score = _descend(slices, flat, min(first, 3.0), 0.4)
    return best if score > _GAIN * slices.energy(flat) else flat


def refit(evidence: NDArray[np.float32], warp: Warp, start: Warp) -> Warp | None:
    """The best warp near another one, where the bands' sides align better under it.

    Parameters
    ----------
    evidence : ndarray, shape (rows, cols)
    warp : Warp
        Fitted before.
    start : Warp
        Where to begin.

    Returns
    -------
    Warp or None
        None where it leans too far, or the sides align no better than under `warp`.
    """
    slices = _Slices.of(evidence, *_FINE)
    limit = _MAX_LEAN * warp.height / 2
    if slices is None or max(map(abs, start.shift)) > limit:
        return None
    best, _ = _descend(slices, start, 3.0, 0.4)
    edges = slices.edges()

    return best if edges.energy(best) > _SURER * edges.energy(warp) else None


def _stacked_bands(evidence: NDArray[np.float32]) -> tuple[float, float]:
    """Share of the columns with bands that hold several, and how many they hold in the mean."""
    evidence = evidence[:, :: max(1, evidence.shape[1] // 300)]  # columns enough for a share
    some = evidence[:: max(1, len(evidence) // 200)]  # rows enough for a quantile
    some = some[some > 0]
    bright = evidence > 0.15 * quantile(some, 0.99)
    starts = bright[1:] & ~bright[:-1]
    runs = np.count_nonzero(starts, axis=0) + bright[0]
    with_bands = runs > 0
    if not with_bands.any():
        return 0.0, 0.0
    return float((runs[with_bands] >= 2).mean()), float(runs[with_bands].mean())


def _descend(
    slices: _Slices, warp: Warp, step_shift: float, last_step: float
) -> tuple[Warp, float]:
    """Coordinate descent with halving steps, px; the fan's steps shrink along."""
    score = slices.energy(warp)
    step_fan = 0.04 * step_shift / (0.02 * slices.height + 2.0)
    while step_shift > last_step:
        improved, index = False, 0
        while index < 5:
            # most steps gain nothing: those of all coefficients are looked at in one go
            trials = [
                _nudged(warp, k, sign * (step_shift if k < 3 else step_fan))
                for k in range(index, 5)
                for sign in (1.0, -1.0)
            ]
            values = slices.energies(trials)
            better = np.flatnonzero(values > score * (1 + 1e-4))
            if better.size == 0:
                break
            first = int(better[0])
            warp, score, improved = trials[first], float(values[first]), True
            index += first // 2 + 1
        if not improved:
            step_shift, step_fan = step_shift / 2, step_fan / 2
    return warp, score


def _nudged(warp: Warp, index: int, step: float) -> Warp:
    shift, fan = list(warp.shift), list(warp.fan)
    if index < 3:
        limit = _MAX_LEAN * warp.height / 2
        shift[index] = max(-limit, min(limit, shift[index] + step))
    else:
        fan[index - 3] = max(-_MAX_FAN, min(_MAX_FAN, fan[index - 3] + step))
    return Warp(warp.height, warp.width, tuple(shift), tuple(fan))


@dataclass(frozen=True, eq=False)
class _Slices:
    """Evidence summed over thin horizontal slices: all that the fit looks at."""

    powers: NDArray[np.float64]  # of the rows' places from -1 to 1: first, second, third
    values: NDArray[np.float32]
    columns: NDArray[np.float64]
    step: int
    height: int
    dear: float = 1.0  # how much more a deformation costs than usual

    @classmethod
    def of(cls, evidence: NDArray[np.float32], n_slices: int, n_columns: int) -> _Slices | None:
        height, width = evidence.shape
        edges = np.linspace(0, height, min(n_slices, height) + 1).astype(int)
        sums = _sums_of_rows(evidence, edges)
        weight = sums.sum(axis=1)
        busy = weight > 0.02 * weight.max()
        if busy.sum() < 2:
            return None
        row_index = np.arange(height)
        per_row = cv2.reduce(evidence, 1, cv2.REDUCE_SUM, dtype=cv2.CV_64F).ravel()
        rows = np.add.reduceat(per_row * row_index, edges[:-1])[busy] / weight[busy]
        step = max(1, width // n_columns)
        n_cols = width // step
        values = np.sqrt(sums[busy, : n_cols * step].reshape(-1, n_cols, step).mean(axis=2))
        # what matters is where lanes begin and end, not how much there is on the whole
        values -= gaussian_filter1d(values, _HIGH_PASS * n_cols, axis=1, mode="constant")
        values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12) ** _BALANCE
        columns = (np.arange(n_cols) + 0.5) * step - 0.5
        place = 2.0 * rows / max(height - 1, 1) - 1.0
        powers = np.array([place, place**2, place**3])
        return cls(powers, values.astype(np.float32), columns, step, height)

    def edges(self) -> _Slices:
        """The same of the bands' sides: differences from column to column, no deformation dear."""
        return replace(
            self, values=np.diff(self.values, axis=1), columns=self.columns[:-1], dear=0.0
        )

    def energy(self, warp: Warp) -> float:
        """Energy of one warp, see `energies`."""
        return float(self.energies([warp])[0])

    def energies(self, warps: Sequence[Warp]) -> NDArray[np.float64]:
        """Energy of the straightened column sums over the energy of the slices alone.

        The ratio does not change when a warp merely squeezes the picture; large deformations
        count a little less.
        """
        shift, fan = np.array([w.shift for w in warps]), np.array([w.fan for w in warps])
        stretch = 1.0 + fan @ self.powers[:2]
        first = shift @ self.powers + (self.columns[0] - warps[0].width / 2) * (stretch - 1.0)
        shifted = _read_along(self.values, first / self.step, stretch, self.columns.size)
        total = shifted.sum(axis=1)
        alone = np.einsum("wij,wij->w", shifted, shifted)
        cost = np.abs(shift) @ _COST_SHIFT / (self.height / 2) + np.abs(fan) @ _COST_FAN
        energy = np.einsum("wj,wj->w", total, total) / (alone + 1e-12)
        return np.asarray(energy * np.maximum(1.0 - self.dear * cost, 0.0), np.float64)


def _read_along(
    values: NDArray[np.float32],
    first: NDArray[np.float64],
    stretch: NDArray[np.float64],
    count: int,
) -> NDArray[np.float32]:
    """Values of each row, between its samples, at ``first + k * stretch``; 0 beyond its ends.

    `values` has shape (rows, samples), `first` and `stretch` (warps, rows); the result is of
    shape (warps, rows, count).
    """
    (warps, n_rows), size = first.shape, values.shape[1]
    steps = np.arange(count, dtype=np.float32)
    place = stretch.astype(np.float32)[:, :, None] * steps
    place += first.astype(np.float32)[:, :, None]
    # nothing fades out beyond the ends
    np.copyto(place, np.float32(-2), where=(place < 0) | (place > size - 1))
    row = np.empty(place.shape, np.float32)
    row[:] = np.arange(n_rows, dtype=np.float32)[:, None]
    shape = (warps * n_rows, count)
    # one pass instead of the dozen that indexing takes
    read = cv2.remap(values, place.reshape(shape), row.reshape(shape), cv2.INTER_LINEAR)
    return np.asarray(read, np.float32).reshape(warps, n_rows, count)


def _sums_of_rows(evidence: NDArray[np.float32], edges: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sums down the columns, from each edge to the next."""
    sums = [cv2.reduce(evidence[a:b], 0, cv2.REDUCE_SUM) for a, b in pairwise(edges.tolist())]
    return np.concatenate(sums).astype(np.float64)


def straighten(
    evidence: NDArray[np.float32], warp: Warp, n_slices: int = 64
) -> NDArray[np.float64]:
    """Evidence on straight lanes: slices x lane coordinate `u`, each slice summed over its rows."""
    height, width = evidence.shape
    edges = np.linspace(0, height, min(n_slices, height) + 1).astype(int)
    sums = _sums_of_rows(evidence, edges)
    # what runs through all columns alike is the membrane's edge, not bands
    sums -= quantiles_along(sums[:, :: max(1, width // 200)], 0.1)[:, None]
    np.maximum(sums, 0, out=sums)
    return _along(sums, edges, warp)


def straightened(
    scene: Scene, warp: Warp, n_slices: int = 200
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Signal on straight lanes, the mean of each slice's rows, and where all of it is on the panel.

    Both of shape slices x lane coordinate `u`.
    """
    height = len(scene.signal)
    edges = np.linspace(0, height, min(n_slices, height) + 1).astype(int)
    thick = np.diff(edges)[:, None]
    signal = _along(_sums_of_rows(scene.signal, edges) / thick, edges, warp)
    if scene.inside.all():
        first, stretch = _places(edges, warp)
        place = first[:, None] + stretch[:, None] * np.arange(signal.shape[1])
        return signal, (place >= 0) & (place <= signal.shape[1] - 1)
    inside = _sums_of_rows(scene.inside.astype(np.float32), edges) / thick
    return signal, _along(inside, edges, warp) > 0.99


def _along(values: NDArray[np.float64], edges: NDArray[np.intp], warp: Warp) -> NDArray[np.float64]:
    """Values of slices from edge to edge, read along straight lanes; 0 beyond the picture."""
    first, stretch = _places(edges, warp)
    read = _read_along(values.astype(np.float32), first[None], stretch[None], values.shape[1])
    return np.asarray(read[0], np.float64)


def _places(edges: NDArray[np.intp], warp: Warp) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Column of the lane coordinate 0 in each slice, and columns per unit of it."""
    middles = (edges[:-1] + edges[1:] - 1) / 2
    first = warp.column(0.0, middles)
    return first, warp.column(1.0, middles) - first

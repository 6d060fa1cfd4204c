"""What bands still hold beside their limits: rows there say less of the baseline than others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .baseline import LaneView

__all__ = ["Tails"]

# Just outside its limits a band may still be this share of its peak, ...
_MOST = 0.012
# ... and is taken to be this share of it at least, also where none of it is seen.
_LEAST = 0.0015
# It fades with this share of the band's length, ...
_FADE = 0.2
# ... and is looked for within this share. Few rows tell its mean there: so many times as much is
# thought possible at the limit.
_NEAR = 0.1
_OF_MEAN = 3.0
# Beyond so many lengths of the band less than 1e-12 of it is left.
_GONE = 3.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tails:
    """What B bands of L lanes, N rows each, may hold beside their limits.

    All bands lie side by side in arrays: one by one they take several times as long.

    Parameters
    ----------
    intensity : ndarray, shape (L, N)
        Profiles, a.u. x px.
    free : ndarray of bool, shape (L, N)
        Rows with no band.
    lane : ndarray of int, shape (B,)
        Which of the lanes each band lies in.
    start, stop : ndarray, shape (B,)
        Limits, px along the lane.
    origin : ndarray, shape (B,)
        First row of each band's lane.
    """

    intensity: Floats
    free: NDArray[np.bool_]
    lane: NDArray[np.intp]
    start: Floats
    stop: Floats
    origin: Floats

    @classmethod
    def of(cls, views: Sequence[LaneView]) -> Tails:
        """Those of lanes of one length and their bands."""
        lane = np.repeat(np.arange(len(views)), [len(view.bands) for view in views])
        limits = np.array([limits for view in views for limits in view.bands]).reshape(-1, 2)
        return cls(
            intensity=np.array([view.profile.intensity for view in views]),
            free=np.array([view.free for view in views]),
            lane=lane,
            start=limits[:, 0],
            stop=limits[:, 1],
            origin=np.array([view.profile.position[0] for view in views])[lane],
        )

    def first_guess(self) -> Floats:
        """What bands may hold at their limits before anything is known, shape (B, 2)."""
        return np.repeat(_MOST * self._peaks()[:, None], 2, axis=1)

    def seen(self, levels: Floats) -> Floats:
        """What bands hold at their limits, as the rows beside them show.

        Parameters
        ----------
        levels : ndarray, shape (L, N)
            First baselines, drawn with little trust in the rows beside the bands.

        Returns
        -------
        ndarray, shape (B, 2)
            At the start and at the stop, a.u. x px; as much as is possible where no row shows it.

        Notes
        -----
        A tail lies above the baseline, never below: where rows beside a band lie on the first
        baseline or under it there is no tail, and they tell where the baseline bends.
        """
        above = self.intensity - levels
        tails = self.first_guess()
        near = _NEAR * (self.stop - self.start)
        sides = ((self.start - near, self.start), (self.stop, self.stop + near))
        for side, (first, last) in enumerate(sides):
            rows, inside = self._rows_within(first, last)
            inside &= self.free[self.lane[:, None], rows]
            count = np.count_nonzero(inside, axis=1)
            # row by row: how long others' rows are plays no part in the digits
            beside = above[self.lane[:, None], rows][inside]
            band = np.repeat(np.arange(count.size), count)
            mean = np.bincount(band, beside, count.size) / np.maximum(count, 1)
            told = np.minimum(_OF_MEAN * mean, tails[:, side])
            tails[:, side] = np.where(count >= 2, told, tails[:, side])
        return np.maximum(tails, _LEAST * self._peaks()[:, None])

    def variance(self, tails: Floats) -> Floats:
        """Variance that the bands' tails add to the rows beside them, shape (L, N).

        Parameters
        ----------
        tails : ndarray, shape (B, 2)
            From `first_guess` or `seen`.
        """
        start, stop = self.start[:, None], self.stop[:, None]
        length = stop - start
        reach = _GONE * length[:, 0]
        rows, inside = self._rows_within(self.start - reach, self.stop + reach)
        position = self.origin[:, None] + rows
        away = np.maximum(np.maximum(start - position, position - stop), 0.0)
        height = np.where(position < (start + stop) / 2, tails[:, :1], tails[:, 1:])
        added = height**2 * np.exp(away * (-2 / (_FADE * length)))
        n_lanes, n_rows = self.intensity.shape
        places = n_rows * self.lane[:, None] + rows
        every = np.bincount(places[inside], added[inside], n_lanes * n_rows)
        return np.asarray(every.reshape(n_lanes, n_rows), np.float64)

    def _peaks(self) -> Floats:
        """Height of each band above the lower of its two ends, a.u. x px, shape (B,)."""
        rows, inside = self._rows_within(self.start, self.stop)
        values = self.intensity[self.lane[:, None], rows]
        # beyond its last row a band has that row again
        heights = values.max(axis=1) - np.minimum(values[:, 0], values[:, -1])
        return np.where(inside.any(axis=1), heights, 0.0)

    def _rows_within(
        self, first: Floats, last: Floats
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Rows of each band's lane from one place along it to another, shape (B, M).

        Beside, which of them are: where a band has fewer than M, its last one comes again.
        """
        size = self.intensity.shape[1]
        begin = np.clip(np.ceil(first - self.origin), 0, size).astype(np.intp)[:, None]
        end = np.clip(np.floor(last - self.origin) + 1, 0, size).astype(np.intp)[:, None]
        rows = begin + np.arange(max(int((end - begin).max(initial=0)), 1))
        return np.clip(rows, 0, np.maximum(end - 1, 0)), rows < end

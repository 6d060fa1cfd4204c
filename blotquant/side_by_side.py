"""Lanes read in one pass over the picture: their pixels side by side, every lane upright."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .model import Blot, Lane
from .standing_out import REACH, standing_out

__all__ = ["SideBySide", "is_linear", "read_side_by_side"]

# So many px are held at a time.
_AT_A_TIME = 5_000_000
# Sums of whole numbers below this are exact in float32.
_EXACT = 2**24


@dataclass(frozen=True, eq=False)
class SideBySide:
    """L lanes over the same N rows, each in S sections of equal width.

    Parameters
    ----------
    intensity : ndarray, shape (L, S, N)
        Signal summed across each section, a.u. x px; 0 beside the picture.
    width : ndarray, shape (L, S, N) or (L, S, 1)
        Of what of each section lies in the picture, px.
    edges : ndarray, shape (L, 2, 3, N)
        Signal of the lane's outermost px and of those to either side of it, on its left and on its
        right, a.u.
    fine, coarse : ndarray, shape (L, N // 2)
        How far any px, and any two side by side, stand out of what is beside them, in every other
        row: in stored levels where the signal is linear in them, else a.u.
    """

    intensity: NDArray[np.float64]
    width: NDArray[np.float64]
    edges: NDArray[np.float64]
    fine: NDArray[np.float32]
    coarse: NDArray[np.float32]


def is_linear(blot: Blot) -> bool:
    """Whether a sum of signal is the map of the sum of stored levels."""
    return blot.signal_map.clear_level is None and blot.pixels.dtype.kind in "ui"


def read_side_by_side(
    blot: Blot, lanes: Sequence[Lane], rows: NDArray[np.intp], sections: int
) -> SideBySide:
    """Read several lanes over the same rows, section by section.

    Parameters
    ----------
    blot : Blot
    lanes : sequence of Lane, length L
    rows : ndarray, shape (N,)
        Rows of the picture, one after the other.
    sections : int

    Returns
    -------
    SideBySide

    Notes
    -----
    Lane by lane a picture is read in pieces of a few hundred bytes, each of which is waited for;
    here its rows are read from one end to the other. A lane's px are put upright by whole px in
    each row, then the sections' edges lie within the same two px in all rows: sums go down columns.
    """
    places = _Places.of(lanes, rows, sections, blot.shape[1])
    shape, twos = (len(lanes), sections, rows.size), rows.size // 2
    intensity, edges = np.empty(shape), np.empty((len(lanes), 2, 3, rows.size))
    fine, coarse = np.zeros((2, len(lanes), twos), np.float32)
    picture = blot.pixels[rows[0] : rows[-1] + 1]
    at_once = max(1, _AT_A_TIME // (places.size * rows.size))
    for begin in range(0, len(lanes), at_once):
        strips = places.strips(picture, slice(begin, begin + at_once))
        if not is_linear(blot):
            strips = blot.signal_map(strips)
        elif strips.dtype not in (np.uint8, np.uint16):
            strips = strips.astype(np.float64)
        for lane, strip in enumerate(strips.swapaxes(0, 1), begin):
            inside = strip[: 2 * twos : 2, : 2 * REACH + int(places.inner[lane])]
            fine[lane], coarse[lane] = standing_out(inside)
            columns = np.asarray(cv2.transpose(strip))
            beside, sums = places.edges(columns, lane), places.sums(columns, lane)
            if is_linear(blot):  # the affine map of the sum, not the sum of all the px's maps
                sums *= blot.signal_map.scale
                sums += blot.signal_map.offset * places.width[lane]
                beside = blot.signal_map(beside)
            edges[lane], intensity[lane] = beside, sums
    return SideBySide(intensity, places.width, edges, fine, coarse)


@dataclass(frozen=True, eq=False)
class _Places:
    """Where L lanes of S sections lie in strips of the picture, one strip of a lane in each row."""

    size: int  # px of a strip
    inner: NDArray[np.intp]  # px of it, from REACH on, that the lane may have a part in; (L,)
    first: NDArray[np.intp]  # column of the picture at which it begins; (L, N)
    cut: NDArray[np.float64]  # how far behind the beginning of px REACH the lane begins; (L, N)
    base: NDArray[np.intp]  # px in which, or in the next one, each edge lies; (L, S + 1)
    behind: NDArray[np.float64]  # how far behind its beginning where nothing is cut; (L, S + 1)
    ends: NDArray[np.intp]  # px that is, or whose next or the one after is, its outermost; (2, L)
    nexts: NDArray[np.int8]  # which of them; (2, L, N)
    outside: frozenset[int]  # lanes whose strips leave the picture
    width: NDArray[np.float64]
    n_cols: int

    @classmethod
    def of(
        cls, lanes: Sequence[Lane], rows: NDArray[np.intp], sections: int, n_cols: int
    ) -> _Places:
        center = np.array([lane.center(rows) for lane in lanes])
        width = np.array([lane.width for lane in lanes])[:, None]
        inner = np.floor(width[:, 0]).astype(np.intp) + 2
        size = int(inner.max()) + 2 * REACH
        # a lane that is carried over may lie anywhere
        center = np.minimum(np.maximum(center, -2.0 * size), n_cols + 2.0 * size)
        left, right = center - (width / 2 - 0.5), center + (width / 2 - 0.5)
        whole = np.floor(left)
        first = whole - REACH
        last = REACH + np.floor(width - 1)
        outside = ((first < 0) | (first > n_cols - size)).any(axis=1)
        share = np.arange(sections + 1) / sections
        base = np.floor(width * share)
        inside = np.broadcast_to((width / sections)[:, None], (len(lanes), sections, 1))
        if outside.any():
            edges = center[:, None] + (width * (share - 0.5))[:, :, None]
            inside = np.diff(np.clip(edges, -0.5, n_cols - 0.5), axis=1)
        nexts = np.array((np.rint(left) - whole, np.rint(right) - first - last))
        return cls(
            size=size,
            inner=inner,
            first=first.astype(np.intp),
            cut=left - whole,
            base=base.astype(np.intp) + REACH,
            behind=width * share - base,
            ends=np.array((np.full(len(lanes), REACH), last[:, 0]), np.intp),
            nexts=np.clip(nexts, 0, 2).astype(np.int8),
            outside=frozenset(np.flatnonzero(outside).tolist()),
            width=inside,
            n_cols=n_cols,
        )

    def strips(self, picture: NDArray[Any], some: slice) -> NDArray[Any]:
        """Px of the strips of some lanes, given their rows of the picture; shape (N, L, size).

        Beside the picture they are as at its edge.
        """
        first = self.first[some]
        before = max(0, -int(first.min()))
        after = max(0, int(first.max()) + self.size - self.n_cols)
        if before or after:
            picture = np.pad(picture, ((0, 0), (before, after)), mode="edge")
        begins = picture.shape[1] * np.arange(len(picture))[:, None] + before + first.T
        strips: NDArray[Any] = sliding_window_view(picture.reshape(-1), self.size)[begins]
        return strips

    def edges(self, columns: NDArray[Any], lane: int) -> NDArray[Any]:
        """A lane's outermost px and those to either side, shape (2, 3, N).

        `columns` are the px of its strip, shape (size, N).
        """
        three = []
        for at, which in zip(self.ends[:, lane].tolist(), self.nexts[:, lane], strict=True):
            five = columns[at - 1 : at + 4]
            later = np.where(which == 1, five[1:4], five[2:]) if which.max() > 1 else five[1:4]
            three.append(np.where(which == 0, five[:3], later))
        return np.array(three)

    def sums(self, columns: NDArray[Any], lane: int) -> NDArray[np.float64]:
        """Sum of each section of a lane, shape (S, N); `columns` as in `edges`, are changed."""
        if lane in self.outside:
            column = self.first[lane] + np.arange(self.size)[:, None]
            columns[(column < 0) | (column >= self.n_cols)] = 0
        base = self.base[lane]
        few = columns.dtype.kind == "u" and int(np.diff(base).max()) <= _EXACT >> 16
        kind = cv2.CV_32F if few else cv2.CV_64F
        total = np.zeros((base.size - 1, columns.shape[1]))
        for own, (at, end) in zip(total, pairwise(base.tolist()), strict=True):
            if end > at:
                own[:] = cv2.reduce(columns[at:end], 0, cv2.REDUCE_SUM, dtype=kind)[0]
        cut = self.cut[lane] + self.behind[lane][:, None]
        of_next = np.maximum(cut - 1, 0.0)
        cut -= of_next
        cut *= columns[base]
        of_next *= columns[base + 1]
        cut += of_next
        total += cut[1:]
        total -= cut[:-1]
        return total

"""Points of a picture that would be found again in a copy of it, and what they look like."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .residual import Floats, Picture, fine

__all__ = ["BITS", "TURNS", "Anchors", "Turn", "find_anchors"]

BITS = 64
_REACH = 5
_SEED = 20_240
_APART = 3  # px: an anchor is the highest of so many pixels either way

Turn = tuple[tuple[int, int], tuple[int, int]]
# What a copy may have undergone: (row, col) -> matrix @ (row, col).
TURNS: dict[str, Turn] = {
    "": ((1, 0), (0, 1)),
    "turned by 90°": ((0, -1), (1, 0)),
    "turned by 180°": ((-1, 0), (0, -1)),
    "turned by 270°": ((0, 1), (-1, 0)),
    "mirrored left to right": ((1, 0), (0, -1)),
    "mirrored top to bottom": ((-1, 0), (0, 1)),
    "mirrored and turned by 90°": ((0, 1), (1, 0)),
    "mirrored and turned by 270°": ((0, -1), (-1, 0)),
}


def _pattern() -> NDArray[np.int64]:
    """Pairs of places around an anchor that are compared, shape (BITS, 2, 2)."""
    rng = np.random.default_rng(_SEED)
    places = rng.normal(0, _REACH / 2.2, (40 * BITS, 2, 2))
    places = np.rint(places).astype(np.int64)
    inside = (np.abs(places) <= _REACH).all(axis=(1, 2)) & (places[:, 0] != places[:, 1]).any(1)
    return np.asarray(places[inside][:BITS])


_PATTERN = _pattern()


@dataclass(frozen=True, eq=False)
class Anchors:
    """Anchors of one picture.

    Parameters
    ----------
    places : ndarray of int, shape (N, 2)
        (row, col).
    words : ndarray of uint64, shape (turns, N)
        What is around each: a bit for each comparison of `_PATTERN`, for each of `TURNS`.
    """

    places: NDArray[np.int32]
    words: NDArray[np.uint64]


def find_anchors(picture: Picture, most: int | None = None) -> Anchors:
    """Highest points of the noise, with the signs of differences around them.

    Parameters
    ----------
    picture : Picture
    most : int, optional
        Keep no more than so many, those that stand out most.

    Notes
    -----
    Calonder et al. (2010, ECCV): binary words from comparisons stand a change of contrast.
    """
    rest = fine(picture.signal)
    places = _peaks(picture, rest, most)
    rows, cols = places[:, 0].astype(np.int64), places[:, 1].astype(np.int64)
    width = rest.shape[1]
    flat, at = rest.ravel(), rows * width + cols
    words = np.zeros((len(TURNS), len(places)), dtype=np.uint64)
    for number, turn in enumerate(TURNS.values()):
        # a copy turned by T shows at offset what the original has at T⁻¹ @ offset
        first, second = (_PATTERN[:, one] @ np.array(turn) for one in (0, 1))
        for bit in range(BITS):
            a = flat[at + (first[bit, 0] * width + first[bit, 1])]
            b = flat[at + (second[bit, 0] * width + second[bit, 1])]
            words[number] |= (a > b).astype(np.uint64) << np.uint64(bit)
    return Anchors(places, words)


def _peaks(picture: Picture, rest: Floats, most: int | None) -> NDArray[np.int32]:
    """Local maxima where there is noise, away from the border, shape (N, 2)."""
    highest = cv2.dilate(rest, np.ones((_APART, _APART), np.uint8))
    is_peak = (rest >= highest) & picture.noisy
    edge = _REACH + 1
    is_peak[:edge] = is_peak[-edge:] = False
    is_peak[:, :edge] = is_peak[:, -edge:] = False
    places = np.argwhere(is_peak).astype(np.int32)
    if most is not None and len(places) > most:
        size = np.sqrt(cv2.blur(rest * rest, (31, 31)))
        height = rest[is_peak] / np.maximum(size[is_peak], 1e-12)
        places = places[np.sort(np.argsort(-height)[:most])]
    return places

"""Which parts of pictures could be copies: the same words, at one displacement, many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .anchors import BITS, TURNS, Anchors

__all__ = ["Candidate", "ahead", "find_candidates"]

_DIFFERENT = 13  # bits of 64 by which noise that was rounded again may differ
_VOTES = 4
_MOST = 100
_CROWD = 16
_NEAR = 12
_THIN = 1.5  # px
_BATCH = 4_000_000


@dataclass(frozen=True, eq=False)
class Candidate:
    """Two parts of pictures that share many words.

    Parameters
    ----------
    first, second : int
        Numbers of the pictures; may be the same.
    turn : str
        Key of `TURNS`.
    shift : (int, int)
        ``second place = turn @ first place + shift``.
    places : ndarray of int, shape (N, 2)
        Anchors in the first picture.
    """

    first: int
    second: int
    turn: str
    shift: tuple[int, int]
    places: NDArray[np.int32]


def find_candidates(pictures: Sequence[Anchors]) -> list[Candidate]:
    """Displacements at which anchors repeat, the best first.

    Parameters
    ----------
    pictures : sequence of Anchors
        All pictures of a run, or one.
    """
    words = np.concatenate([one.words for one in pictures], axis=1)
    places = np.concatenate([one.places for one in pictures])
    owner = np.repeat(np.arange(len(pictures)), [len(one.places) for one in pictures])
    index = _Index.of(words[0])
    found: list[Candidate] = []
    for number, (name, turn) in enumerate(TURNS.items()):
        a, b = _alike(words[number], words[0], index)
        keep = (owner[a] < owner[b]) | ((owner[a] == owner[b]) & ahead(places[b] - places[a]))
        a, b = a[keep], b[keep]
        shift = places[b] - places[a] @ np.array(turn, dtype=np.int32).T
        found += _voted(name, owner[a], owner[b], shift, places[a])
    found.sort(key=lambda one: -len(one.places))
    return found[:_MOST]


def ahead(way: NDArray[np.signedinteger]) -> NDArray[np.bool_]:
    """Whether the second place lies to the right or below, and not beside the first.

    Each pair of regions comes up once then. A half turn undoes itself: both ways round would have
    one shift, and the two regions would pass for one.
    """
    main = np.where(np.abs(way[:, 1]) >= np.abs(way[:, 0]), way[:, 1], way[:, 0])
    return np.asarray(main > _NEAR)


@dataclass(frozen=True, eq=False)
class _Index:
    """Words by one part of them: the part's values in order, and whose they are."""

    shift: np.uint64
    mask: np.uint64
    values: NDArray[np.uint64]
    order: NDArray[np.int64]

    @classmethod
    def of(cls, words: NDArray[np.uint64]) -> list[_Index]:
        """One for each part: words that differ in few bits share one of the parts."""
        parts = 4 if len(words) < 2**16 else 3 if len(words) < 2**20 else 2
        width = BITS // parts
        found = []
        for part in range(parts):
            shift, mask = np.uint64(part * width), np.uint64(2**width - 1)
            values = (words >> shift) & mask
            order = np.argsort(values)
            found.append(cls(shift, mask, values[order], order))
        return found

    def same(self, words: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All pairs (word, indexed word) with the same part; what is very common is left out."""
        values = (words >> self.shift) & self.mask
        mine = np.argsort(values)
        low = np.searchsorted(self.values, values[mine], "left")
        count = np.searchsorted(self.values, values[mine], "right") - low
        count[count > _CROWD] = 0  # tells nothing: canvas, the empty blocks of JPEG
        ends = np.cumsum(count)
        inside = np.arange(int(count.sum())) - np.repeat(ends - count, count)
        return np.repeat(mine, count), self.order[np.repeat(low, count) + inside]


def _alike(
    turned: NDArray[np.uint64], plain: NDArray[np.uint64], index: Sequence[_Index]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of anchors whose words differ in few bits: numbers in `turned`, and in `plain`.

    Words are compared only where a part of them is the same, as in locality-sensitive hashing
    (Indyk & Motwani 1998, STOC).
    """
    pairs: list[NDArray[np.int64]] = []
    for part in index:
        first, second = part.same(turned)
        for start in range(0, len(first), _BATCH):
            a, b = first[start : start + _BATCH], second[start : start + _BATCH]
            near = np.bitwise_count(turned[a] ^ plain[b]) <= _DIFFERENT
            pairs.append(a[near] * len(plain) + b[near])
    if not pairs:  # pictures without anchors: all of them were compressed with loss
        return np.empty(0, np.int64), np.empty(0, np.int64)
    joined = np.unique(np.concatenate(pairs))
    return joined // max(len(plain), 1), joined % max(len(plain), 1)


def _voted(
    turn: str,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    shift: NDArray[np.int32],
    places: NDArray[np.int32],
) -> list[Candidate]:
    """Displacements with enough pairs."""
    if not len(first):
        return []
    keys = np.column_stack([first, second, shift])
    unique, which, votes = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    which = which.ravel()
    order = np.argsort(which, kind="stable")
    groups = np.split(places[order], np.cumsum(votes)[:-1])
    return [
        Candidate(one, two, turn, (down, across), group)
        for (one, two, down, across), group in zip(unique.tolist(), groups, strict=True)
        if len(group) >= _VOTES and _breadth(group) > _THIN
    ]


def _breadth(places: NDArray[np.int32]) -> float:
    """SD of places across the line that fits them best: edges and drawn lines have none."""
    spread = np.cov(places.T.astype(np.float64))
    return float(np.sqrt(max(np.linalg.eigvalsh(spread)[0], 0.0)))

"""Which parts of pictures could be copies: the same words, at one displacement, many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .anchors import BITS, TURNS, Anchors

__all__ = ["Candidate", "find_candidates"]

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
    found: list[Candidate] = []
    for number, (name, turn) in enumerate(TURNS.items()):
        a, b = _alike(words[number], words[0])
        keep = (owner[a] < owner[b]) | ((owner[a] == owner[b]) & _ahead(places[b] - places[a]))
        a, b = a[keep], b[keep]
        shift = places[b] - places[a] @ np.array(turn, dtype=np.int32).T
        found += _voted(name, owner[a], owner[b], shift, places[a])
    found.sort(key=lambda one: -len(one.places))
    return found[:_MOST]


def _ahead(way: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether the second place lies to the right or below, and not beside the first.

    Each pair of regions comes up once then. A half turn undoes itself: both ways round would have
    one shift, and the two regions would pass for one.
    """
    main = np.where(np.abs(way[:, 1]) >= np.abs(way[:, 0]), way[:, 1], way[:, 0])
    return np.asarray(main > _NEAR)


def _alike(
    turned: NDArray[np.uint64], plain: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of anchors whose words differ in few bits: numbers in `turned`, and in `plain`.

    Words are compared only where a part of them is the same, as in locality-sensitive hashing
    (Indyk & Motwani 1998, STOC).
    """
    parts = 4 if len(plain) < 2**16 else 3 if len(plain) < 2**20 else 2
    width = BITS // parts
    pairs: list[NDArray[np.int64]] = []
    for part in range(parts):
        cut = (np.uint64(part * width), np.uint64(2**width - 1))
        first, second = _same((turned >> cut[0]) & cut[1], (plain >> cut[0]) & cut[1])
        for start in range(0, len(first), _BATCH):
            a, b = first[start : start + _BATCH], second[start : start + _BATCH]
            near = np.bitwise_count(turned[a] ^ plain[b]) <= _DIFFERENT
            pairs.append(a[near] * len(plain) + b[near])
    joined = np.unique(np.concatenate(pairs))
    return joined // len(plain), joined % len(plain)


def _same(
    left: NDArray[np.uint64], right: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs (index left, index right) of equal values; what is very common is left out."""
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    low = np.searchsorted(ordered, left, "left")
    count = np.searchsorted(ordered, left, "right") - low
    count[count > _CROWD] = 0  # what is so common tells nothing: canvas, JPEG's empty blocks
    first = np.repeat(np.arange(len(left)), count)
    ends = np.cumsum(count)
    inside = np.arange(len(first)) - np.repeat(ends - count, count)
    return first, order[np.repeat(low, count) + inside]


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

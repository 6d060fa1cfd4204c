"""All checks of integrity over the pictures of a run, one after another to spare memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..flags import Flag
from ..membrane import find_panels
from ..model import Blot
from ..notice import Box, Notice
from .anchors import Anchors, find_anchors
from .copies import Copy, proved
from .matching import Candidate, find_candidates
from .residual import Picture
from .splices import Splice, find_splices

__all__ = ["Subject", "examine"]

_ANCHORS = 1_500_000  # of all pictures together: about 1 GB
_KEPT = 4  # pictures held in memory while pairs are tested
_WHOLE = 0.5
_COVERED = 0.5
_MOST = 5  # joints of one picture
_HASHED = 256  # rows at a time


@dataclass(frozen=True)
class Subject:
    """A picture to be examined.

    Parameters
    ----------
    name : str
        In tables and messages.
    load : callable
        Gives the blot, each time it is called.
    """

    name: str
    load: Callable[[], Blot]


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is kept of a picture."""

    name: str
    digest: str
    exposure: float | None
    shape: tuple[int, int]
    anchors: Anchors
    splices: tuple[Splice, ...]


def examine(
    subjects: Sequence[Subject], shared: Collection[frozenset[str]] = ()
) -> tuple[Notice, ...]:
    """Look for joined pieces, regions that occur twice, and one picture under two names.

    Parameters
    ----------
    subjects : sequence of Subject
    shared : collection of frozenset of str
        Pairs of names that may show one picture: a loading control that is declared shared.

    Returns
    -------
    tuple of Notice
        In the order of the pictures. In pictures that were compressed with loss nothing is looked
        for but the same pixels: their noise, by which copies are told, is gone.
    """
    if not subjects:
        return ()
    most = _ANCHORS // len(subjects)
    seen = [_look(subject, most) for subject in subjects]
    notices = [notice for one in seen for notice in _joints(one)]
    same = list(_same_pixels(seen))
    told = {frozenset((notice.image, notice.other)) for notice in same} | set(shared)
    notices += [one for one in same if frozenset((one.image, one.other)) not in shared]
    notices += _repeats(subjects, seen, told)
    order = {subject.name: number for number, subject in enumerate(subjects)}
    return tuple(sorted(notices, key=lambda notice: order[notice.image]))


def _look(subject: Subject, most: int) -> _Seen:
    blot = subject.load()
    picture = Picture.of(blot, subject.name)
    lossy = Flag.LOSSY in blot.flags
    nothing = Anchors(np.empty((0, 2), np.int32), np.empty((8, 0), np.uint64))
    return _Seen(
        subject.name,
        _digest(blot),
        blot.exposure_s,
        picture.shape,
        nothing if lossy else find_anchors(picture, most),
        () if lossy else tuple(find_splices(picture, find_panels(blot))[:_MOST]),
    )


def _digest(blot: Blot) -> str:
    """Hash of the signal above its lowest: inverted or shifted copies have the same."""
    rows = [
        (slice(top, top + _HASHED), slice(None)) for top in range(0, blot.shape[0], _HASHED)
    ]  # a large picture is never in memory as signal
    lowest = min(blot.signal(some).min() for some in rows)
    digest = hashlib.sha256(repr(blot.shape).encode())
    for some in rows:
        digest.update((blot.signal(some) - lowest).tobytes())
    return digest.hexdigest()


def _joints(seen: _Seen) -> Iterator[Notice]:
    for one in seen.splices:
        box = (one.top, one.column, one.bottom, one.column + 2)
        ratio = max(one.noise_ratio, 1 / one.noise_ratio)
        evidence = (
            "from one column to the next the background steps there, "
            f"{one.jump:.0f} times as far as chance explains"
        )
        if ratio > 1.2:
            evidence += f", and the variance of the noise changes {ratio:.1f}-fold"
        yield Notice("joined", seen.name, box, evidence)


def _same_pixels(seen: Sequence[_Seen]) -> Iterator[Notice]:
    first: dict[str, _Seen] = {}
    for one in seen:
        known = first.setdefault(one.digest, one)
        if known is not one:
            yield Notice(
                "same picture",
                known.name,
                (0, 0, *known.shape),
                "pixel for pixel",
                one.name,
                (0, 0, *one.shape),
            )


def _repeats(
    subjects: Sequence[Subject], seen: Sequence[_Seen], told: Collection[frozenset[str]]
) -> list[Notice]:
    """Copies within and between pictures, the largest of those that overlap."""

    @lru_cache(maxsize=_KEPT)
    def picture(number: int) -> Picture:
        return Picture.of(subjects[number].load(), subjects[number].name)

    found: list[Copy] = []
    twin_of = _twins(seen)
    for candidate in find_candidates([one.anchors for one in seen]):
        if frozenset((seen[candidate.first].name, seen[candidate.second].name)) in told:
            continue
        if any(_is_within(candidate, copy) for copy in found):
            continue
        if _is_told_of_twins(candidate, found, twin_of):
            continue
        copy = proved(candidate, picture(candidate.first), picture(candidate.second))
        if copy is not None and not any(_is_same(copy, other) for other in found):
            found.append(copy)
            if _is_whole(copy, seen):
                twin_of = [twin_of[copy.first] if x == twin_of[copy.second] else x for x in twin_of]
    return [notice for copy in found if (notice := _notice(copy, seen)) is not None]


def _twins(seen: Sequence[_Seen]) -> list[int]:
    """For each picture the first one that shows the same."""
    first: dict[str, int] = {}
    return [first.setdefault(one.digest, number) for number, one in enumerate(seen)]


def _is_told_of_twins(candidate: Candidate, found: Sequence[Copy], twin_of: Sequence[int]) -> bool:
    """Whether it is told already of pictures that show the same as these two.

    Ten files of one picture would say everything ten times ten times.
    """
    pair = {twin_of[candidate.first], twin_of[candidate.second]}
    if candidate.first != candidate.second and len(pair) == 1:
        return True
    return any(
        {twin_of[copy.first], twin_of[copy.second]} == pair
        and {copy.first, copy.second} != {candidate.first, candidate.second}
        for copy in found
    )


def _is_whole(copy: Copy, seen: Sequence[_Seen]) -> bool:
    """Whether it is all of both pictures, in its place."""
    if copy.first == copy.second or copy.shift != (0, 0) or copy.turn:
        return False
    sizes = [np.prod(seen[number].shape) for number in (copy.first, copy.second)]
    return bool(copy.pixels > _WHOLE * min(sizes))


def _notice(copy: Copy, seen: Sequence[_Seen]) -> Notice | None:
    first, second = seen[copy.first], seen[copy.second]
    evidence = (
        f"{1 - copy.left:.0%} of the noise is the same over {copy.pixels} px; two recordings share "
        "none of theirs"
    )
    if _is_whole(copy, seen):
        if None not in (first.exposure, second.exposure) and first.exposure != second.exposure:
            return None  # an imager that adds up one exposure gives one noise to all of its sum
        return Notice(
            "same picture", first.name, copy.box, evidence, second.name, copy.other, copy.turn
        )
    return Notice("repeated", first.name, copy.box, evidence, second.name, copy.other, copy.turn)


def _is_within(candidate: Candidate, copy: Copy) -> bool:
    """Whether a copy that is proved explains a candidate."""
    if (candidate.first, candidate.second) != (copy.first, copy.second):
        return False
    inside = (candidate.places >= copy.box[:2]) & (candidate.places < copy.box[2:])
    return bool(inside.all(axis=1).mean() > _COVERED) and candidate.turn == copy.turn


def _is_same(one: Copy, other: Copy) -> bool:
    pair = (one.first, one.second) == (other.first, other.second)
    return pair and _common(one.box, other.box) > _COVERED


def _common(one: Box, other: Box) -> float:
    height = max(min(one[2], other[2]) - max(one[0], other[0]), 0)
    width = max(min(one[3], other[3]) - max(one[1], other[1]), 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return height * width / max(min(areas), 1)

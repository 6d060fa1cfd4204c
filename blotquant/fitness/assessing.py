"""All checks of a picture, in the order of their weight, and the flags that come of them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import reduce
from operator import or_
from types import MappingProxyType

from ..flags import Flag
from ..model import Blot
from ..reduced import known_reduced, remember_reduced
from .clipping import background_subtracted, clipped
from .display import colour, eight_bit, screenshot
from .finding import Finding
from .histogram import stretched
from .lossy import lossy
from .resizing import resized
from .sample import Sample

__all__ = ["CHECKS", "assess", "judged"]

Check = Callable[[Sample], Finding | None]

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        check.__name__: check
        for check in (
            lossy,
            screenshot,
            background_subtracted,
            stretched,
            clipped,
            resized,
            colour,
            eight_bit,
        )
    }
)
"""Checks by name; each takes a `Sample` and says what it found, or nothing."""

_GRADES = ("unfit", "poor", "note")
_KNOWN: weakref.WeakKeyDictionary[Blot, tuple[Finding, ...]] = weakref.WeakKeyDictionary()


def assess(blot: Blot) -> tuple[Finding, ...]:
    """What was done to a picture before it came here, the gravest first.

    Parameters
    ----------
    blot : Blot

    Returns
    -------
    tuple of Finding
        Empty where nothing speaks against measuring it.
    """
    if blot not in _KNOWN:
        sample = Sample(blot)
        found = [finding for check in CHECKS.values() if (finding := check(sample)) is not None]
        _KNOWN[blot] = tuple(sorted(found, key=lambda one: _GRADES.index(one.grade)))
    return _KNOWN[blot]


def judged(blot: Blot) -> Blot:
    """The picture with the flags of what was found, which every number read from it carries.

    Parameters
    ----------
    blot : Blot
    """
    findings = assess(blot)
    flags = reduce(or_, (finding.flag for finding in findings), Flag.NONE)
    marked = replace(blot, flags=blot.flags | flags)
    _KNOWN[marked] = findings
    remember_reduced(marked, known_reduced(blot))
    return marked

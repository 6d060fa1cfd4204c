"""What a flawed density does to a ratio: it becomes a lower bound, an upper bound, or either."""

from __future__ import annotations

from functools import reduce
from typing import Literal

from blotquant.flags import Flag

__all__ = ["Bound", "bound_of", "inverse", "product"]

Bound = Literal["", "lower bound", "upper bound", "either way"]

# The true density is at least the measured one ...
_TOO_LOW = Flag.SATURATED | Flag.BEYOND_DENSITY_RANGE | Flag.EDGE_CUT
# ... or at most: all that is measured, or part of it, is not the target.
_TOO_HIGH = Flag.BELOW_DETECTION | Flag.CARRY_OVER

_INVERSE: dict[Bound, Bound] = {
    "": "",
    "lower bound": "upper bound",
    "upper bound": "lower bound",
    "either way": "either way",
}


def bound_of(flags: Flag) -> Bound:
    """What a density with these flags is for the true one.

    Examples
    --------
    >>> bound_of(Flag.SATURATED), bound_of(Flag.BELOW_DETECTION), bound_of(Flag.OVERLAP)
    ('lower bound', 'upper bound', '')
    """
    low, high = bool(flags & _TOO_LOW), bool(flags & _TOO_HIGH)
    if low and high:
        return "either way"
    return "lower bound" if low else "upper bound" if high else ""


def inverse(bound: Bound) -> Bound:
    """What one over the value is: a divisor that reads too low makes its ratio read too high."""
    return _INVERSE[bound]


def product(*bounds: Bound) -> Bound:
    """What a product of values is; factors that pull in different ways leave nothing certain.

    Examples
    --------
    >>> product("lower bound", ""), product("lower bound", "upper bound")
    ('lower bound', 'either way')
    """
    return reduce(_both, bounds, "")


def _both(one: Bound, other: Bound) -> Bound:
    if not one or not other:
        return one or other
    return one if one == other else "either way"

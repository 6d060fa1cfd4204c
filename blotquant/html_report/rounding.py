"""Folds and p values as text, rounded so that the text never says more than the number."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Literal

__all__ = ["fold_text", "p_text"]

Towards = Literal["nearest", "up", "down"]

_ROUNDING = {"nearest": ROUND_HALF_EVEN, "up": ROUND_CEILING, "down": ROUND_FLOOR}
_MOST_PLACES = 6
_SMALLEST_P = 0.0001  # Prism writes no smaller one either


def fold_text(value: float, towards: Towards = "nearest", *, apart: bool = False) -> str:
    """Fold change with two decimals, or three figures above 10 and two below 0.1.

    Parameters
    ----------
    value : float
        Above 0.
    towards : {"nearest", "up", "down"}
        Bounds are rounded away from what they bound.
    apart : bool
        Decimals are added until a value that is not 1 is not printed as 1: a limit of an interval
        that leaves out 1 must not seem to touch it.

    Examples
    --------
    >>> fold_text(2.094), fold_text(0.0321), fold_text(12.34), fold_text(0.997, apart=True)
    ('2.09', '0.032', '12.3', '0.997')
    >>> fold_text(0.2951, "up"), fold_text(3.349, "down")
    ('0.30', '3.34')
    """
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "∞"
    places = _places(value)
    text = _rounded(value, places, towards)
    while apart and places < _MOST_PLACES and float(text) == 1 and value != 1:
        places += 1
        text = _rounded(value, places, towards)
    return text


def p_text(p: float, alpha: float = 0.05, *, name: str = "p") -> str:
    """A p value with its name: two or three decimals, never rounded over `alpha` or to 0 or 1.

    Parameters
    ----------
    p : float
    alpha : float
        Level of significance; a p value below it is printed as one below it.
    name : str

    Examples
    --------
    >>> p_text(0.33), p_text(0.0032), p_text(0.00064), p_text(1e-9), p_text(0.999)
    ('p = 0.33', 'p = 0.003', 'p = 0.0006', 'p < 0.0001', 'p > 0.99')
    >>> p_text(0.04997)
    'p = 0.04997'
    """
    if math.isnan(p):
        return f"{name} unknown"
    if p < _SMALLEST_P:
        return f"{name} < 0.0001"
    if p > 0.99:
        return f"{name} > 0.99"
    places = 4 if p < 0.001 else 3 if p < 0.1 else 2
    text = _rounded(p, places, "nearest")
    while (float(text) < alpha) != (p < alpha) and places < 2 * _MOST_PLACES:
        places += 1
        text = _rounded(p, places, "nearest")
    return f"{name} = {text}"


def _places(value: float) -> int:
    """Decimals of a fold."""
    if value <= 0:
        return 2
    power = math.floor(math.log10(value))
    if power < -1:
        return 1 - power
    return max(0, 2 - max(power, 0))


def _rounded(value: float, places: int, towards: Towards) -> str:
    # the shortest decimal that is this float: 0.3 rounded up is 0.30, not 0.31
    exact = Decimal(repr(float(value)))
    return f"{exact.quantize(Decimal(1).scaleb(-places), _ROUNDING[towards]):f}"

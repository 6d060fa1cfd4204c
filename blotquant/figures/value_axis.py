"""The axis that values stand on: its round numbers, from zero or on a log scale."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from blotquant.figures.chart_data import ChartData

__all__ = ["ValueAxis", "value_axis"]

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_INTERVALS = 4
_MOST_TICKS = 6
_PLAIN = (1e-2, 1e4)  # tops outside are written with a power of ten


@dataclass(frozen=True)
class ValueAxis:
    """Ticks of an axis.

    Parameters
    ----------
    ticks : tuple of float
        Ascending; the first and the last are the axis's ends.
    log : bool
    exponent : int
        Power of ten that is written once over the axis.
    """

    ticks: tuple[float, ...]
    log: bool
    exponent: int = 0

    @property
    def texts(self) -> tuple[str, ...]:
        """What stands at the ticks."""
        values = (tick / 10.0**self.exponent for tick in self.ticks)
        return tuple(
            f"{float(f'{value:.6g}'):g}".replace("-", "\N{MINUS SIGN}") for value in values
        )

    def fraction(self, value: float) -> float:
        """How far up the axis a value lies: 0 at its foot, 1 at its top, held to these."""
        low, high = self.ticks[0], self.ticks[-1]
        if self.log:
            if value <= 0:
                return 0.0
            low, high, value = math.log(low), math.log(high), math.log(value)
        return min(max((value - low) / (high - low), 0.0), 1.0)


def value_axis(data: ChartData, *, log: bool) -> ValueAxis:
    """Axis for a target's chart: all replicates, means and error bars lie on it.

    Parameters
    ----------
    data : ChartData
    log : bool
    """
    values = [
        value
        for group in data.groups
        for value in (group.center, group.high, group.low, *(p.value for p in group.points))
        if math.isfinite(value)
    ]
    if log:
        return _log_axis([value for value in values if value > 0])
    centers = [p.value for group in data.groups for p in group.points if math.isfinite(p.value)]
    centers += [group.center for group in data.groups if math.isfinite(group.center)]
    # an error bar that goes below zero tells of the spread's size, not of negative values
    return _linear_axis(min([0.0, *centers]), max([0.0, *values]))


def _linear_axis(low: float, high: float) -> ValueAxis:
    if high <= low:
        high = low + 1.0
    step = _nice((high - low) / _INTERVALS)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(step * index for index in range(first, last + 1))
    top = max(abs(ticks[0]), abs(ticks[-1]))
    plain = _PLAIN[0] <= top < _PLAIN[1]
    return ValueAxis(ticks, False, 0 if plain else math.floor(math.log10(top)))


def _nice(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in _STEPS if power * factor >= step * 0.999)


def _log_axis(values: Iterable[float]) -> ValueAxis:
    """Powers of two, or of ten where the values span more than two decades."""
    known = list(values) or [0.5, 2.0]
    low, high = min(known), max(known)
    base = 10.0 if high / low > 100 else 2.0
    first = math.floor(math.log(low, base) + 1e-9)
    last = max(first + 1, math.ceil(math.log(high, base) - 1e-9))
    step = math.ceil((last - first) / (_MOST_TICKS - 1))
    last = first + step * math.ceil((last - first) / step)
    return ValueAxis(tuple(base**k for k in range(first, last + 1, step)), True)

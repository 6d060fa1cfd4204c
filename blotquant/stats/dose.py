"""Dose series: a four-parameter logistic of log2 densities, EC50 with its profile interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from blotquant.stats.estimates import LEVEL
from blotquant.stats.linear import indicators

__all__ = ["LEAST_DOSES", "DoseFit", "fit_dose", "logistic"]

Floats = NDArray[np.float64]

LEAST_DOSES = 5
"""Different doses that four parameters need."""

# How far beyond the doses tested an EC50 is looked for, in powers of ten.
_BEYOND = 2.0
_HILL = (0.1, 10.0)


@dataclass(frozen=True)
class DoseFit:
    """A fitted dose series; doses in the unit they came in.

    Parameters
    ----------
    ec50, ec50_low, ec50_high : float
        NaN for a limit that the data do not give.
    hill, start, end : float
    residual_sd : float, log2
    p_flat : float
        p value against a response that does not change.
    reached : bool
        Whether the EC50 lies among the doses tested and its interval is bounded on both sides.
    reason : str
    """

    ec50: float
    ec50_low: float
    ec50_high: float
    hill: float
    start: float
    end: float
    residual_sd: float
    p_flat: float
    reached: bool
    reason: str


def logistic(dose: ArrayLike, start: float, end: float, ec50: float, hill: float) -> Floats:
    """Response at a dose: start + (end - start) dose^hill / (ec50^hill + dose^hill)."""
    given = np.asarray(dose, float)
    with np.errstate(divide="ignore"):
        share = scipy.special.expit(hill * (np.log(given) - math.log(ec50)))
    return np.asarray(start + (end - start) * share)


def fit_dose(doses: ArrayLike, values: ArrayLike, blocks: ArrayLike | None = None) -> DoseFit:
    """Fit the four-parameter logistic by least squares of log2.

    Parameters
    ----------
    doses : array, shape (n,)
        0 or more.
    values : array, shape (n,), log2
    blocks : array, shape (n,), optional
        Replicate (or membrane) of each value: a factor common to its values is taken out.

    Notes
    -----
    Residuals are of log2, since densities scatter in proportion. The interval of the EC50 is the
    profile's: those EC50 whose best fit is not worse by more than F(1, df) allows (Bates & Watts
    1988), found on each side on its own. Doses of 0 count as no dose, not as a small one.
    """
    curve = _Curve(np.asarray(doses, float), np.asarray(values, float), blocks)
    place, found = curve.best()
    variance = found / curve.df
    allowed = found + variance * float(scipy.stats.f.isf(1 - LEVEL, 1, curve.df))
    low, high = (curve.crossing(place, edge, allowed) for edge in curve.edges)
    level, step, hill = curve.at(place)[1]
    flat = curve.flat()
    f = max(flat - found, 0) / 3 / variance
    p_flat = float(scipy.stats.f.sf(f, 3, curve.df))
    reason = curve.doubt(place, low, high)
    return DoseFit(
        10**place,
        10**low,
        10**high,
        float(10**hill),
        float(2**level),
        float(2 ** (level + step)),
        math.sqrt(variance),
        p_flat,
        not reason and p_flat < 1 - LEVEL,
        reason or ("" if p_flat < 1 - LEVEL else "the response does not change with the dose"),
    )


class _Curve:
    """Residual sum of squares as a function of log10 EC50, the other parameters at their best."""

    def __init__(self, doses: Floats, values: Floats, blocks: ArrayLike | None) -> None:
        self._doses, self._values = doses, values
        tested = np.log10(doses[doses > 0])
        self.tested = float(tested.min()), float(tested.max())
        self.edges = self.tested[0] - _BEYOND, self.tested[1] + _BEYOND
        self._keep = np.eye(len(doses))
        shared = 0
        if blocks is not None:
            labels = list(np.asarray(blocks))
            each = indicators(labels, list(dict.fromkeys(labels)))
            apart = each[:, 1:] - each[:, :1]
            self._keep -= apart @ np.linalg.pinv(apart)
            shared = apart.shape[1]
        self.df = len(doses) - 4 - shared
        self._starts: list[Floats] = []

    def at(self, place: float) -> tuple[float, Floats]:
        """Least sum of squares with this log10 EC50, and (log2 start, step, log10 hill)."""
        tries = [self._least(place, start) for start in self._beginnings()]
        best = min(tries, key=lambda one: float(one.cost))
        return 2 * float(best.cost), np.asarray(best.x)

    def _least(self, place: float, start: Floats) -> Any:
        return scipy.optimize.least_squares(
            self._residuals,
            start,
            bounds=(
                [-np.inf, -np.inf, math.log10(_HILL[0])],
                [np.inf, np.inf, math.log10(_HILL[1])],
            ),
            args=(place,),
            xtol=1e-10,
            ftol=1e-10,
            gtol=1e-10,
        )

    def _beginnings(self) -> list[Floats]:
        order = np.argsort(self._doses, kind="stable")
        third = max(len(order) // 4, 1)
        level = float(self._values[order[:third]].mean())
        step = float(self._values[order[-third:]].mean()) - level
        return [np.array([level, step, hill]) for hill in (0.0, 0.6)]

    def _residuals(self, free: Floats, place: float) -> Floats:
        level, step, hill = free
        start, end = 2.0**level, 2.0 ** (level + step)
        fitted = np.log2(logistic(self._doses, start, end, 10**place, 10**hill))
        return np.asarray(self._keep @ (self._values - fitted))

    def best(self) -> tuple[float, float]:
        """log10 EC50 of the least sum of squares, and that sum."""
        grid = np.linspace(*self.edges, 25)
        sums = [self.at(float(one))[0] for one in grid]
        middle = int(np.argmin(sums))
        around = float(grid[max(middle - 1, 0)]), float(grid[min(middle + 1, len(grid) - 1)])
        found = scipy.optimize.minimize_scalar(
            lambda place: self.at(place)[0],
            bounds=around,
            method="bounded",
            options={"xatol": 1e-9},
        )
        return float(found.x), float(found.fun)

    def crossing(self, place: float, edge: float, allowed: float) -> float:
        """Where the profile leaves what is allowed on the way to the edge; NaN if it never does."""
        excess: Callable[[float], float] = lambda at: self.at(at)[0] - allowed  # noqa: E731
        inner = place
        for outer in np.linspace(place, edge, 25)[1:]:
            if excess(float(outer)) > 0:
                return float(scipy.optimize.brentq(excess, inner, float(outer), xtol=1e-8))
            inner = float(outer)
        return math.nan

    def flat(self) -> float:
        """Sum of squares of a response that does not change."""
        level = self._keep @ np.ones(len(self._values))
        apart = self._keep @ self._values
        weight = float(level @ level)
        apart = apart - level * (float(level @ apart) / weight)
        return float(apart @ apart)

    def doubt(self, place: float, low: float, high: float) -> str:
        """Why the EC50 was not reached; empty where it was."""
        first, last = (f"{10**one:.4g}" for one in self.tested)
        if place > self.tested[1] or math.isnan(high):
            return f"no plateau up to {last}: the EC50 has no upper limit; test higher doses"
        if place < self.tested[0] or math.isnan(low):
            return f"no start down to {first}: the EC50 has no lower limit; test lower doses"
        return ""

"""Dilution series: how signal follows load, over which range, and down to which amount."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import StudyError

__all__ = ["Linearity", "ModelFit", "ModelName", "combined_loads", "fit_linearity"]

Floats = NDArray[np.float64]
ModelName = Literal["proportional", "line", "hyperbola"]

# Loads are pipetted no better than this: every density scatters at least by this share of itself.
_PIPETTING = 0.05
# A level belongs to the linear range where its mean is within this share of the straight line.
_TOLERANCE = 0.15
# Levels that a linear range needs.
_FEWEST_LEVELS = 3
# A model with more parameters must be better by so much (Burnham and Anderson: "substantial").
_CLEARLY = 2.0


@dataclass(frozen=True, eq=False)
class ModelFit:
    """One model of a dilution series.

    Parameters
    ----------
    name : {"proportional", "line", "hyperbola"}
        ``y = s x``; ``y = a + s x``; ``y = m x / (k + x)``.
    parameters, errors : ndarray
        (s); (a, s); (m, k); and their standard errors.
    aicc : float
        Akaike's criterion, corrected for few values; infinite where there are too few.
    r_squared : float
        Share of the densities' weighted variance that the model explains.
    """

    name: ModelName
    parameters: Floats
    errors: Floats
    aicc: float
    r_squared: float

    def at(self, load: Floats) -> Floats:
        """Density at given loads."""
        return _MODELS[self.name](self.parameters, np.asarray(load, np.float64))


@dataclass(frozen=True, eq=False)
class Linearity:
    """A dilution series, judged.

    Parameters
    ----------
    load, density : ndarray, shape (N,)
        The series.
    used : ndarray of bool, shape (N,)
        False for values that were left out: saturated, or not detected.
    models : tuple of ModelFit
        Proportional, line, hyperbola.
    best : {"proportional", "line", "hyperbola"}
        The simplest model that no other clearly beats.
    load_range, density_range : (float, float) or None
        Where density follows load in proportion; None where no three levels do.
    lod, loq : float
        Least load that is detected, and that is measured (3.3 and 10 standard deviations of the
        blank); NaN without a slope.
    reason : str
        What limits the range, in one line.
    """

    load: Floats
    density: Floats
    used: NDArray[np.bool_]
    models: tuple[ModelFit, ...]
    best: ModelName
    load_range: tuple[float, float] | None
    density_range: tuple[float, float] | None
    lod: float
    loq: float
    reason: str

    def model(self, name: ModelName) -> ModelFit:
        """A model by its name."""
        return next(model for model in self.models if model.name == name)

    def judge(self, density: float) -> Literal["in", "below", "above", "unknown"]:
        """Where a band's net density lies against the linear range."""
        if self.density_range is None or not math.isfinite(density):
            return "unknown"
        low, high = self.density_range
        return "below" if density < low else "above" if density > high else "in"


def fit_linearity(
    load: Sequence[float] | Floats,
    density: Sequence[float] | Floats,
    error: Sequence[float] | Floats | None = None,
    *,
    usable: Sequence[bool] | NDArray[np.bool_] | None = None,
    blank_error: float | None = None,
) -> Linearity:
    """Judge a dilution series.

    Parameters
    ----------
    load : sequence of float, length N
        Known amounts, any unit, 0 for a blank.
    density : sequence of float, length N
        Net densities.
    error : sequence of float, length N, optional
        Their standard errors.
    usable : sequence of bool, length N, optional
        False for values to leave out: saturated, or not detected.
    blank_error : float, optional
        Standard deviation of the density of no band; that of the values at the lowest load, or
        of the residuals there, when not given.

    Returns
    -------
    Linearity

    Raises
    ------
    StudyError
        If the lengths differ, a load is below 0 or not a number, or fewer than three levels above
        0 are left.

    Notes
    -----
    Least squares with the variance of each value as the sum of its standard error's square and of
    5 % of itself, squared: loads are not pipetted better. The models are compared by AICc (Hurvich
    and Tsai 1989); hyperbola: Butler (2019), BioMed Res. Int. 5214821. LOD and LOQ: ICH Q2(R1),
    3.3 sigma / slope and 10 sigma / slope. The linear range is the longest run of levels, three or
    more, that a line through 0 fits to 15 % at each level: in it a ratio of densities is a ratio
    of amounts.
    """
    x, y, used = _checked(load, density, usable)
    spread = np.zeros(x.size) if error is None else np.nan_to_num(np.asarray(error, np.float64))
    sd = np.hypot(spread, _PIPETTING * np.abs(y))
    sd = np.maximum(sd, 1e-3 * float(np.abs(y[used]).max()) + 1e-30)
    models = tuple(_fit(name, x[used], y[used], sd[used]) for name in _MODELS)
    best = _best(models)
    run = _longest_run(x[used], y[used], sd[used])
    densities = None
    slope = models[0].parameters[0]
    if run is not None:
        inside = used & (x >= run[0]) & (x <= run[1])
        slope = _slope(x[inside], y[inside], sd[inside])
        densities = (float(slope * run[0]), float(slope * run[1]))
    blank = _blank(x, y, spread, used, slope) if blank_error is None else blank_error
    lod, loq = (3.3 * blank / slope, 10 * blank / slope) if slope > 0 else (math.nan, math.nan)
    if run is not None and loq > run[0]:
        run = (min(float(loq), run[1]), run[1])
        densities = (float(slope * run[0]), float(slope * run[1]))
    reason = _reason(x, used, run, best)
    return Linearity(x, y, used, models, best, run, densities, float(lod), float(loq), reason)


def combined_loads(series: Iterable[Linearity]) -> tuple[float, float] | None:
    """Loads at which all of several series, target and loading control, are linear.

    Returns
    -------
    (float, float) or None
        None where there are no such loads, or one of the series has no linear range.
    """
    ranges = [one.load_range for one in series]
    if not ranges or any(span is None for span in ranges):
        return None
    known = [span for span in ranges if span is not None]
    low, high = max(span[0] for span in known), min(span[1] for span in known)
    return (low, high) if low < high else None


def _checked(
    load: Sequence[float] | Floats,
    density: Sequence[float] | Floats,
    usable: Sequence[bool] | NDArray[np.bool_] | None,
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    x, y = np.asarray(load, np.float64), np.asarray(density, np.float64)
    used = np.ones(x.shape, bool) if usable is None else np.asarray(usable, bool)
    if x.ndim != 1 or x.shape != y.shape or used.shape != x.shape:
        raise StudyError("dilution series: loads and densities must be of one length")
    if not np.isfinite(x).all() or (x < 0).any():
        raise StudyError("dilution series: every load must be a number, 0 or above")
    used = used & np.isfinite(y)
    levels = np.unique(x[used & (x > 0)])
    if levels.size < _FEWEST_LEVELS:
        raise StudyError(
            f"dilution series: {levels.size} loads above 0 have a band that can be used; three "
            "or more are needed, each at another load"
        )
    return x, y, used


def _proportional(p: Floats, x: Floats) -> Floats:
    return np.asarray(p[0] * x)


def _line(p: Floats, x: Floats) -> Floats:
    return np.asarray(p[0] + p[1] * x)


def _hyperbola(p: Floats, x: Floats) -> Floats:
    return np.asarray(p[0] * x / (p[1] + x))


_MODELS: dict[ModelName, Callable[[Floats, Floats], Floats]] = {
    "proportional": _proportional,
    "line": _line,
    "hyperbola": _hyperbola,
}


def _fit(name: ModelName, x: Floats, y: Floats, sd: Floats) -> ModelFit:
    if name == "hyperbola":
        return _fit_hyperbola(x, y, sd)
    columns = [x] if name == "proportional" else [np.ones_like(x), x]
    design: Floats = np.stack(columns, axis=1) / sd[:, None]
    parameters = np.asarray(np.linalg.lstsq(design, y / sd, rcond=None)[0], np.float64)
    return _described(name, parameters, design, (x, y, sd))


def _fit_hyperbola(x: Floats, y: Floats, sd: Floats) -> ModelFit:
    """Hyperbola through 0; one that bends upwards is none, and is left as a line."""
    from scipy.optimize import least_squares

    slope = _slope(x, y, sd)
    top = float(x.max())

    def misfit(p: Floats) -> Floats:
        k = math.exp(p[1])
        return np.asarray((y - p[0] * top * x * (1 + k / top) / (k + x)) / sd)

    # slope at the highest load and log k: nearly independent; k up to 100 times the highest load
    bounds = ([0.0, math.log(1e-3 * top)], [np.inf, math.log(100 * top)])
    start = [max(slope, 1e-30), math.log(2 * top)]
    # density at the highest load in units of slope * top
    fit = least_squares(misfit, start, bounds=bounds, x_scale=[max(slope, 1e-30), 1.0])
    k = math.exp(fit.x[1])
    parameters = np.array([fit.x[0] * top * (1 + k / top), k])
    by_m, by_k = x / (k + x), -parameters[0] * x / (k + x) ** 2
    design = np.stack([by_m, by_k], axis=1) / sd[:, None]
    return _described("hyperbola", parameters, design, (x, y, sd))


def _described(
    name: ModelName, parameters: Floats, design: Floats, data: tuple[Floats, Floats, Floats]
) -> ModelFit:
    x, y, sd = data
    n, k = x.size, parameters.size
    rest = (y - _MODELS[name](parameters, x)) / sd
    chi_square = float(rest @ rest)
    mean = float((y / sd**2).sum() / (1 / sd**2).sum())
    whole = float((((y - mean) / sd) ** 2).sum())
    variance = np.linalg.pinv(design.T @ design) * max(chi_square / max(n - k, 1), 1.0)
    count = k + 1
    room = n - count - 1
    criterion = math.inf
    if room > 0:
        criterion = (
            n * math.log(max(chi_square, 1e-9) / n) + 2 * count + 2 * count * (count + 1) / room
        )
    return ModelFit(
        name,
        parameters,
        np.sqrt(np.maximum(np.diag(variance), 0.0)),
        criterion,
        1.0 - chi_square / whole if whole > 0 else math.nan,
    )


def _best(models: tuple[ModelFit, ...]) -> ModelName:
    """Least criterion; proportionality unless another is clearly better."""
    least = min(models, key=lambda model: model.aicc)
    return models[0].name if models[0].aicc - least.aicc <= _CLEARLY else least.name


def _slope(x: Floats, y: Floats, sd: Floats) -> float:
    """Of the line through 0."""
    return float((x * y / sd**2).sum() / max(float((x * x / sd**2).sum()), 1e-300))


def _longest_run(x: Floats, y: Floats, sd: Floats) -> tuple[float, float] | None:
    """Lowest and highest load of the longest run of levels in proportion; the widest of equals."""
    levels = np.unique(x[x > 0])
    best: tuple[int, float, float, float] | None = None
    for first in range(levels.size - _FEWEST_LEVELS + 1):
        for last in range(first + _FEWEST_LEVELS - 1, levels.size):
            inside = (x >= levels[first]) & (x <= levels[last])
            slope = _slope(x[inside], y[inside], sd[inside])
            if slope <= 0 or not _in_proportion(x, y, levels[first : last + 1], slope):
                continue
            width = float(levels[last] / levels[first])
            found = (last - first + 1, width, float(levels[first]), float(levels[last]))
            best = found if best is None else max(best, found)
    return None if best is None else (best[2], best[3])


def _in_proportion(x: Floats, y: Floats, levels: Floats, slope: float) -> bool:
    means = np.array([float(y[x == level].mean()) for level in levels])
    return bool((np.abs(means / (slope * levels) - 1) <= _TOLERANCE).all())


def _blank(x: Floats, y: Floats, spread: Floats, used: NDArray[np.bool_], slope: float) -> float:
    """Standard deviation of the density of no band, from what there is nearest to it."""
    blanks = y[x == 0]
    if blanks.size >= 3:
        return float(blanks.std(ddof=1))
    lowest = float(x[used & (x > 0)].min())
    there = used & (x == lowest)
    if (spread[there] > 0).any():
        return float(np.median(spread[there & (spread > 0)]))
    if there.sum() >= 3:
        return float(y[there].std(ddof=1))
    return float(np.abs(y[there] - slope * lowest).max())


def _reason(
    x: Floats, used: NDArray[np.bool_], run: tuple[float, float] | None, best: ModelName
) -> str:
    if run is None:
        return "no three loads in a row give densities in proportion within 15 %"
    shape = {
        "proportional": "density follows load in proportion",
        "line": "density follows load with an intercept",
        "hyperbola": "density bends off at high load",
    }[best]
    highest = float(x[x > 0].max())
    parts = [shape]
    if not used[x == highest].any():
        parts.append("the highest load cannot be used")
    elif run[1] < highest:
        parts.append(f"above {run[1]:g} it is off by more than 15 %")
    return "; ".join(parts)

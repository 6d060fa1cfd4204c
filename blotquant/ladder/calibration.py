"""From place to molecular weight: log-linear, local Southern, or a monotone curve; with error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["METHODS", "Calibration", "Method", "calibrate"]

Floats = NDArray[np.float64]
Method = Literal["log_linear", "southern", "spline"]
# (places, log10 sizes) of the ladder, places asked for -> log10 sizes
_Curve = Callable[[Floats, Floats, Floats], Floats]

# Beyond the ladder's ends by more than this share of its length no size is given.
_BEYOND = 0.15
# A band's place is read no better than this share of the ladder's length.
_PLACE_ERROR = 0.002


@dataclass(frozen=True, eq=False)
class Calibration:
    """A ladder lane's curve.

    Parameters
    ----------
    place : ndarray, shape (N,)
        Places of the ladder's bands, from the well down, in any unit.
    kda : ndarray, shape (N,)
        Their sizes.
    method : {"log_linear", "southern", "spline"}
    scatter : float
        Standard deviation of log10 size between two bands of the ladder: what each band is off by
        when the others alone say its size.
    """

    place: Floats
    kda: Floats
    method: Method
    scatter: float

    def kda_at(self, place: Floats) -> tuple[Floats, Floats]:
        """Molecular weight and its standard error, kDa.

        Parameters
        ----------
        place : ndarray, shape (M,)

        Returns
        -------
        kda, error : ndarray, shape (M,)
            NaN further beyond the ladder's ends than 15 % of its length. Beyond the ends the
            error grows with the distance.
        """
        place = np.asarray(place, np.float64)
        log_size = _log_size(self.method, self.place, np.log10(self.kda), place)
        length = float(np.ptp(self.place))
        beyond = np.maximum(np.maximum(self.place[0] - place, place - self.place[-1]), 0.0) / length
        slope = np.abs(np.gradient(np.log10(self.kda), self.place))
        steep = np.interp(place, self.place, slope) * length
        error = np.hypot(self.scatter, _PLACE_ERROR * steep) * (1.0 + 10.0 * beyond)
        kda = np.where(beyond <= _BEYOND, 10.0**log_size, np.nan)
        return kda, kda * np.log(10.0) * error


def calibrate(place: Floats, kda: Floats, method: Method = "southern") -> Calibration:
    """Curve through a ladder's bands.

    Parameters
    ----------
    place : ndarray, shape (N,)
        Relative front or row, strictly increasing; three or more.
    kda : ndarray, shape (N,)
        Sizes, strictly decreasing.
    method : {"log_linear", "southern", "spline"}

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        With fewer than three bands, or sizes that do not fall with the place.
    """
    place, kda = np.asarray(place, np.float64), np.asarray(kda, np.float64)
    if place.size < 3 or (np.diff(place) <= 0).any() or (np.diff(kda) >= 0).any():
        raise ValueError("a ladder needs three bands or more, whose sizes fall from the well down")
    log_size = np.log10(kda)
    if method == "log_linear":
        slope, level = np.polyfit(place, log_size, 1)
        rest = log_size - (level + slope * place)
        scatter = float(np.sqrt(rest @ rest / max(place.size - 2, 1)))
    else:
        off = [_left_out(method, place, log_size, k) for k in range(1, place.size - 1)]
        # over twice the distance between bands a curve is off by twice as much or more
        scatter = float(np.sqrt(np.mean(np.square(off)))) / 2.0
    return Calibration(place, kda, method, scatter)


def _left_out(method: Method, place: Floats, log_size: Floats, k: int) -> float:
    """How far the others are off the size of band k."""
    kept = np.arange(place.size) != k
    if kept.sum() < 3:
        middle = np.interp(place[k], place[kept], log_size[kept])
        return float(middle - log_size[k])
    said = _log_size(method, place[kept], log_size[kept], place[[k]])
    return float(said[0] - log_size[k])


def _log_size(method: Method, place: Floats, log_size: Floats, at: Floats) -> Floats:
    return METHODS[method](place, log_size, at)


def _log_linear(place: Floats, log_size: Floats, at: Floats) -> Floats:
    """Straight line of least squares through log size (Weber and Osborn 1969, JBC 244:4406)."""
    slope, level = np.polyfit(place, log_size, 1)
    return np.asarray(level + slope * at)


def _southern(place: Floats, log_size: Floats, at: Floats) -> Floats:
    """Local Southern: mean of two hyperbolas, each through three neighbouring bands.

    Southern (1979), Anal. Biochem. 100:319; local by Elder and Southern (1983), ibid. 128:227:
    the three are two above and one below, and one above and two below. At the ends the outermost
    three alone. The hyperbola is size = c / (place - p0) + s0.
    """
    size = 10.0**log_size
    last = place.size - 3
    upper = np.clip(np.searchsorted(place, at) - 2, 0, last)
    lower = np.clip(upper + 1, 0, last)
    lower = np.where(np.searchsorted(place, at) < 2, upper, lower)
    values = np.stack(
        [_hyperbola(place, size, log_size, first, at) for first in (upper, lower)], axis=0
    )
    return np.asarray(np.log10(values).mean(axis=0))


def _hyperbola(
    place: Floats, size: Floats, log_size: Floats, first: NDArray[np.intp], at: Floats
) -> Floats:
    """Size at each place on the hyperbola through three bands, or on their log parabola.

    The parabola stands in where the hyperbola has its pole near.
    """
    x = np.stack([place[first + k] for k in range(3)])
    y = np.stack([size[first + k] for k in range(3)])
    # (y - s0) (x - p0) = c through three points: linear in s0 x + p0 y - q = x y
    d1, d2 = x[1] - x[0], x[2] - x[1]
    e1, e2 = y[1] - y[0], y[2] - y[1]
    f1, f2 = x[1] * y[1] - x[0] * y[0], x[2] * y[2] - x[1] * y[1]
    det = d1 * e2 - d2 * e1
    safe = np.where(np.abs(det) > 1e-12, det, 1.0)
    s0 = (f1 * e2 - f2 * e1) / safe
    p0 = (d1 * f2 - d2 * f1) / safe
    c = (x[0] - p0) * (y[0] - s0)
    value = s0 + c / np.where(np.abs(at - p0) > 1e-12, at - p0, 1e-12)
    # the branch must be the one the three bands are on, and fall
    sound = (np.abs(det) > 1e-12) & ((at - p0) * (x[1] - p0) > 0) & (value > 0)
    sound &= (x[0] - p0) * (x[2] - p0) > 0
    parabola = _parabola(x, np.stack([log_size[first + k] for k in range(3)]), at)
    return np.where(sound, value, 10.0**parabola)


def _parabola(x: Floats, y: Floats, at: Floats) -> Floats:
    total = np.zeros(at.shape)
    for k in range(3):
        a, b = (k + 1) % 3, (k + 2) % 3
        total = total + y[k] * (at - x[a]) * (at - x[b]) / ((x[k] - x[a]) * (x[k] - x[b]))
    return total


def _spline(place: Floats, log_size: Floats, at: Floats) -> Floats:
    """Monotone cubic through log size (Fritsch and Carlson 1980), straight on beyond the ends."""
    from scipy.interpolate import PchipInterpolator

    curve = PchipInterpolator(place, log_size)
    inside = np.clip(at, place[0], place[-1])
    ends = (
        (log_size[1] - log_size[0]) / (place[1] - place[0]),
        (log_size[-1] - log_size[-2]) / (place[-1] - place[-2]),
    )
    beyond = np.where(at < place[0], (at - place[0]) * ends[0], 0.0)
    beyond = beyond + np.where(at > place[-1], (at - place[-1]) * ends[1], 0.0)
    return np.asarray(curve(inside) + beyond)


METHODS: dict[Method, _Curve] = {
    "log_linear": _log_linear,
    "southern": _southern,
    "spline": _spline,
}

"""Sums of bands of one shape fitted to many stretches of profile at once, by least squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .peak_shapes import LARGEST_SKEWNESS, Densities, exponential_gaussian

__all__ = ["PeakModel", "Solution", "Stretch"]

ShapeName = Literal["gaussian", "exponential"]

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

# Bands side by side in a lane are alike in thickness within this share of it.
_WIDTH_SPREAD = 0.08
# Shapes of real bands depart from every formula by about this share of their height.
SHAPE_ERROR = 0.005
# A skewness beyond this is unusual: the fit leans towards less. Bands side by side share most.
_SKEWNESS_SPREAD, _OWN_SKEWNESS = 0.3, 0.1
_MOST_STEPS = 100
_CLOSE = 3e-4  # of the objective: a step that gains less is the last
_LEAST_DAMPING, _MOST_DAMPING = 1e-9, 1e8


@dataclass(frozen=True, eq=False)
class Stretch:
    """Part of a profile with its baseline taken off.

    Parameters
    ----------
    position : ndarray, shape (N,)
        Rows.
    above : ndarray, shape (N,)
        Signal summed across the lane, above the baseline, a.u. x px.
    variance : ndarray, shape (N,)
        Noise variance of `above`.
    level_sd : float
        Standard deviation of the baseline under it: the fit may move the baseline so far.
    used : ndarray of bool, shape (N,), optional
        Rows to fit; all of them when not given.
    """

    position: Floats
    above: Floats
    variance: Floats
    level_sd: float
    used: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Solution:
    """Parameters of least cost of each stretch, the normal matrices there, and the residuals.

    Parameters
    ----------
    theta : ndarray, shape (B, P)
    normal : ndarray, shape (B, P, P)
        With the prior.
    residual : ndarray, shape (B, N)
        In standard deviations; 0 in rows that are not fitted.
    cost : ndarray, shape (B,)
        Square of the residuals, and of the parameters in units of their prior.
    """

    theta: Floats
    normal: Floats
    residual: Floats
    cost: Floats


class PeakModel:
    """Stretches in one array, each scaled to height 1, and the model of `count` bands in each.

    Parameters of a stretch: centres; log of the common sigma, and each band's departure from it;
    the common skewness, and each band's departure; areas; level and slope that the baseline is off.
    What does not apply (departures of a lone band, skewness of a Gaussian) is not there.
    """

    def __init__(self, stretches: Sequence[Stretch], shape: ShapeName, count: int) -> None:
        self.name, self.count = shape, count
        self.scale = np.array([float(s.above.max()) for s in stretches])
        size = max(s.position.size for s in stretches)
        self.x, self.y, variance, used = np.zeros((4, len(stretches), size))
        for b, stretch in enumerate(stretches):
            n = stretch.position.size
            self.x[b, :n], self.x[b, n:] = stretch.position, stretch.position[-1]
            self.y[b, :n], variance[b, :n] = stretch.above, stretch.variance
            used[b, :n] = 1.0 if stretch.used is None else stretch.used
        self.y /= self.scale[:, None]
        shape_error = SHAPE_ERROR * np.maximum(self.y, 0.0)
        sd = np.sqrt(variance / self.scale[:, None] ** 2 + shape_error**2 + 1e-18)
        self.weight = used / sd  # inverse of the standard deviation
        fitted = self.weight > 0
        self.rows = fitted.sum(axis=1)
        self.first = np.where(fitted, self.x, np.inf).min(axis=1)
        self.last = np.where(fitted, self.x, -np.inf).max(axis=1)
        self.half = np.maximum((self.last - self.first) / 2, 1.0)
        total = np.maximum(self.rows, 1)
        self.middle = np.where(fitted, self.x, 0.0).sum(axis=1) / total
        self.tilt = (self.x - self.middle[:, None]) / self.half[:, None]
        self._arrange()
        level = np.array([s.level_sd for s in stretches]) / self.scale
        self.prior = np.zeros((len(stretches), self.size))
        self.prior[:, self.at_ratio] = 1 / _WIDTH_SPREAD**2
        self.prior[:, self.at_skew] = 1 / _SKEWNESS_SPREAD**2
        self.prior[:, self.at_own_skew] = 1 / _OWN_SKEWNESS**2
        self.prior[:, self.at_level] = 1 / np.maximum(level, 1e-9)[:, None] ** 2

    def _arrange(self) -> None:
        """Where each parameter is, and how far one step may take it."""
        k, several, skewed = self.count, self.count > 1, self.name != "gaussian"
        lengths = [k, 1, k * several, int(skewed), k * (several and skewed), k, 2]
        ends = np.cumsum(lengths).tolist()
        places = [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]
        self.at_center, self.at_sigma, self.at_ratio = places[:3]
        self.at_skew, self.at_own_skew, self.at_area, self.at_level = places[3:]
        self.size = ends[-1]
        self.most_step = np.full(self.size, np.inf)
        self.most_step[self.at_sigma] = 0.5
        self.most_step[self.at_ratio] = self.most_step[self.at_skew] = 0.3
        self.most_step[self.at_own_skew] = 0.3
        # parameters that the data decide: what a criterion counts
        self.n_free = 2 * k + 1 + int(skewed)
        self.freedom = np.maximum(self.rows - self.n_free - 2, 1)

    def sigmas(self, theta: Floats) -> Floats:
        """Standard deviations, shape (B, K)."""
        common = theta[:, self.at_sigma]
        own = theta[:, self.at_ratio] if self.count > 1 else 0.0
        return np.asarray(np.exp(common + own))

    def skews(self, theta: Floats) -> Floats:
        """Skewnesses, shape (B, K)."""
        if self.name == "gaussian":
            return np.zeros((len(theta), self.count))
        own = theta[:, self.at_own_skew] if self.count > 1 else 0.0
        skewness = theta[:, self.at_skew] + own
        return _within(skewness, LARGEST_SKEWNESS)

    def densities(self, theta: Floats, x: Floats) -> Densities:
        """Each band's shape and its derivatives, shape (B, K, N)."""
        s = x[:, None, :] - theta[:, self.at_center, None]
        flat = exponential_gaussian(
            s.reshape(-1, x.shape[1]), self.sigmas(theta).ravel(), self.skews(theta).ravel()
        )
        density, by_mean, by_log_sd, by_skewness = (part.reshape(s.shape) for part in flat)
        return density, by_mean, by_log_sd, by_skewness

    def start(self, centers: Floats, sigmas: Floats, skews: Floats) -> Floats:
        """First parameters, with the areas that fit best for them."""
        theta = np.zeros((len(self.x), self.size))
        theta[:, self.at_center] = centers
        theta[:, self.at_sigma] = np.log(sigmas)[:, None]
        theta[:, self.at_skew] = skews[:, None]
        density = self.densities(theta, self.x)[0] * self.weight[:, None]
        gram = density @ density.transpose(0, 2, 1)
        k = np.arange(self.count)
        gram[:, k, k] = gram[:, k, k] * (1.0 + 1e-6) + 1e-12
        right = density @ (self.y * self.weight)[:, :, None]
        areas = np.linalg.solve(gram, right)[:, :, 0]
        fitted = np.where(self.weight > 0, self.y, 0.0)
        whole = np.maximum(fitted.sum(axis=1), 1e-9)
        theta[:, self.at_area] = np.maximum(areas, 0.02 * whole[:, None] / self.count)
        return theta

    def minimised(self, theta: Floats, enough: float = 0.0) -> Solution:
        """Parameters of least cost, or of a mean square of the residuals that is `enough`.

        Notes
        -----
        Levenberg and Marquardt's method (Marquardt 1963, J. SIAM 11:431), each stretch with a
        damping of its own; a stretch that has come to rest is left alone.
        """
        theta = theta.copy()
        going = np.arange(len(theta))
        damping = np.full(len(theta), 1e-2)
        residual, normal, gradient = self._evaluate(going, theta)
        cost = self._cost(going, theta, residual)
        least = enough * self.freedom
        for _ in range(_MOST_STEPS):
            step = _solved(normal[going], gradient[going], damping[going])
            tried = self._bounded(theta[going], step)
            residual_there, normal_there, gradient_there = self._evaluate(going, tried)
            cost_there = self._cost(going, tried, residual_there)
            better = cost_there < cost[going]
            won = going[better]
            gain = np.where(better, cost[going] - cost_there, np.inf)
            theta[won], cost[won], residual[won] = (
                tried[better],
                cost_there[better],
                residual_there[better],
            )
            normal[won], gradient[won] = normal_there[better], gradient_there[better]
            damping[going] *= np.where(better, 0.2, 8.0)
            damping = np.maximum(damping, _LEAST_DAMPING)
            at_rest = (gain < _CLOSE * np.maximum(cost[going], 1.0)) | (cost[going] < least[going])
            going = going[~at_rest & (damping[going] <= _MOST_DAMPING)]
            if going.size == 0:
                break
        return Solution(theta, normal, residual, cost)

    def _evaluate(self, of: Places, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """Residuals, normal matrix and downhill gradient of the stretches `of`."""
        weight, tilt = self.weight[of], self.tilt[of]
        density, by_center, by_sigma, by_skew = self.densities(theta, self.x[of])
        area = theta[:, self.at_area]
        level = theta[:, self.at_level]
        fit = (area[:, None] @ density)[:, 0] + level[:, :1] + level[:, 1:] * tilt
        residual = (self.y[of] - fit) * weight
        jacobian = np.empty((len(of), self.size, self.x.shape[1]))
        area = area[:, :, None]
        np.multiply(by_center, area, out=jacobian[:, self.at_center])
        by_sigma = by_sigma * area
        jacobian[:, self.at_sigma] = by_sigma.sum(axis=1, keepdims=True)
        if self.count > 1:
            jacobian[:, self.at_ratio] = by_sigma
        if self.name != "gaussian":
            by_skew = by_skew * area
            held = self._held(theta, by_skew, residual * weight)
            by_skew[held] = 0.0
            jacobian[:, self.at_skew] = by_skew.sum(axis=1, keepdims=True)
            if self.count > 1:
                jacobian[:, self.at_own_skew] = by_skew
        jacobian[:, self.at_area] = density
        jacobian[:, self.at_level.start] = 1.0
        jacobian[:, self.at_level.start + 1] = tilt
        jacobian *= weight[:, None]
        normal = jacobian @ jacobian.transpose(0, 2, 1)
        k = np.arange(self.size)
        normal[:, k, k] += self.prior[of]
        gradient = (jacobian @ residual[:, :, None])[:, :, 0] - self.prior[of] * theta
        if self.name != "gaussian":
            gradient[held.all(axis=1), self.at_skew] = 0.0
            if self.count > 1:
                gradient[:, self.at_own_skew][held] = 0.0
        return residual, normal, gradient

    def _held(self, theta: Floats, by_skew: Floats, pull: Floats) -> NDArray[np.bool_]:
        """Bands, shape (B, K), of the largest skewness which the profile would still have larger.

        There the skewness is no parameter any more: a step that counts on it would go astray.
        """
        skewness = self.skews(theta)
        outwards = (by_skew @ pull[:, :, None])[:, :, 0] * skewness > 0
        return np.asarray(outwards & (np.abs(skewness) >= LARGEST_SKEWNESS))

    def _cost(self, of: Places, theta: Floats, residual: Floats) -> Floats:
        square = np.einsum("bn,bn->b", residual, residual)
        return np.asarray(square + np.einsum("bp,bp->b", self.prior[of], theta * theta))

    def _bounded(self, theta: Floats, step: Floats) -> Floats:
        """Parameters after a step that no centre, thickness or skewness takes too far."""
        most = np.broadcast_to(self.most_step, step.shape).copy()
        most[:, self.at_center] = np.exp(theta[:, self.at_sigma])
        tried = theta + _within(step, most)
        # a band's area may shrink but not change its sign on the way
        least = 0.1 * theta[:, self.at_area]
        np.maximum(tried[:, self.at_area], least, out=tried[:, self.at_area])
        common = _within(tried[:, self.at_skew], LARGEST_SKEWNESS)
        tried[:, self.at_own_skew] += common
        tried[:, self.at_own_skew] = _within(tried[:, self.at_own_skew], LARGEST_SKEWNESS) - common
        tried[:, self.at_skew] = common
        return np.asarray(tried)


def _within(values: Floats, most: Floats | float) -> Floats:
    """Values no further from 0 than allowed; `numpy.clip` takes three times as long over a few."""
    return np.asarray(np.minimum(np.maximum(values, np.negative(most)), most))


def _solved(normal: Floats, gradient: Floats, damping: Floats) -> Floats:
    k = np.arange(normal.shape[1])
    normal[:, k, k] = normal[:, k, k] * (1.0 + damping[:, None]) + 1e-12
    step = np.linalg.solve(normal, gradient[:, :, None])[:, :, 0]
    return np.asarray(np.where(np.isfinite(step), step, 0.0), np.float64)

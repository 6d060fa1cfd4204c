"""Fit of a sum of bands of one shape to a stretch of a lane's profile: areas with covariance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

from .peak_shapes import LARGEST_SKEWNESS, Densities, exponential_gaussian

__all__ = ["PeakFit", "ShapeName", "Stretch", "fit_peaks"]

ShapeName = Literal["gaussian", "exponential"]

Floats = NDArray[np.float64]

# Bands side by side in a lane are alike in thickness within this share of it.
_WIDTH_SPREAD = 0.08
# Shapes of real bands depart from every formula by about this share of their height.
SHAPE_ERROR = 0.005
# A skewness beyond this is unusual: the fit leans towards less. Bands side by side share most.
_SKEWNESS_SPREAD, _OWN_SKEWNESS = 0.3, 0.1
# Residuals smaller than the noise expected are believed to this share of the variance.
_LEAST_MISFIT = 0.3
_MOST_STEPS = 300
_CLOSE = 3e-4  # of the objective: a step that gains less is the last


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
class PeakFit:
    """Bands fitted to a stretch.

    Parameters
    ----------
    shape : {"gaussian", "exponential"}
    centers, sigmas : ndarray, shape (K,)
        Px; as in `blotquant.peak_shapes`.
    skews : ndarray, shape (K,)
    areas : ndarray, shape (K,)
        Net density of each band, a.u. x px.
    covariance : ndarray, shape (K, K)
        Of the areas.
    position : ndarray, shape (N,)
    curves : ndarray, shape (K, N)
        Each band's profile.
    level : ndarray, shape (N,)
        What the fit adds to the baseline.
    misfit : float
        Root mean square of the residuals over their expected size.
    unexplained : float
        Root mean square of the residuals over the highest point of the fit.
    aicc : float
        Akaike's criterion, corrected for few rows; compares fits of one stretch.
    """

    shape: ShapeName
    centers: Floats
    sigmas: Floats
    skews: Floats
    areas: Floats
    covariance: Floats
    position: Floats
    curves: Floats
    level: Floats
    misfit: float
    unexplained: float
    aicc: float

    @property
    def errors(self) -> Floats:
        """Standard error of each area, shape (K,)."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    @property
    def total(self) -> Floats:
        """All bands and the level together, shape (N,)."""
        return np.asarray(self.curves.sum(axis=0) + self.level)

    @property
    def summits(self) -> Floats:
        """Row where each band is highest, shape (K,)."""
        return np.asarray(self.position[np.argmax(self.curves, axis=1)])


class _Model:
    """Residuals and Jacobian; parameters: centres, log sigma, K log ratios, skew, areas, level."""

    def __init__(self, stretch: Stretch, shape: ShapeName, count: int, scale: float) -> None:
        used = stretch.used if stretch.used is not None else np.ones(stretch.position.size, bool)
        self.x = stretch.position[used]
        self.y = stretch.above[used] / scale
        noise = stretch.variance[used] / scale**2
        self.sd = np.sqrt(noise + (SHAPE_ERROR * np.maximum(self.y, 0.0)) ** 2 + 1e-18)
        self.name, self.count = shape, count
        half = max(float(np.ptp(self.x)) / 2, 1.0)
        self.tilt = (self.x - self.x.mean()) / half
        k = count
        self.at_sigma, self.at_ratio = k, slice(k + 1, 2 * k + 1)
        self.at_skew, self.at_own_skew = 2 * k + 1, slice(2 * k + 2, 3 * k + 2)
        self.at_area, self.at_level = slice(3 * k + 2, 4 * k + 2), slice(4 * k + 2, 4 * k + 4)
        self.size = 4 * k + 4
        level = max(stretch.level_sd / scale, 1e-9)
        self.prior = np.zeros(self.size)
        self.prior[self.at_ratio] = 1 / _WIDTH_SPREAD**2
        self.prior[self.at_skew] = 1 / _SKEWNESS_SPREAD**2
        self.prior[self.at_own_skew] = 1 / _OWN_SKEWNESS**2
        self.prior[self.at_level] = 1 / level**2
        self.fixed = np.zeros(self.size, bool)
        self.fixed[self.at_skew] = self.fixed[self.at_own_skew] = shape == "gaussian"
        if count == 1:
            self.fixed[self.at_ratio] = self.fixed[self.at_own_skew] = True
        self.any_fixed = bool(self.fixed.any())
        self.moving = np.outer(~self.fixed, ~self.fixed).astype(np.float64)
        self.most_step = np.full(self.size, np.inf)
        self.most_step[self.at_sigma] = 0.5
        self.most_step[self.at_ratio] = self.most_step[self.at_skew] = 0.3
        self.most_step[self.at_own_skew] = 0.3
        # parameters that the data decide: what the criterion counts
        self.n_free = 3 * k - (k - 1) + (shape != "gaussian")

    def sigmas(self, theta: Floats) -> Floats:
        return np.asarray(np.exp(theta[self.at_sigma] + theta[self.at_ratio]))

    def skews(self, theta: Floats) -> Floats:
        skewness = theta[self.at_skew] + theta[self.at_own_skew]
        held = np.minimum(np.maximum(skewness, -LARGEST_SKEWNESS), LARGEST_SKEWNESS)
        return np.asarray(held)

    def densities(self, theta: Floats, x: Floats) -> Densities:
        s = x - theta[: self.count, None]
        return exponential_gaussian(s, self.sigmas(theta), self.skews(theta))

    def evaluate(self, theta: Floats) -> tuple[Floats, Floats]:
        """Weighted residuals, and their Jacobian by the parameters (of the model, weighted)."""
        density, by_center, by_sigma, by_skew = self.densities(theta, self.x)
        area = theta[self.at_area]
        level = theta[self.at_level]
        fit = area @ density + level[0] + level[1] * self.tilt
        jacobian = np.empty((self.size, self.x.size))
        np.multiply(by_center, area[:, None], out=jacobian[: self.count])
        np.multiply(by_sigma, area[:, None], out=jacobian[self.at_ratio])
        np.multiply(by_skew, area[:, None], out=jacobian[self.at_own_skew])
        jacobian[self.at_sigma] = jacobian[self.at_ratio].sum(axis=0)
        jacobian[self.at_skew] = jacobian[self.at_own_skew].sum(axis=0)
        jacobian[self.at_area] = density
        jacobian[self.at_level] = 1.0
        jacobian[self.at_level.stop - 1] = self.tilt
        jacobian /= self.sd
        return (self.y - fit) / self.sd, jacobian

    def cost(self, residual: Floats, theta: Floats) -> float:
        return float(residual @ residual + self.prior @ (theta * theta))


def fit_peaks(
    stretch: Stretch, shape: ShapeName, centers: Floats, sigma: float, skew: float = 0.0
) -> PeakFit | None:
    r"""Fit bands of one shape to a stretch of profile.

    Parameters
    ----------
    stretch : Stretch
    shape : {"gaussian", "exponential"}
    centers : ndarray, shape (K,)
        Where the bands are, about.
    sigma : float
        How thick they are, about, px.
    skew : float
        Where to start from.

    Returns
    -------
    PeakFit or None
        None where there are too few rows, where the fit does not converge to bands inside the
        stretch, or where a band comes out negative.

    Notes
    -----
    Levenberg and Marquardt's method (Marquardt 1963, J. SIAM 11:431) on centres, one log sigma,
    each band's departure from it (a normal prior of standard deviation 0.08 around 0: bands side by
    side are alike), one skew, areas, and a straight line that the baseline may be off (prior: the
    baseline's own error). Weights: noise, and `SHAPE_ERROR` of the profile, as no real band has
    the formula's shape. The covariance of the areas is that of the posterior, the noise
    being what the residuals say it is.
    """
    order = np.argsort(centers)
    scale = float(stretch.above.max())
    if scale <= 0:
        return None
    model = _Model(stretch, shape, len(centers), scale)
    if model.x.size < model.n_free + 4:
        return None
    theta = _start(model, np.asarray(centers, np.float64)[order], sigma, skew)
    theta, normal, residual = _minimised(model, theta)
    if not _sound(model, theta, sigma):
        return None
    return _described(stretch, model, theta, normal, residual, scale)


def _start(model: _Model, centers: Floats, sigma: float, skew: float) -> Floats:
    """First parameters, with the areas that fit best for them."""
    theta = np.zeros(model.size)
    theta[: model.count] = centers
    theta[model.at_sigma] = math.log(sigma)
    theta[model.at_skew] = skew
    density = model.densities(theta, model.x)[0] / model.sd
    target = model.y / model.sd
    gram = density @ density.T
    gram.reshape(-1)[:: model.count + 1] *= 1.0 + 1e-6
    areas = np.linalg.solve(gram, density @ target)
    whole = float(max(model.y.sum(), 1e-9))
    theta[model.at_area] = np.maximum(areas, 0.02 * whole / model.count)
    return theta


def _minimised(model: _Model, theta: Floats) -> tuple[Floats, Floats, Floats]:
    """Parameters of least cost, the normal matrix there, and the residuals."""
    damping = 1e-2
    residual, jacobian = model.evaluate(theta)
    cost = model.cost(residual, theta)
    normal = _normal(model, jacobian)
    for _ in range(_MOST_STEPS):
        gradient = jacobian @ residual - model.prior * theta
        gradient[model.fixed] = 0.0
        step = _solved(normal, gradient, damping)
        tried = _bounded(model, theta, step)
        residual_there, jacobian_there = model.evaluate(tried)
        cost_there = model.cost(residual_there, tried)
        if not cost_there < cost:
            damping *= 8.0
            if damping > 1e8:
                break
            continue
        gain = cost - cost_there
        theta, residual, jacobian, cost = tried, residual_there, jacobian_there, cost_there
        normal = _normal(model, jacobian)
        damping = max(damping / 5.0, 1e-9)
        if gain < _CLOSE * max(cost, 1.0):
            break
    return theta, normal, residual


def _normal(model: _Model, jacobian: Floats) -> Floats:
    normal: Floats = jacobian @ jacobian.T
    diagonal = normal.reshape(-1)[:: model.size + 1]
    diagonal += model.prior
    if model.any_fixed:
        normal *= model.moving
        diagonal[model.fixed] = 1.0
    return normal


def _solved(normal: Floats, gradient: Floats, damping: float) -> Floats:
    damped = normal.copy()
    diagonal = damped.reshape(-1)[:: gradient.size + 1]
    diagonal *= 1.0 + damping
    diagonal += 1e-12
    factor, failed = dpotrf(damped)
    if failed:
        return np.zeros(gradient.size)
    step: Floats = dpotrs(factor, gradient)[0]
    return step


def _bounded(model: _Model, theta: Floats, step: Floats) -> Floats:
    """Parameters after a step that no centre, thickness or skew takes too far."""
    k, sigma = model.count, math.exp(theta[model.at_sigma])
    most = model.most_step
    most[:k] = sigma
    tried: Floats = theta + np.minimum(np.maximum(step, -most), most)
    # a band's area may shrink but not change its sign on the way
    areas = theta[model.at_area]
    np.maximum(tried[model.at_area], 0.1 * areas, out=tried[model.at_area])
    return tried


def _sound(model: _Model, theta: Floats, sigma: float) -> bool:
    """Whether the bands lie in the stretch, apart, in order, of a thickness and all above 0."""
    centers, sigmas = theta[: model.count], model.sigmas(theta)
    inside = (centers > model.x[0] - sigmas) & (centers < model.x[-1] + sigmas)
    thick = (sigmas > 0.25 * sigma) & (sigmas < 4.0 * sigma)
    apart = np.diff(centers) > 0.5 * sigmas[1:]
    areas = theta[model.at_area]
    return bool(
        np.isfinite(theta).all()
        and inside.all()
        and thick.all()
        and apart.all()
        and areas.min() > 1e-3 * areas.sum()
    )


def _described(
    stretch: Stretch,
    model: _Model,
    theta: Floats,
    normal: Floats,
    residual: Floats,
    scale: float,
) -> PeakFit | None:
    n, k = model.x.size, model.count
    freedom = max(n - model.n_free - 2, 1)
    square = float(residual @ residual) / freedom
    inverse = _posterior(model, normal, max(square, _LEAST_MISFIT))
    if inverse is None:
        return None
    areas = theta[model.at_area] * scale
    curves = areas[:, None] * model.densities(theta, stretch.position)[0]
    half = max(float(np.ptp(model.x)) / 2, 1.0)
    level = theta[model.at_level]
    line = scale * (level[0] + level[1] * (stretch.position - model.x.mean()) / half)
    raw = residual * model.sd
    peak = float((model.y - raw).max())
    return PeakFit(
        shape=model.name,
        centers=theta[:k],
        sigmas=model.sigmas(theta),
        skews=model.skews(theta),
        areas=areas,
        covariance=inverse[model.at_area, model.at_area] * scale**2,
        position=stretch.position,
        curves=curves,
        level=line,
        misfit=math.sqrt(square),
        unexplained=math.sqrt(float(raw @ raw) / n) / max(peak, 1e-12),
        aicc=_aicc(float(residual @ residual + model.prior @ (theta * theta)), n, model.n_free),
    )


def _posterior(model: _Model, normal: Floats, square: float) -> Floats | None:
    """Covariance of the parameters: the data's part of `normal` counts by how well they fit."""
    inner = normal.copy()
    prior = np.where(model.fixed, 1.0, model.prior)
    diagonal = inner.reshape(-1)[:: model.size + 1]
    diagonal -= prior
    inner /= square
    diagonal += prior
    factor, failed = dpotrf(inner)
    if failed:
        return None
    inverse = dpotri(factor)[0]
    return np.asarray(np.triu(inverse) + np.triu(inverse, 1).T)


def _aicc(chi_square: float, n: int, parameters: int) -> float:
    """Hurvich and Tsai (1989), Biometrika 76:297; the scale of the residuals is estimated."""
    k = parameters + 1
    penalty = 2.0 * k + 2.0 * k * (k + 1) / max(n - k - 1, 1)
    return n * math.log(max(chi_square, 1e-12) / n) + penalty

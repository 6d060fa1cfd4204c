"""Fit of a sum of bands of one shape to a stretch of a lane's profile: areas with covariance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .peak_model import PeakModel, ShapeName, Solution, Stretch

__all__ = [
    "PeakFit",
    "ShapeName",
    "Stretch",
    "akaike",
    "alike_in_length",
    "fit_all",
    "fit_peaks",
]

Floats = NDArray[np.float64]

# Residuals smaller than the noise expected are believed to this share of the variance.
_LEAST_MISFIT = 0.3
# Stretches this much longer than the shortest are fitted apart: each is as long as the longest.
_ALIKE_IN_LENGTH = 1.6


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
    Least squares (`blotquant.peak_model`) on centres, one log sigma, each band's departure from it
    (a normal prior of standard deviation 0.08 around 0: bands side by side are alike), one skew,
    areas, and a straight line that the baseline may be off (prior: the baseline's own error).
    Weights: noise, and `SHAPE_ERROR` of the profile, as no real band has the formula's shape. The
    covariance of the areas is that of the posterior, the noise being what the residuals say it is.
    """
    begin = np.atleast_2d(np.asarray(centers, np.float64))
    return fit_all([stretch], shape, begin, np.array([sigma]), np.array([skew]))[0]


def fit_all(
    stretches: Sequence[Stretch],
    shape: ShapeName,
    centers: Floats,
    sigmas: Floats,
    skews: Floats | None = None,
    *,
    enough: float = 0.0,
) -> list[PeakFit | None]:
    """Fit each of many stretches by as many bands, in one go: faster than one by one.

    Parameters
    ----------
    stretches : sequence of Stretch, length B
    shape : {"gaussian", "exponential"}
    centers : ndarray, shape (B, K)
    sigmas : ndarray, shape (B,)
    skews : ndarray, shape (B,), optional
    enough : float
        A fit of this misfit need not be the best.

    Returns
    -------
    list of PeakFit or None
        As from `fit_peaks`.
    """
    skews = np.zeros(len(stretches)) if skews is None else skews
    fits: list[PeakFit | None] = [None] * len(stretches)
    least = 2 * centers.shape[1] + 5 + (shape != "gaussian")
    shown = [b for b, stretch in enumerate(stretches) if _shows(stretch, least)]
    for group in alike_in_length([stretches[b] for b in shown]):
        some = [shown[b] for b in group]
        batch = [stretches[b] for b in some]
        model = PeakModel(batch, shape, centers.shape[1])
        begin = np.sort(centers[some], axis=1)
        solution = model.minimised(model.start(begin, sigmas[some], skews[some]), enough**2)
        for b, fit in zip(some, _described(batch, model, solution, sigmas[some]), strict=True):
            fits[b] = fit
    return fits


def _shows(stretch: Stretch, rows: int) -> bool:
    """Whether a stretch holds a signal, and so many rows to fit."""
    used = stretch.position.size if stretch.used is None else int(stretch.used.sum())
    return used >= rows and bool(stretch.above.max() > 0)


def alike_in_length(stretches: Sequence[Stretch]) -> list[list[int]]:
    """Which stretches to put into one array: those of like length."""
    groups: list[list[int]] = []
    size = [stretch.position.size for stretch in stretches]
    for b in sorted(range(len(size)), key=size.__getitem__):
        if groups and size[b] <= _ALIKE_IN_LENGTH * size[groups[-1][0]]:
            groups[-1].append(b)
        else:
            groups.append([b])
    return groups


def _sound(model: PeakModel, theta: Floats, begin: Floats) -> NDArray[np.bool_]:
    """Whether the bands lie in the stretch, apart, in order, of a thickness and all above 0."""
    centers, sigmas = theta[:, model.at_center], model.sigmas(theta)
    inside = (centers > model.first[:, None] - sigmas) & (centers < model.last[:, None] + sigmas)
    thick = (sigmas > 0.25 * begin[:, None]) & (sigmas < 4.0 * begin[:, None])
    apart = np.diff(centers, axis=1) > 0.5 * sigmas[:, 1:]
    areas = theta[:, model.at_area]
    seen = areas.min(axis=1) > 1e-3 * areas.sum(axis=1)
    known = np.isfinite(theta).all(axis=1)
    return np.asarray(known & inside.all(axis=1) & thick.all(axis=1) & apart.all(axis=1) & seen)


def _described(
    stretches: Sequence[Stretch], model: PeakModel, solution: Solution, begin: Floats
) -> list[PeakFit | None]:
    theta, residual = solution.theta, solution.residual
    sound = _sound(model, theta, begin)
    square = np.einsum("bn,bn->b", residual, residual) / model.freedom
    covariance = _posterior(model, solution.normal, np.maximum(square, _LEAST_MISFIT))
    sound &= np.isfinite(covariance).all(axis=(1, 2))
    scale = model.scale[:, None]
    areas = theta[:, model.at_area] * scale
    curves = areas[:, :, None] * model.densities(theta, model.x)[0]
    line = theta[:, model.at_level] * scale
    level = line[:, :1] + line[:, 1:] * model.tilt
    # of all stretches at once; what is not fitted (a shorter stretch's end) does not count
    fitted, seen = curves.sum(axis=1) + level, model.weight > 0
    peak = np.maximum(fitted.max(axis=1, where=seen, initial=-np.inf), 1e-12 * model.scale)
    rest = np.where(seen, model.y * scale - fitted, 0.0)
    unexplained = np.sqrt(np.einsum("bn,bn->b", rest, rest) / np.maximum(model.rows, 1)) / peak
    fits: list[PeakFit | None] = []
    sigmas, skews = model.sigmas(theta), model.skews(theta)
    for b, stretch in enumerate(stretches):
        if not sound[b]:
            fits.append(None)
            continue
        n = stretch.position.size
        fits.append(
            PeakFit(
                shape=model.name,
                centers=theta[b, model.at_center],
                sigmas=sigmas[b],
                skews=skews[b],
                areas=areas[b],
                covariance=covariance[b] * model.scale[b] ** 2,
                position=stretch.position,
                curves=curves[b, :, :n],
                level=level[b, :n],
                misfit=math.sqrt(square[b]),
                unexplained=float(unexplained[b]),
                aicc=akaike(float(solution.cost[b]), int(model.rows[b]), model.n_free),
            )
        )
    return fits


def _posterior(model: PeakModel, normal: Floats, square: Floats) -> Floats:
    """Covariance of the areas: the data's part of `normal` counts by how well they fit."""
    k = np.arange(model.size)
    inner = normal.copy()
    inner[:, k, k] -= model.prior
    inner /= square[:, None, None]
    inner[:, k, k] += model.prior
    areas = np.zeros((model.size, model.count))
    areas[model.at_area] = np.eye(model.count)
    try:
        inverse = np.linalg.solve(inner, np.broadcast_to(areas, (len(inner), *areas.shape)))
    except np.linalg.LinAlgError:
        inverse = np.linalg.pinv(inner, hermitian=True) @ areas
    own = inverse[:, model.at_area]
    positive = np.diagonal(own, axis1=1, axis2=2).min(axis=1) > 0
    return np.where(positive[:, None, None], (own + own.transpose(0, 2, 1)) / 2, np.nan)


def akaike(chi_square: float, n: int, parameters: int) -> float:
    """Akaike's criterion, corrected for few rows, of a fit to `n` rows.

    Hurvich and Tsai (1989), Biometrika 76:297; the scale of the residuals is estimated.
    """
    k = parameters + 1
    penalty = 2.0 * k + 2.0 * k * (k + 1) / max(n - k - 1, 1)
    return n * math.log(max(chi_square, 1e-12) / n) + penalty

"""How many bands and of which shape: fits of one stretch weighed by Akaike's criterion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .peak_fit import PeakFit, Stretch, fit_all

__all__ = ["best_fit", "best_fits", "crossing", "fewer_bands", "weighed", "with_skewness"]

Floats = NDArray[np.float64]


def best_fit(stretch: Stretch, centers: Floats, sigma: float) -> PeakFit | None:
    """Fit of bands to a stretch, Gaussian and skewed, weighed by Akaike's criterion.

    Parameters
    ----------
    stretch : Stretch
    centers : ndarray, shape (K,)
        About where the bands are.
    sigma : float
        About how thick, px.

    Returns
    -------
    PeakFit or None
        The shape the criterion prefers. Areas and covariance are the mean over both, weighted by
        how likely each is: the error holds that the shape is not known.

    Notes
    -----
    Akaike weights and the variance between models: Burnham and Anderson (2002), Model selection
    and multimodel inference, chapter 4.
    """
    return best_fits([stretch], np.atleast_2d(centers), np.array([sigma]))[0]


def best_fits(
    stretches: Sequence[Stretch], centers: Floats, sigmas: Floats
) -> list[PeakFit | None]:
    """`best_fit` of many stretches, with as many bands in each; `centers` has shape (B, K)."""
    return with_skewness(
        stretches, fit_all(stretches, "gaussian", centers, sigmas), centers, sigmas
    )


def with_skewness(
    stretches: Sequence[Stretch],
    plain: Sequence[PeakFit | None],
    centers: Floats,
    sigmas: Floats,
) -> list[PeakFit | None]:
    """Gaussian fits that are known, weighed against skewed ones as in `best_fit`.

    Parameters
    ----------
    stretches : sequence of Stretch, length B
    plain : sequence of PeakFit or None
        Where the skewed fits begin.
    centers, sigmas : ndarray, shape (B, K) and (B,)
        Where they begin where there is none.

    Returns
    -------
    list of PeakFit or None
    """
    centers, sigmas = centers.copy(), sigmas.copy()
    for b, fit in enumerate(plain):
        if fit is not None:
            centers[b], sigmas[b] = fit.centers, fit.sigmas.mean()
    skewed = fit_all(stretches, "exponential", centers, sigmas)
    return [weighed(one, other) for one, other in zip(plain, skewed, strict=True)]


def weighed(one: PeakFit | None, other: PeakFit | None) -> PeakFit | None:
    """The better of two fits of a stretch, areas and covariance averaged as in `best_fit`."""
    if one is None or other is None:
        return one or other
    better, worse = (one, other) if one.aicc <= other.aicc else (other, one)
    share = 1.0 / (1.0 + np.exp(0.5 * (better.aicc - worse.aicc)))
    areas = share * better.areas + (1 - share) * worse.areas
    covariance = np.zeros_like(better.covariance)
    for weight, fit in ((share, better), (1 - share, worse)):
        away = fit.areas - areas
        covariance += weight * (fit.covariance + np.outer(away, away))
    curves = share * better.curves + (1 - share) * worse.curves
    return replace(
        better,
        areas=areas,
        covariance=covariance,
        curves=curves,
        level=share * better.level + (1 - share) * worse.level,
    )


def crossing(fit: PeakFit, upper: int) -> float:
    """Row between two bands of a fit where both are equally high.

    Parameters
    ----------
    fit : PeakFit
    upper : int
        The upper of the two, from 0.
    """
    first, last = np.argmax(fit.curves[upper]), np.argmax(fit.curves[upper + 1])
    if last <= first:
        return float(fit.centers[upper : upper + 2].mean())
    between = slice(int(first), int(last) + 1)
    ahead = fit.curves[upper, between] - fit.curves[upper + 1, between]
    return float(np.interp(0.0, -ahead, fit.position[between]))


def fewer_bands(stretches: Sequence[Stretch], fits: Sequence[PeakFit]) -> list[PeakFit | None]:
    """Skewed fits with the two nearest bands of each as one.

    Parameters
    ----------
    stretches : sequence of Stretch
    fits : sequence of PeakFit
        Of two bands or more, as many in each.

    Returns
    -------
    list of PeakFit or None
    """
    if not fits:
        return []
    begins = [_with_two_as_one(fit) for fit in fits]
    centers, sigmas = np.array([at for at, _ in begins]), np.array([sigma for _, sigma in begins])
    return fit_all(stretches, "exponential", centers, sigmas)


def _with_two_as_one(fit: PeakFit) -> tuple[Floats, float]:
    """Centres with the two nearest at their common one, and the thickness of both together."""
    nearest = int(np.argmin(np.diff(fit.centers)))
    pair = slice(nearest, nearest + 2)
    middle = float(fit.areas[pair] @ fit.centers[pair] / fit.areas[pair].sum())
    centers = np.concatenate([fit.centers[:nearest], [middle], fit.centers[nearest + 2 :]])
    spread = float(np.ptp(fit.centers[pair])) / 2
    return centers, float(np.hypot(fit.sigmas[pair].mean(), spread))

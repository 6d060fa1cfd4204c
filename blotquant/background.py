"""The background under the bands of a lane: methods by name, each with its source.

A method is a function ``(lane: LaneView, settings: BackgroundSettings) -> Baseline``; it is found
through the registry under the name of its entry point.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, grey_opening

from .errors import RecipeError
from .model import Blot, Lane, Point, Profile
from .reading import lane_weights, row_weights
from .recipe import BackgroundSettings
from .smoother import SmoothBaseline, fit_baselines, left_out
from .tails import first_guess, peak_heights, seen_tails, tail_variance

__all__ = [
    "Baseline",
    "LaneView",
    "arpls",
    "asls",
    "border",
    "global_level",
    "lane",
    "morphological",
    "none",
    "rolling_ball",
    "snip",
    "under_lanes",
    "valley",
]


# Less than this share of a lane is too little to tell its background from.
_SCARCE = 1 / 3


@dataclass(frozen=True, eq=False)
class LaneView:
    """All that a background method may look at.

    Parameters
    ----------
    blot : Blot
    lane : Lane
    profile : Profile
        N rows.
    bands : tuple of (start, stop)
        Limits of the lane's bands, px along the lane.
    lanes : tuple of Lane
        All lanes of the image, for methods that look between them; may be empty.
    outline : tuple of (row, col)
        The membrane's outline; empty where not known.
    detected : tuple of bool
        Whether each band was seen in this lane, or only its place is measured; empty for all seen.
    """

    blot: Blot
    lane: Lane
    profile: Profile
    bands: tuple[tuple[float, float], ...]
    lanes: tuple[Lane, ...] = ()
    outline: tuple[Point, ...] = ()
    detected: tuple[bool, ...] = ()

    @cached_property
    def free(self) -> NDArray[np.bool_]:
        """Rows with no band, shape (N,).

        The place of a band that was not seen is free where little else is.
        """
        free = self._beside(self.bands)
        if self.detected and np.count_nonzero(free) < _SCARCE * free.size:
            seen = zip(self.bands, self.detected, strict=True)
            free = self._beside([limits for limits, detected in seen if detected])
        return free

    def _beside(self, bands: Iterable[tuple[float, float]]) -> NDArray[np.bool_]:
        position = self.profile.position
        free = np.ones(position.size, bool)
        for start, stop in bands:
            first, end = (
                position.searchsorted(start - 0.5),
                position.searchsorted(stop + 0.5, "right"),
            )
            free[first:end] = False
        return free


@dataclass(frozen=True, eq=False)
class Baseline:
    """Background of a lane.

    Parameters
    ----------
    level : ndarray, shape (N,)
        In the profile's units (signal summed across the lane).
    variance : ndarray, shape (N,)
        Variance of the level at each row.
    band_variance : tuple of float
        Variance of the level summed over each band.
    scale : float
        Observed over expected noise variance in the band-free rows; 1 where not known.
    total_variance : float, optional
        Variance of the level summed over the whole lane; None where the method cannot tell: then
        its rows are taken to err together.
    uncertain : bool, optional
        Whether the level is a guess; None where that depends on the rows free of bands.
    checks : ndarray, shape (3, n)
        Of stretches of band-free lane as long as a band, had they been hidden like one, as from
        `blotquant.smoother.left_out`.
    stretches : float, optional
        Lengths of a band that lie free in the lane: so many stretches told how much the curve may
        bend. Infinite where nothing was fitted.
    correlation : float, optional
        How alike neighbouring rows are off the fitted curve, -1 to 1.
    """

    level: NDArray[np.float64]
    variance: NDArray[np.float64]
    band_variance: tuple[float, ...]
    scale: float = 1.0
    total_variance: float | None = None
    uncertain: bool | None = None
    checks: NDArray[np.float64] = field(default_factory=lambda: np.empty((3, 0)))
    stretches: float = np.inf
    correlation: float = 0.0


def lane(view: LaneView, settings: BackgroundSettings) -> Baseline:
    """Smooth curve through the parts of the lane where no band is: the default.

    The stiffness adapts to the lane by maximum likelihood (`blotquant.smoother.fit_baseline`),
    and the curve's own uncertainty under each band is part of the band's standard error.

    Notes
    -----
    The idea is LI-COR's "lane" background (lines between the minima of the lane profile), with
    Whittaker's smoother (Eilers 2003, Anal. Chem. 75:3631) in place of the lines.
    """
    return under_lanes([view])[0]


def under_lanes(views: Sequence[LaneView]) -> list[Baseline]:
    """The background `lane` of several lanes: those of one length in one go, which is faster.

    Parameters
    ----------
    views : sequence of LaneView, length L

    Returns
    -------
    list of Baseline, length L
    """
    found: dict[int, Baseline] = {}
    sizes = [view.profile.position.size for view in views]
    for size in set(sizes):
        alike = [k for k, own in enumerate(sizes) if own == size]
        usual = [_usual_length(views[k].bands) for k in alike]
        fits = _fitted([views[k] for k in alike], _LEAST_LENGTH * np.array(usual))
        for k, fit, checks in zip(alike, fits, left_out(fits, usual), strict=True):
            found[k] = _of_fit(views[k], fit, checks)
    return [found[k] for k in range(len(views))]


def _fitted(views: Sequence[LaneView], least_lengths: NDArray[np.float64]) -> list[SmoothBaseline]:
    """Smooth curves under lanes of one length.

    How much of the bands is left beside their limits is seen only above a baseline: a first one,
    coarse and with little trust in these rows, shows it.
    """
    values = np.array([view.profile.intensity for view in views])
    free = np.array([view.free for view in views])
    peaks = [peak_heights(view.profile, view.bands) for view in views]

    def fits(tails: Sequence[NDArray[np.float64]], bins: int) -> list[SmoothBaseline]:
        extra = [
            view.profile.variance + tail_variance(view.profile, view.bands, own)
            for view, own in zip(views, tails, strict=True)
        ]
        return fit_baselines(values, np.array(extra), free, least_lengths, max_bins=bins)

    first = fits([first_guess(own) for own in peaks], _COARSE_BINS)
    tails = [
        seen_tails(view.profile, view.bands, own, fit.level, view.free)
        for view, own, fit in zip(views, peaks, first, strict=True)
    ]
    return fits(tails, _BINS)


def _of_fit(view: LaneView, fit: SmoothBaseline, checks: NDArray[np.float64]) -> Baseline:
    """Baseline of a fitted curve, with its variance under the lane's bands."""
    position, usual = view.profile.position, _usual_length(view.bands)
    size = position.size
    # the last two: the level at the lane's middle, drawn and not used in any sum, and the whole
    middle_row = float(position[size // 2])
    beside = ((middle_row - 0.5, middle_row + 0.5), (position[0] - 0.5, position[-1] + 0.5))
    start, stop = np.array((*view.bands, *beside)).T - position[0]
    *band_variance, middle, whole = fit.variances_between(start, stop).tolist()
    return Baseline(
        fit.level,
        np.full(size, middle),
        tuple(band_variance),
        fit.scale,
        whole,
        checks=checks,
        stretches=np.count_nonzero(view.free) / usual if usual else np.inf,
        correlation=fit.correlation,
    )


# The smoother's length is at least this share of a band's. It lets half through of what is 2 pi
# times as long: the curve follows what bends over a band's length and more, and no band.
_LEAST_LENGTH = 0.2
# Rows are averaged in at most so many bins; fewer for the first curve, above which tails are seen.
_BINS, _COARSE_BINS = 240, 120


def _usual_length(bands: tuple[tuple[float, float], ...]) -> float:
    """Length of the band in which the middle one of all rows that bands cover lies; 0 for none.

    Places where a row has no band in this lane are short, and do not count for much.
    """
    lengths = np.sort([stop - start for start, stop in bands])
    covered = np.cumsum(lengths)
    return float(lengths[np.searchsorted(covered, covered[-1] / 2)]) if lengths.size else 0.0


def rolling_ball(view: LaneView, settings: BackgroundSettings) -> Baseline:
    """Disk rolled along under the lane profile (Image Lab's background).

    The opening of the profile by a disk's upper half. With `radius` unset it is three times the
    longest band of the lane, so that no band lets the disk in.

    Notes
    -----
    Sternberg (1983), Computer 16:22; on a lane profile: Bio-Rad Image Lab manual.
    """
    profile = view.profile
    radius = settings.radius
    if radius is None:
        radius = 3.0 * max((stop - start for start, stop in view.bands), default=20.0)
    reach = min(int(radius), max(1, profile.position.size - 1))
    # the disk's height is in the profile's units: as high as it is wide once the profile's range
    # is as long as the lane, the convention of rolling a coin under the plotted profile
    mean = profile.intensity / np.maximum(profile.width, 1e-9)
    span = max(float(np.ptp(mean)), 1e-12) / max(profile.position.size, 1)
    offsets = np.arange(-reach, reach + 1)
    disk = span * (np.sqrt(np.maximum(radius**2 - offsets**2, 0.0)) - radius)
    smooth = gaussian_filter1d(mean, 1.0, mode="nearest")
    level = np.minimum(grey_opening(smooth, structure=disk, mode="nearest"), mean.max())
    return _with_residual_variance(view, level * profile.width)


def valley(view: LaneView, settings: BackgroundSettings) -> Baseline:
    """Straight line from each band's start to its stop (ImageJ's Gel Analyzer).

    The line joins the profile at the two limits. Between bands the level is the profile itself.

    Notes
    -----
    ImageJ, Analyze > Gels: the baseline drawn by hand across a peak's foot.
    """
    profile = view.profile
    level = profile.intensity.copy()
    variances = []
    for start, stop in view.bands:
        ends = np.interp((start, stop), profile.position, profile.intensity)
        inside = (profile.position >= start - 0.5) & (profile.position <= stop + 0.5)
        level[inside] = np.interp(profile.position[inside], (start, stop), ends)
        noise = np.interp((start, stop), profile.position, profile.variance)
        # each end's noise tilts half the line
        variances.append(float(noise.sum()) * ((stop - start) / 2) ** 2)
    return Baseline(level, profile.variance.copy(), tuple(variances))


def border(view: LaneView, settings: BackgroundSettings) -> Baseline:
    """Median of a thin border around each band's box (LI-COR Image Studio).

    `border` px on the sides named by `border_sides`, the same level under the whole band.

    Notes
    -----
    LI-COR Image Studio, "median" background with border width 1 to 5.
    """
    profile = view.profile
    level = np.zeros(profile.position.size)
    filled = np.zeros(profile.position.size, bool)
    variances = []
    for start, stop in view.bands:
        pixels = _border_pixels(view, start, stop, settings)
        middle = float(np.median(pixels)) if pixels.size else 0.0
        inside = (profile.position >= start - 0.5) & (profile.position <= stop + 0.5)
        level[inside] = middle * profile.width[inside]
        filled |= inside
        area = float((row_weights(profile.position, start, stop) * profile.width).sum())
        spread = 1.4826 * float(np.median(np.abs(pixels - middle))) if pixels.size else 0.0
        # a median's variance is pi/2 that of a mean
        variances.append(area**2 * np.pi / 2 * spread**2 / max(pixels.size, 1))
    if filled.any() and not filled.all():
        rows = np.arange(level.size)
        level = np.interp(rows, rows[filled], level[filled])
    return Baseline(level, np.zeros(level.size), tuple(variances))


def _border_pixels(
    view: LaneView, start: float, stop: float, settings: BackgroundSettings
) -> NDArray[np.float32]:
    """Signal of the pixels of the border around one band's box."""
    thick = settings.border
    wide = Lane(view.lane.id, view.lane.panel_id, view.lane.path, view.lane.width + 2 * thick)
    rows, first, outer = lane_weights(view.blot.shape, wide)
    _, inner_first, inner = lane_weights(view.blot.shape, view.lane)
    within = np.zeros(outer.shape)
    within[:, inner_first - first : inner_first - first + inner.shape[1]] = inner
    along = rows.astype(np.float64)
    in_box = (along >= start) & (along <= stop)
    near = (along >= start - thick) & (along <= stop + thick)
    beside = (outer > 0.5) & (within < 0.5) & in_box[:, None]
    above_below = (within > 0.5) & (near & ~in_box)[:, None]
    sides = {"both": beside | above_below, "top_bottom": above_below, "left_right": beside}
    chosen = sides[settings.border_sides]
    if not chosen.any():
        return np.empty(0, np.float32)
    signal = view.blot.signal((slice(rows[0], rows[-1] + 1), slice(first, first + outer.shape[1])))
    picked: NDArray[np.float32] = signal[chosen]
    return picked


def global_level(view: LaneView, settings: BackgroundSettings) -> Baseline:
    """One level for the lane: the median of its band-free rows.

    Unlike Image Lab's "global" it never subtracts nothing in silence: where bands leave no free
    row the lowest row is taken.
    """
    profile, free = view.profile, view.free
    mean = profile.intensity / np.maximum(profile.width, 1e-9)
    level = float(np.median(mean[free])) if free.any() else float(mean.min())
    return _with_residual_variance(view, level * profile.width)


def none(view: LaneView, settings: BackgroundSettings) -> Baseline:
    """No background: net density is integrated density."""
    size = view.profile.position.size
    return Baseline(np.zeros(size), np.zeros(size), (0.0,) * len(view.bands))


def asls(view: LaneView, settings: BackgroundSettings) -> Baseline:
    """Asymmetric least squares (Eilers and Boelens 2005), by pybaselines."""
    return _by_pybaselines(view, "asls", lam=1e5, p=0.01)


def arpls(view: LaneView, settings: BackgroundSettings) -> Baseline:
    """Asymmetrically reweighted least squares (Baek 2015, Analyst 140:250), by pybaselines."""
    return _by_pybaselines(view, "arpls", lam=1e5)


def snip(view: LaneView, settings: BackgroundSettings) -> Baseline:
    """Statistics-sensitive iterative peak clipping (Ryan 1988, NIM B 34:396), by pybaselines."""
    half = max((stop - start for start, stop in view.bands), default=40.0)
    reach = max(2, min(int(half), view.profile.position.size // 2 - 1))
    return _by_pybaselines(
        view, "snip", max_half_window=reach, decreasing=True, smooth_half_window=2
    )


def morphological(view: LaneView, settings: BackgroundSettings) -> Baseline:
    """Morphological opening (Perez-Pueyo 2010, Appl. Spectrosc. 64:595), by pybaselines."""
    half = max((stop - start for start, stop in view.bands), default=40.0)
    return _by_pybaselines(view, "mor", half_window=max(2, int(0.75 * half)))


def _by_pybaselines(view: LaneView, method: str, **parameters: float | bool) -> Baseline:
    from pybaselines import Baseline as Fitter  # slow to import

    profile = view.profile
    if profile.position.size < 10:
        raise RecipeError(
            f"background '{method}' needs a lane of 10 rows or more; choose another background"
        )
    level, _ = getattr(Fitter(profile.position), method)(profile.intensity, **parameters)
    return _with_residual_variance(view, np.asarray(level, np.float64))


def _with_residual_variance(view: LaneView, level: NDArray[np.float64]) -> Baseline:
    """Baseline whose uncertainty is read off the free rows: their slow departures from it."""
    profile, free = view.profile, view.free
    lengths = [stop - start for start, stop in view.bands]
    if free.sum() < 5:
        return Baseline(level, profile.variance.copy(), tuple(0.0 for _ in lengths))
    residual = np.where(free, profile.intensity - level, 0.0)
    reach = max(1.0, float(np.median(lengths)) / 2 if lengths else 5.0)
    slow = gaussian_filter1d(residual, reach) / np.maximum(
        gaussian_filter1d(free.astype(np.float64), reach), 1e-6
    )
    spread = float(np.mean(slow[free] ** 2))
    return Baseline(
        level,
        np.full(level.size, spread),
        tuple(spread * length**2 for length in lengths),
    )

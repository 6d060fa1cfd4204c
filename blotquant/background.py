"""The background under the bands of a lane: methods by name, each with its source.

A method is a function ``(lane: LaneView, settings: BackgroundSettings) -> Baseline``; it is found
through the registry under the name of its entry point.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, grey_opening

from .baseline import Baseline, LaneView
from .errors import RecipeError
from .lane_background import lane
from .model import Lane
from .reading import lane_weights, row_weights
from .recipe import BackgroundSettings

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
    "valley",
]


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

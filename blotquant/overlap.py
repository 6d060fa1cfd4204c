"""Bands of one lane that overlap: fitted together, so that each gets what is its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .flags import Flag
from .lane_reading import LaneReading
from .peak_choice import fewer_bands, with_skewness
from .peak_fit import PeakFit, Stretch, fit_all
from .reading import rows_between
from .recipe import Recipe
from .result import BandMeasurement, GroupFit
from .uncertainty import TAIL_ERROR, across_error, rounding_error

__all__ = ["group_stretch", "measure_overlaps", "overlapping_groups"]

Floats = NDArray[np.float64]

# Bands nearer to each other than this share of their length are fitted together.
_GAP = 0.05
# How far beyond a group's limits its fit looks, in mean band lengths.
_MARGIN = 0.3
# A fit that leaves more than this share of its height unexplained is no fit.
_WORST = 0.05
# A fit is looked for no further where what it leaves is noise, or so small a share of its height.
_NOISE_ONLY, _EXPLAINED = 1.3, 0.01
# Else it begins anew from bands this much thinner.
_THINNER = (1.0, 0.7, 0.45)
# Fits whose bands lie and are as thick as each other's to this share of it are one and the same.
_SAME = 0.03
# A fitted band is highest within its limits, or this many sigma beside them.
_SLACK = 0.5
# A band whose area is not known better than this is not told apart from its neighbour.
_LEAST_CERTAIN = 0.4


def measure_overlaps(
    lanes: Sequence[tuple[LaneReading, tuple[BandMeasurement, ...]]], recipe: Recipe
) -> list[tuple[tuple[BandMeasurement, ...], tuple[GroupFit, ...]]]:
    """Fit the groups of overlapping bands of lanes, and give each band what the fit says.

    A group's bands are measured by the fit where Akaike's criterion prefers it to one band fewer,
    where it explains the profile, and where it tells the bands apart; else they stay parted at the
    valley, with the fit's value beside. The standard error of a fitted band holds the fit's
    covariance, the tails beyond the lane's edges, and the lane's place.

    Parameters
    ----------
    lanes : sequence of (LaneReading, tuple of BandMeasurement)
        Each with its bands, from the well down, as sums. The groups of all of them are fitted in
        one go, which takes hardly longer than one group.
    recipe : Recipe
        `recipe.measuring.overlap` "valley" leaves the sums, with the fits beside.

    Returns
    -------
    list of (tuple of BandMeasurement, tuple of GroupFit)
        Of each lane.
    """
    if recipe.background.method == "valley":  # the profile itself is the level between bands
        return [(bands, ()) for _, bands in lanes]
    groups = [
        _Group(lane, reading, bands, group)
        for lane, (reading, bands) in enumerate(lanes)
        for group in overlapping_groups(bands)
    ]
    measured = [list(bands) for _, bands in lanes]
    fits: list[list[GroupFit]] = [[] for _ in lanes]
    for one, (fit, reason) in zip(groups, _fits(groups), strict=True):
        if fit is None:
            continue
        fits[one.lane].append(_described(one.group, fit, reason))
        errors = np.hypot(fit.errors, _misplaced(fit, one.members))
        for k, area, error in zip(one.group, fit.areas.tolist(), errors.tolist(), strict=True):
            m = replace(
                measured[one.lane][k],
                net_density_fit=area,
                net_density_fit_err=_with_placing(one.reading, one.bands[k], area, error),
                fit_unexplained=fit.unexplained,
            )
            by_fit = not reason and recipe.measuring.overlap == "fit"
            measured[one.lane][k] = _by_fit(m, recipe, error) if by_fit else m
    return [(tuple(own), tuple(of)) for own, of in zip(measured, fits, strict=True)]


@dataclass(frozen=True, eq=False)
class _Group:
    """Bands of one lane that overlap."""

    lane: int  # among those that are measured together
    reading: LaneReading
    bands: tuple[BandMeasurement, ...]  # all of the lane
    group: tuple[int, ...]

    @cached_property
    def members(self) -> list[BandMeasurement]:
        return [self.bands[k] for k in self.group]

    @cached_property
    def stretch(self) -> Stretch | None:
        return group_stretch(self.reading, self.bands, self.group)

    @cached_property
    def summits(self) -> Floats:
        return np.array([_summit(self.reading, m) for m in self.members])

    @property
    def begins(self) -> list[tuple[Floats, float]]:
        """Centres and thickness to begin with where the summits do not lead to a good fit."""
        centroids = np.array([m.center_row for m in self.members])
        middles = np.array([(m.band.start + m.band.stop) / 2 for m in self.members])
        sigma = _thickness(self.members)
        places = (self.summits, centroids, middles)
        begins = [(at, share * sigma) for share in _THINNER for at in places]
        return begins[1:]  # the first has been tried


def overlapping_groups(bands: Sequence[BandMeasurement]) -> list[tuple[int, ...]]:
    """Detected bands of a lane that touch and overlap one another, two or more at a time.

    Parameters
    ----------
    bands : sequence of BandMeasurement
        From the well down.

    Returns
    -------
    list of tuple of int
        Which bands, from 0.
    """
    seen = [k for k, m in enumerate(bands) if Flag.BELOW_DETECTION not in m.flags]
    groups: list[list[int]] = []
    for k in seen:
        if groups and _touch(bands[groups[-1][-1]], bands[k]):
            groups[-1].append(k)
        else:
            groups.append([k])
    return [tuple(group) for group in groups if len(group) > 1]


def _touch(above: BandMeasurement, below: BandMeasurement) -> bool:
    gap = below.band.start - above.band.stop
    overlapping = [Flag.OVERLAP in m.flags for m in (above, below)]
    near = 4 * _GAP if all(overlapping) else _GAP
    return any(overlapping) and gap < near * min(above.height, below.height)


def _fits(groups: Sequence[_Group]) -> list[tuple[PeakFit | None, str]]:
    """Fit of each group, and why it is not to be used; no fit where a band is saturated."""
    found: list[tuple[PeakFit | None, str]] = [(None, "too short")] * len(groups)
    by_count: dict[int, list[tuple[int, _Group, Stretch]]] = {}
    for k, one in enumerate(groups):
        if any(m.saturated_fraction > 0 for m in one.members):
            found[k] = None, "saturated"
        elif one.stretch is not None:
            by_count.setdefault(len(one.group), []).append((k, one, one.stretch))
    for alike in by_count.values():
        fits = _best_of_beginnings([(one, stretch) for _, one, stretch in alike])
        doubts = _doubts(
            [(one, stretch, fit) for (_, one, stretch), fit in zip(alike, fits, strict=True)]
        )
        for (k, _, _), fit, doubt in zip(alike, fits, doubts, strict=True):
            found[k] = fit, doubt
    return found


def _best_of_beginnings(groups: Sequence[tuple[_Group, Stretch]]) -> list[PeakFit | None]:
    """Fits from the bands' summits; where that leaves more than noise, the best of several.

    The groups have as many bands each.
    """
    stretches = [stretch for _, stretch in groups]
    centers = np.array([one.summits for one, _ in groups])
    sigmas = np.array([_thickness(one.members) for one, _ in groups])
    plain = fit_all(stretches, "gaussian", centers, sigmas)
    fits = with_skewness(stretches, plain, centers, sigmas)
    left = [k for k, fit in enumerate(fits) if not _is_enough(fit)]
    begins = [(k, at, thick) for k in left for at, thick in groups[k][0].begins]
    if not begins:
        return fits
    of = [k for k, _, _ in begins]
    centers, sigmas = np.array([at for _, at, _ in begins]), np.array([s for _, _, s in begins])
    others = fit_all([stretches[k] for k in of], "gaussian", centers, sigmas)
    # most beginnings lead to the same fit: the skewed one is looked for from each only once
    kept = _distinct(of, others, plain)
    tried = with_skewness(
        [stretches[of[b]] for b in kept], [others[b] for b in kept], centers[kept], sigmas[kept]
    )
    for b, other in zip(kept, tried, strict=True):
        best = fits[of[b]]
        if other is not None and (best is None or other.aicc < best.aicc):
            fits[of[b]] = other
    return fits


def _distinct(
    of: Sequence[int], fits: Sequence[PeakFit | None], first: Sequence[PeakFit | None]
) -> list[int]:
    """Which fits put their bands where none before did, of stretches with these numbers.

    `first` are those of each stretch that were there before.
    """
    known = {k: [] if (fit := first[k]) is None else [fit] for k in of}
    kept: list[int] = []
    for b, (k, fit) in enumerate(zip(of, fits, strict=True)):
        if fit is not None:
            if any(_alike(fit, one) for one in known[k]):
                continue
            known[k].append(fit)
        kept.append(b)
    return kept


def _alike(one: PeakFit, other: PeakFit) -> bool:
    near = _SAME * float(one.sigmas.mean())
    away = max(np.abs(one.centers - other.centers).max(), np.abs(one.sigmas - other.sigmas).max())
    return bool(away < near)


def _is_enough(fit: PeakFit | None) -> bool:
    return fit is not None and (fit.misfit < _NOISE_ONLY or fit.unexplained < _EXPLAINED)


def group_stretch(
    reading: LaneReading,
    bands: Sequence[BandMeasurement],
    group: Sequence[int],
    used: NDArray[np.bool_] | None = None,
) -> Stretch | None:
    """Profile around some bands of a lane, up to their neighbours.

    Parameters
    ----------
    reading : LaneReading
    bands : sequence of BandMeasurement
        All bands of the lane, from the well down.
    group : sequence of int
        Which of them.
    used : ndarray of bool, shape (N,), optional
        Rows of the profile to fit.

    Returns
    -------
    Stretch or None
        None where fewer than ten rows are left.
    """
    profile, baseline = reading.profile, reading.baseline
    members = [bands[k].band for k in group]
    margin = _MARGIN * float(np.mean([band.stop - band.start for band in members]))
    first, last = members[0].start, max(band.stop for band in members)
    others = [m.band for k, m in enumerate(bands) if k not in group and m.band.detected]
    before = max((other.stop for other in others if other.stop <= first + 1), default=-math.inf)
    after = min((other.start for other in others if other.start >= last - 1), default=math.inf)
    rows = rows_between(
        profile.position,
        max(first - margin, min(before, first)),
        min(last + margin, max(after, last)),
    )
    if rows.stop - rows.start < 10:
        return None
    own = float(baseline.own_variance[list(group)].sum())
    return Stretch(
        profile.position[rows],
        profile.intensity[rows] - baseline.level[rows],
        profile.variance[rows] * max(baseline.scale, 1.0),
        math.sqrt(len(members) * own) / sum(band.stop - band.start for band in members),
        None if used is None else used[rows],
    )


def _summit(reading: LaneReading, m: BandMeasurement) -> float:
    rows = rows_between(reading.profile.position, m.band.start, m.band.stop)
    if rows.stop <= rows.start:
        return m.center_row
    top = float(reading.profile.position[rows][int(np.argmax(reading.above[rows]))])
    # a shoulder is highest at the limit that it shares: its centroid is a better guess
    edge = 0.12 * m.height
    return top if m.band.start + edge < top < m.band.stop - edge else m.center_row


def _thickness(members: Sequence[BandMeasurement]) -> float:
    """Sigma from the group's length: it reaches 3.3 sigma beyond the outer bands' centres."""
    length = members[-1].band.stop - members[0].band.start
    return max(length / (6.6 + 2.5 * (len(members) - 1)), 0.8)


def _doubts(groups: Sequence[tuple[_Group, Stretch, PeakFit | None]]) -> list[str]:
    """Why each fit is not to be used; empty where it is. The groups have as many bands each."""
    doubts = ["" if fit is None else _doubt(fit, one.members) for one, _, fit in groups]
    asked = [
        (k, stretch, fit)
        for k, (_, stretch, fit) in enumerate(groups)
        if fit is not None and not doubts[k]
    ]
    fewer = fewer_bands([stretch for _, stretch, _ in asked], [fit for _, _, fit in asked])
    for (k, _, fit), other in zip(asked, fewer, strict=True):
        if other is not None and other.aicc <= fit.aicc:
            doubts[k] = "fewer bands explain the profile as well"
    return doubts


def _doubt(fit: PeakFit, members: Sequence[BandMeasurement]) -> str:
    """What a fit says against itself."""
    if fit.unexplained > _WORST:
        return f"the fit leaves {100 * fit.unexplained:.0f} % of the height unexplained"
    if (fit.errors > _LEAST_CERTAIN * fit.areas).any():
        return "the fit cannot tell the bands apart"
    if not _in_place(fit, members):
        return "the fit puts a band where none was found"
    if (np.abs(_exchanged(fit, members)) < _unexplained(fit)).all():
        return "the bands overlap by less than the fit leaves unexplained"
    return ""


def _in_place(fit: PeakFit, members: Sequence[BandMeasurement]) -> bool:
    """Whether each fitted band is highest within the limits of the band that was found."""
    start = np.array([m.band.start for m in members])
    stop = np.array([m.band.stop for m in members])
    slack = _SLACK * fit.sigmas
    return bool(((fit.summits > start - slack) & (fit.summits < stop + slack)).all())


def _exchanged(fit: PeakFit, members: Sequence[BandMeasurement]) -> Floats:
    """What sums within the limits give each band of its neighbours, less what they take of it."""
    held = _held(fit, members)
    return np.asarray(held.sum(axis=0) - held.sum(axis=1))


def _held(fit: PeakFit, members: Sequence[BandMeasurement]) -> Floats:
    """Area of each fitted band within the limits of each, shape (K, K)."""
    inside = np.array(
        [(fit.position >= m.band.start) & (fit.position < m.band.stop) for m in members]
    )
    return np.asarray(fit.curves @ inside.T)


def _unexplained(fit: PeakFit) -> float:
    """Area that the fit may put in the wrong place: its share of the height that it leaves."""
    return fit.unexplained * float(fit.areas.max())


def _misplaced(fit: PeakFit, members: Sequence[BandMeasurement]) -> Floats:
    """Area that may be in the wrong band: the fit's unexplained share of what lies there."""
    return np.asarray(fit.unexplained * np.maximum(fit.areas, _held(fit, members).sum(axis=0)))


def _described(group: tuple[int, ...], fit: PeakFit, reason: str) -> GroupFit:
    return GroupFit(
        bands=group,
        shape=fit.shape,
        areas=fit.areas,
        covariance=fit.covariance,
        position=fit.position,
        curves=fit.curves,
        level=fit.level,
        unexplained=fit.unexplained,
        justified=not reason,
        reason=reason,
    )


def _with_placing(reading: LaneReading, m: BandMeasurement, area: float, error: float) -> float:
    """Standard error of a fitted area with what the fit does not see: tails, and the lane."""
    rounding = rounding_error(reading, m.area, area)
    return math.hypot(error, TAIL_ERROR * area, rounding, across_error(reading, m.band))


def _by_fit(m: BandMeasurement, recipe: Recipe, apart: float) -> BandMeasurement:
    """The band as the fit measures it; `apart` is how well the fit tells it from its neighbour."""
    if m.net_density_fit is None or m.net_density_fit_err is None:
        return m
    without = math.hypot(m.detection_limit / recipe.finding.sensitivity, apart)
    return replace(
        m,
        quantification="fit",
        net_density=m.net_density_fit,
        net_density_err=m.net_density_fit_err,
        snr=m.net_density_fit / without if without > 0 else m.snr,
    )

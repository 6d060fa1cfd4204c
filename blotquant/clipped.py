"""What a saturated band would be: an estimate by a fit of its flanks that are not clipped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .flags import Flag
from .lane_reading import LaneReading
from .overlap import group_stretch, overlapping_groups
from .peak_choice import best_fit
from .reading import saturated_rows
from .result import BandMeasurement
from .uncertainty import TAIL_ERROR, across_error

__all__ = ["MOST_CLIPPED", "estimate_unclipped"]

# With more of its pixels at the ceiling a band's flanks say too little.
MOST_CLIPPED = 0.3
# A fit that leaves more than this share of its height unexplained is no fit.
_WORST = 0.05
# No band is known to have the fitted shape where nobody sees it: this share of what is added to the
# measured value is uncertain.
_SHAPE_DOUBT = 0.1
# Px at the ceiling that a row may hold: single hot pixels do not count.
_FEW = 0.5


def estimate_unclipped(
    reading: LaneReading, bands: tuple[BandMeasurement, ...]
) -> tuple[BandMeasurement, ...]:
    """Give saturated bands an estimate of the net density they would have without a ceiling.

    The rows of the lane's profile that hold no pixel at the ceiling are fitted by bands, Gaussian
    and with an exponential tail (`blotquant.peak_fit`), as bands that overlap are. The estimate
    stands beside the measured value and never takes its place: it rests on the shape of a band.

    Parameters
    ----------
    reading : LaneReading
    bands : tuple of BandMeasurement
        Of the lane, from the well down.

    Returns
    -------
    tuple of BandMeasurement
        With `net_density_unclipped` and its error where a band has some, but less than
        `MOST_CLIPPED`, of its pixels at the ceiling, and where its flanks allow an estimate.
    """
    if not any(0 < m.saturated_fraction < MOST_CLIPPED for m in bands):
        return bands
    used = saturated_rows(reading.blot, reading.lane) <= _FEW
    groups = overlapping_groups(bands)
    together = {k for group in groups for k in group}
    seen = [k for k, m in enumerate(bands) if Flag.BELOW_DETECTION not in m.flags]
    groups += [(k,) for k in seen if k not in together]
    estimated = list(bands)
    for group in groups:
        clipped = [k for k in group if bands[k].saturated_fraction > 0]
        if not clipped or any(bands[k].saturated_fraction >= MOST_CLIPPED for k in clipped):
            continue
        for k, (area, error) in _areas(reading, bands, group, used).items():
            if k in clipped:
                estimated[k] = replace(
                    bands[k], net_density_unclipped=area, net_density_unclipped_err=error
                )
    return tuple(estimated)


def _areas(
    reading: LaneReading,
    bands: tuple[BandMeasurement, ...],
    group: tuple[int, ...],
    used: NDArray[np.bool_],
) -> dict[int, tuple[float, float]]:
    stretch = group_stretch(reading, bands, group, used)
    if stretch is None or stretch.used is None or stretch.used.sum() < 8:
        return {}
    # under the ceiling a band is no higher than its clipped profile: the middle of the clipped
    # rows is where it stands
    centers = np.array([bands[k].center_row for k in group])
    sigma = float(np.mean([bands[k].height for k in group])) / 6.6
    fit = best_fit(stretch, centers, sigma)
    if fit is None or fit.unexplained > _WORST:
        return {}
    estimates = {}
    for k, area, error in zip(group, fit.areas.tolist(), fit.errors.tolist(), strict=True):
        unseen = _SHAPE_DOUBT * (area - bands[k].net_density)
        placing = np.hypot(TAIL_ERROR * area, across_error(reading, bands[k].band))
        whole = float(np.sqrt(error**2 + unseen**2 + placing**2))
        if whole < area:
            estimates[k] = (area, whole)
    return estimates

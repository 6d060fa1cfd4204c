"""The standard error of a net density: noise, baseline, and where the band's box was drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .background import Baseline
from .flags import Flag
from .marks import Marks
from .model import Band, Blot, Lane, Profile
from .noise import NoiseModel, level_step
from .reading import Sections, read_sections, row_weights, rows_between

__all__ = [
    "LATERAL_ERROR",
    "LIMIT_ERROR",
    "TAIL_ERROR",
    "LaneReading",
    "across_error",
    "lane_total_error",
    "lossy_error",
    "standard_errors",
]

# Share of a band that may lie beyond its limits or its lane's edges: the tails that nobody can
# tell from background.
TAIL_ERROR = 0.0005
# Limits are placed no better than this share of the band's length: what the profile still holds
# above the baseline at a limit, times that, is uncertain.
LIMIT_ERROR = 0.011
# Lanes are placed no better than this share of their width: what still stands at a lane's edges
# (a neighbour that touches, a foot cut off), times that, is uncertain ...
LATERAL_ERROR = 0.0075
# ... and more where an edge stands high on a flank, which is less steep there.
LATERAL_RISE = 1.4
# The same of a lane as a whole, whose smear is softer at the sides than bands are.
LANE_ERROR = 0.017
# Lossy compression rounds what is fine in a band away: about this share of it.
LOSSY_ERROR = 0.004
# It rounds the mean of each block of 8 x 8 px to whole steps. Where the picture is flat all blocks
# are rounded alike: a band's background is off by this share of the rounding's SD...
ROUNDED_ALIKE = 0.4
# ... the steps being those of quality 75 where the file does not state them: so many grey levels.
_USUAL_STEP = 1.0
# A curve whose stiffness was told by n stretches of free lane scatters like Student's t: its
# variance is n / (n - 2) times that of a known stiffness. Fewer than this many say no less.
_LEAST_STRETCHES = 3.0


@dataclass(frozen=True, eq=False)
class LaneReading:
    """A lane as it was read, with its baseline: all that the error of a band depends on.

    `roughness` is how much larger the baseline's variance is than its own model has it
    (`blotquant.smoother.roughness`).
    """

    blot: Blot
    lane: Lane
    profile: Profile
    baseline: Baseline
    noise: NoiseModel
    roughness: float = 1.0

    @cached_property
    def above(self) -> NDArray[np.float64]:
        """Mean signal above the baseline at each row, a.u., shape (N,)."""
        above: NDArray[np.float64] = self.profile.intensity - self.baseline.level
        return above / np.maximum(self.profile.width, 1e-9)

    @cached_property
    def ground_variance(self) -> NDArray[np.float64]:
        """Noise variance of the profile if it were the baseline, shape (N,)."""
        width = self.profile.width
        level = self.baseline.level / np.maximum(width, 1e-9)
        return self.noise.variance(level) * width

    @cached_property
    def bridging(self) -> float:
        """Factor of the baseline's variance: by its checks, and by how few rows told its shape."""
        stretches = max(self.baseline.stretches, _LEAST_STRETCHES)
        return self.roughness / (1 - 2 / stretches)

    @cached_property
    def net(self) -> NDArray[np.float64]:
        """Signal above the baseline, summed across the lane at each row, a.u. x px, shape (N,)."""
        return np.asarray(self.above * self.profile.width)

    @cached_property
    def shot_variance(self) -> NDArray[np.float64]:
        """Noise variance that the bands' own signal adds to that of the baseline, shape (N,)."""
        return np.maximum(self.profile.variance - self.ground_variance, 0.0)

    @property
    def marks(self) -> Marks:
        """Specks and scratches that were filled in."""
        return self._sections.marks

    @cached_property
    def outermost(self) -> NDArray[np.float64]:
        """Signal of the lane's outermost px on its left and right side, a.u., shape (2, N)."""
        return self._sections.outermost

    @cached_property
    def at_sides(self) -> NDArray[np.float64]:
        """Signal at the lane's two sides together, over 3 px each, a.u., shape (N,)."""
        left, right = self._sections.sides
        return np.asarray(left + right)

    def share(self, band: Band) -> tuple[slice, NDArray[np.float64]]:
        """Rows of the profile that a band covers, and how much of each."""
        limits = band.start, band.stop
        if limits not in self._shares:  # asked for time and again
            rows = rows_between(self.profile.position, *limits)
            self._shares[limits] = rows, row_weights(self.profile.position[rows], *limits)
        return self._shares[limits]

    @cached_property
    def _sections(self) -> Sections:
        return read_sections(self.blot, self.lane, self.noise)

    @cached_property
    def _shares(self) -> dict[tuple[float, float], tuple[slice, NDArray[np.float64]]]:
        return {}


def standard_errors(
    reading: LaneReading, band: Band, index: int, net: float
) -> tuple[float, float]:
    r"""Standard error of a band's net density, and what it were if no band were there.

    Parameters
    ----------
    reading : LaneReading
    band : Band
    index : int
        Which of the lane's bands it is, as in `Baseline.band_variance`.
    net : float
        Net density, a.u. x px.

    Returns
    -------
    error, error_without_band : float
        a.u. x px.

    Notes
    -----
    With the lane profile :math:`p_r` (signal summed across the lane at row r), the baseline
    :math:`b_r` and the share :math:`w_r` of row r inside the band's limits,

    .. math::
        \mathrm{SE}^2 = \sum_r w_r^2\, [s\, \mathrm{var}(b_r)
            + \mathrm{var}(p_r) - \mathrm{var}(b_r)]
            + \mathrm{var}\Big(\sum_r w_r b_r\Big) + (\tau\, \mathrm{net})^2
            + (\lambda h)^2 (a_\mathrm{start}^2 + a_\mathrm{stop}^2)
            + (\mu\, \omega\, E\, (1 + \kappa\, \omega E / \mathrm{net}))^2
            + \Big(\sum_r w_r d_r\Big)^2

    - var(p), var(b): read and shot noise of the profile and of the background alone; s >= 1: how
      much more the band-free rows scatter than noise explains (texture, compression);
    - the second term: the baseline's own covariance, times what its checks found of it and
      n / (n - 2), n being the stretches of free lane, as long as a band, that its stiffness was
      told by: with few of them, it is not known well;
    - tau (TAIL_ERROR): the share of the band that may lie outside its box;
    - the fourth term: what a limit placed lambda (LIMIT_ERROR) of the band's length h too near or
      too far takes or adds, a being the profile above the baseline there;
    - the fifth: the same across the lane, mu (LATERAL_ERROR) of its width omega, E being the band's
      signal per px at the lane's two edges together: a lane that is too narrow is so on both
      sides. The higher an edge stands on a flank, the less steep is the flank there (kappa,
      LATERAL_RISE);
    - the last: how far the fill of specks and scratches may be off (`blotquant.marks.Marks`).

    The signal to noise is the net density over the first two terms with no band there, that is
    with the shot noise of the background only. Left out: what the baseline's shape cannot follow,
    a neighbour's signal beyond what its edge shows, and the detector's non-linearity. In a lossy
    image `lossy_error` is added in quadrature.
    """
    profile, baseline = reading.profile, reading.baseline
    rows, weights = reading.share(band)
    texture = max(baseline.scale, 1.0)
    ground = reading.ground_variance[rows]
    square = weights**2
    signal = float(square @ reading.shot_variance[rows])
    noise, own = texture * float(square @ ground), baseline.band_variance[index]
    variance, without = signal + noise + reading.bridging * own, noise + own
    placing = _along(reading, band) ** 2 + _across(reading, rows, weights) ** 2
    if reading.marks.doubt.size:
        placing += float(weights @ reading.marks.doubt[rows]) ** 2
    lossy = lossy_error(reading.blot, float(weights @ profile.width[rows]), net)
    error = math.sqrt(variance + placing + (TAIL_ERROR * net) ** 2 + lossy**2)
    return error, math.sqrt(without)


def lossy_error(blot: Blot, area: float, net: float) -> float:
    r"""What lossy compression (JPEG) may have added to a density or taken from it; 0 without.

    Parameters
    ----------
    blot : Blot
    area : float
        Px that were summed.
    net : float
        Net density, a.u. x px.

    Returns
    -------
    float
        a.u. x px.

    Notes
    -----
    .. math:: (\gamma\, q\, A / \sqrt{12})^2 + (\kappa\, \mathrm{net})^2

    q being the step to which the mean of a block of 8 x 8 px is rounded (the first entry of the
    file's quantisation table over 8, ITU-T T.81), A the area, gamma ROUNDED_ALIKE and kappa
    LOSSY_ERROR: flat background is rounded alike in all its blocks, so that its error does not
    average out.
    """
    if Flag.LOSSY not in blot.flags:
        return 0.0
    step = (blot.block_step or _USUAL_STEP) * level_step(blot)
    return math.hypot(ROUNDED_ALIKE * step * area / math.sqrt(12), LOSSY_ERROR * net)


def across_error(reading: LaneReading, band: Band) -> float:
    """What a misplaced lane takes from a band or adds to it, a.u. x px: the last term alone."""
    rows, weights = reading.share(band)
    return _across(reading, rows, weights)


def lane_total_error(reading: LaneReading, total: float) -> float:
    r"""Standard error of the signal summed over a whole lane above its baseline.

    Parameters
    ----------
    reading : LaneReading
    total : float
        The sum, a.u. x px.

    Returns
    -------
    float
        a.u. x px.

    Notes
    -----
    .. math:: \mathrm{SE}^2 = \sum_r [s\, \mathrm{var}(b_r) + \mathrm{var}(p_r) - \mathrm{var}(b_r)]
        + \mathrm{var}\Big(\sum_r b_r\Big) + (\tau\, \mathrm{total})^2
        + (\mu'\, \omega)^2 (e_\mathrm{left}^2 + e_\mathrm{right}^2)

    as in `standard_errors`, the last term being what a misplaced lane takes or adds; here e is
    the signal above the baseline, in the lane's outermost px, summed down the lane, and mu' is
    LANE_ERROR: the whole lane's edge is its smear's as well, which is softer. Left out: what
    the baseline's shape cannot follow, and differences between lanes in how the stain took.
    """
    profile, baseline = reading.profile, reading.baseline
    ground = reading.ground_variance
    own = baseline.total_variance
    if own is None:
        own = float(np.sqrt(np.maximum(baseline.variance, 0.0)).sum()) ** 2
    level = baseline.level / np.maximum(profile.width, 1e-9)
    edges = (reading.outermost - level).sum(axis=1)
    placing = LANE_ERROR * reading.lane.width * math.hypot(*edges)
    lossy = lossy_error(reading.blot, float(profile.width.sum()), total)
    without = max(baseline.scale, 1.0) * float(ground.sum()) + reading.bridging * own
    tails = (TAIL_ERROR * total) ** 2
    return math.sqrt(float(reading.shot_variance.sum()) + without + tails + lossy**2 + placing**2)


def _along(reading: LaneReading, band: Band) -> float:
    """What misplaced limits take or add."""
    ends = (band.start, band.stop)
    at_limits = np.interp(ends, reading.profile.position, reading.net)
    return LIMIT_ERROR * (band.stop - band.start) * math.hypot(*at_limits)


def _across(reading: LaneReading, rows: slice, weights: NDArray[np.float64]) -> float:
    """What a misplaced lane takes or adds: the band's signal in the px at its box's two sides."""
    if weights.size < 3:
        return 0.0
    signal = reading.at_sides[rows]
    # above the straight line between the band's ends: the background beside the lane
    few = max(1, weights.size // 8)
    first, last = float(signal[:few].sum()) / few, float(signal[-few:].sum()) / few
    along = np.arange(weights.size) / (weights.size - 1)
    level = first * float(weights.sum()) + (last - first) * float(along @ weights)
    edge = reading.lane.width * abs(float(signal @ weights) - level)
    net = float(weights @ reading.net[rows])
    return LATERAL_ERROR * edge * (1 + LATERAL_RISE * min(edge / max(net, 1e-300), 1.0))

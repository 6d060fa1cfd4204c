"""The standard error of a net density: noise, baseline, and where the band's box was drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .background import Baseline
from .flags import Flag
from .marks import Marks
from .model import Band, Blot, Lane, Profile
from .noise import NoiseModel, level_step
from .order import median
from .reading import Sections, read_sections

Floats = NDArray[np.float64]

__all__ = [
    "LATERAL_ERROR",
    "LIMIT_ERROR",
    "TAIL_ERROR",
    "Boxes",
    "LaneReading",
    "across_error",
    "edge_signals",
    "lane_total_error",
    "rounding_error",
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
_HIGHEST_EDGE = 3.0
# A lane that holds one band alone was placed by that band: half the variance.
_ALONE = 0.5
# The same of a lane as a whole, whose smear is softer at the sides than bands are.
LANE_ERROR = 0.017
# Lossy compression rounds what is fine in a band away: about this share of it.
LOSSY_ERROR = 0.004
# Pixels are rounded to grey levels, the means of a JPEG's blocks of 8 x 8 px to its steps. Where a
# picture is flat all are rounded alike: a band's background is off by this share of the rounding's
# SD ...
ROUNDED_ALIKE = 0.4
# ... a JPEG's steps being those of quality 75 where the file does not state them: so many levels.
_USUAL_STEP = 1.0
# A curve whose stiffness was told by n stretches of free lane scatters like Student's t: its
# variance is n / (n - 2) times that of a known stiffness. Fewer than this many say no less.
_LEAST_STRETCHES = 5.0
# Neighbouring bins that err alike by more than this say no more than that they do.
_MOST_ALIKE = 0.8


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
        """Factor of the baseline's variance: what its own model does not know of its errors.

        By its checks, by how few rows told its shape, and by how alike neighbouring rows err.
        """
        stretches = max(self.baseline.stretches, _LEAST_STRETCHES)
        alike = min(max(self.baseline.correlation, 0.0), _MOST_ALIKE)
        return self.roughness / (1 - 2 / stretches) * (1 + alike) / (1 - alike)

    @cached_property
    def rounded(self) -> float:
        """Step to which pixels, or a JPEG's blocks, of the background are rounded alike, a.u."""
        step = level_step(self.blot)
        if Flag.LOSSY in self.blot.flags:
            return (self.blot.block_step or _USUAL_STEP) * step
        if self.blot.pixels.dtype.kind == "f":
            return 0.0
        variance = median(self.ground_variance / np.maximum(self.profile.width, 1e-9))
        return step * math.exp(-2 * (math.pi / step) ** 2 * max(variance - step**2 / 12, 0.0))

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
        """Specks and scratches that were filled in; of no rows where there were none."""
        return self._sections.marks

    @property
    def marked(self) -> NDArray[np.float64]:
        """What specks and scratches were worth, a.u. x px, shape (N,)."""
        taken = self.marks.taken
        return taken if taken.size else np.zeros(self.profile.position.size)

    @property
    def doubt(self) -> NDArray[np.float64]:
        """How far the fill of specks and scratches may be off, a.u. x px, shape (N,)."""
        doubt = self.marks.doubt
        return doubt if doubt.size else np.zeros(self.profile.position.size)

    @cached_property
    def outermost(self) -> NDArray[np.float64]:
        """Signal of the lane's outermost px on its left and right side, a.u., shape (2, N)."""
        return self._sections.outermost

    @cached_property
    def at_sides(self) -> NDArray[np.float64]:
        """Signal at the lane's left and right side, over 3 px each, a.u., shape (2, N)."""
        return self._sections.sides

    @cached_property
    def _sections(self) -> Sections:
        return read_sections(self.blot, self.lane, self.noise)


@dataclass(frozen=True, eq=False)
class Boxes:
    """Bands of several lanes side by side in arrays: one by one they take several times as long.

    Parameters
    ----------
    readings : sequence of LaneReading
        Lanes that the picture shows.
    bands : sequence of Band, length B
        Lane by lane, each lane's in the order of `Baseline.band_variance`.
    lane : ndarray of int, shape (B,)
        Which of the lanes each band lies in.
    start, stop : ndarray, shape (B,)
        Limits, px along the lane.
    size : ndarray of int, shape (B,)
        Rows of the profile that each covers, if only in part.
    position : ndarray, shape (B, M)
        These rows; where a band has less than M, its last one again.
    weights : ndarray, shape (B, M)
        How much of each row the band covers; 0 beyond its last one.
    """

    readings: Sequence[LaneReading]
    bands: Sequence[Band]
    lane: NDArray[np.intp]
    start: Floats
    stop: Floats
    size: NDArray[np.intp]
    position: Floats
    weights: Floats

    @classmethod
    def of(cls, lanes: Sequence[tuple[LaneReading, Sequence[Band]]]) -> Boxes:
        """Boxes of bands, given lane by lane."""
        bands = [band for _, own in lanes for band in own]
        lane = np.repeat(np.arange(len(lanes)), [len(own) for _, own in lanes])
        start, stop = np.array([(band.start, band.stop) for band in bands]).reshape(-1, 2).T
        ends = [(reading.profile.position[[0, -1]]) for reading, _ in lanes]
        top, bottom = np.array(ends).reshape(-1, 2)[lane].T
        first = np.maximum(np.floor(start - 0.5) + 1, top)
        last = np.minimum(np.ceil(stop + 0.5) - 1, bottom)
        size = np.maximum(last - first + 1, 0).astype(np.intp)
        step = np.arange(max(int(size.max(initial=0)), 1))
        position = np.clip(first[:, None] + step, top[:, None], np.maximum(last, top)[:, None])
        weights = np.minimum(position + 0.5, stop[:, None])
        weights -= np.maximum(position - 0.5, start[:, None])
        weights = np.clip(weights, 0.0, 1.0) * (step < size[:, None])
        readings = [reading for reading, _ in lanes]
        return cls(readings, bands, lane, start, stop, size, position, weights)

    @cached_property
    def detected(self) -> NDArray[np.bool_]:
        """Whether each band was seen in its lane, shape (B,)."""
        return np.array([band.detected for band in self.bands], bool)

    def of_lanes(self, of: Callable[[LaneReading], Any]) -> NDArray[Any]:
        """What a lane says, for each of its bands; shape (B,)."""
        return np.array([of(reading) for reading in self.readings])[self.lane]

    def of_rows(self, of: Callable[[LaneReading], Floats]) -> Floats:
        """What a lane says of each of its rows, in the bands; shape (B, M)."""
        return self.in_rows([of(reading) for reading in self.readings])

    def in_rows(self, values: Sequence[Floats]) -> Floats:
        """The same of values that are given, one array a lane; shape (B, M)."""
        return np.asarray(np.concatenate(values)[self._places])

    def at_limits(self, of: Callable[[LaneReading], Floats]) -> Floats:
        """What a lane says of its rows, between them at the bands' limits; shape (2, B)."""
        values = np.concatenate([of(reading) for reading in self.readings])
        limits = np.stack([self.start, self.stop])
        within = np.clip(limits - self._top, 0.0, self._length - 1)
        before = np.minimum(within.astype(np.intp), np.maximum(self._length - 2, 0))
        after = np.minimum(before + 1, self._length - 1)
        low, high = values[self._begin + before], values[self._begin + after]
        return np.asarray(low + (within - before) * (high - low))

    def sums(self, values: Floats) -> Floats:
        """Sum of what `of_rows` gave over each band; shape (B,)."""
        return np.asarray(np.einsum("bm,bm->b", self.weights, values))

    def by_lane(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """What is said of each band, parted into the lanes; `values` has shape (B,)."""
        return np.split(values, np.searchsorted(self.lane, np.arange(1, len(self.readings))))

    @cached_property
    def _top(self) -> Floats:
        return self.of_lanes(lambda reading: reading.profile.position[0])

    @cached_property
    def _length(self) -> NDArray[np.intp]:
        """Rows of each band's lane."""
        return self.of_lanes(lambda reading: reading.profile.position.size)

    @cached_property
    def _begin(self) -> NDArray[np.intp]:
        """Where each band's lane begins, all lanes put end to end."""
        sizes = [reading.profile.position.size for reading in self.readings]
        return np.cumsum([0, *sizes])[self.lane]

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        """Rows of the bands, all lanes put end to end."""
        return self._begin[:, None] + (self.position - self._top[:, None]).astype(np.intp)


def standard_errors(boxes: Boxes, net: Floats) -> tuple[Floats, Floats]:
    r"""Standard error of each band's net density, and what it were if no band were there.

    Parameters
    ----------
    boxes : Boxes
        Of B bands.
    net : ndarray, shape (B,)
        Net densities, a.u. x px.

    Returns
    -------
    error, error_without_band : ndarray, shape (B,)
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
            + (\mu\, E\, (1 + \kappa\, E / \mathrm{net}))^2
            + \Big(\sum_r w_r d_r\Big)^2

    - var(p), var(b): read and shot noise of the profile and of the background alone; s >= 1: how
      much more the band-free rows scatter than noise explains (texture, compression);
    - the second term: the baseline's own covariance, times what its checks found of it and
      n / (n - 2), n being the stretches of free lane, as long as a band, that its stiffness was
      told by: with few of them, it is not known well. Where neighbouring bins err alike
      (correlation r > 0), there are fewer independent ones than the model counts: times
      (1 + r) / (1 - r) (Bartlett 1946, J. R. Stat. Soc. Suppl. 8:27);
    - tau (TAIL_ERROR): the share of the band that may lie outside its box;
    - the fourth term: what a limit placed lambda (LIMIT_ERROR) of the band's length h too near or
      too far takes or adds, a being the profile above the baseline there;
    - the fifth: the same across the lane, mu (LATERAL_ERROR) of E, what the band would hold if it
      were everywhere as at the lane's two edges, :math:`E^2 = 2 (E_\mathrm{left}^2 +
      E_\mathrm{right}^2)`. The higher an edge stands on a flank, the less steep is the flank there
      (kappa, LATERAL_RISE). A lane with one band was placed by that band: half the variance;
    - the last: how far the fill of specks and scratches may be off (`blotquant.marks.Marks`).

    The signal to noise is the net density over the first two terms with no band there, that is
    with the shot noise of the background only. Left out: what the baseline's shape cannot follow,
    a neighbour's signal beyond what its edge shows, and the detector's non-linearity.
    `rounding_error` is added in quadrature.
    """
    square = boxes.weights**2
    ground = boxes.of_rows(lambda reading: reading.ground_variance)
    shot = boxes.of_rows(lambda reading: reading.shot_variance)
    texture = boxes.of_lanes(lambda reading: max(reading.baseline.scale, 1.0))
    bridging = boxes.of_lanes(lambda reading: reading.bridging)
    own = np.concatenate([reading.baseline.band_variance for reading in boxes.readings])
    signal = np.einsum("bm,bm->b", square, shot)
    noise = texture * np.einsum("bm,bm->b", square, ground)
    variance, without = signal + noise + bridging * own, noise + own
    placing = _along(boxes) ** 2 + _across(boxes) ** 2
    placing += boxes.sums(boxes.of_rows(lambda reading: reading.doubt)) ** 2
    area = boxes.sums(boxes.of_rows(lambda reading: reading.profile.width))
    rounding = [
        rounding_error(boxes.readings[k], *one)
        for k, *one in zip(boxes.lane, area.tolist(), net.tolist(), strict=True)
    ]
    error = np.sqrt(variance + placing + (TAIL_ERROR * net) ** 2 + np.square(rounding))
    return error, np.sqrt(without)


def edge_signals(boxes: Boxes) -> Floats:
    """What each band would hold if it were as at one side of its box in its whole width.

    Parameters
    ----------
    boxes : Boxes
        Of B bands.

    Returns
    -------
    ndarray, shape (2, B)
        At the left and the right side, a.u. x px, above the straight line between the band's ends:
        the background beside the lane. 0 for a band of less than three rows.
    """
    size, step = boxes.size[:, None], np.arange(boxes.weights.shape[1])
    few = np.maximum(1, size // 8)
    in_first, in_last = step < few, (step >= size - few) & (step < size)
    along = boxes.sums(step / np.maximum(size - 1, 1))
    whole = boxes.weights.sum(axis=1)
    width = boxes.of_lanes(lambda reading: reading.lane.width)
    edges = []
    for side in (0, 1):
        signal = boxes.in_rows([reading.at_sides[side] for reading in boxes.readings])
        first = np.where(in_first, signal, 0.0).sum(axis=1) / few[:, 0]
        last = np.where(in_last, signal, 0.0).sum(axis=1) / few[:, 0]
        edges.append(width * (boxes.sums(signal) - first * whole - (last - first) * along))
    return np.where(boxes.size < 3, 0.0, edges)


def rounding_error(reading: LaneReading, area: float, net: float) -> float:
    r"""What whole grey levels, or lossy compression, may have added to a density or taken from it.

    Parameters
    ----------
    reading : LaneReading
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

    A being the area, gamma ROUNDED_ALIKE and kappa LOSSY_ERROR in a JPEG, else 0. Flat background
    is rounded alike everywhere, so that its error does not average out. In a JPEG q is the step to
    which the mean of a block of 8 x 8 px is rounded (the first entry of the file's quantisation
    table over 8, ITU-T T.81). Else it is a grey level, l, times
    :math:`\exp(-2 \pi^2 \sigma^2 / l^2)`: noise of SD sigma makes the rounding of each pixel
    another, and what they have in common falls off so (Widrow and Kollar 2008, Quantization
    Noise, ch. 4); of sigma half a level 1 % is left.
    """
    own = LOSSY_ERROR * net if Flag.LOSSY in reading.blot.flags else 0.0
    return math.hypot(ROUNDED_ALIKE * reading.rounded * area / math.sqrt(12), own)


def across_error(reading: LaneReading, band: Band) -> float:
    """What a misplaced lane takes from a band or adds to it, a.u. x px: the last term alone."""
    return float(_across(Boxes.of([(reading, [band])]))[0])


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
    rounding = rounding_error(reading, float(profile.width.sum()), total)
    without = max(baseline.scale, 1.0) * float(ground.sum()) + reading.bridging * own
    tails = (TAIL_ERROR * total) ** 2
    shot = float(reading.shot_variance.sum())
    return math.sqrt(shot + without + tails + rounding**2 + placing**2)


def _along(boxes: Boxes) -> Floats:
    """What misplaced limits take or add."""
    at_limits = boxes.at_limits(lambda reading: reading.net)
    return np.asarray(LIMIT_ERROR * (boxes.stop - boxes.start) * np.hypot(*at_limits))


def _across(boxes: Boxes) -> Floats:
    """What a misplaced lane takes or adds: the band's signal in the px at its box's two sides."""
    edge = math.sqrt(2) * np.hypot(*edge_signals(boxes))
    net = boxes.sums(boxes.of_rows(lambda reading: reading.net))
    highest = np.full(edge.shape, _HIGHEST_EDGE)
    height = np.divide(edge, net, out=highest, where=_HIGHEST_EDGE * net > edge)
    alone = boxes.of_lanes(lambda reading: len(reading.baseline.band_variance) == 1)
    error = LATERAL_ERROR * edge * (1 + LATERAL_RISE * height)
    return np.asarray(error * np.where(alone, math.sqrt(_ALONE), 1.0))

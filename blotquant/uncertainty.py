"""The standard error of a net density: noise, baseline, and where the band's box was drawn."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .boxes import Boxes
from .edges import Edges
from .flags import Flag
from .lane_reading import LaneReading
from .model import Band, Blot
from .neighbours import spreading

Floats = NDArray[np.float64]

__all__ = [
    "LATERAL_ERROR",
    "LIMIT_ERROR",
    "TAIL_ERROR",
    "across_error",
    "lane_total_error",
    "rounding_error",
    "standard_errors",
]

# Share of a band that may lie beyond its limits or its lane's edges: the tails that nobody can
# tell from background.
TAIL_ERROR = 0.0004
# Limits are placed no better than this share of the band's length: what the profile still holds
# above the baseline at a limit, times that, is uncertain.
LIMIT_ERROR = 0.011
# Lanes are placed no better than this share of their width: what still stands at a lane's edges
# (a neighbour that touches, a foot cut off), times that, is uncertain ...
LATERAL_ERROR = 0.006
# ... and more where an edge stands high on a flank, which is less steep there.
LATERAL_RISE = 1.0
# Where lanes stand farther apart than elsewhere, or nearer, bands reach beyond their lane, or end
# within: this share of the signal at the edges, times the share by which they do.
_SPREAD = 0.3
_HIGHEST_EDGE = 3.0
# What lies beyond an edge, of the band and of its neighbour, differs by this share of either.
_BEYOND = 0.12
# Where no neighbour touches, what lies beyond is missing. A flank grows steeper outwards, as a
# Gaussian's does: about this share of what one falling on as within would hold.
_MISSED = 0.6
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


def standard_errors(boxes: Boxes, net: Floats, edges: Edges) -> tuple[Floats, Floats]:
    r"""Standard error of each band's net density, and what it were if no band were there.

    Parameters
    ----------
    boxes : Boxes
        Of B bands.
    net : ndarray, shape (B,)
        Net densities, a.u. x px.
    edges : Edges
        What these bands hold at the sides of their boxes.

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
            + \nu^2 (B_\mathrm{left}^2 + B_\mathrm{right}^2) + (\omega C)^2
            + \Big(\sum_r w_r d_r\Big)^2

    - var(p), var(b): read and shot noise of the profile and of the background alone; s >= 1: how
      much more the band-free rows scatter than noise explains (texture, compression);
    - the second term: the baseline's own covariance, times what its checks found of it and
      n / (n - 2), n being the stretches of free lane, as long as a band, that its stiffness was
      told by: with few of them, it is not known well. Where neighbouring bins err alike
      (correlation r > 0), there are fewer independent ones than the model counts: times
      (1 + r) / (1 - r) (Bartlett 1946, J. R. Stat. Soc. Suppl. 8:27). Where the baseline leans on
      the gaps between lanes, the variance of what was read there comes on top;
    - tau (TAIL_ERROR): the share of the band that may lie outside its box;
    - the fourth term: what a limit placed lambda (LIMIT_ERROR) of the band's length h too near or
      too far takes or adds, a being the profile above the baseline there;
    - the fifth: the same across the lane, mu (LATERAL_ERROR) of E, what the band would hold if it
      were everywhere as at the lane's two edges, :math:`E^2 = 2 (E_\mathrm{left}^2 +
      E_\mathrm{right}^2)`. The higher an edge stands on a flank, the less steep is the flank there
      (kappa, LATERAL_RISE). A lane with one band was placed by that band: half the variance of
      this term and the next;
    - a lane is as wide everywhere. Where lanes fan out and stand the share f farther apart than
      elsewhere, or nearer, :math:`(\phi f E)^2` comes on top (phi, _SPREAD);
    - the sixth: where flanks are soft, bands lose what lies beyond their lane's edges and get what
      their neighbours have there. B is what lies beyond a side as the flank within tells; the two
      differ by a share of it (nu, _BEYOND), as neighbours differ in strength. Where no neighbour
      touches, all that lies there is missing: C is the sum of B over such sides, as far as they
      stand out of the noise (`blotquant.edges.Edges`), of which a flank that steepens leaves the
      share omega (_MISSED);
    - the last: how far the fill of specks and scratches may be off (`blotquant.marks.Marks`).

    The signal to noise is the net density over the first two terms with no band there, that is
    with the shot noise of the background only, and the rounding of flat ground. Left out: what the
    baseline's shape cannot follow, a neighbour's signal beyond what its edge shows, and the
    detector's non-linearity. `rounding_error` is added in quadrature.
    """
    square = boxes.weights**2
    ground = boxes.of_rows(lambda reading: reading.ground_variance)
    shot = boxes.of_rows(lambda reading: reading.shot_variance)
    texture = boxes.of_lanes(lambda reading: max(reading.baseline.scale, 1.0))
    baseline = np.concatenate([reading.baseline_variance for reading in boxes.readings])
    own = np.concatenate([reading.baseline.own_variance for reading in boxes.readings])
    signal = np.einsum("bm,bm->b", square, shot)
    noise = texture * np.einsum("bm,bm->b", square, ground)
    variance, without = signal + noise + baseline, noise + own
    placing = _along(boxes) ** 2 + _across(boxes, edges) ** 2
    placing += boxes.sums(boxes.of_rows(lambda reading: reading.doubt)) ** 2
    area = boxes.sums(boxes.of_rows(lambda reading: reading.profile.width))
    steps = boxes.of_lanes(lambda reading: reading.rounded)
    lossy = boxes.of_lanes(lambda reading: _lossy(reading.blot))
    rounding = _rounding(steps, area, lossy * net)
    of_ground = _rounding(steps, area, np.zeros(net.size))
    error = np.sqrt(variance + placing + (TAIL_ERROR * net) ** 2 + rounding)
    return error, np.sqrt(without + of_ground)


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
    own = np.array([_lossy(reading.blot) * net])
    return math.sqrt(_rounding(np.array([reading.rounded]), np.array([area]), own)[0])


def _lossy(blot: Blot) -> float:
    """Share of a band that compression may have rounded away."""
    return LOSSY_ERROR if Flag.LOSSY in blot.flags else 0.0


def _rounding(steps: Floats, area: Floats, own: Floats) -> Floats:
    """Square of what rounding to steps, and of bands themselves, may have added or taken."""
    return (ROUNDED_ALIKE * steps * area) ** 2 / 12 + own**2


def across_error(reading: LaneReading, band: Band) -> float:
    """What a misplaced lane takes from a band or adds to it, a.u. x px: the last term alone."""
    boxes = Boxes.of([(reading, [band])])
    return float(_across(boxes, Edges.of(boxes))[0])


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
    without += baseline.total_ground
    tails = (TAIL_ERROR * total) ** 2
    shot = float(reading.shot_variance.sum())
    return math.sqrt(shot + without + tails + rounding**2 + placing**2)


def _along(boxes: Boxes) -> Floats:
    """What misplaced limits take or add."""
    at_limits = boxes.at_limits(lambda reading: reading.net)
    return np.asarray(LIMIT_ERROR * (boxes.stop - boxes.start) * np.hypot(*at_limits))


def _across(boxes: Boxes, edges: Edges) -> Floats:
    """What a misplaced lane takes or adds: the band's signal in the px at its box's two sides."""
    edge = math.sqrt(2) * np.hypot(*edges.signal)
    net = boxes.sums(boxes.of_rows(lambda reading: reading.net))
    highest = np.full(edge.shape, _HIGHEST_EDGE)
    height = np.divide(edge, net, out=highest, where=_HIGHEST_EDGE * net > edge)
    alone = boxes.of_lanes(lambda reading: len(reading.baseline.band_variance) == 1)
    error = LATERAL_ERROR * edge * (1 + LATERAL_RISE * height)
    error = np.hypot(error, _BEYOND * np.hypot(*edges.beyond))
    placing = error * np.where(alone, math.sqrt(_ALONE), 1.0)
    placing = np.hypot(placing, _SPREAD * _spreading(boxes) * edge)
    return np.asarray(np.hypot(placing, _MISSED * edges.cut_off))


def _spreading(boxes: Boxes) -> Floats:
    """How much farther apart lanes stand at each band than elsewhere (`neighbours.spreading`)."""
    middle = boxes.by_lane((boxes.start + boxes.stop) / 2)
    return np.concatenate(
        [
            spreading(reading.lane, reading.beside, rows)
            for reading, rows in zip(boxes.readings, middle, strict=True)
        ]
    )

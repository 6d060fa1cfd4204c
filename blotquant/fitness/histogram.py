"""A histogram that was stretched or bent: codes that no pixel has, codes that took two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter, uniform_filter1d

from ..flags import Flag
from .finding import Finding
from .sample import Sample

__all__ = ["Comb", "find_comb", "stretched"]

Counts = NDArray[np.int64]

_AROUND = 9  # codes around one that say how many pixels it should have
_EXPECTED = 5.0  # pixels a code should have for its absence to mean something
_WALL, _WIDEST = 8, 40  # pixels of the codes beside a gap, codes from one to the other
_SHARE, _LEAST = 0.02, 3
_EXCESS = 5.0
_DOUBLE, _TRIPLE, _SINGLE, _SURE = 1.55, 2.6, 1.3, 5.0
_LOOSE = 0.25
_NARROW = 4.0  # codes: a tooth that is no hump
# Codes for a spectrum, the longest period, a line over the median (others came to 5.3 at most), and
# its least swing: codes that take two each seventh time swing by 0.2 of a natural logarithm.
_FEWEST, _LONGEST, _LINE, _SWING = 24, 12, 6.5, 0.08
_EIGHT_BITS, _LEAK = 256, 2.0  # codes; places of the spectrum over which a line spreads
_UNEVEN = 1.8


@dataclass(frozen=True)
class Comb:
    """Gaps and doubled codes in a histogram.

    Parameters
    ----------
    codes : int
        Codes that could be judged.
    missing, doubled : int
        Codes that no pixel has, and that have about twice as many as their neighbours.
    period : float
        Codes after which the comb of a contrast that was reduced repeats; 0 where there is none.
    bent : bool
        Whether gaps are denser at one end of the scale: a gamma or a curve, not a straight line.
    """

    codes: int
    missing: int
    doubled: int
    period: float
    bent: bool


def stretched(sample: Sample) -> Finding | None:
    """Whether grey levels were stretched, compressed or bent after they had been rounded.

    Parameters
    ----------
    sample : Sample
    """
    comb = None if sample.histogram is None else find_comb(sample.histogram)
    if comb is None:
        return None
    parts = [
        f"{comb.missing} of {comb.codes} grey levels are missing" if comb.missing else "",
        f"{comb.doubled} of {comb.codes} took the pixels of two" if comb.doubled else "",
        f"it repeats every {comb.period:.1f} levels" if comb.period else "",
    ]
    seen = "its histogram is a comb: " + ", ".join(part for part in parts if part)
    if comb.bent:
        return Finding(
            "stretched",
            Flag.STRETCHED,
            "unfit",
            seen + ", unevenly, as a gamma or a curve leaves it",
            "densities are no longer proportional to the signal; ratios between bands are wrong",
            "export the linear 16-bit data, without gamma, contrast or display curve",
        )
    return Finding(
        "stretched",
        Flag.STRETCHED,
        "poor",
        seen + ": brightness and contrast were changed",
        "steps between grey levels are coarser, and what lay beyond the ends was cut off; "
        "ratios hold only if nothing was cut and no gamma was set",
        "export the imager's 16-bit data and change contrast for the figure only",
    )


def find_comb(histogram: Counts) -> Comb | None:
    """Gaps and doubled codes that chance does not explain; None where there are none.

    Parameters
    ----------
    histogram : ndarray of int, shape (levels,)
        Pixels at each level.

    Notes
    -----
    Stamm & Liu (2008, ICIP): what rounds twice leaves gaps or peaks. A step that all codes share
    (12 bits shifted into 16) is no comb and is divided out first. Without gaps the peaks must
    repeat: letters that were drawn in and the blocks of a JPEG let single codes stand out, too.
    """
    counts = _by_step(histogram)
    if counts.size < _AROUND + 4:
        return None
    usual = _expected(counts)
    inner = np.zeros(counts.size, dtype=bool)
    inner[2:-2] = True  # the ends hold what was clipped
    missing = inner & _is_gap(counts)
    judged = inner & ((usual >= _EXPECTED) | missing)
    codes = int(judged.sum())
    by_chance = float(np.exp(-usual[judged & ~missing]).sum())
    if missing.sum() < max(_LEAST, _EXCESS * by_chance, _SHARE * codes):
        missing[:] = False
    doubled = judged & _is_double(counts, usual)
    if doubled.sum() < max(_LEAST, _SHARE * codes) or not _is_regular(doubled):
        doubled[:] = False
    period = 0.0 if missing.any() else _period(counts, judged)
    if period > _NARROW and doubled.sum() < codes / period / 2:
        period = 0.0  # humps of a few codes, as rows of equal bands leave them
    if not (missing.any() or period):
        return None
    bent = bool(missing.any() and doubled.any()) or _is_uneven(missing | doubled, judged)
    return Comb(codes, int(missing.sum()), int(doubled.sum()), period, bent and not period)


def _by_step(histogram: Counts) -> Counts:
    """Counts from the lowest to the highest level in use, in steps that all levels share."""
    used = np.flatnonzero(histogram)
    if used.size < 3:
        return histogram[:0]
    # no camera counts in steps within 8 bits
    step = int(np.gcd.reduce(np.diff(used))) if histogram.size > 256 else 1
    return histogram[used[0] : used[-1] + 1 : step]


def _expected(counts: Counts) -> NDArray[np.float64]:
    """Mean of the codes around each, the largest left out: that may be canvas."""
    values = counts.astype(np.float64)
    total = uniform_filter1d(values, _AROUND, mode="nearest") * _AROUND
    return np.asarray((total - maximum_filter1d(values, _AROUND, mode="nearest")) / (_AROUND - 1))


def _is_gap(counts: Counts) -> NDArray[np.bool_]:
    """Codes without a pixel between codes that have many: no valley runs out into them."""
    gap = np.zeros(counts.size, dtype=bool)
    used = np.flatnonzero(counts)
    # from one code in use to the next: there are few that leave out others and are high enough
    left, right = used[:-1], used[1:]
    apart = right - left
    walls = np.minimum(counts[left], counts[right])
    for k in np.flatnonzero((apart > 1) & (apart <= _WIDEST) & (walls >= _WALL)).tolist():
        gap[left[k] + 1 : right[k]] = True
    return gap


def _is_double(counts: Counts, usual: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Codes that stand out alone: a peak of the histogram itself is broader than one code."""
    double = np.zeros(counts.size, dtype=bool)
    some = np.flatnonzero(usual >= 4 * _EXPECTED)
    values = counts[some].astype(np.float64)
    near = counts[(some + np.array([[2], [1], [-1], [-2]])) % counts.size].astype(np.float64)
    around, beside = near.mean(axis=0), near[1:3].max(axis=0)
    # beside a gap every code looks high
    high = (values > _DOUBLE * around) & (values > _SINGLE * beside) & (near.min(axis=0) > 0)
    high &= values < _TRIPLE * around
    sure = values - around > _SURE * np.sqrt(around + 1)
    double[some] = high & sure
    return double


def _is_regular(teeth: NDArray[np.bool_]) -> bool:
    """Whether teeth follow each other at steps that change little, as a curve rounds codes away.

    Letters that were drawn into a picture, and the blocks of a JPEG, make codes stand out anywhere.
    """
    steps = np.diff(np.flatnonzero(teeth))
    if steps.size < 2:
        return False
    return bool(np.median(np.abs(np.diff(steps))) <= max(_LOOSE * np.median(steps), 1))


def _period(counts: Counts, judged: NDArray[np.bool_]) -> float:
    """Codes after which a comb repeats; 0 where no line stands out of the spectrum.

    A factor below 1 makes codes take the pixels of two at even steps. As regular is only a
    converter whose bits are uneven: 2, 4 or 8 codes of a picture that has more than 256.
    """
    places = np.flatnonzero(judged)
    if places.size < _FEWEST:
        return 0.0
    part = slice(int(places[0]), int(places[-1]) + 1)
    level = np.log(np.maximum(counts[part], 0.3))
    rest = np.clip(level - median_filter(level, _AROUND, mode="nearest"), -1, 1) * judged[part]
    window = np.hanning(rest.size)
    spectrum = 2 / window.sum() * np.abs(np.fft.rfft((rest - rest.mean()) * window))
    frequency = np.fft.rfftfreq(rest.size)
    spectrum[frequency < 1 / _LONGEST] = np.nan
    best = int(np.nanargmax(spectrum))
    if spectrum[best] < max(_LINE * np.nanmedian(spectrum), _SWING):
        return 0.0
    period = float(1 / frequency[best])
    of_bits = counts.size > _EIGHT_BITS and any(
        abs(rest.size / p - best) < _LEAK for p in (2, 4, 8)
    )
    return 0.0 if of_bits else period


def _is_uneven(teeth: NDArray[np.bool_], judged: NDArray[np.bool_]) -> bool:
    """Whether the teeth are denser in the lower or the upper half of the codes judged."""
    places = np.flatnonzero(judged)
    low, high = np.array_split(teeth[places], 2)
    if teeth.sum() < 8:
        return False
    shares = sorted((float(low.mean()), float(high.mean())))
    return shares[1] > _UNEVEN * shares[0] + 0.02

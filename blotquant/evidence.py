"""Where bands are: a map of how much every pixel looks like part of a horizontal band."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .order import median, quantile, quantiles
from .scene import Scene

__all__ = ["band_evidence"]

# Half-thickness of bands looked for, px of the scene, and into how many rows and columns one of a
# reduced picture is put together for each: they lose nothing by it, and cost a fraction. A picture
# that is not reduced may show bands as thin as the first: they are looked for in every row.
_SCALES = ((1.2, 2, 1), (2.4, 2, 1), (4.8, 2, 2), (9.0, 2, 2))
# Pictures flatter than this, height over width, are not reduced: they have few rows.
_FLAT = 0.2
# A slope drawn in steps of one grey level bends by up to this share of a level.
_STEP = 0.15
# Nothing narrower than this counts, px of the scene.
_SPECK = 7
# The clutter is told from about so many columns, and so many px of them.
_COLUMNS, _SAMPLE = 150, 15_000
# In a strip lower than so many times a band's half-thickness, and than so many rows, its bands, and
# their lobes, may leave no rows to tell the clutter from: it is then told from place to place along
# the rows as well, of which so many times is taken, as clouds are alike from place to place, too.
_TIGHT, _LOW, _LATERAL = 24, 126, 3.0
# Evidence below this many times the clutter is none.
_CLUTTER = 2.5
# A picture whose strongest evidence is below this many times the clutter shows noise alone: over a
# lane's width, noise by itself comes to 5 at most in a picture of working size.
_CHANCE = 6.0


def band_evidence(scene: Scene) -> NDArray[np.float32]:
    """How much each pixel looks like part of a band, in units of the scene's clutter.

    At each of four thicknesses the signal minus its surroundings along the lane (a difference of
    Gaussians, so slow background and smear drop out) is divided by its own robust spread over
    the scene, which makes noise, clouds and texture count alike. The largest of the four counts,
    as its square root: a band of 1 % of the strongest still weighs a tenth.

    Parameters
    ----------
    scene : Scene

    Returns
    -------
    ndarray, shape (rows, cols), float32
        0 where there is no band; 0 throughout where nothing exceeds what chance makes.
    """
    rows, cols = scene.signal.shape
    inside = None if scene.inside.all() else scene.inside
    height = rows if inside is None else int(np.count_nonzero(inside.any(axis=1)))
    best: NDArray[np.float32] | None = None
    sizes = _sizes(rows, cols, scene.factor)
    shorter = {down: _reduced(scene.signal, down, 1) for down, _, _ in sizes}
    for down, across, scales in sizes:
        signal = _reduced(shorter[down], 1, across)
        within = None if inside is None else _within(inside, down, across)
        for scale in scales:
            is_tight = height < min(_TIGHT * scale, _LOW)
            size = scale / down, scale / across
            ridge = _ridge(signal, within, size, scene.level, is_tight=is_tight)
            best = ridge if best is None else _larger(best, ridge)
    if best is None:
        return np.zeros((rows, cols), np.float32)
    # dust and lettering are narrower than any lane
    best = np.asarray(cv2.morphologyEx(best, cv2.MORPH_OPEN, np.ones((1, _SPECK), np.uint8)))
    if inside is not None:
        best[~_within(inside, *sizes[-1][:2])] = 0
    if best.max(initial=0) < _CHANCE:
        return np.zeros((rows, cols), np.float32)
    best -= np.float32(_CLUTTER)
    np.maximum(best, 0, out=best)
    best = _spread(np.sqrt(best, out=best), (rows, cols))
    if inside is not None:
        best[~inside] = 0
    return best


def _sizes(rows: int, cols: int, factor: int) -> list[tuple[int, int, list[float]]]:
    """Thicknesses to look for by the size they are looked for at, the smallest size first.

    Each size is given by the rows and columns that make one.
    """
    found: dict[tuple[int, int], list[float]] = {}
    for scale, down, across in _SCALES:
        if 6 * scale <= rows:
            fine = scale == _SCALES[0][0] and factor == 1
            size = (1, 1) if fine or rows < _FLAT * cols else (down, across)
            found.setdefault(size, []).append(scale)
    return [(*size, found[size]) for size in sorted(found, reverse=True)]


def _reduced(signal: NDArray[np.float32], down: int, across: int) -> NDArray[np.float32]:
    """Means of so many rows and columns; the last ones are repeated where they do not suffice."""
    if down == across == 1:
        return signal
    rows, cols = signal.shape
    more = -rows % down, -cols % across
    if any(more):
        signal = np.pad(signal, ((0, more[0]), (0, more[1])), mode="edge")
    # whole rows added up: several times as fast as cv2.resize
    total = signal[0::down].copy()
    for k in range(1, down):
        total += signal[k::down]
    if across > 1:
        total = sum((total[:, k::across] for k in range(1, across)), start=total[:, ::across])
    total *= np.float32(1 / (down * across))
    return total


def _within(inside: NDArray[np.bool_], down: int, across: int) -> NDArray[np.bool_]:
    """Mask at a reduced size: True where any part is."""
    return _reduced(inside.astype(np.float32), down, across) > 0


def _spread(small: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Map of a reduced size brought to another one, of which it has whole parts."""
    if small.shape == shape:
        return small
    times = [-(-large // few) for large, few in zip(shape, small.shape, strict=True)]
    whole = small.shape[1] * times[1], small.shape[0] * times[0]
    return np.asarray(cv2.resize(small, whole), np.float32)[: shape[0], : shape[1]]


def _larger(small: NDArray[np.float32], ridge: NDArray[np.float32]) -> NDArray[np.float32]:
    """The larger of two maps at the second one's size, the first brought to it."""
    return np.maximum(_spread(small, ridge.shape), ridge, out=ridge)


def _ridge(
    signal: NDArray[np.float32],
    inside: NDArray[np.bool_] | None,
    size: tuple[float, float],
    level: float,
    *,
    is_tight: bool,
) -> NDArray[np.float32]:
    """Response to bands of one thickness, in units of its clutter.

    `size` is the thickness in rows of `signal`, and the same in its columns.
    """
    scale, width = size
    border = cv2.BORDER_REPLICATE
    across = max(0.7, 0.3 * width)  # narrow: the gaps between touching lanes must stay
    fine = cv2.GaussianBlur(signal, (0, 0), across, sigmaY=scale, borderType=border)
    coarse = cv2.GaussianBlur(fine, (1, 0), 0.01, sigmaY=2.5 * scale, borderType=border)
    ridge = np.asarray(cv2.subtract(fine, coarse, dst=fine), np.float32)
    ridge *= np.float32(1 / max(_clutter(ridge, inside, scale, is_tight=is_tight), _STEP * level))
    return ridge


def _clutter(
    ridge: NDArray[np.float32], inside: NDArray[np.bool_] | None, scale: float, *, is_tight: bool
) -> float:
    """Robust spread of the response away from bands and their negative lobes."""
    if inside is not None:  # a strip among others is as low as it is, not as the picture
        held = np.flatnonzero(inside.any(axis=1))
        own = slice(int(held[0]), int(held[-1]) + 1) if held.size else slice(0, 0)
        ridge, inside = ridge[own], inside[own]
    step = max(1, ridge.shape[1] // _COLUMNS)  # every so many columns says the same ...
    sample = np.ascontiguousarray(ridge[:, ::step])
    rows = slice(None, None, max(1, sample.size // _SAMPLE))  # ... and every so many rows of them
    some = sample[rows]
    valid = None if inside is None else inside[rows, ::step]
    negative = _under(some, some < 0, valid)
    if negative.size == 0:
        return 1.0
    first = -1.4826 * median(negative)
    reach = np.ones((2 * int(4 * scale) + 1, 1), np.uint8)
    near_band = cv2.dilate((sample > 6 * first).view(np.uint8), reach, borderValue=0)
    quiet = _under(some, near_band[rows] == 0, valid)
    if quiet.size < 0.1 * some.size:
        spread = 0.4 * first
    else:
        # two quantiles of a half-normal: JPEG leaves half of the blocks flat
        middle, upper = quantiles(np.abs(quiet), (0.5, 0.8))
        spread = max(1.4826 * middle, upper / 1.2816)
    if is_tight:  # its bands' lobes may be all that was seen
        spread = min(spread, _LATERAL * _clutter_beside(ridge, inside, scale))
    return max(spread, 1e-6 * float(np.abs(some).max()) + 1e-12)


def _clutter_beside(
    ridge: NDArray[np.float32], inside: NDArray[np.bool_] | None, scale: float
) -> float:
    """Robust spread of the response from one place to another beside it.

    A band, and its lobes, are alike there; clutter so far apart is not. Bands that bend are not
    alike, and may fill most of a strip: the quarter that differs least tells.
    """
    apart = min(max(3, int(2 * scale)), ridge.shape[1] - 1)
    every = max(1, ridge.size // _SAMPLE)
    columns = slice(None, None, every)
    here, there = ridge[:, :-apart][:, columns], ridge[:, apart:][:, columns]
    valid = None
    if inside is not None:
        valid = inside[:, :-apart][:, columns] & inside[:, apart:][:, columns]
    differ = np.abs(there - here)
    differ = differ.ravel() if valid is None else differ[valid]
    return quantile(differ, 0.25) / 0.3186 / 2**0.5 if differ.size else float("inf")


def _under(
    values: NDArray[np.float32], mask: NDArray[np.bool_], valid: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    """Values under a mask, or under two."""
    return values[mask if valid is None else mask & valid]

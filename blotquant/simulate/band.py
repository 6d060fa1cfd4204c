"""The shape of one band: skewed Gaussian along migration, flat-topped with soft edges across."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, erfcx

from blotquant.simulate.geometry import Floats, Geometry

_STEP = 0.05  # px between the points of the tabulated profile
_HELD = 0.997  # share of a band that its box and its start..stop hold

__all__ = ["BandShape", "Patch", "emg"]


def emg(s: Floats, sigma: float, tau: float) -> Floats:
    """Exponentially modified Gaussian of area 1 (Grushka 1972, Anal Chem 44:1733).

    Parameters
    ----------
    s : ndarray
        Distance from the Gaussian's centre, px.
    sigma : float
        SD of the Gaussian, px.
    tau : float
        Time constant of the tail, px; it trails towards larger `s` where positive, smaller where
        negative, 0 for none.

    Returns
    -------
    ndarray
        Density per px, same shape as `s`.
    """
    gauss = np.exp(-0.5 * (s / sigma) ** 2)
    if abs(tau) < 0.02 * sigma:
        return np.asarray(gauss / (sigma * np.sqrt(2 * np.pi)), dtype=np.float64)
    ahead = s if tau > 0 else -s
    tau = abs(tau)
    argument = (sigma / tau - ahead / sigma) / np.sqrt(2)
    near = gauss * erfcx(np.maximum(argument, -20.0))
    # erfcx overflows far down the tail, where the Gaussian has died away and only the exponential
    # is left
    far = 2 * np.exp(np.minimum((sigma / tau) ** 2 / 2 - ahead / tau, 0.0))
    return np.asarray(np.where(argument > -20.0, near, far) / (2 * tau), dtype=np.float64)


@dataclass(frozen=True)
class Patch:
    """A piece of image: its pixels and the place of the first (may lie outside the image)."""

    top: int
    left: int
    pixels: Floats

    def window(self, shape: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Slices of an image of `shape` and of these pixels where both overlap (may be empty)."""
        rows, cols = self.pixels.shape
        r0, c0 = max(self.top, 0), max(self.left, 0)
        r1, c1 = max(min(self.top + rows, shape[0]), r0), max(min(self.left + cols, shape[1]), c0)
        mine = (slice(r0 - self.top, r1 - self.top), slice(c0 - self.left, c1 - self.left))
        return (slice(r0, r1), slice(c0, c1)), mine

    def box(self, share: float = _HELD) -> tuple[float, float, float, float]:
        """Box (r0, c0, r1, c1) that leaves (1 - share) / 2 of the volume beyond each side."""
        tail = (1 - share) / 2
        r0, r1 = _quantiles(
            np.arange(self.pixels.shape[0]) + self.top, self.pixels.sum(axis=1), tail
        )
        c0, c1 = _quantiles(
            np.arange(self.pixels.shape[1]) + self.left, self.pixels.sum(axis=0), tail
        )
        return r0, c0, r1, c1


@dataclass(frozen=True)
class BandShape:
    """One band of volume 1 in the gel's coordinates.

    Parameters
    ----------
    geometry : Geometry
        Where lanes run.
    lane : int
        Lane, from 0.
    place : float
        Gel row of the Gaussian's centre in the middle of the lane, px.
    sigma, tau : float
        SD and tail along migration, px; see `emg`.
    width : float
        Width relative to the lane's.
    edge : float
        SD of the side edges, px.
    tilt : float
        Rows per column by which the band follows its row.
    curvature : float
        Rows by which both ends lie below the middle, px.
    uneven : tuple of float
        Relative excess at the right end, and at both ends, over the middle.
    blur : float
        SD of the point spread function, px.
    """

    geometry: Geometry
    lane: int
    place: float
    sigma: float
    tau: float = 0.0
    width: float = 1.0
    edge: float = 2.5
    tilt: float = 0.0
    curvature: float = 0.0
    uneven: tuple[float, float] = (0.0, 0.0)
    blur: float = 0.0

    @property
    def sigma_seen(self) -> float:
        """SD along migration after the optical blur, px."""
        return float(np.hypot(self.sigma, self.blur))

    @property
    def reach(self) -> tuple[float, float]:
        """Px before and after `place` beyond which less than 1e-7 of the band lies."""
        before, after = max(-self.tau, 0.0), max(self.tau, 0.0)
        return 6 * self.sigma_seen + 17 * before, 6 * self.sigma_seen + 17 * after

    @cached_property
    def profile(self) -> tuple[Floats, Floats]:
        """Gel rows and cumulated share of the band along the lane's middle, blur included."""
        before, after = self.reach
        s = np.arange(-before, after + _STEP, _STEP)
        share = np.cumsum(emg(s, self.sigma_seen, self.tau)) * _STEP
        return s + self.place, np.asarray(share / share[-1], dtype=np.float64)

    def span(self, share: float = _HELD) -> tuple[float, float]:
        """Gel rows between which `share` of the band lies, in the lane's middle."""
        y, held = self.profile
        low, high = np.interp([(1 - share) / 2, (1 + share) / 2], held, y)
        return float(low), float(high)

    def share_within(self, low: float, high: float) -> float:
        """Share of the band between two gel rows, in the lane's middle."""
        y, held = self.profile
        first, last = np.interp([low, high], y, held, left=0.0, right=1.0)
        return float(last - first)

    @property
    def apex(self) -> float:
        """Gel row where the band is highest, in the lane's middle."""
        y, held = self.profile
        return float(y[1:][np.argmax(np.diff(held))])

    def density(self, y: Floats, x: Floats) -> Floats:
        """Value of the band at gel coordinates, not blurred, any scale."""
        width = self.geometry.lane_width(self.lane, np.asarray(self.apex)) * self.width
        across = x - self.geometry.lane_center(self.lane, y)
        side = np.clip(2 * across / width, -1.4, 1.4)
        s = y - self.place - self.tilt * across - self.curvature * side**2
        before, after = self.reach
        grid = np.arange(-before - 1, after + 1, _STEP)
        along = np.interp(s, grid, emg(grid, self.sigma, self.tau), left=0.0, right=0.0)
        scale = np.sqrt(2) * self.edge
        flat = erf((across + width / 2) / scale) - erf((across - width / 2) / scale)
        slant = np.maximum(1 + self.uneven[0] * side + self.uneven[1] * side**2, 0.1)
        return np.asarray(along * flat * slant, dtype=np.float64)

    @cached_property
    def patch(self) -> Patch:
        """The blurred band, its pixels adding up to 1; whole even where the image cuts it."""
        top, left, bottom, right = self._bounds()
        rows, cols = np.mgrid[top : bottom + 1, left : right + 1].astype(np.float64)
        pixels = self.density(*self.geometry.to_gel(rows, cols))
        if self.blur > 0:
            pixels = np.asarray(
                cv2.GaussianBlur(pixels, (0, 0), self.blur, borderType=cv2.BORDER_CONSTANT),
                np.float64,
            )
        return Patch(top, left, pixels / pixels.sum())

    def _bounds(self) -> tuple[int, int, int, int]:
        """Image rows and columns outside which the band is nil."""
        before, after = self.reach
        width = float(self.geometry.lane_width(self.lane, np.asarray(self.apex))) * self.width
        half = width / 2 + 5.5 * self.edge
        sag = abs(self.curvature) * 2 + abs(self.tilt) * half + 5 * self.blur + 1
        y = np.linspace(self.place - before - sag, self.place + after + sag, 9)
        middle = self.geometry.lane_center(self.lane, y)
        pad = half + 5 * self.blur + 1
        row, col = self.geometry.to_image(
            np.concatenate([y, y]), np.concatenate([middle - pad, middle + pad])
        )
        return (
            int(np.floor(row.min())),
            int(np.floor(col.min())),
            int(np.ceil(row.max())),
            int(np.ceil(col.max())),
        )


def _quantiles(at: NDArray[np.intp], weight: Floats, tail: float) -> tuple[float, float]:
    """Places that leave `tail` of the weight below and above; a pixel's weight fills its width."""
    held = np.concatenate([[0.0], np.cumsum(weight)]) / weight.sum()
    edges = np.concatenate([at - 0.5, [at[-1] + 0.5]])
    low, high = np.interp([tail, 1 - tail], held, edges)
    return float(low), float(high)

"""What lies under the bands: membrane level, gradient, clouds, glow, and the smear of each lane."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.special import erf

from blotquant.simulate.geometry import Floats, Geometry
from blotquant.simulate.spec import BlotSpec

__all__ = ["cloud", "membrane_background", "smear"]


def membrane_background(spec: BlotSpec, rng: np.random.Generator) -> Floats:
    """Background of the membrane without lanes.

    Parameters
    ----------
    spec : BlotSpec
        The blot.
    rng : numpy.random.Generator
        Draws the clouds and the place of the glow.

    Returns
    -------
    ndarray, shape `spec.shape`
        Signal in fractions of full scale, 0 or more.
    """
    rows, cols = spec.shape
    y = np.linspace(-0.5, 0.5, rows)[:, None]
    x = np.linspace(-0.5, 0.5, cols)[None, :]
    angle = np.deg2rad(spec.gradient_angle)
    level = spec.background + spec.gradient * (y * np.cos(angle) + x * np.sin(angle))
    if spec.halo:
        at_y, at_x = rng.uniform(-0.2, 0.2, 2)
        level = level + spec.halo * np.exp(-((y - at_y) ** 2 + (x - at_x) ** 2) / (2 * 0.3**2))
    if spec.cloud:
        level = level + spec.cloud * cloud(spec.shape, spec.cloud_scale, rng)
    return np.asarray(np.maximum(np.broadcast_to(level, spec.shape), 0.0), dtype=np.float64)


def cloud(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> Floats:
    """Random field of mean 0 and SD 1 that changes over about `scale` px, shape `shape`."""
    cell = max(scale / 3, 1.0)
    pad = 6
    coarse = rng.normal(size=(int(shape[0] / cell) + 2 * pad, int(shape[1] / cell) + 2 * pad))
    smooth = cv2.GaussianBlur(coarse, (0, 0), 1.6)[pad - 2 : -pad + 3, pad - 2 : -pad + 3]
    # the blur leaves this SD; dividing by the field's own would turn a lucky flat piece into a
    # storm
    smooth = smooth * (2 * np.sqrt(np.pi) * 1.6)
    size = (round(smooth.shape[1] * cell), round(smooth.shape[0] * cell))
    field = cv2.resize(smooth, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(field[: shape[0], : shape[1]], dtype=np.float64)


def smear(geometry: Geometry, loads: Floats, rng: np.random.Generator) -> Floats:
    """Broad smear along each lane.

    Its bumps are at least ten times as broad as a band, so that nobody takes them for one.

    Parameters
    ----------
    geometry : Geometry
        Where lanes run.
    loads : ndarray, shape (lanes,)
        Height of each lane's smear, any unit; 0 for none.
    rng : numpy.random.Generator
        Draws where the bumps lie.

    Returns
    -------
    ndarray, shape `geometry.spec.shape`
        Smear in the unit of `loads`.
    """
    spec = geometry.spec
    total = np.zeros(spec.shape)
    rows = np.arange(spec.shape[0], dtype=np.float64)
    shared = _bumps(spec, rows, rng)
    for lane, load in enumerate(loads):
        own = _bumps(spec, rows, rng)
        if load <= 0:
            continue
        along = load * (0.25 + 0.55 * shared + 0.2 * own)
        _add_lane(total, geometry, lane, along)
    return total


def _bumps(spec: BlotSpec, rows: Floats, rng: np.random.Generator) -> Floats:
    """Sum of three broad bumps along the lane, highest value 1."""
    floor = 10 * spec.sigma
    curve = np.zeros_like(rows)
    for _ in range(3):
        at, height = rng.uniform(0, rows[-1]), rng.uniform(0.3, 1.0)
        breadth = max(floor, rng.uniform(0.08, 0.3) * rows[-1])
        curve += height * np.exp(-0.5 * ((rows - at) / breadth) ** 2)
    return np.asarray(curve / curve.max(), dtype=np.float64)


def _add_lane(total: Floats, geometry: Geometry, lane: int, along: Floats) -> None:
    """Add a lane-wide stripe whose height at each image row is `along` to `total`."""
    spec = geometry.spec
    rows = np.arange(spec.shape[0], dtype=np.float64)
    y = np.linspace(-0.3, 1.3, 300) * spec.shape[0]
    row, col = geometry.to_image(y, geometry.lane_center(lane, y))
    center = np.interp(rows, row, col)
    width = np.interp(rows, row, geometry.lane_width(lane, y))
    reach = width.max() / 2 + 6 * spec.edge
    c0 = int(max(center.min() - reach, 0))
    c1 = int(min(center.max() + reach + 1, spec.shape[1]))
    across = np.arange(c0, c1)[None, :] - center[:, None]
    scale = np.sqrt(2) * 1.5 * spec.edge
    half = width[:, None] / 2
    flat = 0.5 * (erf((across + half) / scale) - erf((across - half) / scale))
    total[:, c0:c1] += along[:, None] * flat

"""Random membranes and strips: parameters as varied as what people put on a slide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from blotquant.simulate.spec import BlotSpec

Range = tuple[float, float]

_LENGTHS = (
    *("lane_width", "gap", "group_gap", "offset", "bow", "s_bend", "wander", "smile", "slope"),
    *("sigma", "edge", "curvature", "row_jitter", "cloud_scale"),
)

__all__ = ["canvas_around", "cropped", "lean_room", "log_uniform", "membrane", "shrink", "sign"]


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw between `low` and `high`, evenly on a log scale."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def sign(rng: np.random.Generator) -> float:
    """Minus or plus 1."""
    return float(rng.choice([-1.0, 1.0]))


def lean_room(tilt: float, bend: float, rows: int) -> float:
    """Px that lanes need on either side when they lean by `tilt` and bend by `bend`."""
    return 0.5 * rows * abs(tilt) + bend


def membrane(
    rng: np.random.Generator,
    *,
    rows: tuple[int, int] = (500, 1100),
    cols: tuple[int, int] = (700, 1500),
    lanes: tuple[int, int] = (6, 16),
    gap: Range = (0.12, 0.6),
    fill: Range = (0.7, 0.93),
    room: Callable[[int], float] = lambda _: 0.0,
    row_count: tuple[int, int] = (1, 7),
    front: Range = (0.09, 0.91),
    sigma: Range = (2.5, 11.0),
    soft: Range = (0.03, 0.11),
    noise: Range = (3e-4, 5e-3),
    background: Range = (0.01, 0.2),
    peak: Range = (0.15, 0.75),
    ladders: tuple[int, ...] = (),
    **given: Any,
) -> BlotSpec:
    """Draw a whole membrane.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of all draws.
    rows, cols, lanes, row_count : tuple of int
        Smallest, and largest + 1: image size in px, lanes, band rows.
    gap : tuple of float
        Range of the gap, in lane widths.
    fill : tuple of float
        Range of the share of the membrane's width that lanes take.
    room : callable
        Px on either side that bent lanes need, from the number of image rows.
    front : tuple of float
        Where band rows may lie, fractions of the height.
    sigma, noise, background, peak : tuple of float
        Ranges of the parameters of the same name (`noise` is `read_noise`), drawn on a log scale.
    soft : tuple of float
        Range of the softness of band edges, in lane widths.
    ladders : tuple of int
        Lanes that hold a ladder.
    **given
        Other parameters of `BlotSpec`, set as they are.

    Returns
    -------
    BlotSpec
        Parameters of the blot.
    """
    shape = (int(rng.integers(*rows)), int(rng.integers(*cols)))
    count = int(rng.integers(*lanes))
    across = _across(rng, shape[1] - 2 * room(shape[0]), count, gap, fill)
    along = _along(rng, shape[0], row_count, front, sigma)
    return replace(
        BlotSpec(),
        shape=shape,
        lanes=count,
        **across,
        **along,
        edge=max(min(rng.uniform(*soft) * across["lane_width"], 0.35 * across["gap"] + 0.5), 0.7),
        peak=log_uniform(rng, *peak),
        row_strength=_strengths(rng, len(along["rows"])),
        ladder_lanes=ladders,
        **_light(rng, noise, background, given),
    )


def _across(
    rng: np.random.Generator, width: float, count: int, gap: Range, fill: Range
) -> dict[str, Any]:
    """Lane width and gap that fill the membrane's width."""
    ratio = rng.uniform(*gap)
    pitch = width * rng.uniform(*fill) / (count + 0.3)
    lane_width = float(np.clip(pitch / (1 + ratio), 15, 90))
    return {
        "lane_width": lane_width,
        "gap": ratio * lane_width,
        "gap_cv": rng.uniform(0, 0.08),
        "width_cv": rng.uniform(0, 0.03),
        "uneven": rng.uniform(0.02, 0.15),
        "lane_spread": rng.uniform(0.15, 0.6),
        "band_spread": rng.uniform(0.15, 0.6),
    }


def _along(
    rng: np.random.Generator, height: int, row_count: tuple[int, int], front: Range, sigma: Range
) -> dict[str, Any]:
    """Band rows that keep clear of one another, and the shape of bands along migration."""
    count = int(rng.integers(*row_count))
    space = (front[1] - front[0]) * height
    sd = min(log_uniform(rng, *sigma), max(space / (13 * count), sigma[0]))
    tail = rng.uniform(0.0, 0.9)
    # whole bands only: the longest tail drawn fits between the first row and the top
    front = (max(front[0], (3 + 10 * tail) * sd / height), min(front[1], 1 - 4 * sd / height))
    # 13 SD apart: further than any tail that matters
    apart = min(13 * sd / height, (front[1] - front[0]) / count)
    free = (front[1] - front[0]) - apart * (count - 1)
    places = front[0] + np.sort(rng.uniform(0, max(free, 0.0), count)) + apart * np.arange(count)
    return {
        "rows": tuple(float(place) for place in places),
        "sigma": sd,
        "tail": tail,
        "tail_spread": 0.3 * tail,
        "curvature": rng.uniform(0.05, 0.4) * sd,
        "row_jitter": rng.uniform(0.2, 1.5),
    }


def _strengths(rng: np.random.Generator, count: int) -> tuple[float, ...]:
    """Relative strengths of rows over more than a decade, the strongest 1."""
    drawn = [log_uniform(rng, 0.06, 1.0) for _ in range(count)]
    return tuple(strength / max(drawn) for strength in drawn)


def _light(
    rng: np.random.Generator, noise: Range, background: Range, given: dict[str, Any]
) -> dict[str, Any]:
    """Polarity, background, optics and noise, with what is `given` in their place."""
    drawn: dict[str, Any] = {
        "polarity": "dark_on_light" if rng.random() < 0.6 else "light_on_dark",
        "background": log_uniform(rng, *background),
        "read_noise": log_uniform(rng, *noise),
        "full_well": log_uniform(rng, 8000, 80000),
        "blur": rng.uniform(0.6, 1.4),
        "offset_level": rng.uniform(0.001, 0.01),
    }
    # cameras keep their noise clear of 0, where it would be cut in half
    drawn["offset_level"] += 4 * drawn["read_noise"]
    # faint unevenness is everywhere, faint smear in some
    drawn |= {"cloud": 0.02 * drawn["background"], "cloud_scale": rng.uniform(120, 300)}
    drawn |= {"smear": max(rng.uniform(-0.06, 0.06), 0.0)}
    return drawn | given


def cropped(
    rng: np.random.Generator,
    *,
    rows: tuple[int, int] = (80, 180),
    cols: tuple[int, int] = (600, 1400),
    lanes: tuple[int, int] = (4, 18),
    sigma: Range = (2.5, 7.0),
    **given: Any,
) -> BlotSpec:
    """Draw a cropped strip with one row of bands; parameters as in `membrane`."""
    spec = membrane(
        rng,
        rows=rows,
        cols=cols,
        lanes=lanes,
        row_count=(1, 2),
        front=(0.35, 0.65),
        sigma=sigma,
        fill=(0.85, 0.97),
        gap=(0.12, 0.5),
        peak=(0.2, 0.5),
        **given,
    )
    slope = rng.uniform(-0.1, 0.1) * spec.shape[0]
    place = float(np.clip(spec.rows[0], 0.3 + abs(slope) / spec.shape[0] / 2, 0.7))
    sigma_fit = min(spec.sigma, spec.shape[0] / 22)
    return replace(
        spec,
        rows=(place,),
        row_strength=(1.0,),
        slope=slope,
        sigma=sigma_fit,
        tail=0.5 * spec.tail,
        tail_spread=0.5 * spec.tail_spread,
        smile=rng.uniform(-3, 3),
    )


def canvas_around(
    spec: BlotSpec,
    rng: np.random.Generator,
    margins: Range = (0.06, 0.16),
    turns: Range = (0.8, 4.0),
) -> BlotSpec:
    """Give a membrane canvas on all sides, turn it a little, and shrink its lanes to fit.

    Parameters
    ----------
    spec : BlotSpec
        A membrane that fills its image.
    rng : numpy.random.Generator
        Source of all draws.
    margins : tuple of float
        Range of each side's margin, fraction of the image's height or width.
    turns : tuple of float
        Range of the turn to either side, degrees.
    """
    top, right, bottom, left = rng.uniform(*margins, 4).tolist()
    turn = rng.choice([-1.0, 1.0]) * rng.uniform(*turns)
    fit = 0.95 * (1 - right - left)
    return replace(
        spec,
        canvas_margin=(top, right, bottom, left),
        rotation=float(turn),
        lane_width=max(spec.lane_width * fit, 14.0),
        gap=spec.gap * fit,
        edge=max(spec.edge * fit, 0.8),
        rows=tuple(0.06 + 0.88 * front for front in spec.rows),
        sigma=max(spec.sigma * 0.88 * (1 - top - bottom), 2.2),
    )


def shrink(spec: BlotSpec, pixels: int) -> BlotSpec:
    """Draw the same blot smaller, with at most `pixels` where bands stay broad enough to measure.

    Parameters
    ----------
    spec : BlotSpec
        A blot; explicit volumes are not scaled.
    pixels : int
        Wanted size, rows x cols.

    Returns
    -------
    BlotSpec
        With all lengths but the optical blur multiplied by one factor, 1 or less.
    """
    wanted = float(np.sqrt(pixels / (spec.shape[0] * spec.shape[1])))
    factor = min(1.0, max(wanted, 2.2 / spec.sigma, 13.0 / spec.lane_width))
    lengths = {name: getattr(spec, name) * factor for name in _LENGTHS}
    shape = (round(spec.shape[0] * factor), round(spec.shape[1] * factor))
    return replace(spec, shape=shape, **lengths)

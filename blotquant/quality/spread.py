"""How a loading control scatters: over lanes, with the groups, and beside another control."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Agreement",
    "GroupEffect",
    "Point",
    "agreement",
    "coefficient_of_variation",
    "group_effect",
]

# Less is rounding, not scatter.
_ROUNDING = 1e-12


class Point(NamedTuple):
    """A control in one lane.

    Parameters
    ----------
    block : str
        Its membrane.
    group, replicate : str
        What the lane holds; lanes of one replicate in one group are repeats.
    density : float
        Net density, above 0.
    """

    block: str
    group: str
    replicate: str
    density: float


class GroupEffect(NamedTuple):
    """Highest over lowest group as a ratio of geometric means, and the p of no difference."""

    fold: float
    p: float
    highest: str = ""
    lowest: str = ""


class Agreement(NamedTuple):
    """Two controls side by side: correlation of logs, and the CV of their ratio."""

    r: float
    ratio_cv: float


def coefficient_of_variation(points: Sequence[Point]) -> float:
    """Standard deviation over mean within membranes; of several, the root of their mean square.

    Membranes are weighted by their degrees of freedom. NaN where no membrane has two lanes.

    Parameters
    ----------
    points : sequence of Point
    """
    squares, freedom = 0.0, 0
    for block in {point.block for point in points}:
        values = np.array([point.density for point in points if point.block == block])
        if values.size > 1:
            relative = values / values.mean()
            squares += float(((relative - 1) ** 2).sum())
            freedom += values.size - 1
    return math.sqrt(squares / freedom) if freedom else math.nan


def group_effect(points: Sequence[Point]) -> GroupEffect:
    """Dependence of a control on the group, by least squares on log2 with membranes as blocks.

    Repeats of one replicate on one membrane are averaged first. p is that of the F test of the
    groups beyond the blocks: a one-way analysis of variance on one membrane, a randomised block
    analysis on several. It is NaN where no degree of freedom is left for the error, as with one
    lane a group; the fold is NaN where membranes do not connect the groups.

    Parameters
    ----------
    points : sequence of Point
        Those without a group are not used.
    """
    from scipy.special import fdtrc  # slow to import, not needed to normalize

    cells = _averaged([point for point in points if point.group])
    groups = sorted({group for _, group, _ in cells})
    blocks = sorted({block for block, _, _ in cells})
    if len(groups) < 2:
        return GroupEffect(math.nan, math.nan)
    values = np.array(list(cells.values()))
    in_block = _dummies([block for block, _, _ in cells], blocks)
    full = np.hstack([in_block, _dummies([group for _, group, _ in cells], groups)])
    rank, rest, means = _fit(full, values)
    rank_blocks, rest_blocks, _ = _fit(in_block, values)
    if rank < len(blocks) + len(groups) - 1:
        return GroupEffect(math.nan, math.nan)
    levels = means[len(blocks) :]
    top, bottom = int(levels.argmax()), int(levels.argmin())
    between, within = rank - rank_blocks, len(values) - rank
    rounding = _ROUNDING * float((values**2).sum())
    p = math.nan
    if within > 0 and max(rest, rest_blocks - rest) > rounding:
        statistic = (
            (rest_blocks - rest) / between / (rest / within) if rest > rounding else math.inf
        )
        p = float(fdtrc(between, within, statistic)) if math.isfinite(statistic) else 0.0
    return GroupEffect(2.0 ** float(levels[top] - levels[bottom]), p, groups[top], groups[bottom])


def agreement(pairs: Sequence[tuple[Point, Point]]) -> Agreement:
    """Two controls in the same lanes, with membranes' own levels taken out.

    Parameters
    ----------
    pairs : sequence of (Point, Point)
        The two controls of each lane.

    Returns
    -------
    Agreement
        NaN for both where less than three lanes, or no scatter at all, are left.
    """
    blocks = [one.block for one, _ in pairs]
    freedom = len(pairs) - len(set(blocks))
    if freedom < 2:
        return Agreement(math.nan, math.nan)
    first = _centred([math.log(one.density) for one, _ in pairs], blocks)
    second = _centred([math.log(other.density) for _, other in pairs], blocks)
    scatter = math.sqrt(float((first**2).sum() * (second**2).sum()))
    r = float((first * second).sum()) / scatter if scatter > _ROUNDING else math.nan
    variance = float(((first - second) ** 2).sum()) / freedom
    return Agreement(r, math.sqrt(math.expm1(variance)))


def _averaged(points: Sequence[Point]) -> dict[tuple[str, str, str], float]:
    """Mean log2 of each replicate in each group on each membrane."""
    logs: dict[tuple[str, str, str], list[float]] = {}
    for block, group, replicate, density in points:
        logs.setdefault((block, group, replicate), []).append(math.log2(density))
    return {cell: math.fsum(values) / len(values) for cell, values in logs.items()}


def _dummies(of: Sequence[str], names: Sequence[str]) -> NDArray[np.float64]:
    return np.array([[float(one == name) for name in names] for one in of])


def _fit(
    design: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[int, float, NDArray[np.float64]]:
    """Rank, residual sum of squares and coefficients of a least-squares fit."""
    solution, _, rank, _ = np.linalg.lstsq(design, values, rcond=None)
    means = np.asarray(solution, np.float64)
    return int(rank), float(((values - design @ means) ** 2).sum()), means


def _centred(values: Sequence[float], blocks: Sequence[str]) -> NDArray[np.float64]:
    means = {
        name: np.mean([value for value, block in zip(values, blocks, strict=True) if block == name])
        for name in set(blocks)
    }
    return np.array([value - means[block] for value, block in zip(values, blocks, strict=True)])

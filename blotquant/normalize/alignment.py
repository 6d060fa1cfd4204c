"""Membranes on one scale by least squares: factors that make shared samples agree."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np

__all__ = ["align", "log_means"]

Unit = TypeVar("Unit", bound=Hashable)


def align(logs: Mapping[Unit, Mapping[str, float]]) -> dict[Unit, float]:
    r"""Log factor of each membrane, by least squares over the samples that membranes share.

    With :math:`y_{ij}` the log of sample :math:`i` on membrane :math:`j`, factors :math:`a_j` and
    samples :math:`m_i` minimise

    .. math:: \sum_{ij} (y_{ij} - a_j - m_i)^2, \quad \sum_i m_i = 0,

    so shared samples have a geometric mean of 1 after scaling, whatever a membrane's exposure. This
    is the optimal alignment of Degasperi 2014 (PLoS ONE 9:e87293), on logs: there faint and strong
    samples count alike. A sample on one membrane only says nothing of scales and is not used; a
    single membrane is put on its own geometric mean.

    Parameters
    ----------
    logs : mapping
        For each membrane the log of each of its samples.

    Returns
    -------
    dict
        Natural log of the factor by which to divide, for the largest set of membranes that shared
        samples connect; the others are not in it.
    """
    connected = _largest(logs)
    rows = [(unit, sample) for unit in connected for sample in logs[unit]]
    count: dict[str, int] = {}
    for _, sample in rows:
        count[sample] = count.get(sample, 0) + 1
    if len(connected) > 1:
        rows = [(unit, sample) for unit, sample in rows if count[sample] > 1]
    samples = sorted({sample for _, sample in rows})
    if not rows:
        return {}
    return _solve(logs, rows, connected, samples)


def _solve(
    logs: Mapping[Unit, Mapping[str, float]],
    rows: list[tuple[Unit, str]],
    units: list[Unit],
    samples: list[str],
) -> dict[Unit, float]:
    """Least squares with the samples' mean at 0."""
    column = {unit: at for at, unit in enumerate(units)}
    place = {sample: len(units) + at for at, sample in enumerate(samples)}
    design = np.zeros((len(rows) + 1, len(units) + len(samples)))
    observed = np.zeros(len(rows) + 1)
    for at, (unit, sample) in enumerate(rows):
        design[at, column[unit]] = design[at, place[sample]] = 1.0
        observed[at] = logs[unit][sample]
    design[-1, len(units) :] = 1.0
    solution = np.linalg.lstsq(design, observed, rcond=None)[0]
    return {unit: float(solution[at]) for unit, at in column.items()}


def _largest(logs: Mapping[Unit, Mapping[str, float]]) -> list[Unit]:
    """The largest set of membranes that shared samples connect; of equals the first given."""
    left = [unit for unit in logs if logs[unit]]
    best: list[Unit] = []
    while left:
        group = _connected(left[0], left, logs)
        left = [unit for unit in left if unit not in group]
        if len(group) > len(best):
            best = group
    return sorted(best, key=list(logs).index)


def _connected(
    start: Unit, units: Sequence[Unit], logs: Mapping[Unit, Mapping[str, float]]
) -> list[Unit]:
    """All that shared samples connect with one membrane, itself among them."""
    group = [start]
    for unit in group:  # grows as it is walked
        group += [
            other for other in units if other not in group and set(logs[unit]) & set(logs[other])
        ]
    return group


def log_means(values: Mapping[str, list[float]]) -> dict[str, float]:
    """Mean log of each sample's values, which are above 0."""
    return {sample: math.fsum(map(math.log, some)) / len(some) for sample, some in values.items()}

"""Two factors within a target, as genotype x treatment: interaction first, then simple effects."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from blotquant.errors import StudyError
from blotquant.stats.design import Design
from blotquant.stats.finding import Finding
from blotquant.stats.linear import LinearFit
from blotquant.stats.several_groups import CellModel, model_findings

__all__ = ["Factors", "factor_findings", "factors_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Factors:
    """Two factors and their levels, the reference level of each first.

    Parameters
    ----------
    names : tuple of str
        Columns of the sample sheet.
    levels : tuple of tuple of str
    """

    names: tuple[str, str]
    levels: tuple[tuple[str, ...], tuple[str, ...]]

    @staticmethod
    def cell(one: str, other: str) -> str:
        """Name of a cell, which stands where a group's name stands."""
        return f"{one}, {other}"

    @property
    def cells(self) -> tuple[str, ...]:
        """All cells, the second factor running faster."""
        return tuple(self.cell(*levels) for levels in itertools.product(*self.levels))

    def contrasts(self, *, all_pairs: bool) -> list[tuple[str, str]]:
        """Second factor within each level of the first; the other way too for all pairs."""
        first, second = self.levels
        pairs = [
            (self.cell(one, other), self.cell(one, second[0]))
            for one in first
            for other in second[1:]
        ]
        if all_pairs:
            pairs += [
                (self.cell(one, other), self.cell(first[0], other))
                for other in second
                for one in first[1:]
            ]
        return pairs

    def weights(self) -> dict[str, Floats]:
        """Weights on the cells for interaction and main effects, each of unweighted means."""
        sizes = [len(levels) for levels in self.levels]
        steps = [np.hstack([-np.ones((k - 1, 1)), np.eye(k - 1)]) for k in sizes]
        means = [np.full((1, k), 1 / k) for k in sizes]
        one, other = self.names
        return {
            f"{one} x {other}": np.kron(steps[0], steps[1]),
            one: np.kron(steps[0], means[1]),
            other: np.kron(means[0], steps[1]),
        }


def factors_of(lanes: pd.DataFrame, design: Design, reference: str) -> Factors:
    """Factors of the sample sheet; the reference group's levels come first.

    Raises
    ------
    StudyError
        If a column is missing, has one level, or the reference group has several.
    """
    names = (design.factors[0], design.factors[1])
    missing = [name for name in names if name not in lanes.columns]
    if missing:
        raise StudyError(
            f"statistics: factors name the column {missing[0]!r}, which the sample sheet lacks"
        )
    own = lanes[lanes["group"] == reference]
    first, second = (_levels(lanes, own, name) for name in names)
    return Factors(names, (first, second))


def _levels(lanes: pd.DataFrame, reference: pd.DataFrame, name: str) -> tuple[str, ...]:
    first = list(dict.fromkeys(reference[name].astype(str)))
    if len(first) != 1:
        raise StudyError(
            f"statistics: the reference group has {len(first)} levels of {name!r}, it needs one"
        )
    levels = tuple(dict.fromkeys([*first, *lanes[name].astype(str)]))
    if len(levels) < 2:
        raise StudyError(f"statistics: the factor {name!r} has one level, {levels[0]}")
    return levels


def factor_findings(model: CellModel, factors: Factors, design: Design) -> list[Finding]:
    """F of interaction and main effects, then the simple effects.

    Parameters
    ----------
    model : CellModel
        Of one target, its groups being the cells.
    factors : Factors
    design : Design
    """
    fit = model.fit
    test = f"two-way ANOVA of log2 ({' x '.join(factors.names)})"
    if model.block:
        test += f", {model.block} as block"
    simple = [one for one in model_findings(model, design, test) if not one.effect]
    if fit is None or not set(factors.cells) <= set(fit.cells) or not model.contrasts:
        return simple
    return [*_whole_effects(model, fit, factors, test), *simple]


def _whole_effects(model: CellModel, fit: LinearFit, factors: Factors, test: str) -> list[Finding]:
    """Type III tests; an effect that blocks hide (each block in one genotype) is left out."""
    place = [factors.cells.index(cell) for cell in fit.cells]
    first = model.contrasts[0]
    found = []
    for effect, on_cells in factors.weights().items():
        weights = fit.weights(on_cells[:, place])
        if all(fit.estimable(row) for row in weights):
            spread = float(np.sqrt(fit.variance))
            whole = first.whole(fit.f_test(weights), effect, test, sd_log2=spread)
            found.append(_as_fold(whole, fit, weights))
    return found


def _as_fold(whole: Finding, fit: LinearFit, weights: Sequence[Floats] | Floats) -> Finding:
    """An effect of one degree of freedom is a fold; the interaction's is a ratio of folds."""
    if len(weights) != 1:
        return whole
    estimate = fit.estimate(np.asarray(weights[0]))
    return replace(whole, estimate=estimate, fold_change=float(2.0**estimate.difference))

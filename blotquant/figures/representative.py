"""The replicate whose blot is shown: the one nearest to the result, by a rule and not by looks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from blotquant.figures.chart_data import is_true, number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Representative", "representative"]


@dataclass(frozen=True)
class Representative:
    """A replicate and why it is the one.

    Parameters
    ----------
    replicate : str
        Empty where none has the groups that are compared.
    distance : float
        Root mean square, over targets and groups, of log2(its fold / geometric mean fold).
    rule : str
        In words, for the legend.
    """

    replicate: str
    distance: float
    rule: str


def representative(
    replicates: pd.DataFrame, reference: str, targets: Sequence[str] = ()
) -> Representative:
    """Pick the replicate whose fold changes are nearest to their geometric means.

    For each target and each group beside the reference, a replicate's fold is its value over its
    own reference value; its distance is the log2 of that fold over the geometric mean of all
    replicates' folds. The replicate with the smallest root mean square over targets and groups is
    taken, the first by name where two are level. Replicates that lack folds which others have come
    after those that have all.

    Parameters
    ----------
    replicates : DataFrame
        One line per target, group and replicate; ``value`` or ``log2_value``.
    reference : str
        Reference group.
    targets : sequence of str
        Those that one blot must stand for; all where empty.

    Returns
    -------
    Representative
        Without a name where no replicate holds both groups, as independent ones may not.
    """
    wanted = list(targets) or list(dict.fromkeys(replicates["target"].astype(str)))
    distances: dict[str, list[float]] = {}
    for target in wanted:
        for folds in _folds(replicates, target, reference):
            middle = float(np.mean(list(folds.values())))
            for name, fold in folds.items():
                distances.setdefault(name, []).append(fold - middle)
    if not distances:
        return Representative("", math.nan, "no replicate holds both a group and its reference")
    most = max(len(found) for found in distances.values())
    spread = {
        name: float(np.sqrt(np.mean(np.square(found))))
        for name, found in distances.items()
        if len(found) == most
    }
    best = min(sorted(spread), key=lambda name: round(spread[name], 12))
    several = "folds are" if most > 1 else "fold is"
    rule = f"replicate {best}, whose {several} nearest to the geometric mean of all replicates"
    return Representative(best, spread[best], rule)


def _folds(replicates: pd.DataFrame, target: str, reference: str) -> list[dict[str, float]]:
    """log2 folds by replicate, for each group of a target."""
    logs: dict[str, dict[str, float]] = {}
    for _, row in replicates[replicates["target"].astype(str) == target].iterrows():
        value = number(row["value"])
        if value > 0 and not is_true(row["below_detection"]):
            logs.setdefault(str(row["group"]), {})[str(row["replicate"])] = math.log2(value)
    base = logs.pop(reference, {})
    found = (
        {name: y - base[name] for name, y in group.items() if name in base}
        for group in logs.values()
    )
    return [folds for folds in found if folds]

"""Several independent groups by ranks: Kruskal-Wallis, then Dunn's comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

from blotquant.stats.contrast import Contrast, screen
from blotquant.stats.finding import Finding
from blotquant.stats.linear import FTest

__all__ = ["dunn_z", "kruskal_findings"]

Floats = NDArray[np.float64]

TEST = "Kruskal-Wallis test, Dunn's comparisons"


def dunn_z(values: ArrayLike, groups: Sequence[str], pair: tuple[str, str]) -> float:
    """Dunn's z: difference of mean ranks over its standard error, with ties taken into account.

    References
    ----------
    O. J. Dunn, Technometrics 6 (1964) 241.
    """
    given = np.asarray(values, float)
    ranks = scipy.stats.rankdata(given)
    labels, n = np.asarray(groups), len(given)
    _, tied = np.unique(given, return_counts=True)
    variance = n * (n + 1) / 12 - float((tied**3 - tied).sum()) / (12 * (n - 1))
    one, other = (ranks[labels == name] for name in pair)
    scale = math.sqrt(variance * (1 / len(one) + 1 / len(other)))
    return float((one.mean() - other.mean()) / scale)


def kruskal_findings(replicates: pd.DataFrame, contrasts: Sequence[Contrast]) -> list[Finding]:
    """Findings of one target; Dunn's p values are adjusted with the study's family."""
    screened = [(one, _screen(one, replicates)) for one in contrasts]
    refused = [found for _, found in screened if found is not None]
    fair = [one for one, found in screened if found is None]
    groups = list(dict.fromkeys(name for one in fair for name in (one.reference, one.group)))
    if len(groups) < 2:
        return refused
    data = replicates[replicates["group"].isin(groups)]
    samples = [data.loc[data["group"] == name, "log2_value"].to_numpy(float) for name in groups]
    found = scipy.stats.kruskal(*samples)
    whole = fair[0].whole(
        FTest(float(found.statistic), len(groups) - 1, math.nan, float(found.pvalue)),
        "group",
        TEST,
    )
    return [
        replace(whole, statistic_name="H"),
        *(_dunn(one, data) for one in fair),
        *refused,
    ]


def _dunn(contrast: Contrast, data: pd.DataFrame) -> Finding:
    known = contrast.finding()
    z = dunn_z(data["log2_value"], list(data["group"]), (contrast.group, contrast.reference))
    said = "ranks give a p value and no interval of the fold"
    return replace(
        known,
        verdict="tested",
        test=TEST,
        statistic_name="z",
        statistic=z,
        p=float(2 * scipy.stats.norm.sf(abs(z))),
        effect_size_name="z / sqrt(n)",
        effect_size=z / math.sqrt(known.n_group + known.n_reference),
        reason="; ".join(part for part in (known.reason, said) if part),
    )


def _screen(contrast: Contrast, replicates: pd.DataFrame) -> Finding | None:
    """Reasons against this contrast; ranks over several membranes would rank the membranes."""
    refused = screen(contrast, blocked=False)
    if refused is not None or contrast.one_scale or replicates["membranes"].nunique() < 2:
        return refused
    reason = "the values lie on several membranes, each with a scale of its own; take test = block"
    return replace(contrast.finding(), verdict="refused", reason=reason)

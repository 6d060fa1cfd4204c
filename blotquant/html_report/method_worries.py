"""Conclusions that another sound background method could change."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from blotquant.html_report.story import Point, detected
from blotquant.study_result import StudyResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["method_points"]

_SIGNIFICANT = 0.05


def method_points(study: StudyResult) -> list[Point]:
    """Differences that are smaller than what the choice of the background method moves a band by.

    A difference found to be significant is named where the median `method_spread` of the target's
    bands, as a share of their net density and joined with that of the loading control's, exceeds
    it: ``spread > |ln fold|``.

    Parameters
    ----------
    study : StudyResult
    """
    points = []
    tested = study.statistics[study.statistics["p_adjusted"] < _SIGNIFICANT]
    for row in tested.to_dict("records"):
        fold = float(row["fold_change"])
        if not (math.isfinite(fold) and fold > 0 and row["group"]):
            continue
        spread = _spread(study, str(row["target"]))
        if spread > abs(math.log(fold)):
            points.append(
                Point(
                    f"{row['target']}, {row['group']} against {row['reference']}: the choice of "
                    f"background method moves a ratio by {100 * spread:.2g} %, more than "
                    f"the groups differ ({fold:.3g}-fold).",
                    "Look at the baselines, and run once more with another background.",
                    serious=True,
                )
            )
    return points


def _spread(study: StudyResult, target: str) -> float:
    """What the method moves a target's ratio by, as a share of it; 0 where it is not known."""
    bands = detected(study.bands)
    share = bands["method_spread"] / bands["net_density"].abs()
    bands = bands.assign(share=share.where(np.isfinite(share)))
    values = study.normalized[study.normalized["target"] == target]
    own = values.merge(bands[["image", "lane", "row", "share"]], on=["image", "lane", "row"])
    strongest = bands.sort_values("net_density").drop_duplicates(["image", "lane"], keep="last")
    divisors = strongest[["image", "lane", "share"]].rename(columns={"image": "control_image"})
    control = values.merge(divisors, on=["control_image", "lane"])
    return math.hypot(_median(own["share"]), _median(control["share"]))


def _median(shares: pd.Series) -> float:
    known = shares.dropna()
    return float(known.median()) if len(known) else 0.0

"""A result beside the truth of a simulated blot: which band is which, and how far off it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

# A band this clear must be found; below FAINT nobody could know it.
CLEAR, FAIR, FAINT = 20.0, 10.0, 5.0


@dataclass(frozen=True, eq=False)
class Comparison:
    """One picture's result against its truth.

    `bands` has one row per planted band: `lane`, `row`, `snr`, `volume`, `whole` (unsaturated, not
    cut, undamaged), `fair` (whole and not overlapping: its volume can be asked for), `apart`
    (distance to the lane's next band in mean sigma; infinite where it is alone), `found`, `net`,
    `err`. `false_clear` and `detected_clear` count measured bands of signal to noise `CLEAR` and
    more: those that match nothing planted, and all; `false_fair` and `detected_fair` the same from
    `FAIR` on.
    """

    kind: str
    seed: int
    lanes_planted: int
    lanes_found: int
    bands: pd.DataFrame
    false_clear: int
    detected_clear: int
    false_fair: int = 0
    detected_fair: int = 0
    said: str = ""


def compare(truth: Mapping[str, Any], table: pd.DataFrame | None, lanes_found: int) -> Comparison:
    """Match the detected bands of a table with the planted ones.

    A detected band (not flagged BELOW_DETECTION) is a planted one when its centre lies within half
    the lane's width of the planted column and within 2 sigma, or 3 px, of the planted row; one to
    one, the nearest first. `table` is None where nothing was found.
    """
    detected = _detected(table)
    pairs = match(truth, detected)
    records = []
    for index, band in enumerate(truth["bands"]):
        one = detected.loc[pairs[index]] if index in pairs else None
        whole = not (band["cut"] or band["damaged"] or band["clipped_fraction"] > 0)
        records.append(
            {
                "lane": band["lane"],
                "row": band["row"],
                "snr": band["snr"],
                "volume": band["volume"],
                "whole": whole,
                "fair": whole and not band["overlap"],
                "apart": _apart(band, truth["bands"]),
                "found": one is not None,
                "net": np.nan if one is None else one["net_density"],
                "err": np.nan if one is None else one["net_density_err"],
            }
        )
    columns = [*("lane", "row", "snr", "volume", "whole", "fair", "apart"), "found", "net", "err"]
    kinds = {"whole": bool, "fair": bool, "found": bool}
    clear = detected[detected["snr"] >= CLEAR]
    fair = detected[detected["snr"] >= FAIR]
    return Comparison(
        kind=truth["kind"],
        seed=truth["seed"],
        lanes_planted=len(truth["lanes"]),
        lanes_found=lanes_found,
        bands=pd.DataFrame(records, columns=columns).astype(kinds),
        false_clear=len(set(clear.index) - set(pairs.values())),
        detected_clear=len(clear),
        false_fair=len(set(fair.index) - set(pairs.values())),
        detected_fair=len(fair),
    )


def _apart(band: Mapping[str, Any], bands: list[dict[str, Any]]) -> float:
    """Distance to the lane's next band, in the mean sigma of the two."""
    others = (one for one in bands if one["lane"] == band["lane"] and one is not band)
    away = (
        2 * abs(one["center"][0] - band["center"][0]) / (one["sigma"] + band["sigma"])
        for one in others
    )
    return min(away, default=np.inf)


def match(truth: Mapping[str, Any], detected: pd.DataFrame) -> dict[int, Any]:
    """Index of the detected band for each planted one that has one."""
    near = []
    for index, band in enumerate(truth["bands"]):
        half = truth["lanes"][band["lane"] - 1]["width"] / 2
        reach = max(2 * band["sigma"], 3.0)
        away = (detected["center_row"] - band["center"][0]).abs()
        beside = (detected["center_col"] - band["center"][1]).abs()
        here = detected.index[(away <= reach) & (beside <= half)]
        near += [(float(np.hypot(away[k], beside[k])), index, k) for k in here]
    pairs: dict[int, Any] = {}
    for _, index, k in sorted(near):
        if index not in pairs and k not in pairs.values():
            pairs[index] = k
    return pairs


def _detected(table: pd.DataFrame | None) -> pd.DataFrame:
    if table is None:
        return pd.DataFrame({name: [] for name in ("center_row", "center_col", "snr")}, dtype=float)
    return table[~table["flags"].str.contains("BELOW_DETECTION")]

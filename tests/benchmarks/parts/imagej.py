"""Blots that ImageJ has measured, from tests/golden, and the same bands by blotquant."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import blotquant as bq

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
NAMES = ("dark_on_light", "eight_bit", "gradient", "light_on_dark")


@dataclass(frozen=True, eq=False)
class Golden:
    """One blot with ImageJ's lanes, peak limits and numbers, and the planted truth.

    `planted`, `volume_exact` and `rolling_ball` have one value per band, grey levels summed over
    pixels.
    """

    name: str
    blot: bq.Blot
    layout: bq.Layout
    bands: list[dict[str, Any]]
    planted: NDArray[np.float64]
    volume_exact: NDArray[np.float64]
    rolling_ball: NDArray[np.float64]


def read_golden(name: str) -> Golden:
    """Read one of `NAMES`."""
    known = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    (blot,) = bq.load(GOLDEN / f"{name}.tif")
    bands = known["bands"]
    return Golden(
        name,
        blot,
        _layout(known),
        bands,
        np.array([band["planted"]["volume"] for band in bands]),
        np.array([band["volume_exact"] for band in bands]),
        _after_rolling_ball(known, blot),
    )


def _layout(known: dict[str, Any]) -> bq.Layout:
    """ImageJ's rectangles as straight lanes; its first and last rows as limits."""
    lanes, bands, rows = [], [], []
    for number, (x, y, w, h) in enumerate(known["lanes"], 1):
        column = x + (w - 1) / 2
        lanes.append(bq.Lane(f"{number}", "p", ((y, column), (y + h - 1, column)), w))
    for index, band in enumerate(known["bands"]):
        top = known["lanes"][band["lane"] - 1][1]
        rows.append(bq.BandRow(f"{index}"))
        bands.append(bq.Band(f"{band['lane']}", f"{index}", top + band["start"], top + band["end"]))
    return bq.Layout((bq.Panel("p"),), tuple(lanes), tuple(rows), tuple(bands))


def _after_rolling_ball(known: dict[str, Any], blot: bq.Blot) -> NDArray[np.float64]:
    """ImageJ's RawIntDen after Subtract Background, of the inverted picture if bands are dark."""
    raw = np.array([band["rolling_ball"]["RawIntDen"] for band in known["bands"]], float)
    if not known["inverted"]:
        return raw
    white = np.iinfo(blot.pixels.dtype).max
    return white * np.array([band["rolling_ball"]["Area"] for band in known["bands"]], float) - raw


def with_given_layout(golden: Golden, method: str) -> NDArray[np.float64]:
    """Net densities with ImageJ's lanes and limits, in the order of `golden.bands`."""
    result = bq.analyze(golden.blot, bq.Recipe.of(background=method), golden.layout)
    net = {
        measured.band.row_id: measured.net_density
        for lane in result.measurements.values()
        for measured in lane.bands
    }
    return np.array([net[f"{index}"] for index in range(len(golden.bands))])


def automatic(golden: Golden) -> NDArray[np.float64]:
    """Net densities with blotquant's own lanes and limits; NaN for a band that was not found."""
    table = bq.analyze(golden.blot).table
    table = table[~table["flags"].str.contains("BELOW_DETECTION")]
    net = []
    for band in golden.bands:
        away = (table["center_row"] - band["planted"]["center_row"]).abs()
        beside = (table["center_col"] - band["planted"]["center_col"]).abs()
        here = table[(away < 6) & (beside < 20)]
        net.append(float(here["net_density"].iloc[0]) if len(here) == 1 else np.nan)
    return np.array(net)


def error(net: NDArray[np.float64], planted: NDArray[np.float64]) -> NDArray[np.float64]:
    """|relative error| of each band; a band that was not found is all wrong."""
    return np.where(np.isnan(net), 1.0, np.abs(net / planted - 1))

"""The dose series of a study as rows of the table of doses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from blotquant.errors import StudyError
from blotquant.stats.design import Design, Dose
from blotquant.stats.dose import LEAST_DOSES, DoseFit, fit_dose
from blotquant.stats.replicates import Usable, average_technical, join_flags, lanes_where

__all__ = ["Series", "dose_series", "said_of"]


@dataclass(frozen=True, eq=False)
class Series:
    """Replicates of one declared dose series.

    Parameters
    ----------
    dose : Dose
    replicates : DataFrame
        Columns as in `REPLICATES_COLUMNS`; the group is the dose.
    """

    dose: Dose
    replicates: pd.DataFrame

    def rows(self, usable: Usable, design: Design) -> list[dict[str, Any]]:
        """One row a target, as in `DOSES_COLUMNS`."""
        return [
            _row(str(target), rows, self.dose, usable, design)
            for target, rows in self.replicates.groupby("target", sort=False)
        ]


def dose_series(usable: Usable, design: Design) -> list[Series]:
    """Replicates of every declared dose series.

    Raises
    ------
    StudyError
        If a column is missing or a dose is no number.
    """
    return [Series(dose, _replicates(dose, usable)) for dose in design.doses]


def said_of(rows: list[dict[str, Any]]) -> list[str]:
    """What was not fitted or not reached, one sentence each."""
    return [
        f"{row['target']}: EC50 {row['verdict']}: {row['reason']}." for row in rows if row["reason"]
    ]


def _replicates(dose: Dose, usable: Usable) -> pd.DataFrame:
    lanes = lanes_where(usable.lanes, dose.where)
    if dose.column not in lanes.columns:
        raise StudyError(f"statistics: the dose column {dose.column!r} is not in the sample sheet")
    if dose.targets:
        lanes = lanes[lanes["target"].isin(dose.targets)]
    numbers = _numbers(lanes, dose.column)
    named = lanes.assign(group=[f"{one:.10g}" for one in numbers])
    condition = "; ".join(part for part in (f"{dose.column} series", dose.condition) if part)
    return average_technical(named[numbers.notna()], condition)


def _numbers(lanes: pd.DataFrame, column: str) -> pd.Series:
    """Doses as numbers; empty cells are no part of the series."""
    text = lanes[column].fillna("").astype(str).str.strip()
    numbers = pd.to_numeric(text.str.replace(",", ".", regex=False), errors="coerce")
    thousands = text.str.fullmatch(r"[1-9]\d{0,2},\d{3}")  # 1,000 is one or a thousand
    wrong = text[(text != "") & (thousands | ~((numbers >= 0) & np.isfinite(numbers)))]
    if not wrong.empty:
        raise StudyError(
            f"statistics: {wrong.iloc[0]!r} in the column {column!r} is no dose; "
            "give a number, 0 or more, all in one unit"
        )
    return numbers


def _row(
    target: str, rows: pd.DataFrame, dose: Dose, usable: Usable, design: Design
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "target": target,
        "column": dose.column,
        "condition": dose.condition,
        "n_doses": int(_doses(rows).nunique()),
        "n_replicates": int(rows["replicate"].nunique()),
        "n_values": len(rows),
        "flags": join_flags(rows["flags"]),
    }
    blocks = _blocks(rows, usable, design)
    refused = _refused(rows, blocks)
    if refused:
        return row | {"verdict": "refused", "reason": refused}
    fit = fit_dose(_doses(rows), rows["log2_value"], blocks)
    return row | _fitted(fit)


def _blocks(rows: pd.DataFrame, usable: Usable, design: Design) -> list[str] | None:
    """What values of one curve share: their replicate if paired, their membrane otherwise."""
    if design.pairing == "paired":
        return [str(name) for name in rows["replicate"]]
    if usable.one_scale or rows["membranes"].nunique() < 2:
        return None
    return [str(name) for name in rows["membranes"]]


def _doses(rows: pd.DataFrame) -> pd.Series:
    return rows["group"].astype(float)


def _refused(rows: pd.DataFrame, blocks: list[str] | None) -> str:
    doses = int(_doses(rows).nunique())
    spare = len(rows) - 4 - (len(set(blocks)) - 1 if blocks else 0)
    if bool(rows["below_detection"].any()):
        count = int(rows["below_detection"].sum())
        return f"{count} values are below detection, 0 or negative: a curve through them is a guess"
    if doses < LEAST_DOSES:
        return f"{doses} doses: four parameters need {LEAST_DOSES} different ones at least"
    if int((_doses(rows).unique() > 0).sum()) < LEAST_DOSES - 1:
        return "too few doses above 0"
    if spare < 3:
        return "too few values for four parameters; add biological replicates"
    return ""


def _fitted(fit: DoseFit) -> dict[str, Any]:
    shape = {
        "hill": fit.hill,
        "start": fit.start,
        "end": fit.end,
        "residual_sd_log2": fit.residual_sd,
        "p_flat": fit.p_flat,
    }
    if not fit.reached:
        flat = fit.p_flat >= 0.05
        return {"p_flat": fit.p_flat, "residual_sd_log2": fit.residual_sd} | {
            "verdict": "no response" if flat else "not reached",
            "reason": "the response does not change with the dose" if flat else fit.reason,
            "ec50": math.nan,
            "ec50_ci_low": math.nan if flat else fit.ec50_low,
            "ec50_ci_high": math.nan if flat else fit.ec50_high,
        }
    return shape | {
        "verdict": "fitted",
        "reason": "",
        "ec50": fit.ec50,
        "ec50_ci_low": fit.ec50_low,
        "ec50_ci_high": fit.ec50_high,
    }

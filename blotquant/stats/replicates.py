"""From lanes to biological replicates: what counts, technical repeats averaged, limits kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from blotquant.columns import REPLICATES_COLUMNS, SUMMARY_COLUMNS, Column
from blotquant.errors import StudyError
from blotquant.stats.estimates import LEVEL

__all__ = [
    "Usable",
    "average_technical",
    "join_flags",
    "lanes_where",
    "summarize",
    "table_of",
    "usable_lanes",
    "value_of",
]

_KINDS = ("", "sample", "negative", "positive")
_NO_TARGET = ("loading_control", "total_protein", "ladder")
_REQUIRED = ("membrane", "target", "group", "replicate", "scaled_density")
_TYPES = {"text": "object", "integer": "int64", "number": "float64", "boolean": "bool"}
_SHOWN = 6
_NO = ("false", "0", "no")
_NAMES = ("membrane", "target", "group", "replicate")


@dataclass(frozen=True, eq=False)
class Usable:
    """Lanes that the statistics may use, and what was left out.

    Parameters
    ----------
    lanes : DataFrame
        The values given, with `log2` (NaN below detection) and `log2_limit` (its upper bound).
    notes : tuple of str
        One sentence for each reason to leave lanes out.
    one_scale : bool
        Whether values of different membranes may be compared: they were brought on one scale.
    """

    lanes: pd.DataFrame
    notes: tuple[str, ...]
    one_scale: bool


def usable_lanes(values: pd.DataFrame) -> Usable:
    """Leave out what is no sample, not in use or without a value, and say so.

    Parameters
    ----------
    values : DataFrame
        Columns as in `NORMALIZED_COLUMNS`, and the free columns of the sample sheet.

    Raises
    ------
    StudyError
        If a column is missing.
    """
    missing = [name for name in _REQUIRED if name not in values.columns]
    if missing:
        raise StudyError(f"statistics: the table of values lacks {', '.join(missing)}")
    lanes = _measured(values.reset_index(drop=True))
    out = pd.Series(False, index=lanes.index)
    notes: list[str] = []
    for reason, mask in _reasons(lanes).items():
        if (mask & ~out).any():
            notes.append(f"Left out, {reason}: {_named(lanes[mask & ~out])}.")
        out |= mask
    lanes = lanes[~out].reset_index(drop=True)
    return Usable(lanes, tuple(notes), _one_scale(lanes))


def _measured(lanes: pd.DataFrame) -> pd.DataFrame:
    """Values as logarithms, and limits where a value is below detection."""
    value = pd.to_numeric(lanes["scaled_density"]).to_numpy(float)
    limit = _column(lanes, "scaled_density_limit", math.nan).to_numpy(float)
    flags = _column(lanes, "flags", "").astype(str)
    below = flags.map(lambda text: "BELOW_DETECTION" in text.split(";")).to_numpy(bool)
    below = below | np.isfinite(limit) | (value <= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(below | ~np.isfinite(value), math.nan, np.log2(np.abs(value)))
        limits = np.where(below & (limit > 0), np.log2(np.abs(limit)), math.nan)
    names = {name: lanes[name].fillna("").astype(str) for name in _NAMES}
    return lanes.assign(log2=logs, log2_limit=limits, below=below, flags=flags, **names)


def _reasons(lanes: pd.DataFrame) -> dict[str, pd.Series]:
    """Reasons to leave a lane out, the first that fits is told."""
    kind = _column(lanes, "lane_kind", "").astype(str)
    role = _column(lanes, "role", "").astype(str)
    return {
        "marked as not in use": _column(lanes, "use", True).astype(str).str.lower().isin(_NO),
        "no sample": ~kind.isin(_KINDS),
        "a loading control and no target": role.isin(_NO_TARGET),
        "without a group": lanes["group"] == "",
        "without a biological replicate": lanes["replicate"] == "",
        "without a value or a limit": ~lanes["below"] & lanes["log2"].isna(),
    }


def _column(lanes: pd.DataFrame, name: str, default: Any) -> pd.Series:
    """Column with empty cells filled, or the default for all lanes."""
    if name not in lanes.columns:
        return pd.Series([default] * len(lanes), index=lanes.index)
    column = lanes[name]
    return pd.to_numeric(column) if isinstance(default, float) else column.fillna(default)


def _named(lanes: pd.DataFrame) -> str:
    """Lanes as target, membrane and lane, at most some of them."""
    names = [
        f"{row['target']} on {row['membrane']}" + (f" lane {row['lane']}" if "lane" in row else "")
        for row in lanes.head(_SHOWN).to_dict("records")
    ]
    more = len(lanes) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _one_scale(lanes: pd.DataFrame) -> bool:
    if "normalized_density" not in lanes.columns:
        return False
    before = pd.to_numeric(lanes["normalized_density"]).to_numpy(float)
    after = pd.to_numeric(lanes["scaled_density"]).to_numpy(float)
    known = np.isfinite(before) & np.isfinite(after)
    return bool(known.any()) and not np.allclose(before[known], after[known], rtol=1e-9, atol=0)


def lanes_where(lanes: pd.DataFrame, where: Mapping[str, str]) -> pd.DataFrame:
    """Lanes that have these values in these columns.

    Raises
    ------
    StudyError
        If a column is not there.
    """
    keep = np.ones(len(lanes), dtype=bool)
    for column, value in where.items():
        if column not in lanes.columns:
            raise StudyError(
                f"statistics: where names the column {column!r}, which the sample sheet lacks"
            )
        keep &= (lanes[column].fillna("").astype(str).str.strip() == str(value).strip()).to_numpy()
    return lanes[keep]


def average_technical(lanes: pd.DataFrame, condition: str = "") -> pd.DataFrame:
    """One row a biological replicate: log2 averaged within each membrane, then over membranes.

    The mean of the logarithms is the geometric mean; in two steps, so that a membrane with more
    repeats of one group does not pull its own scale into the fold. Where a lane is below
    detection the replicate has an upper bound and no value.

    Parameters
    ----------
    lanes : DataFrame
        Of `usable_lanes`.
    condition : str
        Which lanes these are, for the column `condition`.

    Returns
    -------
    DataFrame
        Columns as in `REPLICATES_COLUMNS`, and `parts`: what `value_of` takes.
    """
    groups = lanes.groupby(["target", "group", "replicate"], sort=False)
    rows = [
        dict(zip(("target", "group", "replicate"), key, strict=True))
        | _averaged(of_one)
        | {"condition": condition}
        for key, of_one in groups
    ]
    return table_of(rows, REPLICATES_COLUMNS).assign(parts=[row["parts"] for row in rows])


def _averaged(lanes: pd.DataFrame) -> dict[str, Any]:
    levels = lanes["log2"].where(~lanes["below"], lanes["log2_limit"])
    parts: dict[str, tuple[float, bool]] = {}
    for name in sorted(set(lanes["membrane"])):
        here = (lanes["membrane"] == name).to_numpy()
        parts[name] = float(levels[here].mean(skipna=False)), bool(lanes["below"][here].any())
    return value_of(parts) | {
        "n_technical": len(lanes),
        "flags": join_flags(lanes["flags"]),
        "parts": parts,
    }


def value_of(parts: Mapping[str, tuple[float, bool]]) -> dict[str, Any]:
    """Value of a replicate from its membranes' mean log2 and whether one is below detection."""
    level = math.fsum(one for one, _ in parts.values()) / len(parts)
    below = any(hidden for _, hidden in parts.values())
    return {
        "membranes": ";".join(parts),
        "value": math.nan if below else 2.0**level,
        "log2_value": math.nan if below else level,
        "below_detection": below,
        "limit": 2.0**level if below else math.nan,
    }


def join_flags(flags: Iterable[str]) -> str:
    """Names of flags of several values, each once."""
    names = dict.fromkeys(name for text in flags for name in str(text).split(";") if name)
    return ";".join(names)


def table_of(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> pd.DataFrame:
    """Table with the contract's columns and types."""
    names = [column.name for column in columns]
    table = pd.DataFrame.from_records(list(rows), columns=names)
    return table.astype({column.name: _TYPES[column.kind] for column in columns})


def summarize(replicates: pd.DataFrame) -> pd.DataFrame:
    """One row a target and group: mean and SD, geometric mean with its confidence interval.

    No number where a replicate is below detection, since leaving it out would raise the mean.

    Returns
    -------
    DataFrame
        Columns as in `SUMMARY_COLUMNS`.
    """
    rows = []
    for key, of_one in replicates.groupby(["condition", "target", "group"], sort=False):
        condition, target, group = key
        numbers = {} if of_one["below_detection"].any() else _moments(of_one)
        rows.append(
            {
                "target": target,
                "group": group,
                "n": len(of_one),
                "flags": join_flags(of_one["flags"]),
                "condition": condition,
                **numbers,
            }
        )
    return table_of(rows, SUMMARY_COLUMNS)


def _moments(replicates: pd.DataFrame) -> dict[str, float]:
    values, logs = (replicates[name].to_numpy(float) for name in ("value", "log2_value"))
    n = len(values)
    numbers = {"mean": float(values.mean()), "geometric_mean": float(2 ** logs.mean())}
    if n < 2:
        return numbers
    sd = float(logs.std(ddof=1))
    half = float(scipy.stats.t.isf((1 - LEVEL) / 2, n - 1)) * sd / math.sqrt(n)
    return numbers | {
        "sd": float(values.std(ddof=1)),
        "log2_sd": sd,
        "gm_ci_low": float(2 ** (logs.mean() - half)),
        "gm_ci_high": float(2 ** (logs.mean() + half)),
    }

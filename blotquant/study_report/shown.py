"""Which blot stands for the study: the replicate, else the membrane, nearest to the result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from blotquant.figures import Representative, representative
from blotquant.study_report.figure_tables import FigureTables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Shown", "membranes_of_target", "shown_replicate"]

Shown = tuple[Representative, "pd.DataFrame"]
_REFERENCE = "reference"


def shown_replicate(tables: FigureTables) -> Representative:
    """Replicate whose folds are nearest to the geometric means over all comparisons.

    Each comparison counts with its own reference. Where no replicate holds both of a comparison's
    groups, as independent ones may not, whole membranes are judged in the same way.

    Parameters
    ----------
    tables : FigureTables

    Returns
    -------
    Representative
        `replicate` is empty where a membrane was chosen (`rule` names it) or none could be.
    """
    return representative(_pairs(tables, tables.replicates), _REFERENCE)


def shown_membrane(tables: FigureTables) -> Representative:
    """Membrane whose folds are nearest to the geometric means; its name is `replicate`."""
    found = representative(_pairs(tables, _by_membrane(tables.replicates)), _REFERENCE)
    nearest = "whose folds are nearest to the geometric mean of all membranes"
    rule = f"membrane {found.replicate}, {nearest}"
    return Representative(found.replicate, found.distance, rule)


def membranes_of_target(tables: FigureTables, target: str, replicate: str) -> tuple[str, ...]:
    """Membranes that carry a replicate of a target; all of the target's where it is empty."""
    rows = tables.replicates
    mine = rows[rows["target"] == target]
    if replicate:
        mine = mine[mine["replicate"].astype(str) == replicate]
    names = (name for cell in mine["membranes"] for name in str(cell).split(";"))
    return tuple(dict.fromkeys(name for name in names if name))


def _pairs(tables: FigureTables, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of each comparison as a target of its own, with a group and a reference."""
    import pandas as pd

    parts = [rows.iloc[:0]]
    for number, one in enumerate(tables.statistics.to_dict("records")):
        for side, name in (("group", "group"), ("reference", _REFERENCE)):
            mine = rows[(rows["target"] == one["target"]) & (rows["group"] == one[side])]
            parts.append(mine.assign(target=str(number), group=name))
    return pd.concat(parts, ignore_index=True)


def _by_membrane(rows: pd.DataFrame) -> pd.DataFrame:
    """Geometric mean of the replicates that are on one membrane, which stands for a replicate."""
    known = rows[~rows["below_detection"].astype(bool) & (rows["value"] > 0)]
    known = known[~known["membranes"].str.contains(";")]
    logs = known.assign(log=np.log(known["value"].astype(float)))
    means = logs.groupby(["target", "group", "membranes"], sort=False)["log"].mean()
    table = means.reset_index().rename(columns={"membranes": "replicate"})
    return table.assign(value=np.exp(table["log"]), below_detection=False, limit=math.nan)

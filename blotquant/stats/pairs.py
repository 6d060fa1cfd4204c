"""Which replicates pair, and on which membranes: what no common scale joins is not compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from blotquant.stats.replicates import value_of

__all__ = ["Pairs", "complete_pairs", "uneven"]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Replicates of two groups in one order.

    Parameters
    ----------
    one, other : DataFrame
    dropped : tuple of str
        Replicates without a partner.
    trimmed : tuple of str
        Replicates of which only the membranes that both groups are on were taken.
    """

    one: pd.DataFrame
    other: pd.DataFrame
    dropped: tuple[str, ...]
    trimmed: tuple[str, ...]


def complete_pairs(one: pd.DataFrame, other: pd.DataFrame, one_scale: bool) -> Pairs:
    """Replicates that both groups have, each pair on the same membranes.

    Parameters
    ----------
    one, other : DataFrame
        Replicates of two groups of one target, of `average_technical`.
    one_scale : bool
        Whether values of different membranes may be compared. Where not, a pair takes the
        membranes that both are on: a control that was loaded on two gels would carry the scale of
        the second into a fold measured on the first.
    """
    left, right = (
        {str(row["replicate"]): row for row in side.to_dict("records")} for side in (one, other)
    )
    names = list(dict.fromkeys([*left, *right]))
    sides: tuple[list[dict[Any, Any]], list[dict[Any, Any]]] = ([], [])
    kept, trimmed = [], []
    for name in names:
        if name not in left or name not in right:
            continue
        pair = left[name], right[name]
        shared = set(pair[0]["parts"]) & set(pair[1]["parts"])
        if not one_scale and not shared:
            continue
        kept.append(name)
        if not one_scale and any(set(row["parts"]) != shared for row in pair):
            trimmed.append(name)
            pair = _only_on(pair[0], shared), _only_on(pair[1], shared)
        for side, row in zip(sides, pair, strict=True):
            side.append(row)
    lost = tuple(name for name in names if name not in kept)
    return Pairs(_table(sides[0], one), _table(sides[1], other), lost, tuple(trimmed))


def _only_on(row: dict[Any, Any], membranes: set[str]) -> dict[Any, Any]:
    parts = {name: part for name, part in row["parts"].items() if name in membranes}
    return row | value_of(parts)


def _table(rows: list[dict[Any, Any]], like: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=like.columns).astype(like.dtypes.to_dict())


def uneven(replicates: pd.DataFrame) -> Sequence[str]:
    """Replicates whose groups are not all on the same membranes."""
    kinds = replicates.groupby("replicate")["membranes"].nunique()
    return [str(name) for name in kinds.index[kinds > 1]]

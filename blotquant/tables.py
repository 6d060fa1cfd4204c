"""DataFrames that keep to a contract: its columns, in its order, with its types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .columns import Column

if TYPE_CHECKING:
    import pandas as pd

# Spreadsheets take a cell that begins like this for a formula.
_FORMULA_STARTS = ("=", "@", "\t", "\r")
# Plus and minus begin names of groups (+, -/-, +dox) and negative numbers: left alone, unless
# what follows calls a function, another program or another sheet.
_CALLS = re.compile(r"[+-].*[(|!]", re.DOTALL)

__all__ = ["empty_table", "harmless", "joined", "table_of", "typed"]

_DTYPES = {"text": "object", "integer": "int64", "number": "float64", "boolean": "bool"}


def harmless(text: str) -> str:
    """Text of a CSV cell, with an apostrophe in front if a spreadsheet would run it.

    Examples
    --------
    >>> harmless("=1+1"), harmless("-2+cmd|' /C calc'!A0"), harmless("-/-"), harmless("+dox")
    ("'=1+1", "'-2+cmd|' /C calc'!A0", '-/-', '+dox')
    """
    runs = text.startswith(_FORMULA_STARTS) or _CALLS.match(text) is not None
    return f"'{text}" if runs else text


def table_of(records: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> pd.DataFrame:
    """Table of records, one a row; with its columns and types also when there is none.

    Parameters
    ----------
    records : iterable of mapping
        Every one holds every column; what else it holds is left out.
    columns : sequence of Column
    """
    import pandas as pd

    rows = list(records)
    blocks = []
    for kind, dtype in _DTYPES.items():
        names = [column.name for column in columns if column.kind == kind]
        if not names:
            continue
        cells = np.array([[row[name] for name in names] for row in rows], dtype)
        # all columns of a type at once: pandas takes its time over each. Texts stay objects, as
        # in pandas' own text nothing is NaN
        blocks.append(pd.DataFrame(cells.reshape(-1, len(names)), columns=names, dtype=dtype))
    return pd.concat(blocks, axis=1)[[column.name for column in columns]]


def empty_table(columns: Sequence[Column]) -> pd.DataFrame:
    """Table without rows."""
    return table_of((), columns)


def typed(table: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The contract's columns of a table, in its order, with its types."""
    names = [column.name for column in columns]
    return table[names].astype({column.name: _DTYPES[column.kind] for column in columns})


def joined(tables: Iterable[pd.DataFrame], columns: Sequence[Column]) -> pd.DataFrame:
    """One table below the other, with the contract's columns and types also when there is none."""
    import pandas as pd

    names = [column.name for column in columns]
    filled = [table[names] for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else empty_table(columns)

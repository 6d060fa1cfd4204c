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

__all__ = [
    "empty_table",
    "encodable",
    "framed",
    "harmless",
    "joined",
    "records_of",
    "table_of",
    "typed",
]

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
    rows = list(records)
    return framed(
        {
            column.name: [_cell(row[column.name]) for row in rows]
            if column.kind == "text"
            else [row[column.name] for row in rows]
            for column in columns
        },
        columns,
    )


def framed(cells: Mapping[str, Sequence[Any]], columns: Sequence[Column]) -> pd.DataFrame:
    """Table of cells by column, with the contract's order and types.

    Parameters
    ----------
    cells : mapping of str to sequence
        Of one length.
    columns : sequence of Column
    """
    import pandas as pd

    blocks = []
    for kind, dtype in _DTYPES.items():
        names = [column.name for column in columns if column.kind == kind]
        if not names:
            continue
        # all columns of a type at once: pandas takes its time over each. Texts stay objects, as
        # in pandas' own text nothing is NaN
        block = np.array([cells[name] for name in names], dtype).reshape(len(names), -1)
        blocks.append(pd.DataFrame(block.T, columns=names, dtype=dtype))
    return pd.concat(blocks, axis=1).reindex(columns=[column.name for column in columns])


def records_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table, of plain Python values: what `DataFrame.to_dict` takes far longer for."""
    names = table.columns.tolist()
    cells = [table[name].tolist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]


def _cell(value: Any) -> Any:
    return encodable(value) if isinstance(value, str) else value


def encodable(text: str) -> str:
    """Text as it can be written: half of a surrogate pair, which UTF-8 has not, is a ``?``."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


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
    filled = [
        table if table.columns.tolist() == names else table[names] for table in tables if len(table)
    ]
    if len(filled) == 1:
        return filled[0].reset_index(drop=True)
    return pd.concat(filled, ignore_index=True) if filled else empty_table(columns)

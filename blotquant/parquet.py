"""Tables as Parquet: the contract's columns with their types, exactly as they were computed."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .columns import Column
from .errors import OutputError
from .files import open_atomically
from .tables import encodable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["ROWS_TOGETHER", "decode", "encode", "read_chunks", "read_columns", "write_parquet"]

ROWS_TOGETHER = 8192  # at least, in a group of rows: what a reader holds in memory at once

_KINDS = {"text": "string", "integer": "int64", "number": "float64", "boolean": "bool_"}


def encode(
    table: pd.DataFrame, columns: Sequence[Column], notes: Mapping[str, bytes] | None = None
) -> bytes:
    """The bytes of a Parquet file.

    Parameters
    ----------
    table : DataFrame
    columns : sequence of Column
    notes : mapping of str to bytes, optional
        Kept in the file's metadata.
    """
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    arrow = _arrow(table, columns, notes or {})
    pq.write_table(arrow, buffer, compression="zstd", use_dictionary=False, write_statistics=False)
    return buffer.getvalue()


def decode(data: bytes, columns: Sequence[Column]) -> tuple[pd.DataFrame, dict[str, bytes]]:
    """Table and notes of what `encode` gave.

    Raises
    ------
    ValueError
        If it is damaged or has other columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        arrow = pq.read_table(pa.BufferReader(data), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"is no Parquet file ({error})") from None
    if arrow.column_names != [column.name for column in columns]:
        raise ValueError("has other columns")
    notes = {key.decode(): value for key, value in (arrow.schema.metadata or {}).items()}
    return _frame(arrow, columns), notes


def write_parquet(path: Path, tables: Iterable[pd.DataFrame], columns: Sequence[Column]) -> Path:
    """Write tables one below the other as one file, whole or not at all.

    Parameters
    ----------
    path : Path
    tables : iterable of DataFrame
        Those of few rows are written together, in groups of `ROWS_TOGETHER` rows or more.
    columns : sequence of Column

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    def write(writer: pq.ParquetWriter, waiting: list[pa.Table]) -> None:
        if waiting:
            together = pa.concat_tables(waiting)
            writer.write_table(together, row_group_size=max(together.num_rows, 1))
            waiting.clear()

    waiting: list[pa.Table] = []
    with open_atomically(path) as file:
        try:
            with pq.ParquetWriter(file, _schema(columns), compression="zstd") as writer:
                for table in tables:
                    waiting.append(_arrow(table, columns, {}))
                    if sum(one.num_rows for one in waiting) >= ROWS_TOGETHER:
                        write(writer, waiting)
                write(writer, waiting)
        except pa.ArrowException as error:
            raise OutputError(f"{path}: cannot be written ({error})") from None
    return path


def read_chunks(path: Path, columns: Sequence[Column]) -> Iterator[pd.DataFrame]:
    """The table of a file, a group of rows at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield _frame(file.read_row_group(group, use_threads=False), columns)


def read_columns(path: Path, names: Sequence[str]) -> pd.DataFrame:
    """Some columns of text, each different text kept once: small however long the table is."""
    import pandas as pd
    import pyarrow.parquet as pq

    arrow = pq.read_table(path, columns=list(names), read_dictionary=list(names))
    return pd.DataFrame({name: arrow[name].to_pandas() for name in names})


def _schema(columns: Sequence[Column]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([(column.name, getattr(pa, _KINDS[column.kind])()) for column in columns])


def _arrow(table: pd.DataFrame, columns: Sequence[Column], notes: Mapping[str, bytes]) -> pa.Table:
    import pyarrow as pa

    schema = _schema(columns)
    arrays = [
        _array(table[column.name], column.kind, field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema.with_metadata(dict(notes) or None))


def _array(values: Any, kind: str, of: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if kind != "text":
        return pa.array(values.to_numpy(), of)
    return pa.array([_text(value) for value in values], of)


def _text(value: Any) -> str | None:
    """A cell of text, None where it is empty of all."""
    if not isinstance(value, str):
        missing = value is None or (isinstance(value, float) and math.isnan(value))
        return None if missing else str(value)
    return encodable(value)


def _frame(arrow: pa.Table, columns: Sequence[Column]) -> pd.DataFrame:
    import pandas as pd

    data: dict[str, Any] = {}
    for column in columns:
        values = arrow[column.name]
        if column.kind == "text":
            # a plain list would become pandas' own text, in which nothing is NaN
            data[column.name] = pd.Series(values.to_pylist(), dtype="object")
        else:
            data[column.name] = values.to_numpy()
    return pd.DataFrame(data)

"""Tables as Parquet: the contract's columns with their types, exactly as they were computed."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .columns import Column
from .errors import OutputError
from .files import open_atomically
from .tables import encodable, framed

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "decode",
    "encode",
    "parquet_writer",
    "read_chunks",
    "read_columns",
    "to_arrow",
    "to_frame",
]

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
    arrow = to_arrow(table, columns)
    # a few rows of many columns: what a reader would win by compressing costs it more, and Arrow's
    # own schema would hold the notes a second time
    writer = pq.ParquetWriter(
        buffer,
        arrow.schema,
        compression="none",
        use_dictionary=False,
        write_statistics=False,
        store_schema=False,
    )
    with writer:
        writer.write_table(arrow)
        writer.add_key_value_metadata(dict(notes or {}))
    return buffer.getvalue()


def decode(data: bytes, columns: Sequence[Column]) -> tuple[pa.Table, dict[str, bytes]]:
    """Table and notes of what `encode` gave.

    Raises
    ------
    ValueError
        If it is damaged or has other columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            arrow = file.read(use_threads=False)
            notes = file.schema_arrow.metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"is no Parquet file ({error})") from None
    if arrow.column_names != [column.name for column in columns]:
        raise ValueError("has other columns")
    return arrow, {key.decode(): value for key, value in notes.items()}


@contextmanager
def parquet_writer(
    path: Path, columns: Sequence[Column]
) -> Iterator[Callable[[pd.DataFrame | pa.Table], None]]:
    """Write tables one below the other as one file, whole or not at all.

    Parameters
    ----------
    path : Path
    columns : sequence of Column

    Yields
    ------
    callable
        Adds a table; its rows are read together by `read_chunks`.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(columns)
    with open_atomically(path) as file:
        try:
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:

                def add(table: pd.DataFrame | pa.Table) -> None:
                    if len(table):
                        arrow = table if isinstance(table, pa.Table) else to_arrow(table, columns)
                        writer.write_table(arrow.cast(schema), row_group_size=len(table))

                yield add
        except pa.ArrowException as error:
            raise OutputError(f"{path}: cannot be written ({error})") from None


def read_chunks(path: Path, columns: Sequence[Column]) -> Iterator[pd.DataFrame]:
    """The table of a file, a group of rows at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield to_frame(file.read_row_group(group, use_threads=False), columns)


def read_columns(path: Path, names: Sequence[str]) -> pd.DataFrame:
    """Some columns of text, each different text kept once: small however long the table is."""
    import pandas as pd
    import pyarrow.parquet as pq

    arrow = pq.read_table(path, columns=list(names), read_dictionary=list(names))
    return pd.DataFrame({name: arrow[name].to_pandas() for name in names})


def _schema(columns: Sequence[Column]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([(column.name, getattr(pa, _KINDS[column.kind])()) for column in columns])


def to_arrow(table: pd.DataFrame, columns: Sequence[Column]) -> pa.Table:
    """A table of the contract's columns for Arrow."""
    import pyarrow as pa

    schema = _schema(columns)
    arrays = [
        _array(table[column.name], column.kind, field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: Any, kind: str, of: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if kind != "text":
        return pa.array(values.to_numpy(), of)
    cells = values.tolist()
    try:
        return pa.array(cells, of)  # what all cells are: text that can be written, or None
    except (pa.ArrowException, UnicodeEncodeError, TypeError):
        return pa.array([_text(value) for value in cells], of)


def _text(value: Any) -> str | None:
    """A cell of text, None where it is empty of all."""
    if not isinstance(value, str):
        missing = value is None or (isinstance(value, float) and math.isnan(value))
        return None if missing else str(value)
    return encodable(value)


def to_frame(arrow: pa.Table, columns: Sequence[Column]) -> pd.DataFrame:
    """A table of Arrow with the contract's types."""
    cells = {
        column.name: arrow[column.name].to_pylist()
        if column.kind == "text"
        else arrow[column.name].to_numpy()
        for column in columns
    }
    return framed(cells, columns)

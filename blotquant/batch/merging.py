"""From parts to tables: read one after the other, never all at once, in the order of the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blotquant.batch.parts import Part, lanes_of
from blotquant.columns import BAND_COLUMNS, LANE_COLUMNS, NORMALIZED_COLUMNS
from blotquant.errors import OutputError
from blotquant.outcome import ImageOutcome
from blotquant.parquet import parquet_writer, read_chunks, read_columns, to_frame
from blotquant.recipe import Recipe
from blotquant.tables import joined

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from blotquant.normalize import NormalizedStrips, Strip

__all__ = ["Gathered", "Merged", "gather", "merge"]

_TOGETHER = 64  # parts: much is read in little memory


@dataclass(frozen=True, eq=False)
class Merged:
    """Tables of a run on disk.

    Parameters
    ----------
    bands_file, lanes_file : Path
        Parquet.
    normalized : DataFrame
    messages : tuple of str
    """

    bands_file: Path
    lanes_file: Path
    normalized: pd.DataFrame
    messages: tuple[str, ...]

    def bands(self) -> pd.DataFrame:
        """Bands of all images."""
        return joined(self.pieces["bands"](), BAND_COLUMNS)

    def lanes(self) -> pd.DataFrame:
        """Lanes of all images."""
        return joined(self.pieces["lanes"](), LANE_COLUMNS)

    @property
    def pieces(self) -> dict[str, Callable[[], Iterator[pd.DataFrame]]]:
        """What reads bands and lanes some images at a time; it can travel to another process."""
        return {
            "bands": partial(read_chunks, self.bands_file, BAND_COLUMNS),
            "lanes": partial(read_chunks, self.lanes_file, LANE_COLUMNS),
        }

    def flags(self) -> pd.DataFrame:
        """Image and flags of all bands."""
        return read_columns(self.bands_file, ("image", "flags"))


@dataclass(frozen=True, eq=False)
class Gathered:
    """What all parts hold, as far as it is kept in memory.

    Parameters
    ----------
    images : tuple of ImageOutcome
        In the order of the parts.
    strips : list of Strip
        What normalizing goes by.
    bands_file, lanes_file : Path
        Bands as they were measured, and lanes: Parquet.
    """

    images: tuple[ImageOutcome, ...]
    strips: list[Strip]
    bands_file: Path
    lanes_file: Path


def gather(parts: Sequence[Part], raw: Path, folder: Path, *, strips: bool) -> Gathered:
    """Read all parts once, some at a time, and write what they hold one below the other.

    Parameters
    ----------
    parts : sequence of Part
        In the order of the tables.
    raw : Path
        Where bands go as they were measured.
    folder : Path
        Where ``lanes.parquet`` goes.
    strips : bool
        Whether they are to be normalized by their names.

    Raises
    ------
    OutputError
        If a part was removed or damaged meanwhile, or a file cannot be written.
    """
    import pyarrow as pa

    from blotquant.normalize import read_strips

    images: list[ImageOutcome] = []
    found: list[Strip] = []
    lanes_file = folder / "lanes.parquet"
    with (
        parquet_writer(raw, BAND_COLUMNS) as add_bands,
        parquet_writer(lanes_file, LANE_COLUMNS) as add_lanes,
    ):
        for some in _some(parts):
            read = [(part, *_read(part)) for part in some]
            bands = pa.concat_tables([table for _, table, _ in read])
            lanes = lanes_of(note for _, _, notes in read for note in notes)
            add_bands(bands)
            add_lanes(lanes)
            images += [one for part, _, notes in read for one in part.outcomes(notes)]
            if strips and bands.num_rows:
                found += read_strips(to_frame(bands, BAND_COLUMNS), lanes)
    return Gathered(tuple(images), found, raw, lanes_file)


def merge(gathered: Gathered, recipe: Recipe, folder: Path) -> Merged:
    """Normalize what was measured and write the table of bands with what it came to.

    Parameters
    ----------
    gathered : Gathered
    recipe : Recipe
    folder : Path
        Where ``bands.parquet`` goes.

    Raises
    ------
    OutputError
        If the table cannot be written.
    """
    bands_file = folder / "bands.parquet"
    normalized = _normalized(gathered.strips, recipe)
    with parquet_writer(bands_file, BAND_COLUMNS) as add:
        for bands in read_chunks(gathered.bands_file, BAND_COLUMNS):
            add(bands if normalized is None else normalized.fill(bands))
    table = normalized.table if normalized is not None else joined((), NORMALIZED_COLUMNS)
    messages = normalized.messages if normalized is not None else ()
    return Merged(
        bands_file, gathered.lanes_file, joined([table], NORMALIZED_COLUMNS), tuple(messages)
    )


def _normalized(strips: Sequence[Strip], recipe: Recipe) -> NormalizedStrips | None:
    """Ratios of all strips; None where no image has a band."""
    from blotquant.normalize import normalize_strips

    if not strips:
        return None
    return normalize_strips(sorted(strips, key=lambda strip: strip.key), recipe)


def _some(parts: Sequence[Part]) -> Iterator[Sequence[Part]]:
    return (parts[start : start + _TOGETHER] for start in range(0, len(parts), _TOGETHER))


def _read(part: Part) -> tuple[pa.Table, list[dict[str, Any]]]:
    try:
        return part.read()
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{part.path}: cannot be read again ({error}); run again with --resume"
        ) from None

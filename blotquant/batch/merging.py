"""From parts to tables: read one after the other, never all at once, in the order of the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from blotquant.batch.parts import Part, lanes_of
from blotquant.columns import BAND_COLUMNS, LANE_COLUMNS, NORMALIZED_COLUMNS
from blotquant.errors import OutputError
from blotquant.outcome import ImageOutcome
from blotquant.parquet import read_chunks, read_columns, write_parquet
from blotquant.recipe import Recipe
from blotquant.tables import joined

if TYPE_CHECKING:
    import pandas as pd

    from blotquant.normalize import NormalizedStrips, Strip

__all__ = ["Merged", "merge", "outcomes_of"]


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


def outcomes_of(parts: Iterable[Part]) -> Iterator[tuple[Part, list[ImageOutcome]]]:
    """Outcomes of each part, without what they measured.

    Raises
    ------
    OutputError
        If a part was removed or damaged while the run went on.
    """
    for part in parts:
        _, notes = _read(part)
        yield part, part.outcomes(notes)


def merge(parts: Sequence[Part], recipe: Recipe, folder: Path) -> Merged:
    """Normalize what was measured and write the tables of bands and lanes.

    Parts are read twice: once for what normalizing goes by, which is little, and once to be
    written with what it came to.

    Parameters
    ----------
    parts : sequence of Part
        In the order of the tables.
    recipe : Recipe
    folder : Path
        Where ``bands.parquet`` and ``lanes.parquet`` go.

    Raises
    ------
    OutputError
        If a part is damaged, or a table cannot be written.
    """
    normalized = _normalized(parts, recipe)
    bands_file, lanes_file = folder / "bands.parquet", folder / "lanes.parquet"
    write_parquet(bands_file, _bands(parts, normalized), BAND_COLUMNS)
    write_parquet(lanes_file, (lanes_of(_read(part)[1]) for part in parts), LANE_COLUMNS)
    table = normalized.table if normalized is not None else joined((), NORMALIZED_COLUMNS)
    messages = normalized.messages if normalized is not None else ()
    return Merged(bands_file, lanes_file, joined([table], NORMALIZED_COLUMNS), tuple(messages))


def _normalized(parts: Sequence[Part], recipe: Recipe) -> NormalizedStrips | None:
    """Ratios of all strips; None where no image has a band."""
    from blotquant.normalize import normalize_strips, read_strips

    strips: list[Strip] = []
    empty = True
    for part in parts:
        bands, notes = _read(part)
        if len(bands):
            empty = False
            lanes = lanes_of(notes)
            for image, rows in bands.groupby("image", sort=False):
                mine = lanes[lanes["image"] == image]
                strips += read_strips(rows.reset_index(drop=True), mine)
    if empty:
        return None
    return normalize_strips(sorted(strips, key=lambda strip: strip.key), recipe)


def _bands(parts: Sequence[Part], normalized: NormalizedStrips | None) -> Iterator[pd.DataFrame]:
    for part in parts:
        bands, _ = _read(part)
        for _, rows in bands.groupby("image", sort=False):
            assert normalized is not None  # there are bands
            yield normalized.fill(rows.reset_index(drop=True))


def _read(part: Part) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    try:
        return part.read()
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{part.path}: cannot be read again ({error}); run again with --resume"
        ) from None

"""A row of bands as a dilution series: the loads of its lanes, and where it is linear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StudyError
from ..flags import Flag
from ..linearity import Linearity, fit_linearity
from ..recipe import Recipe
from ..study.sheet_csv import read_csv_grid

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DilutionSeries", "judged_row", "read_loads"]


@dataclass(frozen=True, eq=False)
class DilutionSeries:
    """One row of bands of one image against its loads."""

    image: str
    row: int
    mw_kda: float | None
    linearity: Linearity


def read_loads(path: Path) -> dict[tuple[str, int], float]:
    """Loads from a CSV file with the columns lane and load, and image where there are several.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of (str, int) to float
        By image (empty for every image) and lane.

    Raises
    ------
    StudyError
        If it cannot be read; all faults at once, each with its line.
    """
    try:
        grid = read_csv_grid(path)
    except OSError as error:
        raise StudyError(f"{path.name}: cannot be read ({error.strerror})") from None
    rows = [(line, cells) for line, cells in grid.rows if any(cell.strip() for cell in cells)]
    if not rows:
        raise StudyError(f"{path.name}: is empty; it needs the columns lane and load")
    header = [cell.strip().casefold() for cell in rows[0][1]]
    missing = [name for name in ("lane", "load") if name not in header]
    if missing:
        raise StudyError(f"{path.name}: has no column {' and no column '.join(missing)}")
    loads: dict[tuple[str, int], float] = {}
    faults = []
    for line, cells in rows[1:]:
        entry = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        try:
            lane, amount = int(entry["lane"]), float(entry["load"])
        except (KeyError, ValueError):
            faults.append(
                f"{path.name}, line {line}: lane must be a whole number, and load a number"
            )
            continue
        key = entry.get("image", ""), lane
        if key in loads:
            faults.append(f"{path.name}, line {line}: lane {lane} is there twice")
        if not 0 <= amount < float("inf"):
            faults.append(f"{path.name}, line {line}: a load must be 0 or above")
        loads[key] = amount
    if faults:
        raise StudyError("\n".join(faults))
    return loads


def judged_row(
    image: str,
    row: int,
    bands: pd.DataFrame,
    loads: Mapping[tuple[str, int], float],
    recipe: Recipe,
) -> DilutionSeries:
    """Judge a row of bands against the loads of its lanes.

    Parameters
    ----------
    image : str
    row : int
    bands : DataFrame
        Of this row, columns as in `blotquant.columns.BAND_COLUMNS`.
    loads : mapping of (str, int) to float
        As `read_loads` gives them.
    recipe : Recipe
        That it was measured with.

    Raises
    ------
    StudyError
        If fewer than three loads above 0 have a band that can be used.
    """
    known = {lane: loads.get((image, lane), loads.get(("", lane))) for lane in bands["lane"]}
    here = bands[[known[lane] is not None for lane in bands["lane"]]]
    if here.empty:
        raise StudyError("none of its lanes has a load")
    below = here["flags"].str.split(";").apply(lambda names: str(Flag.BELOW_DETECTION) in names)
    usable = (here["saturated_fraction"] <= 0) & ~below
    blank = float((here["detection_limit"] / recipe.finding.sensitivity).median())
    linearity = fit_linearity(
        [float(known[lane] or 0.0) for lane in here["lane"]],
        here["net_density"].to_numpy(),
        here["net_density_err"].to_numpy(),
        usable=usable.to_numpy(),
        blank_error=blank,
    )
    weight = here["mw_kda"].median()
    return DilutionSeries(image, row, float(weight) if weight == weight else None, linearity)  # noqa: PLR0124  # not NaN

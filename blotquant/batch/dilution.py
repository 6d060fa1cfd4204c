"""A dilution series from its images and a list of loads: measured, judged, drawn, written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blotquant.batch.inputs import find_images, output_stem
from blotquant.columns import LINEARITY_COLUMNS
from blotquant.errors import StudyError
from blotquant.flags import Flag
from blotquant.linearity import Linearity, fit_linearity
from blotquant.loaders import load as load_blots
from blotquant.pipeline import analyze
from blotquant.recipe import Recipe
from blotquant.result import write_csv
from blotquant.study.sheet_csv import read_csv_grid
from blotquant.tables import table_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DilutionSeries", "measure_dilution", "read_loads", "write_dilution"]


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


def measure_dilution(
    paths: Iterable[Path],
    loads: Mapping[tuple[str, int], float],
    recipe: Recipe | None = None,
    *,
    row: int | None = None,
) -> list[DilutionSeries]:
    """Measure the images of a dilution series and judge each row of bands.

    Parameters
    ----------
    paths : iterable of Path
        Images, or folders of images.
    loads : mapping of (str, int) to float
        As `read_loads` gives them.
    recipe : Recipe, optional
    row : int, optional
        Only this row.

    Returns
    -------
    list of DilutionSeries
        One for each image and row with three loads or more.

    Raises
    ------
    StudyError
        If no row of bands can be judged, with the reasons.
    """
    series, faults = [], []
    for file in find_images(paths):
        for blot in load_blots(file.path):
            name = blot.source.name
            result = analyze(blot, recipe, image=name)
            for number in sorted({int(value) for value in result.table["row"]}):
                if row not in (None, number):
                    continue
                bands = result.table[result.table["row"] == number]
                try:
                    series.append(_judged(name, number, bands, loads, recipe or Recipe()))
                except StudyError as error:
                    faults.append(f"{name}, row {number}: {error}")
    if not series:
        raise StudyError("\n".join(faults) or f"no image has a row {row} of bands")
    return series


def _judged(
    image: str,
    row: int,
    bands: pd.DataFrame,
    loads: Mapping[tuple[str, int], float],
    recipe: Recipe,
) -> DilutionSeries:
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


def write_dilution(
    series: Sequence[DilutionSeries], out: Path, *, unit: str = ""
) -> tuple[Path, ...]:
    """Write linearity.csv, and for each series a figure as SVG, PDF and PNG.

    Parameters
    ----------
    series : sequence of DilutionSeries
    out : Path
        Folder; made where it is not there.
    unit : str
        Of the loads, for the figures.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    from blotquant.figures.linearity_plot import linearity_figure
    from blotquant.figures.saving import save_figure

    table = table_of([_record(one) for one in series], LINEARITY_COLUMNS)
    written = [write_csv(table, out / "linearity.csv", LINEARITY_COLUMNS)]
    for one in series:
        figure = linearity_figure(one.linearity, title=f"{one.image}, row {one.row}", unit=unit)
        stem = out / f"linearity_{output_stem(one.image)}_row{one.row}"
        written += save_figure(figure, stem)
    return tuple(written)


def _record(one: DilutionSeries) -> dict[str, Any]:
    judged = one.linearity
    low, high = judged.load_range or (None, None)
    weak, strong = judged.density_range or (None, None)
    line, hyperbola = judged.model("line"), judged.model("hyperbola")
    return {
        "image": one.image,
        "row": one.row,
        "mw_kda": one.mw_kda,
        "n_values": int(judged.used.sum()),
        "best_model": judged.best,
        "aicc_proportional": judged.model("proportional").aicc,
        "aicc_line": line.aicc,
        "aicc_hyperbola": hyperbola.aicc,
        "slope": judged.model("proportional").parameters[0],
        "intercept": line.parameters[0],
        "intercept_se": line.errors[0],
        "r_squared": judged.model(judged.best).r_squared,
        "load_low": low,
        "load_high": high,
        "density_low": weak,
        "density_high": strong,
        "lod": judged.lod,
        "loq": judged.loq,
        "reason": judged.reason,
    }

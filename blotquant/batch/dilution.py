"""Dilution series from images and a list of loads: measured, judged, drawn, written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from blotquant.batch.inputs import find_images, output_stem
from blotquant.columns import LINEARITY_COLUMNS
from blotquant.errors import StudyError
from blotquant.loaders import load as load_blots
from blotquant.pipeline import analyze
from blotquant.pipeline.dilution import DilutionSeries, judged_row, read_loads
from blotquant.recipe import Recipe
from blotquant.result import write_csv
from blotquant.tables import table_of

__all__ = ["DilutionSeries", "measure_dilution", "read_loads", "write_dilution"]


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
                    series.append(judged_row(name, number, bands, loads, recipe or Recipe()))
                except StudyError as error:
                    faults.append(f"{name}, row {number}: {error}")
    if not series:
        raise StudyError("\n".join(faults) or f"no image has a row {row} of bands")
    return series


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

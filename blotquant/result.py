"""What an analysis gives back: the layout, the tables, and the profiles they were read from."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from .columns import BAND_COLUMNS, LANE_COLUMNS, Column
from .files import write_atomically
from .flags import Flag
from .model import Band, Layout, Profile
from .recipe import Recipe

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BandMeasurement", "GroupFit", "LaneMeasurement", "Result", "csv_text", "write_csv"]


@dataclass(frozen=True)
class BandMeasurement:
    """The numbers of one band; units as in `blotquant.columns.BAND_COLUMNS`."""

    band: Band
    center_row: float
    center_col: float
    height: float
    width: float
    area: float
    integrated_density: float
    background: float
    net_density: float
    net_density_err: float
    peak_height: float
    snr: float
    saturated_fraction: float
    detection_limit: float
    flags: Flag
    quantification: Literal["sum", "fit"] = "sum"
    net_density_fit: float | None = None
    net_density_fit_err: float | None = None
    fit_unexplained: float | None = None
    net_density_unclipped: float | None = None
    net_density_unclipped_err: float | None = None
    method_spread: float = float("nan")


@dataclass(frozen=True, eq=False)
class GroupFit:
    """Bands of one lane that were fitted together, because they overlap or are clipped.

    Parameters
    ----------
    bands : tuple of int
        Which of the lane's bands, from 0.
    shape : str
        gaussian or exponential: what each band's profile is.
    areas : ndarray, shape (K,)
        Net density of each, a.u. x px.
    covariance : ndarray, shape (K, K)
        Of the areas.
    position : ndarray, shape (N,)
        Rows of the picture that were looked at.
    curves : ndarray, shape (K, N)
        Each band above the baseline, in the profile's units.
    level : ndarray, shape (N,)
        What the fit adds to the baseline.
    unexplained : float
        Root mean square of what the fit leaves, over its highest point.
    justified : bool
        Whether the bands are measured by it.
    reason : str
        Why not.
    """

    bands: tuple[int, ...]
    shape: str
    areas: NDArray[np.float64]
    covariance: NDArray[np.float64]
    position: NDArray[np.float64]
    curves: NDArray[np.float64]
    level: NDArray[np.float64]
    unexplained: float
    justified: bool
    reason: str = ""


@dataclass(frozen=True, eq=False)
class LaneMeasurement:
    """One lane as it was read.

    Parameters
    ----------
    lane_id : str
    profile : Profile
        Sum of signal across the lane at each row.
    baseline : ndarray, shape (N,)
        Background of the profile, in its units (a.u. x px).
    baseline_variance : ndarray, shape (N,)
        Variance of the baseline at each row.
    bands : tuple of BandMeasurement
        From the well down.
    total_density : float
        Sum of the profile above the baseline over the whole lane.
    flags : Flag
        Flags of the lane as a whole.
    total_density_err : float
        Standard error of `total_density`.
    fits : tuple of GroupFit
        Bands that overlap, fitted together; drawn over the profile.
    """

    lane_id: str
    profile: Profile
    baseline: NDArray[np.float64]
    baseline_variance: NDArray[np.float64]
    bands: tuple[BandMeasurement, ...]
    total_density: float
    flags: Flag = Flag.NONE
    total_density_err: float = float("nan")
    fits: tuple[GroupFit, ...] = ()


@dataclass(frozen=True, eq=False)
class Result:
    """One picture, analysed.

    Parameters
    ----------
    image : str
        Name of the picture in the tables.
    layout : Layout
        Lanes, rows and bands that were measured.
    table : pandas.DataFrame
        One row per band, columns as in `blotquant.columns.BAND_COLUMNS`.
    lanes : pandas.DataFrame
        One row per lane, columns as in `blotquant.columns.LANE_COLUMNS`.
    measurements : mapping of str to LaneMeasurement
        By lane id: profile, baseline and bands.
    recipe : Recipe
    provenance : mapping
        Versions, hash of the image, how it was read: all JSON.
    warnings : tuple of str
        One line each.
    """

    image: str
    layout: Layout
    table: pd.DataFrame
    lanes: pd.DataFrame
    measurements: Mapping[str, LaneMeasurement]
    recipe: Recipe
    provenance: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def profiles(self) -> dict[str, Profile]:
        """Profile of each lane, by lane id."""
        return {lane_id: lane.profile for lane_id, lane in self.measurements.items()}

    @property
    def baselines(self) -> dict[str, NDArray[np.float64]]:
        """Baseline of each lane's profile, by lane id."""
        return {lane_id: lane.baseline for lane_id, lane in self.measurements.items()}

    def to_csv(self, path: str | Path) -> Path:
        """Write the table of bands as CSV (UTF-8, comma, dot), whole or not at all.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        return write_csv(self.table, path, BAND_COLUMNS)

    def replace(self, **changes: Any) -> Result:
        """Return a copy with some fields changed."""
        return replace(self, **changes)


def write_csv(
    table: pd.DataFrame, path: str | Path, columns: tuple[Column, ...] = LANE_COLUMNS
) -> Path:
    """Write a table as CSV in its contract's column order, through a temporary file and a rename.

    Numbers are written with 10 significant digits: far below any blot's noise, and the same on
    every platform.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    return write_atomically(path, csv_text(table, columns).encode("utf-8"))


def csv_text(table: pd.DataFrame, columns: Sequence[Column], heading: bool = True) -> str:
    """A table, or a piece of one, as `write_csv` writes it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if heading:
        writer.writerow([column.name for column in columns])
    # what pandas.DataFrame.to_csv comes to, in a third of the time
    writer.writerows(zip(*(_csv_cells(table[column.name]) for column in columns), strict=True))
    return text.getvalue()


def _csv_cells(values: pd.Series) -> list[Any]:
    """Cells of a column as text; empty where there is none."""
    if values.dtype.kind == "f":
        return ["" if isnan(value) else f"{value:.10g}" for value in values.tolist()]
    if values.dtype.kind == "O":
        missing = values.isna().tolist()
        return ["" if none else value for value, none in zip(values.tolist(), missing, strict=True)]
    cells: list[Any] = values.tolist()
    return cells

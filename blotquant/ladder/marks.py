"""Molecular weights to write beside a picture: marks of the ladder, and rows named by their kDa."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from blotquant.ladder.annotating import molecular_weights
from blotquant.model import Layout
from blotquant.recipe import LadderSettings
from blotquant.result import LaneMeasurement, Result

__all__ = ["LadderMark", "ladder_marks", "marks_of_layout", "rows_with_kda"]


@dataclass(frozen=True)
class LadderMark:
    """A band of a ladder and its size.

    Parameters
    ----------
    lane_id : str
    row, col : float
        Its centre, px of the picture.
    kda : float
    """

    lane_id: str
    row: float
    col: float
    kda: float

    @property
    def text(self) -> str:
        """The size as it is written: kDa without the unit."""
        return f"{self.kda:.4g}"


def ladder_marks(result: Result) -> tuple[LadderMark, ...]:
    """Marks of all ladders that were read in a picture.

    Parameters
    ----------
    result : Result

    Returns
    -------
    tuple of LadderMark
        Ladder by ladder, from the well down; empty where none was read.
    """
    marks = []
    for reading in result.provenance.get("ladders", ()):
        lane = result.layout.lanes[reading["lane"] - 1]
        bands = result.measurements[lane.id].bands
        for band, kda in zip(reading["bands"], reading["kda"], strict=True):
            m = bands[band - 1]
            marks.append(LadderMark(lane.id, m.center_row, m.center_col, float(kda)))
    return tuple(marks)


def marks_of_layout(
    layout: Layout, measured: Mapping[str, LaneMeasurement], settings: LadderSettings
) -> tuple[LadderMark, ...]:
    """As `ladder_marks`, of lanes that were measured but are no result yet.

    Parameters
    ----------
    layout : Layout
    measured : mapping of str to LaneMeasurement
        By lane id.
    settings : LadderSettings

    Returns
    -------
    tuple of LadderMark
    """
    if not any(lane.kind == "ladder" for lane in layout.lanes):
        return ()
    marks = []
    for reading in molecular_weights(layout, measured, settings).readings:
        for band, kda in zip(reading.bands, reading.kda, strict=True):
            m = measured[reading.lane].bands[band]
            marks.append(LadderMark(reading.lane, m.center_row, m.center_col, kda))
    return tuple(marks)


def rows_with_kda(result: Result) -> Layout:
    """The layout, with rows that have no molecular weight named by the ladder's.

    Parameters
    ----------
    result : Result

    Returns
    -------
    Layout
        `BandRow.mw_kda` is the median over the row's detected bands outside the ladders, to two
        digits: about what a ladder says. Rows that have a weight keep it.
    """
    layout, table = result.layout, result.table
    if not result.provenance.get("ladders"):
        return layout
    seen = table.dropna(subset=["mw_kda"])
    seen = seen[~seen["flags"].str.contains("BELOW_DETECTION") & (seen["lane_kind"] != "ladder")]
    if seen.empty:
        return layout
    row_ids = [
        result.measurements[layout.lanes[lane - 1].id].bands[band - 1].band.row_id
        for lane, band in zip(seen["lane"], seen["band"], strict=True)
    ]
    medians = seen["mw_kda"].astype(float).groupby(row_ids).median()
    rows = tuple(
        replace(row, mw_kda=float(f"{medians[row.id]:.2g}"))
        if row.mw_kda is None and row.id in medians.index
        else row
        for row in layout.rows
    )
    return replace(layout, rows=rows)

"""The tables of bands and normalized densities: which columns are shown, and how."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from blotquant.html_report.numbers import Cell, number_cell
from blotquant.html_report.table import (
    Record,
    ShownColumn,
    Table,
    flag_column,
    float_of,
    integer_column,
    is_missing,
    make_table,
    number_column,
    shared_flags,
    text_column,
)
from blotquant.tables import records_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["band_table", "normalized_table"]


def band_table(bands: pd.DataFrame) -> Table:
    """Table of one image's bands.

    Columns that say nothing (no labels, no molecular weights, one panel) are left out.

    Parameters
    ----------
    bands : DataFrame
        Columns as in `blotquant.columns.BAND_COLUMNS`.
    """
    records = records_of(bands)
    shared = shared_flags(records)
    columns = [
        integer_column("Lane", "lane"),
        text_column("Label", "lane_label"),
        text_column("Kind", "lane_kind", dull="sample"),
        integer_column("Panel", "panel", dull=1),
        integer_column("Row", "row"),
        text_column("Target", "target"),
        number_column("MW", "mw_kda", "kDa", always=False),
        number_column("Rf", "rf", digits=3),
        ShownColumn("Net density", "net_density, a.u. × px", "number", _net_density),
        number_column("± SE", "net_density_err", "a.u. × px"),
        number_column("S/N", "snr", digits=3),
        number_column("Integrated", "integrated_density", "a.u. × px"),
        number_column("Background", "background", "a.u. × px"),
        ShownColumn("Saturated", "saturated_fraction", "number", _saturated, always=False),
        number_column("Normalized", "normalized_density", always=False),
        number_column("Relative", "relative_density", always=False),
        flag_column(shared),
    ]
    return make_table(columns, records, shared, lambda r: f"{r['lane']}-{r['band']}")


def normalized_table(normalized: pd.DataFrame) -> Table:
    """Table of all normalized densities.

    Parameters
    ----------
    normalized : DataFrame
        Columns as in `blotquant.columns.NORMALIZED_COLUMNS`.
    """
    records = [_without_same_scale(record) for record in records_of(normalized)]
    columns = [
        text_column("Target", "target"),
        text_column("Membrane", "membrane"),
        integer_column("Lane", "lane"),
        text_column("Label", "lane_label"),
        text_column("Sample", "sample"),
        text_column("Group", "group"),
        text_column("Replicate", "replicate"),
        number_column("Net density", "net_density", "a.u. × px"),
        text_column("Loading control", "loading_control"),
        number_column("Control", "control_density", "a.u. × px"),
        number_column("Normalized", "normalized_density"),
        number_column("± SE", "normalized_density_measurement_se"),
        number_column("Relative", "relative_density", always=False),
        number_column("Scaled", "scaled_density", always=False),
        number_column("At most", "scaled_density_limit", always=False),
        flag_column(),
    ]
    return make_table(columns, records)


def _without_same_scale(record: Record) -> Record:
    """A scaled density is shown only where a scale across membranes changed something."""
    same = record.get("scaled_density") == record["normalized_density"]
    return {**record, "scaled_density": math.nan} if same else record


def _net_density(record: Record) -> Cell:
    """Net density, or its limit where no band stands out: never a number that looks like one."""
    cell = number_cell(float_of(record["net_density"]))
    if not is_missing(record):
        return cell
    # smear or a neighbour's flank may stand where no band does: what it amounts to hides a band
    forced, least = float_of(record["net_density"]), float_of(record["detection_limit"])
    limit = number_cell(max(least, forced) if math.isfinite(forced) else least)
    if not limit.text:
        return Cell("below detection", sort=cell.sort, kind="limit")
    full = f"limit {limit.full}; forced measurement {cell.full}"
    return Cell(f"< {limit.text}", full, cell.sort, "limit")


def _saturated(record: Record) -> Cell:
    share = float_of(record["saturated_fraction"])
    if math.isnan(share) or share <= 0:
        return Cell("", kind="number")
    text = "< 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"
    return Cell(text, f"{share:.10g}", f"{share:.10g}", "number")

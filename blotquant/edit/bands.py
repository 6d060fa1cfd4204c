"""Bands and rows of bands: limits, adding, deleting, moving, which protein a row is."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from statistics import median
from typing import Any

from ..errors import LayoutError
from ..model import Band, BandRow, Layout
from .lanes import lane_middle

__all__ = [
    "BandKey",
    "add_band",
    "assign_row",
    "band_at",
    "delete_bands",
    "move_bands",
    "move_row",
    "name_row",
    "set_limits",
]

# (lane_id, row_id): a lane has one band in a row.
BandKey = tuple[str, str]
# Px; below this a band cannot be grabbed again.
_MIN_LENGTH = 1.0


def band_at(layout: Layout, key: BandKey) -> Band:
    """Band of a lane in a row.

    Raises
    ------
    LayoutError
        If there is none, or more than one: then it is not clear which is meant.
    """
    found = [band for band in layout.bands if _key(band) == key]
    if len(found) != 1:
        count = "no band" if not found else f"{len(found)} bands"
        raise LayoutError(f"lane {key[0]} has {count} in row {key[1]}")
    return found[0]


def set_limits(
    layout: Layout, key: BandKey, start: float | None = None, stop: float | None = None
) -> Layout:
    """Set where a band begins or ends; limits stop short of each other.

    A band whose limits were set by hand counts as looked for there: whether it stands out of the
    noise is then decided by its density alone.

    Parameters
    ----------
    layout : Layout
    key : tuple of str
        Lane id and row id.
    start, stop : float, optional
        Rows of the oriented picture; what is not given stays.

    Raises
    ------
    LayoutError
        If there is no such band.
    """
    band = band_at(layout, key)
    first = band.start if start is None else float(start)
    last = band.stop if stop is None else float(stop)
    if start is not None and stop is None:
        first = min(first, last - min(_MIN_LENGTH, last - band.start))
    elif stop is not None and start is None:
        last = max(last, first + min(_MIN_LENGTH, band.stop - first))
    return _changed(layout, [key], lambda band: _by_hand(band, start=first, stop=last))


def move_bands(layout: Layout, keys: Collection[BandKey], drow: float) -> Layout:
    """Move bands along their lanes.

    Raises
    ------
    LayoutError
        If there is no such band.
    """
    return _changed(
        layout,
        keys,
        lambda band: _by_hand(band, start=band.start + drow, stop=band.stop + drow),
    )


def move_row(layout: Layout, row_id: str, drow: float) -> Layout:
    """Move all bands of a row as one.

    Raises
    ------
    LayoutError
        If there is no such row.
    """
    _row(layout, row_id)
    keys = {_key(band) for band in layout.bands if band.row_id == row_id}
    return move_bands(layout, keys, drow)


def add_band(
    layout: Layout, lane_id: str, start: float, stop: float, row_id: str | None = None
) -> tuple[Layout, BandKey]:
    """Add a band to a lane.

    Parameters
    ----------
    layout : Layout
    lane_id : str
    start, stop : float
        Rows of the oriented picture.
    row_id : str, optional
        Row of bands; otherwise the one that runs through these limits in the nearest lane and has
        no band here yet, else a new row.

    Returns
    -------
    Layout
    tuple of str
        Key of the new band.

    Raises
    ------
    LayoutError
        If there is no such lane or row, or the lane has a band in that row.
    """
    layout.lane(lane_id)
    rows = layout.rows
    if row_id is None:
        row_id = _row_through(layout, lane_id, (start + stop) / 2)
    else:
        _row(layout, row_id)
        _check_free(layout, lane_id, row_id)
    if row_id is None:
        row_id = _free_row_id(layout)
        rows = (*rows, BandRow(row_id))
    band = Band(lane_id, row_id, float(start), float(stop), source="hand")
    return layout.replace(rows=rows, bands=(*layout.bands, band)), (lane_id, row_id)


def delete_bands(layout: Layout, keys: Collection[BandKey]) -> Layout:
    """Delete bands; a row that is left without any goes too.

    Raises
    ------
    LayoutError
        If there is no such band.
    """
    for key in keys:
        band_at(layout, key)
    bands = tuple(band for band in layout.bands if _key(band) not in keys)
    return _without_emptied(layout, bands)


def assign_row(layout: Layout, keys: Collection[BandKey], row_id: str | None) -> Layout:
    """Put bands into another row: they show that protein.

    Parameters
    ----------
    layout : Layout
    keys : collection of tuple of str
    row_id : str or None
        None makes a new row.

    Raises
    ------
    LayoutError
        If there is no such band or row, or a lane would have two bands in it.
    """
    if row_id is None:
        row_id = _free_row_id(layout)
        layout = layout.replace(rows=(*layout.rows, BandRow(row_id)))
    _row(layout, row_id)
    moving = [key for key in keys if key[1] != row_id]
    if len({lane_id for lane_id, _ in moving}) < len(moving):
        raise LayoutError("two of these bands are in one lane: a lane has one band in a row")
    for lane_id, _ in moving:
        _check_free(layout, lane_id, row_id)
    target = row_id
    moved = _changed(layout, moving, lambda band: _by_hand(band, row_id=target))
    return _without_emptied(layout, moved.bands)


def name_row(layout: Layout, row_id: str, **words: Any) -> Layout:
    """Say which protein a row shows.

    Parameters
    ----------
    layout : Layout
    row_id : str
    **words
        ``label``, ``target`` or ``mw_kda`` of `BandRow`.

    Raises
    ------
    LayoutError
        If there is no such row.
    """
    strange = set(words) - {"label", "target", "mw_kda"}
    if strange:
        raise LayoutError(f"{', '.join(sorted(strange))}: is not said of a row of bands")
    _row(layout, row_id)
    rows = tuple(replace(row, **words) if row.id == row_id else row for row in layout.rows)
    return layout.replace(rows=rows)


def _key(band: Band) -> BandKey:
    return band.lane_id, band.row_id


def _row(layout: Layout, row_id: str) -> BandRow:
    for row in layout.rows:
        if row.id == row_id:
            return row
    raise LayoutError(f"there is no row of bands '{row_id}'")


def _check_free(layout: Layout, lane_id: str, row_id: str) -> None:
    if any(_key(band) == (lane_id, row_id) for band in layout.bands):
        raise LayoutError(f"lane {lane_id} has a band in row {row_id} already; delete it first")


def _changed(layout: Layout, keys: Collection[BandKey], change: Callable[[Band], Band]) -> Layout:
    new = {key: change(band_at(layout, key)) for key in keys}
    return layout.replace(bands=tuple(new.get(_key(band), band) for band in layout.bands))


def _by_hand(band: Band, **changes: Any) -> Band:
    changed = replace(band, **changes)
    return band if changed == band else replace(changed, source="hand", detected=True)


def _without_emptied(layout: Layout, bands: tuple[Band, ...]) -> Layout:
    """Layout with other bands, without the rows that lost their last one."""
    left = {band.row_id for band in bands}
    lost = {band.row_id for band in layout.bands} - left
    rows = tuple(row for row in layout.rows if row.id not in lost)
    return layout.replace(rows=rows, bands=bands)


def _row_through(layout: Layout, lane_id: str, middle: float) -> str | None:
    """The row whose band in the panel's nearest lane lies at that height, if any does."""
    lane = layout.lane(lane_id)
    mates = {other.id: other for other in layout.lanes if other.panel_id == lane.panel_id}
    taken = {band.row_id for band in layout.bands if band.lane_id == lane_id}
    best: tuple[float, str] | None = None
    for row in layout.rows:
        bands = [band for band in layout.bands if band.row_id == row.id and band.lane_id in mates]
        if row.id in taken or not bands:
            continue
        here = lane_middle(lane)
        nearest = min(bands, key=lambda band: abs(lane_middle(mates[band.lane_id]) - here))
        away = abs((nearest.start + nearest.stop) / 2 - middle)
        reach = median(band.stop - band.start for band in bands)
        if away <= reach and (best is None or away < best[0]):
            best = away, row.id
    return best[1] if best else None


def _free_row_id(layout: Layout) -> str:
    taken = {row.id for row in layout.rows}
    number = 1
    while f"row-hand-{number}" in taken:
        number += 1
    return f"row-hand-{number}"

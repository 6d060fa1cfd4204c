"""Several exposures of one membrane: which of them measures a row of bands, in all its lanes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import StudyError
from .flags import Flag

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExposureChoice", "choose_exposures"]

# Lanes that are no samples do not decide: a ladder may be black.
_DECIDING = ("sample", "reference", "standard", "positive", "negative", "empty")


@dataclass(frozen=True)
class ExposureChoice:
    """The exposure that measures one row of bands.

    Parameters
    ----------
    row : int
        Number of the row, the same in all exposures.
    image : str
        The exposure taken.
    exposure_s : float or None
        Its time; None where the file does not give it.
    saturated_lanes : tuple of int
        Lanes in which even this exposure, then the shortest, is saturated.
    reason : str
        Why this one, in one line.
    """

    row: int
    image: str
    exposure_s: float | None
    saturated_lanes: tuple[int, ...]
    reason: str


def choose_exposures(
    tables: Sequence[pd.DataFrame], order: Sequence[float] | None = None
) -> list[ExposureChoice]:
    """For each row of bands the longest exposure in which no sample's band is saturated.

    One exposure for a row and all its lanes: what is compared is never taken from different
    exposures. Where every exposure is saturated the shortest is taken, and the lanes are named.

    Parameters
    ----------
    tables : sequence of pandas.DataFrame
        Bands of each exposure of one membrane, measured with one layout: rows and lanes have the
        same numbers.
    order : sequence of float, optional
        Exposure times, where the files do not give them (`exposure_s`).

    Returns
    -------
    list of ExposureChoice
        One for each row.

    Raises
    ------
    StudyError
        If an exposure's time is not known, two are the same, or saturation cannot be judged in
        an exposure.

    Notes
    -----
    Signal grows with the time, so the longest that is not saturated has the best signal to noise.
    """
    times = _times(tables, order)
    ranked = sorted(range(len(tables)), key=lambda k: -times[k])
    choices = []
    for row in sorted({int(row) for table in tables for row in table["row"]}):
        saturated = {k: _saturated(tables[k], row) for k in ranked}
        free = [k for k in ranked if not saturated[k] and (tables[k]["row"] == row).any()]
        taken = free[0] if free else ranked[-1]
        place = ranked.index(taken)
        if not free:
            reason = "saturated in every exposure: the shortest is taken, a lower bound"
        elif place == 0:
            reason = "the longest exposure, not saturated"
        else:
            reason = f"the longest that is not saturated; {place} longer saturated"
        image = str(tables[taken]["image"].iloc[0])
        choices.append(ExposureChoice(row, image, times[taken], saturated[taken], reason))
    return choices


def _times(tables: Sequence[pd.DataFrame], order: Sequence[float] | None) -> list[float]:
    names = [str(table["image"].iloc[0]) if len(table) else "(no bands)" for table in tables]
    if len(tables) < 2:
        raise StudyError("an exposure series needs two exposures or more")
    if order is not None:
        times = [float(time) for time in order]
        if len(times) != len(tables):
            raise StudyError(f"{len(times)} exposure times are given for {len(tables)} exposures")
    else:
        times = [float(table["exposure_s"].median()) for table in tables]
    faults = [
        f"{name}: its exposure time is not known; give it"
        for name, time in zip(names, times, strict=True)
        if not time > 0
    ]
    if len({time for time in times if time > 0}) < len(times) - len(faults):
        faults.append("two exposures have the same time: leave one out")
    blind = str(Flag.SATURATION_NOT_ASSESSABLE)
    faults += [
        f"{name}: saturation cannot be judged in this file; use the camera's own"
        for name, table in zip(names, tables, strict=True)
        if any(blind in str(flags).split(";") for flags in table["flags"])
    ]
    if faults:
        raise StudyError("\n".join(faults))
    return times


def _saturated(table: pd.DataFrame, row: int) -> tuple[int, ...]:
    """Lanes, other than ladders, in which a row's band is saturated."""
    here = table[(table["row"] == row) & table["lane_kind"].isin(_DECIDING)]
    return tuple(int(lane) for lane in here.loc[here["saturated_fraction"] > 0, "lane"])

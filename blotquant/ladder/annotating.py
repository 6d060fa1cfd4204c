"""Ladder lanes of a layout read, and every band and row named by its molecular weight."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from blotquant.errors import StudyError
from blotquant.flags import Flag
from blotquant.ladder.calibration import Calibration, calibrate
from blotquant.ladder.catalog import Ladder, get_ladder, ladders
from blotquant.ladder.matching import LadderMatch, match_ladder
from blotquant.model import Lane, Layout
from blotquant.recipe import LadderSettings
from blotquant.result import BandMeasurement, LaneMeasurement

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LadderReading", "MolecularWeights", "molecular_weights", "row_for_kda", "weight_at"]

# A ladder that nobody named is taken for one only with so many bands, and so few left over.
_GUESS_BANDS, _GUESS_SHARE, _GUESS_MARGIN, _GUESS_SCATTER = 6, 0.85, 1.5, 0.03
# Two readings of a lane are the same where each band's sizes agree within this share.
_SAME_SIZE = 0.03


@dataclass(frozen=True, eq=False)
class LadderReading:
    """A ladder lane as it was read.

    Parameters
    ----------
    lane : str
        Its id.
    ladder : str
        Name of the ladder.
    bands : tuple of int
        Bands of the lane that match a size, from 0.
    kda : tuple of float
        Their sizes.
    calibration : Calibration
        Rows of the picture to kDa.
    guessed : bool
        Whether nobody named the ladder.
    """

    lane: str
    ladder: str
    bands: tuple[int, ...]
    kda: tuple[float, ...]
    calibration: Calibration
    guessed: bool


@dataclass(frozen=True, eq=False)
class MolecularWeights:
    """Molecular weights of an image's bands.

    Parameters
    ----------
    of_band : mapping of (str, int) to (float, float)
        kDa and standard error, by lane id and band, from 0; bands beyond the ladder are not there.
    readings : tuple of LadderReading
    notes : tuple of str
        One line each, for the result's warnings: what was guessed, and what could not be read.
    """

    of_band: Mapping[tuple[str, int], tuple[float, float]]
    readings: tuple[LadderReading, ...] = ()
    notes: tuple[str, ...] = ()


def molecular_weights(
    layout: Layout, measured: Mapping[str, LaneMeasurement], settings: LadderSettings
) -> MolecularWeights:
    """Read the ladder lanes, and from them the molecular weight of every band.

    With a ladder on each side of a lane, log size is interpolated between both; else the nearest
    one counts. Rows that slope or smile are off by as much as they do against the ladder.

    Parameters
    ----------
    layout : Layout
        Lanes of the kind "ladder" are read.
    measured : mapping of str to LaneMeasurement
        By lane id.
    settings : LadderSettings
        Without a name a ladder is taken only where its bands fit one of those known, well, and no
        other reading of the lane: that is said in a note.

    Returns
    -------
    MolecularWeights

    Raises
    ------
    RecipeError
        If the name is not that of a known ladder.
    """
    named = get_ladder(settings.name) if settings.name not in ("", "none") else None
    lanes = [lane for lane in layout.lanes if lane.kind == "ladder"]
    if settings.name == "none" or not lanes:
        missing = named is not None and not lanes
        absent = ("no lane is marked as ladder: no molecular weight is given",)
        return MolecularWeights({}, (), absent if missing else ())
    number = {lane.id: k for k, lane in enumerate(layout.lanes, 1)}
    readings, notes = [], []
    for lane in lanes:
        reading, note = _read(lane, number[lane.id], measured[lane.id], named, settings)
        notes += [note] if note else []
        readings += [reading] if reading else []
    of_band = {}
    for lane in layout.lanes:
        near = [r for r in readings if layout.lane(r.lane).panel_id == lane.panel_id]
        if not near:
            continue
        for index, m in enumerate(measured[lane.id].bands):
            kda, error = weight_at(layout, near, m.center_row, m.center_col)
            if math.isfinite(kda):
                of_band[lane.id, index] = kda, error
    return MolecularWeights(of_band, tuple(readings), tuple(notes))


def _read(
    lane: Lane,
    number: int,
    measured: LaneMeasurement,
    named: Ladder | None,
    settings: LadderSettings,
) -> tuple[LadderReading | None, str]:
    """A ladder lane's reading, and what there is to say of it."""
    seen = [k for k, m in enumerate(measured.bands) if Flag.BELOW_DETECTION not in m.flags]
    bands = [measured.bands[k] for k in seen]
    if named is not None:
        match = _matched(lane, bands, named)
        if match is None or not match.unique:
            why = "fit its bands in more than one way" if match else "do not fit its bands"
            return None, f"lane {number}: the sizes of {named.name} {why}; no kDa is given"
        return _reading(lane, named, match, seen, bands, settings, guessed=False), ""
    found = _guess(lane, bands)
    if found is None:
        return None, ""
    ladder, match = found
    reading = _reading(lane, ladder, match, seen, bands, settings, guessed=True)
    if reading.calibration.scatter > _GUESS_SCATTER:
        return None, ""
    return reading, (
        f"lane {number} is taken for the ladder {ladder.name} ({len(match.bands)} of "
        f"{len(ladder.kda)} bands); name it in the recipe to be sure: [ladder] name"
    )


def _matched(lane: Lane, bands: Sequence[BandMeasurement], ladder: Ladder) -> LadderMatch | None:
    place = np.array([(m.center_row - lane.top) / (lane.bottom - lane.top) for m in bands])
    strength = np.array([m.net_density for m in bands])
    return match_ladder(place, ladder.kda, strength=strength)


def _reading(
    lane: Lane,
    ladder: Ladder,
    match: LadderMatch,
    seen: Sequence[int],
    bands: Sequence[BandMeasurement],
    settings: LadderSettings,
    *,
    guessed: bool,
) -> LadderReading:
    rows = np.array([bands[k].center_row for k in match.bands])
    calibration = calibrate(rows, np.array(match.kda), settings.method)
    at = tuple(seen[k] for k in match.bands)
    return LadderReading(lane.id, ladder.name, at, match.kda, calibration, guessed)


def _guess(lane: Lane, bands: Sequence[BandMeasurement]) -> tuple[Ladder, LadderMatch] | None:
    """The only ladder whose sizes fit a lane's bands well; None where there is none or several."""
    matches = [(ladder, _matched(lane, bands, ladder)) for ladder in ladders()]
    fits = sorted(
        ((ladder, match) for ladder, match in matches if match is not None),
        key=lambda fit: -fit[1].score,
    )
    if not fits:
        return None
    ladder, best = fits[0]
    enough = len(best.bands) >= max(_GUESS_BANDS, _GUESS_SHARE * len(bands))
    whole = len(best.bands) >= _GUESS_SHARE * len(ladder.kda)
    rivals = [m for _, m in fits[1:] if not _same(m, best)]
    alone = not rivals or best.score - rivals[0].score > _GUESS_MARGIN
    return (ladder, best) if enough and whole and alone and best.unique else None


def _same(one: LadderMatch, other: LadderMatch) -> bool:
    sizes = dict(zip(other.bands, other.kda, strict=True))
    shared = [(k, sizes[b]) for b, k in zip(one.bands, one.kda, strict=True) if b in sizes]
    return len(shared) >= 3 and all(abs(a / b - 1) < _SAME_SIZE for a, b in shared)


def weight_at(
    layout: Layout, readings: Sequence[LadderReading], row: float, col: float
) -> tuple[float, float]:
    """Molecular weight at a place and its error, from the ladders to its left and right, kDa.

    Parameters
    ----------
    layout : Layout
        With the ladders' lanes.
    readings : sequence of LadderReading
    row, col : float
        Px of the picture.
    """
    columns = [float(layout.lane(r.lane).center(row)) for r in readings]
    values = []
    for reading in readings:
        kda, error = reading.calibration.kda_at(np.array([row]))
        values.append((math.log(kda[0]) if kda[0] > 0 else math.nan, float(error[0] / kda[0])))
    left = [k for k, c in enumerate(columns) if c <= col]
    right = [k for k, c in enumerate(columns) if c > col]
    before = max(left, key=lambda k: columns[k], default=None)
    after = min(right, key=lambda k: columns[k], default=None)
    if before is None or after is None:
        log_kda, share = values[before if before is not None else after or 0]
        return math.exp(log_kda), math.exp(log_kda) * share
    part = (col - columns[before]) / (columns[after] - columns[before])
    log_kda = (1 - part) * values[before][0] + part * values[after][0]
    share = math.hypot((1 - part) * values[before][1], part * values[after][1])
    return math.exp(log_kda), math.exp(log_kda) * share


def row_for_kda(
    table: pd.DataFrame, kda: float, *, panel: int | None = None, tolerance: float = 0.15
) -> int:
    """Row of bands whose molecular weight is the one expected.

    Parameters
    ----------
    table : pandas.DataFrame
        Bands of one image.
    kda : float
        Expected molecular weight.
    panel : int, optional
        Only rows of this membrane or gel.
    tolerance : float
        The row's weight may be off by this share: proteins do not run where their mass says.

    Returns
    -------
    int
        Number of the row.

    Raises
    ------
    StudyError
        If no row lies within the tolerance, or two lie about as near: the message names them.
    """
    here = table if panel is None else table[table["panel"] == panel]
    known = here.dropna(subset=["mw_kda"])
    if known.empty:
        raise StudyError(
            f"no band has a molecular weight, so none is {kda:g} kDa; mark the ladder's lane, name "
            "the ladder, or name the row"
        )
    weights = known.groupby("row")["mw_kda"].median()
    away = np.abs(np.log(weights / kda)).sort_values()
    listed = ", ".join(f"row {row}: {weights[row]:.0f} kDa" for row in weights.index)
    if away.iloc[0] > math.log1p(tolerance):
        raise StudyError(f"no row lies within {tolerance:.0%} of {kda:g} kDa ({listed})")
    if len(away) > 1 and away.iloc[1] < math.log1p(tolerance) and away.iloc[1] < 2 * away.iloc[0]:
        raise StudyError(f"two rows could be {kda:g} kDa ({listed}); name the row")
    return int(away.index[0])

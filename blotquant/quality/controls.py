"""Whether a loading control can be trusted: the table of controls, one line for each membrane."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from blotquant.columns import CONTROL_COLUMNS
from blotquant.flags import Flag
from blotquant.names import canonical
from blotquant.normalize.controls import named_controls
from blotquant.normalize.reading import read_strips
from blotquant.normalize.records import natural_order
from blotquant.normalize.roles import Roles
from blotquant.normalize.strips import Home, LaneReading, Strip
from blotquant.quality.spread import (
    Agreement,
    Point,
    agreement,
    coefficient_of_variation,
    group_effect,
)
from blotquant.quality.verdict import Evidence, judge
from blotquant.recipe import Recipe
from blotquant.tables import table_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["control_validity"]


class _Shown(NamedTuple):
    """A control on one membrane: its readings in the sample lanes that count, by place."""

    home: Home
    name: str
    membrane: str
    stain: bool
    readings: Mapping[int, LaneReading]

    def points(self) -> dict[int, Point]:
        """Densities above detection, by place."""
        return {
            place: Point(str(self.home), reading.group, _replicate(reading), reading.net)
            for place, reading in self.readings.items()
            if reading.detected and reading.net > 0
        }


def control_validity(
    bands: pd.DataFrame,
    recipe: Recipe,
    lanes: pd.DataFrame | None = None,
    *,
    roles: Roles | None = None,
) -> pd.DataFrame:
    """Judge every loading control and stain of total protein of a run.

    Looked at are the scatter over lanes, the dependence on the group (F test on log2, membranes as
    blocks), saturation, detection, and the agreement with total protein or another control. Lanes
    that a study leaves out, and lanes of another kind than sample, do not count. An even control is
    not proven right: a control that is saturated in its antibody is even too.

    Parameters
    ----------
    bands : DataFrame
        Columns as in `blotquant.columns.BAND_COLUMNS`, with `group` and `replicate` filled in.
    recipe : Recipe
        `recipe.normalization` may name a control that is none of the usual ones.
    lanes : DataFrame, optional
        As `normalize_tables` takes it.
    roles : Roles, optional
        What a study says.

    Returns
    -------
    DataFrame
        Columns as in `blotquant.columns.CONTROL_COLUMNS`: one row per control and membrane, and
        one with an empty membrane where a control is on several.
    """
    wanted = named_controls(recipe.normalization)
    shown = _shown(read_strips(bands, lanes, roles), wanted)
    lines = [_line([one], shown, one.membrane) for one in shown]
    for name in dict.fromkeys(one.name for one in shown):
        same = [one for one in shown if one.name == name]
        if len(same) > 1:
            lines.append(_line(same, shown, ""))
    lines.sort(
        key=lambda line: (line["control"], not line["membrane"], natural_order(line["membrane"]))
    )
    return table_of(lines, CONTROL_COLUMNS)


def _shown(strips: Iterable[Strip], wanted: Sequence[str]) -> list[_Shown]:
    """The best picture of each control on each membrane."""
    pictures: dict[tuple[Home, str], list[Strip]] = {}
    for strip in strips:
        if strip.control or any(map(strip.shows, wanted)):
            pictures.setdefault((strip.home, canonical(strip.target)), []).append(strip)
    best = {
        key: min(same, key=lambda strip: (strip.saturated, -strip.detected, strip.key))
        for key, same in pictures.items()
    }
    return [
        _Shown(
            home,
            name,
            strip.membrane or strip.image,
            strip.control == "total_protein",
            {r.place: r for r in strip.readings if r.use and r.kind == "sample"},
        )
        for (home, name), strip in best.items()
    ]


def _replicate(reading: LaneReading) -> str:
    """What makes two lanes repeats of one sample; each lane its own where nothing is known."""
    return reading.replicate or reading.sample or f"lane {reading.place + 1}"


def _line(same: Sequence[_Shown], shown: Sequence[_Shown], membrane: str) -> dict[str, Any]:
    """One line of the table: one control, on one membrane or several."""
    readings = [reading for one in same for reading in one.readings.values()]
    points = [point for one in same for point in one.points().values()]
    beside, other = _agreement(same, shown)
    evidence = Evidence(
        n_lanes=len(readings),
        cv=coefficient_of_variation(points),
        effect=group_effect(points),
        saturated=_count(readings, Flag.SATURATED),
        not_assessable=_count(readings, Flag.SATURATION_NOT_ASSESSABLE),
        below=len(readings) - len(points),
        agreement=beside,
        other=other,
    )
    verdict, reason = judge(evidence)
    return {
        "membrane": membrane,
        "control": same[0].name,
        "n_lanes": evidence.n_lanes,
        "cv": evidence.cv,
        "group_effect_fold": evidence.effect.fold,
        "group_p": evidence.effect.p,
        "saturated_lanes": evidence.saturated,
        "below_detection_lanes": evidence.below,
        "agreement_r": beside.r,
        "agreement_with": other,
        "verdict": verdict,
        "reason": reason,
    }


def _count(readings: Iterable[LaneReading], flag: Flag) -> int:
    return sum(flag in reading.flags for reading in readings)


def _agreement(same: Sequence[_Shown], shown: Sequence[_Shown]) -> tuple[Agreement, str]:
    """Agreement with total protein, else with the control that agrees least."""
    at = {(one.home, one.name): one.points() for one in shown}
    stains = {one.name for one in shown if one.stain}
    found: dict[str, Agreement] = {}
    for name in sorted({one.name for one in shown} - {same[0].name}):
        pairs = [
            (point, at[one.home, name][place])
            for one in same
            if (one.home, name) in at
            for place, point in at[one.home, one.name].items()
            if place in at[one.home, name]
        ]
        if pairs:
            found[name] = agreement(pairs)
    known = {name: one for name, one in found.items() if one.ratio_cv >= 0}
    if not known:
        return Agreement(float("nan"), float("nan")), ""
    worst = max(known, key=lambda name: (name in stains, known[name].ratio_cv))
    return known[worst], worst

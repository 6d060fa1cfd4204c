"""Loading controls: their density in every lane by membrane and group, and how far it varies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blotquant.figures.chart_data import number
from blotquant.figures.labels import LabelFit, draw_names, fit_labels, shortened
from blotquant.figures.paper import MM_PER_PT, Sheet, line_mm, plain, text_mm
from blotquant.figures.study_input import FigureOptions
from blotquant.figures.styles import Style, drawing, style_named

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["control_figure"]

_EDGE, _BETWEEN = 1.5, 4.0  # mm
_PLOT = 30.0  # mm; height
_AXIS = 10.0  # mm; left of the axes
_MARKERS = "osD^vP"
_CV = 12.0  # mm; the least room for the letters before the number
_FAINT = "#777777"


@dataclass(frozen=True)
class _Lane:
    membrane: str
    group: str
    lane: float
    density: float  # over the membrane's mean


def control_figure(
    controls: pd.DataFrame,
    values: pd.DataFrame,
    options: FigureOptions | None = None,
    *,
    reference: str = "",
    width: float = 180.0,
) -> Figure:
    """Density of each loading control in each lane, by membrane and group, with its CV.

    Densities are over their membrane's mean, so that membranes can be compared; lanes stand from
    left to right as on the membrane.

    Parameters
    ----------
    controls : DataFrame
        One line per membrane (empty: all together) and loading control.
    values : DataFrame
        ``normalized.csv``: ``control_density`` of each lane.
    options : FigureOptions, optional
    reference : str
        Group that is drawn grey; the first one where empty.
    width : float
        mm.

    Returns
    -------
    Figure
    """
    options = options or FigureOptions()
    style = style_named(options.style)
    names = [str(name) for name in dict.fromkeys(values["loading_control"]) if str(name)]
    groups = _groups(values, reference)
    with drawing():
        parts = [(name, _lanes(values, name)) for name in names]
        head = 2 * line_mm(style.title) + 1.0
        fits = [_membrane_names(lanes, width, style) for _, lanes in parts]
        spans = [head + _PLOT + 1.0 + fit.height + line_mm(style.small) for fit in fits]
        legend = line_mm(style.text) + 1.5
        height = 2 * _EDGE + legend + sum(spans) + _BETWEEN * max(len(parts) - 1, 0)
        sheet = Sheet(width, max(height, 10.0))
        _draw_key(sheet, groups, style)
        top = _EDGE + legend
        for (name, lanes), span in zip(parts, spans, strict=True):
            _draw_control(sheet, name, lanes, controls, groups, top, style)
            top += span + _BETWEEN
        return sheet.figure


def _groups(values: pd.DataFrame, reference: str) -> list[str]:
    found = [plain(str(name)) for name in dict.fromkeys(values["group"])]
    reference = plain(reference)
    return [name for name in found if name == reference] + [n for n in found if n != reference]


def _lanes(values: pd.DataFrame, control: str) -> list[_Lane]:
    """Each lane once: the table has it for every target."""
    mine = values[values["loading_control"].astype(str) == control]
    mine = mine.drop_duplicates(["membrane", "lane"])
    lanes = []
    for membrane, part in mine.groupby("membrane", sort=False):
        densities = [number(value) for value in part["control_density"]]
        known = [value for value in densities if math.isfinite(value)]
        mean = sum(known) / len(known) if known else math.nan
        for (_, row), density in zip(part.iterrows(), densities, strict=True):
            share = density / mean if mean > 0 else math.nan
            lanes.append(_Lane(str(membrane), plain(str(row["group"])), number(row["lane"]), share))
    return lanes


def _membranes(lanes: Sequence[_Lane]) -> list[str]:
    return list(dict.fromkeys(lane.membrane for lane in lanes))


def _centers(count: int, width: float) -> list[float]:
    left, room = _EDGE + _AXIS, width - 2 * _EDGE - _AXIS
    return [left + room * (place + 0.5) / max(count, 1) for place in range(count)]


def _cv(controls: pd.DataFrame, control: str, membrane: str) -> float:
    mine = controls[
        (controls["control"].astype(str) == control)
        & (controls["membrane"].fillna("").astype(str) == membrane)
    ]
    return number(mine["cv"].iloc[0]) if len(mine) else math.nan


def _membrane_names(lanes: Sequence[_Lane], width: float, style: Style) -> LabelFit:
    """Names of the membranes as they fit under the axis."""
    names = _membranes(lanes) or [""]
    return fit_labels(names, _centers(len(names), width), style.text, (0.0, width), lean=False)


def _draw_key(sheet: Sheet, groups: Sequence[str], style: Style) -> None:
    """Which mark is which group, over all."""
    x = _EDGE + _AXIS
    for place, name in enumerate(groups):
        y = _EDGE + line_mm(style.text) / 2
        room = sheet.width - _EDGE - x - 3.0
        if room < 8:
            break
        sheet.page.plot(
            [x + 1.0],
            [y],
            ls="none",
            marker=_MARKERS[place % len(_MARKERS)],
            ms=3.5,
            mfc=style.colour(place),
            mec="#000000",
            mew=0.4,
        )
        words = shortened(name, min(room, 40.0), style.text)
        sheet.text(x + 2.8, y, words, style.text, ha="left", kind="key")
        x += 2.8 + text_mm(words, style.text)[0] + 4.0


def _draw_control(
    sheet: Sheet,
    control: str,
    lanes: Sequence[_Lane],
    controls: pd.DataFrame,
    groups: Sequence[str],
    top: float,
    style: Style,
) -> None:
    title = shortened(plain(control), sheet.width - 20, style.title, bold=style.bold)
    y = top + line_mm(style.title) / 2
    x = _EDGE + _AXIS
    sheet.text(x, y, title, style.title, ha="left", bold=style.bold, kind="title")
    note = shortened(_verdict(controls, control), sheet.width - x - 2, style.small)
    sheet.text(x, y + line_mm(style.title), note, style.small, ha="left", kind="note")
    first = top + 2 * line_mm(style.title) + 1.0
    width = sheet.width - 2 * _EDGE - _AXIS
    axes = sheet.axes(x, first, (width, _PLOT))
    axes.set_xlim(x, x + width)
    highest = max((lane.density for lane in lanes if math.isfinite(lane.density)), default=1.0)
    upper = max(1.5, math.ceil(2.2 * highest) / 2)
    _dress(sheet, axes, (x, first), upper, style)
    membranes = _membranes(lanes)
    centers = _centers(len(membranes), sheet.width)
    pitch = width / max(len(membranes), 1)
    for membrane, center in zip(membranes, centers, strict=True):
        mine = sorted((n for n in lanes if n.membrane == membrane), key=lambda n: n.lane)
        _draw_membrane(axes, mine, center, pitch, groups, style)
    if membranes:
        fit = _membrane_names(lanes, sheet.width, style)
        y = first + _PLOT + 1.0
        draw_names(sheet, fit, centers, y, style.text, below=True, kind="membrane")
        y += fit.height + line_mm(style.small) / 2
        for membrane, center in zip(membranes, centers, strict=True):
            cv = _cv(controls, control, membrane)
            words = f"CV {100 * cv:.0f} %" if pitch > _CV else f"{100 * cv:.0f} %"
            if math.isfinite(cv):
                sheet.text(center, y, words, style.small, colour=_FAINT, kind="cv")


def _dress(
    sheet: Sheet, axes: Axes, corner: tuple[float, float], upper: float, style: Style
) -> None:
    left, top = corner
    step = 0.5 if upper <= 3 else math.ceil(upper / 5)
    ticks = [step * k for k in range(int(upper / step + 1e-9) + 1)]
    axes.set_ylim(0, upper)
    axes.set_xticks([])
    axes.set_yticks(ticks, [""] * len(ticks))
    axes.tick_params(axis="y", length=0.9 / MM_PER_PT, width=style.axis)
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_linewidth(style.axis)
    axes.axhline(1.0, color=_FAINT, lw=0.4, ls=(0, (3, 2)), zorder=1)
    for tick in ticks:
        y = top + _PLOT * (1 - tick / upper)
        place = (left - 1.5, y)
        sheet.text(*place, f"{tick:g}", style.small, ha="right", kind="tick")
    x = _EDGE + line_mm(style.text) / 2
    sheet.text(x, top + _PLOT / 2, "Density / mean", style.text, rotation=90, kind="axis")


def _draw_membrane(
    axes: Axes,
    lanes: Sequence[_Lane],
    center: float,
    pitch: float,
    groups: Sequence[str],
    style: Style,
) -> None:
    """Lanes of a membrane from left to right, a line at each group's mean."""
    room = 0.8 * pitch
    xs = [center + room * ((place + 0.5) / len(lanes) - 0.5) for place in range(len(lanes))]
    for place, group in enumerate(groups):
        mine = [
            (x, lane.density)
            for x, lane in zip(xs, lanes, strict=True)
            if lane.group == group and math.isfinite(lane.density)
        ]
        if not mine:
            continue
        axes.plot(
            [x for x, _ in mine],
            [y for _, y in mine],
            ls="none",
            marker=_MARKERS[place % len(_MARKERS)],
            ms=3.2,
            mfc=style.colour(place),
            mec="#000000",
            mew=0.4,
            zorder=3,
        )
        mean = sum(y for _, y in mine) / len(mine)
        ends = [min(x for x, _ in mine) - 0.8, max(x for x, _ in mine) + 0.8]
        axes.plot(ends, [mean, mean], color=style.colour(place), lw=1.2, zorder=2)


def _verdict(controls: pd.DataFrame, control: str) -> str:
    """All membranes together: CV, dependence on the group, and what was made of it."""
    mine = controls[
        (controls["control"].astype(str) == control)
        & (controls["membrane"].fillna("").astype(str) == "")
    ]
    if not len(mine):
        return ""
    row = mine.iloc[0]
    words = []
    if math.isfinite(number(row["cv"])):
        words.append(f"CV {100 * number(row['cv']):.0f} %")
    if math.isfinite(number(row["group_effect_fold"])):
        words.append(f"group effect {number(row['group_effect_fold']):.2f}-fold")
    if math.isfinite(number(row["group_p"])):
        words.append(f"p = {number(row['group_p']):.2g}")
    words += [plain(str(row[key])) for key in ("verdict", "reason") if isinstance(row[key], str)]
    return "; ".join(word for word in words if word)

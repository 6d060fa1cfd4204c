"""A strip on paper: groups and lanes named, splices, excluded lanes and conditions shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from blotquant.figures.labels import LabelFit, draw_names, fit_labels, shortened
from blotquant.figures.paper import INK, Sheet, line_mm, plain, text_mm
from blotquant.figures.strip import StripPicture, cut_strip
from blotquant.figures.study_input import FigureOptions, TargetStrip
from blotquant.figures.styles import Style

__all__ = [
    "StripPlan",
    "draw_foot",
    "draw_head",
    "draw_lanes",
    "draw_strip",
    "group_runs",
    "left_of_strip",
    "plan_strip",
    "shared_width",
    "widest_condition",
]

_HOOK = 0.8  # mm; ends of a group's bracket
_INSET = 0.35  # mm; so that brackets of neighbours do not meet
_TICK = 1.0  # mm; the molecular weight's mark
_LONGEST_SAMPLE = 10.0  # mm; an upright name
_LONGEST_CONDITION = 22.0  # mm
_LONGEST_NAME = 16.0  # mm; beside a strip
_FAINT = "#777777"


@dataclass(frozen=True, eq=False)
class StripPlan:
    """A strip with its place and its names; mm.

    Parameters
    ----------
    strip : TargetStrip
    picture : StripPicture
    left, width, height : float
        Of the pixels on the sheet.
    groups, lanes : LabelFit
        Names over the strip.
    """

    strip: TargetStrip
    picture: StripPicture
    left: float
    width: float
    height: float
    groups: LabelFit
    lanes: LabelFit
    size: float

    @property
    def scale(self) -> float:
        """Size of one px, mm."""
        return self.width / self.picture.width

    @property
    def centers(self) -> tuple[float, ...]:
        """Where each lane shown is, mm."""
        return tuple(self.left + center * self.scale for center in self.picture.centers)

    @property
    def head(self) -> float:
        """Room over the pixels."""
        return self.groups.height + _HOOK + 0.9 + self.lanes.height + 0.3

    @property
    def foot(self) -> float:
        """Room under the pixels: excluded lanes and the table of conditions."""
        lines = len(self.strip.conditions) + bool(self.strip.excluded)
        return lines * line_mm(self.size) + (0.4 if lines else 0.0)

    @property
    def group_centers(self) -> dict[str, float]:
        """Middle of each group, mm; empty where the lanes of a group do not stand together."""
        runs = group_runs(self.strip.groups)
        if len({name for name, _ in runs}) < len(runs):
            return {}
        return {name: self._middle(lanes) for name, lanes in runs}

    def span(self, lanes: Sequence[int]) -> tuple[float, float]:
        """From the first lane's left edge to the last one's right edge, mm."""
        edges = self.picture.edges
        left, right = edges[lanes[0]][0], edges[lanes[-1]][1]
        return self.left + left * self.scale, self.left + right * self.scale

    def _middle(self, lanes: Sequence[int]) -> float:
        left, right = self.span(lanes)
        return (left + right) / 2


def group_runs(groups: Sequence[str]) -> list[tuple[str, tuple[int, ...]]]:
    """Lanes of one group that stand together: its name and their places."""
    runs = []
    for name, run in groupby(enumerate(groups), key=lambda item: item[1]):
        runs.append((name, tuple(place for place, _ in run)))
    return runs


def left_of_strip(strip: TargetStrip, style: Style, *, named: bool = False) -> float:
    """Room that the molecular weight and the names of the conditions take beside a strip, mm.

    Parameters
    ----------
    strip : TargetStrip
    style : Style
    named : bool
        Whether the strip's own name stands there too.
    """
    texts = [_mark(strip), _side_name(strip.name, style) if named else ""]
    widths = [text_mm(text, style.small)[0] + _TICK + 0.5 for text in texts if text]
    widths += [text_mm(name, style.small)[0] + 1.0 for name in _condition_names(strip, style)]
    return max(widths, default=0.0)


def shared_width(
    strips: Sequence[TargetStrip], room: float, most: float, options: FigureOptions
) -> float:
    """Width at which no strip is wider than the room or higher than `most`, mm."""
    cuts = [cut_strip(strip, options.margin_heights) for strip in strips]
    return min([room, *(most * cut.width / cut.height for cut in cuts)])


def plan_strip(
    strip: TargetStrip,
    place: tuple[float, float],
    bounds: tuple[float, float],
    most: float,
    style: Style,
    options: FigureOptions,
) -> StripPlan:
    """Fit a strip into a width, its pixels square and its height no more than `most`.

    Strips that stand under one another are fitted by `shared_width` first: their lanes then stand
    under one another too.

    Parameters
    ----------
    strip : TargetStrip
    place : (left, width)
        Room for the pixels, mm; a strip that would get too high is made narrower.
    bounds : (left, right)
        x that no name may cross, mm.
    most : float
        mm.
    style : Style
    options : FigureOptions
    """
    picture = cut_strip(strip, options.margin_heights)
    left, room = place
    width = min(room, most * picture.width / picture.height)
    left += (room - width) / 2
    scale = width / picture.width
    centers = [left + center * scale for center in picture.centers]
    runs = group_runs(strip.groups)
    middles = [
        left + scale * (picture.edges[lanes[0]][0] + picture.edges[lanes[-1]][1]) / 2
        for _, lanes in runs
    ]
    names = fit_labels([name for name, _ in runs], middles, style.text, bounds, lean=False)
    if names.rotation and strip.conditions:
        # the table says what was done to each lane, and the chart below has the names
        names = LabelFit(("",) * len(runs), 0.0, 0.0)
    lanes = _lane_names(strip, centers, bounds, style, options)
    height = width * picture.height / picture.width
    return StripPlan(strip, picture, left, width, height, names, lanes, style.small)


def _lane_names(
    strip: TargetStrip,
    centers: Sequence[float],
    bounds: tuple[float, float],
    style: Style,
    options: FigureOptions,
) -> LabelFit:
    """Samples where they can be read beside each other, else the lanes' numbers."""
    numbers = fit_labels(
        [str(number) for number in range(1, len(centers) + 1)],
        *(centers, style.small, bounds),
        lean=False,
    )
    if not options.show_samples or not all(plain(name) for name in strip.samples):
        return numbers
    names = fit_labels(strip.samples, centers, style.small, bounds, lean=False)
    one_line = names.rotation == 0 and not any("\n" in text for text in names.texts)
    return names if one_line or 0 < names.height <= _LONGEST_SAMPLE else numbers


def draw_strip(sheet: Sheet, plan: StripPlan, y: float, style: Style, name: str = "") -> None:
    """Draw the pixels of a strip from a height of the sheet down, with its molecular weight.

    Parameters
    ----------
    sheet : Sheet
    plan : StripPlan
    y : float
        Of the top of the pixels, mm.
    style : Style
    name : str
        Written beside the strip, over its molecular weight.
    """
    x = plan.left
    for piece in plan.picture.pieces:
        width = piece.width * plan.scale
        sheet.image(x, y, (width, plan.height), piece.grey)
        x += width
    for splice in plan.picture.splices:
        _draw_splice(sheet, plan.left + splice * plan.scale, y, plan.height)
    sheet.box(plan.left, y, (plan.width, plan.height), 0.5)
    _draw_mark(sheet, plan, y, style, name)


def _draw_splice(sheet: Sheet, x: float, y: float, height: float) -> None:
    """Black dashes on white: seen on any ground, and beyond the strip's frame."""
    ends = [y - 0.5, y + height + 0.5]
    sheet.line([x, x], ends, 1.6, colour="#FFFFFF")
    sheet.line([x, x], ends, 0.7, dashes=(2.2, 1.4))


def draw_lanes(sheet: Sheet, plan: StripPlan, y: float, style: Style) -> None:
    """Draw the lanes' names on a strip whose pixels begin at `y`; those left out in grey."""
    colours = [_FAINT if name in plan.strip.excluded else INK for name in plan.strip.lanes]
    draw_names(
        *(sheet, plan.lanes, plan.centers, y - 0.3, style.small),
        below=False,
        colours=colours,
        kind="lane",
    )


def draw_head(sheet: Sheet, plan: StripPlan, y: float, style: Style) -> None:
    """Draw the lanes' names on a strip whose pixels begin at `y`, and the groups' brackets."""
    draw_lanes(sheet, plan, y, style)
    line = y - 0.3 - plan.lanes.height - 0.3 - _HOOK
    middles = []
    for _, lanes in group_runs(plan.strip.groups):
        left, right = plan.span(lanes)
        left, right = left + _INSET, right - _INSET
        sheet.line([left, left, right, right], [line + _HOOK, line, line, line + _HOOK], style.line)
        middles.append((left + right) / 2)
    draw_names(
        *(sheet, plan.groups, middles, line - 0.3, style.text), below=False, kind="strip-group"
    )


def _draw_mark(sheet: Sheet, plan: StripPlan, y: float, style: Style, name: str) -> None:
    """Molecular weight at the height of the first lane's band; a name over it."""
    mark, step = _mark(plan.strip), line_mm(style.small)
    right = plan.left - _TICK - 0.3
    at = y + min(max(plan.picture.band_row * plan.scale, 0.0), plan.height)
    if mark:
        sheet.line([plan.left - _TICK, plan.left], [at, at], style.line)
    lines = [text for text in (_side_name(name, style) if name else "", mark) if text]
    first = at - step * (len(lines) - 1) / 2
    first = min(first, y + plan.height - step * (len(lines) - 0.5))
    first = max(first, y + step / 2)
    for place, text in enumerate(lines):
        where = (right, first + place * step)
        sheet.text(*where, text, style.small, ha="right", kind="kda")


def draw_foot(sheet: Sheet, plan: StripPlan, y: float, style: Style) -> None:
    """Draw crosses under lanes that were left out, and what was done to each lane."""
    y += 0.3
    step = line_mm(style.small)
    if plan.strip.excluded:
        for name, x in zip(plan.strip.lanes, plan.centers, strict=True):
            if name in plan.strip.excluded:
                sheet.text(x, y + step / 2, "×", style.small, bold=True, kind="excluded")
        y += step
    names = _condition_names(plan.strip, style)
    for name, line in zip(names, plan.strip.conditions.values(), strict=True):
        sheet.text(
            *(plan.left - 0.8, y + step / 2, name, style.small),
            ha="right",
            va="center",
            kind="condition",
        )
        for x, word in zip(plan.centers, line, strict=True):
            words = shortened(_sign(word), _LONGEST_CONDITION, style.small)
            sheet.text(x, y + step / 2, words, style.small, va="center", kind="condition")
        y += step


def widest_condition(strip: TargetStrip, style: Style) -> float:
    """Room that a lane needs for what the table says of it, mm."""
    words = [_sign(word) for line in strip.conditions.values() for word in line]
    widths = (text_mm(word, style.small)[0] for word in words)
    return min(max(widths, default=0.0), _LONGEST_CONDITION) + 0.5


def _sign(word: str) -> str:
    """A minus as wide as its plus."""
    return "\N{MINUS SIGN}" if word.strip() in {"-", "\N{EN DASH}"} else plain(word)


def _side_name(name: str, style: Style) -> str:
    return shortened(plain(name), _LONGEST_NAME, style.small)


def _mark(strip: TargetStrip) -> str:
    return f"{strip.mw_kda:.4g} kDa" if strip.mw_kda else ""


def _condition_names(strip: TargetStrip, style: Style) -> list[str]:
    return [shortened(plain(name), _LONGEST_CONDITION, style.small) for name in strip.conditions]

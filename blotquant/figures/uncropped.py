"""Every blot whole: the sheet of the supplement with the crops framed, and labelled pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from blotquant.figures.labels import draw_names, fit_labels, shortened
from blotquant.figures.paper import Sheet, line_mm, plain, text_mm
from blotquant.figures.saving import figure_bytes, pages_pdf
from blotquant.figures.strip import StripPicture, cut_strip, grey_points, shown_grey
from blotquant.figures.study_input import FigureOptions, WholeBlot
from blotquant.figures.styles import Style, drawing, style_named

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["labelled_png", "uncropped_figures", "uncropped_pdf"]

_PAGE = (210.0, 297.0)  # mm; A4
_EDGE = 12.0  # mm
_BETWEEN = 7.0  # mm; between blots
_TALLEST = 118.0  # mm; two blots on a page
_MOST_PIXELS = 1800  # on the longer side: the raw files are in the source data
_FRAME = "#D55E00"
_GAP = 1.5  # mm
_MOST_MARKS = 20


@dataclass(frozen=True, eq=False)
class _Plan:
    """A blot with its place: sizes in mm."""

    whole: WholeBlot
    width: float
    height: float
    right: float  # room for the marks
    head: float
    crops: tuple[StripPicture, ...]
    levels: tuple[float, float]

    @property
    def span(self) -> float:
        return self.head + self.height


def uncropped_pdf(blots: Sequence[WholeBlot], options: FigureOptions | None = None) -> bytes:
    """The sheets of `uncropped_figures` as one PDF."""
    return pages_pdf(uncropped_figures(blots, options))


def uncropped_figures(
    blots: Sequence[WholeBlot], options: FigureOptions | None = None
) -> list[Figure]:
    """Sheets of the supplement: every blot whole, what the figures show of it framed.

    Parameters
    ----------
    blots : sequence of WholeBlot
        In the order they are shown.
    options : FigureOptions, optional

    Returns
    -------
    list of Figure
        A4 pages. Grey levels are linear and those of the strip that was cut from the blot;
        pictures of more than 1800 px are brought down to that.
    """
    options = options or FigureOptions()
    style = style_named(options.style)
    sheets: list[Sheet] = []
    y = math.inf
    with drawing():
        for whole in blots:
            plan = _plan(whole, _PAGE[0] - 2 * _EDGE, style, options)
            if y + plan.span > _PAGE[1] - _EDGE:
                sheets.append(_new_page(len(sheets) + 1, style))
                y = _EDGE + 2 * line_mm(style.title)
            _draw(sheets[-1], plan, (_EDGE, y), style)
            y += plan.span + _BETWEEN
        return [sheet.figure for sheet in sheets or [_new_page(1, style)]]


def labelled_png(
    whole: WholeBlot, options: FigureOptions | None = None, *, width: float = 180.0
) -> bytes:
    """One blot whole with its lanes, rows and crops named, as a PNG of 200 dpi.

    Parameters
    ----------
    whole : WholeBlot
    options : FigureOptions, optional
    width : float
        mm.
    """
    options = options or FigureOptions()
    style = style_named(options.style)
    with drawing():
        plan = _plan(whole, width - 4.0, style, options)
        sheet = Sheet(width, plan.span + 4.0)
        _draw(sheet, plan, (2.0, 2.0), style)
        return figure_bytes(sheet.figure, "png", dpi=200)


def _new_page(number: int, style: Style) -> Sheet:
    sheet = Sheet(*_PAGE)
    y = _EDGE + line_mm(style.title) / 2
    sheet.text(_EDGE, y, "Uncropped blots", style.title, ha="left", bold=True, kind="title")
    sheet.text(_PAGE[0] - _EDGE, y, str(number), style.text, ha="right", kind="page")
    return sheet


def _plan(whole: WholeBlot, room: float, style: Style, options: FigureOptions) -> _Plan:
    marks = [name for name, _ in _marks(whole, ())] + [strip.name for strip in whole.strips]
    widths = [text_mm(shortened(plain(m), 30.0, style.small), style.small)[0] for m in marks]
    right = max(widths, default=0.0) + _GAP + 1.0
    rows, cols = whole.blot.shape
    width = min(room - right, _TALLEST * cols / rows)
    height = width * rows / cols
    crops = tuple(cut_strip(strip, options.margin_heights) for strip in whole.strips)
    fit = fit_labels(*_lane_names(whole, width), style.small, (-2.0, width + right), lean=False)
    head = 2 * line_mm(style.text) + 1.0 + fit.height + 0.8
    return _Plan(whole, width, height, right, head, crops, _levels(whole, crops))


def _lane_names(whole: WholeBlot, width: float) -> tuple[list[str], list[float]]:
    """What stands over the lanes, and where, mm from the picture's left; one of each column."""
    scale = width / whole.blot.shape[1]
    names, places = [], []
    for number, lane in enumerate(whole.layout.lanes, 1):
        x = (float(lane.path[0][1]) + 0.5) * scale
        names.append(plain(whole.lane_labels.get(lane.id, "")) or str(number))
        places.append(min(max(x, 0.5), width - 0.5))
    order = sorted(range(len(places)), key=lambda k: places[k])
    if not order:
        return ["1"], [width / 2]
    return [names[k] for k in order], [places[k] for k in order]


def _levels(whole: WholeBlot, crops: Sequence[StripPicture]) -> tuple[float, float]:
    """White and black: those of the strip cut from it, so that both look alike."""
    if crops:
        return crops[0].white, crops[0].black
    lanes = whole.layout.lanes
    if not lanes:
        return grey_points(whole.blot.pixels, whole.blot)
    rows, cols = whole.blot.shape
    top, bottom = min(lane.top for lane in lanes), max(lane.bottom for lane in lanes)
    left = min(min(c for _, c in lane.path) - lane.width / 2 for lane in lanes)
    right = max(max(c for _, c in lane.path) + lane.width / 2 for lane in lanes)
    inside = (
        slice(max(0, int(top)), max(2, min(rows, int(bottom) + 1))),
        slice(max(0, int(left)), max(2, min(cols, int(right) + 1))),
    )
    part = whole.blot.pixels[inside]
    return grey_points(part if min(part.shape) > 1 else whole.blot.pixels, whole.blot)


def _draw(sheet: Sheet, plan: _Plan, corner: tuple[float, float], style: Style) -> None:
    left, top = corner
    whole = plan.whole
    heading = shortened(_heading(whole), plan.width + plan.right, style.text, bold=True)
    y = top + line_mm(style.text) / 2
    sheet.text(left, y, heading, style.text, ha="left", bold=True, kind="heading")
    note = shortened(_note(whole, plan.levels), sheet.width - left - 2, style.small)
    sheet.text(left, y + line_mm(style.text), note, style.small, ha="left", kind="note")
    first = top + plan.head
    sheet.image(left, first, (plan.width, plan.height), _pixels(whole, plan.levels))
    sheet.box(left, first, (plan.width, plan.height), 0.4)
    if whole.layout.lanes:
        names, places = _lane_names(whole, plan.width)
        bounds = (-2.0, plan.width + plan.right)
        fit = fit_labels(names, places, style.small, bounds, lean=False)
        centers = [left + x for x in places]
        draw_names(*(sheet, fit, centers, first - 0.6, style.small), below=False, kind="lane")
    scale = plan.width / whole.blot.shape[1]
    for crop in plan.crops:
        _draw_frame(sheet, crop, (left, first), scale)
    _draw_marks(sheet, plan, (left, first), scale, style)


def _heading(whole: WholeBlot) -> str:
    parts = [f"Membrane {whole.membrane}", whole.name]
    if whole.replicate:
        parts.insert(1, f"replicate {whole.replicate}")
    return ", ".join(plain(part) for part in parts)


def _note(whole: WholeBlot, levels: tuple[float, float]) -> str:
    white, black = levels
    words = [f"linear grey, white {white:.6g}, black {black:.6g} of the stored levels"]
    if whole.blot.exposure_s:
        words.append(f"exposure {whole.blot.exposure_s:g} s")
    if whole.strips:
        words.append("frames: what the figures show")
    return "; ".join(words)


def _pixels(whole: WholeBlot, levels: tuple[float, float]) -> NDArray[np.uint8]:
    grey = shown_grey(whole.blot.pixels, *levels)
    rows, cols = grey.shape
    factor = _MOST_PIXELS / max(rows, cols)
    if factor >= 1:
        return grey
    size = (max(1, round(cols * factor)), max(1, round(rows * factor)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _draw_frame(
    sheet: Sheet, crop: StripPicture, corner: tuple[float, float], scale: float
) -> None:
    left, top = corner
    for piece in crop.pieces:
        x, y = left + piece.cols[0] * scale, top + piece.rows[0] * scale
        size = (piece.width * scale, (piece.rows[1] - piece.rows[0]) * scale)
        sheet.box(x, y, size, 0.8, colour=_FRAME, dashed=True)


def _marks(whole: WholeBlot, crops: Sequence[StripPicture]) -> list[tuple[str, float]]:
    """Names beside the picture and their rows, px: of the crops, or of the rows that are named."""
    if whole.strips:
        return [
            (plain(strip.name), crop.pieces[0].rows[0] + crop.band_row)
            for strip, crop in zip(whole.strips, crops, strict=False)
        ]
    marks = []
    for row in whole.layout.rows:
        bands = [(b.start + b.stop) / 2 for b in whole.layout.bands if b.row_id == row.id]
        words = [row.target or row.label, f"{row.mw_kda:.4g} kDa" if row.mw_kda else ""]
        name = " ".join(plain(word) for word in words if word)
        if bands and name:
            marks.append((name, float(np.median(bands))))
    return marks[:_MOST_MARKS]


def _draw_marks(
    sheet: Sheet, plan: _Plan, corner: tuple[float, float], scale: float, style: Style
) -> None:
    """Names at their rows, moved apart where rows are close."""
    left, top = corner
    step = line_mm(style.small)
    x = left + plan.width
    floor = top
    for name, row in sorted(_marks(plan.whole, plan.crops), key=lambda mark: mark[1]):
        at = top + row * scale
        y = max(at, floor + step / 2)
        floor = y + step / 2
        sheet.line([x, x + _GAP], [at, y], 0.5)
        words = shortened(name, 30.0, style.small)
        sheet.text(x + _GAP + 0.3, y, words, style.small, ha="left", va="center", kind="mark")

"""A sheet of paper to draw on, in mm from its top left corner, and how much room a text takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from blotquant.figures.styles import FONT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties

__all__ = ["INK", "MM_PER_PT", "Sheet", "line_mm", "plain", "text_mm"]

MM_PER_PT = 25.4 / 72
INK = "#000000"
_HALF_CAPITAL = 0.365  # of the text's size
_LEADING = 1.2  # line to line, of the text's size


def plain(words: str) -> str:
    """Words on one line, without characters that draw nothing or turn the line around."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def line_mm(size: float) -> float:
    """Height of a line of text of a size in pt."""
    return size * _LEADING * MM_PER_PT


def text_mm(words: str, size: float, *, bold: bool = False) -> tuple[float, float]:
    """Width and height of a text, mm.

    Parameters
    ----------
    words : str
        Lines are parted by line feeds.
    size : float
        In pt.
    bold : bool
    """
    lines = words.split("\n")
    width = max(_width(line, bold) for line in lines)
    return width * size * MM_PER_PT, len(lines) * line_mm(size)


@lru_cache(maxsize=4096)
def _width(line: str, bold: bool) -> float:
    """Width of a line, in units of its size."""
    import warnings

    from matplotlib.textpath import text_to_path

    if not line:
        return 0.0
    with warnings.catch_warnings():
        # a letter that the font lacks is drawn as a box, and its name stands in the SVG
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        width, _, _ = text_to_path.get_text_width_height_descent(line, _font(100, bold), False)
    return float(width) / 100


def _font(size: float, bold: bool) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=[FONT], size=size, weight="bold" if bold else "normal")


class Sheet:
    """A figure of a fixed size, drawn on in mm; x to the right, y down.

    Made and drawn on inside `blotquant.figures.styles.drawing`.

    Parameters
    ----------
    width, height : float
        mm.
    """

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / 25.4, height / 25.4), facecolor="white")
        FigureCanvasAgg(self.figure)
        self.page = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.page.set(xlim=(0, width), ylim=(height, 0))
        self.page.set_axis_off()

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        *,
        ha: str = "center",
        va: str = "center",
        rotation: float = 0.0,
        bold: bool = False,
        colour: str = INK,
        kind: str = "",
    ) -> None:
        """Text with its anchor at (x, y); `kind` names it in the SVG.

        On the level, ``center`` is half of a capital's height: letters that hang down move nothing.
        """
        if va == "center" and rotation == 0 and "\n" not in words:
            y, va = y + _HALF_CAPITAL * size * MM_PER_PT, "baseline"
        drawn = self.page.text(
            *(x, y, words),
            size=size,
            ha=ha,
            va=va,
            rotation=rotation,
            rotation_mode="anchor" if rotation % 90 else "default",
            weight="bold" if bold else "normal",
            color=colour,
            linespacing=_LEADING,
            zorder=6,
        )
        drawn.set_gid(kind or None)

    def line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        width: float,
        *,
        colour: str = INK,
        dashes: tuple[float, float] | None = None,
        zorder: float = 5,
    ) -> None:
        """Line through points; its width and dashes in pt."""
        (drawn,) = self.page.plot(
            xs, ys, lw=width, color=colour, solid_capstyle="butt", clip_on=False, zorder=zorder
        )
        if dashes:
            drawn.set_linestyle((0, tuple(dash / width for dash in dashes)))

    def box(
        self,
        x: float,
        y: float,
        size: tuple[float, float],
        line: float,
        *,
        colour: str = INK,
        dashed: bool = False,
    ) -> None:
        """Frame of a (width, height) with its top left corner at (x, y)."""
        from matplotlib.patches import Rectangle

        style: Any = (0, (3, 2)) if dashed else "-"
        frame = Rectangle((x, y), *size, fill=False, ec=colour, lw=line, ls=style, zorder=5)
        self.page.add_patch(frame)

    def image(self, x: float, y: float, size: tuple[float, float], grey: NDArray[np.uint8]) -> None:
        """Grey levels in a box of (width, height) with its top left corner at (x, y)."""
        width, height = size
        self.page.imshow(
            np.repeat(grey[:, :, np.newaxis], 3, axis=2),  # as they are: a colour map rounds
            extent=(x, x + width, y + height, y),
            aspect="auto",
            zorder=1,
        )
        self.page.set(xlim=(0, self.width), ylim=(self.height, 0))

    def axes(self, x: float, y: float, size: tuple[float, float]) -> Axes:
        """Axes of (width, height) with their top left corner at (x, y); nothing behind them."""
        width, height = size
        place = (
            x / self.width,
            1 - (y + height) / self.height,
            width / self.width,
            height / self.height,
        )
        axes = self.figure.add_axes(place)
        axes.set_facecolor("none")
        axes.set_zorder(1)
        return axes

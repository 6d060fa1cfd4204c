"""The looks of a study's figures: prism, nature and minimal, all safe for the colour-blind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from blotquant.errors import RecipeError

__all__ = ["FONT", "STYLES", "Style", "drawing", "style_named"]

# It comes with matplotlib: the same letters, and so the same layout, on every machine.
FONT = "DejaVu Sans"

# Okabe & Ito 2008, "Color universal design". Reference groups are grey, as their bar is the ground
# that the others are compared with.
# Black lines and dots must be seen on solid bars: light colours first there.
_OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
_LIGHT_FIRST = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00", "#0072B2")


@dataclass(frozen=True)
class Style:
    """A look.

    Parameters
    ----------
    name : str
    title, text, small : float
        Sizes of the text, pt at the figure's final size; never under 5.
    axis, line : float
        Width of axes, and of brackets and error bars, pt.
    fill : {"solid", "pale", "none"}
        How bars are filled; ``none``: the mean is a line between the points.
    bold : bool
        Whether titles are bold.
    grid : bool
        Whether faint lines stand behind the bars, and no axis line beside them.
    reference : str
        Colour of the reference group.
    colours : tuple of str
        Colours of the other groups, in their order.
    """

    name: str
    title: float
    text: float
    small: float
    axis: float
    line: float
    fill: Literal["solid", "pale", "none"]
    bold: bool
    grid: bool
    reference: str
    colours: tuple[str, ...] = _OKABE_ITO

    def colour(self, index: int) -> str:
        """Colour of a group by its place; the first is the reference."""
        return self.colours[(index - 1) % len(self.colours)] if index else self.reference


STYLES: dict[str, Style] = {
    style.name: style
    for style in (
        Style("prism", 8.0, 7.0, 6.0, 1.0, 0.8, "solid", True, False, "#BDBDBD", _LIGHT_FIRST),
        Style("nature", 7.0, 6.0, 5.0, 0.5, 0.5, "pale", True, False, "#7F7F7F"),
        Style("minimal", 7.0, 6.5, 5.5, 0.5, 0.6, "none", False, True, "#5F6A72"),
    )
}


def style_named(name: str) -> Style:
    """Style by its name.

    Raises
    ------
    RecipeError
        If there is none of that name.
    """
    if name not in STYLES:
        raise RecipeError(f"style '{name}' is not known; there are {', '.join(sorted(STYLES))}")
    return STYLES[name]


@contextmanager
def drawing() -> Iterator[None]:
    """Matplotlib's own defaults, whatever the user's settings, and text that stays text.

    ``$`` and ``_`` in names are letters; PDF and SVG keep editable text; the ids in an SVG do not
    change from run to run.
    """
    import matplotlib.style

    settings: dict[str, Any] = {
        "font.family": [FONT],
        "text.parse_math": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "blotquant",
        "pdf.fonttype": 42,
        "image.composite_image": False,  # each strip goes into the file with its own pixels
        "axes.unicode_minus": True,
        "path.simplify": False,
    }
    with matplotlib.style.context(["default", settings]):
        yield

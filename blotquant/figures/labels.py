"""How the names of lanes and groups fit side by side: on one line, wrapped, leaning or upright."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from blotquant.figures.paper import INK, Sheet, line_mm, plain, text_mm

__all__ = ["LabelFit", "draw_names", "fit_labels", "shortened", "wrapped"]

_LEAN = 45.0
_AIR = 0.6  # mm between neighbours
_LONGEST = 34.0  # mm; a name that is longer is cut
_MOST_LINES = 3
_UNIT = re.compile(r"(?<=\d) (?=\S{1,3}( |$))")
_TIE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class LabelFit:
    """Names as they are drawn.

    Parameters
    ----------
    texts : tuple of str
    rotation : float
        Degrees; 0, 45 or 90.
    height : float
        Room they take up, mm.
    """

    texts: tuple[str, ...]
    rotation: float
    height: float


def fit_labels(
    names: Sequence[str],
    centers: Sequence[float],
    size: float,
    bounds: tuple[float, float],
    *,
    lean: bool = True,
) -> LabelFit:
    """Fit names to their places.

    Parameters
    ----------
    names : sequence of str
    centers : sequence of float
        x of their middles, mm, ascending.
    size : float
        pt.
    bounds : (left, right)
        x that no name may cross, mm.
    lean : bool
        Whether names may lean at 45 degrees, down to the left, before they stand upright.

    Returns
    -------
    LabelFit
    """
    words = [plain(name) for name in names]
    sides = [
        2 * min(center - bounds[0], bounds[1] - center) for center in (centers[0], centers[-1])
    ]
    pitch = min([*(b - a for a, b in pairwise(centers)), *sides]) - _AIR
    for lines in range(1, _MOST_LINES + 1):
        texts = [wrapped(name, pitch, size, lines) for name in words]
        if all(text_mm(text, size)[0] <= pitch for text in texts):
            return LabelFit(tuple(texts), 0.0, max(text_mm(text, size)[1] for text in texts))
    texts = [shortened(name, _LONGEST, size) for name in words]
    longest = max(text_mm(text, size)[0] for text in texts)
    extent = (longest + line_mm(size)) * math.sin(math.radians(_LEAN))
    roomy = pitch >= line_mm(size) / math.sin(math.radians(_LEAN)) - _AIR
    if lean and roomy and extent <= centers[0] - bounds[0]:
        return LabelFit(tuple(texts), _LEAN, extent)
    return LabelFit(tuple(texts), 90.0, longest)


def draw_names(
    sheet: Sheet,
    fit: LabelFit,
    centers: Sequence[float],
    y: float,
    size: float,
    *,
    below: bool,
    colours: Sequence[str] = (),
    kind: str = "group",
) -> None:
    """Names under a line (`below`) or standing on it, as they were fitted.

    Parameters
    ----------
    sheet : Sheet
    fit : LabelFit
    centers : sequence of float
        x of their middles, mm.
    y : float
        Of the line, mm.
    size : float
        pt.
    below : bool
    colours : sequence of str
        Of each name; black where empty.
    kind : str
        What they are, in the SVG.
    """
    leans = fit.rotation % 90 != 0
    shift = 0.3 * line_mm(size) if leans else 0.0
    for index, (x, text) in enumerate(zip(centers, fit.texts, strict=True)):
        sheet.text(
            *(x + shift, y, text, size),
            rotation=fit.rotation,
            ha="right" if leans else "center",
            va="top" if below else "bottom",
            colour=colours[index] if colours else INK,
            kind=kind,
        )


def wrapped(name: str, room: float, size: float, lines: int, *, bold: bool = False) -> str:
    """A name on up to so many lines, broken at spaces, where that makes it fit.

    A number stays with its unit: "doxycycline / 1 µM".
    """
    done = [""]
    for word in _UNIT.sub(_TIE, name).split(" "):
        longer = f"{done[-1]} {word}".strip()
        if text_mm(longer, size, bold=bold)[0] <= room or not done[-1]:
            done[-1] = longer
        else:
            done.append(word)
    return "\n".join(done).replace(_TIE, " ") if len(done) <= lines else name


def shortened(name: str, room: float, size: float, *, bold: bool = False) -> str:
    """A name cut off with an ellipsis where it is wider than the room, mm."""
    if text_mm(name, size, bold=bold)[0] <= room:
        return name
    cut = name
    while cut and text_mm(cut + "…", size, bold=bold)[0] > room:
        cut = cut[:-1]
    return cut.rstrip() + "…"

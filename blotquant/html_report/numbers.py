"""Numbers as people read them: four significant digits, thousands apart, all digits on demand."""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["Cell", "number_cell", "shown", "text_cell"]

_THIN = "\u202f"  # narrow no-break space: groups thousands in every language
_LONG = 16
_MINUS = "\u2212"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Cell(NamedTuple):
    """One cell of a table; there are tens of thousands.

    Parameters
    ----------
    text : str
        What is shown.
    full : str
        All digits, shown on hovering; empty where `text` says it all.
    sort : str
        What the column is sorted by; empty sorts last.
    kind : {"text", "wrap", "long", "number", "limit", "flags"}
        Of texts, those that are long may be broken into lines; sentences need room.
    flags : tuple of (str, str)
        Names and meanings, of a cell of flags.
    """

    text: str
    full: str = ""
    sort: str = ""
    kind: str = "text"
    flags: tuple[tuple[str, str], ...] = ()


def shown(value: float, digits: int = 4) -> str:
    """Number with so many significant digits; thousands grouped, powers of ten where it is far off.

    Examples
    --------
    >>> shown(0.0123456), shown(-2.5), shown(3.0e9)
    ('0.01235', '−2.500', '3.000 × 10⁹')
    """
    if not math.isfinite(value):
        return "" if math.isnan(value) else ("∞" if value > 0 else f"{_MINUS}∞")
    if value == 0:
        return "0"
    mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
    power = int(exponent)
    if power < -4 or power > 7:
        text = f"{mantissa} × 10{str(power).translate(_SUPERSCRIPT)}"
    else:
        places = max(0, digits - 1 - power)
        text = f"{float(f'{mantissa}e{power}'):,.{places}f}".replace(",", _THIN)
    return f"{_MINUS}{text}" if value < 0 else text


def number_cell(value: float | None, digits: int = 4) -> Cell:
    """Cell of a measured number; empty for None and NaN."""
    if value is None or math.isnan(value):
        return Cell("", kind="number")
    full = f"{value:.10g}"
    return Cell(shown(value, digits), full, full, "number")


def text_cell(value: object) -> Cell:
    """Cell of a text or a count."""
    text = str(value)
    if isinstance(value, int):
        return Cell(text, sort=text, kind="number")
    return Cell(text, sort=text, kind="wrap" if len(text) > _LONG else "text")

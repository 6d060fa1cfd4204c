"""Colours that colour-blind readers can tell apart (Okabe & Ito), the same in every figure."""

from __future__ import annotations

__all__ = ["BODY", "FAINT", "LADDER", "LANE", "MEMBRANE", "ROWS", "SATURATED", "bgr", "row_colour"]

# Rows of bands. Vermillion and yellow are left out: the one is too near to the red of saturated
# pixels, the other cannot be seen on a light membrane. Rows are numbered as well.
ROWS: tuple[str, ...] = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9")
LANE = "#5F7D95"
LADDER = "#8A5A00"
FAINT = "#8C8C8C"
MEMBRANE = "#B9C2CA"
BODY = "#22303C"
SATURATED = "#FF0000"


def row_colour(number: int) -> str:
    """Colour of a row of bands, ``#RRGGBB``.

    Parameters
    ----------
    number : int
        Number of the row within its panel, from 1; colours repeat after the fifth.
    """
    return ROWS[(number - 1) % len(ROWS)]


def bgr(colour: str) -> tuple[int, int, int]:
    """Blue, green, red of a colour ``#RRGGBB``, as OpenCV wants them."""
    return int(colour[5:7], 16), int(colour[3:5], 16), int(colour[1:3], 16)

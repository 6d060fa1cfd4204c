"""Green, yellow or red: how much a picture asks to be looked at, from its flags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from blotquant.flags import Flag
from blotquant.pipeline import layout_checks
from blotquant.result import LaneMeasurement

from .document import Document
from .tables import flag_names

__all__ = ["COLOURS", "Light", "light_of", "light_of_lanes"]

Light = Literal["green", "yellow", "red"]
COLOURS = {"green": "#009e73", "yellow": "#f0e442", "red": "#d55e00"}

# What makes numbers wrong, not only uncertain.
_RED = Flag.SATURATED | Flag.EDGE_CUT | Flag.POLARITY_UNCERTAIN | Flag.BEYOND_DENSITY_RANGE
# A band that is not there is an answer, not a fault.
_GREEN = Flag.BELOW_DETECTION


def light_of(document: Document) -> tuple[Light, str]:
    """The light of a picture and the reason in words.

    Returns
    -------
    str
        red where nothing was found or numbers are wrong, yellow where they are uncertain.
    str
        Names of the flags that decided.
    """
    lanes = document.layout.lanes
    return light_of_lanes(document, {lane.id: document.measurement(lane.id) for lane in lanes})


def light_of_lanes(
    document: Document, measured: Mapping[str, LaneMeasurement]
) -> tuple[Light, str]:
    """As `light_of`, of lanes that were measured already."""
    if not document.layout.bands:
        return "red", "no lanes or bands"
    flags = Flag.NONE
    for lane in document.layout.lanes:
        for band in measured[lane.id].bands if lane.id in measured else ():
            flags |= document.flags_of(lane, band.flags)
    if flags & _RED:
        return "red", flag_names(flags & _RED)
    rest = flags & ~_GREEN
    checks = layout_checks(document.layout)
    if rest or checks:
        return "yellow", "; ".join((*filter(None, (flag_names(rest),)), *checks))
    return "green", "nothing to look at"

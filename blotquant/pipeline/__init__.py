"""The order of things: one picture, the pictures of one membrane, a whole study."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .confidence import LOW_CONFIDENCE, layout_checks, layout_confidence
from .image import (
    Result,
    analyze,
    detect,
    measure,
    measure_lane,
    provenance,
)
from .readings import (
    common_trust,
    looks_around,
    measure_lanes,
    measure_read,
    near_in_measuring,
    read_layout_lane,
    recipe_for_role,
    surroundings,
)

__all__ = [
    "LOW_CONFIDENCE",
    "Result",
    "analyze",
    "analyze_study",
    "common_trust",
    "conclude",
    "detect",
    "layout_checks",
    "layout_confidence",
    "looks_around",
    "measure",
    "measure_lane",
    "measure_lanes",
    "measure_read",
    "membrane_layouts",
    "near_in_measuring",
    "open_study",
    "provenance",
    "read_layout_lane",
    "recipe_for_role",
    "surroundings",
]

_LATER = {
    "analyze_study": "study",
    "conclude": "study",
    "membrane_layouts": "membranes",
    "open_study": "study",
}

if TYPE_CHECKING:
    from .membranes import membrane_layouts
    from .study import analyze_study, conclude, open_study


def __getattr__(name: str) -> Any:
    """Import what a study needs when it is asked for: one picture needs no tests."""
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")

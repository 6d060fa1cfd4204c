"""Densitometry of western blots: lanes, bands, densities with their errors, normalized.

The public names, imported when first used so that ``import blotquant`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Band": "model",
    "BandRow": "model",
    "Blot": "model",
    "BlotquantError": "errors",
    "Flag": "flags",
    "Lane": "model",
    "Layout": "model",
    "LayoutError": "errors",
    "NothingFound": "errors",
    "OutputError": "errors",
    "Panel": "model",
    "Profile": "model",
    "Recipe": "recipe",
    "RecipeError": "errors",
    "Result": "pipeline",
    "SessionError": "errors",
    "Study": "study",
    "StudyError": "errors",
    "StudyResult": "study_result",
    "UnreadableImage": "errors",
    "analyze": "pipeline",
    "analyze_folder": "batch",
    "analyze_study": "pipeline",
    "detect": "pipeline",
    "load": "loaders",
    "measure": "pipeline",
    "measure_lane": "pipeline",
    "read_layout": "session",
    "write_layout": "session",
}

__all__ = [*_HOME, "__version__"]  # noqa: PLE0604  # the table above is the list

if TYPE_CHECKING:
    from .batch import analyze_folder
    from .errors import (
        BlotquantError,
        LayoutError,
        NothingFound,
        OutputError,
        RecipeError,
        SessionError,
        StudyError,
        UnreadableImage,
    )
    from .flags import Flag
    from .loaders import load
    from .model import Band, BandRow, Blot, Lane, Layout, Panel, Profile
    from .pipeline import Result, analyze, analyze_study, detect, measure, measure_lane
    from .recipe import Recipe
    from .session import read_layout, write_layout
    from .study import Study
    from .study_result import StudyResult


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    """All public names, for tab completion."""
    return sorted(__all__)

"""Many images: which files, in which order, measured by whom, and written where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blotquant.batch.run import analyze_folder

__all__ = ["analyze_folder"]


def __getattr__(name: str) -> Any:
    """Import the run when it is asked for: a command line that only prints does not need it."""
    if name == "analyze_folder":
        from blotquant.batch.run import analyze_folder

        return analyze_folder
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")

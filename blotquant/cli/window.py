"""`blotquant view`: finds the graphical editor, if it is installed, and opens it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from blotquant.errors import BlotquantError, UnreadableImage
from blotquant.files import is_there

__all__ = ["open_window"]

_MISSING = (
    "the window needs napari, which is not installed ({}); run: pip install 'blotquant[napari]'"
)


def open_window(paths: Sequence[Path]) -> int:
    """Open images or folders in a window, and stay until it is closed.

    Raises
    ------
    UnreadableImage
        If a path is not there.
    BlotquantError
        If the graphical editor or what it needs is not installed.
    """
    for path in paths:
        if not is_there(path):
            raise UnreadableImage(f"{path}: there is no such file or folder")
    try:
        window = import_module(_home())
        code: int = window.view(paths)
    except ImportError as error:
        raise BlotquantError(_MISSING.format(error.name or error)) from None
    return code


def _home() -> str:
    """Module that opens the window: the plugin says where it lives, the core need not know."""
    for entry in entry_points(group="napari.manifest", name="blotquant"):
        return f"{entry.module}.view"
    raise BlotquantError(_MISSING.format("no napari.manifest of blotquant"))

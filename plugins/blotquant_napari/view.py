"""Opens napari with the panel ready: what ``blotquant view`` runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import napari.viewer

    from .panel import Panel

__all__ = ["add_panel", "open_viewer", "view"]


def view(paths: Sequence[Path] = ()) -> int:
    """Open a window on images or folders, and stay until it is closed."""
    import napari

    _viewer, _panel = open_viewer(paths)
    napari.run()
    return 0


def open_viewer(paths: Sequence[Path] = ()) -> tuple[napari.viewer.Viewer, Panel]:
    """A viewer with the panel and, if given, pictures in it."""
    import napari

    viewer = napari.Viewer(title="blotquant")
    return viewer, add_panel(viewer, paths)


def add_panel(viewer: napari.viewer.Viewer, paths: Sequence[Path] = ()) -> Panel:
    """Put the panel into a viewer, and open pictures in it."""
    from .panel import Panel

    panel = Panel(viewer)
    viewer.window.add_dock_widget(panel, name="Blot quantification", area="right")
    for path in paths:
        panel.open(Path(path))
    return panel

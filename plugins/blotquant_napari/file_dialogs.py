"""Asking for files and folders; None where the user thought better of it."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

__all__ = ["ask_folder", "ask_image", "ask_results"]


def ask_image(parent: QWidget) -> Path | None:
    """Which image to open."""
    name, _ = QFileDialog.getOpenFileName(parent, "Open a blot")
    return Path(name) if name else None


def ask_folder(parent: QWidget) -> Path | None:
    """Which folder to open."""
    name = QFileDialog.getExistingDirectory(parent, "Open a folder of blots, or a study")
    return Path(name) if name else None


def ask_results(parent: QWidget, source: Path) -> Path | None:
    """Where the results of an image or a folder go: a folder of their own in the one chosen."""
    name = QFileDialog.getExistingDirectory(parent, "Folder of the results", str(source.parent))
    return Path(name) / f"{source.stem}-results" if name else None

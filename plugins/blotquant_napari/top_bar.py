"""The buttons above everything: open, undo, find again, next, help."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QPushButton, QWidget

__all__ = ["TopBar"]

_ENTRIES = (
    ("Open…", "open", "Open an image"),
    ("Folder…", "open_folder", "Open all images of a folder, or the study that lies in it"),
    ("Undo", "undo", "Ctrl+Z"),
    ("Redo", "redo", "Ctrl+Shift+Z"),
    ("Find again", "find", "Find lanes and bands anew, with the settings as they are"),
    ("Stop", "stop", "Stop what is running"),
    ("Next", "next", "Accept this image and go to the next (Enter)"),
    ("?", "help", "Keys and gestures"),
)
_COLUMNS = 4


class TopBar(QWidget):
    """Buttons that ask the panel to act, and whether hand edits are kept."""

    acted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(3)
        self.buttons: dict[str, QPushButton] = {}
        for index, (words, action, tip) in enumerate(_ENTRIES):
            button = QPushButton(words)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, action=action: self.acted.emit(action))
            grid.addWidget(button, index // _COLUMNS, index % _COLUMNS)
            self.buttons[action] = button
        self.keep = QCheckBox("keep my lanes when finding again")
        self.keep.setChecked(True)
        self.keep.setToolTip("Lanes and bands that you drew or moved stay as they are")
        grid.addWidget(self.keep, len(_ENTRIES) // _COLUMNS, 0, 1, _COLUMNS)

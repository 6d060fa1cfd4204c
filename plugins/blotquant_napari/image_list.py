"""The list of pictures: green, yellow or red, and a tick on those that were accepted."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QWidget

__all__ = ["ImageList", "PictureKey"]

# (path, part); part None: the first of the file.
PictureKey = tuple[str, str | None]
_KEY = Qt.ItemDataRole.UserRole
_TICK = " ✓"


class ImageList(QListWidget):
    """Pictures that were opened, or that lie in the folder that was; hidden for a single one."""

    chosen = Signal(object)  # PictureKey

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("blotquant images")
        self.setMaximumHeight(120)
        self.currentItemChanged.connect(self._on_current)
        self.hide()

    def add(self, key: PictureKey) -> None:
        """Add a picture, unless it is there."""
        if self._row_of(key) >= 0:
            return
        item = QListWidgetItem(Path(key[0]).name + (f"#{key[1]}" if key[1] else ""))
        item.setData(_KEY, list(key))
        item.setIcon(_dot("#888888"))
        self.blockSignals(True)
        self.addItem(item)
        self.blockSignals(False)
        self.setVisible(self.count() > 1)

    def keys(self) -> list[PictureKey]:
        """All pictures, in order."""
        return [self._key_of(self.item(row)) for row in range(self.count())]

    def choose(self, key: PictureKey) -> None:
        """Make a picture the current one."""
        self.setCurrentRow(self._row_of(key))

    def show_light(self, key: PictureKey, colour: str, why: str) -> None:
        """Colour a picture, with the reason as its tooltip."""
        row = self._row_of(key)
        if row >= 0:
            self.item(row).setIcon(_dot(colour))
            self.item(row).setToolTip(why)

    def mark_current(self, key: PictureKey) -> None:
        """Show which picture is worked on, without opening it."""
        row = self._row_of(key)
        if row >= 0 and row != self.currentRow():
            self.blockSignals(True)
            self.setCurrentRow(row)
            self.blockSignals(False)

    def accept(self) -> bool:
        """Tick the current picture and go to the next; False at the last."""
        item = self.currentItem()
        if item is not None and not item.text().endswith(_TICK):
            item.setText(item.text() + _TICK)
        if self.currentRow() + 1 >= self.count():
            return False
        self.setCurrentRow(self.currentRow() + 1)
        return True

    def settle(self, key: PictureKey, part: str) -> None:
        """The first part of a file is known by its name, now that it was read."""
        row = self._row_of(key)
        if key[1] is None and row >= 0:
            self.item(row).setData(_KEY, [key[0], part])

    def _row_of(self, key: PictureKey) -> int:
        """Row of a picture, -1 for none; without a part, the first of the file."""
        for row, other in enumerate(self.keys()):
            if other == key or (key[1] is None and other[0] == key[0]):
                return row
        return -1

    def _key_of(self, item: QListWidgetItem) -> PictureKey:
        path, part = item.data(_KEY)
        return path, part

    def _on_current(self, item: QListWidgetItem | None, _: object = None) -> None:
        if item is not None:
            self.chosen.emit(self._key_of(item))


def _dot(colour: str) -> QIcon:
    pixmap = QPixmap(12, 12)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)

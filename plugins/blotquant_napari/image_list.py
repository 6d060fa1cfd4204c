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

    def add(self, key: PictureKey, words: str = "") -> None:
        """Add a picture, unless it is there; it is called by its file's name, or in words."""
        if self._row_of(key) >= 0:
            return
        item = QListWidgetItem(words or Path(key[0]).name + (f"#{key[1]}" if key[1] else ""))
        item.setData(_KEY, list(key))
        item.setIcon(_dot("#888888"))
        self.blockSignals(True)
        self.addItem(item)
        self.blockSignals(False)
        self.setVisible(self.count() > 1)

    def add_heading(self, words: str) -> None:
        """Add a line that is no picture: the membrane of those below it."""
        item = QListWidgetItem(words)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        font = item.font()
        font.setBold(True)
        item.setFont(font)
        self.addItem(item)

    def empty(self) -> None:
        """Take all pictures out."""
        self.blockSignals(True)
        self.clear()
        self.blockSignals(False)
        self.hide()

    def keys(self) -> list[PictureKey]:
        """All pictures, in order."""
        return [key for key in map(self._key_of, self._items()) if key is not None]

    def has(self, key: PictureKey) -> bool:
        """Whether a picture is in the list."""
        return self._row_of(key) >= 0

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

    def show_tick(self, key: PictureKey, accepted: bool) -> None:
        """Tick a picture that was accepted, and no other."""
        row = self._row_of(key)
        if row >= 0:
            words = self.item(row).text().removesuffix(_TICK)
            self.item(row).setText(words + _TICK if accepted else words)

    def go_on(self) -> bool:
        """Go to the next picture; False at the last."""
        for row in range(self.currentRow() + 1, self.count()):
            if self._key_of(self.item(row)) is not None:
                self.setCurrentRow(row)
                return True
        return False

    def settle(self, key: PictureKey, part: str) -> None:
        """The first part of a file is known by its name, now that it was read."""
        row = self._row_of(key)
        if key[1] is None and row >= 0:
            self.item(row).setData(_KEY, [key[0], part])

    def _items(self) -> list[QListWidgetItem]:
        return [self.item(row) for row in range(self.count())]

    def _row_of(self, key: PictureKey) -> int:
        """Row of a picture, -1 for none; without a part, the first of the file."""
        for row, other in enumerate(map(self._key_of, self._items())):
            if other is None:
                continue
            if other == key or (key[1] is None and other[0] == key[0]):
                return row
        return -1

    def _key_of(self, item: QListWidgetItem) -> PictureKey | None:
        """Picture of an item; None for a heading."""
        data = item.data(_KEY)
        return (data[0], data[1]) if data else None

    def _on_current(self, item: QListWidgetItem | None, _: object = None) -> None:
        key = self._key_of(item) if item is not None else None
        if key is not None:
            self.chosen.emit(key)


def _dot(colour: str) -> QIcon:
    pixmap = QPixmap(12, 12)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)

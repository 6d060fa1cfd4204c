"""The list of keys and gestures over the window, shown and hidden by ?."""

from __future__ import annotations

from html import escape

from qtpy.QtCore import Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QLabel, QWidget

from .keys import KEYS

__all__ = ["HelpOverlay", "help_html"]


class HelpOverlay(QLabel):
    """Keys in two columns; a click hides it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("blotquant help")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setText(help_html())
        self.setStyleSheet(
            "QLabel { background: rgba(20, 24, 30, 235); color: #f2f2f2; padding: 14px;"
            " border: 1px solid #56b4e9; border-radius: 8px; font-size: 12px; }"
        )
        self.hide()

    def toggle(self) -> None:
        """Show or hide, in the middle of the window."""
        if self.isVisible():
            self.hide()
            return
        window = self.parentWidget()
        self.adjustSize()
        if window is not None:
            self.move(
                max(0, (window.width() - self.width()) // 2),
                max(0, (window.height() - self.height()) // 2),
            )
        self.show()
        self.raise_()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Hide."""
        self.hide()


def help_html() -> str:
    """The table of keys as HTML."""
    groups = dict.fromkeys(entry.group for entry in KEYS)
    parts = []
    for group in groups:
        rows = "".join(
            f"<tr><td style='padding-right:16px'><b>{escape(entry.shown)}</b></td>"
            f"<td>{escape(entry.meaning)}</td></tr>"
            for entry in KEYS
            if entry.group == group
        )
        parts.append(f"<tr><td colspan=2><u>{escape(group)}</u></td></tr>{rows}")
    return f"<table cellspacing=1>{''.join(parts)}</table>"

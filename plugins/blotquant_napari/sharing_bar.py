"""What an image shares with the others of its membrane: lanes, and the shift between them."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QGridLayout, QLabel, QWidget

from blotquant.errors import BlotquantError
from blotquant.study import StudyImage

from .study_session import StudySession

__all__ = ["SharingBar", "TargetRows"]


class SharingBar(QWidget):
    """Whether lanes are shared, and where this image lies against the membrane's first."""

    def __init__(self, said: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._said = said
        self.session: StudySession | None = None
        self.name = ""
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        self.share = QCheckBox("lanes move on all images of the membrane")
        self.share.setObjectName("blotquant share")
        self.share.setChecked(True)
        self.share.setToolTip("Off: an edit of a lane is made in this image alone")
        self.share.toggled.connect(self._toggle)
        grid.addWidget(self.share, 0, 0, 1, 4)
        self.words = QLabel()
        self.words.setWordWrap(True)
        grid.addWidget(self.words, 1, 0, 1, 4)
        self.across = _spin("blotquant shift", " px", 0.5, 10_000.0, 1)
        self.turn = _spin("blotquant turn", "°", 0.1, 10.0, 2)
        self.across.setToolTip("How far the lanes lie to the right of those of the first image")
        self.turn.setToolTip("How far they are turned clockwise")
        for column, (title, spin) in enumerate((("across", self.across), ("turned", self.turn))):
            grid.addWidget(QLabel(title), 2, 2 * column)
            grid.addWidget(spin, 2, 2 * column + 1)
            spin.editingFinished.connect(self._set)
        self.hide()

    def show_image(self, session: StudySession | None, name: str) -> None:
        """Show the shift of an image; hidden outside a study."""
        self.session, self.name = session, name
        self.setVisible(session is not None and bool(name))
        if session is None or not name:
            return
        shift = session.shift_of(name)
        for spin in (self.across, self.turn):
            spin.setEnabled(shift is not None)
        others = len(session.on_membrane(name)) - 1
        if shift is None:
            self.words.setText(
                f"Shift: this is the image that the {others} others are measured from."
                if others
                else "The membrane has no other image."
            )
            values = (0.0, 0.0)
        else:
            self.words.setText(f"Shift against {session.reference_of(name)}:")
            values = (shift.dcol, shift.angle)
        for spin, value in zip((self.across, self.turn), values, strict=True):
            spin.blockSignals(True)
            spin.setValue(value)
            spin.blockSignals(False)

    def _toggle(self, on: bool) -> None:
        if self.session is not None:
            self.session.share = on

    def _set(self) -> None:
        session = self.session
        shift = session.shift_of(self.name) if session is not None else None
        if session is None or shift is None:
            return
        across, turn = self.across.value(), self.turn.value()
        if (across, turn) == (round(shift.dcol, 1), round(shift.angle, 2)):
            return
        try:
            session.set_shift(self.name, across, turn)
        except BlotquantError as error:
            self._said(str(error))


class TargetRows(QWidget):
    """Which row of bands is which target of the image; chosen by clicking a band."""

    def __init__(self, said: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._said = said
        self.session: StudySession | None = None
        self.name = ""
        self.boxes: list[tuple[StudyImage, QComboBox]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self.hide()

    def show_image(self, session: StudySession | None, name: str) -> None:
        """Show the targets of an image; hidden outside a study."""
        self.session, self.name = session, name
        while self._grid.count():
            widget = self._grid.takeAt(0).widget()
            if widget is not None:
                widget.deleteLater()
        self.boxes = []
        self.setVisible(session is not None and bool(name))
        if session is None or not name:
            return
        rows = session.documents[name].layout.rows
        for line, (block, row_id) in enumerate(session.targets_of(name)):
            self._grid.addWidget(QLabel(f"{block.target}:"), line, 0)
            box = QComboBox()
            box.setObjectName(f"row of {block.target}")
            box.setToolTip(
                "Click a band and press T, or choose the row here. "
                "By itself: the row that most lanes show"
            )
            box.addItem("found by itself", "")
            for number, row in enumerate(rows, 1):
                box.addItem(f"row {number}", row.id)
            box.setCurrentIndex(max(0, box.findData(row_id)))
            box.activated.connect(
                lambda index, block=block, box=box: self.choose(block, box.itemData(index))
            )
            self._grid.addWidget(box, line, 1)
            self.boxes.append((block, box))

    def choose(self, block: StudyImage, row_id: str) -> None:
        """Say which row is a target."""
        if self.session is None:
            return
        try:
            self.session.set_row(self.name, block, row_id)
        except BlotquantError as error:
            self._said(str(error))


class _Number(QDoubleSpinBox):
    """Keys stay here: Return ends the typing and does not accept the image as well."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take every key."""
        super().keyPressEvent(event)
        event.accept()


def _spin(name: str, unit: str, step: float, limit: float, decimals: int) -> QDoubleSpinBox:
    spin = _Number()
    spin.setObjectName(name)
    spin.setRange(-limit, limit)
    spin.setDecimals(decimals)
    spin.setSingleStep(step)
    spin.setSuffix(unit)
    spin.setKeyboardTracking(False)
    return spin

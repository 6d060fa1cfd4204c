"""The page of samples: which sample, group and replicate each lane of a membrane holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from blotquant.errors import BlotquantError
from blotquant.study import column_names

from .study_session import StudySession

__all__ = ["SamplesPage"]

_ROLE = Qt.ItemDataRole
_HOW = (
    "Copy a column (or several) in your spreadsheet, click the first cell here, and press Ctrl+V. "
    "Every change is saved in the sample sheet."
)


class _SampleTable(QAbstractTableModel):
    """One row a lane of a membrane."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session: StudySession | None = None
        self.membrane = ""
        self.said: Callable[[str], None] = lambda words: None
        self.columns: list[str] = []
        self._cells: list[list[str]] = []

    def show(self, session: StudySession | None, membrane: str) -> None:
        """Show the lanes of a membrane."""
        self.beginResetModel()
        self.session, self.membrane = session, membrane
        self.columns = column_names(session.samples) if session is not None else []
        self._cells = self._read() if session is not None else []
        self.endResetModel()

    def _read(self) -> list[list[str]]:
        session = self.session
        if session is None:
            return []
        samples = session.samples
        known = {
            row["lane"]: row
            for row in samples[samples["membrane"] == self.membrane].to_dict("records")
        }
        cells = []
        for lane in range(1, session.lanes_of(self.membrane) + 1):
            row = known.get(lane, {})
            cells.append([_text(row.get(name, "")) for name in self.columns])
        return cells

    def put(self, row: int, column: int, cells: list[list[str]]) -> bool:
        """Fill cells in; what is refused is said."""
        if self.session is None:
            return False
        try:
            self.session.set_cells(self.membrane, row + 1, self.columns[column], cells)
        except BlotquantError as error:
            self.said(str(error))
            return False
        return True

    def paste(self, row: int, column: int, text: str) -> None:
        """Fill in what was copied from a spreadsheet."""
        if self.session is None:
            return
        try:
            count = self.session.paste(self.membrane, row + 1, self.columns[column], text)
        except BlotquantError as error:
            self.said(str(error))
            return
        self.said(f"pasted {count} rows from lane {row + 1} of {self.membrane} on; sheet saved")

    def text(self, row: int, column: int) -> str:
        """Text of a cell."""
        return self._cells[row][column]

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Number of lanes."""
        return len(self._cells)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Number of columns."""
        return len(self.columns)

    def data(self, index: QModelIndex, role: int = _ROLE.DisplayRole) -> Any:
        """What Qt asks for."""
        if role in (_ROLE.DisplayRole, _ROLE.EditRole):
            return self._cells[index.row()][index.column()]
        return None

    def headerData(self, section: int, way: Any, role: int = _ROLE.DisplayRole) -> Any:
        """Columns, and numbers of lanes."""
        if role != _ROLE.DisplayRole:
            return None
        return self.columns[section] if way == Qt.Orientation.Horizontal else str(section + 1)

    def flags(self, index: QModelIndex) -> Any:
        """Every cell can be edited."""
        return super().flags(index) | Qt.ItemFlag.ItemIsEditable

    def setData(self, index: QModelIndex, value: Any, role: int = _ROLE.EditRole) -> bool:
        """A cell was edited."""
        if str(value).strip() == self._cells[index.row()][index.column()]:
            return False
        return self.put(index.row(), index.column(), [[str(value).strip()]])


class _Sheet(QTableView):
    """Keys mean what they mean in a spreadsheet: copy, paste, clear, undo."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Paste, copy, clear, undo and redo; anything else edits a cell."""
        model = self.model()
        standard = QKeySequence.StandardKey
        if event.matches(standard.Paste):
            index = self._first()
            if index is not None:
                model.paste(index.row(), index.column(), QGuiApplication.clipboard().text())
        elif event.matches(standard.Copy):
            QGuiApplication.clipboard().setText(self._chosen_text())
        elif event.matches(standard.Undo) and model.session is not None:
            model.session.undo_sheet()
        elif event.matches(standard.Redo) and model.session is not None:
            model.session.redo_sheet()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._clear()
        else:
            super().keyPressEvent(event)
        event.accept()  # keys stay in the sheet: Return does not accept the image

    def _first(self) -> QModelIndex | None:
        chosen = self.selectedIndexes() or [self.currentIndex()]
        valid = [index for index in chosen if index.isValid()]
        if not valid:
            return None
        row = min(index.row() for index in valid)
        return self.model().index(row, min(index.column() for index in valid))

    def _block(self) -> tuple[range, range]:
        chosen = self.selectedIndexes()
        rows = [index.row() for index in chosen]
        columns = [index.column() for index in chosen]
        return range(min(rows), max(rows) + 1), range(min(columns), max(columns) + 1)

    def _chosen_text(self) -> str:
        if not self.selectedIndexes():
            return ""
        rows, columns = self._block()
        model = self.model()
        return "\n".join("\t".join(model.text(row, col) for col in columns) for row in rows)

    def _clear(self) -> None:
        """Empty the chosen cells; a lane's use goes back to yes, its kind to sample."""
        if not self.selectedIndexes():
            return
        rows, columns = self._block()
        names = [self.model().columns[column] for column in columns]
        line = [{"use": "yes", "kind": "sample"}.get(name, "") for name in names]
        self.model().put(rows[0], columns[0], [list(line) for _ in rows])


class SamplesPage(QWidget):
    """Samples of the membrane that is shown, and what is wrong with them."""

    def __init__(self, said: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        body = QVBoxLayout(self)
        body.setContentsMargins(4, 4, 4, 4)
        self.title = QLabel()
        body.addWidget(self.title)
        self.model = _SampleTable(self)
        self.model.said = said
        self.view = _Sheet(self)
        self.view.setObjectName("blotquant samples")
        self.view.setModel(self.model)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        header = self.view.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.view.verticalHeader().setDefaultSectionSize(22)
        self.view.setMinimumHeight(160)
        body.addWidget(self.view, 1)
        row = QHBoxLayout()
        self.undo, self.redo = QPushButton("Undo in sheet"), QPushButton("Redo in sheet")
        for button in (self.undo, self.redo):
            row.addWidget(button)
        self.undo.clicked.connect(lambda: self._session("undo_sheet"))
        self.redo.clicked.connect(lambda: self._session("redo_sheet"))
        body.addLayout(row)
        how = QLabel(_HOW)
        how.setWordWrap(True)
        body.addWidget(how)
        self.problems = QLabel()
        self.problems.setObjectName("blotquant problems")
        self.problems.setWordWrap(True)
        self.problems.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        body.addWidget(self.problems)

    def show_membrane(self, session: StudySession | None, membrane: str) -> None:
        """Show the lanes of another membrane, or the same with other cells."""
        current = self.view.currentIndex()
        place = (current.row(), current.column()) if current.isValid() else None
        same = self.model.membrane == membrane
        self.model.show(session, membrane)
        sheet = session.study.samples if session is not None else ""
        self.title.setText(f"Membrane {membrane}: one line a lane, in {sheet}" if membrane else "")
        if same and place is not None and place[0] < self.model.rowCount():
            self.view.setCurrentIndex(self.model.index(*place))

    def show_problems(self, lines: list[str]) -> None:
        """Say what does not fit; nothing where all does."""
        self.problems.setText("\n".join(lines))

    def _session(self, what: str) -> None:
        session = self.model.session
        if session is None:
            return
        try:
            getattr(session, what)()
        except BlotquantError as error:
            self.model.said(str(error))


def _text(value: Any) -> str:
    if value is True or value is False:
        return "yes" if value else "no"
    return "" if value is None else str(value)

"""The pages of the panel, in the order of the work: lanes, bands, results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from qtpy.QtCore import QItemSelection, QItemSelectionModel, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from blotquant import edit
from blotquant.errors import BlotquantError
from blotquant.model import LaneKind

from .actions import mark
from .document import Document
from .tables import BandTable, DocumentTable, LaneTable, RowTable, flags_in_words, table_view

__all__ = ["BandsPage", "LanesPage", "Page", "ResultsPage"]

_FLAG = QItemSelectionModel.SelectionFlag


class Page(QWidget):
    """A page: a document, and buttons that ask the panel to act."""

    acted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document: Document | None = None
        self._tables: list[DocumentTable] = []
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(4, 4, 4, 4)
        self._following = False

    def show_document(self, document: Document | None) -> None:
        """Show another document."""
        self.document = document
        for table in self._tables:
            table.show_document(document)
        self.follow()

    def refresh(self) -> None:
        """The document changed."""
        for table in self._tables:
            table.refresh()
        self.follow()

    def follow(self) -> None:
        """Show the document's selection."""

    def table(self, model: DocumentTable, chosen: Callable[[list[Any]], None]) -> QTableView:
        """Add a table."""

        def by_user(items: list[Any]) -> None:
            if not self._following and self.document is not None:
                chosen(items)

        self._tables.append(model)
        view = table_view(model, by_user, self)
        self.body.addWidget(view)
        return view

    def buttons(self, *entries: tuple[str, str, str]) -> None:
        """Add a row of buttons: words, action, tooltip."""
        row = QHBoxLayout()
        for words, action, tip in entries:
            button = QPushButton(words)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, action=action: self.acted.emit(action))
            row.addWidget(button)
        self.body.addLayout(row)

    def attempt(self, what: Callable[[], Any]) -> None:
        """Do an edit; what is refused is said."""
        try:
            what()
        except BlotquantError as error:
            if self.document is not None:
                self.document.said.emit(str(error))

    def mark_rows(self, view: QTableView, wanted: Callable[[Any], bool]) -> None:
        """Select the rows of a table whose items are chosen."""
        model = view.model()
        rows = [row for row in range(model.rowCount()) if wanted(model.item(row))]
        selection = QItemSelection()
        for row in rows:
            selection.select(model.index(row, 0), model.index(row, model.columnCount() - 1))
        self._following = True
        view.selectionModel().select(selection, _FLAG.ClearAndSelect)
        self._following = False
        if rows:
            view.scrollTo(model.index(rows[-1], 0))


class LanesPage(Page):
    """Which lanes there are, and what they hold."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = LaneTable(self)
        self.view = self.table(self.model, self._choose)
        self.buttons(
            ("Delete", "delete", "Delete the chosen lanes (Delete)"),
            ("Space evenly", "space_evenly", "Equal distances between the chosen lanes (E)"),
        )
        row = QHBoxLayout()
        menu = QMenu(self)
        for kind in get_args(LaneKind):
            menu.addAction(kind, lambda kind=kind: self._mark(kind=kind))
        menu.addSeparator()
        menu.addAction("use", lambda: self._mark(use=True))
        menu.addAction("exclude", lambda: self._mark(use=False))
        button = QToolButton()
        button.setText("Mark as…")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(menu)
        row.addWidget(button)
        for words, action, tip in (
            ("⟲", "turn_left", "Turn the picture to the left; lanes are found anew"),
            ("⟳", "turn_right", "Turn the picture to the right; lanes are found anew"),
            ("⇋", "mirror", "Mirror the picture; lanes go with it"),
        ):
            turn = QToolButton()
            turn.setText(words)
            turn.setToolTip(tip)
            turn.clicked.connect(lambda _=False, action=action: self.acted.emit(action))
            row.addWidget(turn)
        row.addStretch(1)
        self.body.addLayout(row)

    def follow(self) -> None:
        """Show the chosen lanes."""
        if self.document is not None:
            chosen = self.document.selection.lanes
            self.mark_rows(self.view, lambda item: item[1].id in chosen)

    def _choose(self, items: list[Any]) -> None:
        if self.document is not None:
            self.document.select(lane.id for _, lane in items)

    def _mark(self, **words: Any) -> None:
        if self.document is not None:
            document = self.document
            self.attempt(lambda: mark(document, **words))


class BandsPage(Page):
    """Rows of bands: which protein each is, and which band belongs to which."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = RowTable(self)
        self.view = self.table(self.model, self._choose)
        grid = QGridLayout()
        self.row_box = QComboBox()
        self.row_box.setObjectName("row of the chosen band")
        self.row_box.setToolTip("Put the chosen band into this row")
        self.row_box.activated.connect(self._assign)
        self.words = QLabel("Chosen band: none")
        grid.addWidget(self.words, 0, 0)
        grid.addWidget(self.row_box, 0, 1)
        self.body.addLayout(grid)
        self.buttons(
            ("Delete band", "delete", "Delete the chosen band (Delete)"),
            ("Row up", "row_up", "Move all bands of the row up by 1 px"),
            ("Row down", "row_down", "Move all bands of the row down by 1 px"),
        )

    def follow(self) -> None:
        """Show the chosen band's row."""
        document = self.document
        self.row_box.clear()
        if document is None:
            return
        layout, key = document.shown, document.selection.band
        for number, row in enumerate(layout.rows, 1):
            self.row_box.addItem(f"row {number} {row.target or row.label}".strip(), row.id)
        self.row_box.addItem("a new row", "")
        self.row_box.setEnabled(key is not None)
        if key is None:
            self.words.setText("Chosen band: none")
            return
        number = [lane.id for lane in layout.lanes].index(key[0]) + 1
        self.words.setText(f"Chosen band: of lane {number}, in")
        self.row_box.setCurrentIndex(self.row_box.findData(key[1]))
        self.mark_rows(self.view, lambda item: item[1].id == key[1])

    def _choose(self, items: list[Any]) -> None:
        document = self.document
        if document is None or not items:
            return
        row = items[-1][1]
        first = next((band for band in document.shown.bands if band.row_id == row.id), None)
        if first is not None:
            document.select([first.lane_id], (first.lane_id, row.id))

    def _assign(self, index: int) -> None:
        document = self.document
        key = document.selection.band if document is not None else None
        if document is None or key is None:
            return
        wanted = self.row_box.itemData(index)

        def assign() -> None:
            layout = edit.assign_row(document.layout, [key], wanted or None)
            rows = {band.row_id for band in layout.bands_of(key[0])}
            old = {band.row_id for band in document.layout.bands_of(key[0])}
            target = next(iter(rows - old), key[1])
            document.commit("put a band into another row", layout)
            document.select([key[0]], (key[0], target))

        self.attempt(assign)
        self.follow()


class ResultsPage(Page):
    """The numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = BandTable(self)
        self.view = self.table(self.model, self._choose)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.body.addWidget(self.words)
        self.buttons(
            ("Export…", "export", "Write what `blotquant run` writes: tables, figures, report"),
        )

    def follow(self) -> None:
        """Show the chosen band, its flags in words."""
        document = self.document
        if document is None:
            return
        key = document.selection.band
        self.mark_rows(
            self.view,
            lambda item: (item[3].band.lane_id, item[3].band.row_id) == key,
        )
        flags = [
            document.flags_of(lane, measured.flags)
            for lane in document.shown.lanes
            if key is not None and lane.id == key[0]
            for measured in document.measurement(lane.id).bands
            if measured.band.row_id == key[1]
        ]
        self.words.setText(flags_in_words(flags[0]) if flags else "")

    def _choose(self, items: list[Any]) -> None:
        if self.document is not None and items:
            measured = items[-1][3]
            self.document.select(
                [measured.band.lane_id], (measured.band.lane_id, measured.band.row_id)
            )

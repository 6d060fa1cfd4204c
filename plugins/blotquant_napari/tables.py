"""The tables of the panel: lanes, rows of bands, results; views of the document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor, QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from blotquant import edit
from blotquant.errors import BlotquantError
from blotquant.flags import FLAG_MEANING, Flag
from blotquant.model import LaneKind, Layout
from blotquant.result import BandMeasurement

from .document import Document
from .profile_plot import number

__all__ = [
    "BandTable",
    "DocumentTable",
    "LaneTable",
    "RowTable",
    "flag_names",
    "flags_in_words",
    "table_view",
]

_ROLE = Qt.ItemDataRole


def flags_in_words(flags: Flag) -> str:
    """One line for each flag: its name and what it means."""
    return "\n".join(
        f"{flag.name}: {meaning}" for flag, meaning in FLAG_MEANING.items() if flag in flags
    )


def flag_names(flags: Flag) -> str:
    """Names as people write them."""
    return str(flags).replace("_", " ").replace(";", ", ").lower()


@dataclass(frozen=True)
class Head:
    """A column: its title, tooltip, and the name of what can be edited in it."""

    title: str
    tip: str = ""
    edits: str = ""


class DocumentTable(QAbstractTableModel):
    """A table over the document that is shown.

    Parameters
    ----------
    heads : sequence of Head
    """

    heads: Sequence[Head] = ()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document: Document | None = None
        self._items: list[Any] = []

    def show_document(self, document: Document | None) -> None:
        """Show another document."""
        self.document = document
        self.refresh()

    def refresh(self) -> None:
        """Read the document anew; where only values changed, the view keeps its place."""
        items = self.items() if self.document is not None else []
        if len(items) == len(self._items):
            self._items = items
            if items:
                last = self.index(len(items) - 1, len(self.heads) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self._items = items
        self.endResetModel()

    def items(self) -> list[Any]:
        """What the rows are of."""
        raise NotImplementedError

    def cell(self, item: Any, column: int) -> str:
        """Text of a cell."""
        raise NotImplementedError

    def tip(self, item: Any) -> str:
        """Tooltip of a row."""
        return ""

    def colour(self, item: Any) -> str:
        """Colour of a row's text; empty for the usual one."""
        return ""

    def change(self, item: Any, name: str, text: str) -> None:
        """Edit what a cell shows."""

    def item(self, row: int) -> Any:
        """What a row is of."""
        return self._items[row]

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Number of rows."""
        return len(self._items)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Number of columns."""
        return len(self.heads)

    def data(self, index: QModelIndex, role: int = _ROLE.DisplayRole) -> Any:
        """What Qt asks for."""
        item = self._items[index.row()]
        if role in (_ROLE.DisplayRole, _ROLE.EditRole):
            return self.cell(item, index.column())
        if role == _ROLE.ToolTipRole:
            return self.tip(item) or None
        if role == _ROLE.ForegroundRole and self.colour(item):
            return QColor(self.colour(item))
        return None

    def headerData(self, section: int, way: Any, role: int = _ROLE.DisplayRole) -> Any:
        """Titles."""
        if way != Qt.Orientation.Horizontal:
            return None
        if role == _ROLE.DisplayRole:
            return self.heads[section].title
        return (self.heads[section].tip or None) if role == _ROLE.ToolTipRole else None

    def flags(self, index: QModelIndex) -> Any:
        """What can be done with a cell."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if self.heads[index.column()].edits else flags

    def setData(self, index: QModelIndex, value: Any, role: int = _ROLE.EditRole) -> bool:
        """A cell was edited."""
        document = self.document
        name = self.heads[index.column()].edits
        item = self._items[index.row()]
        if document is None or not name or str(value) == self.cell(item, index.column()):
            return False
        try:
            self.change(item, name, str(value).strip())
        except (BlotquantError, ValueError) as error:
            document.said.emit(str(error))
            return False
        return True


class LaneTable(DocumentTable):
    """One row a lane, in loading order."""

    heads = (
        Head("lane", "Loading order, from the left; * drawn by hand."),
        Head("label", "What you call it.", "label"),
        Head("kind", ", ".join(get_args(LaneKind)), "kind"),
        Head("use", "no: left out of normalization and statistics.", "use"),
        Head("width", "px", "width"),
        Head("flags"),
    )

    def items(self) -> list[Any]:
        """(number, lane)."""
        return list(enumerate(self._shown().lanes, 1))

    def cell(self, item: Any, column: int) -> str:
        """Text of a cell."""
        index, lane = item
        star = "*" if lane.source == "hand" else ""
        words = (f"{index}{star}", lane.label, lane.kind, "yes" if lane.use else "no")
        if column < 4:
            return words[column]
        return f"{lane.width:.1f}" if column == 4 else flag_names(self._flags(lane))

    def tip(self, item: Any) -> str:
        """Flags in words."""
        return flags_in_words(self._flags(item[1]))

    def change(self, item: Any, name: str, text: str) -> None:
        """Label, kind, use or width."""
        document, (index, lane) = self._document(), item
        if name == "width":
            layout = edit.set_width(document.layout, [lane.id], float(text.replace(",", ".")))
        else:
            value: Any = text
            if name == "use":
                value = text.lower() in ("yes", "y", "1", "true")
            layout = edit.describe_lanes(document.layout, [lane.id], **{name: value})
        document.commit(f"mark lane {index}: {name} = {text}", layout)

    def _flags(self, lane: Any) -> Flag:
        document = self._document()
        return document.flags_of(lane, document.measurement(lane.id).flags)

    def _document(self) -> Document:
        if self.document is None:
            raise RuntimeError("no document is shown")
        return self.document

    def _shown(self) -> Layout:
        return self._document().shown


class RowTable(LaneTable):
    """One row a row of bands: a protein across the lanes."""

    heads = (
        Head("row", "Row of bands, counted in the order they were found."),
        Head("target", "Protein; empty: that of the file name.", "target"),
        Head("kDa", "Molecular weight.", "mw_kda"),
        Head("label", "A note of yours.", "label"),
        Head("bands", "Bands in this row."),
    )

    def items(self) -> list[Any]:
        """(number, row of bands)."""
        return list(enumerate(self._shown().rows, 1))

    def cell(self, item: Any, column: int) -> str:
        """Text of a cell."""
        index, row = item
        weight = "" if row.mw_kda is None else f"{row.mw_kda:g}"
        count = sum(band.row_id == row.id for band in self._shown().bands)
        return (str(index), row.target, weight, row.label, str(count))[column]

    def tip(self, item: Any) -> str:
        """Nothing."""
        return ""

    def change(self, item: Any, name: str, text: str) -> None:
        """Target, weight or label."""
        document, (index, row) = self._document(), item
        value: Any = text
        if name == "mw_kda":
            value = float(text.replace(",", ".")) if text else None
        layout = edit.name_row(document.layout, row.id, **{name: value})
        document.commit(f"name row {index}: {name} = {text}", layout)


class BandTable(LaneTable):
    """One row a band: the numbers, live."""

    heads = (
        Head("lane"),
        Head("band", "From the well down."),
        Head("row", "Row of bands."),
        Head("net density", "a.u. x px; * limits set by hand."),
        Head("±", "Standard error: noise and baseline."),
        Head("SNR", "Net density over its error if no band were there."),
        Head("flags", "Hover a row to read them in words."),
    )

    def items(self) -> list[Any]:
        """(lane, lane number, band number, measurement)."""
        document = self._document()
        return [
            (lane, index, place, measured)
            for index, lane in enumerate(document.shown.lanes, 1)
            for place, measured in enumerate(document.measurement(lane.id).bands, 1)
        ]

    def cell(self, item: Any, column: int) -> str:
        """Text of a cell."""
        _, index, place, measured = item
        m: BandMeasurement = measured
        rows = [row.id for row in self._shown().rows]
        star = "*" if m.band.source == "hand" else ""
        return (
            str(index),
            str(place),
            str(rows.index(m.band.row_id) + 1) if m.band.row_id in rows else "",
            number(m.net_density) + star,
            number(m.net_density_err),
            number(m.snr),
            self._words(item),
        )[column]

    def tip(self, item: Any) -> str:
        """Flags in words."""
        return flags_in_words(self._document().flags_of(item[0], item[3].flags))

    def colour(self, item: Any) -> str:
        """Saturated bands and those below detection stand out."""
        if Flag.SATURATED in item[3].flags:
            return "#d55e00"
        return "#888888" if Flag.BELOW_DETECTION in item[3].flags else ""

    def _words(self, item: Any) -> str:
        return flag_names(self._document().flags_of(item[0], item[3].flags))


class _View(QTableView):
    """Arrow keys walk through the table; all others mean what they mean on the canvas."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Pass on what is no arrow; while a cell is edited its editor has the keys."""
        if self.state() == QAbstractItemView.State.EditingState:
            event.accept()  # Return ends the typing; it does not accept the image as well
            return
        arrows = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_F2)
        if event.key() in arrows:
            super().keyPressEvent(event)
        else:
            event.ignore()


def table_view(
    model: DocumentTable, chosen: Callable[[list[Any]], None], parent: QWidget | None = None
) -> QTableView:
    """A view of a table whose selection is the document's.

    Parameters
    ----------
    model : DocumentTable
    chosen : callable
        Takes the items of the rows that the user chose.
    parent : QWidget, optional
    """
    view = _View(parent)
    view.setModel(model)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(22)
    header = view.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setStretchLastSection(True)
    view.setMinimumHeight(120)

    def tell(*_: object) -> None:
        rows = sorted(index.row() for index in view.selectionModel().selectedRows())
        chosen([model.item(row) for row in rows])

    view.selectionModel().selectionChanged.connect(tell)
    return view

"""The page of statistics: the study's comparisons and its figures, as they are at this moment."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from .profile_plot import number
from .study_tasks import Concluded

__all__ = ["StatisticsPage"]

_ROLE = Qt.ItemDataRole
_LINE, _HEAD, _LINES = 22, 46, 8  # px of a line, px of header and scroll bar, lines at most
_WORDS = {
    "panel": "panel",
    "grid": "all targets",
    "folds": "fold changes",
    "loading_controls": "loading controls",
}


def _comparison(row: Any) -> str:
    if row["effect"]:
        return f"effect of {row['effect']}"
    named = f"{row['comparison']}: " if row["comparison"] else ""
    return f"{named}{row['group']} / {row['reference']}"


def _fold(row: Any) -> str:
    if row["bound_side"]:
        return f"{row['bound_side']} {number(row['fold_bound'])}"
    fold = _shown(row["fold_change"])
    if not fold or not _shown(row["ci_low"]):
        return fold
    return f"{fold} ({number(row['ci_low'])} to {number(row['ci_high'])})"


def _counts(row: Any) -> str:
    pairs = _whole(row["n_pairs"])
    if pairs and pairs != "0":
        return f"{pairs} pairs"
    return f"{_whole(row['n_group'])}, {_whole(row['n_reference'])}"


_COLUMNS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("target", "Protein.", lambda row: str(row["target"])),
    ("comparison", "Group / reference.", _comparison),
    ("fold (95 % CI)", "Ratio of the geometric means; interval unadjusted.", _fold),
    ("p adj.", "Adjusted for the family of tests.", lambda row: _p(row["p_adjusted"])),
    ("", "ns, *, **, *** or ****, as Prism gives them.", lambda row: str(row["stars"])),
    ("n", "Biological replicates.", _counts),
    ("test", "Which test was made.", lambda row: str(row["test"])),
)


class _Comparisons(QAbstractTableModel):
    """One row a comparison."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Any] = []

    def show(self, rows: list[Any]) -> None:
        """Show other comparisons."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Number of comparisons."""
        return len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Number of columns."""
        return len(_COLUMNS)

    def data(self, index: QModelIndex, role: int = _ROLE.DisplayRole) -> Any:
        """What Qt asks for."""
        row = self._rows[index.row()]
        if role == _ROLE.DisplayRole:
            return _COLUMNS[index.column()][2](row)
        return (str(row["reason"]) or None) if role == _ROLE.ToolTipRole else None

    def headerData(self, section: int, way: Any, role: int = _ROLE.DisplayRole) -> Any:
        """Titles."""
        if way != Qt.Orientation.Horizontal:
            return None
        if role == _ROLE.DisplayRole:
            return _COLUMNS[section][0]
        return _COLUMNS[section][1] if role == _ROLE.ToolTipRole else None


class _Figure(QLabel):
    """A figure as wide as the page; a double-click shows it in its own size."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("blotquant figure")
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setToolTip("Double-click: show it in its own size")
        self.setMinimumWidth(50)
        self._pages: list[QPixmap] = []
        self._dialog: QDialog | None = None

    def show_pages(self, pages: Sequence[bytes]) -> None:
        """Show another figure."""
        self._pages = []
        for page in pages:
            pixmap = QPixmap()
            pixmap.loadFromData(page, "PNG")
            self._pages.append(pixmap)
        self._fit()

    def resizeEvent(self, event: Any) -> None:
        """Follow the page's width."""
        super().resizeEvent(event)
        self._fit()

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """Show it larger, in a window of its own."""
        if not self._pages:
            return
        dialog = QDialog(self.window())
        dialog.setWindowTitle("Figure")
        area, inside = QScrollArea(), QWidget()
        body = QVBoxLayout(inside)
        for page in self._pages:
            label = QLabel()
            label.setPixmap(page)
            body.addWidget(label)
        area.setWidget(inside)
        QVBoxLayout(dialog).addWidget(area)
        dialog.resize(900, 700)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def _fit(self) -> None:
        if not self._pages:
            self.clear()
            return
        page, width = self._pages[0], max(50, self.width())
        smooth = Qt.TransformationMode.SmoothTransformation
        shown = page.scaledToWidth(min(width, page.width()), smooth)
        self.setPixmap(shown)
        self.setMinimumHeight(shown.height())


class StatisticsPage(QWidget):
    """Comparisons, the figure, and what was decided on the way."""

    figure_chosen = Signal(str)
    acted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        body = QVBoxLayout(self)
        body.setContentsMargins(4, 4, 4, 4)
        self.state = QLabel("The study is being read.")
        self.state.setObjectName("blotquant study state")
        self.state.setWordWrap(True)
        body.addWidget(self.state)
        self.model = _Comparisons(self)
        self.view = QTableView(self)
        self.view.setObjectName("blotquant comparisons")
        self.view.setModel(self.model)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(_LINE)
        header = self.view.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        body.addWidget(self.view)
        row = QHBoxLayout()
        row.addWidget(QLabel("Figure:"))
        self.choice = QComboBox()
        self.choice.setObjectName("blotquant figures")
        self.choice.activated.connect(self._choose)
        row.addWidget(self.choice, 1)
        export = QPushButton("Export study…")
        export.setToolTip("Write what `blotquant run` writes: tables, figures, report, Prism file")
        export.clicked.connect(lambda: self.acted.emit("export_study"))
        row.addWidget(export)
        body.addLayout(row)
        self.figure = _Figure()
        body.addWidget(self.figure)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        body.addWidget(self.words)
        body.addStretch(1)

    def show_working(self) -> None:
        """Numbers are being made anew; those that are shown are of before."""
        self.state.setText("Calculating anew … what is shown is of before the last change.")

    def show_concluded(self, concluded: Concluded) -> None:
        """Show what a study comes to; nothing of before stays where it comes to nothing."""
        result = concluded.result
        errors = [str(one) for one in concluded.problems if one.severity == "error"]
        lines = [concluded.reason, *errors] if concluded.reason else ["Up to date."]
        self.state.setText("\n".join(lines))
        rows = result.statistics.to_dict("records") if result is not None else []
        self.model.show(rows)
        self.view.setFixedHeight(_HEAD + _LINE * min(max(len(rows), 1), _LINES))
        self._offer(concluded)
        self.figure.show_pages(concluded.pages)
        told = [*result.decisions, *result.warnings] if result is not None else []
        self.words.setText("\n".join(f"• {line}" for line in told))

    def _offer(self, concluded: Concluded) -> None:
        self.choice.blockSignals(True)
        self.choice.clear()
        for name in concluded.names:
            self.choice.addItem(_WORDS.get(name, name.removeprefix("target:")), name)
        self.choice.setCurrentIndex(self.choice.findData(concluded.figure))
        self.choice.blockSignals(False)

    def _choose(self, index: int) -> None:
        self.figure_chosen.emit(self.choice.itemData(index))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any) -> str:
    return number(float(value)) if _is_number(value) else ""


def _whole(value: Any) -> str:
    return str(int(value)) if _is_number(value) else ""


def _p(value: Any) -> str:
    if not _is_number(value):
        return ""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"

"""The profile of the chosen lane, live: baseline, shaded bands, numbers; limits can be dragged."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPalette, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from blotquant.errors import BlotquantError
from blotquant.flags import Flag
from blotquant.model import Layout
from blotquant.result import BandMeasurement, LaneMeasurement

from .document import Document
from .gestures import Grip, dragged
from .strips import BAND_COLOURS, lane_label

__all__ = ["ProfilePlot", "number"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 12, 12, 36, 38
_REACH = 6


class ProfilePlot(QWidget):
    """Signal along the chosen lane: from the well, left, to the dye front, right.

    Parameters
    ----------
    parent : QWidget, optional
    """

    key_pressed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("blotquant profile")
        self.setMinimumHeight(130)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setToolTip("Drag the end of a band. B adds a band at the cursor, Delete removes it.")
        self._document: Document | None = None
        self._lane_id = ""
        self._measured: LaneMeasurement | None = None
        self._grip: Grip | None = None
        self._pressed_at = 0.0
        self._moved = False
        self._span = (0.0, 1.0)
        self.cursor_row: float | None = None

    # --- what is shown

    def show_document(self, document: Document | None) -> None:
        """Show the chosen lane of another document."""
        self._document = document
        self._lane_id, self._measured = "", None
        self.refresh()

    def refresh(self) -> None:
        """Read the chosen lane anew; the last one stays when nothing is chosen."""
        document = self._document
        if document is not None:
            ids = [lane.id for lane in document.shown.lanes]
            lane_id = document.selection.lane or self._lane_id
            if lane_id not in ids:
                lane_id = ids[0] if ids else ""
            self._lane_id = lane_id
            self._measured = document.measurement(lane_id) if lane_id else None
        self.update()

    @property
    def lane_id(self) -> str:
        """The lane whose profile is shown."""
        return self._lane_id

    @property
    def measured(self) -> LaneMeasurement | None:
        """The numbers that are shown."""
        return self._measured

    def x_of(self, row: float) -> float:
        """Place of a row of the picture on the widget, px."""
        first, last = self._range()
        return _LEFT + (row - first) / (last - first) * (self.width() - _LEFT - _RIGHT)

    def row_at(self, x: float) -> float:
        """Row of the picture at a place on the widget."""
        first, last = self._range()
        return first + (x - _LEFT) / max(self.width() - _LEFT - _RIGHT, 1) * (last - first)

    def _range(self) -> tuple[float, float]:
        measured = self._measured
        if measured is None or measured.profile.position.size < 2:
            return 0.0, 1.0
        position = measured.profile.position
        return float(position[0]), float(position[-1])

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        ink = palette.color(QPalette.ColorRole.WindowText)
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Base))
        if self._measured is None or self._measured.profile.position.size < 2:
            painter.setPen(ink)
            words = "Click a lane to see its profile"
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
        else:
            self._paint_profile(painter, self._measured, ink)
        painter.end()

    def _paint_profile(self, painter: QPainter, measured: LaneMeasurement, ink: QColor) -> None:
        self._span = _span(measured)
        profile, level = measured.profile, measured.baseline
        x = np.linspace(_LEFT, self.width() - _RIGHT, profile.position.size)
        curve, base = self._y(profile.intensity), self._y(level)
        for band in measured.bands:
            self._paint_band(painter, band, x, curve, base)
        painter.setPen(QPen(QColor("#d55e00"), 1.2, Qt.PenStyle.DashLine))
        painter.drawPath(_path(x, base))
        painter.setPen(QPen(ink, 1.4))
        painter.drawPath(_path(x, curve))
        self._paint_axis(painter, ink)
        self._paint_numbers(painter, measured, ink)

    def _paint_band(
        self,
        painter: QPainter,
        measured: BandMeasurement,
        x: np.ndarray,
        curve: np.ndarray,
        base: np.ndarray,
    ) -> None:
        band = measured.band
        colour = QColor(_colour(measured))
        chosen = self._document is not None and self._document.selection.band == (
            band.lane_id,
            band.row_id,
        )
        left, right = self.x_of(band.start), self.x_of(band.stop)
        inside = (x > left) & (x < right)
        xs = np.concatenate([[left], x[inside], [right]])
        area = _path(xs, np.interp(xs, x, curve))
        for px, py in zip(xs[::-1], np.interp(xs, x, base)[::-1], strict=True):
            area.lineTo(float(px), float(py))
        shade = QColor(colour)
        shade.setAlphaF(0.55 if chosen else 0.3)
        painter.fillPath(area, shade)
        for part, at in (("start", left), ("stop", right)):
            held = self._grip == Grip(part, band.lane_id, band.row_id)
            painter.setPen(QPen(colour, 3.0 if held else (2.0 if chosen else 1.2)))
            painter.drawLine(QPointF(at, _TOP), QPointF(at, self.height() - _BOTTOM))

    def _paint_numbers(self, painter: QPainter, measured: LaneMeasurement, ink: QColor) -> None:
        """Net density with its error above each band; without where there is no room for it."""
        painter.setPen(ink)
        middles = [(self.x_of(m.band.start) + self.x_of(m.band.stop)) / 2 for m in measured.bands]
        room = min(np.diff(middles), default=np.inf)
        measure = painter.fontMetrics().horizontalAdvance
        words = [_density(m) for m in measured.bands]
        if any(measure(text) + 8 > 2 * room for text in words):
            words = [_density(m, error=False) for m in measured.bands]
        for index, (text, middle) in enumerate(zip(words, middles, strict=True)):
            width = measure(text) + 4.0
            left = min(max(middle - width / 2, 2.0), self.width() - width - 2.0)
            level = 2 if room > width + 6 or index % 2 == 0 else 17
            painter.drawText(QRectF(left, level, width, 15), Qt.AlignmentFlag.AlignCenter, text)

    def _paint_axis(self, painter: QPainter, ink: QColor) -> None:
        faint = QColor(ink)
        faint.setAlphaF(0.5)
        painter.setPen(QPen(faint, 1.0))
        bottom = self.height() - _BOTTOM
        painter.drawLine(QPointF(_LEFT, bottom), QPointF(self.width() - _RIGHT, bottom))
        first, last = self._range()
        for row in _ticks(first, last):
            at = self.x_of(row)
            painter.drawLine(QPointF(at, bottom), QPointF(at, bottom + 4))
            box = QRectF(at - 30, bottom + 4, 60, 15)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{row:.0f}")
        document = self._document
        if document is not None and self._lane_id:
            lanes = document.shown.lanes
            index = next(i for i, lane in enumerate(lanes) if lane.id == self._lane_id)
            words = f"lane {lane_label(index + 1, lanes[index])}: signal along the lane, row in px"
            box = QRectF(_LEFT, self.height() - 18, self.width() - 2 * _LEFT, 16)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def _y(self, values: np.ndarray) -> np.ndarray:
        low, high = self._span
        return (
            self.height()
            - _BOTTOM
            - (values - low) / (high - low) * (self.height() - _TOP - _BOTTOM - 4)
        )

    # --- dragging limits

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab a limit, or choose a band."""
        document = self._document
        if document is None or event.button() != Qt.MouseButton.LeftButton or not self._lane_id:
            return
        x = event.position().x()
        self._grip, self._pressed_at, self._moved = self._limit_at(x), x, False
        if self._grip is None:
            row = self.row_at(x)
            bands = document.layout.bands_of(self._lane_id)
            inside = [band for band in bands if band.start <= row <= band.stop]
            key = (self._lane_id, inside[0].row_id) if inside else None
            document.select([self._lane_id], key)
        else:
            document.select([self._lane_id], self._grip.band)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the limit; without a button, show what can be grabbed."""
        x = event.position().x()
        self.cursor_row = self.row_at(x)
        document = self._document
        if document is None:
            return
        if self._grip is None or not event.buttons() & Qt.MouseButton.LeftButton:
            near = self._limit_at(x) is not None
            shape = Qt.CursorShape.SizeHorCursor if near else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
            return
        self._moved = True
        document.preview(self._layout_at(document, x))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Commit the limit."""
        grip, document = self._grip, self._document
        if grip is None or document is None:
            return
        layout = self._layout_at(document, event.position().x())
        self._grip = None
        if self._moved:
            index = [lane.id for lane in document.layout.lanes].index(grip.lane_id) + 1
            word = "begins" if grip.part == "start" else "ends"
            document.commit(f"set where a band of lane {index} {word}", layout)
        self.update()

    def leaveEvent(self, event: object) -> None:
        """The cursor is elsewhere."""
        self.cursor_row = None

    def keyPressEvent(self, event: object) -> None:
        """Keys mean here what they mean on the canvas."""
        self.key_pressed.emit(event)

    def place(self) -> tuple[float, float] | None:
        """(row, col) in the picture under the cursor, on the lane's centre line."""
        if self.cursor_row is None or self._document is None or not self._lane_id:
            return None
        lane = self._document.layout.lane(self._lane_id)
        return self.cursor_row, float(lane.center(self.cursor_row))

    def _limit_at(self, x: float) -> Grip | None:
        if self._document is None or not self._lane_id:
            return None
        found: list[tuple[float, Grip]] = []
        for band in self._document.layout.bands_of(self._lane_id):
            for part in ("start", "stop"):
                away = abs(self.x_of(getattr(band, part)) - x)
                if away <= _REACH:
                    found.append((away, Grip(part, band.lane_id, band.row_id)))
        return min(found, key=lambda item: item[0])[1] if found else None

    def _layout_at(self, document: Document, x: float) -> Layout:
        grip = self._grip
        drow = self.row_at(x) - self.row_at(self._pressed_at)
        try:
            return dragged(document.layout, grip, drow, 0.0, shape=document.blot.shape)
        except BlotquantError as error:
            document.said.emit(str(error))
            return document.layout


def number(value: float) -> str:
    """A density for people: four figures."""
    if abs(value) >= 1e6:
        return f"{value:.3e}".replace("e+0", "e").replace("e+", "e")
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _density(measured: BandMeasurement, *, error: bool = True) -> str:
    if Flag.BELOW_DETECTION in measured.flags:
        return f"< {number(max(measured.detection_limit, measured.net_density))}"
    net, doubt = measured.net_density, measured.net_density_err
    if not error:
        return number(net)
    if abs(net) < 1e6:
        return f"{number(net)} ± {number(doubt)}"
    power = int(np.floor(np.log10(abs(net))))
    return f"({net / 10**power:.3f} ± {doubt / 10**power:.3f})e{power}"


def _colour(measured: BandMeasurement) -> str:
    if Flag.SATURATED in measured.flags:
        return BAND_COLOURS["saturated"]
    return BAND_COLOURS["faint" if Flag.BELOW_DETECTION in measured.flags else "found"]


def _span(measured: LaneMeasurement) -> tuple[float, float]:
    low = float(min(measured.profile.intensity.min(), measured.baseline.min()))
    high = float(max(measured.profile.intensity.max(), measured.baseline.max()))
    return (low, high) if high > low else (low, low + 1.0)


def _path(x: np.ndarray, y: np.ndarray) -> QPainterPath:
    path = QPainterPath(QPointF(float(x[0]), float(y[0])))
    for px, py in zip(x[1:].tolist(), y[1:].tolist(), strict=True):
        path.lineTo(px, py)
    return path


def _ticks(first: float, last: float) -> list[float]:
    """Round numbers, about eight."""
    raw = (last - first) / 8
    power = 10.0 ** np.floor(np.log10(max(raw, 1e-9)))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw)
    return [float(v) for v in np.arange(np.ceil(first / step) * step, last + 1e-9, step)]

"""Mouse and keys on the canvas, turned into edits of a document."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from superqt.utils import qthrottled

from blotquant import edit
from blotquant.errors import BlotquantError
from blotquant.model import Layout, Point

from . import gestures
from .canvas import Canvas, highlighted, moving
from .keys import bindings

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

    from .document import Document

__all__ = ["Editor"]

# Screen px: how near the mouse must be, and how far it must go before a click is a drag.
_REACH = 6.0
_DRAG = 3.0
_THROTTLE_MS = 16


@dataclass
class _Drag:
    """A press of the mouse and what came of it."""

    document: Document
    before: Layout
    grip: gestures.Grip | None
    start: Point
    pos: Any  # of the press, on the screen: the picture itself moves when it is panned
    shift: bool
    moved: bool = False
    layout: Layout | None = None


class Editor:
    """Modeless editing: what is under the mouse decides what a drag does; elsewhere it pans.

    Parameters
    ----------
    viewer : napari.Viewer
    act : callable
        Called as ``act(action, place)`` for each key.
    say : callable
        Takes a line for the status line.
    """

    def __init__(
        self,
        viewer: Viewer,
        act: Callable[[str, Point | None], None],
        say: Callable[[str], None],
    ) -> None:
        self.viewer = viewer
        self.document: Document | None = None
        self.cursor: Point | None = None
        self._act, self._say = act, say
        self.canvas = Canvas(viewer, self._equip)
        self._grip: gestures.Grip | None = None
        self._dragging = False
        self._pending: Layout | None = None
        self._preview = qthrottled(self._show_preview, timeout=_THROTTLE_MS)
        viewer.mouse_move_callbacks.append(self._on_move)
        # napari zooms at a double-click; on a lane it means a point, so ours decides who is asked.
        self._zooming = list(viewer.mouse_double_click_callbacks)
        viewer.mouse_double_click_callbacks[:] = [self._on_double_click]

    def show(self, document: Document | None) -> None:
        """Show another document, or none."""
        if self.document is not None:
            self.document.changed.disconnect(self._redraw)
            self.document.selected.disconnect(self._redraw)
            self.document.turned.disconnect(self._show_picture)
        self.document = document
        if document is None:
            return
        document.changed.connect(self._redraw)
        document.selected.connect(self._redraw)
        document.turned.connect(self._show_picture)
        self._show_picture()
        self._redraw()
        self.viewer.layers.selection.active = self.canvas.shapes("lanes")

    def close(self) -> None:
        """Let go of the viewer."""
        self.show(None)
        if self._on_move in self.viewer.mouse_move_callbacks:
            self.viewer.mouse_move_callbacks.remove(self._on_move)
            self.viewer.mouse_double_click_callbacks[:] = self._zooming
        for layer in self.canvas.layers.values():
            if self._on_drag in layer.mouse_drag_callbacks:
                layer.mouse_drag_callbacks.remove(self._on_drag)

    def _redraw(self) -> None:
        self._grip = None
        self.canvas.draw(self._document())

    def _show_picture(self) -> None:
        self.canvas.show_picture(self._document())

    def _equip(self, layer: Layer) -> None:
        """Give a layer our mouse and keys: they work whichever layer is active."""
        if self._on_drag in layer.mouse_drag_callbacks:
            return
        layer.mouse_drag_callbacks.append(self._on_drag)
        for key, action in bindings():
            layer.bind_key(key, self._key(action), overwrite=True)

    def _key(self, action: str) -> Callable[[Any], None]:
        def pressed(layer: Any) -> None:
            self._act(action, self.cursor)

        return pressed

    def _document(self) -> Document:
        if self.document is None:
            raise RuntimeError("no document is shown")
        return self.document

    def _clear(self) -> None:
        self._grip = None
        self.canvas.clear_overlay()

    # --- the mouse

    def _on_move(self, viewer: Any, event: Any) -> None:
        """Hover: say and highlight what would be grabbed."""
        self.cursor = _place(event)
        if self.document is None or self._dragging:
            return
        grip = self._hit(self.cursor)
        if grip == self._grip:
            return
        self._grip = grip
        if grip is None:
            self._clear()
        else:
            self.canvas.draw_overlay(highlighted(self.document.shown, grip, self._px(2.5)))
            self._say(gestures.words(self.document.shown, grip))

    def _on_drag(self, layer: Layer, event: Any) -> Generator[None, None, None]:
        """Press, moves, release: a click chooses, a drag edits and commits at the release."""
        document = self.document
        if document is None or event.button != 1:
            return
        start = _place(event)
        shift = "Shift" in event.modifiers
        drag = _Drag(document, document.layout, self._hit(start), start, event.pos, shift)
        if drag.grip is not None:
            layer.mouse_pan = False
        self._dragging = True
        try:
            yield
            while event.type == "mouse_move":
                self._follow(drag, event)
                yield
            self._follow(drag, event)  # moves in quick succession are left out, the release is not
        finally:
            self._dragging = False
            self._pending = None
            layer.mouse_pan = True
        if document is not self.document or document.layout is not drag.before:
            self._clear()  # an undo in between
        elif not drag.moved:
            self._click(drag.start, drag.shift)
        elif drag.grip is not None:
            document.commit(_deed(drag), drag.layout)
            self._clear()

    def _follow(self, drag: _Drag, event: Any) -> None:
        """The mouse is elsewhere now."""
        row, col = _place(event)
        drow, dcol = row - drag.start[0], col - drag.start[1]
        if not drag.moved:
            if max(abs(event.pos[0] - drag.pos[0]), abs(event.pos[1] - drag.pos[1])) < _DRAG:
                return
            drag.moved = True
            if drag.grip is not None:
                drag.grip = gestures.along(drag.grip, drow, dcol)
                chosen = drag.document.selection.lanes
                lanes = chosen if drag.grip.lane_id in chosen else (drag.grip.lane_id,)
                drag.document.select(lanes, drag.grip.band)
        if drag.grip is None or drag.document.layout is not drag.before:
            return
        try:
            drag.layout = gestures.dragged(
                drag.before,
                drag.grip,
                drow,
                dcol,
                shape=drag.document.blot.shape,
                selected=drag.document.selection.lanes,
                whole_row=drag.shift,
            )
        except BlotquantError as error:
            self._say(str(error))
            return
        self._pending = drag.layout
        self.canvas.draw_overlay(moving(drag.before, drag.layout))
        self._preview()

    def _show_preview(self) -> None:
        if self._dragging and self._pending is not None and self.document is not None:
            self.document.preview(self._pending)

    def _click(self, place: Point, shift: bool) -> None:
        """Choose what lies there: a band under a point of the path is still a band."""
        document = self._document()
        grip = gestures.hit(document.layout, *place, self._px(_REACH))
        if grip is None:
            if not shift:
                document.select()
        elif shift:
            document.toggle(grip.lane_id)
        else:
            document.select([grip.lane_id], grip.band)

    def _on_double_click(self, viewer: Any, event: Any) -> None:
        """On a point: remove it; elsewhere on a lane: add one; beside the lanes: zoom."""
        document, place = self.document, _place(event)
        grip = self._hit(place) if document is not None else None
        if document is None or grip is None:
            for zoom in self._zooming:
                zoom(viewer, event)
            return
        number = [lane.id for lane in document.layout.lanes].index(grip.lane_id) + 1
        try:
            if grip.part == "point":
                layout = edit.remove_point(document.layout, grip.lane_id, grip.index)
                document.commit(f"remove a point of lane {number}", layout)
            else:
                layout = edit.add_point(document.layout, grip.lane_id, place[0])
                document.commit(f"add a point to lane {number}", layout)
        except BlotquantError as error:
            self._say(str(error))
        document.select([grip.lane_id])

    def _hit(self, place: Point) -> gestures.Grip | None:
        document = self._document()
        return gestures.hit(document.layout, *place, self._px(_REACH), document.selection.lanes)

    def _px(self, screen: float) -> float:
        """Screen px in px of the picture."""
        return screen / max(float(self.viewer.scene.camera.zoom), 1e-6)


def _place(event: Any) -> Point:
    return float(event.position[-2]), float(event.position[-1])


def _deed(drag: _Drag) -> str:
    """What a drag did, in words for the log."""
    grip = drag.grip
    if grip is None:
        return ""
    number = [lane.id for lane in drag.before.lanes].index(grip.lane_id) + 1
    if grip.part == "band" and drag.shift:
        return f"move a row of bands (lane {number})"
    return {
        "lane": f"move lane {number}",
        "left": f"move the left edge of lane {number}",
        "right": f"move the right edge of lane {number}",
        "point": f"bend lane {number}",
        "band": f"move a band of lane {number}",
        "start": f"set where a band of lane {number} begins",
        "stop": f"set where a band of lane {number} ends",
    }[grip.part]

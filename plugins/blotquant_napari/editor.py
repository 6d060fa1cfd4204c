"""Mouse and keys on the canvas, turned into edits of a document."""

from __future__ import annotations

from collections.abc import Callable, Generator
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
        for layer in self.canvas.layers.values():
            if self._on_drag in layer.mouse_drag_callbacks:
                layer.mouse_drag_callbacks.remove(self._on_drag)
                layer.mouse_double_click_callbacks.remove(self._on_double_click)

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
        layer.mouse_double_click_callbacks.append(self._on_double_click)
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
        self.cursor = (float(event.position[-2]), float(event.position[-1]))
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
        start = float(event.position[-2]), float(event.position[-1])
        shift = "Shift" in event.modifiers
        grip = self._hit(start)
        if grip is not None:
            layer.mouse_pan = False
        self._dragging = True
        before = document.layout
        moved, fixed = False, grip
        try:
            yield
            while event.type == "mouse_move":
                drow, dcol = event.position[-2] - start[0], event.position[-1] - start[1]
                if not moved and max(abs(drow), abs(dcol)) >= self._px(_DRAG):
                    moved = True
                    fixed = gestures.along(grip, drow, dcol) if grip else None
                    if fixed and fixed.lane_id not in document.selection.lanes:
                        document.select([fixed.lane_id], fixed.band)
                    elif fixed and fixed.band:
                        document.select(document.selection.lanes, fixed.band)
                if moved and fixed is not None:
                    self._drag(before, fixed, float(drow), float(dcol), shift)
                yield
        finally:
            self._dragging = False
            layer.mouse_pan = True
            self._preview.cancel() if hasattr(self._preview, "cancel") else None
        if moved and fixed is not None:
            self._release(fixed, shift)
        elif not moved:
            self._click(grip, shift)

    def _drag(
        self, before: Layout, grip: gestures.Grip, drow: float, dcol: float, shift: bool
    ) -> None:
        document = self._document()
        try:
            layout = gestures.dragged(
                before,
                grip,
                drow,
                dcol,
                shape=document.blot.shape,
                selected=document.selection.lanes,
                whole_row=shift,
            )
        except BlotquantError as error:
            self._say(str(error))
            return
        self._pending = layout
        self.canvas.draw_overlay(moving(before, layout))
        self._preview()

    def _show_preview(self) -> None:
        if self._dragging and self._pending is not None and self.document is not None:
            self.document.preview(self._pending)

    def _release(self, grip: gestures.Grip, shift: bool) -> None:
        document, layout = self._document(), self._pending
        self._pending = None
        if layout is None:
            return
        number = [lane.id for lane in document.layout.lanes].index(grip.lane_id) + 1
        what = {
            "lane": f"move lane {number}",
            "left": f"move the left edge of lane {number}",
            "right": f"move the right edge of lane {number}",
            "point": f"bend lane {number}",
            "band": f"move a row of bands (lane {number})"
            if shift
            else f"move a band of lane {number}",
            "start": f"set where a band of lane {number} begins",
            "stop": f"set where a band of lane {number} ends",
        }[grip.part]
        document.commit(what, layout)

    def _click(self, grip: gestures.Grip | None, shift: bool) -> None:
        document = self._document()
        if grip is None:
            if not shift:
                document.select()
        elif shift:
            document.toggle(grip.lane_id)
        else:
            document.select([grip.lane_id], grip.band)

    def _on_double_click(self, layer: Layer, event: Any) -> None:
        """On a point: remove it; elsewhere on a lane: add one."""
        document = self.document
        if document is None:
            return
        place = float(event.position[-2]), float(event.position[-1])
        grip = self._hit(place)
        if grip is None:
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

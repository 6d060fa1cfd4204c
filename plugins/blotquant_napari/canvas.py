"""The layers of the viewer: made once, written to afterwards, and what is drawn in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blotquant import edit
from blotquant.flags import Flag
from blotquant.model import Layout

from . import gestures, strips
from .ladder_labels import LadderLabels

if TYPE_CHECKING:
    from napari.layers import Layer, Shapes
    from napari.viewer import Viewer

    from .document import Document

__all__ = ["LAYER_KEY", "Canvas", "highlighted", "moving", "warm_up"]

LAYER_KEY = "blotquant"
_HOVER = "#f0e442"
_DRAGGED = "#f0e44266"


class Canvas:
    """Layers of one viewer, which show one document at a time.

    They are made once and written to: napari does not take it well when a Shapes layer is removed
    from a window that is shown.

    Parameters
    ----------
    viewer : napari.Viewer
    made : callable
        Called with each layer when it becomes ours, to give it mouse and keys.
    """

    def __init__(self, viewer: Viewer, made: Callable[[Layer], None]) -> None:
        self.viewer = viewer
        self.layers: dict[str, Layer] = {}
        self._made = made
        self._drawn: tuple[object, ...] = ()
        self._labelled: tuple[object, ...] = ()
        self._strips: dict[str, strips.Strips] = {}
        self._ladder = LadderLabels(viewer)

    def draw(self, document: Document) -> None:
        """Draw lanes, bands and points as the document has them."""
        layout, selection = document.shown, document.selection
        drawn = (layout, selection, document.recipe, document.role, document.blot)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        flags = {
            (m.band.lane_id, m.band.row_id): m.flags
            for lane in layout.lanes
            for m in document.measurement(lane.id).bands
        }
        band_flags = [flags.get((b.lane_id, b.row_id), Flag.NONE) for b in layout.bands]
        drawn_lanes = strips.lane_strips(layout, selection.lanes)
        self._write("lanes", drawn_lanes)
        self._draw_labels(layout, drawn_lanes.labels)
        self._write("bands", strips.band_strips(layout, band_flags, selection.band))
        self._draw_points(layout, selection.lanes)
        if (sizes := self._ladder.draw(document)) is not None:
            self._adopt("ladder", sizes)
        self.clear_overlay()
        self.shapes("lanes").metadata[LAYER_KEY] = _tag("lanes", document)

    def show_picture(self, document: Document) -> None:
        """Picture and saturated pixels; the view follows where the shape is another."""
        blot = document.blot
        layer = self._picture(document)
        same = layer.data.shape == blot.shape
        if layer.data is not blot.pixels:
            layer.data = blot.pixels
        layer.name = document.name
        layer.colormap = "gray" if blot.polarity == "dark_on_light" else "gray_r"
        layer.contrast_limits = _contrast(blot.pixels)
        self._show_saturated(document)
        if not same:
            self.viewer.reset_view()

    def _show_saturated(self, document: Document) -> None:
        mask = document.blot.saturated
        layer = self.layers.get("saturated")
        if layer is None and mask is not None:
            layer = self.viewer.add_labels(
                mask.view(np.uint8), name="Saturated", opacity=0.7, colormap={None: "red", 1: "red"}
            )
            layer.editable = False
            self._adopt("saturated", layer)
            self.viewer.layers.move(self.viewer.layers.index(layer), 1)
        elif layer is not None:
            layer.data = (
                np.zeros(document.blot.shape, np.uint8) if mask is None else mask.view(np.uint8)
            )

    def _picture(self, document: Document) -> Layer:
        """The image layer of the document: the one it was dropped with, else our own."""
        for layer in self.viewer.layers:
            tag = layer.metadata.get(LAYER_KEY)
            if isinstance(tag, dict) and tag.get("kind") == "image" and _is_of(tag, document):
                self._hide_other_pictures(layer)
                self.viewer.layers.move(self.viewer.layers.index(layer), 0)
                self._adopt("image", layer)
                return layer
        layer = self.layers.get("own image")
        if layer is None:
            layer = self.viewer.add_image(document.blot.pixels, name=document.name)
            self.viewer.layers.move(self.viewer.layers.index(layer), 0)
            self.layers["own image"] = layer
            self.viewer.reset_view()
        self._hide_other_pictures(layer)
        self._adopt("image", layer)
        return layer

    def _hide_other_pictures(self, shown: Layer) -> None:
        for layer in self.viewer.layers:
            tag = layer.metadata.get(LAYER_KEY)
            of_reader = isinstance(tag, dict) and tag.get("kind") == "image"
            if layer is not shown and (of_reader or layer is self.layers.get("own image")):
                layer.visible = False
        shown.visible = True

    def shapes(self, kind: str) -> Shapes:
        """A Shapes layer, made when first asked for; one that a reader brought is taken over."""
        if kind in self.layers:
            return self.layers[kind]
        for other in self.viewer.layers:
            tag = other.metadata.get(LAYER_KEY)
            if isinstance(tag, dict) and tag.get("kind") == kind:
                layer = other
                break
        else:
            layer = self.viewer.add_shapes(None, ndim=2, name=kind.capitalize())
        layer.editable = False
        self._adopt(kind, layer)
        return layer

    def owns(self, layer: Layer) -> bool:
        """Whether a layer is one of ours, or will be when the first picture is shown."""
        return not self.layers or layer in self.layers.values()

    def _adopt(self, kind: str, layer: Layer) -> None:
        if self.layers.get(kind) is not layer:
            self.layers[kind] = layer
            self._made(layer)

    def _draw_labels(self, layout: Layout, labels: tuple[str, ...]) -> None:
        """Numbers at the wells: text of points that are not seen themselves."""
        layer = self.layers.get("labels")
        if layer is None:
            layer = self.viewer.add_points(
                np.empty((0, 2)),
                name="Lane numbers",
                size=1,
                opacity=1.0,
                face_color="transparent",
                border_color="transparent",
                features={"label": np.empty(0, object)},
                text={"string": "{label}", "size": 10, "color": "#004c7a", "anchor": "center"},
            )
            layer.editable = False
            self._adopt("labels", layer)
        drawn = (tuple(lane.path for lane in layout.lanes), labels)
        if drawn == self._labelled:
            return
        self._labelled = drawn
        down = 0.02 * max((lane.bottom - lane.top for lane in layout.lanes), default=0.0)
        places = [(lane.top + down, float(lane.center(lane.top + down))) for lane in layout.lanes]
        with layer.events.blocker_all():
            layer.data = np.array(places, dtype=float).reshape(-1, 2)
            if list(layer.features["label"]) != list(labels):
                layer.features = {"label": np.array(labels, dtype=object)}
            if layer.selected_data:
                layer.selected_data = set()
        layer.refresh(thumbnail=False)

    def _draw_points(self, layout: Layout, selected: Iterable[str]) -> None:
        points = [point for name in selected for point in layout.lane(name).path]
        layer = self.layers.get("points")
        if layer is None:
            layer = self.viewer.add_points(
                np.empty((0, 2)),
                name="Points of the chosen lane",
                size=1000,
                canvas_size_limits=(9, 9),
                face_color="white",
                border_color="#0072b2",
                border_width=0.15,
            )
            layer.editable = False
            self._adopt("points", layer)
        with layer.events.blocker_all():
            layer.data = np.array(points, dtype=float).reshape(-1, 2)
            if layer.selected_data:
                layer.selected_data = set()
        layer.refresh(thumbnail=False)

    def draw_overlay(self, drawn: strips.Strips) -> None:
        layer = self.shapes("grip")
        with layer.events.blocker_all(), layer.block_thumbnail_update():
            _replace(layer, drawn)
        layer.refresh(thumbnail=False)

    def _write(self, kind: str, drawn: strips.Strips) -> None:
        """Draw strips; only what is not as it was, since each outline costs its triangles."""
        layer, old = self.shapes(kind), self._strips.get(kind)
        with layer.events.blocker_all(), layer.block_thumbnail_update():
            self._strips[kind] = _replace(layer, drawn) if old is None else _mend(layer, old, drawn)
        layer.refresh(thumbnail=False)

    def clear_overlay(self) -> None:
        layer = self.shapes("grip")
        if len(layer.data):
            layer.data = []


def _tag(kind: str, document: Document) -> dict[str, Any]:
    return {
        "kind": kind,
        "path": str(document.path),
        "part": document.blot.source.part,
        "session": document.to_json(),
    }


def warm_up() -> None:
    """Let napari load, early, what its first layers need: that takes it a second."""
    from napari.layers import Image, Points, Shapes

    Image(np.zeros((2, 2)))
    Points(np.zeros((1, 2)))
    Shapes([np.eye(2)], shape_type="path")


def _replace(layer: Shapes, drawn: strips.Strips) -> strips.Strips:
    layer.data = []
    if drawn.paths:
        layer.add(list(drawn.paths), **drawn.shapes())
    return drawn


def _mend(layer: Shapes, old: strips.Strips, drawn: strips.Strips) -> strips.Strips:
    """Turn what a layer shows into what it is to show; gives back what it shows, in its order.

    Strips that moved come last: they are taken out and added again.
    """
    wanted: dict[tuple[bytes, float], list[int]] = {}
    for index, outline in enumerate(drawn.outlines()):
        wanted.setdefault(outline, []).append(index)
    stay, gone = [], []
    for place, outline in enumerate(old.outlines()):
        same = wanted.get(outline)
        if same:
            stay.append(same.pop(0))
        else:
            gone.append(place)
    if len(stay) < len(gone) or len(layer.data) != len(old.paths):
        return _replace(layer, drawn)
    new = drawn.pick(sorted(index for rest in wanted.values() for index in rest))
    taken = set(gone)
    colours = [colour for place, colour in enumerate(old.colours) if place not in taken]
    if taken:
        layer.selected_data = taken
        layer.remove_selected()
    kept = drawn.pick(stay)
    if tuple(colours) != kept.colours:
        layer.edge_color = list(kept.colours)
    if new.paths:
        layer.add(list(new.paths), **new.shapes())
    return kept.followed_by(new)


def highlighted(layout: Layout, grip: gestures.Grip, thickness: float) -> strips.Strips:
    """The part that would be grabbed."""
    lane = layout.lane(grip.lane_id)
    match grip.part:
        case "left" | "right":
            path = strips.edge_path(lane, grip.part)
        case "start" | "stop":
            band = edit.band_at(layout, (grip.lane_id, grip.row_id))
            path = strips.limit_path(lane, getattr(band, grip.part))
        case "point":
            row, col = lane.path[grip.index]
            path, thickness = (
                np.array([(row - 2 * thickness, col), (row + 2 * thickness, col)]),
                (4 * thickness),
            )
        case "band":
            band = edit.band_at(layout, (grip.lane_id, grip.row_id))
            return strips.Strips(
                (strips.band_path(lane, band),), (lane.width,), (_HOVER + "40",), ("",)
            )
        case _:
            return strips.Strips((strips.lane_path(lane),), (lane.width,), (_HOVER + "28",), ("",))
    return strips.Strips((path,), (thickness,), (_HOVER,), ("",))


def moving(before: Layout, after: Layout) -> strips.Strips:
    """Lanes and bands as they are being dragged."""
    was = {lane.id: lane for lane in before.lanes}
    lanes = [lane for lane in after.lanes if lane != was.get(lane.id)]
    known = set(before.bands)
    bands = [band for band in after.bands if band not in known]
    paths = [strips.lane_path(lane) for lane in lanes]
    paths += [strips.band_path(after.lane(band.lane_id), band) for band in bands]
    widths = [lane.width for lane in lanes]
    widths += [after.lane(band.lane_id).width for band in bands]
    return strips.Strips(tuple(paths), tuple(widths), (_DRAGGED,) * len(paths), ("",) * len(paths))


def _contrast(pixels: Any) -> tuple[float, float]:
    """Grey levels between which the picture is shown: of a sample, so that 20 Mpx are quick."""
    step = max(1, int(np.sqrt(pixels.size / 250_000)))
    low, high = np.percentile(pixels[::step, ::step], (0.05, 99.95))
    return (float(low), float(high)) if high > low else (float(low), float(low) + 1.0)


def _is_of(tag: dict[str, Any], document: Document) -> bool:
    same = Path(tag.get("path", "")) == document.path
    return same and tag.get("part", "") == document.blot.source.part

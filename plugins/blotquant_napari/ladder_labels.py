"""Sizes of the ladder's bands, written beside them in the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from blotquant.ladder import marks_of_layout

if TYPE_CHECKING:
    from napari.layers import Points
    from napari.viewer import Viewer

    from .document import Document

__all__ = ["LadderLabels"]

_BROWN = "#8a5a00"
_BESIDE = 0.75  # of a lane's width to the left of its middle


class LadderLabels:
    """A layer with the kDa at each band of the ladder; its eye in the list of layers hides it.

    Parameters
    ----------
    viewer : napari.Viewer
    """

    def __init__(self, viewer: Viewer) -> None:
        self.layer: Points | None = None
        self._viewer = viewer
        self._drawn: tuple[object, ...] = ()

    def draw(self, document: Document) -> Points | None:
        """Write the sizes as the document has them; gives the layer where it was made just now."""
        layout = document.layout
        if document.shown is not layout:
            return None  # while something is dragged the ladder stays as it was read
        drawn = (layout, document.recipe, document.role, document.blot)
        if drawn == self._drawn:
            return None
        self._drawn = drawn
        measured = {lane.id: document.measurement(lane.id) for lane in layout.lanes}
        marks = marks_of_layout(layout, measured, document.recipe.ladder)
        if self.layer is None and not marks:
            return None
        beside = {lane.id: _BESIDE * lane.width for lane in layout.lanes}
        places = np.array([(m.row, m.col - beside[m.lane_id]) for m in marks], dtype=float)
        places, sizes = places.reshape(-1, 2), np.array([mark.text for mark in marks], object)
        if self.layer is None:
            return self._make(places, sizes)
        # napari would write the text of points that are gone before it knows what is in view
        with self.layer.events.blocker_all(), self.layer.text.events.blocker_all():
            self.layer.data = places
            self.layer.features = {"kda": sizes}
            if self.layer.selected_data:
                self.layer.selected_data = set()
        self.layer.refresh(thumbnail=False)
        return None

    def _make(self, places: np.ndarray, sizes: np.ndarray) -> Points:
        self.layer = self._viewer.add_points(
            places,
            name="Ladder, kDa",
            size=1,
            opacity=1.0,
            face_color="transparent",
            border_color="transparent",
            features={"kda": sizes},
            text={"string": "{kda}", "size": 9, "color": _BROWN, "anchor": "center"},
        )
        self.layer.editable = False
        return self.layer

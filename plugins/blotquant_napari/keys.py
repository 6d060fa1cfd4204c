"""Keys and gestures in one table, which makes the bindings, the help overlay and the docs page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["KEYS", "Entry", "bindings"]


class Entry(NamedTuple):
    """One line of the table.

    Parameters
    ----------
    group : str
        Heading.
    keys : tuple of str
        Keys as napari writes them; empty for the mouse.
    shown : str
        Keys or gesture as people write them.
    action : str
        Name in `blotquant_napari.actions.ACTIONS`, or of the panel's own; empty for the mouse.
    meaning : str
    """

    group: str
    keys: tuple[str, ...]
    shown: str
    action: str
    meaning: str


KEYS: tuple[Entry, ...] = (
    Entry("Lanes", (), "drag a lane", "", "move it sideways, with all that are selected"),
    Entry("Lanes", (), "drag its edge", "", "make it wider or narrower"),
    Entry("Lanes", (), "drag a point", "", "bend the lane, or move its end"),
    Entry("Lanes", (), "double-click", "", "add a point to the lane, or remove the one there"),
    Entry("Lanes", (), "click, Shift+click", "", "select one lane, select several"),
    Entry("Lanes", ("A",), "A", "add_lane", "add a lane at the cursor, as wide as the others"),
    Entry("Lanes", ("Delete", "Backspace"), "Delete", "delete", "delete what is selected"),
    Entry("Lanes", ("Left",), "←", "left", "nudge by 1 px to the left"),
    Entry("Lanes", ("Right",), "→", "right", "nudge by 1 px to the right"),
    Entry("Lanes", ("Shift-Left",), "Shift+←", "far_left", "nudge by 10 px to the left"),
    Entry("Lanes", ("Shift-Right",), "Shift+→", "far_right", "nudge by 10 px to the right"),
    Entry("Lanes", ("[",), "[", "narrower", "narrower by 1 px"),
    Entry("Lanes", ("]",), "]", "wider", "wider by 1 px"),
    Entry("Lanes", ("E",), "E", "space_evenly", "space the selected lanes evenly"),
    Entry("Lanes", ("L",), "L", "ladder", "mark as ladder"),
    Entry("Lanes", ("S",), "S", "sample", "mark as sample, and use it"),
    Entry("Lanes", ("X",), "X", "exclude", "exclude from statistics; again: use it"),
    Entry("Bands", (), "drag a band", "", "move it along its lane; with Shift its whole row"),
    Entry("Bands", (), "drag its end", "", "set where it begins or ends, here or in the profile"),
    Entry("Bands", ("B",), "B", "add_band", "add a band at the cursor"),
    Entry(
        "Bands", ("T",), "T", "target_row", "in a study: the row of the chosen band is the target"
    ),
    Entry("Bands", ("Up",), "↑", "up", "nudge the band, or the lanes, by 1 px"),
    Entry("Bands", ("Down",), "↓", "down", "nudge the band, or the lanes, by 1 px"),
    Entry("Always", ("Control-Z",), "Ctrl+Z", "undo", "undo"),
    Entry("Always", ("Control-Shift-Z", "Control-Y"), "Ctrl+Shift+Z", "redo", "redo"),
    Entry("Always", ("Control-A",), "Ctrl+A", "select_all", "select all lanes"),
    Entry("Always", ("Escape",), "Esc", "select_none", "select nothing"),
    Entry("Always", ("Enter",), "Enter", "next", "accept this image and go to the next"),
    Entry("Always", ("F1",), "? or F1", "help", "show or hide this list"),
)


def bindings() -> Iterator[tuple[str, str]]:
    """(key as napari writes it, action), one for each key."""
    for entry in KEYS:
        for key in entry.keys:
            yield key, entry.action

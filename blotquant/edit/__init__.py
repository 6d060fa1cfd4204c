"""Edits of a layout by hand: pure functions, each from a layout to the next one.

What an edit touched is marked ``source="hand"``; everything else is the same object as before.
Places are (row, col) of the oriented picture. The graphical editor calls these and nothing else.
"""

from blotquant.edit.bands import (
    BandKey,
    add_band,
    assign_row,
    band_at,
    delete_bands,
    move_bands,
    move_row,
    name_row,
    set_limits,
)
from blotquant.edit.difference import difference
from blotquant.edit.keep import keep_hand_edits, matched_lanes
from blotquant.edit.lanes import (
    MIN_WIDTH,
    add_lane,
    add_point,
    delete_lanes,
    describe_lanes,
    move_edge,
    move_lanes,
    move_point,
    remove_point,
    set_width,
    space_evenly,
    widen_lanes,
)
from blotquant.edit.sharing import shared_edit, shift_between, with_shift
from blotquant.edit.turning import next_orientation, turned

__all__ = [
    "MIN_WIDTH",
    "BandKey",
    "add_band",
    "add_lane",
    "add_point",
    "assign_row",
    "band_at",
    "delete_bands",
    "delete_lanes",
    "describe_lanes",
    "difference",
    "keep_hand_edits",
    "matched_lanes",
    "move_bands",
    "move_edge",
    "move_lanes",
    "move_point",
    "move_row",
    "name_row",
    "next_orientation",
    "remove_point",
    "set_limits",
    "set_width",
    "shared_edit",
    "shift_between",
    "space_evenly",
    "turned",
    "widen_lanes",
    "with_shift",
]

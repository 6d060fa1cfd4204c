"""Bent lanes of real blots, corrected by gestures alone to where they are seen."""

import shutil

import numpy as np
import pytest

pytestmark = [pytest.mark.usefixtures("gui"), pytest.mark.shared, pytest.mark.slow]

# (row, column) of the middle of each lane, px, read by eye off the enlarged picture under a grid.
# The lanes of the first bend in an S.
CURVED = (
    ((145, 43), (207, 47.6), (237, 42)),
    ((65, 76), (105, 75), (145, 76.5), (190, 79.5), (215, 78), (245, 74), (275, 68.5)),
    ((65, 110.5), (105, 110.5), (145, 111), (190, 111.5), (215, 111), (245, 107), (275, 102)),
    ((65, 142.5), (105, 143.5), (145, 143), (190, 141.5), (215, 141), (245, 139), (275, 136)),
    ((65, 175), (105, 175), (145, 174.5), (190, 173.5), (215, 173.5), (245, 172), (275, 170)),
    ((65, 207.5), (105, 207.5), (145, 207), (190, 207), (215, 207.5), (245, 206.5), (275, 205)),
    ((65, 239), (105, 237.5), (145, 238), (190, 239), (215, 240.5), (245, 239), (275, 237.5)),
    ((65, 271), (105, 268), (145, 268), (190, 270.5), (215, 272), (245, 272.5), (275, 272)),
    ((65, 305.5), (105, 303.5), (145, 302.5), (190, 304), (215, 305), (245, 305.5), (275, 307)),
    ((145, 336), (210, 336), (240, 336.5)),
)
# Those of the second lean, each in its own way.
LEANING = (
    ((354, 85.5),),
    ((250, 127), (358, 117)),
    ((363, 151.5),),
    ((213, 197.5), (366, 186)),
    ((213, 232.5), (240, 230.5), (270, 228.5), (370, 222)),
    ((114, 275.5), (213, 267.5), (240, 265.5), (270, 263.5), (371, 258.5)),
    ((114, 310), (374, 294)),
    ((114, 344.5), (374, 331)),
    ((115, 377), (268, 371.5), (377, 368)),
    ((116, 411.5), (280, 406), (379, 404.5)),
    ((381, 440.5),),
    ((117, 481.5), (275, 478), (383, 477)),
    ((118, 514.5), (230, 514), (383, 514.5)),
    ((119, 550), (383, 549.5)),
    ((119, 585), (270, 585), (383, 586)),
    ((118, 618), (226, 618), (381, 620.5)),
)


@pytest.mark.parametrize(
    ("name", "seen", "near"),
    [("encode_ep300_curved.jpg", CURVED, 2.0), ("biorad_test4_ref.tif", LEANING, 1.5)],
    ids=["bent in an S", "leaning"],
)
def test_lanes_are_bent_by_hand_to_where_they_are(shared, open_window, tmp_path, name, seen, near):
    """What lies less than so many px from where it is seen is left as it was found.

    With ``-o tmp_path_retention_policy=all`` the corrected window is kept, to be looked at.
    """
    path = tmp_path / "blots" / name
    path.parent.mkdir()
    shutil.copy(shared / "real" / name, path)
    hand = open_window(path)
    assert len(hand.layout.lanes) == len(seen)
    found = worst(hand, seen)
    assert found > 1.5, "found by itself there is something to correct"
    for number, centres in enumerate(seen):
        follow(hand, number, centres, near)
    assert worst(hand, seen) < min(2.5, found)
    hand.key("Escape")
    hand.hover(5, 5)
    hand.viewer.screenshot(str(tmp_path / f"{name}.png"), canvas_only=False, flash=False)


def off(lane, centres):
    """How far the lane lies to the right of where it is seen, px."""
    rows, columns = np.array(centres, float).T
    return rows, lane.center(rows) - columns


def worst(hand, seen):
    lanes = zip(hand.layout.lanes, seen, strict=True)
    return max(float(np.abs(off(lane, centres)[1]).max()) for lane, centres in lanes)


def follow(hand, number, centres, near):
    """Choose the lane, then drag those of its points that lie beside where it is seen."""
    lane = hand.layout.lanes[number]
    rows, away = off(lane, centres)
    if np.abs(away).max() <= near:
        return
    between = (lane.path[6][0] + lane.path[7][0]) / 2
    hand.click(between, float(lane.center(between)))
    assert hand.document.selection.lanes == (lane.id,)
    for row, column in lane.path:
        shift = -float(np.interp(row, rows, away))
        if abs(shift) > near:
            px = round(shift / hand.px(1))
            hand.press(row, column)
            hand.move(px + 9)  # a click becomes a drag after a few px: beyond, and back
            hand.move(px)
            hand.release(px)

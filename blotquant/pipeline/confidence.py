"""How far to trust the lanes of a picture, one by one and as a whole, and what to check."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import groupby

from blotquant.model import Lane, Layout

__all__ = ["LOW_CONFIDENCE", "layout_checks", "layout_confidence"]

# Below this a lane, or a layout, is worth a look before its numbers are used.
LOW_CONFIDENCE = 0.5
# A layout of which this share of the lanes is doubtful is at that limit.
_DOUBTFUL_SHARE = 0.2
# Wells are alike: a lane so many times as wide as the middle one of so many is two, or none.
_WIDE, _FEWEST_WIDTHS = 1.6, 4
# Empty lanes side by side, so many at least, between groups of so many lanes: perhaps a gap.
_FEWEST_EMPTY, _FEWEST_GROUP = 2, 2


def layout_confidence(lanes: Sequence[Lane]) -> float:
    """Confidence in the lanes of a membrane as a whole: that their number is right.

    One less 2.5 times the share of the lanes that are doubtful, no less than 0: where a fifth of
    the lanes has a confidence below 0.5, so has the layout.

    Parameters
    ----------
    lanes : sequence of Lane
        Of one panel. A lane that the picture does not show (carried over from another image of
        the membrane, not used, its confidence 0) says nothing.

    Returns
    -------
    float
        From 0 to 1; 1 without lanes, and where all were set by hand.
    """
    shown = [lane for lane in lanes if lane.use or lane.confidence > 0]
    if not shown:
        return 1.0
    doubtful = sum(lane.confidence < LOW_CONFIDENCE for lane in shown)
    return max(0.0, 1.0 - (1.0 - LOW_CONFIDENCE) / _DOUBTFUL_SHARE * doubtful / len(shown))


def layout_checks(layout: Layout) -> tuple[str, ...]:
    """What to check of a layout, and why; one line each."""
    doubtful = [
        str(number)
        for number, lane in enumerate(layout.lanes, 1)
        if lane.confidence < LOW_CONFIDENCE
    ]
    checks = []
    if doubtful:
        checks.append(
            f"please check lane {', '.join(doubtful)}: found on thin evidence "
            "(hardly a gap beside it, none of its own bands, or perhaps two in one)"
        )
    checks += _without_lanes(layout)
    for number, panel in enumerate(layout.panels, 1):
        lanes = [lane for lane in layout.lanes if lane.panel_id == panel.id]
        checks += _in_gaps(layout, lanes) + _empty_ends(layout, lanes) + _too_wide(layout, lanes)
        confidence = layout_confidence(lanes)
        if confidence < LOW_CONFIDENCE:
            few = sum(lane.confidence < LOW_CONFIDENCE for lane in lanes)
            where = f" of panel {number}" if len(layout.panels) > 1 else ""
            checks.append(
                f"please check the number of lanes{where}: {few} of {len(lanes)} are doubtful "
                f"(confidence in the layout {confidence:.2f}); give the number if you know it "
                "(--lanes)"
            )
    return tuple(checks)


def _in_gaps(layout: Layout, lanes: list[Lane]) -> list[str]:
    """What to check of empty lanes that may be the gap between groups of lanes.

    A gap as wide as two lanes looks the same as two empty lanes. Where it parts the lanes into
    groups of one size, whoever loaded the gel more likely left room there, or cut it.
    """
    banded = {band.lane_id for band in layout.bands if band.detected}
    if not banded or any(lane.source != "auto" for lane in lanes):
        return []
    number = {lane.id: k for k, lane in enumerate(layout.lanes, 1)}
    runs = [list(run) for _, run in groupby(lanes, key=lambda lane: lane.id in banded)]
    if lanes and lanes[0].id not in banded:
        runs = runs[1:]
    runs = runs[: len(runs) - (len(runs) + 1) % 2]  # what is outermost lies in no gap
    groups, gaps = [len(run) for run in runs[::2]], [len(run) for run in runs[1::2]]
    if not gaps or len(set(gaps)) > 1 or gaps[0] < _FEWEST_EMPTY:
        return []
    if min(groups) < _FEWEST_GROUP or max(groups) - min(groups) > 1:
        return []
    names = ", ".join(str(number[lane.id]) for run in runs[1::2] for lane in run)
    sizes = " and ".join(str(size) for size in groups)
    return [
        f"please check lane {names}: supposed, because as many fit between groups of {sizes} "
        "lanes; nothing is in them, and a wide gap would look the same (if it is one, give the "
        "number of lanes: --lanes)"
    ]


def _empty_ends(layout: Layout, lanes: list[Lane]) -> list[str]:
    """What to check of outermost lanes, found by something that turned out to be no band."""
    banded = {band.lane_id for band in layout.bands if band.detected}
    return [
        f"please check lane {layout.lanes.index(lane) + 1}: outermost, and no band was found in "
        "it; what was taken for a lane may be dirt or background (if so, give the number of "
        "lanes: --lanes)"
        for lane in (*lanes[:1], *lanes[-1:])
        if banded and lane.source == "auto" and lane.id not in banded
        if lane.confidence >= LOW_CONFIDENCE  # else it is said
    ]


def _too_wide(layout: Layout, lanes: list[Lane]) -> list[str]:
    """What to check of lanes that are far wider than the others."""
    if len(lanes) < _FEWEST_WIDTHS:
        return []
    usual = statistics.median(lane.width for lane in lanes)
    return [
        f"please check lane {layout.lanes.index(lane) + 1}: {lane.width / usual:.1f} times as wide "
        "as the others; it may be two lanes, or reach into the background"
        for lane in lanes
        if lane.source == "auto" and lane.width > _WIDE * usual
    ]


def _without_lanes(layout: Layout) -> list[str]:
    """What to check of panels in which no lane was found, while others have some."""
    if not any(lane.source == "auto" for lane in layout.lanes):
        return []  # whoever draws lanes by hand draws those that are wanted
    held = {lane.panel_id for lane in layout.lanes}
    checks = []
    for number, panel in enumerate(layout.panels, 1):
        if panel.id not in held:
            rows = [row for row, _ in panel.outline]
            where = f" (rows {min(rows):.0f} to {max(rows):.0f})" if rows else ""
            checks.append(
                f"please check panel {number}{where}: no lanes were found in it; "
                "if it shows bands, draw its lanes by hand or analyse it as an image of its own"
            )
    return checks

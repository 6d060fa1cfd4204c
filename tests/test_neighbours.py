"""Where a lane's neighbours stand nearer or farther than elsewhere, and what it does to errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import blotquant as bq
from blotquant import edit, pipeline
from blotquant.model import Lane
from blotquant.neighbours import next_lanes, spreading
from blotquant.simulate import BlotSpec, render, save


def lanes_between(top, bottom):
    """Lanes from columns `top` at row 0 to `bottom` at row 100."""
    return [
        Lane(f"lane-{k}", "panel", ((0.0, a), (100.0, b)), 12.0)
        for k, (a, b) in enumerate(zip(top, bottom, strict=True))
    ]


def test_the_next_lanes_are_the_nearest_to_either_side_of_the_panel():
    lanes = lanes_between([10, 90, 30, 60], [10, 90, 30, 60])
    lanes.append(replace(lanes[0], id="other", panel_id="beside", path=((0, 55), (100, 55))))
    assert [one.id for one in next_lanes(lanes[3], lanes)] == ["lane-2", "lane-1"]
    assert [one.id for one in next_lanes(lanes[0], lanes)] == ["lane-2"]
    assert next_lanes(lanes[4], lanes) == ()


@given(fan=st.floats(-0.8, 0.8), lean=st.floats(-30, 30), pitch=st.floats(15, 60))
def test_lanes_that_fan_spread_by_what_they_fan(fan, lean, pitch):
    middle = pitch * np.arange(3.0) + 100
    away = middle - middle[1]
    lanes = lanes_between(
        middle[1] - lean + away * (1 - fan / 2), middle[1] + lean + away * (1 + fan / 2)
    )
    rows = np.array([0.0, 50.0, 100.0])
    expected = pytest.approx([-fan / 2, 0, fan / 2], abs=1e-9)
    for lane in lanes:
        assert spreading(lane, next_lanes(lane, lanes), rows) == expected
    assert not spreading(lanes[0], (), rows).any()


@pytest.fixture(scope="module")
def fanned(tmp_path_factory):
    spec = BlotSpec(shape=(420, 560), lanes=7, lane_width=44.0, gap=12.0, rows=(0.15, 0.5, 0.85))
    drawn = render(replace(spec, fan=0.3), 5)
    return drawn, bq.load(save(drawn, tmp_path_factory.mktemp("blots"), "fan"))[0]


def test_errors_know_that_lanes_fan(fanned):
    """A lane is as wide everywhere: bands at its wide end reach beyond it."""
    drawn, blot = fanned
    result = bq.analyze(blot)
    assert len(result.layout.lanes) == 7
    table = result.table
    z = []
    for band in drawn.truth["bands"]:
        row, col = band["center"]
        found = table.loc[np.hypot(table["center_row"] - row, table["center_col"] - col).idxmin()]
        z.append((found["net_density"] - band["volume"]) / found["net_density_err"])
    assert np.mean(np.abs(z) < 2) > 0.9


def test_a_band_is_less_sure_where_its_neighbours_spread(fanned):
    """One lane's reading, with its neighbours as they fan and as if they did not."""
    _, blot = fanned
    layout = bq.detect(blot)
    lane, recipe = layout.lanes[3], bq.Recipe()
    reading = pipeline.read_layout_lane(blot, layout, lane, recipe)
    trust = pipeline.common_trust([reading])
    beside = [
        replace(
            lane,
            id=other.id,
            path=tuple((row, col + step * lane.width) for row, col in lane.path),  # it touches, too
        )
        for step, other in zip((-1, 1), next_lanes(lane, layout.lanes), strict=True)
    ]
    even = replace(layout, lanes=(beside[0], lane, beside[1]), bands=layout.bands_of(lane.id))
    sure = pipeline.measure_read(reading, even, recipe, trust).bands
    less = pipeline.measure_read(reading, layout, recipe, trust).bands
    for a, b in zip(sure, less, strict=True):
        assert b.net_density == a.net_density
    errors = [b.net_density_err / a.net_density_err for a, b in zip(sure, less, strict=True)]
    assert errors[1] == pytest.approx(1, abs=0.02)  # where they stand as on average
    assert min(errors[0], errors[2]) > 1.01


def test_the_next_lanes_are_among_those_a_measurement_depends_on(fanned):
    _, blot = fanned
    layout = bq.detect(blot)
    first, second, *_, last = layout.lanes
    of = pipeline.near_in_measuring(layout, first)
    moved = edit.move_lanes(layout, [second.id], dcol=5.0, shape=blot.shape)
    assert pipeline.near_in_measuring(moved, first) != of
    moved = edit.move_lanes(layout, [last.id], dcol=5.0, shape=blot.shape)
    assert pipeline.near_in_measuring(moved, first) == of

"""What a lane's reading depends on, and which recipe a picture's role asks for."""

import numpy as np
import pytest

import blotquant as bq
from blotquant import edit, pipeline, registry
from blotquant.simulate import BlotSpec, render, save


@pytest.fixture(scope="module")
def blot(tmp_path_factory):
    spec = BlotSpec(shape=(300, 420), lanes=5, lane_width=40.0, gap=26.0, rows=(0.35, 0.7))
    return bq.load(save(render(spec, 3), tmp_path_factory.mktemp("blots"), "blot"))[0]


@pytest.fixture(scope="module")
def layout(blot):
    return bq.detect(blot)


@pytest.mark.parametrize("method", registry.names("backgrounds"))
def test_equal_surroundings_give_an_equal_reading(blot, layout, method):
    """Lane 3 moves; lane 2 is read again only by methods whose reading may have changed."""
    recipe = bq.Recipe.of(background=method)
    moved = edit.move_lanes(layout, [layout.lanes[2].id], dcol=9.0, shape=blot.shape)
    lane = layout.lanes[1]
    assert moved.lane(lane.id) == lane
    before, after = (pipeline.read_layout_lane(blot, one, lane, recipe) for one in (layout, moved))
    same = pipeline.surroundings(layout, lane, recipe) == pipeline.surroundings(moved, lane, recipe)
    assert same == (method not in ("beside", "lane"))
    # on an even membrane the default looks at nothing beside the lane
    alone = not pipeline.looks_around(before, recipe)
    assert alone == (method != "beside")
    assert np.array_equal(before.baseline.level, after.baseline.level) == alone


def test_a_method_that_nobody_knows_may_look_at_all(layout):
    recipe = bq.Recipe.of(background="of_a_stranger")
    assert len(pipeline.surroundings(layout, layout.lanes[0], recipe)[1]) == 5


def test_total_protein_is_read_beside_unless_another_background_is_chosen():
    plain = bq.Recipe()
    assert pipeline.recipe_for_role(plain, "target") is plain
    assert pipeline.recipe_for_role(plain) is plain
    assert pipeline.recipe_for_role(plain, "total_protein").background.method == "beside"
    chosen = bq.Recipe.of(background="rolling_ball")
    assert pipeline.recipe_for_role(chosen, "total_protein") is chosen


@pytest.mark.parametrize("method", ["lane", "rolling_ball"])
def test_lanes_measured_together_are_as_measured_alone(blot, layout, method):
    recipe = bq.Recipe.of(background=method)
    together = pipeline.measure_lanes(blot, layout, recipe)
    readings = [pipeline.read_layout_lane(blot, layout, lane, recipe) for lane in layout.lanes]
    trust = pipeline.common_trust(readings)
    for reading in readings:
        alone = pipeline.measure_read(reading, layout, recipe, trust)
        one = together[reading.lane.id]
        assert one.total_density_err == pytest.approx(alone.total_density_err, rel=1e-6)
        for a, b in zip(one.bands, alone.bands, strict=True):
            assert (a.flags, a.net_density) == (b.flags, pytest.approx(b.net_density, rel=1e-9))
            assert a.net_density_err == pytest.approx(b.net_density_err, rel=1e-6)
            assert a.method_spread == pytest.approx(b.method_spread, rel=1e-6)

"""Each kind shows its difficulty, and its truth keeps the contract."""

import json

import numpy as np
import pytest

from blotquant.errors import BlotquantError
from blotquant.simulate import KINDS, simulate, spec_of

LANE_KEYS = {"lane", "kind", "path", "width"}
BAND_KEYS = {
    *("lane", "row", "target", "center", "start", "stop", "sigma", "box", "volume", "peak"),
    *("clipped_fraction", "overlap", "cut", "damaged", "snr"),
}
TRUTH_KEYS = {
    *("schema", "image", "kind", "seed", "shape", "bit_depth", "dtype", "ceiling", "polarity"),
    *("lossy", "noise_sd", "membrane", "lanes", "bands"),
}


@pytest.fixture(scope="module", params=sorted(KINDS))
def blot(request):
    return simulate(request.param, 11)


def test_truth_keeps_the_contract(blot):
    truth = json.loads(json.dumps(blot.truth))
    assert truth == blot.truth
    assert set(truth) == TRUTH_KEYS
    assert truth["shape"] == list(blot.image.shape)
    assert truth["dtype"] == str(blot.image.dtype)
    assert [lane["lane"] for lane in truth["lanes"]] == list(range(1, blot.spec.lanes + 1))
    assert all(set(lane) == LANE_KEYS for lane in truth["lanes"])
    assert all(set(band) == BAND_KEYS for band in truth["bands"])


def test_lanes_lie_in_the_picture_in_order(blot):
    rows, cols = blot.image.shape
    middles = []
    for lane in blot.truth["lanes"]:
        path = np.array(lane["path"])
        assert len(path) >= 9
        assert (np.diff(path[:, 0]) > 0).all()
        assert path[:, 0].min() >= 0
        assert path[:, 0].max() <= rows - 1
        assert path[:, 1].min() > 0
        assert path[:, 1].max() < cols - 1
        assert 10 <= lane["width"] <= 120
        middles.append(path[len(path) // 2, 1])
    assert (np.diff(middles) > 0).all()


def test_bands_lie_on_their_lanes_and_are_bright_there(blot):
    for band in blot.truth["bands"]:
        path = np.array(blot.truth["lanes"][band["lane"] - 1]["path"])
        row, col = band["center"]
        assert col == pytest.approx(np.interp(row, path[:, 0], path[:, 1]), abs=0.6)
        r0, c0, r1, c1 = band["box"]
        assert r0 < row < r1
        assert c0 < col < c1
        assert band["start"] < row < band["stop"]
        assert not band["cut"]
        here = blot.signal[round(row), round(col)]
        assert here > 0.6 * band["peak"]


def test_everything_in_the_truth_can_be_seen(blot):
    bands, lanes = blot.truth["bands"], blot.truth["lanes"]
    assert min(band["snr"] for band in bands) > 4.9
    for edge in (1, len(lanes)):
        assert max(band["snr"] for band in bands if band["lane"] == edge) > 10
    held = {band["lane"] for band in bands}
    assert all((lane["kind"] == "empty") == (lane["lane"] not in held) for lane in lanes)


def test_only_what_is_meant_to_saturate_does(blot):
    clipped = any(band["clipped_fraction"] > 0 for band in blot.truth["bands"])
    assert clipped == (blot.spec.kind == "saturated")


def test_ladder_bands_belong_to_no_row(blot):
    ladders = {lane["lane"] for lane in blot.truth["lanes"] if lane["kind"] == "ladder"}
    assert ladders == set(blot.spec.ladder_lanes)
    assert all((band["row"] is None) == (band["lane"] in ladders) for band in blot.truth["bands"])


def paths(kind, seed):
    return [np.array(lane["path"]) for lane in simulate(kind, seed).truth["lanes"]]


@pytest.mark.parametrize("seed", [1, 2])
def test_lean(seed):
    assert all(
        abs(path[-1, 1] - path[0, 1]) > 0.02 * (path[-1, 0] - path[0, 0])
        for path in paths("lean", seed)
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_bow_bends_to_one_side_and_s_bend_to_both(seed):
    def off_chord(path):
        chord = np.interp(path[:, 0], path[[0, -1], 0], path[[0, -1], 1])
        return path[:, 1] - chord

    for path in paths("bow", seed):
        off = off_chord(path)
        assert np.abs(off).max() > 10
        assert min(off.max(), -off.min()) < 1e-2
    for path in paths("s_bend", seed):
        off = off_chord(path)
        assert off.max() > 6
        assert off.min() < -6


@pytest.mark.parametrize("seed", [1, 2])
def test_fan_changes_the_spacing(seed):
    lanes = paths("fan", seed)
    top, bottom = (lanes[-1][end, 1] - lanes[0][end, 1] for end in (0, -1))
    assert abs(bottom / top - 1) > 0.1


@pytest.mark.parametrize("seed", [1, 2])
def test_smile_bends_the_rows(seed):
    bands = simulate("smile", seed).truth["bands"]
    row = [band["center"][0] for band in bands if band["row"] == 1]
    middle = row[len(row) // 2]
    assert abs(middle - (row[0] + row[-1]) / 2) > 10


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_sloping_strips_run_through_most_of_their_height(seed):
    blot = simulate("strip_sloping", seed)
    row = np.array([band["center"][0] for band in blot.truth["bands"]])
    height = blot.image.shape[0]
    boxes = np.array([band["box"] for band in blot.truth["bands"]])
    assert np.ptp(row) > 0.4 * height
    assert np.ptp(row) > np.median(boxes[:, 2] - boxes[:, 0])


def test_counts_and_contents():
    assert all(20 <= spec_of("many_lanes", seed).lanes <= 30 for seed in range(5))
    assert all(2 <= spec_of("few_lanes", seed).lanes <= 5 for seed in range(5))
    assert all(spec_of("ladder_left", seed).ladder_lanes == (1,) for seed in range(5))
    empty = simulate("empty_lanes", 1).truth["lanes"]
    assert {lane["kind"] for lane in empty} == {"sample", "empty"}
    missing = simulate("missing_bands", 1)
    assert len(missing.truth["bands"]) < missing.spec.lanes * len(missing.spec.rows)
    assert simulate("weak", 1).truth["bands"]


def test_group_gaps_hold_no_lane():
    for seed in range(4):
        spec = spec_of("gaps", seed)
        pitch = spec.lane_width + spec.gap
        assert 0.25 * pitch < spec.group_gap < 0.65 * pitch


def test_saturated_blots_saturate_in_places():
    clipped = [
        band["clipped_fraction"] > 0
        for seed in range(4)
        for band in simulate("saturated", seed).truth["bands"]
    ]
    assert 0.03 < np.mean(clipped) < 0.5


def test_seeds_differ_in_more_than_noise():
    specs = [spec_of("clean", seed) for seed in range(6)]
    for name in ("shape", "lanes", "lane_width", "gap", "sigma", "rows", "peak", "read_noise"):
        assert len({getattr(spec, name) for spec in specs}) > 2, name


def test_an_unknown_kind_gets_a_hint():
    with pytest.raises(BlotquantError, match="did you mean 'cloudy'"):
        simulate("cloudly", 1)

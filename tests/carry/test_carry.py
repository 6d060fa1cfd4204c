"""All images of a membrane are read on one set of lanes, a target in two of twelve as well."""

from dataclasses import replace

import numpy as np
import pytest

from blotquant import Recipe
from blotquant.bands import detect_bands
from blotquant.carry import carry_lanes, carry_membrane
from blotquant.consensus import choose_reference
from blotquant.errors import NothingFound
from blotquant.membrane_layout import Transform
from blotquant.model import Band, BandRow, Blot, ImageSource, Lane, Layout, Panel
from blotquant.pipeline import detect, measure


@pytest.fixture(scope="module")
def study(draw):
    """A loading control in 12 lanes, a target in two, one in ten; shifted against each other."""
    base = replace(
        draw.membrane("clean", 7),
        shape=(300, 760),
        lanes=12,
        lane_width=38.0,
        gap=14.0,
        lean=0.02,
        slope=14.0,
        smile=0.0,
        rows=(0.6,),
        row_strength=(),
        volumes=(),
        targets=(),
        sigma=4.0,
        edge=1.5,
    )
    shifts = {"actin": (0, 0), "p53": (9, -14), "erk": (-6, 11)}
    specs = {
        "actin": draw.few_lanes(base, 1, 12, (0.6,)),
        "p53": draw.few_lanes(base, 2, 2, (0.35,)),
        "erk": draw.few_lanes(base, 3, 10, (0.45, 0.5)),
    }
    probes = {
        name: draw.probe(specs[name], 20 + k, *shifts[name], name=f"{name}.tif")
        for k, name in enumerate(specs)
    }
    blots = {name: probe.blot for name, probe in probes.items()}
    roles = {"actin": "loading_control", "p53": "target", "erk": "target"}
    return probes, blots, roles, carry_membrane(blots, roles)


def test_lanes_of_all_images_are_the_controls(study):
    probes, _, _, carried = study
    assert carried.reference == "actin"
    for name, layout in carried.layouts.items():
        assert [lane.id for lane in layout.lanes] == [
            lane.id for lane in carried.layouts["actin"].lanes
        ]
        rows = np.array([0.35, 0.6]) * layout.lanes[0].bottom
        centers = np.array([lane.center(rows) for lane in layout.lanes])
        error = centers - probes[name].lane_columns(rows)
        assert np.sqrt(np.mean(error**2)) < 0.03 * layout.lanes[0].width
        expected = "auto" if name == "actin" else "carried"
        assert {lane.source for lane in layout.lanes} == {expected}


def test_a_target_in_two_lanes_of_twelve_is_read_in_all_twelve(study):
    probes, blots, _, carried = study
    layout = carried.layouts["p53"]
    (row,) = layout.rows
    assert len(layout.bands) == 12
    planted = {band["lane"]: band for band in probes["p53"].drawn.truth["bands"]}
    assert len(planted) == 2
    table = measure(blots["p53"], layout).table
    present = set(table.lane[~table["flags"].str.contains("BELOW_DETECTION")])
    assert present == set(planted)
    absent = table[~table.lane.isin(present)]
    assert (absent.net_density.abs() < absent.detection_limit).all()
    assert (absent.detection_limit > 0).all()
    for number, band in planted.items():
        net = float(table.net_density[table.lane == number].iloc[0])
        assert net == pytest.approx(band["volume"], rel=0.03)
    assert row.id


def test_a_row_goes_on_with_the_slope_that_the_control_shows(study):
    """It drops by 14 px; the two lanes that show it do not tell that by themselves."""
    probes, _, _, carried = study
    layout, probe = carried.layouts["p53"], probes["p53"]
    spec, row0 = probe.drawn.spec, probe.row0
    centers = np.array([lane.center(80) for lane in layout.lanes])
    across = 2 * (centers - centers.mean()) / (centers[-1] - centers[0])
    planted = {band["lane"]: band["center"][0] for band in probe.drawn.truth["bands"]}
    level = np.mean([row - spec.slope * across[lane - 1] / 2 for lane, row in planted.items()])
    expected = level + spec.slope * across / 2 - row0
    places = [(band.start + band.stop) / 2 for band in sorted(
        layout.bands, key=lambda band: [lane.id for lane in layout.lanes].index(band.lane_id)
    )]  # fmt: skip
    assert np.abs(np.array(places) - expected).max() < 3.0


def test_images_that_show_fewer_lanes_are_named(study):
    *_, carried = study
    (message,) = [text for text in carried.messages if text.startswith("p53: ")]
    assert "lanes found in this image by itself; all 12 lanes" in message


def test_the_shared_layout_gives_every_images_own(study):
    *_, carried = study
    shared = carried.membrane_layout
    for name, layout in carried.layouts.items():
        assert shared.for_image(name) == layout
        assert shared.image(name).transform == carried.transforms[name]


def test_an_image_without_bands_keeps_its_lanes(study):
    _, blots, roles, carried = study
    rng = np.random.default_rng(0)
    empty = rng.normal(9000, 30, blots["actin"].shape).astype(np.float32)
    with_empty = carry_membrane(
        {**blots, "none": Blot(empty, source=ImageSource("none.tif"))}, {**roles, "none": "target"}
    )
    layout = with_empty.layouts["none"]
    assert len(layout.lanes) == 12
    assert layout.bands == ()
    assert any(text.startswith("none: no band in any of the 12") for text in with_empty.messages)
    assert any("without a shift" in text for text in with_empty.messages)
    assert any("the smallest shift" in text for text in with_empty.messages)  # p53: two lanes
    assert with_empty.layouts["p53"] == carried.layouts["p53"]


def test_lanes_beyond_a_crop_keep_their_numbers(study):
    """The target's image begins at lane 4: its first lane is still lane 4."""
    probes, _, _, carried = study
    whole = probes["actin"].blot
    cut = round(float(probes["actin"].lane_columns([100])[2:4].mean()))
    crop = Blot(
        np.ascontiguousarray(whole.pixels[:, cut:]),
        whole.signal_map,
        whole.polarity,
        source=ImageSource("crop.tif"),
    )
    layout = carry_lanes(carried.layouts["actin"], Transform(dcol=-cut), crop)
    assert [lane.use for lane in layout.lanes] == [False] * 3 + [True] * 9
    bands = detect_bands(crop, [lane for lane in layout.lanes if lane.use])
    result = measure(crop, layout.replace(rows=bands.rows, bands=bands.bands))
    assert list(result.lanes.lane) == list(range(1, 13))
    hidden = result.lanes[result.lanes.lane <= 2]
    assert hidden.total_density.isna().all()
    assert hidden["flags"].str.contains("EDGE_CUT").all()
    assert result.table.lane.min() == 4


def test_nothing_to_carry_says_so():
    flat = Blot(np.full((120, 200), 7, np.uint16), source=ImageSource("flat.tif"))
    with pytest.raises(NothingFound, match=r"a, b: none of the 2 images"):
        carry_membrane({"a": flat, "b": flat}, {})


def layout_of(places, confidence=1.0, busy=None):
    lanes = tuple(
        Lane(f"l{k}", "p", ((0, col), (99, col)), 20, confidence=confidence)
        for k, col in enumerate(places)
    )
    bands = tuple(
        Band(lane.id, "r", 40, 50) for k, lane in enumerate(lanes) if busy is None or k in busy
    )
    return Layout((Panel("p"),), lanes, (BandRow("r"),), bands)


@pytest.mark.parametrize(
    ("layouts", "roles", "best"),
    [
        ({"a": layout_of((20, 60)), "b": layout_of((20, 60, 100))}, {}, "b"),
        ({"a": layout_of((20, 60, 100)), "b": layout_of((20, 60, 100))},
         {"b": "total_protein", "a": "loading_control"}, "b"),
        ({"a": layout_of((20, 60, 100), 0.3), "b": layout_of((20, 60))}, {}, "b"),
        ({"a": layout_of((20, 60, 100), busy={0}), "b": layout_of((20, 60, 100))}, {}, "b"),
    ],
    ids=["more lanes", "role", "confidence", "bands"],
)  # fmt: skip
def test_the_reference_shows_lanes_best(layouts, roles, best):
    assert choose_reference(layouts, roles) == best


def test_the_number_of_lanes_given_comes_first():
    layouts = {"a": layout_of((20, 60, 100, 140)), "b": layout_of((20, 60, 100))}
    assert choose_reference(layouts, {}) == "a"
    assert choose_reference(layouts, {}, lane_count=3) == "b"


def test_a_lane_that_two_others_show_is_added(study, draw):
    """The control lacks its last lane; two targets have it."""
    probes, *_ = study
    spec = probes["actin"].drawn.spec
    volumes = np.array(spec.volumes)
    volumes[:, -1] = 0
    lacking = replace(spec, volumes=tuple(map(tuple, volumes.tolist())))
    full = {name: draw.few_lanes(spec, seed, 12, (0.4,)) for name, seed in (("x", 5), ("y", 6))}
    blots = {"actin": draw.probe(lacking, 1, name="actin.tif").blot}
    blots |= {name: draw.probe(full[name], 8, 0, 5, name=f"{name}.tif").blot for name in full}
    roles = {"actin": "loading_control"}
    only = carry_membrane({"actin": blots["actin"], "x": blots["x"]}, roles)
    both = carry_membrane(blots, roles)
    assert only.reference == "actin"
    assert len(only.layouts["actin"].lanes) == 11
    assert len(both.layouts["actin"].lanes) == 12
    rows = np.array([100.0])
    centers = np.array([lane.center(rows) for lane in both.layouts["actin"].lanes])
    assert np.abs(centers - draw.probe(lacking, 1).lane_columns(rows)).max() < 1.5


def test_bands_are_looked_for_on_given_lanes(study):
    """Lanes stay as they are; kinds, too."""
    probes, blots, *_ = study
    lanes = tuple(
        replace(lane, kind="ladder" if k == 0 else "sample", source="hand")
        for k, lane in enumerate(probes["erk"].lanes())
    )
    layout = detect(blots["erk"], Recipe(), lanes=lanes)
    assert layout == detect_bands(blots["erk"], lanes)
    assert layout.lanes == lanes
    detected = [band for band in layout.bands if band.detected]
    assert len(detected) == len(probes["erk"].drawn.truth["bands"])
    table = measure(blots["erk"], layout).table
    missing = table[table["flags"].str.contains("BELOW_DETECTION")]
    assert len(missing) == len(layout.bands) - len(detected)


# ---- one membrane probed three times ------------------------------------------------------------


@pytest.mark.shared
def test_one_membrane_three_probes(shared):
    """Five lanes in each; PARP and actin are read in the four samples of each."""
    import blotquant as bq

    blots = {
        name: bq.load(shared / "real" / f"blotbench_{name}.tif")[0]
        for name in ("parp", "trail", "actin")
    }
    carried = carry_membrane(blots, {"actin": "loading_control"})
    assert {name: len(layout.lanes) for name, layout in carried.layouts.items()} == {
        "parp": 5, "trail": 5, "actin": 5,
    }  # fmt: skip
    for name, layout in carried.layouts.items():
        samples = {lane.id for lane in layout.lanes[:4]}
        complete = [
            row.id
            for row in layout.rows
            if samples <= {b.lane_id for b in layout.bands if b.row_id == row.id and b.detected}
        ]
        assert len(complete) >= {"parp": 2, "trail": 3, "actin": 3}[name]

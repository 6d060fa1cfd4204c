"""What a study says comes before what names say: roles, lanes, phosphorylated forms, exclusions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blotquant.flags import Flag
from blotquant.normalize import Exclusion, Roles, StripRole, normalize_tables
from blotquant.recipe import Recipe

SAMPLES = {"sample": ["s1", "s2", "s3"], "group": ["c", "t", "t"], "replicate": ["1", "1", "2"]}


def role(image, target, membrane="A", kind="target", panel=1, **more):
    return StripRole(image, panel, target, membrane, kind, **more)


@pytest.fixture(scope="session")
def study(table):
    """Function that normalizes rows of bands as roles say."""

    def run(strips, roles, lanes=None, exclusions=(), stripped=(), **choices):
        recipe = Recipe.parse({"normalization": choices})
        said = Roles(tuple(roles), tuple(exclusions), frozenset(stripped))
        return normalize_tables(table(*strips), recipe, lanes, roles=said)

    return run


def value(done, target, column="normalized_density"):
    return done.table[done.table["target"] == target][column].tolist()


def flags(done, target):
    return [Flag.parse(text) for text in value(done, target, "flags")]


def test_roles_and_not_names_say_what_is_the_control(study, bands):
    strips = (
        bands("x1.tif", [6.0, 8.0]),
        bands("x2.tif", [2.0, 4.0]),
        bands("M1_ACTB.tif", [1, 1]),
    )
    roles = (
        role("x1.tif", "P53"),
        role("x2.tif", "my housekeeper", kind="loading_control"),
        role("M1_ACTB.tif", "ACTB"),
    )
    done = study(strips, roles)
    assert value(done, "P53") == [3.0, 2.0]
    assert value(done, "ACTB") == [0.5, 0.25]
    assert set(done.table["loading_control"]) == {"my housekeeper"}
    assert set(done.table["membrane"]) == {"A"}
    assert "normalized to my housekeeper (as the study says)" in done.messages


def test_two_targets_of_one_image_are_told_apart_by_row(study, bands):
    image = "both.tif"
    strips = (bands(image, [6.0, 8.0], row=1), bands(image, [2.0, 4.0], row=2))
    roles = (role(image, "P53", row=1), role(image, "actin", kind="loading_control", row=2))
    done = study(strips, roles)
    assert value(done, "P53") == [3.0, 2.0]
    assert done.table["row"].tolist() == [1, 1]


def test_rows_that_the_table_names_are_found_by_target(study, bands):
    image = "both.tif"
    strips = (
        bands(image, [6.0, 8.0], row=1, target="P53"),
        bands(image, [99.0, 99.0], row=2),
        bands(image, [2.0, 4.0], row=3, target="actin"),
    )
    done = study(strips, (role(image, "P53"), role(image, "actin", kind="loading_control")))
    assert value(done, "P53") == [3.0, 2.0]


def test_a_declared_strip_without_a_band_is_told(study, bands):
    roles = (role("x.tif", "P53", row=4), role("c.tif", "actin", kind="loading_control"))
    done = study((bands("x.tif", [1.0]), bands("c.tif", [1.0])), roles)
    assert done.table.empty
    assert any("x.tif has no band for P53 (panel 1, row 4)" in line for line in done.messages)


def test_lanes_pair_by_number_also_where_one_image_lacks_some(study, bands):
    target = [*bands("t.tif", [10.0, 20.0], first=1), *bands("t.tif", [40.0], first=4)]
    control = bands("c.tif", [1.0, 2.0, 3.0, 4.0])
    roles = (role("t.tif", "P53"), role("c.tif", "actin", kind="loading_control"))
    done = study((target, control), roles)
    assert done.table["lane"].tolist() == [1, 2, 4]
    assert value(done, "P53") == [10.0, 10.0, 10.0]
    turned = study((bands("t.tif", [1.0, 1.0, 1.0]), bands("c.tif", [1.0, 2.0])), roles)
    assert flags(turned, "P53") == [Flag.NONE, Flag.NONE, Flag.CONTROL_MISMATCH]
    assert any("t.tif lane 3" in line for line in turned.messages)


def test_a_ladder_keeps_its_number(study, bands):
    kinds = ["ladder", "sample", "sample"]
    target = bands("t.tif", [9.0, 10.0, 20.0], lane_kind=kinds)
    control = bands("c.tif", [1.0, 2.0], first=2)
    roles = (role("t.tif", "P53"), role("c.tif", "actin", kind="loading_control"))
    done = study((target, control), roles)
    assert value(done, "P53") == [10.0, 10.0]


def test_two_membranes_in_one_image_pair_with_controls_elsewhere(study, bands):
    strips = (
        [*bands("t.tif", [6.0, 8.0], panel=1), *bands("t.tif", [3.0, 5.0], panel=2, first=3)],
        bands("ca.tif", [2.0, 4.0]),
        bands("cb.tif", [1.0, 5.0]),
    )
    roles = (
        role("t.tif", "P53", "A"),
        role("t.tif", "P53", "B", panel=2),
        role("ca.tif", "actin", "A", "loading_control"),
        role("cb.tif", "actin", "B", "loading_control"),
    )
    done = study(strips, roles)
    assert value(done, "P53") == [3.0, 2.0, 3.0, 1.0]
    assert done.table["membrane"].tolist() == ["A", "A", "B", "B"]


def test_a_control_on_another_membrane_is_none(study, bands):
    strips = (bands("t.tif", [6.0]), bands("c.tif", [2.0]), bands("u.tif", [2.0]))
    roles = (
        role("t.tif", "P53", "A"),
        role("u.tif", "P53", "B"),
        role("c.tif", "actin", "B", "loading_control"),
    )
    done = study(strips, roles)
    assert flags(done, "P53") == [Flag.NO_CONTROL, Flag.NONE]


def test_lanes_with_other_samples_are_not_paired(study, bands):
    strips = (
        bands("t.tif", [6.0, 8.0], sample=["s1", "s2"]),
        bands("c.tif", [2.0, 4.0], sample=["s1", "s3"]),
    )
    roles = (role("t.tif", "P53"), role("c.tif", "actin", kind="loading_control"))
    done = study(strips, roles)
    assert value(done, "P53") == [3.0, pytest.approx(math.nan, nan_ok=True)]
    assert flags(done, "P53") == [Flag.NONE, Flag.CONTROL_MISMATCH]


def test_without_a_method_densities_come_into_the_table_as_they_are(study, bands):
    done = study(
        (bands("t.tif", [6.0, 8.0], errs=[1.0, 2.0]), bands("s.tif", [50.0, 50.0])),
        (role("t.tif", "P53"), role("s.tif", "stain", kind="total_protein")),
        method="none",
    )
    assert value(done, "P53", "scaled_density") == [6.0, 8.0]
    assert value(done, "P53", "normalized_density_measurement_se") == [1.0, 2.0]
    assert set(done.table["target"]) == {"P53"}


def test_a_stain_without_bands_is_read_from_the_lanes(study, bands, lanes):
    roles = (role("t.tif", "P53"), role("s.tif", "stain", kind="total_protein"))
    totals = lanes("s.tif", 2, totals=[12.0, 4.0], errs=[0.6, 0.2])
    done = study((bands("t.tif", [6.0, 8.0]),), roles, totals, method="total_protein")
    assert value(done, "P53") == [0.5, 2.0]
    assert value(done, "P53", "control_density_err") == [0.6, 0.2]


def test_of_two_pictures_of_a_target_one_counts(study, bands):
    strips = (
        bands("long.tif", [9.0, 9.0], flags=["SATURATED", ""]),
        bands("short.tif", [6.0, 8.0]),
        bands("c.tif", [2.0, 4.0]),
    )
    roles = (
        role("long.tif", "P53"),
        role("short.tif", "P53"),
        role("c.tif", "actin", kind="loading_control"),
    )
    done = study(strips, roles)
    assert done.table["image"].tolist() == ["short.tif", "short.tif"]
    assert any("short.tif was used" in line for line in done.messages)


def test_what_the_study_leaves_out_is_kept_and_marked(study, bands):
    strips = (bands("t.tif", [6.0, 8.0], **_first(2)), bands("c.tif", [2.0, 4.0]))
    roles = (role("t.tif", "P53"), role("c.tif", "actin", kind="loading_control"))
    done = study(strips, roles, exclusions=[Exclusion("A", 2, reason="bubble")])
    assert value(done, "P53", "use") == [True, False]
    assert flags(done, "P53")[0] == Flag.NONE
    assert Flag.EXCLUDED in flags(done, "P53")[1]
    assert Flag.EXCLUDED in Flag.parse(done.bands["flags"][1])
    assert any("A lane 2 (bubble)" in line for line in done.messages)


def _first(count):
    return {name: cells[:count] for name, cells in SAMPLES.items()}


def test_an_excluded_lane_of_one_target_leaves_the_others(study, bands):
    strips = (bands("t.tif", [6.0, 8.0]), bands("u.tif", [6.0, 8.0]), bands("c.tif", [2.0, 4.0]))
    roles = (
        role("t.tif", "P53"),
        role("u.tif", "PTEN"),
        role("c.tif", "actin", kind="loading_control"),
    )
    done = study(strips, roles, exclusions=[Exclusion("A", 1, "pten", "air")])
    assert value(done, "P53", "use") == [True, True]
    assert value(done, "PTEN", "use") == [False, True]
    assert value(done, "PTEN") == [3.0, 2.0]
    control = study(strips, roles, exclusions=[Exclusion("A", 1, "actin", "air")])
    assert flags(control, "P53")[0] == Flag.NO_CONTROL | Flag.EXCLUDED
    assert value(control, "P53")[1] == 2.0


PHOSPHO = (
    role("p.tif", "p-ERK", phospho_of="ERK"),
    role("t.tif", "ERK"),
    role("c.tif", "actin", kind="loading_control"),
)


@pytest.mark.parametrize("method", ["loading_control", "lane_factor", "none", "geometric_mean"])
def test_phospho_over_total_on_one_membrane_is_the_ratio(study, bands, method):
    strips = (
        bands("p.tif", [6.0, 9.0], errs=[0.6, 0.0]),
        bands("t.tif", [2.0, 6.0], errs=[0.1, 0.6]),
        bands("c.tif", [7.0, 11.0], errs=[3.0, 3.0]),
    )
    done = study(strips, PHOSPHO, method=method)
    assert value(done, "p-ERK") == [3.0, 1.5]
    assert value(done, "p-ERK", "normalized_density_measurement_se") == pytest.approx(
        [3 * math.hypot(0.1, 0.05), 1.5 * 0.1]
    )
    assert set(value(done, "p-ERK", "loading_control")) == {"ERK"}
    assert flags(done, "p-ERK") == [Flag.NONE, Flag.NONE]
    assert "normalized to ERK of the same lane: p-ERK" in done.messages


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.01, 100), min_size=3, max_size=3))
def test_the_load_of_a_lane_never_comes_into_phospho_over_total(study, bands, load):
    """Dividing by the control again would bring its own error in; by a wrong control, its value."""
    strips = (
        bands("p.tif", [6.0 * x for x in load]),
        bands("t.tif", [2.0 * x for x in load]),
        bands("c.tif", [x * noise for x, noise in zip(load, (1.0, 3.0, 0.2), strict=True)]),
    )
    done = study(strips, PHOSPHO)
    assert value(done, "p-ERK") == pytest.approx([3.0] * 3)


SEPARATE = (
    role("p.tif", "p-ERK", "A", phospho_of="ERK"),
    role("ca.tif", "actin", "A", "loading_control"),
    role("t.tif", "ERK", "B"),
    role("cb.tif", "actin", "B", "loading_control"),
)


def gels(bands, phospho, actin, total, other, errs=(None,) * 4):
    """Gel B holds the samples of gel A in another order."""
    turned = {name: cells[::-1] for name, cells in SAMPLES.items()}
    return (
        bands("p.tif", phospho, errs=errs[0], **SAMPLES),
        bands("ca.tif", actin, errs=errs[1], **SAMPLES),
        bands("t.tif", total, errs=errs[2], **turned),
        bands("cb.tif", other, errs=errs[3], **turned),
    )


def test_separate_gels_pair_by_sample_each_over_its_own_control(study, bands):
    done = study(
        gels(bands, [6.0, 8.0, 9.0], [2.0, 4.0, 3.0], [5.0, 4.0, 12.0], [1, 2, 4]), SEPARATE
    )
    # p / actin 3, 2, 3; ERK / actin by lane of gel B 5, 2, 3, so 3, 2, 5 for s1, s2, s3
    assert value(done, "p-ERK") == pytest.approx([1.0, 1.0, 0.6])
    assert flags(done, "p-ERK") == [Flag.SEPARATE_GEL] * 3
    assert value(done, "ERK") == [5.0, 2.0, 3.0]
    assert any("separate gels" in line for line in done.messages)


def test_the_error_over_separate_gels_is_that_of_a_simulation(study, bands):
    done = study(
        gels(
            bands,
            [60.0] * 3,
            [200.0] * 3,
            [30.0] * 3,
            [500.0] * 3,
            ([1.2] * 3, [6.0] * 3, [0.9] * 3, [10.0] * 3),
        ),
        SEPARATE,
    )
    rng = np.random.default_rng(2)
    p, ca, t, cb = rng.normal([60, 200, 30, 500], [1.2, 6.0, 0.9, 10.0], (200_000, 4)).T
    simulated = (p / ca) / (t / cb)
    assert value(done, "p-ERK")[0] == pytest.approx(simulated.mean(), rel=5e-3)
    assert value(done, "p-ERK", "normalized_density_measurement_se")[0] == pytest.approx(
        simulated.std(), rel=0.02
    )


def test_separate_gels_without_controls_give_no_ratio(study, bands):
    strips = gels(bands, [6.0] * 3, [2.0] * 3, [5.0] * 3, [1.0] * 3)
    done = study((strips[0], strips[2]), (SEPARATE[0], SEPARATE[2]), method="none")
    assert all(map(math.isnan, value(done, "p-ERK")))
    assert flags(done, "p-ERK") == [Flag.SEPARATE_GEL | Flag.NO_CONTROL] * 3
    assert value(done, "ERK") == [5.0] * 3


def test_a_sample_that_the_totals_gel_lacks_has_no_ratio(study, bands):
    strips = list(gels(bands, [6.0] * 3, [2.0] * 3, [5.0] * 3, [1.0] * 3))
    strips[2], strips[3] = strips[2][1:], strips[3][1:]
    done = study(strips, SEPARATE)
    assert flags(done, "p-ERK")[2] == Flag.SEPARATE_GEL | Flag.CONTROL_MISMATCH
    assert value(done, "p-ERK")[:2] == [pytest.approx(0.6)] * 2


def test_bounds_pass_through_separate_gels(study, bands):
    strips = gels(bands, [6.0] * 3, [2.0] * 3, [5.0] * 3, [1.0] * 3)
    strips[3][2]["flags"] = "SATURATED"  # gel B's control of s1 reads too low: total too high
    done = study(strips, SEPARATE)
    assert value(done, "p-ERK", "bounds") == ["lower bound", "", ""]


def test_a_total_that_no_image_shows_is_told(study, bands):
    done = study((bands("p.tif", [6.0]), bands("c.tif", [7.0])), (PHOSPHO[0], PHOSPHO[2]))
    assert flags(done, "p-ERK") == [Flag.NO_CONTROL]
    assert any("no image shows ERK" in line for line in done.messages)


def carried(study, bands, lanes, *, shift=0.0, first=1, second=2, found="", **more):
    """P53 probed after PTEN, whose band lies so much of the lane's 200 px away."""
    import pandas as pd

    strips = (
        bands("pten.tif", [5.0, 5.0], rf=0.5, flags=[found, "BELOW_DETECTION"]),
        bands("p53.tif", [6.0, 8.0], rf=0.5 + shift / 200.0, height=20.0),
        bands("c.tif", [2.0, 4.0], rf=0.9),
    )
    roles = (
        role("pten.tif", "PTEN", order=first),
        role("p53.tif", "P53", order=second),
        role("c.tif", "actin", kind="loading_control", order=3),
    )
    images = ("pten.tif", "p53.tif", "c.tif")
    table = pd.concat([lanes(image, 2) for image in images])
    return study(strips, roles, table, **more)


@pytest.mark.parametrize("shift", [0.0, 9.9, -9.9])
def test_an_earlier_probes_band_in_the_box_is_carry_over(study, bands, lanes, shift):
    done = carried(study, bands, lanes, shift=shift)
    assert flags(done, "P53") == [Flag.CARRY_OVER, Flag.NONE]
    assert flags(done, "PTEN")[0] == Flag.NONE
    assert value(done, "P53", "bounds") == ["upper bound", ""]
    assert value(done, "P53") == [3.0, 2.0]
    assert any("P53 on A" in line and "lane 1" in line for line in done.messages)
    on_bands = done.bands[done.bands["image"] == "p53.tif"]["flags"].tolist()
    assert on_bands == ["CARRY_OVER", ""]


@pytest.mark.parametrize(
    "case",
    [
        {"shift": 10.1},
        {"stripped": ["A"]},
        {"first": 2, "second": 1},
        {"first": 2, "second": 2},
        {"first": None},
        {"found": "BELOW_DETECTION"},
    ],
    ids=["beside", "stripped", "later", "together", "order unknown", "not there"],
)
def test_no_carry_over_without_a_cause(study, bands, lanes, case):
    done = carried(study, bands, lanes, **case)
    assert not any(Flag.CARRY_OVER in flag for flag in flags(done, "P53"))

"""Membranes on one scale: by hand, planted scales come back, exposures cancel, and what is lost."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blotquant.errors import RecipeError
from blotquant.flags import Flag
from blotquant.normalize import Exclusion, Roles, StripRole, normalize_tables
from blotquant.normalize.across import Reading, scale_membranes
from blotquant.normalize.alignment import align
from blotquant.normalize.strips import StripKey
from blotquant.recipe import NormalizationSettings, Recipe

WAYS = {
    "none": {},
    "reference_sample": {"reference_sample": "IBC"},
    "replicate_sum": {},
    "reference_group": {"reference_group": "c"},
    "alignment": {},
}
SCALING = [way for way in WAYS if way != "none"]


def choice(way):
    return NormalizationSettings(across=way, **WAYS[way])


def membrane(name, values, *, target="P53", **cells):
    """Readings of one target on one membrane; lanes are c, c, t, t and the reference sample."""
    groups = ["c", "c", "t", "t", ""]
    samples = ["c1", "c2", "t1", "t2", "IBC"]
    readings = []
    for place, value in enumerate(values):
        fields = {
            "unit": StripKey(f"{name}.tif", 1, target),
            "membrane": name,
            "target": target,
            "lane": place + 1,
            "sample": samples[place % 5],
            "group": groups[place % 5],
            "kind": "reference" if place == 4 else "sample",
            "value": value,
            "detected": True,
            "use": True,
        }
        for cell, value_of in cells.items():
            fields[cell] = value_of[place] if isinstance(value_of, list) else value_of
        readings.append(Reading(**fields))
    return readings


def factors(readings, way, **choices):
    done = scale_membranes(readings, NormalizationSettings(across=way, **(WAYS[way] | choices)))
    return {unit.image[:-4]: scale.factor for unit, scale in done.scales.items()}, done


A = membrane("A", [2.0, 8.0, 10.0, 20.0, 4.0])


@pytest.mark.parametrize(
    ("way", "factor"),
    [
        ("none", 1.0),
        ("reference_sample", 4.0),
        ("reference_group", 5.0),  # mean of 2 and 8
        ("replicate_sum", 20.0),  # mean of 2 and 8, and of 10 and 20
        ("alignment", (2 * 8 * 10 * 20) ** 0.25),
    ],
)
def test_factor_by_hand(way, factor):
    found, _ = factors(A, way)
    assert found["A"] == pytest.approx(factor)


def test_alignment_by_hand():
    # B is A times 3 but for one sample, which is on B only.
    found = align({"A": {"s": 0.0, "t": 1.0}, "B": {"s": 2.0, "t": 3.0, "u": 9.0}})
    assert found == pytest.approx({"A": 0.5, "B": 2.5})


def test_alignment_weighs_a_disagreement():
    found = align({"A": {"s": 0.0, "t": 0.0}, "B": {"s": 1.0, "t": 2.0}})
    assert found["B"] - found["A"] == pytest.approx(1.5)


def test_planted_scales_come_back_from_incomplete_membranes():
    """Membranes that share only some samples with each other, in a chain."""
    rng = np.random.default_rng(3)
    truth = {f"s{k}": value for k, value in enumerate(rng.lognormal(0, 1, 8))}
    planted = {"A": 1.0, "B": 7.0, "C": 0.03, "D": 250.0}
    shown = {"A": "0123", "B": "2345", "C": "4567", "D": "017"}
    logs = {
        name: {f"s{k}": math.log(planted[name] * truth[f"s{k}"]) for k in keys}
        for name, keys in shown.items()
    }
    found = align(logs)
    for name, factor in planted.items():
        assert math.exp(found[name] - found["A"]) == pytest.approx(factor)


def test_alignment_is_the_maximum_likelihood_of_equal_scatter():
    """Factors scatter as least squares says: sigma * sqrt(2 / samples) for two membranes."""
    rng = np.random.default_rng(4)
    differences = []
    for _ in range(2000):
        noise = rng.normal(0, 0.2, (2, 8))
        logs = {name: {str(k): noise[i, k] for k in range(8)} for i, name in enumerate("AB")}
        found = align(logs)
        differences.append(found["B"] - found["A"])
    assert np.mean(differences) == pytest.approx(0.0, abs=0.01)
    assert np.std(differences) == pytest.approx(0.2 * math.sqrt(2 / 8), rel=0.05)


def test_membranes_that_share_nothing_are_left_out():
    readings = [
        *A,
        *membrane("B", [4.0, 16.0, 20.0, 40.0, 8.0]),
        *membrane("C", [1.0] * 5, sample=list("vwxyz"), group=list("lmnop")),
    ]
    found, done = factors(readings, "alignment")
    assert found["B"] / found["A"] == pytest.approx(2.0)
    assert math.isnan(found["C"])
    assert any("P53 on C" in line and "shared" in line for line in done.messages)


def test_replicates_without_a_common_sample_are_aligned_by_group():
    readings = [
        *membrane("A", [1.0, 1.0, 4.0, 4.0], sample=["a1", "a2", "a3", "a4"]),
        *membrane("B", [3.0, 3.0, 12.0, 12.0], sample=["b1", "b2", "b3", "b4"]),
    ]
    found, _ = factors(readings, "alignment")
    assert found["B"] / found["A"] == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("way", "cells", "reason"),
    [
        ("reference_sample", {"sample": "x"}, "no lane of reference sample 'IBC'"),
        ("reference_sample", {"detected": [True] * 4 + [False]}, "below detection"),
        ("reference_sample", {"value": [1.0] * 4 + [math.nan]}, "without a value above 0"),
        ("reference_sample", {"use": [True] * 4 + [False]}, "no lane of reference sample"),
        ("reference_group", {"group": "t"}, "no lane of reference group 'c'"),
        ("reference_group", {"detected": [False] + [True] * 4}, "below detection"),
        ("reference_group", {"value": [-1.0, *[1.0] * 4]}, "without a value above 0"),
        ("replicate_sum", {"group": "c"}, "without t to sum over"),
        ("replicate_sum", {"value": [math.nan, *[1.0] * 4]}, "lacks a value"),
        ("alignment", {"detected": False}, "no sample or group shared"),
    ],
)
def test_a_membrane_that_lacks_what_is_needed_has_no_scale(way, cells, reason):
    good = [*A, *membrane("B", [2.0, 2.0, 2.0, 2.0, 2.0])]
    found, done = factors([*good, *membrane("C", [1.0] * 5, **cells)], way)
    assert math.isnan(found["C"])
    assert found["A"] > 0
    assert found["B"] > 0
    (line,) = [line for line in done.messages if reason in line]
    assert "P53 on C" in line


@pytest.mark.parametrize("way", ["reference_sample", "reference_group"])
def test_a_method_without_its_name_is_refused(way):
    with pytest.raises(RecipeError, match=rf"normalization\.{way}"):
        scale_membranes(A, NormalizationSettings(across=way))


def test_a_lane_that_is_left_out_has_no_say():
    odd = membrane("A", [2.0, 9e9, 10.0, 20.0, 4.0], use=[True, False, True, True, True])
    for way in WAYS:
        found, _ = factors(odd, way)
        plain, _ = factors([r for r in odd if r.use], way)
        assert found == plain


def test_a_reference_that_is_a_bound_makes_all_of_it_one():
    readings = membrane("A", [2.0] * 5, bound=["", "", "", "", "lower bound"])
    _, done = factors(readings, "reference_sample")
    assert {scale.bound for scale in done.scales.values()} == {"lower bound"}
    assert any("P53 on A" in line and "bound" in line for line in done.messages)


def test_the_trap_of_a_constant_reference_group_is_told():
    readings = [r for name in "ABC" for r in membrane(name, [2.0, 3.0], group=["c", "t"])]
    _, done = factors(readings, "reference_group")
    assert any("group 'c' is 1 on every membrane" in line for line in done.messages)
    two = [r for name in "ABC" for r in membrane(name, [2.0, 3.0, 5.0, 5.0])]
    _, done = factors(two, "reference_group")
    assert not any("is 1 on every membrane" in line for line in done.messages)
    assert any("nearly constant" in line for line in done.messages)
    _, none = factors(readings, "none")
    assert none.messages == ()


VALUES = st.lists(st.floats(0.01, 1e4), min_size=5, max_size=5)


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=4), st.sampled_from(SCALING), st.floats(1e-3, 1e3))
def test_the_exposure_of_a_membrane_cancels(rows, way, gain):
    """All scaled values stay, those of the other membranes too."""
    once = [r for k, row in enumerate(rows) for r in membrane(f"M{k}", row)]
    brighter = [r for k, row in enumerate(rows) for r in membrane(f"M{k}", _times(row, k, gain))]
    first, second = scale_membranes(once, choice(way)), scale_membranes(brighter, choice(way))
    for one, other in zip(once, brighter, strict=True):
        assert other.value / second.scales[one.unit].factor == pytest.approx(
            one.value / first.scales[one.unit].factor
        )


def _times(row, number, gain):
    return [value * gain for value in row] if number == 0 else row


@settings(max_examples=60, deadline=None)
@given(
    st.lists(VALUES, min_size=1, max_size=3),
    st.sampled_from(list(WAYS)),
    st.randoms(use_true_random=False),
)
def test_the_order_of_readings_changes_nothing(rows, way, random):
    readings = [
        r
        for k, row in enumerate(rows)
        for target in ("P53", "PTEN")
        for r in membrane(f"M{k}", row, target=target)
    ]
    mixed = readings[:]
    random.shuffle(mixed)
    once, again = scale_membranes(readings, choice(way)), scale_membranes(mixed, choice(way))
    assert dict(once.scales) == dict(again.scales)


@pytest.fixture(scope="session")
def run(table, bands):
    """Function that normalizes two membranes of P53 and actin, three lanes each."""

    def normalize(way, nets=([2.0, 4.0, 8.0], [6.0, 12.0, 24.0]), exclusions=(), **cells):
        strips, roles = [], []
        lane = {"sample": ["IBC", "s1", "s2"], "group": ["", "c", "t"]}
        for name, net in zip("AB", nets, strict=True):
            strips += [
                bands(f"{name}.tif", net, **lane | cells),
                bands(f"{name}c.tif", [2.0, 2.0, 2.0], **lane),
            ]
            roles += [
                StripRole(f"{name}.tif", 1, "P53", name),
                StripRole(f"{name}c.tif", 1, "actin", name, "loading_control"),
            ]
        recipe = Recipe.parse({"normalization": {"across": way, **WAYS[way]}})
        said = Roles(tuple(roles), tuple(exclusions))
        return normalize_tables(table(*strips), recipe, roles=said)

    return normalize


def test_scaled_density_in_the_table(run):
    done = run("reference_sample")
    assert done.table["normalized_density"].tolist() == [1.0, 2.0, 4.0, 3.0, 6.0, 12.0]
    assert done.table["scaled_density"].tolist() == [1.0, 2.0, 4.0] * 2
    plain = run("none").table
    assert plain["scaled_density"].tolist() == plain["normalized_density"].tolist()


def test_limits_are_scaled_too(run):
    done = run("reference_sample", flags=["", "BELOW_DETECTION", ""], detection_limit=6.0)
    # limit 6 over the control's 2, over the reference sample's ratio: 1 on A, 3 on B
    limits = done.table["scaled_density_limit"]
    assert limits.dropna().tolist() == [3.0, 2.0]
    assert done.table["lane"][limits.notna()].tolist() == [2, 2]


def test_a_missing_scale_is_a_flag_and_a_message(run):
    done = run("reference_sample", sample=["", "s1", "s2"])
    assert done.table["scaled_density"].isna().all()
    assert all(Flag.NO_SCALE in Flag.parse(text) for text in done.table["flags"])
    assert done.table["normalized_density"].notna().all()
    assert any("no scaled densities of P53 on A, P53 on B" in line for line in done.messages)


def test_a_saturated_reference_turns_all_into_bounds(run):
    done = run("reference_sample", flags=["SATURATED", "", "SATURATED"])
    assert done.table["bounds"].tolist() == ["either way", "upper bound", "either way"] * 2


def test_an_excluded_reference_gives_no_scale(run):
    done = run("reference_sample", exclusions=[Exclusion("A", 1, reason="smear")])
    assert done.table["scaled_density"].isna().tolist() == [True] * 3 + [False] * 3

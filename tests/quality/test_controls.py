"""Loading controls judged: numbers held to statsmodels and scipy, verdicts to planted faults."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f_oneway, variation

from blotquant.columns import BAND_COLUMNS, CONTROL_COLUMNS
from blotquant.normalize import Exclusion, Roles, StripRole
from blotquant.quality import control_validity
from blotquant.quality.spread import (
    Point,
    agreement,
    coefficient_of_variation,
    group_effect,
)
from blotquant.recipe import Recipe

EMPTY = {"text": "", "integer": 0, "number": math.nan}
TYPES = {"text": "object", "integer": "int64", "number": "float64"}
GROUPS = ["c", "c", "c", "t", "t", "t"]
REPLICATES = ["1", "2", "3"] * 2
EVEN = [100.0, 110.0, 90.0, 105.0, 95.0, 100.0]


def strip(membrane, target, nets, **cells):
    lines = []
    for place, net in enumerate(nets):
        line = {
            "image": f"{membrane}_{target}.tif",
            "panel": 1,
            "membrane": membrane,
            "target": target,
            "lane": place + 1,
            "lane_kind": "sample",
            "group": GROUPS[place % 6],
            "replicate": REPLICATES[place % 6],
            "row": 1,
            "net_density": net,
            "net_density_err": 1.0,
        }
        for name, value in cells.items():
            line[name] = value[place] if isinstance(value, list) else value
        lines.append(line)
    return lines


def judge(*strips, roles=None, **choices):
    empty = {column.name: EMPTY[column.kind] for column in BAND_COLUMNS}
    bands = pd.DataFrame.from_records([empty | line for lines in strips for line in lines])
    bands = bands.astype({column.name: TYPES[column.kind] for column in BAND_COLUMNS})
    recipe = Recipe.parse({"normalization": choices})
    return control_validity(bands, recipe, roles=roles)


def the(table, control="beta-actin", membrane="M1"):
    (line,) = table[(table["control"] == control) & (table["membrane"] == membrane)].to_dict(
        "records"
    )
    return line


def test_the_table_keeps_the_contract():
    table = judge(strip("M1", "b-actin", EVEN), strip("M1", "P53", EVEN))
    assert list(table) == [column.name for column in CONTROL_COLUMNS]
    for column in CONTROL_COLUMNS:
        assert table[column.name].dtype == TYPES[column.kind], column.name
    assert table["control"].tolist() == ["beta-actin"]
    empty = judge(strip("M1", "P53", EVEN))
    assert empty.empty
    assert list(empty) == list(table)


def test_an_even_control_is_sound():
    line = the(judge(strip("M1", "b-actin", EVEN)))
    assert line["n_lanes"] == 6
    assert line["cv"] == pytest.approx(variation(EVEN, ddof=1))
    assert (line["saturated_lanes"], line["below_detection_lanes"]) == (0, 0)
    assert line["verdict"] == "sound"
    assert line["agreement_with"] == ""
    assert math.isnan(line["agreement_r"])
    assert "CV over lanes 7 %" in line["reason"]


def test_one_membrane_is_a_one_way_analysis_of_variance():
    nets = [100.0, 120.0, 95.0, 170.0, 150.0, 190.0]
    line = the(judge(strip("M1", "b-actin", nets)))
    logs = np.log2(nets)
    assert line["group_p"] == pytest.approx(f_oneway(logs[:3], logs[3:]).pvalue)
    assert line["group_effect_fold"] == pytest.approx(2 ** (logs[3:].mean() - logs[:3].mean()))
    assert line["verdict"] == "doubtful"
    assert "from c to t" in line["reason"]


def test_several_membranes_are_blocks_as_statsmodels_has_them():
    import statsmodels.formula.api as smf
    from statsmodels.stats.anova import anova_lm

    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        [
            (block, group, str(k), level * gain * rng.lognormal(0, 0.2))
            for block, level in (("M1", 1.0), ("M2", 30.0), ("M3", 0.1))
            for group, gain in (("a", 1.0), ("b", 1.3), ("c", 0.8))
            for k in range(2 if (block, group) != ("M2", "b") else 1)
        ],
        columns=["block", "group", "replicate", "density"],
    )
    points = [Point(*row) for row in frame.itertuples(index=False, name=None)]
    found = group_effect(points)
    frame["log"] = np.log2(frame["density"])
    fit = smf.ols("log ~ C(block) + C(group)", frame).fit()
    assert found.p == pytest.approx(anova_lm(fit, typ=2).loc["C(group)", "PR(>F)"])
    levels = {"a": 0.0, "b": fit.params["C(group)[T.b]"], "c": fit.params["C(group)[T.c]"]}
    assert found.fold == pytest.approx(2 ** (max(levels.values()) - min(levels.values())))
    assert found.highest == max(levels, key=levels.get)
    assert found.lowest == min(levels, key=levels.get)


def test_false_alarms_are_as_many_as_the_level_says():
    rng = np.random.default_rng(6)
    alarms = 0
    for _ in range(2000):
        points = [
            Point(block, group, str(k), float(rng.lognormal(math.log(level), 0.25)))
            for block, level in (("M1", 1.0), ("M2", 5.0))
            for group in "ct"
            for k in range(3)
        ]
        alarms += group_effect(points).p < 0.05
    assert 70 < alarms < 130  # 100 expected, standard deviation 10


def test_technical_repeats_are_no_replicates():
    points = [Point("M1", g, r, d) for g, r, d in (("c", "1", 1.0), ("c", "1", 1.1))] * 3
    points += [Point("M1", "t", "1", 2.0), Point("M1", "t", "1", 2.1)]
    found = group_effect(points)
    assert math.isnan(found.p)
    assert found.fold == pytest.approx(math.sqrt(2.0 * 2.1 / 1.1))


@pytest.mark.parametrize(
    "points",
    [
        [],
        [Point("M1", "c", str(k), 1.0 + k) for k in range(4)],
        [Point("M1", "", str(k), 1.0 + k) for k in range(4)],
        [Point("M1", "c", "1", 1.0), Point("M2", "t", "1", 2.0)],
    ],
    ids=["none", "one group", "no groups", "groups apart"],
)
def test_no_groups_to_compare(points):
    found = group_effect(points)
    assert math.isnan(found.fold)
    assert math.isnan(found.p)


def test_the_cv_of_several_membranes_is_within_them():
    points = [Point("M1", "c", "1", d) for d in EVEN]
    points += [Point("M2", "c", "1", 1000 * d) for d in EVEN]
    assert coefficient_of_variation(points) == pytest.approx(variation(EVEN, ddof=1))
    assert math.isnan(coefficient_of_variation(points[:1]))


def test_agreement_by_hand():
    one = [1.0, 2.0, 4.0, 8.0]
    pairs = [(Point("M1", "", "", d), Point("M1", "", "", 7 * d)) for d in one]
    found = agreement(pairs)
    assert found.r == pytest.approx(1.0)
    assert found.ratio_cv == pytest.approx(0.0, abs=1e-9)
    other = [3.0, 1.0, 9.0, 5.0]
    pairs = [
        (Point("M1", "", "", a), Point("M1", "", "", b)) for a, b in zip(one, other, strict=True)
    ]
    assert agreement(pairs).r == pytest.approx(np.corrcoef(np.log(one), np.log(other))[0, 1])
    assert math.isnan(agreement(pairs[:2]).r)


def test_the_cv_of_the_ratio_is_that_of_the_simulation():
    rng = np.random.default_rng(7)
    load = rng.lognormal(0, 0.3, 4000)
    first, second = load * rng.lognormal(0, 0.2, 4000), load * rng.lognormal(0, 0.3, 4000)
    pairs = [
        (Point("M", "", "", a), Point("M", "", "", b)) for a, b in zip(first, second, strict=True)
    ]
    expected = (first / second).std() / (first / second).mean()
    assert agreement(pairs).ratio_cv == pytest.approx(expected, rel=0.05)


def test_a_control_that_disagrees_with_total_protein_is_doubtful():
    load = [100.0, 150.0, 80.0, 120.0, 90.0, 110.0]
    off = [40.0, 300.0, 200.0, 60.0, 250.0, 55.0]
    table = judge(
        strip("M1", "b-actin", off), strip("M1", "GAPDH", load), strip("M1", "Ponceau", load)
    )
    actin, gapdh = the(table), the(table, "GAPDH")
    assert (actin["agreement_with"], gapdh["agreement_with"]) == ("Ponceau S", "Ponceau S")
    assert actin["agreement_r"] == pytest.approx(np.corrcoef(np.log(load), np.log(off))[0, 1])
    assert actin["verdict"] == "doubtful"
    assert "does not agree with Ponceau S" in actin["reason"]
    assert gapdh["agreement_r"] == pytest.approx(1.0)
    assert gapdh["verdict"] == "sound"
    assert the(table, "Ponceau S")["agreement_with"] == "beta-actin"


@pytest.mark.parametrize(
    ("nets", "cells", "verdict", "words"),
    [
        (EVEN, {"flags": ["SATURATED", *[""] * 5]}, "look", "saturated in 1 of 6"),
        (EVEN, {"flags": ["SATURATED"] * 2 + [""] * 4}, "doubtful", "saturated in 2 of 6"),
        (EVEN, {"flags": [*[""] * 5, "BELOW_DETECTION"]}, "look", "below detection in 1 of 6"),
        ([*EVEN[:5], -3.0], {}, "look", "below detection in 1 of 6"),
        (EVEN, {"flags": "SATURATION_NOT_ASSESSABLE"}, "look", "cannot be assessed"),
        (EVEN[:2], {}, "look", "too few"),
        ([100.0, 150.0, 60.0, 55.0, 105.0, 140.0], {}, "look", "uneven"),
        ([100.0, 300.0, 30.0, 50.0, 310.0, 95.0], {}, "doubtful", "very uneven"),
    ],
)
def test_faults_are_seen_and_said(nets, cells, verdict, words):
    line = the(judge(strip("M1", "b-actin", nets, **cells)))
    assert line["verdict"] == verdict
    assert words in line["reason"]


def test_the_worst_comes_first():
    line = the(judge(strip("M1", "b-actin", EVEN, flags=["SATURATED"] * 2 + [""] * 4)))
    assert line["reason"].startswith("saturated")
    assert "\n" not in line["reason"]


def test_only_sample_lanes_that_count_are_looked_at():
    kinds = ["ladder", "sample", "sample", "positive", "empty", "sample"]
    table = judge(strip("M1", "b-actin", [9e9, 1.0, 2.0, 9e9, 0.0, 3.0], lane_kind=kinds))
    assert the(table)["n_lanes"] == 3
    assert the(table)["cv"] == pytest.approx(0.5)
    roles = Roles(
        (StripRole("M1_b-actin.tif", 1, "actin", "A", "loading_control"),),
        (Exclusion("A", 2, reason="bubble"),),
    )
    said = judge(strip("M1", "b-actin", [1.0, 9e9, 2.0, 3.0]), roles=roles)
    assert the(said, "beta-actin", "A")["n_lanes"] == 3
    assert the(said, "beta-actin", "A")["cv"] == pytest.approx(0.5)


def test_all_membranes_together_come_last():
    table = judge(
        strip("M10", "b-actin", EVEN),
        strip("M2", "b-actin", [10 * x for x in EVEN]),
        strip("M2", "GAPDH", EVEN),
    )
    places = list(zip(table["control"], table["membrane"], strict=True))
    assert places == [
        ("GAPDH", "M2"),
        ("beta-actin", "M2"),
        ("beta-actin", "M10"),
        ("beta-actin", ""),
    ]
    assert the(table, membrane="")["n_lanes"] == 12
    assert the(table, membrane="")["cv"] == pytest.approx(the(table, membrane="M2")["cv"])


def test_a_named_control_is_judged_too():
    table = judge(strip("M1", "HSP70", EVEN), strip("M1", "P53", EVEN), loading_control="hsp-70")
    assert table["control"].tolist() == ["HSP70"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(1.0, 1e4), min_size=12, max_size=12),
    st.floats(1e-3, 1e3),
    st.randoms(use_true_random=False),
)
def test_neither_exposure_nor_order_changes_what_is_found(nets, gain, random):
    points = [
        Point(f"M{k // 6}", GROUPS[k % 6], REPLICATES[k % 6], net) for k, net in enumerate(nets)
    ]
    other = [
        point._replace(density=point.density * gain) if point.block == "M0" else point
        for point in points
    ]
    random.shuffle(other)
    once, again = group_effect(points), group_effect(other)
    assert again.fold == pytest.approx(once.fold)
    assert again.p == pytest.approx(once.p, rel=1e-6, nan_ok=True)
    assert coefficient_of_variation(other) == pytest.approx(coefficient_of_variation(points))

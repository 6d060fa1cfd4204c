"""Ratios by hand, pairings by the rules, and a reason wherever there is no number."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blotquant import registry
from blotquant.columns import BAND_COLUMNS, NORMALIZED_COLUMNS
from blotquant.errors import RecipeError
from blotquant.flags import Flag
from blotquant.names import parse_name
from blotquant.normalize import loading_control, no_normalization, normalize_tables
from blotquant.recipe import Recipe

_TYPES = {"text": "object", "integer": "int64", "number": "float64", "boolean": "bool"}
_EMPTY = {"text": "", "integer": 0, "number": math.nan}


def strip(image, nets, row=1, errs=None, **cells):
    """Lines of one row of bands; a cell may be one value or one for each lane."""
    membrane, target = parse_name(image)
    lines = []
    for place, net in enumerate(nets):
        line = {
            "image": image,
            "panel": 1,
            "membrane": membrane,
            "target": target,
            "lane": place + 1,
            "lane_kind": "sample",
            "row": row,
            "net_density": net,
            "net_density_err": errs[place] if errs else 0.0,
            "flags": "",
        }
        for name, value in cells.items():
            line[name] = value[place] if isinstance(value, list) else value
        lines.append(line)
    return lines


def table(*strips):
    empty = {column.name: _EMPTY[column.kind] for column in BAND_COLUMNS}
    frame = pd.DataFrame.from_records([empty | line for lines in strips for line in lines])
    return frame.astype({column.name: _TYPES[column.kind] for column in BAND_COLUMNS})


def normalize(*strips, **choices):
    recipe = Recipe.parse({"normalization": choices})
    return normalize_tables(table(*strips), recipe)


def of(done, image, row=1):
    """Lines of one row of bands in the table given back."""
    return done.bands[(done.bands["image"] == image) & (done.bands["row"] == row)]


def flags(lines):
    return [Flag.parse(text) for text in lines["flags"]]


P53, ACTIN = "M1_P53.tif", "M1_b-actin.tif"


def test_ratio_and_error_by_hand():
    done = normalize(
        strip(P53, [30.0, 8.0], errs=[3.0, 0.8]), strip(ACTIN, [10.0, 4.0], errs=[0.5, 0.0])
    )
    lines = of(done, P53)
    assert lines["normalized_density"].tolist() == [3.0, 2.0]
    # 3 * sqrt(0.1**2 + 0.05**2); 2 * sqrt(0.1**2 + 0)
    assert lines["normalized_density_measurement_se"].tolist() == pytest.approx([0.3354102, 0.2])
    assert lines["flags"].tolist() == ["", ""]
    assert of(done, ACTIN)["normalized_density"].isna().all()
    assert done.table["normalized_density"].tolist() == [3.0, 2.0]
    assert done.table["control_density"].tolist() == [10.0, 4.0]
    assert set(done.table["loading_control"]) == {"beta-actin"}
    assert set(done.table["control_image"]) == {ACTIN}


def test_error_holds_where_the_target_is_zero():
    done = normalize(strip(P53, [0.0], errs=[2.0]), strip(ACTIN, [10.0], errs=[1.0]))
    assert of(done, P53)["normalized_density_measurement_se"].tolist() == [0.2]


def test_tables_keep_the_contract():
    bands = table(strip(P53, [1.0]), strip(ACTIN, [2.0]))
    before = bands.copy(deep=True)
    done = normalize_tables(bands, Recipe())
    pd.testing.assert_frame_equal(bands, before)
    assert list(done.bands) == [column.name for column in BAND_COLUMNS]
    assert done.bands.dtypes.to_dict() == bands.dtypes.to_dict()
    assert list(done.table) == [column.name for column in NORMALIZED_COLUMNS]
    for column in NORMALIZED_COLUMNS:
        assert done.table[column.name].dtype == _TYPES[column.kind], column.name


def test_relative_to_the_geometric_mean_of_the_reference_lanes():
    done = normalize(
        strip(P53, [2.0, 8.0, 20.0]), strip(ACTIN, [1.0, 1.0, 2.0]), reference_lanes=(1, 2)
    )
    # ratios 2, 8, 10 over sqrt(2 * 8) = 4; net densities 2, 8, 20 over the same
    assert done.table["relative_density"].tolist() == pytest.approx([0.5, 2.0, 2.5])
    assert of(done, P53)["relative_density"].tolist() == pytest.approx([0.5, 2.0, 5.0])


def test_relative_density_without_a_control():
    done = normalize(strip("scan 3.tif", [2.0, 8.0]), reference_lanes=(1,), method="none")
    assert done.bands["relative_density"].tolist() == [1.0, 4.0]
    assert done.bands["normalized_density"].isna().all()
    assert done.table.empty
    assert done.messages == ()


@pytest.mark.parametrize(
    ("nets", "flag", "lanes", "reason"),
    [
        ([-1.0, 8.0], "", (1, 2), "lane 1 without a value above 0"),
        ([1.0, 8.0], "BELOW_DETECTION", (1, 2), "lane 1 below detection"),
        ([1.0, 8.0], "", (1, 3), "lane 3 not among"),
    ],
)
def test_a_reference_that_is_none_gives_no_numbers_and_says_so(nets, flag, lanes, reason):
    done = normalize(
        strip(P53, nets, flags=[flag, ""]), strip(ACTIN, [1.0, 1.0]), reference_lanes=lanes
    )
    assert done.table["relative_density"].isna().all()
    assert done.table["normalized_density"].tolist() == nets
    assert any(reason in message and P53 in message for message in done.messages)


def test_the_most_complete_row_is_the_target_before_the_strongest():
    weak = strip(P53, [1.0] * 4, row=1)
    strong = strip(P53, [9.0] * 4, row=2, flags=["", "BELOW_DETECTION", "BELOW_DETECTION"] * 2)
    done = normalize(weak, strong, strip(ACTIN, [1.0] * 4))
    assert set(done.table["row"]) == {1}


def test_the_stronger_of_two_complete_rows_is_the_target():
    done = normalize(
        strip(P53, [1.0, 1.0], row=1), strip(P53, [5.0, 5.0], row=2), strip(ACTIN, [1.0] * 2)
    )
    assert set(done.table["row"]) == {2}
    assert of(done, P53, row=1)["normalized_density"].isna().all()
    assert not any(flags(of(done, P53, row=2)))


@pytest.mark.parametrize(("second", "doubtful"), [(0.59, False), (0.61, True)])
def test_a_second_row_of_nearly_the_same_strength_is_flagged(second, doubtful):
    done = normalize(
        strip(P53, [1.0, 1.0], row=1),
        strip(P53, [second, second], row=2),
        strip(ACTIN, [1.0, 1.0]),
    )
    assert set(done.table["row"]) == {1}
    assert [Flag.AMBIGUOUS_ROW in f for f in flags(of(done, P53, row=1))] == [doubtful] * 2
    assert [Flag.AMBIGUOUS_ROW in f for f in flags(of(done, P53, row=2))] == [False] * 2
    assert any("row 2 could be it" in message for message in done.messages) == doubtful


@pytest.mark.parametrize(("strength", "doubtful"), [(2.9, False), (3.1, True)])
def test_completeness_and_strength_that_contradict_each_other_are_flagged(strength, doubtful):
    knocked_out = ["", "", "BELOW_DETECTION", "BELOW_DETECTION"]
    done = normalize(
        strip(P53, [1.0] * 4, row=1),
        strip(P53, [strength, strength, 0.0, 0.0], row=2, flags=knocked_out),
        strip(ACTIN, [1.0] * 4),
    )
    assert set(done.table["row"]) == {1}
    assert [Flag.AMBIGUOUS_ROW in f for f in flags(of(done, P53, row=1))] == [doubtful] * 4


def test_ladders_do_not_make_a_row_complete():
    kinds = ["ladder", "ladder", "sample", "sample"]
    absent = "BELOW_DETECTION"
    done = normalize(
        strip(P53, [9.0, 9.0, 9.0, 0.1], row=1, lane_kind=kinds, flags=["", "", "", absent]),
        strip(P53, [0.1, 0.1, 1.0, 1.0], row=2, lane_kind=kinds, flags=[absent, absent, "", ""]),
        strip(ACTIN, [1.0, 1.0, 1.0, 1.0], lane_kind=kinds),
    )
    assert set(done.table["row"]) == {2}
    assert done.table["lane"].tolist() == [3, 4]


def test_lanes_are_paired_by_their_place_without_ladders():
    done = normalize(
        strip(P53, [99.0, 10.0, 20.0], lane_kind=["ladder", "sample", "sample"]),
        strip(ACTIN, [2.0, 5.0]),
    )
    assert done.table["lane"].tolist() == [2, 3]
    assert done.table["normalized_density"].tolist() == [5.0, 4.0]


def test_a_row_with_no_band_in_a_lane_shifts_no_other():
    first, _, third = strip(P53, [10.0, 20.0, 30.0], row=1)
    noise = strip(P53, [0.0, 0.0, 0.0], row=2, flags="BELOW_DETECTION")
    done = normalize([first, third], noise, strip(ACTIN, [1.0, 2.0, 3.0]))
    assert done.table["lane"].tolist() == [1, 3]
    assert done.table["normalized_density"].tolist() == [10.0, 10.0]


def test_other_lane_counts_are_not_paired():
    done = normalize(strip(P53, [1.0, 2.0]), strip(ACTIN, [1.0, 2.0, 3.0]))
    assert [Flag.CONTROL_MISMATCH in f for f in flags(of(done, P53))] == [True, True]
    assert of(done, P53)["normalized_density"].isna().all()
    assert any("2 lanes" in m and "3" in m and ACTIN in m for m in done.messages)


def test_a_saturated_control_is_said_of_the_ratio():
    done = normalize(strip(P53, [1.0, 1.0]), strip(ACTIN, [2.0, 2.0], flags=["SATURATED", ""]))
    assert flags(of(done, P53)) == [Flag.CONTROL_SATURATED, Flag.NONE]
    assert flags(done.table) == [Flag.CONTROL_SATURATED, Flag.NONE]
    assert of(done, P53)["normalized_density"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("net", "flag"), [(2.0, "BELOW_DETECTION"), (-2.0, "NEGATIVE_NET"), (0.0, "")]
)
def test_a_control_that_is_not_there_gives_no_ratio(net, flag):
    done = normalize(strip(P53, [1.0, 1.0]), strip(ACTIN, [net, 2.0], flags=[flag, ""]))
    assert flags(of(done, P53)) == [Flag.CONTROL_BELOW_DETECTION, Flag.NONE]
    assert done.table["normalized_density"].isna().tolist() == [True, False]


def test_a_target_below_detection_keeps_its_forced_ratio():
    done = normalize(strip(P53, [-0.5], flags="BELOW_DETECTION"), strip(ACTIN, [2.0]))
    assert done.table["normalized_density"].tolist() == [-0.25]
    assert flags(done.table) == [Flag.BELOW_DETECTION]


def test_no_control_in_the_run_is_one_message_and_no_flag():
    done = normalize(strip(P53, [1.0, 2.0]), strip("M1_PTEN.tif", [1.0, 2.0]))
    assert done.table.empty
    assert not any(done.bands["flags"])
    (message,) = done.messages
    assert "M1_b-actin.tif" in message
    assert "--loading-control" in message


def test_a_control_that_no_image_shows_is_told_with_the_targets_there():
    done = normalize(strip(P53, [1.0]), strip(ACTIN, [2.0]), loading_control="vinculin")
    (message,) = done.messages
    assert done.table.empty
    for part in ("vinculin", "P53", "b-actin"):
        assert part in message


def test_a_membrane_without_control_is_flagged_where_others_have_one():
    done = normalize(strip(P53, [1.0]), strip(ACTIN, [2.0]), strip("M2_P53.tif", [1.0]))
    assert flags(of(done, "M2_P53.tif")) == [Flag.NO_CONTROL]
    assert flags(of(done, P53)) == [Flag.NONE]
    assert any("M2_P53.tif" in message for message in done.messages)


def test_membranes_of_one_name_in_two_folders_are_two():
    done = normalize(
        strip("a/M1_P53.tif", [6.0]),
        strip("a/m1_ACTB.tif", [2.0]),
        strip("b/M1_P53.tif", [6.0]),
        strip("b/M1_beta_actin.tif", [3.0]),
    )
    assert dict(zip(done.table["image"], done.table["normalized_density"], strict=True)) == {
        "a/M1_P53.tif": 3.0,
        "b/M1_P53.tif": 2.0,
    }


def test_names_of_imagers_are_left_alone():
    done = normalize(strip("scan 3.tif", [1.0]), strip(P53, [1.0]), strip(ACTIN, [2.0]))
    assert of(done, "scan 3.tif")["flags"].tolist() == [""]
    assert set(done.table["image"]) == {P53}
    assert any("scan 3.tif" in message for message in done.messages)


def test_the_control_that_most_membranes_show_is_taken():
    done = normalize(
        strip("M1_P53.tif", [4.0]),
        strip("M1_b-actin.tif", [1.0]),
        strip("M1_GAPDH.tif", [2.0]),
        strip("M2_P53.tif", [4.0]),
        strip("M2_GAPDH.tif", [2.0]),
    )
    assert set(done.table["loading_control"]) == {"GAPDH"}
    assert any("several loading controls" in message for message in done.messages)


def test_beta_actin_is_preferred_and_stains_are_no_targets():
    strips = (strip(P53, [4.0]), strip("M1_Ponceau.tif", [8.0]), strip(ACTIN, [2.0]))
    done = normalize(*strips)
    assert done.table[["target", "loading_control"]].to_numpy().tolist() == [["P53", "beta-actin"]]
    named = normalize(*strips, loading_control="Ponceau S")
    ratios = dict(zip(named.table["target"], named.table["normalized_density"], strict=True))
    assert ratios == {"P53": 0.5, "b-actin": 0.25}


def test_any_target_can_be_named_as_the_control_in_any_spelling():
    done = normalize(strip("M1_HSP70.tif", [2.0]), strip(P53, [3.0]), loading_control="hsp-70")
    assert done.table["normalized_density"].tolist() == [1.5]


def test_total_protein_is_the_sum_of_all_rows_of_a_lane():
    stain = "M1_Ponceau.tif"
    done = normalize(
        strip(P53, [6.0, 6.0], errs=[0.6, 0.0]),
        strip(stain, [1.0, 2.0], row=1, errs=[0.3, 0.0]),
        strip(stain, [2.0, 4.0], row=2, errs=[0.4, 0.0], flags=["BELOW_DETECTION", ""]),
    )
    assert done.table["control_density"].tolist() == [3.0, 6.0]
    assert done.table["control_density_err"].tolist() == pytest.approx([0.5, 0.0])
    assert done.table["normalized_density"].tolist() == [2.0, 1.0]
    assert flags(of(done, P53)) == [Flag.NONE, Flag.NONE]


def test_lane_totals_are_used_for_total_protein_where_given():
    bands = table(strip(P53, [6.0]), strip("M1_Ponceau.tif", [1.0]))
    lanes = pd.DataFrame({"image": ["M1_Ponceau.tif"], "lane": [1], "total_density": [12.0]})
    done = normalize_tables(bands, Recipe(), lanes)
    assert done.table["normalized_density"].tolist() == [0.5]


def test_target_and_control_as_two_rows_of_one_image():
    image = "2024-03-12 15h22m.tif"
    done = normalize(
        strip(image, [6.0, 8.0], row=1, target="P53"),
        strip(image, [2.0, 4.0], row=2, target="ACTB"),
    )
    assert of(done, image, row=1)["normalized_density"].tolist() == [3.0, 2.0]
    assert of(done, image, row=2)["normalized_density"].isna().all()


def test_the_controls_row_in_doubt_is_told():
    done = normalize(strip(P53, [1.0]), strip(ACTIN, [2.0], row=1), strip(ACTIN, [1.9], row=2))
    assert flags(of(done, ACTIN, row=1)) == [Flag.AMBIGUOUS_ROW]
    assert flags(done.table) == [Flag.AMBIGUOUS_ROW]


def test_of_two_pictures_of_the_control_the_unsaturated_is_taken():
    long, short = "M1_b-actin_long.tif", "M1_b-actin_short.tif"
    done = normalize(
        strip(P53, [6.0, 6.0]),
        strip(long, [9.0, 9.0], flags=["SATURATED", ""]),
        strip(short, [3.0, 2.0]),
    )
    assert set(done.table["control_image"]) == {short}
    assert any(short in message for message in done.messages)


def test_panels_are_paired_with_their_own():
    two = [1, 2]
    done = normalize(strip(P53, [6.0, 6.0], panel=two), strip(ACTIN, [3.0, 2.0], panel=two))
    assert done.table["normalized_density"].tolist() == [2.0, 3.0]


def test_normalizers_are_found_by_name():
    assert registry.get("normalizers", "loading_control") is loading_control
    assert registry.get("normalizers", "none") is no_normalization
    with pytest.raises(RecipeError, match="normalizers"):
        normalize(strip(P53, [1.0]), method="loading_contrl")


POSITIVE = st.floats(0.1, 1e7)


@st.composite
def membranes(draw):
    """A target and a control on a few membranes, and all their lines in some order."""
    strips = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        lanes = draw(st.integers(1, 5))
        for target in ("P53", "b-actin"):
            for row in range(1, draw(st.integers(1, 3)) + 1):
                nets = draw(st.lists(POSITIVE, min_size=lanes, max_size=lanes))
                errs = draw(st.lists(POSITIVE, min_size=lanes, max_size=lanes))
                strips.append(strip(f"M{number}_{target}.tif", nets, row, errs))
    return table(*strips), draw(st.randoms(use_true_random=False))


@settings(max_examples=40, deadline=None)
@given(membranes())
def test_the_order_of_lines_changes_nothing(case):
    bands, random = case
    order = list(range(len(bands)))
    random.shuffle(order)
    recipe = Recipe.of(reference_lanes=(1,))
    one = normalize_tables(bands, recipe)
    other = normalize_tables(bands.iloc[order], recipe)
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.bands, other.bands.sort_index())
    assert one.messages == other.messages


@settings(max_examples=40, deadline=None)
@given(membranes(), st.sampled_from([0.25, 2.0, 1024.0]))
def test_an_exposure_cancels_from_relative_and_scales_the_ratio(case, gain):
    bands, _ = case
    brighter = bands.copy()
    control = brighter["target"] == "b-actin"
    brighter.loc[control, ["net_density", "net_density_err"]] *= gain
    recipe = Recipe.of(reference_lanes=(1,))
    one = normalize_tables(bands, recipe).table
    other = normalize_tables(brighter, recipe).table
    np.testing.assert_allclose(other["relative_density"], one["relative_density"])
    for name in ("normalized_density", "normalized_density_measurement_se"):
        np.testing.assert_allclose(other[name] * gain, one[name])


@settings(max_examples=40, deadline=None)
@given(membranes())
def test_every_target_lane_has_one_number_or_a_reason(case):
    bands, _ = case
    done = normalize_tables(bands, Recipe())
    per_lane = done.table.groupby(["image", "lane"]).size()
    assert (per_lane == 1).all()
    assert len(per_lane) == len(bands[bands["target"] == "P53"].groupby(["image", "lane"]))
    for line in done.table.itertuples():
        assert math.isfinite(line.normalized_density)
        relative = math.hypot(
            line.net_density_err / line.net_density,
            line.control_density_err / line.control_density,
        )
        expected = line.normalized_density * relative
        assert line.normalized_density_measurement_se == pytest.approx(expected)

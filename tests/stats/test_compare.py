"""What a study is told: which test and why, what is refused, what is left out, what is bounded."""

import math

import numpy as np
import pandas as pd
import pytest

from blotquant.columns import (
    DOSES_COLUMNS,
    REPLICATES_COLUMNS,
    STATISTICS_COLUMNS,
    SUMMARY_COLUMNS,
)
from blotquant.errors import StudyError
from blotquant.stats import Comparison, Design, compare

CONTROL = [4.2, 2.5, 6.5, 3.1, 5.0]
TREATED = [8.7, 4.9, 13.1, 6.0, 11.2]
PAIRED = Design("control", pairing="paired")
INDEPENDENT = Design("control", pairing="independent")


def only(done):
    frame = done.statistics
    return frame[frame["effect"] == ""].iloc[0]


def refused(done, *words):
    row = only(done)
    assert row["verdict"] == "refused"
    assert math.isnan(row["p"])
    assert row["stars"] == ""
    for word in words:
        assert word in row["reason"]
    assert any(row["reason"] in said for said in done.warnings)
    return row


# ---- tables -------------------------------------------------------------------------------------


def test_tables_have_the_contracts_columns(table):
    done = compare(table(control=CONTROL, treated=TREATED), PAIRED)
    tables = {
        REPLICATES_COLUMNS: done.replicates,
        SUMMARY_COLUMNS: done.summary,
        STATISTICS_COLUMNS: done.statistics,
        DOSES_COLUMNS: done.doses,
    }
    for columns, frame in tables.items():
        assert list(frame.columns) == [column.name for column in columns]
    assert len(done.replicates) == 10
    assert len(done.summary) == 2


def test_values_are_not_changed(table):
    values = table(control=CONTROL, treated=TREATED)
    before = values.copy()
    compare(values, PAIRED)
    pd.testing.assert_frame_equal(values, before)


def test_summary_by_hand(table):
    summary = compare(table(control=[1.0, 2.0, 4.0], treated=[2.0, 4.0, 8.0]), PAIRED).summary
    row = summary.set_index("group").loc["control"]
    assert row["n"] == 3
    assert row["mean"] == pytest.approx(7 / 3)
    assert row["sd"] == pytest.approx(np.std([1, 2, 4], ddof=1))
    assert row["geometric_mean"] == pytest.approx(2)
    assert row["log2_sd"] == pytest.approx(1)
    half = 4.302652729911275 / math.sqrt(3)  # t(0.975, 2)
    assert row["gm_ci_low"] == pytest.approx(2 ** (1 - half))
    assert row["gm_ci_high"] == pytest.approx(2 ** (1 + half))


# ---- replicates ---------------------------------------------------------------------------------


def test_technical_repeats_are_averaged_first(table):
    once = table(control=CONTROL, treated=TREATED)
    again = once.assign(scaled_density=once["scaled_density"] * 1.44, technical="2")
    done = compare(pd.concat([once.assign(technical="1"), again], ignore_index=True), PAIRED)
    row = only(done)
    assert (row["n_group"], row["n_pairs"], row["df"]) == (5, 5, 4)
    assert row["p"] == pytest.approx(only(compare(once, PAIRED))["p"])
    assert set(done.replicates["n_technical"]) == {2}
    assert done.replicates["value"].iloc[0] == pytest.approx(CONTROL[0] * 1.2)


def test_a_membrane_with_more_repeats_does_not_pull(table):
    """Two membranes of one replicate, one ten times brighter: the fold is that of each."""
    one = table(control=CONTROL, treated=TREATED)
    bright = one.assign(scaled_density=one["scaled_density"] * 10, membrane=one["membrane"] + "b")
    more = bright[bright["group"] == "control"].assign(technical="2")
    done = compare(pd.concat([one, bright, more], ignore_index=True), PAIRED)
    assert only(done)["fold_change"] == pytest.approx(only(compare(one, PAIRED))["fold_change"])


def test_technical_repeats_are_no_replicates(table):
    values = table(control=CONTROL, treated=TREATED).assign(replicate="1", membrane="M1")
    row = only(compare(values, INDEPENDENT))
    assert (row["verdict"], row["n_group"]) == ("descriptive", 1)
    assert "technical repeats" in row["reason"]
    assert math.isnan(row["p"])


def test_lanes_left_out_are_said(table):
    values = table(control=CONTROL, treated=TREATED)
    values.loc[0, "use"] = False
    values.loc[1, "lane_kind"] = "standard"
    values.loc[2, "scaled_density"] = math.nan
    values.loc[3, "replicate"] = ""
    done = compare(values, PAIRED)
    assert only(done)["n_pairs"] == 1
    for words in ("not in use: P53 on M1", "no sample: P53 on M2", "or a limit: P53 on M3"):
        assert any(words in said for said in done.decisions)
    assert any("without a biological replicate: P53 on M4" in said for said in done.decisions)


def test_loading_controls_are_no_targets(table):
    actin = table("actin", control=CONTROL, treated=TREATED).assign(role="loading_control")
    done = compare(pd.concat([table(control=CONTROL, treated=TREATED), actin]), PAIRED)
    assert list(done.statistics["target"]) == ["P53"]
    assert any("loading control" in said for said in done.decisions)


def test_incomplete_pairs_are_listed_and_dropped(table):
    values = table(control=CONTROL, treated=TREATED)
    done = compare(values.drop(index=7), PAIRED)  # treated, replicate 3
    row = only(done)
    assert (row["n_pairs"], row["df"]) == (4, 3)
    assert "replicate 3" in row["reason"]
    assert any("replicate 3" in said for said in done.warnings)
    whole = values[values["replicate"] != "3"]
    assert row["p"] == only(compare(whole, PAIRED))["p"]


def test_pairs_on_different_membranes_are_no_pairs(table):
    values = table(control=CONTROL, treated=TREATED)
    values.loc[9, "membrane"] = "M9"
    row = only(compare(values, PAIRED))
    assert row["n_pairs"] == 4
    assert "5" in row["reason"]
    scaled = values.assign(normalized_density=values["scaled_density"] * 2)
    assert only(compare(scaled, PAIRED))["n_pairs"] == 5


# ---- which test ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairing", "membrane", "groups", "test"),
    [
        ("paired", None, 2, "ratio-paired t test"),
        ("independent", "M1", 2, "Welch's t test of log2"),
        ("independent", None, 2, "linear model of log2, group + membrane"),
        ("paired", None, 3, "one-way ANOVA of log2, replicate as block"),
        ("independent", "M1", 3, "one-way ANOVA of log2"),
        ("independent", None, 3, "one-way ANOVA of log2, membrane as block"),
    ],
)
def test_the_design_chooses_the_test(table, pairing, membrane, groups, test):
    more = {"other": CONTROL[::-1]} if groups == 3 else {}
    values = table(membrane=membrane, control=CONTROL, treated=TREATED, **more)
    done = compare(values, Design("control", pairing=pairing))
    assert set(done.statistics["test"]) == {test}
    assert set(done.statistics["verdict"]) == {"tested"}
    assert any("taken from the design" in said for said in done.decisions)


def test_unknown_pairing_describes(table):
    done = compare(table(control=CONTROL, treated=TREATED), Design("control"))
    row = only(done)
    assert row["verdict"] == "descriptive"
    assert row["fold_change"] == pytest.approx(
        only(compare(table(control=CONTROL, treated=TREATED), PAIRED))["fold_change"]
    )
    assert math.isnan(row["p"])
    assert math.isnan(row["ci_low"])


def test_blocks_of_one_lane_a_group_are_pairs(table):
    values = table(control=CONTROL, treated=TREATED)
    assert only(compare(values, INDEPENDENT))["p"] == pytest.approx(
        only(compare(values, PAIRED))["p"]
    )


def test_all_pairs(table):
    values = table(control=CONTROL, treated=TREATED, other=CONTROL[::-1])
    done = compare(values, Design("control", pairing="paired", contrasts="all_pairs"))
    frame = done.statistics[done.statistics["effect"] == ""]
    pairs = set(zip(frame["group"], frame["reference"], strict=True))
    assert pairs == {("treated", "control"), ("other", "control"), ("other", "treated")}


# ---- size ---------------------------------------------------------------------------------------


def test_no_test_under_three(table):
    row = only(compare(table(control=CONTROL[:2], treated=TREATED[:2]), PAIRED))
    assert row["verdict"] == "descriptive"
    assert math.isfinite(row["fold_change"])
    assert math.isnan(row["p"])


def test_a_warning_under_five(table):
    four = compare(table(control=CONTROL[:4], treated=TREATED[:4]), PAIRED)
    five = compare(table(control=CONTROL, treated=TREATED), PAIRED)
    assert any("n = 4" in said for said in four.warnings)
    assert not five.warnings


def test_bjp_takes_five(table):
    design = Design("control", pairing="paired", profile="bjp")
    four = compare(table(control=CONTROL[:4], treated=TREATED[:4]), design)
    assert only(four)["verdict"] == "descriptive"
    assert "British" in only(four)["reason"]
    assert only(compare(table(control=CONTROL, treated=TREATED), design))["verdict"] == "tested"


# ---- refusals -----------------------------------------------------------------------------------


def one(table, **groups):
    """Values of a control that was set to 1 on every membrane."""
    return table(control=[1.0] * 5, treated=[2.1, 1.9, 2.0, 1.7, 2.4], **groups)


@pytest.mark.parametrize("test", ["welch", "mann_whitney", "kruskal_wallis"])
def test_control_set_to_one_is_refused(table, test):
    done = compare(one(table), Design("control", pairing="independent", test=test))
    refused(done, "control is 1 in every replicate", "ratio_paired")


def test_control_set_to_one_on_one_membrane_is_refused(table):
    values = one(table, other=[1.2, 1.1, 0.7, 0.9, 1.0]).assign(membrane="M1")
    values["replicate"] = values["group"] + values["replicate"]
    for test in ("auto", "one_way", "prism_two_way"):
        done = compare(values, Design("control", pairing="independent", test=test))
        refused(done, "control is 1 in every replicate")


def test_control_set_to_one_pairs(table):
    """The ratio within a pair does not know what both were divided by."""
    values = table(control=CONTROL, treated=TREATED)
    scaled = values.assign(
        scaled_density=[*np.ones(5), *np.divide(TREATED, CONTROL)],
        normalized_density=values["scaled_density"],
    )
    assert only(compare(scaled, PAIRED))["p"] == pytest.approx(only(compare(values, PAIRED))["p"])


def test_control_mean_set_to_one_is_refused(table):
    """Two control lanes a membrane, their mean the unit: the same trap in disguise."""
    values = table(control=[0.8, 1.2, 0.9, 1.1, 0.7, 1.3], treated=[2.0, 2.2, 1.7, 1.9, 2.4, 1.8])
    values["membrane"] = [f"M{place // 2}" for place in range(6)] * 2
    values["normalized_density"] = values["scaled_density"] * 2
    done = compare(values, Design("control", pairing="independent", test="welch"))
    refused(done, "same mean on every membrane", "block")


def test_group_on_its_own_membrane_is_refused(table):
    values = table(control=CONTROL, treated=TREATED)
    values["membrane"] = ["M1"] * 5 + ["M2"] * 5
    for design in (PAIRED, INDEPENDENT, Design("control", pairing="independent", test="welch")):
        refused(compare(values, design), "cannot be told from the membrane", "reference sample")


def test_blocks_that_hide_a_group_are_refused(table):
    """Control and treated share a membrane name each with another group only."""
    values = table(control=CONTROL[:4], treated=TREATED[:4], other=CONTROL[1:])
    values["membrane"] = ["M1"] * 4 + ["M2"] * 4 + ["M1", "M1", "M1", "M1"]
    done = compare(values, INDEPENDENT)
    verdicts = done.statistics.set_index("group")["verdict"]
    assert verdicts["treated"] == "refused"
    assert verdicts["other"] == "tested"


def test_welch_over_several_membranes_is_refused(table):
    values = table(control=CONTROL, treated=TREATED)
    done = compare(values, Design("control", pairing="independent", test="welch"))
    refused(done, "several membranes", "block")


def test_mann_whitney_at_three_is_refused(table):
    values = table(membrane="M1", control=CONTROL[:3], treated=TREATED[:3])
    done = compare(values, Design("control", pairing="independent", test="mann_whitney"))
    refused(done, "p = 0.1", "welch")


def test_wilcoxon_under_six_is_refused(table):
    values = table(control=CONTROL, treated=TREATED)
    done = compare(values, Design("control", pairing="paired", test="mann_whitney"))
    refused(done, "p = 0.062", "ratio_paired")


def test_copies_are_refused(table):
    done = compare(table(control=[1.0, 2.0, 3.0], treated=[2.0, 4.0, 6.0]), PAIRED)
    refused(done, "copies")


def test_mixed_model_without_blocks_is_refused(table):
    values = table(membrane="M1", control=CONTROL, treated=TREATED)
    done = compare(values, Design("control", pairing="independent", test="mixed_model"))
    refused(done, "welch")


# ---- below detection ----------------------------------------------------------------------------


def hidden(values, place, limit):
    values = values.copy()
    values.loc[place, ["scaled_density", "scaled_density_limit"]] = [-0.01, limit]
    values.loc[place, "flags"] = "BELOW_DETECTION;EIGHT_BIT"
    return values


def test_below_detection_bounds_the_fold(table):
    values = table(control=[4.0] * 3 + [8.0], treated=[2.0] * 4)
    done = compare(hidden(values, 4, 1.0), PAIRED)
    row = only(done)
    assert row["verdict"] == "bound"
    assert row["bound_side"] == "at most"
    geometric = (1.0 * 2 * 2 * 2) ** 0.25 / (4 * 4 * 4 * 8) ** 0.25
    assert row["fold_bound"] == pytest.approx(geometric)
    assert math.isnan(row["fold_change"])
    assert math.isnan(row["p"])
    assert row["flags"] == "BELOW_DETECTION;EIGHT_BIT"
    summary = done.summary.set_index("group")
    assert math.isnan(summary.loc["treated", "mean"])
    assert summary.loc["control", "mean"] == 5
    assert done.replicates["limit"].dropna().tolist() == [1.0]


def test_reference_below_detection_bounds_from_below(table):
    values = table(control=[4.0] * 4, treated=[2.0] * 4)
    row = only(compare(hidden(values, 0, 1.0), PAIRED))
    assert row["bound_side"] == "at least"
    assert row["fold_bound"] == pytest.approx(2 / (1 * 4 * 4 * 4) ** 0.25)


def test_both_below_detection_bound_nothing(table):
    values = table(control=[4.0] * 4, treated=[2.0] * 4)
    refused(compare(hidden(hidden(values, 0, 1.0), 4, 1.0), PAIRED), "nothing bounds the fold")


@pytest.mark.parametrize("value", [0.0, -3.0])
def test_zero_and_negative_have_no_logarithm(table, value):
    values = table(control=CONTROL, treated=TREATED)
    values.loc[7, "scaled_density"] = value
    refused(compare(values, PAIRED), "0 or negative")


def test_one_group_below_detection_leaves_the_others(table):
    values = hidden(table(control=CONTROL, treated=TREATED, other=CONTROL[::-1]), 5, 0.1)
    verdicts = compare(values, PAIRED).statistics.set_index("group")["verdict"]
    assert verdicts["treated"] == "bound"
    assert verdicts["other"] == "tested"


# ---- families, questions, Prism -----------------------------------------------------------------


def test_unequal_variances_are_warned_of(table):
    rng = np.random.default_rng(4)
    quiet, noisy = (
        table(
            name,
            control=list(2 ** rng.normal(0, sd, 5)),
            treated=list(2 ** rng.normal(0, sd, 5)),
        )
        for name, sd in (("quiet", 0.05), ("noisy", 1.0))
    )
    values = pd.concat([quiet, noisy], ignore_index=True)
    done = compare(values, Design("control", pairing="paired", test="prism_two_way"))
    assert any("do not scatter alike" in said and "noisy" in said for said in done.warnings)
    spread = done.statistics.set_index("target")["sd_log2"]
    assert spread["noisy"] > 5 * spread["quiet"]


def test_own_vehicle_and_time(table):
    """Each comparison with its own reference, in its own lanes."""
    early = table(vehicle=CONTROL, drug=TREATED).assign(time_h="2")
    late = table(vehicle=CONTROL, drug=[3 * value for value in TREATED]).assign(time_h="24")
    values = pd.concat([early, late], ignore_index=True)
    blocks = tuple(
        Comparison(f"{hours} h", ("drug",), "vehicle", where={"time_h": hours})
        for hours in ("2", "24")
    )
    done = compare(values, Design("vehicle", pairing="paired", comparisons=blocks))
    folds = done.statistics.set_index("comparison")["fold_change"]
    assert folds["24 h"] == pytest.approx(3 * folds["2 h"])
    assert set(done.statistics["family_size"]) == {2}
    assert set(done.replicates["condition"]) == {"time_h=2", "time_h=24"}
    with pytest.raises(StudyError, match="time_h"):
        compare(
            values,
            Design(
                "vehicle",
                pairing="paired",
                comparisons=(*blocks, Comparison("all", ("drug",), "vehicle")),
            ),
        )


def test_comparison_of_some_targets(table):
    values = pd.concat([table(name, control=CONTROL, treated=TREATED) for name in ("A", "B")])
    block = (Comparison("one", ("treated",), "control", targets=("B",)),)
    done = compare(values, Design("control", pairing="paired", comparisons=block))
    assert list(done.statistics["target"]) == ["B"]


def test_dunnett_within_targets_is_said(table):
    values = pd.concat(
        [table(name, control=CONTROL, treated=TREATED, other=CONTROL[::-1]) for name in ("A", "B")]
    )
    done = compare(values, Design("control", pairing="paired", correction="dunnett"))
    assert any("Over the 2 targets nothing is adjusted" in said for said in done.decisions)


def test_genotypes_in_different_replicates_hide_the_genotype(table):
    """Split plot: the treatment is paired, the genotype is not, so its F is not given."""
    wild, knock = (
        table(**{"vehicle": CONTROL, "drug": TREATED}).assign(genotype=name)
        for name in ("WT", "KO")
    )
    knock = knock.assign(
        replicate="k" + knock["replicate"],
        membrane="K" + knock["membrane"],
        scaled_density=knock["scaled_density"] * [*[1.0] * 5, 0.8, 0.7, 0.9, 0.6, 0.8],
    )
    values = pd.concat([wild, knock], ignore_index=True)
    values["treatment"] = values["group"]
    values["group"] = values["genotype"] + "-" + values["treatment"]
    factors = ("genotype", "treatment")
    design = Design("WT-vehicle", pairing="paired", test="two_factor", factors=factors)
    frame = compare(values, design).statistics
    assert set(frame["effect"]) == {"", "treatment", "genotype x treatment"}
    assert len(frame[frame["effect"] == ""]) == 2


# ---- errors -------------------------------------------------------------------------------------


def test_faults_of_a_design_come_together():
    with pytest.raises(StudyError, match=r"pairing = 'maybe'.*test = 't'.*alpha = 2"):
        Design("control", pairing="maybe", test="t", alpha=2)


@pytest.mark.parametrize(
    "choices",
    [
        {"test": "two_factor", "pairing": "paired"},
        {"correction": "dunnett", "contrasts": "all_pairs"},
        {"correction": "tukey", "test": "kruskal_wallis"},
        {"correction": "dunnett", "test": "mixed_model"},
        {"test": "welch", "pairing": "paired"},
        {"test": "ratio_paired", "pairing": "independent"},
        {"test": "kruskal_wallis", "pairing": "paired"},
    ],
)
def test_contradictions_are_refused(choices):
    with pytest.raises(StudyError):
        Design("control", **choices)


def test_a_group_that_is_not_there(table):
    with pytest.raises(StudyError, match="'contrl'"):
        compare(table(control=CONTROL, treated=TREATED), Design("contrl", pairing="paired"))


def test_one_group(table):
    with pytest.raises(StudyError, match="one group"):
        compare(table(control=CONTROL), PAIRED)


def test_a_missing_column(table):
    values = table(control=CONTROL, treated=TREATED).drop(columns="replicate")
    with pytest.raises(StudyError, match="replicate"):
        compare(values, PAIRED)


# ---- across targets, and names -------------------------------------------------------------------


def test_each_target_by_its_own_membranes(table):
    """One target on one membrane, one on several: Welch for the first, blocks for the second."""
    alone = table("alone", membrane="M1", control=CONTROL, treated=TREATED)
    spread = table("spread", control=CONTROL, treated=TREATED)
    done = compare(pd.concat([alone, spread], ignore_index=True), INDEPENDENT)
    tests = done.statistics.set_index("target")["test"]
    assert tests["alone"] == "Welch's t test of log2"
    assert tests["spread"] == "linear model of log2, group + membrane"


def test_saturation_is_said(table):
    values = table(control=CONTROL, treated=TREATED)
    values.loc[6, "flags"] = "SATURATED"
    done = compare(values, PAIRED)
    assert only(done)["flags"] == "SATURATED"
    assert any("Saturated bands" in said and "P53" in said for said in done.warnings)


def test_groups_that_no_comparison_names_are_said(table):
    values = table(control=CONTROL, treated=TREATED, other=CONTROL[::-1])
    done = compare(values, Design("control", groups=("treated",), pairing="paired"))
    assert set(done.statistics["group"]) == {"treated"}
    assert any("other" in said and "left out" in said for said in done.decisions)


def test_same_label_on_one_membrane_is_asked_back(table):
    values = pd.concat([table(control=CONTROL, treated=TREATED)] * 2, ignore_index=True)
    assert any("technical label" in said for said in compare(values, PAIRED).warnings)


def test_numbers_as_names(table):
    """Groups and replicates that were read as numbers are names all the same."""
    values = table(**{"0": CONTROL, "10": TREATED})
    values = values.astype({"group": int, "replicate": int})
    assert only(compare(values, Design("0", pairing="paired")))["n_pairs"] == 5


def test_a_mixed_model_keeps_replicates_without_a_partner(table):
    values = table(control=CONTROL, treated=TREATED).drop(index=[9])
    row = only(compare(values, Design("control", pairing="paired", test="mixed_model")))
    assert (row["n_group"], row["n_reference"], row["n_pairs"]) == (4, 5, 4)
    assert row["verdict"] == "tested"


# ---- two gels a replicate -----------------------------------------------------------------------


def two_gels(table):
    """The control on both gels of a replicate, each treatment on one, the second gel brighter."""
    control, low, high = CONTROL, TREATED, [2 * value for value in TREATED]
    first = table(control=control, low=low).assign(gel="a")
    second = table(control=control, high=high).assign(gel="b")
    second[["scaled_density", "normalized_density"]] *= 10
    values = pd.concat([first, second], ignore_index=True)
    return values.assign(membrane=values["membrane"] + values["gel"])


def test_a_pair_is_compared_on_the_membranes_both_are_on(table):
    """Averaged over both gels, the control would bring the second gel's scale into every fold."""
    done = compare(two_gels(table), PAIRED)
    rows = done.statistics.set_index("group")
    alone = only(compare(table(control=CONTROL, treated=TREATED), PAIRED))
    assert set(rows["test"]) == {"ratio-paired t test"}
    assert rows.loc["low", "fold_change"] == pytest.approx(alone["fold_change"])
    assert rows.loc["high", "fold_change"] == pytest.approx(2 * alone["fold_change"])
    assert "membranes both are on" in rows.loc["low", "reason"]
    assert any("different membranes" in said for said in done.decisions)


@pytest.mark.parametrize("test", ["one_way", "prism_two_way", "mixed_model"])
def test_one_level_a_replicate_does_not_fit_two_gels(table, test):
    done = compare(two_gels(table), Design("control", pairing="paired", test=test))
    refused(done, "same membranes", "ratio_paired")


def test_two_gels_on_one_scale(table):
    values = two_gels(table)
    bright = values["gel"] == "b"
    values["scaled_density"] = values["scaled_density"].where(
        ~bright, values["scaled_density"] / 10
    )
    done = compare(values, PAIRED)
    assert set(done.statistics["verdict"]) == {"tested"}
    assert done.statistics["test"].str.startswith("one-way").all()


def test_replicates_averaged_over_the_same_membranes(table):
    """All replicates on both membranes: no membrane to take out, so Welch."""
    one = table(membrane="M1", control=CONTROL, treated=TREATED)
    both = pd.concat([one, one.assign(membrane="M2", scaled_density=one["scaled_density"] * 3)])
    row = only(compare(both, INDEPENDENT))
    assert row["test"] == "Welch's t test of log2"
    assert row["p"] == pytest.approx(only(compare(one, INDEPENDENT))["p"])


def test_a_mixed_model_does_not_part_group_from_membrane(table):
    """On one scale, but each group on a membrane of its own: nothing tells the two apart."""
    values = table(control=CONTROL, treated=TREATED, other=CONTROL[::-1])
    values["membrane"] = values["group"]
    values["normalized_density"] = values["scaled_density"] * 2
    done = compare(values, Design("control", pairing="independent", test="mixed_model"))
    refused(done, "share no membrane", "welch")

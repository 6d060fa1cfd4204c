"""What is wrong with a study is found, all at once, with file and cell; nothing else is said."""

import dataclasses
import re

import pandas as pd
import pytest

from blotquant.study import ImageFacts, Study, check_study, read_samples, write_samples

GROUPS = ("ladder", "control", "control", "drug", "drug")


def image(membrane, target, role="target", **more):
    return {"file": f"{membrane}_{target}.tif", "membrane": membrane, "target": target} | {
        "role": role,
        **more,
    }


def good_tree():
    images = [
        block
        for name in ("M1", "M2", "M3")
        for block in (
            image(name, "ERK"),
            image(name, "p-ERK", phospho_of="ERK"),
            image(name, "beta-actin", "loading_control"),
        )
    ]
    return {
        "reference_group": "control",
        "pairing": "paired",
        "image": images,
        "exclude": [{"membrane": "M1", "lane": 1, "reason": "ladder"}],
        "comparison": [
            {"name": "c", "group": ["drug"], "reference": "control", "where": {"time_h": "24"}}
        ],
        "dose": [{"target": ["ERK"]}],
    }


def good_table():
    rows = [
        {
            "membrane": f"M{membrane}",
            "lane": lane,
            "sample": "" if group == "ladder" else f"{group} {membrane}",
            "group": "" if group == "ladder" else group,
            "replicate": "" if group == "ladder" else str(membrane),
            "technical": "" if group == "ladder" else str(lane % 2),
            "kind": "ladder" if group == "ladder" else "sample",
            "use": True,
            "dose": {"control": "0", "drug": "2.5"}.get(group, ""),
            "time_h": "24",
        }
        for membrane in (1, 2, 3)
        for lane, group in enumerate(GROUPS, 1)
    ]
    return pd.DataFrame(rows)


class Bench:
    """A good study on the disk, and what tests do to it."""

    def __init__(self, folder):
        self.folder = folder
        self.tree = good_tree()
        self.table = good_table()
        self.facts = {block["file"]: ImageFacts(5) for block in self.tree["image"]}
        for name in self.facts:
            (folder / name).write_bytes(b"")

    def set(self, row, column, value):
        """Write into a cell; rows as a spreadsheet counts them."""
        self.table[column] = self.table[column].astype("object")
        self.table.loc[row - 2, column] = value

    def problems(self):
        path = write_samples(self.table, self.folder / "samples.csv")
        samples = read_samples(path, strict=False)
        return check_study(Study.parse(self.tree), samples, self.facts, self.folder)

    def said(self, severity="error"):
        return [str(problem) for problem in self.problems() if problem.severity == severity]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_a_good_study_has_no_problem(bench):
    assert bench.problems() == ()


# Each of these alone: what is done, the one line that has to come, and how many errors there are.


def lane_that_is_not(b):
    b.facts = dict.fromkeys(b.facts, ImageFacts(4))


def target_without_image(b):
    (b.folder / "M2_ERK.tif").unlink()


def image_that_cannot_be_read(b):
    b.facts["M2_ERK.tif"] = ImageFacts(None, "is cut off")


def control_on_another_membrane(b):
    b.tree["image"] = [i for i in b.tree["image"] if i["file"] != "M2_beta-actin.tif"]


def unequal_lane_counts(b):
    b.facts["M2_beta-actin.tif"] = ImageFacts(4)


def image_with_more_lanes(b):
    b.facts["M2_ERK.tif"] = ImageFacts(6)


def one_group(b):
    b.tree |= {"comparison": [], "dose": [], "pairing": "independent"}
    b.table.loc[b.table["group"] == "drug", "group"] = "control"
    b.table["sample"] = [f"s{n}" for n in range(len(b.table))]


def duplicate_sample_rows(b):
    b.set(4, "technical", "0")


def duplicate_lane(b):
    b.set(5, "lane", 3)


def nan_in_a_number(b):
    b.set(4, "lane", float("nan"))


def text_in_a_number(b):
    b.set(4, "dose", "much")


def text_for_a_lane(b):
    b.set(4, "lane", "three")


def groups_that_differ_by_a_space(b):
    b.set(4, "group", "con trol")
    b.tree["comparison"][0]["group"] = ["drug", "con trol"]


def groups_that_differ_by_case(b):
    b.set(3, "group", "Control")


def samples_that_differ_by_a_space(b):
    b.set(3, "sample", "control  1")


def more_groups_than_lanes(b):
    b.facts = {name: ImageFacts(2) for name in b.facts}
    for row, group in ((3, "a"), (4, "control"), (5, "drug")):
        b.set(row, "group", group)


def unknown_reference_group(b):
    b.tree["reference_group"] = "contrl"


def no_reference_group(b):
    b.tree |= {"reference_group": "", "comparison": []}


def no_pair_at_all(b):
    b.table["replicate"] = [
        f"{r}{g}" for r, g in zip(b.table.replicate, b.table.group, strict=True)
    ]


def excluded_lane_that_is_not(b):
    b.tree["exclude"][0]["lane"] = 9


def excluded_membrane_that_is_not(b):
    b.tree["exclude"][0]["membrane"] = "M4"


def excluded_target_that_is_not(b):
    b.tree["exclude"][0]["target"] = "ERKK"


def phospho_of_nothing(b):
    b.tree["image"][1]["phospho_of"] = "ERKK"


def two_rows_for_a_target(b):
    b.tree["image"].append(image("M1", "erk", file="M1_p-ERK.tif", row=2))
    b.tree["image"][1]["row"] = 1


def two_targets_without_rows(b):
    b.tree["image"].append(image("M1", "P53", file="M1_ERK.tif"))
    b.tree["image"][0]["row"] = 1


def one_row_for_two_targets(b):
    b.tree["image"].append(image("M1", "P53", file="M1_ERK.tif", row=1))
    b.tree["image"][0]["row"] = 1


def picture_of_two_membranes(b):
    b.tree["image"].append(image("M2", "P53", file="M1_ERK.tif"))


def compared_group_that_is_not(b):
    b.tree["comparison"][0]["group"] = ["drugs"]


def compared_target_that_is_not(b):
    b.tree["comparison"][0]["targets"] = ["P53"]


def compared_column_that_is_not(b):
    b.tree["comparison"][0]["where"] = {"time": "24"}


def compared_entry_that_is_not(b):
    b.tree["comparison"][0]["where"] = {"time_h": "48"}


def nothing_left_to_compare(b):
    b.table.loc[b.table["group"] == "drug", "time_h"] = "48"


def compared_with_itself(b):
    b.tree["comparison"][0]["group"] = ["drug", "control"]


def dose_column_that_is_not(b):
    b.tree["dose"][0]["column"] = "dosis"


def dose_below_zero(b):
    b.set(4, "dose", "-1")


def membrane_without_rows(b):
    b.table = b.table[b.table["membrane"] != "M2"]


def membrane_without_images(b):
    b.set(2, "membrane", "M4")
    b.tree["exclude"] = []


def lane_without_row(b):
    b.table = b.table.drop(index=[8])


def empty_group(b):
    b.set(4, "group", "")


def empty_replicate(b):
    b.set(4, "replicate", "")


def empty_membrane(b):
    b.set(6, "membrane", "")


def unknown_method(b):
    b.tree["normalization"] = {"method": "loading_controls"}


def unknown_loading_control(b):
    b.tree["normalization"] = {"loading_controls": ["beta-actin", "GAPDH"]}


def reference_sample_that_a_membrane_lacks(b):
    b.tree["normalization"] = {"across": "reference_sample", "reference_sample": "drug 1"}


def reference_sample_that_is_not(b):
    b.tree["normalization"] = {"across": "reference_sample", "reference_sample": "pool"}


def reference_group_that_a_membrane_lacks(b):
    b.tree["normalization"] = {"across": "reference_group"}
    b.tree["pairing"] = "independent"
    for row in (3, 4):
        b.set(row, "group", "drug")
        b.set(row, "sample", f"another {row}")


def pairs_that_are_excluded(b):
    b.tree["exclude"] = [
        {"membrane": f"M{m}", "lane": lane, "reason": "bubble"}
        for m in (1, 2, 3)
        for lane in (2, 3)
    ]


def one_factor(b):
    b.tree["statistics"] = {"test": "two_factor", "factors": ["dose"]}


def still_open(b):
    b.tree["image"][0]["target"] = "?"


def panel_that_is_not(b):
    b.tree["image"][0]["panel"] = 3
    b.facts["M1_ERK.tif"] = ImageFacts(10, panels=(5, 5))


def no_sample_is_used(b):
    b.table["use"] = False
    b.tree |= {"comparison": [], "dose": [], "reference_group": ""}


def membrane_block_of_nothing(b):
    b.tree["membrane"] = [{"id": "M1"}, {"id": "M5"}]


ERRORS = [
    (lane_that_is_not, r"samples.csv: cell B6 \(lane\): membrane M1 has no lane 5: M1_ERK.tif"),
    (target_without_image, r"\[\[image\]\] 4 \(M2_ERK.tif\): there is no such file, so target ERK"),
    (image_that_cannot_be_read, r"\[\[image\]\] 4 \(M2_ERK.tif\): cannot be read \(is cut off\)"),
    (
        control_on_another_membrane,
        "membrane M2: it has no loading control for ERK, p-ERK; "
        "beta-actin is on membrane M1, and counts only there",
    ),
    (
        unequal_lane_counts,
        "membrane M2: its images do not have the same number of lanes: "
        "M2_ERK.tif 5, M2_p-ERK.tif 5, M2_beta-actin.tif 4",
    ),
    (image_with_more_lanes, "M2_ERK.tif 6, M2_p-ERK.tif 5"),
    (one_group, r"samples.csv: rows 3-6, 8-11, 13-16: there is only one group, 'control'"),
    (duplicate_sample_rows, "rows 3-4: lanes 2, 3 of membrane M1 are the same sample"),
    (duplicate_lane, "rows 4-5: lane 3 of membrane M1 has 2 rows"),
    (nan_in_a_number, r"cell B4 \(lane\): the lane is empty"),
    (text_in_a_number, r"samples.csv: cell I4 \(dose\): 'much' is not a number"),
    (text_for_a_lane, r"samples.csv: cell B4 \(lane\): 'three' is not a lane"),
    (groups_that_differ_by_a_space, "row 4: group 'control' and 'con trol' differ only"),
    (groups_that_differ_by_case, "row 3: group 'Control' and 'control' differ only"),
    (samples_that_differ_by_a_space, "row 3: sample 'control  1' and 'control 1' differ only"),
    (more_groups_than_lanes, "rows 2-6: membrane M1 has 3 groups but its images have 2 lanes"),
    (
        unknown_reference_group,
        "reference_group: no used sample lane is in group 'contrl' - did you mean 'control'",
    ),
    (no_reference_group, "reference_group is empty; groups: control, drug"),
    (no_pair_at_all, "no replicate of group 'drug' has a lane of the reference group 'control'"),
    (excluded_lane_that_is_not, r"\[\[exclude\]\] 1: membrane M1 has no lane 9"),
    (
        excluded_membrane_that_is_not,
        r"\[\[exclude\]\] 1: there is no membrane 'M4' \(known: M1, M2, M3\)",
    ),
    (
        excluded_target_that_is_not,
        r"\[\[exclude\]\] 1: no image of membrane M1 shows target 'ERKK'",
    ),
    (phospho_of_nothing, r"\[\[image\]\] 2 \(M1_p-ERK.tif\): phospho_of: no image shows 'ERKK'"),
    (
        two_rows_for_a_target,
        r"\[\[image\]\] 10 .*: ERK of membrane M1 has two rows: M1_ERK.tif and "
        "row 2 of M1_p-ERK.tif",
    ),
    (two_targets_without_rows, "shows several targets; say which row of bands is P53"),
    (one_row_for_two_targets, "row 1 of M1_ERK.tif is taken for ERK and P53"),
    (picture_of_two_membranes, "the same picture shows membrane M1 and M2"),
    (
        compared_group_that_is_not,
        r"\[\[comparison\]\] 1 \(c\): group: no used sample lane is in "
        "group 'drugs' - did you mean 'drug'",
    ),
    (compared_target_that_is_not, r"\[\[comparison\]\] 1 \(c\): no image shows target 'P53'"),
    (compared_column_that_is_not, "no column 'time' - did you mean 'time_h'"),
    (compared_entry_that_is_not, "no row has time_h = '48'"),
    (nothing_left_to_compare, "group 'drug' has no lane where time_h = 24"),
    (compared_with_itself, "group 'control' is compared with itself"),
    (dose_column_that_is_not, r"\[\[dose\]\] 1: the sample sheet has no column 'dosis'"),
    (dose_below_zero, r"cell I4 \(dose\): a dose of -1 is below zero"),
    (membrane_without_rows, "samples.csv: membrane 'M2' of study.toml has no rows"),
    (membrane_without_images, "row 2: no image shows membrane 'M4'"),
    (lane_without_row, "membrane M2 has no row for lane 4 of M2_ERK.tif"),
    (empty_group, "row 4: group is empty"),
    (empty_replicate, "row 4: replicate is empty"),
    (empty_membrane, "row 6: the membrane is empty"),
    (unknown_method, "there is no method 'loading_controls' - did you mean 'loading_control'"),
    (unknown_loading_control, "loading_controls: no image shows 'GAPDH'"),
    (reference_sample_that_a_membrane_lacks, "membrane M2, M3 lacks the reference sample 'drug 1'"),
    (reference_sample_that_is_not, "no lane holds the reference sample 'pool'"),
    (reference_group_that_a_membrane_lacks, "membrane M1 has no lane of the reference group"),
    (
        pairs_that_are_excluded,
        "group: no used|reference: no used sample lane is in group 'control'",
    ),
    (one_factor, "two_factor needs two factors, not 1"),
    (still_open, r"target = '\?' is still open"),
    (panel_that_is_not, "panel 3: the picture shows 2"),
    (no_sample_is_used, "no lane is a sample that is used"),
    (membrane_block_of_nothing, r"\[\[membrane\]\] 2 \(M5\): no image shows membrane 'M5'"),
]


@pytest.mark.parametrize(("harm", "line"), ERRORS, ids=[harm.__name__ for harm, _ in ERRORS])
def test_bad_input_is_said_in_a_line(bench, harm, line):
    harm(bench)
    said = bench.said()
    assert any(re.search(line, one) for one in said), said
    assert all("\n" not in one for one in said)


def incomplete_pair(b):
    for row in (3, 4):
        b.set(row, "replicate", "7")
        b.set(row, "sample", "control 7")


def unknown_pairing(b):
    b.tree["pairing"] = "unknown"


def faint_target(b):
    b.facts["M2_ERK.tif"] = ImageFacts(2)


def total_on_another_membrane(b):
    b.tree["image"] = [i for i in b.tree["image"] if i["file"] != "M2_ERK.tif"]


def several_controls(b):
    b.tree["image"].append(image("M1", "GAPDH", "loading_control", file="M1_p-ERK.tif", row=2))
    b.tree["image"][1]["row"] = 1


def one_replicate(b):
    b.tree |= {"pairing": "independent", "dose": []}
    b.table.loc[b.table["group"] != "", "replicate"] = "1"


def odd_number(b):
    b.set(4, "time_h", "day 1")


def empty_sample(b):
    b.set(4, "sample", "")


def sample_in_two_groups(b):
    b.set(4, "sample", "drug 1")


def columns_of_ones_own(b):
    b.table["strain"] = ["wt"] * 14 + ["WT"]


WARNINGS = [
    (
        sample_in_two_groups,
        "sample 'drug 1' of replicate '1' is in the groups 'control' and 'drug'",
    ),
    (columns_of_ones_own, "row 16: strain 'wt' and 'WT' differ only"),
    (incomplete_pair, "replicate 1 of group 'drug' has no lane of the reference group"),
    (incomplete_pair, "replicate 7 has only the reference group 'control'"),
    (unknown_pairing, "pairing = 'unknown': results are descriptive"),
    (faint_target, "M2_ERK.tif 2, M2_p-ERK.tif 5, M2_beta-actin.tif 5; lanes are carried over"),
    (total_on_another_membrane, "its total ERK is on another membrane"),
    (total_on_another_membrane, "target ERK has no image on membrane M2"),
    (several_controls, r"several loading controls \(beta-actin, GAPDH\)"),
    (one_replicate, "every group has one biological replicate"),
    (odd_number, r"cell J4 \(time_h\): 'day 1' is not a number"),
    (empty_sample, "row 4: sample is empty"),
]


@pytest.mark.parametrize(("harm", "line"), WARNINGS)
def test_what_does_not_stop_a_study_is_a_warning(bench, harm, line):
    harm(bench)
    said = bench.said("warning")
    assert any(re.search(line, one) for one in said), said
    assert bench.said() == []


def test_everything_comes_at_once_errors_first(bench):
    harms = (lane_that_is_not, duplicate_sample_rows, unknown_reference_group)
    bench.set(10, "dose", "much")
    for harm in (*harms, phospho_of_nothing, target_without_image, unknown_pairing):
        harm(bench)
    said = bench.said()
    assert any("cell I10 (dose): 'much' is not a number" in one for one in said)
    for harm in (*harms, phospho_of_nothing, target_without_image):
        line = dict(ERRORS)[harm]
        assert any(re.search(line, one) for one in said)
    kinds = [problem.severity for problem in bench.problems()]
    assert kinds == sorted(kinds)
    assert len(set(bench.problems())) == len(kinds)


def test_a_table_made_by_hand_is_checked_too(bench):
    table = good_table().astype({"lane": "float64"})
    table.loc[3, "lane"] = float("nan")
    table.loc[4, "group"] = None
    said = [
        str(problem)
        for problem in check_study(Study.parse(bench.tree), table, bench.facts, bench.folder)
    ]
    assert any("row 5 (lane): the lane is empty" in one for one in said)
    assert any("row 6 (group): holds NaN" in one for one in said)
    assert not any("row 4 (lane)" in one for one in said)


def test_excel_rows_and_columns_are_named_by_the_file(bench):
    bench.set(4, "dose", "much")
    path = write_samples(bench.table, bench.folder / "study.xlsx")
    samples = read_samples(path, strict=False)
    (problem,) = check_study(Study.parse(bench.tree), samples, bench.facts, bench.folder)[:1]
    assert dataclasses.astuple(problem)[:2] == ("study.xlsx [samples]", "cell I4 (dose)")


def test_groups_of_signs_are_groups(bench):
    for old, new in (("control", "-"), ("drug", "+")):
        bench.table.loc[bench.table["group"] == old, "group"] = new
    bench.tree["reference_group"] = "-"
    bench.tree["comparison"][0] |= {"group": ["+"], "reference": "-"}
    assert bench.problems() == ()

"""A study proposed from names and lanes: what the names say, and what people have to add."""

import pytest

from blotquant.study import (
    ImageFacts,
    Study,
    check_study,
    propose_study,
    read_samples,
    what_to_fill_in,
    write_samples,
)
from blotquant.study.samples import SAMPLE_COLUMNS

SAMPLES = ["sample"] * 4
LADDER = ["ladder", *SAMPLES]
NAMES = [
    *("M1_P53.tif", "M1_ERK1-2.tif", "M1_p-ERK1-2.tif", "M1_b-actin.tif"),
    *("M2_P53.tif", "M2_ERK1-2.tif", "M2_pERK1-2.tif", "M2_β-Actin.tif"),
]


def proposed(names, kinds=SAMPLES):
    return propose_study([(name, len(kinds), kinds) for name in names])


def test_names_give_membranes_targets_and_roles():
    study, table = proposed(NAMES)
    assert study.membranes() == ("M1", "M2")
    assert study.targets() == ("P53", "ERK1-2", "p-ERK1-2")
    told = [(i.file, i.target, i.role, i.phospho_of) for i in study.images_of("M2")]
    assert told == [
        ("M2_P53.tif", "P53", "target", ""),
        ("M2_ERK1-2.tif", "ERK1-2", "target", ""),
        ("M2_pERK1-2.tif", "pERK1-2", "target", "ERK1-2"),
        ("M2_β-Actin.tif", "beta-actin", "loading_control", ""),
    ]
    assert study.normalization.method == "loading_control"
    assert list(table.columns) == [column.name for column in SAMPLE_COLUMNS]
    assert table[["membrane", "lane"]].values.tolist() == [
        [name, lane] for name in ("M1", "M2") for lane in range(1, 5)
    ]


def test_groups_replicates_and_pairing_are_left_to_people():
    study, table = proposed(NAMES)
    assert (table[["sample", "group", "replicate", "technical"]] == "").all(axis=None)
    assert study.pairing == "unknown"
    assert study.reference_group == study.replicate_unit == ""
    notes = " ".join(what_to_fill_in(study, table))
    for word in ("sample, group, replicate", "reference_group", "replicate_unit", "pairing"):
        assert word in notes


def test_lanes_are_those_of_the_image_that_shows_all():
    images = [
        ("M1_P53.tif", 2, ["sample"] * 2),
        ("M1_b-actin.tif", 5, ["sample"] * 5),
        ("M1_PTEN.tif", 5, LADDER),
        ("M1_TERT.tif", 7, ["sample"] * 7),
    ]
    _, table = propose_study(images)
    assert table["kind"].tolist() == LADDER


def test_a_name_that_says_nothing_is_asked_for(tmp_path):
    study, table = proposed(["IMG_0012.tif", "DSC0001.tif", "2024-03-12 15h22m.tif"], LADDER)
    assert [(i.membrane, i.target) for i in study.image] == [("?1", "?"), ("?2", "?"), ("?3", "?")]
    assert len(table) == 15
    notes = what_to_fill_in(study, table)
    assert "IMG_0012.tif, DSC0001.tif, 2024-03-12 15h22m.tif" in notes[0]
    text = study.to_toml(notes)
    assert all(f"# {note}\n" in text for note in notes)
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    assert Study.from_toml(path) == study
    problems = [str(p) for p in check_study(study, table, {}, tmp_path)]
    assert sum("is still open" in one for one in problems) == 6


def test_one_name_in_two_folders_is_two_membranes():
    study, _ = proposed(["day1/M1_P53.tif", "day1/m1_b-actin.tif", "day2/M1_P53.tif"])
    assert [(i.file, i.membrane) for i in study.image] == [
        ("day1/M1_P53.tif", "day1/M1"),
        ("day1/m1_b-actin.tif", "day1/M1"),
        ("day2/M1_P53.tif", "day2/M1"),
    ]


def test_pages_ladders_and_several_exposures():
    names = ["M1_P53.tif#2/Cy5", "M1_ladder.tif", "M1_b-actin_short.tif", "M1_b-actin_long.tif"]
    study, table = proposed(names)
    assert (study.image[0].file, study.image[0].page) == ("M1_P53.tif", "2/Cy5")
    assert [i.role for i in study.image] == ["target", *["loading_control"] * 2, "ladder"]
    assert any("beta-actin of membrane M1 has several" in n for n in what_to_fill_in(study, table))


@pytest.mark.parametrize(
    ("names", "method", "controls"),
    [
        (["M1_P53.tif", "M1_GAPDH.tif", "M1_actin.tif"], "loading_control", ("beta-actin",)),
        (["M1_P53.tif", "M1_REVERT.tif"], "total_protein", ()),
        (["M1_P53.tif"], "none", ()),
        (["M1_P53.tif", "M2_P53.tif", "M2_GAPDH.tif"], "loading_control", ()),
    ],
)
def test_the_normalization_that_every_membrane_allows(names, method, controls):
    study, _ = proposed(names)
    assert (study.normalization.method, study.normalization.loading_controls) == (method, controls)


def test_a_proposal_that_is_filled_in_passes(tmp_path):
    study, table = proposed(NAMES, LADDER)
    for name in NAMES:
        (tmp_path / name).write_bytes(b"")
    sample = table["kind"] == "sample"
    table.loc[sample, "group"] = ["control", "control", "drug", "drug"] * 2
    table.loc[sample, "replicate"] = ["1", "2"] * 4
    table.loc[sample, "sample"] = table["group"] + table["replicate"]
    study = study.model_copy(update={"reference_group": "control", "pairing": "paired"})
    facts = dict.fromkeys(NAMES, ImageFacts(5))
    for suffix in ("csv", "xlsx"):
        read = read_samples(write_samples(table, tmp_path / f"s.{suffix}", study))
        assert check_study(study, read, facts, tmp_path) == ()


def test_no_images_and_images_without_lanes():
    study, table = propose_study([])
    assert (study.image, len(table)) == ((), 0)
    study, table = propose_study([("M1_P53.tif", 0, [])])
    assert (len(study.image), len(table)) == (1, 0)
    assert table.dtypes["lane"] == "int64"

"""File names as people and imagers write them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blotquant.names import (
    CONTROLS,
    canonical,
    control_kind,
    membrane_identity,
    parse_name,
    same_target,
)


def membrane_key(image):
    return membrane_identity(image, parse_name(image)[0])


@pytest.mark.parametrize(
    ("image", "membrane", "target"),
    [
        ("study/M1_P53.tif", "M1", "P53"),
        ("M1_b-actin.tif", "M1", "b-actin"),
        ("M1_p-ERK1-2.tif#1/Cy5", "M1", "p-ERK1-2"),
        ("M1_P53.ome.tif", "M1", "P53"),
        ("M1_P53.OME.TIFF#3", "M1", "P53"),
        ("a.b_c/M 2_p21.2.png", "M 2", "p21.2"),
        ("exp1_day2_M1_CD4.tif", "exp1_day2_M1", "CD4"),
        ("2024-03-12_P53.tif", "2024-03-12", "P53"),
        ("M1_P53(Chemiluminescence).tif", "M1", "P53"),
        ("M1_P53 [Cy5].scn", "M1", "P53"),
        # what the picture is like says nothing of what it shows
        ("M1_P53_long.tif", "M1", "P53"),
        ("M1_P53_30s.tif", "M1", "P53"),
        ("M1_P53_Chemiluminescence.tif", "M1", "P53"),
        ("M1_P53 (1).tif", "M1", "P53"),
        ("M1_P53 - Copy.tif", "M1", "P53"),
        # a repeat is another membrane
        ("WT_P53_rep2.tif", "WT_rep2", "P53"),
        # a known control is taken whole
        ("M1_beta_actin.tif", "M1", "beta_actin"),
        ("M1_old_beta_actin.tif", "M1_old", "beta_actin"),
        ("M1_COX_IV.tif", "M1", "COX_IV"),
        ("M1_total_protein.tif", "M1", "total_protein"),
        ("M1_stain_free.tif", "M1", "stain_free"),
        ("M1_REVERT_700.tif", "M1", "REVERT_700"),
        ("M1_histone_H3.tif", "M1", "histone_H3"),
        # a modification belongs to its protein
        ("M1_p_ERK.tif", "M1", "p_ERK"),
        ("M1_p_H3.tif", "M1", "p_H3"),
        ("M1_cleaved_lamin_A.tif", "M1", "cleaved_lamin_A"),
        # proteins that look like a month, a channel, a camera's counter
        ("M1_OCT4.tif", "M1", "OCT4"),
        ("M1_MARCH5.tif", "M1", "MARCH5"),
        ("M1_C3.tif", "M1", "C3"),
        ("M1_IR.tif", "M1", "IR"),
        ("M1_SET.tif", "M1", "SET"),
        ("M1_DSC2.tif", "M1", "DSC2"),
        ("M1_S6.tif", "M1", "S6"),
        ("M1_14-3-3.tif", "M1", "14-3-3"),
    ],
)
def test_membrane_and_target(image, membrane, target):
    assert parse_name(image) == (membrane, target)


@pytest.mark.parametrize(
    "image",
    [
        "2024-03-12 15h22m(Chemiluminescence).tif",
        "2024-03-12_15h22m.tif",
        "2024-03-12_15h22m07s(Chemiluminescence).tif",
        "2024-03-12_15.22.07.tif",
        "ChemiDoc 2024-03-12 [Cy5].scn",
        "ChemiDoc_2024-03-12_15h22m [Cy5].scn",
        "blot_12Mar2024.tif",
        "blot_20240312T1522.tif",
        "IMG_0001.tif",
        "Image_12.tif",
        "scan 3.tif",
        "scan_3.tif",
        "strip_12_lanes.png",
        "blot_lane3.tif",
        "blot_Chemiluminescence.tif",
        "blot_colorimetric.tif",
        "blot_Colourimetric.tif",
        "blot_Cy5.tif",
        "blot_IRDye800CW.tif",
        "blot_700nm.tif",
        "blot_10s.tif",
        "blot_1min30sec.tif",
        "blot_long exposure.tif",
        "blot_channel 2.tif",
        "blot_A.tif",
        "M1_copy.tif",
        "M1_(1).tif",
        "beta_actin.tif",
        "_P53.tif",
        "M1_.tif",
        "actin.tif",
        "",
        "folder_name/blot.tif",
    ],
)
def test_names_that_say_nothing(image):
    assert parse_name(image) == ("", "")
    assert membrane_key(image)[1] == ""


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("beta-actin", "b-actin|beta-actin|β-actin|ß-Actin|bactin|ACTB|Actin|anti-β-actin|B_ACTIN"),
        ("GAPDH", "gapdh|GAPDH (37 kDa)"),
        ("alpha-tubulin", "a-tubulin|α-Tubulin|TUBA|alpha tubulin"),
        ("beta-tubulin", "β-tubulin|tubb|b-tubulin"),
        ("tubulin", "Tubulin"),
        ("vinculin", "VCL|Vinculin"),
        ("lamin A/C", "Lamin A/C|lamin A-C|LMNA"),
        ("lamin B1", "lamin b1|LMNB1"),
        ("histone H3", "H3|Histone H3|histone_h3"),
        ("COX IV", "COXIV|cox-4"),
        ("HSP90", "Hsp90|HSP-90"),
    ],
)
def test_spellings_of_loading_controls(name, spellings):
    for text in spellings.split("|"):
        assert canonical(text) == name, text
        assert control_kind(text) == "loading_control"


@pytest.mark.parametrize(
    "text",
    [
        "Ponceau",
        "ponceau S",
        "Stain-Free",
        "stainfree",
        "REVERT",
        "Revert 700",
        "Coomassie",
        "total protein",
        "TPS",
        "Amido Black",
    ],
)
def test_spellings_of_total_protein(text):
    assert control_kind(text) == "total_protein"


@pytest.mark.parametrize(
    "text",
    [
        "p-H3",
        "pH3",
        "phospho-histone H3",
        "H3K27me3",
        "H3K9ac",
        "acetyl-tubulin",
        "cleaved lamin",
        "Lamin A (cleaved)",
        "α-SMA",
        "alpha-smooth muscle actin",
        "TUBB3",
        "gamma-tubulin",
        "P53",
        "TP53",
        "PARP",
        "",
    ],
)
def test_what_is_no_control(text):
    assert control_kind(text) is None


def test_same_target():
    assert same_target("b-actin", "ACTB")
    assert same_target("p53", "P53")
    assert same_target("p-ERK", "P ERK")
    assert not same_target("p-ERK", "PERK")
    assert same_target("NF-kB", "NFκB")
    assert not same_target("tubulin", "alpha-tubulin")
    assert not same_target("alpha-tubulin", "beta-tubulin")


def test_total_protein_is_preferred_last():
    kinds = [control_kind(control.name) for control in CONTROLS]
    assert kinds == sorted(kinds)
    assert CONTROLS[0].name == "beta-actin"


def test_membranes_of_other_folders_are_other_membranes():
    assert membrane_key("day 1/M1_P53.tif") == membrane_key("day 1/m1_beta_actin.png#2/Cy5")
    assert membrane_key("day 1/M1_P53.tif") != membrane_key("day 2/M1_P53.tif")
    assert membrane_key("M1_P53.tif") != membrane_key("M11_P53.tif")


def test_composed_and_decomposed_letters_are_one():
    composed, decomposed = (
        unicodedata.normalize(form, "Zürich_Müller.tif") for form in ("NFC", "NFD")
    )
    assert composed != decomposed
    assert parse_name(composed) == parse_name(decomposed)
    assert membrane_key(composed) == membrane_key(decomposed)


@given(st.text(alphabet=st.characters(exclude_characters="/#"), max_size=30))
def test_any_name_is_read_without_failing(stem):
    membrane, target = parse_name(f"folder/{stem}.tif")
    assert bool(membrane) == bool(target)
    assert bool(membrane_key(f"folder/{stem}.tif")[1]) == bool(membrane)
    assert same_target(stem, stem) or not any(letter.isalnum() for letter in stem)


@given(
    st.from_regex(r"M[0-9]{1,3}( [a-z]{1,4})?", fullmatch=True),
    st.sampled_from(["P53", "p-ERK", *[c.name.replace("/", "-") for c in CONTROLS]]),
)
def test_what_was_joined_comes_apart(membrane, target):
    for written in (target, target.replace(" ", "_")):
        assert parse_name(f"study/{membrane}_{written}.ome.tif#1/x") == (membrane, written)

"""Methods and checklists: everything from the study, gaps marked, and rules that can fail."""

import tomllib
from dataclasses import replace

import pytest

from blotquant.errors import StudyError
from blotquant.recipe import Recipe
from blotquant.session import Edit, Session
from blotquant.study import Membrane
from blotquant.study_report import checklist, checklist_markdown, methods_text
from blotquant.study_report.figure_tables import figure_tables
from blotquant.study_report.methods_text import CITATION
from blotquant.study_report.strips import panel_strips


def changed(run, *, study=None, **tables):
    """The run with keys of its study file, or tables, changed."""
    declared = run.study.study.model_copy(update=study or {})
    return replace(run, study=replace(run.study, study=declared, **tables))


def with_images(run, **keys):
    images = tuple(block.model_copy(update=keys) for block in run.study.study.image)
    return changed(run, study={"image": images})


def verdicts(run, strips=()):
    table = checklist(run, strips)
    return {
        (row["journal"], row["rule"].rstrip(".")): (row["verdict"], row["evidence"])
        for row in table.to_dict("records")
    }


def paragraph(run, heading):
    return dict(methods_text(run).paragraphs)[heading]


def test_methods_say_what_was_done(run):
    text = methods_text(run).plain()
    for words in (
        "3 membranes (M1, M2, M3)",
        "were carried over from another image of the membrane",
        "(method 'lane': Whittaker smoother, Eilers 2003",
        "divided by beta-actin of the same lane",
        "Membranes were not brought on one scale.",
        "n counts biological replicates (independent culture). n = 3 in each group",
        "Technical repeats (2 lanes of a replicate)",
        "Ratio-paired t test for each target.",
        "Holm-Sidak (Holm 1979) over a family of 2 comparisons",
        "membrane M1, lane 2 (bubble over the lane).",
        f"blotquant {run.provenance['blotquant']}",
        f"numpy {run.provenance['libraries']['numpy']}",
        "16 bit used",
    ):
        assert words in text, words
    assert CITATION in text


def test_what_is_not_known_is_marked(run):
    gaps = " ".join(methods_text(run).gaps)
    for words in ("imager", "exposure times", "antibody, dilution and RRID for P53", "stripped"):
        assert words in gaps, words
    assert "**[state the exposure times]**" in methods_text(run).markdown()


def test_what_is_known_is_no_gap(run):
    known = with_images(run, antibody="DO-1, Maker 1234", dilution="1:1000", rrid="RRID:AB_1")
    known = changed(
        known, study={"membrane": tuple(Membrane(id=m, strips=True) for m in ("M1", "M2", "M3"))}
    )
    text = paragraph(known, "Western blots")
    assert "P53 (DO-1, Maker 1234, 1:1000, RRID:AB_1)" in text
    assert "RRID:RRID" not in text
    assert "membrane M1, M2 and M3 was stripped" in text
    assert "RRID for" not in " ".join(methods_text(known).gaps)
    assert "stripped between" not in " ".join(methods_text(known).gaps)


def test_names_cannot_break_the_markdown(run):
    odd = changed(run, study={"replicate_unit": "<script>*dish*\nor |well|"})
    text = methods_text(odd).markdown()
    assert r"\<script\>\*dish\* or \|well\|" in text
    assert "<script>*dish* or |well|" in methods_text(odd).plain()


def test_other_settings_give_other_words(run):
    recipe = Recipe.of(background="rolling_ball", radius=30)
    images = tuple(replace(one, result=one.result.replace(recipe=recipe)) for one in run.images)
    other = changed(
        replace(run, images=images),
        study={"pairing": "unknown"},
        statistics=run.study.statistics.assign(verdict="descriptive", reason="pairing unknown"),
    )
    text = methods_text(other).plain()
    assert "(method 'rolling_ball', Sternberg 1983), radius 30 px" in text
    assert "Sternberg SR (1983) Computer 16:22" in text
    assert "[state whether samples are paired or independent]" in text
    assert "Not tested, as pairing unknown: P53, treated against control; p-ERK1/2" in text
    assert "Ratio-paired" not in text


def test_lanes_drawn_by_hand_are_told(run, tmp_path):
    first = run.images[0]
    sidecar = tmp_path / "M1_P53.tif.blotquant.json"
    log = (Edit(time="2025-01-01T00:00:00+00:00", what="lane moved"),)
    sidecar.write_bytes(Session.of(first.result, log).to_json())
    layout = first.result.layout
    lanes = (replace(layout.lanes[0], source="hand"), *layout.lanes[1:])
    drawn = replace(
        first, result=first.result.replace(layout=layout.replace(lanes=lanes)), sidecar=sidecar
    )
    text = paragraph(replace(run, images=(drawn, *run.images[1:])), "Densitometry")
    assert "1 were drawn or corrected by hand" in text
    assert f"Changed by hand: {first.image} (1 change logged)." in text


def test_a_lane_without_a_reason_is_a_gap(run):
    samples = run.study.samples.copy()
    samples.loc[0, "use"] = False
    text = paragraph(changed(run, samples=samples), "Statistics")
    assert "membrane M1, lane 1 [state why]" in text


def test_the_citation_is_that_of_the_repository(root):
    lines = (root / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    known = dict(line.split(": ", 1) for line in lines if ": " in line and not line.startswith(" "))
    title = tomllib.loads(f"t = {known['title']}")["t"]
    assert title in CITATION
    assert CITATION.endswith(f"version {known['version']}")
    author = next(line.split("name: ")[1] for line in lines if line.startswith("  - name: "))
    assert CITATION.startswith(author)


@pytest.mark.parametrize("write", [methods_text, checklist])
def test_a_run_without_a_study_is_refused(run, write):
    with pytest.raises(StudyError, match="no study"):
        write(replace(run, study=None))


def test_every_journal_is_checked(run):
    strips = panel_strips(run, run.study, figure_tables(run.study)).strips
    table = checklist(run, strips)
    assert set(table["journal"]) == {"JBC", "JCB", "Nature", "BJP"}
    assert set(table["verdict"]) <= {"pass", "fail", "yours to say"}
    assert all(table["evidence"])
    text = checklist_markdown(table)
    assert text.count("\n| ") == len(table) + 2 * 4
    assert "p-ERK1/2" in text


def test_rules_are_met_and_not_met(run):
    found = verdicts(run)
    assert found["JBC", "Molecular weights are marked at the blots"][0] == "pass"
    assert found["JBC", "Antibodies have an RRID"] == (
        "fail",
        "study.toml gives no rrid for the antibody of P53, p-ERK1/2 and b-actin.",
    )
    assert found["BJP", "No statistics under n = 5"][0] == "fail"
    assert found["BJP", "Groups are of equal size"][0] == "pass"
    assert found["JCB", "Target and loading control are from the same membrane"][0] == "pass"
    assert found["JBC", "Signals lie in the linear range"][0] == "yours to say"
    assert found["Nature", "Crops keep five band widths around the bands"][0] == "yours to say"

    other = with_images(run, mw_kda=None, rrid="AB_1")
    rows = run.study.statistics.assign(n_group=5, n_reference=6)
    values = run.study.normalized.copy()
    values.loc[0, "flags"] = "SATURATED"
    values["control_image"] = "M2_b-actin.tif"
    found = verdicts(changed(other, statistics=rows, normalized=values))
    assert found["JBC", "Molecular weights are marked at the blots"][0] == "fail"
    assert found["JBC", "Antibodies have an RRID"][0] == "pass"
    assert found["BJP", "No statistics under n = 5"][0] == "pass"
    assert found["BJP", "Groups are of equal size"][0] == "fail"
    assert found["JCB", "Target and loading control are from the same membrane"][0] == "fail"
    verdict, why = found["JBC", "Signals lie in the linear range"]
    assert verdict == "fail"
    assert values["target"][0] in why


def test_crops_and_splices_are_looked_at(run):
    strips = panel_strips(run, run.study, figure_tables(run.study)).strips
    found = verdicts(run, strips)
    assert found["JCB", "Splices are marked"][1].startswith("Dashed lines mark the splices of P53")
    shape = strips[0].blot.shape
    cropped = replace(
        strips[0],
        blot=replace(
            strips[0].blot, pixels=strips[0].blot.pixels[: shape[0] // 2 + 15], saturated=None
        ),
    )
    assert verdicts(run, [cropped])["Nature", "Crops keep five band widths around the bands"][
        0
    ] == ("fail")


def test_files_that_could_not_be_made_meet_no_rule(run):
    table = checklist(run, (), made=set())
    shown = table.set_index("rule")["verdict"]
    assert shown["The uncropped blots are in the supplement."] == "fail"
    assert shown["All data points are shown."] == "yours to say"


def test_an_image_that_could_not_be_read_is_missing_in_the_supplement(run):
    lost = replace(run.images[0], status="failed", result=None)
    verdict, why = verdicts(replace(run, images=(lost, *run.images[1:])))[
        "Nature", "The uncropped blots are in the supplement"
    ]
    assert verdict == "fail"
    assert run.images[0].image in why

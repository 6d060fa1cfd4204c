"""A study from its folder to its conclusions, on the command line and in Python."""

import json

import numpy as np
import pandas as pd
import pytest

import blotquant as bq
from blotquant.pipeline import analyze_study
from blotquant.study import Study, read_samples, write_samples


def edited(folder, old, new, name="samples.csv"):
    path = folder / name
    text = path.read_text(encoding="utf-8-sig")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def without_images(folder, name):
    """The study without one of its images."""
    study = Study.from_toml(folder / "study.toml")
    kept = tuple(image for image in study.image if image.file != name)
    (folder / "study.toml").write_text(study.model_copy(update={"image": kept}).to_toml())
    (folder / name).unlink()


# --- what comes out


def test_folds_are_those_of_the_planted_densities(done, original):
    run, out = done
    assert run.returncode == 0, run.stderr
    truth = json.loads((original / "truth.json").read_text())["realised_folds"]
    statistics = pd.read_csv(out / "statistics.csv").set_index("target")
    assert set(statistics.index) == set(truth)
    for target, fold in truth.items():
        assert statistics.loc[target, "fold_change"] == pytest.approx(fold, rel=0.03)
        assert statistics.loc[target, "n_pairs"] == 3
        assert statistics.loc[target, "verdict"] == "tested"


def test_every_band_knows_its_sample(done, original):
    bands = pd.read_csv(done[1] / "bands.csv", dtype={"replicate": str})
    samples = read_samples(original / "samples.csv")
    merged = bands.merge(samples, on=["membrane", "lane"], suffixes=("", "_sheet"))
    assert len(merged) == len(bands)
    for column in ("sample", "group", "replicate"):
        assert (merged[column] == merged[f"{column}_sheet"]).all()
    assert set(bands["target"]) == {"P53", "PTEN", "b-actin"}


def test_lanes_of_a_membrane_are_shared_but_for_a_shift(done):
    lanes = pd.read_csv(done[1] / "lanes.csv")
    for membrane in ("M1", "M2", "M3"):
        mine = lanes[lanes["image"].str.startswith(membrane)]
        middles = (mine["center_col_top"] + mine["center_col_bottom"]).to_numpy().reshape(3, 4) / 2
        shifts = middles - middles[0]
        assert np.ptp(shifts, axis=1).max() < 2.0


def test_the_same_in_python(done, original):
    result = analyze_study(original)
    written = pd.read_csv(done[1] / "statistics.csv")
    assert result.statistics["target"].tolist() == written["target"].tolist()
    np.testing.assert_allclose(result.statistics["fold_change"], written["fold_change"], rtol=1e-9)
    np.testing.assert_allclose(result.statistics["p"], written["p"], rtol=1e-8)


def test_jobs_layouts_and_repetition_change_nothing(blotquant, done, original, tmp_path):
    _, out = done
    again, from_layouts = tmp_path / "two", tmp_path / "layouts"
    assert blotquant("run", original, "-o", again, "--jobs", 2).returncode == 0
    run = blotquant("run", original, "-o", from_layouts, "--layouts", out, "--jobs", 1)
    assert run.returncode == 0, run.stderr
    for name in ("bands.csv", "normalized.csv", "statistics.csv", "replicates.csv", "controls.csv"):
        expected = (out / name).read_bytes()
        assert (again / name).read_bytes() == expected, name
        assert (from_layouts / name).read_bytes() == expected, name


def test_without_the_study_names_tell(blotquant, original, tmp_path):
    out = tmp_path / "out"
    run = blotquant("run", original, "-o", out, "--no-study", "--no-overlays")
    assert run.returncode == 0
    assert not (out / "statistics.csv").exists()
    assert pd.read_csv(out / "bands.csv")["group"].isna().all()


# --- what a study may say


def test_an_excluded_lane_is_measured_and_left_out(study):
    with (study / "study.toml").open("a") as file:
        file.write('\n[[exclude]]\nmembrane = "M1"\nlane = 1\nreason = "a bubble"\n')
    result = analyze_study(study)
    mine = result.normalized.query("membrane == 'M1' and lane == 1")
    assert len(mine) == 2
    assert not mine["use"].any()
    assert mine["flags"].str.contains("EXCLUDED").all()
    assert mine["scaled_density"].notna().all()
    replicates = result.replicates.query("group == 'control' and replicate == '1'")
    assert (replicates["n_technical"] == 1).all()
    assert any("a bubble" in line for line in result.warnings)


def test_a_study_that_is_not_complete_is_not_tested(study):
    edited(study, "complete = true", "complete = false", "study.toml")
    result = analyze_study(study)
    assert result.statistics.empty
    assert len(result.normalized) == 3 * 2 * 4
    assert any("not marked complete" in line for line in result.warnings)


def test_unknown_pairing_is_descriptive(study):
    edited(study, 'pairing = "paired"', 'pairing = "unknown"', "study.toml")
    result = analyze_study(study)
    assert result.statistics["p"].isna().all()
    assert set(result.statistics["verdict"]) == {"descriptive"}


def test_a_comparison_may_ask_for_a_column_of_the_sheet(study):
    samples = read_samples(study / "samples.csv")
    samples["time_h"] = np.where(samples["technical"] == "1", "24", "48")
    write_samples(samples, study / "samples.csv")
    with (study / "study.toml").open("a") as file:
        file.write(
            '\n[[comparison]]\nname = "after a day"\ngroup = ["treated"]\nreference = "control"\n'
            'where = { time_h = "24" }\n'
        )
    result = analyze_study(study)
    assert set(result.statistics["comparison"]) == {"after a day"}
    assert set(result.statistics["condition"]) == {"time_h=24"}
    assert (result.replicates["n_technical"] == 1).all()


def test_a_row_may_be_named_where_an_image_shows_several(study):
    """A study that says which row is whose reads that row and calls others nothing."""
    study_file = Study.from_toml(study / "study.toml")
    image = tuple(
        block.model_copy(update={"row": 1}) if block.file == "M1_P53.tif" else block
        for block in study_file.image
    )
    text = study_file.model_copy(update={"image": image}).to_toml()
    (study / "study.toml").write_text(text)
    bands = analyze_study(study).bands.query("image == 'M1_P53.tif'")
    assert set(bands.loc[bands["row"] == 1, "target"]) == {"P53"}
    assert set(bands.loc[bands["row"] > 1, "target"]) <= {""}


def test_two_targets_of_one_image_need_their_rows(study):
    with (study / "study.toml").open("a") as file:
        file.write('\n[[image]]\nfile = "M1_P53.tif"\nmembrane = "M1"\ntarget = "P63"\n')
    with pytest.raises(bq.StudyError, match=r"M1_P53\.tif\): .*row"):
        analyze_study(study)


def test_lanes_drawn_in_one_image_hold_for_its_membrane(blotquant, study, done):
    layouts = done[1] / "layouts"
    layout = bq.read_layout(layouts / "M1_b-actin.blotquant.json")
    (blot,) = bq.load(study / "M1_b-actin.tif")
    narrow = tuple(
        bq.Lane(lane.id, lane.panel_id, lane.path, lane.width * 0.8, source="hand")
        for lane in layout.lanes
    )
    result = bq.analyze(blot, layout=layout.replace(lanes=narrow), image="M1_b-actin.tif")
    bq.write_layout(study / "M1_b-actin.blotquant.json", result)
    out = study / "out"
    assert blotquant("run", study, "-o", out, "--no-overlays").returncode == 0
    lanes = pd.read_csv(out / "lanes.csv")
    mine = lanes[lanes["image"].str.startswith("M1")]
    expected = np.tile([lane.width for lane in narrow], 3)
    np.testing.assert_allclose(mine["width"], expected, rtol=1e-6)


# --- what it refuses


def test_all_faults_at_once_and_nothing_computed(blotquant, study, tmp_path):
    (study / "M1_P53.tif").unlink()
    edited(study, "M2,2,", "M2,two,")
    edited(study, "M3,3,treated 3,treated", "M3,3,treated 3,Treated ")
    out = tmp_path / "out"
    run = blotquant("run", study, "-o", out)
    assert run.returncode == bq.StudyError.exit_code
    lines = run.stderr.splitlines()
    assert all(line.startswith("blotquant: error: ") for line in lines)
    for words in ("M1_P53.tif", "'two' is not a lane", "Treated"):
        assert sum(words in line for line in lines) == 1, run.stderr
    assert not out.exists()


def test_lanes_that_are_not_in_the_image_are_refused_after_a_look(blotquant, study, tmp_path):
    edited(study, "M1,4,", "M1,5,")
    out = tmp_path / "out"
    run = blotquant("run", study, "-o", out)
    assert run.returncode == bq.StudyError.exit_code
    assert "membrane M1 has no lane 5" in run.stderr
    assert not (out / "statistics.csv").exists()
    assert (out / "overlays" / "M1_P53.png").exists()


def test_another_normalization_is_refused(blotquant, study):
    run = blotquant("run", study, "--loading-control", "GAPDH")
    assert run.returncode == bq.RecipeError.exit_code
    assert "study.toml" in run.stderr


def test_one_unreadable_image_leaves_the_rest(blotquant, study, tmp_path):
    (study / "M1_PTEN.tif").write_bytes(b"no picture")
    out = tmp_path / "out"
    run = blotquant("run", study, "-o", out, "--no-overlays")
    assert run.returncode == 1
    assert pd.read_csv(out / "failures.csv")["image"].tolist() == ["M1_PTEN.tif"]
    statistics = pd.read_csv(out / "statistics.csv").set_index("target")
    assert statistics.loc["P53", "n_pairs"] == 3
    assert statistics.loc["PTEN", "n_pairs"] == 2
    assert statistics.loc["PTEN", "verdict"] != "tested"


# --- a real membrane, probed three times

BLOTBENCH = """
title = "one membrane, three probes"
reference_group = "1"
replicate_unit = "lysate"
pairing = "unknown"
"""
# Where a person sees the bands, in px from the top, and which they are.
SEEN = {"parp": ("PARP", 72, "target"), "trail": ("TRAIL", 312, "target")}
SEEN["actin"] = ("beta-actin", 221, "loading_control")


def row_at(folder, name, height):
    """Number of the row of bands at a height, as the table counts it."""
    table = analyze_study(folder).bands.query(f"image == 'blotbench_{name}.tif' and lane < 5")
    return int((table.groupby("row")["center_row"].mean() - height).abs().idxmin())


@pytest.mark.shared
def test_a_real_membrane_probed_three_times(shared, tmp_path):
    for name in ("parp", "trail", "actin"):
        (tmp_path / f"blotbench_{name}.tif").symlink_to(shared / "real" / f"blotbench_{name}.tif")
    blocks = {
        name: f'[[image]]\nfile = "blotbench_{name}.tif"\nmembrane = "B"\ntarget = "{target}"\n'
        f'role = "{role}"\n'
        for name, (target, _, role) in SEEN.items()
    }
    (tmp_path / "study.toml").write_text(BLOTBENCH + "".join(blocks.values()))
    rows = [f"B,{lane},s{lane},{lane},1,,sample,yes" for lane in range(1, 5)]
    header = "membrane,lane,sample,group,replicate,technical,kind,use"
    sheet = "\n".join([header, *rows, "B,5,marker,,,,ladder,yes"])
    (tmp_path / "samples.csv").write_text(sheet)
    places = {name: row_at(tmp_path, name, height) for name, (_, height, _) in SEEN.items()}
    with_rows = "".join(f"{blocks[name]}row = {row}\n" for name, row in places.items())
    (tmp_path / "study.toml").write_text(BLOTBENCH + with_rows)
    result = analyze_study(tmp_path)
    values = result.normalized.pivot_table(index="target", columns="lane", values="scaled_density")
    assert values.shape == (2, 4)
    assert (values > 0).all().all()
    # seen on the blots: PARP is strongest in lane 4, TRAIL in lane 3, by far
    assert values.loc["PARP"].idxmax() == 4
    assert values.loc["TRAIL"].idxmax() == 3
    assert values.loc["TRAIL", 3] > 1.5 * values.loc["TRAIL"].drop(3).max()
    centers = result.bands.query("target == 'TRAIL' and lane < 5")["center_row"]
    assert centers.between(300, 325).all()
    assert set(result.statistics["verdict"]) == {"descriptive"}

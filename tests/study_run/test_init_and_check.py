"""Starting a study from a folder of blots, and checking it."""

import shutil

import pandas as pd

from blotquant import StudyError
from blotquant.study import Study, read_samples, write_samples


def test_a_study_started_filled_in_checked_and_run(blotquant, original, tmp_path):
    folder = tmp_path / "blots"
    folder.mkdir()
    for path in original.glob("*.tif"):
        shutil.copy(path, folder)
    started = blotquant("init", folder)
    assert started.returncode == 0, started.stderr
    assert {"study.toml", "samples.csv", "contact_sheet.png"} <= {p.name for p in folder.iterdir()}

    unfinished = blotquant("check", folder)
    assert unfinished.returncode == StudyError.exit_code
    assert "group is empty" in unfinished.stdout

    truth = read_samples(original / "samples.csv")
    samples = read_samples(folder / "samples.csv")
    assert samples[["membrane", "lane", "kind"]].equals(truth[["membrane", "lane", "kind"]])
    write_samples(truth, folder / "samples.csv")
    study = Study.from_toml(folder / "study.toml")
    assert {image.target for image in study.image} == {"P53", "PTEN", "beta-actin"}
    filled = study.model_copy(update={"reference_group": "control", "pairing": "paired"})
    (folder / "study.toml").write_text(filled.to_toml(), encoding="utf-8")

    checked = blotquant("check", folder)
    assert checked.returncode == 0, checked.stdout
    out = tmp_path / "out"
    assert blotquant("run", folder, "-o", out, "--no-overlays").returncode == 0
    statistics = pd.read_csv(out / "statistics.csv")
    assert set(statistics["target"]) == {"P53", "PTEN"}
    assert (statistics["verdict"] == "tested").all()


def test_nothing_is_overwritten(blotquant, study):
    before = (study / "study.toml").read_bytes()
    run = blotquant("init", study)
    assert run.returncode == 8
    assert "is there already" in run.stderr
    assert (study / "study.toml").read_bytes() == before


def test_a_folder_without_a_study(blotquant, tmp_path):
    run = blotquant("check", tmp_path)
    assert run.returncode == StudyError.exit_code
    assert "blotquant init" in run.stderr

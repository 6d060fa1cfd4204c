"""Simulated blots on disk: read back as drawn, whole or not at all, studies as planted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from blotquant.errors import OutputError
from blotquant.simulate import (
    FOLDS,
    BlotSpec,
    StudySpec,
    render,
    save,
    simulate,
    write_demo_set,
    write_study,
    write_suite,
)
from blotquant.study import ImageFacts, Study, check_study, read_samples

SMALL = BlotSpec(shape=(100, 200), lanes=3, lane_width=30, gap=12)


@pytest.mark.parametrize(
    ("given", "suffix"),
    [({}, ".tif"), ({"bit_depth": 12}, ".tif"), ({"bit_depth": 8, "file_format": "png"}, ".png")],
)
def test_saved_files_read_back(tmp_path, given, suffix):
    blot = render(BlotSpec(shape=(100, 200), lanes=3, lane_width=30, gap=12, **given), 1)
    path = save(blot, tmp_path / "new", "a")
    assert path.suffix == suffix
    image = tifffile.imread(path) if suffix == ".tif" else np.asarray(Image.open(path))
    np.testing.assert_array_equal(image, blot.image)
    truth = json.loads(path.with_name("a.truth.json").read_text())
    assert truth == {**blot.truth, "image": path.name}
    assert sorted(p.name for p in path.parent.iterdir()) == sorted(["a" + suffix, "a.truth.json"])


def test_jpeg_reads_back_as_the_blot_that_was_given(tmp_path):
    blot = simulate("jpeg", 3)
    path = save(blot, tmp_path, "a")
    np.testing.assert_array_equal(np.asarray(Image.open(path)), blot.image)
    assert path.suffix == ".jpg"
    assert blot.truth["lossy"]


def test_files_are_the_same_bytes_each_time(tmp_path):
    blot = render(SMALL, 1)
    one, two = save(blot, tmp_path / "1", "a"), save(blot, tmp_path / "2", "a")
    assert one.read_bytes() == two.read_bytes()


def test_a_folder_that_cannot_be_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        save(render(SMALL, 1), tmp_path / "file", "a")


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = save(render(SMALL, 1), tmp_path, "a")
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OutputError, match="No space left"):
        save(render(SMALL, 2), tmp_path, "a")
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_suite_has_every_kind_and_seed(tmp_path):
    paths = write_suite(tmp_path, ["strip", "strip_cloudy"], [1, 2])
    assert [path.stem for path in paths] == [
        "strip_1",
        "strip_2",
        "strip_cloudy_1",
        "strip_cloudy_2",
    ]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    paths = write_study(folder, StudySpec(), seed=4)
    return folder, paths, json.loads((folder / "truth.json").read_text())


def volumes(folder, name):
    truth = json.loads((folder / name).with_suffix(".truth.json").read_text())
    return np.array([band["volume"] for band in truth["bands"]]), truth


def test_study_files_are_named_by_membrane_and_target(study):
    _, paths, truth = study
    names = {path.name for path in paths}
    assert len(paths) == 5 * 9
    assert {"M1_P53.tif", "M5_b-actin.tif", "M2_ERK1-2.tif", "M2_p-ERK1-2.tif"} <= names
    assert truth["folds"] == dict(FOLDS)
    assert truth["loading_control"] == "b-actin"


def test_study_volumes_carry_the_planted_folds(study):
    folder, _, truth = study
    for target in FOLDS:
        folds = []
        for membrane in truth["membranes"]:
            here, band_truth = volumes(folder, membrane["images"][target])
            control, _ = volumes(folder, membrane["images"]["b-actin"])
            assert {band["target"] for band in band_truth["bands"]} == {target}
            ratio = np.log(here / control)
            folds.append(np.exp(ratio[3:].mean() - ratio[:3].mean()))
            assert folds[-1] == pytest.approx(membrane["normalized_folds"][target], rel=1e-9)
        realised = np.exp(np.mean(np.log(folds)))
        assert realised == pytest.approx(truth["realised_folds"][target], rel=1e-9)
        assert realised == pytest.approx(FOLDS[target], rel=0.25)


def test_a_study_comes_with_its_file_and_sheet_and_both_fit_the_images(study):
    folder, paths, _ = study
    declared = Study.from_toml(folder / "study.toml")
    samples = read_samples(folder / declared.samples)
    facts = {path.name: ImageFacts(lanes=6) for path in paths}
    assert check_study(declared, samples, facts, folder) == ()
    assert samples.groupby("membrane")["group"].apply(list).iloc[0] == (
        ["control"] * 3 + ["treated"] * 3
    )
    assert declared.targets() == tuple(FOLDS)


def test_study_loading_differs_between_lanes(study):
    for membrane in study[2]["membranes"]:
        assert np.std(np.log(membrane["loading"])) > 0.05
        ratio = np.array(membrane["amounts"]["b-actin"]) / membrane["loading"]
        assert np.std(np.log(ratio)) < 0.06


def test_images_of_a_membrane_share_their_lanes_but_for_a_shift(study):
    folder, _, truth = study

    def middles(name):
        _, band_truth = volumes(folder, name)
        return np.array([np.mean(lane["path"], axis=0)[1] for lane in band_truth["lanes"]])

    first, second = truth["membranes"][:2]
    a, b = middles(first["images"]["P53"]), middles(first["images"]["b-actin"])
    other = middles(second["images"]["P53"])
    assert np.ptp(a - b) < 0.01
    assert abs((a - b).mean()) < 10
    assert np.ptp(a - other) > 0.5


def test_no_study_band_is_clipped_or_cut(study):
    folder, paths, _ = study
    for path in paths:
        for band in volumes(folder, path.name)[1]["bands"]:
            assert band["clipped_fraction"] == 0
            assert not band["cut"]
            assert band["snr"] > 20


def test_demo_set_is_a_study_and_hard_blots(tmp_path):
    paths = write_demo_set(tmp_path)
    assert len([p for p in paths if p.parent.name == "study"]) == 12
    hard = [p for p in paths if p.parent.name == "hard"]
    assert len(hard) >= 8
    assert all(p.with_suffix(".truth.json").exists() for p in paths)
    assert sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()) < 6e6


def test_test_images_are_what_the_command_writes(tmp_path):
    # other versions of numpy and zlib may differ in the last digit or byte, not in names or truth
    write_demo_set(tmp_path)
    committed = Path(__file__).parents[2] / "test_images"
    assert {p.relative_to(tmp_path) for p in tmp_path.rglob("*.*")} == {
        p.relative_to(committed) for p in committed.rglob("*.*") if p.name != "README.md"
    }
    for path in tmp_path.rglob("*.truth.json"):
        fresh = json.loads(path.read_text())
        kept = json.loads((committed / path.relative_to(tmp_path)).read_text())
        assert [b["volume"] for b in kept["bands"]] == pytest.approx(
            [b["volume"] for b in fresh["bands"]], rel=1e-6
        )


def test_run_as_a_module(tmp_path):
    command = [sys.executable, "-m", "blotquant.simulate", str(tmp_path), "--kinds"]
    done = subprocess.run([*command, "strip"], check=True, capture_output=True, text=True)
    assert "1 blots" in done.stdout
    assert (tmp_path / "strip_1.tif").exists()
    failed = subprocess.run([*command, "strop"], check=False, capture_output=True, text=True)
    assert failed.returncode == 1
    assert "did you mean 'strip'" in failed.stderr

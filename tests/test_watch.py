"""Watching a folder that is being filled: whole files only, each once, and no tests meanwhile."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from blotquant.batch import analyze_folder, worker
from blotquant.batch.watching import Watch, WatchSettings
from blotquant.cli.watch import _Told
from blotquant.errors import RecipeError
from blotquant.pipeline.study import NOT_COMPLETE
from blotquant.simulate import StudySpec, write_study

COMMAND = Path(sys.executable).with_name("blotquant")
QUICK = {"image": {"integrity": False}}


def image(path, value=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, np.full((10, 8), value, np.uint16), photometric="minisblack")
    return path


class Watched:
    """A watch over a folder, with a clock that the test moves."""

    def __init__(self, folder, **more):
        self.folder, self.now = folder, 0.0
        self.settings = WatchSettings.of(folder, None, jobs=1, changes=QUICK, **more)
        self.begin()

    def begin(self):
        self.watch = Watch(self.settings, clock=lambda: self.now, sleep=self.pass_by)

    def pass_by(self, seconds):
        self.now += seconds

    def look(self, seconds=5.0):
        self.pass_by(seconds)
        return self.watch.round()

    def images(self):
        return list(pd.read_csv(self.settings.out / "bands.csv")["image"])


@pytest.fixture
def watched(tmp_path, analysis):
    image(tmp_path / "blots" / "M1_P53.tif", 101)
    return Watched(tmp_path / "blots")


@pytest.fixture
def opened(monkeypatch):
    """Files that were opened to be measured."""
    names = []
    original = worker.measure_file

    def measure_file(job):
        names.append(job.file.name)
        return original(job)

    monkeypatch.setattr(worker, "measure_file", measure_file)
    return names


class TestRounds:
    def test_a_file_is_measured_when_it_has_settled(self, watched, opened):
        assert watched.look().waiting == 1
        assert opened == []
        whole = watched.look()
        assert (whole.measured, whole.waiting) == (1, 0)
        path = image(watched.folder / "M2_P53.tif", 102)
        content = path.read_bytes()
        for end in (20, 60, len(content)):  # it grows between the looks
            path.write_bytes(content[:end])
            assert watched.look(1.0).run is None
        assert watched.look(1.0).run is None
        assert watched.look(1.0).measured == 1
        assert opened == ["M1_P53.tif", "M2_P53.tif"]
        assert watched.images() == ["M1_P53.tif", "M2_P53.tif"]

    def test_nothing_is_written_when_nothing_is_new(self, watched):
        watched.look()
        report = watched.look().run.out / "report.html"
        before = report.stat().st_mtime_ns
        assert watched.look().run is None
        watched.begin()  # stopped and started again
        watched.look()
        assert watched.look().run is None
        assert report.stat().st_mtime_ns == before
        report.unlink()
        watched.begin()
        watched.look()
        assert watched.look().run.measured
        assert report.exists()

    def test_what_is_changed_or_removed(self, watched, opened):
        image(watched.folder / "M2_P53.tif", 102)
        watched.look()
        assert watched.look().run.measured[0].result is not None
        opened.clear()
        image(watched.folder / "M1_P53.tif", 55)
        watched.look()
        changed = watched.look()
        assert changed.measured == 1
        result = changed.run.measured[0].result  # not what was remembered of the older file
        assert result.table["net_density"].iloc[0] == changed.run.bands["net_density"].iloc[0]
        assert opened == ["M1_P53.tif"]
        (watched.folder / "M2_P53.tif").unlink()
        last = watched.look()
        assert (last.measured, last.removed) == (0, 1)
        assert watched.images() == ["M1_P53.tif"]

    def test_a_bad_file_is_tried_again_when_it_changes(self, watched, opened):
        bad = watched.folder / "M2_P53.tif"
        bad.write_bytes(b"")
        watched.look()
        assert len(watched.look().run.failed) == 1
        image(watched.folder / "M3_P53.tif", 103)
        watched.look()
        watched.look()
        watched.begin()
        watched.look()
        assert watched.look().run is None
        assert opened.count("M2_P53.tif") == 1
        image(bad, 102)
        watched.look()
        assert not watched.look().run.failed
        assert opened.count("M2_P53.tif") == 2

    def test_a_drive_that_goes_and_comes_back_empties_no_results(self, watched, tmp_path):
        watched.settings = WatchSettings.of(watched.folder, tmp_path / "out", changes=QUICK, jobs=1)
        watched.begin()
        watched.look()
        watched.look()
        watched.folder.rename(tmp_path / "away")
        assert "waiting until it is there again" in watched.look().trouble
        watched.folder.mkdir()  # where the drive was mounted
        assert "nothing is there; waiting" in watched.look().trouble
        watched.folder.rmdir()
        (tmp_path / "away").rename(watched.folder)
        watched.look()
        assert watched.look().trouble == ""
        assert watched.images() == ["M1_P53.tif"]

    def test_wrong_settings_end_it(self, watched):
        settings = WatchSettings.of(watched.folder, None, changes={"finding": {"sensitivity": 0}})
        with pytest.raises(RecipeError):
            Watch(settings, sleep=lambda seconds: None, clock=iter(range(0, 99, 9)).__next__).once()

    def test_a_table_changed_by_hand_is_told_and_kept(self, watched, capsys):
        told = _Told()
        watched.look()
        told.round(watched.look())
        table = watched.settings.out / "bands.csv"
        whole = table.read_bytes()
        table.write_text("mine")
        image(watched.folder / "M2_P53.tif", 102)
        watched.look()
        for _ in range(3):
            told.round(watched.look())
        assert capsys.readouterr().err.count("was changed since blotquant wrote it") == 1
        assert table.read_text() == "mine"
        table.write_bytes(whole)
        assert watched.look().measured == 1
        assert len(watched.images()) == 2

    def test_one_round(self, watched, capsys):
        told = _Told()
        assert told.round(watched.watch.once(), once=True) == 0
        watched.begin()
        assert told.round(watched.watch.once(), once=True) == 0
        first, second = capsys.readouterr().out.splitlines()
        assert "1 file measured; in all 1 images, 0 skipped, 0 failed; report: " in first
        assert second == "nothing new"


# --- a study, and the real command


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "study"
    spec = StudySpec(
        folds={"P53": 2.0}, membranes=3, reference_lanes=2, treated_lanes=2, shape=(90, 260)
    )
    write_study(folder, spec, seed=303)
    return folder


def rewritten(folder, old, new):
    text = (folder / "study.toml").read_text()
    assert old in text
    (folder / "study.toml").write_text(text.replace(old, new))


def without_p(out):
    """Nothing that a run wrote speaks of a test."""
    assert len(pd.read_csv(out / "statistics.csv")) == 0
    assert pd.read_csv(out / "controls.csv")["group_p"].isna().all()
    for name in ("report.html", "methods.txt"):
        text = (out / name).read_text(encoding="utf-8")
        assert " p =" not in text
        assert "p &lt;" not in text
    assert "not marked complete" in (out / "report.html").read_text(encoding="utf-8")
    assert not (out / "figures" / "folds.svg").exists()


def test_no_p_values_before_a_study_is_complete(original, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(original, folder)
    rewritten(folder, "complete = true", "")
    late = tmp_path / "M3_P53.tif"
    (folder / late.name).rename(late)
    watched = Watched(folder, overlays=False)
    watched.look()
    run = watched.look().run
    assert NOT_COMPLETE in run.messages
    assert "not there yet: M3_P53.tif" in run.messages
    assert len(run.measured) == 5
    without_p(run.out)
    normalized = pd.read_csv(run.out / "normalized.csv")
    assert normalized.query("membrane == 'M1'")["normalized_density"].notna().all()

    shutil.copy(late, folder)
    text = (folder / "study.toml").read_text()
    (folder / "study.toml").write_text("complete = true\n" + text)
    watched.look()
    again = watched.look()
    assert len(again.run.measured) == 6
    assert again.measured == 1  # its membrane, both images of it
    assert pd.read_csv(run.out / "statistics.csv")["p"].notna().all()
    fresh = analyze_folder(folder, out=tmp_path / "fresh", overlays=False, changes=QUICK).out
    for table in fresh.glob("*.csv"):
        assert (run.out / table.name).read_bytes() == table.read_bytes(), table.name


def until(holds, seconds=90):
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_command_stopped_and_started_again(original, tmp_path):
    folder, out = tmp_path / "blots", tmp_path / "out"
    folder.mkdir()
    words = ["watch", folder, "-o", out, "--interval", 0.05, "--settle", 0.5, "--jobs", 1]
    words += ["--no-overlays", "--set", "image.integrity=false"]
    logs = []

    def start():
        logs.append(tmp_path / f"log{len(logs)}")
        with logs[-1].open("w") as log:
            return subprocess.Popen([str(w) for w in (COMMAND, *words)], stdout=log, stderr=log)

    def said(text):
        return lambda: text in logs[-1].read_text()

    one = start()
    until(said("nothing is there; waiting"))
    content = (original / "M1_P53.tif").read_bytes()
    with (folder / "M1_P53.tif").open("wb", buffering=0) as file:
        for begin in range(0, len(content), 4096):  # a slow imager
            file.write(content[begin : begin + 4096])
            os.fsync(file.fileno())
            time.sleep(0)
    until(said("1 file measured; in all 1 images, 0 skipped, 0 failed"))
    one.send_signal(signal.SIGTERM)
    assert one.wait(60) == 0
    first = logs[-1].read_text()
    assert first.splitlines()[-1].startswith("stopped; ")
    assert "truncated" not in first

    shutil.copy(original / "M1_b-actin.tif", folder)
    two = start()
    until(said("in all 2 images, 0 skipped, 0 failed"))
    two.send_signal(signal.SIGINT)
    assert two.wait(60) == 0
    assert "1 file measured" in logs[-1].read_text()
    assert len(pd.read_csv(out / "bands.csv")["image"].unique()) == 2
    assert not (out / "previous").exists()

"""A run that goes on: after it was killed, after the disk was full, after files have changed."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import tifffile

from blotquant.batch import analyze_folder, worker
from blotquant.batch.journal import Journal
from blotquant.batch.parts import Product
from blotquant.batch.store import JobKey, Store
from blotquant.cli.progress import Rate
from blotquant.errors import OutputError
from blotquant.recipe import Recipe
from blotquant.simulate import StudySpec, write_study

TABLES = ("bands.csv", "lanes.csv", "normalized.csv", "failures.csv", "skipped.csv", "fitness.csv")
FILES = (*TABLES, "results.xlsx", "parquet/bands.parquet", "parquet/lanes.parquet")
COMMAND = Path(sys.executable).with_name("blotquant")
INTEGRITY_OFF = {"image": {"integrity": False}}


def image(path, value=100, pages=1):
    """A small TIFF; its grey level decides what the fake analysis does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (10, 8) if pages == 1 else (pages, 10, 8)
    tifffile.imwrite(path, np.full(shape, value, np.uint16), photometric="minisblack")
    return path


def produced(out):
    """What a run's tables and layouts hold, to the byte."""
    layouts = sorted(path.relative_to(out).as_posix() for path in (out / "layouts").rglob("*.json"))
    return {name: (out / name).read_bytes() for name in (*FILES, *layouts)}


def marker(out):
    try:
        return json.loads((out / "provenance.json").read_text())
    except FileNotFoundError:
        return {"complete": False, "files": {}}


def assert_honest(out, *known):
    """Whenever the power goes: each table is whole, and a complete run's files are all there."""
    for name in FILES:
        if (out / name).exists() and name != "results.xlsx":
            assert (out / name).read_bytes() in [one[name] for one in known], name
    content = marker(out)
    if content["complete"]:
        for name in FILES:
            assert sha256((out / name).read_bytes()).hexdigest() == content["files"][name], name


@pytest.fixture
def blots(tmp_path):
    folder = tmp_path / "blots"
    for number in (1, 2, 3):
        image(folder / f"M{number}_P53.tif", 100 + number)
    return folder


@pytest.fixture
def measured(monkeypatch):
    """Names of the files that were measured since the list was last emptied."""
    names = []
    original = worker.measure_file

    def measure_file(job):
        names.append(job.file.name)
        return original(job)

    monkeypatch.setattr(worker, "measure_file", measure_file)
    return names


def go_on(folder, **options):
    return analyze_folder(folder, resume=True, changes=INTEGRITY_OFF, **options)


class TestWhatIsMeasuredAgain:
    @pytest.fixture(autouse=True)
    def done(self, analysis, measured, blots):
        """A finished run."""
        self.out = go_on(blots).out  # in a new folder it is a run like any other
        assert measured == ["M1_P53.tif", "M2_P53.tif", "M3_P53.tif"]
        measured.clear()
        self.before = produced(self.out)

    def test_nothing_when_nothing_has_changed(self, blots, measured):
        os.utime(blots / "M1_P53.tif", ns=(1, 1))  # touched only
        go_on(blots)
        assert measured == []
        assert produced(self.out) == self.before
        assert not (self.out / "previous").exists()

    def test_a_changed_file(self, blots, measured):
        image(blots / "M2_P53.tif", 55)
        run = go_on(blots)
        assert measured == ["M2_P53.tif"]
        fresh = analyze_folder(blots, out=blots / "fresh", changes=INTEGRITY_OFF)
        assert produced(self.out) == produced(fresh.out)
        assert set(run.provenance["files"]) == set(fresh.provenance["files"])

    def test_everything_when_a_setting_has_changed(self, blots, measured):
        analyze_folder(blots, Recipe.of(sensitivity=9), resume=True, changes=INTEGRITY_OFF)
        assert len(measured) == 3
        measured.clear()
        analyze_folder(blots, Recipe.of(sensitivity=9), resume=True, overlays=False)
        assert len(measured) == 3
        assert len(list((self.out / ".blotquant").rglob("*.parquet"))) == 3  # older ones are gone
        assert not list((self.out / "overlays").glob("*"))

    def test_what_failed_and_what_is_new(self, blots, measured):
        (blots / "M4_P53.tif").write_bytes(b"")
        assert [one.image for one in go_on(blots).failed] == ["M4_P53.tif"]
        measured.clear()
        go_on(blots)
        assert measured == ["M4_P53.tif"]
        image(blots / "M4_P53.tif", 77)
        run = go_on(blots)
        assert len(run.measured) == 4

    def test_an_image_may_go_fail_and_come_back(self, blots, measured):
        kept = (blots / "M2_P53.tif").read_bytes()
        (blots / "M2_P53.tif").unlink()
        run = go_on(blots)
        assert [one.image for one in run.images] == ["M1_P53.tif", "M3_P53.tif"]
        assert not (self.out / "overlays" / "M2_P53.png").exists()
        assert not (self.out / "layouts" / "M2_P53.blotquant.json").exists()
        (blots / "M2_P53.tif").write_bytes(b"")
        assert len(go_on(blots).failed) == 1
        (blots / "M2_P53.tif").write_bytes(kept)
        go_on(blots)
        assert produced(self.out) == self.before

    @pytest.mark.parametrize("spoilt", ["part", "layout", "overlay"])
    @pytest.mark.parametrize("how", ["gone", "damaged"])
    def test_what_was_lost_or_damaged(self, measured, blots, spoilt, how):
        path = {
            "part": next((self.out / ".blotquant").rglob("*.parquet")),
            "layout": self.out / "layouts" / "M2_P53.blotquant.json",
            "overlay": self.out / "overlays" / "M2_P53.png",
        }[spoilt]
        if how == "gone":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-1])
        go_on(blots)
        assert len(measured) == 1
        assert produced(self.out) == self.before

    def test_a_layout_changed_by_hand_is_kept(self, blots):
        path = self.out / "layouts" / "M2_P53.blotquant.json"
        path.write_text("mine")
        go_on(blots)
        (kept,) = (self.out / "previous").rglob("M2_P53.blotquant.json")
        assert kept.read_text() == "mine"
        assert produced(self.out) == self.before

    def test_a_table_changed_by_hand_is_refused(self, blots, measured):
        (self.out / "bands.csv").write_text("my notes")
        image(blots / "M4_P53.tif", 77)
        with pytest.raises(OutputError, match=r"bands\.csv: was changed since blotquant wrote it"):
            go_on(blots)
        assert measured == []
        assert (self.out / "bands.csv").read_text() == "my notes"

    def test_a_journal_with_a_torn_and_strange_lines(self, blots, measured):
        path = self.out / ".blotquant" / "journal.jsonl"
        lines = path.read_bytes().splitlines(keepends=True)
        strange = b'5\n"x"\n{}\n[1]\n\xff\n{"journal": 1, "job": 3}\n'
        path.write_bytes(strange + b"".join(lines[:-1]) + lines[-1][:20])
        go_on(blots)
        assert measured == ["M3_P53.tif"]
        assert produced(self.out) == self.before
        assert path.read_bytes().startswith(strange)

    def test_pages_are_ours_when_they_are_no_longer_there(self, blots):
        image(blots / "M2_P53.tif", 90, pages=2)
        assert len(go_on(blots).images) == 4
        image(blots / "M2_P53.tif", 102)
        go_on(blots)
        assert produced(self.out) == self.before
        assert len(list((self.out / "overlays").iterdir())) == 3

    def test_older_tables_stay_until_there_are_new_ones(self, blots):
        image(blots / "M4_P53.tif", 77)
        seen = []

        def look(done, total, name):
            seen.append(marker(self.out)["complete"])
            assert_honest(self.out, self.before)

        go_on(blots, progress=look)
        assert seen == [True, True]


class Cut(BaseException):
    """The power goes."""


class Disk:
    """A disk that takes so many changes and no more."""

    def __init__(self, monkeypatch):
        self.left = self.count = None
        for name in ("replace", "unlink", "write"):
            monkeypatch.setattr(os, name, self._guarded(getattr(os, name)))

    def _guarded(self, call):
        def guarded(*words, **more):
            if self.left is not None:
                if self.left <= 0:
                    raise Cut
                self.left -= 1
            return call(*words, **more)

        return guarded

    @contextlib.contextmanager
    def taking(self, changes):
        self.left = changes
        try:
            yield
        finally:
            self.left = None


@pytest.mark.parametrize(("begun", "step"), [("anew", 11), ("after a change", 17)])
def test_the_power_goes_at_some_change_of_the_disk(
    blots, analysis, monkeypatch, tmp_path, begun, step
):
    """With a step of 1 it is every single change; that takes minutes."""
    older = analyze_folder(blots, out=tmp_path / "older", changes=INTEGRITY_OFF).out
    known = [produced(older)]
    if begun == "after a change":
        image(blots / "M2_P53.tif", 55)
        image(blots / "M4_P53.tif", 77)
        newer = analyze_folder(blots, out=tmp_path / "newer", changes=INTEGRITY_OFF).out
        known.append(produced(newer))
    disk = Disk(monkeypatch)
    out, changes, whole = tmp_path / "out", 0, False
    while not whole:
        shutil.rmtree(out, ignore_errors=True)
        if begun == "after a change":
            shutil.copytree(older, out)
        with disk.taking(changes):
            try:
                go_on(blots, out=out)
                whole = True
            except Cut:
                pass
        assert_honest(out, *known)
        if not whole:
            go_on(blots, out=out)
        assert produced(out) == known[-1], changes
        assert marker(out)["complete"]
        assert not list(out.rglob(".*.????????"))
        changes += step
    assert changes > 20


def test_a_file_that_went_while_it_was_read_is_worth_another_try(tmp_path):
    path = image(tmp_path / "a.tif")
    key = JobKey("a.tif", "settings", (("a.tif", path),))
    failed = Product(b"part", {}, ({"image": "a.tif", "status": "failed", "error": "x"},), {})
    stamps, kept = key.stamps(), path.read_bytes()
    found = []
    for went in (False, True):
        store = Store(tmp_path / f"out {went}")
        with store:
            if went:
                path.unlink()
            store.add(key, stamps, failed)
        path.write_bytes(kept)
        os.utime(path, ns=(stamps[0][2], stamps[0][2]))
        assert not store.done([key])
        found.append(list(store.done([key], again=False)))
    assert found == [["a.tif"], []]


def test_a_rate_counts_what_is_measured_now():
    now = [0.0]
    rate = Rate(lambda: now[0])
    rate.tell(900)  # of an earlier run
    assert rate.words(900, 1000).startswith("--")
    now[0] = 5.0
    rate.tell(910)
    assert rate.words(910, 1000) == "2 images/s, 0:45 left"


# --- the real command


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Twelve tiny images of six membranes."""
    folder = tmp_path_factory.mktemp("study") / "study"
    spec = StudySpec(
        folds={"P53": 2.0}, membranes=6, reference_lanes=2, treated_lanes=2, shape=(90, 260)
    )
    write_study(folder, spec, seed=302)
    return folder


def command(folder, out, *more):
    words = ["run", folder, "-o", out, "--jobs", 2, "--no-study", "--no-integrity", *more]
    return [str(word) for word in (COMMAND, *words)]


def start(folder, out, *more):
    """The command in a group of its own, so that all of it can be killed at once."""
    return subprocess.Popen(
        command(folder, out, *more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def undisturbed(study, tmp_path_factory):
    """Seconds that a run takes, and what it writes."""
    out = tmp_path_factory.mktemp("whole") / "out"
    begin = time.monotonic()
    run = start(study, out, "--no-overlays")
    assert run.wait(120) == 0, run.stderr.read()
    run.stderr.close()
    return time.monotonic() - begin, produced(out)


def test_killed_again_and_again(study, undisturbed, tmp_path):
    seconds, whole = undisturbed
    draw, out = random.Random(7), tmp_path / "out"
    for share in (0.5, 0.6, 0.9):  # each goes on where the one before was killed
        run = start(study, out, "--no-overlays", "--resume")
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(seconds * (share + draw.uniform(-0.1, 0.1)))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        run.stderr.close()
        assert_honest(out, whole)
    run = start(study, out, "--no-overlays", "--resume")
    assert run.wait(120) == 0, run.stderr.read()
    run.stderr.close()
    assert produced(out) == whole


def test_ctrl_c_says_what_is_done(study, undisturbed, tmp_path):
    out = tmp_path / "out"
    run = start(study, out, "--no-overlays")
    journal = out / ".blotquant" / "journal.jsonl"
    until(lambda: journal.exists() and journal.stat().st_size)
    os.killpg(run.pid, signal.SIGINT)
    said = run.communicate(timeout=60)[1]
    assert run.returncode == 130
    (line,) = said.splitlines()
    done = sum(1 for _ in Journal(journal).entries())
    assert 0 < done < 12
    assert line == (
        f"blotquant: error: interrupted; {done} of 12 done and kept, "
        "the same command with --resume goes on"
    )


def until(holds, seconds=60):
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def small_disk(tmp_path):
    """A disk in memory: called with a size, it has that size from then on."""
    place = tmp_path / "disk"
    place.mkdir()

    def size(kib, *, remount=True):
        options = f"{'remount,' if remount else ''}size={kib}k"
        return subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)],
            capture_output=True,
            check=False,
        ).returncode

    if not sys.platform.startswith("linux") or os.geteuid() != 0 or size(64, remount=False):
        pytest.skip("a small disk can be mounted by root on Linux only, where that is allowed")
    try:
        yield place, size
    finally:
        subprocess.run(["umount", str(place)], check=False, capture_output=True)
        if place.is_mount():
            subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_disk_that_fills_up_and_then_gets_room(blots, analysis, small_disk, tmp_path):
    whole = produced(go_on(blots, out=tmp_path / "whole").out)
    place, size = small_disk
    reached = set()
    for kib in range(8, 400, 24):
        out = place / "out"
        shutil.rmtree(out, ignore_errors=True)
        assert size(kib) == 0
        said = ""
        try:
            go_on(blots, out=out)
        except OutputError as error:
            said = str(error)
        if not said:
            reached.add("all")
            break
        assert "No space left" in said
        assert "\n" not in said
        reached.add("tables" if list(out.glob("parquet/*.parquet")) else "parts")
        if (out / "provenance.json").exists():
            assert_honest(out, whole)
        assert size(4096) == 0
        go_on(blots, out=out)
        assert produced(out) == whole
    assert reached == {"parts", "tables", "all"}


def test_the_command_on_a_full_disk(study, undisturbed, small_disk):
    place, size = small_disk
    assert size(200) == 0
    run = start(study, place / "out", "--no-overlays", "--jobs", 1)
    said = run.communicate(timeout=120)[1]
    assert run.returncode == OutputError.exit_code
    (line,) = said.splitlines()
    assert line.startswith("blotquant: error: ")
    assert "No space left" in line
    assert size(16384) == 0
    run = start(study, place / "out", "--no-overlays", "--resume", "--jobs", 1)
    assert run.wait(120) == 0, run.stderr.read()
    run.stderr.close()
    assert produced(place / "out") == undisturbed[1]

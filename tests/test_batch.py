"""A run over many images: what it reads and writes, and that one image never takes the rest."""

import hashlib
import json
import multiprocessing
import os
import shutil
import sys
import time
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
import tifffile

from blotquant.batch import analyze_folder, inputs, place, worker
from blotquant.batch.inputs import find_images, output_stem
from blotquant.batch.process import one_thread_each
from blotquant.batch.slots import run_in_slots
from blotquant.columns import BAND_COLUMNS
from blotquant.errors import (
    NothingFound,
    OutputError,
    RecipeError,
    SessionError,
    UnreadableImage,
)
from blotquant.model import Lane
from blotquant.recipe import Recipe
from blotquant.session import read_session, write_layout


def image(path, value=100, pages=1):
    """A small TIFF; its grey level decides what the fake analysis does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (10, 8) if pages == 1 else (pages, 10, 8)
    tifffile.imwrite(path, np.full(shape, value, np.uint16), photometric="minisblack")
    return path


@pytest.fixture
def blots(tmp_path):
    """M1, M2 and M10, and things that are no images."""
    folder = tmp_path / "blots"
    for number in (10, 1, 2):
        image(folder / f"M{number}_P53.tif", 100 + number)
    (folder / "notes.csv").write_text("a,b\n")
    (folder / "M1_P53.truth.json").write_text("{}")
    (folder / "._M1_P53.tif").write_bytes(b"finder")
    return folder


def names(paths, **options):
    return [found.name for found in find_images(paths, **options)]


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".blotquant" not in path.relative_to(folder).parts
    }


class TestInputs:
    def test_images_come_in_natural_order(self, blots):
        assert names([blots]) == ["M1_P53.tif", "M2_P53.tif", "M10_P53.tif"]

    def test_folders_below_only_on_request(self, blots):
        image(blots / "sub" / "a.tif")
        assert names([blots]) == names([blots], recursive=False)
        assert "sub/a.tif" in names([blots], recursive=True)

    def test_content_counts_where_the_name_says_nothing(self, blots):
        shutil.copy(blots / "M1_P53.tif", blots / "blot")
        assert "blot" in names([blots])

    def test_a_broken_image_is_still_an_image(self, blots):
        (blots / "broken.tif").write_bytes(b"")
        assert "broken.tif" in names([blots])

    def test_own_results_are_never_read(self, blots, analysis):
        analyze_folder(blots)
        analyze_folder(blots, out=blots / "mine")
        analyze_folder(blots, out=blots / "mine")
        assert names([blots], recursive=True) == names([blots])
        for folder in (blots / "mine", blots / "mine" / "overlays", blots / "blotquant-results"):
            with pytest.raises(OutputError, match="results of blotquant"):
                find_images([folder])

    def test_links_in_a_circle_end(self, blots):
        (blots / "sub").mkdir()
        (blots / "sub" / "up").symlink_to(blots, target_is_directory=True)
        assert names([blots], recursive=True) == names([blots])

    def test_a_dead_link_is_said(self, blots, analysis):
        (blots / "gone.tif").symlink_to(blots / "nowhere.tif")
        assert "gone.tif" in names([blots])

    def test_one_file_named_twice_is_read_once(self, blots):
        assert len(names([blots, blots / "M1_P53.tif", blots])) == 3

    def test_missing_paths_are_named_together(self, tmp_path):
        with pytest.raises(UnreadableImage, match=r"a\.tif.*b\.tif.*no such file or folder"):
            find_images([tmp_path / "a.tif", tmp_path / "b.tif"])

    def test_an_empty_folder_says_what_was_looked_for(self, tmp_path):
        with pytest.raises(NothingFound, match=r"\.tif.*--recursive"):
            find_images([tmp_path])

    def test_two_folders_are_named_below_what_they_share(self, tmp_path):
        image(tmp_path / "a" / "x.tif")
        image(tmp_path / "b" / "x.tif")
        assert names([tmp_path / "a", tmp_path / "b"]) == ["a/x.tif", "b/x.tif"]

    def test_colliding_outputs_get_a_hash(self, tmp_path):
        for name in ("a.tif", "A.tiff", "b.tif"):
            image(tmp_path / name)
        stems = {found.name: found.stem for found in find_images([tmp_path])}
        assert stems["b.tif"] == "b"
        assert len({stem.casefold() for stem in stems.values()}) == 3
        assert all(stems[name].lower().startswith("a-") for name in ("a.tif", "A.tiff"))

    @pytest.mark.parametrize("name", ["a:b?.tif", "x" * 240 + ".tif", "con.tif", "a. .tif"])
    def test_output_names_suit_every_system(self, name):
        stem = output_stem(name)
        assert not set(stem) & set(':?*"<>|\\')
        assert len(stem.encode()) < 150
        assert stem.split("-")[0].casefold() != "con"
        assert stem == output_stem(name)

    def test_ordinary_names_are_kept(self):
        name = "2024-03-12 15h22m(Chemiluminescence).tif"
        assert output_stem(f"gel, 2/{name}") == f"gel, 2/{name.removesuffix('.tif')}"
        assert output_stem("β-Aktin µ.tif") == "β-Aktin µ"

    def test_a_name_that_is_no_text_can_be_written(self, tmp_path, analysis):
        try:
            image(tmp_path / "in" / os.fsdecode(b"bad\xff\nname.tif"))
        except OSError:
            pytest.skip("this file system takes text names only")
        run = analyze_folder(tmp_path / "in")
        assert run.measured[0].image.encode("utf-8")
        assert "\n" not in run.measured[0].image


class TestOutputs:
    def test_a_run_writes_what_it_says(self, blots, analysis):
        run = analyze_folder(blots)
        out = blots / "blotquant-results"
        written = set(contents(out))
        assert written == set(run.provenance["files"])
        assert written >= set(place.FIXED_FILES)
        assert written >= {"overlays/M1_P53.png", "layouts/M1_P53.blotquant.json"}
        stored = json.loads((out / "provenance.json").read_text())
        assert stored["complete"] is True
        assert [entry["image"] for entry in stored["images"]] == names([blots])
        digest = hashlib.sha256((blots / "M1_P53.tif").read_bytes()).hexdigest()
        assert stored["images"][0]["sha256"] == digest
        table = pd.read_csv(out / "bands.csv")
        assert list(table) == [column.name for column in BAND_COLUMNS]
        assert list(table["image"]) == names([blots])

    def test_one_file_has_its_results_beside_it(self, blots, analysis):
        analyze_folder(blots / "M1_P53.tif")
        assert (blots / "blotquant-results" / "bands.csv").exists()

    def test_pages_are_pictures_of_their_own(self, tmp_path, analysis):
        image(tmp_path / "in" / "stack.tif", pages=2)
        run = analyze_folder(tmp_path / "in")
        assert [outcome.image for outcome in run.images] == ["stack.tif#1", "stack.tif#2"]
        assert run.images[0].overlay != run.images[1].overlay
        assert run.images[1].sidecar.exists()
        assert set(contents(run.out)) == set(run.provenance["files"])

    def test_a_rerun_keeps_the_older_results(self, blots, analysis):
        out = analyze_folder(blots).out
        before = contents(out)
        analyze_folder(blots, Recipe.of(sensitivity=9))
        (shelf,) = (out / "previous").iterdir()
        assert contents(shelf) == before
        analyze_folder(blots)
        assert len(list((out / "previous").iterdir())) == 2

    def test_overwrite_keeps_none(self, blots, analysis):
        out = analyze_folder(blots).out
        analyze_folder(blots, overwrite=True)
        assert not (out / "previous").exists()

    def test_overwrite_keeps_what_the_user_changed(self, blots, analysis):
        out = analyze_folder(blots).out
        (out / "bands.csv").write_text("my notes")
        analyze_folder(blots, overwrite=True)
        (kept,) = (out / "previous").rglob("bands.csv")
        assert kept.read_text() == "my notes"
        assert not list((out / "previous").rglob("lanes.csv"))

    def test_what_others_wrote_is_not_touched(self, blots, analysis):
        out = analyze_folder(blots).out
        (out / "overlays" / "mine.txt").write_text("mine")
        (out / "draft.docx").write_text("mine too")
        analyze_folder(blots, overwrite=True)
        analyze_folder(blots)
        assert (out / "overlays" / "mine.txt").read_text() == "mine"
        assert (out / "draft.docx").read_text() == "mine too"

    @pytest.mark.parametrize("name", ["bands.csv", "overlays/M2_P53.png", "provenance.json"])
    def test_a_file_of_others_is_refused_before_anything_happens(self, blots, analysis, name):
        out = blots / "out"
        (out / name).parent.mkdir(parents=True)
        (out / name).write_text("{}")
        with pytest.raises(OutputError, match=f"{name}.*not written by blotquant"):
            analyze_folder(blots, out=out, overwrite=True)
        assert contents(out) == {name: b"{}"}

    def test_a_list_that_was_tampered_with_does_not_reach_out(self, blots, analysis, tmp_path):
        (tmp_path / "thesis.docx").write_text("years of work")
        out = analyze_folder(blots).out
        marker = json.loads((out / "provenance.json").read_text())
        marker["files"]["../../thesis.docx"] = ""
        marker["files"][str(tmp_path / "thesis.docx")] = ""
        (out / "provenance.json").write_text(json.dumps(marker))
        analyze_folder(blots, overwrite=True)
        analyze_folder(blots)
        assert (tmp_path / "thesis.docx").read_text() == "years of work"

    def test_an_interrupted_run_is_known_as_ours(self, blots, analysis, monkeypatch):
        def interrupt(out, run):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("blotquant.html_report.write_report", interrupt)
            with pytest.raises(KeyboardInterrupt):
                analyze_folder(blots)
        marker = json.loads((blots / "blotquant-results" / "provenance.json").read_text())
        assert marker["complete"] is False
        run = analyze_folder(blots)
        assert run.provenance["complete"] is True

    def test_images_and_results_do_not_share_a_folder(self, blots, analysis):
        with pytest.raises(OutputError, match="folder of the images"):
            analyze_folder(blots, out=blots)
        assert not (blots / "bands.csv").exists()

    def test_a_file_is_no_folder(self, blots, analysis):
        (blots / "out").write_text("")
        with pytest.raises(OutputError, match="not a folder"):
            analyze_folder(blots, out=blots / "out")

    def test_without_overlays(self, blots, analysis):
        run = analyze_folder(blots, overlays=False)
        assert not (run.out / "overlays").exists()

    def test_a_failing_overlay_costs_no_numbers(self, blots, analysis, monkeypatch):
        def fail(blot, result):
            raise ValueError("no ink")

        monkeypatch.setattr("blotquant.figures.overlay_pixels", fail)
        run = analyze_folder(blots)
        assert len(run.bands) == 3
        assert any("no ink" in text for text in run.measured[0].warnings)

    def test_two_runs_give_the_same_tables(self, blots, analysis):
        first, second = (analyze_folder(blots, out=blots / name).out for name in ("x", "y"))
        for name in ("bands.csv", "lanes.csv", "results.xlsx", "layouts/M1_P53.blotquant.json"):
            assert (first / name).read_bytes() == (second / name).read_bytes()


def test_the_environment_of_workers_is_theirs_alone(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    with one_thread_each():
        assert os.environ["OMP_NUM_THREADS"] == "1"
        assert int(os.environ["MALLOC_TRIM_THRESHOLD_"]) > 2**27
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MALLOC_TRIM_THRESHOLD_" not in os.environ


class TestFailures:
    @pytest.fixture
    def mixed(self, blots):
        (blots / "empty.tif").write_bytes(b"")
        image(blots / "blank.tif", 1)
        image(blots / "bug.tif", 2)
        image(blots / "huge.tif", 3)
        return blots

    def test_one_bad_image_is_one_row(self, mixed, analysis):
        run = analyze_folder(mixed)
        failures = pd.read_csv(run.out / "failures.csv").set_index("image")
        assert list(failures.index) == ["bug.tif", "empty.tif", "huge.tif"]
        assert failures.loc["empty.tif", "error"] == "UnreadableImage"
        assert "internal error" in failures.loc["bug.tif", "reason"]
        assert "memory" in failures.loc["huge.tif", "reason"]
        assert not failures["reason"].str.contains("\n").any()
        assert len(run.measured) == 3

    def test_nothing_found_is_skipped_not_failed(self, mixed, analysis):
        run = analyze_folder(mixed)
        skipped = pd.read_csv(run.out / "skipped.csv")
        assert list(skipped["image"]) == ["blank.tif"]
        assert list(skipped["error"]) == ["NothingFound"]

    def test_a_run_without_any_measured_image_has_all_tables(self, tmp_path, analysis):
        image(tmp_path / "in" / "blank.tif", 1)
        run = analyze_folder(tmp_path / "in")
        table = pd.read_csv(run.out / "bands.csv")
        assert len(table) == 0
        assert list(table) == [column.name for column in BAND_COLUMNS]

    def test_a_full_disk_ends_the_run(self, blots, analysis):
        image(blots / "M3.tif", 4)
        with pytest.raises(OutputError, match="No space left"):
            analyze_folder(blots)

    def test_debugging_shows_where(self, mixed, analysis, monkeypatch):
        monkeypatch.setenv("BLOTQUANT_DEBUG", "1")
        with pytest.raises(KeyError):
            analyze_folder(mixed)

    def test_settings_are_checked_before_anything_is_written(self, blots, analysis):
        for wrong in (
            {"background": {"method": "lain"}},
            {"normalization": {"method": "magic"}},
            {"finding": {"sensitivity": 0}},
            {"finding": {"lanes": 5}},
            {"findings": {"lane_count": 5}},
        ):
            with pytest.raises(RecipeError):
                analyze_folder(blots, changes=wrong)
        assert not (blots / "blotquant-results").exists()


class TestLayouts:
    def test_layouts_of_a_run_give_the_same_numbers(self, blots, analysis, monkeypatch):
        first = analyze_folder(blots, out=blots / "x", changes={"finding": {"sensitivity": 7}})
        monkeypatch.setattr(worker.pipeline, "detect", None)
        for source in (first.out, first.out / "layouts"):
            again = analyze_folder(blots, out=blots / "y", layouts=source, overwrite=True)
            for name in ("bands.csv", "lanes.csv", "layouts/M1_P53.blotquant.json"):
                assert (again.out / name).read_bytes() == (first.out / name).read_bytes()

    def test_layouts_can_come_from_the_very_folder_that_is_replaced(self, blots, analysis):
        first = analyze_folder(blots).out
        before = (first / "bands.csv").read_bytes()
        analyze_folder(blots, layouts=first, overwrite=True)
        assert (first / "bands.csv").read_bytes() == before

    def test_a_layout_beside_the_image_is_used(self, blots, analysis):
        auto = analyze_folder(blots, out=blots / "x")
        session = read_session(auto.out / "layouts" / "M1_P53.blotquant.json")
        lane = session.layout.lanes[0]
        wide = session.layout.replace(lanes=(Lane(lane.id, "p", lane.path, 77.0, source="hand"),))
        write_layout(blots / "M1_P53.blotquant.json", session.model_copy(update={"layout": wide}))
        used = analyze_folder(blots, out=blots / "y")
        assert used.lanes["width"].iloc[0] == 77.0
        assert list(used.lanes["width"])[1:] == list(auto.lanes["width"])[1:]
        without = analyze_folder(blots, out=blots / "z", use_layouts=False)
        assert without.lanes.equals(auto.lanes)

    def test_its_recipe_is_used_unless_one_is_given(self, blots, analysis):
        recipe = Recipe.of(sensitivity=11, background="valley")
        first = analyze_folder(blots, recipe, out=blots / "x")
        kept = analyze_folder(blots, out=blots / "a", layouts=first.out)
        assert set(kept.bands["background_method"]) == {"valley"}
        assert kept.recipe.background.method == "valley"
        given = analyze_folder(blots, Recipe(), out=blots / "b", layouts=first.out)
        assert set(given.bands["background_method"]) == {"lane"}
        one = {"background": {"method": "none"}}
        changed = analyze_folder(blots, out=blots / "c", layouts=first.out, changes=one)
        assert set(changed.bands["background_method"]) == {"none"}
        assert set(changed.bands["snr"]) == {11}

    def test_polarity_and_orientation_are_those_of_the_layout(self, blots, analysis):
        first = analyze_folder(
            blots, Recipe.of(polarity="dark_on_light", orientation="mirror"), out=blots / "x"
        )
        again = analyze_folder(blots, Recipe(), out=blots / "y", layouts=first.out)
        known = again.measured[0].result.provenance["image"]
        assert (known["polarity"], known["orientation"]) == ("dark_on_light", "mirror")
        turned = {"image": {"orientation": "180"}}
        refused = analyze_folder(blots, out=blots / "z", layouts=first.out, changes=turned)
        assert {outcome.error for outcome in refused.failed} == {"SessionError"}

    def test_a_changed_image_is_a_failure(self, blots, analysis):
        first = analyze_folder(blots, out=blots / "x")
        image(blots / "M2_P53.tif", 55)
        run = analyze_folder(blots, out=blots / "y", layouts=first.out)
        (failed,) = run.failed
        assert (failed.image, failed.error) == ("M2_P53.tif", "SessionError")
        assert "changed since" in failed.reason

    def test_the_sidecar_of_a_sibling_is_left_alone(self, blots, analysis):
        first = analyze_folder(blots, out=blots / "x")
        shutil.copy(first.out / "layouts" / "M1_P53.blotquant.json", blots)
        image(blots / "M1_P53.png", 120)
        run = analyze_folder(blots, out=blots / "y")
        assert not run.failed
        assert len(run.measured) == 4

    def test_a_damaged_layout_is_a_failure_of_its_image(self, blots, analysis):
        first = analyze_folder(blots, out=blots / "x")
        (first.out / "layouts" / "M1_P53.blotquant.json").write_text("{")
        run = analyze_folder(blots, out=blots / "y", layouts=first.out)
        assert [outcome.image for outcome in run.failed] == ["M1_P53.tif"]
        assert len(run.measured) == 2

    def test_an_image_without_a_given_layout_is_said(self, blots, analysis):
        first = analyze_folder(blots, out=blots / "x")
        (first.out / "layouts" / "M2_P53.blotquant.json").unlink()
        run = analyze_folder(blots, out=blots / "y", layouts=first.out)
        said = {outcome.image for outcome in run.measured if outcome.warnings}
        assert said == {"M2_P53.tif"}

    def test_no_layouts_where_they_should_be(self, blots, analysis, tmp_path):
        for folder in (tmp_path / "nowhere", blots):
            with pytest.raises(SessionError):
                analyze_folder(blots, layouts=folder)

    def test_hand_made_changes_stay_in_the_log(self, blots, analysis):
        first = analyze_folder(blots, out=blots / "x")
        path = first.out / "layouts" / "M1_P53.blotquant.json"
        session = read_session(path)
        edit = {"time": "2024-03-12T10:00:00Z", "what": "lane width", "before": 1, "after": 2}
        write_layout(path, session.model_validate(session.model_dump() | {"edit_log": [edit]}))
        again = analyze_folder(blots, out=blots / "y", layouts=first.out)
        stored = read_session(again.out / "layouts" / "M1_P53.blotquant.json")
        assert stored.edit_log[0].what == "lane width"


ODD_JOBS = """
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from blotquant.batch.inputs import ImageFile
from blotquant.batch.parts import Product
from blotquant.errors import OutputError

NOTHING = Product(b"", {}, (), {})


@dataclass(frozen=True)
class Job:
    number: int
    does: str = ""

    @property
    def files(self):
        return (ImageFile(Path(f"{self.number}.tif"), f"{self.number}.tif", str(self.number)),)

    def run(self):
        if self.does == "dies":
            os._exit(9)  # without a word, as a process that the system kills
        if self.does == "hangs":
            time.sleep(600)
        if self.does.startswith("touches "):
            Path(self.does.removeprefix("touches ")).touch()
        if self.does == "full":
            raise OutputError("disk: cannot be written (No space left on device)")
        return replace(NOTHING, hashes={"job": self.number})
"""


@pytest.fixture
def odd_job(monkeypatch, tmp_path):
    (tmp_path / "odd_jobs.py").write_text(ODD_JOBS)
    monkeypatch.syspath_prepend(tmp_path)  # worker processes are given the same path
    sys.modules.pop("odd_jobs", None)
    return import_module("odd_jobs").Job


class TestProcesses:
    def run(self, jobs, **options):
        found = {}
        run_in_slots(jobs, range(len(jobs)), 2, found.__setitem__, **options)
        return found

    def test_a_killed_worker_and_one_that_hangs_cost_one_image_each(self, odd_job):
        does = {2: "dies", 4: "hangs"}
        jobs = [odd_job(number, does.get(number, "")) for number in range(7)]
        found = self.run(jobs, time_limit=4)
        assert [found[n].hashes for n in (0, 1, 3, 5, 6)] == [{"job": n} for n in (0, 1, 3, 5, 6)]
        ((killed,), (overdue,)) = (found[n].outcomes for n in (2, 4))
        assert (killed["image"], killed["error"]) == ("2.tif", "WorkerKilled")
        assert (overdue["image"], overdue["error"]) == ("4.tif", "TimedOut")

    def test_a_worker_goes_on_while_what_it_did_is_put_away(self, odd_job, tmp_path):
        mark, seen = tmp_path / "second", []

        def put_away(index, _):
            deadline = time.monotonic() + 20
            while index == 0 and not mark.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            seen.append(mark.exists())

        jobs = [odd_job(0), odd_job(1, f"touches {mark}")]
        run_in_slots(jobs, range(2), 1, put_away)
        assert seen == [True, True]

    def test_a_fault_of_the_outputs_ends_the_run_and_its_processes(self, odd_job):
        jobs = [odd_job(0, "full"), odd_job(1, "hangs"), odd_job(2)]
        with pytest.raises(OutputError, match="No space left"):
            self.run(jobs)
        assert not multiprocessing.active_children()

    def test_progress_is_told(self, blots, analysis):
        seen = []
        analyze_folder(blots, progress=lambda *told: seen.append(told))
        assert [done for done, _, _ in seen] == [0, 1, 2, 3]
        assert {total for _, total, _ in seen} == {3}


def test_the_marker_is_named_once():
    assert inputs.MARKER in place.FIXED_FILES

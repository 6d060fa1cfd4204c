"""The command line as people and scripts meet it: a real process, real simulated blots."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import tifffile

from blotquant import __version__, simulate
from blotquant.cli import main
from blotquant.columns import BAND_COLUMNS, LANE_COLUMNS, NORMALIZED_COLUMNS
from blotquant.recipe import Recipe
from blotquant.simulate import StudySpec, write_study

COMMAND = Path(sys.executable).with_name("blotquant")


def blotquant(*words, cwd=None, **environment):
    """Run the command as a user does."""
    return subprocess.run(
        [COMMAND, *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
        cwd=cwd,
        env={**os.environ, "BLOTQUANT_DEBUG": "", **environment},
    )


def one_line(run):
    """The error that the command ended with; nothing else may stand on stderr."""
    lines = run.stderr.splitlines()
    assert len(lines) == 1, run.stderr
    assert lines[0].startswith("blotquant: error: ")
    return lines[0]


@pytest.fixture(scope="module")
def blots(tmp_path_factory):
    """A membrane with a target and a loading control."""
    folder = tmp_path_factory.mktemp("blots")
    study = StudySpec(
        folds={"P53": 2.0}, membranes=1, reference_lanes=2, treated_lanes=2, shape=(90, 260)
    )
    write_study(folder, study)
    return folder


@pytest.fixture(scope="module")
def done(blots, tmp_path_factory):
    """A finished run of it: the process and the folder of its results."""
    out = tmp_path_factory.mktemp("results") / "out"
    return blotquant("run", blots, "-o", out, "--jobs", 1), out


class TestRun:
    def test_it_ends_well_and_quietly(self, done):
        run, out = done
        assert run.returncode == 0, run.stderr
        lines = run.stdout.splitlines()
        assert lines[-1] == f"report: {out / 'report.html'}"
        (mine,) = [line for line in lines if line.startswith("M1_P53.tif")]
        assert mine.startswith(
            "M1_P53.tif: 4 lanes, 4 bands; target P53; loading control beta-actin"
        )
        assert "\x1b" not in run.stdout + run.stderr
        assert "\r" not in run.stdout + run.stderr

    @pytest.mark.parametrize(
        ("name", "columns"),
        [("bands", BAND_COLUMNS), ("lanes", LANE_COLUMNS), ("normalized", NORMALIZED_COLUMNS)],
    )
    def test_tables_have_the_columns_of_the_contract(self, done, name, columns):
        table = pd.read_csv(done[1] / f"{name}.csv")
        assert list(table) == [column.name for column in columns]
        assert len(table) >= 4

    def test_all_outputs_are_there(self, done):
        out = done[1]
        stored = json.loads((out / "provenance.json").read_text(encoding="utf-8"))
        written = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
        written = {name for name in written if not name.startswith(".blotquant/")}
        assert written == set(stored["files"])
        for stem in ("M1_P53", "M1_b-actin"):
            assert (out / "overlays" / f"{stem}.png").read_bytes()[:4] == b"\x89PNG"
            assert (out / "layouts" / f"{stem}.blotquant.json").exists()
        page = (out / "report.html").read_text(encoding="utf-8")
        assert "M1_P53" in page
        assert stored["blotquant"] == __version__

    def test_targets_are_normalized(self, done):
        table = pd.read_csv(done[1] / "normalized.csv")
        assert set(table["target"]) >= {"P53"}
        ratio = table["net_density"] / table["control_density"]
        assert (table["normalized_density"] / ratio - 1).abs().max() < 1e-6

    def test_again_and_with_more_processes_gives_the_same_bytes(self, blots, done, tmp_path):
        for name, jobs in (("again", 1), ("parallel", 2)):
            run = blotquant("run", blots, "-o", tmp_path / name, "--jobs", jobs)
            assert run.returncode == 0, run.stderr
            self.assert_same(done[1], tmp_path / name)

    def test_from_its_layouts_it_gives_the_same_bytes(self, blots, done, tmp_path):
        run = blotquant("run", blots, "-o", tmp_path / "x", "--layouts", done[1])
        assert run.returncode == 0, run.stderr
        self.assert_same(done[1], tmp_path / "x")

    @staticmethod
    def assert_same(first, second):
        stems = ("M1_P53", "M1_b-actin")
        for name in (
            *("bands.csv", "lanes.csv", "normalized.csv", "results.xlsx"),
            *(f"layouts/{stem}.blotquant.json" for stem in stems),
            *(f"overlays/{stem}.png" for stem in stems),
        ):
            assert (first / name).read_bytes() == (second / name).read_bytes(), name

    def test_json_is_one_object_and_nothing_else(self, blots, tmp_path):
        run = blotquant(
            "run", blots / "M1_P53.tif", "-o", tmp_path / "x", "--json", "--no-overlays"
        )
        content = json.loads(run.stdout)
        assert run.returncode == content["exit_code"] == 0
        (entry,) = content["images"]
        assert (entry["image"], entry["status"], entry["lanes"]) == ("M1_P53.tif", "measured", 4)
        assert Path(content["report"]).exists()
        assert entry["overlay"] is None
        assert not (tmp_path / "x" / "overlays").exists()

    def test_options_reach_the_measurement(self, blots, tmp_path):
        run = blotquant(
            *("run", blots / "M1_P53.tif", "-o", tmp_path / "x", "--no-overlays"),
            *("--background", "valley", "--lanes", 4, "--spacing", 62, "--invert", "yes"),
            *("--sensitivity", 6, "--reference-lanes", "1,2", "--set", "background.border=4"),
        )
        assert run.returncode == 0, run.stderr
        stored = json.loads((tmp_path / "x" / "provenance.json").read_text(encoding="utf-8"))
        expected = Recipe.of(
            background="valley", lane_count=4, lane_spacing=62, polarity="dark_on_light",
            sensitivity=6, reference_lanes=(1, 2), border=4,
        )  # fmt: skip
        assert Recipe.parse(stored["recipe"]) == expected
        assert set(pd.read_csv(tmp_path / "x" / "bands.csv")["background_method"]) == {"valley"}

    def test_results_lie_in_the_folder_and_older_ones_are_kept(self, blots, tmp_path):
        image = tmp_path / "M1_P53.tif"
        image.write_bytes((blots / image.name).read_bytes())
        for _ in range(2):
            assert blotquant("run", tmp_path, "--no-overlays").returncode == 0
        out = tmp_path / "blotquant-results"
        (shelf,) = (out / "previous").iterdir()
        assert (shelf / "bands.csv").read_bytes() == (out / "bands.csv").read_bytes()


class TestErrors:
    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (["run", "nowhere.tif"], 3, "nowhere.tif: there is no such file or folder"),
            (["run", "."], 4, "no images here"),
            (["run"], 2, "PATH"),
            (["run", ".", "--lane", "3"], 2, "--lanes"),
            (["run", ".", "--jobs", "0"], 2, "--jobs"),
            (["run", ".", "--invert", "perhaps"], 2, "--invert"),
            (["run", ".", "--layouts", ".", "--no-layouts"], 2, "exclude each other"),
            (["run", ".", "--lanes", "0"], 2, "finding.lane_count"),
            (["run", ".", "--background", "vally"], 2, "valley"),
            (["run", ".", "--set", "finding.lane_cuont=3"], 2, "lane_count"),
            (["run", ".", "--set", "nonsense"], 2, "section.key=value"),
            (["run", ".", "--reference-lanes", "one"], 2, "1,2,3"),
            (["run", ".", "--recipe", "no.toml"], 2, "no.toml"),
            (["recipe", "--set", "finding.sensitivity=0"], 2, "finding.sensitivity"),
            (["simulate"], 2, "-o FOLDER"),
            (["simulate", "-o", "x", "--kind", "stripp"], 1, "strip"),
            (["quantify"], 2, "quantify"),
        ],
    )
    def test_one_line_and_the_right_code(self, tmp_path, words, code, said):
        run = blotquant(*words, cwd=tmp_path)
        assert said in one_line(run)
        assert run.returncode == code
        assert not run.stdout
        assert not (tmp_path / "blotquant-results").exists()

    def test_all_faults_of_a_recipe_at_once(self, tmp_path):
        (tmp_path / "r.toml").write_text("[finding]\nlane_cuont = 3\nsensitivity = 0\n[imagge]\n")
        line = one_line(blotquant("run", ".", "--recipe", "r.toml", cwd=tmp_path))
        for said in ("r.toml", "lane_cuont", "lane_count", "sensitivity", "imagge"):
            assert said in line

    def test_one_bad_file_ends_with_its_own_code(self, tmp_path):
        (tmp_path / "a.tif").write_bytes(b"")
        run = blotquant("run", tmp_path / "a.tif")
        assert run.returncode == 3
        assert "a.tif" in one_line(run)
        blank = [[7] * 64] * 64
        tifffile.imwrite(tmp_path / "b.tif", blank)
        assert blotquant("run", tmp_path / "b.tif").returncode in {3, 4}

    def test_bad_files_in_a_folder_are_rows(self, blots, tmp_path):
        (tmp_path / "M1_P53.tif").write_bytes((blots / "M1_P53.tif").read_bytes())
        (tmp_path / "text.tif").write_text("not an image")
        (tmp_path / "cut.tif").write_bytes((blots / "M1_P53.tif").read_bytes()[:2000])
        run = blotquant("run", tmp_path, "--no-overlays", "--jobs", 2)
        assert run.returncode == 1
        assert "1 measured, 2 failed (of 3)" in run.stdout
        failures = pd.read_csv(tmp_path / "blotquant-results" / "failures.csv")
        assert list(failures["image"]) == ["cut.tif", "text.tif"]
        errors = [line for line in run.stderr.splitlines() if "error: " in line]
        assert len(errors) == 2
        assert "Traceback" not in run.stderr

    def test_results_cannot_go_where_others_wrote(self, blots, tmp_path):
        (tmp_path / "bands.csv").write_text("mine")
        run = blotquant("run", blots, "-o", tmp_path)
        assert run.returncode == 8
        assert "not written by blotquant" in one_line(run)
        assert (tmp_path / "bands.csv").read_text() == "mine"

    def test_json_says_errors_too(self, tmp_path):
        run = blotquant("run", tmp_path, "--json")
        assert json.loads(run.stdout)["exit_code"] == run.returncode == 4

    @pytest.mark.parametrize(
        ("jobs", "sign"),
        [(1, "provenance.json"), (2, "provenance.json"), (2, "layouts/*.json")],
        ids=["at its start", "while workers start", "while they work"],
    )
    def test_ctrl_c_is_one_line(self, blots, tmp_path, jobs, sign):
        for number in range(60):
            (tmp_path / f"M{number}_P53.tif").write_bytes((blots / "M1_P53.tif").read_bytes())
        process = subprocess.Popen(
            [COMMAND, "run", tmp_path, "--jobs", str(jobs)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        results = tmp_path / "blotquant-results"
        while not any(results.glob(sign)) and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.3)  # past the first file: while workers start, and while they work
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
        stdout, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
        said = r"blotquant: error: interrupted; \d+ of 60 done and kept, .* --resume goes on\n"
        assert re.fullmatch(said, stderr)
        assert not stdout
        assert not (tmp_path / "blotquant-results" / "bands.csv").exists()


class TestOtherCommands:
    def test_version_is_told_at_once(self):
        times = []
        for _ in range(5):
            start = time.perf_counter()
            run = blotquant("--version")
            times.append(time.perf_counter() - start)
            assert run.stdout == f"blotquant {__version__}\n"
        assert min(times) < 0.2

    @pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["simulate", "-h"], []])
    def test_help_helps(self, words):
        run = blotquant(*words)
        assert run.returncode == 0
        assert "Usage: blotquant" in run.stdout
        assert not run.stderr

    def test_the_recipe_comes_back(self, tmp_path):
        plain = blotquant("recipe").stdout
        (tmp_path / "plain.toml").write_text(plain, encoding="utf-8")
        assert Recipe.from_toml(tmp_path / "plain.toml") == Recipe()
        changed = blotquant(
            "recipe", "--recipe", tmp_path / "plain.toml",
            *("--set", "finding.lane_count=7"), *("--set", "background.method=valley"),
            *("--set", "normalization.reference_lanes=[1, 2]"),
        ).stdout  # fmt: skip
        (tmp_path / "changed.toml").write_text(changed, encoding="utf-8")
        expected = Recipe.of(lane_count=7, background="valley", reference_lanes=(1, 2))
        assert Recipe.from_toml(tmp_path / "changed.toml") == expected
        back = blotquant(
            *("recipe", "--recipe", tmp_path / "changed.toml", "--set", "finding.lane_count=auto")
        ).stdout
        (tmp_path / "back.toml").write_text(back, encoding="utf-8")
        assert Recipe.from_toml(tmp_path / "back.toml").finding.lane_count is None

    def test_simulate_writes_images_with_truth(self, tmp_path):
        kinds = blotquant("simulate", "--list").stdout.split()
        assert "strip" in kinds
        run = blotquant("simulate", "-o", tmp_path, "--kind", "strip", "--count", 2, "--seed", 5)
        written = [Path(line) for line in run.stdout.splitlines()]
        assert len(written) == 2
        for path in written:
            assert path.exists()
            truth = json.loads(path.with_name(f"{path.stem}.truth.json").read_text())
            assert truth["kind"] == "strip"

    @pytest.mark.slow
    def test_the_demo_ends_with_a_report(self, tmp_path, monkeypatch, capsys):
        """A smaller study than the demo's, which the tutorial's examples draw and measure."""
        spec = StudySpec(
            folds={"P53": 2.0}, membranes=3, reference_lanes=2, treated_lanes=2, shape=(90, 260)
        )
        monkeypatch.setattr(simulate, "write_study", lambda folder: write_study(folder, spec))
        assert main(["demo", "-o", str(tmp_path / "demo")]) == 0
        report = capsys.readouterr().out.splitlines()[-1].removeprefix("report: ")
        assert Path(report).exists()
        assert len(pd.read_csv(Path(report).with_name("normalized.csv"))) > 0

    def test_a_closed_pipe_is_no_error(self):
        line = f"'{COMMAND}' recipe | head -1"
        run = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
        assert run.stdout.startswith("# blotquant recipe")
        assert not run.stderr

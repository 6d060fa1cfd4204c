"""The core where no GUI can be imported: it runs, and says in one line what is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from blotquant.simulate import BlotSpec, render, save

ROOT = Path(__file__).resolve().parent.parent

# Read by Python as it starts, in the processes that it starts as well.
_HOOK = """
import sys
from importlib.machinery import PathFinder

GUI = {"napari", "npe2", "qtpy", "superqt", "vispy", "PySide2", "PySide6", "PyQt5", "PyQt6",
       "pytestqt"}


class WithoutGui(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in GUI:
            return None
        return super().find_spec(name, path, target)


sys.meta_path[:] = [WithoutGui if one is PathFinder else one for one in sys.meta_path]
"""


@pytest.fixture
def without_gui(tmp_path):
    """Run Python where no GUI can be imported: ``without_gui(arguments) -> CompletedProcess``."""
    folder = tmp_path / "hook"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_HOOK)
    before = os.environ.get("PYTHONPATH")
    paths = os.pathsep.join([str(folder), *([before] if before else [])])
    # Of what pytest loads by itself, some belongs to napari: where that is not, neither is it.
    environment = {**os.environ, "PYTHONPATH": paths, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTEST_ADDOPTS", None)

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env=environment,
        )

    return run


@pytest.fixture
def image(tmp_path):
    spec = BlotSpec(shape=(240, 320), lanes=4, lane_width=40.0, gap=24.0, peak=0.4)
    return save(render(spec, 2), tmp_path / "blots", "M1_P53")


def test_the_hook_hides_the_gui(without_gui):
    for name in ("napari", "qtpy", "PySide6", "PyQt6", "superqt"):
        done = without_gui("-c", f"import {name}")
        assert done.returncode == 1
        assert f"No module named '{name}'" in done.stderr


def test_run_works(without_gui, image, tmp_path):
    done = without_gui("-m", "blotquant", "run", image, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (tmp_path / "out" / "bands.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 4


def test_view_says_in_one_line_what_to_install(without_gui, image):
    done = without_gui("-m", "blotquant", "view", image)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "napari" in line
    assert "pip install 'blotquant[napari]'" in line
    assert done.stdout == ""


def test_the_tests_of_the_window_are_skipped_and_say_why(without_gui):
    done = without_gui(
        "-m", "pytest", "tests/plugin", "-q", "-p", "pytest_mpl.plugin", "-p", "no:cacheprovider"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    summary = done.stdout.strip().splitlines()[-1]
    assert "skipped" in summary
    assert not any(word in summary for word in ("passed", "failed", "error"))
    assert "napari and pytest-qt are not installed: pip install" in done.stdout

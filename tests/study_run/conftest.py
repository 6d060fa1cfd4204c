"""A small simulated study, and the command line run on it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blotquant.simulate import StudySpec, write_study

SPEC = StudySpec(
    folds={"P53": 2.0, "PTEN": 0.5},
    membranes=3,
    reference_lanes=2,
    treated_lanes=2,
    shape=(90, 320),
)


def _run(*words):
    if words[0] == "run" and "--jobs" not in words:
        words = (*words, "--jobs", 1)  # each worker imports all anew
    command = [sys.executable, "-m", "blotquant", *map(str, words)]
    environment = {**os.environ, "COLUMNS": "80"}
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", env=environment, check=False
    )


@pytest.fixture(scope="session")
def blotquant():
    """The command line, in a process of its own."""
    return _run


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    """The study as it was drawn; not to be changed."""
    folder = tmp_path_factory.mktemp("study") / "study"
    write_study(folder, SPEC, seed=3)
    return folder


@pytest.fixture
def study(original, tmp_path):
    """A copy of it, to be changed."""
    folder = tmp_path / "study"
    shutil.copytree(original, folder)
    return folder


@pytest.fixture(scope="session")
def done(original, tmp_path_factory):
    """A finished run of it: the process and the folder of its results."""
    out = tmp_path_factory.mktemp("results") / "out"
    return _run("run", original, "-o", out, "--jobs", 1), Path(out)

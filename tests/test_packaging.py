"""What is installed is what the repository says: entry points, versions, dependencies."""

import re
import tomllib
from importlib.metadata import entry_points, requires, version
from pathlib import Path

import pytest

import blotquant

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GROUPS = ("blotquant.loaders", "blotquant.backgrounds", "blotquant.normalizers")
DECLARED = [(group, name) for group in GROUPS for name in PROJECT["entry-points"][group]]


def normal(name: str) -> str:
    """A distribution's name as the packaging rules compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: list[str]) -> set[str]:
    return {normal(re.match(r"[\w.-]+", line).group()) for line in requirements}


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


@pytest.mark.parametrize(("group", "name"), DECLARED)
def test_every_entry_point_loads(group, name):
    (entry,) = [
        entry
        for entry in entry_points(group=group, name=name)
        if entry.dist is not None and entry.dist.name == "blotquant"
    ]
    assert callable(entry.load())


def test_the_command_loads():
    (entry,) = entry_points(group="console_scripts", name="blotquant")
    assert callable(entry.load())


def test_the_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    number = PROJECT["version"]
    assert version("blotquant") == number
    assert blotquant.__version__ == number
    assert f"\nversion: {number}\n" in citation
    assert f"## [{number}]" in changelog


def test_the_core_depends_on_no_gui():
    base = [line for line in requires("blotquant") if "extra ==" not in line]
    assert not names(base) & {"napari", "qtpy", "superqt", "pyqt5", "pyqt6", "pyside6"}


def test_constraints_name_versions_only():
    assert all(re.fullmatch(r"[A-Za-z0-9.]+", number) for number in pins().values())


def test_constraints_cover_what_is_asked_for():
    extras = PROJECT["optional-dependencies"]
    asked = names(PROJECT["dependencies"])
    for extra in ("cluster", "remote", "test", "docs"):
        asked |= names(extras[extra])
    asked.discard("blotquant")  # an extra that brings others
    assert asked <= {normal(name) for name in pins()}

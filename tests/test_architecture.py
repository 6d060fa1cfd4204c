"""The rules about the code itself: layers, what an import may cost, the size of a module."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "blotquant").rglob("*.py"))
PLUGIN = sorted((ROOT / "plugins").rglob("*.py"))
HEAVY = {"matplotlib", "pandas", "scipy.stats", "statsmodels"}
GUI = {"napari", "qtpy", "superqt", "PyQt5", "PyQt6", "PySide2", "PySide6"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter holds after the statement."""
    code = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(run.stdout.split())


def test_imports_point_down():
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [linter, "--no-cache", "--no-logo"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_the_public_names_are_for_others(path):
    """A module that took one from the top would step around the layers."""
    depth = len(path.relative_to(ROOT).parts) - 1
    taken = {
        alias.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.module == "blotquant" or (node.module is None and node.level == depth))
        for alias in node.names
    }
    assert taken - {"__version__"} <= {module.stem for module in (ROOT / "blotquant").iterdir()}


def test_importing_blotquant_is_light():
    assert not imported_by("import blotquant") & (HEAVY | GUI)


def test_importing_the_command_line_is_light():
    assert not imported_by("import blotquant.cli") & (HEAVY | GUI | {"numpy"})


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_the_command_line_prints(path):
    calls = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert not calls or path.name in ("cli.py", "__main__.py"), (
        f"{name(path)} prints on lines {calls}"
    )


@pytest.mark.parametrize("path", MODULES + PLUGIN, ids=name)
def test_a_module_is_short(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 500, f"{name(path)} has {lines} lines: find its natural seam"


@pytest.mark.parametrize("path", MODULES + PLUGIN, ids=name)
def test_a_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))

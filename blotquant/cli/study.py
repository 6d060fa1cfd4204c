"""`blotquant init` and `blotquant check`: one call of the core each, and what it found in lines."""

from __future__ import annotations

import sys
from pathlib import Path

from blotquant.batch.start import check_folder, start_study
from blotquant.errors import StudyError
from blotquant.recipe import Recipe

__all__ = ["check", "init"]


def init(folder: Path, *, xlsx: bool, recursive: bool, recipe_file: Path | None) -> int:
    """Start a study in a folder, and say what is left to fill in."""
    started = start_study(folder, xlsx=xlsx, recursive=recursive, recipe=_recipe(recipe_file))
    for line in started.left_out:
        sys.stderr.write(f"blotquant: left out: {line}\n")
    for path in started.written:
        sys.stdout.write(f"written: {path}\n")
    for line in started.to_do:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(
        f"then: blotquant check {folder}, and blotquant run {folder}\n"
        if started.to_do
        else f"then: blotquant run {folder}\n"
    )
    return 0


def check(folder: Path, *, recipe_file: Path | None) -> int:
    """Say everything that is wrong with a study; the code of StudyError where something is."""
    problems = check_folder(folder, _recipe(recipe_file))
    for problem in problems:
        sys.stdout.write(f"{problem.severity}: {problem}\n")
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    sys.stdout.write(f"{errors} errors, {warnings} warnings\n" if problems else "all well\n")
    return StudyError.exit_code if errors else 0


def _recipe(path: Path | None) -> Recipe | None:
    return None if path is None else Recipe.from_toml(path)

"""`blotquant check IMAGE...`: what was done to each picture, and whether it is fit to measure."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from blotquant import loaders
from blotquant.batch.inputs import find_images
from blotquant.errors import BlotquantError
from blotquant.fitness import Finding, assess
from blotquant.recipe import Recipe

__all__ = ["check_images"]


def check_images(paths: Sequence[Path], *, recipe_file: Path | None) -> int:
    """Say it for each picture; 1 where a file could not be read, its own code where it is alone."""
    recipe = Recipe() if recipe_file is None else Recipe.from_toml(recipe_file)
    failed: list[BlotquantError] = []
    files = find_images(list(paths))
    for file in files:
        try:
            blots = loaders.load(file.path, settings=recipe.image)
        except BlotquantError as error:
            failed.append(error)
            sys.stderr.write(f"blotquant: error: {' '.join(str(error).split())}\n")
            continue
        for blot in blots:
            name = f"{file.name}#{blot.source.part}" if blot.source.part else file.name
            sys.stdout.writelines(f"{line}\n" for line in _lines(name, assess(blot)))
    if failed:
        return failed[0].exit_code if len(files) == 1 else 1
    return 0


def _lines(name: str, findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        yield f"{name}: nothing speaks against measuring it"
        return
    unfit = any(finding.grade == "unfit" for finding in findings)
    yield f"{name}: {'not fit for measuring' if unfit else 'to be measured with care'}"
    for finding in findings:
        yield f"  {finding.grade}: {finding.seen}"
        yield f"    {finding.effect}"
        yield f"    {finding.instead}"

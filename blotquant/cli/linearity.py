"""`blotquant linearity`: one call of the core, and a line for each row of bands."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from blotquant.batch.dilution import DilutionSeries, measure_dilution, read_loads, write_dilution
from blotquant.recipe import Recipe

__all__ = ["linearity"]


def linearity(
    paths: Sequence[Path],
    loads: Path,
    *,
    out: Path,
    row: int | None,
    unit: str,
    recipe_file: Path | None,
    changes: Mapping[str, Mapping[str, Any]],
) -> int:
    """Judge a dilution series, write its table and figures, and say what came out."""
    recipe = Recipe() if recipe_file is None else Recipe.from_toml(recipe_file)
    tree = recipe.model_dump()
    for section, values in changes.items():
        tree.setdefault(section, {}).update(values)
    series = measure_dilution(paths, read_loads(loads), Recipe.parse(tree, "--set"), row=row)
    written = write_dilution(series, out, unit=unit)
    for one in series:
        sys.stdout.write(_line(one, unit) + "\n")
    sys.stdout.write(f"written: {written[0]}\n")
    return 0


def _line(one: DilutionSeries, unit: str) -> str:
    judged = one.linearity
    name = f"{one.image}, row {one.row}"
    behind = f" {unit}" if unit else ""
    if judged.load_range is None:
        return f"{name}: no linear range ({judged.reason})"
    low, high = judged.load_range
    return (
        f"{name}: linear from {low:.3g} to {high:.3g}{behind}, LOD {judged.lod:.2g}{behind}, "
        f"LOQ {judged.loq:.2g}{behind} ({judged.reason})"
    )

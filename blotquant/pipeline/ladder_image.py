"""A ladder that only another picture of the membrane shows: a photograph, or another exposure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import BlotquantError, LayoutError, RecipeError
from ..files import is_plain_file
from ..ladder import LadderReading, MolecularWeights, calibrate, molecular_weights, weight_at
from ..membrane import find_panels
from ..model import Blot, Layout, Point
from ..names import parse_name
from ..outline_fit import fit_corners, has_outline, membrane_corners
from ..recipe import Recipe
from ..registration import register
from ..result import LaneMeasurement
from ..study import Study
from .readings import measure_lanes

__all__ = ["carried_weights", "ladder_file", "with_ladder_of"]

Detect = Callable[[Blot, Recipe], Layout]


@dataclass(frozen=True, eq=False)
class _Read:
    """The ladder of another picture, as if this one showed it."""

    layout: Layout
    readings: tuple[LadderReading, ...]
    words: str


def with_ladder_of(recipe: Recipe, study: Study, membrane: str) -> Recipe:
    """The recipe with the picture that a study names for a membrane's ladder, if it does."""
    named = next((block.ladder_image for block in study.membrane if block.id == membrane), "")
    return Recipe.of(recipe, ladder_image=named) if named else recipe


def ladder_file(blot: Blot, recipe: Recipe, image: str) -> Path | None:
    """The picture that shows the ladder; None where there is none, or this is it.

    Parameters
    ----------
    blot : Blot
    recipe : Recipe
        ``ladder.image``: beside the image; ``{membrane}`` in it is the membrane of the image's
        name.
    image : str
        Its name in the tables.

    Raises
    ------
    RecipeError
        If there is no such file.
    """
    if not recipe.ladder.image:
        return None
    name = recipe.ladder.image.replace("{membrane}", parse_name(image)[0])
    path = Path(blot.source.path).parent / name
    if path == Path(blot.source.path):
        return None
    if not is_plain_file(path):
        raise RecipeError(f"ladder.image: there is no file '{name}' beside {blot.source.name}")
    return path


def carried_weights(
    blot: Blot,
    layout: Layout,
    measured: Mapping[str, LaneMeasurement],
    recipe: Recipe,
    path: Path,
    detect: Detect,
) -> MolecularWeights:
    """Molecular weights by the ladder in another picture of the membrane.

    The pictures are laid on each other by the membrane's outline (scale, rotation, shift); where
    one of them shows none, and both are of one size, as two exposures by their lanes and bands.

    Parameters
    ----------
    blot, layout, measured
        What is to be named.
    recipe : Recipe
        `ladder.name` helps: a photograph may show more than the ladder.
    path : Path
        The other picture.
    detect : callable
        Finds lanes and bands.

    Returns
    -------
    MolecularWeights
        Without weights, and with a note that says why, where the ladder cannot be carried.
    """
    try:
        read = _read(blot, layout, recipe, path, detect)
    except (BlotquantError, OSError) as error:
        reason = " ".join(str(error).split())
        return MolecularWeights({}, (), (f"{path.name}: {reason}; no kDa is given",))
    of_band = {}
    for lane in layout.lanes:
        for index, m in enumerate(measured[lane.id].bands):
            weight = weight_at(read.layout, read.readings, m.center_row, m.center_col)
            if math.isfinite(weight[0]):
                of_band[lane.id, index] = weight
    return MolecularWeights(of_band, (), (read.words,))


def _read(blot: Blot, layout: Layout, recipe: Recipe, path: Path, detect: Detect) -> _Read:
    from ..loaders import load

    photo = load(path, settings=recipe.image.model_copy(update={"orientation": "0"}))[0]
    place, words = _placed(blot, layout, photo)
    finding = recipe.finding.model_copy(update={"lane_count": None, "lane_spacing": None})
    found = detect(photo, recipe.model_copy(update={"finding": finding}))
    found = found.replace(lanes=tuple(replace(lane, kind="ladder") for lane in found.lanes))
    measured = measure_lanes(photo, found, recipe)
    weights = molecular_weights(found, measured, recipe.ladder)
    if not weights.readings:
        raise LayoutError("no lane of it could be read as the ladder")
    readings = []
    for reading in weights.readings:
        bands = [measured[reading.lane].bands[k] for k in reading.bands]
        rows = np.array([place(m.center_row, m.center_col)[0] for m in bands])
        curve = calibrate(rows, np.array(reading.kda), recipe.ladder.method)
        readings.append(replace(reading, calibration=curve))
    carried = found.replace(
        lanes=tuple(
            replace(lane, path=tuple(place(row, col) for row, col in lane.path))
            for lane in found.lanes
        )
    )
    ladder = readings[0]
    return _Read(
        carried,
        tuple(readings),
        f"molecular weights are by the ladder {ladder.ladder} in {path.name} "
        f"({len(ladder.bands)} bands; {words})",
    )


def _placed(blot: Blot, layout: Layout, photo: Blot) -> tuple[Callable[[float, float], Point], str]:
    """Where this picture shows a place of the other one, and how they lie."""
    panels = find_panels(blot)
    others = find_panels(photo)
    if has_outline(panels[0], blot.shape) and has_outline(others[0], photo.shape):
        fit = fit_corners(membrane_corners(photo, others[0]), membrane_corners(blot, panels[0]))
        return fit, f"scale {1 / fit.scale:.2f}, turned by {-fit.angle:.1f} degrees"
    if blot.shape != photo.shape:
        raise LayoutError("the membrane's outline is not seen in both pictures")
    found = register(blot, photo, lanes=layout.lanes)
    back = found.transform.inverse

    def place(row: float, col: float) -> Point:
        moved = back(row, col)
        return float(moved[0]), float(moved[1])

    return place, f"shifted by {-back.drow:.0f} and {-back.dcol:.0f} px"

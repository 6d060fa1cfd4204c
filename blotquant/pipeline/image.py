"""The order of things: find lanes and bands, measure them, make the tables."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..bands import detect_bands, find_bands
from ..columns import BAND_COLUMNS, LANE_COLUMNS, SCHEMA_VERSION
from ..densitometry import measure_lane
from ..errors import LayoutError
from ..fitness import Finding, assess
from ..flags import Flag
from ..ladder import MolecularWeights, molecular_weights
from ..lanes import find_lanes
from ..membrane import find_panels
from ..model import Blot, Lane, Layout
from ..names import parse_name
from ..noise import estimate_noise
from ..recipe import Recipe
from ..result import LaneMeasurement, Result
from ..tables import table_of
from .confidence import LOW_CONFIDENCE, layout_checks, layout_confidence
from .ladder_image import carried_weights, ladder_file
from .readings import measure_lanes, recipe_for_role

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Result",
    "analyze",
    "detect",
    "measure",
    "measure_lane",
    "provenance",
    "row_numbers",
]


def detect(
    blot: Blot, recipe: Recipe | None = None, *, lanes: Sequence[Lane] | None = None
) -> Layout:
    """Find membranes, lanes, bands and rows of bands in a picture.

    Parameters
    ----------
    blot : Blot
    recipe : Recipe, optional
        `recipe.finding` holds the hints and the sensitivity.
    lanes : sequence of Lane, optional
        Given: only bands are looked for, on these lanes.

    Returns
    -------
    Layout
        Every lane, found or inferred from its neighbours' spacing, and for each row of bands one
        band in every lane: those that are not there are marked ``detected=False``.

    Raises
    ------
    NothingFound
        If there is no lane or no band, with the reason.
    """
    recipe = recipe or Recipe()
    if lanes is not None:
        return detect_bands(blot, lanes, recipe)
    noise = estimate_noise(blot)
    panels = find_panels(blot)
    lanes = find_lanes(blot, panels, noise, recipe.finding)
    return find_bands(blot, panels, lanes, noise, recipe.finding)


def measure(
    blot: Blot,
    layout: Layout,
    recipe: Recipe | None = None,
    *,
    image: str = "",
    role: str = "",
) -> Result:
    """Measure the lanes and bands of a layout.

    Parameters
    ----------
    blot : Blot
    layout : Layout
    recipe : Recipe, optional
    image : str, optional
        Name of the picture in the tables; its file's name otherwise.
    role : str, optional
        What the picture shows, see `recipe_for_role`.

    Raises
    ------
    LayoutError
        If a lane lies outside the picture.
    """
    recipe = recipe_for_role(recipe or Recipe(), role)
    for lane in layout.lanes:
        _check_inside(blot, lane)
    measured = measure_lanes(blot, layout, recipe)
    name = image or blot.source.name
    photo = ladder_file(blot, recipe, name)
    weights = (
        molecular_weights(layout, measured, recipe.ladder)
        if photo is None
        else carried_weights(blot, layout, measured, recipe, photo, detect)
    )
    return Result(
        image=name,
        layout=layout,
        table=_band_table(blot, layout, measured, recipe, name, weights),
        lanes=_lane_table(blot, layout, measured, name),
        measurements=measured,
        recipe=recipe,
        provenance={
            **provenance(blot, recipe),
            "layout_confidence": list(_layout_confidences(layout).values()),
            "ladders": _ladders(layout, weights),
        },
        warnings=(*blot.warnings, *layout_checks(layout), *weights.notes),
    )


def analyze(
    blot: Blot, recipe: Recipe | None = None, layout: Layout | None = None, *, image: str = ""
) -> Result:
    """Find what is in a picture and measure it; or measure a layout that was drawn by hand.

    Parameters
    ----------
    blot : Blot
    recipe : Recipe, optional
        Defaults otherwise.
    layout : Layout, optional
        Given: nothing is searched for, this is measured.
    image : str, optional
        Name of the picture in the tables; its file's name otherwise.

    Raises
    ------
    NothingFound
        If no layout was given and there is no lane or no band, with the reason.
    LayoutError
        If the layout does not fit the picture.
    """
    recipe = recipe or Recipe()
    return measure(blot, detect(blot, recipe) if layout is None else layout, recipe, image=image)


def provenance(blot: Blot, recipe: Recipe) -> dict[str, Any]:
    """What has to be known to repeat an analysis of one picture, as JSON."""
    source = blot.source
    return {
        "schema_version": SCHEMA_VERSION,
        "blotquant": __version__,
        "python": platform.python_version(),
        "platform": platform.system(),
        "image": {
            "name": source.name,
            "sha256": source.sha256,
            "format": source.format,
            "reader": source.reader,
            "shape": list(blot.shape),
            "bit_depth": blot.bit_depth,
            "polarity": blot.polarity,
            "ceiling": blot.ceiling,
            "orientation": blot.orientation,
            "exposure_s": blot.exposure_s,
            "pixel_size_um": blot.pixel_size_um,
            "signal_unit": blot.signal_map.unit,
            "metadata": dict(source.metadata),
            "fitness": [_as_json(one) for one in assess(blot)] if recipe.image.fitness else [],
        },
        "recipe": recipe.model_dump(mode="json"),
    }


def _layout_confidences(layout: Layout) -> dict[str, float]:
    """Confidence in the lanes of each panel, by its id."""
    return {
        panel.id: layout_confidence([lane for lane in layout.lanes if lane.panel_id == panel.id])
        for panel in layout.panels
    }


def _ladders(layout: Layout, weights: MolecularWeights) -> list[dict[str, Any]]:
    """How each ladder lane was read, as JSON."""
    number = {lane.id: k for k, lane in enumerate(layout.lanes, 1)}
    return [
        {
            "lane": number[reading.lane],
            "ladder": reading.ladder,
            "guessed": reading.guessed,
            "method": reading.calibration.method,
            "bands": [band + 1 for band in reading.bands],
            "kda": list(reading.kda),
            "scatter_log10": reading.calibration.scatter,
        }
        for reading in weights.readings
    ]


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check,
        "flag": str(finding.flag),
        "grade": finding.grade,
        "seen": finding.seen,
        "effect": finding.effect,
        "instead": finding.instead,
    }


def _check_inside(blot: Blot, lane: Lane) -> None:
    rows, cols = blot.shape
    inside = any(
        -0.5 <= row <= rows - 0.5 and -lane.width / 2 <= col <= cols + lane.width / 2
        for row, col in lane.path
    )
    if not inside and lane.source != "carried":
        raise LayoutError(
            f"{blot.source.name}: lane {lane.id} lies outside the picture of {rows} x {cols} px; "
            "was the layout made for another image?"
        )


def _band_table(
    blot: Blot,
    layout: Layout,
    measured: dict[str, LaneMeasurement],
    recipe: Recipe,
    image: str,
    weights: MolecularWeights,
) -> pd.DataFrame:
    membrane, target = parse_name(image)
    panel_number = {panel.id: index for index, panel in enumerate(layout.panels, 1)}
    row_number = {row: number for row, (_, number) in row_numbers(layout).items()}
    rows = {row.id: row for row in layout.rows}
    records = []
    for number, lane in enumerate(layout.lanes, 1):
        length = lane.bottom - lane.top
        for index, m in enumerate(measured[lane.id].bands, 1):
            row_id = m.band.row_id
            center = blot.to_file(m.center_row, m.center_col)
            flags = m.flags | blot.flags
            if lane.confidence < LOW_CONFIDENCE:
                flags |= Flag.LOW_CONFIDENCE
            given = rows[row_id].mw_kda
            kda, kda_err = weights.of_band.get((lane.id, index - 1), (None, None))
            by_hand = "hand" in (lane.source, m.band.source)
            records.append(
                {
                    "image": image,
                    "channel": blot.channel,
                    "panel": panel_number[lane.panel_id],
                    "membrane": membrane,
                    "target": rows[row_id].target or target,
                    "lane": number,
                    "lane_label": lane.label,
                    "lane_kind": lane.kind,
                    "sample": "",
                    "group": "",
                    "replicate": "",
                    "band": index,
                    "row": row_number[row_id],
                    "center_row": center[0],
                    "center_col": center[1],
                    "height": m.height,
                    "width": m.width,
                    "rf": (m.center_row - lane.top) / length,
                    "mw_kda": given if given is not None else kda,
                    "area": m.area,
                    "integrated_density": m.integrated_density,
                    "background": m.background,
                    "net_density": m.net_density,
                    "net_density_err": m.net_density_err,
                    "peak_height": m.peak_height,
                    "snr": m.snr,
                    "saturated_fraction": m.saturated_fraction,
                    "relative_density": None,
                    "normalized_density": None,
                    "normalized_density_measurement_se": None,
                    "flags": str(flags),
                    "background_method": recipe.background.method,
                    "layout_source": "hand" if by_hand else m.band.source,
                    "detection_limit": m.detection_limit,
                    "quantification": m.quantification,
                    "net_density_fit": m.net_density_fit,
                    "method_spread": m.method_spread,
                    "exposure_s": blot.exposure_s,
                    "technical": "",
                    "net_density_fit_err": m.net_density_fit_err,
                    "fit_unexplained": m.fit_unexplained,
                    "net_density_unclipped": m.net_density_unclipped,
                    "net_density_unclipped_err": m.net_density_unclipped_err,
                    "mw_kda_err": None if given is not None else kda_err,
                }
            )
    return table_of(records, BAND_COLUMNS)


def _lane_table(
    blot: Blot, layout: Layout, measured: dict[str, LaneMeasurement], image: str
) -> pd.DataFrame:
    panel_number = {panel.id: index for index, panel in enumerate(layout.panels, 1)}
    of_layout = _layout_confidences(layout)
    records = []
    for number, lane in enumerate(layout.lanes, 1):
        m = measured[lane.id]
        flags = m.flags | blot.flags
        if lane.confidence < LOW_CONFIDENCE:
            flags |= Flag.LOW_CONFIDENCE
        records.append(
            {
                "image": image,
                "channel": blot.channel,
                "panel": panel_number[lane.panel_id],
                "lane": number,
                "lane_label": lane.label,
                "lane_kind": lane.kind,
                "center_col_top": lane.path[0][1],
                "center_col_bottom": lane.path[-1][1],
                "width": lane.width,
                "total_density": m.total_density,
                "n_bands": sum(Flag.BELOW_DETECTION not in band.flags for band in m.bands),
                "flags": str(flags),
                "confidence": lane.confidence,
                "total_density_err": m.total_density_err,
                "path": json.dumps([[round(row, 2), round(col, 2)] for row, col in lane.path]),
                "layout_confidence": of_layout[lane.panel_id],
            }
        )
    return table_of(records, LANE_COLUMNS)


def row_numbers(layout: Layout) -> dict[str, tuple[int, int]]:
    """Panel and row of each row of bands, both from 1, as the tables count them."""
    panels = {panel.id: number for number, panel in enumerate(layout.panels, 1)}
    of_lane = {lane.id: panels[lane.panel_id] for lane in layout.lanes}
    panel_of: dict[str, int] = {}
    for band in layout.bands:
        panel_of.setdefault(band.row_id, of_lane[band.lane_id])
    counts: Counter[int] = Counter()
    numbers = {}
    for row in layout.rows:
        panel = panel_of.get(row.id, 0)
        counts[panel] += 1
        numbers[row.id] = (panel, counts[panel])
    return numbers

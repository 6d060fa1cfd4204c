"""blotquant beside ImageJ on the same files: errors kind by kind, and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

import blotquant as bq
from blotquant.simulate import SimulatedBlot, render, spec_of
from parts.accuracy import asked, bands_of, weak_bands
from parts.by_hand import gels_of, layout_of
from parts.comparison import CLEAR, Comparison
from parts.machine import median_ms, table
from parts.one_blot import write
from parts.promises import Judged
from parts.running_imagej import WAYS, ImageJ, picture_of
from parts.scenes import CLOSE

# What a user of ImageJ can get; the unrounded sum stands in where the window cannot be asked.
SHOWN = ("window", "drop", "rolling")
COLUMNS = {
    "window": "ImageJ, Gel Analyzer",
    "drop": "vertical lines",
    "rolling": "rolling ball 50",
    "unrounded": "Gel Analyzer, unrounded",
    "given": "blotquant, same lanes and limits",
    "net": "blotquant, automatic",
}
PICTURES = {
    "strip": ("strip", {}),
    "clean": ("clean", {}),
    "many_lanes": ("many_lanes", {}),
    "clean of 2000 x 2500 px": (
        "clean",
        {
            "shape": (2000, 2500),
            "lanes": 16,
            "lane_width": 90.0,
            "gap": 40.0,
            "rows": (0.25, 0.5, 0.75),
            "row_strength": (),
            "offset": 0.0,
        },
    ),
}
TIMES = ("gel", "ball", "given", "automatic", "load")


def bands_by_hand(results: list[Comparison], kind: str) -> pd.DataFrame:
    """The bands of a kind that every way is asked for."""
    bands = bands_of([one for one in results if one.kind == kind])
    if kind == "close_doublets":
        clear = bands["whole"] & (bands["snr"] >= CLEAR)
        return bands[clear & bands["apart"].between(*CLOSE)]
    if kind == "one_percent":
        return weak_bands([one for one in results if one.kind == kind])
    return asked(bands, kind)


def errors_of(bands: pd.DataFrame, ways: tuple[str, ...]) -> dict[str, list[float]]:
    """Median and 95th percentile of |relative error|; a band that is not found is all wrong."""
    errors = {}
    for way in ways:
        off = (bands[way] / bands["volume"] - 1).abs()
        # a way that gives no number for any of the bands was not asked
        off = off if off.isna().all() else off.fillna(1.0)
        errors[way] = [float(off.median()), float(off.quantile(0.95))]
    return errors


def imagej_errors(results: list[Comparison]) -> dict[str, dict[str, list[float]]]:
    """ImageJ's errors, kind by kind, as they are saved."""
    kinds = dict.fromkeys(one.kind for one in results)
    found = {kind: errors_of(bands_by_hand(results, kind), WAYS) for kind in kinds}
    return {kind: _finite(errors) for kind, errors in found.items()}


def _finite(errors: dict[str, list[float]]) -> dict[str, list[float]]:
    """Leave out what could not be asked: JSON has no NaN."""
    return {way: values for way, values in errors.items() if np.isfinite(values).all()}


def imagej_section(
    results: list[Comparison], saved: Mapping[str, Mapping[str, list[float]]], judged: Judged
) -> str:
    """Median |error| (95th percentile) by each way; `saved` are ImageJ's, of now or before."""
    rows = []
    for kind in dict.fromkeys(one.kind for one in results):
        bands = bands_by_hand(results, kind)
        if kind not in saved or bands.empty:
            continue
        errors = {**saved[kind], **errors_of(bands, ("given", "net"))}
        cells = [_cell(errors.get(way)) for way in COLUMNS]
        rows.append([kind, str(len(bands)), *cells, *_answers(kind, errors, judged)])
    head = ["kind", "bands", *COLUMNS.values(), "automatic not worse", "same lanes not worse"]
    return table(head, rows)


def _answers(kind: str, errors: Mapping[str, list[float]], judged: Judged) -> list[str]:
    """Whether blotquant's median error is ImageJ's best or less, automatic and given lanes."""
    shown = [errors[way][0] for way in SHOWN if way in errors]
    if "window" not in errors and "unrounded" in errors:
        shown.append(errors["unrounded"][0])
    best, answers = min(shown), []
    for way in ("net", "given"):
        kept = errors[way][0] <= best
        answers.append("yes" if kept else "**no**")
        if not kept:
            judged.missed.append(
                f"{kind}: {COLUMNS[way]}, median error {100 * errors[way][0]:.2f} %, "
                f"ImageJ by hand {100 * best:.2f} %"
            )
    return answers


def _cell(errors: list[float] | None) -> str:
    if errors is None or not np.isfinite(errors).all():
        return "-"
    return f"{100 * errors[0]:.2f} % ({100 * errors[1]:.1f} %)"


def pictures(seed: int, names: list[str]) -> dict[str, SimulatedBlot]:
    """The pictures that are timed."""
    chosen = {name: PICTURES[name] for name in names}
    return {
        name: render(replace(spec_of(kind, seed), **changes), seed)
        for name, (kind, changes) in chosen.items()
    }


def times_of(drawn: SimulatedBlot, imagej: ImageJ | None) -> dict[str, Any]:
    """Median ms of `TIMES` on one picture; ImageJ's are left out where it is not there."""
    with TemporaryDirectory() as folder:
        path = write(drawn, Path(folder), "timed")
        (blot,) = bq.load(path)
        gels = gels_of(drawn.truth, blot.signal())
        layout = layout_of(gels, drawn.truth)
        # a new object each time: a blot remembers what was asked of it
        bq.analyze(replace(blot))
        times: dict[str, Any] = {
            "given": median_ms(lambda: bq.measure(replace(blot), layout)),
            "automatic": median_ms(lambda: bq.analyze(replace(blot))),
            "load": median_ms(lambda: bq.load(path)),
        }
        if imagej is not None:
            white = int(np.iinfo(drawn.image.dtype).max)
            dark = drawn.spec.polarity == "dark_on_light"
            gel, ball = imagej.times_ms(picture_of(path, dark=dark, white=white), gels)
            times |= {"gel": gel, "ball": ball}
    return times


def times_section(times: Mapping[str, Mapping[str, float]]) -> str:
    """Median ms, picture by picture."""
    head = [
        *("picture", "ImageJ, Gel Analyzer", "ImageJ, rolling ball 50"),
        *("blotquant, given lanes", "blotquant, automatic", "blotquant, reading the file"),
    ]
    return table(
        head,
        [
            [name, *(f"{of[key]:.0f} ms" if key in of else "-" for key in TIMES)]
            for name, of in times.items()
        ],
    )

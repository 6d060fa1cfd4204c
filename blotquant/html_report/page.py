"""The page: what the template shows, put together from a run."""

from __future__ import annotations

import base64
import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from blotquant import __version__
from blotquant.figures import Bar, ProfilePlot, bar_charts, profile_plots
from blotquant.figures.palette import FAINT, LADDER, LANE, ROWS, SATURATED
from blotquant.files import write_atomically
from blotquant.flags import Flag
from blotquant.html_report.decision_table import DECISIONS
from blotquant.html_report.fitness import drawn_notices, fitness_of
from blotquant.html_report.numbers import shown
from blotquant.html_report.pictures import Picture, overlay_picture
from blotquant.html_report.sentences import counted
from blotquant.html_report.settings import Setting, differences, settings_of
from blotquant.html_report.story import SERIOUS, detected, flag_counts, points_of
from blotquant.html_report.study_story import study_story
from blotquant.html_report.table import Table
from blotquant.html_report.tables import band_table, normalized_table
from blotquant.outcome import MANY_SHOWN, MOST_SHOWN, ImageOutcome, RunOutcome
from blotquant.result import Result

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["REPORT_NAME", "render_report", "write_report"]

REPORT_NAME = "report.html"


@dataclass(frozen=True)
class _Image:
    """One measured image of the page."""

    anchor: str
    name: str
    facts: tuple[str, ...]
    warnings: tuple[str, ...]
    doubtful: bool
    picture: Picture | None
    plots: list[ProfilePlot]
    table: Table
    own_settings: list[Setting]


@dataclass(frozen=True)
class _Chart:
    """Charts of one target."""

    target: str
    drawings: list[Markup]


def write_report(out: Path, run: RunOutcome) -> Path:
    """Write the report of a run, whole or not at all.

    Parameters
    ----------
    out : Path
        Folder of the outputs.
    run : RunOutcome

    Returns
    -------
    Path
        ``out/report.html``.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    # a file's name can hold bytes that are no text; they become question marks
    return write_atomically(Path(out) / REPORT_NAME, render_report(run).encode("utf-8", "replace"))


def render_report(run: RunOutcome) -> str:
    """The report as HTML: one page that loads nothing from elsewhere.

    Parameters
    ----------
    run : RunOutcome
        Overlays are read from its `ImageOutcome.overlay`.
    """
    environment = Environment(
        loader=PackageLoader("blotquant", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = (_source(environment, f"report.{kind}") for kind in ("css", "js"))
    anchors = {image.image: f"image-{n}" for n, image in enumerate(run.images, 1)}
    images = _images(run, anchors)
    story = study_story(run, run.study) if run.study else None
    return environment.get_template("report.html.j2").render(
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        title=(run.study.study.title if run.study else "") or _title(run),
        made=_date(run.provenance),
        version=__version__,
        run=run,
        story=story,
        decision_table=DECISIONS,
        tiles=story.tiles if story else _tiles(run),
        points=points_of(run),
        anchors=anchors,
        charts=_charts(run.normalized),
        normalized=normalized_table(run.normalized),
        controls=_controls(run.normalized),
        images=images,
        shown={image.anchor for image in images},
        serious=[flag.name for flag in Flag if flag in SERIOUS],
        many=_is_many(run),
        fitness=fitness_of(run),
        notices=drawn_notices(run),
        settings=settings_of(run.recipe),
        libraries=run.provenance.get("libraries", {}),
        hashes=_hashes(run),
        colours={"lane": LANE, "ladder": LADDER, "faint": FAINT, "red": SATURATED, "rows": ROWS},
    )


def _source(environment: Environment, name: str) -> str:
    loader = environment.loader
    assert loader is not None  # given above
    return loader.get_source(environment, name)[0].strip()


def _policy(style: str, script: str) -> str:
    """Content security policy: this style and this script, pictures in the page, nothing else."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_sri(style)}'; "
        f"script-src '{_sri(script)}'; base-uri 'none'; form-action 'none'"
    )


def _sri(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _title(run: RunOutcome) -> str:
    """Name of the folder that the images lie in."""
    folders = {str(image.path.parent) for image in run.images}
    try:
        return Path(os.path.commonpath(folders)).name if folders else ""
    except ValueError:  # on different drives
        return ""


def _date(provenance: Mapping[str, Any]) -> str:
    try:
        started = datetime.fromisoformat(str(provenance["started"]))
    except (KeyError, ValueError):
        return ""
    return f"{started:%Y-%m-%d %H:%M} {started.tzname() or ''}".rstrip()


def _tiles(run: RunOutcome) -> list[tuple[str, str]]:
    """The run in figures: (figure, what it counts)."""
    bands = run.band_flags
    flags = flag_counts(bands["flags"])
    missing = flags.get(Flag.BELOW_DETECTION, 0)
    saturated = flags.get(Flag.SATURATED, 0)
    controls = _controls(run.normalized)
    return [
        (str(len(run.measured)), f"of {counted(len(run.images), 'image')} measured"),
        (str(sum(image.lane_count for image in run.measured)), "lanes"),
        (str(len(bands) - missing), "bands detected"),
        (str(missing), "below detection"),
        (str(saturated), f"saturated {'band' if saturated == 1 else 'bands'}"),
        (", ".join(controls) or "none", "loading control"),
    ]


def _controls(normalized: pd.DataFrame) -> list[str]:
    names = [name for name in normalized["loading_control"] if isinstance(name, str) and name]
    return list(dict.fromkeys(names))


def _charts(normalized: pd.DataFrame) -> list[_Chart]:
    charts = []
    for target, rows in normalized.groupby("target", sort=False, dropna=False):
        bars = [_bar(record) for record in rows.to_dict("records")]
        if not all(math.isnan(bar.value) for bar in bars):
            name = str(target)
            charts.append(_Chart(name, bar_charts(bars, f"Normalized density of {name} by lane")))
    return charts


def _bar(record: Mapping[Any, Any]) -> Bar:
    flags = Flag.parse(record["flags"]) if isinstance(record["flags"], str) else Flag.NONE
    value, error = (
        float(record[name]) for name in ("normalized_density", "normalized_density_measurement_se")
    )
    who = " ".join(str(record[name]) for name in ("lane_label", "sample") if record[name])
    title = f"{record['membrane']} lane {record['lane']} {who}".strip()
    return Bar(
        group=str(record["membrane"]),
        label=str(record["lane"]),
        value=value,
        error=error,
        doubtful=bool(flags & (SERIOUS | Flag.BELOW_DETECTION)),
        title=f"{title}: {shown(value) or 'no value'} ± {shown(error) or '?'} {flags}".rstrip(),
    )


def _images(run: RunOutcome, anchors: Mapping[str, str]) -> list[_Image]:
    """Measured images with what is shown of each: the first ones, where there are very many."""
    shown = run.measured[:MOST_SHOWN]
    bands = run.bands_of([outcome.image for outcome in shown])
    tables = {str(name): rows for name, rows in bands.groupby("image", sort=False)}
    return [
        _image(outcome, result, tables.get(outcome.image), anchors, run)
        for outcome in shown
        if (result := outcome.result) is not None
    ]


def _image(
    outcome: ImageOutcome,
    result: Result,
    bands: pd.DataFrame | None,
    anchors: Mapping[str, str],
    run: RunOutcome,
) -> _Image:
    table = bands if bands is not None else result.table
    flags = flag_counts(detected(table)["flags"])
    return _Image(
        anchor=anchors[outcome.image],
        name=outcome.image,
        facts=_facts(result, table),
        warnings=outcome.warnings,
        doubtful=bool(outcome.warnings) or any(flag in SERIOUS for flag in flags),
        picture=overlay_picture(outcome, result, many=_is_many(run)),
        plots=_plots(outcome, result),
        table=band_table(table),
        own_settings=differences(result.recipe, run.recipe),
    )


def _plots(outcome: ImageOutcome, result: Result) -> list[ProfilePlot]:
    """Profiles, as they were drawn when the picture was measured, or drawn now."""
    drawn = outcome.plots
    if drawn is None:
        return profile_plots(result)
    return [ProfilePlot(**{**plot, "svg": Markup(plot["svg"])}) for plot in drawn]


def _is_many(run: RunOutcome) -> bool:
    """Whether blots are folded up: there are many, or they are not what the reader came for."""
    return len(run.measured) > MANY_SHOWN or run.study is not None


def _facts(result: Result, table: pd.DataFrame) -> tuple[str, ...]:
    """One line about an image: what it is and what was found."""
    known = result.provenance.get("image", {})
    missing = flag_counts(table["flags"]).get(Flag.BELOW_DETECTION, 0)
    size = known.get("shape") or ()
    turned = {"0": "", "mirror": "mirrored"}.get(
        str(known.get("orientation", "0")), f"turned by {known.get('orientation')}°"
    )
    facts = (
        counted(len(result.layout.lanes), "lane"),
        _confidence_in_layout(result),
        f"{counted(len(table) - missing, 'band')} detected",
        f"{missing} below detection" if missing else "",
        " × ".join(map(str, size)) + " px" if size else "",
        str(known.get("format") or ""),
        str(known.get("polarity") or "").replace("_", " "),
        turned,
        f"exposed {known['exposure_s']:g} s" if known.get("exposure_s") else "",
    )
    return tuple(fact for fact in facts if fact)


def _confidence_in_layout(result: Result) -> str:
    """How far to trust the number of lanes, panel by panel."""
    known = result.provenance.get("layout_confidence", ())
    return f"confidence in the layout {', '.join(f'{one:.2f}' for one in known)}" if known else ""


def _hashes(run: RunOutcome) -> list[tuple[str, str]]:
    """(image, SHA-256) of every file."""
    entries = run.provenance.get("images", [])
    return [(str(entry.get("image", "")), str(entry.get("sha256") or "")) for entry in entries]

"""All figures of a study as files; one that fails is a warning and not the end of the run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from blotquant.errors import OutputError
from blotquant.figures import (
    FigureOptions,
    Probe,
    Representative,
    SourceFile,
    StudyTables,
    labelled_png,
    legend_text,
    save_figure,
    uncropped_pdf,
    write_source_data,
)
from blotquant.figures.source_data import safe_names
from blotquant.files import write_atomically
from blotquant.outcome import RunOutcome
from blotquant.study import Study
from blotquant.study_report.blots import WholeBlots, part_of, replicates_on
from blotquant.study_report.drawing import StudyDrawing
from blotquant.study_report.figure_tables import FigureTables
from blotquant.study_report.strips import PanelStrips
from blotquant.study_report.tables import study_tables
from blotquant.study_result import StudyResult

__all__ = ["StudyFiles", "target_stems", "write_figures"]

_FOLDER = "figures"
_NO_STRIPS = PanelStrips((), {}, Representative("", float("nan"), ""))
_FOLDS = (
    "Fold changes (folds): ratio of the geometric means, group over reference, with its 95 % "
    "confidence interval, unadjusted. Filled marks are significant after adjustment; arrows are "
    "bounds."
)
_CONTROLS = (
    "Loading controls (loading_controls): density in each lane over the mean of its membrane, "
    "lanes as on the membrane; CV, coefficient of variation."
)


@dataclass
class StudyFiles:
    """What was written of a study, and what could not be.

    Parameters
    ----------
    paths : list of Path
    warnings : list of str
        One line each, for the run's messages.
    strips : PanelStrips
        What the panel shows; nothing where it could not be cut.
    """

    paths: list[Path] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    strips: PanelStrips = _NO_STRIPS

    @contextmanager
    def trying(self, name: str) -> Iterator[None]:
        """Turn an error into a warning that names the file it was about."""
        try:
            yield
        except OutputError:  # a full disk is no matter of one figure
            raise
        except Exception as error:
            # Whatever goes wrong in drawing, the numbers are there and must reach the user: so
            # every error is caught, and none is lost.
            if os.environ.get("BLOTQUANT_DEBUG"):
                raise
            words = " ".join(f"{type(error).__name__}: {error}".split())
            self.warnings.append(f"{name} could not be made ({words})")


def target_stems(targets: Sequence[str]) -> dict[str, str]:
    """Name of each target's files, without suffix and fit for every system."""
    names = safe_names(f"{target}.svg" for target in targets)
    return {target: name.removesuffix(".svg") for target, name in zip(targets, names, strict=True)}


def write_figures(out: Path, run: RunOutcome) -> StudyFiles:
    """Write all figures of a study, the sheet of uncropped blots and the source data.

    ``figures/panel``, ``figures/targets/TARGET``, ``figures/grid``, ``figures/folds`` and
    ``figures/loading_controls`` as SVG, PDF and PNG, ``figures/legend.txt``, ``uncropped.pdf`` and
    ``source_data.zip``. A panel that is higher than a page goes on in ``panel-2``. Figures of
    results are left out where the study has none yet.

    Parameters
    ----------
    out : Path
        Folder of the run's outputs.
    run : RunOutcome
        With `study`; pictures are read again from the paths of `images`.

    Returns
    -------
    StudyFiles
        A figure that could not be drawn is a warning that names it.
    """
    result = run.study
    if result is None:
        return StudyFiles()
    files, folder = StudyFiles(), out / _FOLDER
    drawing = StudyDrawing(run, result)
    with files.trying("the strips of the figures"):
        drawing.cut()
    files.strips = drawing.strips
    for name, stem in _stems(drawing).items():
        with files.trying(f"{_FOLDER}/{stem}"):
            for number, page in enumerate(drawing.pages(name), 1):
                file = stem if number == 1 else f"{stem}-{number}"
                files.paths += save_figure(page, folder / file)
    _write_blots(files, out, run, result, drawing.options)
    with files.trying("figures/legend.txt"):
        text = _legend(result, drawing.drawn, drawing.tables, files.strips, drawing.options)
        files.paths.append(write_atomically(folder / "legend.txt", text.encode("utf-8")))
    return files


def _stems(drawing: StudyDrawing) -> dict[str, str]:
    """File of each figure, without suffix."""
    targets = target_stems(drawing.tables.targets)
    stems = {f"target:{target}": f"targets/{stem}" for target, stem in targets.items()}
    return {name: stems.get(name, name) for name in drawing.names}


def _write_blots(
    files: StudyFiles, out: Path, run: RunOutcome, result: StudyResult, options: FigureOptions
) -> None:
    """Every blot whole, as a PDF and in the source data."""
    blots = WholeBlots(run, files.strips.images)
    if not len(blots):
        return
    with files.trying("uncropped.pdf"):
        data = uncropped_pdf(blots, options)
        files.paths.append(write_atomically(out / "uncropped.pdf", data))
    with files.trying("source_data.zip"):
        sources = _sources(blots, result, options)
        tables = {
            f"{name}.csv": frame[[column.name for column in columns]]
            .to_csv(index=False, lineterminator="\n", float_format="%.10g")
            .encode("utf-8")
            for name, frame, columns in study_tables(result)
        }
        files.paths.append(write_source_data(out / "source_data.zip", sources, tables))


def _sources(blots: WholeBlots, result: StudyResult, options: FigureOptions) -> list[SourceFile]:
    """The study's files, each with what it shows."""
    sources = []
    for place, outcome in enumerate(blots.images):
        for block in result.study.image:
            if block.name != outcome.image:
                continue
            sources.append(
                SourceFile(
                    outcome.path,
                    block.membrane,
                    block.target or block.role.replace("_", " "),
                    replicates_on(result.samples, (block.membrane,)),
                    partial(_labelled, blots, place, options),
                    part_of(outcome.image),
                )
            )
    return sources


def _labelled(blots: WholeBlots, place: int, options: FigureOptions) -> bytes:
    return labelled_png(blots[place], options)


def _legend(
    result: StudyResult,
    drawn: StudyTables,
    tables: FigureTables,
    strips: PanelStrips,
    options: FigureOptions,
) -> str:
    """Legend of the panel, and a line for each of the other figures."""
    study = result.study
    parts = []
    if tables.targets:
        parts.append(
            legend_text(
                drawn,
                strips.strips,
                options,
                replicate_unit=study.replicate_unit,
                representative=strips.shown,
                probes=_probes(study),
                reasons=_reasons(study),
            ).rstrip()
        )
    parts += [_FOLDS] if len(tables.statistics) else []
    parts += [_CONTROLS] if result.normalized["loading_control"].astype(bool).any() else []
    return "\n\n".join(parts) + "\n"


def _probes(study: Study) -> list[Probe]:
    """Antibody, dilution and RRID of each target, as first declared."""
    known: dict[str, Probe] = {}
    for block in study.image:
        if block.target and (block.antibody or block.dilution or block.rrid):
            known.setdefault(
                block.target, Probe(block.target, block.antibody, block.dilution, block.rrid)
            )
    return list(known.values())


def _reasons(study: Study) -> list[str]:
    return [
        f"Membrane {one.membrane}, lane {one.lane}"
        + (f" of {one.target}" if one.target else "")
        + f" was left out: {one.reason}"
        for one in study.exclude
    ]

"""Long work on a study, in a thread: opening it, concluding it, finding anew, exporting it."""

from __future__ import annotations

import io
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from blotquant import edit
from blotquant.batch import analyze_folder
from blotquant.batch.inputs import output_stem
from blotquant.columns import BAND_COLUMNS, LANE_COLUMNS, NORMALIZED_COLUMNS
from blotquant.errors import BlotquantError
from blotquant.model import Blot, Layout
from blotquant.outcome import ImageOutcome, RunOutcome
from blotquant.pipeline import measure
from blotquant.pipeline.membranes import images_together, membrane_layouts, sharing_lanes
from blotquant.pipeline.study import conclude, facts_of
from blotquant.recipe import Recipe
from blotquant.result import Result
from blotquant.session import SIDECAR_SUFFIX, Session, as_stored, write_layout
from blotquant.study import Problem, Study, StudyImage, check_study
from blotquant.study_report import StudyDrawing
from blotquant.study_result import StudyResult
from blotquant.tables import joined

from .autosave import Opened, open_picture
from .document import Document
from .tasks import Failure

if TYPE_CHECKING:
    import pandas as pd

    from .study_session import StudySession

__all__ = [
    "Concluded",
    "OpenedMembrane",
    "StudyState",
    "concluding",
    "exporting_study",
    "finding_membrane",
    "opening_study",
]

_DPI = 110
# Settings as the picture has them, and what was measured with them.
Measured = tuple[Recipe, Result]


@dataclass(frozen=True, eq=False)
class OpenedMembrane:
    """Pictures of one membrane, ready to be worked on.

    Parameters
    ----------
    documents : mapping of str to Document
    reasons : mapping of str to str
        Why the others could not be opened.
    messages : tuple of str
    """

    documents: Mapping[str, Document]
    reasons: Mapping[str, str]
    messages: tuple[str, ...] = ()


def opening_study(
    study: Study, folder: Path, recipe: Recipe | None
) -> Generator[str | OpenedMembrane, None, Failure | None]:
    """Open a study membrane by membrane; yields what it is doing and each membrane when it is read.

    Lanes are found as a run finds them: shared by the pictures of a membrane, and carried from
    those that somebody has drawn on.
    """
    for blocks in images_together(study.image):
        yield f"reading membrane {', '.join(dict.fromkeys(block.membrane for block in blocks))}"
        try:
            yield _membrane(blocks, folder, recipe)
        except BlotquantError as error:
            names = dict.fromkeys(block.name for block in blocks)
            yield OpenedMembrane({}, dict.fromkeys(names, str(error)))
    return None


def _membrane(blocks: Sequence[StudyImage], folder: Path, recipe: Recipe | None) -> OpenedMembrane:
    opened: dict[str, Opened] = {}
    reasons: dict[str, str] = {}
    roles: dict[str, str] = {}
    for block in blocks:
        if block.name in opened or block.name in reasons:
            continue
        roles[block.name] = block.role
        try:
            opened[block.name] = open_picture(folder / block.file, block.page or None, recipe)
        except (BlotquantError, OSError) as error:
            reasons[block.name] = str(error)
    drawn = {name: one.session.layout for name, one in opened.items() if one.session is not None}
    layouts: dict[str, Layout] = {}
    messages: tuple[str, ...] = ()
    for names in sharing_lanes(blocks, list(opened)):
        found = membrane_layouts(
            {name: opened[name].blot for name in names},
            roles,
            recipe,
            {name: drawn[name] for name in names if name in drawn},
        )
        layouts |= {name: as_stored(layout) for name, layout in found.layouts.items()}
        messages += (*found.messages, *found.reasons.values())
    documents = {}
    for name, one in opened.items():
        about = [line for line in messages if line.startswith(name)] if not one.session else []
        noted = replace(one, note="; ".join(filter(None, (one.note, *about))))
        blocks_of = [block for block in blocks if block.name == name]
        document = Document(folder / blocks_of[0].file, noted, layouts.get(name), recipe)
        document.role = roles[name]
        documents[name] = document
    return OpenedMembrane(documents, reasons, messages)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of a study as it is now; nothing of it changes while a thread works on it."""

    name: str
    path: Path
    blot: Blot
    layout: Layout
    recipe: Recipe
    role: str


@dataclass(frozen=True, eq=False)
class StudyState:
    """All of a study that its conclusions depend on.

    Parameters
    ----------
    folder : Path
    study : Study
    samples : DataFrame
    pictures : tuple of Picture
    known : mapping of str to (Recipe, Result)
        Measured before, by picture; used where neither lanes nor settings changed.
    figure : str
        Name of the figure that is shown.
    lost : tuple of str
        Why other pictures of the study are not among them, one line each.
    """

    folder: Path
    study: Study
    samples: pd.DataFrame
    pictures: tuple[Picture, ...]
    known: Mapping[str, Measured] = field(default_factory=dict)
    figure: str = "panel"
    lost: tuple[str, ...] = ()

    @classmethod
    def of(cls, session: StudySession, known: Mapping[str, Measured], figure: str) -> StudyState:
        """The study as it is at this moment."""
        pictures = tuple(
            Picture(name, one.path, one.blot, one.layout, one.recipe, one.role)
            for name, one in session.documents.items()
        )
        lost = tuple(session.reasons.values())
        return cls(session.folder, session.study, session.samples, pictures, known, figure, lost)


@dataclass(frozen=True, eq=False)
class Concluded:
    """What a study comes to.

    Parameters
    ----------
    measured : mapping of str to (Recipe, Result)
        Of all pictures that show bands.
    problems : tuple of Problem
        What does not fit in study file, sheet and lanes; with an error nothing is concluded.
    result : StudyResult or None
    names : tuple of str
        Figures that there are.
    figure : str
        Which of them was drawn; empty for none.
    pages : tuple of bytes
        PNG of each of its pages.
    reason : str
        Why there is no result, or no figure.
    """

    measured: Mapping[str, Measured]
    problems: tuple[Problem, ...] = ()
    result: StudyResult | None = None
    names: tuple[str, ...] = ()
    figure: str = ""
    pages: tuple[bytes, ...] = ()
    reason: str = ""


def concluding(state: StudyState) -> Generator[str, None, Concluded | Failure]:
    """Measure what changed, normalize, compare, and draw the figure that is shown."""
    measured: dict[str, Measured] = {}
    for picture in state.pictures:
        if picture.layout.bands:
            yield ""  # a place to be cancelled at
            measured[picture.name] = _measured(picture, state.known.get(picture.name))
    results = {name: result for name, (_, result) in measured.items()}
    facts = {name: facts_of(result.layout) for name, result in results.items()}
    problems = check_study(state.study, state.samples, facts, state.folder)
    if any(problem.severity == "error" for problem in problems):
        return Concluded(measured, problems, reason="the study does not fit its sheet or its lanes")
    bands = joined((result.table for result in results.values()), BAND_COLUMNS)
    lanes = joined((result.lanes for result in results.values()), LANE_COLUMNS)
    layouts = {name: result.layout for name, result in results.items()}
    recipe = state.pictures[0].recipe if state.pictures else Recipe()
    yield ""
    try:
        result = conclude(state.study, state.samples, bands, lanes, layouts, recipe, state.folder)
    except BlotquantError as error:
        return Concluded(measured, problems, reason=str(error))
    result = replace(result, warnings=(*state.lost, *_without_bands(state), *result.warnings))
    yield ""
    return _drawn(state, Concluded(measured, problems, result), recipe)


def _without_bands(state: StudyState) -> list[str]:
    return [
        f"{picture.name}: shows no bands, so nothing of it is in the results"
        for picture in state.pictures
        if not picture.layout.bands
    ]


def _measured(picture: Picture, known: Measured | None) -> Measured:
    if known is not None and known[1].layout is picture.layout and known[0] is picture.recipe:
        return known
    result = measure(
        picture.blot, picture.layout, picture.recipe, image=picture.name, role=picture.role
    )
    return picture.recipe, result


def _drawn(state: StudyState, concluded: Concluded, recipe: Recipe) -> Concluded:
    """With the figure; one that cannot be drawn takes no number away."""
    result = concluded.result
    if result is None:
        return concluded
    try:
        drawing = StudyDrawing(_run(state, concluded, result, recipe), result)
        drawing.cut()
        names = drawing.names
        name = state.figure if state.figure in names else next(iter(names), "")
        pages = tuple(_png(page) for page in drawing.pages(name)) if name else ()
    except Exception as error:  # whatever goes wrong in drawing, the numbers are there
        words = " ".join(f"{type(error).__name__}: {error}".split())
        return replace(concluded, reason=f"the figure could not be drawn ({words})")
    return replace(concluded, names=names, figure=name, pages=pages)


def _run(
    state: StudyState, concluded: Concluded, result: StudyResult, recipe: Recipe
) -> RunOutcome:
    """What the figures take: the study as a run over its images."""
    outcomes = tuple(
        ImageOutcome.of(picture.path, concluded.measured[picture.name][1])
        for picture in state.pictures
        if picture.name in concluded.measured
    )
    return RunOutcome(
        images=outcomes,
        bands=result.bands,
        lanes=joined((one.lanes for _, one in concluded.measured.values()), LANE_COLUMNS),
        normalized=joined([result.normalized], NORMALIZED_COLUMNS),
        messages=result.warnings,
        recipe=recipe,
        study=result,
    )


def _png(figure: object) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)  # type: ignore[attr-defined]
    return buffer.getvalue()


def finding_membrane(
    name: str, session_names: Sequence[str], documents: Mapping[str, Document], *, keep: bool
) -> Generator[str, None, dict[str, Layout] | Failure]:
    """Find lanes and bands of a membrane anew.

    Parameters
    ----------
    name : str
        Picture that is looked at: its hand edits are kept, and carried to the others.
    session_names : sequence of str
        Pictures that share their lanes.
    documents : mapping of str to Document
    keep : bool
        Keep what was drawn by hand.
    """
    yield "finding lanes and bands of the membrane"
    blots = {one: documents[one].blot for one in session_names}
    roles = {one: documents[one].role for one in session_names}
    recipe = documents[name].recipe
    try:
        found = membrane_layouts(blots, roles, recipe)
        if name not in found.layouts:
            return Failure(found.reasons.get(name, f"{name}: no lanes were found"))
        if not keep:
            return {one: as_stored(layout) for one, layout in found.layouts.items()}
        mine = documents[name]
        kept = edit.keep_hand_edits(
            mine.layout, as_stored(found.layouts[name]), mine.history.removed_lanes()
        )
        yield "carrying lanes to the membrane's other images"
        carried = membrane_layouts(blots, roles, recipe, {name: kept})
    except BlotquantError as error:
        return Failure(str(error))
    return {one: as_stored(layout) for one, layout in carried.layouts.items()}


def exporting_study(
    folder: Path, sessions: Mapping[str, Session], out: Path
) -> Generator[str, None, Path | Failure]:
    """Write what ``blotquant run`` writes of the study, with the lanes as they are."""
    yield "writing results of the study"
    try:
        with TemporaryDirectory(prefix="blotquant-") as layouts:
            for name, session in sessions.items():
                stem = output_stem(name.partition("#")[0], session.image.part)
                write_layout(Path(layouts) / f"{stem}{SIDECAR_SUFFIX}", session)
            analyze_folder(folder, out=out, layouts=layouts if sessions else None, jobs=1)
    except BlotquantError as error:
        return Failure(str(error))
    return out

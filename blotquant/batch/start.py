"""Starting a study: look at a folder's images, propose its study file, sheet and contact sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blotquant import loaders, pipeline
from blotquant.batch.inputs import ImageFile, find_images
from blotquant.errors import BlotquantError, NothingFound, OutputError, StudyError
from blotquant.files import is_plain_file, is_there, write_atomically
from blotquant.model import Blot, Layout
from blotquant.pipeline.study import STUDY_FILE, facts_of, open_study
from blotquant.recipe import Recipe
from blotquant.study import (
    ImageFacts,
    Problem,
    SeenImage,
    Study,
    check_study,
    propose_study,
    what_to_fill_in,
    write_samples,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Started", "check_folder", "start_study"]

CONTACT_SHEET = "contact_sheet.png"


@dataclass(frozen=True)
class Started:
    """What a study was started with.

    Parameters
    ----------
    study : Study
    written : tuple of Path
        Study file, sample sheet, contact sheet.
    to_do : tuple of str
        What its scientist has to fill in, one line each.
    left_out : tuple of str
        Images that could not be used, each with its reason.
    """

    study: Study
    written: tuple[Path, ...]
    to_do: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Seen:
    """A picture that was looked at."""

    name: str
    blot: Blot | None = None
    layout: Layout | None = None
    reason: str = ""


def start_study(
    folder: str | Path, *, xlsx: bool = False, recursive: bool = False, recipe: Recipe | None = None
) -> Started:
    """Propose a study from the names and the lanes of a folder's images.

    Written are ``study.toml``, ``samples.csv`` (or ``study.xlsx`` with drop-downs) and
    ``contact_sheet.png``, on which the lanes are numbered as in the sheet.

    Parameters
    ----------
    folder : path
    xlsx : bool
        Write the sample sheet as XLSX.
    recursive : bool
        Look into the folder's folders too.
    recipe : Recipe, optional
        How images are read and lanes found.

    Raises
    ------
    OutputError
        If there is a study file or a sample sheet already: nothing is overwritten.
    NothingFound
        If there are no images.
    """
    folder = Path(folder)
    sheet = "study.xlsx" if xlsx else "samples.csv"
    there = [name for name in (STUDY_FILE, sheet) if is_there(folder / name)]
    if there:
        raise OutputError(
            f"{folder / there[0]}: is there already; edit it, or move it away to start anew"
        )
    files = find_images([folder], recursive=recursive)
    seen = [one for file in files for one in _look(file, recipe or Recipe())]
    found = [one for one in seen if one.layout is not None]
    study, samples = propose_study([_facts(one) for one in found])
    study = study.model_copy(update={"samples": sheet})
    to_do = what_to_fill_in(study, samples)
    written = (
        write_atomically(folder / STUDY_FILE, study.to_toml(to_do).encode("utf-8")),
        write_samples(samples, folder / sheet, study),
        write_atomically(folder / CONTACT_SHEET, _contact_sheet(study, found)),
    )
    return Started(study, written, to_do, tuple(one.reason for one in seen if one.reason))


def check_folder(folder: str | Path, recipe: Recipe | None = None) -> tuple[Problem, ...]:
    """Everything in a study that contradicts itself, its sheet or its images.

    Parameters
    ----------
    folder : path
        Folder with a study file.
    recipe : Recipe, optional
        How images are read and lanes found.

    Raises
    ------
    StudyError
        If the study file or the sheet cannot be read at all.
    """
    folder = Path(folder)
    if not is_plain_file(folder / STUDY_FILE):
        raise StudyError(
            f"{folder}: there is no {STUDY_FILE} in it; blotquant init {folder} writes one"
        )
    study, samples = open_study(folder)
    facts = _facts_of_membranes(study, samples, folder, recipe or Recipe())
    return check_study(study, samples, facts, folder)


def _facts_of_membranes(
    study: Study, samples: pd.DataFrame, folder: Path, recipe: Recipe
) -> dict[str, ImageFacts]:
    """Lanes of every picture that can be read, as `run` would measure them."""
    facts: dict[str, ImageFacts] = {}
    for membrane in study.membranes():
        blots: dict[str, Blot] = {}
        for block in study.images_of(membrane):
            try:
                pictures = loaders.load(folder / block.file, settings=recipe.image)
                blots[block.name] = next(
                    one for one in pictures if block.page in ("", one.source.part)
                )
            except StopIteration:
                facts[block.name] = ImageFacts(error=f"has no page '{block.page}'")
            except BlotquantError as error:
                facts[block.name] = ImageFacts(error=str(error).partition(": ")[2] or str(error))
        if not blots:
            continue
        roles = {block.name: block.role for block in study.images_of(membrane)}
        found = pipeline.membrane_layouts(blots, roles, recipe)
        facts |= {name: facts_of(layout) for name, layout in found.layouts.items()}
    return facts


def _look(file: ImageFile, recipe: Recipe) -> list[_Seen]:
    """Pictures of a file with their lanes, or why there are none."""
    try:
        blots = loaders.load(file.path, settings=recipe.image)
    except BlotquantError as error:
        return [_Seen(file.name, reason=str(error))]
    seen = []
    for blot in blots:
        name = f"{file.name}#{blot.source.part}" if blot.source.part else file.name
        try:
            seen.append(_Seen(name, blot, pipeline.detect(blot, recipe)))
        except NothingFound as error:
            seen.append(_Seen(name, reason=str(error)))
    return seen


def _facts(seen: _Seen) -> SeenImage:
    assert seen.layout is not None  # only pictures with lanes come here
    lanes = seen.layout.lanes
    return SeenImage(seen.name, len(lanes), [lane.kind for lane in lanes])


def _contact_sheet(study: Study, seen: Sequence[_Seen]) -> bytes:
    """One picture of each membrane: the one that shows most lanes, its control before others."""
    from blotquant.figures import contact_sheet

    by_name = {one.name: one for one in seen}
    shown = []
    for membrane in study.membranes():
        blocks = [block for block in study.images_of(membrane) if block.name in by_name]
        if not blocks:
            continue
        best = max(
            blocks, key=lambda block: (len(_lanes(by_name[block.name])), block.role != "target")
        )
        one = by_name[best.name]
        if one.blot is not None and one.layout is not None:
            shown.append((membrane, one.blot, one.layout))
    return contact_sheet(shown, "Lanes as in the sample sheet")


def _lanes(seen: _Seen) -> Sequence[object]:
    return seen.layout.lanes if seen.layout is not None else ()

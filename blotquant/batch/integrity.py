"""Integrity of a run's pictures, looked at when all is measured; an error costs the look alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path

from blotquant import loaders
from blotquant.errors import BlotquantError, OutputError
from blotquant.files import write_atomically
from blotquant.integrity import Subject, examine
from blotquant.model import Blot
from blotquant.notice import Notice
from blotquant.outcome import ImageOutcome
from blotquant.recipe import ImageSettings, Recipe
from blotquant.study import Study

__all__ = ["FOLDER", "look_at", "shared_controls"]

FOLDER = "integrity"
MOST_EXAMINED = 200  # pictures of a run that are examined unasked
_LARGEST = 60_000_000  # px of a picture that is examined unasked
Opened = Callable[[Path], AbstractContextManager[Path]]
_DRAWN = 40  # notices with a figure


def look_at(
    images: Sequence[ImageOutcome],
    recipe: Recipe,
    out: Path,
    study: Study | None = None,
    announce: Callable[[Iterable[str]], None] | None = None,
    opened: Opened = nullcontext,
) -> tuple[tuple[Notice, ...], tuple[str, ...]]:
    """Examine all pictures that could be read, and draw the evidence.

    Parameters
    ----------
    images : sequence of ImageOutcome
    recipe : Recipe
        Of the run: ``image.integrity`` switches it on or off.
    out : Path
        Folder of the outputs.
    study : Study, optional
        Says which loading controls are shared.
    announce : callable, optional
        Told the files that are going to be written.
    opened : callable
        Gives an image's path as one that can be read, for a while.

    Returns
    -------
    (tuple of Notice, tuple of str)
        Notices with the paths of their figures, and what to say of the look itself.
    """
    if recipe.image.integrity is False:
        return (), ()
    readable = [image for image in images if image.status != "failed"]
    if not readable:
        return (), ()
    if recipe.image.integrity is None and len(readable) > MOST_EXAMINED:
        return (), (
            f"joined pieces and repeated regions were not looked for in so many pictures "
            f"({len(readable)}); --integrity does it, at about a second each",
        )
    messages = []
    if recipe.image.integrity is None:
        large = [image for image in readable if _pixels(image) > _LARGEST]
        readable = [image for image in readable if _pixels(image) <= _LARGEST]
        messages = [
            f"{image.image}: joined pieces and repeated regions were not looked for in so large a "
            "picture; --integrity does it"
            for image in large
        ]
    subjects = [
        Subject(image.image, partial(_load, image, recipe.image, opened)) for image in readable
    ]
    try:
        notices = examine(subjects, shared_controls(study) if study is not None else ())
        by_name = {subject.name: subject for subject in subjects}
        numbered = list(enumerate(notices, 1))
        if announce is not None and notices:
            announce([_figure(one, number) for number, one in numbered[:_DRAWN]])
        drawn = [_drawn(one, number, by_name, out) for number, one in numbered]
        return tuple(drawn), tuple(messages)
    except OutputError:
        raise
    except Exception as error:  # the numbers are there all the same
        if os.environ.get("BLOTQUANT_DEBUG"):
            raise
        words = " ".join(f"{type(error).__name__}: {error}".split())
        return (), (f"the integrity of the pictures could not be looked at ({words})",)


def shared_controls(study: Study) -> set[frozenset[str]]:
    """Pairs of images that may show one picture, as the study declares a control shared.

    Parameters
    ----------
    study : Study
    """
    declared = {
        block.name for block in study.image if block.shared_control and block.role != "target"
    }
    controls = {block.name for block in study.image if block.role != "target"}
    pairs = combinations(sorted(controls), 2)
    return {frozenset(pair) for pair in pairs if declared & set(pair)}


def _pixels(image: ImageOutcome) -> int:
    shape = image.facts.get("shape") or (0, 0)
    return int(shape[0]) * int(shape[1])


def _load(image: ImageOutcome, settings: ImageSettings, opened: Opened) -> Blot:
    """The picture as it was measured."""
    settings = settings.model_copy(
        update={"orientation": image.facts.get("orientation", settings.orientation)}
    )
    _, _, part = image.image.rpartition("#")
    with opened(image.path) as path:
        blots = loaders.load(path, settings=settings)
    for blot in blots:
        if blot.source.part in (part, ""):
            return blot
    raise BlotquantError(f"{image.image}: is no longer in the file")


def _figure(notice: Notice, number: int) -> str:
    return f"{FOLDER}/{number:02d}_{notice.kind.replace(' ', '_')}.png"


def _drawn(notice: Notice, number: int, subjects: dict[str, Subject], out: Path) -> Notice:
    if number > _DRAWN:
        return notice
    from blotquant.figures.evidence import evidence_png

    blot = subjects[notice.image].load()
    other = subjects[notice.other].load() if notice.other not in ("", notice.image) else None
    name = _figure(notice, number)
    write_atomically(out / name, evidence_png(notice, blot, other))
    return replace(notice, figure=name)

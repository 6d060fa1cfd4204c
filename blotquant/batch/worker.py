"""One file of a run: read, find or take lanes, measure, draw; an error becomes an outcome."""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from blotquant import loaders, pipeline
from blotquant.batch.inputs import ImageFile, output_stem
from blotquant.batch.parts import Measured, Product, product_of
from blotquant.batch.store import JobKey
from blotquant.errors import (
    BlotquantError,
    NothingFound,
    OutputError,
    SessionError,
    UnreadableImage,
)
from blotquant.files import is_plain_file
from blotquant.model import Blot
from blotquant.outcome import ImageOutcome
from blotquant.recipe import ImageSettings, Recipe
from blotquant.result import Result
from blotquant.session import (
    SIDECAR_SUFFIX,
    Session,
    as_stored,
    read_session,
    sidecar_path,
)

__all__ = [
    "Job",
    "Settings",
    "as_seen",
    "failed",
    "key_of",
    "look_anew",
    "measure_file",
    "measured",
    "session_for",
]


@dataclass(frozen=True)
class Settings:
    """How the recipe of each picture is put together.

    Parameters
    ----------
    default : Recipe
        For pictures without a layout file.
    given : bool
        True where the user named `default`: then it holds for pictures with a layout file too,
        which are otherwise measured with the recipe that the layout file carries.
    changes : mapping
        Single settings, ``{section: {key: value}}``, which hold for all pictures.
    """

    default: Recipe = field(default_factory=Recipe)
    given: bool = False
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def recipe(self, session: Session | None = None) -> Recipe:
        """Recipe for a picture with or without a layout file."""
        base = self.default if session is None or self.given else session.recipe
        tree = base.model_dump()
        for section, values in self.changes.items():
            tree.setdefault(section, {}).update(values)
        return Recipe.parse(tree, "recipe")

    def changed(self, section: str, key: str) -> bool:
        """Whether the user set this one by itself."""
        return key in self.changes.get(section, {})


@dataclass(frozen=True)
class Job:
    """One file to be measured, with all that a worker process needs for it.

    Parameters
    ----------
    file : ImageFile
    settings : Settings
    out : Path
    layouts : tuple of Session
        Layouts for this file from ``--layouts``.
    damaged : str
        Why a layout that was meant for this file cannot be used; empty when all is well.
    beside : bool
        Take layout files that lie beside the image.
    warn_if_found : bool
        Say so when lanes had to be found although layouts were given for the run.
    overlay : bool
        Draw lanes and bands on the blot.
    plots : bool
        Draw the profiles of its lanes, and a small overlay, for the report.
    many : bool
        The report is to show many pictures, so each of them smaller.
    common : str
        Hash of what the numbers of all jobs of the run depend on.
    missing : str
        Why its file could not be fetched; empty when it is there.
    """

    file: ImageFile
    settings: Settings
    out: Path
    layouts: tuple[Session, ...] = ()
    damaged: str = ""
    beside: bool = True
    warn_if_found: bool = False
    overlay: bool = True
    plots: bool = True
    many: bool = True
    common: str = ""
    missing: str = ""

    @property
    def files(self) -> tuple[ImageFile, ...]:
        """The file, as the one of several that other jobs have."""
        return (self.file,)

    @property
    def key(self) -> JobKey:
        """What makes it the job that was done before, or another."""
        return key_of([self], self.file.name)

    def run(self) -> Product:
        """Measure it."""
        return product_of(self.measure(), self.out)

    def measure(self) -> tuple[Measured, ...]:
        """What became of each of its pictures."""
        return measure_file(self)

    def at(self, places: Mapping[Path, Path], missing: Mapping[Path, str]) -> Job:
        """The same job with its file elsewhere, or missing for a reason."""
        path = self.file.path
        file = replace(self.file, path=places.get(path, path))
        return replace(self, file=file, missing=missing.get(path, ""))

    def blots(self) -> list[Blot]:
        """Its pictures, read."""
        if self.missing:
            raise UnreadableImage(self.missing)
        if self.damaged:
            raise SessionError(self.damaged)
        return loaders.load(self.file.path, settings=self.settings.recipe().image)


def key_of(jobs: Sequence[Job], name: str, more: Any = None) -> JobKey:
    """Key of one job, or of several that are done together.

    Parameters
    ----------
    jobs : sequence of Job
    name : str
    more : object, optional
        What else the numbers depend on, as JSON.
    """
    parts = [
        [job.common, job.file.stem, job.damaged, job.plots, *(s.to_json() for s in job.layouts)]
        for job in jobs
    ]
    settings = hashlib.sha256(repr([parts, more]).encode("utf-8", "replace")).hexdigest()
    inputs = [entry for job in jobs for entry in _inputs(job)]
    return JobKey(name, settings, tuple(dict(inputs).items()))


def _inputs(job: Job) -> list[tuple[str, Path]]:
    """The image, and what may lie beside it and belong to it: a header, a layout."""
    path = job.file.path
    found = [(job.file.name, path)]
    listing = _listing(path.parent, *_state(path.parent))
    # in this order they are sorted, too
    for beginning in (f"{path.stem}#", f"{path.stem}."):
        for number in range(bisect_left(listing, beginning), len(listing)):
            name = listing[number]
            if not name.startswith(beginning):
                break  # they lie together: a thousand files are not looked through a thousand times
            if name != path.name and (job.beside or not name.endswith(SIDECAR_SUFFIX)):
                found.append((f"{job.file.name} + {name}", path.with_name(name)))
    return found


def _state(folder: Path) -> tuple[int, int]:
    try:
        known = folder.stat()
    except OSError:
        return 0, 0
    return known.st_mtime_ns, known.st_ino


def look_anew() -> None:
    """Forget what folders held: their times are coarse on some drives, and a watch goes on long."""
    _listing.cache_clear()


@lru_cache(maxsize=16)
def _listing(folder: Path, changed: int, number: int) -> tuple[str, ...]:
    """Names in a folder; listed anew when it changed, not for each of a thousand files."""
    try:
        return tuple(sorted(os.listdir(folder)))  # noqa: PTH208
    except OSError:
        return ()


def measure_file(job: Job) -> tuple[Measured, ...]:
    """Measure all pictures of a file.

    Returns
    -------
    tuple of Measured
        One for each picture; one for the file where it could not be read. Never empty.

    Raises
    ------
    OutputError
        If the folder of the outputs cannot be written: that ends the run.
    """
    try:
        blots = job.blots()
    except Exception as error:  # whatever it is, the other images go on
        return (failed(error, job, job.file.name),)
    return tuple(_measure_part(job, blot) for blot in blots)


def _measure_part(job: Job, blot: Blot) -> Measured:
    part = blot.source.part
    name = f"{job.file.name}#{part}" if part else job.file.name
    try:
        session = session_for(job, blot, name)
        recipe = job.settings.recipe(session)
        if session is not None:
            blot = as_seen(job, blot, session, recipe)
            session.check(blot, name)
            layout = session.to_layout()
        else:
            layout = as_stored(pipeline.detect(blot, recipe))
        result = pipeline.measure(blot, layout, recipe, image=name)
    except Exception as error:  # whatever it is, the other images go on
        return failed(error, job, name)
    return measured(job, blot, result, session)


def session_for(job: Job, blot: Blot, name: str) -> Session | None:
    """The layout file of a picture: from ``--layouts``, else beside the image, else none."""
    part, digest = blot.source.part, blot.source.sha256
    mine = [session for session in job.layouts if session.image.part == part]
    if mine:
        for session in mine:
            if session.image.sha256 in {digest, ""}:
                return session
        named = [session for session in mine if session.image.name == name]
        return (named or mine)[0]  # of another picture, as its check will say
    if not job.beside:
        return None
    path = sidecar_path(job.file.path, part)
    if not is_plain_file(path):
        return None
    session = read_session(path)
    return None if _belongs_to_sibling(session, job.file.path, digest) else session


def _belongs_to_sibling(session: Session, path: Path, digest: str) -> bool:
    """Whether the sidecar of blot.tif was found for blot.png: they share one name."""
    if session.image.sha256 in {digest, ""}:
        return False
    owner = Path(session.image.name.removesuffix(f"#{session.image.part}")).name
    return owner != path.name and bool(owner) and is_plain_file(path.with_name(owner))


def as_seen(job: Job, blot: Blot, session: Session, recipe: Recipe) -> Blot:
    """The picture turned and read as it was when its layout was made."""
    wanted = recipe.image
    if not job.settings.changed("image", "orientation"):
        wanted = wanted.model_copy(update={"orientation": session.image.orientation})
    if wanted != job.settings.recipe().image:
        blot = _part(job.file.path, wanted, blot)
    known = session.image.polarity
    if known and wanted.polarity == "auto" and blot.polarity != known:
        blot = _part(job.file.path, wanted.model_copy(update={"polarity": known}), blot)
    return blot


def _part(path: Path, settings: ImageSettings, like: Blot) -> Blot:
    for blot in loaders.load(path, settings=settings):
        if blot.source.part == like.source.part:
            return blot
    raise SessionError(f"{like.source.name}: is no longer in the file")


def measured(
    job: Job, blot: Blot, result: Result, session: Session | None, *, carried: bool = False
) -> Measured:
    """Layout file and overlay of a picture; one that cannot be drawn is measured all the same.

    Parameters
    ----------
    job : Job
    blot : Blot
    result : Result
    session : Session or None
        The layout file it was measured with.
    carried : bool
        Its lanes come from another picture of its membrane: then nobody misses a layout.
    """
    part = blot.source.part
    stem = output_stem(job.file.name, part) if part else job.file.stem
    log = session.edit_log if session is not None else ()
    sidecar, overlay = f"layouts/{stem}{SIDECAR_SUFFIX}", f"overlays/{stem}.png"
    content = Session.of(result, log, part=part).to_json()
    files, drawn = {sidecar: content}, _Drawn()
    warnings = list(result.warnings)
    if job.warn_if_found and session is None and not carried:
        warnings.append("no layout was given for it: its lanes were found anew")
    if job.overlay:
        try:
            drawn = _drawn(job, blot, result)
            files[overlay] = drawn.overlay
        except Exception as error:
            _raise_when_debugging(error)
            warnings.append(f"the overlay could not be drawn ({_words(error)})")
    outcome = ImageOutcome.of(
        job.file.path,
        result,
        overlay=job.out / overlay if overlay in files else None,
        sidecar=job.out / sidecar,
        warnings=tuple(map(_one_line, warnings)),
        plots=drawn.plots,
        picture=drawn.picture,
    )
    return Measured(outcome, files, content)


@dataclass(frozen=True)
class _Drawn:
    """The overlay, a PNG, and what the report shows."""

    overlay: bytes = b""
    plots: tuple[Mapping[str, Any], ...] | None = None
    picture: Mapping[str, Any] | None = None


def _drawn(job: Job, blot: Blot, result: Result) -> _Drawn:
    from blotquant import figures  # matplotlib is slow to import

    pixels = figures.overlay_pixels(blot, result)
    if not job.plots:
        return _Drawn(figures.png_bytes(pixels), ())
    profiles = tuple(asdict(one) for one in figures.profile_plots(result))
    picture = asdict(figures.page_picture(pixels, many=job.many))
    return _Drawn(figures.png_bytes(pixels), profiles, picture)


def failed(error: Exception, job: Job, image: str) -> Measured:
    """The row of failures.csv or skipped.csv that an error becomes."""
    if isinstance(error, OutputError):
        raise error
    match error:
        case BlotquantError():
            reason = str(error)
        case MemoryError():
            reason = f"{image}: there is not enough memory for it"
        case OSError():
            reason = f"{image}: cannot be read ({error.strerror or _words(error)})"
        case _:
            _raise_when_debugging(error)
            reason = f"{image}: internal error: {_words(error)}; please report it"
    return Measured(
        ImageOutcome(
            image=image,
            path=job.file.path,
            status="skipped" if isinstance(error, NothingFound) else "failed",
            error="UnreadableImage" if isinstance(error, OSError) else type(error).__name__,
            reason=_one_line(reason),
        )
    )


def _words(error: Exception) -> str:
    return _one_line(f"{type(error).__name__}: {error}")


def _one_line(text: str) -> str:
    """Text that fits into a cell and can be written; a file's name in it may be neither."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _raise_when_debugging(error: Exception) -> None:
    if os.environ.get("BLOTQUANT_DEBUG"):
        raise error

"""The sidecar beside an image: restored when it is opened, written at each commit, never lost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blotquant import loaders
from blotquant.errors import OutputError, SessionError
from blotquant.files import is_plain_file, is_there, write_atomically
from blotquant.model import Blot
from blotquant.recipe import Recipe
from blotquant.session import Session, read_session, sidecar_path

__all__ = ["Autosave", "Opened", "open_picture", "reload"]


@dataclass
class Autosave:
    """Where a session is kept.

    Parameters
    ----------
    path : Path or None
        The sidecar; None for a picture that is not a file.
    refused : bool
        A file is there that could not be used: it is put aside, whole, before the first save.
    blocked : str
        Why nothing can be saved; empty where it can.
    """

    path: Path | None
    refused: bool = False
    blocked: str = ""

    def save(self, sidecar: bytes) -> Path | None:
        """Write the sidecar, whole or not at all; None where there is no place for it.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        if self.path is None or self.blocked:
            return None
        if self.refused and is_there(self.path):
            _put_aside(self.path)
        written = write_atomically(self.path, sidecar)
        self.refused = False
        return written


@dataclass(frozen=True)
class Opened:
    """A picture as it was left.

    Parameters
    ----------
    blot : Blot
    session : Session or None
        None where there is no sidecar that can be used: lanes are to be found.
    autosave : Autosave
    note : str
        What the user must know; empty when all is well.
    parts : tuple of str
        All pages or channels of the file.
    """

    blot: Blot
    session: Session | None
    autosave: Autosave
    note: str = ""
    parts: tuple[str, ...] = ("",)


def open_picture(path: Path, part: str | None = None, recipe: Recipe | None = None) -> Opened:
    """Read a picture and the sidecar beside it.

    Parameters
    ----------
    path : Path
    part : str, optional
        Page or channel of the file; the first otherwise.
    recipe : Recipe, optional
        How to read a picture that has no sidecar.

    Raises
    ------
    UnreadableImage
        If the picture cannot be read. A sidecar that cannot be used is no error: it is kept as it
        is and `Opened.note` says why.
    """
    recipe = recipe or Recipe()
    blots = loaders.load(path, settings=recipe.image)
    parts = tuple(blot.source.part for blot in blots)
    blot = _part(blots, part, path)
    sidecar = sidecar_path(path, blot.source.part)
    if not is_plain_file(sidecar):
        return Opened(blot, None, Autosave(sidecar), "", parts)
    try:
        session = read_session(sidecar)
        owner = _sibling(session, path, blot)
        if owner:
            reason = f"{sidecar.name} belongs to {owner}; rename one of the two images to save"
            return Opened(blot, None, Autosave(sidecar, blocked=reason), reason, parts)
        as_left = _as_left(blot, path, session)
        session.check(as_left)
    except SessionError as error:
        return Opened(blot, None, Autosave(sidecar, refused=True), str(error), parts)
    return Opened(as_left, session, Autosave(sidecar), "", parts)


def reload(path: Path, part: str, recipe: Recipe) -> Blot:
    """The picture read with other settings: turned, mirrored, inverted.

    Raises
    ------
    UnreadableImage
        If it cannot be read any more.
    """
    return _part(loaders.load(path, settings=recipe.image), part, path)


def _as_left(blot: Blot, path: Path, session: Session) -> Blot:
    """The picture turned and read as it was when its layout was saved."""
    update: dict[str, object] = {"orientation": session.image.orientation}
    known = session.image.polarity
    wanted = session.recipe.image.model_copy(update=update)
    blot = _part(loaders.load(path, settings=wanted), blot.source.part, path)
    if known and wanted.polarity == "auto" and blot.polarity != known:
        wanted = wanted.model_copy(update={"polarity": known})
        blot = _part(loaders.load(path, settings=wanted), blot.source.part, path)
    return blot


def _part(blots: list[Blot], part: str | None, path: Path) -> Blot:
    if part is None:
        return blots[0]
    for blot in blots:
        if blot.source.part == part:
            return blot
    raise SessionError(f"{path.name}: there is no part '{part}' in it any more")


def _sibling(session: Session, path: Path, blot: Blot) -> str:
    """Name of the other image whose sidecar this is: blot.tif and blot.png share one name."""
    if session.image.sha256 in {blot.source.sha256, ""}:
        return ""
    owner = Path(session.image.name.removesuffix(f"#{session.image.part}")).name
    return owner if owner and owner != path.name and is_there(path.with_name(owner)) else ""


def _put_aside(path: Path) -> None:
    try:
        path.rename(_free(path))
    except OSError as error:
        raise OutputError(f"{path}: cannot be put aside ({error.strerror})") from None


def _free(path: Path) -> Path:
    """A name for the file that is put aside, which no run takes for a layout."""
    number = 1
    while is_there(kept := path.with_name(f"{path.name}.kept-{number}")):
        number += 1
    return kept

"""The layout files that ``--layouts`` names, read before anything in that folder is moved."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from blotquant.errors import SessionError
from blotquant.files import is_folder, is_plain_file
from blotquant.session import SIDECAR_SUFFIX, Session, read_session

__all__ = ["LayoutShelf"]


@dataclass(frozen=True)
class LayoutShelf:
    """Layouts by the name of the image they were made for.

    Parameters
    ----------
    sessions : dict of str to tuple of Session
        By file name, without folders and without ``#part``.
    damaged : dict of str to str
        Reason, by the layout file's relative path without suffix.
    given : bool
        Whether there is such a folder at all.
    """

    sessions: dict[str, tuple[Session, ...]] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    given: bool = False

    @classmethod
    def open(cls, folder: str | Path | None) -> LayoutShelf:
        """Read all layout files of a run's folder, of its ``layouts`` folder, or of any folder.

        Raises
        ------
        SessionError
            If there is no such folder, or no layout file in it.
        """
        if folder is None:
            return cls()
        folder = Path(folder)
        if not is_folder(folder):
            raise SessionError(f"{folder}: there is no such folder of layouts")
        home = folder / "layouts" if is_folder(folder / "layouts") else folder
        paths = sorted(path for path in home.rglob(f"*{SIDECAR_SUFFIX}") if is_plain_file(path))
        if not paths:
            raise SessionError(f"{folder}: there are no layouts (*{SIDECAR_SUFFIX}) in it")
        return cls._read(home, paths)

    @classmethod
    def _read(cls, home: Path, paths: list[Path]) -> LayoutShelf:
        sessions: dict[str, tuple[Session, ...]] = {}
        damaged = {}
        for path in paths:
            stem = path.relative_to(home).as_posix().removesuffix(SIDECAR_SUFFIX)
            try:
                session = read_session(path)
            except SessionError as error:
                damaged[stem] = str(error)
            else:
                key = _file_name(session) or PurePosixPath(stem).name
                sessions[key] = (*sessions.get(key, ()), session)
        return cls(sessions, damaged, given=True)

    def sessions_for(self, name: str) -> tuple[Session, ...]:
        """Layouts that may be of an image; those made under its full name come first."""
        path = PurePosixPath(name)
        found = self.sessions.get(path.name, ()) or self.sessions.get(path.stem, ())
        return tuple(sorted(found, key=lambda session: not _is_of(session, name)))

    def damage_of(self, stem: str) -> str:
        """Why the layout of an image cannot be used; empty when there is none or it is well."""
        return self.damaged.get(stem, "")

    def left_out(self, stems: Collection[str]) -> list[str]:
        """One line for each unreadable layout file that belongs to none of the images."""
        return [
            f"a layout was left out: {reason}"
            for stem, reason in self.damaged.items()
            if stem not in stems
        ]


def _file_name(session: Session) -> str:
    name = session.image.name
    if session.image.part:
        name = name.removesuffix(f"#{session.image.part}")
    return PurePosixPath(name).name


def _is_of(session: Session, name: str) -> bool:
    part = session.image.part
    return session.image.name == (f"{name}#{part}" if part else name)

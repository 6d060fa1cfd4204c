"""The study file and the sample sheet as they are edited: saved at each change, undone like it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from blotquant.errors import StudyError
from blotquant.files import is_plain_file, is_there, write_atomically
from blotquant.pipeline.study import STUDY_FILE, open_study
from blotquant.study import Study, read_samples, write_samples

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StudyFiles"]


@dataclass(frozen=True, eq=False)
class _State:
    """What can be undone."""

    samples: pd.DataFrame
    text: str  # of study.toml
    study: Study


class StudyFiles:
    """A study file and its sample sheet.

    Parameters
    ----------
    folder : Path
        Folder that holds ``study.toml``.

    Raises
    ------
    StudyError
        If one of them cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        study, samples = open_study(folder)
        self._text_path = folder / STUDY_FILE
        self._now = _State(samples, self._text_path.read_text("utf-8-sig"), study)
        self._past: list[_State] = []
        self._future: list[_State] = []
        self._kept: set[Path] = set()
        self._seen = {path: _digest(path) for path in (self._text_path, self._sheet_path)}

    @property
    def study(self) -> Study:
        """The study as it is declared now."""
        return self._now.study

    @property
    def samples(self) -> pd.DataFrame:
        """The sample sheet as it is now."""
        return self._now.samples

    @property
    def text(self) -> str:
        """Text of the study file."""
        return self._now.text

    def change(self, *, samples: pd.DataFrame | None = None, text: str | None = None) -> None:
        """Save another sheet or study file.

        Raises
        ------
        StudyError
            If the file was changed by somebody else meanwhile (it is read anew then), or the text
            is no study.
        OutputError
            If it cannot be written; nothing has changed then.
        """
        study = self.study
        if text is not None:
            study = Study.parse(_parsed(text), STUDY_FILE)
        state = _State(
            self.samples if samples is None else samples,
            self.text if text is None else text,
            study,
        )
        self._save(state)
        self._past.append(self._now)
        self._future.clear()
        self._now = state

    def undo(self) -> bool:
        """Take the last change back; False where there is none."""
        return self._travel(self._past, self._future)

    def redo(self) -> bool:
        """Make it again; False where there is nothing."""
        return self._travel(self._future, self._past)

    def _travel(self, here: list[_State], there: list[_State]) -> bool:
        if not here:
            return False
        self._save(here[-1])
        there.append(self._now)
        self._now = here.pop()
        return True

    @property
    def _sheet_path(self) -> Path:
        return self.folder / self._now.study.samples

    def _save(self, state: _State) -> None:
        if state.text != self._now.text:
            self._check_unchanged(self._text_path)
            self._keep(self._text_path)
            write_atomically(self._text_path, state.text.encode("utf-8"))
            self._seen[self._text_path] = _digest(self._text_path)
        if state.samples is not self._now.samples:
            self._check_unchanged(self._sheet_path)
            self._keep(self._sheet_path)
            write_samples(state.samples, self._sheet_path, state.study)
            self._seen[self._sheet_path] = _digest(self._sheet_path)

    def _check_unchanged(self, path: Path) -> None:
        """A spreadsheet program may have it open too."""
        if _digest(path) == self._seen[path]:
            return
        study = Study.from_toml(self._text_path)
        samples = read_samples(self.folder / study.samples, strict=False)
        self._past.append(self._now)
        self._future.clear()
        self._now = _State(samples, self._text_path.read_text("utf-8-sig"), study)
        self._seen = {known: _digest(known) for known in (self._text_path, self._sheet_path)}
        raise StudyError(
            f"{path.name}: was changed by another program meanwhile and is read anew; do it again"
        )

    def _keep(self, path: Path) -> None:
        """Keep a file as somebody wrote it, once, before it is written from here."""
        if path in self._kept or not is_plain_file(path):
            return
        content = path.read_bytes()
        number = 1
        while is_there(kept := path.with_name(f"{path.name}.kept-{number}")):
            if kept.read_bytes() == content:
                break
            number += 1
        else:
            write_atomically(kept, content)
        self._kept.add(path)


def _parsed(text: str) -> dict[str, object]:
    import tomllib

    return tomllib.loads(text)


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if is_plain_file(path) else ""

"""A job whose images are fetched for it, wherever it is done, and are gone when it is done."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from blotquant.batch.inputs import ImageFile
from blotquant.batch.parts import Measured, Product, product_of
from blotquant.batch.remote_fs import RemoteFile, fetch
from blotquant.batch.store import JobKey
from blotquant.errors import UnreadableImage
from blotquant.files import is_plain_file

__all__ = ["Fetched", "Movable", "save_in"]


class Movable(Protocol):
    """A job whose files may be read from another place."""

    @property
    def files(self) -> tuple[ImageFile, ...]:
        """Files that it measures."""
        ...

    @property
    def key(self) -> JobKey:
        """What makes it the job that was done before, or another."""
        ...

    @property
    def out(self) -> Path:
        """Folder of the outputs."""
        ...

    def at(self, places: Mapping[Path, Path], missing: Mapping[Path, str]) -> Movable:
        """The same job with its files elsewhere, or missing for a reason."""
        ...

    def measure(self) -> tuple[Measured, ...]:
        """What became of each picture."""
        ...


@dataclass(frozen=True)
class Fetched:
    """A job whose files are fetched for it, wherever it is done.

    Parameters
    ----------
    task : Job or MembraneJob
    sources : tuple of tuple of RemoteFile
        For each of its files: the image, and what lies beside it under its name.
    """

    task: Movable
    sources: tuple[tuple[RemoteFile, ...], ...]

    @property
    def files(self) -> tuple[ImageFile, ...]:
        """Files that it measures."""
        return self.task.files

    @property
    def key(self) -> JobKey:
        """What makes it the job that was done before, or another: sizes and tags of the store's."""
        stamps = []
        for image, (itself, *beside) in zip(self.files, self.sources, strict=True):
            stamps.append((image.name, itself.size, itself.tag))
            stamps += [(f"{image.name} + {_name(one)}", one.size, one.tag) for one in beside]
        return replace(self.task.key, inputs=(), stamped=tuple(stamps))

    def run(self) -> Product:
        """Fetch, measure, and forget the files; one that cannot be fetched is a failed image."""
        with tempfile.TemporaryDirectory(prefix="blotquant-") as folder:
            places: dict[Path, Path] = {}
            missing: dict[Path, str] = {}
            for number, (image, files) in enumerate(zip(self.files, self.sources, strict=True)):
                if is_plain_file(image.path):  # of a study, which was fetched as a whole
                    continue
                try:
                    name = image.path.name
                    places[image.path] = save_in(Path(folder, str(number)), name, files)
                except (UnreadableImage, OSError) as error:
                    missing[image.path] = f"{image.name}: cannot be fetched: {error}"
            measured = self.task.at(places, missing).measure()
            return product_of([_put_back(one, places) for one in measured], self.task.out)


def save_in(folder: Path, name: str, files: Sequence[RemoteFile]) -> Path:
    """Fetch an image, under its name here, and what lies beside it.

    Raises
    ------
    UnreadableImage
        If one is not there, or may not be read.
    """
    for number, file in enumerate(files):
        fetch(file, folder / (_name(file) if number else name))
    return folder / name


def _name(file: RemoteFile) -> str:
    return (
        unquote(urlsplit(file.path).path).rpartition("/")[2]
        if "://" in file.path
        else (file.path.rpartition("/")[2])
    )


def _put_back(measured: Measured, places: Mapping[Path, Path]) -> Measured:
    """What was measured, as of the file that was asked for; not of its copy."""
    outcome = copy(measured.outcome)
    for asked, there in places.items():
        words = [text.replace(f"{there.parent}/", "") for text in outcome.warnings]
        object.__setattr__(outcome, "warnings", tuple(words))
        object.__setattr__(outcome, "reason", outcome.reason.replace(f"{there.parent}/", ""))
        if outcome.path == there:
            object.__setattr__(outcome, "path", asked)
    return replace(measured, outcome=outcome)

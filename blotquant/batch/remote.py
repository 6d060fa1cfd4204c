"""Images behind URLs: each is fetched by the worker that measures it, and gone when it is done.

They are named, ordered and left out as those of a folder are, so their tables are the same. What a
run needs as a whole (a study, layouts) is fetched before it begins.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from blotquant.batch.fetched import Fetched, Movable, save_in
from blotquant.batch.inputs import (
    LARGEST_MARKER,
    MARKER,
    RESULTS_FOLDER,
    ImageFile,
    common_root,
    in_order,
    is_marker,
    no_images,
)
from blotquant.batch.remote_fs import (
    RemoteFile,
    fetch_all,
    is_remote_folder,
    is_url,
    listed,
    named,
    named_all,
    path_of,
    read,
    shown_url,
)
from blotquant.errors import OutputError, UnreadableImage
from blotquant.files import is_plain_file, read_bytes
from blotquant.loaders import supported_suffixes
from blotquant.outcome import ImageOutcome
from blotquant.pipeline.study import STUDY_FILE, open_study
from blotquant.session import SIDECAR_SUFFIX

__all__ = ["RemoteImages", "fetch_layouts", "urls_of"]

_LARGEST_SETTING = 32 * 2**20  # bytes of a study file or a sample sheet


@dataclass(frozen=True, eq=False)
class RemoteImages:
    """The images of a run that lie behind URLs.

    Parameters
    ----------
    sources : tuple of Path
        What was asked for, as places below a folder that stands for the remote ones. A study is
        really there; of other images, only the places are.
    images : tuple of ImageFile
    files : mapping of Path to tuple of RemoteFile
        By image: itself, and what lies beside it under its name.
    """

    sources: tuple[Path, ...]
    images: tuple[ImageFile, ...]
    files: Mapping[Path, tuple[RemoteFile, ...]]

    @classmethod
    def find(
        cls,
        urls: Sequence[str],
        mirror: Path,
        *,
        recursive: bool = False,
        out: str = "",
        study: bool = True,
    ) -> RemoteImages:
        """List the images of a run; see `blotquant.batch.inputs.find_images`.

        Parameters
        ----------
        urls : sequence of str
            Folders and files. Only names tell which files of a folder are images.
        mirror : Path
            An empty folder.
        recursive : bool
        out : str
            URL of this run's outputs, which are never read.
        study : bool
            Fetch a single folder's study, if there is one.

        Raises
        ------
        UnreadableImage, NothingFound, OutputError
            As `find_images`. A single file that is missing is a failed image instead.
        """
        folders = [url for url in urls if _is_folder(url)]
        files: dict[Path, RemoteFile] = {}
        found: dict[Path, None] = {}
        places = {url: _place(mirror, path_of(url)) for url in urls}
        mine = _place(mirror, path_of(out)) if is_url(out) else None
        for url in folders:
            places[url].mkdir(parents=True, exist_ok=True)
            below = {_place(mirror, f.path): f for f in listed(url, recursive=recursive)}
            below = _not_ours(below, url, places[url], mine)
            files |= below
            found |= dict.fromkeys(
                place for place in below if place.suffix.lower() in supported_suffixes()
            )
        alone = [url for url in urls if url not in folders]
        for url, file in zip(alone, _files_alone(alone, files, mirror), strict=True):
            files[places[url]] = file
            found[places[url]] = None
        sources = tuple(places[url] for url in urls)
        if study and len(urls) == len(folders) == 1 and places[urls[0]] / STUDY_FILE in files:
            found = dict.fromkeys(_fetch_study(places[urls[0]], urls[0], mirror, files))
        if not found:
            raise no_images([shown_url(url) for url in urls], recursive)
        images = in_order(list(found), common_root(sources))
        return cls(sources, images, _with_what_lies_beside(found, files))

    def task(self, task: Movable) -> Fetched:
        """A job of this run, with what it has to fetch."""
        return Fetched(task, tuple(self.files[file.path] for file in task.files))

    def outcomes(self, images: Sequence[ImageOutcome]) -> tuple[ImageOutcome, ...]:
        """Outcomes with the places of this run, whichever measured them."""
        places = {image.name: image.path for image in self.images}
        return tuple(
            _with_path(one, places.get(one.image) or places.get(one.image.rpartition("#")[0]))
            for one in images
        )

    @contextmanager
    def opened(self, path: Path) -> Iterator[Path]:
        """An image as a file that can be read, for a while."""
        if is_plain_file(path) or path not in self.files:
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="blotquant-") as folder:
            yield save_in(Path(folder), path.name, self.files[path])


def urls_of(given: Sequence[Any]) -> list[str] | None:
    """URLs among the paths of a run, those that a list names too; None where there are none.

    Raises
    ------
    UnreadableImage
        If there are both URLs and paths.
    """
    found: list[str] = []
    paths = []
    for one in given:
        if is_url(one):
            found += _lines(read(named(one))) if _is_list(one) else [one]
        elif _is_list(str(one)) and is_plain_file(Path(one)):
            lines = _lines(read_bytes(Path(one), _LARGEST_SETTING * 8))
            found += lines
            paths += [] if lines else [one]
        else:
            paths.append(one)
    if found and paths:
        raise UnreadableImage(f"{paths[0]}: give either URLs or paths, not both")
    return list(dict.fromkeys(found)) or None


def fetch_layouts(url: str, folder: Path) -> Path:
    """Layout files below a URL, with the settings of their run, fetched into a folder."""
    root = PurePosixPath(path_of(url))
    wanted = {}
    for file in listed(url, recursive=True):
        below = PurePosixPath(file.path).relative_to(root)
        if file.path.endswith(SIDECAR_SUFFIX) or str(below) == MARKER:
            wanted[_place(folder, str(below))] = file
    folder.mkdir(parents=True, exist_ok=True)
    fetch_all(wanted)
    return folder


def _is_list(name: str) -> bool:
    return urlsplit(name).path.lower().endswith(".txt")


def _lines(content: bytes) -> list[str]:
    """URLs of a list, one a line; ``#`` begins a comment. None where it is no list of URLs."""
    lines = [line.strip() for line in content.decode("utf-8-sig", "replace").splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    return lines if all(map(is_url, lines)) else []


def _is_folder(url: str) -> bool:
    """Whether a URL is a folder's; names of images are not asked about."""
    path = urlsplit(url).path
    if path.endswith("/") or not path:
        return True
    if _has_image_name(url):
        return False
    return not url.startswith(("http://", "https://")) and is_remote_folder(url)


def _has_image_name(url: str) -> bool:
    return PurePosixPath(urlsplit(url).path).suffix.lower() in supported_suffixes()


def _place(mirror: Path, path: str) -> Path:
    """Where a file would lie here: below the mirror, whatever its name says."""
    if is_url(path):
        parts = urlsplit(path)
        path = f"{parts.netloc.rpartition('@')[2].replace(':', '_')}/{unquote(parts.path)}"
    pieces = [piece for piece in path.split("/") if piece not in ("", ".")]
    return mirror.joinpath(*("%2E%2E" if piece == ".." else piece for piece in pieces))


def _files_alone(
    urls: Sequence[str], known: Mapping[Path, RemoteFile], mirror: Path
) -> list[RemoteFile]:
    """Files that were named themselves, as what was listed knows them, or as their store does."""
    asked = [url for url in urls if _place(mirror, path_of(url)) not in known]
    answers = dict(zip(asked, named_all(asked), strict=True))
    nothing = [url for url, file in answers.items() if not (file.tag or _has_image_name(url))]
    if nothing:  # a misspelt folder; a missing image is one of many
        raise UnreadableImage(f"{shown_url(nothing[0])}: there is no such file or folder")
    return [answers.get(url) or known[_place(mirror, path_of(url))] for url in urls]


def _not_ours(
    files: Mapping[Path, RemoteFile], url: str, folder: Path, out: Path | None
) -> dict[Path, RemoteFile]:
    """Files of a folder but for hidden ones and results of blotquant.

    Raises
    ------
    OutputError
        If the folder itself holds results.
    """
    ours = {place.parent for place, file in files.items() if _marks(place, file)}
    if folder.name == RESULTS_FOLDER or folder in ours:
        raise OutputError(
            f"{shown_url(url)}: holds results of blotquant; name the folder of the images instead"
        )

    def kept(place: Path) -> bool:
        pieces = place.relative_to(folder).parts
        if any(piece.startswith(".") for piece in pieces) or RESULTS_FOLDER in pieces[:-1]:
            return False
        return not any(above in ours or above == out for above in place.parents)

    return {place: file for place, file in files.items() if kept(place)}


def _marks(place: Path, file: RemoteFile) -> bool:
    """Whether a file is the provenance of results."""
    return place.name == MARKER and file.size <= LARGEST_MARKER and is_marker(read(file))


def _with_what_lies_beside(
    images: Iterable[Path], files: Mapping[Path, RemoteFile]
) -> dict[Path, tuple[RemoteFile, ...]]:
    """Files to fetch for each image: itself, and those beside it that share its stem."""
    beginning: dict[tuple[Path, str], list[Path]] = {}
    for place in sorted(files):
        for sign in (".", "#"):
            for at in (n for n, char in enumerate(place.name) if char == sign):
                beginning.setdefault((place.parent, place.name[:at]), []).append(place)
    return {
        image: (
            files[image],
            *(
                files[place]
                for place in dict.fromkeys(beginning.get((image.parent, image.stem), ()))
                if place != image
            ),
        )
        for image in images
    }


def _fetch_study(folder: Path, url: str, mirror: Path, files: dict[Path, RemoteFile]) -> list[Path]:
    """Fetch a study, with all that it names; its images are those that it names."""
    below = {_place(mirror, file.path): file for file in listed(url, recursive=True)}
    files |= below
    sheets = (".toml", ".csv", ".tsv", ".xlsx")
    fetch_all(
        {
            place: file
            for place, file in below.items()
            if place.suffix.lower() in sheets and file.size <= _LARGEST_SETTING
        }
    )
    study, _ = open_study(folder)
    images = [folder / block.file for block in study.image]
    wanted = [*images, *(folder / block.file for block in study.linearity)]
    there = _with_what_lies_beside([place for place in wanted if place in files], files)
    fetch_all({_place(mirror, file.path): file for beside in there.values() for file in beside})
    return [place for place in images if place in files]


def _with_path(outcome: ImageOutcome, path: Path | None) -> ImageOutcome:
    if path is None or path == outcome.path:
        return outcome
    other = copy(outcome)
    object.__setattr__(other, "path", path)
    return other

"""Where a run reads and writes: folders here, or places that stand for URLs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from blotquant.batch.inputs import RESULTS_FOLDER, common_root
from blotquant.batch.remote import RemoteImages, fetch_layouts, urls_of
from blotquant.batch.remote_fs import is_url
from blotquant.batch.remote_out import Upload
from blotquant.errors import OutputError
from blotquant.outcome import ImageOutcome

__all__ = ["Asked", "Places", "places"]


@dataclass(frozen=True)
class Asked:
    """Paths and URLs of a run, as they were given; see `blotquant.batch.analyze_folder`."""

    paths: Sequence[str | Path]
    out: str | Path | None = None
    layouts: str | Path | None = None
    recursive: bool = False
    resume: bool = False
    study: bool = True


@dataclass(frozen=True)
class Places:
    """The same as places here.

    Parameters
    ----------
    sources : list of Path
    out : Path
    layouts : Path or None
    images : RemoteImages, optional
        Where the images lie behind URLs.
    upload : Upload, optional
        Where the outputs go to a URL.
    """

    sources: list[Path]
    out: Path
    layouts: Path | None
    images: RemoteImages | None = None
    upload: Upload | None = None

    @property
    def url(self) -> str:
        """Where the outputs go, if that is not here."""
        return self.upload.shown if self.upload is not None else ""

    def refuse(self, planned: Iterable[str]) -> None:
        """Raise OutputError if a file is in the way there; the folder here is looked at later."""
        if self.upload is not None:
            self.upload.refuse(planned)

    def running(self) -> AbstractContextManager[None]:
        """While images are measured and tables written: what is done goes to its URL."""
        return self.upload.running() if self.upload is not None else nullcontext()

    def check(self) -> None:
        """Raise OutputError if outputs could not be written to their URL."""
        if self.upload is not None:
            self.upload.check()

    def opened(self, path: Path) -> AbstractContextManager[Path]:
        """An image as a file that can be read, for a while."""
        return self.images.opened(path) if self.images is not None else nullcontext(path)

    def outcomes(self, images: Sequence[ImageOutcome]) -> tuple[ImageOutcome, ...]:
        """Outcomes with the images' paths as they were given."""
        return tuple(images) if self.images is None else self.images.outcomes(tuple(images))

    def finish(self) -> None:
        """All is written here: let it be there too."""
        if self.upload is not None:
            self.upload.finish()


@contextmanager
def places(asked: Asked) -> Iterator[Places]:
    """Make URLs into places, for as long as a run lasts.

    Raises
    ------
    UnreadableImage, NothingFound, OutputError
        See `RemoteImages.find` and `Upload`.
    """
    urls = urls_of(asked.paths)
    if urls is not None and asked.out is None:
        raise OutputError("images behind URLs: say where the results go, with -o")
    with tempfile.TemporaryDirectory(prefix="blotquant-") as scratch:
        folder = Path(scratch)
        sources, images = [Path(path) for path in asked.paths], None
        if urls is not None:
            images = RemoteImages.find(
                urls,
                folder / "images",
                recursive=asked.recursive,
                out=str(asked.out),
                study=asked.study,
            )
            sources = list(images.sources)
        layouts = None if asked.layouts is None else Path(asked.layouts)
        if _is_url(asked.layouts):
            layouts = fetch_layouts(asked.layouts, folder / "layouts")
        upload = Upload(asked.out, resume=asked.resume) if _is_url(asked.out) else None
        if upload is not None:
            out = upload.out
        else:
            out = (
                Path(asked.out) if asked.out is not None else common_root(sources) / RESULTS_FOLDER
            )
        yield Places(sources, out, layouts, images, upload)


def _is_url(path: str | Path | None) -> TypeGuard[str]:
    return is_url(path)

"""Files behind URLs, through fsspec: listed, fetched and written, a dropped connection tried again.

fsspec is imported when a URL was given, never before.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from blotquant.errors import BlotquantError, OutputError, UnreadableImage

__all__ = [
    "NotThere",
    "RemoteFile",
    "fetch",
    "fetch_all",
    "is_remote_folder",
    "is_url",
    "listed",
    "named",
    "named_all",
    "path_of",
    "patiently",
    "put_all",
    "read",
    "remove_all",
    "shown_url",
]

T = TypeVar("T")

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_PAUSES = (0.5, 2.0, 5.0)  # s, before a connection that broke is tried again
_AT_ONCE = 16  # requests
_TAGS = ("ETag", "etag", "md5Hash", "LastModified", "updated", "mtime", "created")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file behind a URL.

    Parameters
    ----------
    root : str
        A URL of its store.
    path : str
        As the store's file system names it.
    size : int
        Bytes; -1 where it is not known.
    tag : str
        Changes when the content does: the store's own hash, or the time of change.
    """

    root: str
    path: str
    size: int = -1
    tag: str = ""

    @property
    def url(self) -> str:
        """Its URL, fit to be shown."""
        if _URL.match(self.path):
            return shown_url(self.path)
        return f"{self.root.partition('://')[0]}://{self.path.lstrip('/')}"


def is_url(text: object) -> bool:
    """Whether a path is a URL; ``C:/blots`` is none."""
    return isinstance(text, str) and bool(_URL.match(text))


def shown_url(text: str) -> str:
    """URLs in a text without what nobody else should read: passwords, signatures."""
    text = re.sub(r"([A-Za-z][A-Za-z0-9+.-]+://)[^/\s'\"]*@", r"\1", text)
    return re.sub(r"(://[^\s'\"?]*)\?[^\s'\"]*", r"\1", text)


def path_of(url: str) -> str:
    """What the store calls the file or folder of a URL."""
    return _system(url)[1].rstrip("/")


def named(url: str) -> RemoteFile:
    """The file that a URL names, with its size and tag if it is there."""
    system, path = _system(url)
    try:
        return _file(url, path, system.info(path))
    except Exception:  # whatever it is, fetching it will say
        return RemoteFile(url, path)


def listed(
    url: str, *, recursive: bool, kind: type[BlotquantError] = UnreadableImage
) -> list[RemoteFile]:
    """Files in a folder.

    Raises
    ------
    UnreadableImage, or `kind`
        If there is no such folder, or it may not be listed.
    """
    system, path = _system(url)

    def ask() -> Mapping[str, Mapping[str, Any]]:
        if recursive:
            found: dict[str, Mapping[str, Any]] = system.find(path, detail=True)
            return found
        return {entry["name"]: entry for entry in system.ls(path, detail=True)}

    entries = patiently(ask, shown_url(url), kind)
    files = [_file(url, name, info) for name, info in entries.items() if info["type"] == "file"]
    return [file for file in files if not file.path.endswith("/") and file.path != path]


def named_all(urls: Sequence[str]) -> list[RemoteFile]:
    """Files that URLs name, in their order; asked for many at a time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(named, urls))


def is_remote_folder(url: str) -> bool:
    """Whether a URL is a folder's."""
    system, path = _system(url)
    try:
        return bool(system.isdir(path))
    except Exception:  # whatever it is, reading it will say
        return False


def fetch(file: RemoteFile, target: Path) -> None:
    """Copy a file to here.

    Raises
    ------
    UnreadableImage
        If it is not there, may not be read, or the connection breaks again and again.
    OSError
        If it cannot be written here.
    """
    system, _ = _system(file.root)

    def get() -> None:
        try:
            system.get_file(file.path, str(target))
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        if file.size >= 0 and target.stat().st_size != file.size:
            raise ConnectionError(
                f"{target.stat().st_size} bytes came where {file.size} were promised"
            )

    target.parent.mkdir(parents=True, exist_ok=True)
    patiently(get, file.url, UnreadableImage)


def fetch_all(files: Mapping[Path, RemoteFile]) -> None:
    """Copy files to here, many at a time; the first error is raised."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(lambda item: fetch(item[1], item[0]), files.items()):
            pass


def read(file: RemoteFile) -> bytes:
    """Content of a small file."""
    system, _ = _system(file.root)
    content: bytes = patiently(lambda: system.cat_file(file.path), file.url, UnreadableImage)
    return content


def put_all(url: str, files: Mapping[str, Path]) -> None:
    """Copy files to below a URL, many at a time.

    Raises
    ------
    OutputError
        If one cannot be written there.
    """
    system, folder = _system(url)

    def put(item: tuple[str, Path]) -> None:
        name, path = item
        target = f"{folder.rstrip('/')}/{name}"

        def send() -> None:
            if not system.async_impl:  # stores know no folders; a file system does
                system.makedirs(target.rpartition("/")[0], exist_ok=True)
            system.put_file(str(path), target)

        try:
            patiently(send, f"{shown_url(url).rstrip('/')}/{name}", OutputError)
        except NotThere:
            raise OutputError(f"{shown_url(url)}: there is no such bucket or folder") from None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(put, files.items()):
            pass


def remove_all(url: str, names: Sequence[str]) -> None:
    """Remove files below a URL; one that is not there is none too many."""
    system, folder = _system(url)

    def remove(name: str) -> None:
        target = f"{folder.rstrip('/')}/{name}"
        with suppress(NotThere):
            patiently(lambda: system.rm_file(target), f"{shown_url(url)}: {name}", OutputError)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(remove, names):
            pass


class NotThere(OutputError):
    """There is nothing of this name."""


def patiently(work: Callable[[], T], what: str, kind: type[BlotquantError]) -> T:
    """Do something over the network, again after a pause where the connection broke.

    Parameters
    ----------
    work : callable
    what : str
        What it is about, for the message.
    kind : type
        Error to raise where it does not succeed: one line, without secrets.
    """
    for pause in (*_PAUSES, None):
        try:
            return work()
        except FileNotFoundError:
            words = "there is no such file or folder"
            raise (NotThere if kind is OutputError else kind)(f"{what}: {words}") from None
        except PermissionError:
            raise kind(
                f"{what}: access is refused; check the credentials of this machine and its workers"
            ) from None
        except Exception as error:  # each store has its own
            if pause is None or not _may_pass(error):
                raise kind(f"{what}: {_words(error)}") from None
            time.sleep(pause)
    raise AssertionError("unreachable")


def _may_pass(error: Exception) -> bool:
    """Whether it is worth another try; without credentials it is not."""
    return "credential" not in f"{type(error).__name__} {error}".casefold()


def _words(error: Exception) -> str:
    text = shown_url(" ".join(f"{type(error).__name__}: {error}".split()))
    return f"cannot be reached ({text})"


def _file(root: str, path: str, info: Mapping[str, Any]) -> RemoteFile:
    size = info.get("size")
    tag = next((str(info[key]) for key in _TAGS if info.get(key)), "")
    return RemoteFile(root, path, size if isinstance(size, int) else -1, tag.strip('"'))


@lru_cache(maxsize=1024)
def _system(url: str) -> tuple[Any, str]:
    """File system behind a URL, and what it calls it. Listings are asked for anew each time."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise UnreadableImage(
            f'{shown_url(url)}: reading it needs fsspec: pip install "blotquant[remote]"'
        ) from None
    protocol = url.partition("://")[0]
    try:
        system, path = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        raise UnreadableImage(
            f'{shown_url(url)}: {error}; pip install "blotquant[remote]" has s3:// and https://'
        ) from None
    except ValueError:
        raise UnreadableImage(f"{shown_url(url)}: '{protocol}://' is not known") from None
    return system, str(path)

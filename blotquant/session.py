"""The sidecar NAME.blotquant.json: layout, recipe and provenance of one picture, kept beside it.

Written whole or not at all, read strictly, never altered by reading. Floats are written as Python's
``repr`` does, so a layout comes back exactly and gives the same numbers again.
"""

from __future__ import annotations

import json
import math
import re
import weakref
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import LayoutError, SessionError
from .files import read_bytes, write_atomically
from .model import Blot, Layout, Orientation
from .recipe import Recipe
from .result import Result
from .signal import Polarity

__all__ = [
    "SESSION_VERSION",
    "SIDECAR_SUFFIX",
    "Edit",
    "PictureIdentity",
    "Session",
    "as_stored",
    "plain",
    "read_layout",
    "read_session",
    "sidecar_path",
    "write_layout",
]

SESSION_VERSION = 1
SIDECAR_SUFFIX = ".blotquant.json"

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_LINE = 140  # characters, to which what fits on one stays on one

# What turns a file of version n into one of version n + 1, by n; run one after the other.
_MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = MappingProxyType({})


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PictureIdentity(_Frozen):
    """Which picture a layout was drawn on, and how it was looked at.

    Parameters
    ----------
    name : str
        Name of the picture in the tables, with ``#part``.
    sha256 : str
        Hash of the file's bytes; empty when it is not known, then it is not checked.
    part : str
        Page or channel inside the file.
    shape : tuple of int, or None
        (rows, cols) of the oriented picture.
    orientation, polarity
        As resolved when the layout was made: its coordinates are of the oriented picture.
    """

    name: str = ""
    sha256: str = ""
    part: str = ""
    shape: tuple[int, int] | None = None
    orientation: Orientation = "0"
    polarity: Polarity | None = None


class Edit(_Frozen):
    """One change made by hand: when, what, and the value before and after."""

    time: str
    what: str
    before: Any = None
    after: Any = None


class Session(_Frozen):
    """All that a sidecar holds.

    Parameters
    ----------
    schema_version : int
    image : PictureIdentity
    layout : Layout
    recipe : Recipe
        The settings that the layout was found and measured with.
    provenance : dict
        As in `Result.provenance`.
    edit_log : tuple of Edit
        What was changed by hand, in order.
    """

    schema_version: int = Field(SESSION_VERSION, ge=1)
    image: PictureIdentity = PictureIdentity()
    layout: Layout = Layout()
    recipe: Recipe = Recipe()
    provenance: dict[str, Any] = {}
    edit_log: tuple[Edit, ...] = ()

    @classmethod
    def of(
        cls, result: Result, edit_log: tuple[Edit, ...] = (), *, part: str | None = None
    ) -> Session:
        """Session of an analysed picture.

        Parameters
        ----------
        result : Result
        edit_log : tuple of Edit
            Changes made by hand so far.
        part : str, optional
            Page or channel inside the file; otherwise what follows ``#`` in the picture's name.
        """
        known = dict(result.provenance.get("image", {}))
        image = PictureIdentity(
            name=result.image,
            sha256=known.get("sha256", ""),
            part=_part_of(result.image) if part is None else part,
            shape=known.get("shape"),
            orientation=known.get("orientation", "0"),
            polarity=known.get("polarity"),
        )
        return cls(
            image=image,
            layout=as_stored(result.layout),
            recipe=result.recipe,
            provenance=plain(dict(result.provenance)),
            edit_log=edit_log,
        )

    def to_layout(self) -> Layout:
        """The layout, as `measure` takes it."""
        return self.layout

    def to_json(self) -> bytes:
        """The sidecar's bytes: UTF-8 JSON, one lane or band a line."""
        tree = plain(self.model_dump(mode="python", exclude={"layout"}))
        tree = {name: tree.get(name) for name in type(self).model_fields}
        tree["layout"] = plain(self.layout)
        return (_indented(tree) + "\n").encode("utf-8")

    def check(self, blot: Blot, name: str = "") -> None:
        """Make sure that this layout is of that picture.

        Raises
        ------
        SessionError
            If the file's bytes, the shape or the orientation are others than those the layout was
            made on.
        """
        label = name or blot.source.name
        mine, theirs = self.image.sha256, blot.source.sha256
        if mine and theirs and mine != theirs:
            raise SessionError(
                f"{label}: the image changed since its layout was saved; "
                "draw the layout anew, or leave it out with --no-layouts"
            )
        if self.image.shape is not None and tuple(self.image.shape) != blot.shape:
            raise SessionError(
                f"{label}: its layout was made on a picture of "
                f"{self.image.shape[0]} x {self.image.shape[1]} px, this one has "
                f"{blot.shape[0]} x {blot.shape[1]}; leave it out with --no-layouts"
            )
        if self.image.orientation != blot.orientation:
            raise SessionError(
                f"{label}: its layout was made with orientation {self.image.orientation}, "
                f"not {blot.orientation}; leave out either --orientation or the layout"
            )


def as_stored(layout: Layout) -> Layout:
    """Layout as it comes back from a sidecar: plain Python numbers throughout.

    Measuring this one instead of what a detector returned (which may hold float32) makes a run and
    its repetition from sidecars the same by construction.
    """
    if _STORED.get(id(layout)) is not layout:
        layout = Session.model_validate({"layout": plain(layout)}).layout
        _STORED[id(layout)] = layout
    return layout


# Layouts that came from here: they are what they would come back as.
_STORED: weakref.WeakValueDictionary[int, Layout] = weakref.WeakValueDictionary()


def sidecar_path(image: Path, part: str = "") -> Path:
    """Where the sidecar of an image lies when it lies beside it.

    Parameters
    ----------
    image : Path
    part : str
        Page or channel inside the file; empty when the file holds one picture.
    """
    tail = f"#{part.replace('/', '-')}" if part else ""
    return image.with_name(f"{image.stem}{tail}{SIDECAR_SUFFIX}")


def read_session(path: str | Path) -> Session:
    """Read a sidecar; the file is left as it is, whatever is found.

    Raises
    ------
    SessionError
        If it cannot be read, is damaged, or was written by a newer version.
    """
    path = Path(path)
    tree = _migrated(_read_tree(path), path)
    try:
        return Session.model_validate(tree)
    except LayoutError as error:
        raise _damaged(path, str(error)) from None
    except (OverflowError, RecursionError):  # numbers of a thousand digits, brackets without end
        raise _damaged(path, "it holds a number or a nesting that nothing can hold") from None
    except ValidationError as error:
        raise _damaged(path, "; ".join(_fault(detail) for detail in error.errors()[:3])) from None


def read_layout(path: str | Path) -> Layout:
    """Read the layout from a sidecar.

    Raises
    ------
    SessionError
        If it cannot be read, is damaged, or was written by a newer version.
    """
    return read_session(path).to_layout()


def write_layout(path: str | Path, content: Result | Session | Layout) -> Path:
    """Write a sidecar, through a temporary file and a rename.

    Parameters
    ----------
    path : str or Path
    content : Result, Session or Layout
        A bare layout is stored without the identity of its picture, and is not checked when used.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    match content:
        case Session():
            session = content
        case Layout():
            session = Session(layout=as_stored(content))
        case _:
            session = Session.of(content)
    return write_atomically(path, session.to_json())


def plain(value: Any) -> Any:
    """The same value as JSON holds it: no NumPy numbers, tuples or dates, None for NaN."""
    kind = type(value)  # the commonest kinds first: a layout holds thousands of numbers
    if kind in (int, bool, NoneType) or (kind is str and value.isascii()):
        return value
    if kind is float and math.isfinite(value):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        value = {name: getattr(value, name) for name in _field_names(type(value))}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if value is None or isinstance(value, int | float):  # after NumPy: they may be not finite
        return value if not isinstance(value, float) or math.isfinite(value) else None
    return str(value).encode("utf-8", "replace").decode("utf-8")  # a file name may be no text


@lru_cache(maxsize=64)
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind))


def _part_of(image: str) -> str:
    """The part behind ``#`` in a picture's name; a # in the file's own name is not one."""
    found = re.search(r"\.\w{1,5}#([^#]+)$", image)
    return found[1] if found and not re.search(r"\.\w{2,5}$", found[1]) else ""


def _read_tree(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(read_bytes(path).decode("utf-8-sig"))
    except OSError as error:
        raise SessionError(f"{path.name}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"is not JSON: {error}") from None
    if not isinstance(tree, dict) or type(tree.get("schema_version")) is not int:
        raise SessionError(f"{path.name}: is not a layout file of blotquant")
    return tree


def _migrated(tree: dict[str, Any], path: Path) -> dict[str, Any]:
    version = tree["schema_version"]
    if version > SESSION_VERSION:
        raise SessionError(
            f"{path.name}: written by a newer blotquant (layout version {version}, this one reads "
            f"up to {SESSION_VERSION}); update blotquant, the file is left as it is"
        )
    while version < SESSION_VERSION:
        if version not in _MIGRATIONS:
            raise _damaged(path, f"there is no layout version {version}")
        tree = _MIGRATIONS[version](tree)
        version += 1
        tree["schema_version"] = version
    return tree


def _damaged(path: Path, reason: str) -> SessionError:
    words = " ".join(reason.split())
    return SessionError(
        f"{path.name}: the layout file is damaged ({words}); mend or remove it, it is left as it is"
    )


def _fault(detail: Any) -> str:
    """One fault of pydantic's list: where, and what."""
    return f"{'.'.join(str(part) for part in detail['loc'])}: {detail['msg']}"


def _indented(value: Any, depth: int = 0) -> str:
    """JSON for people and for diffs: what fits on a line stays on one."""
    if not isinstance(value, dict | list) or not value:
        return _JSON.encode(value)
    if depth > 0 and _may_fit(value):
        line = _JSON.encode(value)
        if len(line) + depth <= _LINE:
            return line
    pad, step = " " * depth, " " * (depth + 1)
    if isinstance(value, dict):
        items = [
            f"{_JSON.encode(key)}: {_indented(item, depth + 1)}" for key, item in value.items()
        ]
    else:
        items = [_indented(item, depth + 1) for item in value]
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return f"{opening}\n{step}" + f",\n{step}".join(items) + f"\n{pad}{closing}"


def _may_fit(value: dict[str, Any] | list[Any]) -> bool:
    """False where a list or dict surely does not fit on a line: an item takes three characters."""
    items = value.values() if isinstance(value, dict) else value
    inner = sum(len(item) for item in items if isinstance(item, dict | list))
    return 3 * max(len(value), inner) <= _LINE

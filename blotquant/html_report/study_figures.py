"""The figures of a study inside the page: as pictures, so that nothing in them can run."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["EmbeddedFigure", "StudyFigures", "embedded"]

_CAPTIONS = {
    "panel": "Panel: for each target the strip of its blot, and its chart under it",
    "grid": "Charts of all targets",
    "folds": "Fold changes with their 95 % confidence intervals",
    "loading_controls": "Loading controls: density in every lane, with its CV",
}
_TARGET = "target:"
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class EmbeddedFigure:
    """A figure as it goes into the page; a `wide` one takes the width of the page."""

    caption: str
    uri: str
    wide: bool


@dataclass(frozen=True)
class StudyFigures:
    """Figures in the order of the page; `single` are folded up, one for each target."""

    main: tuple[EmbeddedFigure, ...] = ()
    single: tuple[EmbeddedFigure, ...] = ()


def embedded(figures: Mapping[str, bytes]) -> StudyFigures:
    """Figures of a study for the page.

    Parameters
    ----------
    figures : mapping of str to bytes
        SVG or PNG by name: ``panel``, ``folds``, ``loading_controls``, ``grid``,
        ``target:NAME``; others are shown under their own name. With a panel, the grid of the same
        charts is folded up.

    Raises
    ------
    ValueError
        If one is neither SVG nor PNG.
    """
    known = [name for name in _CAPTIONS if name in figures]
    others = [name for name in figures if name not in _CAPTIONS]
    single = [name for name in others if name.startswith(_TARGET)]
    main = known + [name for name in others if not name.startswith(_TARGET)]
    if "panel" in main and "grid" in main:
        main.remove("grid")
        single.insert(0, "grid")
    return StudyFigures(
        main=tuple(_figure(name, figures[name]) for name in main),
        single=tuple(_figure(name, figures[name]) for name in single),
    )


def _figure(name: str, data: bytes) -> EmbeddedFigure:
    caption = _CAPTIONS.get(name) or name.removeprefix(_TARGET)
    wide = not name.startswith(_TARGET)
    text = base64.b64encode(data).decode("ascii")
    return EmbeddedFigure(caption, f"data:{_kind(name, data)};base64,{text}", wide)


def _kind(name: str, data: bytes) -> str:
    if data.startswith(_PNG):
        return "image/png"
    if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"<?xml", b"<svg")):
        return "image/svg+xml"
    raise ValueError(f"figure {name}: is neither SVG nor PNG")

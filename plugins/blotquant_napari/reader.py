"""Reads every image that ``blotquant.load`` reads, with the lanes and bands of its sidecar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from blotquant.errors import SessionError
from blotquant.files import is_folder, is_plain_file
from blotquant.flags import Flag
from blotquant.loaders import is_image, load
from blotquant.model import Blot
from blotquant.pipeline.study import STUDY_FILE
from blotquant.session import sidecar_path

from . import strips
from .autosave import open_picture

__all__ = ["get_reader"]

LayerData = tuple[Any, dict[str, Any], str]
_KEY = "blotquant"


def get_reader(path: str | Sequence[str]) -> Callable[..., list[LayerData]] | None:
    """The reader, where every path is an image or a folder of images; else None."""
    paths = [Path(p) for p in ([path] if isinstance(path, str) else path)]
    if not paths or not all(_can_read(p) for p in paths):
        return None
    return read


def read(path: str | Sequence[str]) -> list[LayerData]:
    """Layers of images: a picture each, and the lanes and bands of the first that has a sidecar.

    Raises
    ------
    UnreadableImage
        With one line that says what is wrong.
    """
    layers: list[LayerData] = []
    for given in [path] if isinstance(path, str) else path:
        folder = Path(given)
        files = (
            sorted(file for file in folder.iterdir() if is_image(file))
            if is_folder(folder)
            else [folder]
        )
        study = folder if is_plain_file(folder / STUDY_FILE) else None
        for file in files:
            layers += _read_file(file, first=not layers, study=study)
    return layers


def _read_file(file: Path, *, first: bool, study: Path | None = None) -> list[LayerData]:
    layers: list[LayerData] = []
    for blot in load(file):
        part = blot.source.part
        seen, note, lanes = blot, "", []
        if is_plain_file(sidecar_path(file, part)):
            try:
                opened = open_picture(file, part)
            except SessionError as error:
                note = str(error)
            else:
                seen, note = opened.blot, opened.note
                if opened.session is not None and first and not layers:
                    lanes = _strips(file, part, opened.session)
        picture = _picture(file, seen, note, visible=first and not layers)
        if study is not None:
            picture[1]["metadata"][_KEY]["study"] = str(study)
        layers.append(picture)
        layers += lanes
    return layers


def _picture(file: Path, blot: Blot, note: str, *, visible: bool) -> LayerData:
    keywords = {
        "name": blot.source.name,
        "colormap": "gray" if blot.polarity == "dark_on_light" else "gray_r",
        "visible": visible,
        "metadata": {
            _KEY: {"kind": "image", "path": str(file), "part": blot.source.part, "note": note}
        },
    }
    return np.asarray(blot.pixels), keywords, "image"


def _strips(file: Path, part: str, session: Any) -> list[LayerData]:
    layout = session.layout
    tag = {"path": str(file), "part": part, "session": session.to_json().decode("utf-8")}
    flags = [Flag.NONE if band.detected else Flag.BELOW_DETECTION for band in layout.bands]
    drawn = (("lanes", strips.lane_strips(layout)), ("bands", strips.band_strips(layout, flags)))
    return [
        (
            list(strip.paths),
            {
                **strip.shapes(),
                "name": kind.capitalize(),
                "metadata": {_KEY: {"kind": kind, **tag}},
            },
            "shapes",
        )
        for kind, strip in drawn
        if strip.paths
    ]


def _can_read(path: Path) -> bool:
    if is_folder(path):
        return any(is_image(file) for file in path.iterdir())
    return is_image(path)

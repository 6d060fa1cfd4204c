"""Sample data: simulated blots with known truth, drawn when asked for."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from blotquant.simulate import save, simulate, write_study

from .reader import read

__all__ = ["membrane", "strip", "study"]


def membrane() -> list[tuple[Any, dict[str, Any], str]]:
    """A membrane with bent lanes and several rows of bands."""
    return read(str(save(simulate("s_bend", 1), _folder(), "membrane")))


def strip() -> list[tuple[Any, dict[str, Any], str]]:
    """A cropped strip with one row of bands."""
    return read(str(save(simulate("strip", 1), _folder(), "strip")))


def study() -> list[tuple[Any, dict[str, Any], str]]:
    """Three membranes with eight targets and beta-actin each."""
    folder = _folder()
    write_study(folder)
    return read(str(folder))


def _folder() -> Path:
    """A folder of its own, so that what is edited is saved beside the picture."""
    return Path(mkdtemp(prefix="blotquant-sample-"))

"""Writes the sidecar of a picture from its layer of lanes."""

from __future__ import annotations

from typing import Any

from blotquant.errors import SessionError
from blotquant.files import write_atomically
from blotquant.session import Session

__all__ = ["write_sidecar"]


def write_sidecar(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write lanes, bands, settings and the log of edits, as `blotquant run --layouts` takes them.

    Parameters
    ----------
    path : str
    data : list of ndarray
        Not used: what is drawn is rounded, the session in the layer's metadata is exact.
    attributes : dict
        Of a layer of lanes that the panel drew.

    Returns
    -------
    list of str
        The file written.

    Raises
    ------
    SessionError
        If the layer is not one of blotquant's.
    OutputError
        If it cannot be written.
    """
    tag = attributes.get("metadata", {}).get("blotquant")
    if not isinstance(tag, dict) or not tag.get("session"):
        raise SessionError(
            f"layer {attributes.get('name', '')}: holds no lanes of blotquant; "
            "draw them with Plugins > Blot quantification"
        )
    session = Session.model_validate_json(tag["session"])
    return [str(write_atomically(path, session.to_json()))]

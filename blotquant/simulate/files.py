"""Simulated blots as files: the picture and, beside it, its truth."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tifffile
from PIL import Image

from blotquant.errors import OutputError
from blotquant.simulate.blot import SimulatedBlot
from blotquant.simulate.kinds import simulate

__all__ = ["save", "write_json", "write_suite"]


def save(blot: SimulatedBlot, folder: str | os.PathLike[str], name: str) -> Path:
    """Write ``NAME.tif`` (or .png, .jpg) and ``NAME.truth.json``.

    Parameters
    ----------
    blot : SimulatedBlot
        What to write.
    folder : path
        Made where it does not exist.
    name : str
        File name without suffix.

    Returns
    -------
    Path
        The picture.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    path = Path(folder) / f"{name}.{blot.spec.file_format}"
    _write(path, _encode(blot))
    write_json(path.with_name(f"{name}.truth.json"), {**blot.truth, "image": path.name})
    return path


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write `content` as JSON, one line for each lane and band, so that it can be read."""
    lines = []
    for key, value in content.items():
        text = json.dumps(value)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            text = "[\n  " + ",\n  ".join(json.dumps(entry) for entry in value) + "\n ]"
        lines.append(f" {json.dumps(key)}: {text}")
    _write(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())


def write_suite(
    folder: str | os.PathLike[str], kinds: Iterable[str], seeds: Iterable[int]
) -> list[Path]:
    """Write one blot for each kind and seed, as ``KIND_SEED``; gives the pictures' paths."""
    seeds = list(seeds)
    return [
        save(simulate(kind, seed), folder, f"{kind}_{seed}") for kind in kinds for seed in seeds
    ]


def _encode(blot: SimulatedBlot) -> bytes:
    """The picture's file."""
    if blot.encoded is not None:
        return blot.encoded
    buffer = io.BytesIO()
    if blot.spec.file_format == "png":
        Image.fromarray(blot.image).save(buffer, "PNG")
    else:
        # no date and no software tag: the same blot is the same file
        tifffile.imwrite(
            buffer,
            blot.image,
            photometric="minisblack",
            compression="zlib",
            predictor=True,
            metadata=None,
            software=False,
        )
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=path.suffix, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); choose another folder"
        ) from error

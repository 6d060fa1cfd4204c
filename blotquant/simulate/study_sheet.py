"""The study file and the sample sheet of a simulated study, as its scientist would write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from blotquant.files import write_atomically
from blotquant.study import Study, StudyImage, write_samples

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["REFERENCE", "TREATED", "write_study_files"]

REFERENCE, TREATED = "control", "treated"
SHEET = "samples.csv"
# Weights that reviewers know of the targets in the example, kDa.
_KDA = {
    "P53": 53.0,
    "PTEN": 54.0,
    "NF-kB": 65.0,
    "ERK1/2": 42.0,
    "p-ERK1/2": 42.0,
    "Raf-1": 74.0,
    "H-RAS": 21.0,
    "TERT": 122.0,
    "b-actin": 42.0,
}


def write_study_files(
    folder: Path,
    images: Mapping[str, Mapping[str, str]],
    loading_control: str,
    reference_lanes: int,
    treated_lanes: int,
) -> list[Path]:
    """Write ``study.toml`` and ``samples.csv`` beside the images of a simulated study.

    Every membrane is one biological replicate with all its lanes, so groups are paired by it.

    Parameters
    ----------
    folder : Path
    images : mapping
        File of each target, by membrane.
    loading_control : str
        The target that is the loading control.
    reference_lanes, treated_lanes : int
        Lanes of each group: technical repeats.

    Returns
    -------
    list of Path
        Both files.
    """
    groups = [REFERENCE] * reference_lanes + [TREATED] * treated_lanes
    blocks = tuple(
        _block(membrane, target, file, loading_control)
        for membrane, files in images.items()
        for target, file in files.items()
    )
    study = Study(
        title="A simulated study: what the treatment does to the targets",
        question="Which of the targets change under treatment, and by how much?",
        samples=SHEET,
        reference_group=REFERENCE,
        replicate_unit="independent culture",
        pairing="paired",
        complete=True,
        image=blocks,
    )
    written = write_atomically(folder / "study.toml", study.to_toml().encode("utf-8"))
    return [written, write_samples(_samples(list(images), groups), folder / SHEET)]


def _block(membrane: str, target: str, file: str, loading_control: str) -> StudyImage:
    if target == loading_control:
        return StudyImage(
            file=file,
            membrane=membrane,
            target=target,
            role="loading_control",
            shared_control=True,
            mw_kda=_KDA.get(target),
        )
    return StudyImage(file=file, membrane=membrane, target=target, mw_kda=_KDA.get(target))


def _samples(membranes: list[str], groups: list[str]) -> pd.DataFrame:
    """One row a lane."""
    import pandas as pd

    rows = []
    for replicate, membrane in enumerate(membranes, 1):
        for lane, group in enumerate(groups, 1):
            technical = groups[:lane].count(group)
            rows.append(
                {
                    "membrane": membrane,
                    "lane": lane,
                    "sample": f"{group} {replicate}",
                    "group": group,
                    "replicate": str(replicate),
                    "technical": str(technical),
                    "kind": "sample",
                    "use": True,
                }
            )
    return pd.DataFrame(rows)

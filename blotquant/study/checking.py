"""Does a study fit its sample sheet and its images? Everything that is wrong, all at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .case import Case, ImageFacts
from .check_cells import check_samples
from .check_images import IMAGE_CHECKS
from .check_plan import PLAN_CHECKS
from .check_sheet import SHEET_CHECKS
from .model import Study
from .problem import Problem

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_study"]


def check_study(
    study: Study, samples: pd.DataFrame, images: Mapping[str, ImageFacts], folder: str | Path
) -> tuple[Problem, ...]:
    """Find everything in a study that contradicts itself, its sample sheet or its images.

    Parameters
    ----------
    study : Study
    samples : DataFrame
        From `blotquant.study.read_samples` with ``strict=False``, so that cells that cannot be
        read are named with all else.
    images : mapping of str to ImageFacts
        By file, or by ``file#page``. Images that are left out are only looked for on the disk.
    folder : str or Path
        Folder that the study's files lie in.

    Returns
    -------
    tuple of Problem
        Errors first. Errors stop a study: nothing is computed on a half-understood one. Warnings
        say what the results will lack.
    """
    case = Case(study, samples, images, Path(folder))
    found = list(check_samples(samples))
    for check in (*IMAGE_CHECKS, *SHEET_CHECKS, *PLAN_CHECKS):
        found += check(case)
    unique = list(dict.fromkeys(found))
    return tuple(sorted(unique, key=lambda problem: problem.severity != "error"))

"""A whole study with planted fold changes, and the set of files that shows all."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from blotquant.simulate.blot import render
from blotquant.simulate.draws import log_uniform, shrink
from blotquant.simulate.files import save, write_json, write_suite
from blotquant.simulate.geometry import Floats
from blotquant.simulate.kinds import spec_of
from blotquant.simulate.spec import BlotSpec
from blotquant.simulate.study_sheet import REFERENCE, TREATED, write_study_files

FOLDS: Mapping[str, float] = MappingProxyType(
    {
        "P53": 2.09,
        "PTEN": 2.30,
        "NF-kB": 1.66,
        "ERK1/2": 1.00,
        "p-ERK1/2": 0.36,
        "Raf-1": 0.32,
        "H-RAS": 0.27,
        "TERT": 0.25,
    }
)
HARD_KINDS = (
    *("lean", "s_bend", "smile", "gaps", "empty_lanes", "ladder_middle"),
    *("canvas_black", "text_marks", "cloudy", "saturated", "strip_sloping", "jpeg"),
)

__all__ = ["FOLDS", "HARD_KINDS", "StudySpec", "write_demo_set", "write_study"]


@dataclass(frozen=True)
class StudySpec:
    """What a simulated study holds.

    Parameters
    ----------
    folds : mapping of str to float
        Amount of each target in treated samples over that in the reference group, in the
        population from which the replicates come.
    loading_control : str
        Target with the same amount in all samples.
    membranes : int
        Membranes; each is one biological replicate with all its lanes.
    reference_lanes, treated_lanes : int
        Lanes of each group on each membrane: technical repeats.
    loading_cv : float
        Variation of what was pipetted into a lane; the same for all targets of a membrane.
    lane_cv : float
        Variation of each target between the lanes of a group.
    replicate_cv : float
        Biological variation of each target's fold between the membranes.
    shape : tuple of int
        Size of each strip, px.
    """

    folds: Mapping[str, float] = field(default_factory=lambda: FOLDS)
    loading_control: str = "b-actin"
    membranes: int = 5
    reference_lanes: int = 3
    treated_lanes: int = 3
    loading_cv: float = 0.25
    lane_cv: float = 0.10
    replicate_cv: float = 0.08
    shape: tuple[int, int] = (120, 640)

    @property
    def lanes(self) -> int:
        """Lanes on a membrane."""
        return self.reference_lanes + self.treated_lanes


def write_study(
    folder: str | os.PathLike[str], study: StudySpec | None = None, seed: int = 1
) -> list[Path]:
    """Write a study: a strip for each membrane and target, study file, sample sheet and truth.

    The strips of a membrane share their lanes, shifted by a few px as probes are. Names are
    ``MEMBRANE_TARGET.tif``, as ``M1_P53.tif``; a slash in a target becomes a dash. In the truth,
    ``normalized_folds`` is what a perfect measurement of a membrane would give, and
    ``realised_folds`` their geometric mean.

    Parameters
    ----------
    folder : path
        Where to write.
    study : StudySpec, optional
        What to write; five membranes with eight targets and beta-actin where not given.
    seed : int
        Seed of everything random.

    Returns
    -------
    list of Path
        The pictures.
    """
    study = study or StudySpec()
    rng = np.random.default_rng([seed, 77])
    paths: list[Path] = []
    entries: list[dict[str, Any]] = []
    for number in range(1, study.membranes + 1):
        amounts, loading = _amounts(study, rng)
        base = _membrane(study, rng)
        images = {}
        for target, amount in amounts.items():
            spec = _strip(base, target, amount, rng)
            name = f"M{number}_{target.replace('/', '-')}"
            paths.append(save(render(spec, int(rng.integers(2**31))), folder, name))
            images[target] = paths[-1].name
        folds = {target: _measurable_fold(study, amounts, target) for target in study.folds}
        entries.append(
            {
                "membrane": f"M{number}",
                "images": images,
                "loading": loading.tolist(),
                "amounts": {target: amount.tolist() for target, amount in amounts.items()},
                "normalized_folds": folds,
            }
        )
    write_json(Path(folder) / "truth.json", _study_truth(study, seed, entries))
    write_study_files(
        Path(folder),
        {entry["membrane"]: entry["images"] for entry in entries},
        study.loading_control,
        study.reference_lanes,
        study.treated_lanes,
    )
    return paths


def _amounts(study: StudySpec, rng: np.random.Generator) -> tuple[dict[str, Floats], Floats]:
    """Protein in each band of a membrane by target, and how much each lane was loaded."""
    loading = _log_normal(study.loading_cv, rng, study.lanes)
    amounts = {}
    for target, fold in {**study.folds, study.loading_control: 1.0}.items():
        is_control = target == study.loading_control
        # the control varies little: it is one because of that
        here = 1.0 if is_control else fold * float(_log_normal(study.replicate_cv, rng, 1)[0])
        group = np.repeat([1.0, here], [study.reference_lanes, study.treated_lanes])
        cv = study.lane_cv * (0.2 if is_control else 1.0)
        amounts[target] = group * loading * _log_normal(cv, rng, study.lanes)
    return amounts, loading


def _log_normal(cv: float, rng: np.random.Generator, size: int) -> Floats:
    """Factors around a median of 1 whose coefficient of variation is `cv`."""
    return np.asarray(np.exp(np.sqrt(np.log1p(cv**2)) * rng.standard_normal(size)))


def _membrane(study: StudySpec, rng: np.random.Generator) -> BlotSpec:
    """What the strips of a membrane share."""
    rows, cols = study.shape
    ratio = rng.uniform(0.25, 0.5)
    width = 0.9 * cols / (study.lanes * (1 + ratio))
    return BlotSpec(
        shape=(rows, cols),
        lanes=study.lanes,
        lane_width=width,
        gap=ratio * width,
        gap_cv=0.04,
        width_cv=0.02,
        wander=1.0,
        smile=rng.uniform(-3, 5),
        slope=rng.uniform(-8, 8),
        edge=0.07 * width,
        polarity="dark_on_light",
        lane_seed=int(rng.integers(2**31)),
    )


def _strip(base: BlotSpec, target: str, amount: Floats, rng: np.random.Generator) -> BlotSpec:
    """One target's strip; its strongest band comes to 45 to 60 % of full scale."""
    sigma = rng.uniform(3.5, 5.5)
    highest = rng.uniform(0.45, 0.6) * base.full_scale
    # volume of a flat-topped Gaussian of that height, its blur and tail left out (both lower it)
    unit = highest * np.sqrt(2 * np.pi) * sigma * base.lane_width
    level = log_uniform(rng, 0.02, 0.1)
    return replace(
        base,
        kind="study",
        rows=(float(rng.uniform(0.45, 0.55)),),
        targets=(target,),
        volumes=(tuple((amount / amount.max() * unit).tolist()),),
        sigma=sigma,
        offset=rng.normal(0.0, 2.0),
        tail=rng.uniform(0.1, 0.5),
        background=level,
        cloud=0.05 * level,
        gradient=0.2 * level,
        gradient_angle=rng.uniform(0, 360),
        read_noise=log_uniform(rng, 5e-4, 2e-3),
    )


def _measurable_fold(study: StudySpec, amounts: Mapping[str, Floats], target: str) -> float:
    """Fold on one membrane for a perfect measurement: geometric means of target / control."""
    ratio = np.log(amounts[target] / amounts[study.loading_control])
    split = study.reference_lanes
    return float(np.exp(ratio[split:].mean() - ratio[:split].mean()))


def _study_truth(study: StudySpec, seed: int, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The study's truth, ready for JSON."""
    groups = [REFERENCE] * study.reference_lanes + [TREATED] * study.treated_lanes
    realised = {
        target: float(np.exp(np.mean([np.log(e["normalized_folds"][target]) for e in entries])))
        for target in study.folds
    }
    return {
        "schema": 1,
        "kind": "study",
        "seed": seed,
        "loading_control": study.loading_control,
        "reference_group": REFERENCE,
        "folds": dict(study.folds),
        "realised_folds": realised,
        "lanes": [{"lane": n, "group": group} for n, group in enumerate(groups, start=1)],
        "membranes": entries,
    }


def write_demo_set(
    folder: str | os.PathLike[str],
    *,
    kinds: Sequence[str] | None = None,
    seed: int = 1,
    count: int = 1,
    pixels: int = 200_000,
) -> list[Path]:
    """Write what shows blotquant at work: a small study, and blots that are hard to measure.

    Parameters
    ----------
    folder : path
        Gets ``study/`` and ``hard/``; or, where `kinds` are named, their pictures alone.
    kinds : sequence of str, optional
        Names in `KINDS`, drawn at full size.
    seed : int
        First seed.
    count : int
        Blots of each kind.
    pixels : int
        Size of a hard blot, about.

    Returns
    -------
    list of Path
        The pictures.
    """
    seeds = range(seed, seed + count)
    if kinds is not None:
        return write_suite(folder, kinds, seeds)
    small = StudySpec(
        folds={name: FOLDS[name] for name in ("P53", "PTEN", "p-ERK1/2")},
        membranes=3,
        reference_lanes=4,
        treated_lanes=4,
    )
    paths = write_study(Path(folder) / "study", small, seed)
    for kind in HARD_KINDS:
        for number in seeds:
            blot = render(shrink(spec_of(kind, number), pixels), number)
            paths.append(save(blot, Path(folder) / "hard", f"{kind}_{number}"))
    return paths

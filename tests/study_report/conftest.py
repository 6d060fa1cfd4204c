"""A planted study of three membranes, measured and concluded once for all tests here."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blotquant import loaders
from blotquant.columns import BAND_COLUMNS, LANE_COLUMNS
from blotquant.outcome import ImageOutcome, RunOutcome
from blotquant.pipeline import conclude, measure, membrane_layouts, open_study
from blotquant.recipe import Recipe
from blotquant.report import run_provenance
from blotquant.simulate import StudySpec, write_study
from blotquant.study import Exclusion
from blotquant.tables import joined

EMPTY, LEFT_OUT = 5, 2  # lanes of every membrane


@dataclass
class Planted:
    """The run, and what was planted: (membrane, target) to the amount in each lane."""

    run: RunOutcome
    amounts: dict


def run_of(folder, out, change=lambda study, samples: (study, samples)):
    """Measure a study's folder and conclude it, its file and sheet changed first."""
    recipe = Recipe()
    study, samples = change(*open_study(folder))
    outcomes = []
    for membrane in study.membranes():
        blocks = study.images_of(membrane)
        blots = {one.name: loaders.load(folder / one.file)[0] for one in blocks}
        roles = {one.name: one.role for one in blocks}
        for name, layout in membrane_layouts(blots, roles, recipe).layouts.items():
            result = measure(blots[name], layout, recipe, image=name, role=roles[name])
            outcomes.append(ImageOutcome.of(folder / name, result))
    bands = joined((one.result.table for one in outcomes), BAND_COLUMNS)
    lanes = joined((one.result.lanes for one in outcomes), LANE_COLUMNS)
    layouts = {one.image: one.result.layout for one in outcomes}
    study_result = conclude(study, samples, bands, lanes, layouts, recipe)
    messages = study_result.warnings
    return RunOutcome(
        tuple(outcomes),
        study_result.bands,
        lanes,
        study_result.normalized,
        messages,
        recipe,
        run_provenance(outcomes, recipe, messages, datetime(2025, 1, 2, tzinfo=UTC)),
        out,
        study=study_result,
    )


def _with_gaps(study, samples):
    """Every lane by its own name; one lane without a sample, one left out by the study."""
    samples = samples.copy()
    samples["sample"] = [
        f"{m}L{k}" for m, k in zip(samples["membrane"], samples["lane"], strict=True)
    ]
    samples["serum"] = ["yes" if k % 2 else "no" for k in samples["lane"]]
    samples["remark"] = [f"thawed twice, looked {k}-fold cloudy" for k in samples["lane"]]
    samples["batch"] = "one"
    empty = samples["lane"] == EMPTY
    samples.loc[empty, "kind"] = "empty"
    samples.loc[empty, ["sample", "group", "replicate", "technical"]] = ""
    gone = tuple(
        Exclusion(membrane=name, lane=LEFT_OUT, reason="bubble over the lane")
        for name in study.membranes()
    )
    return study.model_copy(update={"exclude": gone}), samples


@pytest.fixture(scope="session")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    spec = StudySpec(folds={"P53": 3.0, "p-ERK1/2": 0.4}, membranes=3)
    write_study(folder, spec, seed=1)
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    amounts = {
        (entry["membrane"], target): values
        for entry in truth["membranes"]
        for target, values in entry["amounts"].items()
    }
    out = tmp_path_factory.mktemp("out")
    return Planted(run_of(folder, Path(out), _with_gaps), amounts)


@pytest.fixture
def run(planted):
    return planted.run


@pytest.fixture
def study(planted):
    return planted.run.study

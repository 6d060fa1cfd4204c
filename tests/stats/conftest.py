"""Tables of values as a study's normalization gives them."""

import math
from pathlib import Path

import pandas as pd
import pytest

R = Path(__file__).parent / "r"


def lane(target, group, replicate, value, **cells):
    """One line of the table of values."""
    return {
        "membrane": f"M{replicate}",
        "target": target,
        "lane": 1,
        "group": group,
        "replicate": str(replicate),
        "technical": "",
        "lane_kind": "sample",
        "use": True,
        "role": "target",
        "scaled_density": value,
        "normalized_density": value,
        "scaled_density_limit": math.nan,
        "flags": "",
    } | cells


@pytest.fixture
def table():
    """Table of values from {group: [value of each replicate]}, one membrane a replicate."""

    def build(target="P53", membrane=None, **groups):
        lanes = [
            lane(target, group, place + 1, value)
            for group, values in groups.items()
            for place, value in enumerate(values)
        ]
        if membrane is not None:
            for number, one in enumerate(lanes):
                one |= {"membrane": membrane, "lane": number + 1}
        return pd.DataFrame(lanes)

    return build


@pytest.fixture
def r_study():
    """A study that R has computed too."""

    def read(name):
        frame = pd.read_csv(R / f"{name}.csv", dtype={"replicate": str})
        cells = [lane("", "", "", row["value"]) | row for row in frame.to_dict("records")]
        return pd.DataFrame(cells)

    return read


@pytest.fixture(scope="session")
def r():
    """R's answers, by case and name."""
    answers = pd.read_csv(R / "reference.csv")
    return {
        (row.case, row.name_): row.value
        for row in answers.rename(columns={"name": "name_"}).itertuples()
    }

"""Dose series: beside R's nls and its profile interval, and what is said where there is no EC50."""

import math

import numpy as np
import pandas as pd
import pytest

from blotquant.errors import StudyError
from blotquant.stats import Comparison, Design, Dose, compare
from blotquant.stats.dose import fit_dose, logistic

DOSES = [0, 1, 3, 10, 30, 100, 300, 1000]


def series(table, ec50=40.0, end=5.0, sd=0.1, n=4, doses=DOSES):
    """Values of a dose series, the dose as text in a column of the sheet."""
    rng = np.random.default_rng(7)
    frames = []
    for dose in doses:
        values = logistic([dose], 1.0, end, ec50, 1.3) * 2 ** rng.normal(0, sd, n)
        frames.append(table(cells=list(values)).assign(dose=f"{dose}"))
    return pd.concat(frames, ignore_index=True)


def test_four_parameters_as_r_fits_them(r_study, r):
    """nls of log2 with a factor a replicate; the interval is MASS's profile."""
    values = r_study("dose")
    logs = np.log2(values["scaled_density"])
    fit = fit_dose(values["dose"], logs, values["replicate"])
    assert fit.reached
    for name, value in {
        "ec50": fit.ec50,
        "hill": fit.hill,
        "start": fit.start,
        "end": fit.end,
        "sd": fit.residual_sd,
    }.items():
        assert value == pytest.approx(r["dose", name], rel=1e-5), name
    # R reads its interval from a spline through the profile
    assert fit.ec50_low == pytest.approx(r["dose", "low"], rel=1e-3)
    assert fit.ec50_high == pytest.approx(r["dose", "high"], rel=1e-3)


def doses_of(values, **choices):
    values = values.assign(group=np.where(values["dose"] == "0", "none", "some"))
    design = Design("none", pairing="paired", doses=(Dose(**choices),))
    return compare(values, design)


def test_ec50_of_a_study(table):
    done = doses_of(series(table))
    row = done.doses.iloc[0]
    assert (row["verdict"], row["n_doses"], row["n_replicates"]) == ("fitted", 8, 4)
    assert row["ec50_ci_low"] < 40 < row["ec50_ci_high"]
    assert row["ec50_ci_low"] < row["ec50"] < row["ec50_ci_high"]
    assert row["start"] == pytest.approx(1, rel=0.15)
    assert row["end"] == pytest.approx(5, rel=0.15)


def test_groups_of_several_doses_are_not_averaged(table):
    done = doses_of(series(table))
    assert done.statistics.empty
    assert any("fitted as a series" in said for said in done.decisions)
    assert len(done.replicates) == 8 * 4
    assert set(done.replicates["group"]) == {str(dose) for dose in DOSES}


def test_one_dose_can_be_compared_too(table):
    values = series(table)
    values = values.assign(group="d" + values["dose"])
    design = Design(
        "d0",
        pairing="paired",
        doses=(Dose(),),
        comparisons=(Comparison("top", ("d1000",), "d0"),),
    )
    done = compare(values, design)
    assert done.statistics.iloc[0]["fold_change"] == pytest.approx(5, rel=0.2)
    assert done.doses.iloc[0]["verdict"] == "fitted"


def test_a_comparison_does_not_average_doses(table):
    values = series(table).assign(group=lambda one: np.where(one["dose"] == "0", "none", "some"))
    block = (Comparison("all", ("some",), "none"),)
    with pytest.raises(StudyError, match="'dose'"):
        compare(values, Design("none", pairing="paired", doses=(Dose(),), comparisons=block))


def test_membrane_scale_does_not_move_the_ec50(table):
    values = series(table)
    scale = values["replicate"].map({"1": 1.0, "2": 7.0, "3": 0.2, "4": 3.0})
    scaled = values.assign(scaled_density=values["scaled_density"] * scale)
    one, other = (doses_of(frame).doses.iloc[0] for frame in (values, scaled))
    for name in ("ec50", "ec50_ci_low", "ec50_ci_high", "hill"):
        assert one[name] == pytest.approx(other[name], rel=1e-4)


def test_ec50_beyond_the_doses_is_not_reached(table):
    done = doses_of(series(table, ec50=5000.0))
    row = done.doses.iloc[0]
    assert row["verdict"] == "not reached"
    assert math.isnan(row["ec50"])
    assert "higher doses" in row["reason"]
    assert any("not reached" in said for said in done.warnings)


def test_ec50_below_the_doses_is_not_reached(table):
    row = doses_of(series(table, ec50=0.05)).doses.iloc[0]
    assert row["verdict"] == "not reached"
    assert "lower doses" in row["reason"]


def test_no_response(table):
    row = doses_of(series(table, end=1.0)).doses.iloc[0]
    assert row["verdict"] == "no response"
    assert row["p_flat"] > 0.05
    assert math.isnan(row["ec50"])


def test_few_doses_are_refused(table):
    row = doses_of(series(table, doses=[0, 10, 100])).doses.iloc[0]
    assert row["verdict"] == "refused"
    assert "3 doses" in row["reason"]


def test_below_detection_is_refused(table):
    values = series(table)
    values.loc[3, ["scaled_density", "scaled_density_limit"]] = [-1.0, 0.5]
    row = doses_of(values).doses.iloc[0]
    assert row["verdict"] == "refused"
    assert "1 values are below detection" in row["reason"]


def test_decimal_commas_and_empty_doses(table):
    values = series(table)
    comma = values.assign(dose=values["dose"].replace({"3": "3,0", "10": "10,00"}))
    extra = table(cells=[9.0]).assign(dose="", replicate="9")
    both = pd.concat([comma, extra], ignore_index=True)
    assert doses_of(both).doses.iloc[0]["n_values"] == 32


@pytest.mark.parametrize("dose", ["10 nM", "1,000", "-3", "inf"])
def test_a_dose_that_is_no_number(table, dose):
    """A thousand with a comma could be one: it is asked back."""
    values = series(table)
    values.loc[5, "dose"] = dose
    with pytest.raises(StudyError, match=f"'{dose}'"):
        doses_of(values)


def test_a_column_that_is_not_there(table):
    with pytest.raises(StudyError, match="'conc'"):
        doses_of(series(table), column="conc")

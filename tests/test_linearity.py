"""Dilution series with planted responses; exposures; the command."""

import numpy as np
import pandas as pd
import pytest

from blotquant.batch.dilution import read_loads
from blotquant.cli import main
from blotquant.errors import StudyError
from blotquant.exposures import choose_exposures
from blotquant.figures.linearity_plot import linearity_figure
from blotquant.linearity import combined_loads, fit_linearity
from blotquant.simulate.blot import render
from blotquant.simulate.files import save
from blotquant.simulate.spec import BlotSpec

LOADS = np.repeat([0.5, 1, 2, 4, 8, 16, 32], 2)


def series(response, rng, noise=300.0):
    y = response(LOADS) * (1 + 0.04 * rng.standard_normal(LOADS.size))
    return fit_linearity(LOADS, y + noise * rng.standard_normal(LOADS.size), [noise] * LOADS.size)


@pytest.mark.parametrize(
    ("name", "response"),
    [
        ("proportional", lambda x: 1e4 * x),
        ("line", lambda x: 8e3 + 1e4 * x),
        ("hyperbola", lambda x: 4e5 * x / (30 + x)),
    ],
)
def test_the_planted_model_is_chosen(name, response):
    rng = np.random.default_rng(1)
    found = [series(response, rng).best for _ in range(40)]
    assert found.count(name) >= 37


def test_parameters_and_their_errors():
    rng = np.random.default_rng(2)
    lines = [series(lambda x: 8e3 + 1e4 * x, rng).model("line") for _ in range(60)]
    off = [(m.parameters - [8e3, 1e4]) / m.errors for m in lines]
    assert 0.6 < np.std(off) < 1.4
    bent = series(lambda x: 4e5 * x / (30 + x), rng).model("hyperbola")
    assert bent.parameters == pytest.approx([4e5, 30], rel=0.25)


def test_the_linear_range_ends_where_the_response_bends():
    exact = LOADS
    bent = fit_linearity(exact, 4e5 * exact / (30 + exact), [30.0] * exact.size)
    low, high = bent.load_range
    assert (low, high) == (0.5, 8.0)
    assert "bends off" in bent.reason
    straight = fit_linearity(exact, 1e4 * exact, [30.0] * exact.size)
    assert straight.load_range == (0.5, 32.0)
    assert combined_loads([bent, straight]) == (0.5, 8.0)
    weak, strong = bent.density_range
    assert bent.judge(0.5 * weak) == "below"
    assert bent.judge((weak + strong) / 2) == "in"
    assert bent.judge(1.2 * strong) == "above"
    assert bent.judge(float("nan")) == "unknown"


def test_limits_are_multiples_of_the_blank_over_the_slope():
    judged = fit_linearity(LOADS, 1e4 * LOADS, blank_error=200.0)
    assert judged.lod == pytest.approx(3.3 * 200 / 1e4)
    assert judged.loq == pytest.approx(10 * 200 / 1e4)
    noisy = fit_linearity(LOADS, 1e4 * LOADS, blank_error=1500.0)
    assert noisy.load_range == pytest.approx((1.5, 32.0))  # not below what can be quantified


def test_saturated_bands_are_left_out():
    y = np.minimum(1e4 * LOADS, 1.2e5)
    usable = y < 1.2e5
    judged = fit_linearity(LOADS, y, usable=usable)
    assert judged.best == "proportional"
    assert judged.load_range == (0.5, 8.0)
    assert "highest load cannot be used" in judged.reason


def test_nothing_in_proportion_has_no_range():
    judged = fit_linearity([1, 2, 4, 8], [1e4, 1e4, 1e4, 1e4])
    assert judged.load_range is None
    assert judged.judge(1e4) == "unknown"
    assert combined_loads([judged]) is None


@pytest.mark.parametrize(
    ("load", "density", "says"),
    [
        ([1, 2], [1, 2], "three"),
        ([1, 2, 3], [1, 2], "one length"),
        ([1, -2, 3], [1, 2, 3], "0 or above"),
        ([1, 1, 1, 1], [1, 2, 3, 4], "three"),
    ],
)
def test_a_series_that_cannot_be_judged(load, density, says):
    with pytest.raises(StudyError, match=says):
        fit_linearity(load, density)


def test_the_figure_shows_values_models_and_limits():
    judged = fit_linearity(LOADS, 1e4 * LOADS, [100.0] * LOADS.size, usable=LOADS < 32)
    figure = linearity_figure(judged, title="actin", unit="µg")
    (axes,) = figure.axes
    assert axes.get_xlabel() == "Load (µg)"
    assert axes.get_xscale() == "log"
    labels = axes.get_legend_handles_labels()[1]
    assert "linear range" in labels
    assert "left out" in labels
    assert sum("AICc" in label for label in labels) == 3


@pytest.fixture
def dilution(tmp_path):
    """A membrane with one row in proportion, and one that bends off."""
    loads = [0.25, 0.5, 1, 2, 4, 8, 16, 32]
    volumes = tuple(2e5 * x for x in loads), tuple(6e6 * x / (x + 15) for x in loads)
    drawn = render(
        BlotSpec(shape=(500, 900), lanes=8, rows=(0.35, 0.7), volumes=volumes, peak=0.3), 3
    )
    image = save(drawn, tmp_path, "dilution")
    sheet = tmp_path / "loads.csv"
    lines = [f"{lane},{load}\n" for lane, load in enumerate(loads, 1)]
    sheet.write_text("lane,load\n" + "".join(lines), encoding="utf-8")
    return image, sheet


def test_the_command_judges_an_image(dilution, tmp_path, capsys):
    image, sheet = dilution
    out = tmp_path / "out"
    assert main(["linearity", str(image), "--loads", str(sheet), "-o", str(out)]) == 0
    table = pd.read_csv(out / "linearity.csv").set_index("row")
    assert table.loc[1, "best_model"] == "proportional"
    assert table.loc[1, "slope"] == pytest.approx(2e5, rel=0.03)
    assert table.loc[1, "load_high"] == 32
    assert table.loc[2, "best_model"] == "hyperbola"
    assert table.loc[2, "load_high"] < 16
    assert (out / "linearity_dilution_row2.svg").is_file()
    assert "row 1: linear from" in capsys.readouterr().out


def test_all_faults_of_the_loads_are_told(tmp_path):
    sheet = tmp_path / "loads.csv"
    sheet.write_text("lane,load\n1,0.5\nx,2\n1,3\n2,-1\n", encoding="utf-8")
    with pytest.raises(StudyError) as told:
        read_loads(sheet)
    said = str(told.value)
    assert "line 3" in said
    assert "lane 1 is there twice" in said
    assert "line 5" in said
    sheet.write_text("lane,amount\n1,2\n", encoding="utf-8")
    with pytest.raises(StudyError, match="no column load"):
        read_loads(sheet)


def exposure(time, saturated, flags=""):
    """Table of one exposure with two rows; `saturated` are (row, lane)."""
    lanes = (1, 2, 3)
    return pd.DataFrame(
        [
            {
                "image": f"{time:g}s.tif",
                "row": row,
                "lane": lane,
                "lane_kind": "ladder" if lane == 3 else "sample",
                "saturated_fraction": 0.1 if (row, lane) in saturated else 0.0,
                "exposure_s": time,
                "flags": flags,
            }
            for row in (1, 2)
            for lane in lanes
        ]
    )


def test_each_row_has_its_longest_exposure_that_is_not_saturated():
    tables = [
        exposure(10, {(1, 1)}),
        exposure(60, {(1, 1), (1, 2), (2, 3)}),
        exposure(300, {(1, 1), (1, 2), (2, 2)}),
    ]
    first, second = choose_exposures(tables)
    assert (first.image, first.saturated_lanes) == ("10s.tif", (1,))
    assert "lower bound" in first.reason
    # the ladder's saturation does not count; one lane of 300 s is enough to leave it out for all
    assert (second.image, second.saturated_lanes) == ("60s.tif", ())
    assert "1 longer saturated" in second.reason


def test_exposures_without_times_are_refused_and_times_can_be_given():
    unknown = [exposure(10, set()).assign(exposure_s=np.nan), exposure(60, set())]
    with pytest.raises(StudyError, match=r"10s\.tif: its exposure time is not known"):
        choose_exposures(unknown)
    assert choose_exposures(unknown, [90, 60])[0].image == "10s.tif"
    with pytest.raises(StudyError, match="same time"):
        choose_exposures([exposure(10, set()), exposure(10, set())])
    blind = [exposure(10, set(), "SATURATION_NOT_ASSESSABLE"), exposure(60, set())]
    with pytest.raises(StudyError, match="saturation cannot be judged"):
        choose_exposures(blind)
    with pytest.raises(StudyError, match="two exposures or more"):
        choose_exposures([exposure(10, set())])

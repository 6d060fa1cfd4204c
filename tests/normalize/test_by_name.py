"""Every normalizer by name: its contract, its ratios by hand, its errors by Monte Carlo."""

import math

import numpy as np
import pytest

from blotquant.flags import Flag
from blotquant.normalize import normalize_tables
from blotquant.normalize.divisors import Divisor
from blotquant.normalize.several import mean_divisor
from blotquant.recipe import NormalizationSettings, Recipe
from blotquant.testing.normalizers import NormalizerContract

P53, PTEN = "M1_P53.tif", "M1_PTEN.tif"
ACTIN, GAPDH, STAIN = "M1_b-actin.tif", "M1_GAPDH.tif", "M1_Ponceau.tif"


class TestLoadingControl(NormalizerContract):
    name = "loading_control"


class TestNamedControl(NormalizerContract):
    name = "loading_control"
    settings = NormalizationSettings(loading_controls=("vinculin", "GAPDH"))


class TestGeometricMean(NormalizerContract):
    name = "geometric_mean"


class TestTotalProtein(NormalizerContract):
    name = "total_protein"


class TestLaneFactor(NormalizerContract):
    name = "lane_factor"


class TestNone(NormalizerContract):
    name = "none"


@pytest.fixture
def named(bands):
    """Function that makes bands whose membrane and target the image's name tells."""

    def lines(image, nets, **cells):
        membrane, target = image.removesuffix(".tif").split("_")
        return bands(image, nets, membrane=membrane, target=target, **cells)

    return lines


@pytest.fixture
def by(table):
    """Function that normalizes rows of bands by a method."""

    def run(method, *strips, lanes=None, **choices):
        recipe = Recipe.parse({"normalization": {"method": method, **choices}})
        return normalize_tables(table(*strips), recipe, lanes)

    return run


def ratios(done, target="P53"):
    return done.table[done.table["target"] == target]["normalized_density"].tolist()


def test_geometric_mean_by_hand(by, named):
    done = by(
        "geometric_mean",
        named(P53, [12.0, 30.0], errs=[1.2, 0.0]),
        named(ACTIN, [2.0, 1.0], errs=[0.2, 0.0]),
        named(GAPDH, [8.0, 9.0], errs=[0.4, 0.9]),
    )
    # divisors sqrt(2 * 8) = 4 and sqrt(1 * 9) = 3
    assert ratios(done) == pytest.approx([3.0, 10.0])
    # 3 * sqrt(0.1**2 + (0.1**2 + 0.05**2) / 4); 10 * 0.1 / 2
    assert done.table["normalized_density_measurement_se"].tolist() == pytest.approx(
        [3 * math.sqrt(0.01 + 0.003125), 0.5]
    )
    assert set(done.table["loading_control"]) == {"beta-actin; GAPDH"}
    assert set(done.table["control_image"]) == {f"{ACTIN}; {GAPDH}"}
    assert set(done.table["method"]) == {"geometric_mean"}
    assert set(done.table["target"]) == {"P53"}


def test_a_membrane_without_all_controls_has_no_mean(by, named):
    done = by(
        "geometric_mean",
        named(P53, [12.0]),
        named(ACTIN, [2.0]),
        named(GAPDH, [8.0]),
        named("M2_P53.tif", [12.0]),
        named("M2_b-actin.tif", [2.0]),
    )
    assert ratios(done) == [3.0, pytest.approx(math.nan, nan_ok=True)]
    assert done.table["flags"].tolist() == ["", "NO_CONTROL"]
    assert any("M2" in message and "GAPDH" in message for message in done.messages)


def test_only_the_named_controls_are_in_the_mean(by, named):
    strips = (named(P53, [12.0]), named(ACTIN, [2.0]), named(GAPDH, [8.0]), named(PTEN, [18.0]))
    done = by("geometric_mean", *strips, loading_controls=("PTEN", "b-actin"))
    assert ratios(done) == pytest.approx([2.0])
    assert ratios(done, "GAPDH") == pytest.approx([8 / 6])
    absent = by("geometric_mean", *strips, loading_controls=("b-actin", "vinculin"))
    assert all(map(math.isnan, ratios(absent)))
    assert any("vinculin" in message for message in absent.messages)


def test_one_control_below_detection_leaves_no_mean_in_that_lane(by, named):
    done = by(
        "geometric_mean",
        named(P53, [12.0, 12.0]),
        named(ACTIN, [2.0, 2.0]),
        named(GAPDH, [8.0, 0.1], flags=["", "BELOW_DETECTION"]),
    )
    assert ratios(done) == [3.0, pytest.approx(math.nan, nan_ok=True)]
    assert done.table["flags"].tolist() == ["", "CONTROL_BELOW_DETECTION"]


def test_the_error_of_a_geometric_mean_is_that_of_a_simulation():
    rng = np.random.default_rng(0)
    controls = rng.normal([200.0, 50.0, 900.0], [12.0, 2.0, 45.0], (200_000, 3))
    parts = [Divisor(200.0, 12.0), Divisor(50.0, 2.0), Divisor(900.0, 45.0)]
    mean = mean_divisor(parts)
    simulated = np.exp(np.log(controls).mean(axis=1))
    assert mean.density == pytest.approx(simulated.mean(), rel=2e-3)
    assert mean.err == pytest.approx(simulated.std(), rel=0.02)


def test_lane_factor_keeps_the_lane_with_the_most_control(by, named):
    # Lane factors 0.5, 1.0, 0.8: each lane's control over the highest on the membrane.
    done = by(
        "lane_factor",
        named(P53, [100.0, 300.0, 200.0], errs=[0.0, 3.0, 0.0]),
        named(ACTIN, [5000.0, 10000.0, 8000.0], errs=[50.0, 0.0, 0.0]),
    )
    assert done.table["control_density"].tolist() == pytest.approx([0.5, 1.0, 0.8])
    assert ratios(done) == pytest.approx([200.0, 300.0, 250.0])
    assert done.table["normalized_density_measurement_se"].tolist() == pytest.approx(
        [2.0, 3.0, 0.0]
    )


def test_lane_factor_gives_the_folds_of_the_loading_control(by, named):
    strips = (
        named(P53, [1.0, 5.0, 4.0]),
        named(ACTIN, [3.0, 7.0, 11.0]),
        named("M2_P53.tif", [2.0, 5.0]),
        named("M2_b-actin.tif", [8.0, 2.0]),
    )
    factor, control = ratios(by("lane_factor", *strips)), ratios(by("loading_control", *strips))
    assert [f / c for f, c in zip(factor, control, strict=True)] == pytest.approx(
        [11.0] * 3 + [8.0] * 2
    )


def test_the_highest_lane_is_a_sample_that_is_detected(by, named):
    done = by(
        "lane_factor",
        named(P53, [100.0, 100.0, 100.0], lane_kind=["empty", "sample", "sample"]),
        named(
            ACTIN,
            [9e9, 4.0, 2.0],
            lane_kind=["empty", "sample", "sample"],
        ),
    )
    assert done.table["control_density"].tolist() == [1.0, 0.5]


def test_total_protein_is_the_lanes_sum_with_its_own_error(by, named, lanes):
    done = by(
        "total_protein",
        named(P53, [60.0, 60.0], errs=[6.0, 0.0]),
        named(ACTIN, [2.0, 2.0]),
        named(STAIN, [1.0, 2.0], errs=[0.9, 0.9]),
        lanes=lanes(STAIN, 2, totals=[12.0, 20.0], errs=[0.6, 1.0]),
    )
    assert ratios(done) == [5.0, 3.0]
    assert done.table[done.table["target"] == "P53"]["control_density_err"].tolist() == [0.6, 1.0]
    assert done.table[done.table["target"] == "P53"][
        "normalized_density_measurement_se"
    ].tolist() == pytest.approx([5 * math.hypot(0.1, 0.05), 3 * 0.05])
    assert ratios(done, "b-actin") == pytest.approx([2 / 12, 0.1])
    assert dict(zip(done.table["target"], done.table["role"], strict=True)) == {
        "P53": "target",
        "b-actin": "loading_control",
    }


def test_a_lane_of_noise_is_no_total_protein(by, named, lanes):
    done = by(
        "total_protein",
        named(P53, [60.0, 60.0]),
        named(STAIN, [1.0, 1.0], flags=["", "BELOW_DETECTION"]),
        lanes=lanes(STAIN, 2, totals=[2.9, 3.1], errs=[1.0, 1.0]),
    )
    assert done.table["flags"].tolist() == ["CONTROL_BELOW_DETECTION", ""]
    assert done.table["normalized_density"].isna().tolist() == [True, False]


def test_total_protein_takes_no_single_protein(by, named):
    done = by("total_protein", named(P53, [6.0]), named(ACTIN, [2.0]))
    assert done.table.empty
    assert any("total protein" in message for message in done.messages)


BOUNDS = [
    ("", "", ""),
    ("SATURATED", "", "lower bound"),
    ("EDGE_CUT", "", "lower bound"),
    ("BEYOND_DENSITY_RANGE", "", "lower bound"),
    ("BELOW_DETECTION", "", "upper bound"),
    ("", "SATURATED", "upper bound"),
    ("", "EDGE_CUT", "upper bound"),
    ("SATURATED", "SATURATED", "either way"),
    ("BELOW_DETECTION", "SATURATED", "upper bound"),
    ("SATURATED;BELOW_DETECTION", "", "either way"),
    ("LOSSY;OVERLAP", "LOSSY", ""),
]


@pytest.mark.parametrize(("target", "control", "bound"), BOUNDS)
def test_what_a_flaw_does_to_the_ratio_is_said(by, named, target, control, bound):
    done = by(
        "loading_control", named(P53, [3.0], flags=target), named(ACTIN, [2.0], flags=control)
    )
    assert done.table["bounds"].tolist() == [bound]
    assert done.table["normalized_density"].tolist() == [1.5]


def test_below_detection_is_a_limit_and_never_0(by, named):
    done = by(
        "loading_control",
        named(
            P53,
            [-0.5, 4.0, 0.9],
            flags=["BELOW_DETECTION", "", "BELOW_DETECTION"],
            detection_limit=[0.8, 0.8, 0.8],
        ),
        named(ACTIN, [2.0, 2.0, 2.0]),
    )
    assert done.table["scaled_density"].tolist() == [-0.25, 2.0, 0.45]
    # the limit of detection over the control; the value itself where it is higher
    assert done.table["scaled_density_limit"].tolist() == pytest.approx(
        [0.4, math.nan, 0.45], nan_ok=True
    )
    assert Flag.BELOW_DETECTION in Flag.parse(done.table["flags"][0])


def test_without_a_limit_of_detection_three_errors_count(by, named):
    done = by(
        "loading_control",
        named(P53, [-0.2, 0.4], errs=[0.2, 0.2], flags="BELOW_DETECTION", detection_limit=math.nan),
        named(ACTIN, [2.0, 2.0]),
    )
    assert done.table["scaled_density_limit"].tolist() == pytest.approx([0.3, 0.5])

"""Pairs of bands on whole membranes, found and measured without help."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import blotquant as bq
from blotquant.figures import profile_plots
from blotquant.simulate import simulate
from blotquant.simulate.spec import BlotSpec

_spec = importlib.util.spec_from_file_location("pairs", Path(__file__).with_name("conftest.py"))
pairs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pairs)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Bands of six membranes with pairs: planted, found, and as sums."""
    from blotquant.simulate.blot import render
    from blotquant.simulate.files import save

    rows = []
    for seed in range(3000, 3006):
        drawn = render(pairs.spec_of_pairs(seed), seed)
        (blot,) = bq.load(save(drawn, tmp_path_factory.mktemp("pairs"), "blot"))
        table = bq.analyze(blot).table
        for band, found in pairs.matched(drawn.truth, table):
            if band["snr"] >= 20 and not band["cut"]:
                rows.append((band, found))
    return rows


def test_pairs_are_found_measured_and_their_errors_true(measured):
    found = [(band, one) for band, one in measured if one is not None]
    assert len(found) >= 0.97 * len(measured)
    off = np.array([one["net_density"] / band["volume"] - 1 for band, one in found])
    assert np.median(np.abs(off)) < 0.03
    assert np.quantile(np.abs(off), 0.95) < 0.2
    sums = [(one["integrated_density"] - one["background"]) / b["volume"] - 1 for b, one in found]
    assert np.median(np.abs(off)) < 0.5 * np.median(np.abs(sums))
    errors = np.array([one["net_density_err"] / band["volume"] for band, one in found])
    z = off / errors
    low, high = np.quantile(z, [0.1587, 0.8413])
    assert 0.6 < (high - low) / 2 < 1.4
    assert np.mean(np.abs(z) < 2) > 0.85


def test_a_fitted_band_says_so(measured):
    fitted = [one for _, one in measured if one is not None and one["quantification"] == "fit"]
    assert len(fitted) > 0.8 * len(measured)
    for one in fitted[:20]:
        assert one["net_density"] == one["net_density_fit"]
        assert one["net_density_err"] == one["net_density_fit_err"] > 0
        assert 0 <= one["fit_unexplained"] < 0.05


def test_valley_leaves_the_sum_with_the_fit_beside(loaded):
    _, blot = loaded(pairs.spec_of_pairs(3001), 3001)
    layout = bq.detect(blot)
    fit = bq.measure(blot, layout).table
    valley = bq.measure(blot, layout, bq.Recipe.of(overlap="valley")).table
    assert set(valley["quantification"]) == {"sum"}
    beside = valley["net_density_fit"].dropna()
    assert len(beside) > 0
    assert beside.to_numpy() == pytest.approx(fit["net_density_fit"].dropna().to_numpy())
    sums = valley["integrated_density"] - valley["background"]
    assert valley["net_density"].to_numpy() == pytest.approx(sums.to_numpy())


@pytest.mark.parametrize("kind", ["clean", "smile", "fan"])
def test_lone_bands_stay_one_and_are_summed(kind, loaded):
    drawn = simulate(kind, 711)
    _, blot = loaded(drawn.spec, 711)
    table = bq.analyze(blot).table
    detected = ~table["flags"].str.contains("BELOW_DETECTION")
    assert detected.sum() <= len(drawn.truth["bands"])
    alone = [m for b, m in pairs.matched(drawn.truth, table) if not b["overlap"] and m is not None]
    assert len(alone) > 10
    assert {one["quantification"] for one in alone} == {"sum"}


def test_a_shoulder_without_a_dip_is_found_where_lanes_agree(loaded):
    strong, weak = (8e6,) * 6, (2.4e6,) * 6
    spec = BlotSpec(
        shape=(400, 620),
        lanes=6,
        rows=(0.5, 0.5 + 2.3 * 6.1 / 400),
        sigma=6.0,
        tail=0.1,
        tail_spread=0.02,
        volumes=(strong, weak),
    )
    drawn, blot = loaded(spec, 9)
    table = bq.analyze(blot).table
    pairs_found = [one for _, one in pairs.matched(drawn.truth, table)]
    assert all(one is not None for one in pairs_found)
    assert len(set(table["row"])) == 2
    lower = table[table["row"] == 2]["net_density"]
    assert lower.to_numpy() == pytest.approx(2.4e6, rel=0.2)


def test_a_lone_band_bent_at_its_sides_is_no_pair(loaded):
    spec = BlotSpec(
        shape=(400, 620), lanes=6, rows=(0.5,), sigma=5.0, curvature=14.0, volumes=((8e6,) * 6,)
    )
    _, blot = loaded(spec, 4)
    table = bq.analyze(blot).table
    assert len(table) == 6


def test_fits_are_drawn_in_the_profile(loaded):
    _, blot = loaded(pairs.spec_of_pairs(3001), 3001)
    result = bq.analyze(blot)
    drawn = sum(str(plot.svg).count('class="fit"') for plot in profile_plots(result))
    fitted = [f for m in result.measurements.values() for f in m.fits if f.justified]
    assert drawn == sum(len(f.bands) for f in fitted) > 0
    for fit in fitted:
        assert fit.covariance.shape == (len(fit.bands),) * 2
        assert fit.curves.sum(axis=1) == pytest.approx(fit.areas, rel=0.05)


def test_a_saturated_band_gets_an_estimate_beside_its_value(loaded):
    spec = BlotSpec(
        shape=(400, 620), lanes=6, rows=(0.5,), sigma=6.0, peak=0.7, peak_limit=2.5, ceiling=16383
    )
    volumes = tuple(float(v) for v in np.linspace(0.7, 1.7, 6) * 16383 * 15 * 56)
    drawn, blot = loaded(replace(spec, volumes=(volumes,)), 11)
    table = bq.analyze(blot).table
    clipped = table["saturated_fraction"] > 0
    assert clipped.sum() >= 3
    assert table.loc[~clipped, "net_density_unclipped"].isna().all()
    seen = 0
    for band, one in pairs.matched(drawn.truth, table):
        if one is None or not 0.02 < one["saturated_fraction"] < 0.3:
            continue
        seen += 1
        assert "SATURATED" in one["flags"]
        assert one["quantification"] == "sum"
        assert one["net_density"] < 0.99 * band["volume"]  # what was measured stays
        estimate, error = one["net_density_unclipped"], one["net_density_unclipped_err"]
        assert estimate == pytest.approx(band["volume"], rel=0.1)
        assert abs(estimate - band["volume"]) < 4 * error
    assert seen >= 2

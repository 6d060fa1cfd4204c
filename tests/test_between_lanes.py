"""Where a membrane is cloudy, the gaps between lanes tell what lies under the bands."""

from dataclasses import replace

import numpy as np
import pytest

import blotquant as bq
from blotquant import pipeline
from blotquant.baseline import LaneView
from blotquant.lane_background import under_lanes
from blotquant.lane_reading import LaneReading
from blotquant.model import Band, BandRow, Blot, Lane, Layout
from blotquant.noise import estimate_noise
from blotquant.reading import read_lane
from blotquant.trust import Trust, common_trust, trusting

ROWS, COLS, WIDTH, SPACING = 400, 260, 40.0, 60.0
CENTERS = (69.5, 129.5, 189.5)
LIMITS = ((120.0, 180.0), (250.0, 310.0))
LANES = tuple(
    Lane(f"l{k}", "panel-1", ((0, at), (ROWS - 1, at)), WIDTH) for k, at in enumerate(CENTERS)
)
ROW, COL = np.mgrid[:ROWS, :COLS].astype(float)


def membrane(cloud=0.0, leak=0.0, height=2000.0):
    """Three lanes with two bands each; clouds across all of it, not much longer than a band."""
    pixels = 500.0 + cloud * (np.sin(ROW / 19) + np.sin(ROW / 31 + COL / 200))
    pixels += np.random.default_rng(3).normal(0, 8.0, pixels.shape)
    volume = 0.0
    for place in (150.0, 280.0):
        along = height * np.exp(-0.5 * ((ROW - place) / 8) ** 2)
        for at in CENTERS:
            away = np.maximum(np.abs(COL - at) - (WIDTH / 2 - 3), 0.0)
            band = along * (np.exp(-0.5 * away**2) + leak * (away > 0) * np.exp(-away / 20))
            pixels += band
        volume = float((along[:, :1] * np.exp(-0.5 * away**2)).sum())
    return Blot(pixels.astype(np.float32)), volume


def view(blot, lanes=LANES):
    profile = read_lane(blot, LANES[1], estimate_noise(blot))
    return LaneView(blot, LANES[1], profile, LIMITS, lanes)


def net(baseline, of):
    inside = slice(int(LIMITS[0][0]), int(LIMITS[0][1]) + 1)
    return float((of.profile.intensity - baseline.level)[inside].sum())


def test_a_cloud_under_a_band_is_seen_beside_the_lane():
    blot, volume = membrane(cloud=150.0)
    (baseline,) = under_lanes([view(blot)])
    assert abs(net(baseline, view(blot)) / volume - 1) > 0.03  # what the lane alone can tell
    assert net(baseline.beside, view(blot)) / volume == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("leak", [0.0, 0.02, 0.05])
def test_what_bands_leak_into_the_gaps_is_not_taken_for_background(leak):
    blot, volume = membrane(cloud=150.0, leak=leak)
    (baseline,) = under_lanes([view(blot)])
    # the leak within the lane's width is the band's own
    assert net(baseline.beside, view(blot)) / volume == pytest.approx(1.0, abs=0.012 + leak / 2)


def test_nothing_is_looked_for_beside_lanes_on_an_even_membrane_nor_without_room():
    even, _ = membrane()
    assert not under_lanes([view(even)])[0].unsure
    cloudy, _ = membrane(cloud=150.0)
    crowded = tuple(replace(lane, width=SPACING + 1) for lane in LANES)
    of = view(cloudy)
    (baseline,) = under_lanes([replace(of, lane=crowded[1], lanes=crowded)])
    assert baseline.unsure
    assert baseline.beside is None
    assert under_lanes([view(cloudy, lanes=())])[0].beside is None


def reading(blot):
    of = view(blot)
    (baseline,) = under_lanes([of])
    return LaneReading(blot, of.lane, of.profile, baseline, estimate_noise(blot))


def test_the_surer_baseline_is_trusted():
    of = reading(membrane(cloud=150.0)[0])
    trust = common_trust([of])
    assert trust.beside is not None
    chosen = trusting(of, trust)
    assert chosen.baseline is of.baseline.beside
    assert chosen.roughness == trust.beside
    # the same with a ground that is less sure than the lane itself
    worse = replace(of.baseline.beside, ground_variance=(1e12, 1e12))
    kept = replace(of, baseline=replace(of.baseline, beside=worse))
    assert common_trust([kept]).beside is None
    assert trusting(kept, Trust(2.0)).baseline is kept.baseline


def test_measured_alone_or_together_on_a_cloudy_membrane():
    blot, volume = membrane(cloud=150.0)
    bands = tuple(
        Band(lane.id, f"r{k}", start, stop)
        for lane in LANES
        for k, (start, stop) in enumerate(LIMITS)
    )
    layout = Layout(bq.detect(blot).panels, LANES, (BandRow("r0"), BandRow("r1")), bands)
    recipe = bq.Recipe()
    together = pipeline.measure_lanes(blot, layout, recipe)
    readings = [pipeline.read_layout_lane(blot, layout, lane, recipe) for lane in LANES]
    assert pipeline.looks_around(readings[1], recipe)
    trust = pipeline.common_trust(readings)
    for read in readings:
        alone = pipeline.measure_read(read, layout, recipe, trust)
        for a, b in zip(together[read.lane.id].bands, alone.bands, strict=True):
            assert a.net_density == pytest.approx(b.net_density, rel=1e-9)
            assert a.net_density_err == pytest.approx(b.net_density_err, rel=1e-6)
    first = together["l1"].bands[0]
    assert abs(first.net_density - volume) < 3 * first.net_density_err
    assert first.net_density_err < 0.02 * volume

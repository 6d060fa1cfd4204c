"""Lanes reach out over soft flanks into free room, and no further; what they cut off is told."""

import dataclasses

import numpy as np
import pytest

import blotquant as bq
from blotquant import Flag

PITCH, HALF, AMPLITUDE = 90, 20, 20_000


def blot_of(across, *, rows=(40, 100), height=140, seed=3):
    """Five lanes 90 px apart whose bands fall off sideways as `across` tells."""
    pixels = np.random.default_rng(seed).normal(1000, 10, (height, 5 * PITCH + 30))
    row, col = np.indices(pixels.shape)
    for k in range(5):
        section = across(np.abs(col - 60.0 - PITCH * k), k)
        for at in rows:
            pixels += AMPLITUDE * section * np.exp(-0.5 * ((row - at) / 4) ** 2)
    return bq.Blot(np.clip(pixels, 0, 65535).astype(np.uint16), polarity="light_on_dark")


def flat(far, _lane=0):
    return 1 / (1 + np.exp((far - HALF) / 1.0))


def soft(far, _lane=0):
    return np.exp(-1.6 * (far / HALF) ** 2)


def mixed(far, lane):
    """One lane of five is Gaussian across."""
    return soft(far) if lane == 2 else flat(far)


VOLUME = AMPLITUDE * 4 * (2 * np.pi) ** 0.5 * HALF * (np.pi / 1.6) ** 0.5


@pytest.mark.parametrize("height", [52, 140])
def test_a_soft_lane_among_flat_ones_holds_its_bands_and_the_others_stay_narrow(height):
    blot = blot_of(mixed, rows=(26,) if height == 52 else (40, 100), height=height)
    result = bq.analyze(blot)
    widths = [lane.width for lane in result.layout.lanes]
    assert len(widths) == 5
    assert widths[2] > 3.3 * HALF
    assert max(widths[:2] + widths[3:]) < 2.75 * HALF
    found = result.table[result.table["lane"] == 3]["net_density"]
    assert np.allclose(found, VOLUME, rtol=0.01)


def test_a_glow_beside_bands_widens_no_lane():
    def glowing(far, _lane):
        return flat(far) + 0.06 * np.exp(-far / 60)

    assert max(lane.width for lane in bq.detect(blot_of(glowing)).lanes) < 3 * HALF


def test_a_cloud_beside_the_weaker_band_of_a_lane_is_no_flank_of_it():
    plain = blot_of(flat, rows=(40, 40, 100))
    row, col = np.indices(plain.shape)
    beyond = np.clip(1 - (col - 60.0 - 4 * PITCH - HALF) / 40, 0, 1) * (col > 60 + 4 * PITCH + HALF)
    cloud = 0.25 * AMPLITUDE * beyond * np.exp(-0.5 * ((row - 100) / 6) ** 2)
    clouded = bq.Blot((plain.pixels + cloud).astype(np.uint16), polarity="light_on_dark")
    usual, last = (bq.detect(blot).lanes[-1].width for blot in (plain, clouded))
    assert usual < last + 1 < 1.25 * usual


def test_a_lane_narrower_than_its_bands_says_so():
    blot = blot_of(soft)
    layout = bq.detect(blot)
    narrow = dataclasses.replace(
        layout, lanes=tuple(dataclasses.replace(lane, width=2.2 * HALF) for lane in layout.lanes)
    )
    whole, cut = (bq.analyze(blot, layout=one).table for one in (layout, narrow))
    assert not whole["flags"].str.contains(str(Flag.EDGE_CUT)).any()
    assert cut["flags"].str.contains(str(Flag.EDGE_CUT)).all()
    assert (np.abs(cut["net_density"] - VOLUME) < 2.5 * cut["net_density_err"]).all()
    assert (cut["net_density"] < 0.97 * VOLUME).all()

"""A band's shape: its volume, its place, its limits."""

import numpy as np
import pytest
from scipy.stats import exponnorm

from blotquant.simulate import BlotSpec
from blotquant.simulate.band import BandShape, emg
from blotquant.simulate.geometry import Geometry


def make(**given):
    spec = BlotSpec(shape=(300, 300), lanes=3, lane_width=50, gap=20, lean=0.03, rotation=0.0)
    geometry = Geometry.draw(spec, np.random.default_rng(0))
    return BandShape(**{"geometry": geometry, "lane": 1, "place": 150.0, "sigma": 5.0} | given)


@pytest.mark.parametrize("tau", [-9.0, -0.3, 0.0, 2.0, 12.0])
def test_emg_is_scipys_exponnorm(tau):
    s = np.linspace(-80, 80, 801)
    expected = np.exp(-0.5 * (s / 4) ** 2) / (4 * np.sqrt(2 * np.pi))
    if tau:
        expected = exponnorm.pdf(np.sign(tau) * s, abs(tau) / 4, scale=4)
    np.testing.assert_allclose(emg(s, 4.0, tau), expected, rtol=1e-9, atol=1e-12)


def test_a_long_tail_does_not_overflow():
    values = emg(np.linspace(-500, 500, 1001), 2.0, 0.05)
    assert np.isfinite(values).all()
    assert values.sum() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    "given",
    [{}, {"tau": -6.0}, {"curvature": 4.0, "tilt": 0.1}, {"uneven": (0.3, -0.2), "blur": 1.5}],
)
def test_volume_is_one_and_nothing_is_left_outside_the_patch(given):
    pixels = make(**given).patch.pixels
    assert pixels.sum() == pytest.approx(1.0, rel=1e-12)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert border.max() < 1e-5 * pixels.max()


def test_start_and_stop_hold_the_stated_share_with_the_tail():
    band = make(tau=-8.0, blur=1.2)
    low, high = band.span()
    assert band.share_within(low, high) == pytest.approx(0.997, abs=1e-4)
    assert band.place - low > 1.5 * (high - band.place)
    # the picture says the same: sum of the middle column between start and stop
    patch = band.patch
    rows = np.arange(patch.pixels.shape[0]) + patch.top
    column = patch.pixels[:, patch.pixels.shape[1] // 2]
    held = column[(rows > low) & (rows < high)].sum() / column.sum()
    assert held == pytest.approx(0.997, abs=0.003)


def test_the_apex_is_the_highest_pixel_of_the_middle():
    band = make(tau=-6.0)
    row, _ = np.unravel_index(np.argmax(band.patch.pixels), band.patch.pixels.shape)
    assert row + band.patch.top == pytest.approx(band.apex, abs=0.6)


def test_width_is_the_full_width_at_half_maximum():
    band = make(edge=2.0)
    across = band.patch.pixels.sum(axis=0)
    assert (across > across.max() / 2).sum() == pytest.approx(band.geometry.widths[1], abs=1.5)


def test_box_follows_the_curvature():
    flat, bent = make().patch.box(), make(curvature=6.0).patch.box()
    assert bent[2] - flat[2] > 3
    assert bent[0] == pytest.approx(flat[0], abs=1.5)

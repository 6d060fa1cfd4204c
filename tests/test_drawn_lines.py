"""Strips of a figure, one below the other and parted by a thin drawn line, are panels."""

import numpy as np
import PIL.Image
import pytest

import blotquant as bq
from blotquant.membrane import find_panels

LANES, WIDTH, HEIGHT = 8, 640, 90


def strip(seed, noise):
    """One strip of eight lanes as a figure shows it: 0 to 255, dark bands."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    shown = np.full((HEIGHT, WIDTH), 236.0)
    for lane in range(LANES):
        across = 1 / (1 + np.exp((np.abs(columns - 80 * lane - 40) - 26) / 1.5))
        height = rng.uniform(60, 190)
        shown -= (
            height * across * np.exp(-0.5 * ((rows - HEIGHT / 2 - rng.uniform(-3, 3)) / 7) ** 2)
        )
    return shown + rng.normal(0, noise, shown.shape)


def figure(level, thick, *, noise=1.0, count=3):
    """Strips with a line of a level between them."""
    line = np.full((thick, WIDTH), float(level))
    parts = [part for k in range(count) for part in (strip(300 + k, noise), line)][:-1]
    return np.clip(np.rint(np.vstack(parts)), 0, 255).astype(np.uint8)


def loaded(folder, picture, name="figure.png", **how):
    PIL.Image.fromarray(picture).save(folder / name, **how)
    (blot,) = bq.load(folder / name)
    return blot


def lanes_of_panels(blot):
    layout = bq.detect(blot)
    return [sum(lane.panel_id == panel.id for lane in layout.lanes) for panel in layout.panels]


@pytest.mark.parametrize("noise", [0.0, 1.0, 4.0])
@pytest.mark.parametrize(("level", "thick"), [(255, 3), (0, 2), (128, 5)])
def test_each_strip_is_a_panel_with_its_own_lanes(tmp_path, level, thick, noise):
    blot = loaded(tmp_path, figure(level, thick, noise=noise))
    assert lanes_of_panels(blot) == [LANES] * 3
    edges = [[row for row, _ in panel.outline] for panel in find_panels(blot)]
    starts = [k * (HEIGHT + thick) for k in range(3)]
    for rows, start in zip(edges, starts, strict=True):
        assert start - 1 <= min(rows) < start + 4
        assert start + HEIGHT - 5 < max(rows) <= start + HEIGHT


@pytest.mark.parametrize(("level", "thick"), [(255, 4), (0, 3)])
def test_also_where_lossy_compression_spread_the_line(tmp_path, level, thick):
    blot = loaded(tmp_path, figure(level, thick), "figure.jpg", quality=85)
    assert lanes_of_panels(blot) == [LANES] * 3


def test_strips_of_sixteen_bits_are_parted_too(tmp_path):
    fine = figure(255, 3, noise=0.0).astype(np.uint16) * 200
    fine += np.random.default_rng(2).integers(0, 90, fine.shape, dtype=np.uint16)
    for k in (1, 2):
        fine[k * (HEIGHT + 3) - 3 : k * (HEIGHT + 3)] = 65535
    assert lanes_of_panels(loaded(tmp_path, fine, "figure.tif")) == [LANES] * 3


def test_a_line_two_px_thick_is_seen_in_a_large_picture(tmp_path):
    large = np.kron(figure(255, 2), np.ones((3, 3), np.uint8))
    large[3 * HEIGHT + 2 : 3 * HEIGHT + 6] = large[3 * HEIGHT - 1]  # of six px, two are left
    assert len(find_panels(loaded(tmp_path, large))) == 3


def test_densities_of_parted_strips_are_those_of_each_alone(tmp_path):
    """A black line is no band, nor any of the ground beside bands."""
    together = bq.analyze(loaded(tmp_path, figure(0, 3))).table
    for k in range(3):
        alone = np.clip(np.rint(strip(300 + k, 1.0)), 0, 255).astype(np.uint8)
        one = bq.analyze(loaded(tmp_path, alone)).table
        mine = together[together["panel"] == k + 1]
        assert len(mine) == len(one) == LANES
        ratio = mine["net_density"].to_numpy() / one["net_density"].to_numpy()
        assert ratio == pytest.approx(1.0, abs=0.03)


def test_what_a_camera_sees_is_no_drawn_line(tmp_path):
    plain = figure(255, 3, count=1)
    # a row of bands that fills the width, a scratch, and one line that ends in the middle
    filled = plain.copy()
    filled[60:63] = 40 + np.random.default_rng(1).integers(0, 30, (3, WIDTH))
    half = figure(255, 3, count=2)
    half[HEIGHT : HEIGHT + 3, WIDTH // 2 :] = half[HEIGHT - 1, WIDTH // 2 :]
    for picture in (plain, filled, half):
        assert len(find_panels(loaded(tmp_path, picture))) == 1

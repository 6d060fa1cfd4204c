"""Specks and scratches in a band are filled in and flagged; bands that lean or smile are none."""

from dataclasses import replace

import numpy as np
import pytest

import blotquant as bq
from blotquant import marks
from blotquant.densitometry import measure_lane
from blotquant.flags import Flag
from blotquant.model import Band, Blot, Lane
from blotquant.noise import NoiseModel
from blotquant.reading import read_sections
from blotquant.simulate import save, simulate

ROWS, COLS, READ = 240, 120, 20.0
LANE = Lane("a", "p", ((0, 59.5), (ROWS - 1, 59.5)), 60)
BAND = Band("a", "r", 90, 150)
NOISE = NoiseModel(READ**2, 0.0, 1e-12)
ROW, COL = np.mgrid[0:ROWS, 0:COLS]


def picture(tilt=0.0, seed=3):
    """A soft band of sigma 6 at row 120, falling by `tilt` rows a px, on a ground of 1000."""
    across = 1 / (1 + np.exp((np.abs(COL - 59.5) - 24) / 1.5))
    band = 4000 * np.exp(-0.5 * ((ROW - 120 - tilt * (COL - 59.5)) / 6) ** 2) * across
    noise = READ * np.random.default_rng(seed).standard_normal((ROWS, COLS))
    return 1000 + band + noise


def measured(pixels, lane=LANE):
    blot = Blot(pixels.astype(np.float32))
    (band,) = measure_lane(blot, lane, (BAND,), noise=NOISE).bands
    return band


def speck(row, col, radius, height=20000.0):
    return height * np.clip((radius - np.hypot(ROW - row, COL - col)) / 1.5 + 0.5, 0, 1)


def scratch(row, col, slope, height):
    """A line two px thick through a place, `slope` px down a column."""
    away = np.abs(COL - col - slope * (ROW - row)) / np.hypot(1, slope)
    return height * np.clip(1.5 - away, 0, 1)


@pytest.mark.parametrize(
    "mark",
    [
        speck(118, 50, 1.0),
        speck(125, 70, 3.5),
        speck(112, 61, 5.0, -3000.0),
        speck(120, 34, 2.5),
        scratch(120, 55, 0.4, 3000.0),
        scratch(120, 62, 1.5, -2500.0),
        speck(100, 40, 2.0) + speck(130, 75, 2.0) + scratch(120, 59, 0.0, 4000.0),
    ],
    ids=["hot pixel", "dust", "void", "dust at the edge", "scratch", "worn line", "several"],
)
def test_marks_are_left_out_and_flagged(mark):
    clean, dirty = measured(picture()), measured(picture() + mark)
    worth = abs(mark[90:150].sum()) / clean.net_density
    assert worth > 0.01
    assert dirty.net_density == pytest.approx(clean.net_density, rel=0.1 * worth + 0.002)
    assert Flag.ARTEFACT in dirty.flags
    assert Flag.ARTEFACT not in clean.flags
    assert abs(dirty.net_density - clean.net_density) < 3 * dirty.net_density_err
    assert dirty.net_density_err > 1.02 * clean.net_density_err


def test_bright_ends_are_the_bands_own():
    ends = sum(np.exp(-0.5 * ((COL - at) / 2.2) ** 2) for at in (38.4, 80.6))
    ears = 6000 * ends * np.exp(-0.5 * ((ROW - 120) / 6) ** 2)
    plain, own = measured(picture()), measured(picture() + ears)
    assert own.net_density - plain.net_density == pytest.approx(ears.sum(), rel=0.01)
    assert Flag.ARTEFACT not in own.flags
    dusty = measured(picture() + ears + speck(118, 60, 2.0))
    assert dusty.net_density == pytest.approx(own.net_density, rel=0.005)
    assert Flag.ARTEFACT in dusty.flags


@pytest.mark.parametrize("tilt", [0.0, 0.1, -0.3])
def test_marks_in_a_band_that_falls_to_one_side(tilt):
    clean = measured(picture(tilt))
    dirty = measured(picture(tilt) + speck(121, 55, 3.0) + speck(110, 75, 2.0))
    assert dirty.net_density == pytest.approx(clean.net_density, rel=0.01)
    assert Flag.ARTEFACT not in clean.flags


def test_marks_in_a_lane_that_leans():
    lane = replace(LANE, path=((0, 50.0), (ROWS - 1, 69.0)))
    shear = np.rint((ROW[:, 0] - 119.5) * 19 / 239).astype(int)

    def leaning(pixels):
        return np.stack([np.roll(row, by) for row, by in zip(pixels, shear, strict=True)])

    clean = measured(leaning(picture()), lane)
    dirty = measured(leaning(picture()) + speck(118, 50, 3.0), lane)
    assert dirty.net_density == pytest.approx(clean.net_density, rel=0.005)
    assert Flag.ARTEFACT in dirty.flags


def test_stored_levels_of_every_kind_are_cleaned():
    dirty = picture() + speck(118, 50, 3.0)
    whole = measured(np.rint(dirty)).net_density
    levels = np.clip(np.rint(dirty), 0, 65535)
    for dtype in (np.uint16, np.uint32):
        (band,) = measure_lane(Blot(levels.astype(dtype)), LANE, (BAND,), noise=NOISE).bands
        assert band.net_density == pytest.approx(whole, rel=0.002), dtype


def test_noise_alone_changes_nothing():
    blot = Blot(picture().astype(np.float32))
    assert read_sections(blot, LANE, NOISE).marks.taken.size == 0


@pytest.mark.parametrize("kind", ["clean", "lean", "s_bend", "touching_lanes", "strip_sloping"])
def test_clean_pictures_hold_no_marks(kind, tmp_path):
    (blot,) = bq.load(save(simulate(kind, 41), tmp_path, kind))
    assert not bq.analyze(blot).table["flags"].str.contains("ARTEFACT").any()


def test_systems_of_three_are_solved():
    rng = np.random.default_rng(5)
    half, right = rng.normal(size=(7, 3, 3)), rng.normal(size=(7, 3))
    whole = half @ half.transpose(0, 2, 1)
    entries = whole[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
    expected = np.linalg.solve(whole, right[:, :, None])[:, :, 0]
    assert marks._solved(entries, right) == pytest.approx(expected, rel=1e-6)

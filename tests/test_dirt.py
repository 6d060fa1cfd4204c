"""Specks and scratches are found on the whole picture; thin bands, doublets and gaps are not."""

import cv2
import numpy as np
import pytest

from blotquant.dirt import dirt_of
from blotquant.model import Blot
from blotquant.noise import NoiseModel

ROWS, COLS, READ = 260, 300, 20.0
NOISE = NoiseModel(READ**2, 0.0, 1e-12)
ROW, COL = np.mgrid[0:ROWS, 0:COLS]


def lanes(centres=(100,), sigma=4.0):
    """Four lanes of 50 px, 12 px apart, with bands at the given rows, on a ground of 1000."""
    across = sum(1 / (1 + np.exp((np.abs(COL - at) - 25) / 1.5)) for at in (50, 112, 174, 236))
    along = sum(np.exp(-0.5 * ((ROW - at) / sigma) ** 2) for at in centres)
    noise = READ * np.random.default_rng(3).standard_normal((ROWS, COLS))
    return 1000 + 6000 * across * along + noise


def line(start, stop, height):
    drawn = np.zeros((ROWS, COLS), np.uint8)
    cv2.line(drawn, start, stop, 255, 1, cv2.LINE_AA)
    return height * (drawn / 255.0)


def found(pixels):
    return dirt_of(Blot(pixels.astype(np.float32)), NOISE)


@pytest.mark.parametrize(
    "picture",
    [
        lanes((60, 140)),
        lanes((60, 140), sigma=1.5),
        lanes((100, 113), sigma=4.0),
        lanes((100, 109), sigma=2.8),
        lanes((70, 100), sigma=5.0),
    ],
    ids=["bands", "thin bands", "doublet", "close doublet", "near rows"],
)
def test_bands_are_no_marks(picture):
    specks = picture.copy()
    assert not found(picture).doubtful.any()
    # with a speck everything is looked for
    specks[200:205, 20:25] += 20000
    doubtful = found(specks).doubtful
    assert doubtful[202, 22]
    doubtful[195:212, 15:32] = False
    assert np.count_nonzero(doubtful) < 5


def test_bright_ends_and_dark_corners_are_no_marks():
    # more protein at the walls of each lane, bands that tilt, and light that falls off to a corner
    side = np.abs((COL - 50 + 31) % 62 - 31) / 25
    bands = (lanes((60, 140)) - 1000) * (1 + 0.5 * side**2)
    tilted = cv2.warpAffine(bands, np.float64([[1, 0, 0], [-0.12, 1, 20]]), (COLS, ROWS))
    light = -8.0 * np.maximum(ROW + COL - 420, 0)
    assert not found(1000 + bands).doubtful.any()
    assert not found(1000 + tilted).doubtful.any()
    assert not found(lanes((60, 140)) + light).doubtful.any()
    tilted[200:205, 20:25] += 6000
    assert found(1000 + tilted).doubtful[202, 22]


@pytest.mark.parametrize(
    ("start", "stop", "height"),
    [((20, 180), (280, 188), 4000), ((20, 60), (90, 160), -900), ((80, 20), (86, 240), 4000)],
    ids=["level", "slanting, worn", "steep"],
)
def test_scratches_are_taken_out(start, stop, height):
    clean = lanes()
    specks = clean.copy()
    specks[30:36, 270:276] += 20000
    marked = specks + line(start, stop, height)
    left = found(marked).signal - clean
    of_mark = np.abs(line(start, stop, height)) > 0.5 * abs(height)
    quiet = of_mark & (np.abs(ROW - 100) > 14)  # off the bands
    assert np.abs(left[quiet]).mean() < 0.05 * abs(height) + 2 * READ


def test_a_scratch_is_followed_onto_a_band():
    marked = lanes() + line((20, 116), (280, 92), 4000)
    marked[30:36, 270:276] += 20000
    doubtful = found(marked).doubtful
    on_line = line((20, 116), (280, 92), 1.0) > 0.5
    assert doubtful[on_line].mean() > 0.75

"""Bands Gaussian across, and along too or trailing: blots as a plain generator draws them."""

import numpy as np
import pytest
from scipy.stats import exponnorm

import blotquant as bq

PITCH, LANES, ROWS = 60, 8, 3


def blot(seed, share, trailing=0.0):
    """Lanes `PITCH` apart, bands of SD `share` of that across; volumes with their places.

    Of each band `trailing` has stayed behind, with a tail of three times its SD.
    """
    rng = np.random.default_rng(seed)
    row, col = np.mgrid[: 120 * ROWS + 80, : PITCH * (LANES + 1)]
    picture = 3000.0 + rng.uniform(0, 1) * col
    bands = []
    for lane in range(LANES):
        for k in range(ROWS):
            top, center = 100 + 120 * k + rng.normal(0, 2), PITCH * (lane + 1) + rng.normal(0, 1)
            across, along = share * PITCH * rng.uniform(0.95, 1.05), rng.uniform(3.5, 6)
            peak = 12_000 * np.exp(rng.normal(0, 0.5))
            here = np.exp(-0.5 * ((row - top) / along) ** 2)
            behind = exponnorm.pdf(top - row[:, :1], 3.0, scale=along)
            shape = (1 - trailing) * here + trailing * np.sqrt(2 * np.pi) * along * behind
            picture += peak * shape * np.exp(-0.5 * ((col - center) / across) ** 2)
            bands.append((top, center, 2 * np.pi * peak * across * along))
    noisy = 4 * rng.poisson(picture / 4) + rng.normal(0, 25, picture.shape)
    return bq.Blot(noisy.astype(np.float32)), bands


@pytest.mark.parametrize(("share", "most"), [(0.12, 0.004), (0.16, 0.004), (0.22, 0.015)])
def test_gaussian_bands_are_whole_and_their_errors_true(share, most):
    z, errors = [], []
    for seed in (1, 2):
        drawn, bands = blot(seed, share)
        result = bq.analyze(drawn)
        assert len(result.layout.lanes) == LANES
        table = result.table
        for top, center, volume in bands:
            away = np.hypot(table["center_row"] - top, table["center_col"] - center)
            found = table.loc[away.idxmin()]
            assert away.min() < 8  # an outermost lane reaches further out than in
            errors.append(found["net_density"] / volume - 1)
            z.append((found["net_density"] - volume) / found["net_density_err"])
    assert abs(np.median(errors)) < 0.0025
    assert np.median(np.abs(errors)) < most
    assert 0.6 < 1.4826 * np.median(np.abs(z - np.median(z))) < 1.6
    assert np.mean(np.abs(z) < 2) > 0.85


def test_bands_that_trail_are_followed_to_their_end():
    errors = []
    drawn, bands = blot(3, 0.12, trailing=0.4)
    table = bq.analyze(drawn).table
    for top, center, volume in bands:
        away = np.hypot(table["center_row"] - top, table["center_col"] - center)
        errors.append(table.loc[away.idxmin(), "net_density"] / volume - 1)
    assert abs(np.median(errors)) < 0.03

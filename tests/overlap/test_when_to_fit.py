"""When a fit of overlapping bands is used, and when the sums at the valley stay."""

from types import SimpleNamespace

import numpy as np
import pytest

from blotquant.overlap import _doubt, _exchanged
from blotquant.peak_choice import best_fit
from blotquant.peak_fit import Stretch
from blotquant.simulate.band import emg

X = np.arange(90.0)


def fitted(centers, areas, *, sigma=5.0, halo=0.0):
    """A pair whose bands trail a broad foot that no formula holds, and its fit."""
    rng = np.random.default_rng(4)
    clean = sum(
        a * ((1 - halo) * emg(X - c, sigma, 0.0) + halo * emg(X - c, 3 * sigma, 0.0))
        for c, a in zip(centers, areas, strict=True)
    )
    variance = 40.0**2 + clean
    above = clean + rng.standard_normal(X.size) * np.sqrt(variance)
    stretch = Stretch(X, above, variance, 8.0)
    return stretch, best_fit(stretch, np.array(centers), sigma)


def limits(*ends):
    return [SimpleNamespace(band=SimpleNamespace(start=a, stop=b)) for a, b in ends]


def test_a_close_pair_is_fitted():
    _, fit = fitted((38.0, 51.0), (1e5, 6e4))
    assert _doubt(fit, limits((20, 45), (45, 70))) == ""


def test_a_band_put_elsewhere_is_not_believed():
    _, fit = fitted((38.0, 51.0), (1e5, 6e4))
    assert "none was found" in _doubt(fit, limits((20, 57), (57, 70)))


def test_sums_stay_where_bands_hardly_overlap_and_have_another_shape():
    _, fit = fitted((28.0, 60.0), (1e5, 6e4), halo=0.15)
    assert fit.unexplained > 0.008
    assert "less than the fit leaves" in _doubt(fit, limits((10, 44), (44, 80)))


def test_what_sums_exchange_is_the_tails_beyond_the_valley():
    _, fit = fitted((38.0, 51.0), (1e5, 6e4))
    inside = (X >= 20) & (X < 45), (X >= 45) & (X < 71)
    sums = np.array([fit.curves[:, rows].sum() for rows in inside])
    away = _exchanged(fit, limits((20, 45), (45, 71)))
    assert sums - away == pytest.approx(fit.areas, rel=0.005)
    assert away[0] == pytest.approx(-away[1], rel=1e-6)

"""Quantiles without NumPy's overhead are NumPy's quantiles."""

import numpy as np
import pytest

from blotquant.order import median, medians_down, quantile, quantiles, quantiles_along


@pytest.mark.parametrize("size", [1, 2, 7, 40])
@pytest.mark.parametrize("share", [0.0, 0.33, 0.5, 0.85, 1.0])
def test_quantiles_are_those_of_numpy(size, share):
    values = np.random.default_rng(size).normal(size=(5, size))
    assert quantile(values, share) == pytest.approx(np.quantile(values, share))
    shares = (0.1, share, 0.8)
    np.testing.assert_allclose(quantiles(values, shares), np.quantile(values, shares))
    np.testing.assert_allclose(quantiles_along(values, share), np.quantile(values, share, axis=1))
    assert median(values) == pytest.approx(np.median(values))
    np.testing.assert_allclose(medians_down(values), np.median(values, axis=0))

"""Beside ImageJ: its numbers with its lanes and limits, and nearer to the truth without them."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from parts.imagej import NAMES, automatic, error, read_golden, with_given_layout


@pytest.fixture(scope="module", params=NAMES)
def golden(request):
    return read_golden(request.param)


def test_the_golden_set_is_whole(golden):
    assert len(golden.bands) >= 16
    assert (golden.planted > 0).all()
    assert len(golden.layout.lanes) >= 8
    assert golden.blot.polarity == (
        "dark_on_light" if golden.name != "light_on_dark" else golden.name
    )


def test_valley_is_imagejs_gel_analyzer(golden):
    net = with_given_layout(golden, "valley")
    np.testing.assert_allclose(net, golden.volume_exact, rtol=1e-6)


def test_the_automatic_default_is_nearer_to_the_truth(golden):
    own = error(automatic(golden), golden.planted)
    for imagej in (golden.volume_exact, golden.rolling_ball):
        theirs = error(imagej, golden.planted)
        assert np.median(own) < np.median(theirs)
        assert own.mean() < theirs.mean()


def test_every_band_is_found(golden):
    assert np.isfinite(automatic(golden)).all()


def test_nearer_over_all_images():
    blots = [read_golden(name) for name in NAMES]
    own = np.concatenate([error(automatic(blot), blot.planted) for blot in blots])
    theirs = np.concatenate([error(blot.volume_exact, blot.planted) for blot in blots])
    assert np.median(own) < 0.5 * np.median(theirs)
    assert np.quantile(own, 0.95) < 0.5 * np.quantile(theirs, 0.95)

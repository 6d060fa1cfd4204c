"""Bands with long, even or compressed tops are one; two bands that show as two stay two."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

import blotquant as bq
from blotquant.flat_tops import with_whole_tops
from blotquant.peak import Peak

X = np.arange(200.0)
SIGMA = 6.0


def peaks_at(*rows):
    return [Peak(row, SIGMA, 50.0, 1.0, 1.0, SIGMA) for row in rows]


def gaussians(apart, second=1.0):
    return np.exp(-0.5 * ((X - 100 + apart / 2) / SIGMA) ** 2) + second * np.exp(
        -0.5 * ((X - 100 - apart / 2) / SIGMA) ** 2
    )


def even(length, soft):
    return ndtr((X - 100 + length / 2) / soft) - ndtr((X - 100 - length / 2) / soft)


@pytest.mark.parametrize("soft", [2.0, 4.0, 6.0])
def test_the_ends_of_a_flat_top_are_one_peak(soft):
    (whole,) = with_whole_tops(even(44, soft), np.full(X.size, 0.005), peaks_at(85.0, 115.0))
    assert whole.row == pytest.approx(100, abs=0.5)
    assert whole.thickness > SIGMA
    # cut in three, too
    assert len(with_whole_tops(even(44, 2.0), np.full(X.size, 0.005), peaks_at(84, 100, 116))) == 1


@pytest.mark.parametrize("apart", [1.8, 2.0, 2.2, 2.4, 2.7, 3.2, 5.0])
@pytest.mark.parametrize("second", [1.0, 0.85, 0.6])
def test_two_bands_stay_two(apart, second):
    places = 100 - apart * SIGMA / 2, 100 + apart * SIGMA / 2
    found = with_whole_tops(
        gaussians(apart * SIGMA, second), np.full(X.size, 0.001), peaks_at(*places)
    )
    assert len(found) == 2


def test_noise_that_hides_a_dip_joins_nothing():
    places = 100 - 1.2 * SIGMA, 100 + 1.2 * SIGMA
    found = with_whole_tops(gaussians(2.4 * SIGMA), np.full(X.size, 0.2), peaks_at(*places))
    assert len(found) == 2


def membrane(along, seed):
    """Five lanes with a band each of a shape along the lane, and a narrow one below."""
    rng = np.random.default_rng(seed)
    row, col = np.mgrid[:300, :340]
    across = np.clip((24 - np.abs((col - 10) % 64 - 32)) / 6, 0, 1) * (col >= 10) * (col < 330)
    below = np.exp(-0.5 * ((row - 240) / SIGMA) ** 2)
    strength = 20_000 * np.exp(rng.normal(0, 0.3, 5)).repeat(64)[np.clip(col - 10, 0, 319)]
    picture = 2000 + strength * across * (along(row - 100.0) + below)
    return bq.Blot((picture + rng.normal(0, 40, row.shape)).astype(np.float32))


@pytest.mark.parametrize(
    "along",
    [
        lambda x: ndtr((x + 22) / 3) - ndtr((x - 22) / 3),
        lambda x: -np.expm1(-3 * np.exp(-0.5 * (x / 7) ** 2)),
        lambda x: -np.expm1(-1.2 * np.exp(-0.5 * (x / np.where(x < 0, 7, 8)) ** 2)),
    ],
    ids=["even", "strongly_compressed", "compressed"],
)
def test_thick_and_compressed_bands_are_one(along):
    result = bq.analyze(membrane(along, 1))
    assert len(result.layout.lanes) == 5
    assert (~result.table["flags"].str.contains("BELOW_DETECTION|OVERLAP")).sum() == 10


def test_flanks_of_no_length_are_no_error():
    cut = np.where(np.abs(X - 100) < 15, 1e-18, -1.0)
    assert len(with_whole_tops(cut, np.zeros(X.size), peaks_at(90.0, 110.0))) == 1


def test_the_ground_that_bands_stand_on_is_no_top_of_theirs():
    haze = even(120, 3.0) + np.exp(-0.5 * ((X - 130) / 2) ** 2)
    peaks = peaks_at(80.0, 100.0, 130.0)  # the last is a band; the top of the others passes it
    assert with_whole_tops(haze, np.full(X.size, 0.001), peaks) == peaks


@given(
    st.lists(st.floats(0, 199), min_size=2, max_size=8),
    st.lists(st.sampled_from([0.0, 0.1, 0.95, 1.0, 2.0]), min_size=5, max_size=20),
)
def test_peaks_stay_in_order(rows, heights):
    smooth = np.interp(X, np.linspace(0, X.size - 1, len(heights)), heights)
    found = with_whole_tops(smooth, np.full(X.size, 0.01), peaks_at(*sorted(rows)))
    assert [peak.row for peak in found] == sorted(peak.row for peak in found)

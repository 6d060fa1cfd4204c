"""What is expected of every background method, as a test class to be subclassed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from .. import registry
from ..baseline import Baseline, LaneView
from ..densitometry import measure_lane
from ..model import Band, Blot, Lane, Profile
from ..noise import NoiseModel
from ..reading import read_lane
from ..recipe import BackgroundSettings, Recipe

__all__ = ["BackgroundContract"]

_ROWS, _COLS, _CENTER, _WIDTH = 240, 60, 29.5, 30.0
_LEVEL, _NOISE, _PEAK = 500.0, 20.0, 2000.0
_BANDS = ((60.0, 90.0), (140.0, 175.0))
_QUIET = NoiseModel(_NOISE**2, 0.0, 0.0)


class BackgroundContract:
    """Subclass it as ``TestMyBackground``, set `name`, and run pytest.

    Attributes
    ----------
    name : str
        Name of the method's entry point in the group ``blotquant.backgrounds``.
    follows_level : bool
        Whether the method finds the level of a lane; False for one that subtracts nothing or
        something fixed.

    Examples
    --------
    >>> class TestMyBackground(BackgroundContract):
    ...     name = "lowest"
    """

    name: str
    follows_level: bool = True

    @pytest.fixture
    def method(self) -> Callable[[LaneView, BackgroundSettings], Baseline]:
        """The method, as the pipeline finds it."""
        found: Callable[[LaneView, BackgroundSettings], Baseline]
        found = registry.get("backgrounds", self.name)
        return found

    @pytest.fixture
    def view(self) -> LaneView:
        """A lane with two bands on a flat membrane."""
        return _view()

    def test_is_registered(self) -> None:
        """The name is known, and names something to be called."""
        assert self.name in registry.names("backgrounds")
        assert callable(registry.get("backgrounds", self.name))

    def test_gives_one_level_a_row_and_one_variance_a_band(
        self, method: Callable[..., Baseline], view: LaneView
    ) -> None:
        """Finite, of the profile's shape, and no variance below 0."""
        _check(method(view, BackgroundSettings()), view)

    @pytest.mark.parametrize(
        "bands",
        [
            (),
            ((100.0, 101.0),),
            ((60.3, 90.7), (90.7, 130.2)),
            ((-8.0, 12.0), (225.0, 250.0)),
            ((-0.5, 239.5),),
            tuple((k, k + 8.0) for k in range(0, 240, 10)),
        ],
        ids=["none", "narrow", "touching", "over the ends", "everywhere", "crowded"],
    )
    def test_any_bands_will_do(
        self, method: Callable[..., Baseline], bands: tuple[tuple[float, float], ...]
    ) -> None:
        """Also none at all, and no row free of them."""
        view = _view(bands=bands)
        _check(method(view, BackgroundSettings()), view)

    def test_a_lane_over_the_edge_will_do(self, method: Callable[..., Baseline]) -> None:
        """Half of it beside the picture."""
        view = _view(top=0.0, bottom=0.0)
        _check(method(view, BackgroundSettings()), view)

    def test_a_lane_that_leaves_the_picture_will_do(self, method: Callable[..., Baseline]) -> None:
        """It leans, and in its upper rows, where the first band is, no pixel is in the picture."""
        for bands in (_BANDS, _BANDS[:1]):
            view = _view(bands=bands, top=-60.0, bottom=_CENTER)
            _check(method(view, BackgroundSettings()), view)

    def test_a_picture_without_noise_will_do(self, method: Callable[..., Baseline]) -> None:
        """A canvas drawn by a program has no scatter at all."""
        view = _view(noise=0.0, peak=0.0)
        _check(method(view, BackgroundSettings()), view)

    def test_leaves_its_input_alone(self, method: Callable[..., Baseline], view: LaneView) -> None:
        """Arrays are handed over read-only, and nothing is written to them or their copies."""
        before = view.profile.intensity.copy(), view.profile.variance.copy()
        baseline = method(view, BackgroundSettings())
        np.testing.assert_array_equal(view.profile.intensity, before[0])
        np.testing.assert_array_equal(view.profile.variance, before[1])
        assert not np.shares_memory(baseline.level, view.profile.intensity)

    def test_says_the_same_twice(self, method: Callable[..., Baseline], view: LaneView) -> None:
        """To the last bit, and from several threads at once."""
        first = method(view, BackgroundSettings())
        with ThreadPoolExecutor(3) as pool:
            others = list(pool.map(lambda _: method(view, BackgroundSettings()), range(6)))
        for other in others:
            np.testing.assert_array_equal(first.level, other.level)
            np.testing.assert_array_equal(first.variance, other.variance)
            assert first.band_variance == other.band_variance

    def test_grows_with_the_picture(self, method: Callable[..., Baseline], view: LaneView) -> None:
        """Grey levels twice as high give a baseline twice as high, and four times the variance."""
        once = method(view, BackgroundSettings())
        twice = method(_view(scale=2.0), BackgroundSettings())
        np.testing.assert_allclose(twice.level, 2 * once.level, rtol=1e-3)
        np.testing.assert_allclose(
            twice.band_variance, 4 * np.array(once.band_variance), rtol=0.05, atol=1e-6
        )

    def test_finds_the_level_of_a_flat_lane(self, method: Callable[..., Baseline]) -> None:
        """With no band there, within a few times the noise of a row, everywhere."""
        if not self.follows_level:
            return
        view = _view(peak=0.0)
        level = method(view, BackgroundSettings()).level
        row_noise = _NOISE * np.sqrt(_WIDTH)
        assert np.abs(level - _LEVEL * _WIDTH).max() < 5 * row_noise

    def test_stays_under_the_bands(self, method: Callable[..., Baseline], view: LaneView) -> None:
        """It is nearer to the membrane's level than to the bands' tops."""
        if not self.follows_level:
            return
        level = method(view, BackgroundSettings()).level
        for start, stop in view.bands:
            inside = (view.profile.position >= start) & (view.profile.position <= stop)
            above = (level[inside] - _LEVEL * _WIDTH).mean() / (_PEAK * _WIDTH)
            assert abs(above) < 0.1

    def test_rises_with_the_membrane(self, method: Callable[..., Baseline], view: LaneView) -> None:
        """A constant added to all pixels is added to the baseline."""
        if not self.follows_level:
            return
        before = method(view, BackgroundSettings()).level
        after = method(_view(level=_LEVEL + 1000.0), BackgroundSettings()).level
        np.testing.assert_allclose(after - before, 1000.0 * _WIDTH, rtol=1e-3)

    def test_measures_bands_by_its_name(self, view: LaneView) -> None:
        """The recipe's name leads to it, and the numbers that come out are finite."""
        bands = [Band("lane", f"{k}", *limits) for k, limits in enumerate(view.bands)]
        recipe = Recipe.of(background=self.name)
        for band in measure_lane(view.blot, view.lane, bands, recipe, noise=_QUIET).bands:
            assert np.isfinite([band.net_density, band.net_density_err, band.snr]).all()
            assert band.net_density_err > 0
            assert band.net_density == pytest.approx(band.integrated_density - band.background)


def _view(
    *,
    bands: tuple[tuple[float, float], ...] = _BANDS,
    top: float = _CENTER,
    bottom: float = _CENTER,
    level: float = _LEVEL,
    noise: float = _NOISE,
    peak: float = _PEAK,
    scale: float = 1.0,
) -> LaneView:
    """A lane, its arrays read-only, of a flat membrane with bands of Gaussian shape."""
    rng = np.random.default_rng(1)
    rows, cols = np.arange(_ROWS)[:, None], np.arange(_COLS)[None, :]
    across = np.exp(-(((cols - _CENTER) / (0.4 * _WIDTH)) ** 8))
    signal = level + noise * rng.standard_normal((_ROWS, _COLS))
    for start, stop in _BANDS:
        sigma = (stop - start) / 7
        signal += peak * np.exp(-0.5 * ((rows - (start + stop) / 2) / sigma) ** 2) * across
    blot = Blot((scale * signal).astype(np.float32))
    lane = Lane("lane", "panel", ((0.0, top), (_ROWS - 1.0, bottom)), _WIDTH)
    model = NoiseModel((scale * noise) ** 2, 0.0, 1e-12)
    profile = read_lane(blot, lane, model)
    arrays = (profile.position, profile.intensity, profile.variance, profile.width)
    return LaneView(blot, lane, Profile(*map(_read_only, arrays)), bands)


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def _check(baseline: Baseline, view: LaneView) -> None:
    """What holds for every baseline."""
    assert isinstance(baseline, Baseline)
    for values in (baseline.level, baseline.variance):
        assert values.shape == view.profile.position.shape
        assert np.isfinite(values).all()
    assert (baseline.variance >= 0).all()
    assert len(baseline.band_variance) == len(view.bands)
    assert np.isfinite(baseline.band_variance).all()
    assert all(variance >= 0 for variance in baseline.band_variance)
    assert np.isfinite(baseline.scale)
    assert baseline.scale >= 0

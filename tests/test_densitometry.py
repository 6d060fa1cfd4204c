"""A planted band comes back with its error, and the flags say what is odd about it."""

import io
from dataclasses import dataclass, replace

import numpy as np
import PIL.Image
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from blotquant.boxes import Boxes
from blotquant.densitometry import measure_lane, read_background
from blotquant.edges import Edges
from blotquant.errors import RecipeError
from blotquant.flags import Flag
from blotquant.model import Band, Blot, Lane
from blotquant.noise import NoiseModel
from blotquant.reading import row_weights
from blotquant.recipe import Recipe
from blotquant.signal import SignalMap
from blotquant.uncertainty import across_error, standard_errors

ROWS, COLS, GROUND = 300, 120, 1000.0
LANE = Lane("a", "p", ((0, 59.5), (ROWS - 1, 59.5)), 50)


@dataclass(frozen=True)
class Planted:
    """Bands (row, sigma, height) in a lane of 40 px around column 59.5, and noise."""

    bands: tuple[tuple[float, float, float], ...] = ((150.0, 6.0, 2000.0),)
    read: float = 20.0
    gain: float = 0.0
    seed: int = 0
    ground: float = GROUND

    def signal(self):
        rows = np.arange(ROWS)[:, None]
        across = np.zeros(COLS)
        across[40:80] = 1
        return sum(
            height * np.exp(-0.5 * ((rows - row) / sigma) ** 2) * across
            for row, sigma, height in self.bands
        )

    def volume(self, index=0):
        _, sigma, height = self.bands[index]
        return 40 * height * sigma * np.sqrt(2 * np.pi)

    def blot(self, **more):
        rng = np.random.default_rng(self.seed)
        level = self.ground + self.signal() + np.zeros((ROWS, COLS))
        noise = np.sqrt(self.read**2 + self.gain * level) * rng.standard_normal((ROWS, COLS))
        return Blot((level + noise).astype(np.float32), **more)

    def noise(self):
        return NoiseModel(self.read**2, self.gain, 1e-12)


def band(row=150.0, sigma=6.0, **more):
    return Band("a", "r", row - 4 * sigma, row + 4 * sigma, **more)


def measured(planted=Planted(), bands=(band(),), lane=LANE, lanes=(), blot=None, **settings):  # noqa: B008
    blot = blot or planted.blot()
    recipe = Recipe.of(**settings)
    return measure_lane(blot, lane, bands, recipe, noise=planted.noise(), lanes=lanes)


def one(*args, **more):
    (only,) = measured(*args, **more).bands
    return only


# --- the numbers


@pytest.mark.parametrize("height", [300.0, 2000.0, 30000.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_planted_band_is_measured_within_its_error(height, seed):
    planted = Planted(((150.0, 6.0, height),), seed=seed)
    found = one(planted)
    assert abs(found.net_density - planted.volume()) < 3 * found.net_density_err
    assert found.net_density_err < 0.02 * planted.volume() + 6000
    assert found.center_row == pytest.approx(150, abs=0.3)
    assert found.center_col == pytest.approx(59.5)
    assert found.flags == Flag.NONE


def test_true_values_lie_within_the_errors_as_often_as_they_should():
    z = []
    for seed in range(120):
        planted = Planted(((150.0, 6.0, 60.0),), seed=seed)
        found = one(planted)
        z.append((found.net_density - planted.volume()) / found.net_density_err)
    # a little cautious: these limits are exactly right, and the error allows for their placing
    assert 0.6 < np.std(z) < 1.2
    assert abs(np.mean(z)) < 0.35
    assert 0.6 < np.mean(np.abs(z) < 1) < 0.9
    assert np.mean(np.abs(z) < 2) > 0.9


def test_integrated_is_background_and_net():
    planted = Planted()
    found = one(planted)
    assert found.net_density == pytest.approx(found.integrated_density - found.background)
    assert found.area == pytest.approx(50 * 48)
    assert found.height == pytest.approx(48)
    assert found.width == pytest.approx(50)
    assert found.background == pytest.approx(GROUND * found.area, rel=0.002)
    inside = planted.blot().pixels[126:175, 35:85].astype(float)
    rows = np.ones(49)
    rows[[0, -1]] = 0.5  # limits at pixel centres
    assert found.integrated_density == pytest.approx((rows @ inside).sum(), rel=1e-6)


def test_a_fraction_of_a_row_counts_in_proportion():
    flat = Planted(((150.0, 6.0, 0.0),), read=0.0)
    part = one(flat, (Band("a", "r", 99.75, 105.25),), background="none")
    assert part.integrated_density == pytest.approx(5.5 * 50 * GROUND)
    assert part.net_density == part.integrated_density


def test_peak_height_is_above_the_baseline():
    # 40 of the lane's 50 px hold the band
    assert one().peak_height == pytest.approx(2000 * 40 / 50, rel=0.02)


def test_twice_the_signal_is_twice_the_density_and_twice_the_error():
    planted = Planted()
    blot = planted.blot()
    once = measure_lane(blot, LANE, (band(),), noise=NoiseModel(400.0, 0.0, 0.0))
    double = Blot(2 * blot.pixels)
    twice = measure_lane(double, LANE, (band(),), noise=NoiseModel(1600.0, 0.0, 0.0))
    for name in (
        "net_density",
        "integrated_density",
        "background",
        "net_density_err",
        "detection_limit",
        "peak_height",
    ):
        assert getattr(twice.bands[0], name) == pytest.approx(
            2 * getattr(once.bands[0], name), rel=1e-6
        )
    assert twice.bands[0].snr == pytest.approx(once.bands[0].snr, rel=1e-6)


def test_the_error_grows_with_noise_shot_noise_and_length():
    plain = one(Planted(((150.0, 6.0, 300.0),)))
    noisy = one(Planted(((150.0, 6.0, 300.0),), read=80.0))
    assert noisy.net_density_err == pytest.approx(4 * plain.net_density_err, rel=0.3)
    shot = one(Planted(((150.0, 6.0, 3000.0),), gain=2.0))
    assert shot.net_density_err > one(Planted(((150.0, 6.0, 3000.0),))).net_density_err
    long = one(Planted(((150.0, 6.0, 300.0),)), (Band("a", "r", 80, 220),))
    assert long.net_density_err > 1.5 * plain.net_density_err


def test_a_curve_that_few_free_rows_told_is_less_sure():
    # the same rows under the same curve; only how long a band is against what is free differs
    reading = read_background(Planted().blot(), LANE, [band()], Recipe(), noise=Planted().noise())
    few, many = (
        replace(reading, baseline=replace(reading.baseline, stretches=stretches))
        for stretches in (5.0, 40.0)
    )
    assert reading.baseline.stretches == pytest.approx(ROWS / 48, abs=1.2)
    assert few.bridging == pytest.approx(5 / 3 * _of_alike(reading))
    assert many.bridging == pytest.approx(1 / 0.95 * _of_alike(reading))
    alike = replace(many, baseline=replace(many.baseline, correlation=0.5))
    assert alike.bridging == pytest.approx(3 / 0.95)
    opposed = replace(many, baseline=replace(many.baseline, correlation=-0.5))
    assert opposed.bridging == pytest.approx(1 / 0.95)
    both = Boxes.of([(few, [band()]), (many, [band()])])
    errors = np.transpose(standard_errors(both, np.array([1e6, 1e6]), Edges.of(both)))
    assert errors[0][0] > errors[1][0]
    assert errors[0][1] == errors[1][1]  # whether a band is there is another question


def _of_alike(reading):
    correlation = max(reading.baseline.correlation, 0.0)
    return (1 + correlation) / (1 - correlation)


def test_bands_side_by_side_are_what_each_is_in_its_lane():
    # one within its lane, one that covers parts of two rows, two that reach beyond its ends
    limits = [(120.3, 171.9), (200.6, 201.1), (-9.0, 14.5), (290.2, 310.0)]
    whole = [Band("a", f"r{k}", *ends) for k, ends in enumerate(limits)]
    short = replace(LANE, path=((20, 59.5), (250, 59.5)))
    blot, noise = Planted().blot(), Planted().noise()
    lanes = [
        (read_background(blot, lane, own, Recipe(), noise=noise), own)
        for lane, own in ((LANE, whole), (short, whole[:2]))
    ]
    boxes = Boxes.of(lanes)
    sums = boxes.sums(boxes.of_rows(lambda reading: reading.profile.intensity))
    ends = boxes.at_limits(lambda reading: reading.profile.intensity).T
    each = [(reading.profile, one) for reading, own in lanes for one in own]
    for (profile, one), total, at in zip(each, sums, ends, strict=True):
        weights = row_weights(profile.position, one.start, one.stop)
        assert total == pytest.approx(weights @ profile.intensity)
        at_limits = np.interp((one.start, one.stop), profile.position, profile.intensity)
        assert at == pytest.approx(at_limits)


def test_both_edges_that_cut_a_band_cost_more_than_one():
    planted = Planted(((150.0, 6.0, 30000.0),))
    whole, right, both = (
        one(planted, lane=replace(LANE, path=((0, middle), (ROWS - 1, middle)), width=width))
        for middle, width in ((59.5, 50), (44.5, 30), (59.5, 30))
    )
    assert whole.net_density_err < 0.2 * right.net_density_err
    assert right.net_density_err < 0.8 * both.net_density_err


def test_a_lane_with_one_band_was_placed_by_it():
    narrow = replace(LANE, width=30)
    # where nobody is beside, what is cut off is missing, wherever the lane was placed
    beside = tuple(
        replace(narrow, id=f"beside-{at}", path=tuple((row, col + at) for row, col in narrow.path))
        for at in (-30, 30)
    )
    blot, noise = Planted().blot(), Planted().noise()
    alone, together = (
        across_error(
            replace(read_background(blot, narrow, bands, Recipe(), noise=noise), beside=beside),
            bands[0],
        )
        for bands in ([band()], [band(), band(250.0)])
    )
    assert alone == pytest.approx(together / np.sqrt(2), rel=0.02)


def test_signal_to_noise_leaves_the_bands_own_shot_noise_out():
    weak, strong = (one(Planted(((150.0, 6.0, h),), gain=2.0)) for h in (300.0, 30000.0))
    assert strong.detection_limit == pytest.approx(weak.detection_limit, rel=0.1)
    assert strong.snr == pytest.approx(100 * weak.snr, rel=0.1)
    assert strong.net_density_err > 3 * weak.net_density_err


def test_the_noise_is_estimated_where_it_is_not_given():
    planted = Planted()
    own = measure_lane(planted.blot(), LANE, (band(),)).bands[0]
    assert own.net_density == pytest.approx(one(planted).net_density, rel=1e-3)
    assert own.net_density_err == pytest.approx(one(planted).net_density_err, rel=0.25)


def test_bands_come_from_the_well_down_in_any_order():
    planted = Planted(((80.0, 6.0, 2000.0), (200.0, 6.0, 500.0)))
    bands = (band(80.0), band(200.0))
    down, up = measured(planted, bands), measured(planted, bands[::-1])
    assert down.bands == up.bands
    assert [one.band for one in down.bands] == list(bands)
    for index, found in enumerate(down.bands):
        assert abs(found.net_density - planted.volume(index)) < 3 * found.net_density_err


def test_a_lanes_total_is_all_above_its_baseline():
    planted = Planted(((80.0, 6.0, 2000.0), (200.0, 6.0, 500.0)))
    lane = measured(planted, (band(80.0), band(200.0)))
    assert lane.total_density == pytest.approx(planted.volume(0) + planted.volume(1), rel=0.02)
    assert lane.profile.position.size == lane.baseline.size == lane.baseline_variance.size == ROWS


def test_a_lane_without_bands_is_measured():
    lane = measured(Planted(((150.0, 6.0, 0.0),)), ())
    assert lane.bands == ()
    assert abs(lane.total_density) < 5 * 20 * np.sqrt(50 * ROWS)


def test_a_method_that_is_not_there_is_refused():
    with pytest.raises(RecipeError, match="'vally' is not one of the backgrounds"):
        measured(background="vally")


# --- the flags


def test_a_band_that_is_not_there_is_below_detection_with_a_limit():
    blank = Planted(((150.0, 6.0, 0.0),))
    for seed in range(4):
        found = one(replace(blank, seed=seed), (band(detected=False),))
        assert Flag.BELOW_DETECTION in found.flags
        assert abs(found.net_density) < found.detection_limit
        assert found.detection_limit > 0
        assert found.center_row == pytest.approx(150)
    weak = replace(blank, bands=((150.0, 6.0, found.detection_limit / 8 / 600),))
    assert Flag.BELOW_DETECTION in one(weak).flags


def test_the_limit_is_the_sensitivity_times_the_error_without_a_band():
    blank = Planted(((150.0, 6.0, 0.0),))
    five, ten = one(blank), one(blank, sensitivity=10.0)
    assert ten.detection_limit == pytest.approx(2 * five.detection_limit)
    assert five.detection_limit == pytest.approx(5 * five.net_density_err, rel=0.5)
    assert five.snr == pytest.approx(five.net_density / (five.detection_limit / 5))


def test_a_band_above_the_limit_is_not_below_detection():
    planted = Planted(((150.0, 6.0, 0.0),))
    limit = one(planted).detection_limit
    height = 2 * limit / (40 * 6 * np.sqrt(2 * np.pi))
    assert Flag.BELOW_DETECTION not in one(Planted(((150.0, 6.0, height),))).flags


def test_a_negative_net_is_kept():
    hole = Planted(((150.0, 6.0, -300.0),))
    found = one(hole)
    assert found.net_density == pytest.approx(hole.volume(), rel=0.1)
    assert Flag.NEGATIVE_NET in found.flags
    assert Flag.BELOW_DETECTION in found.flags


def test_saturated_pixels_are_counted_by_their_area():
    mask = np.zeros((ROWS, COLS), bool)
    mask[145:155, 50:60] = True
    found = one(blot=Planted().blot(saturated=mask))
    assert found.saturated_fraction == pytest.approx(100 / (48 * 50))
    assert Flag.SATURATED in found.flags
    elsewhere = np.roll(mask, 100, axis=0)
    found = one(blot=Planted().blot(saturated=elsewhere))
    assert found.saturated_fraction == 0
    assert Flag.SATURATED not in found.flags


@pytest.mark.parametrize(("row", "cut"), [(10.0, True), (150.0, False), (290.0, True)])
def test_a_band_over_the_end_of_its_lane_is_cut(row, cut):
    planted = Planted(((row, 6.0, 2000.0),))
    assert (Flag.EDGE_CUT in one(planted, (band(row),)).flags) == cut


def test_a_lane_over_the_edge_is_cut():
    over = replace(LANE, path=((0, 20), (ROWS - 1, 20)))
    assert Flag.EDGE_CUT in measured(lane=over).flags
    assert measured().flags == Flag.NONE


def test_a_band_of_a_lane_over_the_edge_is_cut():
    over = replace(LANE, path=((0, 20), (ROWS - 1, 20)))
    assert Flag.EDGE_CUT in one(lane=over).flags


def test_a_band_that_no_row_was_read_for_has_no_signal_to_noise():
    short = replace(LANE, path=((0, 59.5), (100, 59.5)))
    found = one(lane=short, bands=(band(200.0),))
    assert not np.isinf(found.snr)
    assert Flag.BELOW_DETECTION in found.flags


def test_bands_that_run_into_each_other_overlap():
    near = Planted(((150.0, 6.0, 2000.0), (168.0, 6.0, 1500.0)))
    parted = (Band("a", "r", 126, 160), Band("a", "s", 160, 192))
    assert all(Flag.OVERLAP in found.flags for found in measured(near, parted).bands)
    apart = Planted(((100.0, 6.0, 2000.0), (200.0, 6.0, 1500.0)))
    free = measured(apart, (band(100.0), band(200.0))).bands
    assert not any(Flag.OVERLAP in found.flags for found in free)


def test_neighbours_that_touch_are_told():
    beside = Lane("b", "p", ((0, 109.5), (ROWS - 1, 109.5)), 50)
    far = replace(beside, path=((0, 115.5), (ROWS - 1, 115.5)))
    other_panel = replace(beside, panel_id="q")
    touching = measured(lanes=(LANE, beside))
    assert Flag.LANES_TOUCH in touching.flags
    # the boxes touch, the bands do not: nothing leaks
    assert Flag.LANES_TOUCH not in touching.bands[0].flags
    cut = replace(LANE, path=((0, 67.0), (ROWS - 1, 67.0)), width=35)
    leaking = measured(lane=cut, lanes=(cut, beside))
    assert Flag.LANES_TOUCH in leaking.flags
    assert Flag.LANES_TOUCH in leaking.bands[0].flags
    for lanes in ((LANE,), (LANE, far), (LANE, other_panel)):
        assert Flag.LANES_TOUCH not in measured(lanes=lanes).flags


def test_a_band_that_fills_its_lane_has_no_sure_baseline():
    found = one(bands=(Band("a", "r", 0, ROWS - 1),))
    assert Flag.BASELINE_UNCERTAIN in found.flags
    assert Flag.BASELINE_UNCERTAIN not in one().flags


def test_film_too_dark_to_read_is_told():
    clear = 60000.0
    density = 0.1 + Planted(((150.0, 6.0, 3.2),), read=0.0).signal()
    pixels = (clear / 10 ** np.minimum(density, 4.5)).astype(np.uint16)
    blot = Blot(pixels, SignalMap(clear_level=clear))
    narrow = replace(LANE, width=30)
    noise = NoiseModel(1e-6, 0.0, 1e-9)
    dark = measure_lane(blot, narrow, (band(),), noise=noise).bands[0]
    assert Flag.BEYOND_DENSITY_RANGE in dark.flags
    pale = Blot((clear / 10 ** (density / 4)).astype(np.uint16), SignalMap(clear_level=clear))
    pale_band = measure_lane(pale, narrow, (band(),), noise=noise).bands[0]
    assert Flag.BEYOND_DENSITY_RANGE not in pale_band.flags
    assert pale_band.peak_height == pytest.approx(0.8, rel=0.02)


def as_jpeg(signal, quality):
    """8-bit picture after a JPEG's loss, flagged as its reader would."""
    encoded = io.BytesIO()
    PIL.Image.fromarray(np.rint(signal).astype(np.uint8)).save(encoded, "JPEG", quality=quality)
    opened = PIL.Image.open(encoded)
    step = opened.quantization[0][0] / 8
    return Blot(np.asarray(opened), bit_depth=8, block_step=step, flags=Flag.LOSSY)


def test_flat_background_that_a_jpeg_rounds_alike_is_in_the_error():
    """No noise and no texture tells of it: the whole picture is off by part of a step."""
    z, plain = [], []
    for ground in np.linspace(20, 24, 9):
        drawn = Planted(((150.0, 6.0, 40.0),), read=0.0, ground=ground)
        blot = as_jpeg(ground + drawn.signal(), quality=30)
        m = measure_lane(blot, LANE, (band(),), noise=NoiseModel(0.1, 0.0, 0.1)).bands[0]
        plain_blot = Blot(blot.pixels.astype(np.float32))
        other = measure_lane(plain_blot, LANE, (band(),), noise=NoiseModel(0.1, 0.0, 0.1)).bands[0]
        z.append((m.net_density - drawn.volume()) / m.net_density_err)
        plain.append((m.net_density - drawn.volume()) / other.net_density_err)
    assert np.sqrt(np.mean(np.square(z))) < 1.5
    assert np.max(np.abs(plain)) > 2 * np.max(np.abs(z))


def test_a_row_of_what_a_jpeg_rounds_is_no_band():
    """A fifth of a grey level all over the band's place: what flat ground is rounded by."""
    drawn = Planted(((150.0, 6.0, 40.0),), read=0.0, ground=20)
    blot = as_jpeg(20.0 + 0.0 * drawn.signal(), quality=50)
    pixels = blot.pixels.astype(np.float32)
    pixels[130:170] += 0.2
    blot = replace(blot, pixels=pixels)
    quiet = NoiseModel(0.1, 0.0, 0.1)
    kept, rounded = (
        measure_lane(replace(blot, block_step=step), LANE, (band(),), noise=quiet).bands[0]
        for step in (0.02, 2.0)
    )
    assert kept.snr > 5
    assert rounded.snr < 2
    assert Flag.BELOW_DETECTION in rounded.flags


def test_coarser_steps_cost_more_error():
    drawn = Planted(((150.0, 6.0, 40.0),), read=0.0, ground=20)
    blot = as_jpeg(20 + drawn.signal(), quality=50)
    errors = [
        measure_lane(replace(blot, block_step=step), LANE, (band(),)).bands[0].net_density_err
        for step in (0.25, 2.0, 6.0)
    ]
    assert errors[0] < errors[1] < errors[2]
    unknown = measure_lane(replace(blot, block_step=None), LANE, (band(),)).bands[0]
    assert errors[0] < unknown.net_density_err < errors[1]


@pytest.mark.parametrize("noise", [0.02, 0.15, 0.3, 0.6])
def test_grey_levels_wider_than_the_noise_are_in_the_error(noise):
    """Background that drifts by a level across the picture, at several places between levels."""
    z, plain = [], []
    for seed, ground in enumerate(np.linspace(20, 21, 15)):
        drawn = Planted(((150.0, 6.0, 60.0),), read=noise, ground=ground, seed=seed)
        drift = np.linspace(0, 1, ROWS)[:, None]
        levels = np.rint(drawn.blot().pixels + drift)
        spread = NoiseModel(noise**2 + 1 / 12, 0.0, 1 / 12)
        for dtype, into in ((np.uint8, z), (np.float32, plain)):
            m = measure_lane(Blot(levels.astype(dtype)), LANE, (band(),), noise=spread).bands[0]
            into.append((m.net_density - drawn.volume()) / m.net_density_err)
    assert np.sqrt(np.mean(np.square(z))) < 1.5
    if noise == 0.15:
        assert np.sqrt(np.mean(np.square(plain))) > 2
    if noise == 0.6:
        assert z == pytest.approx(plain, rel=0.01)


@given(
    st.lists(st.tuples(st.floats(0, 75), st.floats(1, 76), st.booleans()), min_size=1, max_size=5),
    st.sampled_from(["lane", "valley", "rolling_ball"]),
)
@settings(max_examples=80, deadline=None)
@example([(-1.0, 80.0, False)], "lane")
def test_whatever_bands_a_short_lane_is_said_to_have_it_is_measured(places, method):
    """Places of bands that were not seen may leave nothing else free, or be all that is free."""
    rng = np.random.default_rng(1)
    blot = Blot((500 + rng.normal(0, 20, (76, 60))).astype(np.float32))
    lane = Lane("a", "p", ((0, 29.5), (75, 29.5)), 40)
    bands = [
        Band("a", f"r{k}", start, start + length, detected=seen)
        for k, (start, length, seen) in enumerate(places)
    ]
    measured = measure_lane(blot, lane, bands, Recipe.of(background=method))
    for one in measured.bands:
        assert np.isfinite(one.net_density)
        assert np.isfinite(one.net_density_err)

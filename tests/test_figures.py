"""Overlays, profiles and charts: what is drawn lies where it was measured."""

import math
import re
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest

from blotquant.figures import Bar, bar_charts, overlay_png, profile_plots
from blotquant.figures.palette import FAINT, LADDER, LANE, MEMBRANE, ROWS
from blotquant.figures.png import png_bytes
from blotquant.flags import Flag
from blotquant.model import Band, BandRow, Blot, Lane, Layout, Panel, Profile
from blotquant.recipe import Recipe
from blotquant.result import BandMeasurement, LaneMeasurement, Result
from blotquant.signal import SignalMap

GROUND, BAND = 1000, 30000
MARK = (slice(20, 30), slice(20, 30))  # saturated: red on the overlay, in a known place


def pixels(shape=(1300, 1000), bands=()):
    image = np.full(shape, GROUND, np.uint16)
    image += np.random.default_rng(0).integers(0, 50, shape, dtype=np.uint16)
    image[-120:-60] = BAND  # contrast: else noise is stretched from white to black
    for place in bands:
        image[place] = BAND
    return image


def blot_of(image, saturated=None):
    return Blot(image, saturated=saturated)


def marked(shape, mark=MARK):
    mask = np.zeros(shape, bool)
    mask[mark] = True
    return mask


def lane(name="a", col=300.0, top=0, bottom=1299, width=80, **more):
    return Lane(name, "p", ((top, col), (bottom, more.pop("to", col))), width, **more)


def result_of(lanes=(), bands=(), rows=("1",), panels=()):
    rows = tuple(row if isinstance(row, BandRow) else BandRow(row) for row in rows)
    panels = tuple(panels) or (Panel("p"),)
    layout = Layout(panels, tuple(lanes), rows, tuple(bands))
    return Result("x", layout, pd.DataFrame(), pd.DataFrame(), {}, Recipe())


def drawn(blot, result, **options):
    """The overlay, (rows, cols, RGB) as signed integers."""
    data = np.frombuffer(overlay_png(blot, result, **options), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1].astype(int)


def like(picture, colour, within=20):
    """Where a picture has a colour."""
    rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return (abs(picture - rgb) <= within).all(axis=2)


def box(mask):
    """First and last row, first and last column of what is True."""
    rows, cols = np.nonzero(mask)
    return rows.min(), rows.max(), cols.min(), cols.max()


def red(picture):
    return like(picture, "#FF0000", 0)


def origin(picture):
    """(row, col) on the overlay of the blot's first pixel, told from the red mark."""
    top, _, left, _ = box(red(picture))
    return top - MARK[0].start, left - MARK[1].start


def inside(picture):
    """The part of an overlay that shows the blot, with the margins cut off."""
    top, left = origin(picture)
    return picture[top : top + 1300, left : left + 1000]


class TestPlaces:
    def picture(self, *lanes, bands=(), **more):
        image = pixels()
        return drawn(blot_of(image, marked(image.shape)), result_of(lanes, bands, **more))

    def test_a_box_stands_where_the_band_was_planted(self):
        band = Band("a", "1", 400, 460)
        blot = inside(self.picture(lane(), bands=[band]))
        colour = like(blot, ROWS[0])
        colour[425:435] = False  # the line from the row's number to its first box
        top, bottom, left, right = box(colour)
        assert (top, bottom) == (pytest.approx(400, abs=3), pytest.approx(460, abs=3))
        assert (left, right) == (pytest.approx(260, abs=3), pytest.approx(340, abs=3))

    def test_a_box_follows_its_lane(self):
        band = Band("a", "1", 300, 1000)
        blot = inside(self.picture(lane(to=600.0), bands=[band]))
        colour = like(blot, ROWS[0])
        for row in (500, 600, 900):
            center = 300 + 300 * row / 1299
            cols = np.nonzero(colour[row])[0]
            assert cols.max() == pytest.approx(center + 40, abs=3)
            assert cols[cols > 260].min() == pytest.approx(center - 40, abs=3)

    def test_rows_have_their_own_colours(self):
        bands = [Band("a", "1", 400, 460), Band("a", "2", 700, 760)]
        blot = inside(self.picture(lane(), bands=bands, rows=("1", "2")))[:, 255:345]
        for colour, where in zip(ROWS, (430, 730), strict=False):
            top, bottom, *_ = box(like(blot, colour))
            assert (top + bottom) / 2 == pytest.approx(where, abs=2)

    def test_a_band_below_detection_is_grey_and_dashed(self):
        band = Band("a", "1", 400, 460, detected=False)
        blot = inside(self.picture(lane(), bands=[band]))[:, 264:336]
        assert not like(blot, ROWS[0]).any()
        edge = like(blot[397:404], FAINT, 40).any(axis=0)
        assert 0.2 < edge.mean() < 0.8

    def test_both_edges_of_a_lane_are_drawn(self):
        blot = inside(self.picture(lane()))
        cols = np.nonzero(like(blot, LANE, 60).mean(axis=0) > 0.9)[0]
        assert {round(col / 10) * 10 for col in cols} == {260, 340}

    def test_a_doubtful_lane_is_dashed(self):
        blot = inside(self.picture(lane(confidence=0.2)))
        shares = like(blot, LANE, 60).mean(axis=0)
        assert 0.3 < shares.max() < 0.75

    def test_a_ladder_has_another_colour(self):
        blot = inside(self.picture(lane(kind="ladder"), lane("b", 500)))
        assert like(blot, LADDER, 60)[:, 250:350].any()
        assert not like(blot, LANE, 30)[:, 250:350].any()
        assert not like(blot, LADDER, 30)[:, 450:550].any()

    def test_the_outline_of_the_membrane_is_drawn(self):
        outline = ((50, 50), (50, 850), (1250, 850), (1250, 50))
        blot = inside(self.picture(lane(), panels=[Panel("p", outline)]))
        line = like(blot, MEMBRANE)
        assert line[48:53, 100:200].any(axis=0).all()
        assert line[200:300, 48:53].any(axis=1).all()

    def test_no_lanes_is_a_picture_too(self):
        assert inside(self.picture()).shape == (1300, 1000, 3)


class TestGreyLevels:
    def test_bands_are_dark_whatever_the_polarity(self):
        place = (slice(400, 460), slice(265, 335))
        light_on_dark = pixels(bands=[place])
        stored = 65535 - light_on_dark
        film = Blot(stored, SignalMap(-1.0, 65535.0), "dark_on_light")
        pictures = [drawn(b, result_of([lane()])) for b in (blot_of(light_on_dark), film)]
        assert (pictures[0] == pictures[1]).all()
        grey = pictures[0][:, :, 0]
        assert np.median(grey[1000:1200, 300:340]) > 200
        assert grey[450:480, 310:340].min() < 40

    def test_the_stretch_is_linear(self):
        """No gamma that makes weak bands look strong."""
        image = np.tile(np.linspace(0, 40000, 1300).astype(np.uint16)[:, np.newaxis], (1, 1000))
        saturated = marked(image.shape)
        blot = inside(drawn(blot_of(image, saturated), result_of([lane()])))
        quarter, middle, last = (int(blot[row, 300, 0]) for row in (325, 650, 975))
        assert quarter - middle == pytest.approx(middle - last, abs=3)
        assert quarter - last > 90

    def test_a_constant_picture_can_be_drawn(self):
        blot = blot_of(np.full((300, 200), 7, np.uint16))
        assert drawn(blot, result_of([lane(bottom=299, col=100)])).size

    @pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32, np.float64, np.uint32])
    def test_any_pixel_type(self, dtype):
        image = pixels((300, 200)).astype(float) / 200
        assert drawn(blot_of(image.astype(dtype)), result_of([lane(bottom=299, col=100)])).size

    def test_the_blot_is_left_as_it_is(self):
        image = pixels()
        before = image.copy()
        overlay_png(blot_of(image), result_of([lane()]))
        assert (image == before).all()


class TestSaturation:
    def test_saturated_pixels_are_red(self):
        image = pixels()
        mask = marked(image.shape)
        mask[700:720, 280:320] = True
        blot = inside(drawn(blot_of(image, mask), result_of([lane()])))
        assert (red(blot) == mask).all()

    def test_nothing_is_red_without(self):
        bands = [Band("a", "1", 400, 460)]
        assert not red(drawn(blot_of(pixels()), result_of([lane()], bands))).any()

    def test_a_single_pixel_survives_reducing(self):
        image = pixels((3000, 2400))
        mask = marked(image.shape, (slice(1501, 1502), slice(1203, 1204)))
        assert red(drawn(blot_of(image, mask), result_of([lane()]), max_side=500)).any()


class TestSize:
    @pytest.mark.parametrize("shape", [(3000, 2400), (2400, 3000)])
    def test_large_pictures_are_reduced(self, shape):
        picture = drawn(blot_of(pixels(shape)), result_of([lane()]), max_side=800)
        assert 800 <= max(picture.shape) < 1000

    def test_strips_are_magnified(self):
        strip = result_of([lane(bottom=75, col=100)])
        rows, cols, _ = drawn(blot_of(pixels((76, 1090))), strip).shape
        assert cols >= 2 * 1090
        assert rows >= 2 * 76

    def test_numbers_of_thirty_lanes_stay_apart(self):
        lanes = [lane(f"l{i}", 20 + 22.5 * i, bottom=499, width=20) for i in range(30)]
        picture = drawn(blot_of(pixels((500, 700))), result_of(lanes))
        scale = round((picture.shape[1] - 20) / 700)
        margin = picture[:25].min(axis=(0, 2)) < 128
        gaps = [b - a for a, b in zip(*_ends(margin), strict=True)]
        assert sum(gap >= 0.2 * 22.5 * scale for gap in gaps) >= 29

    def test_targets_stand_in_the_margin(self):
        image = pixels()
        saturated = marked(image.shape)
        bands = [Band("a", "1", 400, 460)]
        offsets = []
        for row in (BandRow("1"), BandRow("1", target="beta-actin")):
            picture = drawn(blot_of(image, saturated), result_of([lane()], bands, rows=[row]))
            top, left = origin(picture)
            assert (picture[top + 400 : top + 460, :left] < 128).any()
            offsets.append(left)
        assert offsets[1] > offsets[0] + 40

    def test_long_and_foreign_labels_do_no_harm(self):
        row = BandRow("1", target="α-tubulin 中文 \u202e\x00" + "x" * 500)
        bands = [Band("a", "1", 400, 460)]
        picture = drawn(blot_of(pixels()), result_of([lane()], bands, rows=[row]))
        assert picture.shape[1] < 1500

    def test_a_png_holds_every_pixel(self):
        noise = np.random.default_rng(1).integers(0, 256, (7, 5, 3), np.uint8)
        read = cv2.imdecode(np.frombuffer(png_bytes(noise), np.uint8), cv2.IMREAD_COLOR)
        assert (read == noise).all()

    def test_the_same_input_gives_the_same_bytes(self):
        blot, result = blot_of(pixels()), result_of([lane()], [Band("a", "1", 400, 460)])
        assert overlay_png(blot, result) == overlay_png(blot, result)


def _ends(mask):
    """Where runs of True end, and where the next begin."""
    change = np.diff(mask.astype(int))
    starts, stops = np.nonzero(change == 1)[0], np.nonzero(change == -1)[0]
    return stops[:-1], starts[1:]


def measurement(name, signal, bands=(), *, flags=Flag.NONE, width=20.0, baseline=100.0):
    """A lane with a given mean profile on a level baseline."""
    signal = np.asarray(signal, float)
    rows, widths = np.arange(float(signal.size)), np.full(signal.size, width)
    level = np.full(signal.size, baseline * width)
    found = tuple(
        BandMeasurement(
            band, (band.start + band.stop) / 2, 0.0, band.stop - band.start, width, 1.0, 1.0, 0.0,
            1.0, 0.1, 1.0, 9.0, 0.0, 0.3, flags,
        )
        for band in bands
    )  # fmt: skip
    return LaneMeasurement(
        name, Profile(rows, signal * width, widths, widths), level, level, found, 0
    )


def plotted(*lanes, rows=("1",)):
    """The drawings of some lanes, given as (signal, bands, flags)."""
    names = [f"l{i}" for i in range(len(lanes))]
    layout_lanes = [lane(name, 100 + 100 * i) for i, name in enumerate(names)]
    result = result_of(layout_lanes, [b for _, bands, _ in lanes for b in bands], rows)
    found = {
        n: measurement(n, s, bands, flags=f) for n, (s, bands, f) in zip(names, lanes, strict=True)
    }
    return profile_plots(result.replace(measurements=found))


def curve(plot, name):
    """Points (N, 2) of a curve, px of the drawing."""
    (d,) = re.findall(rf'class="{name}"[^>]* d="M([^"Z]*)Z?"', plot.svg)
    return np.array([[float(v) for v in point.split(",")] for point in d.split()])


def peak(height, rows=400, center=200, sigma=12.0):
    return 100 + height * np.exp(-0.5 * ((np.arange(rows) - center) / sigma) ** 2)


class TestProfiles:
    def test_the_curve_has_the_shape_of_the_profile(self):
        (plot,) = plotted((peak(50), [], Flag.NONE))
        trace, base = curve(plot, "trace"), curve(plot, "baseline")
        assert trace[trace[:, 1].argmin(), 0] == pytest.approx(trace[-1, 0] * 200 / 399, abs=1)
        assert base[:, 1] == pytest.approx(trace[0, 1], abs=0.2)
        x = trace[-1, 0] * 212 / 399  # one sigma down
        depth = base[0, 1] - np.interp(x, *trace.T)
        assert depth / (base[0, 1] - trace[:, 1].min()) == pytest.approx(np.exp(-0.5), abs=0.02)

    def test_lanes_share_one_scale_and_can_leave_it(self):
        plots = plotted((peak(100), [], Flag.NONE), (peak(10), [], Flag.NONE))
        heights = [np.ptp(curve(plot, "trace")[:, 1]) for plot in plots]
        assert heights[0] / heights[1] == pytest.approx(10, rel=0.03)
        factors = [float(re.search(r"matrix\(1 0 0 (\S+)", plot.svg)[1]) for plot in plots]
        assert factors == [pytest.approx(1), pytest.approx(10, rel=0.01)]

    def test_what_was_summed_is_shaded(self):
        bands = [Band("l0", "1", 170, 230)]
        (plot,) = plotted((peak(50), bands, Flag.NONE))
        area = curve(plot, "band")
        width = curve(plot, "trace")[-1, 0] / 399
        assert area[:, 0].min() == pytest.approx(170 * width, abs=0.2)
        assert area[:, 0].max() == pytest.approx(230 * width, abs=0.2)
        assert 'data-band="1-1"' in plot.svg
        assert f'fill="{ROWS[0]}"' in plot.svg

    def test_a_band_below_detection_is_grey(self):
        bands = [Band("l0", "1", 170, 230)]
        (plot,) = plotted((peak(0), bands, Flag.BELOW_DETECTION))
        assert FAINT in plot.svg
        assert ROWS[0] not in plot.svg

    def test_a_narrow_peak_survives_in_a_long_noisy_lane(self):
        signal = 100 + np.random.default_rng(0).normal(0, 1, 20000)
        signal[7000] = 400
        (plot,) = plotted((signal, [], Flag.NONE))
        trace = curve(plot, "trace")
        assert len(trace) <= 300
        assert np.ptp(trace[:, 1]) > 70

    def test_a_lane_beside_the_picture_does_no_harm(self):
        outside = measurement("l0", peak(5))
        profile = replace(outside.profile, width=np.zeros(400))
        result = result_of([lane("l0")]).replace(
            measurements={"l0": replace(outside, profile=profile)}
        )
        assert len(profile_plots(result)) == 1

    def test_no_measurement_no_plot(self):
        assert profile_plots(result_of([lane("l0")])) == []


def bars_of(values, group="M1"):
    return [Bar(group, str(n), v, 0.1, False, "") for n, v in enumerate(values, 1)]


class TestCharts:
    def heights(self, chart):
        shapes = re.findall(r'<rect [^>]*y="([\d.]+)"[^>]*height="([\d.]+)"', chart)
        return [(float(y), float(h)) for y, h in shapes]

    def test_bars_are_as_high_as_their_values(self):
        (chart,) = bar_charts(bars_of([1.0, 2.0, 0.5]), "")
        (_, one), (_, two), (_, half) = self.heights(chart)
        assert two / one == pytest.approx(2, abs=0.02)
        assert half / one == pytest.approx(0.5, abs=0.02)

    def test_a_negative_bar_hangs_from_zero(self):
        (chart,) = bar_charts(bars_of([1.0, -1.0]), "")
        (top, up), (zero, down) = self.heights(chart)
        assert top + up == pytest.approx(zero, abs=0.2)
        assert down == pytest.approx(up, abs=0.2)

    def test_no_value_is_said_not_drawn(self):
        (chart,) = bar_charts(bars_of([1.0, math.nan]), "")
        assert len(self.heights(chart)) == 1
        assert "n/a" in chart

    def test_a_wild_error_does_not_flatten_the_bars(self):
        bars = [*bars_of([1.0]), Bar("M1", "2", 0.9, 1e6, True, "")]
        (chart,) = bar_charts(bars, "")
        assert self.heights(chart)[0][1] > 50

    def test_many_membranes_take_several_charts_on_one_scale(self):
        bars = [bar for m in range(4) for bar in bars_of([1.0 + m] * 10, f"M{m}")]
        charts = bar_charts(bars, "")
        assert [len(self.heights(chart)) for chart in charts] == [20, 20]
        ticks = [re.findall(r'class="tick"[^>]*>([^<]*)<', chart) for chart in charts]
        assert ticks[0] == ticks[1]

    @pytest.mark.parametrize("values", [[0.0], [math.nan], [1e-12, 2e-12], [1e12]])
    def test_any_size(self, values):
        assert len(bar_charts(bars_of(values), "")) == 1

    def test_words_are_escaped(self):
        (chart,) = bar_charts([Bar("<b>", "<i>", 1.0, 0.1, False, '"<u>"')], '"><script>')
        for tag in ("<b>", "<i>", "<u>", "<script>"):
            assert tag not in chart

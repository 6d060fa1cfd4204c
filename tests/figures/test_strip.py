"""Strips: the right pixels, unmoved; the right lanes; grey levels that are linear."""

from dataclasses import replace

import numpy as np
import pytest

from blotquant.errors import LayoutError
from blotquant.figures.strip import cut_strip, grey_points, shown_grey
from blotquant.model import Blot, Panel
from blotquant.signal import SignalMap

GROUPS = ["ctrl"] * 3 + ["drug"] * 3


class TestCrop:
    def test_pixels_are_the_stored_ones_in_their_places(self, make):
        strip = make.strip(GROUPS)
        picture = cut_strip(strip)
        (piece,) = picture.pieces
        stored = strip.blot.pixels[slice(*piece.rows), slice(*piece.cols)]
        level = (stored.astype(float) - picture.black) / (picture.white - picture.black)
        assert (piece.grey == np.clip(np.rint(255 * level), 0, 255)).all()

    def test_band_height_is_the_planted_width_at_half_maximum(self, make):
        assert cut_strip(make.strip(GROUPS)).band_height == pytest.approx(2.355 * 5, rel=0.03)

    def test_five_band_heights_stand_around_the_bands(self, make):
        picture = cut_strip(make.strip(GROUPS, shape=(400, 640)))
        assert min(picture.margins) >= 5
        assert picture.height == pytest.approx(11 * picture.band_height, abs=3)

    def test_less_where_the_picture_ends_is_said(self, make):
        picture = cut_strip(make.strip(GROUPS, shape=(60, 640)))
        assert picture.pieces[0].rows == (0, 60)
        assert max(picture.margins) < 5

    def test_a_sloping_row_lies_inside_with_its_margins(self, make):
        strip = make.strip(GROUPS, shape=(400, 640), slope=12.0)
        picture = cut_strip(strip)
        top, bottom = picture.pieces[0].rows
        middles = [(band.start + band.stop) / 2 for band in strip.layout.bands]
        assert top <= min(middles) - 5.4 * picture.band_height
        assert bottom >= max(middles) + 5.4 * picture.band_height

    def test_another_panel_is_not_shown(self, make):
        strip = make.strip(GROUPS, shape=(400, 640))
        lanes = tuple(
            replace(lane, path=((150, lane.path[0][1]), (240, lane.path[0][1])))
            for lane in strip.layout.lanes
        )
        layout = strip.layout.replace(lanes=lanes, panels=(Panel("p"), Panel("q")))
        assert cut_strip(replace(strip, layout=layout)).pieces[0].rows == (150, 241)

    def test_a_row_without_bands_is_an_error_that_says_so(self, make):
        strip = make.strip(GROUPS)
        with pytest.raises(LayoutError, match="no band in row '7' to cut the strip of P53"):
            cut_strip(replace(strip, row_id="7"))

    def test_bands_below_detection_are_no_measure_of_height(self, make):
        strip = make.strip(GROUPS, amounts=[0.0] * 6)
        bands = tuple(replace(band, detected=False) for band in strip.layout.bands)
        picture = cut_strip(replace(strip, layout=strip.layout.replace(bands=bands)))
        assert picture.band_height == pytest.approx(30 * 2.355 / 6)


class TestLanes:
    def darkness(self, strip):
        """Of each lane shown, at its place in the printed strip: 0 to 1."""
        picture = cut_strip(strip)
        grey = np.concatenate([piece.grey for piece in picture.pieces], axis=1)
        rows = slice(None)
        lanes = [grey[rows, round(x) - 3 : round(x) + 3] for x in picture.centers]
        return [1 - lane.min() / 255 for lane in lanes]

    def test_each_lane_is_where_it_is_said_to_be(self, make):
        amounts = [0.2, 0.4, 0.6, 0.8, 1.0, 0.5]
        dark = self.darkness(make.strip(GROUPS, amounts=amounts))
        assert dark == pytest.approx(amounts, abs=0.03)

    def test_lanes_in_another_order_are_cut_apart(self, make):
        amounts = [0.2, 0.4, 0.6, 0.8, 1.0, 0.5]
        strip = make.strip(["a", "b", "c"], amounts=amounts, count=6, lanes=[5, 1, 2])
        picture = cut_strip(strip)
        assert len(picture.pieces) == 2
        assert picture.splices == (picture.pieces[0].width,)
        dark = np.array(self.darkness(strip))
        assert dark == pytest.approx([1.0, 0.2, 0.4], abs=0.03)

    def test_neighbours_are_one_piece(self, make):
        assert cut_strip(make.strip(["a", "b"], count=6, lanes=[3, 4])).splices == ()

    def test_a_lane_left_out_between_two_is_a_splice(self, make):
        assert len(cut_strip(make.strip(["a", "b"], count=6, lanes=[3, 5])).splices) == 1

    def test_what_is_shown_beside_a_lane_is_half_of_the_gap(self, make):
        strip = make.strip(["a", "b"], count=6, lanes=[3, 4])
        pitch = 640 / 6.5
        assert cut_strip(strip).width == pytest.approx(2 * pitch, abs=2)

    @pytest.mark.parametrize("wrong", [{"samples": ("S1",)}, {"conditions": {"dose": ("+",)}}])
    def test_something_must_be_said_of_every_lane(self, make, wrong):
        with pytest.raises(ValueError, match=r"6 lanes are shown, and (samples|dose) does not"):
            make.strip(GROUPS, **wrong)


class TestGrey:
    def test_the_stretch_is_linear(self):
        ramp = np.linspace(1000, 9000, 9)[np.newaxis].repeat(3, axis=0)
        shown = shown_grey(ramp, 9000, 1000)[0].astype(int)
        assert np.ptp(np.diff(shown)) <= 1

    def test_both_polarities_look_alike(self, make):
        strip = make.strip(GROUPS)
        turned = Blot(65535 - strip.blot.pixels, SignalMap(), "light_on_dark")
        pictures = [cut_strip(replace(strip, blot=blot)) for blot in (strip.blot, turned)]
        first, second = (picture.pieces[0].grey.astype(int) for picture in pictures)
        assert np.abs(first - second).max() <= 1
        assert pictures[0].white > pictures[0].black
        assert pictures[1].white < pictures[1].black

    def test_no_band_is_clipped_and_a_hot_pixel_does_not_decide(self, make):
        strip = make.strip(GROUPS, amounts=[0.5, 0.5, 0.5, 0.5, 0.5, 1.0])
        pixels = strip.blot.pixels.copy()
        pixels[5, 5] = 0
        blot = replace(strip.blot, pixels=pixels)
        black = cut_strip(replace(strip, blot=blot)).black
        assert black == pytest.approx(65535 - 42000, rel=0.03)

    def test_a_strip_of_noise_looks_empty(self):
        noise = np.random.default_rng(0).normal(30000, 100, (80, 400)).astype(np.uint16)
        blot = Blot(noise)
        shown = shown_grey(noise, *grey_points(noise, blot))
        assert np.percentile(shown, 1) > 100

    def test_a_constant_picture_can_be_shown(self):
        flat = np.full((20, 20), 7, np.uint16)
        assert shown_grey(flat, *grey_points(flat, Blot(flat))).dtype == np.uint8

"""Which peaks of a lane are bands: those as thick as the picture's other bands, however clear."""

import numpy as np
import pytest

from blotquant.bands import detect_bands
from blotquant.flags import Flag
from blotquant.model import Blot, ImageSource, Lane, Panel
from blotquant.rows import FoundBand, arrange_rows, places_beside_bands
from blotquant.signal import SignalMap

LANES, WIDTH, ROWS = 4, 40, (80, 200, 320, 440)
MAIN, HEIGHT, NOISE = 7.0, 20000.0, 60.0


def found(bands, seed=1, flags=Flag.NONE, stripe=(0, 1, 0)):
    """Lane number and row of the bands found; `bands` has lane, row, sigma and height of each.

    `stripe` is the row, or rows, sigma and height of one across the whole picture.
    """
    rows, cols = np.arange(520.0), np.arange(LANES * 60.0)
    picture = 1000 + np.random.default_rng(seed).normal(0, NOISE, (rows.size, cols.size))
    for row in np.atleast_1d(stripe[0]):
        picture += stripe[2] * np.exp(-0.5 * ((rows - row) / stripe[1]) ** 2)[:, None]
    for lane, row, sigma, height in bands:
        across = np.abs(cols - 30 - 60 * lane) < WIDTH / 2
        picture += height * np.exp(-0.5 * ((rows - row) / sigma) ** 2)[:, None] * across
    pixels = np.clip(np.rint(picture), 0, 65535).astype(np.uint16)
    blot = Blot(pixels, SignalMap(1.0, 0.0), ImageSource("a"), flags=flags)
    lanes = [
        Lane(f"lane-{k}", "panel-1", ((0.0, 30.0 + 60 * k), (519.0, 30.0 + 60 * k)), WIDTH + 4)
        for k in range(LANES)
    ]
    layout = detect_bands(blot, lanes)
    return {
        (int(band.lane_id[-1]), round((band.start + band.stop) / 2, -1))
        for band in layout.bands
        if band.detected
    }


def main_bands(but=()):
    return [
        (lane, row, MAIN, HEIGHT) for lane in range(LANES) for row in ROWS if (lane, row) not in but
    ]


@pytest.mark.parametrize("thicker", [1.1, 1.2, 1.3])
def test_a_weak_band_a_little_thicker_than_the_others_is_found(thicker):
    # the matched filters have sigmas of 6.3 and 11: what answers the next one is no cloud
    weak = [(1, 200, thicker * MAIN, 0.05 * HEIGHT), (3, 440, thicker * MAIN, 0.03 * HEIGHT)]
    places = found(main_bands(but={(1, 200), (3, 440)}) + weak)
    assert {(1, 200), (3, 440)} <= places
    assert len(places) == LANES * len(ROWS)


@pytest.mark.parametrize(("height", "is_band"), [(1.0, True), (0.05, False)])
def test_what_is_much_broader_is_a_band_only_if_it_is_high(height, is_band):
    # overloading broadens; a low hump is a cloud, although its size makes it clear of the noise
    places = found([*main_bands(but={(2, 320)}), (2, 320, 2.0 * MAIN, height * HEIGHT)])
    assert ((2, 320) in places) is is_band


@pytest.mark.parametrize("rows", [ROWS, ROWS[2:]])
def test_a_row_far_sharper_than_the_others_does_not_take_them_away(rows):
    bands = [(lane, row, MAIN, HEIGHT) for lane in range(LANES) for row in rows[:-1]]
    bands += [(lane, rows[-1], MAIN / 4, 2 * HEIGHT) for lane in range(LANES)]
    assert {(lane, row) for lane in range(LANES) for row in rows} <= found(bands)


def faint(lane, row, snr, sigma=MAIN):
    """A band whose matched filter answers `snr` times its noise."""
    spread = NOISE * np.sqrt(WIDTH + 4) * np.sqrt(3 / (8 * np.sqrt(np.pi) * sigma))
    return lane, row, sigma, snr * spread / (WIDTH * 0.35)


def test_where_other_lanes_show_a_row_less_is_enough_than_where_none_does():
    missing, count = {(1, 200), (3, 440)}, {}
    for off in (0, 60):
        weak = [(1, 200 + off), (3, 440 + off)]
        bands = [*main_bands(but=missing), *(faint(*place, 5.5) for place in weak)]
        count[off] = sum(len({*weak} & found(bands, seed)) for seed in range(4))
    assert count[0] >= 5
    assert count[60] <= 2


def test_a_jpegs_blocks_are_no_weak_bands():
    band = faint(1, 200, 5.5)
    bands = [*main_bands(but={(1, 200)}), band]
    assert (1, 200) in found(bands, 2)
    assert (1, 200) not in found(bands, 2, Flag.LOSSY)


def test_a_place_without_a_band_stays_empty():
    missing = {(lane, row) for lane in (1, 2) for row in ROWS[1:]}
    for seed in range(3):
        assert len(found(main_bands(but=missing), seed)) == LANES * len(ROWS) - len(missing)


def test_what_is_broader_than_the_row_is_no_weak_band_of_it():
    missing = {(1, 200)}
    broad = faint(1, 200, 5.0, 2.2 * MAIN)
    assert not missing & found([*main_bands(but=missing), broad])


def test_bands_of_a_scan_of_twenty_thousand_rows_are_found():
    rows, cols = 20_000, 60
    along = np.arange(rows, dtype=np.float32)
    height = sum(np.exp(-0.5 * ((along - row) / 280) ** 2) for row in (6000, 12000))
    picture = np.random.default_rng(2).normal(1000, NOISE, (rows, cols)) + 9000 * height[:, None]
    blot = Blot(np.rint(picture).astype(np.uint16), SignalMap(1.0, 0.0), ImageSource("a"))
    lanes = [Lane("lane-0", "panel-1", ((0.0, 30.0), (rows - 1.0, 30.0)), 40)]
    layout = detect_bands(blot, lanes)
    middles = [round((band.start + band.stop) / 2, -2) for band in layout.bands if band.detected]
    assert middles == [6000, 12000]


BROAD, WEAK = 1.9 * MAIN, 0.03 * HEIGHT


def test_a_row_of_broad_weak_bands_is_found():
    # one of them may be a cloud; several that stand in a row and end with their lanes are not
    bands = [*main_bands(but={(lane, 320) for lane in range(LANES)})]
    bands += [(lane, 320, BROAD, WEAK) for lane in range(LANES)]
    assert {(lane, 320) for lane in range(LANES)} <= found(bands)


def test_a_broad_stripe_across_the_lanes_and_what_is_between_is_no_row():
    bands = main_bands(but={(lane, 320) for lane in range(LANES)})
    places = found(bands, stripe=(320, BROAD, WEAK))
    assert not {(lane, 320) for lane in range(LANES)} & places
    assert len(places) == len(bands)


def test_a_row_of_very_broad_strong_bands_is_found():
    bands = [*main_bands(but={(lane, 320) for lane in range(LANES)})]
    bands += [(lane, 320, 2.7 * MAIN, 0.5 * HEIGHT) for lane in range(LANES)]
    assert {(lane, 320) for lane in range(LANES)} <= found(bands)


FULL = range(40, 500, 30)


def test_in_lanes_full_of_bands_these_are_not_taken_for_clutter():
    # no row is free of bands and of their filters' lobes, in any of the lanes
    height = np.random.default_rng(3).uniform(0.2, 1.0, (LANES, len(FULL))) * HEIGHT
    bands = [
        (lane, row, MAIN, height[lane, k]) for lane in range(LANES) for k, row in enumerate(FULL)
    ]
    places = found(bands)
    assert {(lane, row) for lane in range(LANES) for row in FULL[1:-1]} <= places
    assert len(places) == len(bands)


def test_stripes_across_the_picture_are_clutter_however_many():
    bands = [(lane, row, MAIN, HEIGHT) for lane in range(LANES) for row in ROWS[1:3]]
    places = found(bands, stripe=(FULL, MAIN, 5 * NOISE))
    assert places == {(lane, row) for lane, row, _, _ in bands}


def test_a_strong_band_that_ends_with_its_lane_may_be_very_broad_in_one_lane_alone():
    bands = [*main_bands(but={(2, 200), (2, 320)}), (2, 260, 2.75 * MAIN, 1.5 * HEIGHT)]
    assert (2, 260) in found(bands)


def test_the_place_of_a_row_that_a_lane_lacks_keeps_off_the_lanes_own_bands():
    lanes = tuple(Lane(f"{k}", "p", ((0.0, 30.0 * k), (300.0, 30.0 * k)), 20) for k in range(3))
    bands = [FoundBand(f"{k}", row, row - 15, row + 15, 99.0) for k in (0, 1) for row in (60, 200)]
    bands += [FoundBand("2", 60, 45, 75, 99.0), FoundBand("2", 222, 207, 237, 99.0)]
    layout = places_beside_bands(arrange_rows((Panel("p"),), lanes, bands, given=True))
    (place,) = (band for band in layout.bands if band.lane_id == "2" and not band.detected)
    assert (place.start, place.stop) == (185, 207)

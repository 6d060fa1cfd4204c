"""Membranes on a canvas, beside and above each other, and lanes where bands are few."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

import blotquant as bq
from blotquant.bands import find_bands
from blotquant.comb import Tooth
from blotquant.complete import complete_comb
from blotquant.frame import inside_frame
from blotquant.membrane import find_panels
from blotquant.noise import estimate_noise
from blotquant.simulate import render, spec_of
from blotquant.warp import fit_warp

WHITE = 65535


def drawn(seed, **options):
    spec = replace(spec_of("clean", seed), polarity="dark_on_light", **options)
    return render(spec, seed)


def on_canvas(parts, axis, margin=30, fill=WHITE):
    """Pictures beside (axis 1) or above each other (axis 0), canvas around each."""
    across = max(part.shape[1 - axis] for part in parts)
    padded = []
    for part in parts:
        room = [(margin, margin), (margin, margin)]
        room[1 - axis] = (margin, margin + across - part.shape[1 - axis])
        padded.append(np.pad(part, room, constant_values=fill))
    return np.concatenate(padded, axis=axis)


def loaded(tmp_path, pixels):
    import tifffile

    path = tmp_path / "blot.tif"
    tifffile.imwrite(path, pixels)
    return bq.load(path)[0]


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("fill", [0, WHITE])
def test_two_membranes_on_a_canvas_are_two_panels(tmp_path, axis, fill):
    two = [drawn(seed) for seed in (400, 401)]
    blot = loaded(tmp_path, on_canvas([one.image for one in two], axis, fill=fill))
    layout = bq.detect(blot)
    assert [panel.id for panel in layout.panels] == ["panel-1", "panel-2"]
    for panel, one in zip(layout.panels, two, strict=True):
        lanes = [lane for lane in layout.lanes if lane.panel_id == panel.id]
        assert len(lanes) == len(one.truth["lanes"])
    tops = [min(row if axis == 0 else col for row, col in p.outline) for p in layout.panels]
    assert tops[0] < tops[1]


def test_a_piece_much_smaller_than_the_membrane_is_none(tmp_path):
    whole = drawn(400).image
    pixels = on_canvas([whole], 0)
    pixels[5:25, 40:200] = 30000  # a label
    assert len(find_panels(loaded(tmp_path, pixels))) == 1


def strip(rng, height, width, lanes=6):
    """Strip cut around one row of bands, dark on light grey."""
    row, col = np.mgrid[:height, :width]
    signal = np.full(row.shape, 9000.0)
    for k in range(lanes):
        across = np.abs(col - (k + 0.5) * width / lanes) < 0.35 * width / lanes
        signal += rng.uniform(8e3, 3e4) * across * np.exp(-(((row - height / 2) / 5) ** 2))
    return np.rint(WHITE - signal - rng.normal(0, 60, row.shape)).astype(np.uint16)


def test_every_strip_of_a_figure_is_a_panel_however_thin(tmp_path):
    """None of six covers the 12 % of the picture that a membrane does."""
    rng = np.random.default_rng(300)
    figure = np.full((520, 900), WHITE, np.uint16)
    letters = np.zeros(figure.shape, np.uint8)
    top = 40
    for height in (34, 60, 40, 34, 70, 48):
        figure[top : top + height, 90:790] = strip(rng, height, 700)
        cv2.putText(letters, "p-AKT", (8, top + 28), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
        cv2.line(letters, (790, top + 20), (805, top + 20), 255, 2)  # a marker's tick
        top += height + 24
    figure[letters > 0] = 0
    layout = bq.detect(loaded(tmp_path, figure))
    assert len(layout.panels) == 6
    for panel in layout.panels:
        assert sum(lane.panel_id == panel.id for lane in layout.lanes) == 6
        assert max(col for _, col in panel.outline) == pytest.approx(789, abs=2)


@pytest.mark.parametrize("grey", [51, 239])
def test_the_window_around_a_screenshot_is_no_part_of_the_blot(tmp_path, grey):
    rng = np.random.default_rng(302)
    picture = np.full((480, 700), grey, np.uint8)
    picture[:26] = 209  # the title bar
    cv2.putText(picture, "blot_final_v3.tif (100 %)", (10, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 30)
    row, col = np.mgrid[:380, :600]
    lanes = ((col - 20) % 70 < 48) & (col > 20) & (col < 580)
    rows = sum(np.exp(-(((row - place) / 7) ** 2)) for place in (120, 260))
    blot = 215 - 120 * lanes * rows + rng.normal(0, 2, row.shape)
    picture[60:440, 50:650] = np.rint(blot)
    cv2.imwrite(str(tmp_path / "screenshot.png"), picture)
    (loaded,) = bq.load(tmp_path / "screenshot.png")
    layout = bq.detect(loaded)
    assert np.min(layout.panels[0].outline, axis=0) == pytest.approx((60, 50), abs=2)
    assert len(layout.lanes) == 8
    assert sum(band.detected for band in layout.bands) == 16


@pytest.mark.parametrize(("ground", "around"), [(1250, 30), (4000, 20)])
def test_membranes_side_by_side_on_a_noisy_table_are_apart(ground, around):
    """The gaps between them, and the margins, are narrower than what is smoothed away."""
    rng = np.random.default_rng(301)
    rows, cols = np.mgrid[: 270 + 2 * around, : 1140 + 4 * around]
    signal = np.full(rows.shape, 1000.0)
    lefts = [around, 2 * around + 380, 3 * around + 760]
    for left in lefts:
        on = (np.abs(rows - around - 135) < 135) & (cols >= left) & (cols < left + 380)
        signal[on] = ground
        lane = on & ((cols - left - 30) % 60 < 40) & (cols >= left + 30) & (cols < left + 350)
        signal += 3000 * lane * np.exp(-(((rows - around - 120) / 6) ** 2))
    blot = bq.Blot(np.rint(signal + rng.normal(0, 40, rows.shape)).astype(np.uint16))
    found = [min(col for _, col in panel.outline) for panel in find_panels(blot)]
    assert found == [pytest.approx(left, abs=3) for left in lefts]


@pytest.mark.parametrize(("canvas", "thick"), [(0, 1), (0, 3), (30, 2)])
def test_a_drawn_frame_takes_no_band_away(tmp_path, canvas, thick):
    one = drawn(400)
    framed = np.pad(one.image, canvas, constant_values=WHITE)
    height, width = framed.shape
    for k in range(2, 2 + thick):
        cv2.rectangle(framed, (k, k), (width - 1 - k, height - 1 - k), 0)
    blot = loaded(tmp_path, framed)
    rows, cols = np.transpose(find_panels(blot)[0].outline)
    assert min(rows.min(), cols.min()) >= 2 + thick
    found = {(band.lane_id, band.row_id) for band in bq.detect(blot).bands if band.detected}
    assert len(found) == len(one.truth["bands"])


@pytest.mark.parametrize(("glow", "bands"), [(False, True), (False, False), (True, True)])
def test_a_tray_is_no_membrane_and_a_glow_along_the_edges_no_tray(glow, bands):
    """Rows of bands cut the evenly bright inside of a glow in three: it is one panel, all of it."""
    rows, cols = np.mgrid[:400, :500].astype(np.float32)
    inwards = np.minimum(np.minimum(rows, 399 - rows), np.minimum(cols, 499 - cols))
    signal = np.random.default_rng(300).normal(1000, 5, rows.shape)
    signal += 1500 * np.exp(-inwards / 15) if glow else 1500 * (inwards > 40)
    if bands:
        lanes = (cols % 60 > 12) & (cols > 60) & (cols < 440)
        for row in (130, 270):
            signal += 4000 * lanes * np.exp(-0.5 * ((rows - row) / 4) ** 2)
    (panel,) = find_panels(bq.Blot(np.rint(signal).astype(np.uint16)))
    top, left = np.min(panel.outline, axis=0)
    assert (top, left) == ((0, 0) if glow else (pytest.approx(41, abs=3),) * 2)


def test_a_glow_or_a_canvas_along_the_border_is_no_frame():
    ground = np.random.default_rng(300).normal(100, 3, (300, 400)).astype(np.float32)
    rows, cols = np.mgrid[:300, :400]
    inwards = np.minimum(np.minimum(rows, 299 - rows), np.minimum(cols, 399 - cols))
    assert inside_frame(ground) is None
    for wide in (8, 15, 20):
        assert inside_frame(ground + 80 * np.exp(-inwards / wide).astype(np.float32)) is None
        assert inside_frame(np.where(inwards < wide, np.float32(0), ground)) is None
    lined = np.where(inwards == 5, np.float32(300), ground)
    assert inside_frame(lined) == (slice(8, 292), slice(8, 392))
    one_side = np.where(rows == 5, np.float32(300), ground)
    assert inside_frame(one_side) == (slice(8, 300), slice(0, 400))


@pytest.mark.parametrize(("ground", "height"), [(0, 120), (40, 72)])
def test_bands_that_touch_on_a_white_ground_are_no_membrane_on_a_canvas(tmp_path, ground, height):
    """A strip cut from a membrane with a ground of its own is one, bands and all."""
    rows, cols = np.mgrid[:120, :430]
    lanes = (0.6 + 0.3 * np.cos(2 * np.pi * cols / 60)) * (cols > 30) * (cols < 400)
    signal = 150 * lanes * np.exp(-0.5 * ((rows - 60) / 8) ** 2) + ground
    strip = (np.abs(rows - 59.5) < height / 2) & (np.abs(cols - 214.5) < (190 if ground else 300))
    pixels = np.rint(255 - np.where(strip, signal, 0)).astype(np.uint8)
    (panel,) = find_panels(loaded(tmp_path, pixels))
    top, left = np.min(panel.outline, axis=0)
    assert (top, left) == (
        pytest.approx((120 - height) / 2, abs=2),
        pytest.approx(25 if ground else 0, abs=2),
    )


def stacked(lanes, rows, shift=0.0, size=(300, 700), present=None):
    """Evidence of bands 40 px wide, 60 px apart; `shift` px further right in each next row."""
    evidence = np.zeros(size, np.float32)
    for j, row in enumerate(rows):
        for k in range(lanes):
            if present is None or (j, k) in present:
                left = int(60 + 60 * k + j * shift)
                evidence[row - 3 : row + 4, left : left + 40] = 3.0
    return evidence


def test_lanes_that_lean_are_followed_where_most_bands_say_so():
    lean = fit_warp(stacked(9, (60, 120, 180, 240), shift=5.0))
    assert 2 * lean.shift[0] / 300 == pytest.approx(5 / 60, abs=0.02)


def test_a_single_band_in_each_lane_is_no_reason_to_lean():
    """A lean can put bands of different lanes above each other; nothing says they belong so."""
    some = {(0, 0), (0, 1), (0, 4), (1, 2), (1, 5), (1, 7), (2, 3), (2, 6), (2, 0)}
    warp = fit_warp(stacked(8, (60, 130, 240), present=some))
    lean = np.abs(warp.shift).sum() * 2 / 300
    assert lean < 0.05
    assert np.abs(warp.fan).sum() < 0.1


def test_neighbours_bands_are_not_piled_up_by_a_lean_where_many_are_missing(tmp_path):
    """A lean by a lane's width sets bands half above two lanes: the sums gain, the edges do not."""
    blot = loaded(tmp_path, render(spec_of("missing_bands", 319), 319).image)
    assert len(bq.detect(blot).lanes) == 13


def test_a_faint_outer_tooth_with_bands_of_its_own_and_off_the_spacing_goes():
    lefts, width = (100, 150, 200, 250, 300, 350), 36
    teeth = [Tooth(float(left), float(left + width), 1.0, 0.9) for left in lefts]
    stray = Tooth(470.0, 500.0, 0.5, 0.9)
    straight = np.zeros((64, 600))
    for left in lefts:
        straight[20:24, left : left + width] = 1.0
    straight[40:44, 470:500] = 0.5
    kept = complete_comb([*teeth, stray], straight, 640)
    assert [tooth.left for tooth in kept] == list(lefts)
    # one whose band stands in the row of the others is a lane
    straight[40:44, 470:500], straight[20:24, 470:500] = 0.0, 0.5
    assert len(complete_comb([*teeth, stray], straight, 640)) > len(lefts)


def test_rows_belong_to_their_own_panel(tmp_path):
    two = [drawn(seed) for seed in (402, 403)]
    blot = loaded(tmp_path, on_canvas([one.image for one in two], 0))
    layout = bq.detect(blot)
    panel_of = {lane.id: lane.panel_id for lane in layout.lanes}
    for row in layout.rows:
        assert len({panel_of[b.lane_id] for b in layout.bands if b.row_id == row.id}) == 1
    again = find_bands(blot, layout.panels, layout.lanes, estimate_noise(blot), bq.Recipe().finding)
    assert len(again.rows) == len(layout.rows)


@pytest.mark.shared
def test_lanes_of_a_real_strip_stand_where_they_are_seen(shared):
    """Twelve lanes of uneven bands: the first is one, the faint eighth is there."""
    seen = (64, 166, 232, 344, 412, 517, 595, 687, 787, 851, 955, 1051)  # px, by eye
    (blot,) = bq.load(shared / "real" / "strip_12_lanes.png")
    lanes = bq.detect(blot).lanes
    middles = [float(lane.center((lane.top + lane.bottom) / 2)) for lane in lanes]
    assert middles == pytest.approx(seen, abs=20)

"""Gels that touch in one picture, and rows of bands that contradict the lanes found."""

from dataclasses import replace

import numpy as np
import pytest

import blotquant as bq
from blotquant.comb import Tooth
from blotquant.comb_choice import disagreement, with_hidden_lanes
from blotquant.lanes import _comb
from blotquant.membrane import find_panels
from blotquant.seams import _hits, cut_at_seams, find_seam
from blotquant.simulate import render, spec_of


def picture(seed, background, lanes):
    spec = replace(
        spec_of("clean", seed),
        polarity="light_on_dark", background=background, lanes=lanes, shape=(360, 500),
        lane_width=30.0, gap=12.0, rows=(0.3, 0.6),
    )  # fmt: skip
    return render(spec, seed).image


@pytest.mark.parametrize("axis", [0, 1])
def test_two_gels_that_touch_are_two_panels(tmp_path, axis):
    import tifffile

    both = np.concatenate([picture(300, 0.06, 8), picture(301, 0.12, 9)], axis=axis)
    tifffile.imwrite(tmp_path / "gels.tif", both)
    (blot,) = bq.load(tmp_path / "gels.tif")
    layout = bq.detect(blot)
    lanes = [sum(lane.panel_id == panel.id for lane in layout.lanes) for panel in layout.panels]
    assert lanes == [8, 9]
    edges = [[place[axis] for place in panel.outline] for panel in layout.panels]
    middle = both.shape[axis] / 2
    assert max(edges[0]) < middle < min(edges[1])
    assert min(edges[1]) - max(edges[0]) < 40


def test_a_seam_that_leans_is_found_and_a_row_of_bands_is_none():
    rng = np.random.default_rng(300)
    rows, columns = np.mgrid[:400, :500].astype(np.float32)
    seam = 200 + 0.02 * (columns - 250)
    ground = rng.normal(100, 2, (400, 500)).astype(np.float32)
    found = find_seam(ground + 40 * (rows > seam))
    assert found is not None
    assert found.rows(500) == pytest.approx(seam[0], abs=2.5)
    one_long_band = ground + 400 * np.exp(-((rows - seam) ** 2) / (2 * 2.0**2))
    assert find_seam(one_long_band.astype(np.float32)) is None
    assert cut_at_seams(ground, [], 4) == []


def test_a_row_of_thin_bands_is_no_seam_and_a_cut_edge_blurred_in_places_is():
    rng = np.random.default_rng(300)
    rows, columns = np.mgrid[:400, :500].astype(np.float32)
    ground = rng.normal(300, 10, rows.shape)
    off = rows - 200 - 0.005 * (columns - 250)
    lanes = (columns % 50 > 8) * (1 + 0.5 * np.sin(columns // 50))
    for sd in (1.1, 1.5):
        bands = ground + 2000 * lanes * np.exp(-0.5 * (off / sd) ** 2)
        assert find_seam(bands.astype(np.float32)) is None
    # lanes that touch: between them a thirtieth, or a tenth, of a band is left
    for left in (0.03, 0.1):
        touching = np.where(columns % 80 > 6, 1.0, left) * (1 + 0.5 * np.sin(columns // 80))
        bands = ground + 20_000 * touching * np.exp(-0.5 * (off / 1.1) ** 2)
        assert find_seam(bands.astype(np.float32)) is None
    soft = np.where(columns % 100 < 20, 6.0, 0.5)
    cut = ground + 2000 / (1 + np.exp(-off / soft))
    assert find_seam(cut.astype(np.float32)) is not None


def test_no_seam_is_looked_for_where_there_is_no_room_for_one():
    rng = np.random.default_rng(300)
    for height in range(96, 104):  # both sides take 100 rows: of 101 halved to 50 none is left
        step = 40 * (np.arange(height) >= height // 2)
        ground = rng.normal(100, 2, (height, 200)) + step[:, None]
        assert height > 101 or find_seam(ground.astype(np.float32)) is None


@pytest.mark.parametrize(("levels", "is_seam"), [(3, False), (12, True)])
def test_a_step_that_lossy_compression_may_have_drawn_is_no_seam(levels, is_seam):
    flat = np.full((400, 500), 100, np.float32)
    flat[200:, :480] += levels
    assert (find_seam(flat, level=1.0) is not None) == is_seam


@pytest.mark.parametrize(("kind", "panels"), [("bands", 1), ("gels", 2)])
def test_in_a_large_picture_a_row_of_thin_bands_is_no_seam_and_a_cut_edge_is(kind, panels):
    rng = np.random.default_rng(300)
    rows, columns = np.mgrid[:2400, :1800].astype(np.float32)
    seam = 1200 + 0.01 * (columns - 900)
    signal = rng.normal(300, 10, rows.shape)
    if kind == "bands":
        # an SD of 3 px is one of 1 px in the reduced picture
        lanes = (columns % 180 > 8) * (1 + 0.3 * np.sin(columns // 180))
        signal += 900 * lanes * np.exp(-0.5 * ((rows - seam) / 3) ** 2)
    else:
        signal += 900 * np.exp(-0.5 * ((rows - seam) / 0.8) ** 2)  # as sharp as optics
    blot = bq.Blot(np.rint(signal).astype(np.uint16))
    assert len(find_panels(blot)) == panels


def test_lanes_all_alike_make_no_seam(monkeypatch):
    """Edges of lanes full of stain are straight and sharp, and there are many of them."""
    looked_at = []
    monkeypatch.setattr(
        "blotquant.seams._hits", lambda *a, **k: looked_at.append(a[0].shape[1]) or _hits(*a, **k)
    )
    rng = np.random.default_rng(300)
    picture = rng.normal(100, 2, (400, 500)).astype(np.float32)
    for left in range(40, 460, 60):
        picture[:, left : left + 40] += 60
    assert cut_at_seams(picture, [], 4) == []
    assert max(looked_at) <= 100, "a few columns tell so, whatever the number of lanes"


def test_the_lines_that_jpeg_draws_are_no_seams():
    ground = np.full((400, 500), 100, np.float32)
    blocks = np.random.default_rng(300).normal(0, 3, (50, 1)).repeat(8, axis=0)
    assert find_seam((ground + blocks).astype(np.float32)) is None


def evidence_of_two_rows():
    """A strong row of bands that touch, and a weak one that shows the gaps between them."""
    evidence = np.zeros((300, 560), np.float32)
    for k in range(12):
        left = 40 + 40 * k
        evidence[200:215, left : left + 40] = (6.0, 4.0, 5.0)[k % 3]
        evidence[80:88, left + 5 : left + 35] = 0.8
    return evidence


def test_a_weak_row_with_gaps_counts_as_much_as_a_strong_one_without():
    evidence = evidence_of_two_rows()
    _, teeth, against = _comb(evidence, None, None)
    centers = [tooth.center for tooth in teeth]
    assert centers == pytest.approx(60 + 40 * np.arange(12), abs=5)
    assert against < 0.1


def test_bands_side_by_side_in_one_lane_contradict_it():
    straight = np.zeros((30, 560))
    for k in range(12):
        straight[10, 45 + 40 * k : 75 + 40 * k] = 1.0
    right = [Tooth(45.0 + 40 * k, 75.0 + 40 * k, 1.0, 1.0) for k in range(12)]
    wide = [Tooth(45.0 + 160 * k, 195.0 + 160 * k, 1.0, 1.0) for k in range(3)]
    shifted = [Tooth(65.0 + 40 * k, 95.0 + 40 * k, 1.0, 1.0) for k in range(11)]
    assert disagreement(right, straight) == 0.0
    assert disagreement(wide, straight) == 1.0
    assert disagreement(shifted, straight) > 0.8


def test_an_even_comb_asks_for_the_lane_it_lacks_and_an_uneven_one_for_none():
    centers = 50.0 + 40 * np.delete(np.arange(10), 6)
    centers[6] -= 9  # a lane that has swallowed part of its neighbour
    teeth = [Tooth(c - 15, c + 15, 1.0, 1.0) for c in centers]
    completed = with_hidden_lanes(teeth)
    assert len(completed) == 10
    assert completed[6].strength == 0
    assert completed[6].center == pytest.approx(290, abs=5)
    uneven = [Tooth(c - 15, c + 15, 1.0, 1.0) for c in (*range(50, 290, 40), *range(310, 550, 40))]
    assert with_hidden_lanes(uneven) == uneven


@pytest.mark.shared
def test_two_real_gels_that_touch_have_fifteen_lanes_each(shared):
    (blot,) = bq.load(shared / "real" / "gelquant_two_gels.png")
    layout = bq.detect(blot)
    seen = (  # middle of the strongest bands, by eye, px
        (48, 86, 119, 153, 187, 223, 260, 296, 333, 370, 407, 441, 473, 506, 542),
        (55, 92, 127, 160, 194, 228, 266, 302, 340, 375, 411, 443, 477, 510, 546),
    )
    for panel, places, row in zip(layout.panels, seen, (340, 830), strict=True):
        lanes = [lane for lane in layout.lanes if lane.panel_id == panel.id]
        assert [float(lane.center(row)) for lane in lanes] == pytest.approx(places, abs=10)

"""Ladders: names, matching with bands missing and extra, curves, and whole images."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import blotquant as bq
from blotquant.errors import RecipeError, StudyError
from blotquant.figures import overlay_png
from blotquant.ladder import (
    calibrate,
    get_ladder,
    ladder_marks,
    ladders,
    match_ladder,
    row_for_kda,
    rows_with_kda,
)
from blotquant.model import Blot, Lane, Layout, Panel

RULER = get_ladder("PageRuler Plus")


def place_of(kda, middle=1.6, width=0.5):
    """A gel: relative front falls with log size along an S."""
    return 1 / (1 + np.exp((np.log10(kda) - middle) / width))


def test_every_ladder_is_sound_and_found_by_all_its_names():
    assert len(ladders()) >= 10
    for ladder in ladders():
        assert len(ladder.kda) >= 6
        assert list(ladder.kda) == sorted(ladder.kda, reverse=True)
        assert set(ladder.marks) <= set(ladder.kda)
        for name in (ladder.name, ladder.name.upper(), *ladder.names):
            assert get_ladder(name) is ladder


def test_own_sizes_are_a_ladder_and_a_wrong_name_is_answered():
    assert get_ladder("10, 250, 72.5, 55").kda == (250, 72.5, 55, 10)
    with pytest.raises(RecipeError, match="did you mean 'PageRuler Plus'"):
        get_ladder("PageRuler Pluss")
    with pytest.raises(RecipeError, match="known: Precision Plus Protein"):
        get_ladder("something else")


def test_a_whole_ladder_matches():
    match = match_ladder(place_of(RULER.kda), RULER.kda)
    assert match.kda == RULER.kda
    assert match.bands == tuple(range(9))
    assert match.unique


@pytest.mark.parametrize("lost", range(9))
def test_a_missing_band_and_a_faint_extra_one(lost):
    kept = [k for k in range(9) if k != lost]
    place, sizes = place_of(RULER.kda)[kept], np.array(RULER.kda)[kept]
    extra = 0.5 * (place[3] + place[4])
    order = np.argsort(np.append(place, extra))
    match = match_ladder(
        np.append(place, extra)[order],
        RULER.kda,
        strength=np.append(np.ones(8), 0.2)[order],
    )
    truth = np.append(sizes, 0.0)[order]
    read = dict(zip(match.bands, match.kda, strict=True))
    assert all(truth[band] in (kda, 0.0) for band, kda in read.items())
    assert len(match.bands) >= 7


def test_random_gels_are_read_right_where_they_say_they_are():
    rng = np.random.default_rng(8)
    unique = right = 0
    for _ in range(60):
        ladder = ladders()[rng.integers(len(ladders()))]
        place = place_of(ladder.kda, rng.uniform(1.4, 1.9), rng.uniform(0.35, 0.8))
        place = place + 0.002 * rng.standard_normal(place.size)
        kept = (rng.random(place.size) > 0.05) & (place > rng.uniform(0, 0.08))
        match = match_ladder(place[kept], ladder.kda)
        sizes = np.array(ladder.kda)[kept]
        if match is not None and match.unique:
            unique += 1
            right += all(sizes[b] == k for b, k in zip(match.bands, match.kda, strict=True))
    assert unique > 40
    assert right >= 0.95 * unique


@pytest.mark.parametrize(("method", "off"), [("southern", 0.03), ("spline", 0.04)])
def test_sizes_between_the_bands(method, off):
    kda = np.array(get_ladder("Precision Plus").kda)
    curve = calibrate(place_of(kda), kda, method)
    asked = np.array([200.0, 120, 62, 44, 30, 17, 12])
    read, error = curve.kda_at(place_of(asked))
    assert read == pytest.approx(asked, rel=off)
    assert (error > 0).all()
    assert curve.kda_at(place_of(kda))[0] == pytest.approx(kda, rel=0.02)


def test_a_straight_gel_is_read_by_a_line_and_beyond_its_ends_carefully():
    kda = np.array([250.0, 130, 100, 70, 55, 35, 25, 15])
    rows = 400 - 150 * np.log10(kda)
    for method in ("log_linear", "southern", "spline"):
        curve = calibrate(rows, kda, method)
        inside, at_end, far = curve.kda_at(400 - 150 * np.log10(np.array([42.0, 12.0, 2.0])))[0]
        assert inside == pytest.approx(42, rel=0.02)
        assert at_end == pytest.approx(12, rel=0.05)
        assert np.isnan(far)
        errors = curve.kda_at(400 - 150 * np.log10(np.array([15.0, 12.0])))[1]
        assert errors[1] / 12 > errors[0] / 15
    with pytest.raises(ValueError, match="three bands"):
        calibrate(rows[:2], kda[:2])
    with pytest.raises(ValueError, match="fall"):
        calibrate(rows, kda[::-1])


def gel(*, ladder, columns, proteins=(42.0, 75.0), shape=(700, 460)):
    """A picture with ladder and sample lanes whose bands stand where their size says."""
    rng = np.random.default_rng(2)
    picture = 900.0 + 20 * rng.standard_normal(shape)
    rows, cols = np.mgrid[: shape[0], : shape[1]].astype(float)
    for column, sizes in columns.items():
        for size in sizes:
            row = 40 + 600 * place_of(size)
            across = np.exp(-0.5 * ((cols - column) / 14) ** 8)
            picture += 9000 * np.exp(-0.5 * ((rows - row) / 4) ** 2) * across
    pixels = np.clip(picture, 0, 65535).astype(np.uint16)
    lanes = tuple(
        Lane(f"l{k}", "p", ((0.0, c), (shape[0] - 1.0, c)), 40.0, kind=kind)
        for k, (c, kind) in enumerate((c, "ladder" if c in ladder else "sample") for c in columns)
    )
    return Blot(pixels), Layout((Panel("p"),), lanes)


def analysed(blot, layout, **settings):
    from blotquant.bands import detect_bands

    found = detect_bands(blot, layout.lanes, panels=layout.panels)
    return bq.measure(blot, found, bq.Recipe.of(**settings), image="gel.tif")


COLUMNS = {60.0: RULER.kda, 150.0: (42.0, 75.0), 240.0: (42.0, 75.0), 330.0: (42.0,)}


def test_bands_of_an_image_get_their_weight():
    blot, layout = gel(ladder={60.0}, columns=COLUMNS)
    result = analysed(blot, layout, ladder="pageruler plus")
    samples = result.table[result.table["lane_kind"] == "sample"]
    detected = samples[~samples["flags"].str.contains("BELOW")]
    assert sorted(detected["mw_kda"].round().tolist()) == pytest.approx([42, 42, 42, 75, 75], abs=2)
    assert (detected["mw_kda_err"] > 0).all()
    (said,) = result.provenance["ladders"]
    assert said["ladder"] == "PageRuler Plus"
    assert said["guessed"] is False
    assert said["kda"] == list(RULER.kda)
    row = row_for_kda(result.table, 43)
    assert detected.loc[detected["row"] == row, "mw_kda"].median() == pytest.approx(42, abs=2)
    with pytest.raises(StudyError, match="no row lies within"):
        row_for_kda(detected, 300)


def test_marks_stand_at_the_ladders_bands_and_rows_are_named(monkeypatch):
    blot, layout = gel(ladder={60.0}, columns=COLUMNS)
    result = analysed(blot, layout, ladder="PageRuler Plus")
    marks = ladder_marks(result)
    assert [mark.kda for mark in marks] == list(RULER.kda)
    assert {mark.lane_id for mark in marks} == {"l0"}
    for mark in marks:
        assert mark.row == pytest.approx(40 + 600 * place_of(mark.kda), abs=1.5)
        assert mark.col == pytest.approx(60)
    named = rows_with_kda(result)
    bands = {band.row_id for band in result.layout.bands_of("l1") if band.detected}
    weights = sorted(row.mw_kda for row in named.rows if row.id in bands)
    assert weights == pytest.approx([42, 75], abs=2)
    written = []
    monkeypatch.setattr(
        "blotquant.figures.overlay._write", lambda canvas, text, *rest: written.append(text)
    )
    overlay_png(blot, result)
    assert {"250", "130", "55", "10"} <= set(written)
    assert any(text.endswith("42 kDa") for text in written)


def test_without_a_ladder_there_are_no_marks():
    blot, layout = gel(ladder={60.0}, columns=COLUMNS)
    result = analysed(blot, layout, ladder="none")
    assert ladder_marks(result) == ()
    assert rows_with_kda(result) == result.layout


def test_two_ladders_are_interpolated():
    columns = {60.0: RULER.kda, 150.0: (42.0,), 240.0: RULER.kda}
    blot, layout = gel(ladder={60.0, 240.0}, columns=columns)
    result = analysed(blot, layout, ladder="PageRuler Plus")
    assert len(result.provenance["ladders"]) == 2
    sample = result.table[result.table["lane_kind"] == "sample"]
    assert sample["mw_kda"].min() == pytest.approx(42, abs=2)


def test_without_a_name_only_a_clear_ladder_is_taken_and_it_is_said():
    blot, layout = gel(ladder={60.0}, columns=COLUMNS)
    result = analysed(blot, layout)
    given = result.table["mw_kda"].notna().any()
    said = [line for line in result.warnings if "taken for the ladder" in line]
    assert given == bool(said)
    assert analysed(blot, layout, ladder="none").table["mw_kda"].isna().all()


def test_a_ladder_that_does_not_fit_gives_nothing_and_a_warning():
    columns = {60.0: (180.0, 60.0, 12.0), 150.0: (42.0,), 240.0: (42.0,)}
    blot, layout = gel(ladder={60.0}, columns=columns)
    result = analysed(blot, layout, ladder="PageRuler Plus")
    assert result.table["mw_kda"].isna().all()
    assert any("PageRuler Plus" in line for line in result.warnings)


def test_no_ladder_lane_is_said():
    blot, layout = gel(ladder=set(), columns={60.0: (42.0,), 150.0: (42.0,)})
    result = analysed(blot, layout, ladder="PageRuler Plus")
    assert any("no lane is marked as ladder" in line for line in result.warnings)


def test_a_weight_that_a_layout_gives_stays():
    blot, layout = gel(ladder={60.0}, columns=COLUMNS)
    from blotquant.bands import detect_bands

    found = detect_bands(blot, layout.lanes, panels=layout.panels)
    named = found.replace(rows=tuple(replace(row, mw_kda=33.0) for row in found.rows))
    table = bq.measure(blot, named, bq.Recipe.of(ladder="PageRuler Plus")).table
    assert set(table["mw_kda"]) == {33.0}
    assert table["mw_kda_err"].isna().all()


def test_row_for_kda_does_not_choose_between_two():
    table = pd.DataFrame({"panel": 1, "row": [1, 2, 3], "mw_kda": [44.0, 41.0, 90.0]})
    with pytest.raises(StudyError, match=r"two rows could be 42\.5 kDa"):
        row_for_kda(table, 42.5)
    assert row_for_kda(table, 44) == 1
    assert row_for_kda(table, 95) == 3
    with pytest.raises(StudyError, match="no band has a molecular weight"):
        row_for_kda(table.assign(mw_kda=np.nan), 42)

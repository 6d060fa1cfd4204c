"""Study mode: a whole study in the window, with a real mouse, keyboard and clipboard."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from blotquant.batch import analyze_folder
from blotquant.files import write_atomically
from blotquant.session import read_session, sidecar_path
from blotquant.simulate import StudySpec, write_study
from blotquant.study import Study, read_samples

SPEC = StudySpec(
    folds={"P53": 2.0, "PTEN": 0.5},
    membranes=2,
    reference_lanes=2,
    treated_lanes=2,
    shape=(90, 320),
)
TABLES = ("bands", "lanes", "normalized", "replicates", "summary", "statistics", "controls")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "study"
    write_study(folder, SPEC, seed=3)
    return folder


@pytest.fixture
def folder(original, tmp_path):
    """A study of two membranes, three images each, four lanes."""
    return shutil.copytree(original, tmp_path / "study")


@pytest.fixture
def undrawn(monkeypatch):
    """The figure on the page of statistics takes longer than all its numbers: not every time."""
    from blotquant_napari import study_tasks

    monkeypatch.setattr(study_tasks, "_drawn", lambda state, concluded, recipe: concluded)


@pytest.fixture
def drawn(open_window, folder):
    """A window on the study, calculated to the end."""
    hand = open_window()
    hand.panel.open(folder)
    settled(hand)
    return hand


@pytest.fixture
def hand(undrawn, drawn):
    """The same, but for the figure."""
    return drawn


def settled(hand):
    hand.wait(lambda: hand.panel.study.settled and not hand.panel.busy, 120)
    hand.settle()


def session_of(hand):
    return hand.panel.study.session


def document(hand, name):
    return session_of(hand).documents[name]


def middle(layout, number):
    lane = layout.lanes[number]
    return float(lane.center((lane.top + lane.bottom) / 2))


def middles(hand, number):
    return {
        name: middle(one.layout, number)
        for name, one in session_of(hand).documents.items()
        if name.startswith("M1")
    }


def drag_lane(hand, number, right):
    """Drag a lane sideways by its place near the well, where there is no band."""
    lane = hand.layout.lanes[number]
    row = lane.top + 0.12 * (lane.bottom - lane.top)
    hand.drag(row, float(lane.center(row)), right=right)


@pytest.fixture
def tables_only(monkeypatch):
    """Call it, and runs from now on draw no figures: their tables are what is looked at."""

    def leave_out():
        nothing = SimpleNamespace(paths=[], warnings=[])
        monkeypatch.setattr("blotquant.study_report.write_study_report", lambda *_: nothing)
        monkeypatch.setattr(
            "blotquant.html_report.write_report",
            lambda out, run: write_atomically(out / "report.html", b"report"),
        )

    return leave_out


def export(hand, folder, monkeypatch):
    """Press Export on the page of statistics."""
    from qtpy.QtWidgets import QFileDialog, QPushButton

    folder.mkdir()
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", staticmethod(lambda *a, **k: str(folder))
    )
    hand.panel.show_page("Statistics")
    hand.settle()
    page = hand.panel.study.statistics
    button = next(b for b in page.findChildren(QPushButton) if b.text().startswith("Export"))
    hand.press_button(button)
    hand.wait(lambda: hand.panel.status.text().startswith("results written"), 120)
    (out,) = folder.iterdir()
    return out


def shown_table(view):
    model = view.model()
    return [
        [model.data(model.index(row, column)) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def same_tables(one, two):
    for table in TABLES:
        assert (one / f"{table}.csv").read_bytes() == (two / f"{table}.csv").read_bytes(), table


def test_a_study_opens_as_membranes_and_images(hand):
    items = [hand.panel.list.item(row).text() for row in range(hand.panel.list.count())]
    assert items[:4] == [
        "Membrane M1",
        "P53  ·  M1_P53.tif",
        "PTEN  ·  M1_PTEN.tif",
        "b-actin  ·  M1_b-actin.tif",
    ]
    assert len(items) == 8
    assert hand.document.path.name == "M1_P53.tif"
    tips = [hand.panel.list.item(row).toolTip() for row in range(8)]
    assert all(tips[row] for row in range(8) if row % 4), "every image has a light and its reason"
    assert hand.panel.tabs.isTabVisible(4)
    assert not list(hand.document.path.parent.glob("*.blotquant.json")), "opening writes nothing"


def test_what_is_shown_and_exported_is_what_a_run_gives(
    open_window, tables_only, tmp_path, monkeypatch
):
    folder = tmp_path / "three"  # three membranes: so many a test needs
    write_study(folder, replace(SPEC, membranes=3, folds={"P53": 2.0}), seed=3)
    hand = open_window()
    hand.panel.open(folder)
    settled(hand)
    out = export(hand, tmp_path / "gui", monkeypatch)
    tables_only()
    analyze_folder(folder, out=tmp_path / "run", jobs=1)
    same_tables(out, tmp_path / "run")
    statistics = pd.read_csv(out / "statistics.csv")
    shown = {row[0]: row for row in shown_table(hand.panel.study.statistics.view)}
    for row in statistics.to_dict("records"):
        fold = float(shown[row["target"]][2].split(" ")[0])
        assert fold == pytest.approx(row["fold_change"], rel=2e-3)
        assert float(shown[row["target"]][3]) == pytest.approx(row["p_adjusted"], abs=1e-4)
    assert (out / "report.html").is_file()
    assert (out / "figures" / "panel.svg").is_file()


def test_a_lane_moves_on_all_images_of_its_membrane(
    hand, folder, tables_only, tmp_path, monkeypatch
):
    before = middles(hand, 1)
    other = document(hand, "M2_P53.tif").layout
    bands = {name: document(hand, name).layout.bands for name in before}
    drag_lane(hand, 1, right=12)
    moved = middles(hand, 1)
    by = moved["M1_P53.tif"] - before["M1_P53.tif"]
    assert by == pytest.approx(hand.px(12), abs=1.0)
    for name in before:
        assert moved[name] - before[name] == pytest.approx(by, abs=0.3), name
        assert document(hand, name).layout.bands == bands[name]
        saved = read_session(sidecar_path(folder / name))
        assert saved.layout == document(hand, name).layout
    assert "(in M1_P53.tif)" in read_session(sidecar_path(folder / "M1_PTEN.tif")).edit_log[-1].what
    assert document(hand, "M2_P53.tif").layout == other
    settled(hand)
    # to the last digit what a run measures with the layouts that were saved
    tables_only()
    out = export(hand, tmp_path / "gui", monkeypatch)
    analyze_folder(folder, out=tmp_path / "run", jobs=1)
    same_tables(out, tmp_path / "run")


def test_undo_and_redo_go_through_all_images(hand):
    before = middles(hand, 2)
    drag_lane(hand, 2, right=-9)
    moved = middles(hand, 2)
    hand.key("Z", "Control")
    assert middles(hand, 2) == before
    assert all(not document(hand, name).history.can_undo for name in before)
    hand.key("Z", "Control+Shift")
    assert middles(hand, 2) == moved
    # from another image of the membrane it is undone as well
    hand.panel.list.choose((str(document(hand, "M1_PTEN.tif").path), ""))
    hand.wait_open("M1_PTEN.tif")
    hand.key("Z", "Control")
    assert middles(hand, 2) == before


def test_what_was_edited_since_survives_an_undo(hand):
    drag_lane(hand, 1, right=10)
    pten = document(hand, "M1_PTEN.tif")
    band = pten.layout.bands[0]
    from blotquant import edit

    pten.commit("move a band", edit.move_bands(pten.layout, [(band.lane_id, band.row_id)], 2.0))
    at = middle(pten.layout, 1)
    hand.key("Z", "Control")
    assert middle(pten.layout, 1) < at - 2
    assert pten.layout.bands[0].start == band.start + 2.0


def test_a_lane_added_or_deleted_is_so_everywhere(hand):
    lane = hand.layout.lanes[3]
    hand.click(lane.top + 8, float(lane.center(lane.top + 8)))
    hand.key("Delete")
    for name in middles(hand, 0):
        assert len(document(hand, name).layout.lanes) == 3, name
    hand.hover(lane.top + 30, float(lane.center(lane.top + 30)))
    hand.key("A")
    for name in middles(hand, 0):
        layout = document(hand, name).layout
        assert len(layout.lanes) == 4, name
        if name != "M1_P53.tif":
            assert {band.row_id for band in layout.bands_of(layout.lanes[3].id)}


def test_sharing_can_be_left(hand):
    hand.panel.show_page("Lanes")
    hand.settle()
    hand.press_button(hand.panel.study.sharing.share)
    assert not session_of(hand).share
    before = middles(hand, 1)
    drag_lane(hand, 1, right=10)
    after = middles(hand, 1)
    assert after["M1_P53.tif"] > before["M1_P53.tif"] + 2
    assert {name: after[name] for name in after if "P53" not in name} == {
        name: before[name] for name in before if "P53" not in name
    }
    hand.key("Z", "Control")
    assert middles(hand, 1) == before


def test_the_shift_is_shown_and_set(hand, folder):
    from qtpy.QtTest import QTest

    hand.panel.list.choose((str(folder / "M1_PTEN.tif"), ""))
    hand.wait_open("M1_PTEN.tif")
    hand.panel.show_page("Lanes")
    hand.settle()
    bar = hand.panel.study.sharing
    ours, theirs = document(hand, "M1_P53.tif").layout, hand.layout
    apart = np.mean([middle(theirs, k) - middle(ours, k) for k in range(4)])
    assert bar.across.value() == pytest.approx(apart, abs=0.6)
    assert "M1_P53.tif" in bar.words.text()
    shown = bar.across.value()
    bar.across.setFocus()
    bar.across.selectAll()
    QTest.keyClicks(bar.across, f"{shown + 6:.1f}")
    hand.key("Return", widget=bar.across)
    assert hand.document.path.name == "M1_PTEN.tif", "Return ends typing and accepts nothing"
    for number in range(4):
        assert middle(hand.layout, number) - middle(theirs, number) == pytest.approx(6, abs=0.2)
    assert document(hand, "M1_P53.tif").layout == ours
    assert bar.across.value() == pytest.approx(shown + 6, abs=0.1)
    hand.panel.list.choose((str(folder / "M1_P53.tif"), ""))
    hand.wait_open("M1_P53.tif")
    assert not bar.across.isEnabled()


def test_a_column_is_pasted_onto_the_lanes(hand, folder):
    from qtpy.QtCore import Qt
    from qtpy.QtGui import QGuiApplication
    from qtpy.QtTest import QTest

    hand.panel.show_page("Samples")
    hand.settle()
    page = hand.panel.study.samples
    assert page.model.membrane == "M1"
    column = page.model.columns.index("group")
    old = (folder / "samples.csv").read_bytes()
    before = hand.panel.study.statistics.model
    p_before = shown_table(hand.panel.study.statistics.view)
    QGuiApplication.clipboard().setText("treated\r\ntreated\r\ncontrol\r\ncontrol\r\n")
    place = page.view.visualRect(page.model.index(0, column)).center()
    QTest.mouseClick(page.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    hand.key("V", "Control", page.view)
    table = read_samples(folder / "samples.csv")
    assert list(table[table["membrane"] == "M1"]["group"]) == ["treated"] * 2 + ["control"] * 2
    assert list(table[table["membrane"] == "M2"]["group"]) == ["control"] * 2 + ["treated"] * 2
    assert "pasted 4 rows" in hand.panel.status.text()
    assert (folder / "samples.csv.kept-1").read_bytes() == old
    settled(hand)
    assert shown_table(hand.panel.study.statistics.view) != p_before
    hand.key("Z", "Control", page.view)
    table = read_samples(folder / "samples.csv")
    assert list(table[table["membrane"] == "M1"]["group"]) == ["control"] * 2 + ["treated"] * 2
    settled(hand)
    assert shown_table(hand.panel.study.statistics.view) == p_before
    assert before is hand.panel.study.statistics.model


def test_a_cell_that_cannot_be_is_refused_and_said(hand, folder):
    from qtpy.QtGui import QGuiApplication

    hand.panel.show_page("Samples")
    hand.settle()
    page = hand.panel.study.samples
    old = (folder / "samples.csv").read_bytes()
    page.view.setCurrentIndex(page.model.index(0, page.model.columns.index("kind")))
    QGuiApplication.clipboard().setText("nonsense")
    hand.key("V", "Control", page.view)
    assert "nonsense" in hand.panel.status.text()
    QGuiApplication.clipboard().setText("\n".join("abcdefgh"))
    page.view.setCurrentIndex(page.model.index(0, 0))
    hand.key("V", "Control", page.view)
    assert "8 cells do not fit from lane 1 on" in hand.panel.status.text()
    assert (folder / "samples.csv").read_bytes() == old


def test_a_sheet_changed_by_another_program_is_not_overwritten(hand, folder):
    sheet = folder / "samples.csv"
    text = sheet.read_text(encoding="utf-8").replace("treated", "drug")
    sheet.write_text(text, encoding="utf-8")
    page = hand.panel.study.samples
    assert not page.model.put(0, 0, [["mine"]])
    assert "changed by another program" in hand.panel.status.text()
    assert sheet.read_text(encoding="utf-8") == text
    assert page.model.text(3, page.model.columns.index("group")) == "drug"
    settled(hand)
    assert page.model.put(0, 0, [["mine"]])
    assert read_samples(sheet)["sample"].tolist()[0] == "mine"


def test_a_fault_in_the_sheet_is_said_and_nothing_is_tested(drawn):
    hand = drawn
    assert not hand.panel.study.statistics.figure.pixmap().isNull()
    page = hand.panel.study.samples
    column = page.model.columns.index("group")
    assert page.model.put(0, column, [[""], [""]])
    settled(hand)
    words = hand.panel.study.statistics.state.text()
    assert "samples.csv" in words
    assert "group" in words
    assert words.split("\n", 1)[1] in page.problems.text()
    assert not shown_table(hand.panel.study.statistics.view)
    assert hand.panel.study.statistics.figure.pixmap().isNull()


def add_row(hand, name):
    """A second row of bands, below the first, so that there is something to choose."""
    from blotquant import edit

    one = document(hand, name)
    layout = one.layout
    row_id = None
    for lane in layout.lanes:
        bottom = lane.bottom
        layout, key = edit.add_band(layout, lane.id, bottom - 14, bottom - 4, row_id)
        row_id = key[1]
    one.commit("add a row", layout)
    return row_id


def test_a_targets_row_is_chosen_by_clicking(hand, folder):
    row_id = add_row(hand, "M1_P53.tif")
    band = next(band for band in hand.layout.bands if band.row_id == row_id)
    lane = hand.layout.lane(band.lane_id)
    row = (band.start + band.stop) / 2
    hand.click(row, float(lane.center(row)))
    hand.key("T")
    rows = {row.id: row.target for row in hand.layout.rows}
    assert rows[row_id] == "P53"
    assert [target for name, target in rows.items() if name != row_id] == [""]
    assert hand.panel.study.targets.boxes[0][1].currentData() == row_id
    settled(hand)
    normalized = hand.panel.study._measured["M1_P53.tif"][1].table
    assert set(normalized[normalized["row"] == 2]["target"]) == {"P53"}
    out = session_of(hand)
    concluded = Study.from_toml(folder / "study.toml")
    assert concluded.image[0].row is None
    assert out.targets_of("M1_P53.tif")[0][1] == row_id


def test_a_row_that_the_study_file_names_is_changed_there(open_window, folder):
    study = Study.from_toml(folder / "study.toml")
    text = (folder / "study.toml").read_text(encoding="utf-8")
    from blotquant.study import with_row

    (folder / "study.toml").write_text(with_row(text, study, 0, 1) + "# my own words\n", "utf-8")
    hand = open_window()
    hand.panel.open(folder)
    settled(hand)
    row_id = add_row(hand, "M1_P53.tif")
    band = next(band for band in hand.layout.bands if band.row_id == row_id)
    lane = hand.layout.lane(band.lane_id)
    row = (band.start + band.stop) / 2
    hand.click(row, float(lane.center(row)))
    hand.key("T")
    assert Study.from_toml(folder / "study.toml").image[0].row == 2
    assert "# my own words" in (folder / "study.toml").read_text(encoding="utf-8")
    assert session_of(hand).targets_of("M1_P53.tif")[0][1] == row_id


def test_enter_accepts_and_goes_on(hand, folder):
    hand.key("Return")
    hand.wait_open("M1_PTEN.tif")
    texts = [hand.panel.list.item(row).text() for row in range(3)]
    assert texts[1].endswith("✓")
    assert not texts[2].endswith("✓")
    log = read_session(sidecar_path(folder / "M1_P53.tif")).edit_log
    assert [entry.what for entry in log] == ["accept the lanes and bands"]
    assert sidecar_path(folder / "M1_b-actin.tif").is_file(), "a membrane is saved as a whole"
    drag_lane(hand, 0, right=8)
    settled(hand)
    assert not hand.panel.list.item(1).text().endswith("✓"), "it was changed after it was accepted"
    hand.key("Z", "Control")
    settled(hand)
    assert hand.panel.list.item(1).text().endswith("✓")


def test_a_study_comes_back_as_it_was_left(hand, folder, open_window):
    drag_lane(hand, 1, right=12)
    hand.key("Return")
    hand.wait_open("M1_PTEN.tif")
    left = {name: one.layout for name, one in session_of(hand).documents.items()}
    accepted = {name: one.accepted for name, one in session_of(hand).documents.items()}
    again = open_window()  # the same window, with nothing left in it
    assert again.panel.document is None
    again.panel.open(folder / "study.toml")
    settled(again)
    assert {name: one.layout for name, one in session_of(again).documents.items()} == left
    assert {name: one.accepted for name, one in session_of(again).documents.items()} == accepted


def test_settings_hold_for_the_whole_study(hand):
    from blotquant.recipe import Recipe

    hand.document.set_recipe(Recipe.of(hand.document.recipe, background="valley"))
    methods = {one.recipe.background.method for one in session_of(hand).documents.values()}
    assert methods == {"valley"}
    hand.key("Z", "Control")
    methods = {one.recipe.background.method for one in session_of(hand).documents.values()}
    assert methods == {Recipe().background.method}


def test_finding_again_keeps_hand_lanes_on_all_images(hand):
    drag_lane(hand, 1, right=14)
    at = middles(hand, 1)
    others = middles(hand, 3)
    hand.press_button(hand.panel.top.buttons["find"])
    hand.wait(lambda: not hand.panel.busy)
    hand.settle()
    for name, place in middles(hand, 1).items():
        assert place == pytest.approx(at[name], abs=2.5), name
    for name, place in middles(hand, 3).items():
        assert place == pytest.approx(others[name], abs=2.5), name


def test_other_figures_can_be_looked_at(drawn):
    hand = drawn
    page = hand.panel.study.statistics
    names = [page.choice.itemData(k) for k in range(page.choice.count())]
    assert names == ["panel", "target:P53", "target:PTEN", "grid", "folds", "loading_controls"]
    panel = page.figure.pixmap().toImage()
    assert not panel.isNull()
    page._choose(names.index("folds"))
    settled(hand)
    assert page.choice.currentData() == "folds"
    assert page.figure.pixmap().toImage() != panel


def test_a_dropped_study_folder_opens_the_whole_study(open_new_window, folder):
    hand = open_new_window()
    hand.viewer.open(str(folder), plugin="blotquant")
    hand.wait(lambda: hand.panel.study.is_open)
    settled(hand)
    assert len(session_of(hand).documents) == 6
    assert hand.panel.list.count() == 8


def test_an_image_that_cannot_be_read_is_red_and_the_rest_opens(open_window, folder):
    (folder / "M2_P53.tif").write_bytes(b"II*\0nonsense")
    hand = open_window()
    hand.panel.open(folder)
    settled(hand)
    assert len(session_of(hand).documents) == 5
    row = next(
        row
        for row in range(hand.panel.list.count())
        if "M2_P53.tif" in hand.panel.list.item(row).text()
    )
    assert "M2_P53.tif" in hand.panel.list.item(row).toolTip()
    hand.panel.list.setCurrentRow(row)
    hand.settle()
    assert "M2_P53.tif" in hand.panel.status.text()
    assert "M2_P53.tif" in hand.panel.study.statistics.words.text(), "results say what they lack"


def test_a_broken_study_file_is_one_line(open_window, folder):
    (folder / "study.toml").write_text("title = [", encoding="utf-8")
    hand = open_window()
    hand.panel.open(folder)
    hand.settle()
    assert "study.toml: is not a TOML file" in hand.panel.status.text()
    assert not hand.panel.study.is_open


def test_another_image_closes_the_study(hand, image):
    hand.panel.open(image)
    hand.wait_open(image.name)
    assert not hand.panel.study.is_open
    assert not hand.panel.tabs.isTabVisible(4)
    assert hand.panel.study.sharing.isHidden()


def test_the_sample_study_is_one(open_new_window, monkeypatch):
    from blotquant_napari import samples

    small = replace(SPEC, membranes=3)
    monkeypatch.setattr(samples, "write_study", lambda folder: write_study(folder, small))
    hand = open_new_window()
    hand.viewer.open_sample("blotquant", "study")
    hand.wait(lambda: hand.panel.study.is_open)
    assert hand.panel.list.count() == 12
    assert hand.panel.busy  # closed while it is being read


def test_an_image_of_the_study_is_opened_once(hand, folder):
    drag_lane(hand, 1, right=12)
    first = hand.document
    hand.panel.open(folder / "M1_P53.tif")
    hand.settle()
    assert hand.document is first
    assert hand.panel.study.is_open

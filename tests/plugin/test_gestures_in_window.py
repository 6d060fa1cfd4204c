"""Real mouse and key events in a real window: each changes the model and the exported table."""

import json

import pytest

from blotquant import edit

pytestmark = pytest.mark.usefixtures("gui")


def middle(hand, number, row=137.0):
    """A free place on a lane's centre line: between its two bands."""
    lane = hand.layout.lanes[number - 1]
    return row, float(lane.center(row))


def test_move_a_lane(hand, tmp_path, monkeypatch):
    before = hand.layout.lanes[2]
    hand.drag(*middle(hand, 3), right=12)
    after = hand.layout.lanes[2]
    shift = hand.px(12)
    assert [row for row, _ in after.path] == [row for row, _ in before.path]
    moved = [col + shift for _, col in before.path]
    assert [col for _, col in after.path] == pytest.approx(moved, abs=1e-4)
    assert (after.source, after.width) == ("hand", before.width)
    _, bands, lanes = hand.export(tmp_path / "out", monkeypatch)
    assert lanes["center_col_top"][2] == pytest.approx(after.path[0][1])
    assert set(bands["layout_source"][bands["lane"] == 3]) == {"hand"}
    assert set(bands["layout_source"][bands["lane"] != 3]) == {"auto"}


def test_the_canvas_does_not_pan_while_a_lane_is_dragged_but_beside_it_does(hand):
    center = hand.viewer.scene.camera.center
    hand.drag(*middle(hand, 3), right=12)
    assert hand.viewer.scene.camera.center == center
    layout = hand.layout
    hand.drag_until(150, 5, 30, lambda: hand.viewer.scene.camera.center != center)
    assert hand.layout == layout


def test_widen_a_lane_by_its_edge(hand, tmp_path, monkeypatch):
    before = hand.layout.lanes[1]
    row, col = middle(hand, 2)
    hand.drag(row, col + before.width / 2, right=8)
    after = hand.layout.lanes[1]
    assert after.width == pytest.approx(before.width + hand.px(8), abs=1e-4)
    left = before.center(row) - before.width / 2
    assert after.center(row) - after.width / 2 == pytest.approx(float(left), abs=1e-4)
    _, _, lanes = hand.export(tmp_path / "out", monkeypatch)
    assert lanes["width"][1] == pytest.approx(after.width)


def test_bend_a_lane(hand, tmp_path, monkeypatch):
    row, col = middle(hand, 4)
    points = len(hand.layout.lanes[3].path)
    hand.click(row, col)
    hand.double_click(row, col)
    assert len(hand.layout.lanes[3].path) == points + 1
    new = min(hand.layout.lanes[3].path, key=lambda point: abs(point[0] - row))
    hand.drag(*new, right=10)
    after = hand.layout.lanes[3]
    bent = min(after.path, key=lambda point: abs(point[0] - row))
    assert bent[1] == pytest.approx(new[1] + hand.px(10), abs=1e-4)
    _, _, lanes = hand.export(tmp_path / "out", monkeypatch)
    assert [round(bent[0], 2), round(bent[1], 2)] in json.loads(lanes["path"][3])
    hand.double_click(*bent)
    assert len(hand.layout.lanes[3].path) == points


def test_a_double_click_zooms_beside_the_lanes_only(hand):
    zoom = hand.viewer.scene.camera.zoom
    hand.double_click(*middle(hand, 4))
    assert hand.viewer.scene.camera.zoom == zoom
    layout = hand.layout
    hand.double_click(150, 5)
    assert hand.viewer.scene.camera.zoom == 2 * zoom
    assert hand.layout == layout


def test_add_and_delete_a_lane(hand, tmp_path, monkeypatch):
    width = sorted(lane.width for lane in hand.layout.lanes)[2]
    edge = hand.layout.lanes[4].center(150.0) + 46
    hand.hover(150, float(edge))
    hand.key("A")
    assert len(hand.layout.lanes) == 6
    new = hand.layout.lanes[5]
    assert (new.width, new.source) == (width, "hand")
    assert hand.document.selection.lanes == (new.id,)
    hand.click(*middle(hand, 1))
    hand.key("Delete")
    assert len(hand.layout.lanes) == 5
    assert hand.layout.lanes[4].id == new.id
    _, bands, lanes = hand.export(tmp_path / "out", monkeypatch)
    assert len(lanes) == 5
    assert lanes["center_col_top"][4] == pytest.approx(new.path[0][1])
    assert sorted(set(bands["lane"])) == [1, 2, 3, 4]


def test_mark_lanes(hand, tmp_path, monkeypatch):
    hand.click(*middle(hand, 1))
    hand.key("L")
    hand.click(*middle(hand, 5))
    hand.key("X")
    assert hand.layout.lanes[0].kind == "ladder"
    assert not hand.layout.lanes[4].use
    _, _, lanes = hand.export(tmp_path / "out", monkeypatch)
    assert list(lanes["lane_kind"]) == ["ladder"] + ["sample"] * 4
    hand.key("S")
    assert hand.layout.lanes[4].use


def test_undo_and_redo(hand, tmp_path, monkeypatch):
    start = hand.layout
    hand.drag(*middle(hand, 3), right=12)
    moved = hand.layout
    hand.key("BracketRight")
    wider = hand.layout
    assert wider.lanes[2].width == moved.lanes[2].width + 1
    hand.key("Z", "Control")
    assert hand.layout == moved
    hand.key("Z", "Control")
    assert hand.layout == start
    hand.key("Z", "Control+Shift")
    assert hand.layout == moved
    _, _, lanes = hand.export(tmp_path / "out", monkeypatch)
    assert lanes["center_col_top"][2] == pytest.approx(moved.lanes[2].path[0][1])
    assert lanes["width"][2] == pytest.approx(moved.lanes[2].width)


def test_several_lanes_and_even_spacing(hand, tmp_path, monkeypatch):
    hand.drag(*middle(hand, 2), right=9)
    hand.drag(*middle(hand, 4), right=-7)
    hand.click(*middle(hand, 1))
    for number in (2, 3, 4, 5):
        hand.click(*middle(hand, number), shift=True)
    assert len(hand.document.selection.lanes) == 5
    hand.key("E")
    cols = [float(lane.center((lane.top + lane.bottom) / 2)) for lane in hand.layout.lanes]
    step = (cols[4] - cols[0]) / 4
    assert cols == pytest.approx([cols[0] + step * n for n in range(5)])
    before = hand.layout
    hand.drag(*middle(hand, 3), right=6)
    shifts = [
        a.path[0][1] - b.path[0][1] for a, b in zip(hand.layout.lanes, before.lanes, strict=True)
    ]
    assert shifts == pytest.approx([hand.px(6)] * 5, abs=1e-4)
    hand.key("Left")
    hand.key("Left", "Shift")
    _, _, lanes = hand.export(tmp_path / "out", monkeypatch)
    top = [lane.path[0][1] + hand.px(6) - 11 for lane in before.lanes]
    assert list(lanes["center_col_top"]) == pytest.approx(top, abs=1e-3)


def test_limits_dragged_in_the_profile(hand, tmp_path, monkeypatch):
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    hand.click(*middle(hand, 2))
    plot = hand.panel.plot
    assert plot.lane_id == hand.layout.lanes[1].id
    band = hand.layout.bands_of(plot.lane_id)[0]
    at = QPoint(round(plot.x_of(band.stop)), plot.height() // 2)
    per_px = plot.row_at(101.0) - plot.row_at(100.0)
    density = plot.measured.bands[0].net_density
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    for step in range(1, 6):
        QTest.mouseMove(plot, at + QPoint(-4 * step, 0))
        hand.settle()
    assert plot.measured.bands[0].net_density < density, "the numbers follow while dragging"
    assert hand.layout.bands_of(plot.lane_id)[0] == band, "nothing is kept before the release"
    QTest.mouseRelease(
        plot, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at + QPoint(-20, 0)
    )
    hand.settle()
    after = hand.layout.bands_of(plot.lane_id)[0]
    assert after.stop == pytest.approx(band.stop - 20 * per_px, abs=1e-6)
    assert (after.start, after.source) == (band.start, "hand")
    _, bands, _ = hand.export(tmp_path / "out", monkeypatch)
    row = bands[(bands["lane"] == 2) & (bands["band"] == 1)].iloc[0]
    assert row["height"] == pytest.approx(after.stop - after.start)
    assert row["layout_source"] == "hand"


def test_limits_and_bands_dragged_on_the_blot(hand):
    lane = hand.layout.lanes[1]
    band = hand.layout.bands_of(lane.id)[0]
    hand.drag(band.start, float(lane.center(band.start)), down=-6)
    after = hand.layout.bands_of(lane.id)[0]
    assert after.start == pytest.approx(band.start - hand.px(6), abs=1e-4)
    assert after.stop == band.stop
    center = (after.start + after.stop) / 2
    beside = 12.0  # the points of a chosen lane lie on its centre line
    hand.drag(center, float(lane.center(center)) + beside, down=8)
    moved = hand.layout.bands_of(lane.id)[0]
    assert moved.start == pytest.approx(after.start + hand.px(8), abs=1e-4)
    assert moved.stop == pytest.approx(after.stop + hand.px(8), abs=1e-4)
    assert hand.layout.lanes[1] == lane
    before = hand.layout
    center = (moved.start + moved.stop) / 2
    hand.drag(center, float(lane.center(center)) + beside, down=-5, shift=True)
    row = moved.row_id
    for old, new in zip(before.bands, hand.layout.bands, strict=True):
        shift = hand.px(-5) if old.row_id == row else 0.0
        assert new.start == pytest.approx(old.start + shift, abs=1e-4)


def test_add_and_delete_a_band(hand, tmp_path, monkeypatch):
    hand.hover(*middle(hand, 2, row=40.0))
    hand.key("B")
    bands = hand.layout.bands_of(hand.layout.lanes[1].id)
    assert len(bands) == 3
    assert bands[0].start < 40 < bands[0].stop
    second = bands[1]
    center = (second.start + second.stop) / 2
    hand.click(*middle(hand, 2, row=center))
    hand.key("Delete")
    assert len(hand.layout.bands) == 10
    assert second not in hand.layout.bands
    _, table, _ = hand.export(tmp_path / "out", monkeypatch)
    mine = table[table["lane"] == 2]
    assert len(mine) == 2
    assert mine["layout_source"].iloc[0] == "hand"


def test_assign_a_band_to_another_row(hand, tmp_path, monkeypatch):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    lane = hand.layout.lanes[3]
    band = hand.layout.bands_of(lane.id)[1]
    hand.click(*middle(hand, 4, row=(band.start + band.stop) / 2))
    hand.panel.show_page("Bands")
    hand.settle()
    box = hand.panel.bands_page.row_box
    assert box.currentData() == band.row_id
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_End)
    hand.settle()
    rows = [row.id for row in hand.layout.rows]
    assert len(rows) == 3
    moved = hand.layout.bands_of(lane.id)[1]
    assert (moved.row_id, moved.start, moved.source) == (rows[2], band.start, "hand")
    assert hand.document.selection.band == (lane.id, rows[2])
    _, table, _ = hand.export(tmp_path / "out", monkeypatch)
    mine = table[table["lane"] == 4]
    assert list(mine["row"]) == [1, 3]


def test_a_row_is_named_in_its_table(hand, tmp_path, monkeypatch):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QLineEdit

    hand.panel.show_page("Bands")
    hand.settle()
    view = hand.panel.bands_page.view
    index = view.model().index(1, 1)
    view.setCurrentIndex(index)
    view.edit(index)
    editor = view.findChild(QLineEdit)
    QTest.keyClicks(editor, "PTEN")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    hand.settle()
    assert hand.layout.rows[1].target == "PTEN"
    assert not hand.document.accepted, "Return ends the typing and accepts nothing"
    _, table, _ = hand.export(tmp_path / "out", monkeypatch)
    assert set(table["target"][table["row"] == 2]) == {"PTEN"}
    assert set(table["target"][table["row"] == 1]) == {"P53"}


def test_strip_profile_and_table_share_one_selection(hand):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    hand.panel.show_page("Results")
    hand.settle()
    view = hand.panel.results_page.view
    rect = view.visualRect(view.model().index(5, 0))
    QTest.mouseClick(
        view.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        rect.center(),
    )
    hand.settle()
    lane = hand.layout.lanes[2]
    second = hand.layout.bands_of(lane.id)[1]
    assert hand.document.selection.band == (lane.id, second.row_id)
    assert hand.panel.plot.lane_id == lane.id
    hand.click(*middle(hand, 4))
    assert hand.panel.plot.lane_id == hand.layout.lanes[3].id
    chosen = hand.panel.lanes_page.view.selectionModel().selectedRows()
    assert [index.row() for index in chosen] == [3]


def test_keys_work_when_the_focus_is_in_the_panel(hand):
    hand.click(*middle(hand, 2))
    hand.key("BracketRight", widget=hand.panel.lanes_page)
    assert hand.layout.lanes[1].source == "hand"
    hand.key("Z", "Control", widget=hand.panel)
    assert hand.layout.lanes[1].source == "auto"
    hand.key("BracketRight", widget=hand.panel.plot)
    assert hand.layout.lanes[1].source == "hand"


def test_what_is_refused_is_said_in_the_status_line(hand):
    layout = hand.layout
    hand.click(*middle(hand, 2))
    hand.key("E")
    assert hand.panel.status.text() == "select three lanes or more to space them evenly"
    assert hand.layout == layout


def test_hover_says_what_would_be_grabbed(hand):
    lane = hand.layout.lanes[1]
    row, col = middle(hand, 2)
    hand.hover(row, col + lane.width / 2)
    assert hand.panel.status.text() == "lane 2: drag its right edge"
    hand.hover(row, col)
    assert hand.panel.status.text().startswith("lane 2: drag sideways")


def test_help(hand):
    from qtpy.QtWidgets import QLabel

    hand.key("F1")
    overlay = hand.panel.window().findChild(QLabel, "blotquant help")
    assert overlay.isVisible()
    assert "space the selected lanes evenly" in overlay.text()
    hand.key("F1")
    assert not overlay.isVisible()


def test_find_again_keeps_hand_edits_and_undo_brings_all_back(hand):
    hand.drag(*middle(hand, 3), right=12)
    hand.click(*middle(hand, 1))
    hand.key("Delete")
    mine = hand.layout
    hand.press_button(hand.panel.top.buttons["find"])
    hand.wait(lambda: not hand.panel.busy)
    assert [lane.id for lane in hand.layout.lanes] == [lane.id for lane in mine.lanes]
    assert hand.layout.lane(mine.lanes[1].id) == mine.lanes[1]
    hand.panel.top.keep.setChecked(False)
    hand.press_button(hand.panel.top.buttons["find"])
    hand.wait(lambda: not hand.panel.busy)
    assert len(hand.layout.lanes) == 5
    assert all(lane.source == "auto" for lane in hand.layout.lanes)
    hand.key("Z", "Control")
    assert hand.layout == mine


def test_mirror_and_turn_are_edits(hand):
    from qtpy.QtWidgets import QToolButton

    start, shape = hand.layout, hand.document.blot.shape
    buttons = {b.text(): b for b in hand.panel.lanes_page.findChildren(QToolButton)}
    hand.press_button(buttons["⇋"])
    assert hand.document.blot.orientation == "mirror"
    assert hand.layout == edit.turned(start, "0", "mirror", shape)
    densities = {m.band.lane_id: m.net_density for _, _, m in _measured(hand)}
    hand.key("Z", "Control")
    assert (hand.document.blot.orientation, hand.layout) == ("0", start)
    again = {m.band.lane_id: m.net_density for _, _, m in _measured(hand)}
    assert densities == pytest.approx(again, rel=1e-4)
    hand.press_button(buttons["⟲"])
    assert hand.document.blot.shape == shape[::-1]
    hand.key("Z", "Control")
    assert (hand.document.blot.shape, hand.layout) == (shape, start)


def _measured(hand):
    for lane in hand.layout.lanes:
        for m in hand.document.measurement(lane.id).bands:
            yield lane.id, m.band.row_id, m


def test_settings_change_the_numbers_at_once(hand):
    hand.click(*middle(hand, 2))
    before = hand.panel.plot.measured.baseline
    box = hand.panel.settings.field("background", "method")
    box.setCurrentText("none")
    hand.settle()
    assert hand.document.recipe.background.method == "none"
    assert (hand.panel.plot.measured.baseline == 0).all()
    hand.key("Z", "Control")
    assert box.currentText() == "lane"
    assert (hand.panel.plot.measured.baseline == before).all()


def test_a_setting_that_is_refused_is_said(hand):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    line = hand.panel.settings.field("finding", "lane_count")
    hand.panel.show_page("Settings")
    line.setFocus()
    QTest.keyClicks(line, "many")
    QTest.keyClick(line, Qt.Key.Key_Return)
    hand.settle()
    assert "lane_count" in hand.panel.status.text()
    assert line.text() == ""
    assert hand.document.recipe.finding.lane_count is None

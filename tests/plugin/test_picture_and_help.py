"""What lies over the picture: saturated pixels painted, and the list of keys."""

import numpy as np
import pytest

from blotquant.simulate import BlotSpec, render, save

pytestmark = pytest.mark.usefixtures("gui")


@pytest.fixture
def saturated(tmp_path):
    """Strong bands on a detector that clips at half the scale."""
    spec = BlotSpec(
        shape=(300, 420),
        lanes=5,
        lane_width=40.0,
        gap=26.0,
        rows=(0.35, 0.7),
        polarity="light_on_dark",
        ceiling=32000,
        peak=0.9,
        peak_limit=1.8,
        lane_spread=0.4,
    )
    return save(render(spec, 3), tmp_path / "bright", "M2_P53")


def test_exactly_the_saturated_pixels_are_painted(open_window, saturated):
    import tifffile

    clipped = tifffile.imread(saturated) == 32000
    assert 50 < clipped.sum() < 0.2 * clipped.size
    hand = open_window(saturated)
    layer = hand.viewer.layers["Saturated"]
    assert np.array_equal(np.asarray(layer.data) == 1, clipped)
    assert set(np.unique(layer.data)) == {0, 1}
    assert layer.visible
    assert np.array_equal(hand.document.blot.saturated, clipped)
    assert reds(hand) == pytest.approx(seen_px(hand, clipped.sum()), rel=0.25)
    layer.visible = False
    assert reds(hand) < 0.02 * seen_px(hand, clipped.sum())


def test_another_picture_takes_the_paint_away(open_window, saturated, image):
    hand = open_window(saturated)
    assert np.asarray(hand.viewer.layers["Saturated"].data).any()
    hand.panel.open(image)
    hand.wait_open(image.name)
    assert hand.document.blot.saturated is None
    assert not np.asarray(hand.viewer.layers["Saturated"].data).any()


def seen_px(hand, count):
    """Px of the screen that so many px of the picture cover."""
    return count * (hand.viewer.scene.camera.zoom) ** 2


def reds(hand):
    """Px of the canvas, as it is painted, that are red, without lanes and bands over them."""
    for name in ("Lanes", "Bands"):
        hand.viewer.layers[name].visible = False
    hand.settle()
    red, green, blue = np.moveaxis(hand.viewer.screenshot(flash=False)[..., :3].astype(int), -1, 0)
    return int(((red - green > 90) & (red - blue > 90)).sum())


def test_the_question_mark_shows_the_keys(hand):
    """It is Shift and another key on many keyboards, a key of its own on some."""
    panel = hand.panel
    panel.window().activateWindow()
    hand.wait(panel.window().isActiveWindow)
    for widget in (hand.canvas, panel, panel.plot, panel.lanes_page.view):
        for modifier in ("", "Shift"):
            press_question_mark(hand, widget, modifier)
            assert overlay(panel).isVisible()
            assert "space the selected lanes evenly" in overlay(panel).text()
            press_question_mark(hand, widget, modifier)
            assert not overlay(panel).isVisible()


def overlay(panel):
    from qtpy.QtWidgets import QLabel

    return panel.window().findChild(QLabel, "blotquant help")


def press_question_mark(hand, widget, modifier):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    keys = Qt.KeyboardModifier.ShiftModifier if modifier else Qt.KeyboardModifier.NoModifier
    QTest.keyClick(widget, Qt.Key.Key_Question, keys)
    hand.settle()

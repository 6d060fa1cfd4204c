"""Any gestures in any order: the layout stays sound, undo leads back, nothing piles up."""

import gc
import random
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from blotquant.errors import LayoutError
from blotquant.session import as_stored

pytestmark = pytest.mark.usefixtures("gui")
STEPS = 500
IN_WINDOW = 200  # each is drawn as well


class Gestures(RuleBasedStateMachine):
    """What mouse and keys do to a document, without the window around it."""

    path: Path
    steps = 0

    @initialize()
    def opened(self):
        from blotquant_napari.document import Document

        self.document = Document.open(self.path)
        self.document.autosave.path = None  # the disk is tried elsewhere
        self.start = self.document.history.now

    @rule(
        row=st.floats(-20, 320),
        col=st.floats(-20, 440),
        drow=st.floats(-300, 300),
        dcol=st.floats(-400, 400),
        shift=st.booleans(),
    )
    def drag(self, row, col, drow, dcol, shift):
        from blotquant_napari import gestures

        document = self.document
        grip = gestures.hit(document.layout, row, col, 4.0, document.selection.lanes)
        if grip is None:
            document.select()
            return
        grip = gestures.along(grip, drow, dcol)
        assert gestures.words(document.layout, grip)
        layout = gestures.dragged(
            document.layout,
            grip,
            drow,
            dcol,
            shape=document.blot.shape,
            selected=document.selection.lanes,
            whole_row=shift,
        )
        document.preview(layout)
        document.commit("drag", layout)

    @rule(row=st.floats(0, 299), col=st.floats(0, 419), shift=st.booleans())
    def click(self, row, col, shift):
        from blotquant_napari import gestures

        grip = gestures.hit(self.document.layout, row, col, 4.0)
        if grip is not None and shift:
            self.document.toggle(grip.lane_id)
        elif grip is not None:
            self.document.select([grip.lane_id], grip.band)

    @rule(data=st.data(), row=st.floats(-20, 320), col=st.floats(-20, 440))
    def key(self, data, row, col):
        from blotquant_napari.actions import ACTIONS

        action = data.draw(st.sampled_from(sorted(set(ACTIONS) - {"redo"})))
        before = self.document.layout
        if refused(lambda: ACTIONS[action](self.document, (row, col))):
            assert self.document.layout is before

    @rule(turn=st.sampled_from(["mirror", "left", "right"]))
    def turn(self, turn):
        before = self.document.history.now
        if refused(lambda: self.document.turn(turn)):
            assert self.document.history.now is before

    @rule()
    def undo_and_redo(self):
        now = self.document.history.now
        if self.document.history.can_undo:
            self.document.undo()
            self.document.redo()
        assert self.document.history.now == now

    @invariant()
    def sound(self):
        document = getattr(self, "document", None)
        if document is None:
            return
        type(self).steps += 1
        layout, (rows, cols) = document.layout, document.blot.shape
        assert as_stored(layout) == layout, "what is saved comes back"
        keys = [(band.lane_id, band.row_id) for band in layout.bands]
        assert len(set(keys)) == len(keys)
        for lane in layout.lanes:
            assert all(-1e-6 <= row <= rows - 1 + 1e-6 for row, _ in lane.path)
            assert any(-lane.width <= col <= cols + lane.width for _, col in lane.path)
        chosen = document.selection
        assert set(chosen.lanes) <= {lane.id for lane in layout.lanes}
        assert chosen.band is None or chosen.band in keys
        if chosen.lane:
            document.measurement(chosen.lane)

    def teardown(self):
        document = getattr(self, "document", None)
        if document is None:
            return
        end = document.history.now
        while document.history.can_undo:
            document.undo()
        assert document.history.now == self.start
        while document.history.can_redo:
            document.redo()
        assert document.history.now == end


def test_500_gestures_leave_a_sound_document(gui, image):
    machine = type("OnThisImage", (Gestures,), {"path": image})
    case = machine.TestCase
    case.settings = settings(
        max_examples=3,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    case("runTest").runTest()
    assert machine.steps >= STEPS


def refused(what):
    """Whether it was refused, with a line that can be shown."""
    try:
        what()
    except LayoutError as error:
        return "\n" not in str(error)
    return False


@pytest.mark.slow
def test_200_gestures_in_the_window_pile_nothing_up(hand):
    """Real events; widgets, layers and memory are the same after the second half as before it."""
    rng = random.Random(4)
    start = hand.layout
    for _ in range(IN_WINDOW // 2):
        gesture(hand, rng)
    half = census(hand)
    for _ in range(IN_WINDOW // 2):
        gesture(hand, rng)
    end = census(hand)
    assert (end.widgets, end.objects, end.layers) == (half.widgets, half.objects, half.layers)
    assert end.memory < half.memory + 24e6  # 240 kB a gesture
    while hand.document.history.can_undo:
        hand.key("Z", "Control")
    assert hand.layout == start


def gesture(hand, rng):
    """One random event, quick: without waiting for napari to have seen each move."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    canvas = hand.canvas
    place = QPoint(rng.randrange(canvas.width()), rng.randrange(canvas.height()))
    keys = (
        Qt.KeyboardModifier.ShiftModifier if rng.random() < 0.2 else Qt.KeyboardModifier.NoModifier
    )
    button = Qt.MouseButton.LeftButton
    kind = rng.randrange(10)
    QTest.mouseMove(canvas, place)
    if kind < 5:
        QTest.mousePress(canvas, button, keys, place)
        for _ in range(3):
            place = place + QPoint(rng.randrange(-30, 31), rng.randrange(-30, 31))
            QTest.mouseMove(canvas, place)
            hand.app.processEvents()
        QTest.mouseRelease(canvas, button, keys, place)
    elif kind < 6:
        QTest.mouseDClick(canvas, button, keys, place)
    elif kind < 7:
        QTest.mouseClick(canvas, button, keys, place)
    else:
        names = ("A", "B", "E", "L", "S", "X", "Left", "Down", "BracketLeft", "BracketRight")
        names += ("Delete", "Escape", "F1")
        hand.key(rng.choice(names))
    if rng.random() < 0.1:
        hand.key("Z", "Control")
    hand.viewer.reset_view()
    hand.settle()


def census(hand):
    import psutil
    from qtpy.QtCore import QObject

    hand.settle()
    gc.collect()
    windows = hand.app.topLevelWidgets()
    return SimpleNamespace(
        widgets=len(hand.app.allWidgets()),
        objects=sum(1 + len(window.findChildren(QObject)) for window in windows),
        layers=len(hand.viewer.layers),
        memory=psutil.Process().memory_info().rss,
    )

"""A screen of its own, and a hand: real mouse and key events on the window's canvas."""

import contextlib
import inspect
import os
import shutil
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from blotquant.files import write_atomically
from blotquant.simulate import BlotSpec, render, save

HAS_NAPARI = all(find_spec(name) is not None for name in ("napari", "qtpy", "pytestqt"))


@pytest.fixture(scope="session", autouse=True)
def gui():
    """Skip where the GUI is not installed."""
    if not HAS_NAPARI:
        pytest.skip("napari and pytest-qt are not installed: pip install 'blotquant[test-napari]'")


@pytest.fixture(scope="session")
def display(gui):
    """A virtual screen with GL: nothing pops up, and no other window takes the focus."""
    server = shutil.which("Xvfb")
    if server is None:
        if os.environ.get("DISPLAY") or os.name == "nt":
            yield os.environ.get("DISPLAY", "")
            return
        pytest.skip("there is no screen and no Xvfb: the GUI cannot be tried")
    read, write = os.pipe()
    os.set_inheritable(write, True)
    screen = ["-screen", "0", "1600x1000x24", "+extension", "GLX", "-nolisten", "tcp", "-terminate"]
    quiet = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    # It ends by itself with its last window: Qt does not survive its screen.
    os.posix_spawn(
        server, [server, "-displayfd", str(write), *screen], os.environ, file_actions=quiet
    )
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    if not number:
        pytest.skip("Xvfb does not start: the GUI cannot be tried")
    before = os.environ.get("DISPLAY")
    os.environ["DISPLAY"] = f":{number}"
    yield os.environ["DISPLAY"]
    if before is None:
        del os.environ["DISPLAY"]
    else:
        os.environ["DISPLAY"] = before


@pytest.fixture(scope="session")
def qapp_args(display):
    """The application starts on that screen."""
    return ["blotquant"]


def write_fake_report(out, run):
    """The report of a run whose tables alone are looked at: its pictures take a second."""
    return write_atomically(Path(out) / "report.html", b"report")


def spec(**more):
    settings = {
        "shape": (300, 420),
        "lanes": 5,
        "lane_width": 40.0,
        "gap": 26.0,
        "rows": (0.35, 0.7),
        "peak": 0.4,
        "lane_spread": 0.1,
        "band_spread": 0.1,
    }
    return BlotSpec(**{**settings, **more})


@pytest.fixture
def image(tmp_path):
    """A small blot: five lanes, two rows."""
    return save(render(spec(), 3), tmp_path / "blots", "M1_P53")


@dataclass
class Hand:
    """A user: eyes on the panel, a mouse and a keyboard on the canvas."""

    viewer: Any
    panel: Any
    app: Any
    canvas: Any = None
    _at: Any = field(default=None)

    def __post_init__(self):
        self.canvas = next(
            w for w in self.app.allWidgets() if type(w).__name__.startswith("CanvasBackend")
        )

    # --- waiting on conditions

    def settle(self):
        for _ in range(3):
            self.app.processEvents()

    def wait(self, condition, seconds=180.0):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"it did not come; status: {self.panel.status.text()}"
            self.app.processEvents()

    def wait_open(self, name=None):
        self.wait(
            lambda: (
                not self.panel.busy
                and self.panel.document is not None
                and (name is None or self.panel.document.path.name == name)
            )
        )
        self.settle()

    @property
    def document(self):
        return self.panel.document

    @property
    def layout(self):
        return self.panel.document.layout

    # --- places

    def point(self, row, col):
        from qtpy.QtCore import QPoint

        camera = self.viewer.scene.camera
        center_row, center_col = camera.center[-2:]
        x = self.canvas.width() / 2 + (col - center_col) * camera.zoom
        y = self.canvas.height() / 2 + (row - center_row) * camera.zoom
        return QPoint(round(x), round(y))

    def px(self, screen):
        """Px of the picture that so many px of the screen are."""
        return screen / self.viewer.scene.camera.zoom

    # --- the mouse

    def hover(self, row, col):
        """Move the mouse until napari, which leaves out moves in quick succession, has seen it."""
        from qtpy.QtCore import QPoint
        from qtpy.QtTest import QTest

        def is_there():
            # From beside it each time: a pointer that is there already tells nobody.
            for beside in (3, 0):
                QTest.mouseMove(self.canvas, self.point(row, col) + QPoint(beside, beside))
                self.app.processEvents()
            at = self.panel.editor.cursor
            reach = self.px(1.6)
            return at is not None and abs(at[0] - row) <= reach and abs(at[1] - col) <= reach

        self.wait(is_there)

    def click(self, row, col, *, shift=False):
        from qtpy.QtTest import QTest

        self.hover(row, col)
        button, keys = _button(), _shift(shift)
        QTest.mouseClick(self.canvas, button, keys, self.point(row, col))
        self.settle()

    def double_click(self, row, col):
        from qtpy.QtTest import QTest

        self.hover(row, col)
        QTest.mouseDClick(self.canvas, _button(), _shift(False), self.point(row, col))
        self.settle()

    def press(self, row, col, *, shift=False):
        from qtpy.QtTest import QTest

        self.hover(row, col)
        self._at = self.point(row, col)
        QTest.mousePress(self.canvas, _button(), _shift(shift), self._at)
        self.settle()

    def move(self, right=0, down=0):
        """Move the pressed mouse to so many px of the screen from where it was pressed."""
        from qtpy.QtCore import QPoint
        from qtpy.QtTest import QTest

        QTest.mouseMove(self.canvas, self._at + QPoint(right, down))
        self.app.processEvents()

    def release(self, right=0, down=0, *, shift=False):
        from qtpy.QtCore import QPoint
        from qtpy.QtTest import QTest

        where = self._at + QPoint(right, down)
        QTest.mouseRelease(self.canvas, _button(), _shift(shift), where)
        self.settle()

    def drag(self, row, col, right=0, down=0, *, shift=False, steps=5):
        self.press(row, col, shift=shift)
        for step in range(1, steps + 1):
            self.move(right * step // steps, down * step // steps)
        self.release(right, down, shift=shift)

    def drag_until(self, row, col, right, condition):
        """Drag to and fro until it shows: napari leaves out moves in quick succession."""
        self.press(row, col)
        steps = cycle((right // 2, right))

        def shows():
            self.move(next(steps))
            return condition()

        self.wait(shows)
        self.release(right)

    # --- the keyboard

    def key(self, key, modifier=None, widget=None):
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        code = getattr(Qt.Key, f"Key_{key}")
        modifiers = Qt.KeyboardModifier.NoModifier
        for name in (modifier or "").split("+"):
            if name:
                modifiers |= getattr(Qt.KeyboardModifier, f"{name}Modifier")
        QTest.keyClick(widget or self.canvas, code, modifiers)
        self.settle()

    def press_button(self, button):
        from qtpy.QtTest import QTest

        QTest.mouseClick(button, _button())
        self.settle()

    # --- the exported table

    def export(self, folder, monkeypatch):
        """Press Export and give back what was written."""
        import pandas as pd
        from qtpy.QtWidgets import QFileDialog, QPushButton

        monkeypatch.setattr("blotquant.html_report.write_report", write_fake_report)
        monkeypatch.setattr(
            QFileDialog, "getExistingDirectory", staticmethod(lambda *a, **k: str(folder))
        )
        page = self.panel.results_page
        self.panel.tabs.setCurrentIndex(2)
        self.settle()
        button = next(b for b in page.findChildren(QPushButton) if b.text().startswith("Export"))
        self.press_button(button)
        self.wait(lambda: self.panel.status.text().startswith("results written"))
        (out,) = folder.iterdir()
        return out, pd.read_csv(out / "bands.csv"), pd.read_csv(out / "lanes.csv")


def _button():
    from qtpy.QtCore import Qt

    return Qt.MouseButton.LeftButton


def _shift(shift):
    from qtpy.QtCore import Qt

    return Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier


class Windows:
    """The window of a module's tests, made when first asked for: each costs seconds."""

    def __init__(self, app, request):
        self.app, self.request = app, request
        self._open = contextlib.ExitStack()
        self._hand = None

    def hand(self):
        """A window in which nothing is open."""
        if self._hand is None:
            self._hand = self._made()
        else:
            emptied(self._hand)
        return self._hand

    def _made(self):
        """As `blotquant view` makes it, with napari's own care for windows under test."""
        from blotquant_napari.view import add_panel
        from napari.utils import _testsupport
        from napari.utils._proxies import PublicOnlyProxy
        from pytestqt.qtbot import QtBot

        def entered(fixture, *needs):
            make = inspect.unwrap(getattr(_testsupport, fixture))
            return self._open.enter_context(contextlib.contextmanager(make)(*needs))

        patch = self._open.enter_context(pytest.MonkeyPatch.context())
        model = entered("mock_app_model")
        make = entered("make_napari_viewer", QtBot(self.request), self.request, model, patch)
        patch.setenv("NAPARI_ENSURE_PLUGIN_MAIN_THREAD", "True")
        viewer = PublicOnlyProxy(make(show=True))
        panel = add_panel(viewer)
        viewer.window.resize(1366, 768)
        return Hand(viewer, panel, self.app)

    def close(self):
        """Close it; napari complains if anything still holds it."""
        self._hand = None
        failed = self.request.session.testsfailed > 0
        self.request.node.rep_call = SimpleNamespace(failed=failed)  # what napari asks
        self._open.close()


def emptied(hand):
    """Close what is open in the window, and put back what the user has set in it."""
    panel = hand.panel
    panel.stop()
    if hand.document is not None:
        hand.document.select()  # points of a chosen lane would widen the view
        hand.settle()
    panel.study.close()
    panel.list.empty()
    panel.top.keep.setChecked(True)
    panel.study.sharing.share.setChecked(True)
    panel.show_page("Lanes")
    if panel._help is not None:
        panel._help.hide()
    for layer in hand.viewer.layers:
        layer.visible = True
    hand.viewer.reset_view()
    hand.settle()


@pytest.fixture(scope="module")
def windows(display, qapp, request):
    made = Windows(qapp, request)
    yield made
    made.close()


@pytest.fixture
def open_window(windows, request):
    """The module's window with the panel in it; ``open_window(paths)`` opens these only."""

    def start(*paths):
        hand = windows.hand()
        for path in paths:
            hand.panel.open(path)
        if paths:
            hand.wait_open()
        return hand

    yield start
    if request.node.rep_setup.failed or request.node.rep_call.failed:
        windows.close()


@pytest.fixture
def open_new_window(windows, open_window):
    """A window of the test's own: napari's layers cannot be taken out of one that is shown."""
    windows.close()
    yield open_window
    windows.close()


@pytest.fixture
def hand(open_window, image):
    """A window on the small blot."""
    return open_window(image)

"""Take the pictures of the window that the documentation shows, with real mouse events.

Run by hand after the window has changed; needs napari and Xvfb:

    .venv/bin/python docs/screenshots.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
SIZE = (1366, 768)
LARGE = (1500, 940)
COLOURS = 256


def main() -> int:
    """Start again inside a virtual screen, then take them."""
    if "BLOTQUANT_SCREEN" not in os.environ:
        screen = "-screen 0 1600x1000x24 +extension GLX"
        command = ["xvfb-run", "-a", "-s", screen, sys.executable, __file__]
        environment = {**os.environ, "BLOTQUANT_SCREEN": "1"}
        return subprocess.run(command, env=environment, check=False).returncode
    from napari.settings import get_settings

    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        copies = Path(folder) / "blots"
        shutil.copytree(ROOT / "test_images" / "hard", copies)
        for theme in ("dark", "light"):
            get_settings().appearance.theme = theme
            take(copies, theme)
        study = Path(folder) / "study"
        shutil.copytree(ROOT / "test_images" / "study", study)
        take_study(study)
    os._exit(0)  # without waiting for GL to be torn down


def take(copies: Path, theme: str) -> None:
    """First open, a lane being dragged, and the results with a band chosen."""
    window = Window(copies / "s_bend_1.tif")
    if theme == "dark":
        window.shoot("napari-open")
        window.panel.act("help")
        window.shoot("napari-help")
        window.panel.act("help")
        window.press(lane=8, at=0.55)
        for step in range(1, 9):
            window.move(right=2 * step)
        window.shoot("napari-drag")
        window.release(right=16)
        window.panel.act("undo")
    else:
        window.panel.show_page("Results")
        window.press(lane=5, at=0.395)
        window.release()
        window.shoot("napari-results")
    window.close()


def take_study(study: Path) -> None:
    """Study mode with a lane that was moved on all images, and the statistics."""
    from napari.settings import get_settings

    get_settings().appearance.theme = "dark"
    window = Window(study)
    window.wait(lambda: window.panel.study.settled)
    window.press(lane=3, at=0.12)
    for step in range(1, 5):
        window.move(right=2 * step)
    window.release(right=8)
    window.panel.list.setCurrentRow(2)
    window.wait(lambda: window.panel.study.settled)
    window.shoot("napari-study")
    window.panel.act("undo")
    window.panel.show_page("Statistics")
    window.wait(lambda: window.panel.study.settled)
    window.viewer.window.resize(*LARGE)
    window.shoot("napari-statistics")
    window.close()


class Window:
    """A window and a mouse in it."""

    def __init__(self, path: Path) -> None:
        from blotquant_napari.view import open_viewer
        from qtpy.QtWidgets import QApplication

        self.viewer, self.panel = open_viewer([path])
        self.viewer.window.resize(*SIZE)
        self.app = QApplication.instance()
        self.wait(lambda: self.panel.document is not None and not self.panel.busy)
        self.canvas = [
            widget
            for widget in self.app.allWidgets()
            if type(widget).__name__.startswith("CanvasBackend")
        ][-1]
        self.settle()
        self.viewer.reset_view()

    def wait(self, condition) -> None:
        """Let it work until something is so."""
        while not condition():
            self.app.processEvents()
        self.settle()

    def settle(self) -> None:
        """Let it draw."""
        for _ in range(40):
            self.app.processEvents()

    def point(self, lane: int, at: float):
        """Place on the screen of a share of a lane's length, on its centre line."""
        from qtpy.QtCore import QPoint

        strip = self.panel.document.layout.lanes[lane - 1]
        row = strip.top + at * (strip.bottom - strip.top)
        camera = self.viewer.scene.camera
        y, x = camera.center[-2:]
        return QPoint(
            round(self.canvas.width() / 2 + (float(strip.center(row)) - x) * camera.zoom),
            round(self.canvas.height() / 2 + (row - y) * camera.zoom),
        )

    def press(self, *, lane: int, at: float) -> None:
        """Press the mouse on a lane."""
        self.at = self.point(lane, at)
        self._mouse("mousePress", self.at)

    def move(self, right: int) -> None:
        """Move the pressed mouse."""
        from qtpy.QtCore import QPoint
        from qtpy.QtTest import QTest

        QTest.mouseMove(self.canvas, self.at + QPoint(right, 0))
        self.settle()
        time.sleep(0.03)  # napari leaves out moves in quick succession
        self.settle()

    def release(self, right: int = 0) -> None:
        """Let go."""
        from qtpy.QtCore import QPoint

        self._mouse("mouseRelease", self.at + QPoint(right, 0))

    def shoot(self, name: str) -> None:
        """Save the window as a small PNG of few colours."""
        from PIL import Image

        self.settle()
        pixels = self.viewer.window.screenshot(flash=False, canvas_only=False)
        image = Image.fromarray(cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB))
        image.quantize(COLOURS, dither=Image.Dither.NONE).save(
            IMAGES / f"{name}.png", optimize=True
        )
        sys.stdout.write(f"{name}.png\n")

    def close(self) -> None:
        """Close the window."""
        self.viewer.close()
        self.settle()

    def _mouse(self, name: str, place) -> None:
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        button, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        getattr(QTest, name)(self.canvas, button, keys, place)
        self.settle()


if __name__ == "__main__":
    sys.exit(main())

"""How fast the window is: real mouse events under a virtual screen, on 5 and 20 megapixels.

Says for each mouse move what our own handlers took (drawing the dragged lane, measuring it, its
profile and numbers), without napari's painting, which software GL makes slower than it is. Times
are the processor's, so that other programs do not count. Skipped where napari or Xvfb is missing.

    python tests/benchmarks/gui_speed.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from functools import partial, wraps
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from blotquant.simulate import BlotSpec, render, save

MOVE_MS, UNDO_MS = 8.0, 40.0
OPEN_S = {5: 1.0, 20: 3.0}
MOVES = 150
SHAPES = {5: (2000, 2500), 20: (4000, 5000)}


class Clock:
    """Adds up the time spent in some methods, nested calls once."""

    def __init__(self) -> None:
        self.spent, self._depth = 0.0, 0

    def watch(self, owner: object, name: str) -> None:
        method = getattr(owner, name)

        @wraps(method)
        def timed(*args, **keywords):
            self._depth += 1
            start = time.thread_time()
            try:
                return method(*args, **keywords)
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self.spent += time.thread_time() - start

        setattr(owner, name, timed)


def blot(folder: Path, megapixels: int) -> Path:
    rows, cols = SHAPES[megapixels]
    spec = BlotSpec(
        shape=(rows, cols),
        lanes=20,
        lane_width=0.03 * cols,
        gap=0.012 * cols,
        rows=(0.3, 0.5, 0.7),
        sigma=rows / 160,
    )
    return save(render(spec, 1), folder, f"blot_{megapixels}")


def wait(app, condition) -> None:
    """Let the window work, without a loop that would take its processor time away."""
    from qtpy.QtCore import QEventLoop, QTimer

    late = QTimer()
    late.setSingleShot(True)
    late.start(120_000)
    while not condition():
        app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        if not late.isActive():
            raise SystemExit("the window does not answer")


def is_shown(panel, path: Path) -> bool:
    return panel.document.path == path


def point(viewer, canvas, row: float, col: float):
    from qtpy.QtCore import QPoint

    camera = viewer.scene.camera
    y, x = camera.center[-2:]
    return QPoint(
        round(canvas.width() / 2 + (col - x) * camera.zoom),
        round(canvas.height() / 2 + (row - y) * camera.zoom),
    )


def drag(viewer, panel, canvas, app) -> tuple[np.ndarray, int]:
    """Time in our handlers for each mouse move of a long drag, ms; profiles drawn meanwhile."""
    from blotquant_napari.editor import Editor
    from blotquant_napari.panel import Panel
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    clock = Clock()
    for owner, names in (
        (Editor, ("_follow", "_show_preview", "_on_move")),
        (Panel, ("_on_preview", "_refresh_numbers")),
    ):
        for name in names:
            clock.watch(owner, name)
    panel.editor._preview = __import__("superqt.utils", fromlist=["qthrottled"]).qthrottled(
        panel.editor._show_preview, timeout=16
    )
    profiles = []
    panel.document.previewed.connect(lambda: profiles.append(1))
    lane = panel.document.layout.lanes[9]
    row = 0.4 * (lane.top + lane.bottom)
    at = point(viewer, canvas, row, float(lane.center(row)))
    button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mousePress(canvas, button, none, at)
    times = []
    for move in range(MOVES):
        clock.spent, end = 0.0, time.perf_counter() + 0.008  # a mouse reports 125 times a second
        QTest.mouseMove(canvas, at + QPoint(3 + move % 40, 0))
        while time.perf_counter() < end:
            app.processEvents()
        times.append(1000 * clock.spent)
    QTest.mouseRelease(canvas, button, none, at + QPoint(10, 0))
    app.processEvents()
    assert panel.document.layout.lanes[9].source == "hand", "the drag was not seen"
    assert len(profiles) > MOVES / 10, "the profile did not follow"
    return np.array(times[10:]), len(profiles)


def watch_opening() -> Clock:
    """Reading, finding and measuring in the thread, and putting the result on screen."""
    from blotquant_napari import tasks
    from blotquant_napari.panel import Panel

    clock = Clock()
    clock.watch(Panel, "_opened")
    opening = tasks.opening

    def timed(*args):
        start = time.thread_time()
        result = yield from opening(*args)
        clock.spent += time.thread_time() - start
        return result

    tasks.opening = timed
    return clock


def main() -> int:
    if not all(find_spec(name) for name in ("napari", "qtpy")):
        print("napari is not installed: skipped")
        return 0
    if "BLOTQUANT_SCREEN" not in os.environ:
        if shutil.which("xvfb-run") is None:
            print("xvfb-run is not installed: skipped")
            return 0
        screen = "-screen 0 1600x1000x24 +extension GLX"
        command = ["xvfb-run", "-a", "-s", screen, sys.executable, __file__]
        return subprocess.run(
            command, env={**os.environ, "BLOTQUANT_SCREEN": "1"}, check=False
        ).returncode
    return measure()


def measure() -> int:
    from blotquant_napari.view import open_viewer
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    late = []
    viewer, panel = open_viewer()
    viewer.window.resize(1366, 768)
    app = QApplication.instance()
    canvas = next(w for w in app.allWidgets() if type(w).__name__.startswith("CanvasBackend"))
    with TemporaryDirectory() as folder:
        path = blot(Path(folder), 5).rename(Path(folder) / "first.tif")
        start = time.perf_counter()
        panel.open(path)
        wait(app, lambda: panel.document is not None)
        print(f"the first picture, which loads libraries: {time.perf_counter() - start:.2f} s")
        for megapixels, limit in OPEN_S.items():
            path = blot(Path(folder), megapixels)
            start, work = time.perf_counter(), watch_opening()
            panel.open(path)
            wait(app, partial(is_shown, panel, path))
            opened, clock = work.spent, time.perf_counter() - start
            lanes = len(viewer.layers["Lanes"].data)
            assert lanes == 20, f"{lanes} lanes on screen instead of 20"
            app.processEvents()
            times, profiles = drag(viewer, panel, canvas, app)
            undo, acting = [], Clock()
            acting.watch(type(panel.document), "undo")
            acting.watch(type(panel.document), "redo")
            for _ in range(6):
                for keys in (
                    Qt.KeyboardModifier.ControlModifier,
                    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
                ):
                    acting.spent = 0.0
                    QTest.keyClick(canvas, Qt.Key.Key_Z, keys)
                    undo.append(1000 * acting.spent)
            assert panel.document.layout.lanes[9].source == "hand"
            print(
                f"{megapixels} Mpx, 20 lanes: open {opened:.2f} s (at most {limit:g}; "
                f"{clock:.2f} by the clock, with painting); "
                f"mouse move {times.mean():.1f} ms on average, median {np.median(times):.1f}, "
                f"95% {np.quantile(times, 0.95):.1f} (at most {MOVE_MS:g}), {profiles} profiles "
                f"in {MOVES} moves; undo {np.median(undo):.0f} ms (at most {UNDO_MS:g})"
            )
            late += [f"open {megapixels} Mpx"] if opened > limit else []
            late += [f"move at {megapixels} Mpx"] if times.mean() > MOVE_MS else []
            late += [f"undo at {megapixels} Mpx"] if np.median(undo) > UNDO_MS else []
    print("late: " + ", ".join(late) if late else "all in time")
    os._exit(1 if late else 0)  # without waiting for GL to be torn down


if __name__ == "__main__":
    sys.exit(main())

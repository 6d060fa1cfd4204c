"""Nothing is lost, and a session corrected by hand is measured again to the last digit."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from blotquant.cli import main
from blotquant.errors import OutputError
from blotquant.session import read_session, sidecar_path

pytestmark = pytest.mark.usefixtures("gui")


@pytest.fixture
def open_document(gui):
    from blotquant_napari.document import Document

    return Document.open


def edited(document):
    """A few edits, as the keys make them."""
    from blotquant_napari.actions import ACTIONS

    second = document.layout.lanes[1]
    document.select([second.id])
    for action in ("right", "right", "wider", "ladder"):
        ACTIONS[action](document, None)
    ACTIONS["add_band"](document, (40.3, float(second.center(40.3))))
    document.select([document.layout.lanes[3].id])
    ACTIONS["delete"](document, None)
    return document


def test_a_corrected_session_gives_the_same_table_headless(hand, tmp_path, monkeypatch, capsys):
    row = 137.0
    lane = hand.layout.lanes[2]
    hand.drag(row, float(lane.center(row)), right=7)
    hand.double_click(row, float(hand.layout.lanes[2].center(row)))
    band = hand.layout.bands_of(lane.id)[0]
    hand.drag(band.stop, float(hand.layout.lanes[2].center(band.stop)) + 10, down=5)
    assert hand.layout.bands_of(lane.id)[0].stop != band.stop
    shown = [
        m.net_density
        for lane in hand.layout.lanes
        for m in hand.document.measurement(lane.id).bands
    ]
    out, bands, _ = hand.export(tmp_path / "out", monkeypatch)
    image = hand.document.path
    layouts = tmp_path / "layouts"
    layouts.mkdir()
    shutil.move(sidecar_path(image), layouts)
    again = tmp_path / "again"
    assert main(["run", str(image), "-o", str(again), "--layouts", str(layouts)]) == 0
    assert (again / "bands.csv").read_bytes() == (out / "bands.csv").read_bytes()
    assert list(bands["net_density"]) == pytest.approx(shown, rel=1e-9), "as the panel showed it"


def test_closing_and_opening_restores_all(open_document, image):
    first = edited(open_document(image))
    again = open_document(image)
    assert again.layout == first.layout
    assert again.recipe == first.recipe
    assert again.history.now.log == first.history.now.log


def test_the_log_says_what_was_touched(open_document, image):
    document = edited(open_document(image))
    log = read_session(sidecar_path(image)).edit_log
    assert [entry.what for entry in log] == [
        "nudge lane 2",
        "nudge lane 2",
        "widen lane 2",
        "mark lane 2: kind = ladder",
        "add a band to lane 2",
        "delete lane 4",
    ]
    widened = log[2]
    before, after = widened.before["lanes"][0], widened.after["lanes"][0]
    assert after["width"] == before["width"] + 1
    assert log[5].before["lanes"][0]["id"] == "lane-4"
    document.undo()
    assert len(read_session(sidecar_path(image)).edit_log) == 5


def test_opening_writes_nothing(open_document, image):
    open_document(image)
    assert not sidecar_path(image).exists()


def test_a_changed_image_is_noticed_and_its_sidecar_kept(open_document, image):
    edited(open_document(image))
    sidecar = sidecar_path(image)
    old = sidecar.read_bytes()
    image.write_bytes(image.read_bytes() + b"\0")
    document = open_document(image)
    assert "the image changed since its layout was saved" in document.note
    assert all(lane.source == "auto" for lane in document.layout.lanes)
    assert sidecar.read_bytes() == old
    edited(document)
    assert sidecar.with_name(f"{sidecar.name}.kept-1").read_bytes() == old
    assert read_session(sidecar).layout == document.layout


@pytest.mark.parametrize("damage", ["newer", "cut", "nonsense"])
def test_a_sidecar_that_cannot_be_used_is_refused_and_kept(open_document, image, damage):
    edited(open_document(image))
    sidecar = sidecar_path(image)
    tree = json.loads(sidecar.read_bytes())
    content = {
        "newer": json.dumps(tree | {"schema_version": 99}).encode(),
        "cut": sidecar.read_bytes()[:-200],
        "nonsense": b"\xff\x00",
    }[damage]
    sidecar.write_bytes(content)
    document = open_document(image)
    assert sidecar.name in document.note
    assert ("newer blotquant" in document.note) == (damage == "newer")
    assert sidecar.read_bytes() == content
    edited(document)
    assert sidecar.with_name(f"{sidecar.name}.kept-1").read_bytes() == content


def test_the_sidecar_of_a_namesake_is_not_overwritten(open_document, image):
    edited(open_document(image))
    sidecar = sidecar_path(image)
    old = sidecar.read_bytes()
    twin = image.with_suffix(".png")
    import imageio.v3 as iio

    iio.imwrite(twin, iio.imread(image)[::-1])
    document = open_document(twin)
    assert f"belongs to {image.name}" in document.note
    said = []
    document.said.connect(said.append)
    edited(document)
    assert sidecar.read_bytes() == old
    assert any(words.startswith("not saved:") for words in said)


def test_a_name_that_leaves_no_room_for_a_sidecar(open_document, image):
    """Asking for the sidecar raised OSError; the picture is opened, and not saved."""
    from blotquant_napari.reader import read

    long = image.rename(image.with_name(f"{'b' * 250}.tif"))
    assert len(read(str(long))) == 1
    document = open_document(long)
    with pytest.raises(OutputError, match="File name too long"):
        document.autosave.save(b"{}")


def test_the_namesake_of_a_sidecar_has_a_name_too_long(open_document, image):
    edited(open_document(image))
    path = sidecar_path(image)
    tree = json.loads(path.read_bytes())
    tree["image"] |= {"name": f"{'b' * 300}.tif", "sha256": "0" * 64}
    path.write_text(json.dumps(tree))
    open_document(image)


def test_what_cannot_be_saved_is_said(open_document, image):
    document = open_document(image)
    said = []
    document.said.connect(said.append)
    sidecar_path(image).mkdir()  # also for root, who may write into read-only folders
    edited(document)
    assert len(document.layout.lanes) == 4
    assert any(words.startswith("not saved:") for words in said)


def test_a_file_that_changes_while_it_is_open_is_not_mixed_up(open_document, image):
    from blotquant.errors import SessionError

    document = open_document(image)
    layout = document.layout
    image.write_bytes(image.read_bytes() + b"\0")
    with pytest.raises(SessionError, match="changed meanwhile"):
        document.turn("mirror")
    assert document.layout == layout


_KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from conftest import Hand
import napari
from qtpy.QtWidgets import QApplication
from blotquant_napari.view import open_viewer
viewer, panel = open_viewer([Path({image!r})])
hand = Hand(viewer, panel, QApplication.instance())
hand.wait_open()
lane = hand.layout.lanes[2]
hand.drag(137.0, float(lane.center(137.0)), right=12)
hand.key("BracketRight")
moved = hand.layout.lanes[2]
hand.press(137.0, float(moved.center(137.0)) + 12)
hand.move(20)
hand.wait(lambda: hand.document.shown != hand.layout)
print("dragging", moved.path[0][1], moved.width, flush=True)
while True:
    hand.app.processEvents()
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9")
def test_kill_9_loses_only_the_drag_in_progress(display, qapp, open_document, image):
    script = _KILLED.format(tests=str(Path(__file__).parent), image=str(image))
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    line = process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate()
    assert line.startswith("dragging"), errors
    assert process.returncode == -signal.SIGKILL
    col, width = map(float, line.split()[1:])
    document = open_document(image)
    lane = document.layout.lanes[2]
    assert (lane.path[0][1], lane.width, lane.source) == (col, width, "hand")
    assert [entry.what for entry in document.history.now.log] == ["move lane 3", "widen lane 3"]
    assert not list(image.parent.glob(".*")), "no half-written file is left"

"""What napari is told of the plugin, and what the reader, writer and samples give."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from blotquant.loaders import supported_suffixes
from blotquant.session import read_session, sidecar_path

pytestmark = pytest.mark.usefixtures("gui")
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def manifest(gui):
    from npe2 import PluginManifest

    return PluginManifest.from_distribution("blotquant")


def test_npe2_finds_the_manifest_valid():
    run = subprocess.run(
        [sys.executable, "-m", "npe2", "validate", "blotquant"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "valid" in run.stdout


def test_every_command_is_there(manifest):
    for command in manifest.contributions.commands:
        module, name = command.python_name.split(":")
        assert callable(getattr(import_module(module), name))


def test_the_reader_claims_what_blotquant_reads(manifest):
    (reader,) = manifest.contributions.readers
    assert set(reader.filename_patterns) == {f"*{suffix}" for suffix in supported_suffixes()}
    assert reader.accepts_directories


def test_the_widget_has_a_menu_entry(manifest):
    (widget,) = manifest.contributions.widgets
    assert widget.display_name == "Blot quantification"
    (entry,) = manifest.contributions.menus["napari/layers/measure"]
    assert entry.command == widget.command


def test_a_picture_is_read_without_change(image):
    from blotquant_napari.reader import get_reader

    from blotquant import load

    ((data, keywords, kind),) = get_reader(str(image))(str(image))
    assert kind == "image"
    assert keywords["name"] == image.name
    assert np.array_equal(data, load(image)[0].pixels)
    assert data.dtype == np.uint16


def test_lanes_and_bands_come_with_the_picture(image):
    from blotquant_napari.actions import ACTIONS
    from blotquant_napari.document import Document
    from blotquant_napari.reader import read
    from blotquant_napari.writer import write_sidecar

    document = Document.open(image)
    document.select([document.layout.lanes[0].id])
    ACTIONS["wider"](document, None)
    _, (lanes, keywords, kind), (bands, _, _) = read(str(image))
    assert kind == "shapes"
    assert (len(lanes), len(bands)) == (5, 10)
    assert keywords["edge_width"][0] == document.layout.lanes[0].width
    copy = image.parent / "copy.json"
    assert write_sidecar(str(copy), lanes, keywords) == [str(copy)]
    assert copy.read_bytes() == sidecar_path(image).read_bytes()
    assert read_session(copy).layout == document.layout


def test_the_writer_refuses_other_shapes(tmp_path):
    from blotquant_napari.writer import write_sidecar

    from blotquant.errors import SessionError

    with pytest.raises(SessionError, match="holds no lanes of blotquant"):
        write_sidecar(str(tmp_path / "x.json"), [], {"name": "Shapes", "metadata": {}})


def test_what_is_no_image_is_left_to_other_readers(tmp_path):
    from blotquant_napari.reader import get_reader

    text = tmp_path / "notes.txt"
    text.write_text("no blot")
    assert get_reader(str(text)) is None
    assert get_reader(str(tmp_path)) is None


def test_a_folder_opens_whole(image):
    import shutil

    from blotquant_napari.reader import get_reader

    shutil.copy(image, image.with_name("M2_P53.tif"))
    layers = get_reader(str(image.parent))(str(image.parent))
    assert [keywords["visible"] for _, keywords, _ in layers] == [True, False]


@pytest.mark.parametrize("name", ["membrane", "strip", "study"])
def test_samples(name, tmp_path, monkeypatch):
    from blotquant_napari import samples

    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.setattr(samples, "mkdtemp", lambda prefix: str(folder))
    layers = getattr(samples, name)()
    assert len(layers) == len(list(folder.glob("*.tif"))) >= (20 if name == "study" else 1)
    assert all(Path(k["metadata"]["blotquant"]["path"]).is_file() for _, k, _ in layers)


# --- in the window


def test_dropped_on_napari_it_is_taken_over_by_the_panel(open_new_window, image):
    from blotquant_napari.reader import read

    hand = open_new_window()
    assert hand.document is None
    for data, keywords, kind in read(str(image)):
        getattr(hand.viewer, f"add_{kind}")(data, **keywords)
    hand.wait_open(image.name)
    names = [layer.name for layer in hand.viewer.layers]
    assert names.count(image.name) == 1, "the picture is not shown twice"
    assert len(hand.layout.lanes) == 5


def test_a_folder_is_a_list_with_lights_and_enter_goes_on(open_window, image):
    import shutil

    second = image.with_name("M2_P53.tif")
    shutil.copy(image, second)
    hand = open_window(image.parent)
    assert hand.document.path == image
    assert hand.panel.list.count() == 2
    assert hand.panel.list.isVisible()
    lane = hand.layout.lanes[2]
    hand.drag(137.0, float(lane.center(137.0)), right=12)
    moved = hand.layout
    hand.key("Return")
    hand.wait_open(second.name)
    assert hand.panel.list.item(0).text() == "M1_P53.tif ✓"
    assert hand.layout.lanes[2].source == "auto"
    shown = sorted(path[0][1] for path in hand.viewer.layers["Lanes"].data)
    assert shown == pytest.approx([lane.path[0][1] for lane in hand.layout.lanes], abs=1e-3)
    hand.panel.list.setCurrentRow(0)
    hand.wait_open(image.name)
    assert hand.layout == moved
    hand.key("Z", "Control")
    assert hand.layout.lanes[2] == lane, "each picture has its own undo"


def test_what_cannot_be_read_is_said_and_the_rest_goes_on(open_window, image):
    image.with_name("A_broken.tif").write_bytes(b"II*\0nothing")
    hand = open_window()
    hand.panel.open(image.parent)
    hand.wait(lambda: not hand.panel.busy)
    assert "A_broken.tif" in hand.panel.status.text()
    hand.panel.list.setCurrentRow(1)
    hand.wait_open(image.name)


def test_an_empty_picture_can_be_drawn_on(open_window, tmp_path):
    import tifffile

    path = tmp_path / "empty.tif"
    noise = np.random.default_rng(5).normal(1000, 5, (200, 300))
    tifffile.imwrite(path, noise.astype(np.uint16))
    hand = open_window(path)
    assert hand.layout.lanes == ()
    assert "draw them with A" in hand.panel.status.text()
    hand.hover(100, 150)
    hand.key("A")
    hand.key("B")
    assert (len(hand.layout.lanes), len(hand.layout.bands)) == (1, 1)


def test_where_finding_fails_lanes_can_be_drawn(open_window, image, monkeypatch):
    from blotquant_napari import document

    def fail(blot, recipe=None):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(document, "detect", fail)
    hand = open_window(image)
    assert "ZeroDivisionError: planted" in hand.panel.status.text()
    hand.hover(100, 150)
    hand.key("A")
    assert len(hand.layout.lanes) == 1


def test_the_panel_fits_a_small_screen(hand):
    window = hand.panel.window()
    assert window.minimumSizeHint().width() <= 1366
    assert window.minimumSizeHint().height() <= 768

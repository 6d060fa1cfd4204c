"""The sidecar: what goes in comes out to the last bit; what cannot be right is one line."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blotquant import session
from blotquant.errors import OutputError, SessionError
from blotquant.model import Band, BandRow, Blot, ImageSource, Lane, Layout, Panel
from blotquant.session import (
    PictureIdentity,
    Session,
    as_stored,
    plain,
    read_layout,
    read_session,
    sidecar_path,
    write_layout,
)


def layout(width=12.5, start=10.0):
    return Layout(
        panels=(Panel("p", ((0.0, 0.0), (0.0, 99.0))),),
        lanes=(
            Lane("a", "p", ((0, 20), (99, 22.5)), width, label="β-actin", kind="ladder"),
            Lane("b", "p", ((0, 60), (50, 61), (99, 60)), width, use=False, confidence=1 / 3),
        ),
        rows=(BandRow("r", "top", "P53", 53.0),),
        bands=(Band("a", "r", start, start + 8), Band("b", "r", 1 / 3, 9.7, detected=False)),
    )


def blot(shape=(100, 80), sha256="", orientation="0"):
    source = ImageSource("M1_P53.tif", sha256)
    return Blot(np.zeros(shape, np.uint16), source=source, orientation=orientation)


def altered(path, change):
    """The sidecar with one thing changed, written back."""
    tree = json.loads(path.read_text(encoding="utf-8"))
    change(tree)
    path.write_text(json.dumps(tree), encoding="utf-8")
    return path


@pytest.fixture
def sidecar(tmp_path):
    return write_layout(tmp_path / "M1_P53.blotquant.json", layout())


def test_a_layout_comes_back_as_it_was(sidecar):
    assert read_layout(sidecar) == layout()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    width=st.floats(1e-3, 1e6),
    start=st.floats(-9e5, 9e5),
)
def test_floats_come_back_to_the_last_bit(tmp_path, width, start):
    path = write_layout(tmp_path / "x.blotquant.json", layout(width, start))
    back = read_layout(path)
    assert back.lanes[0].width.hex() == width.hex()
    assert back.bands[0].start.hex() == start.hex()


def test_single_precision_numbers_are_stored_as_what_they_are():
    odd = layout(np.float32(0.1), np.float32(7.7))
    stored = as_stored(odd)
    assert stored == odd
    assert type(stored.lanes[0].width) is float
    assert stored.lanes[0].width == float(np.float32(0.1))


def test_the_file_says_the_same_twice(tmp_path):
    first = write_layout(tmp_path / "a.json", layout()).read_bytes()
    second = write_layout(tmp_path / "b.json", read_session(tmp_path / "a.json")).read_bytes()
    assert first == second


def test_it_is_plain_json_with_a_version(sidecar):
    tree = json.loads(sidecar.read_text(encoding="utf-8"))
    assert tree["schema_version"] == 1
    assert tree["edit_log"] == []
    assert tree["layout"]["lanes"][0]["label"] == "β-actin"


def test_a_newer_version_is_refused_and_kept(sidecar):
    altered(sidecar, lambda tree: tree.update(schema_version=99))
    before = sidecar.read_bytes()
    with pytest.raises(SessionError, match=r"M1_P53\.blotquant\.json.*newer blotquant.*99"):
        read_session(sidecar)
    assert sidecar.read_bytes() == before


def test_an_older_version_is_migrated(sidecar, monkeypatch):
    def to_two(tree):
        tree["layout"]["rows"] = tree.pop("old_rows")
        return tree

    monkeypatch.setattr(session, "SESSION_VERSION", 2)
    monkeypatch.setattr(session, "_MIGRATIONS", {1: to_two})
    altered(sidecar, lambda tree: tree.update(old_rows=tree["layout"].pop("rows")))
    assert read_session(sidecar).schema_version == 2
    assert read_layout(sidecar) == layout()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"null",
        b"[]",
        b'{"lanes": []}',
        b'{"schema_version": "1"}',
        b'{"schema_version": true}',
        b'{"schema_version": 0}',
        b'{"schema_version": 1, "layout": {"lanes": [{}]}}',
        b'{"schema_version": 1, "colour": "red"}',
    ],
)
def test_a_damaged_file_is_one_line(tmp_path, content):
    path = tmp_path / "x.blotquant.json"
    path.write_bytes(content)
    with pytest.raises(SessionError, match=r"^x\.blotquant\.json: .+") as caught:
        read_session(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree["layout"]["bands"][0].update(lane_id="gone"),
        lambda tree: tree["layout"]["lanes"][0].update(width=-1),
        lambda tree: tree["layout"]["lanes"][0].update(width=float("nan")),
        lambda tree: tree["layout"]["lanes"][0].update(kind="lader"),
        lambda tree: tree["layout"]["lanes"][0].update(wide=3),
        lambda tree: tree["layout"]["bands"][0].update(start=50, stop=40),
        lambda tree: tree["recipe"]["finding"].update(sensitivity=-5),
    ],
)
def test_a_layout_that_cannot_be_is_one_line(sidecar, change):
    altered(sidecar, change)
    with pytest.raises(SessionError, match="damaged"):
        read_session(sidecar)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(SessionError, match=r"x\.blotquant\.json: cannot be read"):
        read_layout(tmp_path / "x.blotquant.json")


def test_it_is_checked_against_its_picture():
    mine = Session(image=PictureIdentity(sha256="aa", shape=(100, 80)), layout=layout())
    mine.check(blot(sha256="aa"))
    with pytest.raises(SessionError, match="the image changed since"):
        mine.check(blot(sha256="bb"))
    with pytest.raises(SessionError, match="100 x 80"):
        mine.check(blot(shape=(80, 100), sha256="aa"))
    with pytest.raises(SessionError, match="orientation"):
        mine.check(blot(sha256="aa", orientation="mirror"))


def test_without_identity_it_is_not_checked(sidecar):
    read_session(sidecar).check(blot(shape=(7, 7), sha256="bb"))


def test_where_it_lies(tmp_path):
    image = tmp_path / "2024 blot 1.5s.tif"
    assert sidecar_path(image).name == "2024 blot 1.5s.blotquant.json"
    assert sidecar_path(image, "2/Cy5").name == "2024 blot 1.5s#2-Cy5.blotquant.json"


def test_writing_where_one_cannot_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_layout(tmp_path / "file" / "x.blotquant.json", layout())


def test_plain_values_are_json():
    odd = {"a": np.float32(1.5), "b": (np.int64(2), float("nan")), 3: np.arange(2), "c": None}
    assert plain(odd) == {"a": 1.5, "b": [2, None], "3": [0, 1], "c": None}
    assert json.dumps(plain(asdict(layout())), allow_nan=False)

"""Files behind URLs: which are images, what is fetched with them, what is written, what never."""

import functools
import http.server
import json
import shutil
import sys
import threading

import pytest

from blotquant.batch import analyze_folder, remote_fs, remote_out
from blotquant.batch.inputs import find_images
from blotquant.batch.remote import RemoteImages, urls_of
from blotquant.batch.remote_fs import RemoteFile, fetch, shown_url
from blotquant.batch.study import StudyPlan
from blotquant.batch.worker import Job, Settings
from blotquant.errors import NothingFound, OutputError, UnreadableImage

pytest.importorskip("s3fs", reason="the extra 'remote' is not installed")


@pytest.fixture
def folder(tmp_path):
    """Files that are images by their names, and others."""
    for name in (
        *("M10_P53.tif", "M2_P53.tif", "M2_P53.blotquant.json", "M2_P53x.json", ".M1.tif"),
        *("scan.img", "scan.inf", "notes.txt", "deep/M1.PNG", "blotquant-results/overlays/M2.png"),
        *("old/bands.csv", "old/overlays/M2.png", "out/new.png"),
    ):
        path = tmp_path / "blots" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * len(name))
    marker = json.dumps({"blotquant": "1", "files": {}})
    (tmp_path / "blots" / "old" / "provenance.json").write_text(marker)
    return tmp_path / "blots"


def url(path):
    return path.as_uri()


@pytest.mark.parametrize("recursive", [False, True])
def test_images_are_those_of_a_folder(folder, tmp_path, recursive):
    found = RemoteImages.find(
        [url(folder)], tmp_path / "here", recursive=recursive, out=url(folder / "out")
    )
    wanted = find_images([folder], recursive=recursive, out=folder / "out")
    assert [(one.name, one.stem) for one in found.images] == [
        (one.name, one.stem) for one in wanted
    ]
    fetched = {
        image.name: [file.path.rpartition("/")[2] for file in found.files[image.path]]
        for image in found.images
    }
    assert fetched["M2_P53.tif"] == ["M2_P53.tif", "M2_P53.blotquant.json"]
    assert fetched["scan.img"] == ["scan.img", "scan.inf"]


def test_results_and_empty_folders_are_refused(folder, tmp_path):
    with pytest.raises(OutputError, match="old: holds results of blotquant"):
        RemoteImages.find([url(folder / "old")], tmp_path / "here")
    (folder / "empty").mkdir()
    with pytest.raises(NothingFound, match=r"empty: no images here .*add --recursive"):
        RemoteImages.find([url(folder / "empty")], tmp_path / "here")
    with pytest.raises(UnreadableImage, match="misspelt: there is no such file or folder"):
        RemoteImages.find([url(folder / "misspelt")], tmp_path / "here")


def test_a_study_is_fetched_with_all_that_it_names(blots, tmp_path):
    found = RemoteImages.find([url(blots)], tmp_path / "here")
    (place,) = found.sources
    assert {path.name: path.read_bytes() for path in place.iterdir()} == {
        path.name: path.read_bytes() for path in blots.iterdir() if path.name != "truth.json"
    }
    assert len(found.images) == len(list(blots.glob("*.tif")))

    plan = StudyPlan.of(found.sources, {})
    jobs = [Job(file, Settings(), tmp_path, overlay=False, plots=False) for file in plan.files]
    task = plan.tasks(jobs)[0]
    measured = task.run().outcomes
    for image in task.files:  # as on another machine: a worker fetches them for itself
        image.path.unlink()
    assert found.task(task).run().outcomes == measured
    assert {one["status"] for one in measured} == {"measured"}


def test_a_name_never_leads_out_of_the_folder(tmp_path):
    from blotquant.batch.remote import _place

    for path in ("bucket/../../../etc/passwd", "https://me:pw@host/%2e%2e/%2e%2e/x.tif", "/../x"):
        place = _place(tmp_path, path)
        assert place.resolve().is_relative_to(tmp_path.resolve())
        assert "pw" not in str(place)


def test_a_list_names_urls_alone(tmp_path):
    listing = tmp_path / "list.txt"
    listing.write_text("# blots\n\nhttps://host/a.tif\nhttps://host/a.tif\ns3://b/c\n")
    assert urls_of([listing]) == ["https://host/a.tif", "s3://b/c"]
    assert urls_of([tmp_path / "M1.tif"]) is None
    listing.write_text("no URLs\n")
    assert urls_of([listing]) is None
    with pytest.raises(UnreadableImage, match="either URLs or paths"):
        urls_of(["s3://b/c", tmp_path])


def test_nothing_secret_is_shown():
    assert shown_url("https://me:secret@host/a.tif?X-Amz-Signature=abc") == "https://host/a.tif"
    assert shown_url("403, url='https://h/a?sig=1'") == "403, url='https://h/a'"


class _Flaky:
    """A store whose connection breaks as often as said."""

    async_impl = True

    def __init__(self, breaks, error):
        self.breaks, self.error = breaks, error

    def get_file(self, path, target):
        self.breaks -= 1
        content = b"half" if self.error is None and self.breaks >= 0 else b"a whole image"
        with open(target, "wb") as file:  # noqa: PTH123
            file.write(content)
        if self.error is not None and self.breaks >= 0:
            raise self.error


@pytest.mark.parametrize("error", [None, ConnectionError("reset"), TimeoutError()])
def test_a_dropped_connection_is_tried_again(monkeypatch, tmp_path, error):
    monkeypatch.setattr(remote_fs, "_PAUSES", (0.0, 0.0, 0.0))
    target, file = tmp_path / "a.tif", RemoteFile("s3://b", "b/a.tif", 13)
    monkeypatch.setattr(remote_fs, "_system", lambda _: (_Flaky(3, error), ""))
    fetch(file, target)
    assert target.read_bytes() == b"a whole image"
    monkeypatch.setattr(remote_fs, "_system", lambda _: (_Flaky(4, error), ""))
    with pytest.raises(UnreadableImage, match=r"s3://b/a.tif: cannot be reached \("):
        fetch(file, target)
    monkeypatch.setattr(remote_fs, "_system", lambda _: (_Flaky(1, PermissionError()), ""))
    with pytest.raises(UnreadableImage, match="access is refused; check the credentials"):
        fetch(file, target)


def test_without_fsspec_one_line_says_what_to_install(monkeypatch):
    remote_fs._system.cache_clear()
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(UnreadableImage, match=r'pip install "blotquant\[remote\]"'):
        analyze_folder("s3://bucket/blots", out="out")


def test_older_results_move_and_strange_files_stay(blots, plain, tmp_path, monkeypatch):
    monkeypatch.setenv("BLOTQUANT_CACHE", str(tmp_path / "cache"))
    there = tmp_path / "there"
    there.mkdir()
    (there / "mine.txt").write_text("my own")

    def run():
        return analyze_folder(blots / "M1_P53.tif", out=url(there), **plain)

    first = run()
    before = (there / "lanes.csv").read_bytes()
    run()
    (shelf,) = (there / "previous").iterdir()
    assert (shelf / "lanes.csv").read_bytes() == before == (there / "lanes.csv").read_bytes()
    assert (there / "mine.txt").read_text() == "my own"
    assert first.url == url(there)

    shutil.rmtree(there)
    there.mkdir()
    (there / "bands.csv").write_text("not blotquant's")
    with pytest.raises(OutputError, match=r"there/bands\.csv: is there and was not written by"):
        run()
    assert [path.name for path in there.iterdir()] == ["bands.csv"]


def test_an_interrupted_run_goes_on_from_what_is_here(blots, plain, tmp_path, monkeypatch):
    monkeypatch.setenv("BLOTQUANT_CACHE", str(tmp_path / "cache"))
    images, there = [blots / "M1_P53.tif", blots / "M2_P53.tif"], tmp_path / "there"
    seen = []

    def progress(done, total, image):
        seen.append(image)
        if image == "M1_P53.tif":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyze_folder(images, out=url(there), progress=progress, **plain)
    assert not json.loads((there / "provenance.json").read_text())["complete"]
    assert len(list((there / ".blotquant").glob("journal-*.jsonl"))) == 1
    monkeypatch.setattr(remote_out, "fetch_all", None)  # nothing has to be fetched
    analyze_folder(images, out=url(there), resume=True, progress=progress, **plain)
    assert seen == ["", "M1_P53.tif", "", "M2_P53.tif"]
    assert json.loads((there / "provenance.json").read_text())["complete"]
    names = {path.name for path in (there / ".blotquant").iterdir()}
    assert names == {"journal.jsonl", "parts", "writer"}


def test_signed_urls_are_read_and_written_nowhere(blots, plain, tmp_path):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(blots))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = f"http://127.0.0.1:{server.server_port}"
        urls = [f"{host}/{name}?X-Amz-Signature=SECRET" for name in ("M1_P53.tif", "gone.tif")]
        run = analyze_folder(urls, out=tmp_path / "out", **plain)
        server.shutdown()
    assert [(one.image, one.status) for one in run.images] == [
        ("gone.tif", "failed"),
        ("M1_P53.tif", "measured"),
    ]
    assert f"{host}/gone.tif: there is no such file" in run.failed[0].reason
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if b"SECRET" in path.read_bytes()]

"""A folder of small blots, what a run on this machine makes of it, and an S3 server on loopback."""

import logging
from pathlib import Path

import pytest

from blotquant.batch import analyze_folder
from blotquant.simulate import StudySpec, write_study

TABLES = (
    *("bands.csv", "lanes.csv", "normalized.csv", "failures.csv", "skipped.csv", "results.xlsx"),
    *("parquet/bands.parquet", "parquet/lanes.parquet"),
)
PLAIN = {"overlays": False, "use_study": False, "changes": {"image": {"integrity": False}}}
SPEC = StudySpec(
    folds={"P53": 2.0, "PTEN": 0.5},
    membranes=4,
    reference_lanes=2,
    treated_lanes=2,
    shape=(90, 320),
)


@pytest.fixture
def plain():
    """Options of every run: neither overlays nor a look at the pictures."""
    return PLAIN


@pytest.fixture(scope="session")
def blots(tmp_path_factory):
    """A small study: what is asked here is where it is measured, not how well."""
    folder = tmp_path_factory.mktemp("blots") / "blots"
    write_study(folder, SPEC, seed=3)
    return folder


@pytest.fixture(scope="session")
def here(blots, tmp_path_factory):
    """The tables of a run on this machine, by name."""
    out = tmp_path_factory.mktemp("here") / "out"
    run = analyze_folder(blots, out=out, **PLAIN)
    assert len(run.measured) == len(list(blots.glob("*.tif")))
    return {name: (out / name).read_bytes() for name in TABLES}


@pytest.fixture(scope="session")
def server():
    """An S3 server; the address is in the environment, as with every other such service."""
    pytest.importorskip("s3fs", reason="the extra 'remote' is not installed")
    moto = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
        running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        running.start()
        host, port = running.get_host_and_port()
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        yield
        running.stop()


@pytest.fixture
def bucket(server, blots, tmp_path, monkeypatch):
    """A bucket that holds the blots; a cache of the test's own."""
    import fsspec

    monkeypatch.setenv("BLOTQUANT_CACHE", str(tmp_path / "cache"))
    store = fsspec.filesystem("s3", use_listings_cache=False)
    name = f"lab-{tmp_path.name.replace('_', '-').lower()}"[:60]
    store.mkdir(name)
    for path in sorted(Path(blots).iterdir()):
        store.put_file(str(path), f"{name}/blots/{path.name}")
    yield name, store
    store.rm(name, recursive=True)

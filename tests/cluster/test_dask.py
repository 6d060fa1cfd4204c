"""On a Dask cluster of real processes: the same bytes as on this machine, whatever happens."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from blotquant.batch import analyze_folder
from blotquant.errors import ClusterError

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
from blotquant.batch.cluster import cluster


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    """Address of a scheduler, and its two workers."""
    folder = tmp_path_factory.mktemp("dask")
    place = folder / "scheduler.json"
    common = ["--scheduler-file", str(place), "--host", "127.0.0.1"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

    def start(kind, *words):
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *common, *words]
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)

    alone = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
    running = [start("scheduler", "--port", "0", "--no-dashboard")]
    try:
        limit = time.monotonic() + 60
        while not place.exists() and time.monotonic() < limit:
            time.sleep(0.1)
        running += [start("worker", *alone), start("worker", *alone)]
        yield json.loads(place.read_text())["address"], running[1:]
    finally:
        for process in running:
            process.kill()
            process.wait()


def test_a_lost_worker_costs_nothing_but_time(dask, blots, here, plain, tmp_path):
    address, workers = dask
    seen = []

    def progress(done, total, image):
        seen.append(image)
        if done == 2:
            workers[0].send_signal(signal.SIGKILL)

    with cluster(address, time_limit=60, patience=30) as executor:
        run = analyze_folder(
            blots, out=tmp_path / "out", executor=executor, progress=progress, **plain
        )
    assert workers[0].poll() is not None
    assert not run.failed
    assert {name: (tmp_path / "out" / name).read_bytes() for name in here} == here
    assert sorted(filter(None, seen)) == sorted(path.name for path in blots.glob("*.tif"))


def test_what_takes_too_long_is_given_up(dask, blots, plain, tmp_path):
    address, _ = dask
    with cluster(address, time_limit=0.001, patience=30) as executor:
        run = analyze_folder(blots / "M1_P53.tif", out=tmp_path / "out", executor=executor, **plain)
    assert [one.error for one in run.failed] == ["TimedOut"]
    assert run.failed[0].reason.startswith("M1_P53.tif: took longer than 0.001 s")


def test_workers_with_other_libraries_are_refused(dask, monkeypatch):
    address, _ = dask
    monkeypatch.setattr("blotquant.batch.cluster.__version__", "9.9")
    with (
        pytest.raises(ClusterError, match=r"tcp://\S+: has blotquant \S+ where .* has 9\.9; "),
        cluster(address, patience=30),
    ):
        pass


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tcp://127.0.0.1:1", "no scheduler answers; start one with `dask scheduler`"),
        ("somewhere", "is no address of a scheduler"),
        ("smoke://host:1", "is no address of a scheduler"),
    ],
)
def test_where_no_scheduler_is_one_line_says_so(address, words):
    with pytest.raises(ClusterError, match=words) as caught, cluster(address, patience=0.5):
        pass
    assert str(caught.value).startswith(f"{address}: ")
    assert "\n" not in str(caught.value)

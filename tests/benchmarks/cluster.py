"""A folder on a Dask cluster of two workers, one of which is killed half-way; and from S3 to S3.

    .venv/bin/python tests/benchmarks/cluster.py

A scheduler and its workers are started on this machine, and an S3 server (moto) on loopback. Exits
with 1 when a table is not, byte for byte, that of a run without any of them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from parts.machine import Bounds, heading, one_thread, table

one_thread()

from blotquant.batch import analyze_folder  # noqa: E402  # after the threads are set
from blotquant.batch.cluster import cluster  # noqa: E402
from blotquant.simulate import render, save, spec_of  # noqa: E402

IMAGES, SHAPE, WORKERS = 60, (400, 700), 2
TABLES = (
    *("bands.csv", "lanes.csv", "normalized.csv", "failures.csv", "skipped.csv", "results.xlsx"),
    *("parquet/bands.parquet", "parquet/lanes.parquet"),
)
OPTIONS = {"overlays": False, "changes": {"image": {"integrity": False}}}
DIFFICULTIES = ("clean", "bow", "smile", "cloudy", "gaps")
PLACES = {"shape": SHAPE, "lanes": 8, "lane_width": 60.0, "gap": 20.0, "groups": ()}


@dataclass
class Run:
    """Tables and time of a run."""

    name: str
    seconds: float
    tables: dict[str, bytes]
    measured: int


def draw(folder: Path) -> Path:
    """Simulated blots."""
    folder.mkdir()
    for number in range(IMAGES):
        spec = replace(spec_of(DIFFICULTIES[number % len(DIFFICULTIES)], 300), **PLACES)
        name = f"M{number // 2 + 1}_{'b-actin' if number % 2 else 'P53'}"
        save(render(spec, 300 + number % 40), folder, name)
    for truth in folder.glob("*.json"):
        truth.unlink()
    return folder


@contextmanager
def dask(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Address of a scheduler, and its workers."""
    place = folder / "scheduler.json"
    common = ("--scheduler-file", str(place), "--host", "127.0.0.1", "--no-dashboard")
    log = (folder / "dask.log").open("wb")

    def start(kind: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *common, *words]
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)

    running = [start("scheduler", "--port", "0")]
    try:
        while not place.exists():
            time.sleep(0.1)
        running += [start("worker", "--nthreads", "1", "--no-nanny") for _ in range(WORKERS)]
        registered = 0
        while registered < WORKERS:  # starting is not what is timed
            time.sleep(0.2)
            registered = (folder / "dask.log").read_bytes().count(b"Registered to")
        yield json.loads(place.read_text())["address"], running[1:]
    finally:
        for process in running:
            process.kill()
            process.wait()
        log.close()


@contextmanager
def bucket(folder: Path) -> Iterator[Callable[[str], bytes]]:
    """An S3 server with the blots in ``s3://lab/blots``; gives what reads from it."""
    import fsspec
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    store = fsspec.filesystem("s3", use_listings_cache=False)
    store.mkdir("lab")
    for path in folder.iterdir():
        store.put_file(str(path), f"lab/blots/{path.name}")
    try:
        yield store.cat_file
    finally:
        server.stop()


def local(name: str, blots: Path, out: Path, jobs: int) -> Run:
    begin = time.perf_counter()
    run = analyze_folder(blots, out=out, jobs=jobs, **OPTIONS)
    return Run(name, time.perf_counter() - begin, read(out), len(run.measured))


def read(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in TABLES}


def on_dask(name: str, blots: Path, out: Path, *, kill: bool) -> Run:
    """On two workers; the first is killed when a third of the images is done."""
    with tempfile.TemporaryDirectory() as folder, dask(Path(folder)) as (address, workers):
        killed: list[int] = []

        def progress(done: int, total: int, image: str) -> None:
            if kill and not killed and done >= total // 3:
                workers[0].send_signal(signal.SIGKILL)
                killed.append(done)

        with cluster(address, time_limit=600, patience=60) as executor:
            begin = time.perf_counter()
            run = analyze_folder(blots, out=out, executor=executor, progress=progress, **OPTIONS)
            seconds = time.perf_counter() - begin
        assert not kill or workers[0].poll() is not None
    return Run(name, seconds, read(out), len(run.measured))


def from_s3_to_s3(name: str, blots: Path) -> Run:
    with bucket(blots) as content, tempfile.TemporaryDirectory() as cache:
        os.environ["BLOTQUANT_CACHE"] = cache
        begin = time.perf_counter()
        run = analyze_folder("s3://lab/blots", out="s3://lab/out", jobs=WORKERS, **OPTIONS)
        seconds = time.perf_counter() - begin
        tables = {one: content(f"lab/out/{one}") for one in TABLES}
        return Run(name, seconds, tables, len(run.measured))


def main() -> int:
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
    print(heading("A cluster, and files behind URLs", "python tests/benchmarks/cluster.py"))
    bounds = Bounds()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        blots = draw(work / "blots")
        first = local(f"{WORKERS} processes", blots, work / "local", WORKERS)
        runs = [
            first,
            on_dask(f"Dask, {WORKERS} workers", blots, work / "dask", kill=False),
            on_dask("Dask, one of 2 workers killed", blots, work / "killed", kill=True),
            from_s3_to_s3(f"S3 to S3, {WORKERS} processes", blots),
        ]
    print(f"{IMAGES} simulated images of {SHAPE[0]} x {SHAPE[1]} px, no overlays; once each\n")
    rows = [[run.name, f"{run.seconds:.1f}", f"{IMAGES / run.seconds:.2f}"] for run in runs]
    print(table(["", "s", "images/s"], rows))
    bounds.within("images measured", first.measured, IMAGES, IMAGES, "{:.0f}")
    for run in runs[1:]:
        same = sum(run.tables[name] == first.tables[name] for name in TABLES)
        bounds.within(
            f"tables that are the local run's: {run.name}", same, len(TABLES), len(TABLES), "{:.0f}"
        )
    return bounds.close()


if __name__ == "__main__":
    sys.exit(main())

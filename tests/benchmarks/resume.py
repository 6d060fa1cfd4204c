"""Is what a killed run leaves behind always enough to go on, to the byte?

    .venv/bin/python tests/benchmarks/resume.py [moments]

A run of 60 tiny images in two processes is killed (-9, the whole process tree) at 100 random
moments from its start to its end, each time in a folder of its own, and resumed. Tables, workbook,
Parquet files and layouts have to be those of an undisturbed run. Exits with 1 where one is not.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from parts.machine import Bounds, heading, one_thread, table

one_thread()

from blotquant.simulate import StudySpec, write_study  # noqa: E402  # after the threads are set

MOMENTS, MEMBRANES = 100, 30
SEED = 304
TABLES = ("bands", "lanes", "normalized", "failures", "skipped", "fitness")
COMMAND = Path(sys.executable).with_name("blotquant")


def start(images: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    """The command, in a group of its own."""
    words = ["run", images, "-o", out, "--jobs", 2, "--no-study", "--no-overlays"]
    return subprocess.Popen(
        [str(word) for word in (COMMAND, *words, "--no-integrity", *more)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def produced(out: Path) -> dict[str, bytes]:
    """What has to be the same."""
    names = [*(f"{name}.csv" for name in TABLES), "results.xlsx"]
    paths = [*(out / name for name in names), *out.glob("parquet/*"), *out.glob("layouts/*")]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in paths}


def killed_after(seconds: float, images: Path, out: Path) -> str:
    """Kill a run; says what it was doing."""
    run = start(images, out)
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    try:
        if json.loads((out / "provenance.json").read_text("utf-8"))["complete"]:
            return "after the end"
    except FileNotFoundError:
        return "before anything was written"
    if (out / "parquet").is_dir():
        return "writing tables and report"
    journal = out / ".blotquant" / "journal.jsonl"
    return "measuring" if journal.exists() else "before the first image was done"


def half_written(out: Path, whole: dict[str, bytes]) -> int:
    """Tables that are there and not whole."""
    names = [f"{name}.csv" for name in TABLES]
    there = [name for name in names if (out / name).exists()]
    return sum((out / name).read_bytes() != whole[name] for name in there)


def main() -> int:
    moments = int(sys.argv[1]) if len(sys.argv) > 1 else MOMENTS
    print(heading("Killed and resumed", "python tests/benchmarks/resume.py"))
    bounds, draw = Bounds(), random.Random(SEED)
    kinds: dict[str, list[int]] = {}
    partial = differing = 0
    with tempfile.TemporaryDirectory() as folder:
        images, room = Path(folder) / "images", Path(folder)
        spec = StudySpec(
            folds={"P53": 2.0},
            membranes=MEMBRANES,
            reference_lanes=2,
            treated_lanes=2,
            shape=(90, 260),
        )
        write_study(images, spec, seed=SEED)
        times = []
        for _ in range(2):
            shutil.rmtree(room / "whole", ignore_errors=True)
            begin = time.monotonic()
            assert start(images, room / "whole").wait() == 0
            times.append(time.monotonic() - begin)
        whole = produced(room / "whole")
        for moment in range(moments):
            # one in each stretch of the run, so that all of it is covered
            share = (moment + draw.random()) / moments
            out = room / "out"
            shutil.rmtree(out, ignore_errors=True)
            doing = killed_after(share * min(times), images, out)
            partial += half_written(out, whole)
            code = start(images, out, "--resume").wait()
            same = code == 0 and produced(out) == whole
            differing += not same
            kinds.setdefault(doing, []).append(same)
    rows = [[doing, str(len(ends)), str(sum(ends))] for doing, ends in kinds.items()]
    print(f"{2 * MEMBRANES} images of 90 x 260 px, two processes; undisturbed {min(times):.1f} s\n")
    print(table(["killed", "times", "same bytes after --resume"], rows))
    bounds.within("moments", moments, moments, moments, "{:.0f}")
    bounds.at_most("runs with other bytes", differing, 0, "{:.0f}")
    bounds.at_most("tables that were there and not whole", partial, 0, "{:.0f}")
    return bounds.close()


if __name__ == "__main__":
    sys.exit(main())

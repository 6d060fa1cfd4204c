"""Folder runs: images a second from end to end, scaling over processes, memory against length.

    .venv/bin/python tests/benchmarks/folder.py [--images 500] [--repeats 5] [--memory 100,500,2000]

Membranes of 2000 x 2500 px, 16 bits, 16 bowed lanes, deflate-compressed TIFF: 20 simulated ones,
each varied (shifted, another exposure, noise of its own), measured by the real command with all its
tables and its report. Memory is the sum over the whole process tree, pages that are shared counted
once (PSS), looked at five times a second. Exits with 1 when a bound or the answer is wrong.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from parts.machine import Bounds, heading, one_thread, table

one_thread()

import numpy as np  # noqa: E402  # after the threads are set
import tifffile  # noqa: E402

from blotquant.parquet import read_columns  # noqa: E402
from blotquant.simulate import render, spec_of  # noqa: E402

BASES, LANES = 20, 16
# A planted band of this signal to noise must be found.
CLEAR = 20.0
# What short runs do by themselves and long ones when asked: looking for copied pieces of picture.
PLAIN = ("--no-integrity",)
PLOT = Path(__file__).resolve().parents[2] / "docs" / "images" / "folder-memory.svg"


def draw(folder: Path, base: int, numbers: range) -> int:
    """Write the variations of one simulated membrane that have these numbers: its clear bands."""
    spec = spec_of("bow", base)
    places = {"shape": (2000, 2500), "lanes": LANES, "lane_width": 90.0, "gap": 30.0, "groups": ()}
    drawn = render(replace(spec, **places, offset=0.0), base)
    for number in numbers:
        path = folder / f"M{number:05d}.tif"
        if path.exists():
            continue
        rng = np.random.default_rng(number)
        shifted = np.roll(drawn.image, int(rng.integers(-6, 7)), axis=0).astype(np.float32)
        varied = shifted * rng.uniform(0.85, 1.0) + rng.normal(0, 3, shifted.shape)
        stored = np.clip(np.rint(varied), 0, 65535).astype(np.uint16)
        # a scanner writes ink dark on light or light on dark; the simulated ones as they are
        tifffile.imwrite(path, stored, compression="deflate", photometric="minisblack")
    return sum(band["snr"] >= CLEAR for band in drawn.truth["bands"])


def images(folder: Path, count: int, drawn: int) -> tuple[Path, int]:
    """A folder of that many images: `drawn` different ones, and links to them beyond.

    Besides, how many clear bands are planted in them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2) as pool:
        todo = [pool.submit(draw, folder, b, range(b, drawn, BASES)) for b in range(BASES)]
        clear = [one.result() for one in todo]
    wanted = folder.parent / f"{folder.name}-{count}"
    shutil.rmtree(wanted, ignore_errors=True)
    wanted.mkdir()
    for number in range(count):
        os.link(folder / f"M{number % drawn:05d}.tif", wanted / f"M{number:05d}.tif")
    return wanted, sum(clear[number % drawn % BASES] for number in range(count))


class Memory(threading.Thread):
    """Peak memory of a process and all below it, bytes."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self.over = pid, 0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.2):
            self.peak = max(self.peak, sum(map(self._pss, self._tree(self.pid))))

    def _tree(self, pid: int) -> list[int]:
        found = [pid]
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                for child in (task / "children").read_text().split():
                    found += self._tree(int(child))
        except OSError:
            pass  # it ended meanwhile
        return found

    def _pss(self, pid: int) -> int:
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
        except OSError:
            pass
        return 0


def measured(folder: Path, out: Path, *options: str) -> tuple[float, int]:
    """Seconds and peak memory of one run by the command."""
    shutil.rmtree(out, ignore_errors=True)
    command = Path(sys.executable).parent / "blotquant"
    begin = time.perf_counter()
    process = subprocess.Popen(
        [command, "run", folder, "-o", out, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    memory = Memory(process.pid)
    memory.start()
    code = process.wait()
    seconds = time.perf_counter() - begin
    memory.over.set()
    memory.join()
    if code:
        raise SystemExit(f"{folder}: the run ended with {code}")
    return seconds, memory.peak


def shares(out: Path, count: int, planted: int) -> tuple[float, float]:
    """Share of images with all their lanes, and bands found against clear ones planted."""
    lanes = read_columns(out / "parquet" / "lanes.parquet", ["image"])["image"].value_counts()
    flags = read_columns(out / "parquet" / "bands.parquet", ["flags"])["flags"].astype(str)
    found = ~flags.str.contains("BELOW_DETECTION")
    return float((lanes == LANES).sum()) / count, float(found.sum()) / planted


def plot(sizes: list[int], peaks: list[int]) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib.figure import Figure

    figure = Figure((5, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(sizes, [peak / 2**20 for peak in peaks], "o-", color="#1f6f8b")
    axes.set(xlabel="images in the run", ylabel="peak memory, MiB", xlim=0, ylim=0)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PLOT, metadata={"Date": None})


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", default="100,500,2000")
    parser.add_argument("--folder", type=Path, help="keep the drawn images here")
    parser.add_argument("--plot", action="store_true", help=f"write {PLOT.name}")
    asked = parser.parse_args()
    words = " ".join(["python tests/benchmarks/folder.py", *sys.argv[1:]])
    print(heading("Folder runs", words))
    bounds = Bounds()
    with tempfile.TemporaryDirectory() as temporary:
        home = asked.folder or Path(temporary) / "blots"
        out = home.parent / "folder-results"
        many, fewer = asked.images, asked.images // 2
        whole, planted = images(home, many, many)
        half, _ = images(home, fewer, many)
        seconds: dict[str, list[float]] = {"one": [], "two": [], "overlays": []}
        for _ in range(asked.repeats):
            # `-j 1` measures in the command's own process
            seconds["one"].append(measured(whole, out, "-j", "1", "--no-overlays", *PLAIN)[0])
            seconds["two"].append(measured(whole, out, "-j", "2", "--no-overlays", *PLAIN)[0])
        lanes, bands = shares(out, many, planted)
        for _ in range(asked.repeats):
            seconds["overlays"].append(measured(half, out, "-j", "2", *PLAIN)[0])
        pairs = zip(seconds["one"], seconds["two"], strict=True)
        scaling = statistics.median(one / two for one, two in pairs)
        rates = {
            "no overlays, 1 process": many / statistics.median(seconds["one"]),
            "no overlays, 2 processes": many / statistics.median(seconds["two"]),
            "with overlays, 2 processes": fewer / statistics.median(seconds["overlays"]),
        }
        rows = [
            [name, str(many if "no" in name else fewer), f"{rate:.1f}"]
            for name, rate in rates.items()
        ]
        print(f"Medians of {asked.repeats} runs from end to end, with all tables and the report\n")
        print(table(["", "images", "images a second"], rows), "\n")
        sizes = [int(text) for text in asked.memory.split(",")]
        peaks = []
        for size in sizes:
            folder, _ = images(home, size, min(many, size))
            peaks.append(measured(folder, out, "-j", "2", "--no-overlays", *PLAIN)[1])
            shutil.rmtree(folder)
        rows = [[str(size), f"{peak / 2**20:.0f}"] for size, peak in zip(sizes, peaks, strict=True)]
        print(table(["images in the run", "peak memory, MiB"], rows))
        if asked.plot:
            plot(sizes, peaks)
            print("\n![Peak memory against the images in the run](images/folder-memory.svg)")
        for folder in (whole, half, out):
            shutil.rmtree(folder, ignore_errors=True)
    bounds.at_least("images with all 16 lanes", lanes, 0.99, "{:.3f}")
    bounds.at_least("bands found", bands, 0.97, "{:.3f}")
    bounds.at_least("no overlays, images a second", rates["no overlays, 2 processes"], 12, "{:.1f}")
    bounds.at_least(
        "with overlays, images a second", rates["with overlays, 2 processes"], 5, "{:.1f}"
    )
    bounds.at_least("2 processes against 1, times as fast", scaling, 1.8, "{:.2f}")
    bounds.at_most(
        "peak memory, longest run against shortest", max(peaks) / peaks[0], 1.1, "{:.2f}"
    )
    return bounds.close()


if __name__ == "__main__":
    sys.exit(main())

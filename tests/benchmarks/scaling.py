"""Time of one analysis against the size of the picture and the number of its lanes.

    .venv/bin/python tests/benchmarks/scaling.py [--scan]

Membranes as in speed.py, after decoding, one thread, medians of 5. No worse than linear: the power
of the size with which the time grows is 1.1 at most. With --scan: peak memory of `blotquant run`
on a scan of 20,000 x 20,000 px, 16 bits. Exits with 1 when a bound or the answer is wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from parts.machine import Bounds, heading, median_ms, one_thread, table

one_thread()

import cv2  # noqa: E402  # after the threads are set
import numpy as np  # noqa: E402
import tifffile  # noqa: E402
from folder import measured  # noqa: E402

import blotquant as bq  # noqa: E402
from blotquant.parquet import read_columns  # noqa: E402
from blotquant.simulate import render, save, spec_of  # noqa: E402

REPEATS = 5
MEGAPIXELS = (1, 2, 5, 10, 20, 50)
LANES = (2, 5, 10, 20, 40)
SCAN = 20_000


def membrane(shape: tuple[int, int], lanes: int) -> bq.Blot:
    """A picture of a shape; lanes fill it as they do 2000 x 2500 px."""
    spec, pitch = spec_of("bow", 3), 0.94 * shape[1] / lanes
    with tempfile.TemporaryDirectory() as folder:
        drawn = render(
            replace(
                spec,
                shape=shape,
                lanes=lanes,
                lane_width=0.75 * pitch,
                gap=0.25 * pitch,
                groups=(),
                offset=0.0,
            ),
            3,
        )
        (blot,) = bq.load(save(drawn, folder, "membrane"))
    return blot


def milliseconds(blot: bq.Blot, lanes: int) -> tuple[float, bool]:
    """Median time of an analysis, and whether it found all lanes."""
    result = bq.analyze(replace(blot))
    found = len(result.layout.lanes) == lanes
    return median_ms(lambda: bq.analyze(replace(blot)), REPEATS), found


def exponent(sizes: tuple[int, ...], times: list[float]) -> float:
    """Power of the size with which the time grows."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def scan(folder: Path) -> tuple[float, float, int, int]:
    """Peak memory (GiB) and seconds of a run over a scan of 400 Mpx; lanes and bands found.

    A membrane scanned ten times as finely: its lanes are 1000 px wide, its bands 36 px thick (one
    standard deviation), and its noise is as coarse; the scanner adds a little to each row and px.
    """
    spec = spec_of("bow", 3)
    places = {"shape": (2000, 2000), "lanes": 12, "lane_width": 100.0, "gap": 40.0, "groups": ()}
    small = render(replace(spec, **places, offset=0.0), 3).image
    path = folder / "blots" / "scan.tif"
    path.parent.mkdir()
    pixels = np.memmap(folder / "raw", np.uint16, "w+", shape=(SCAN, SCAN))
    rng = np.random.default_rng(1)
    step = SCAN // small.shape[0]
    for row in range(0, SCAN, 2000):
        rows = small[row // step : (row + 2000) // step].astype(np.float32)
        wide = cv2.resize(rows, (SCAN, 2000), interpolation=cv2.INTER_LINEAR)
        wide += rng.normal(0, 20, (2000, 1)) + rng.integers(-30, 31, wide.shape, dtype=np.int8)
        pixels[row : row + 2000] = np.clip(wide, 0, 65535)
    pixels.flush()
    tifffile.imwrite(path, pixels, compression="deflate", rowsperstrip=500)
    del pixels
    (folder / "raw").unlink()
    seconds, peak = measured(path.parent, folder / "out", "-j", "1", "--no-overlays")
    tables = folder / "out" / "parquet"
    lanes, bands = (
        len(read_columns(tables / f"{of}.parquet", ["image"])) for of in ("lanes", "bands")
    )
    return peak / 2**30, seconds, lanes, bands


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scan", action="store_true")
    asked = parser.parse_args()
    print(heading("Cost against size", "python tests/benchmarks/scaling.py --scan"))
    cv2.setNumThreads(1)
    bounds = Bounds()
    right = True
    times = []
    for size in MEGAPIXELS:
        side = (size * 1e6) ** 0.5
        blot = membrane((round(0.9 * side), round(side / 0.9)), 16)
        took, found = milliseconds(blot, 16)
        times.append(took)
        right = right and found
    rows = [[str(mpx), f"{took:.0f}"] for mpx, took in zip(MEGAPIXELS, times, strict=True)]
    print(f"16 lanes; medians of {REPEATS}, one thread, after decoding\n")
    print(table(["Mpx", "analysis, ms"], rows), "\n")
    by_lanes = []
    for lanes in LANES:
        took, found = milliseconds(membrane((2000, 2500), lanes), lanes)
        by_lanes.append(took)
        right = right and found
    rows = [[str(lanes), f"{took:.0f}"] for lanes, took in zip(LANES, by_lanes, strict=True)]
    print("2000 x 2500 px\n")
    print(table(["lanes", "analysis, ms"], rows))
    bounds.at_least("all lanes found in every picture", float(right), 1, "{:.0f}")
    bounds.at_most("time grows as size to the power", exponent(MEGAPIXELS, times), 1.1, "{:.2f}")
    bounds.at_most("time grows as lanes to the power", exponent(LANES, by_lanes), 1.1, "{:.2f}")
    bounds.at_most("20 Mpx, ms", times[MEGAPIXELS.index(20)], 200, "{:.0f}")
    if asked.scan:
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            memory, seconds, lanes, bands = scan(Path(folder))
            print(f"\nA scan of 400 Mpx was run in {seconds:.0f} s ", end="")
            print(f"(drawing it: {time.perf_counter() - begin - seconds:.0f} s)")
        bounds.within("lanes of the scan", lanes, 12, 12, "{:.0f}")
        bounds.within("bands of the scan", bands, 60, 60, "{:.0f}")
        bounds.at_most("peak memory of the run over it, GiB", memory, 3, "{:.2f}")
    return bounds.close()


if __name__ == "__main__":
    sys.exit(main())

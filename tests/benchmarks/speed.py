"""Time and memory of one analysis, and how long the command takes to answer.

    .venv/bin/python tests/benchmarks/speed.py

One membrane of 2000 x 2500 px, 16 bits, 16 bowed lanes, 5 rows of bands; one thread. Exits with 1
when a bound or the answer is wrong.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from parts.machine import Bounds, heading, median_ms, one_thread, table

one_thread()

import cv2  # noqa: E402  # after the threads are set
import tifffile  # noqa: E402
from parts.comparison import compare  # noqa: E402
from parts.running_imagej import ImageJ, picture_of, why_not  # noqa: E402

import blotquant as bq  # noqa: E402
from blotquant.bands import find_bands  # noqa: E402
from blotquant.lanes import find_lanes  # noqa: E402
from blotquant.membrane import find_panels  # noqa: E402
from blotquant.noise import estimate_noise  # noqa: E402
from blotquant.pipeline import measure_lanes  # noqa: E402
from blotquant.simulate import SimulatedBlot, render, save, spec_of  # noqa: E402

SHAPE, LANES = (2000, 2500), 16
REPEATS = 7

# Run alone: how much memory loading and analysing takes beyond what Python and the libraries hold.
MEMORY = """
import sys
import blotquant as bq

def peak():
    try:
        with open("/proc/self/status") as status:
            fields = dict(line.split(":", 1) for line in status)
        return int(fields["VmHWM"].split()[0]) * 1024
    except OSError:
        import resource
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

bq.analyze(*bq.load(sys.argv[1]))  # a small one: everything that is imported when first used
before = peak()
result = bq.analyze(*bq.load(sys.argv[2]))
print(before, peak(), len(result.layout.lanes))
"""


def membrane() -> SimulatedBlot:
    """The picture."""
    spec = spec_of("bow", 3)
    places = {"shape": SHAPE, "lanes": LANES, "lane_width": 90.0, "gap": 30.0, "groups": ()}
    return render(replace(spec, **places, offset=0.0), 3)


def fresh(path: Path) -> bq.Blot:
    """The picture loaded anew: known is what loading judges of it, and nothing of the last run."""
    (blot,) = bq.load(path)
    return blot


def analysis_ms(path: Path) -> float:
    """Median wall time of an analysis, decoding and judging the file not counted."""
    times = []
    for _ in range(REPEATS):
        blot = fresh(path)
        begin = time.perf_counter()
        bq.analyze(blot)
        times.append(time.perf_counter() - begin)
    return 1000 * statistics.median(times)


def stages(path: Path) -> dict[str, float]:
    """Seconds of each stage of one analysis."""
    blot, recipe, times = fresh(path), bq.Recipe(), {}
    clock = [time.perf_counter()]

    def lap(name: str) -> None:
        clock.append(time.perf_counter())
        times[name] = clock[-1] - clock[-2]

    noise = estimate_noise(blot)
    lap("noise")
    panels = find_panels(blot)
    lap("membrane")
    lanes = find_lanes(blot, panels, noise, recipe.finding)
    lap("lanes")
    layout = find_bands(blot, panels, lanes, noise, recipe.finding)
    lap("bands")
    measure_lanes(blot, layout, recipe)
    lap("measure")
    bq.measure(blot, layout, recipe)
    lap("tables")
    times["tables"] = max(0.0, times["tables"] - times["measure"])
    return times


def stage_table(path: Path) -> str:
    laps = [stages(path) for _ in range(REPEATS)]
    medians = {name: 1000 * statistics.median(lap[name] for lap in laps) for name in laps[0]}
    return table(["stage", "median, ms"], [[name, f"{ms:.1f}"] for name, ms in medians.items()])


def rolling_ball_ms(drawn: SimulatedBlot, folder: Path) -> float | None:
    """What ImageJ's rolling ball alone takes on the same picture; None where it is not here."""
    if why_not():
        return None
    plain = folder / "plain.tif"
    tifffile.imwrite(plain, drawn.image, photometric="minisblack")
    with ImageJ() as imagej:
        return imagej.times_ms(picture_of(plain, dark=True, white=65535), [])[1]


def of_a_fitted_group(folder: Path) -> float:
    """Ms that fitting overlapping bands takes, for each group of them in one picture."""
    (blot,) = bq.load(save(render(spec_of("doublets", 300), 300), folder, "doublets"))
    layout = bq.detect(blot)
    ways = [bq.Recipe.parse({"measuring": {"overlap": way}}, "") for way in ("fit", "valley")]
    fitted = bq.measure(blot, layout, ways[0]).measurements.values()
    groups = sum(len(lane.fits) for lane in fitted)
    fit, valley = (median_ms(lambda r=r: bq.measure(blot, layout, r), 3 * REPEATS) for r in ways)
    return (fit - valley) / groups


def memory(path: Path, small: Path) -> tuple[float, int]:
    """Peak memory over the interpreter's own, in images of float32, and the lanes found."""
    said = subprocess.run(
        [sys.executable, "-c", MEMORY, small, path], check=True, capture_output=True, text=True
    )
    before, after, lanes = map(int, said.stdout.split())
    return (after - before) / (4 * SHAPE[0] * SHAPE[1]), lanes


def process_seconds(*command: str) -> float:
    """Median wall time of a whole process."""
    run = lambda: subprocess.run(command, check=True, capture_output=True)  # noqa: E731
    run()
    return median_ms(run, REPEATS) / 1000


def import_seconds() -> float:
    """How much longer `import blotquant` takes than NumPy alone, in a process of its own."""
    numpy = process_seconds(sys.executable, "-c", "import numpy")
    both = process_seconds(sys.executable, "-c", "import numpy, blotquant")
    return both - numpy


def main() -> int:
    print(heading("Speed and memory", "python tests/benchmarks/speed.py"))
    cv2.setNumThreads(1)
    bounds, drawn = Bounds(), membrane()
    with tempfile.TemporaryDirectory() as folder:
        path = save(drawn, folder, "membrane")
        small = save(render(replace(drawn.spec, shape=(300, 700), lanes=6), 1), folder, "small")
        result = bq.analyze(fresh(path))
        images, lanes = memory(path, small)
        ball = rolling_ball_ms(drawn, Path(folder))
        group = of_a_fitted_group(Path(folder))
        decoding = median_ms(lambda: bq.load(path), REPEATS)
        whole, by_stage = analysis_ms(path), stage_table(path)
    found = compare(drawn.truth, result.table, len(result.layout.lanes))
    print(
        f"{SHAPE[0]} x {SHAPE[1]} px, 16 bits; medians of {REPEATS} after a warm-up, one thread\n"
    )
    print(by_stage)
    print(f"\nDecoding and judging the file, not counted: {decoding:.0f} ms")
    if ball is not None:
        print(f"\nImageJ's rolling ball (radius 50) alone, on the same picture: {ball:.0f} ms")
    bounds.within("lanes", found.lanes_found, LANES, LANES, "{:.0f}")
    bounds.within("lanes, in the process that was weighed", lanes, LANES, LANES, "{:.0f}")
    bounds.at_least("share of bands found", float(found.bands["found"].mean()), 0.97, "{:.3f}")
    bounds.at_most("analysis after decoding, ms", whole, 60, "{:.0f}")
    bounds.at_most("a fitted group of overlapping bands, ms more", group, 5, "{:.1f}")
    bounds.at_most("peak memory of load and analyze, images of float32", images, 4, "{:.2f}")
    command = Path(sys.executable).parent / "blotquant"
    bounds.at_most(
        "`blotquant --version`, s", process_seconds(str(command), "--version"), 0.2, "{:.3f}"
    )
    bounds.at_most("`import blotquant` over `import numpy`, s", import_seconds(), 0.25, "{:.3f}")
    return bounds.close()


if __name__ == "__main__":
    sys.exit(main())

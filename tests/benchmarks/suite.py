"""Accuracy on simulated blots: lanes counted, bands found, densities, and their errors.

    .venv/bin/python tests/benchmarks/suite.py [--kinds clean,strip] [--seeds 100-103] [--jobs 2]

Every picture is written as a file, loaded as a file, and analysed with the defaults. Exits with 1
when the total does not keep its bounds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from parts.machine import Bounds, heading, one_thread, table

one_thread()

import cv2  # noqa: E402  # after the threads are set
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from parts.comparison import CLEAR, FAINT, Comparison, compare  # noqa: E402

import blotquant as bq  # noqa: E402
from blotquant.simulate import KINDS, save, simulate  # noqa: E402

HEADER = [
    *("kind", "images", "lane count exact", "recall, SNR ≥ 20", "precision", "recall, SNR 5-20"),
    *("bands", "median error", "95th percentile", "bias", "z", "SD of z"),
    *("within 1 SE", "within 2 SE"),
]


def run_one(kind_and_seed: tuple[str, int], folder: Path) -> Comparison:
    """Draw, save, load, analyse and compare one blot."""
    warnings.simplefilter("error")
    cv2.setNumThreads(1)
    kind, seed = kind_and_seed
    drawn = simulate(kind, seed)
    path = save(drawn, folder, f"{kind}_{seed}")
    (blot,) = bq.load(path)
    try:
        result = bq.analyze(blot)
    except bq.NothingFound as reason:
        return _with(compare(drawn.truth, None, 0), said=str(reason))
    finally:
        path.unlink()
    return compare(drawn.truth, result.table, len(result.layout.lanes))


def _with(comparison: Comparison, said: str) -> Comparison:
    return Comparison(**{**comparison.__dict__, "said": said})


def figures(results: list[Comparison]) -> dict[str, float]:
    """All figures of some pictures; NaN where there is nothing to count.

    `z` is the median of (net - planted) / SE, `spread` its robust standard deviation.
    """
    bands = pd.concat([one.bands for one in results], ignore_index=True)
    clear = bands["snr"] >= CLEAR
    weak = (bands["snr"] >= FAINT) & ~clear
    fair = bands[clear & bands["fair"] & bands["found"]]
    error = fair["net"] / fair["volume"] - 1
    z = (fair["net"] - fair["volume"]) / fair["err"]
    off = z.abs()
    detected = sum(one.detected_clear for one in results)
    false = sum(one.false_clear for one in results)
    return {
        "images": len(results),
        "exact": float(np.mean([one.lanes_found == one.lanes_planted for one in results])),
        "recall": _mean(bands.loc[clear, "found"]),
        "precision": 1 - false / detected if detected else np.nan,
        "weak": _mean(bands.loc[weak, "found"]),
        "bands": len(fair),
        "median": float(error.abs().median()),
        "p95": float(error.abs().quantile(0.95)),
        "bias": float(error.median()),
        "z": float(z.median()),
        "spread": 1.4826 * float((z - z.median()).abs().median()),
        "one": _mean(off < 1),
        "two": _mean(off < 2),
    }


def _mean(values: pd.Series) -> float:
    return float(values.mean()) if len(values) else np.nan


def line(name: str, results: list[Comparison]) -> list[str]:
    """A line of the table."""
    f = figures(results)
    exact = sum(one.lanes_found == one.lanes_planted for one in results)
    shares = [f"{f[key]:.3f}" for key in ("recall", "precision", "weak")]
    errors = [f"{100 * f['median']:.2f} %", f"{100 * f['p95']:.1f} %", f"{100 * f['bias']:+.2f} %"]
    cover = [f"{100 * f[key]:.0f} %" for key in ("one", "two")]
    cells = [
        name,
        str(len(results)),
        f"{exact}/{len(results)}",
        *shares,
        str(f["bands"]),
        *errors,
        f"{f['z']:+.2f}",
        f"{f['spread']:.2f}",
        *cover,
    ]
    return ["-" if "nan" in cell else cell for cell in cells]


def report(results: list[Comparison]) -> int:
    """Print the table, what went wrong, and the bounds."""
    kinds = list(dict.fromkeys(one.kind for one in results))
    rows = [line(kind, [one for one in results if one.kind == kind]) for kind in kinds]
    print(table(HEADER, [*rows, line("**all**", results)]) + "\n")
    for one in results:
        if one.lanes_found != one.lanes_planted:
            found = one.said or f"{one.lanes_found} lanes found"
            print(f"- {one.kind} {one.seed}: {one.lanes_planted} lanes planted; {found}")
    total, bounds = figures(results), Bounds()
    bounds.at_least("lane count exact", total["exact"], 0.95, "{:.3f}")
    bounds.at_least("recall of bands with SNR ≥ 20", total["recall"], 0.97, "{:.3f}")
    bounds.at_least("precision of bands with SNR ≥ 20", total["precision"], 0.97, "{:.3f}")
    bounds.at_most("net density, median error, %", 100 * total["median"], 1.5, "{:.2f}")
    bounds.at_most("net density, 95th percentile, %", 100 * total["p95"], 10, "{:.1f}")
    bounds.within("true value within 1 SE, %", 100 * total["one"], 60, 76, "{:.1f}")
    bounds.at_least("true value within 2 SE, %", 100 * total["two"], 90, "{:.1f}")
    return bounds.close()


def seeds_of(text: str) -> list[int]:
    """Seeds from ``100-103`` or ``1,5,7``."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def results_of(work: Iterable[tuple[str, int]], jobs: int) -> list[Comparison]:
    """Compare all blots, in worker processes where there are several jobs."""
    with tempfile.TemporaryDirectory() as folder:
        task = partial(run_one, folder=Path(folder))
        if jobs == 1:
            return [task(one) for one in work]
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            return list(pool.map(task, work, chunksize=2))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--kinds", default=",".join(KINDS), help="names, joined by commas; all of them"
    )
    parser.add_argument("--seeds", default="100-103", help="100-103 or 1,5,7")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes")
    options = parser.parse_args()
    kinds, seeds = options.kinds.split(","), seeds_of(options.seeds)
    print(heading("Simulated suite", f"python tests/benchmarks/suite.py --seeds {options.seeds}"))
    return report(results_of([(kind, seed) for kind in kinds for seed in seeds], options.jobs))


if __name__ == "__main__":
    sys.exit(main())

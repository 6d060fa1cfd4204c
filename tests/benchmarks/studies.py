"""Whole simulated studies, from rendered blots to folds: do the intervals hold what they promise?

    .venv/bin/python tests/benchmarks/studies.py [--studies 40] [--jobs 2]

Each study is drawn (5 membranes, 8 targets and a loading control, uneven loading of CV 25 %, lanes
that differ by CV 10 %), written as files, and measured with the defaults. Exits with 1 when a
bound does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from parts.machine import Bounds, heading, one_thread, table

one_thread()

import cv2  # noqa: E402  # after the threads are set
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from blotquant.pipeline import analyze_study  # noqa: E402
from blotquant.simulate import FOLDS, write_study  # noqa: E402


def run_one(seed: int) -> pd.DataFrame:
    """Draw, save and analyse one study; one row a target."""
    warnings.simplefilter("error")
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        write_study(folder, seed=seed)
        realised = json.loads((Path(folder) / "truth.json").read_text())["realised_folds"]
        found = analyze_study(folder).statistics.set_index("target")
    return pd.DataFrame(
        [
            {
                "seed": seed,
                "target": target,
                "planted": planted,
                "realised": realised[target],
                "fold": found.loc[target, "fold_change"],
                "low": found.loc[target, "ci_low"],
                "high": found.loc[target, "ci_high"],
            }
            for target, planted in FOLDS.items()
        ]
    )


def report(results: pd.DataFrame) -> int:
    """Print the table and the bounds."""
    covered = (results["low"] <= results["planted"]) & (results["planted"] <= results["high"])
    error = results["fold"] / results["realised"] - 1
    rows = []
    for target, planted in FOLDS.items():
        mine = results["target"] == target
        median = float(np.exp(np.log(results.loc[mine, "fold"]).median()))
        rows.append(
            [
                target,
                f"{planted:g}",
                f"{median:.3f}",
                f"{100 * error[mine].abs().median():.2f} %",
                f"{100 * error[mine].abs().max():.1f} %",
                f"{100 * covered[mine].mean():.1f} %",
            ]
        )
    header = ["target", "planted fold", "median of folds found", "error of the realised fold"]
    print(table([*header, "largest", "intervals that hold the planted fold"], rows) + "\n")
    bounds = Bounds()
    bounds.within("95 % intervals that hold the planted fold, %", 100 * covered.mean(), 91, 99)
    bounds.at_most("fold against the one realised, largest error, %", 100 * error.abs().max(), 5)
    bounds.at_least("targets with a fold", float(results["fold"].notna().mean()), 1.0)
    return bounds.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=1, help="worker processes")
    options = parser.parse_args()
    print(
        heading("Whole studies", f"python tests/benchmarks/studies.py --studies {options.studies}")
    )
    seeds = range(1, options.studies + 1)
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        results = pd.concat(list(pool.map(run_one, seeds)), ignore_index=True)
    return report(results)


if __name__ == "__main__":
    sys.exit(main())

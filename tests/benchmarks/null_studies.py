"""Studies without any effect: how often each test finds one, and how often its interval holds.

    .venv/bin/python tests/benchmarks/null_studies.py [--studies 20000] [--seed 1]

Densities of 8 targets, not images: lane log-SD 0.10 to 0.30 by target, a loading control's error
of 0.10 that all targets of a lane share, replicates that differ by 0.3. The functions are the
package's own, over all studies at once; `compare` is held to them on a sample. Exits with 1 when a
bound does not hold.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from dataclasses import dataclass

from parts.machine import Bounds, heading, one_thread, table

one_thread()

import numpy as np  # noqa: E402  # after the threads are set
import pandas as pd  # noqa: E402
import scipy  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from blotquant.stats import Design, compare  # noqa: E402
from blotquant.stats.estimates import Estimate, ratio_paired, welch  # noqa: E402
from blotquant.stats.multiplicity import holm_sidak  # noqa: E402

Floats = NDArray[np.float64]

TARGETS = 8
LANE_SD = np.linspace(0.10, 0.30, TARGETS)
LOADING_SD = 0.10
REPLICATE_SD = 0.3
GROUPS = ("control", "treated")
SAMPLE = 20
# Student's t on n pairs with twice their degrees of freedom: P(|t(n-1)| > t(2n-2; 0.975)).
TRAP = {3: 10.9, 5: 8.2}


@dataclass(frozen=True, eq=False)
class Null:
    """log2 densities of studies without an effect, shape (studies, targets, n) a group."""

    control: Floats
    treated: Floats


def draw(rng: np.random.Generator, studies: int, n: int, *, shared: bool) -> Null:
    """Draw studies; `shared` replicates differ alike in both groups (one membrane each)."""
    size = (studies, TARGETS, n)
    replicates = [REPLICATE_SD * rng.standard_normal(size) for _ in GROUPS]
    loading = [LOADING_SD * rng.standard_normal((studies, 1, n)) for _ in GROUPS]
    lanes = [LANE_SD[:, None] * rng.standard_normal(size) for _ in GROUPS]
    if shared:
        replicates[1] = replicates[0]
    groups = [sum(parts) / np.log(2) for parts in zip(replicates, lanes, loading, strict=True)]
    return Null(*groups)


def rates(estimate: Estimate) -> tuple[Floats, Floats]:
    """False positives and coverage of each target, %."""
    low, high = estimate.interval()
    return 100 * (estimate.p < 0.05).mean(axis=0), 100 * ((low <= 0) & (high >= 0)).mean(axis=0)


def family(estimate: Estimate) -> float:
    """Studies in which some target is found after Holm-Sidak, %."""
    return 100 * float((holm_sidak(estimate.p) < 0.05).any(axis=-1).mean())


def trap(null: Null, *, logarithms: bool) -> Floats:
    """Student's t after each control was set to 1: what the package refuses to do, %."""
    ratio = null.treated - null.control
    values = ratio if logarithms else 2**ratio
    unit = np.zeros_like(values) if logarithms else np.ones_like(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a group without scatter is the point
        p = scipy.stats.ttest_ind(values, unit, axis=-1).pvalue
    return 100 * (p < 0.05).mean(axis=0)


def largest_difference(null: Null, estimate: Estimate, pairing: str) -> float:
    """Largest relative difference between `compare` and the functions, p and interval."""
    apart = 0.0
    for study in range(SAMPLE):
        done = compare(_values(null, study, pairing), Design("control", pairing=pairing))  # type: ignore[arg-type]
        rows = done.statistics
        p, low = estimate.p[study], 2 ** estimate.interval()[0][study]
        found = [rows["p"] / p - 1, rows["ci_low"] / low - 1]
        found.append(rows["p_adjusted"] / holm_sidak(p) - 1)
        apart = max(apart, *(float(one.abs().max()) for one in found))
    return apart


def _values(null: Null, study: int, pairing: str) -> pd.DataFrame:
    """One study as a table of values."""
    return pd.DataFrame(
        [
            {
                "membrane": f"M{place}" if pairing == "paired" else "M1",
                "target": f"T{target}",
                "group": group,
                "replicate": str(place),
                "scaled_density": 2 ** logs[study, target, place],
            }
            for group, logs in zip(GROUPS, (null.control, null.treated), strict=True)
            for target in range(TARGETS)
            for place in range(logs.shape[-1])
        ]
    )


def hold(bounds: Bounds, name: str, found: Floats, low: float, high: float) -> None:
    """Hold every target between two limits."""
    bounds.at_least(f"{name}, lowest target, %", float(found.min()), low, "{:.2f}")
    bounds.at_most(f"{name}, highest target, %", float(found.max()), high, "{:.2f}")


def one_size(n: int, studies: int, seed: int, bounds: Bounds) -> list[list[str]]:
    """Draw, test and judge studies of n replicates; lines of the table."""
    rng = np.random.default_rng([seed, n])
    shared, apart = (draw(rng, studies, n, shared=one) for one in (True, False))
    paired = ratio_paired(shared.treated, shared.control)
    unpaired = welch(apart.treated, apart.control)
    on_paired = welch(shared.treated, shared.control)
    false, covered = rates(paired)
    hold(bounds, f"n = {n}: ratio-paired t, false positives", false, 4.4, 5.6)
    hold(bounds, f"n = {n}: ratio-paired t, coverage", covered, 94.4, 95.6)
    for name, one in {"independent": unpaired, "paired": on_paired}.items():
        highest = float(rates(one)[0].max())
        bounds.at_most(f"n = {n}: Welch, {name} data, highest target, %", highest, 5.6, "{:.2f}")
    for name, one in {"ratio-paired t": paired, "Welch": unpaired}.items():
        bounds.at_most(f"n = {n}: {name}, Holm-Sidak, any target, %", family(one), 5.6, "{:.2f}")
    student = trap(shared, logarithms=True)
    known = TRAP[n] - 0.6, TRAP[n] + 0.6
    hold(bounds, f"n = {n}: Student on control = 1, false positives", student, *known)
    for name, null, one in (("paired", shared, paired), ("independent", apart, unpaired)):
        difference = largest_difference(null, one, name)
        bounds.at_most(f"n = {n}: compare, {name}, largest difference", difference, 1e-9, "{:.0e}")
    raw = trap(shared, logarithms=False)
    return [
        _line(n, "ratio-paired t (paired default)", false, covered, family(paired)),
        _line(n, "Welch, independent replicates", *rates(unpaired), family(unpaired)),
        _line(n, "Welch, although they pair", *rates(on_paired), family(on_paired)),
        _line(n, "Student, log2, control = 1 (refused)", student, None, None),
        _line(n, "Student, ratios, control = 1 (refused)", raw, None, None),
    ]


def _line(
    n: int, name: str, false: Floats, covered: Floats | None, whole: float | None
) -> list[str]:
    return [
        name,
        str(n),
        f"{false.min():.2f} to {false.max():.2f}",
        f"{false.mean():.2f}",
        "" if covered is None else f"{covered.min():.2f} to {covered.max():.2f}",
        "" if whole is None else f"{whole:.2f}",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(heading("Studies without an effect", "python tests/benchmarks/null_studies.py"))
    print(f"{given.studies} studies of {TARGETS} targets, seed {given.seed}; in %:\n")
    bounds = Bounds()
    rows = [line for n in sorted(TRAP) for line in one_size(n, given.studies, given.seed, bounds)]
    header = ["test", "n", "false positives, by target", "mean", "coverage, by target"]
    print(table([*header, "any target, Holm-Sidak"], rows))
    return bounds.close()


if __name__ == "__main__":
    sys.exit(main())

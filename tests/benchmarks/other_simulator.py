"""Blots of another simulator: lanes, bands, densities and standard errors, fully automatic.

    .venv/bin/python tests/benchmarks/other_simulator.py [--kinds box,tail] [--seeds 0-1] [--jobs 2]

The blots are drawn by parts/other_blot.py, which shares no code with blotquant.simulate and draws
bands by other laws; each is written as a file, loaded as a file, and analysed with the defaults.
Seeds 0 to 19 were looked at while blotquant was built. With --write the table goes to
docs/validation.md. Exits with 1 when a promise is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from parts.machine import heading, one_thread, table

one_thread()

import cv2  # noqa: E402  # after the threads are set
import pandas as pd  # noqa: E402
from parts.accuracy import asked, bands_of, density_figures, found_figures  # noqa: E402
from parts.comparison import Comparison, compare  # noqa: E402
from parts.other_blot import other_blot, save  # noqa: E402
from parts.other_kinds import NAMES  # noqa: E402
from parts.page import PAGE, filled, read_saved, unsolved, write_saved  # noqa: E402
from parts.promises import FOUND, Judged, density_promises  # noqa: E402
from suite import seeds_of  # noqa: E402

import blotquant as bq  # noqa: E402

LANES = {key: FOUND[key] for key in ("exact", "recall", "precision")}
DENSITY = {key: density_promises("")[key] for key in ("median", "p95", "bias", "spread", "two")}

# Promised of every kind.
EACH = ("median", "p95")


@dataclass(frozen=True)
class Seen:
    """One picture's result beside its truth, and whether the result asks to check its lanes."""

    result: Comparison
    warned: bool

    @property
    def wrong(self) -> bool:
        """Whether the number of lanes is not the planted one."""
        return self.result.lanes_found != self.result.lanes_planted


def run_one(kind_and_seed: tuple[str, int], folder: Path) -> Seen:
    """Draw, save, load, analyse and compare one blot."""
    warnings.simplefilter("error")
    cv2.setNumThreads(1)
    kind, seed = kind_and_seed
    drawn = other_blot(kind, seed)
    path = save(drawn, folder, f"{kind}_{seed}")
    (blot,) = bq.load(path)
    try:
        result = bq.analyze(blot)
    except bq.NothingFound as reason:
        return Seen(replace(compare(drawn.truth, None, 0), said=str(reason)), warned=True)
    finally:
        path.unlink()
    warned = any("please check" in one and "lane" in one for one in result.warnings)
    return Seen(compare(drawn.truth, result.table, len(result.layout.lanes)), warned)


def results_of(work: Iterable[tuple[str, int]], jobs: int) -> list[Seen]:
    """Every blot, in worker processes where there are several jobs."""
    with TemporaryDirectory() as folder:
        task = partial(run_one, folder=Path(folder))
        if jobs == 1:
            return [task(one) for one in work]
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            return list(pool.map(task, work, chunksize=2))


def section(seen: list[Seen], judged: Judged) -> str:
    """The table, kind by kind and of all kinds together, and the pictures with wrong lanes.

    Promised are the median error and the 95th percentile of every kind, and all figures of all
    kinds together: a few pictures say little of one kind's standard errors.
    """
    words = [one.words for one in (*LANES.values(), *DENSITY.values())]
    bounds = [one.bound for one in (*LANES.values(), *DENSITY.values())]
    head = ["kind", "images", words[0], "wrong, said", "wrong, silent"]
    head += [*words[1:3], "bands", *words[3:], "holds"]
    rows = [["*bound*", "", bounds[0], "", "", *bounds[1:3], "", *bounds[3:], ""]]
    for kind in dict.fromkeys(one.result.kind for one in seen):
        mine = [one for one in seen if one.result.kind == kind]
        rows.append(_row(kind, mine, Judged()))
        for key in EACH:
            judged.verdict(kind, DENSITY[key], _figures(mine)[key])
    rows.append(_row("over all", seen, judged))
    said = [f"- {_said(one)}" for one in seen if one.wrong]
    parts = ["Pictures whose lane count is wrong:", "\n".join(said)] if said else []
    return "\n\n".join([table(head, rows), *parts])


def _asked(seen: list[Seen]) -> pd.DataFrame:
    """Bands whose volume is asked for: clear, whole, and overlapped by none."""
    return asked(bands_of([one.result for one in seen]), "")


def _figures(seen: list[Seen]) -> dict[str, float]:
    """Figures of `LANES` and `DENSITY`."""
    return found_figures([one.result for one in seen]) | density_figures(_asked(seen))


def _row(where: str, seen: list[Seen], judged: Judged) -> list[str]:
    """A line of the table."""
    *cells, holds = judged.row(where, LANES | DENSITY, _figures(seen))
    wrong = [sum(one.wrong and one.warned is warned for one in seen) for warned in (True, False)]
    counts = [str(count) for count in (len(seen), *wrong, int(_asked(seen)["found"].sum()))]
    name = "**all**" if where == "over all" else where
    first, *shares = cells[:3]
    return [name, counts[0], first, *counts[1:3], *shares, counts[3], *cells[3:], holds]


def _said(one: Seen) -> str:
    """One picture with a wrong lane count in words."""
    result = one.result
    found = result.said or f"{result.lanes_found} found"
    warned = "" if result.said else ", said to be doubtful" if one.warned else ", silent"
    return (
        f"{result.kind}, seed {result.seed}: {result.lanes_planted} lanes planted, {found}{warned}"
    )


def main() -> int:
    options = _options()
    began = time.monotonic()
    kinds, seeds = options.kinds.split(",") if options.kinds else NAMES, seeds_of(options.seeds)
    judged = Judged()
    seen = results_of([(kind, seed) for kind in kinds for seed in seeds], options.jobs)
    head = heading("By another simulator", _command(options)).partition("\n\n")[2].strip()
    measured = (
        f"Measured on {date.today()}: {len(kinds)} kinds, seeds {options.seeds}; "
        f"{(time.monotonic() - began) / 60:.1f} minutes with {options.jobs} worker processes."
    )
    text = "\n\n".join([head, measured, section(seen, judged)])
    print(text)
    if options.write:
        saved = read_saved()
        saved.setdefault("missed", {})["other"] = judged.missed
        sections = {"other": text, "unsolved": unsolved(saved["missed"])}
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), sections), encoding="utf-8")
        write_saved(saved)
    for line in judged.missed:
        sys.stderr.write(f"MISSED {line}\n")
    return 1 if judged.missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default="", help="names, joined by commas; all of them")
    parser.add_argument("--seeds", default="0-1", help="0-3 or 1,5,7")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes")
    parser.add_argument("--write", action="store_true", help="write the page")
    options = parser.parse_args()
    if options.write and options.kinds:
        parser.error("--write needs all kinds: leave out --kinds or --write")
    return options


def _command(options: argparse.Namespace) -> str:
    kinds = f" --kinds {options.kinds}" if options.kinds else ""
    write = " --write" if options.write else ""
    return (
        f"python tests/benchmarks/other_simulator.py{kinds} --seeds {options.seeds} "
        f"--jobs {options.jobs}{write}"
    )


if __name__ == "__main__":
    sys.exit(main())

"""Everything that is promised of blotquant's numbers, measured: the tables of docs/validation.md.

    .venv/bin/python tests/benchmarks/validation.py --jobs 2 --write

Simulated blots kind by kind, automatic and with given lanes; ImageJ on the same files, where it and
the scripts that run it are installed (its saved numbers otherwise); planted specks and scratches;
real images, where they lie beside the repository. Without --write the tables are printed. Exits
with 1 when a promise is missed; the page is written all the same and says so.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from datetime import date
from importlib.metadata import version
from typing import Any

from parts.machine import heading, one_thread

one_thread()

from parts import real, running_imagej  # noqa: E402  # after the threads are set
from parts.accuracy import (  # noqa: E402
    density_section,
    found_section,
    marks_section,
    overlap_section,
    weak_section,
)
from parts.beside_imagej import (  # noqa: E402
    PICTURES,
    imagej_errors,
    imagej_section,
    pictures,
    times_of,
    times_section,
)
from parts.comparison import Comparison  # noqa: E402
from parts.one_blot import MARKED, results_of  # noqa: E402
from parts.page import PAGE, filled, read_saved, unsolved, write_saved  # noqa: E402
from parts.promises import Judged  # noqa: E402
from parts.running_imagej import ImageJ  # noqa: E402
from parts.scenes import SCENES  # noqa: E402
from suite import seeds_of  # noqa: E402

from blotquant.simulate import KINDS  # noqa: E402

COMMAND = "python tests/benchmarks/validation.py --jobs 2 --write"
# No test, no other benchmark and no one who worked on the finder used these.
SEEDS = "15000-15007"
# Blots measured by blotquant alone: standard errors are judged by scatter, which needs many bands.
MORE_SEEDS = "15008-15047"
SECTIONS = ("simulated", "times", "real")


def main() -> int:
    options = _options()
    began = time.monotonic()
    saved = read_saved()
    missing = "it was left out (--no-imagej)" if options.no_imagej else running_imagej.why_not()
    texts: dict[str, str] = {}
    if "simulated" in options.sections:
        kinds = options.kinds.split(",") if options.kinds else [*KINDS, *SCENES]
        work = [(kind, seed) for kind in kinds for seed in seeds_of(options.seeds)]
        results = results_of(work, options.jobs, imagej=not missing)
        seeds = seeds_of(options.more_seeds) if options.more_seeds else []
        more = [(kind, seed) for kind in kinds for seed in seeds]
        texts |= simulated([*results, *results_of(more, options.jobs, alone=True)], saved)
        texts |= beside_imagej(results, saved, options.seeds, missing)
    if "times" in options.sections:
        texts |= times(options.pictures.split(","), saved, missing)
    if "real" in options.sections:
        texts |= real_images(saved)
    texts["run"] = _run(options, time.monotonic() - began)
    texts["unsolved"] = unsolved(saved.get("missed", {}))
    return _close(texts, saved, write=options.write)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default="", help="names, joined by commas; all of them")
    parser.add_argument("--seeds", default=SEEDS, help="100-103 or 1,5,7")
    parser.add_argument("--more-seeds", default=MORE_SEEDS, help="for blotquant on its own")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes")
    parser.add_argument("--sections", default=",".join(SECTIONS), type=lambda t: t.split(","))
    parser.add_argument("--pictures", default=",".join(PICTURES), help=argparse.SUPPRESS)
    parser.add_argument("--no-imagej", action="store_true", help="show ImageJ's saved numbers")
    parser.add_argument("--write", action="store_true", help="write the page and the saved numbers")
    options = parser.parse_args()
    if options.write and options.kinds:
        parser.error("--write needs all kinds: leave out --kinds or --write")
    return options


def simulated(results: list[Comparison], saved: dict[str, Any]) -> dict[str, str]:
    """Sections on blotquant alone, automatic."""
    judged, marks = Judged(), Judged()
    plain = [one for one in results if one.kind not in SCENES]
    texts = {}
    if plain:
        texts |= {
            "found": found_section(plain, judged),
            "densities": density_section(plain, judged),
        }
    if any("doublets" in one.kind for one in results):
        doublets = [one for one in results if "doublets" in one.kind]
        texts["doublets"] = overlap_section(doublets, judged)
    if any(one.kind == "one_percent" for one in results):
        weak = [one for one in results if one.kind == "one_percent"]
        texts["weak"] = weak_section(weak, judged)
    missed = saved.setdefault("missed", {})
    missed["simulated"] = judged.missed
    if any(one.kind == MARKED for one in results):
        texts["marks"] = marks_section(results, marks)
        missed["marks"] = marks.missed
    return texts


def beside_imagej(
    results: list[Comparison], saved: dict[str, Any], seeds: str, missing: str
) -> dict[str, str]:
    """Errors by every way; ImageJ's own of now, or those of an earlier run with the same seeds."""
    if not missing:
        with ImageJ() as imagej:
            kept = {"version": imagej.version, "date": f"{date.today()}", "seeds": seeds}
        saved["imagej"] = kept | {"kinds": imagej_errors(results)}
    theirs = saved.get("imagej")
    if theirs is None or theirs["seeds"] != seeds:
        said = f"ImageJ was not run: {missing}. There are no saved numbers of these seeds."
        return {"imagej": said}
    judged = Judged()
    text = imagej_section(results, theirs["kinds"], judged)
    saved.setdefault("missed", {})["imagej"] = judged.missed
    return {"imagej": _said(theirs, missing) + "\n\n" + text}


def _said(theirs: dict[str, Any], missing: str) -> str:
    """Which ImageJ, when, and whether its numbers are of this run."""
    if not missing:
        return f"ImageJ {theirs['version']}, run on the same files in the same run."
    return (
        f"**ImageJ's numbers are saved ones**, of version {theirs['version']}, measured on "
        f"{theirs['date']} on the same pictures: it was not run this time, because {missing}. "
        "blotquant's are of this run."
    )


def times(names: list[str], saved: dict[str, Any], missing: str) -> dict[str, str]:
    """Time per image, one process, nothing else running in it."""
    with ExitStack() as stack:
        imagej = None if missing else stack.enter_context(ImageJ())
        drawn = pictures(seeds_of(SEEDS)[0], names)
        measured = {name: times_of(blot, imagej) for name, blot in drawn.items()}
        if imagej is not None:
            theirs = {name: {k: of[k] for k in ("gel", "ball")} for name, of in measured.items()}
            kept = {"version": imagej.version, "date": f"{date.today()}"}
            saved["times"] = kept | {"pictures": theirs}
    theirs = saved.get("times")
    if theirs is None:
        said = f"ImageJ was not timed: {missing}. There are no saved times."
        return {"times": said + "\n\n" + times_section(measured)}
    both = {name: {**theirs["pictures"].get(name, {}), **of} for name, of in measured.items()}
    return {"times": _said(theirs, missing) + "\n\n" + times_section(both)}


def real_images(saved: dict[str, Any]) -> dict[str, str]:
    """Real images, or what was found on them when they were there."""
    missing = real.why_not()
    if not missing:
        judged = Judged()
        texts = {
            "lanes": real.lanes_section(judged),
            "dilution": real.dilution_section(judged),
            "exposures": real.exposure_section(judged),
        }
        versions = {"version": version("blotquant"), "date": f"{date.today()}"}
        saved["real"] = versions | {"texts": texts}
        saved.setdefault("missed", {})["real"] = judged.missed
        return texts
    before = saved.get("real")
    if before is None:
        return dict.fromkeys(("lanes", "dilution", "exposures"), f"Not measured: {missing}.")
    said = (
        f"**Saved numbers** of blotquant {before['version']}, {before['date']}: not measured this "
        f"time, because {missing}.\n\n"
    )
    return {name: said + text for name, text in before["texts"].items()}


def _run(options: argparse.Namespace, seconds: float) -> str:
    """How the page was made: command, versions, machine, what was in it."""
    versions = heading("", COMMAND).partition("\n\n")[2].strip()
    kinds = options.kinds or f"all {len(KINDS)} kinds and {len(SCENES)} scenes"
    seeds = options.seeds
    if options.more_seeds:
        seeds += f" and, blotquant alone, {options.more_seeds}"
    return (
        f"{versions}\n\nMeasured on {date.today()}: {', '.join(options.sections)}; {kinds}; seeds "
        f"{seeds}; {seconds / 60:.1f} minutes with {options.jobs} worker processes."
    )


def _close(texts: dict[str, str], saved: dict[str, Any], *, write: bool) -> int:
    """Write or print; 1 if a promise is missed."""
    if write:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), texts), encoding="utf-8")
        write_saved(saved)
    else:
        for name, text in texts.items():
            print(f"<!-- {name} -->\n\n{text}\n")
    missed = [one for lines in saved.get("missed", {}).values() for one in lines]
    sys.stderr.write(f"{len(missed)} promises missed\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

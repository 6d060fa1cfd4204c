"""What is planted in simulated blots is found, and clean blots raise no alarm.

    .venv/bin/python tests/benchmarks/forensics.py [--first 300] [--clean 66] [--planted 33]

Clean blots are of all kinds, each with a seed of its own from a hundred from the first on. Planted,
in all kinds but those that are lossy or coarse themselves: JPEG 75 saved as TIFF (half of them
cropped off the grid, a third brought to 16 bits), an 8-bit copy whose contrast or gamma was set
afterwards, two blots joined at a column (the grey levels matched in half), a band copied over
another (turned or flipped, contrast changed, soft edges), between two pictures too. Real images are
looked at together, where they lie beside the repository. ``--write`` writes the table into
docs/validation.md. Exits with 1 when a bound does not hold.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from parts.machine import heading, one_thread, table

one_thread()

import cv2  # noqa: E402  # after the threads are set
import numpy as np  # noqa: E402
from parts import real, tampering  # noqa: E402
from parts.page import PAGE, filled, read_saved, unsolved, write_saved  # noqa: E402
from parts.promises import ALARMS, FORENSICS, Judged  # noqa: E402

from blotquant import load  # noqa: E402
from blotquant.fitness import assess, judged  # noqa: E402
from blotquant.integrity import Subject, examine  # noqa: E402
from blotquant.model import Blot  # noqa: E402
from blotquant.notice import Notice  # noqa: E402
from blotquant.simulate import KINDS, render, spec_of  # noqa: E402

NEAR = 3  # columns by which the line of a joint may be missed
SIZE = (2000, 2500)
# What a kind is by itself, and is told of with right.
OWN = {"jpeg": {"lossy"}}
# Files that show one picture, with right: a scan and its exported copy.
SAME = {
    ("biorad_test1.1sc", "biorad_test1_ref.tif"),
    ("biorad_test4.1sc", "biorad_test4_ref.tif"),
}


@dataclass(frozen=True)
class Seen:
    """What was told of one thing that was looked at."""

    what: str
    case: str
    told: bool
    seconds: float = 0.0
    megapixels: float = 0.0


def main() -> int:
    given = _options()
    heads = heading("Fitness and integrity", _command(given))
    work = [
        *(partial(clean, number, given.first) for number in range(given.clean)),
        *(partial(planted, number, given.first) for number in range(given.planted)),
    ]
    seen = [one for some in _done(work, given.jobs) for one in some]
    promised = Judged()
    text = "\n\n".join(
        [heads.partition("\n\n")[2].strip(), section(seen, promised), real_images(promised)]
    )
    print(text)
    if given.write:
        saved = read_saved()
        saved.setdefault("missed", {})["forensics"] = promised.missed
        sections = {"forensics": text, "unsolved": unsolved(saved["missed"])}
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), sections), encoding="utf-8")
        write_saved(saved)
    for line in promised.missed:
        sys.stderr.write(f"MISSED {line}\n")
    return 1 if promised.missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=300, help="first of the hundred seeds")
    parser.add_argument("--clean", type=int, default=66)
    parser.add_argument("--planted", type=int, default=33)
    parser.add_argument("--jobs", type=int, default=1, help="worker processes")
    parser.add_argument("--write", action="store_true", help="write the page")
    return parser.parse_args()


def _command(given: argparse.Namespace) -> str:
    counts = f"--first {given.first} --clean {given.clean} --planted {given.planted}"
    return f"python tests/benchmarks/forensics.py {counts} --jobs {given.jobs} --write"


def _done(work: list[Callable[[], list[Seen]]], jobs: int) -> Iterable[list[Seen]]:
    if jobs == 1:
        return [_one(task) for task in work]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        return list(pool.map(_one, work, chunksize=4))


def _one(task: Callable[[], list[Seen]]) -> list[Seen]:
    cv2.setNumThreads(1)
    seen = task()
    for one in seen:
        # an alarm on a clean blot, or a miss
        if one.told == (one.what in ALARMS):
            sys.stderr.write(f"{one.what}: {one.case}\n")
    return seen


def clean(number: int, first: int) -> list[Seen]:
    """Alarms on one clean blot."""
    kind, seed = tampering.case(number, first, tuple(KINDS))
    blot = tampering.as_blot(render(spec_of(kind, seed), seed).image)
    begin = time.perf_counter()
    notices = look(blot)
    seconds = time.perf_counter() - begin
    told = (checks(blot) - OWN.get(kind, set())) | {one.kind for one in notices}
    case, size = f"{kind}, seed {seed}", blot.pixels.size / 1e6
    alarms = {what: what in told for what in ALARMS if what != "any"}
    return [
        Seen("any", case, any(alarms.values()), seconds, size),
        *(Seen(what, case, found) for what, found in alarms.items()),
    ]


def planted(number: int, first: int) -> list[Seen]:
    """Everything that is planted, in one blot each."""
    rng = np.random.default_rng([first, number])
    blot, seen = tampering.clean(number, first), {}
    seen["jpeg"] = "lossy" in checks(tampering.as_blot(tampering.jpeg_in_tiff(blot, rng)))
    seen["stretch"] = "stretched" in checks(tampering.as_blot(tampering.stretched(blot, rng)))
    seen["splice"] = is_joint_found(tampering.spliced(number, rng, first))
    copy = tampering.copied_band(blot, rng)
    if copy is not None:
        seen["copy"] = is_copy_found(copy)
    across = tampering.copied_between(number, rng, first)
    if across is not None:
        seen["between"] = any(one.kind == "repeated" for one in look(*across))
    kind, seed = tampering.case(number, first)
    return [Seen(what, f"{kind}, seed {seed}", found) for what, found in seen.items()]


def checks(blot: Blot) -> set[str]:
    return {finding.check for finding in assess(blot)}


def look(*blots: Blot) -> tuple[Notice, ...]:
    """Notices on pictures, flagged as their reader flags them."""
    names = [f"{number}.tif" for number in range(len(blots))]
    subjects = [
        Subject(name, partial(judged, blot)) for name, blot in zip(names, blots, strict=True)
    ]
    return examine(subjects)


def is_joint_found(joint: tampering.Planted) -> bool:
    column = joint.target.left
    notices = look(tampering.as_blot(joint.pixels))
    return any(one.kind == "joined" and abs(one.box[1] + 1 - column) <= NEAR for one in notices)


def is_copy_found(copy: tampering.Planted) -> bool:
    """Whether a repeat is told of that lies in both places."""
    places = {copy.source, copy.target}
    for one in look(tampering.as_blot(copy.pixels)):
        if one.kind == "repeated" and one.other_box is not None:
            boxes = [tampering.Place(*box) for box in (one.box, one.other_box)]
            hit = [{place for place in places if tampering.overlap(box, place)} for box in boxes]
            if all(hit) and len(hit[0] | hit[1]) == 2:
                return True
    return False


def section(seen: list[Seen], promised: Judged) -> str:
    """The table, what was missed, and the time that it takes."""
    promises = FORENSICS | ALARMS
    count, told = Counter(one.what for one in seen), Counter(one.what for one in seen if one.told)
    rows = [
        promised.line(promise, told[what] / count[what] if count[what] else np.nan, count[what])
        for what, promise in promises.items()
    ]
    wrong = [
        f"- {promises[one.what].words}: {'told of' if one.told else 'missed'} in {one.case}"
        for one in seen
        if one.what != "any" and one.told == (one.what in ALARMS)
    ]
    speed = sum(one.seconds for one in seen) / max(sum(one.megapixels for one in seen), 1e-9)
    times = (
        f"Fitness of {SIZE[0]} x {SIZE[1]} px, 16 bits: {1000 * fitness_time():.0f} ms. "
        f"Integrity: {speed:.1f} s a megapixel."
    )
    parts = [table(["", "n", "measured", "bound", "holds"], rows), times]
    return "\n\n".join([*parts, *(["What went wrong:\n", *["\n".join(wrong)]] if wrong else [])])


def real_images(promised: Judged) -> str:
    """Alarms of integrity on real images, all looked at as one run."""
    if real.why_not():
        return f"Real images were not looked at: {real.why_not()}."
    paths = sorted(path for path in real.REAL.iterdir() if path.suffix != ".md")
    notices = examine([Subject(path.name, partial(_only, path)) for path in paths])
    alarms = [one for one in notices if (one.image, one.other) not in SAME]
    for one in alarms:
        promised.missed.append(f"real images: {one.image} {one.other}: {one.kind} (none promised)")
    return (
        f"Real images: {len(paths)} files of ../shared/real looked at as one run: {len(alarms)} "
        f"false alarms of integrity; {len(notices) - len(alarms)} pairs of a scan and its exported "
        "copy are told of as one picture, with right."
    )


def _only(path: object) -> Blot:
    return load(str(path))[0]


def fitness_time() -> float:
    """Median of five, s."""
    rng = np.random.default_rng(0)
    lanes = 20_000 * np.exp(-(((np.arange(SIZE[1]) % 160 - 80) / 30.0) ** 2))
    times = []
    for _ in range(5):
        levels = 3000 + lanes + 200 * rng.standard_normal(SIZE)
        blot = tampering.as_blot(levels.astype(np.uint16))
        begin = time.perf_counter()
        assess(blot)
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


if __name__ == "__main__":
    sys.exit(main())

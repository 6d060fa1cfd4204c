"""What is planted in simulated blots is found, and clean blots raise no alarm.

    .venv/bin/python tests/benchmarks/forensics.py [--blots 100] [--seed 1]

Blots of all kinds but those that are lossy or coarse themselves, each another one. Planted: JPEG 75
saved as TIFF (half of them cropped off the grid, a third brought to 16 bits), an 8-bit copy whose
contrast or gamma was set afterwards, two blots joined at a column (the grey levels matched in
half), a band copied over another (turned or flipped, contrast changed, soft edges), between two
pictures too. Nothing was tuned to these seeds. Exits with 1 when a bound does not hold.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from parts.machine import Bounds, heading, one_thread

one_thread()

import cv2  # noqa: E402  # after the threads are set
import numpy as np  # noqa: E402
from parts import tampering  # noqa: E402

from blotquant.fitness import assess  # noqa: E402
from blotquant.integrity import Subject, examine  # noqa: E402
from blotquant.model import Blot  # noqa: E402
from blotquant.simulate import SimulatedBlot  # noqa: E402

NEAR = 3  # columns by which the line of a joint may be missed
SIZE = (2000, 2500)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blots", type=int, default=66)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    print(heading("Fitness and integrity", "python tests/benchmarks/forensics.py"))
    print(f"{given.blots} blots, seed {given.seed}:\n")
    counts, seconds = planted(given.blots, given.seed)
    bounds = judged(counts)
    print(f"Fitness of {SIZE[0]} x {SIZE[1]} px, 16 bits: {1000 * fitness_time():.0f} ms.")
    print(f"Integrity: {seconds:.1f} s a megapixel.\n")
    return bounds.close()


def planted(blots: int, seed: int) -> tuple[Counter[str], float]:
    """How often each thing was planted and found, and the time of integrity a megapixel."""
    counts: Counter[str] = Counter()
    spent = pixels = 0.0
    for number in range(blots):
        rng = np.random.default_rng([seed, number])
        blot = tampering.clean(number, seed)
        plain = tampering.as_blot(blot.image)
        begin = time.perf_counter()
        clean_notices = look(plain)
        spent += time.perf_counter() - begin
        pixels += blot.image.size / 1e6
        for name in ("lossy", "stretched"):
            note(counts, f"clean: {name}", name in checks(plain))
        for kind in ("joined", "repeated"):
            note(counts, f"clean: {kind}", any(one.kind == kind for one in clean_notices))
        note(counts, "JPEG 75", "lossy" in checks(tampering.as_blot(jpeg(blot, rng))))
        note(counts, "stretch", "stretched" in checks(tampering.as_blot(stretch(blot, rng))))
        joint = tampering.spliced(number, rng, seed)
        note(counts, "splice", is_joint_found(joint))
        copy = tampering.copied_band(blot, rng)
        if copy is not None:
            note(counts, "copy", is_copy_found(copy))
        across = tampering.copied_between(number, rng, seed)
        if across is not None:
            note(counts, "copy between", any(one.kind == "repeated" for one in look(*across)))
    return counts, spent / pixels


jpeg: Callable[[SimulatedBlot, np.random.Generator], tampering.Pixels] = tampering.jpeg_in_tiff
stretch: Callable[[SimulatedBlot, np.random.Generator], tampering.Pixels] = tampering.stretched


def judged(counts: Counter[str]) -> Bounds:
    """Shares against what was promised, in %."""
    bounds = Bounds()
    wanted = {"JPEG 75": 95, "stretch": 95, "splice": 90, "copy": 90, "copy between": 90}
    names = {
        "JPEG 75": "JPEG 75 saved as TIFF, found",
        "stretch": "8-bit copy stretched or bent, found",
        "splice": "two blots joined, found within 3 columns",
        "copy": "band copied within a picture, found",
        "copy between": "band copied into another picture, found",
    }
    for name, least in wanted.items():
        bounds.at_least(names[name], share(counts, name), least, "{:.1f} %")
    for name in ("lossy", "stretched", "joined", "repeated"):
        bounds.at_most(
            f"clean blots said to be {name}", share(counts, f"clean: {name}"), 1, "{:.1f} %"
        )
    return bounds


def share(counts: Counter[str], name: str) -> float:
    return 100 * counts[f"{name}, yes"] / max(counts[name], 1)


def note(counts: Counter[str], name: str, found: bool) -> None:
    counts[name] += 1
    counts[f"{name}, yes"] += found


def checks(blot: Blot) -> set[str]:
    return {finding.check for finding in assess(blot)}


def look(*blots: Blot):
    names = [f"{number}.tif" for number in range(len(blots))]
    subjects = [
        Subject(name, partial(_same, blot)) for name, blot in zip(names, blots, strict=True)
    ]
    return examine(subjects)


def _same(blot: Blot) -> Blot:
    return blot


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

"""Spoilt files: nothing but blotquant's own errors may come out, soon, and with little memory.

    nice .venv/bin/python tests/benchmarks/fuzz.py [--files 50000] [--seed 1] [--jobs 2]

Sound files of every format, recipes, layout files, studies and sample sheets, written by the tests,
and the real files of ../shared/real where they are, are spoilt one by one and read. Bounds: 10 s of
one core and 1 GiB of memory a file, no exception but a BlotquantError, no crash of the process.
Time is the processor's, so a busy or suspended machine blames no file; one over which the process
sleeps for a minute is a fault. A line each minute says how far it is. ``--number 123`` reads one
again and keeps its files. Exits with 1 if a file broke a bound.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from parts.machine import one_thread

one_thread()

from parts.fuzz_readers import MOST_SECONDS, Outcome, read_spoilt, spoilt_files  # noqa: E402
from parts.sound_files import SoundFile, sound_files  # noqa: E402
from parts.watchdog import Watchdog, why  # noqa: E402

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"
# When the process is ended: of processor time, and of time in which it uses none.
ENDED_S, ASLEEP_S = 2 * MOST_SECONDS, 60
PROGRESS_S = 60


def spoilt(number: int, seed: int, sound: list[SoundFile]) -> tuple[SoundFile, dict[str, bytes]]:
    """The file of a number; the same in every run with the same sound files."""
    rng = Random(f"{seed}/{number}")
    one = rng.choices(sound, [each.weight for each in sound])[0]
    return one, spoilt_files(one, rng)


def work(first: int, files: int, step: int, seed: int) -> None:
    """Read every `step`-th file from `first` on; one line for each on standard output."""
    _hold_memory()
    sound, watchdog = sound_files(REAL), Watchdog(ENDED_S, ASLEEP_S)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, files, step):
            one, data = spoilt(number, seed, sound)
            print(f"begin\t{number}\t{one.read}:{one.name}", flush=True)
            with watchdog.watching():
                outcome = read_spoilt(one, data, Path(folder) / "case")
            said = "; ".join(outcome.faults) or outcome.said
            fields = (number, outcome.seconds, outcome.memory, bool(outcome.faults), ascii(said))
            print("end", *fields, sep="\t", flush=True)


def _hold_memory() -> None:
    """A backstop for the machine; the bound itself is measured."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30, 8 * 2**30))


class Tally:
    """What the files came to; a line each minute says how far they are."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._begin = clock, clock()
        self._said_at = self._begin
        self.said: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.faults: list[str] = []
        self.slowest, self.largest = (0.0, ""), (0, "")

    def add(self, line: list[str], kind: str) -> None:
        """A line of a worker's output."""
        number, seconds, memory, faulty, said = line
        label = f"{number} {kind}"
        self.kinds[kind] += 1
        self.said["fault" if faulty == "True" else said.strip("'\"")] += 1
        self.slowest = max(self.slowest, (float(seconds), label))
        self.largest = max(self.largest, (int(memory), label))
        if faulty == "True":
            self.fault(label, said)
        if self._clock() - self._said_at >= PROGRESS_S:
            self._said_at = self._clock()
            print(self.state, flush=True)

    @property
    def minutes(self) -> float:
        """Since the first file."""
        return (self._clock() - self._begin) / 60

    @property
    def state(self) -> str:
        """How far it is."""
        total = sum(self.said.values())
        return f"{total} files, {self.minutes:.1f} min, bounds broken: {len(self.faults)}"

    def fault(self, label: str, said: str) -> None:
        """A file that broke a bound."""
        self.faults.append(f"{label}: {said}")
        print("FAULT", self.faults[-1], flush=True)


def run(files: int, seed: int, jobs: int, seconds: float = float("inf")) -> Tally:
    """Read all files with several processes; one that dies is followed by another."""
    tally, until = Tally(), time.monotonic() + seconds
    waiting = {job: job for job in range(jobs)}
    running: dict[int, tuple[subprocess.Popen[str], list[str]]] = {}
    while waiting or running:
        for job, first in list(waiting.items()):
            running[job] = (_worker(first, files, jobs, seed), ["", ""])
            del waiting[job]
        for job, (process, current) in list(running.items()):
            line = process.stdout.readline() if process.stdout else ""
            late = time.monotonic() > until
            if line and not late:
                _note(line, current, tally)
                continue
            del running[job]
            if late:
                process.terminate()
            code = process.wait()
            if process.stdout:
                process.stdout.close()
            if code and not late and current[0]:
                tally.fault(f"{current[0]} {current[1]}", why(code))
                tally.said["fault"] += 1
                waiting[job] = int(current[0]) + jobs
    return tally


def _worker(first: int, files: int, step: int, seed: int) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--work", *map(str, (first, files, step, seed))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _note(line: str, current: list[str], tally: Tally) -> None:
    what, *fields = line.rstrip("\n").split("\t")
    if what == "begin":
        current[:] = fields
    elif what == "end":
        tally.add(fields, current[1])


def read_one(number: int, seed: int) -> Outcome:
    """Read one again, and keep its files."""
    sound, data = spoilt(number, seed, sound_files(REAL))
    folder = Path(tempfile.mkdtemp(prefix=f"spoilt-{number}-"))
    print(f"{sound.read}:{sound.name} in {folder}")
    with Watchdog(ENDED_S, ASLEEP_S).watching():
        outcome = read_spoilt(sound, data, folder / "case")
    print(f"{outcome.said} {outcome.reason}", *outcome.faults, sep="\n")
    print(f"{outcome.seconds:.2f} s, {outcome.memory / 2**20:.0f} MiB")
    return outcome


def main() -> int:
    """Run, print, and say with the exit code whether all bounds held."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--number", type=int, help="read one again")
    parser.add_argument("--work", type=int, nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(*options.work)
        return 0
    if options.number is not None:
        return int(bool(read_one(options.number, options.seed).faults))
    tally = run(options.files, options.seed, options.jobs)
    total = sum(tally.said.values())
    print(f"{total} spoilt files in {tally.minutes:.1f} min, {options.jobs} processes")
    print("real files of ../shared/real: " + ("with" if REAL.is_dir() else "not here"))
    print(", ".join(f"{count} {said}" for said, count in tally.said.most_common()))
    print(f"slowest: {tally.slowest[0]:.2f} s of one core ({tally.slowest[1]})")
    print(f"most memory: {tally.largest[0] / 2**20:.0f} MiB ({tally.largest[1]})")
    print(f"finished: {tally.state}")
    return int(bool(tally.faults) or total < options.files)


if __name__ == "__main__":
    sys.exit(main())

"""The machine and the versions behind a benchmark's figures, and the answer to each bound."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("numpy", "scipy", "pandas", "opencv-python-headless", "scikit-image", "tifffile")


def one_thread() -> None:
    """Hold the numerical libraries to one thread; call it before NumPy is imported."""
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ):
        os.environ[name] = "1"


def processor() -> str:
    """Name of the processor, as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def heading(title: str, command: str) -> str:
    """Title, command, machine and versions, as Markdown."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"## {title}\n\n`{command}`\n\n"
        f"blotquant {version('blotquant')}, Python {platform.python_version()}, {versions}; "
        f"{platform.system()} on {processor()}, {os.cpu_count()} cores\n"
    )


def table(header: list[str], rows: list[list[str]]) -> str:
    """Markdown table; every column but the first is set to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def median_ms(work: Callable[[], object], repeats: int = 7) -> float:
    """Median wall time, ms."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return 1000 * statistics.median(times)


class Bounds:
    """Collects what was measured against what was promised."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.failed: list[str] = []

    def at_most(self, name: str, value: float, limit: float, form: str = "{:.4g}") -> None:
        """Hold that `value` is `limit` or less."""
        self._add(name, value <= limit, form.format(value), "≤ " + form.format(limit))

    def at_least(self, name: str, value: float, limit: float, form: str = "{:.4g}") -> None:
        """Hold that `value` is `limit` or more."""
        self._add(name, value >= limit, form.format(value), "≥ " + form.format(limit))

    def within(
        self, name: str, value: float, low: float, high: float, form: str = "{:.4g}"
    ) -> None:
        """Hold that `value` lies between two limits."""
        limits = f"{form.format(low)} to {form.format(high)}"
        self._add(name, low <= value <= high, form.format(value), limits)

    def _add(self, name: str, kept: bool, value: str, limit: str) -> None:
        self.rows.append([name, value, limit, "yes" if kept else "**no**"])
        if not kept:
            self.failed.append(f"{name}: {value} (bound: {limit})")

    def close(self) -> int:
        """Print the bounds; exit code 1 if one does not hold."""
        print("\n" + table(["", "measured", "bound", "holds"], self.rows) + "\n")
        for line in self.failed:
            print(f"FAILED {line}")
        return 1 if self.failed else 0

"""blotquant beside ImageJ, on blots whose true volumes are known.

    .venv/bin/python tests/benchmarks/golden.py

With ImageJ's lanes and limits, method `valley` must give ImageJ's numbers; on its own, blotquant
must come nearer to the truth than ImageJ does. Exits with 1 otherwise.
"""

from __future__ import annotations

import sys

from parts.machine import Bounds, heading, one_thread, table

one_thread()

import numpy as np  # noqa: E402  # after the threads are set
from numpy.typing import NDArray  # noqa: E402
from parts.imagej import NAMES, Golden, automatic, error, read_golden, with_given_layout  # noqa: E402

HEADER = [
    *("image", "bands", "ImageJ, Gel Analyzer", "ImageJ, rolling ball 50"),
    *("blotquant, ImageJ's lanes and limits", "blotquant, automatic", "valley - ImageJ, largest"),
]


def errors_of(golden: Golden) -> list[NDArray[np.float64]]:
    """|error| of each band by each way of measuring, in the order of the header."""
    ways = [
        golden.volume_exact,
        golden.rolling_ball,
        with_given_layout(golden, "lane"),
        automatic(golden),
    ]
    return [error(net, golden.planted) for net in ways]


def disagreement(golden: Golden) -> float:
    """Largest relative difference between method `valley` and ImageJ, same lanes and limits."""
    net = with_given_layout(golden, "valley")
    return float(np.abs(net / golden.volume_exact - 1).max())


def main() -> int:
    print(heading("Beside ImageJ 1.53t", "python tests/benchmarks/golden.py"))
    blots = [read_golden(name) for name in NAMES]
    errors = [errors_of(golden) for golden in blots]
    apart = [disagreement(golden) for golden in blots]
    together = [np.concatenate(way) for way in zip(*errors, strict=True)]
    rows = [
        _line(golden.name, of_image, difference)
        for golden, of_image, difference in zip(blots, errors, apart, strict=True)
    ]
    print("Median |error| of net density against the planted volume (95th percentile):\n")
    print(table(HEADER, [*rows, _line("**all**", together, max(apart))]))
    bounds = Bounds()
    bounds.at_most("valley against ImageJ, largest relative difference", max(apart), 1e-6, "{:.1e}")
    for name, of_image in zip([*NAMES, "all"], [*errors, together], strict=True):
        imagej, rolling, _, own = (100 * float(np.median(way)) for way in of_image)
        label = f"{name}: automatic against ImageJ's better way, median error, %"
        bounds.at_most(label, own, min(imagej, rolling), "{:.2f}")
    return bounds.close()


def _line(name: str, errors: list[NDArray[np.float64]], apart: float) -> list[str]:
    cells = [f"{100 * np.median(e):.2f} % ({100 * np.quantile(e, 0.95):.1f} %)" for e in errors]
    return [name, str(errors[0].size), *cells, f"{apart:.0e}"]


if __name__ == "__main__":
    sys.exit(main())

"""Specks and scratches: what 200 of them and 10 scratches do to the numbers of a blot.

    .venv/bin/python tests/benchmarks/specks.py [--kinds clean,bow] [--seeds 300-303]

The same picture is analysed with its defaults as it is and with specks and scratches on it. Exits
with 1 when a bound is broken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

from parts.machine import Bounds, heading, one_thread, table

one_thread()

import cv2  # noqa: E402  # after the threads are set
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from parts.comparison import CLEAR, compare, match  # noqa: E402
from suite import seeds_of  # noqa: E402

import blotquant as bq  # noqa: E402
from blotquant.simulate import SimulatedBlot, save, simulate  # noqa: E402

KINDS = ("clean", "light_on_dark", "bow", "smile", "many_lanes", "gradient", "few_lanes", "fan")
SPECKS, SCRATCHES = 200, 10
_REACH = 16  # px from a speck's middle beyond which it has ended
HEADER = [
    *(
        "kind",
        "pictures",
        "bands",
        "lane count kept",
        "bands lost",
        "median moved",
        "95th percentile",
    ),
    *("largest", "marked bands, SD of z", "within 2 SE", "flagged"),
]


def marked(drawn: SimulatedBlot, seed: int) -> SimulatedBlot:
    """The blot with specks and scratches: dust and voids of many sizes, lines that add or take."""
    rng = np.random.default_rng([seed, 77])
    full = float(np.iinfo(drawn.image.dtype).max if drawn.spec.bit_depth != 12 else 4095)
    dark = drawn.spec.polarity == "dark_on_light"
    signal = drawn.image.astype(np.float64)
    signal = full - signal if dark else signal
    kept, added = np.ones(signal.shape), np.zeros(signal.shape)
    for _ in range(SPECKS):
        here, spot = _speck(signal.shape, rng)
        if rng.random() < 0.8:
            added[here] += rng.uniform(0.05, 0.7) * spot
        else:
            kept[here] *= 1 - rng.uniform(0.3, 1.0) * spot
    for _ in range(SCRATCHES):
        line = _scratch(signal.shape, rng)
        if rng.random() < 0.5:
            added += rng.uniform(0.1, 0.4) * line
        else:
            kept *= 1 - rng.uniform(0.3, 0.9) * line
    seen = np.rint(np.clip(signal * kept + added * full, 0, full))
    image = (full - seen if dark else seen).astype(drawn.image.dtype)
    return replace(drawn, image=image)


def _speck(
    shape: tuple[int, int], rng: np.random.Generator
) -> tuple[tuple[slice, slice], NDArray[np.float64]]:
    """An oval spot of height 1, soft (Gaussian) or with an edge, 1 to 10 px, and its place."""
    row, col = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
    size, stretch, turn = rng.uniform(0.5, 3.0), rng.uniform(1, 1.8), rng.uniform(0, np.pi)
    here = tuple(
        slice(max(0, int(at) - _REACH), min(end, int(at) + _REACH))
        for at, end in zip((row, col), shape, strict=True)
    )
    rows, cols = np.mgrid[here]
    y, x = rows - row, cols - col
    u = (x * np.cos(turn) + y * np.sin(turn)) / stretch
    v = y * np.cos(turn) - x * np.sin(turn)
    away = np.hypot(u, v)
    if rng.random() < 0.5:
        return here, np.asarray(np.exp(-0.5 * (away / (0.5 * size)) ** 2), np.float64)
    return here, np.clip((size - away) / 1.5 + 0.5, 0, 1)


def _scratch(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """A line of height 1, a little bent, 1 or 2 px wide."""
    row, col = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
    length, turn = rng.uniform(0.1, 0.4) * min(shape), rng.uniform(0, np.pi)
    t = np.linspace(-0.5, 0.5, 15)
    bend = rng.normal(0, 0.05) * length * 4 * t**2
    points = np.stack(
        [
            col + length * t * np.cos(turn) - bend * np.sin(turn),
            row + length * t * np.sin(turn) + bend * np.cos(turn),
        ],
        axis=1,
    )
    mask = np.zeros(shape, np.uint8)
    wide = int(rng.integers(1, 3))
    cv2.polylines(mask, [np.rint(points * 8).astype(np.int32)], False, 255, wide, cv2.LINE_AA, 3)
    return mask / 255.0


def _analysed(drawn: SimulatedBlot, folder: Path) -> bq.Result:
    path = save(drawn, folder, f"{drawn.truth['kind']}_{drawn.seed}")
    (blot,) = bq.load(path)
    result = bq.analyze(blot)
    path.unlink()
    return result


def run_one(kind: str, seed: int, folder: Path) -> pd.DataFrame:
    """Planted bands of one blot with their net density, clean and marked."""
    warnings.simplefilter("error")
    drawn = simulate(kind, seed)
    truth = drawn.truth
    clean, dirty = _analysed(drawn, folder), _analysed(marked(drawn, seed), folder)
    table_of = {"clean": clean, "dirty": dirty}
    bands = compare(truth, clean.table, len(clean.layout.lanes)).bands
    for name, result in table_of.items():
        pairs = match(truth, _seen(result.table))
        rows = [result.table.loc[pairs[k]] if k in pairs else None for k in range(len(bands))]
        bands[name] = [np.nan if row is None else row["net_density"] for row in rows]
        bands[f"{name}_err"] = [np.nan if row is None else row["net_density_err"] for row in rows]
        bands[f"{name}_flagged"] = [row is not None and "ARTEFACT" in row["flags"] for row in rows]
    bands["kept"] = len(clean.layout.lanes) == len(dirty.layout.lanes)
    return bands.assign(kind=kind, seed=seed)


def _seen(table: pd.DataFrame) -> pd.DataFrame:
    return table[~table["flags"].str.contains("BELOW_DETECTION")]


def line(name: str, bands: pd.DataFrame) -> tuple[list[str], dict[str, float]]:
    """A line of the table, and its figures."""
    fair = bands[(bands["snr"] >= CLEAR) & bands["fair"] & bands["clean"].notna()]
    lost = fair["dirty"].isna()
    moved = (fair["dirty"] / fair["clean"] - 1)[~lost].abs()
    hit = fair[~lost & fair["dirty_flagged"]]
    z = (hit["dirty"] - hit["volume"]) / hit["dirty_err"]
    spread = 1.4826 * float((z - z.median()).abs().median())
    pictures = bands.groupby(["kind", "seed"])["kept"].first()
    f = {
        "lost": float(lost.sum()),
        "median": float(moved.median()),
        "p95": float(moved.quantile(0.95)),
        "max": float(moved.max()),
        "two": float((z.abs() < 2).mean()),
    }
    cells = [name, str(len(pictures)), str(len(fair)), f"{pictures.sum()}/{len(pictures)}"]
    cells += [f"{lost.sum()}", *(f"{100 * f[key]:.2f} %" for key in ("median", "p95", "max"))]
    cells += [f"{spread:.2f}", f"{100 * f['two']:.0f} %", f"{len(hit)}"]
    return cells, f


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--seeds", default="300-303")
    parser.add_argument("--worst", type=int, default=0, help="print the bands that moved furthest")
    options = parser.parse_args()
    print(heading("Specks and scratches", "python tests/benchmarks/specks.py"))
    kinds, seeds = options.kinds.split(","), seeds_of(options.seeds)
    with tempfile.TemporaryDirectory() as folder:
        bands = pd.concat(
            [run_one(kind, seed, Path(folder)) for kind in kinds for seed in seeds],
            ignore_index=True,
        )
    rows = [line(kind, bands[bands["kind"] == kind])[0] for kind in kinds]
    total, f = line("**all**", bands)
    print(table(HEADER, [*rows, total]))
    if options.worst:
        bands["moved"] = bands["dirty"] / bands["clean"] - 1
        order = bands[bands["fair"]]["moved"].abs().sort_values(ascending=False).index
        print(bands.loc[order[: options.worst]].to_string())
    bounds = Bounds()
    bounds.at_most("median moved, %", 100 * f["median"], 0.5, "{:.2f}")
    bounds.at_most("largest moved, %", 100 * f["max"], 10, "{:.1f}")
    return bounds.close()


if __name__ == "__main__":
    sys.exit(main())

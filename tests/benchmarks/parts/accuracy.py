"""Figures of simulated blots beside their truth, and the sections of the page that show them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from parts.comparison import CLEAR, FAIR, Comparison
from parts.machine import table
from parts.promises import (
    DOUBLETS,
    FOUND,
    HARDER,
    MARKS,
    WEAK,
    Judged,
    density_promises,
)
from parts.scenes import CLOSE, WEAK_SHARE

# In these kinds bands that overlap are asked for too; closer ones have a promise of their own.
OVERLAPPING = ("doublets",)


def bands_of(results: list[Comparison]) -> pd.DataFrame:
    """All planted bands, with the picture they belong to."""
    return pd.concat(
        [one.bands.assign(kind=one.kind, image=one.seed) for one in results], ignore_index=True
    )


def asked(bands: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Bands of signal to noise `CLEAR` whose volume is asked for, found or not."""
    clear = bands[bands["snr"] >= CLEAR]
    if kind in OVERLAPPING:
        return clear[clear["whole"] & (clear["apart"] > CLOSE[1])]
    return clear[clear["fair"]]


def _mean(values: pd.Series) -> float:
    return float(values.mean()) if len(values) else np.nan


def found_figures(results: list[Comparison]) -> dict[str, float]:
    """Shares of `FOUND`."""
    bands = bands_of(results)
    clear = bands["snr"] >= CLEAR
    fair = (bands["snr"] >= FAIR) & ~clear

    def precision(false: int, detected: int) -> float:
        return 1 - false / detected if detected else np.nan

    return {
        "exact": float(np.mean([one.lanes_found == one.lanes_planted for one in results])),
        "recall": _mean(bands.loc[clear, "found"]),
        "precision": precision(
            sum(one.false_clear for one in results), sum(one.detected_clear for one in results)
        ),
        "recall_fair": _mean(bands.loc[fair, "found"]),
        "precision_fair": precision(
            sum(one.false_fair for one in results), sum(one.detected_fair for one in results)
        ),
    }


def density_figures(bands: pd.DataFrame) -> dict[str, float]:
    """Errors of the net density of found bands, and how they compare with the standard errors."""
    here = bands[bands["found"]]
    error = here["net"] / here["volume"] - 1
    z = (here["net"] - here["volume"]) / here["err"]
    return {
        "found": _mean(bands["found"]),
        "median": float(error.abs().median()),
        "p95": float(error.abs().quantile(0.95)),
        "bias": float(error.median()),
        "spread": 1.4826 * float((z - z.median()).abs().median()),
        "one": _mean(z.abs() < 1),
        "two": _mean(z.abs() < 2),
    }


def ratio_error(bands: pd.DataFrame) -> float:
    """Median |error| of target / loading control; the control is each image's strongest row."""
    errors = []
    usable = bands[bands["found"] & bands["row"].notna()]
    for _, image in usable.groupby("image"):
        rows = image.groupby("row")["volume"].median()
        control = image[image["row"] == rows.idxmax()].set_index("lane")
        targets = image[image["row"] != rows.idxmax()]
        of_lane = control.reindex(targets["lane"])
        ratio = targets["net"].to_numpy() / of_lane["net"].to_numpy()
        true = targets["volume"].to_numpy() / of_lane["volume"].to_numpy()
        errors += list(np.abs(ratio / true - 1))
    return float(np.nanmedian(errors)) if np.isfinite(errors).any() else np.nan


def found_section(results: list[Comparison], judged: Judged) -> str:
    """Lanes counted and bands found, kind by kind; the promise is that of all kinds together."""
    kinds = Judged()
    head = ["kind", "images", *(one.words for one in FOUND.values()), "holds"]
    rows = [["*bound*", "", *(one.bound for one in FOUND.values()), ""]]
    for kind in dict.fromkeys(one.kind for one in results):
        mine = [one for one in results if one.kind == kind]
        rows.append([kind, str(len(mine)), *kinds.row(kind, FOUND, found_figures(mine))])
    total = judged.row("over all", FOUND, found_figures(results))
    rows.append(["**all**", str(len(results)), *total])
    wrong = [
        f"- {one.kind}, seed {one.seed}: {one.lanes_planted} lanes planted, "
        + (one.said or f"{one.lanes_found} found")
        for one in results
        if one.lanes_found != one.lanes_planted
    ]
    said = "\n\nPictures whose lane count is wrong:\n\n" + "\n".join(wrong) if wrong else ""
    return table(head, rows) + said


def density_section(results: list[Comparison], judged: Judged) -> str:
    """Errors of net densities and their standard errors, kind by kind."""
    usual = density_promises("")
    head = ["kind", "bands", *(one.words for one in usual.values()), "holds"]
    bound = [one.bound for one in usual.values()]
    bound[0] += f" ({', '.join(HARDER)}: 3 %)"
    bound[-1] = density_promises("clean")["ratio"].bound + " (clean)"
    rows = [["*bound*", "", *bound, ""]]
    for kind in dict.fromkeys(one.kind for one in results):
        bands = asked(bands_of([one for one in results if one.kind == kind]), kind)
        figures = density_figures(bands) | {"ratio": ratio_error(bands)}
        found = str(int(bands["found"].sum()))
        rows.append([kind, found, *judged.row(kind, density_promises(kind), figures)])
    return table(head, rows)


def overlap_section(results: list[Comparison], judged: Judged) -> str:
    """Doublets, by how far their bands are apart."""
    bands = bands_of(results)
    bands = bands[bands["whole"] & (bands["snr"] >= CLEAR)]
    free = {key: replace(one, low=-np.inf, high=np.inf) for key, one in DOUBLETS.items()}
    head = ["apart, σ", "bands", *(one.words for one in DOUBLETS.values()), "holds"]
    rows = [["*bound, 2.2 to 3.2 σ*", "", *(one.bound for one in DOUBLETS.values()), ""]]
    for low, high in ((2.2, 2.6), (2.6, 3.2), (3.2, 5.0)):
        mine = bands[(bands["apart"] >= low) & (bands["apart"] < high)]
        cells = judged.row("", free, density_figures(mine))[:-1]
        rows.append([f"{low} to {high}", str(len(mine)), *cells, ""])
    mine = bands[bands["apart"].between(*CLOSE)]
    name = f"doublets {CLOSE[0]} to {CLOSE[1]} σ apart"
    cells = judged.row(name, DOUBLETS, density_figures(mine))
    rows.append([f"**{CLOSE[0]} to {CLOSE[1]}**", str(len(mine)), *cells])
    return table(head, rows)


def weak_bands(results: list[Comparison]) -> pd.DataFrame:
    """Bands of about 1 % of their picture's strongest, of signal to noise `CLEAR` or more."""
    bands = bands_of(results)
    strongest = bands.groupby(["kind", "image"])["volume"].transform("max")
    share = bands["volume"] / strongest
    return bands[(share < 2 * WEAK_SHARE) & (bands["snr"] >= CLEAR) & bands["fair"]]


def weak_section(results: list[Comparison], judged: Judged) -> str:
    """Bands of 1 % of the strongest."""
    head = ["bands", *(one.words for one in WEAK.values()), "holds"]
    bands = weak_bands(results)
    cells = judged.row("bands of 1 % of the strongest", WEAK, density_figures(bands))
    bound = ["*bound*", *(one.bound for one in WEAK.values()), ""]
    return table(head, [bound, [str(len(bands)), *cells]])


def marks_section(results: list[Comparison], judged: Judged) -> str:
    """The same pictures without and with planted specks and scratches, band by band."""
    head = ["seed", "bands", *(one.words for one in MARKS.values()), "lost", "holds"]
    rows = [["*bound*", "", *(one.bound for one in MARKS.values()), "0", ""]]
    for one in results:
        if "marked" not in one.bands:
            continue
        bands = one.bands[one.bands["found"] & (one.bands["snr"] >= CLEAR)]
        lost = int(bands["marked"].isna().sum())
        shift = (bands["marked"] / bands["net"] - 1).abs().fillna(1.0)
        median = float((bands["marked"].fillna(0.0)).median() / bands["net"].median() - 1)
        values = {"median": abs(median), "largest": float(shift.max())}
        *cells, answer = judged.row(f"marks planted, seed {one.seed}", MARKS, values)
        rows.append([str(one.seed), str(len(bands)), *cells, str(lost), answer])
    return table(head, rows)

"""Real images, which lie beside the repository: lanes, dilution series, exposure series."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import blotquant as bq
from parts.comparison import CLEAR
from parts.machine import table
from parts.promises import Judged

REAL = Path(__file__).resolve().parents[4] / "shared" / "real"
DILUTIONS = ("encode_rbmx_dilution.tif", "encode_hnrnpa1_dilution.tif")
EXPOSURES = ("promad_00000.scn", "promad_00002.scn", "promad_00004.scn")
# By how much a spot's share of its exposure may differ between exposures.
SHARE = 0.05
# Spots are seen this far over the noise of the longest exposure, after smoothing.
_SEEN = 12.0


def why_not() -> str:
    """Why there are no real images; the empty string where they are."""
    if not (REAL / "README.md").is_file():
        return "the real images (../shared/real) are not here"
    return ""


def known_lanes() -> dict[str, list[int]]:
    """Lanes of each panel, by file, as the README beside the images has them."""
    known: dict[str, list[int]] = {}
    for line in (REAL / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        count = re.match(r"(\d+)(?: x (\d+))?", cells[3]) if len(cells) > 4 else None
        if count is None:
            continue
        first, second = count.groups()
        lanes = [int(second)] * int(first) if second else [int(first)]
        for name in (part.strip() for part in cells[1].split(",")):
            if (REAL / name).is_file():
                known[name] = lanes
    return known


def lanes_section(judged: Judged) -> str:
    """Lanes found without a hint, image by image."""
    rows = []
    for name, lanes in known_lanes().items():
        found, said = _lanes_found(REAL / name)
        kept = found == lanes
        if not kept:
            judged.missed.append(f"{name}: {_words(found)} lanes found, {_words(lanes)} there")
        rows.append([name, _words(lanes), _words(found), "yes" if kept else "**no**", said])
    return table(["image", "lanes there", "lanes found", "right", "blotquant says"], rows)


def _lanes_found(path: Path) -> tuple[list[int], str]:
    (blot,) = bq.load(path)
    try:
        result = bq.analyze(blot)
    except bq.NothingFound as reason:
        return [], str(reason).replace("|", "/")
    per_panel = [
        sum(lane.panel_id == panel.id for lane in result.layout.lanes)
        for panel in result.layout.panels
    ]
    return per_panel, "; ".join(one for one in result.warnings if "check" in one)


def _words(lanes: list[int]) -> str:
    return " + ".join(str(one) for one in lanes) or "none"


def dilution_section(judged: Judged) -> str:
    """Net density of the main band at 5, 10 and 20 ug; the first lane is a ladder."""
    rows = []
    for name in DILUTIONS:
        (blot,) = bq.load(REAL / name)
        net = _main_row(bq.analyze(blot))
        kept = bool(net.size == 3 and np.all(np.diff(net) > 0))
        if not kept:
            judged.missed.append(f"{name}: dilution series not in order")
        of_first = " : ".join(f"{one:.2f}" for one in net / net[0]) if net.size else "not found"
        rows.append([name, "1 : 2 : 4", of_first, "yes" if kept else "**no**"])
    return table(["image", "loaded", "main band", "in order"], rows)


def _main_row(result: bq.Result) -> NDArray[np.float64]:
    """Net densities of lanes 2 to 4 in the row that holds the most there."""
    samples = result.table[result.table["lane"].between(2, 4)]
    if samples.empty:
        return np.array([])
    by_row = samples.groupby("row")["net_density"].sum()
    main = samples[samples["row"] == by_row.idxmax()].sort_values("lane")
    return main["net_density"].to_numpy(dtype=float)


def exposure_section(judged: Judged) -> str:
    """Share of each spot in three exposures of the same arrays."""
    blots = [bq.load(REAL / name)[0] for name in EXPOSURES]
    layout = _spots(blots[-1])
    measured = [_measured(blot, layout) for blot in blots]
    exposures = ", ".join(f"{blot.exposure_s:.0f} s" for blot in blots)
    rows = [[exposures, *_shares(measured, judged)]]
    head = [
        *("exposures", "spots", f"of them unsaturated, SNR ≥ {CLEAR:.0f} in all"),
        *("median of each spot's largest difference", "largest", "bound", "holds"),
    ]
    return table(head, rows)


def _shares(measured: list[NDArray[np.float64]], judged: Judged) -> list[str]:
    """Cells on the spots that are clear in every exposure; a series without one is missed."""
    net, snr, clipped = np.array(measured).transpose(1, 0, 2)
    used = (snr >= CLEAR).all(axis=0) & (clipped == 0).all(axis=0)
    share = net[:, used] / net[:, used].sum(axis=1, keepdims=True)
    off = np.abs(share / share.mean(axis=0) - 1).max(axis=0)
    if not used.any():
        judged.missed.append("exposure series: no spot is clear in all exposures")
        return [str(used.size), "0", "-", "-", f"≤ {100 * SHARE:.0f} %", "**no**"]
    worst = float(off.max())
    kept = bool(worst <= SHARE)
    if not kept:
        judged.missed.append(
            f"exposure series: a spot's share differs by {100 * worst:.1f} % "
            f"(at most {100 * SHARE:.0f} % promised)"
        )
    return [
        str(used.size),
        str(int(used.sum())),
        f"{100 * float(np.median(off)):.1f} %",
        f"{100 * worst:.1f} %",
        f"≤ {100 * SHARE:.0f} %",
        "yes" if kept else "**no**",
    ]


def _spots(blot: bq.Blot) -> bq.Layout:
    """Every spot (dots that touch are one) as a short lane of its own, as drawn by hand."""
    smooth = cv2.GaussianBlur(blot.signal(), (0, 0), 2.0)
    middle = float(np.median(smooth))
    noise = 1.4826 * float(np.median(np.abs(smooth - middle)))
    seen = (smooth > middle + _SEEN * noise).astype(np.uint8)
    together = cv2.dilate(seen, np.ones((7, 7), np.uint8))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(together)
    lanes, bands, rows = [], [], []
    for x, y, w, h, area in boxes[1:]:
        if area < 150:
            continue
        name, centre = f"{len(lanes)}", float(x + (w - 1) / 2)
        top, bottom = max(float(y) - 20, 0.0), min(float(y + h) + 20, blot.shape[0] - 1.0)
        lanes.append(bq.Lane(name, "p", ((top, centre), (bottom, centre)), float(w + 4)))
        rows.append(bq.BandRow(name))
        bands.append(bq.Band(name, name, float(y - 2), float(y + h + 2)))
    return bq.Layout((bq.Panel("p"),), tuple(lanes), tuple(rows), tuple(bands))


def _measured(blot: bq.Blot, layout: bq.Layout) -> NDArray[np.float64]:
    """Net density, signal to noise and share of clipped pixels of each spot, shape (3, spots)."""
    measured = bq.measure(blot, layout).measurements
    spots = [measured[lane.id].bands[0] for lane in layout.lanes]
    return np.array([[one.net_density, one.snr, one.saturated_fraction or 0.0] for one in spots]).T

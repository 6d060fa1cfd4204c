"""A small study made by hand: tables, strips whose lanes can be told apart, and a measured one."""

import math

import numpy as np
import pandas as pd
import pytest

from blotquant.figures.study_input import StudyTables, TargetStrip
from blotquant.model import Band, BandRow, Blot, Lane, Layout, Panel
from blotquant.signal import SignalMap

STATISTICS = (
    *("comparison", "target", "group", "reference", "test", "pairing", "n_group", "n_reference"),
    *("n_pairs", "fold_change", "ci_low", "ci_high", "sim_ci_low", "sim_ci_high"),
    *("statistic_name", "statistic", "df", "df2", "p", "p_adjusted", "correction", "family_size"),
    *("stars", "effect_size_name", "effect_size", "detectable_fold", "n_needed", "verdict"),
    *("reason", "flags"),
)


def stars_of(p):
    return next(
        (
            mark
            for limit, mark in ((1e-4, "****"), (1e-3, "***"), (1e-2, "**"), (5e-2, "*"))
            if p < limit
        ),
        "ns",
    )


def study_tables(values, reference, *, pairing="paired", pairs=(), p=None, verdict="tested"):
    """Tables from {target: {group: [value of each replicate]}}; p by comparison or made up."""
    replicates, summary, statistics = [], [], []
    for target, groups in values.items():
        for group, found in groups.items():
            rows = [
                {
                    "target": target, "group": group, "replicate": f"R{n}", "membranes": f"M{n}",
                    "n_technical": 1, "value": v, "log2_value": math.log2(v) if v > 0 else math.nan,
                    "below_detection": False, "limit": math.nan, "flags": "",
                }
                for n, v in enumerate(found, 1)
            ]  # fmt: skip
            replicates += rows
            summary.append(_summary(target, group, np.array(found, float)))
        compared = pairs or [(g, reference) for g in groups if g != reference]
        for place, (group, base) in enumerate(compared):
            chance = (p or {}).get((target, group), 0.03 / 7.0**place)
            statistics.append(_comparison(target, group, base, groups, chance, pairing, verdict))
    return StudyTables(
        pd.DataFrame(statistics, columns=list(STATISTICS)),
        pd.DataFrame(replicates),
        pd.DataFrame(summary),
    )


def _summary(target, group, found):
    known = found[np.isfinite(found)]
    logs = np.log(known[known > 0])
    half = 2.0 * logs.std(ddof=1) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
    middle = logs.mean() if len(logs) else math.nan
    return {
        "target": target, "group": group, "n": len(known),
        "mean": known.mean() if len(known) else math.nan,
        "sd": known.std(ddof=1) if len(known) > 1 else math.nan,
        "geometric_mean": math.exp(middle), "gm_ci_low": math.exp(middle - half),
        "gm_ci_high": math.exp(middle + half), "log2_sd": math.nan, "flags": "",
    }  # fmt: skip


def _comparison(target, group, base, groups, p, pairing, verdict):
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = {g: np.log(np.array(groups[g], float)) for g in (group, base)}
        middle = logs[group].mean() - logs[base].mean()
        half = 2.2 * math.sqrt((logs[group].var() + logs[base].var()) / len(logs[group])) + 1e-9
    tested = verdict == "tested"
    return {
        "comparison": f"{group} vs {base}", "target": target, "group": group, "reference": base,
        "test": "ratio-paired t" if pairing == "paired" else "Welch", "pairing": pairing,
        "n_group": len(groups[group]), "n_reference": len(groups[base]),
        "n_pairs": len(groups[group]) if pairing == "paired" else 0,
        "fold_change": math.exp(middle),
        "ci_low": math.exp(middle - half), "ci_high": math.exp(middle + half),
        "p": p if tested else math.nan, "p_adjusted": p if tested else math.nan,
        "correction": "Holm-Sidak", "family_size": len(groups),
        "stars": stars_of(p) if tested else "",
        "verdict": verdict, "reason": "" if tested else "2 replicates", "flags": "",
    }  # fmt: skip


def made_up(groups, targets, n=5, seed=1, folds=None):
    """Values {target: {group: [...]}} with a fold for each group."""
    rng = np.random.default_rng(seed)
    folds = folds or [2.0 ** (0.9 * k * (-1) ** k) for k in range(len(groups))]
    return {
        target: {
            group: list(np.exp(rng.normal(math.log(0.4 * fold), 0.2, n)))
            for group, fold in zip(groups, folds, strict=True)
        }
        for target in targets
    }


def strip_of(
    groups, target="P53", *, lanes=None, amounts=None, shape=(160, 640), slope=0.0, **more
):
    """Strip whose lanes have bands of planted heights; `lanes` are the numbers shown, from 1."""
    count = more.pop("count", len(groups))
    amounts = amounts or [0.4 + 0.5 * (k % 3) / 2 for k in range(count)]
    rows, cols = shape
    pitch = cols / (count + 0.5)
    y, x = np.mgrid[:rows, :cols]
    signal = 2000.0 + np.random.default_rng(5).normal(0, 60, shape)
    found, bands = [], []
    for k in range(count):
        center, middle = pitch * (k + 0.75), rows / 2 + slope * (k - count / 2)
        inside = np.abs(x - center) < 0.35 * pitch
        signal += inside * 40000 * amounts[k] * np.exp(-0.5 * ((y - middle) / 5) ** 2)
        found.append(Lane(f"l{k + 1}", "p", ((0, center), (rows - 1, center)), 0.7 * pitch))
        bands.append(Band(f"l{k + 1}", "1", middle - 15, middle + 15))
    row = BandRow("1", target=target)
    blot = Blot(
        np.clip(65535 - signal, 0, 65535).astype(np.uint16),
        SignalMap(-1.0, 65535.0),
        "dark_on_light",
        exposure_s=more.pop("exposure_s", 30.0),
    )
    shown = lanes or range(1, len(groups) + 1)
    return TargetStrip(
        target,
        more.pop("label", ""),
        more.pop("mw_kda", 53.0),
        blot,
        Layout((Panel("p"),), tuple(found), (row,), tuple(bands)),
        "1",
        tuple(f"l{k}" for k in shown),
        more.pop("samples", tuple(f"S{k}" for k in range(1, len(groups) + 1))),
        tuple(groups),
        more.pop("replicate", "R1"),
        more.pop("membrane", "M1"),
        **more,
    )


def text_corners(figure):
    """[(words, corners (4, 2) in px)] of all texts, leaning ones as they lean; and the canvas."""
    renderer = figure.canvas.get_renderer()
    found = []
    for axes in figure.axes:
        for text in axes.texts:
            if not text.get_text():
                continue
            angle = text.get_rotation()
            # the box of a leaning text is that of the level one, turned about its anchor
            text.set_rotation(0)
            box = text.get_window_extent(renderer)
            anchor = text.get_transform().transform(text.get_position())
            if angle % 90:
                turn = math.radians(angle)
                corners = np.array(
                    [[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]]
                )
                matrix = np.array(
                    [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
                )
                corners = (corners - anchor) @ matrix.T + anchor
                text.set_rotation(angle)
            else:
                text.set_rotation(angle)
                box = text.get_window_extent(renderer)
                corners = np.array(
                    [[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]]
                )
            found.append((text.get_text(), corners))
    return found


def _apart(one, other, slack):
    """Whether an edge of one box parts it from the other (separating axes)."""
    for box in (one, other):
        for a, b in zip(box, np.roll(box, -1, axis=0), strict=True):
            normal = np.array([a[1] - b[1], b[0] - a[0]])
            normal = normal / np.hypot(*normal)
            first, second = one @ normal, other @ normal
            if first.max() <= second.min() + slack or second.max() <= first.min() + slack:
                return True
    return False


def overlapping(figure):
    """Pairs of texts that overlap, and texts that leave the sheet.

    The box of a text is its ink and the room that a line keeps over and under it: half a
    millimetre of those may touch.
    """
    slack = 0.5 / 25.4 * figure.dpi
    width, height = figure.canvas.get_width_height()
    boxes = text_corners(figure)
    wrong = [
        (one, other)
        for k, (one, a) in enumerate(boxes)
        for other, b in boxes[k + 1 :]
        if not _apart(a, b, slack)
    ]
    wrong += [
        (words, "edge of the sheet")
        for words, c in boxes
        if c.min() < -1 or c[:, 0].max() > width + 1 or c[:, 1].max() > height + 1
    ]
    return wrong


def texts(figure, kind):
    """Texts of a kind, in the order they were drawn: (words, x mm, y mm from the top)."""
    page = figure.axes[0]
    return [
        (text.get_text(), *text.get_position()) for text in page.texts if text.get_gid() == kind
    ]


@pytest.fixture
def make():
    """The makers and lookers above, for tests."""

    class Makers:
        tables = staticmethod(study_tables)
        values = staticmethod(made_up)
        strip = staticmethod(strip_of)
        overlapping = staticmethod(overlapping)
        texts = staticmethod(texts)

    return Makers

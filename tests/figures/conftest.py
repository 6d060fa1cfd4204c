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
    logs = {g: np.log(np.array(groups[g], float)) for g in (group, base)}
    middle = logs[group].mean() - logs[base].mean()
    half = 2.2 * math.sqrt((logs[group].var() + logs[base].var()) / len(logs[group])) + 1e-9
    tested = verdict == "tested"
    return dict(
        comparison=f"{group} vs {base}", target=target, group=group, reference=base,
        test="ratio-paired t" if pairing == "paired" else "Welch", pairing=pairing,
        n_group=len(groups[group]), n_reference=len(groups[base]),
        n_pairs=len(groups[group]) if pairing == "paired" else 0, fold_change=math.exp(middle),
        ci_low=math.exp(middle - half), ci_high=math.exp(middle + half),
        p=p if tested else math.nan, p_adjusted=p if tested else math.nan,
        correction="Holm-Sidak", family_size=len(groups), stars=stars_of(p) if tested else "",
        verdict=verdict, reason="" if tested else "2 replicates", flags="",
    )  # fmt: skip


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


@pytest.fixture
def make():
    """The makers above, for tests."""

    class Makers:
        tables = staticmethod(study_tables)
        values = staticmethod(made_up)
        strip = staticmethod(strip_of)

    return Makers

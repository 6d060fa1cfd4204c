"""The legend of a figure in words: n, tests, stars, exposure, antibodies, what was cut how."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from blotquant.figures.brackets import brackets_of
from blotquant.figures.chart_data import chart_data, number, targets_of
from blotquant.figures.representative import Representative
from blotquant.figures.strip import cut_strip
from blotquant.figures.study_input import FigureOptions, Probe, StudyTables, TargetStrip

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["legend_text"]

STARS = "* p < 0.05, ** p < 0.01, *** p < 0.001, **** p < 0.0001; ns, not significant"


def legend_text(
    tables: StudyTables,
    strips: Sequence[TargetStrip] = (),
    options: FigureOptions | None = None,
    *,
    replicate_unit: str = "",
    representative: Representative | None = None,
    probes: Sequence[Probe] = (),
    reasons: Sequence[str] = (),
) -> str:
    """Legend for the figures of a study, ready to paste.

    Parameters
    ----------
    tables : StudyTables
    strips : sequence of TargetStrip
        Those that the figure shows.
    options : FigureOptions, optional
        As the figure was drawn with.
    replicate_unit : str
        What a biological replicate is.
    representative : Representative, optional
        The replicate shown, and the rule that chose it.
    probes : sequence of Probe
        Antibodies, dilutions, RRIDs.
    reasons : sequence of str
        Why lanes were left out, one sentence each.

    Returns
    -------
    str
        Paragraphs parted by an empty line.
    """
    options = options or FigureOptions()
    paragraphs = [
        _blots(strips, options, representative, reasons),
        _numbers(tables, options, replicate_unit),
        _tests(tables, options),
        _probes(strips, probes),
    ]
    return "\n\n".join(" ".join(part) for part in paragraphs if part) + "\n"


def _blots(
    strips: Sequence[TargetStrip],
    options: FigureOptions,
    shown: Representative | None,
    reasons: Sequence[str],
) -> list[str]:
    if not strips:
        return []
    told = [f"Blots shown: {shown.rule}." if shown else ""]
    told.append(_membranes(strips))
    told += _crops(strips, options)
    told += _lanes(strips)
    return [*(text for text in told if text), *(reason.rstrip(".") + "." for reason in reasons)]


def _membranes(strips: Sequence[TargetStrip]) -> str:
    names = list(dict.fromkeys(strip.membrane for strip in strips))
    if len(names) == 1:
        return f"All strips are from membrane {names[0]}."
    parts = [
        f"{name}: " + ", ".join(strip.name for strip in strips if strip.membrane == name)
        for name in names
    ]
    return f"Strips by membrane: {'; '.join(parts)}."


def _crops(strips: Sequence[TargetStrip], options: FigureOptions) -> list[str]:
    """How the strips were cut and which stored levels are white and black."""
    cuts = [(strip, cut_strip(strip, options.margin_heights)) for strip in strips]
    levels = "; ".join(f"{s.name} {c.white:.6g} and {c.black:.6g}" for s, c in cuts)
    told = [
        "Strips are straight crops of the stored pixels with linear grey levels; stored levels "
        f"shown white and black: {levels}."
    ]
    wanted = options.margin_heights
    short = [s.name for s, c in cuts if min(c.margins) < wanted - 0.1]
    if short:
        told.append(
            f"The image ends less than {wanted:g} band heights from the bands of "
            f"{', '.join(short)}: it is shown to its edge."
        )
    spliced = [strip.name for strip, cut in cuts if cut.splices]
    if spliced:
        told.append(
            "Dashed lines mark where lanes that are not neighbours on the membrane were put side "
            f"by side ({', '.join(spliced)})."
        )
    return told


def _lanes(strips: Sequence[TargetStrip]) -> list[str]:
    """The lanes' samples, and those left out."""
    first = strips[0]
    told = []
    if all(first.samples):
        names = ", ".join(f"{n} {name}" for n, name in enumerate(first.samples, 1))
        told.append(f"Lanes: {names}.")
    for strip in strips:
        out = [str(n) for n, lane in enumerate(strip.lanes, 1) if lane in strip.excluded]
        if out:
            word = "lane" if len(out) == 1 else "lanes"
            told.append(f"×, {word} {', '.join(out)} of {strip.name} left out of the numbers.")
    return told


def _numbers(tables: StudyTables, options: FigureOptions, unit: str) -> list[str]:
    if options.log_axis:
        told = ["Lines and error bars: geometric mean and 95 % confidence interval."]
    elif options.style == "minimal":
        told = ["Lines and error bars: mean ± SD."]
    else:
        told = ["Bars and error bars: mean ± SD."]
    what = f" ({unit})" if unit else ""
    told.append(f"Each dot is one biological replicate{what}; {_counts(tables.summary)}.")
    charts = [chart_data(tables, target, options) for target in targets_of(tables)]
    if any(chart.paired for chart in charts):
        told.append("Lines join the dots of one replicate.")
    if any(point.below for chart in charts for group in chart.groups for point in group.points):
        told.append("Triangles that point down: below detection, drawn at the limit of detection.")
    if any(math.isnan(group.top) for chart in charts for group in chart.groups):
        told.append("n.d.: no value.")
    scaled = list(dict.fromkeys(chart.reference for chart in charts if chart.relative))
    if scaled:
        kind = "geometric mean" if options.log_axis else "mean"
        told.append(
            f"Values are divided by the {kind} of {' or '.join(scaled)}, one number for each "
            "target: the spread of that group is kept."
        )
    return told


def _counts(summary: pd.DataFrame) -> str:
    """N of each group: once where all are alike."""
    counts = {
        (str(row["target"]), str(row["group"])): int(number(row["n"]))
        for _, row in summary.iterrows()
        if math.isfinite(number(row["n"]))
    }
    if len(set(counts.values())) == 1:
        return f"n = {next(iter(counts.values()))} in each group"
    by_group: dict[str, set[int]] = {}
    for (_, group), n in counts.items():
        by_group.setdefault(group, set()).add(n)
    parts = []
    for group, found in by_group.items():
        low, high = min(found), max(found)
        parts.append(f"{low} to {high} ({group})" if low < high else f"{low} ({group})")
    return f"n = {', '.join(parts)}" if parts else "n is not known"


def _tests(tables: StudyTables, options: FigureOptions) -> list[str]:
    statistics = tables.statistics
    tested = statistics[statistics["verdict"].astype(str) == "tested"]
    told = []
    if len(tested):
        told.append(f"Tests: {_test_names(tested)}.")
        p = "Adjusted p values are given." if options.exact_p else f"Adjusted p: {STARS}."
        told.append(p)
        if _some_left_out(tables, options):
            told.append("Comparisons without a bracket are not significant or were not tested.")
    others = statistics[statistics["verdict"].astype(str) != "tested"]
    told += [_untested(row) for _, row in others.iterrows()]
    return told


def _test_names(tested: pd.DataFrame) -> str:
    """Each test once, with the correction, and its targets where tests differ."""
    kinds: dict[str, list[str]] = {}
    for _, row in tested.iterrows():
        correction = str(row["correction"])
        size = number(row["family_size"])
        over = f", {correction} over {size:.0f} comparisons" if math.isfinite(size) else ""
        over = over if correction not in {"", "none", "nan"} else ", not adjusted"
        kinds.setdefault(f"{row['test']}{over}", []).append(str(row["target"]))
    if len(kinds) == 1:
        return next(iter(kinds))
    return "; ".join(f"{kind} ({', '.join(dict.fromkeys(of))})" for kind, of in kinds.items())


def _some_left_out(tables: StudyTables, options: FigureOptions) -> bool:
    charts = (chart_data(tables, target, options) for target in targets_of(tables))
    return any(len(brackets_of(chart, options)) < len(chart.comparisons) for chart in charts)


def _untested(row: pd.Series[str]) -> str:
    reason = str(row["reason"]).strip().rstrip(".")
    why = f": {reason}" if reason and reason != "nan" else ""
    return f"{row['target']}, {row['group']} against {row['reference']}: not tested{why}."


def _probes(strips: Sequence[TargetStrip], probes: Sequence[Probe]) -> list[str]:
    told = []
    known = {probe.target: probe for probe in probes}
    for target in dict.fromkeys([*(s.target for s in strips), *known]):
        probe = known.get(target, Probe(target))
        exposures = [s.blot.exposure_s for s in strips if s.target == target and s.blot.exposure_s]
        words = [probe.antibody, probe.dilution, f"RRID:{probe.rrid}" if probe.rrid else ""]
        words[2] = words[2].replace("RRID:RRID:", "RRID:")
        words += [f"exposure {seconds:g} s" for seconds in exposures[:1]]
        if any(words):
            told.append(f"{target}: {', '.join(word for word in words if word)}.")
    return told

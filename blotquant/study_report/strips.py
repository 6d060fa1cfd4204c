"""The strips of a study's panel: for each target the lanes of the membrane that is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blotquant.figures import Representative, TargetStrip
from blotquant.ladder.marks import rows_with_kda
from blotquant.model import Blot, Layout
from blotquant.names import same_target
from blotquant.normalize.reading import read_strips
from blotquant.normalize.strips import LaneReading, Strip
from blotquant.outcome import ImageOutcome, RunOutcome
from blotquant.pipeline.image import row_numbers
from blotquant.pipeline.naming import roles_of
from blotquant.result import Result
from blotquant.study import SAMPLE_COLUMNS
from blotquant.study_report.blots import shown_blot
from blotquant.study_report.figure_tables import FigureTables
from blotquant.study_report.shown import membranes_of_target, shown_membrane, shown_replicate
from blotquant.study_result import StudyResult

__all__ = ["PanelStrips", "panel_strips"]

_SAMPLES = frozenset({"sample", "negative", "positive"})
# More than this cannot be read under a lane; it is a remark then, and no condition.
_LONGEST_CONDITION = 14
_SIGNS = {"yes": "+", "true": "+", "+": "+", "no": "-", "false": "-", "-": "-", "": "-"}


@dataclass(frozen=True, eq=False)
class PanelStrips:
    """What the panel shows.

    Parameters
    ----------
    strips : tuple of TargetStrip
        Targets in the study's order, then the loading controls of their membranes.
    images : mapping of str to tuple of TargetStrip
        The same by the picture that they were cut from.
    shown : Representative
        The replicate or membrane shown, and why.
    """

    strips: tuple[TargetStrip, ...]
    images: Mapping[str, tuple[TargetStrip, ...]]
    shown: Representative

    def of_target(self, target: str, targets: Sequence[str]) -> list[TargetStrip]:
        """Strip of a target, then those of the loading controls of its membrane."""
        own = [strip for strip in self.strips if strip.target == target]
        controls = [
            strip
            for strip in self.strips
            if own and strip.target not in targets and strip.membrane == own[0].membrane
        ]
        fits = [strip for strip in controls if len(strip.lanes) == len(own[0].lanes)]
        return own[:1] + fits


def panel_strips(run: RunOutcome, result: StudyResult, tables: FigureTables) -> PanelStrips:
    """Choose and cut the strips of a study's panel.

    All lanes of the chosen membrane that hold compared groups are shown, in the membrane's order:
    those that the study leaves out are marked, and lanes without a compared sample (ladder, empty,
    another group) are left away, which the figure draws as a splice.

    Parameters
    ----------
    run : RunOutcome
    result : StudyResult
    tables : FigureTables
        Of `result`.

    Returns
    -------
    PanelStrips

    Raises
    ------
    BlotquantError
        If a picture cannot be read again as it was measured.
    """
    shelf = _Shelf(run, result, tables)
    replicate = shown_replicate(tables)
    chosen = replicate if replicate.replicate else shown_membrane(tables)
    of_targets: list[tuple[str, TargetStrip]] = []
    for target in tables.targets:
        membranes = membranes_of_target(tables, target, replicate.replicate)
        if not replicate.replicate and chosen.replicate in membranes:
            membranes = (chosen.replicate, *membranes)
        of_targets += shelf.target_strip(target, membranes, replicate.replicate)[:1]
    controls = shelf.control_strips([strip for _, strip in of_targets])
    cut = [*of_targets, *controls]
    images: dict[str, tuple[TargetStrip, ...]] = {}
    for image, strip in cut:
        images[image] = (*images.get(image, ()), strip)
    strips = tuple(strip for _, strip in cut)
    return PanelStrips(strips, images, _told(chosen, strips, result, replicate.replicate))


class _Shelf:
    """Strips of a study as they were read, with their pictures."""

    def __init__(self, run: RunOutcome, result: StudyResult, tables: FigureTables) -> None:
        self._run, self._result, self._tables = run, result, tables
        self._strips = read_strips(result.bands, None, roles_of(result.study))
        self._images = {one.image: one for one in run.measured}
        self._blots: dict[str, Blot] = {}
        self._lanes = {
            (str(row["membrane"]), int(row["lane"])): row
            for row in result.samples.to_dict("records")
        }
        values = result.normalized
        self._normalized = {
            (str(image), int(row))
            for image, row in zip(values["image"], values["row"], strict=True)
        }

    def target_strip(
        self, target: str, membranes: Sequence[str], replicate: str
    ) -> list[tuple[str, TargetStrip]]:
        """Strip of a target on the first of some membranes that shows most of its groups."""
        found = [
            (strip.image, drawn)
            for membrane in membranes
            for strip in self._strips
            if strip.membrane == membrane
            and same_target(strip.target, target)
            and (strip.image, strip.row) in self._normalized
            and (drawn := self._drawn(strip, target, replicate)) is not None
        ]
        return sorted(found, key=lambda one: -len(set(one[1].groups)))

    def control_strips(self, shown: Sequence[TargetStrip]) -> list[tuple[str, TargetStrip]]:
        """Strips of the loading controls of the membranes that are shown."""
        values = self._result.normalized
        used = {name for cell in values["control_image"] for name in str(cell).split("; ")}
        cut = []
        for membrane in dict.fromkeys(strip.membrane for strip in shown):
            replicate = next(one.replicate for one in shown if one.membrane == membrane)
            for strip in self._strips:
                is_control = strip.role == "loading_control" and strip.image in used
                if strip.membrane == membrane and is_control:
                    drawn = self._drawn(strip, strip.target, replicate)
                    cut += [(strip.image, drawn)] if drawn is not None else []
        return cut

    def _drawn(self, strip: Strip, target: str, replicate: str) -> TargetStrip | None:
        """Strip with the lanes that are shown; None where there are none."""
        outcome = self._images.get(strip.image)
        if outcome is None or outcome.result is None:
            return None
        layout = outcome.result.layout
        row_id = _row_id(layout, strip)
        named = [(reading, self._group(strip, reading)) for reading in strip.readings]
        shown = [(reading, group) for reading, group in named if group]
        if not shown or not row_id:
            return None
        lanes = [layout.lanes[reading.lane - 1].id for reading, _ in shown]
        out = [
            lane
            for lane, (reading, _) in zip(lanes, shown, strict=True)
            if not (reading.use and self._cells(strip, reading).get("use", True))
        ]
        return TargetStrip(
            target=target,
            label="",
            mw_kda=self._mass(strip, outcome.result, row_id),
            blot=self._blot(outcome),
            layout=layout,
            row_id=row_id,
            lanes=tuple(lanes),
            samples=tuple(reading.sample for reading, _ in shown),
            groups=tuple(group for _, group in shown),
            replicate=replicate,
            membrane=strip.membrane,
            excluded=frozenset(out),
            conditions=_conditions(
                [self._cells(strip, reading) for reading, _ in shown],
                [group for _, group in shown],
            ),
        )

    def _cells(self, strip: Strip, reading: LaneReading) -> Mapping[Any, Any]:
        """What the sample sheet says of a lane."""
        return self._lanes.get((strip.membrane, reading.place + 1), {})

    def _group(self, strip: Strip, reading: LaneReading) -> str:
        if reading.kind not in _SAMPLES:
            return ""
        return self._tables.names.of_lane(reading.group, self._cells(strip, reading))

    def _mass(self, strip: Strip, result: Result, row_id: str) -> float | None:
        """Molecular weight, as declared, as the layout has it, or as a ladder says."""
        for block in self._result.study.image:
            here = (block.name, block.panel) == (strip.image, strip.panel)
            if here and same_target(block.target, strip.target) and block.mw_kda:
                return block.mw_kda
        rows = rows_with_kda(result).rows
        return next((row.mw_kda for row in rows if row.id == row_id), None)

    def _blot(self, outcome: ImageOutcome) -> Blot:
        if outcome.image not in self._blots:
            self._blots[outcome.image] = shown_blot(outcome, self._run.recipe)
        return self._blots[outcome.image]


def _row_id(layout: Layout, strip: Strip) -> str:
    """Id of the row that was taken for a target; empty for whole lanes."""
    wanted = (strip.panel, strip.row)
    return next((name for name, place in row_numbers(layout).items() if place == wanted), "")


def _conditions(
    lanes: Sequence[Mapping[Any, Any]], groups: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Table of conditions from the free columns of the sheet: what differs between the lanes."""
    known = {column.name for column in SAMPLE_COLUMNS}
    columns = [str(name) for name in lanes[0] if str(name) not in known] if lanes else []
    table = {}
    for column in columns:
        line = _signs([str(lane.get(column, "")).strip() for lane in lanes])
        differs = len(set(line)) > 1 and line != tuple(groups)
        if differs and max(map(len, line)) <= _LONGEST_CONDITION:
            table[column] = line
    return table


def _signs(cells: Sequence[str]) -> tuple[str, ...]:
    """Cells as plus and minus where all say yes or no, else as they are."""
    signs = [_SIGNS.get(cell.lower()) for cell in cells]
    if any(sign is None for sign in signs):
        return tuple(cells)
    return tuple(sign for sign in signs if sign)


def _told(
    chosen: Representative, strips: Sequence[TargetStrip], result: StudyResult, replicate: str
) -> Representative:
    """The rule in words; where a membrane carries other replicates too, that they are shown."""
    if not chosen.replicate:
        return Representative("", chosen.distance, "the first membrane that shows each target")
    samples = result.samples
    for membrane in dict.fromkeys(strip.membrane for strip in strips) if replicate else ():
        here = samples[(samples["membrane"] == membrane) & (samples["group"] != "")]
        if here["replicate"].nunique() > 1:
            rule = f"the whole membrane that carries {chosen.rule}"
            return Representative(chosen.replicate, chosen.distance, rule)
    return chosen

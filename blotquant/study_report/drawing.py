"""The figures of a study by their names, each drawn when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from blotquant.figures import (
    FigureOptions,
    Representative,
    StudyTables,
    control_figure,
    forest_figure,
    grid_figure,
    panel_figures,
    target_figure,
)
from blotquant.outcome import RunOutcome
from blotquant.study import Study
from blotquant.study_report.figure_tables import FigureTables, figure_tables
from blotquant.study_report.strips import PanelStrips, panel_strips
from blotquant.study_result import StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["StudyDrawing", "figure_options"]

_NO_STRIPS = PanelStrips((), {}, Representative("", float("nan"), ""))
_TARGET = "target:"


def figure_options(study: Study) -> FigureOptions:
    """How the figures of a study look, as its file says."""
    return FigureOptions(style=study.figures.style, alpha=study.statistics.alpha)


@dataclass
class StudyDrawing:
    """Figures of a concluded study.

    Parameters
    ----------
    run : RunOutcome
        Pictures are read again from the paths of its images.
    result : StudyResult
        Of the run.
    strips : PanelStrips
        Nothing until `cut` was called: then figures show no blots.
    """

    run: RunOutcome
    result: StudyResult
    strips: PanelStrips = field(default=_NO_STRIPS)

    @cached_property
    def options(self) -> FigureOptions:
        """How they look."""
        return figure_options(self.result.study)

    @cached_property
    def tables(self) -> FigureTables:
        """What they are drawn from, by lane and replicate."""
        return figure_tables(self.result)

    @cached_property
    def drawn(self) -> StudyTables:
        """What they are drawn from, as the figures take it."""
        return self.tables.for_figures(self.result)

    @property
    def names(self) -> tuple[str, ...]:
        """Figures that the study has: the panel first, then one a target, then the others."""
        names = ["panel"] if self.strips.strips else []
        names += [f"{_TARGET}{target}" for target in self.tables.targets]
        names += ["grid"] if self.tables.targets else []
        names += ["folds"] if len(self.tables.statistics) else []
        has_controls = self.result.normalized["loading_control"].astype(bool).any()
        return (*names, "loading_controls") if has_controls else tuple(names)

    def cut(self) -> None:
        """Choose and cut the strips of blots that panel and targets show.

        Raises
        ------
        BlotquantError
            If a picture cannot be read again as it was measured.
        """
        if self.tables.targets:
            self.strips = panel_strips(self.run, self.result, self.tables)

    def pages(self, name: str) -> list[Figure]:
        """Draw a figure; a panel that is higher than a page has several pages.

        Parameters
        ----------
        name : str
            One of `names`.

        Raises
        ------
        KeyError
            If there is no such figure.
        """
        match name:
            case "panel":
                return panel_figures(self.drawn, self.strips.strips, self.options)
            case "grid":
                return [grid_figure(self.drawn, self.options)]
            case "folds":
                return [forest_figure(self.tables.statistics, self.options)]
            case "loading_controls":
                return [self._controls()]
        target = name.removeprefix(_TARGET)
        if not name.startswith(_TARGET) or target not in self.tables.targets:
            raise KeyError(name)
        own = self.strips.of_target(target, self.tables.targets)
        return [target_figure(self.drawn, target, own, self.options)]

    def _controls(self) -> Figure:
        return control_figure(
            self.result.controls,
            self.result.normalized,
            self.options,
            reference=self.result.study.reference_group,
        )

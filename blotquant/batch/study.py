"""A run over a study: its images by membrane, checked before and after they are measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blotquant.batch.inputs import ImageFile, named_images
from blotquant.batch.membrane import MembraneJob
from blotquant.errors import RecipeError, StudyError
from blotquant.files import is_plain_file
from blotquant.pipeline.membranes import images_together
from blotquant.pipeline.study import (
    STUDY_FILE,
    conclude,
    facts_of,
    open_study,
    refuse_faults,
)
from blotquant.study import Study, check_study

if TYPE_CHECKING:
    import pandas as pd

    from blotquant.batch.worker import Job
    from blotquant.recipe import Recipe
    from blotquant.result import Result
    from blotquant.study_result import StudyResult

__all__ = ["StudyPlan"]


@dataclass(frozen=True, eq=False)
class StudyPlan:
    """A study that is to be run.

    Parameters
    ----------
    folder : Path
    study : Study
    samples : DataFrame
    """

    folder: Path
    study: Study
    samples: pd.DataFrame

    @classmethod
    def of(
        cls, sources: Sequence[Path], changes: Mapping[str, Mapping[str, Any]]
    ) -> StudyPlan | None:
        """The study in a folder; None where the paths are not one folder with a study file.

        Parameters
        ----------
        sources : sequence of Path
            What is to be measured.
        changes : mapping
            Settings that the user gave; a study says itself how it is normalized.

        Raises
        ------
        StudyError
            If the study does not fit its sheet or the files in the folder.
        RecipeError
            If the user asks for another normalization than the study's.
        """
        if len(sources) != 1 or not is_plain_file(sources[0] / STUDY_FILE):
            return None
        if changes.get("normalization"):
            raise RecipeError(
                f"{sources[0] / STUDY_FILE} says how densities are normalized: change it there, or "
                "leave it out with --no-study"
            )
        study, samples = open_study(sources[0])
        refuse_faults(check_study(study, samples, {}, sources[0]))
        return cls(sources[0], study, samples)

    @property
    def files(self) -> tuple[ImageFile, ...]:
        """The files that the study names."""
        return named_images(self.folder, (block.file for block in self.study.image))

    def planned_files(self) -> set[str]:
        """What the run writes of the study beside what every run writes."""
        from blotquant.study_report import planned_files  # brings matplotlib

        return planned_files(self.study)

    def tasks(self, jobs: Sequence[Job]) -> list[MembraneJob]:
        """The jobs of all files, those of one membrane together."""
        return [
            MembraneJob(
                tuple(job for job in jobs if job.file.name in {b.file for b in blocks}),
                blocks,
                self.study,
            )
            for blocks in images_together(self.study.image)
        ]

    def conclude(
        self,
        bands: pd.DataFrame,
        lanes: pd.DataFrame,
        results: Sequence[Result],
        recipe: Recipe,
        out: Path,
    ) -> StudyResult:
        """Compare what was measured, if it is what the study says.

        Raises
        ------
        StudyError
            If the lanes found are not those of the sheet.
        """
        layouts = {result.image: result.layout for result in results}
        facts = {name: facts_of(layout) for name, layout in layouts.items()}
        try:
            refuse_faults(check_study(self.study, self.samples, facts, self.folder))
        except StudyError as error:
            raise StudyError(
                f"{error}\nthe lanes that were found are drawn in {out / 'overlays'}"
            ) from None
        return conclude(self.study, self.samples, bands, lanes, layouts, recipe, self.folder)

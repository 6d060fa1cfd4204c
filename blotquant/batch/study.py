"""A run over a study: its images by membrane, checked before and after they are measured."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blotquant.batch.inputs import ImageFile, named_images
from blotquant.batch.membrane import MembraneJob
from blotquant.batch.store import JobKey
from blotquant.errors import NothingFound, RecipeError, StudyError
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

_SHOWN = 12  # missing files that are named


@dataclass(frozen=True, eq=False)
class StudyPlan:
    """A study that is to be run.

    Parameters
    ----------
    folder : Path
    study : Study
    samples : DataFrame
    missing : tuple of str
        Files that a study names which is not complete, and which are not there yet.
    """

    folder: Path
    study: Study
    samples: pd.DataFrame
    missing: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        sources: Sequence[Path],
        changes: Mapping[str, Mapping[str, Any]],
        only: Collection[Path] | None = None,
        *,
        growing: bool = False,
    ) -> StudyPlan | None:
        """The study in a folder; None where the paths are not one folder with a study file.

        Parameters
        ----------
        sources : sequence of Path
            What is to be measured.
        changes : mapping
            Settings that the user gave; a study says itself how it is normalized.
        only : collection of Path, optional
            Files that may be opened, by absolute path.
        growing : bool
            A study that does not say whether it is complete is not.

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
        if growing and "complete" not in study.model_fields_set:
            study = study.model_copy(update={"complete": False})
        refuse_faults(check_study(study, samples, {}, sources[0]))
        missing: tuple[str, ...] = ()
        files = named_images(sources[0], (block.file for block in study.image))
        writing = [one.name for one in files if only is not None and one.path not in only]
        if study.complete and writing:
            raise NothingFound(f"{', '.join(writing[:_SHOWN])}: still being written")
        if not study.complete:
            missing = tuple(
                file.name
                for file in files
                if not is_plain_file(file.path) or (only is not None and file.path not in only)
            )
            if len(missing) == len(files):
                raise NothingFound(f"{sources[0]}: none of the images of {STUDY_FILE} is there yet")
        return cls(sources[0], study, samples, missing)

    @property
    def files(self) -> tuple[ImageFile, ...]:
        """The files that the study names, as far as they are there."""
        files = named_images(self.folder, (block.file for block in self.study.image))
        return tuple(file for file in files if file.name not in self.missing)

    @property
    def messages(self) -> tuple[str, ...]:
        """What is to be said of the study's files."""
        if not self.missing:
            return ()
        shown = ", ".join(self.missing[:_SHOWN])
        more = len(self.missing) - _SHOWN
        return (f"not there yet: {shown}{f' and {more} more' if more > 0 else ''}",)

    def state(self) -> list[Any]:
        """What its conclusions depend on beside the images, as JSON."""
        series = [name for one in self.study.linearity for name in (one.file, one.loads)]
        stamps = JobKey("", "", tuple((name, self.folder / name) for name in series)).stamps()
        sheet = self.samples.to_json(orient="split")
        return [self.study.model_dump(mode="json"), sheet, stamps]

    def planned_files(self) -> set[str]:
        """What the run writes of the study beside what every run writes."""
        from blotquant.study_report import planned_files  # brings matplotlib

        return planned_files(self.study)

    def tasks(self, jobs: Sequence[Job]) -> list[MembraneJob]:
        """The jobs of all files, those of one membrane together."""
        membranes = [
            MembraneJob(
                tuple(job for job in jobs if job.file.name in {b.file for b in blocks}),
                blocks,
                self.study,
            )
            for blocks in images_together(self.study.image)
        ]
        return [membrane for membrane in membranes if membrane.jobs]

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

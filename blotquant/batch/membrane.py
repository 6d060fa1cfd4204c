"""One membrane of a study: its images read together, as they share their lanes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from blotquant import pipeline
from blotquant.batch.inputs import ImageFile
from blotquant.batch.parts import Measured, Product, product_of
from blotquant.batch.store import JobKey
from blotquant.batch.worker import Job, as_seen, failed, key_of, measured, session_for
from blotquant.errors import NothingFound, UnreadableImage
from blotquant.model import Blot, Layout
from blotquant.pipeline.ladder_image import with_ladder_of
from blotquant.pipeline.membranes import sharing_lanes
from blotquant.recipe import Recipe
from blotquant.session import Session, as_stored
from blotquant.study import Study, StudyImage

__all__ = ["MembraneJob"]


@dataclass(frozen=True)
class _Picture:
    """A picture that the study names, ready to be measured."""

    job: Job
    name: str
    role: str
    blot: Blot
    session: Session | None


@dataclass(frozen=True)
class MembraneJob:
    """The images of one membrane, or of several that share an image.

    Parameters
    ----------
    jobs : tuple of Job
        One for each file.
    blocks : tuple of StudyImage
        What the study says of them.
    study : Study, optional
        What it says of the membrane.
    """

    jobs: tuple[Job, ...]
    blocks: tuple[StudyImage, ...]
    study: Study | None = None

    @property
    def files(self) -> tuple[ImageFile, ...]:
        """Files of the membrane."""
        return tuple(job.file for job in self.jobs)

    @property
    def key(self) -> JobKey:
        """What makes it the job that was done before, or another."""
        ladders = [
            with_ladder_of(Recipe(), self.study, block.membrane).ladder.model_dump(mode="json")
            for block in self.blocks
            if self.study is not None
        ]
        blocks = [block.model_dump(mode="json") for block in self.blocks]
        return key_of(self.jobs, ", ".join(job.file.name for job in self.jobs), [blocks, ladders])

    def run(self) -> Product:
        """Find the shared lanes and measure every picture; an error is an outcome too."""
        return product_of(self.measure(), self.out)

    @property
    def out(self) -> Path:
        """Folder of the outputs."""
        return self.jobs[0].out

    def at(self, places: Mapping[Path, Path], missing: Mapping[Path, str]) -> MembraneJob:
        """The same job with its files elsewhere, or missing for a reason."""
        return replace(self, jobs=tuple(job.at(places, missing) for job in self.jobs))

    def measure(self) -> tuple[Measured, ...]:
        """What became of each picture, in the order of the files."""
        pictures, lost = self._pictures()
        if not pictures:
            return tuple(lost)
        layouts, reasons, messages = self._layouts(pictures)
        outcomes = {one.outcome.image: one for one in lost}
        names = [picture.name for picture in pictures]
        for picture in pictures:
            mine = tuple(line for line in messages if _is_about(line, picture.name, names))
            outcomes[picture.name] = self._measured(picture, layouts, reasons, mine)
        order = [block.name for block in self.blocks] + list(outcomes)
        return tuple(outcomes[name] for name in dict.fromkeys(order) if name in outcomes)

    def _pictures(self) -> tuple[list[_Picture], list[Measured]]:
        """Pictures of all files, and what became of those that cannot be read."""
        pictures: list[_Picture] = []
        lost: list[Measured] = []
        for job in self.jobs:
            try:
                pictures += self._named(job, job.blots())
            except Exception as error:  # whatever it is, the other images go on
                lost += [failed(error, job, name) for name in self._names(job)]
        return pictures, lost

    def _names(self, job: Job) -> list[str]:
        mine = [block.name for block in self.blocks if block.file == job.file.name]
        return list(dict.fromkeys(mine))

    def _named(self, job: Job, blots: list[Blot]) -> Iterator[_Picture]:
        """The pictures of a file that the study names; without a page, its first."""
        for name in self._names(job):
            block = next(one for one in self.blocks if one.name == name)
            blot = next(
                (one for one in blots if block.page in ("", one.source.part)),
                None,
            )
            if blot is None:
                there = ", ".join(one.source.part for one in blots)
                raise UnreadableImage(
                    f"{block.file}: has no page or channel '{block.page}' (there are: {there})"
                )
            if not block.page and len(blots) > 1:
                raise UnreadableImage(
                    f"{block.file}: holds {len(blots)} pictures; say in study.toml which page "
                    f"shows {block.target} ({', '.join(one.source.part for one in blots)})"
                )
            session = session_for(job, blot, name)
            recipe = job.settings.recipe(session)
            if session is not None:
                blot = as_seen(job, blot, session, recipe)
                session.check(blot, name)
            yield _Picture(job, name, block.role, blot, session)

    def _layouts(
        self, pictures: list[_Picture]
    ) -> tuple[dict[str, Layout], dict[str, Exception], tuple[str, ...]]:
        """Layouts by picture, why there is none, and what is to be said."""
        drawn = {p.name: p.session.to_layout() for p in pictures if p.session is not None}
        recipe = self.jobs[0].settings.recipe()
        blots = {p.name: p.blot for p in pictures}
        roles = {p.name: p.role for p in pictures}
        layouts: dict[str, Layout] = {}
        reasons: dict[str, Exception] = {}
        messages: list[str] = []
        for names in sharing_lanes(self.blocks, list(blots)):
            group = {name: blots[name] for name in names}
            try:
                found = pipeline.membrane_layouts(
                    group, roles, recipe, {name: drawn[name] for name in names if name in drawn}
                )
            except Exception as error:  # whatever it is, the other membranes go on
                reasons |= dict.fromkeys(group, error)
                continue
            layouts |= found.layouts
            reasons |= {name: NothingFound(reason) for name, reason in found.reasons.items()}
            messages += found.messages
        return layouts, reasons, tuple(messages)

    def _measured(
        self,
        picture: _Picture,
        layouts: Mapping[str, Layout],
        reasons: Mapping[str, Exception],
        messages: tuple[str, ...],
    ) -> Measured:
        job, name = picture.job, picture.name
        if name not in layouts:
            return failed(reasons.get(name, NothingFound(f"{name}: no lanes")), job, name)
        try:
            recipe = job.settings.recipe(picture.session)
            membrane = next(one.membrane for one in self.blocks if one.name == name)
            if self.study is not None:
                recipe = with_ladder_of(recipe, self.study, membrane)
            layout = layouts[name] if picture.session is not None else as_stored(layouts[name])
            result = pipeline.measure(picture.blot, layout, recipe, image=name, role=picture.role)
            result = result.replace(warnings=(*result.warnings, *messages))
            return measured(job, picture.blot, result, picture.session, carried=True)
        except Exception as error:  # whatever it is, the other images go on
            return failed(error, job, name)


def _is_about(line: str, name: str, names: Sequence[str]) -> bool:
    """Whether a line about the membrane belongs to a picture; the first takes what is of all."""
    about = [one for one in names if line.startswith(one)]
    return name in about if about else name == names[0]

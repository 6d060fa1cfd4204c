"""The pictures of a study, read again to be shown: as they were measured, one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, overload

from blotquant import loaders
from blotquant.errors import OutputError
from blotquant.figures import TargetStrip, WholeBlot
from blotquant.model import Blot, Layout
from blotquant.outcome import ImageOutcome, RunOutcome
from blotquant.recipe import ImageSettings, Recipe
from blotquant.study import Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WholeBlots", "part_of", "shown_blot", "study_images"]


def study_images(run: RunOutcome) -> tuple[ImageOutcome, ...]:
    """Pictures that the study names and that can be shown: measured ones, and empty ones."""
    if run.study is None:
        return ()
    named = {block.name for block in run.study.study.image}
    return tuple(one for one in run.images if one.image in named and one.status != "failed")


def part_of(image: str) -> str:
    """Page or channel in the name of a picture; empty where its file holds one."""
    return image.partition("#")[2]


def shown_blot(outcome: ImageOutcome, recipe: Recipe) -> Blot:
    """Read a picture as it was when it was measured.

    Parameters
    ----------
    outcome : ImageOutcome
    recipe : Recipe
        Of the run, for a picture that was not measured.

    Raises
    ------
    UnreadableImage
        If the file is gone or damaged.
    OutputError
        If it is another file than the one that was measured.
    """
    settings, digest = _as_measured(outcome, recipe)
    for blot in loaders.load(outcome.path, settings=settings):
        if blot.source.part == part_of(outcome.image):
            if digest and blot.source.sha256 not in ("", digest):
                raise OutputError(
                    f"{outcome.image}: the file changed after it was measured; run again"
                )
            return blot
    raise OutputError(f"{outcome.image}: is no longer in the file; run again")


def _as_measured(outcome: ImageOutcome, recipe: Recipe) -> tuple[ImageSettings, str]:
    """Settings with what was decided when the picture was measured, and the file's hash."""
    if outcome.result is None:
        return recipe.image, ""
    known = dict(outcome.result.provenance.get("image", {}))
    decided = {key: known[key] for key in ("polarity", "orientation") if known.get(key)}
    settings = outcome.result.recipe.image.model_copy(update=decided)
    return settings, str(known.get("sha256") or "")


class WholeBlots(Sequence[WholeBlot]):
    """Every picture of a study whole; read when its turn comes, one in memory at a time.

    Parameters
    ----------
    run : RunOutcome
    strips : mapping of str to sequence of TargetStrip
        By picture, the strips that were cut from it.
    """

    def __init__(self, run: RunOutcome, strips: Mapping[str, Sequence[TargetStrip]]) -> None:
        self._run = run
        self._strips = strips
        self.images = study_images(run)
        self._one = lru_cache(maxsize=1)(self._read)

    def __len__(self) -> int:
        """Pictures."""
        return len(self.images)

    @overload
    def __getitem__(self, index: int) -> WholeBlot: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[WholeBlot]: ...
    def __getitem__(self, index: int | slice) -> WholeBlot | Sequence[WholeBlot]:
        """Read one picture, or several."""
        if isinstance(index, slice):
            return [self._one(place) for place in range(len(self))[index]]
        return self._one(range(len(self))[index])

    def __iter__(self) -> Iterator[WholeBlot]:
        """Read one after the other."""
        return map(self._one, range(len(self)))

    def _read(self, index: int) -> WholeBlot:
        outcome = self.images[index]
        layout = outcome.result.layout if outcome.result is not None else Layout()
        assert self._run.study is not None  # else there are no images
        study, samples = self._run.study.study, self._run.study.samples
        membranes = membranes_of(study, outcome.image)
        return WholeBlot(
            name=outcome.image,
            blot=shown_blot(outcome, self._run.recipe),
            layout=layout,
            membrane=", ".join(membranes),
            replicate=replicates_on(samples, membranes),
            strips=tuple(self._strips.get(outcome.image, ())),
            lane_labels=_lane_labels(layout, study, samples, outcome.image),
        )


def _lane_labels(layout: Layout, study: Study, samples: pd.DataFrame, image: str) -> dict[str, str]:
    """Number on the membrane and sample of each lane, by lane id."""
    names = {
        (str(row["membrane"]), int(row["lane"])): str(row["sample"] or row["kind"])
        for row in samples.to_dict("records")
    }
    labels = {}
    for number, panel in enumerate(layout.panels, 1):
        blocks = (one for one in study.image if (one.name, one.panel) == (image, number))
        membrane = next((block.membrane for block in blocks), "")
        mine = [lane.id for lane in layout.lanes if lane.panel_id == panel.id]
        for place, lane in enumerate(mine, 1):
            labels[lane] = f"{place} {names.get((membrane, place), '')}".rstrip()
    return labels


def membranes_of(study: Study, image: str) -> tuple[str, ...]:
    """Membranes that a picture shows."""
    found = (block.membrane for block in study.image if block.name == image)
    return tuple(dict.fromkeys(found))


def replicates_on(samples: pd.DataFrame, membranes: Sequence[str]) -> str:
    """Biological replicates whose samples are on some membranes, in words."""
    here = samples[samples["membrane"].isin(membranes)]
    return ", ".join(name for name in dict.fromkeys(here["replicate"].astype(str)) if name)

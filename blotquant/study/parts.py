"""The blocks of a study file: images, membranes, exclusions, comparisons, dose series, sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from .text import cleaned

__all__ = [
    "Comparison",
    "Dose",
    "Exclusion",
    "FigureSettings",
    "ImageRole",
    "LinearitySeries",
    "Membrane",
    "NormalizationPlan",
    "StatisticsPlan",
    "StudyImage",
    "Word",
]

ImageRole = Literal["target", "loading_control", "total_protein", "ladder"]


def _as_word(value: Any) -> Any:
    """A number where a name is wanted is that name: ``membrane = 1``, ``time_h = 24``."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return f"{value:.15g}"
    return cleaned(value) if isinstance(value, str) else value


def _as_list(value: Any) -> Any:
    """One name where a list is wanted is a list of one."""
    return (value,) if isinstance(value, str | int | float) else value


def _as_words(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {cleaned(str(key)): _as_word(item) for key, item in value.items()}


Word = Annotated[str, BeforeValidator(_as_word)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_as_list)]
Where = Annotated[dict[str, str], BeforeValidator(_as_words)]
Name = Annotated[str, BeforeValidator(_as_word), Field(min_length=1)]


def key(default: Any, meaning: str, **limits: Any) -> Any:
    """Field with its one-line meaning, which becomes the comment in the file."""
    return Field(default, description=meaning, **limits)


class Block(BaseModel):
    """Anything in a study file: cannot be changed, and knows no other keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_max_length=2000)


class NormalizationPlan(Block):
    """How densities are made comparable between lanes and between membranes."""

    method: Name = key(
        "loading_control",
        "loading_control, geometric_mean (of several), total_protein, lane_factor, none, or a "
        "registered normalizer.",
    )
    loading_controls: Words = key(
        (), "Targets to divide by; empty takes the images whose role is loading_control."
    )
    across: Literal["none", "reference_sample", "replicate_sum", "reference_group", "alignment"] = (
        key("none", "How membranes are brought on one scale.")
    )
    reference_sample: Word = key(
        "", "across = reference_sample: the sample that every membrane carries."
    )


class StatisticsPlan(Block):
    """Which test is made; declared before the numbers are seen."""

    test: Literal[
        "auto",
        "ratio_paired",
        "welch",
        "block",
        "one_way",
        "prism_two_way",
        "two_factor",
        "mann_whitney",
        "kruskal_wallis",
        "mixed_model",
    ] = key("auto", "Test; auto follows the decision table of the documentation.")
    correction: Literal["holm-sidak", "sidak", "tukey", "dunnett", "none"] = key(
        "holm-sidak", "Correction for several comparisons."
    )
    contrasts: Literal["against_reference", "all_pairs"] = key(
        "against_reference", "Compare each group with the reference group, or all with all."
    )
    profile: Literal["default", "bjp"] = key("default", "bjp: no test under 5 replicates.")
    alpha: float = key(0.05, "Level of significance.", gt=0, lt=1)
    factors: Words = key(
        (), 'two_factor: two columns of the sample sheet, e.g. ["genotype", "treatment"].'
    )


class FigureSettings(Block):
    """How figures look."""

    style: Literal["prism", "nature", "minimal"] = key("prism", "Style of the figures.")


class Membrane(Block):
    """One membrane; a block is needed only where there is something to say of it."""

    id: Name = key(..., "Name of the membrane, as in the sample sheet.")
    strips: bool = key(False, "The membrane was stripped between probes.")
    note: Word = key("", "Anything worth knowing.")
    ladder_image: Word = key(
        "", "Picture beside its images that shows its ladder: a photograph, another exposure."
    )


class StudyImage(Block):
    """One target in one image; an image that shows several targets has several blocks."""

    # as the disk spells it: macOS writes é as two letters
    file: Annotated[str, Field(min_length=1)] = key(..., "Image file, below the study's folder.")
    page: Word = key("", "Page or channel in the file, where it holds several.")
    membrane: Name = key(..., "Membrane that the image shows.")
    panel: int = key(1, "Which membrane of the picture, where it shows several; from 1.", ge=1)
    target: Word = key("", "Protein that is looked at.")
    role: ImageRole = key("target", f"One of {', '.join(get_args(ImageRole))}.")
    phospho_of: Word = key("", "Target of which this is the phosphorylated form.")
    row: int | None = key(None, "Row of bands that is the target, from 1 at the top.", ge=1)
    mw_kda: float | None = key(
        None, "Expected molecular weight, kDa: stands beside the band in figures.", gt=0
    )
    order: int | None = key(None, "The membrane was probed for this as number ...; from 1.", ge=1)
    antibody: Word = key("", "Primary antibody: name, maker, number.")
    dilution: Word = key("", "Its dilution.")
    rrid: Word = key("", "Its RRID.")
    shared_control: bool = key(
        False, "This loading control's image stands beside several targets in the figure."
    )

    @property
    def name(self) -> str:
        """File with the page behind ``#``, as in messages and tables."""
        return self.file + (f"#{self.page}" if self.page else "")

    @model_validator(mode="after")
    def _one_meaning(self) -> StudyImage:
        if self.role in ("target", "loading_control") and not self.target:
            raise ValueError(f"say which target the image shows, or another role than {self.role}")
        if self.phospho_of and self.role != "target":
            raise ValueError(f"phospho_of is for role = 'target', not '{self.role}'")
        return self


class Exclusion(Block):
    """A lane that is left out of normalization and statistics; it is measured and shown."""

    membrane: Name = key(..., "Membrane of the lane.")
    lane: int = key(..., "Lane, from 1, left to right.", ge=1)
    target: Word = key("", "Only for this target; empty for all.")
    reason: Name = key(..., "Why; it is printed in the report.")


class Comparison(Block):
    """Groups against their own reference: a treatment's vehicle, the same time point."""

    name: Name = key(..., "Name of the comparison in tables and figures.")
    group: Annotated[Words, Field(min_length=1)] = key(..., "Groups that are compared.")
    reference: Name = key(..., "Group that they are compared with.")
    targets: Words = key((), "Only these targets; empty for all.")
    where: Where = key({}, 'Only lanes with these entries in the sheet, e.g. { time_h = "24" }.')


class Dose(Block):
    """A dose series: four-parameter fit and EC50."""

    target: Annotated[Words, Field(min_length=1)] = key(..., "Targets to fit.")
    column: Name = key("dose", "Column of the sample sheet that holds the dose.")
    where: Where = key({}, 'Only lanes with these entries in the sheet, e.g. { drug = "A" }.')


class LinearitySeries(Block):
    """A dilution series of a target: bands outside its linear range are flagged."""

    target: Annotated[Word, Field(min_length=1)] = key(..., "Target that the series shows.")
    file: Annotated[str, Field(min_length=1)] = key(
        ..., "Image of the series, below the study's folder; imaged as the study's own."
    )
    loads: Annotated[str, Field(min_length=1)] = key(
        ..., "CSV with the columns lane and load, below the study's folder."
    )
    row: int | None = key(None, "Row of bands that is the target; else the strongest.", ge=1)

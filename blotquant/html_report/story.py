"""What a reader should know before reading the numbers: warnings in words, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from blotquant.flags import FLAG_MEANING, Flag
from blotquant.html_report.sentences import counted, sentence_case
from blotquant.notice import Notice
from blotquant.outcome import RunOutcome

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SERIOUS", "Point", "detected", "flag_counts", "is_news", "points_of"]

# What can be done about a flag, where that is more than reading its meaning.
_ADVICE = {
    Flag.SATURATED: "Image again, exposed shorter or loaded less; build no ratios on these.",
    Flag.SATURATION_NOT_ASSESSABLE: "Use the imager's own 16-bit export, or set image.ceiling.",
    Flag.NEGATIVE_NET: "Look at the lane's baseline below; another background may fit better.",
    Flag.EDGE_CUT: "Crop less, or leave the lane out.",
    Flag.OVERLAP: "Look where the bands are parted; a longer run separates them better.",
    Flag.LOSSY: "Go back to the imager and export TIFF.",
    Flag.LOW_CONFIDENCE: "Look at the overlay; correct the lane by hand where it is wrong.",
    Flag.BASELINE_UNCERTAIN: "Image more of the membrane above and below the band.",
    Flag.CONTROL_SATURATED: "Image the loading control again with a shorter exposure.",
    Flag.CARRY_OVER: "Strip between probes, or probe another membrane.",
    Flag.NO_SCALE: "Load the reference sample on every membrane.",
    Flag.STRETCHED: "Export the linear data; change contrast for the figure only.",
    Flag.CLIPPED: "Export without setting a black or white point.",
    Flag.BACKGROUND_SUBTRACTED: "Export the picture before background subtraction.",
    Flag.RESIZED: "Export at the imager's own size.",
    Flag.SCREENSHOT: "Export the picture from the imager's program.",
    Flag.OUT_OF_LINEAR_RANGE: "Load within the linear range, or take another exposure.",
    Flag.ARTEFACT: "Look at the band in the overlay; leave the lane out if the mark is in it.",
}

SERIOUS = (
    Flag.SATURATED
    | Flag.EDGE_CUT
    | Flag.AMBIGUOUS_ROW
    | Flag.LOSSY
    | Flag.LOW_CONFIDENCE
    | Flag.POLARITY_UNCERTAIN
    | Flag.CONTROL_MISMATCH
    | Flag.CONTROL_SATURATED
    | Flag.CONTROL_BELOW_DETECTION
    | Flag.ARTEFACT
    | Flag.BEYOND_DENSITY_RANGE
    | Flag.CARRY_OVER
    | Flag.NO_SCALE
    | Flag.STRETCHED
    | Flag.BACKGROUND_SUBTRACTED
    | Flag.SCREENSHOT
    | Flag.OUT_OF_LINEAR_RANGE
)


@dataclass(frozen=True)
class Point:
    """One thing to look at.

    Parameters
    ----------
    text : str
        What is the matter.
    detail : str
        How often, and what to do.
    images : tuple of str
        Names of the images concerned.
    serious : bool
        It can change a conclusion.
    flag : str
        Name of the flag in the tables, where it is one.
    """

    text: str
    detail: str = ""
    images: tuple[str, ...] = ()
    serious: bool = False
    flag: str = ""


def points_of(run: RunOutcome) -> list[Point]:
    """All that a run has to say, the serious first.

    Parameters
    ----------
    run : RunOutcome
    """
    points = [
        # what was taken for the loading control is news, not trouble
        Point(sentence_case(message), serious=not is_news(message))
        for message in run.messages
    ]
    points += [_notice_point(notice) for notice in run.notices]
    points += _lost_images(run)
    points += _own_warnings(run)
    points += _flag_points(run)
    return sorted(points, key=lambda point: not point.serious)


def is_news(message: str) -> bool:
    """Whether a message says what was taken, not that something is wrong."""
    return message.startswith("normalized to ")


def detected(bands: pd.DataFrame) -> pd.DataFrame:
    """Bands that stand out of the noise: what is odd about the others changes no number.

    Parameters
    ----------
    bands : DataFrame
        Columns as in `blotquant.columns.BAND_COLUMNS`.
    """
    missing = [Flag.BELOW_DETECTION.name in str(flags).split(";") for flags in bands["flags"]]
    return bands[~np.array(missing, dtype=bool)]


def flag_counts(flags: Iterable[str]) -> dict[Flag, int]:
    """How often each flag occurs in a column of flags, in the order of the flags."""
    found: Counter[str] = Counter()
    for text, times in Counter(map(str, flags)).items():
        for name in {part.strip() for part in text.split(";")}:
            found[name] += times
    return {flag: found[flag.name] for flag in Flag if flag.name and found[flag.name]}


def _notice_point(notice: Notice) -> Point:
    """A notice of the pictures; never serious: it asks for a look and says nothing of a number."""
    names = dict.fromkeys(name for name in (notice.image, notice.other) if name)
    return Point(notice.words, "The evidence is drawn under Look at this.", tuple(names))


def _lost_images(run: RunOutcome) -> list[Point]:
    points = []
    if run.failed:
        count = counted(len(run.failed), "image")
        points.append(
            Point(
                f"{count} could not be read or measured.",
                "The reasons stand below.",
                tuple(image.image for image in run.failed),
                serious=True,
            )
        )
    if run.skipped:
        count = counted(len(run.skipped), "image")
        points.append(
            Point(
                f"{count} held nothing to measure.",
                "The reasons stand below.",
                tuple(image.image for image in run.skipped),
            )
        )
    return points


def _own_warnings(run: RunOutcome) -> list[Point]:
    """Warnings of single images; those with the same words are one point."""
    concerned: dict[str, list[str]] = {}
    for image in run.images:
        for warning in image.warnings:
            text = warning.removeprefix(f"{image.image}: ")
            concerned.setdefault(text, []).append(image.image)
    return [
        Point(sentence_case(text), images=tuple(images), serious=True)
        for text, images in concerned.items()
    ]


def _flag_points(run: RunOutcome) -> list[Point]:
    everything = run.band_flags
    bands = detected(everything)
    missing = flag_counts(everything["flags"]).get(Flag.BELOW_DETECTION, 0)
    of_bands = flag_counts(bands["flags"]) | ({Flag.BELOW_DETECTION: missing} if missing else {})
    of_ratios = flag_counts(run.normalized["flags"])
    points = []
    for flag in of_bands | of_ratios:
        table, noun = (bands, "band") if flag in of_bands else (run.normalized, "ratio")
        if flag is Flag.BELOW_DETECTION and missing:
            table = everything
        count = of_bands.get(flag) or of_ratios[flag]
        points.append(
            Point(
                FLAG_MEANING[flag],
                f"{counted(count, noun)} of {len(table)}. {_ADVICE.get(flag, '')}".rstrip(),
                _images_with(table, flag),
                serious=flag in SERIOUS,
                flag=str(flag),
            )
        )
    return points


def _images_with(table: pd.DataFrame, flag: Flag) -> tuple[str, ...]:
    names = [
        image
        for image, flags in zip(table["image"], table["flags"], strict=True)
        if flag.name in str(flags).split(";")
    ]
    return tuple(dict.fromkeys(names))

"""What a careful reviewer would want to know of a number: the flags, each with its meaning."""

from __future__ import annotations

from enum import IntFlag
from functools import lru_cache
from types import MappingProxyType

__all__ = ["FLAG_MEANING", "Flag"]


class Flag(IntFlag):
    """Reasons to look twice at a number; combined with ``|``, written as names joined by ``;``."""

    NONE = 0
    SATURATED = 1 << 0
    SATURATION_NOT_ASSESSABLE = 1 << 1
    BELOW_DETECTION = 1 << 2
    NEGATIVE_NET = 1 << 3
    EDGE_CUT = 1 << 4
    OVERLAP = 1 << 5
    AMBIGUOUS_ROW = 1 << 6
    LOSSY = 1 << 7
    EIGHT_BIT = 1 << 8
    COLOUR = 1 << 9
    LOW_CONFIDENCE = 1 << 10
    LANES_TOUCH = 1 << 11
    BASELINE_UNCERTAIN = 1 << 12
    POLARITY_UNCERTAIN = 1 << 13
    MIRRORED = 1 << 14
    NO_CONTROL = 1 << 15
    CONTROL_MISMATCH = 1 << 16
    CONTROL_SATURATED = 1 << 17
    CONTROL_BELOW_DETECTION = 1 << 18
    ARTEFACT = 1 << 19
    BEYOND_DENSITY_RANGE = 1 << 20
    SEPARATE_GEL = 1 << 21
    CARRY_OVER = 1 << 22
    EXCLUDED = 1 << 23
    NO_SCALE = 1 << 24
    STRETCHED = 1 << 25
    CLIPPED = 1 << 26
    BACKGROUND_SUBTRACTED = 1 << 27
    RESIZED = 1 << 28
    SCREENSHOT = 1 << 29
    OUT_OF_LINEAR_RANGE = 1 << 30

    def __str__(self) -> str:
        """Names joined by ``;`` in the order of the bits; the empty string when no flag is set."""
        return _text_of(self.value)

    @classmethod
    def parse(cls, text: str) -> Flag:
        """Read back what ``str`` wrote.

        Raises
        ------
        KeyError
            If a name is not a flag.
        """
        return _flag_of(text)


# A run has few different ones, and asks for each of its bands.
@lru_cache(maxsize=1024)
def _text_of(value: int) -> str:
    return ";".join(flag.name for flag in Flag(value) if flag.name)


@lru_cache(maxsize=1024)
def _flag_of(text: str) -> Flag:
    value = Flag.NONE
    for name in filter(None, (part.strip() for part in text.split(";"))):
        value |= Flag[name]
    return value


FLAG_MEANING: MappingProxyType[Flag, str] = MappingProxyType(
    {
        Flag.SATURATED: "Part of the band is at the detector's ceiling: the value is a lower bound.",
        Flag.SATURATION_NOT_ASSESSABLE: (
            "The file does not say where its ceiling is: saturation can be neither seen nor excluded."
        ),
        Flag.BELOW_DETECTION: (
            "No band stands out of the noise here: the value is a forced measurement, "
            "read it as below detection_limit, or below the value where smear or a neighbour makes that larger."
        ),
        Flag.NEGATIVE_NET: "The background is larger than the signal; the value is kept, not set to 0.",
        Flag.EDGE_CUT: (
            "The band or its lane runs over the edge of the image or membrane, or 3 % of the band or more "
            "likely lies beyond its lane's edge, where no neighbour is."
        ),
        Flag.OVERLAP: "The band overlaps a neighbour in its lane; parted at the valley unless fitted.",
        Flag.AMBIGUOUS_ROW: (
            "Two rows of bands could be this target and nothing decides which; name the row."
        ),
        Flag.LOSSY: "The image was compressed with loss (JPEG): not fit for publication-grade numbers.",
        Flag.EIGHT_BIT: (
            "The image has 256 grey levels or fewer: weak bands are coarse; export 16 bits if you can."
        ),
        Flag.COLOUR: "A colour picture was read as luminance: densities depend on the colour of the stain.",
        Flag.LOW_CONFIDENCE: "The lane was found on thin evidence: please check it.",
        Flag.LANES_TOUCH: (
            "The neighbouring lane touches this one, and the band reaches to the lane's edge: "
            "signal can leak between them."
        ),
        Flag.BASELINE_UNCERTAIN: "There is little band-free lane beside the band: the background is a guess.",
        Flag.POLARITY_UNCERTAIN: (
            "It is not clear whether bands are dark or light in this image; set the polarity yourself."
        ),
        Flag.MIRRORED: "The picture was mirrored before it was measured.",
        Flag.NO_CONTROL: "No loading control was found for this lane: the value is not normalized.",
        Flag.CONTROL_MISMATCH: (
            "The lane has no counterpart in the loading control's image: another number of lanes, "
            "or another sample."
        ),
        Flag.CONTROL_SATURATED: "The loading control is saturated in this lane: the ratio is an upper bound.",
        Flag.CONTROL_BELOW_DETECTION: "The loading control is below detection here: no ratio is given.",
        Flag.ARTEFACT: "A speck, scratch or mark lies in the band: it was left out and filled in.",
        Flag.BEYOND_DENSITY_RANGE: (
            "Optical density above 2.5: film and scanner no longer tell such blacks apart."
        ),
        Flag.SEPARATE_GEL: (
            "Phosphorylated form and total are on separate gels: each was divided by its own membrane's "
            "control and they were paired by sample, which adds scatter."
        ),
        Flag.CARRY_OVER: (
            "A band of an earlier probe lies here and the membrane was not stripped: part of the value "
            "may be left from it."
        ),
        Flag.EXCLUDED: "The study leaves this lane out: it is measured, but no scale and no test uses it.",
        Flag.NO_SCALE: (
            "The membrane lacks what would bring it on the scale of the others: no scaled density is given."
        ),
        Flag.STRETCHED: (
            "The histogram is a comb: contrast or gamma was changed after rounding; ratios may be wrong."
        ),
        Flag.CLIPPED: "Black or white was clipped in the picture: what lay beyond is lost.",
        Flag.BACKGROUND_SUBTRACTED: (
            "The ground is flat zero: background was subtracted or cut off before, and part of weak bands with it."
        ),
        Flag.RESIZED: "The picture was resized: its pixels are not independent, standard errors are too small.",
        Flag.SCREENSHOT: "The picture is a screenshot: a display's contrast, not a measurement.",
        Flag.OUT_OF_LINEAR_RANGE: (
            "Outside the range in which the study's dilution series is in proportion: a ratio of densities "
            "is no ratio of amounts here."
        ),
    }
)

"""Which strip is the loading control of a target, and what it says in each lane."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from blotquant.flags import Flag
from blotquant.names import CONTROLS, canonical, same_target
from blotquant.normalize.bounds import bound_of
from blotquant.normalize.divisors import Divisor
from blotquant.normalize.news import News, some
from blotquant.normalize.strips import Home, LaneReading, Strip
from blotquant.recipe import NormalizationSettings

__all__ = [
    "best_picture",
    "controls_by_membrane",
    "divisor",
    "divisors",
    "how_to_name_one",
    "lost",
    "named_controls",
    "preference",
]

_ORDER = {control.name: index for index, control in enumerate(CONTROLS)}
# Said of the ratio in other words, or of the target alone.
_NOT_PASSED_ON = Flag.SATURATED | Flag.BELOW_DETECTION | Flag.NEGATIVE_NET


def named_controls(settings: NormalizationSettings) -> tuple[str, ...]:
    """Names of loading controls that the user gave."""
    return (settings.loading_control,) if settings.loading_control else settings.loading_controls


def controls_by_membrane(
    strips: Iterable[Strip], accept: Callable[[Strip], bool]
) -> dict[Home, list[Strip]]:
    """Strips that can be the control, by membrane."""
    found: dict[Home, list[Strip]] = {}
    for strip in strips:
        if accept(strip):
            found.setdefault(strip.home, []).append(strip)
    return found


def preference(
    controls: dict[Home, list[Strip]], wanted: Sequence[str] = ()
) -> Callable[[str], tuple[int, int, int, str]]:
    """Sort key of controls' names, the best first.

    In the order in which the user named them; else on most membranes, then the most usual.
    """
    count = Counter(
        name for strips in controls.values() for name in {canonical(s.target) for s in strips}
    )

    def key(name: str) -> tuple[int, int, int, str]:
        said = next((i for i, one in enumerate(wanted) if same_target(one, name)), len(wanted))
        return said, -count[name], _ORDER.get(name, len(_ORDER)), name

    return key


def best_picture(strip: Strip, choices: Sequence[Strip]) -> Strip:
    """Of several pictures of a control, the one to divide by.

    The target's own image first, then with the same number of lanes, with the fewest saturated and
    the most detected bands.
    """
    return min(
        choices,
        key=lambda c: (
            c.image != strip.image,
            c.lanes != strip.lanes,
            c.saturated,
            -c.detected,
            c.key,
        ),
    )


def divisors(
    strip: Strip,
    choices: Sequence[Strip],
    news: News,
    scale: Callable[[Strip], float] | None = None,
) -> tuple[Divisor, ...]:
    """Divisor of each lane of a strip, from the best picture of one control.

    Parameters
    ----------
    strip : Strip
        The target.
    choices : sequence of Strip
        Pictures of the control on the target's membrane.
    news : News
        Takes what is to be told.
    scale : callable, optional
        Density of the control that counts as 1; 1 without it.
    """
    if not choices:
        news.lost(strip)
        return lost(strip, Flag.NO_CONTROL)
    control = best_picture(strip, choices)
    name = canonical(control.target)
    if len(choices) > 1:
        news.repeated(strip, name, control.image)
    if not strip.role and control.lanes != strip.lanes:
        news.mismatch(strip, control)
        return lost(strip, Flag.CONTROL_MISMATCH, name, control.image)
    one = scale(control) if scale else 1.0
    at = {reading.place: reading for reading in control.readings}
    return tuple(
        _in_lane(strip, reading, control, at.get(reading.place), one, news)
        for reading in strip.readings
    )


def lost(strip: Strip, flags: Flag, name: str = "", image: str = "") -> tuple[Divisor, ...]:
    """No divisor in any lane, with the reason."""
    return (Divisor(math.nan, math.nan, name, image, flags),) * len(strip.readings)


def _in_lane(
    strip: Strip,
    reading: LaneReading,
    control: Strip,
    found: LaneReading | None,
    one: float,
    news: News,
) -> Divisor:
    """Divisor in one lane; lanes of a study pair by number, and their samples have to agree."""
    name = canonical(control.target)
    if strip.role and (found is None or _other_sample(reading, found)):
        news.other_sample(strip, control, reading.lane)
        return Divisor(math.nan, math.nan, name, control.image, Flag.CONTROL_MISMATCH)
    if found is not None and not found.use:
        flags = Flag.NO_CONTROL | Flag.EXCLUDED
        return Divisor(math.nan, math.nan, name, control.image, flags)
    ambiguous = Flag.AMBIGUOUS_ROW if control.rivals else Flag.NONE
    return divisor(found, name, control.image, ambiguous, one)


def _other_sample(one: LaneReading, other: LaneReading) -> bool:
    """Whether two lanes are known to hold different samples."""
    pairs = zip(_sample(one), _sample(other), strict=True)
    return any(a and b and a != b for a, b in pairs)


def _sample(reading: LaneReading) -> tuple[str, str, str]:
    return reading.sample, reading.group, reading.replicate


def divisor(
    reading: LaneReading | None, name: str, image: str, flags: Flag, one: float = 1.0
) -> Divisor:
    """Divisor from the control's lane; none where the control is below detection.

    Parameters
    ----------
    reading : LaneReading or None
        The control in the lane; None where nothing was read.
    name, image : str
        The control's.
    flags : Flag
        What is to be said besides.
    one : float
        Density that counts as 1.
    """
    if reading is None:
        return Divisor(math.nan, math.nan, name, image, flags | Flag.CONTROL_BELOW_DETECTION)
    flags |= reading.flags & ~_NOT_PASSED_ON
    if Flag.SATURATED in reading.flags:
        flags |= Flag.CONTROL_SATURATED
    if reading.detected and reading.net > 0:
        bound = bound_of(reading.flags)
        return Divisor(reading.net / one, reading.err / one, name, image, flags, bound)
    return Divisor(math.nan, math.nan, name, image, flags | Flag.CONTROL_BELOW_DETECTION)


def how_to_name_one(strips: Sequence[Strip], wanted: Sequence[str], what: str) -> str:
    """What to do where no image shows a control.

    Parameters
    ----------
    strips : sequence of Strip
        Those that have a target.
    wanted : sequence of str
        Names that the user gave.
    what : str
        What was looked for, as ``"loading control"``.
    """
    targets = sorted({strip.target for strip in strips})
    study = any(strip.role for strip in strips)
    role = what.replace(" ", "_")
    if wanted:
        named = " or ".join(f"'{name}'" for name in wanted)
        seen = f"the targets are: {some(targets)}" if targets else "no target could be read"
        mend = (
            f"give its image the role {role} in the study file"
            if study
            else "name images <membrane>_<target>, as in M1_P53.tif and M1_b-actin.tif"
        )
        return f"no image shows the {what} {named} ({seen}): densities are not normalized; {mend}"
    if study:
        return (
            f"no image of the study has the role {role}: densities are not normalized; give it to "
            "one, or say method = none"
        )
    return (
        f"no {what} found: densities are not normalized; name images <membrane>_<target>, "
        "as in M1_P53.tif and M1_b-actin.tif, or give the control's target with "
        "--loading-control NAME"
    )

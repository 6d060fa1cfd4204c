"""The usual normalization: one loading control, in the same lane of the same membrane."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from blotquant.flags import Flag
from blotquant.names import CONTROLS, canonical, control_kind, same_target
from blotquant.normalize.divisors import Divisor, Pairing
from blotquant.normalize.strips import LaneReading, Strip, StripKey
from blotquant.recipe import NormalizationSettings

__all__ = ["loading_control"]

_ORDER = {control.name: index for index, control in enumerate(CONTROLS)}
# Said of the ratio in other words, or of the target alone.
_NOT_PASSED_ON = Flag.SATURATED | Flag.BELOW_DETECTION | Flag.NEGATIVE_NET
_SHOWN = 3

Membrane = tuple[tuple[str, str], int]


def loading_control(strips: tuple[Strip, ...], settings: NormalizationSettings) -> Pairing:
    """Pair each target with the loading control in the same lane of the same membrane.

    The control is the target that `settings.loading_control` names, in any spelling. Otherwise it
    is the usual control that most membranes show, then the first in the order of
    `blotquant.names.CONTROLS`; a membrane without it takes the next one.

    Lanes are paired by their order in the panel, ladders left out, and only where the target's and
    the control's image have the same number of lanes.

    Parameters
    ----------
    strips : tuple of Strip
    settings : NormalizationSettings

    Returns
    -------
    Pairing
        Without divisors where no image shows a control; the message says how to name one.
    """
    named = tuple(strip for strip in strips if strip.target)
    controls = _controls(named, settings.loading_control)
    if not controls:
        return Pairing(messages=(_how_to_name_one(named, settings.loading_control),))
    report = _Report(settings.loading_control)
    divisors: dict[StripKey, tuple[Divisor, ...]] = {}
    preference = _preference(controls)
    for strip in named:
        choices = controls.get(_membrane(strip), [])
        name = min((canonical(c.target) for c in choices), key=preference.index, default="")
        if (name and same_target(strip.target, name)) or _is_stain(strip):
            continue
        divisors[strip.key] = _divide(
            strip, [choice for choice in choices if same_target(choice.target, name)], report
        )
        report.chosen(strip, name, {canonical(choice.target) for choice in choices})
    report.unnamed(strip.image for strip in strips if not strip.target)
    return Pairing(divisors, report.lines())


def _membrane(strip: Strip) -> Membrane:
    return strip.identity, strip.panel


def _is_stain(strip: Strip) -> bool:
    """A stain of all protein is never a target, also where another control was taken."""
    return control_kind(strip.target) == "total_protein"


def _controls(strips: Iterable[Strip], wanted: str | None) -> dict[Membrane, list[Strip]]:
    """Strips that can be the control, by membrane."""
    found: dict[Membrane, list[Strip]] = {}
    for strip in strips:
        if strip.shows(wanted) if wanted else control_kind(strip.target):
            found.setdefault(_membrane(strip), []).append(strip)
    return found


def _preference(controls: dict[Membrane, list[Strip]]) -> list[str]:
    """Names of the controls, the best first: on most membranes, then the most usual."""
    count = Counter(
        name for strips in controls.values() for name in {canonical(s.target) for s in strips}
    )
    return sorted(count, key=lambda name: (-count[name], _ORDER.get(name, len(_ORDER)), name))


def _divide(strip: Strip, choices: Sequence[Strip], report: _Report) -> tuple[Divisor, ...]:
    """Divisor of each lane of a strip."""
    count = len(strip.readings)
    if not choices:
        report.lost(strip)
        return (Divisor(math.nan, math.nan, flags=Flag.NO_CONTROL),) * count
    control = min(
        choices,
        key=lambda c: (
            c.image != strip.image,
            c.lanes != strip.lanes,
            c.saturated,
            -c.detected,
            c.key,
        ),
    )
    name = canonical(control.target)
    if len(choices) > 1:
        report.repeated(strip, name, control.image)
    if control.lanes != strip.lanes:
        report.mismatch(strip, control)
        lost = Divisor(math.nan, math.nan, name, control.image, Flag.CONTROL_MISMATCH)
        return (lost,) * count
    ambiguous = Flag.AMBIGUOUS_ROW if control.rivals else Flag.NONE
    at = {reading.place: reading for reading in control.readings}
    return tuple(
        _divisor(at.get(reading.place), name, control.image, ambiguous)
        for reading in strip.readings
    )


def _divisor(reading: LaneReading | None, name: str, image: str, flags: Flag) -> Divisor:
    """Divisor from the control's lane; none where the control is below detection."""
    if reading is None:
        return Divisor(math.nan, math.nan, name, image, flags | Flag.CONTROL_BELOW_DETECTION)
    flags |= reading.flags & ~_NOT_PASSED_ON
    if Flag.SATURATED in reading.flags:
        flags |= Flag.CONTROL_SATURATED
    if reading.detected and reading.net > 0:
        return Divisor(reading.net, reading.err, name, image, flags)
    return Divisor(math.nan, math.nan, name, image, flags | Flag.CONTROL_BELOW_DETECTION)


def _how_to_name_one(strips: Sequence[Strip], wanted: str | None) -> str:
    targets = sorted({strip.target for strip in strips})
    if wanted:
        seen = f"the targets are: {_some(targets)}" if targets else "no target could be read"
        return (
            f"no image shows the loading control '{wanted}' ({seen}): densities are not "
            "normalized; name images <membrane>_<target>, as in M1_P53.tif and M1_b-actin.tif"
        )
    return (
        "no loading control found: densities are not normalized; name images <membrane>_<target>, "
        "as in M1_P53.tif and M1_b-actin.tif, or give the control's target with "
        "--loading-control NAME"
    )


class _Report:
    """Lines for the user, one for each kind of news and not one for each image."""

    def __init__(self, wanted: str | None) -> None:
        self.wanted = wanted
        self._used: dict[str, set[str]] = {}
        self._several: dict[tuple[str, tuple[str, ...]], set[str]] = {}
        self._lost: set[str] = set()
        self._repeated: dict[tuple[str, str], str] = {}
        self._mismatch: dict[tuple[str, str], tuple[int, int]] = {}
        self._unnamed: set[str] = set()

    def chosen(self, strip: Strip, name: str, among: set[str]) -> None:
        if name:
            self._used.setdefault(name, set()).add(strip.target)
        if len(among) > 1:
            self._several.setdefault((name, tuple(sorted(among))), set()).add(strip.membrane)

    def lost(self, strip: Strip) -> None:
        self._lost.add(strip.image)

    def repeated(self, strip: Strip, name: str, image: str) -> None:
        self._repeated[strip.membrane or strip.image, name] = image

    def mismatch(self, strip: Strip, control: Strip) -> None:
        self._mismatch[strip.image, control.image] = strip.lanes, control.lanes

    def unnamed(self, images: Iterable[str]) -> None:
        self._unnamed = set(images)

    def lines(self) -> tuple[str, ...]:
        """All news, what was done first."""
        how = "as named" if self.wanted else "known by its name; --loading-control names another"
        used = [f"normalized to {name} ({how})" for name in sorted(self._used)]
        several = [
            f"{_some(membranes)} {_show(membranes)} several loading controls "
            f"({', '.join(among)}): {name} was used; --loading-control names another"
            for (name, among), membranes in sorted(self._several.items())
        ]
        repeated = [
            f"{membrane} has several images of {name}: {image} was used"
            for (membrane, name), image in sorted(self._repeated.items())
        ]
        mismatch = [
            f"{image} has {ours} lanes and {control} has {theirs}: lanes cannot be paired by "
            "order, so there are no ratios; correct the lanes of one of them, or give --lanes"
            for (image, control), (ours, theirs) in sorted(self._mismatch.items())
        ]
        lost = [f"no loading control on the membrane of {_some(self._lost)}: not normalized"]
        unnamed = [
            f"no membrane and target in the name of {_some(self._unnamed)}: measured, "
            "not normalized"
        ]
        lines = used + several + repeated + mismatch
        return tuple(lines + lost * bool(self._lost) + unnamed * bool(self._unnamed))


def _show(items: Iterable[str]) -> str:
    return "show" if len(set(items)) > 1 else "shows"


def _some(items: Iterable[str]) -> str:
    """The first few of a list, and how many more there are."""
    names = sorted(set(items))
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")

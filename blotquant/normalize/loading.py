"""One loading control: in the same lane of the same membrane, as it is or as a lane factor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from blotquant.names import canonical, same_target
from blotquant.normalize.controls import (
    controls_by_membrane,
    divisors,
    how_to_name_one,
    named_controls,
    preference,
)
from blotquant.normalize.divisors import Divisor, Pairing
from blotquant.normalize.news import News
from blotquant.normalize.strips import NO_SAMPLE, Strip, StripKey
from blotquant.recipe import NormalizationSettings

__all__ = ["lane_factor", "loading_control", "total_protein"]


def loading_control(strips: tuple[Strip, ...], settings: NormalizationSettings) -> Pairing:
    """Pair each target with the loading control in the same lane of the same membrane.

    The control is the target that `settings.loading_control` names, in any spelling, or the first
    of `settings.loading_controls` that the membrane shows. Otherwise it is the usual control that
    most membranes show, then the first in the order of `blotquant.names.CONTROLS`; a membrane
    without it takes the next one. In a study only what has the role of a control is one.

    Lanes are paired by their order in the panel, ladders left out, and only where the target's and
    the control's image have the same number of lanes; in a study by their number on the membrane.

    Parameters
    ----------
    strips : tuple of Strip
    settings : NormalizationSettings

    Returns
    -------
    Pairing
        Without divisors where no image shows a control; the message says how to name one.
    """
    return _by_one_control(strips, named_controls(settings), "loading control", _any_control)


def total_protein(strips: tuple[Strip, ...], settings: NormalizationSettings) -> Pairing:
    """Pair each target with the stain of total protein in the same lane: the sum over the lane.

    The sum is the lane's signal above its baseline with its own error, where the table of lanes
    gives them; else the sum of the lane's bands. It stays proportional to the load where actin and
    tubulin do not (Eaton 2013, PLoS ONE 8:e72457). `settings.loading_control` chooses among several
    stains.

    Parameters
    ----------
    strips : tuple of Strip
    settings : NormalizationSettings
    """
    return _by_one_control(
        strips,
        named_controls(settings),
        "total protein",
        lambda strip: strip.control == "total_protein",
    )


def lane_factor(strips: tuple[Strip, ...], settings: NormalizationSettings) -> Pairing:
    """Divide by the lane normalization factor: the lane's control over the membrane's highest.

    As LI-COR defines it (Normalization Handbook): densities keep their unit, and those of the lane
    with the most control stay as they are. The control is chosen as by `loading_control`. Ratios
    within a membrane are those of `loading_control`; the membrane's highest control is a scale
    common to all its lanes, so its error is not counted in them.

    Parameters
    ----------
    strips : tuple of Strip
    settings : NormalizationSettings
    """
    return _by_one_control(
        strips, named_controls(settings), "loading control", _any_control, _highest
    )


def _any_control(strip: Strip) -> bool:
    return strip.control is not None


def _highest(control: Strip) -> float:
    """The most of the control in any lane that holds a sample and counts."""
    return max(
        (
            reading.net
            for reading in control.readings
            if reading.detected and reading.use and reading.kind not in NO_SAMPLE
        ),
        default=1.0,
    )


def _by_one_control(
    strips: tuple[Strip, ...],
    wanted: Sequence[str],
    what: str,
    usual: Callable[[Strip], bool],
    scale: Callable[[Strip], float] | None = None,
) -> Pairing:
    """Pair targets with the one control that is preferred on their membrane."""
    named = tuple(strip for strip in strips if strip.target)
    stains_only = what == "total protein"

    def accept(strip: Strip) -> bool:
        said = any(strip.shows(name) for name in wanted) if wanted else usual(strip)
        return said and (usual(strip) or not stains_only)

    controls = controls_by_membrane(named, accept)
    if not controls:
        return Pairing(messages=(how_to_name_one(named, wanted, what),))
    news = News(strips, tuple(wanted))
    best = preference(controls, wanted)
    found: dict[StripKey, tuple[Divisor, ...]] = {}
    for strip in named:
        choices = controls.get(strip.home, [])
        names = {canonical(choice.target) for choice in choices}
        name = min(names, key=best, default="")
        if strip.control == "total_protein" or (name and same_target(strip.target, name)):
            continue
        mine = [choice for choice in choices if same_target(choice.target, name)]
        found[strip.key] = divisors(strip, mine, news, scale)
        if name:
            news.used(strip, name)
        if len(names) > 1:
            news.several(strip, name, names)
    return Pairing(found, news.lines())

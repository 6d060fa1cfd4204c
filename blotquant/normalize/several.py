"""Several loading controls at once: their geometric mean in each lane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import or_

from blotquant.flags import Flag
from blotquant.names import canonical, same_target
from blotquant.normalize.bounds import product
from blotquant.normalize.controls import (
    controls_by_membrane,
    divisors,
    how_to_name_one,
    lost,
    named_controls,
    preference,
)
from blotquant.normalize.divisors import Divisor, Pairing
from blotquant.normalize.news import News
from blotquant.normalize.strips import Strip, StripKey
from blotquant.recipe import NormalizationSettings

__all__ = ["geometric_mean", "mean_divisor"]


def geometric_mean(strips: tuple[Strip, ...], settings: NormalizationSettings) -> Pairing:
    """Pair each target with the geometric mean of several loading controls in its lane.

    The controls are those that `settings.loading_controls` names, else all loading controls of the
    run (stains of total protein not among them). A membrane that lacks one has no ratios, and
    neither has a lane in which one is below detection: a mean over fewer controls would be on
    another scale. The geometric mean weighs all controls alike, however strong they are
    (Vandesompele 2002, Genome Biol 3:research0034).

    Parameters
    ----------
    strips : tuple of Strip
    settings : NormalizationSettings
    """
    named = tuple(strip for strip in strips if strip.target)
    wanted = named_controls(settings)
    controls = controls_by_membrane(
        named,
        lambda strip: (
            any(strip.shows(name) for name in wanted)
            if wanted
            else strip.control == "loading_control"
        ),
    )
    if not controls:
        return Pairing(messages=(how_to_name_one(named, wanted, "loading control"),))
    shown = {canonical(strip.target) for strips in controls.values() for strip in strips}
    absent = {canonical(name) for name in wanted if not any(same_target(name, s) for s in shown)}
    names = sorted(shown | absent, key=preference(controls, wanted))
    news = News(strips, wanted)
    found: dict[StripKey, tuple[Divisor, ...]] = {}
    for strip in named:
        if strip.control != "total_protein" and not any(map(strip.shows, names)):
            found[strip.key] = _divisors(strip, names, controls.get(strip.home, []), news)
    return Pairing(found, news.lines())


def _divisors(
    strip: Strip, names: Sequence[str], choices: Sequence[Strip], news: News
) -> tuple[Divisor, ...]:
    """Mean of the controls in each lane of a strip; none where a control is not shown."""
    by_name = {name: [c for c in choices if same_target(c.target, name)] for name in names}
    missing = [name for name, mine in by_name.items() if not mine]
    if missing:
        news.lacking(strip, missing)
        return lost(strip, Flag.NO_CONTROL)
    lanes = zip(*(divisors(strip, mine, news) for mine in by_name.values()), strict=True)
    news.used(strip, names[0] if len(names) == 1 else f"the geometric mean of {', '.join(names)}")
    return tuple(map(mean_divisor, lanes))


def mean_divisor(parts: Sequence[Divisor]) -> Divisor:
    r"""Geometric mean of divisors, with its standard error to first order.

    For independent errors, :math:`g = (\prod c_i)^{1/k}` has
    :math:`\sigma_g = \frac{g}{k} \sqrt{\sum (\sigma_i / c_i)^2}`. NaN where one of them is.

    Parameters
    ----------
    parts : sequence of Divisor
        One or more.
    """
    names = dict.fromkeys(part.control for part in parts)
    images = dict.fromkeys(part.image for part in parts)
    flags = reduce(or_, (part.flags for part in parts))
    if not all(part.density > 0 for part in parts):
        return Divisor(math.nan, math.nan, "; ".join(names), "; ".join(images), flags)
    count = len(parts)
    mean = math.exp(math.fsum(math.log(part.density) for part in parts) / count)
    relative = math.hypot(*(part.err / part.density for part in parts)) / count
    return Divisor(
        mean,
        mean * relative,
        "; ".join(names),
        "; ".join(images),
        flags,
        product(*(part.bound for part in parts)),
    )

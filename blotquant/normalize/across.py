"""Membranes on one scale: a factor for each target on each membrane, or the reason why not."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from blotquant.errors import RecipeError
from blotquant.normalize.alignment import align, log_means
from blotquant.normalize.bounds import Bound, product
from blotquant.normalize.news import some
from blotquant.normalize.strips import StripKey
from blotquant.recipe import NormalizationSettings

__all__ = ["Reading", "Scale", "Scaling", "scale_membranes"]


@dataclass(frozen=True)
class Reading:
    """A normalized density, as far as scaling needs it.

    Parameters
    ----------
    unit : StripKey
        The strip it belongs to: one target on one membrane.
    membrane, target, sample, group, kind : str
    lane : int
    value : float
        Normalized density; NaN where there is none.
    detected, use : bool
    bound : str
    """

    unit: StripKey
    membrane: str
    target: str
    lane: int
    sample: str
    group: str
    kind: str
    value: float
    detected: bool
    use: bool
    bound: Bound = ""


@dataclass(frozen=True)
class Scale:
    """What the values of one target on one membrane are divided by; NaN with the reason."""

    factor: float
    bound: Bound = ""
    reason: str = ""


@dataclass(frozen=True)
class Scaling:
    """Scale of each strip, and one line each for the user."""

    scales: Mapping[StripKey, Scale]
    messages: tuple[str, ...] = ()


Units = Mapping[StripKey, Sequence[Reading]]
Method = Callable[[Units, NormalizationSettings], dict[StripKey, Scale]]


def scale_membranes(readings: Iterable[Reading], settings: NormalizationSettings) -> Scaling:
    """Factor of each target on each membrane, by the method that `settings.across` names.

    - ``none``: 1.
    - ``reference_sample``: geometric mean of the inter-blot control's lanes.
    - ``replicate_sum``: sum over the conditions that membranes share (Degasperi 2014, PLoS ONE
      9:e87293).
    - ``reference_group``: mean of the reference group's lanes.
    - ``alignment``: least squares over shared samples, see `align`.

    Lanes that a study leaves out have no say in a factor. A membrane without what its method needs
    gets NaN with the reason; it is never given another's factor.

    Parameters
    ----------
    readings : iterable of Reading
    settings : NormalizationSettings

    Raises
    ------
    RecipeError
        If the method needs a name that the settings do not give.
    """
    targets: dict[str, dict[StripKey, list[Reading]]] = {}
    for reading in readings:
        targets.setdefault(reading.target, {}).setdefault(reading.unit, []).append(reading)
    method = _method(settings)
    scales: dict[StripKey, Scale] = {}
    messages: dict[str, None] = {}
    for units in targets.values():
        ordered = {unit: sorted(units[unit], key=lambda r: r.lane) for unit in sorted(units)}
        found = method(ordered, settings)
        scales |= found
        messages |= dict.fromkeys(_constant(ordered, found, settings))
    return Scaling(scales, (*_lost(targets, scales), *_bounded(targets, scales), *messages))


def _method(settings: NormalizationSettings) -> Method:
    needs = {"reference_sample", "reference_group"}
    if settings.across in needs and not getattr(settings, settings.across).strip():
        raise RecipeError(
            f"normalization.across = {settings.across} needs normalization.{settings.across}: "
            "give its name"
        )
    return _METHODS[settings.across]


def _none(units: Units, settings: NormalizationSettings) -> dict[StripKey, Scale]:
    return dict.fromkeys(units, Scale(1.0))


def _reference_sample(units: Units, settings: NormalizationSettings) -> dict[StripKey, Scale]:
    name = settings.reference_sample.strip()
    return {
        unit: _reference(
            [r for r in readings if r.use and r.sample == name], f"sample '{name}'", _geometric
        )
        for unit, readings in units.items()
    }


def _reference_group(units: Units, settings: NormalizationSettings) -> dict[StripKey, Scale]:
    name = settings.reference_group.strip()
    return {
        unit: _reference(
            [r for r in _samples(readings) if r.group == name], f"group '{name}'", _arithmetic
        )
        for unit, readings in units.items()
    }


def _reference(
    readings: Sequence[Reading], what: str, mean: Callable[[Sequence[float]], float]
) -> Scale:
    """Mean of reference lanes; none where one of them has no sound value."""
    if not readings:
        return Scale(math.nan, reason=f"no lane of reference {what}")
    if not all(reading.detected for reading in readings):
        return Scale(math.nan, reason=f"reference {what} below detection")
    if not all(reading.value > 0 for reading in readings):
        return Scale(math.nan, reason=f"reference {what} without a value above 0")
    bound = product(*(reading.bound for reading in readings))
    return Scale(mean([reading.value for reading in readings]), bound)


def _replicate_sum(units: Units, settings: NormalizationSettings) -> dict[StripKey, Scale]:
    """Sum over the conditions of most membranes; repeats of one are averaged.

    Values below detection are in the sum as measured: around 0, and not biased.
    """
    key = _condition(units)
    sets = {unit: frozenset(map(key, _samples(readings))) for unit, readings in units.items()}
    count = Counter(sets.values())
    common = min(count, key=lambda one: (-count[one], len(one), sorted(one)), default=frozenset())
    return {unit: _sum(_samples(units[unit]), common, key) for unit in units}


def _sum(
    readings: Sequence[Reading], common: frozenset[str], key: Callable[[Reading], str]
) -> Scale:
    values: dict[str, list[float]] = {name: [] for name in common}
    for reading in readings:
        if key(reading) in common:
            values[key(reading)].append(reading.value)
    missing = sorted(name for name, some_values in values.items() if not some_values)
    if missing or not common:
        return Scale(math.nan, reason=f"without {', '.join(missing) or 'sample lanes'} to sum over")
    total = math.fsum(_arithmetic(values[name]) for name in sorted(values))
    if not total > 0:
        return Scale(math.nan, reason="the sum lacks a value or is not above 0")
    return Scale(total)


def _alignment(units: Units, settings: NormalizationSettings) -> dict[StripKey, Scale]:
    """By shared samples; by shared groups where samples connect fewer membranes."""
    keys: tuple[Callable[[Reading], str], ...] = (lambda r: r.sample, lambda r: r.group)
    best = max((align(_logs(units, key)) for key in keys), key=len)
    lost = Scale(math.nan, reason="no sample or group shared with the other membranes")
    return {unit: Scale(math.exp(best[unit])) if unit in best else lost for unit in units}


def _logs(units: Units, key: Callable[[Reading], str]) -> dict[StripKey, dict[str, float]]:
    logs: dict[StripKey, dict[str, float]] = {}
    for unit, readings in units.items():
        values: dict[str, list[float]] = {}
        for reading in _samples(readings):
            if key(reading) and reading.detected and reading.value > 0:
                values.setdefault(key(reading), []).append(reading.value)
        logs[unit] = log_means(values)
    return logs


_METHODS: dict[str, Method] = {
    "none": _none,
    "reference_sample": _reference_sample,
    "replicate_sum": _replicate_sum,
    "reference_group": _reference_group,
    "alignment": _alignment,
}


def _samples(readings: Iterable[Reading]) -> list[Reading]:
    """Lanes of samples that count; not standards, positive or negative controls."""
    return [reading for reading in readings if reading.use and reading.kind == "sample"]


def _condition(units: Units) -> Callable[[Reading], str]:
    """What the lanes of membranes are compared by: group, else sample, else lane."""
    readings = [reading for some_readings in units.values() for reading in _samples(some_readings)]
    if all(reading.group for reading in readings):
        return lambda reading: reading.group
    if all(reading.sample for reading in readings):
        return lambda reading: reading.sample
    return lambda reading: f"lane {reading.lane}"


def _geometric(values: Sequence[float]) -> float:
    if len(values) == 1:
        return values[0]
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def _arithmetic(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _lost(targets: Mapping[str, Units], scales: Mapping[StripKey, Scale]) -> Iterable[str]:
    """One line for each reason why there is no scale."""
    reasons: dict[str, set[str]] = {}
    for target, units in targets.items():
        for unit, readings in units.items():
            if scales[unit].reason:
                where = f"{target} on {readings[0].membrane or readings[0].unit.image}"
                reasons.setdefault(scales[unit].reason, set()).add(where)
    for reason, places in sorted(reasons.items()):
        yield f"no scaled densities of {some(places)}: {reason}"


def _bounded(targets: Mapping[str, Units], scales: Mapping[StripKey, Scale]) -> Iterable[str]:
    """One line for all scales that rest on a bound."""
    places = {
        f"{target} on {readings[0].membrane or unit.image}"
        for target, units in targets.items()
        for unit, readings in units.items()
        if scales[unit].bound
    }
    if places:
        yield (
            f"the reference is saturated, cut or otherwise a bound only in {some(places)}: so are "
            "all scaled densities there (see bounds)"
        )


def _constant(
    units: Units, scales: Mapping[StripKey, Scale], settings: NormalizationSettings
) -> Iterable[str]:
    """What scaling to a group does to a test on the scaled values."""
    if settings.across not in {"reference_group", "reference_sample"} or len(units) < 2:
        return
    groups: dict[str, list[list[float]]] = {}
    for unit, readings in units.items():
        scaled: dict[str, list[float]] = {}
        for reading in _samples(readings):
            value = reading.value / scales[unit].factor
            if reading.detected and value > 0:
                scaled.setdefault(reading.group, []).append(value)
        for group, values in scaled.items():
            groups.setdefault(group, []).append(values)
    for group, membranes in sorted(groups.items()):
        single = [values[0] for values in membranes if len(values) == 1]
        if len(single) > 1 and all(math.isclose(value, 1.0, rel_tol=1e-9) for value in single):
            yield (
                f"group '{group}' is 1 on every membrane after scaling, where it has one lane: it "
                "has no scatter left, and an unpaired test or ANOVA on scaled_density is not "
                "valid; pair by membrane, on the log scale"
            )
    if settings.across == "reference_group":
        yield (
            f"the mean of group '{settings.reference_group}' was set to 1 on every membrane: it is "
            "nearly constant, and an unpaired test against it claims too much; pair by membrane, "
            "on the log scale"
        )

"""Tables in, tables out: ratios with their error, values on one scale, bounds and flags."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from blotquant import registry
from blotquant.flags import Flag
from blotquant.names import target_key
from blotquant.normalize.across import Scaling, scale_membranes
from blotquant.normalize.carry_over import mark_carry_over
from blotquant.normalize.divisors import Divisor, Pairing
from blotquant.normalize.phospho import over_total
from blotquant.normalize.reading import read_strips
from blotquant.normalize.records import Record, table_of
from blotquant.normalize.reference import Reference
from blotquant.normalize.roles import Roles
from blotquant.normalize.strips import NO_SAMPLE, Strip, StripKey
from blotquant.recipe import Recipe

__all__ = ["Normalized", "NormalizedStrips", "normalize_strips", "normalize_tables", "ratio"]

_SHOWN = 3
# What a band's line says of its control; the control's other flags stand in the ratios' table.
_OF_THE_CONTROL = (
    Flag.NO_CONTROL | Flag.CONTROL_MISMATCH | Flag.CONTROL_SATURATED | Flag.CONTROL_BELOW_DETECTION
) | Flag.SEPARATE_GEL
_OF_THE_STUDY = Flag.CARRY_OVER | Flag.EXCLUDED

Ratio = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Normalized:
    """What normalizing gives.

    Parameters
    ----------
    bands : DataFrame
        The table given, its lines in their order, with `relative_density`, `normalized_density`,
        `normalized_density_measurement_se` and flags filled in for the bands of each target's row.
    table : DataFrame
        One line per target, membrane and lane, columns as in `NORMALIZED_COLUMNS`; empty where
        nothing was normalized.
    messages : tuple of str
        One line each, for the user.
    """

    bands: pd.DataFrame
    table: pd.DataFrame
    messages: tuple[str, ...] = ()


def normalize_tables(
    bands: pd.DataFrame,
    recipe: Recipe,
    lanes: pd.DataFrame | None = None,
    *,
    roles: Roles | None = None,
) -> Normalized:
    """Normalize the bands of a run.

    Parameters
    ----------
    bands : DataFrame
        Columns as in `blotquant.columns.BAND_COLUMNS`; it is not changed. The numbers do not
        depend on the order of its lines. A column `use` leaves lanes out where it is False.
    recipe : Recipe
        `recipe.normalization` names the method, the loading control and the reference lanes.
    lanes : DataFrame, optional
        Columns as in `blotquant.columns.LANE_COLUMNS`: gives total protein its lane totals, with
        their errors where there is a column `total_density_err`. Without it, the bands of a lane
        are summed.
    roles : Roles, optional
        What a study says its images show; membrane, target, sample, group and replicate in `bands`
        are then the study's. Without it, the names of images tell.

    Raises
    ------
    RecipeError
        If no normalizer has the name that the recipe gives, or a setting that it needs is empty.
    """
    strips, news = _strips(bands, lanes, roles)
    done = normalize_strips(strips, recipe, news)
    return Normalized(done.fill(bands), done.table, done.messages)


@dataclass(frozen=True, eq=False)
class NormalizedStrips:
    """What normalizing gives, before it is filled into the table of bands.

    Parameters
    ----------
    table : DataFrame
        As in `Normalized`.
    messages : tuple of str
        One line each, for the user.
    strips : mapping of str to list
        By image, its strips with their values.
    """

    table: pd.DataFrame
    messages: tuple[str, ...]
    strips: Mapping[str, Sequence[_Valued]]

    def fill(self, bands: pd.DataFrame) -> pd.DataFrame:
        """The table of bands that the strips were read from, with normalized densities.

        Parameters
        ----------
        bands : DataFrame
            Of all images, or of those that were read together: it is not changed.
        """
        filling = _Filling(bands)
        for image in dict.fromkeys(str(name) for name in bands["image"]):
            for one in self.strips.get(image, ()):
                filling.relative(one.strip, one.relative)
                if one.divisors:
                    filling.ratios(one.strip, one.divisors, one.ratios)
        return filling.done()


@dataclass(frozen=True, eq=False)
class _Valued:
    """A strip with its values in each lane; without ratios where it was not normalized."""

    strip: Strip
    relative: Sequence[float]
    divisors: Sequence[Divisor] = ()
    ratios: Sequence[Ratio] = ()


def normalize_strips(
    strips: Sequence[Strip], recipe: Recipe, news: Sequence[str] = ()
) -> NormalizedStrips:
    """Normalize strips that were read from one table of bands or from many.

    Parameters
    ----------
    strips : sequence of Strip
        As `read_strips` gives them, sorted by their keys.
    recipe : Recipe
    news : sequence of str
        Messages of the reading.

    Raises
    ------
    RecipeError
        As `normalize_tables`.
    """
    settings = recipe.normalization
    pairing: Pairing = registry.get("normalizers", settings.method)(strips, settings)
    pairing = over_total(strips, pairing)
    reference = Reference(settings.reference_lanes)
    shown, repeated = _best_of_each(strips)
    records: list[Record] = []
    spellings = _spellings(strips)
    valued: dict[str, list[_Valued]] = {}
    for strip in strips:
        mine = valued.setdefault(strip.image, [])
        over_lanes = reference.of(strip, [reading.net for reading in strip.readings])
        divisors = pairing.divisors.get(strip.key)
        if divisors is None:
            mine.append(_Valued(strip, over_lanes))
            continue
        ratios = [
            ratio(reading.net, reading.err, divisor.density, divisor.err)
            for reading, divisor in zip(strip.readings, divisors, strict=True)
        ]
        mine.append(_Valued(strip, over_lanes, divisors, ratios))
        relative = reference.of(strip, [value for value, _ in ratios])
        target = spellings[target_key(strip.target)]
        if strip.key in shown:
            records += _records(strip, target, divisors, ratios, relative)
    scaling: Scaling = scale_membranes((record.for_scale() for record in records), settings)
    messages = (
        *pairing.messages,
        *_ambiguous(strips),
        *reference.messages(),
        *news,
        *repeated,
        *scaling.messages,
    )
    return NormalizedStrips(table_of(records, scaling, settings.method), messages, valued)


def _strips(
    bands: pd.DataFrame, lanes: pd.DataFrame | None, roles: Roles | None
) -> tuple[tuple[Strip, ...], tuple[str, ...]]:
    """Strips of the run, and what the study leaves to be told of them."""
    strips = read_strips(bands, lanes, roles)
    if roles is None:
        return strips, ()
    read = {strip.key for strip in strips}
    missing = [
        f"{role.image} has no band for {role.target} (panel {role.panel}"
        + (f", row {role.row})" if role.row is not None else ")")
        for role in roles.strips
        if role.role != "ladder" and StripKey(role.image, role.panel, role.target) not in read
    ]
    strips, carried = mark_carry_over(strips, roles, lanes)
    return strips, (*missing, *roles.messages(), *carried)


def _best_of_each(strips: Sequence[Strip]) -> tuple[set[StripKey], tuple[str, ...]]:
    """In a study one picture of each target on each membrane counts: no sample comes in twice."""
    pictures: dict[tuple[object, str], list[Strip]] = {}
    for strip in strips:
        alone = strip.home if strip.role else strip.key
        pictures.setdefault((alone, target_key(strip.target)), []).append(strip)
    best = [
        min(some, key=lambda s: (s.saturated, -s.detected, s.key)) for some in pictures.values()
    ]
    lines = [
        f"{one.membrane} has several images of {one.target}: {one.image} was used"
        for one, some in zip(best, pictures.values(), strict=True)
        if len(some) > 1 and one.control is None
    ]
    return {strip.key for strip in best}, tuple(lines)


def ratio(
    target: float, target_err: float, control: float, control_err: float
) -> tuple[float, float]:
    r"""Target over control, and its standard error to first order.

    For independent errors of target :math:`t` and control :math:`c`,

    .. math:: \sigma_r = \frac{1}{|c|} \sqrt{\sigma_t^2 + r^2 \sigma_c^2}, \quad r = t / c,

    which is :math:`|r| \sqrt{(\sigma_t / t)^2 + (\sigma_c / c)^2}` and holds at :math:`t = 0` too.
    It leaves out the curvature of the quotient (which raises the expected ratio by the square of
    the control's relative error: 1 % at 10 %), errors that both share, as of a lane's width, and
    all that is not of the measurement: loading, transfer, antibody, biology.

    Returns
    -------
    (ratio, standard error) : tuple of float
        NaN where the control is NaN.
    """
    value = target / control
    return value, math.hypot(target_err, value * control_err) / abs(control)


class _Filling:
    """Columns of the table of bands as they fill up; the table itself is not touched."""

    def __init__(self, bands: pd.DataFrame) -> None:
        self._bands = bands
        self._flags = [Flag.parse(str(text)) for text in bands["flags"]]
        self._columns = {
            name: [math.nan] * len(bands)
            for name in (
                "relative_density",
                "normalized_density",
                "normalized_density_measurement_se",
            )
        }

    def relative(self, strip: Strip, values: Sequence[float]) -> None:
        """Net density over the reference lanes'; a lane's total belongs to none of its bands."""
        if not strip.row:
            return
        for reading, value in zip(strip.readings, values, strict=True):
            self._columns["relative_density"][reading.index] = value
            if strip.rivals and strip.target:
                self._flags[reading.index] |= Flag.AMBIGUOUS_ROW
            self._flags[reading.index] |= reading.flags & _OF_THE_STUDY

    def ratios(self, strip: Strip, divisors: Sequence[Divisor], ratios: Sequence[Ratio]) -> None:
        """Normalized densities, and what is to be said of them."""
        if not strip.row:
            return
        for reading, divisor, (value, error) in zip(strip.readings, divisors, ratios, strict=True):
            self._columns["normalized_density"][reading.index] = value
            self._columns["normalized_density_measurement_se"][reading.index] = error
            self._flags[reading.index] |= divisor.flags & _OF_THE_CONTROL

    def done(self) -> pd.DataFrame:
        """Copy of the table of bands with the columns filled in."""
        flags = [str(flags) for flags in self._flags]
        return self._bands.assign(
            **self._columns, flags=pd.Series(flags, self._bands.index, "object")
        )


def _records(
    strip: Strip,
    target: str,
    divisors: Sequence[Divisor],
    ratios: Sequence[Ratio],
    relative: Sequence[float],
) -> list[Record]:
    """Lines of normalized.csv for one strip."""
    lanes = zip(strip.readings, divisors, ratios, relative, strict=True)
    return [
        Record(strip, target, reading, divisor, value, error, over_reference)
        for reading, divisor, (value, error), over_reference in lanes
        if reading.kind not in NO_SAMPLE
    ]


def _spellings(strips: Iterable[Strip]) -> dict[str, str]:
    """One spelling for each target of the run: the most frequent one, so that membranes compare."""
    count = Counter(strip.target for strip in strips)
    spellings: dict[str, str] = {}
    for target in sorted(count, key=lambda target: (-count[target], target)):
        spellings.setdefault(target_key(target), target)
    return spellings


def _ambiguous(strips: Iterable[Strip]) -> tuple[str, ...]:
    """One line for all images in which another row might be the target."""
    doubtful = [
        f"{strip.image}: row {strip.row} was taken for {strip.target}, "
        f"but {_rows(strip.rivals)} could be it as well"
        for strip in strips
        if strip.rivals and strip.target
    ]
    if not doubtful:
        return ()
    more = len(doubtful) - _SHOWN
    told = "; ".join(doubtful[:_SHOWN]) + (f"; and {more} more images" if more > 0 else "")
    return (f"{told}. Give the other rows another target in the layout to decide",)


def _rows(rows: Sequence[int]) -> str:
    return f"row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows))}"

"""Tables in, tables out: ratios with their error, values relative to reference lanes, flags."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from blotquant import registry
from blotquant.columns import NORMALIZED_COLUMNS
from blotquant.flags import Flag
from blotquant.names import target_key
from blotquant.normalize.divisors import Divisor, Pairing
from blotquant.normalize.reference import Reference
from blotquant.normalize.strips import NO_SAMPLE, Strip, read_strips
from blotquant.recipe import Recipe

__all__ = ["Normalized", "normalize_tables", "ratio"]

_SHOWN = 3
_DTYPES = {"text": "object", "integer": "int64", "number": "float64", "boolean": "bool"}
# What a band's line says of its control; the control's other flags stand in the ratios' table.
_OF_THE_CONTROL = (
    Flag.NO_CONTROL | Flag.CONTROL_MISMATCH | Flag.CONTROL_SATURATED | Flag.CONTROL_BELOW_DETECTION
)
_OF_THE_LANE = ("lane_label", "sample", "group", "replicate")

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
    bands: pd.DataFrame, recipe: Recipe, lanes: pd.DataFrame | None = None
) -> Normalized:
    """Normalize the bands of a run.

    Parameters
    ----------
    bands : DataFrame
        Columns as in `blotquant.columns.BAND_COLUMNS`; it is not changed. The numbers do not
        depend on the order of its lines.
    recipe : Recipe
        `recipe.normalization` names the method, the loading control and the reference lanes.
    lanes : DataFrame, optional
        Columns as in `blotquant.columns.LANE_COLUMNS`: gives total protein its lane totals.
        Without it, the bands of a lane are summed.

    Raises
    ------
    RecipeError
        If no normalizer has the name that the recipe gives.
    """
    settings = recipe.normalization
    strips = read_strips(bands, lanes)
    pairing: Pairing = registry.get("normalizers", settings.method)(strips, settings)
    reference = Reference(settings.reference_lanes)
    filling = _Filling(bands)
    records: list[dict[str, Any]] = []
    spellings = _spellings(strips)
    for strip in strips:
        filling.relative(strip, reference.of(strip, [reading.net for reading in strip.readings]))
        divisors = pairing.divisors.get(strip.key)
        if divisors is None:
            continue
        ratios = [
            ratio(reading.net, reading.err, divisor.density, divisor.err)
            for reading, divisor in zip(strip.readings, divisors, strict=True)
        ]
        filling.ratios(strip, divisors, ratios)
        relative = reference.of(strip, [value for value, _ in ratios])
        target = spellings[target_key(strip.target)]
        records += _records(strip, target, divisors, ratios, relative)
    messages = (*pairing.messages, *_ambiguous(strips), *reference.messages())
    return Normalized(filling.done(), _table(records, bands), messages)


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
) -> list[dict[str, Any]]:
    """Lines of normalized.csv for one strip."""
    ambiguous = Flag.AMBIGUOUS_ROW if strip.rivals else Flag.NONE
    return [
        {
            "membrane": strip.membrane,
            "target": target,
            "lane": reading.lane,
            "index": reading.index,
            "row": strip.row,
            "loading_control": divisor.control,
            "net_density": reading.net,
            "net_density_err": reading.err,
            "control_density": divisor.density,
            "control_density_err": divisor.err,
            "normalized_density": value,
            "normalized_density_measurement_se": error,
            "relative_density": over_reference,
            "flags": str(reading.flags | divisor.flags | ambiguous),
            "image": strip.image,
            "control_image": divisor.image,
        }
        for reading, divisor, (value, error), over_reference in zip(
            strip.readings, divisors, ratios, relative, strict=True
        )
        if reading.kind not in NO_SAMPLE
    ]


def _table(records: list[dict[str, Any]], bands: pd.DataFrame) -> pd.DataFrame:
    """Table with the contract's columns and types: by membrane, target, image and lane."""
    texts = {name: bands[name].tolist() for name in _OF_THE_LANE}
    for record in records:
        record |= {name: values[record["index"]] for name, values in texts.items()}
    records.sort(key=_place)
    table = pd.DataFrame.from_records(
        records, columns=[column.name for column in NORMALIZED_COLUMNS]
    )
    return table.astype({column.name: _DTYPES[column.kind] for column in NORMALIZED_COLUMNS})


def _place(record: Mapping[str, Any]) -> tuple[Any, ...]:
    folder = record["image"].rpartition("/")[0]
    names = (folder, record["membrane"], record["target"], record["image"])
    return (*map(_natural, names), record["lane"])


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Sort key in which M2 comes before M10."""
    parts = re.findall(r"\d+|\D+", text)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in parts]


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

"""Lines of normalized.csv: a target in one lane, with what it was divided by and its scale."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from blotquant import tables
from blotquant.columns import NORMALIZED_COLUMNS
from blotquant.flags import Flag
from blotquant.normalize.across import Reading, Scale, Scaling
from blotquant.normalize.bounds import Bound, bound_of, inverse, product
from blotquant.normalize.divisors import Divisor
from blotquant.normalize.strips import LaneReading, Strip

__all__ = ["Record", "natural_order", "table_of"]


@dataclass(frozen=True)
class Record:
    """A target in one lane.

    Parameters
    ----------
    strip : Strip
    target : str
        As all membranes of the run spell it.
    reading : LaneReading
    divisor : Divisor
    value, err : float
        The ratio and its standard error.
    relative : float
        The ratio over that of the reference lanes.
    """

    strip: Strip
    target: str
    reading: LaneReading
    divisor: Divisor
    value: float
    err: float
    relative: float

    @property
    def bound(self) -> Bound:
        """What the ratio is for the true one."""
        return product(bound_of(self.reading.flags), inverse(self.divisor.bound))

    @property
    def limit(self) -> float:
        """Upper bound of the ratio where the target is below detection; NaN elsewhere.

        The measured ratio where it is higher than the smallest that would have been detected.
        """
        if self.reading.detected:
            return math.nan
        return max(self._smallest(), self.reading.net) / self.divisor.density

    def _smallest(self) -> float:
        """Smallest density that would have been detected; three standard errors if not known."""
        known = self.reading.limit
        return known if math.isfinite(known) else max(self.reading.net, 0.0) + 3 * self.reading.err

    def for_scale(self) -> Reading:
        """What scaling needs of it."""
        return Reading(
            unit=self.strip.key,
            membrane=self.strip.membrane,
            target=self.target,
            lane=self.reading.place + 1 if self.strip.role else self.reading.lane,
            sample=self.reading.sample.strip(),
            group=self.reading.group.strip(),
            kind=self.reading.kind,
            value=self.value,
            detected=self.reading.detected,
            use=self.reading.use,
            bound=self.bound,
        )

    def line(self, scale: Scale, method: str) -> dict[str, Any]:
        """The line, by column."""
        strip, reading, divisor = self.strip, self.reading, self.divisor
        flags = reading.flags | divisor.flags
        flags |= Flag.AMBIGUOUS_ROW if strip.rivals else Flag.NONE
        flags |= Flag.NO_SCALE if scale.reason else Flag.NONE
        return {
            "membrane": strip.membrane,
            "target": self.target,
            "lane": reading.lane,
            "lane_label": reading.label,
            "sample": reading.sample,
            "group": reading.group,
            "replicate": reading.replicate,
            "row": strip.row,
            "loading_control": divisor.control,
            "net_density": reading.net,
            "net_density_err": reading.err,
            "control_density": divisor.density,
            "control_density_err": divisor.err,
            "normalized_density": self.value,
            "normalized_density_measurement_se": self.err,
            "relative_density": self.relative,
            "flags": str(flags),
            "image": strip.image,
            "control_image": divisor.image,
            "technical": reading.technical,
            "lane_kind": reading.kind,
            "use": reading.use,
            "role": strip.role or strip.control or "target",
            "scaled_density": self.value / scale.factor,
            "scaled_density_limit": self.limit / scale.factor,
            "method": method,
            "bounds": product(self.bound, inverse(scale.bound)) if self.value == self.value else "",
        }


def table_of(records: Iterable[Record], scaling: Scaling, method: str) -> pd.DataFrame:
    """Table with the contract's columns and types: by membrane, target, image and lane.

    Parameters
    ----------
    records : iterable of Record
    scaling : Scaling
    method : str
        Name of the normalizer.
    """
    lines = [
        record.line(scaling.scales[record.strip.key], method)
        for record in sorted(records, key=_place)
    ]
    return tables.table_of(lines, NORMALIZED_COLUMNS)


def _place(record: Record) -> tuple[Any, ...]:
    image = record.strip.image
    names = (image.rpartition("/")[0], record.strip.membrane, record.target, image)
    return (*map(natural_order, names), record.reading.lane)


def natural_order(text: str) -> list[tuple[int, int, str]]:
    """Sort key in which M2 comes before M10."""
    parts = re.findall(r"\d+|\D+", text)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in parts]

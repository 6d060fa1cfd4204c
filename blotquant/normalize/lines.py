"""The lines of the table of bands, as far as normalizing needs them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from blotquant.flags import Flag
from blotquant.normalize.strips import LaneReading

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Line", "number_cell", "read_lines", "text_cell"]

_TEXTS = ["image", "membrane", "target", "lane_kind", "lane_label"]
_TEXTS += ["sample", "group", "replicate", "technical"]
_INTEGERS = ["panel", "lane", "row"]
_NUMBERS = ["net_density", "net_density_err", "detection_limit", "rf", "height"]


class Line(NamedTuple):
    """One line of the table of bands."""

    at: int
    image: str
    membrane: str
    target: str
    kind: str
    label: str
    sample: str
    group: str
    replicate: str
    technical: str
    panel: int
    lane: int
    row: int
    net: float
    err: float
    limit: float
    rf: float
    height: float
    flags: Flag
    use: bool

    def reading(self, place: int) -> LaneReading:
        """The band as its lane's reading."""
        return LaneReading(
            lane=self.lane,
            place=place,
            kind=self.kind,
            net=self.net,
            err=self.err,
            flags=self.flags,
            index=self.at,
            label=self.label,
            sample=self.sample,
            group=self.group,
            replicate=self.replicate,
            technical=self.technical,
            limit=self.limit,
            rf=self.rf,
            height=self.height,
            use=self.use,
        )


def read_lines(bands: pd.DataFrame) -> Iterator[Line]:
    """Lines of a table of bands, in its order.

    Parameters
    ----------
    bands : DataFrame
        Columns as in `blotquant.columns.BAND_COLUMNS`, and `use` where lanes are left out.
    """
    texts = ([text_cell(value) for value in bands[name].tolist()] for name in _TEXTS)
    integers = ([int(value) for value in bands[name].tolist()] for name in _INTEGERS)
    numbers = ([number_cell(value) for value in bands[name].tolist()] for name in _NUMBERS)
    flags = [Flag.parse(text_cell(value)) for value in bands["flags"].tolist()]
    use = bands["use"].tolist() if "use" in bands else [True] * len(bands)
    columns = (range(len(bands)), *texts, *integers, *numbers, flags, map(bool, use))
    return map(Line._make, zip(*columns, strict=True))


def text_cell(value: object) -> str:
    """Text of a cell; an empty cell read from a file is NaN."""
    return "" if value is None or isinstance(value, float) else str(value)


def number_cell(value: object) -> float:
    """Number of a cell; NaN where it is empty."""
    return math.nan if value is None else float(value)  # type: ignore[arg-type]  # cells of a number column

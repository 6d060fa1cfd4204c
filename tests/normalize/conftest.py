"""Tables of bands made by hand: one row of bands after the other."""

import json
import math

import pandas as pd
import pytest

from blotquant.columns import BAND_COLUMNS, LANE_COLUMNS

_TYPES = {"text": "object", "integer": "int64", "number": "float64"}
_EMPTY = {"text": "", "integer": 0, "number": math.nan}
LANE_LENGTH = 200.0


def bands_of(image, nets, *, errs=None, row=1, first=1, **cells):
    """Lines of one row of bands; a cell may be one value or one for each lane."""
    lines = []
    for place, net in enumerate(nets):
        line = {
            "image": image,
            "panel": 1,
            "lane": place + first,
            "lane_kind": "sample",
            "row": row,
            "net_density": net,
            "net_density_err": errs[place] if errs else 0.0,
            "detection_limit": 0.5,
            "rf": 0.5,
            "height": 20.0,
        }
        for name, value in cells.items():
            line[name] = value[place] if isinstance(value, list) else value
        lines.append(line)
    return lines


def frame(columns, lines):
    empty = {column.name: _EMPTY[column.kind] for column in columns}
    table = pd.DataFrame.from_records([empty | line for line in lines])
    return table.astype({column.name: _TYPES[column.kind] for column in columns})


def table_of(*strips):
    return frame(BAND_COLUMNS, [line for lines in strips for line in lines])


def lanes_of(image, count, *, errs=None, totals=None, panel=1, first=1, kinds=None):
    """Lines of the table of lanes."""
    path = json.dumps([[0.0, 5.0], [LANE_LENGTH, 5.0]])
    lines = [
        {
            "image": image,
            "panel": panel,
            "lane": lane + first,
            "lane_kind": kinds[lane] if kinds else "sample",
            "total_density": totals[lane] if totals else math.nan,
            "path": path,
        }
        for lane in range(count)
    ]
    return frame(LANE_COLUMNS, lines).assign(total_density_err=errs or [math.nan] * count)


@pytest.fixture(scope="session")
def bands():
    """Function that makes lines of one row of bands; see `bands_of`."""
    return bands_of


@pytest.fixture(scope="session")
def table():
    """Function that makes a table of them."""
    return table_of


@pytest.fixture(scope="session")
def lanes():
    """Function that makes a table of lanes; see `lanes_of`."""
    return lanes_of

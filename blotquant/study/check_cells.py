"""Cells of a sample sheet that cannot be read as what their column holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .cells import is_missing, is_number, text_of, whole_lane
from .problem import Problem, cell, sheet_name
from .samples import KINDS, SAMPLE_COLUMNS
from .text import did_you_mean, likeness

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_samples", "number_faults"]

_TEXTS = tuple(column.name for column in SAMPLE_COLUMNS if column.kind == "text")
_BROKEN = (
    *("#name?", "#ref!", "#value!", "#div/0!", "#num!", "#null!", "#n/a"),
    *("#bezug!", "#wert!", "#nv", "err:508", "err:509", "err:510"),
)
_MOSTLY = 0.75  # share of numbers from which a column is taken for one of numbers


def check_samples(table: pd.DataFrame) -> tuple[Problem, ...]:
    """Everything in single cells of a sample table that cannot be read, all at once.

    Parameters
    ----------
    table : DataFrame
        As from `blotquant.study.read_samples` with ``strict=False``, or made by hand.

    Returns
    -------
    tuple of Problem
        A lane or a use that is none, a kind that there is not, NaN, a spreadsheet's error codes,
        entries below no header.
    """
    return tuple(_cell_faults(table))


def number_faults(table: pd.DataFrame, column: str) -> Iterator[Problem]:
    """Cells of a column of numbers that hold none."""
    for position, value in enumerate(table[column].tolist()):
        text = text_of(value)
        if text and not (is_number(text) and "," not in text):
            hint = (
                "write a decimal point" if is_number(text) else "write a number or leave it empty"
            )
            yield _problem(table, position, column, f"'{text}' is not a number; {hint}")


def _cell_faults(table: pd.DataFrame) -> Iterator[Problem]:
    name = sheet_name(table)
    for row, message in table.attrs.get("faults", ()):
        yield Problem(name, f"row {row}", message)
    if not len(table):
        yield Problem(name, "", "has no rows; write one for each lane")
    for column in table.columns:
        for position, value in enumerate(table[column].tolist()):
            message = _fault(str(column), value)
            if message:
                yield _problem(table, position, str(column), message)
    yield from _odd_numbers(table)


def _fault(column: str, value: Any) -> str:
    """What is wrong with one cell; empty where nothing is."""
    text = text_of(value)
    if likeness(text) in _BROKEN:
        return (
            f"the spreadsheet's error {text}; if a text such as -80C was meant, "
            "type an apostrophe in front of it"
        )
    match column:
        case "lane":
            return "" if whole_lane(value) else _no_lane(text)
        case "use":
            known = isinstance(value, bool | np.bool_)
            return "" if known else f"'{text}' is neither yes nor no"
        case "kind" if text not in KINDS:
            return f"there is no kind '{text}'{did_you_mean(text, KINDS)}"
    if column in _TEXTS and (is_missing(value) or text.lower() == "nan"):
        return "holds NaN; write a name or leave it empty"
    return ""


def _no_lane(text: str) -> str:
    if not text:
        return "the lane is empty; lanes count from 1, left to right"
    return f"'{text}' is not a lane; lanes are whole numbers from 1, left to right"


def _odd_numbers(table: pd.DataFrame) -> Iterator[Problem]:
    """Free columns that hold numbers but for a few cells."""
    known = {column.name for column in SAMPLE_COLUMNS}
    for column in table.columns:
        texts = [text_of(value) for value in table[column].tolist() if text_of(value)]
        numbers = sum(is_number(text) and "," not in text for text in texts)
        if column not in known and len(texts) > 2 and _MOSTLY <= numbers / len(texts) < 1:
            for fault in number_faults(table, str(column)):
                yield Problem(fault.file, fault.place, fault.message, "warning")


def _problem(table: pd.DataFrame, position: int, column: str, message: str) -> Problem:
    return Problem(sheet_name(table), cell(table, position, column), message)

"""One cell of a sample sheet: what a spreadsheet made of it, and text that could be a formula."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time
from typing import Any

import numpy as np

from .text import cleaned, likeness

__all__ = [
    "NO",
    "YES",
    "guarded",
    "guarded_text",
    "is_missing",
    "is_number",
    "is_plain_number",
    "read_bool",
    "read_lane",
    "text_of",
    "unguarded",
    "whole_lane",
    "without_decimal_comma",
]

YES, NO = "yes", "no"
# English, German, French, Spanish, Italian, Dutch, Portuguese Excel, and what people write.
_TRUE = (
    *("true", "wahr", "vrai", "verdadero", "vero", "waar", "verdadeiro"),
    *("yes", "y", "ja", "j", "oui", "o", "si", "sí", "sim", "x", "✓", "✔", "1"),
)
_FALSE = (
    *("false", "falsch", "faux", "falso", "onwaar"),
    *("no", "n", "nein", "non", "nee", "não", "nao", "0"),
)
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d{0,13})(\.\d{0,8}[1-9])?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_WHOLE = re.compile(r"\+?(\d+)([.,]0*)?")
_STARTS = "=+-@"


def text_of(value: Any) -> str:
    """Text of a cell's value, however the spreadsheet stored it.

    Whole floats lose their ``.0``, truth is what English spreadsheets show, dates are ISO.

    Examples
    --------
    >>> text_of(3.0), text_of(0.1), text_of(None), text_of(" a "), text_of(True)
    ('3', '0.1', '', 'a', 'TRUE')
    """
    if isinstance(value, np.generic):
        value = value.item()
    if is_missing(value):
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return cleaned(str(value))


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, or what pandas has for them."""
    nothing = isinstance(value, float | np.floating) and math.isnan(value)
    return value is None or nothing or type(value).__name__ in ("NAType", "NaTType")


def guarded(text: str) -> str:
    """Text of a CSV cell that no spreadsheet takes for a formula; `unguarded` undoes it.

    An apostrophe goes in front of what begins with ``= + - @``, but for negative numbers.

    Examples
    --------
    >>> guarded("=x"), guarded("-80C"), guarded("-80"), guarded("a")
    ("'=x", "'-80C", '-80', 'a')
    """
    if text.startswith(tuple(_STARTS)) and not is_plain_number(text):
        return f"'{text}"
    return guarded_text(text)


def guarded_text(text: str) -> str:
    """Text of an XLSX cell, which is never a formula: only what looks guarded is guarded."""
    return f"'{text}" if text != unguarded(text) else text


def unguarded(text: str) -> str:
    """Text without the apostrophe that `guarded`, or somebody's hand, has put in front."""
    return text[1:] if text[:1] == "'" and text[1:2] and text[1] in _STARTS + "'" else text


def is_plain_number(text: str) -> bool:
    """Whether a spreadsheet can hold the text as a number and give the same text back."""
    return bool(_PLAIN_NUMBER.fullmatch(text)) and text != "-0" and _digits(text) <= 15


def is_number(text: str) -> bool:
    """Whether a text is a finite number, with decimal point or comma."""
    return bool(_NUMBER.fullmatch(text)) and math.isfinite(float(text.replace(",", ".")))


def without_decimal_comma(column: list[str]) -> list[str]:
    """A column whose numbers have decimal points; text among them stays.

    The column stays as it is where that would be a guess: numbers with a point stand beside those
    with a comma, or every comma may as well part thousands (``1,000``).
    """
    numbers = [text for text in column if is_number(text)]
    commas = [text for text in numbers if "," in text]
    if any("." in text for text in numbers) or all(map(_THOUSANDS.fullmatch, commas)):
        return column
    return [text.replace(",", ".") if text in commas else text for text in column]


def read_lane(text: str) -> int | None:
    """Number of a lane (``3``, ``3.0``, ``3,0``), None where it is none."""
    whole = _WHOLE.fullmatch(text)
    number = int(whole.group(1)) if whole and len(text) < 12 else 0
    return number or None


def whole_lane(value: Any) -> int | None:
    """Number of a lane in a table, which may hold it as a float; None where it is none."""
    return None if isinstance(value, str | bool) else read_lane(text_of(value))


def read_bool(text: str) -> bool | None:
    """Truth of a cell in the languages of the common spreadsheets, None where it cannot be told."""
    word = likeness(text)
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    number = word.replace(",", ".")
    return {"1.0": True, "0.0": False}.get(number)


def _digits(text: str) -> int:
    return sum(letter.isdigit() for letter in text)

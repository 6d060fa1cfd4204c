"""Text as people and spreadsheets write it: what cannot be seen goes, spellings are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["cleaned", "did_you_mean", "likeness"]

_INVISIBLE = {"Cc", "Cf", "Cs"}
_KEPT = {"\u200c", "\u200d"}  # joiners that some scripts need
_NOT_LETTERS = {"\ufffe", "\uffff"}  # no XML file can hold them
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")


def cleaned(text: str) -> str:
    r"""Text without what cannot be seen: every kind of space is one plain space, none at the ends.

    Non-breaking spaces, tabs and line breaks become spaces; byte-order marks, zero-width letters
    and control characters go. Spaces inside are neither joined nor removed.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> cleaned("\u00a0high\u00a0dose \ufeff")
    'high dose'
    """
    letters = []
    for letter in unicodedata.normalize("NFC", text):
        category = unicodedata.category(letter)
        if letter.isspace() or category == "Zs":
            letters.append(" ")
        elif letter in _KEPT or (category not in _INVISIBLE and letter not in _NOT_LETTERS):
            letters.append(letter)
    return unicodedata.normalize("NFC", "".join(letters)).strip()


def likeness(text: str) -> str:
    """What two names share that differ only by spaces, case, the kind of dash or a look-alike.

    Examples
    --------
    >>> likeness("High dose") == likeness("high  dose") == likeness("HIGHDOSE")
    True
    >>> likeness("+") == likeness("-")
    False
    """
    plain = unicodedata.normalize("NFKC", _DASHES.sub("-", text)).casefold()
    return "".join(letter for letter in plain if not letter.isspace())


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """End of a message: the nearest known name, else all of them; empty where none is known.

    Examples
    --------
    >>> did_you_mean("contrl", ["control", "treated"])
    " - did you mean 'control'?"
    """
    known = list(dict.fromkeys(known))
    close = get_close_matches(name, known, n=1)
    if not close:
        alike = {likeness(other): other for other in known}
        close = [alike[likeness(name)]] if likeness(name) in alike else []
    if close:
        return f" - did you mean '{close[0]}'?"
    return f" (known: {', '.join(known)})" if known else ""

"""The statistics of a study as sentences: what came out, for people who do not read tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from blotquant.html_report.numbers import shown
from blotquant.html_report.rounding import fold_text, p_text

__all__ = [
    "Conclusion",
    "Direction",
    "conclusion",
    "counted",
    "dose_sentence",
    "effect_sentence",
    "sentence_case",
    "statistic_text",
    "versus",
]

Record = Mapping[Any, Any]
Direction = Literal["rose", "fell", "changed", "unchanged", "bound", "described", "untested"]


@dataclass(frozen=True)
class Conclusion:
    """What came out for one target in one comparison.

    Parameters
    ----------
    target : str
    direction : Direction
        The answer in one word.
    text : str
        What follows the target's name in the sentence.
    detail : str
        Why it was not tested, what was dropped; empty where nothing is to be said.
    """

    target: str
    direction: Direction
    text: str
    detail: str = ""

    @property
    def sentence(self) -> str:
        """The whole sentence."""
        return f"{self.target} {self.text}."


def conclusion(record: Record, alpha: float = 0.05) -> Conclusion:
    """Conclusion from one row of statistics.csv.

    Parameters
    ----------
    record : mapping
        Keys as in `blotquant.columns.STATISTICS_COLUMNS`.
    alpha : float
        Level of significance, for the adjusted p value.

    Returns
    -------
    Conclusion
    """
    verdict, reason = _words(record, "verdict"), _words(record, "reason")
    target = _words(record, "target") or "All targets"
    p = _p(record)
    if verdict == "bound" and not math.isnan(_number(record, "fold_bound")):
        return Conclusion(target, "bound", _bound(record), sentence_case(reason))
    if verdict == "descriptive":
        text = f"was described, not tested: {_fold(record)}{_bracketed(_n(record))}"
        return Conclusion(target, "described", text, sentence_case(reason))
    if verdict != "tested" or math.isnan(p):
        return Conclusion(target, "untested", f"was not tested: {_because(reason, verdict)}")
    direction, text = _significant(record) if p < alpha else _unchanged(record, alpha)
    found = f"{text}{_bracketed(_interval(record), p_words(record, alpha), _n(record))}"
    return Conclusion(target, direction, found + _power(direction, record), sentence_case(reason))


def versus(record: Record) -> str:
    """What was compared with what: ``treated compared with control (time_h=24)``."""
    group, reference = _words(record, "group"), _words(record, "reference")
    name, condition = _words(record, "comparison"), _words(record, "condition")
    text = f"{group} compared with {reference}" if group else "All groups"
    text += f" ({condition})" if condition else ""
    return f"{name}: {text}" if name else text


def p_words(record: Record, alpha: float = 0.05) -> str:
    """Adjusted p value of a row, and the p value alone where they are on two sides of `alpha`."""
    p, adjusted = _number(record, "p"), _number(record, "p_adjusted")
    if math.isnan(adjusted) or not _is_adjusted(record):
        return p_text(_p(record), alpha)
    text = p_text(adjusted, alpha, name="adjusted p")
    return f"{text}, {p_text(p, alpha)} alone" if p < alpha <= adjusted else text


def effect_sentence(record: Record, alpha: float = 0.05) -> str:
    """Test of a whole effect, ``P53: effect of group: F(2, 12) = 5.10, p = 0.025`` and a stop."""
    target = _words(record, "target") or "All targets"
    said = statistic_text(record)
    p = p_text(_number(record, "p"), alpha)
    return f"{target}: effect of {_words(record, 'effect')}: {said}, {p}."


def statistic_text(record: Record) -> str:
    """Test statistic with its degrees of freedom: ``t(4) = 9.957``; empty where there is none."""
    value = _number(record, "statistic")
    if math.isnan(value):
        return ""
    known = [_number(record, name) for name in ("df", "df2")]
    df = ", ".join(f"{one:.4g}" for one in known if not math.isnan(one))
    name = _words(record, "statistic_name") or "statistic"
    return f"{name}{f'({df})' if df else ''} = {shown(value)}"


def dose_sentence(record: Record) -> str:
    """What a dose series came to, from one row of the table of doses."""
    verdict, reason = _words(record, "verdict"), _words(record, "reason")
    where = f" ({_words(record, 'condition')})" if _words(record, "condition") else ""
    who = f"{_words(record, 'target')}, by {_words(record, 'column')}{where}"
    over = f"{counted(int(_number(record, 'n_doses')), 'dose')}"
    n = f"n = {int(_number(record, 'n_replicates'))}"
    if verdict == "fitted":
        low, high = (_number(record, f"ec50_ci_{side}") for side in ("low", "high"))
        hill = shown(_number(record, "hill"), 2)
        return (
            f"{who}: EC50 {shown(_number(record, 'ec50'), 3)} (95 % CI {_end(low)} to {_end(high)}"
            f"), Hill slope {hill}, over {over}, {n}."
        )
    told = {"not reached": "EC50 not reached", "no response": "no response to the dose"}
    return f"{who}: {told.get(verdict, 'not fitted')}: {reason or 'no reason given'} ({over}, {n})."


def counted(count: int, noun: str) -> str:
    """``1 band``, ``2 bands``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def sentence_case(text: str) -> str:
    """The text as a sentence; empty stays empty."""
    if not text:
        return ""
    # names such as p-ERK1/2 stay as they are written; reasons begin with a plain word
    first = text.split(maxsplit=1)[0].rstrip(":,;") if text.split() else ""
    text = text[:1].upper() + text[1:] if first.isalpha() and len(first) > 1 else text
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _significant(record: Record) -> tuple[Direction, str]:
    fold = _number(record, "fold_change")
    if math.isnan(fold) or fold == 1:
        return "changed", "changed"
    text = fold_text(fold, apart=True)
    return ("rose", f"rose {text}-fold") if fold > 1 else ("fell", f"fell to {text}-fold")


def _unchanged(record: Record, alpha: float) -> tuple[Direction, str]:
    adjusting = _is_adjusted(record) and _number(record, "p") < alpha
    size = _number(record, "family_size")
    many = f" once adjusted for {int(size)} tests" if adjusting and size > 1 else ""
    return "unchanged", f"did not change detectably{many}: {_fold(record)}"


def _power(direction: Direction, record: Record) -> str:
    """What could have been seen, where nothing was."""
    fold = _number(record, "detectable_fold")
    if direction != "unchanged" or math.isnan(fold):
        return ""
    if math.isinf(fold):
        return "; no change of any size would have been seen with 80 % power"
    return f"; a {fold_text(fold, 'up')}-fold change would have been seen with 80 % power"


def _bound(record: Record) -> str:
    """``was at most 0.30-fold (treated below detection, n = 5)``: rounded away from the truth."""
    at_least = _words(record, "bound_side") == "at least"
    hidden = _words(record, "reference" if at_least else "group")
    text = fold_text(_number(record, "fold_bound"), "down" if at_least else "up")
    side = "at least" if at_least else "at most"
    below = f"{hidden} below detection" if hidden else "below detection"
    return f"was {side} {text}-fold{_bracketed(below, _n(record))}"


def _fold(record: Record) -> str:
    fold = _number(record, "fold_change")
    return "no fold" if math.isnan(fold) else f"{fold_text(fold)}-fold"


def _interval(record: Record) -> str:
    low, high = _number(record, "ci_low"), _number(record, "ci_high")
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"95 % CI {fold_text(low, apart=True)} to {fold_text(high, apart=True)}"


def _n(record: Record) -> str:
    """Biological replicates: of each group, or pairs."""
    pairs, one, other = (
        int(value) if not math.isnan(value) else 0
        for value in (_number(record, name) for name in ("n_pairs", "n_group", "n_reference"))
    )
    if pairs or one == other:
        return f"n = {pairs or one}"
    return f"n = {one} and {other}"


def _is_adjusted(record: Record) -> bool:
    return _words(record, "correction") not in ("", "none")


def _p(record: Record) -> float:
    adjusted = _number(record, "p_adjusted")
    return _number(record, "p") if math.isnan(adjusted) else adjusted


def _because(reason: str, verdict: str) -> str:
    return reason.rstrip(".") or f"no p value was found ({verdict or 'no verdict'})"


def _bracketed(*parts: str) -> str:
    return f" ({', '.join(part for part in parts if part)})" if any(parts) else ""


def _end(value: float) -> str:
    """End of an interval that may be open."""
    return "unknown" if math.isnan(value) else shown(value, 3)


def _words(record: Record, name: str) -> str:
    value = record.get(name)
    return value.strip() if isinstance(value, str) else ""


def _number(record: Record, name: str) -> float:
    value = record.get(name)
    try:
        return math.nan if value is None else float(value)
    except (TypeError, ValueError):  # pandas' own missing value
        return math.nan

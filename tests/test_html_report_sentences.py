"""What the report says of a test: every outcome in words, and never more than the numbers hold."""

import math
import re

import pandas as pd
import pytest

from blotquant.columns import STATISTICS_COLUMNS
from blotquant.html_report.rounding import fold_text, p_text
from blotquant.html_report.sentences import (
    conclusion,
    dose_sentence,
    effect_sentence,
    sentence_case,
    statistic_text,
    versus,
)


def row(**more):
    """A row of statistics.csv: P53 of the issue, tested and found to rise."""
    usual = {"text": "", "integer": 0, "number": math.nan, "boolean": False}
    empty = {column.name: usual[column.kind] for column in STATISTICS_COLUMNS}
    return empty | {
        "target": "P53", "group": "treated", "reference": "control", "pairing": "paired",
        "n_group": 5, "n_reference": 5, "n_pairs": 5, "fold_change": 2.0912, "ci_low": 1.7219,
        "ci_high": 2.5397, "statistic_name": "t", "statistic": 7.25, "df": 4.0, "p": 0.0011,
        "p_adjusted": 0.00304, "correction": "holm-sidak", "family_size": 8,
        "detectable_fold": 1.3333, "verdict": "tested",
    } | more  # fmt: skip


def sentence(**more):
    return conclusion(row(**more)).sentence


class TestConclusions:
    def test_a_rise(self):
        assert sentence() == (
            "P53 rose 2.09-fold (95 % CI 1.72 to 2.54, adjusted p = 0.003, n = 5)."
        )

    def test_a_fall_says_what_is_left(self):
        found = conclusion(row(fold_change=0.3194, ci_low=0.313, ci_high=0.326))
        assert found.direction == "fell"
        assert found.text.startswith("fell to 0.32-fold (95 % CI 0.31 to 0.33,")

    def test_no_change_tells_what_would_have_been_seen(self):
        said = sentence(
            fold_change=1.052, ci_low=0.926, ci_high=1.196, p=0.33, p_adjusted=0.33,
            detectable_fold=1.2,
        )  # fmt: skip
        assert said == (
            "P53 did not change detectably: 1.05-fold (95 % CI 0.93 to 1.20, adjusted p = 0.33, "
            "n = 5); a 1.20-fold change would have been seen with 80 % power."
        )

    def test_a_change_that_the_adjustment_takes_away_is_no_change_and_both_p_are_told(self):
        found = conclusion(row(p=0.034, p_adjusted=0.24))
        assert found.direction == "unchanged"
        assert "once adjusted for 8 tests" in found.text
        assert "adjusted p = 0.24, p = 0.034 alone" in found.text

    def test_significance_is_of_the_adjusted_p_and_the_declared_level(self):
        assert conclusion(row(p_adjusted=0.03)).direction == "rose"
        assert conclusion(row(p_adjusted=0.03), alpha=0.01).direction == "unchanged"

    def test_an_unadjusted_p_is_not_called_adjusted(self):
        assert ", p = 0.003," in sentence(correction="none", p=0.00304)

    def test_no_test_names_the_reason_and_no_p(self):
        found = conclusion(row(verdict="refused", reason="pairs share no membrane"))
        assert found.direction == "untested"
        assert found.sentence == "P53 was not tested: pairs share no membrane."

    def test_described_groups_have_a_fold_and_no_p(self):
        found = conclusion(row(verdict="descriptive", n_pairs=2, reason="n = 2: no test"))
        assert found.direction == "described"
        assert found.sentence == "P53 was described, not tested: 2.09-fold (n = 2)."
        assert found.detail == "n = 2: no test."

    @pytest.mark.parametrize(
        ("side", "bound", "text"),
        [
            ("at most", 0.2931, "was at most 0.30-fold (treated below detection, n = 5)"),
            ("at least", 3.349, "was at least 3.34-fold (control below detection, n = 5)"),
        ],
    )
    def test_a_bound_is_rounded_away_from_what_it_bounds(self, side, bound, text):
        found = conclusion(
            row(verdict="bound", fold_bound=bound, bound_side=side, fold_change=math.nan)
        )
        assert (found.direction, found.text) == ("bound", text)

    def test_unequal_groups_give_both_n(self):
        assert "n = 5 and 4)" in sentence(n_pairs=0, n_reference=4)

    def test_pairs_count_as_pairs(self):
        assert "n = 4)" in sentence(n_pairs=4, n_reference=6)

    def test_ranks_have_no_interval(self):
        said = sentence(ci_low=math.nan, ci_high=math.nan, reason="ranks give no interval")
        assert said == "P53 rose 2.09-fold (adjusted p = 0.003, n = 5)."

    @pytest.mark.parametrize("verdict", ["tested", "", "bound"])
    def test_without_a_p_value_nothing_is_claimed(self, verdict):
        found = conclusion(row(verdict=verdict, p=math.nan, p_adjusted=math.nan))
        assert found.direction == "untested"
        assert "p =" not in found.sentence

    def test_no_power_where_something_was_found(self):
        assert "power" not in sentence()

    def test_missing_values_of_pandas_are_no_numbers(self):
        found = conclusion(row(p_adjusted=pd.NA, p=None, fold_change=pd.NA))
        assert found.direction == "untested"

    def test_an_endless_detectable_fold(self):
        assert "no change of any size" in sentence(p_adjusted=0.5, detectable_fold=math.inf)


class TestRounding:
    @pytest.mark.parametrize(
        "p", [0.0, 1e-300, 1e-5, 9.9e-5, 1e-4, 4e-4, 9.9999e-4, 0.0499, 0.0499999, 0.9999, 1.0]
    )
    def test_p_is_never_0_and_never_1_and_never_crosses_the_level(self, p):
        text = p_text(p)
        assert not re.search(r"= (0\.0+|1(\.0*)?)$", text)
        if text.startswith("p = "):
            assert (float(text[4:]) < 0.05) == (p < 0.05)

    @pytest.mark.parametrize(
        ("p", "text"),
        [
            (0.05, "p = 0.050"), (0.0501, "p = 0.050"), (0.04996, "p = 0.04996"),
            (0.124, "p = 0.12"), (0.0016, "p = 0.002"), (0.00064, "p = 0.0006"),
        ],
    )  # fmt: skip
    def test_p(self, p, text):
        assert p_text(p) == text

    @pytest.mark.parametrize(
        ("fold", "text"),
        [(0.25, "0.25"), (1.0, "1.00"), (9.876, "9.88"), (12.34, "12.3"), (0.0321, "0.032"),
         (123.4, "123"), (1e-5, "0.000010"), (math.inf, "∞")],
    )  # fmt: skip
    def test_folds(self, fold, text):
        assert fold_text(fold) == text

    def test_a_limit_beside_1_does_not_seem_to_touch_it(self):
        said = sentence(ci_low=1.0032, ci_high=1.2)
        assert "95 % CI 1.003 to 1.20" in said

    def test_a_found_change_is_never_1_fold(self):
        assert "rose 1.004-fold" in sentence(fold_change=1.004)

    def test_a_number_of_two_decimals_is_not_rounded_on(self):
        assert fold_text(0.3, "up") == "0.30"


class TestOtherSentences:
    def test_what_was_compared(self):
        assert versus(row()) == "treated compared with control"
        named = row(comparison="24 h", condition="time_h=24")
        assert versus(named) == "24 h: treated compared with control (time_h=24)"

    def test_a_whole_effect(self):
        said = effect_sentence(
            row(effect="group", statistic_name="F", statistic=5.1, df=2, df2=12, p=0.025)
        )
        assert said == "P53: effect of group: F(2, 12) = 5.100, p = 0.025."

    def test_statistic_without_degrees_of_freedom(self):
        assert statistic_text(row(statistic_name="U", statistic=3.0, df=math.nan)) == "U = 3.000"
        assert statistic_text(row(statistic=math.nan)) == ""

    def test_dose_series(self):
        dose = {
            "target": "P53", "column": "dose", "condition": "", "n_doses": 6, "n_replicates": 4,
            "ec50": 2.5, "ec50_ci_low": 1.9, "ec50_ci_high": math.nan, "hill": 1.02,
            "verdict": "fitted", "reason": "",
        }  # fmt: skip
        assert dose_sentence(dose) == (
            "P53, by dose: EC50 2.50 (95 % CI 1.90 to unknown), Hill slope 1.0, over 6 doses, n = 4."
        )
        lost = dose | {"verdict": "not reached", "reason": "the curve is still rising"}
        assert "EC50 not reached: the curve is still rising" in dose_sentence(lost)
        assert "not fitted: too few" in dose_sentence(
            dose | {"verdict": "refused", "reason": "too few"}
        )

    @pytest.mark.parametrize(
        ("text", "said"),
        [("no value", "No value."), ("p-ERK1/2: gone.", "p-ERK1/2: gone."), ("", ""),
         ("n = 2: no test", "n = 2: no test.")],
    )  # fmt: skip
    def test_sentences_begin_large_and_names_stay(self, text, said):
        assert sentence_case(text) == said

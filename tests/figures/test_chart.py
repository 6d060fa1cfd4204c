"""What charts show: values from the tables, brackets over the bars they compare, round axes."""

import math

import numpy as np
import pandas as pd
import pytest

from blotquant.errors import StudyError
from blotquant.figures.brackets import brackets_of, p_text, place_brackets
from blotquant.figures.chart_data import chart_data
from blotquant.figures.labels import fit_labels, wrapped
from blotquant.figures.paper import text_mm
from blotquant.figures.representative import representative
from blotquant.figures.study_input import FigureOptions
from blotquant.figures.value_axis import value_axis

VALUES = {"P53": {"ctrl": [4.2, 2.5, 6.5], "drug": [8.7, 4.9, 13.1]}}


class TestData:
    def test_values_as_they_are(self, make):
        data = chart_data(make.tables(VALUES, "ctrl"), "P53", FigureOptions(relative=False))
        ctrl, drug = data.groups
        assert ctrl.center == pytest.approx(4.4)
        assert drug.high - drug.center == pytest.approx(np.std([8.7, 4.9, 13.1], ddof=1))
        assert [point.value for point in drug.points] == [8.7, 4.9, 13.1]

    def test_relative_values_keep_the_spread_of_the_reference(self, make):
        """One number for all: not the trap that sets every control to 1."""
        ctrl, drug = chart_data(make.tables(VALUES, "ctrl"), "P53", FigureOptions()).groups
        assert ctrl.center == pytest.approx(1)
        assert [point.value for point in ctrl.points] == pytest.approx(
            [4.2 / 4.4, 2.5 / 4.4, 6.5 / 4.4]
        )
        assert drug.center == pytest.approx(8.9 / 4.4)

    def test_a_log_axis_has_geometric_means_and_their_interval(self, make):
        tables = make.tables(VALUES, "ctrl")
        ctrl, drug = chart_data(tables, "P53", FigureOptions(log_axis=True)).groups
        assert ctrl.center == pytest.approx(1)
        assert drug.center == pytest.approx(2.01509, abs=1e-5)  # GraphPad Prism 8 guide
        row = tables.summary.iloc[1]
        assert drug.high / drug.center == pytest.approx(row.gm_ci_high / row.geometric_mean)

    def test_groups_stand_as_in_the_strip(self, make):
        data = chart_data(make.tables(VALUES, "ctrl"), "P53", FigureOptions(), ["drug", "ctrl"])
        assert [group.name for group in data.groups] == ["drug", "ctrl"]

    def test_one_replicate_has_no_spread(self, make):
        tables = make.tables({"P53": {"ctrl": [1.0], "drug": [2.0]}}, "ctrl")
        assert math.isnan(chart_data(tables, "P53", FigureOptions()).groups[1].high)

    def test_below_detection_stands_at_its_limit(self, make):
        tables = make.tables(VALUES, "ctrl")
        tables.replicates.loc[3, ["below_detection", "limit"]] = [True, 0.5]
        point = chart_data(tables, "P53", FigureOptions(relative=False)).groups[1].points[0]
        assert (point.value, point.below) == (0.5, True)

    def test_an_empty_cell_is_not_below_detection(self, make):
        tables = make.tables(VALUES, "ctrl")
        tables.replicates["below_detection"] = pd.array([pd.NA] * 6, dtype="boolean")
        data = chart_data(tables, "P53", FigureOptions())
        assert not any(point.below for group in data.groups for point in group.points)

    def test_an_unknown_target_is_named(self, make):
        with pytest.raises(StudyError, match="target 'PTEN' has no line in the summary"):
            chart_data(make.tables(VALUES, "ctrl"), "PTEN", FigureOptions())


class TestBrackets:
    def test_stars_stand_over_what_was_compared(self, make):
        data = chart_data(
            make.tables(VALUES, "ctrl", p={("P53", "drug"): 0.00052}), "P53", FigureOptions()
        )
        (bracket,) = brackets_of(data, FigureOptions())
        assert (bracket.first, bracket.last, bracket.text) == (0, 1, "***")

    def test_exact_p(self, make):
        data = chart_data(
            make.tables(VALUES, "ctrl", p={("P53", "drug"): 0.00052}), "P53", FigureOptions()
        )
        (bracket,) = brackets_of(data, FigureOptions(exact_p=True))
        assert bracket.text == "p = 0.00052"

    @pytest.mark.parametrize("verdict", ["descriptive", "refused", "bound"])
    def test_what_was_not_tested_has_none(self, make, verdict):
        tables = make.tables(VALUES, "ctrl", verdict=verdict)
        tables.statistics["stars"] = "****"
        assert brackets_of(chart_data(tables, "P53", FigureOptions()), FigureOptions()) == []

    def test_not_significant_is_said_where_there_is_room(self, make):
        p = {("P53", "drug"): 0.4}
        data = chart_data(make.tables(VALUES, "ctrl", p=p), "P53", FigureOptions())
        assert [b.text for b in brackets_of(data, FigureOptions())] == ["ns"]
        assert brackets_of(data, FigureOptions(show_ns=False)) == []

    def test_brackets_stand_over_bars_and_each_other(self, make):
        groups = ["a", "b", "c", "d"]
        pairs = [(y, x) for k, x in enumerate(groups) for y in groups[k + 1 :]]
        data = chart_data(
            make.tables(make.values(groups, ["P53"]), "a", pairs=pairs), "P53", FigureOptions()
        )
        brackets = brackets_of(data, FigureOptions())
        tops, centers = [3.0, 12.0, 5.0, 8.0], [5.0, 15.0, 25.0, 35.0]
        heights, top = place_brackets(brackets, tops, centers, 7.0)
        assert len(brackets) == 6
        for bracket, height in zip(brackets, heights, strict=True):
            assert height > max(tops[bracket.first : bracket.last + 1])
        for k, one in enumerate(brackets):
            for other, height in zip(brackets[:k], heights, strict=False):
                if one.first <= other.last and other.first <= one.last:
                    assert abs(heights[k] - height) > 2.5
        assert top > max(heights)

    def test_p_in_words(self):
        assert [p_text(p) for p in (0.25, 0.0004, 1e-9, math.nan)] == [
            "p = 0.250", "p = 0.00040", "p < 0.0001", "",
        ]  # fmt: skip


class TestAxis:
    def data(self, make, *values):
        tables = make.tables({"P53": {"ctrl": list(values), "drug": list(values)}}, "ctrl")
        return chart_data(tables, "P53", FigureOptions(relative=False))

    def test_it_starts_at_zero_and_holds_all(self, make):
        axis = value_axis(self.data(make, 0.2, 0.7, 1.3), log=False)
        assert axis.ticks[0] == 0
        assert axis.ticks[-1] >= 1.3
        assert len(axis.ticks) <= 6

    def test_large_numbers_have_their_power_once(self, make):
        axis = value_axis(self.data(make, 1.2e6, 2.5e6), log=False)
        assert axis.exponent == 6
        assert axis.texts == ("0", "1", "2", "3")

    def test_log_axis_doubles(self, make):
        axis = value_axis(self.data(make, 0.3, 1.0, 3.5), log=True)
        assert set(np.diff(np.log2(axis.ticks))) == {1.0}
        assert axis.fraction(axis.ticks[0]) == 0
        assert axis.fraction(math.sqrt(axis.ticks[0] * axis.ticks[-1])) == pytest.approx(0.5)

    @pytest.mark.parametrize("log", [False, True])
    @pytest.mark.parametrize("value", [0.0, math.nan, 1e-12, -3.0, 1e15])
    def test_any_value(self, make, value, log):
        axis = value_axis(self.data(make, value), log=log)
        assert axis.ticks[-1] > axis.ticks[0]


class TestLabels:
    def test_short_names_stay_level(self):
        assert fit_labels(["ctrl", "drug"], [10, 30], 7, (0, 40)).rotation == 0

    def test_long_names_wrap_before_they_turn(self):
        fit = fit_labels(["doxycycline 1 µM", "control"], [10, 30], 7, (0, 40))
        assert fit.texts[0] == "doxycycline\n1 µM"

    def test_names_that_cannot_wrap_lean_or_stand(self):
        fit = fit_labels(["doxycycline"] * 3, [20, 26, 32], 7, (0, 40))
        assert fit.rotation == 45
        assert fit_labels(["doxycycline"] * 3, [20, 26, 32], 7, (0, 40), lean=False).rotation == 90

    def test_level_names_keep_apart(self):
        fit = fit_labels(["untreated", "treated"], [10, 24], 7, (0, 34))
        widths = [text_mm(text, 7)[0] for text in fit.texts]
        assert fit.rotation == 0
        assert sum(widths) / 2 < 14

    def test_a_number_stays_with_its_unit(self):
        assert wrapped("dox 1 µM 24 h", 14, 7, 3) == "dox 1 µM\n24 h"


class TestRepresentative:
    def test_the_nearest_to_the_geometric_mean_is_taken(self, make):
        values = {"P53": {"ctrl": [1.0, 1.0, 1.0, 1.0], "drug": [4.0, 2.1, 1.0, 2.4]}}
        shown = representative(make.tables(values, "ctrl").replicates, "ctrl")
        folds = np.log2([4.0, 2.1, 1.0, 2.4])
        assert shown.replicate == f"R{np.abs(folds - folds.mean()).argmin() + 1}"
        assert shown.replicate in shown.rule

    def test_scale_of_a_membrane_does_not_matter(self, make):
        values = {"P53": {"ctrl": [1.0, 10.0, 3.0], "drug": [4.0, 20.0, 3.0]}}
        assert representative(make.tables(values, "ctrl").replicates, "ctrl").replicate == "R2"

    def test_one_blot_stands_for_all_targets(self, make):
        values = {
            "A": {"ctrl": [1.0] * 3, "drug": [2.0, 2.2, 6.0]},
            "B": {"ctrl": [1.0] * 3, "drug": [9.0, 2.2, 1.0]},
        }
        assert representative(make.tables(values, "ctrl").replicates, "ctrl").replicate == "R2"

    def test_a_replicate_that_lacks_a_target_comes_last(self, make):
        values = {
            "A": {"ctrl": [1.0] * 3, "drug": [2.0, 1.9, 2.3]},
            "B": {"ctrl": [1.0] * 3, "drug": [math.nan, 2.2, 1.0]},
        }
        assert representative(make.tables(values, "ctrl").replicates, "ctrl").replicate != "R1"

    def test_without_folds_none_is_named(self, make):
        tables = make.tables({"A": {"ctrl": [1.0], "drug": [2.0]}}, "ctrl")
        only = tables.replicates[tables.replicates.group == "drug"]
        shown = representative(only, "ctrl")
        assert (shown.replicate, shown.rule) == (
            "",
            "no replicate holds both a group and its reference",
        )

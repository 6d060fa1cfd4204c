"""The drawn figures: right label over right lane, nothing overlaps, files that do not change."""

import io
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from blotquant.figures import (
    FigureOptions,
    WholeBlot,
    control_figure,
    figure_bytes,
    forest_figure,
    grid_figure,
    panel_figure,
    panel_figures,
    save_figure,
    target_figure,
    uncropped_figures,
    uncropped_pdf,
)
from blotquant.figures.strip import cut_strip

LONG = ["NF-kB p65 (Ser536)", "phospho-ERK1/2 (Thr202/Tyr204)", "β-catenin", "P53"]
TREATED = ["vehicle", "doxycycline 1 µM", "dox + rapamycin"]
STYLES = ["prism", "nature", "minimal"]


def mm(figure):
    width, height = figure.get_size_inches() * 25.4
    return width, height


def pixels(figure, dpi=200):
    """Grey levels of the figure, and px for one mm."""
    import matplotlib.image

    picture = matplotlib.image.imread(io.BytesIO(figure_bytes(figure, "png", dpi=dpi)))
    return picture[:, :, :3].mean(axis=2), dpi / 25.4


def darkest(picture, figure, col, scale):
    """Of a column of the first strip, inside its frame: 0 (white) to 1."""
    *_, bottom, top = figure.axes[0].images[0].get_extent()
    inside = slice(round((top + 1) * scale), round((bottom - 1) * scale))
    return 1 - picture[inside, round(col)].min()


@pytest.fixture
def two(make):
    """Two groups of three lanes with planted darkness, and their tables."""
    groups = ["ctrl"] * 3 + ["drug"] * 3
    amounts = [0.2, 0.4, 0.6, 0.8, 1.0, 0.5]
    tables = make.tables(make.values(["ctrl", "drug"], ["P53"]), "ctrl")
    strip = make.strip(groups, amounts=amounts, samples=("A", "B", "C", "D", "E", "F"))
    return tables, strip, amounts


@pytest.fixture
def hard(make):
    """Long names, a table, a splice, an excluded lane, a loading control."""
    groups = [group for group in TREATED for _ in range(2)]
    more = {
        "count": 7,
        "lanes": [1, 2, 3, 5, 6, 7],
        "conditions": {
            "Doxycycline": ("-", "-", "+", "+", "+", "+"),
            "Rapamycin (nM)": ("-", "-", "-", "-", "100", "100"),
        },
        "excluded": frozenset({"l2"}),
    }
    strips = [make.strip(groups, target, **more) for target in [*LONG, "GAPDH"]]
    return make.tables(make.values(TREATED, LONG, n=4), "vehicle"), strips


class TestRightLaneUnderRightLabel:
    @pytest.mark.parametrize("width", [85.0, 180.0])
    def test_the_band_under_a_name_is_that_lanes(self, make, two, width):
        tables, strip, amounts = two
        figure = target_figure(tables, "P53", [strip], width=width)
        picture, scale = pixels(figure)
        names = make.texts(figure, "lane")
        assert [name for name, *_ in names] == list(strip.samples)
        for (_, x, _), amount in zip(names, amounts, strict=True):
            assert darkest(picture, figure, x * scale, scale) == pytest.approx(amount, abs=0.05)

    def test_names_follow_lanes_into_another_order(self, make, two):
        tables, strip, amounts = two
        order = [4, 0, 1]
        shown = replace(
            strip,
            lanes=tuple(strip.lanes[k] for k in order),
            samples=tuple(strip.samples[k] for k in order),
            groups=("drug", "ctrl", "ctrl"),
        )
        figure = target_figure(tables, "P53", [shown])
        picture, scale = pixels(figure)
        names = make.texts(figure, "lane")
        assert [name for name, *_ in names] == ["E", "A", "B"]
        for (_, x, _), k in zip(names, order, strict=True):
            assert darkest(picture, figure, x * scale, scale) == pytest.approx(amounts[k], abs=0.05)

    def test_bars_stand_under_their_groups_lanes(self, make, two):
        tables, strip, _ = two
        figure = target_figure(tables, "P53", [strip])
        over = {name: x for name, x, _ in make.texts(figure, "strip-group")}
        under = {name: x for name, x, _ in make.texts(figure, "group")}
        assert under == pytest.approx(over, abs=0.01)
        axes = figure.axes[1]
        bars = [bar.get_x() + bar.get_width() / 2 for bar in axes.patches]
        assert bars == pytest.approx([under["ctrl"], under["drug"]])

    def test_a_bar_is_as_high_as_its_mean(self, two):
        tables, strip, _ = two
        figure = target_figure(tables, "P53", [strip], FigureOptions(relative=False))
        axes = figure.axes[1]
        heights = [bar.get_height() for bar in axes.patches]
        assert heights == pytest.approx(list(tables.summary["mean"]))
        dots = [y for line in axes.lines if line.get_marker() == "o" for y in line.get_ydata()]
        assert sorted(dots) == pytest.approx(sorted(tables.replicates["value"]))

    def test_mixed_groups_have_evenly_spaced_bars(self, make, two):
        tables, strip, _ = two
        mixed = replace(strip, groups=("ctrl", "drug") * 3)
        figure = target_figure(tables, "P53", [mixed])
        assert len(make.texts(figure, "strip-group")) == 6
        assert [name for name, *_ in make.texts(figure, "group")] == ["ctrl", "drug"]

    def test_the_control_stands_lane_under_lane(self, make, two):
        tables, strip, _ = two
        control = make.strip(list(strip.groups), "b-actin", shape=(300, 640), amounts=[0.9] * 6)
        figure = panel_figure(tables, [strip, control])
        assert "b-actin" in [name for name, *_ in make.texts(figure, "kda")]
        first, second = (image.get_extent() for image in figure.axes[0].images)
        assert first[:2] == pytest.approx(second[:2])

    def test_a_control_of_another_membrane_is_not_shown(self, make, two):
        tables, strip, _ = two
        control = make.strip(list(strip.groups), "b-actin", membrane="M2")
        assert len(panel_figure(tables, [strip, control]).axes[0].images) == 1

    def test_a_splice_is_drawn_where_pieces_meet(self, make, two):
        tables, strip, _ = two
        spliced = make.strip(["ctrl", "ctrl", "drug"], count=6, lanes=[1, 2, 5])
        dashed = []
        for shown in (strip, spliced):
            lines = target_figure(tables, "P53", [shown]).axes[0].lines
            dashed.append([line for line in lines if line.is_dashed()])
        assert [len(lines) for lines in dashed] == [0, 1]
        images = target_figure(tables, "P53", [spliced]).axes[0].images
        assert dashed[1][0].get_xdata()[0] == pytest.approx(images[0].get_extent()[1])

    def test_an_excluded_lane_has_a_cross(self, make, two):
        tables, strip, _ = two
        figure = target_figure(tables, "P53", [replace(strip, excluded=frozenset({"l3"}))])
        ((_, x, _),) = make.texts(figure, "excluded")
        assert x == pytest.approx(make.texts(figure, "lane")[2][1])

    def test_the_table_says_what_was_done_to_each_lane(self, make, hard):
        tables, strips = hard
        figure = target_figure(tables, LONG[0], [strips[0]])
        words = [word for word, *_ in make.texts(figure, "condition")]
        minus = "\N{MINUS SIGN}"
        assert words == [
            *("Doxycycline", minus, minus, "+", "+", "+", "+"),
            *("Rapamycin (nM)", minus, minus, minus, minus, "100", "100"),
        ]


class TestNothingOverlaps:
    @pytest.mark.parametrize("style", STYLES)
    def test_panel(self, make, hard, style):
        tables, strips = hard
        for exact in (False, True):
            figure = panel_figure(tables, strips, FigureOptions(style=style, exact_p=exact))
            assert mm(figure)[0] == pytest.approx(180)
            assert make.overlapping(figure) == []

    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize("log_axis", [False, True])
    def test_one_target(self, make, hard, style, log_axis):
        tables, strips = hard
        options = FigureOptions(style=style, log_axis=log_axis)
        figure = target_figure(tables, LONG[1], [strips[1], strips[-1]], options)
        assert mm(figure)[0] == pytest.approx(85)
        assert make.overlapping(figure) == []

    @pytest.mark.parametrize("count", range(2, 7))
    def test_two_to_six_groups_all_compared(self, make, count):
        groups = ["0 h", "1 h", "2 h", "4 h", "24 h EGF", "starved overnight"][:count]
        pairs = [(y, x) for k, x in enumerate(groups) for y in groups[k + 1 :]]
        tables = make.tables(make.values(groups, ["P53", "PTEN"]), "0 h", pairs=pairs)
        strips = [make.strip(groups, target, slope=4.0) for target in ("P53", "PTEN")]
        for figure in (
            panel_figure(tables, strips, FigureOptions(exact_p=True)),
            target_figure(tables, "P53", strips[:1]),
            grid_figure(tables),
            forest_figure(tables.statistics),
        ):
            assert make.overlapping(figure) == []

    def test_twelve_targets_in_a_grid(self, make):
        targets = [f"{name} {k}" for k in range(3) for name in LONG]
        tables = make.tables(make.values(["control", "treated"], targets), "control")
        for style in STYLES:
            figure = grid_figure(tables, FigureOptions(style=style))
            assert mm(figure)[1] < 240
            assert make.overlapping(figure) == []
            for width in (85, 180):
                forest = forest_figure(tables.statistics, FigureOptions(style=style), width=width)
                assert mm(forest)[0] == pytest.approx(width)
                assert make.overlapping(forest) == []

    def test_many_lanes_fall_back_on_numbers(self, make):
        groups = ["ctrl"] * 12 + ["drug"] * 12
        tables = make.tables(make.values(["ctrl", "drug"], ["P53"]), "ctrl")
        names = tuple(f"patient {k} left" for k in range(24))
        strip = make.strip(groups, samples=names, shape=(160, 1600))
        figure = target_figure(tables, "P53", [strip])
        assert [name for name, *_ in make.texts(figure, "lane")][:3] == ["1", "2", "3"]
        assert make.overlapping(figure) == []

    def test_gaps_in_the_numbers(self, make):
        values = make.values(["untreated", "treated"], ["A", "B", "C"], n=3)
        values["A"]["treated"] = [math.nan] * 3
        values["B"]["treated"] = [0.5]
        values["C"] = {"untreated": [1.2e6, 1.5e6, 9e5], "treated": [3e6, 4e6, 8e6]}
        tables = make.tables(values, "untreated", verdict="descriptive")
        for options in (FigureOptions(relative=False), FigureOptions(log_axis=True)):
            figure = grid_figure(tables, options)
            assert [word for word, *_ in make.texts(figure, "no-value")] == ["n.d."]
            assert make.overlapping(figure) == []
            assert make.texts(figure, "stars") == []

    def test_text_is_never_smaller_than_5_pt(self, hard):
        tables, strips = hard
        for style in STYLES:
            figure = panel_figure(tables, strips, FigureOptions(style=style))
            assert min(text.get_size() for axes in figure.axes for text in axes.texts) >= 5

    def test_a_panel_that_is_too_high_takes_several_pages(self, make, hard):
        tables, strips = hard
        pages = panel_figures(tables, strips, most=100)
        assert len(pages) > 1
        titles = [word for page in pages for word, *_ in make.texts(page, "title")]
        assert titles == LONG


class TestForest:
    def marks(self, figure):
        return [line for line in figure.axes[1].lines if line.get_marker() == "s"]

    def test_marks_stand_at_the_folds(self, two):
        tables, _, _ = two
        (mark,) = self.marks(forest_figure(tables.statistics))
        assert mark.get_xdata()[0] == tables.statistics.fold_change[0]

    def test_only_what_is_significant_is_filled(self, make):
        values = make.values(["ctrl", "drug"], ["A", "B"])
        p = {("A", "drug"): 0.04, ("B", "drug"): 0.06}
        figure = forest_figure(make.tables(values, "ctrl", p=p).statistics)
        assert [mark.get_mfc() == "white" for mark in self.marks(figure)] == [False, True]

    def test_a_bound_is_said_and_has_an_arrow(self, two):
        statistics = two[0].statistics.copy()
        statistics.loc[0, ["fold_change", "ci_high"]] = math.nan
        statistics.loc[0, "ci_low"], statistics.loc[0, "verdict"] = 2.5, "bound"
        figure = forest_figure(statistics)
        words = [text.get_text() for text in figure.axes[0].texts]
        assert "≥ 2.50" in words
        assert "not tested" in words
        assert len(figure.axes[1].texts) == 1

    def test_an_empty_table_is_a_figure_too(self, two):
        assert forest_figure(two[0].statistics.iloc[:0]).axes


class TestControls:
    def frames(self):
        import pandas as pd

        rng = np.random.default_rng(3)
        values = [
            {
                "membrane": membrane, "target": target, "lane": lane, "loading_control": "b-actin",
                "group": "ctrl" if lane <= 4 else "drug", "control_density": scale * density,
            }
            for membrane, scale in (("M1", 10.0), ("M2", 4000.0))
            for lane, density in enumerate(rng.uniform(0.5, 1.5, 8), 1)
            for target in ("P53", "PTEN")
        ]  # fmt: skip
        row = {
            "control": "b-actin", "cv": 0.25, "group_effect_fold": 1.04, "group_p": 0.61,
            "verdict": "usable", "reason": "",
        }  # fmt: skip
        controls = [{"membrane": name, **row} for name in ("M1", "M2", "")]
        return pd.DataFrame(controls), pd.DataFrame(values)

    def test_each_lane_once_over_its_membranes_mean(self):
        controls, values = self.frames()
        axes = control_figure(controls, values).axes[1]
        dots = [line.get_ydata() for line in axes.lines if line.get_marker() in {"o", "s"}]
        assert [len(found) for found in dots] == [4, 4, 4, 4]
        assert np.mean(np.concatenate(dots[:2])) == pytest.approx(1)
        assert np.mean(np.concatenate(dots[2:])) == pytest.approx(1)

    def test_it_says_what_was_found(self, make):
        figure = control_figure(*self.frames())
        assert [word for word, *_ in make.texts(figure, "cv")] == ["CV 25 %"] * 2
        ((note, *_),) = make.texts(figure, "note")
        assert note == "CV 25 %; group effect 1.04-fold; p = 0.61; usable"
        assert make.overlapping(figure) == []


class TestUncropped:
    def whole(self, strip, **more):
        return WholeBlot("M1_P53.tif", strip.blot, strip.layout, "M1", "R1", (strip,), **more)

    def test_the_whole_picture_with_the_crop_framed(self, two):
        _, strip, _ = two
        (figure,) = uncropped_figures([self.whole(strip)])
        (image,) = figure.axes[0].images
        assert image.get_array().shape[:2] == strip.blot.shape
        left, right, bottom, top = image.get_extent()
        scale = (right - left) / strip.blot.shape[1]
        assert (bottom - top) / strip.blot.shape[0] == pytest.approx(scale)
        (frame,) = (box for box in figure.axes[0].patches if box.get_linestyle() != "-")
        (piece,) = cut_strip(strip).pieces
        assert (frame.get_x() - left) / scale == pytest.approx(piece.cols[0])
        assert (frame.get_y() - top) / scale == pytest.approx(piece.rows[0])
        assert frame.get_width() / scale == pytest.approx(piece.width)

    def test_every_membrane_is_there_on_as_many_pages_as_it_takes(self, make, two):
        whole = [self.whole(two[1]) for _ in range(9)]
        pages = uncropped_figures(whole)
        assert sum(len(page.axes[0].images) for page in pages) == 9
        assert len(pages) > 1
        for page in pages:
            assert make.overlapping(page) == []
        assert uncropped_pdf(whole).count(b"/Type /Page ") == len(pages)

    def test_large_pictures_are_brought_down(self, make):
        strip = make.strip(["a", "b"], shape=(400, 4000))
        (figure,) = uncropped_figures([self.whole(strip)])
        assert max(figure.axes[0].images[0].get_array().shape) == 1800


class TestFiles:
    def test_the_same_input_gives_the_same_bytes(self, two, tmp_path):
        tables, strip, _ = two
        written = []
        for name in ("a", "b"):
            paths = save_figure(target_figure(tables, "P53", [strip]), tmp_path / name)
            assert [path.name for path in paths] == [
                f"{name}.{kind}" for kind in ("svg", "pdf", "png")
            ]
            written.append([path.read_bytes() for path in paths])
        assert written[0] == written[1]

    def test_text_stays_text(self, make, two):
        tables, strip, _ = two
        figure = target_figure(tables, "P53", [replace(strip, label="$p_53$ <b>")])
        svg = figure_bytes(figure, "svg").decode()
        assert "$p_53$ &lt;b&gt;" in svg
        assert "'DejaVu Sans', Arial" in svg
        pdf = figure_bytes(figure, "pdf")
        assert b"/FontFile2" in pdf
        assert b"/Type3" not in pdf

    def test_a_strip_goes_into_the_svg_with_its_own_pixels(self, two):
        import base64

        import matplotlib.image

        tables, strip, _ = two
        svg = figure_bytes(target_figure(tables, "P53", [strip]), "svg").decode()
        (data,) = re.findall(r'xlink:href="data:image/png;base64,\s*([^"]+)"', svg)
        shown = matplotlib.image.imread(io.BytesIO(base64.b64decode(data)))
        (piece,) = cut_strip(strip).pieces
        grey = np.rint(shown[:, :, 0] * 255).astype(int)
        assert any((turned == piece.grey).all() for turned in (grey, grey[::-1]))

    def test_a_png_has_300_dpi_at_final_size(self, two):
        figure = target_figure(two[0], "P53", [two[1]])
        width = int.from_bytes(figure_bytes(figure, "png")[16:20], "big")
        assert width == pytest.approx(85 / 25.4 * 300, abs=1)

    def test_the_users_own_settings_change_nothing(self, two):
        import matplotlib as mpl

        tables, strip, _ = two
        before = figure_bytes(target_figure(tables, "P53", [strip]), "png")
        with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
            assert figure_bytes(target_figure(tables, "P53", [strip]), "png") == before

    def test_letters_that_the_font_lacks_do_no_harm(self, two):
        tables, strip, _ = two
        figure = target_figure(tables, "P53", [replace(strip, label="蛋白\x00\n质")])
        assert "蛋白 质" in figure_bytes(figure, "svg").decode()
        assert figure_bytes(figure, "pdf")


def test_the_look_for_overlap_finds_one(make, two):
    """Else the tests above could not fail."""
    figure = target_figure(two[0], "P53", [two[1]])
    first, second = figure.axes[0].texts[:2]
    second.set_position(first.get_position())
    assert (first.get_text(), second.get_text()) in make.overlapping(figure)
    first.set_position((-3.0, 5.0))
    assert (first.get_text(), "edge of the sheet") in make.overlapping(figure)

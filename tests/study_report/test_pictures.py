"""Figures as files: the right lanes over the right labels, safe names, and failures as warnings."""

import zipfile
from dataclasses import replace

import numpy as np
import pytest

from blotquant.figures import panel_figure
from blotquant.figures.strip import cut_strip
from blotquant.study import Comparison
from blotquant.study_report import drawing, write_figures, write_study_report
from blotquant.study_report.blots import shown_blot
from blotquant.study_report.figure_tables import figure_tables
from blotquant.study_report.strips import panel_strips

SHOWN = (1, 2, 3, 4, 6)  # lane 5 holds no sample


@pytest.fixture(scope="module")
def cut(planted):
    return panel_strips(planted.run, planted.run.study, figure_tables(planted.run.study))


@pytest.fixture(scope="module")
def written(planted, tmp_path_factory):
    out = tmp_path_factory.mktemp("written")
    return out, write_study_report(out, planted.run)


def density_at(axes_image, x):
    """Darkness of a strip on the sheet around a place, summed down the strip."""
    left, right, _, _ = axes_image.get_extent()
    pixels = 255.0 - np.asarray(axes_image.get_array())[:, :, 0]
    at = (x - left) / (right - left) * pixels.shape[1]
    if not 0 <= at < pixels.shape[1]:
        return None
    near = pixels[:, max(0, round(at) - 8) : round(at) + 8]
    return float((near - np.median(near, axis=0)).sum())


def test_the_panel_shows_the_right_lanes_over_the_right_labels(planted, cut):
    figure = panel_figure(
        figure_tables(planted.run.study).for_figures(planted.run.study), cut.strips
    )
    page = figure.axes[0]
    membrane = cut.strips[0].membrane
    amounts = planted.amounts[membrane, "P53"]
    first = min(page.images, key=lambda image: (image.get_extent()[0], image.get_extent()[3]))
    row = first.get_extent()[3]
    pieces = [image for image in page.images if image.get_extent()[3] == row]
    labels = [text for text in page.texts if text.get_gid() == "lane"]
    seen = {}
    for text in labels:
        for piece in pieces:
            found = density_at(piece, text.get_position()[0])
            if found is not None and text.get_text() not in seen:
                seen[text.get_text()] = found
    assert list(seen) == [f"{membrane}L{lane}" for lane in SHOWN]
    planted_here = [amounts[lane - 1] for lane in SHOWN]
    # what is seen under each label is what was planted in the lane of that name
    shares = np.array(list(seen.values())) / planted_here
    assert shares == pytest.approx(np.median(shares), rel=0.15)
    assert max(planted_here) > 2 * min(planted_here)


def test_strips_say_what_is_in_each_lane(planted, cut):
    strip = cut.strips[0]
    assert strip.target == "P53"
    assert strip.samples == tuple(f"{strip.membrane}L{lane}" for lane in SHOWN)
    assert strip.groups == ("control",) * 3 + ("treated",) * 2
    numbers = {lane.id: k for k, lane in enumerate(strip.layout.lanes, 1)}
    assert tuple(numbers[lane] for lane in strip.lanes) == SHOWN
    assert {numbers[lane] for lane in strip.excluded} == {2}
    assert len(cut_strip(strip).pieces) == 2  # spliced where lane 5 was
    assert strip.mw_kda == 53.0


def test_conditions_are_what_differs_between_lanes(cut):
    assert cut.strips[0].conditions == {"serum": ("+", "-", "+", "-", "-")}


def test_the_loading_control_of_the_membrane_comes_along(cut):
    assert [strip.target for strip in cut.strips] == ["P53", "p-ERK1/2", "b-actin"]
    assert len({strip.membrane for strip in cut.strips}) == 1
    assert [one.target for one in cut.of_target("p-ERK1/2", ("P53", "p-ERK1/2"))] == [
        "p-ERK1/2",
        "b-actin",
    ]


def test_the_replicate_shown_is_the_nearest_to_the_result(planted, cut):
    values = planted.run.study.replicates.set_index(["target", "group", "replicate"])["log2_value"]
    distance = {}
    for replicate in "123":
        folds = [
            [values[t, "treated", r] - values[t, "control", r] for r in "123"]
            for t in ("P53", "p-ERK1/2")
        ]
        own = [fold["123".index(replicate)] - np.mean(fold) for fold in folds]
        distance[replicate] = np.sqrt(np.mean(np.square(own)))
    best = min(distance, key=distance.get)
    assert cut.shown.replicate == best
    assert {strip.membrane for strip in cut.strips} == {f"M{best}"}


def test_everything_is_written(written):
    out, files = written
    assert files.warnings == []
    names = {path.relative_to(out).as_posix() for path in files.paths}
    figures = ("panel", "grid", "folds", "loading_controls", "targets/P53", "targets/p-ERK1_2")
    assert names == {
        *(f"figures/{name}.{kind}" for name in figures for kind in ("svg", "pdf", "png")),
        *("figures/legend.txt", "uncropped.pdf", "source_data.zip"),
        *("methods.md", "methods.txt", "checklist.md", "results.pzfx"),
    }
    assert {path for path in out.rglob("*") if path.is_file()} == set(files.paths)


def test_source_data_hold_every_blot_and_table(written, run):
    out, _ = written
    with zipfile.ZipFile(out / "source_data.zip") as archive:
        names = set(archive.namelist())
        raw = archive.read("raw/M1_P53.tif")
    assert raw == run.images[0].path.with_name("M1_P53.tif").read_bytes()
    for image in run.images:
        assert {f"raw/{image.image}", f"labelled/{image.image}.png"} <= names
    assert {"tables/statistics.csv", "tables/samples.csv"} <= names


def test_the_legend_says_what_is_shown_and_left_out(written):
    out, _ = written
    text = (out / "figures" / "legend.txt").read_text(encoding="utf-8")
    assert "lane 2 was left out: bubble over the lane." in text
    assert "n = 3 in each group" in text
    assert "Dashed lines mark" in text


def test_a_figure_that_fails_is_a_warning(run, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no ink\nleft")

    monkeypatch.delenv("BLOTQUANT_DEBUG", raising=False)
    monkeypatch.setattr(drawing, "forest_figure", broken)
    files = write_figures(tmp_path, run)
    assert files.warnings == ["figures/folds could not be made (RuntimeError: no ink left)"]
    assert (tmp_path / "figures" / "panel.svg").exists()


def test_a_raw_file_that_changed_is_not_shown_for_what_was_measured(run, tmp_path):
    first = run.images[0]
    known = dict(first.result.provenance)
    known["image"] = {**known["image"], "sha256": "0" * 64}
    changed = replace(first, result=first.result.replace(provenance=known))
    with pytest.raises(Exception, match="changed after it was measured"):
        shown_blot(changed, run.recipe)


def test_without_results_the_blots_are_there(run, tmp_path):
    empty = {
        name: getattr(run.study, name).iloc[:0] for name in ("statistics", "replicates", "summary")
    }
    files = write_figures(tmp_path, replace(run, study=replace(run.study, **empty)))
    assert files.warnings == []
    names = {path.name for path in files.paths}
    assert {"uncropped.pdf", "source_data.zip", "loading_controls.svg"} <= names
    assert not {"panel.svg", "grid.svg", "folds.svg"} & names


def test_conditions_of_comparisons_are_groups_of_the_figure(study):
    comparisons = tuple(
        Comparison(name=time, group=("treated",), reference="control", where={"time": time})
        for time in ("1", "2")
    )
    declared = study.study.model_copy(update={"comparison": comparisons})

    def twice(table):
        return [table.assign(condition=f"time={time}") for time in ("1", "2")]

    import pandas as pd

    tables = figure_tables(
        replace(
            study,
            study=declared,
            **{
                name: pd.concat(twice(getattr(study, name)), ignore_index=True)
                for name in ("statistics", "replicates", "summary")
            },
        )
    )
    assert tables.groups == (
        *("control, time=1", "treated, time=1"),
        *("control, time=2", "treated, time=2"),
    )
    assert tables.names.of_lane("treated", {"time": "2"}) == "treated, time=2"
    assert tables.names.of_lane("treated", {"time": "3"}) == ""

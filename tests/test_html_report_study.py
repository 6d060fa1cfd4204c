"""The report of a study: its story on one page, and nothing in a sheet that can run."""

import base64
import math
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blotquant.columns import (
    BAND_COLUMNS,
    CONTROL_COLUMNS,
    DOSES_COLUMNS,
    LANE_COLUMNS,
    NORMALIZED_COLUMNS,
)
from blotquant.flags import FLAG_MEANING, Flag
from blotquant.html_report import render_report, write_report
from blotquant.html_report.decision_table import DECISIONS, taken
from blotquant.html_report.study_figures import embedded
from blotquant.outcome import RunOutcome
from blotquant.recipe import Recipe
from blotquant.stats import Design, compare
from blotquant.study import Study
from blotquant.study_result import StudyResult
from blotquant.tables import empty_table

HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=1">',
    "' onmouseover='document.title=1",
    "</style><svg onload=document.title=1>",
    "{{ 7 * 7 }}{% raw %}",
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>top.x=1</script></svg>'
PNG = b"\x89PNG\r\n\x1a\n"
FOLDS = {"P53": 2.0, "ERK1/2": 1.0, "TERT": 0.25}


def filled(columns, rows):
    usual = {"text": "", "integer": 1, "number": math.nan, "boolean": True}
    return pd.DataFrame([{c.name: row.get(c.name, usual[c.kind]) for c in columns} for row in rows])


def values_of(folds, groups=("control", "treated"), n=4, **more):
    """Values of a target in both groups of every replicate: planted folds, a little scatter."""
    rng = np.random.default_rng(5)
    rows = []
    for target, fold in folds.items():
        for replicate in range(1, n + 1):
            level = rng.normal(0, 0.3)
            for place, group in enumerate(groups):
                value = math.exp(level + rng.normal(0, 0.05) + place * math.log(fold))
                rows.append(
                    {
                        "membrane": f"M{replicate}", "target": target, "lane": place + 1,
                        "sample": f"{group} {replicate}", "group": group, "technical": "1",
                        "replicate": str(replicate), "loading_control": "beta-actin",
                        "lane_kind": "sample", "role": "target", "net_density": value,
                        "normalized_density": value, "scaled_density": value, **more,
                    }
                )  # fmt: skip
    return filled(NORMALIZED_COLUMNS, rows)


def control(**more):
    return {
        "control": "beta-actin", "n_lanes": 8, "cv": 0.2, "verdict": "sound", "reason": "CV 20 %",
        "saturated_lanes": 0, "below_detection_lanes": 0, **more,
    }  # fmt: skip


def study_of(values=None, controls=None, pairing="paired", **more):
    """A study, tested by the program's own statistics."""
    controls = [control()] if controls is None else controls
    values = values_of(FOLDS) if values is None else values
    groups = tuple(dict.fromkeys(values["group"]))
    tree = {
        "title": "Drug on kinases", "question": "Which kinases change?", "pairing": pairing,
        "reference_group": groups[0], "replicate_unit": "independent culture",
        "image": [
            {"file": f"{n}.tif", "membrane": "M1", "target": target}
            for n, target in enumerate(dict.fromkeys(values["target"]))
        ],
    }  # fmt: skip
    done = compare(values, Design(reference_group=groups[0], groups=groups, pairing=pairing))
    return StudyResult(
        study=Study.parse(tree | more),
        samples=values[["membrane", "lane", "sample", "group", "replicate"]],
        bands=empty_table(BAND_COLUMNS),
        normalized=values,
        replicates=done.replicates,
        summary=done.summary,
        statistics=done.statistics,
        doses=done.doses,
        controls=filled(CONTROL_COLUMNS, list(controls)),
        decisions=done.decisions,
        warnings=done.warnings,
    )


def run_of(study, **more):
    return RunOutcome(
        (),
        empty_table(BAND_COLUMNS),
        empty_table(LANE_COLUMNS),
        study.normalized if study else empty_table(NORMALIZED_COLUMNS),
        (),
        Recipe(),
        study=study,
        **more,
    )


class Page(HTMLParser):
    """Elements and texts of a page, by section."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.source, self.elements, self.sections = source, [], {}
        self._section, self._deaf = "", False
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._deaf = tag in ("style", "script")
        if tag == "section":
            self._section = dict(attrs)["id"]

    def handle_endtag(self, tag):
        self._deaf = False

    def handle_data(self, data):
        if not self._deaf:
            self.sections[self._section] = self.sections.get(self._section, "") + data

    def __getitem__(self, section):
        return " ".join(self.sections[section].split())

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def page_of(study, **more):
    return Page(render_report(run_of(study, **more)))


class TestStory:
    def test_title_and_question_stand_on_top(self):
        page = page_of(study_of())
        assert "Drug on kinases" in page[""]
        assert "Which kinases change?" in page[""]

    def test_every_target_has_its_sentence_in_the_order_of_the_study(self):
        said = page_of(study_of())["outcome"]
        for words in ("P53 rose", "ERK1/2 did not change detectably", "TERT fell to 0.2"):
            assert words in said
        assert said.index("P53") < said.index("ERK1/2") < said.index("TERT")
        assert "treated compared with control" in said

    def test_the_sentence_carries_the_numbers_of_the_table(self):
        study = study_of()
        row = study.statistics.set_index("target").loc["P53"]
        said = page_of(study)["outcome"]
        assert f"P53 rose {row['fold_change']:.2f}-fold" in said
        assert f"95 % CI {row['ci_low']:.2f} to {row['ci_high']:.2f}" in said

    def test_a_target_without_a_result_is_named(self):
        lost = {"file": "x.tif", "membrane": "M1", "target": "Lost1"}
        study = study_of()
        tree = study.study.model_dump(mode="json") | {"image": [lost]}
        page = page_of(replace(study, study=Study.parse(tree)))
        assert "No result: Lost1." in page["outcome"]

    def test_below_detection_is_a_bound_and_a_flag(self):
        values = values_of({"P53": 0.2})
        hidden = values["group"] == "treated"
        values.loc[hidden, "flags"] = "BELOW_DETECTION"
        values.loc[hidden, "scaled_density_limit"] = 0.3
        page = page_of(study_of(values))
        assert re.search(r"P53 was at most 0\.\d+-fold \(treated below detection", page["outcome"])
        assert "below detection" in page["statistics"]

    def test_undeclared_pairing_is_described_and_not_tested(self):
        page = page_of(study_of(pairing="unknown"))
        assert "P53 was described, not tested" in page["outcome"]
        assert "adjusted p" not in page["outcome"]
        assert "pairing is not declared" in page["look"]

    def test_a_flag_under_a_conclusion_stands_beside_it_and_among_the_worries(self):
        values = values_of(FOLDS)
        values.loc[values["target"] == "P53", "flags"] = "SATURATED"
        page = page_of(study_of(values))
        assert "saturated" in page["outcome"]
        assert FLAG_MEANING[Flag.SATURATED] in page["look"]
        assert "Under the conclusion on P53." in page["look"]

    @pytest.mark.parametrize(
        ("of_band", "of_ratio", "said"),
        [
            ("SATURATED", "CONTROL_SATURATED", "Under the conclusions on P53, ERK1/2, TERT."),
            ("ARTEFACT", "", "1 band of 1."),
        ],
    )
    def test_a_flag_of_the_controls_band_is_no_mere_remark(self, of_band, of_ratio, said):
        study = study_of(values_of(FOLDS, flags=of_ratio, control_image="M1_actin.tif"))
        band = {"image": "M1_actin.tif", "flags": of_band}
        page = Page(render_report(replace(run_of(study), bands=filled(BAND_COLUMNS, [band]))))
        told = page["look"].partition(FLAG_MEANING[Flag[of_band]])[2]
        assert said in told
        assert "No conclusion rests on these." not in told

    @pytest.mark.parametrize(("fold", "told"), [(1.25, True), (2.0, False)])
    @pytest.mark.parametrize("image", ["target.tif", "actin.tif"])
    def test_a_difference_within_the_spread_of_the_methods_is_a_worry(self, fold, told, image):
        values = values_of({"P53": fold}, image="target.tif", control_image="actin.tif")
        study = study_of(values)
        assert (study.statistics["p_adjusted"] < 0.05).any()
        bands = [
            {"image": image, "lane": lane, "net_density": 100.0, "method_spread": 40.0}
            for lane in (1, 2)
        ]
        page = page_of(replace(study, bands=filled(BAND_COLUMNS, bands)))
        assert ("moves a ratio by 40 %, more than the groups differ" in page["look"]) is told

    def test_a_flag_that_no_conclusion_rests_on_is_a_remark(self):
        band = {"image": "ladder.tif", "flags": "SATURATED"}
        run = replace(run_of(study_of()), bands=filled(BAND_COLUMNS, [band]))
        page = Page(render_report(run))
        assert "1 remark" in page["look"]
        assert "1 band of 1." in page["look"]
        assert "No conclusion rests on these." in page["look"]

    def test_a_doubtful_control_stands_beside_each_result_it_divides(self):
        bad = control(membrane="M2", verdict="doubtful", reason="CV over lanes 70 %")
        page = page_of(study_of(controls=(control(), bad)))
        assert page["outcome"].count("sound over all; M2 doubtful") == 3
        assert "beta-actin on M2 is doubtful: CV over lanes 70 %" in page["look"]
        assert "It divides P53, ERK1/2, TERT." in page["look"]

    def test_a_control_that_nobody_judged_is_said_to_be_so(self):
        assert page_of(study_of(controls=()))["outcome"].count("beta-actin: not judged") == 3

    def test_decisions_and_exclusions_say_how_sure(self):
        out = [{"membrane": "M1", "lane": 2, "reason": "a bubble"}]
        study = study_of(exclude=out)
        page = page_of(study)
        for said in study.decisions:
            assert said in page["sure"]
        assert "Left out by the study: M1, lane 2: a bubble." in page["sure"]
        assert "independent culture" in page["sure"]

    def test_every_warning_is_told_once(self):
        study = replace(study_of(), warnings=("blots are to come", "normalized to beta-actin"))
        page = page_of(study, figures={})
        assert page["look"].count("Blots are to come.") == 1
        assert page["look"].count("Normalized to beta-actin.") == 1

    def test_nothing_compared_is_said(self):
        study = study_of()
        nothing = replace(
            study,
            **{
                name: getattr(study, name).iloc[:0]
                for name in ("statistics", "summary", "replicates", "controls", "normalized")
            },
            warnings=("no target has a value, so nothing was compared",),
        )
        page = page_of(nothing)
        assert "Nothing was compared." in page["outcome"]
        assert "No target has a value" in page["look"]

    def test_dose_series_have_a_sentence_and_a_table(self):
        dose = {
            "target": "P53", "column": "dose", "n_doses": 6, "n_replicates": 4, "ec50": 2.5,
            "ec50_ci_low": 2.0, "ec50_ci_high": 3.0, "hill": 1.0, "verdict": "fitted",
        }  # fmt: skip
        page = page_of(replace(study_of(), doses=filled(DOSES_COLUMNS, [dose])))
        assert "EC50 2.50 (95 % CI 2.00 to 3.00)" in page["outcome"]
        assert "EC50" in page["statistics"]

    def test_tables_sort_by_the_numbers_and_not_by_their_text(self):
        study = study_of()
        page = page_of(study)
        titles = [
            float(a["title"]) for a in page.all("td") if re.match(r"[\d.e-]+$", a.get("title", ""))
        ]
        for p in study.statistics["p"]:
            assert min(abs(title / p - 1) for title in titles) < 1e-8

    def test_what_all_rows_share_is_told_once(self):
        said = page_of(study_of())["statistics"]
        assert "In all rows: group treated · reference control · test ratio-paired t test" in said
        assert said.count("ratio-paired") == 1

    def test_a_run_without_a_study_has_no_story(self):
        page = page_of(None)
        assert "outcome" not in page.sections


class TestDecisionTable:
    @pytest.mark.parametrize(
        ("pairing", "groups", "place"),
        [
            ("unknown", ("a", "b"), 0),
            ("paired", ("a", "b"), 1),
            ("independent", ("a", "b"), 3),
            ("paired", ("a", "b", "c"), 4),
            ("independent", ("a", "b", "c"), 5),
        ],
    )
    def test_it_marks_what_the_statistics_took(self, pairing, groups, place):
        study = study_of(values_of(FOLDS, groups), pairing=pairing)
        assert taken(study) == (DECISIONS[place],)

    def test_one_membrane(self):
        values = values_of(FOLDS, membrane="M1")
        assert taken(study_of(values, pairing="independent")) == (DECISIONS[2],)

    def test_a_declared_test_is_none_of_them(self):
        assert taken(study_of(statistics={"test": "ratio_paired"})) == ()


class TestFigures:
    def test_they_are_pictures_in_the_page(self):
        page = page_of(study_of(), figures={"panel": SVG, "folds": PNG, "target:P53": SVG})
        shown = [a["src"] for a in page.all("img")]
        assert [uri.partition(";")[0] for uri in shown] == [
            "data:image/svg+xml", "data:image/png", "data:image/svg+xml",
        ]  # fmt: skip
        assert base64.b64decode(shown[0].partition(",")[2]) == SVG
        assert "Panel" in page["figures"]
        assert "1 single figure" in page["figures"]

    def test_without_figures_there_is_no_empty_section(self):
        assert "figures" not in page_of(study_of()).sections

    def test_the_grid_steps_back_behind_the_panel(self):
        both = embedded({"grid": SVG, "panel": SVG})
        assert [len(both.main), len(both.single)] == [1, 1]
        assert len(embedded({"grid": SVG}).main) == 1

    def test_an_unknown_figure_is_shown_under_its_name(self):
        assert embedded({"dose P53": SVG}).main[0].caption == "dose P53"

    def test_an_svg_has_the_size_of_its_drawing(self):
        drawn = b'<?xml version="1.0"?><svg xmlns="x" height="9pt" width="510pt"></svg>'
        assert embedded({"panel": drawn}).main[0].width == 850
        assert embedded({"panel": PNG}).main[0].width is None

    def test_other_bytes_are_refused(self):
        with pytest.raises(ValueError, match="panel"):
            embedded({"panel": b"%PDF-1.4"})


def hostile_study():
    """Every text that a sheet or a study file can hold, hostile."""
    a, b, c, d, e = HOSTILE
    values = values_of({a: 2.0, b: 1.0}, (c, d), loading_control=e)
    study = study_of(
        values,
        controls=(control(control=e, verdict="doubtful", reason=a, membrane=b),),
        title=a,
        question=b,
        replicate_unit=c,
        exclude=[{"membrane": a, "lane": 1, "reason": b}],
    )
    table = study.statistics.assign(reason=a, comparison=b, condition=c, test=d)
    return replace(study, statistics=table, warnings=HOSTILE, decisions=HOSTILE)


class TestSafety:
    def test_texts_are_only_text(self):
        page = page_of(hostile_study(), figures={f"target:{name}": SVG for name in HOSTILE})
        assert len(page.all("script")) == 1
        assert len(page.all("style")) == 1
        assert not [name for _, attrs in page.elements for name in attrs if name[:2] == "on"]
        assert all(a["src"].startswith("data:image/") for a in page.all("img"))
        whole = "".join(page.sections.values())
        for text in HOSTILE:
            assert text in whole

    def test_links_lead_somewhere(self):
        page = page_of(hostile_study(), figures={"panel": SVG})
        ids = [a["id"] for _, a in page.elements if "id" in a]
        assert len(ids) == len(set(ids))
        assert {a["href"][1:] for a in page.all("a")} <= set(ids)

    def test_nothing_is_loaded_from_elsewhere(self):
        source = page_of(study_of(), figures={"panel": SVG}).source
        assert not re.search(r"""(src|href)=["'](?!data:|#)""", source)


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
PROBE = """<script>
addEventListener("load", () => {
  const said = document.body.dataset, root = document.documentElement;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const head = all("#statistics th button").find((one) => one.textContent === "p");
  const table = head.closest("table"), column = head.closest("th").cellIndex;
  head.click();
  const p = [...table.tBodies[0].rows].map((row) => Number(row.cells[column].title));
  said.sorted = String(p.length > 2 && p.every((value, n) => n === 0 || p[n - 1] <= value));
  said.wide = String(root.scrollWidth > root.clientWidth);
  said.width = String(root.clientWidth);
  dispatchEvent(new Event("beforeprint"));
  said.unfolded = String(all("details.printed").every((one) => one.open));
  said.pictures = String([...document.images].every((one) => one.naturalWidth > 0));
});
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH to open the report with")
class TestInABrowser:
    def browse(self, path, tmp_path, *more):
        command = [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--disable-quic", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--no-first-run", f"--user-data-dir={tmp_path / 'profile'}",
            "--enable-logging=stderr", "--virtual-time-budget=3000", *more, Path(path).as_uri(),
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)

    def test_hostile_texts_run_nothing(self, tmp_path):
        figures = {"panel": SVG, **{f"target:{name}": SVG for name in HOSTILE}}
        path = write_report(tmp_path, run_of(hostile_study(), figures=figures))
        seen = self.browse(path, tmp_path, "--dump-dom")
        assert "CONSOLE" not in seen.stderr
        title = re.search(r"<title>(.*?)</title>", seen.stdout)[1]
        assert title.startswith("&lt;script&gt;")

    @pytest.mark.parametrize("width", [400, 1280])
    def test_it_fits_sorts_and_unfolds(self, tmp_path, width):
        """In a frame, as a window of a headless browser is never as narrow as a telephone."""
        source = write_report(tmp_path, run_of(study_of(), figures={"panel": SVG})).read_text(
            "utf-8"
        )
        source = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", source)
        source = source.replace("</body>", PROBE + "</body>")
        path = tmp_path / "frame.html"
        echo = 'onload="document.body.append(JSON.stringify(this.contentDocument.body.dataset))"'
        quoted = source.replace("&", "&amp;").replace('"', "&quot;")
        path.write_text(
            f'<!DOCTYPE html><iframe width="{width}" height="900" style="border:0" {echo} '
            f'srcdoc="{quoted}"></iframe>',
            encoding="utf-8",
        )
        seen = self.browse(path, tmp_path, "--window-size=1400,1000", "--dump-dom")
        assert "CONSOLE" not in seen.stderr
        said = re.findall(r'\{"sorted".*\}', seen.stdout)[-1]
        for words in (
            '"sorted":"true"', '"wide":"false"', '"unfolded":"true"', '"pictures":"true"',
        ):  # fmt: skip
            assert words in said
        assert abs(int(re.search(r'"width":"(\d+)"', said)[1]) - width) <= 20

    def test_it_prints(self, tmp_path):
        path = write_report(tmp_path, run_of(study_of(), figures={"panel": SVG}))
        target = tmp_path / "report.pdf"
        seen = self.browse(path, tmp_path, f"--print-to-pdf={target}")
        assert "CONSOLE" not in seen.stderr
        assert target.read_bytes().startswith(b"%PDF")
